# Everything a person does with a checkout; `make` alone lists it. What it takes: Python 3.11 or newer, nothing else.
# PYTHON=/path/to/python3 picks an interpreter for a new .venv; UV= (empty) leaves uv alone.

.DEFAULT_GOAL := help
.PHONY: help demo test soak bench lab docs clean distclean

PY := .venv/bin/python

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

demo: ## simulate a flash sale with a broker crash in the middle, and show what became of every message
	@sh tools/venv run
	@$(PY) -m mqlab run flash-sale
	@sh tools/show-report flash-sale

test: ## what a contributor waits for: style, types, layers, tests, notebooks
	@sh tools/venv all
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo
	$(PY) tools/tests
	$(PY) -m pytest --nbval-lax --nbval-current-env -W default notebooks

soak: ## the long tests
	@sh tools/venv all
	$(PY) -m pytest -m soak

bench: ## measure the core against SimPy and Ciw on this machine
	@sh tools/venv bench
	@$(PY) -m mqlab bench core

lab: ## open JupyterLab on your copy of the course, ~/mqlab-course; it is made, or brought up to date
	@sh tools/venv lab
	@$(PY) -m mqlab lab

docs: ## renew what documents show of runs: outputs in notebooks, pictures, reference pages
	@sh tools/venv all
	@$(PY) tools/notebooks
	@$(PY) tools/pictures
	@$(PY) tools/reference

clean: ## remove caches and build products; keeps .venv and runs/
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find mqlab tests benchmarks notebooks tools \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

distclean: clean ## remove .venv as well
	rm -rf .venv
