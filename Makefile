# Patchbay. `make run` and `make test` do their own setup; `make help` lists the other targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(or $(CARGO_TARGET_DIR),target)
DATA_DIR ?= .patchbay
LISTEN ?= 127.0.0.1:8080
FLEET_DIR ?= .patchbay-fleet

.PHONY: help run run-postgres build web api test faults lint lint-words lint-rust lint-web deny audit test-rust test-postgres test-web conformance bench fmt snapshots

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

run: web ## Build and start Patchbay with the sandbox on (LISTEN=127.0.0.1:8080, DATA_DIR=.patchbay)
	@tools/need cargo cc
	@echo "==> Building Patchbay (a few minutes the first time, seconds after that)"
	@cargo build --locked --profile fast --bin patchbay
	@echo "==> Starting; stop it with Ctrl-C"
	@exec "$(TARGET)/fast/patchbay" serve --listen "$(LISTEN)" --data-dir "$(DATA_DIR)" --sandbox

run-postgres: web ## Build and start PostgreSQL, two servers with the sandbox on, and HAProxy (LISTEN, FLEET_DIR=.patchbay-fleet)
	@tools/need cargo cc
	@echo "==> Building Patchbay (a few minutes the first time, seconds after that)"
	@cargo build --locked --profile fast --bin patchbay
	@exec tools/run-postgres "$(TARGET)/fast/patchbay" "$(LISTEN)" "$(FLEET_DIR)"

web: web/dist/.built ## Build the screens (Hub, dashboard, element, demo) into web/dist

# Rebuilt only if a source has changed, so a second `make run` takes seconds.
WEB_SOURCES = $(shell find web -path '*/node_modules' -prune -o -path web/dist -prune -o -path web/e2e -prune -o -path 'web/*/dist' -prune -o -type f -print)
web/dist/.built: $(WEB_SOURCES)
	@tools/need node npm
	@echo "==> Building the screens"
	cd web && npm ci --no-audit --no-fund && npm run build
	@touch $@

api: ## Write docs/openapi.json, docs/errors.md and the screens' typed client from the server's code
	cargo run --locked --quiet --bin patchbay -- openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json
	cargo run --locked --quiet --bin patchbay -- error-codes > docs/errors.md.new && mv docs/errors.md.new docs/errors.md
	cd web && npm run api

build: web ## Build the release binary
	@tools/need cargo cc
	cargo build --locked --release --bin patchbay
	@ls -lh "$(TARGET)/release/patchbay"

test: lint test-rust test-postgres conformance test-web ## Everything: lints, Rust tests, the conformance suite of MCP, browser tests

lint: lint-words lint-rust deny lint-web ## Words, formatting, lints, licenses, generated files

lint-words:
	@echo "==> Words (CONTRIBUTING.md, Plain English)"
	tools/check-words

lint-rust:
	@tools/need cargo cc
	@echo "==> Formatting and lints (Rust)"
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- -D warnings

deny:
	@tools/need cargo cargo-deny
	@echo "==> Licenses, banned crates and sources"
	cargo deny --locked check bans licenses sources

audit: ## Compare all dependencies with the databases of known vulnerabilities (needs the internet)
	@tools/need cargo cargo-deny node npm
	@echo "==> Known vulnerabilities (RustSec)"
	cargo deny --locked check advisories
	@echo "==> Known vulnerabilities (npm)"
	cd web && npm audit --audit-level=moderate

lint-web:
	@tools/need node npm
	@echo "==> Formatting, lints and types (web)"
	cd web && npm ci --no-audit --no-fund && npm run lint && npm run typecheck && npm run unit
	@echo "==> Lints of the OpenAPI document"
	cd tools/openapi-lint && npm ci && npm run --silent lint

test-rust:
	@tools/need cargo cc cargo-nextest curl postgresql pgbouncer haproxy nginx promtool
	@echo "==> API descriptions that packages carry (for the import's test)"
	@tools/published-apis "$(TARGET)/tmp/published-apis" || test $$? = 3
	@echo "==> Rust tests"
	cargo nextest run --locked --workspace --all-features --profile ci
	@test -z "$$PATCHBAY_SPECIFICATION" || cargo nextest run --locked --workspace --all-features --profile ci \
	  --run-ignored only -E 'test(the_specification_cases_pass) + test(shapes_are_fresh)'
	cargo test --locked --workspace --doc --quiet

test-postgres: ## Black-box tests on PostgreSQL: a part of them, or all that do not concern the file (ALL=1)
	@tools/need cargo cc cargo-nextest postgresql pgbouncer
	@echo "==> Black-box tests on PostgreSQL"
	tools/with-postgres cargo nextest run --locked --workspace --all-features --test it --profile postgres$(if $(ALL),-all)

test-web: web
	@tools/need cargo cc node npm chromium python3 curl
	@echo "==> Browser tests"
	cargo build --locked --bin patchbay
	cd web && { test -d node_modules || npm ci --no-audit --no-fund; } && \
	  PATCHBAY_BIN="$(abspath $(TARGET))/debug/patchbay" npm run e2e

faults: ## Attacks and faults that take minutes, on loopback (FAULTS=part of a test's name)
	@tools/need cargo cc cargo-nextest postgresql haproxy
	cargo nextest run --locked --workspace --all-features --test faults --run-ignored only --profile faults $(FAULTS)

conformance: ## The official conformance suite of MCP, both eras (needs the internet the first time)
	@tools/need cargo cc node npm
	cargo build --locked --workspace --all-features --example mcp_fixture
	tools/mcp-conformance/run "$(TARGET)/debug/examples/mcp_fixture"

bench: ## Compare with nginx on this machine (ratios, memory, time to ready); the cost of the connector language, of the search for actions and of the MCP transport
	@tools/need cargo cc wrk nginx
	cargo build --locked --release --bin patchbay
	PATCHBAY_BIN="$(abspath $(TARGET))/release/patchbay" bench/run.sh
	cargo bench --locked --package patchbay-connector --bench language
	cargo bench --locked --package patchbay-search --bench actions
	cargo bench --locked --package patchbay-mcp --bench transport

fmt: ## Format everything
	cargo fmt --all
	cd web && npm run format

snapshots: ## Accept changed snapshots; read them in the diff
	INSTA_UPDATE=always cargo nextest run --workspace --all-features --no-fail-fast
