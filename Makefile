# Every target makes what it needs. Nothing is installed outside this folder but Debian packages that are missing:
# python3-venv (make run), libraries of Qt and a small X desktop (make test; .ci/tools lists them).
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
PEER := .venvs/wandb
MITM := .venvs/mitm
WANDB ?= wandb==0.31.0
PYTEST_ARGS ?=
# Tests wait for servers and trainings most of their time: two files at once.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run venv dev dev-package peer mitm tools lint types unit test nightly screenshots bench bench-docs freeze wheel clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.app ## install into .venv and start the app
	@[ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] || .ci/tools qt || true
	@exec $(VENV)/bin/runferry

venv: $(VENV)/.app ## install into .venv: the commands, without what development needs

$(VENV)/.made:
	@.ci/make-venv $(VENV)
	@touch $@

$(VENV)/.app: $(VENV)/.made pyproject.toml
	@echo "Installing Runferry into $(VENV) …"
	@$(PY) -m pip install --quiet --editable '.[desktop]'
	@touch $@

dev: $(VENV)/.dev ## what development needs, too

$(VENV)/.dev: $(VENV)/.app pyproject.toml
	@$(PY) -m pip install --quiet 'pip>=25.1'
	@$(PY) -m pip install --quiet --editable '.[desktop]' --group dev
	@touch $@

dev-package: $(VENV)/.package # and what packaging needs

$(VENV)/.package: $(VENV)/.dev pyproject.toml
	@$(PY) -m pip install --quiet --group package
	@touch $@

peer: $(PEER)/.made ## the real wandb client, in an environment of its own, as a test partner

$(PEER)/.made: Makefile
	@.ci/make-venv $(PEER)
	@$(PEER)/bin/python -m pip install --quiet '$(WANDB)' numpy pillow
	@touch $@

mitm: $(MITM)/.made ## mitmproxy, in an environment of its own, as a proxy that re-signs

$(MITM)/.made:
	@.ci/make-venv $(MITM)
	@$(MITM)/bin/python -m pip install --quiet mitmproxy
	@touch $@

tools: # programs and libraries that tests use
	@.ci/tools all

lint: $(VENV)/.dev ## formatting, lint and the dependency rule
	@$(VENV)/bin/ruff format --check app tests
	@$(VENV)/bin/ruff check app tests
	@$(VENV)/bin/lint-imports --no-cache

types: $(VENV)/.dev ## strict types
	@$(VENV)/bin/mypy

unit: $(VENV)/.dev ## the fast tests
	@.ci/tools qt
	@$(PY) -m pytest tests/unit tests/test_architecture.py -q

test: lint types tools $(VENV)/.package $(PEER)/.made $(MITM)/.made ## everything: lint, types, all tests
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

nightly: lint types tools $(VENV)/.package $(PEER)/.made $(MITM)/.made ## all tests and those that take longer: real sizes, bare machines
	@RUNFERRY_NIGHTLY=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

wheel: $(VENV)/.package ## build the wheel and the source archive into dist/
	@$(PY) -m build --outdir dist >/dev/null
	@ls dist/*.whl

freeze: $(VENV)/.package ## a folder that runs without Python: dist/runferry/
	@$(VENV)/bin/pyinstaller --noconfirm --log-level ERROR --distpath dist --workpath build build.spec
	@dist/runferry/runferry --version

screenshots: $(VENV)/.dev ## draw every screen into docs/screenshots
	@.ci/tools qt
	@$(PY) tests/screenshots/shoot.py

bench: $(VENV)/.dev $(PEER)/.made ## benchmarks beside the real client: a table, and raw samples in bench-results/
	@$(PY) tests/benchmarks/run.py

bench-docs: $(VENV)/.dev ## docs/benchmarks.md from the last `make bench`
	@$(PY) tests/benchmarks/report.py

clean: ## remove what the other targets made
	rm -rf $(VENV) .venvs build dist bench-results .mypy_cache .ruff_cache .pytest_cache .hypothesis
