# Every target makes what it needs; nothing is installed outside this folder but, when it is missing, python3-venv.
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
PEER := .venvs/wandb
WANDB := 0.31.0

.DEFAULT_GOAL := help
.PHONY: help run venv dev peer lint types test unit bench freeze clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.app ## install into .venv and start the app
	@exec $(VENV)/bin/runferry

venv: $(VENV)/.app

$(VENV)/.made:
	@.ci/make-venv $(VENV)
	@touch $@

$(VENV)/.app: $(VENV)/.made pyproject.toml
	@$(PY) -m pip install --quiet --editable '.[sync]'
	@touch $@

dev: $(VENV)/.dev

$(VENV)/.dev: $(VENV)/.app pyproject.toml
	@$(PY) -m pip install --quiet 'pip>=25.1'
	@$(PY) -m pip install --quiet --group dev
	@touch $@

peer: $(PEER)/.made ## the real wandb client, in an environment of its own, as a test partner

$(PEER)/.made: Makefile
	@.ci/make-venv $(PEER)
	@$(PEER)/bin/python -m pip install --quiet 'wandb==$(WANDB)' numpy pillow
	@touch $@

lint: $(VENV)/.dev ## formatting, lint and the dependency rule
	@$(VENV)/bin/ruff format --check app tests
	@$(VENV)/bin/ruff check app tests
	@$(VENV)/bin/lint-imports --no-cache

types: $(VENV)/.dev ## strict types
	@$(VENV)/bin/mypy

unit: $(VENV)/.dev ## the fast tests
	@$(PY) -m pytest tests/unit -q

test: lint types $(PEER)/.made ## everything: lint, types, all tests
	@$(PY) -m pytest

clean: ## remove what the other targets made
	rm -rf $(VENV) .venvs build dist bench-results .mypy_cache .ruff_cache .pytest_cache
