# Everything a fresh machine needs: Node 20, npm, make, python3 and a C compiler.
SHELL := /bin/bash
.DEFAULT_GOAL := build
NPM_CI := npm ci --no-fund --no-audit

node_modules/.installed: package-lock.json package.json
	$(NPM_CI)
	touch $@

.PHONY: build
build: node_modules/.installed
	npm run --silent build

# The README's test command: types, lint and every test.
.PHONY: test
test: build
	npm run --silent types
	npm run --silent lint
	npm run --silent test

# Scans the sample images into one Parquet file and asks DuckDB for the top tags.
.PHONY: demo
demo: build
	@node samples/unpack.mjs tmp/samples
	@mkdir -p tmp/demo
	node dist/bin/pool-tracker.js scan tmp/samples/* -o tmp/demo/tags.parquet --force
	@node samples/top-tags.mjs tmp/demo/tags.parquet

.PHONY: schemas
schemas: node_modules/.installed
	npm run --silent schemas

# API reference of what src/index.ts exports, as HTML; fails where an export has no doc comment.
.PHONY: docs
docs: node_modules/.installed
	npx typedoc

# Ratios measured in one run; see bench/README.md.
.PHONY: bench
bench: build
	npx tsx bench/main.ts

.PHONY: clean
clean:
	rm -rf dist tmp node_modules
