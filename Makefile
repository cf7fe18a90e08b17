# Two commands need nothing but Python 3.11 and make: `make run` and `make test`. `make` alone lists all of them.

PYTHON := .venv/bin/python
BIN := .venv/bin
CODE := shop inventory orders accounts tests deploy manage.py

# Documents that are generated from the code: each of these manage.py commands takes --check and fails when they differ.
GENERATED_DOCUMENTS := domain_document api_document translations

# What a production server would have; enough for the checks, and no server is asked anything.
PRODUCTION := DEMO=0 DEBUG=0 SECRET_KEY=0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ \
	DATABASE_URL=mysql://shop:shop@127.0.0.1:1/shop REDIS_URL=redis://127.0.0.1:1/0 SECURE_SSL=1 \
	EMAIL_URL=smtp://127.0.0.1:25 SITE_URL=https://shop.example ALLOWED_HOSTS=shop.example \
	PAYMENT_GATEWAYS=stripe STRIPE_SECRET_KEY=sk_live_only_for_the_check STRIPE_WEBHOOK_SECRET=whsec_only_for_the_check

# On SQLite the row locks of MariaDB, its browser journeys and its killed processes have nothing to say.
ON_SQLITE := not mariadb and not e2e and not chaos

.DEFAULT_GOAL := help
.PHONY: help run test test-sqlite check drill soak bench screenshots lighthouse mails prove shell format lock audit clean dev

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run the shop on http://127.0.0.1:8000 (HOST=, PORT=); needs no root and no server; data in var/
	@python3 -m deploy.run

test: dev ## Run every test on a private MariaDB, then on SQLite; installs what it lacks (ARGS="-k cart")
	@$(PYTHON) -m tests.servers -- $(PYTHON) -m pytest -n 2 --dist loadgroup $(ARGS)
	@$(MAKE) --no-print-directory test-sqlite

test-sqlite: dev ## Run the tests that need neither MariaDB nor a browser (ARGS="-k cart")
	@$(PYTHON) -m tests.sqlite -n 2 -m "$(ON_SQLITE)" $(ARGS)

check: dev ## Check style, types, imports, templates, settings, migrations and generated documents
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports --no-logo
	DEMO=1 $(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet
	$(PRODUCTION) $(PYTHON) manage.py check --deploy --fail-level WARNING
	DEMO=1 DATABASE_URL=sqlite://:memory: $(PYTHON) manage.py makemigrations --check --dry-run
	@set -e; for document in $(GENERATED_DOCUMENTS); do DEMO=1 $(PYTHON) manage.py $$document --check; done

drill: dev ## Sell out a shop under load and prove that it stayed exact (SHOPPERS=500 STOCK=100 BASE_URL=)
	@$(PYTHON) -m tests.drill

soak: dev ## Pass orders through a provider that misbehaves and prove that no money was lost (ORDERS=2000 SEED=)
	@$(PYTHON) -m tests.soak

bench: dev ## Measure the shop against what this machine can do at best (ROUNDS=5 CELL_MS=1000 DOCS=1)
	@$(PYTHON) -m tests.benchmarks

screenshots: dev ## Take pictures of every page, phone and desktop, light and dark, into var/screenshots
	@$(PYTHON) -m tests.screenshots

mails: dev ## For maintainers: take pictures of every e-mail in both languages into var/mails (index.html)
	@$(PYTHON) -m tests.mails

lighthouse: dev ## For maintainers: let Lighthouse look at four pages as a phone does; needs npm (RUNS=5 DOCS=1)
	@$(PYTHON) -m tests.lighthouse

prove: ## Prove that every counter of the demo agrees with its rows
	@DEMO=1 $(PYTHON) manage.py prove_stock

shell: dev ## Open a Python shell on the demo's data
	@DEMO=1 $(PYTHON) manage.py shell

format: dev ## Format the Python code and mend what ruff can mend
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

lock: dev ## For maintainers: write requirements*.txt anew from pyproject.toml (UPGRADE=--upgrade for the newest)
	@$(PYTHON) -m deploy.lock $(UPGRADE)

audit: dev ## For maintainers: ask whether a locked package has a known weakness
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements-dev.txt

clean: ## Delete .venv, caches and the demo's data in var/
	rm -rf .venv var .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev:
	@python3 -m deploy.install requirements-dev.txt
