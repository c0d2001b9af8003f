# Each target sets up what it needs in .venv/ and does nothing when nothing changed.
SHELL := /bin/sh
BIN := .venv/bin
# Four on two cores: tests of runs wait for a provider as often as they compute.
WORKERS ?= 4

.PHONY: help setup demo test lint unit integration simulate storms bench bench-books bench-inspect bench-finance bench-pull focus-validator rates fuzz side-by-side lock clean

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.runtime ## Make .venv/ with what `mintage` needs

.venv/.runtime: requirements.lock pyproject.toml infra/environment.sh
	@sh infra/environment.sh requirements.lock
	@touch $@

.venv/.testing: .venv/.runtime requirements-test.lock infra/test_tools.sh
	@sh infra/test_tools.sh
	@sh infra/environment.sh requirements-test.lock
	@touch $@

demo: .venv/.runtime ## Run orders/launch-cards.yaml: 24 cards into demo-assets/
	@sh infra/demo.sh

test: lint ## Lint, types, import rules and every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: .venv/.testing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/.testing ## The fast tests only
	$(BIN)/python -m pytest -n $(WORKERS) tests/unit

integration: .venv/.testing ## Tests against real servers on loopback
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup tests/contract tests/integration tests/acceptance

SEEDS ?= 1000
FROM ?= 1

simulate: .venv/.testing ## Live through SEEDS=1000 simulated orders, or one again with REPLAY=741
	@PYTHONPATH=tests $(BIN)/python -m simulation $(if $(REPLAY),--replay $(REPLAY),--seeds $(SEEDS) --from $(FROM))

storms: .venv/.testing ## Kill runs of a 500-job order 100 times, on SQLite and on PostgreSQL (5 minutes)
	$(BIN)/python tests/benchmarks/kill_storms.py

bench: .venv/.testing ## Print the figures that the README quotes
	$(BIN)/python tests/benchmarks/run_all.py

bench-books: .venv/.testing ## Print the books' own figures, on both databases
	$(BIN)/python tests/benchmarks/books_bench.py holds
	$(BIN)/python tests/benchmarks/books_bench.py holds --on postgres
	$(BIN)/python tests/benchmarks/books_bench.py plan

bench-inspect: .venv/.testing ## Images a second through the inspectors, beside Pillow's own load(), and the search for duplicates
	$(BIN)/python tests/benchmarks/inspect_bench.py
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/sameness_bench.py

CHARGES ?= 1000000

bench-finance: .venv/.testing ## A year of books with CHARGES=1000000: exports, reports, reconcile, timed
	@test -e .mintage/year/ledger.db || { rm -rf .mintage/year.part && \
		$(BIN)/python tests/benchmarks/books_year.py sqlite:///.mintage/year.part/ledger.db --charges $(CHARGES) && \
		mv .mintage/year.part .mintage/year; }
	$(BIN)/python tests/benchmarks/finance_bench.py sqlite:///.mintage/year/ledger.db

bench-pull: .venv/.testing ## 10,000 assets on a real S3 server: list, pull beside plain boto3, contact sheet in a browser
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/pull_bench.py
	PYTHONPATH=tests $(BIN)/python tests/benchmarks/sheet_bench.py

focus-validator: .venv/.testing ## FOCUS 1.2 through its official validator (needs Python 3.12 or 3.13; installs it)
	@sh infra/focus_validator.sh

MINUTES ?= 10

fuzz: .venv/.testing ## Fuzz the opening of files for MINUTES=10, guided by coverage (installs atheris)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=3,<4"
	$(BIN)/python tests/fuzz/fuzz_opening.py --minutes $(MINUTES)

PHOTOGRAPHS ?=

rates: .venv/.testing ## How often the criteria are wrong on photographs (PHOTOGRAPHS=folder adds one's own)
	$(BIN)/python tests/benchmarks/criteria_rates.py $(if $(PHOTOGRAPHS),--photographs $(PHOTOGRAPHS))

side-by-side: .venv/.testing ## 1,000 calls against a cap of 5 dollars, here and with LiteLLM's budget manager
	$(BIN)/python tests/benchmarks/side_by_side.py

lock: ## Write requirements.lock and requirements-test.lock anew from pyproject.toml
	sh infra/lock.sh

clean: ## Remove what the targets made, but never .mintage/ (the books live there)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
