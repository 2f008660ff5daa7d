# One word for each thing a person does here. `make` alone lists them.
.DEFAULT_GOAL := help
# The demo and the suite start hundreds of Pythons; each module is to be compiled once.
unexport PYTHONDONTWRITEBYTECODE
# As collected: files of few but long tests would come last, and one process would wait for the other.
# One process more than cores: tests that wait for a worker or a box leave theirs to another.
PYTEST := .venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder -rs

help: ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## play a whole challenge on real ratings, from launch to prize, then keep serving
	@tools/environment.sh demo
	@.venv/bin/python -m palio.demo

demo-models: ## the same ratings with an own metric, code and an image, each run in a box
	@tools/environment.sh demo
	@.venv/bin/python -m palio.demo.with_models

test: ## the test-suite, with a real PostgreSQL and a real Redis (5 to 7 minutes on two cores)
	@tools/environment.sh dev
	$(PYTEST) -m "not slow"

test-slow: ## only the slow ones: fresh installs, the whole demo
	@tools/environment.sh dev
	.venv/bin/pytest -rs -m slow

test-all: test test-slow ## everything

check: ## format, lint, types, import rules: what every commit passes
	@tools/environment.sh dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/mypy tests benchmarks tools
	.venv/bin/lint-imports
	.venv/bin/pytest -q tests/architecture

format: ## put the code into its one form
	@tools/environment.sh dev
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lock: ## renew the lock files from pyproject.toml
	@tools/environment.sh dev
	tools/lock.sh

screenshots: ## draw the README's pictures anew (needs Chromium)
	@tools/environment.sh dev
	.venv/bin/python tools/screenshots.py

.PHONY: help demo demo-models test test-slow test-all check format lock screenshots
