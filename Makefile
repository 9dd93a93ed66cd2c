# Everything a newcomer needs: `make run` and `make test`. PYTHON=python3.12 make run takes another Python.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
WORKERS ?= 2
PACKAGES := config crm people pipelines leads

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test check check-types check-rest bench bench-stream chaos fix migrations \
	schema schema-write limits-write messages figures screenshots pictures walk
.DELETE_ON_ERROR:

help:
	@echo "make run         install, migrate, load demo data once, serve on 127.0.0.1:8000 (PORT=... for another)"
	@echo "make test        install, run the whole suite (TEST_DATABASE_URL, TEST_REDIS_URL: on these services)"
	@echo "make check       style, layers, types, settings, migrations, schema"
	@echo "make install     install what the product needs, and no more"
	@echo "make fix         format the code and mend what ruff can mend"
	@echo "make migrations  write missing migrations"
	@echo "make schema      show how the code's schema differs from config/schema.graphql"
	@echo "make schema-write  write the code's schema to config/schema.graphql, for review"
	@echo "make limits-write  write the table of limits into docs/api.md"
	@echo "make messages    collect the texts to translate into locale/, and compile what is translated (needs gettext)"
	@echo "make figures     measure the code: sizes, complexity, typing, comments, imports"
	@echo "make walk        open every page of the admin as every role in Chromium, and audit it with axe-core"
	@echo "make screenshots  draw the pages of the admin into .run/screenshots; make pictures draws those of docs"
	@echo "make bench       run the benchmarks"
	@echo "make chaos       take Redis, PostgreSQL and servers away from the lead stream, and kill large imports"
	@echo "make bench-stream  run that of the lead stream"

install: .venv/installed

install-dev: .venv/installed-dev tests/node/node_modules/installed

run: .venv/installed
	@exec $(BIN)/python manage.py quickstart

test: install-dev
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# Two parts, which `make -j2 check` does at the same time.
check: check-types check-rest

check-types: .venv/installed-dev
	$(BIN)/mypy $(PACKAGES) tests manage.py

check-rest: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m config.schema_difference

# READS="--rounds 2 --workloads leads-20" or READS=--large and the like reach the first of them.
bench: .venv/installed
	@$(PIP) --editable '.[bench]'
	@$(BIN)/python -m benchmarks.reads $(READS)
	@DATABASE_URL=$${DATABASE_URL:-postgres://postgres@127.0.0.1:5432/crm_reads} $(BIN)/python -m benchmarks.duplicates

# Its PostgreSQL and its Redis are its own. The suite runs the same drills in a short form.
chaos: .venv/installed-dev
	@CHAOS=long CRM_REQUIRE_ALL=1 TEST_DATABASE_URL=$${TEST_DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres} \
		TEST_REDIS_URL=$${TEST_REDIS_URL:-redis://127.0.0.1:6379/9} $(BIN)/python -m pytest -s tests/chaos \
		tests/imports/test_killed.py tests/imports/test_imports_at_once.py

# STREAM="--sockets 0 --rounds 1" and the like reach it.
bench-stream: .venv/installed
	@$(BIN)/python -m benchmarks.stream $(STREAM)

fix: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migrations: .venv/installed-dev
	$(BIN)/python manage.py makemigrations
	$(BIN)/ruff check --quiet --fix $(addsuffix /migrations,crm people pipelines leads)
	$(BIN)/ruff format --quiet $(addsuffix /migrations,crm people pipelines leads)

schema: .venv/installed
	@$(BIN)/python -m config.schema_difference

schema-write: .venv/installed
	@$(BIN)/python -m config.schema_difference --write

limits-write: .venv/installed
	@$(BIN)/python -m config.limits_table --write

# What is left to translate has an empty msgstr or the mark "fuzzy" in locale/*/LC_MESSAGES/django.po afterwards.
messages: .venv/installed
	$(BIN)/python -m config.texts_of_services --write
	$(BIN)/python manage.py makemessages --all --no-location --no-obsolete --no-wrap --extension html,txt,py \
		--ignore .venv --ignore build --ignore tests --ignore benchmarks --ignore static-collected --ignore node_modules
	@sed -i.old '/^"POT-Creation-Date/d' locale/*/LC_MESSAGES/django.po && rm locale/*/LC_MESSAGES/*.old
	@for file in locale/*/LC_MESSAGES/django.po; do \
		echo "$$file"; msgfmt --check-format --statistics --output-file "$${file%.po}.mo" "$$file" || exit 1; \
	done

figures: .venv/installed-dev
	@$(BIN)/python -m benchmarks.figures

walk: install-dev
	@WALK=1 $(BIN)/python -m pytest -s tests/browser/test_walk.py

screenshots: .venv/installed-dev
	@$(BIN)/python -m tests.browser.screenshots

pictures: .venv/installed-dev
	@$(BIN)/python -m tests.browser.screenshots --docs

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null 2>&1 \
		|| { echo "$(PYTHON) is missing: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is too old: install Python 3.11 or newer, or name one: make PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) lacks its venv module: install the package python3-venv." >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing what the product needs..."
	@$(PIP) --editable .
	@touch $@

# Not after the product alone: what pip does twice takes it twice as long.
.venv/installed-dev: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing what the product and the tests need..."
	@$(PIP) --editable '.[dev]'
	@touch .venv/installed $@

# Without Node.js the tests that need it are skipped, and say so.
tests/node/node_modules/installed: tests/node/package.json
	@if command -v npm >/dev/null 2>&1; then \
		echo "Installing the reference clients..."; \
		cd tests/node && npm install --no-package-lock --no-audit --no-fund --loglevel=error \
			&& touch node_modules/installed; \
	else \
		echo "npm is missing: the tests that need Node.js are skipped."; \
	fi
