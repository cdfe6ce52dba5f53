"""Benchmarks: `python -m benchmarks` runs them all, `python -m benchmarks.now` one of them."""

import os

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is measured is compiled, as what is installed is
