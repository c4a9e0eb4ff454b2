# The commands people use. `make help` lists them; each is a script that can be run by itself.
SHELL := /bin/bash
.DEFAULT_GOAL := help

export PGRX_PG_CONFIG_PATH ?= /usr/bin/pg_config
# Without it cargo-pgrx passes a linker flag that plain cargo does not, and every dependency is built twice.
export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND = 1
export RUST_BACKTRACE = 0
# The public files themselves, where somebody laid them beside the tree: tests that want them skip without.
ifneq ($(wildcard $(CURDIR)/../shared/data),)
export STELLANTIS_REAL_DATA ?= $(abspath $(CURDIR)/../shared/data)
endif

.PHONY: help demo demo-stop test test-engine test-pgrx test-schema test-regress test-cluster test-docs install lint bench data schema package

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## from nothing to KPIs: packages, build, a private cluster, the pipeline, a summary
	@scripts/demo.sh

demo-stop: ## stop the demo's cluster (its data stay; make demo starts it again)
	@scripts/cluster.sh stop .demo

test: ## everything, from nothing; the last line is "N passed, N failed"
	@scripts/test.sh

test-engine: ## tests of the engine crate (no PostgreSQL)
	@scripts/test.sh engine

test-pgrx: ## tests of the SQL face inside a server (pgrx)
	@scripts/test.sh pgrx

test-schema: ## the committed install script against the library's own metadata
	@scripts/test.sh schema

test-regress: ## pg_regress: SQL in, expected output
	@scripts/test.sh regress

test-cluster: ## what needs a whole server: commit, cancel, crash, dump, roles
	@scripts/test.sh cluster

test-docs: ## every SQL block of README.md and docs/
	@scripts/test.sh docs

install: ## build and install into the system's PostgreSQL (plain cargo)
	@scripts/packages.sh demo
	@scripts/install.sh

lint: ## formatting, clippy, every SQL file parsed, scripts, other PostgreSQL versions
	@scripts/lint.sh

bench: ## run_pipeline() beside two pandas + scikit-learn peers, into bench/RESULTS.md
	@scripts/packages.sh demo
	@scripts/install.sh
	@python3 bench/pipeline/run.py

data: ## fetch the three public data files into data/real (keys: .env.example)
	@python3 scripts/fetch_data.py

schema: ## write the install script that is committed, sql/stellantis_analytics--X.sql
	@scripts/schema.sh

package: ## build/stellantis_analytics-X-pg15-ARCH.tar.gz: library, control file, install scripts
	@scripts/package.sh
