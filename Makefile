# Every target makes what it needs inside this folder. Debian packages that are missing are installed by `make test`,
# `make nightly` and `make tools` only (libraries of Qt, a small X desktop, a compiler: .ci/tools lists them); the other
# targets say what to type.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
PEER := .venvs/wandb
MITM := .venvs/mitm
AUDIT := .venvs/audit
WANDB ?= wandb==0.31.0
PYTEST_ARGS ?=
# Tests wait for servers and trainings most of their time: two files at once.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run venv dev dev-package peer mitm tools lint types unit test nightly audit screenshots bench bench-docs freeze wheel clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test nightly tools: export RUNFERRY_APT := yes

run: $(VENV)/.app ## install into .venv and start the app
	@exec $(VENV)/bin/runferry

venv: $(VENV)/.app ## install into .venv: the commands, without what development needs

$(VENV)/.made:
	@.ci/make-venv $(VENV)
	@touch $@

$(VENV)/.app: $(VENV)/.made pyproject.toml
	@echo "Installing Runferry into $(VENV) (about 400 MB, once) …"
	@$(PY) .ci/install --editable '.[desktop]'
	@touch $@

dev: $(VENV)/.dev ## what development needs, too

$(VENV)/.dev: $(VENV)/.app pyproject.toml
	@$(PY) .ci/install 'pip>=25.1'
	@$(PY) .ci/install --editable '.[desktop]' --group dev
	@touch $@

dev-package: $(VENV)/.package # and what packaging needs

$(VENV)/.package: $(VENV)/.dev pyproject.toml
	@$(PY) .ci/install --group package
	@touch $@

peer: $(PEER)/.made ## the real wandb client, in an environment of its own, as a test partner

$(PEER)/.made: Makefile
	@.ci/make-venv $(PEER)
	@$(PEER)/bin/python .ci/install '$(WANDB)' numpy pillow
	@touch $@

mitm: $(MITM)/.made ## mitmproxy, in an environment of its own, as a proxy that re-signs

$(MITM)/.made:
	@.ci/make-venv $(MITM)
	@$(MITM)/bin/python .ci/install mitmproxy
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
	@.ci/tools unit
	@$(PY) -m pytest tests/unit tests/test_architecture.py -q

test: lint types tools $(VENV)/.package $(PEER)/.made $(MITM)/.made ## everything: lint, types, all tests
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

nightly: lint types tools $(VENV)/.package $(PEER)/.made $(MITM)/.made ## all tests and those that take longer: real sizes, bare machines
	@RUNFERRY_NIGHTLY=1 $(PY) -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

audit: $(VENV)/.app $(AUDIT)/.made ## known holes in what is installed; says where nobody could look (needs the internet)
	@$(PY) .ci/audit $(AUDIT)/bin/pip-audit $(PY)

$(AUDIT)/.made:
	@.ci/make-venv $(AUDIT)
	@$(AUDIT)/bin/python .ci/install pip-audit
	@touch $@

wheel: $(VENV)/.made ## build the wheel and the source archive into dist/
	@$(PY) -c 'import build' 2>/dev/null || $(PY) .ci/install 'build>=1.2'
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
