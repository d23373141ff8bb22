# Everything a fresh machine needs: Node 20, npm, make, python3 and a C compiler.
SHELL := /bin/bash
.DEFAULT_GOAL := build

# npm writes it at the end of an installation; its time is not always later than that of the lock file beside it.
INSTALLED := node_modules/.package-lock.json
COMMAND := dist/bin/pool-tracker.js
SOURCES := $(shell find src scripts -name '*.ts' -o -name '*.wat' -o -name '*.mjs') tsconfig.json package.json

# Test files at a time, each in a process of its own; two at least: with one, mocha loads them into its own process, as
# CommonJS.
JOBS ?= $(shell jobs=$$(nproc 2> /dev/null || echo 2); echo $$((jobs > 2 ? jobs : 2)))
MINUTES ?= 30

$(INSTALLED): package-lock.json
	npm ci --no-fund --no-audit
	touch $@

$(COMMAND): $(INSTALLED) $(SOURCES)
	npm run --silent build
	touch $@

.PHONY: build
build: $(COMMAND)

# The README's test command: types, lint and every test.
.PHONY: test
test: build
	@$(MAKE) --no-print-directory --jobs $(JOBS) lint types style
	npm run --silent test -- --jobs $(JOBS)

.PHONY: lint types style
lint types style: build
	npm run --silent $@

# For who is at work: every test but those of test/**/*.slow.test.ts.
.PHONY: quick
quick: build
	npm run --silent quick -- --jobs $(JOBS)

# Property tests with random seeds, over and over, for MINUTES.
.PHONY: torture
torture: build
	npx tsx scripts/torture.ts $(MINUTES)
	npx tsx scripts/fuzz.ts $(MINUTES)

# The quick tests on every major version of Node that is supported.
.PHONY: test-nodes
test-nodes: build
	node scripts/test-nodes.mjs

# Scans the sample images into one Parquet file and asks DuckDB for the top tags.
.PHONY: demo
demo: build
	@node samples/unpack.mjs tmp/samples
	@mkdir -p tmp/demo
	node dist/bin/pool-tracker.js scan tmp/samples/* -o tmp/demo/tags.parquet --force
	@node samples/top-tags.mjs tmp/demo/tags.parquet

.PHONY: schemas
schemas: $(INSTALLED)
	npm run --silent schemas

# Damaged and misleading memories by the thousand, asked in every way: no answer may be wrong without saying so.
COUNT ?= 3000
SEED ?= 1
.PHONY: sweep
sweep: build
	npx tsx bench/sweep.ts --count $(COUNT) --seed $(SEED)

# API reference of what src/index.ts exports, as HTML; fails where an export has no doc comment.
.PHONY: docs
docs: $(INSTALLED)
	npx typedoc

# Ratios measured in one run; see bench/README.md.
.PHONY: bench
bench: build
	npx tsx bench/main.ts

.PHONY: clean
clean:
	rm -rf dist tmp node_modules
