# Everything a person needs to work on SuperTable. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test check soak lint types contracts bench bench-servers docs build lock format clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH := .venv-bench
BENCH_READY := $(BENCH)/.ready
SERVERS := tests/servers/node_modules/.package-lock.json
CLIENTS := .venv-clients
CLIENTS_READY := $(CLIENTS)/.ready
SPARK := .venv-spark
SPARK_READY := $(SPARK)/.ready
MCP_EXAMPLE := $(VENV)/mcp-example/server.py
# Compiled modules are kept: each of the suite's processes would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE
# Twice the cores: many tests wait for servers and time-outs.
WORKERS ?= $(shell echo $$(( 2 * $$(getconf _NPROCESSORS_ONLN) )))
RANDOM_WORK := tests/property tests/attacks/test_random_selects.py tests/e2e/api/fuzz \
	tests/integration/commits/test_kill.py tests/integration/commits/test_storms.py \
	tests/integration/commits/test_concurrency.py tests/integration/commits/test_registry_faults.py \
	tests/integration/object_stores/test_file_cache.py tests/integration/object_stores/test_s3_faults.py \
	tests/integration/maintenance/test_compaction.py tests/integration/maintenance/test_vacuum.py \
	tests/integration/writes/test_write_faults.py tests/integration/audit/test_merged_exports.py \
	tests/integration/audit/test_audit_losses.py tests/integration/access_control/test_accounts_log.py \
	tests/integration/duckdb/test_direct_reads.py tests/integration/spark/test_spark_outages.py \
	tests/integration/spark/test_spark_selects.py tests/integration/spark/test_spark_attacks.py tests/e2e/lakes/test_remote_lakes.py \
	tests/e2e/test_operations_guide.py tests/integration/integrity/test_fsck.py

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Create .venv from requirements.lock, install SuperTable into it, editable, and what tests need
	@$(MAKE) --no-print-directory --jobs 4 $(READY) $(SERVERS) $(CLIENTS_READY) $(SPARK_READY) $(MCP_EXAMPLE)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "SuperTable needs Python 3.11 or newer; name one: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

$(CLIENTS_READY): requirements-clients.lock
	@test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-clients.lock
	@touch $(CLIENTS_READY)

$(SPARK_READY): requirements-spark.lock
	@test -x $(SPARK)/bin/python || $(PYTHON) -m venv $(SPARK)
	@$(SPARK)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-spark.lock
	@touch $(SPARK_READY)

$(MCP_EXAMPLE): $(READY)
	@mkdir -p $(@D)
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary mcp \
		--constraint requirements.lock --dest $(@D) mcp
	@tar --extract --file $$(ls $(@D)/mcp-*.tar.gz) --directory $(@D) --strip-components 5 --wildcards '*/mcp_everything_server/server.py'
	@touch $@

$(SERVERS): tests/servers/package.json tests/servers/package-lock.json
	@command -v npm >/dev/null || { echo "The tests need npm, with Node 18 or newer, for a server like Azure's."; exit 1; }
	@npm ci --prefix tests/servers --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(READY) ## Load 336,776 flights, upsert, delete, travel in time, query; ARGS="--home FOLDER" chooses where; ARGS=--spark
	@$(if $(findstring --spark,$(ARGS)),$(MAKE) --no-print-directory $(SPARK_READY))
	@$(if $(findstring --spark,$(ARGS)),SPARK_HOME=$$(echo $(CURDIR)/$(SPARK)/lib/python3*/site-packages/pyspark) )$(BIN)/supertable demo $(ARGS)

test: $(READY) $(SERVERS) $(CLIENTS_READY) $(SPARK_READY) $(MCP_EXAMPLE) ## Run the whole test suite, or a part: ARGS=tests/unit, ARGS="-k upsert"; SEED=… repeats its random work
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: lint types contracts ## Check style, types and imports, and run the unit tests, in less than a minute
	@$(BIN)/python -m pytest -q -n auto tests/unit

soak: $(READY) $(SERVERS) $(SPARK_READY) ## Run the long random work over and over until it fails; SEED=… is the first seed, TURNS=… ends it
	@seed=$${SEED:-$$(date +%Y%m%d)}; turns=$${TURNS:-1000000}; \
	while [ $$turns -gt 0 ]; do \
		echo "SEED=$$seed"; \
		BUDGET=soak SEED=$$seed $(BIN)/python -m pytest -q -n $(WORKERS) --timeout 0 $${ARGS:-$(RANDOM_WORK)} || exit 1; \
		seed=$$((seed + 10)); turns=$$((turns - 1)); \
	done

lint: $(READY) ## Check style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(READY) ## Rewrite the code in the house's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(READY) ## Check types (mypy --strict)
	@$(BIN)/mypy supertable tests $(wildcard benchmarks)

contracts: $(READY) ## Check what may import what
	@$(BIN)/lint-imports --no-cache

bench: $(BENCH_READY) ## Measure beside Parquet, DuckLake, delta-rs and pyiceberg; ARGS=--quick, or ARGS=scale
	@$(BENCH)/bin/python -m benchmarks $(ARGS)

bench-servers: $(READY) ## Measure on SeaweedFS and Valkey: ARGS=writers, ARGS=failures, or ARGS=remote; on Spark: ARGS=spark
	@$(if $(filter spark,$(ARGS)),$(MAKE) --no-print-directory $(SPARK_READY))
	@$(BIN)/python -m benchmarks $(ARGS)

$(BENCH_READY): requirements-bench.lock requirements-duckdb1.lock pyproject.toml
	@test -x $(BENCH)-duckdb1/bin/python || $(PYTHON) -m venv $(BENCH)-duckdb1
	@$(BENCH)-duckdb1/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-duckdb1.lock
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.lock
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(BENCH_READY)

docs: $(READY) ## Check that the settings, commands and examples in the documents are true
	@$(BIN)/python -m pytest tests/unit/project/test_docs.py tests/e2e/test_readme.py

build: $(READY) ## Build the wheel and the sdist into dist/
	@rm -rf dist
	@$(BIN)/python -m build --quiet

lock: $(READY) ## Resolve the requirements*.lock anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --extra demo --group dev --universal --python-version 3.11 \
		--upgrade --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group bench --constraint requirements.lock --universal \
		--python-version 3.11 --upgrade --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--output-file requirements-bench.lock
	@$(BIN)/uv pip compile --group duckdb1 --universal \
		--python-version 3.11 --upgrade --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--output-file requirements-duckdb1.lock
	@$(BIN)/uv pip compile --group clients --universal \
		--python-version 3.11 --upgrade --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--output-file requirements-clients.lock
	@$(BIN)/uv pip compile --group spark-server --universal \
		--python-version 3.11 --upgrade --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--output-file requirements-spark.lock

clean: ## Remove what was built or cached; .venv stays
	@rm -rf dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
