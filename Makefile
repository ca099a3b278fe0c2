# Two commands: `make demo` shows what this is, `make test` checks all of it. Each sets up what it needs by itself.
VENV := .venv
BIN := $(VENV)/bin
# Wheels of every dependency exist for these; a newer Python would have to compile them.
PYTHON ?= $(firstword $(foreach v,3.13 3.12 3.11,$(shell python$(v) -c 'print("python$(v)")' 2>/dev/null)) $(shell python3 -c 'import sys; print("python3" if sys.version_info >= (3, 11) else "")' 2>/dev/null))
OUT ?= out
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint check unit notebooks bench clean help

help:
	@echo "make demo   set up .venv and score the embedded city into $(OUT)/"
	@echo "make test   set up .venv and run every check: lint, types, layers, tests, notebooks"
	@echo "make lint   ruff, ruff format, mypy --strict, import-linter"
	@echo "make bench  speeds as ratios against peers"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "stationgeo needs Python 3.11, 3.12 or 3.13 with venv; none was found. Say where: make PYTHON=/path/to/python"; exit 1; }
	@echo "setting up $(VENV) with $(PYTHON), once; this takes a minute or two"
	@$(PYTHON) -m venv $(VENV)

# A stamp is younger than what it was made from, or the set-up runs again.
$(VENV)/.run-stamp: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev-stamp: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.run-stamp

$(VENV)/.bench-stamp: pyproject.toml constraints.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@

demo: $(VENV)/.run-stamp
	@$(BIN)/stationgeo demo --out $(OUT)

test: lint unit

lint: $(VENV)/.dev-stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

unit: $(VENV)/.dev-stamp
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=
	@echo "kernels once more, uncompiled, because coverage cannot see compiled code"
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -n 2 --cov --cov-append --cov-report=term:skip-covered \
		tests/tracks tests/test_crs.py tests/test_cells_clip.py tests/test_cells_points.py tests/test_trig.py \
		tests/test_siting.py tests/reach tests/coverage/test_tally.py tests/coverage/test_criticality.py \
		tests/coverage/test_partial.py tests/supply/test_floating.py -k 'not (all_cells_together or from_scratch or five_thousand)'

bench: $(VENV)/.bench-stamp
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/streets.py
	$(BIN)/python benchmarks/supply.py

clean:
	rm -rf $(VENV) out build dist .coverage* .mypy_cache .ruff_cache .pytest_cache
