# Everything starts here; `make help` lists it. Nothing is needed but Python 3.11 or newer.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
RUNS := .venv/.runs
STAMP := .venv/.installed
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
UV_COMPILE = $(1)/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-annotate --no-header pyproject.toml $(ARGS)

NOT_INSTALLED = echo 'A Python package could not be installed (its name is above). Behind a mirror set PIP_INDEX_URL;' \
	'without network set PIP_NO_INDEX=1 and PIP_FIND_LINKS to a folder of wheels.' >&2; exit 1

.PHONY: help demo up test pytest chromium chaos fuzz lint format bench docs docs-metrics docs-reports docs-screenshots lock clean
.DEFAULT_GOAL := help

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  ARGS="..." is handed on, for example: make demo ARGS="--once --clicks 5000 --seed 7"'

demo: $(RUNS) ## everything on this machine, with traffic to watch
	@$(BIN)/clickjoin demo $(ARGS)

up: $(RUNS) ## everything on this machine, for real traffic
	@$(BIN)/clickjoin up $(ARGS)

test: lint pytest ## what must pass: linters, types, directions of imports, all tests

pytest: $(STAMP) chromium ## the tests alone
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

chromium: ## Debian's Chromium for the tests of the pages, where it may be installed; else they say that it is missing
	@command -v chromium >/dev/null || ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ] || { \
	echo 'Installing Chromium, once' >&2; \
	apt-get install -y -q chromium >/dev/null 2>&1 || { apt-get update -q && apt-get install -y -q chromium; } >/dev/null || \
	echo 'Chromium could not be installed: the tests of the pages are left out' >&2; }

chaos: $(STAMP) ## ten minutes of kills, stops, lost disks and servers away, under load, and the account of it
	@$(BIN)/python -m tests.chaos $(ARGS)

fuzz: $(STAMP) ## a million requests from the grammar of the mess at a real ingest, and the account of them
	@$(BIN)/python -m tests.fuzz $(ARGS)

lint: $(STAMP) ## linters, types, directions of imports, the links of the pages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MKDOCS) --strict

format: $(STAMP) ## bring the source into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## all measurements, into bench/results
	$(BIN)/python -m bench $(ARGS)

bench-%: $(STAMP) ## one of them, for example bench-join
	$(BIN)/python -m bench $* $(ARGS)

docs: $(STAMP) ## the pages of docs/, into build/site
	$(MKDOCS)

docs-reports: $(STAMP) ## write the answers in docs/reports.md anew
	$(BIN)/python -m tests.report_page

docs-metrics: $(STAMP) ## write the tables in docs/metrics.md anew
	$(BIN)/python -m tests.metrics_page

docs-screenshots: $(STAMP) chromium ## take the pictures in docs/screenshots anew
	$(BIN)/python -m tests.screenshots docs/screenshots

lock: ## write the locks anew from pyproject.toml (ARGS=--upgrade: with newer versions)
	@uv=$$(mktemp -d) && trap 'rm -rf "$$uv"' EXIT && \
	$(PYTHON) -m venv "$$uv" && "$$uv/bin/pip" install --quiet uv && \
	$(call UV_COMPILE,"$$uv") --output-file requirements.lock >/dev/null && \
	$(call UV_COMPILE,"$$uv") --extra dev --output-file requirements-dev.lock >/dev/null

clean: ## remove what was installed and cached here (never ./data)
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Nothing is compiled here: it would take half as long again, and Python does it for what is imported.
$(RUNS): requirements.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo 'clickjoin needs Python 3.11 or newer; "$(PYTHON)" is not. Name one: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@echo 'Installing into .venv, once' >&2
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then $(PYTHON) -m venv .venv; \
	elif $(PYTHON) -c 'import pip, venv' 2>/dev/null; then \
	$(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --quiet --python $(BIN)/python install pip; \
	else echo '"$(PYTHON)" has neither pip nor venv with ensurepip. On Debian: apt install python3-venv.' \
	'Or name another: make PYTHON=...' >&2; exit 1; fi
	@awk '/^[A-Za-z]/ { build = /^(packaging|setuptools|wheel)==/ } build' requirements-dev.lock >.venv/build.lock
	@$(INSTALL) --no-compile --require-hashes -r .venv/build.lock -r requirements.lock || { $(NOT_INSTALLED); }
	@PYTHONWARNINGS=ignore $(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMP): $(RUNS)
	@echo 'Installing what the tests need, once' >&2
	@$(INSTALL) --no-compile --require-hashes -r requirements-dev.lock || { $(NOT_INSTALLED); }
	@touch $@
