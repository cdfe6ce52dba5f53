# The one door. `make run` and `make test` are all that a newcomer needs.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
HERE := $(VENV)/made-at-$(shell pwd | cksum | tr -dc 0-9)
# A DATABASE_URL of some other project must not become ours by `make run`: the samples go to the embedded PostgreSQL.
ONCALL := env -u DATABASE_URL $(BIN)/oncall-gitops
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
TESTS ?=

.PHONY: help run test check lint format lock bench faults clean

help: ## Show this list.
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s%s\n", $$1, $$2 }'

run: $(VENV)/run.stamp ## Set up; validate the samples, plan, apply to an embedded PostgreSQL, say who is on call.
	@for words in "validate" "reconcile --dry-run" "reconcile --yes" "who"; do \
		printf '\n$$ oncall-gitops %s\n' "$$words"; $(ONCALL) $$words || exit; \
	done

test: $(VENV)/dev.stamp ## Set up and run the tests (TESTS=path narrows).
	@$(PYTEST) -n $(WORKERS) $(TESTS)

check: lint ## What CI runs: linters, types, import rules, tests with branch coverage.
	@$(PYTEST) -n $(WORKERS) --cov --cov-report=term:skip-covered $(TESTS)

lint: $(VENV)/dev.stamp ## Linters, types and import rules, without the tests.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/dev.stamp ## Put the code in its form.
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(VENV)/bench.stamp ## Run the benchmarks with their peers: one table of ratios and growth, and JSON (BENCH=--full).
	@$(VENV)/bench/bin/python -m benchmarks $(BENCH)

faults: $(VENV)/dev.stamp ## The long form of the campaigns of docs/reliability.md, for hours (TESTS=path narrows).
	@$(PYTEST) -s -m slow $(or $(TESTS),tests/faults tests/campaigns tests/calendars)

lock: $(VENV)/dev.stamp ## Pin all dependencies again, with hashes.
	@$(PIP_INSTALL) uv
	@for lock in "requirements.lock --extra build" "requirements-dev.lock --extra build --extra dev -c requirements.lock" \
		"requirements-bench.lock --extra build --extra dev --extra bench"; do \
		set -- $$lock; file=$$1; shift; rm -f "$$file"; \
		$(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-header "$$@" --output-file "$$file" pyproject.toml || exit; \
	done

clean: ## Remove what these commands made, the embedded database of the samples included.
	@if [ -x $(BIN)/oncall-gitops ]; then $(ONCALL) db stop >/dev/null 2>&1 || true; fi
	@rm -rf $(VENV) .oncall-gitops .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		.coverage build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make the second run quick. A moved clone starts afresh: an environment knows its absolute path.
$(VENV)/run.stamp: requirements.lock pyproject.toml $(HERE)
	@echo "installing the locked dependencies into $(VENV)" >&2
	@$(PIP_INSTALL) --no-deps --require-hashes -r requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --no-index --editable .
	@$(BIN)/python -m compileall -q oncall_gitops  # what is installed comes compiled, so that every start is quick
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@echo "installing the development tools into $(VENV)" >&2
	@$(PIP_INSTALL) --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# Some peers want older libraries than ours, so they get an environment of their own.
$(VENV)/bench.stamp: requirements-bench.lock pyproject.toml $(HERE)
	@echo "installing the benchmarks and their peers into $(VENV)/bench" >&2
	@$(BIN)/python -m venv --clear $(VENV)/bench
	@$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
		--no-deps --require-hashes -r requirements-bench.lock
	@$(VENV)/bench/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
		--no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(HERE):
	@python=$$(for name in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
		"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
			&& { echo "$$name"; break; }; done); \
	if [ -z "$$python" ]; then \
		echo "error: no Python 3.11 or newer with its venv module was found" >&2; \
		echo "help: install one (on Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	rm -rf $(VENV); "$$python" -m venv $(VENV) && touch "$@"
