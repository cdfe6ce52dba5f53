"""Benchmarks: `python -m benchmarks` runs them all, `python -m benchmarks.now` one of them."""
