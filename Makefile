# `make up` starts the platform, `make test` proves it. Both prepare the machine first; see .ci/setup.py.
PYTHON3 ?= python3
BIN := .venv/bin
# Nodes and commands start as processes of their own all the time; each would compile everything anew.
export PYTHONDONTWRITEBYTECODE =
PACKAGES := storage trading bidding evaluation frontend

.PHONY: up setup check test bench lock docs verifier clean
.DEFAULT_GOAL := up

up: ## start the platform with embedded parts; data stays in ./var
	@$(PYTHON3) .ci/setup.py web
	@exec $(BIN)/yunkai up $(ARGS)

setup: ## prepare the machine for the tests
	@$(PYTHON3) .ci/setup.py web test

check: setup ## style, types, import contracts, the house's measures, the web client, the compose file
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/python -m pytest -q tests/architecture
	.ci/npm run --silent lint
	.ci/npm run --silent typecheck
	.ci/npm run --silent test

test: check ## all tests, with real parts; those of the house's measures have just run
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --ignore=tests/architecture

bench: setup ## measure against named references; writes docs/benchmarks.md (half an hour on two cores)
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## renew the lock files from pyproject.toml and package.json
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links --group dev --upgrade pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-emit-find-links -c requirements.lock --upgrade frontend/verifier/pyproject.toml -o frontend/verifier/requirements.lock
	cd frontend/web && npm install --package-lock-only

docs: ## renew the certification report, the pages of rules and of permissions
	$(BIN)/python -m tests.certification
	$(BIN)/python -m tests.rules_page
	$(BIN)/python -m tests.permissions_page

verifier: ## the verifier for strangers, as a wheel in ./dist (docs/verify.md)
	@$(PYTHON3) .ci/setup.py
	cd frontend/verifier && ../../$(BIN)/python -m hatchling build -t wheel -d ../../dist

clean: ## remove what the set-up and the tools made; data in ./var stays
	rm -rf .venv dist frontend/web/node_modules frontend/web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
