# The few commands a person types. What they do is in scripts/, and each of those says how it is called.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help run build test lint bench fuzz soak audit

# ARGS: what is passed on, as in `make run ARGS="--config my.toml"`. PARTS: test parts, as in `make test PARTS="page vm"`.
ARGS ?=
PARTS ?=
SECONDS_EACH ?= 60

help: ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

run: ## install what is missing, build, and run the device with its own server until Ctrl-C
	@scripts/install build run
	@scripts/build
	@exec target/release/watchword run --new-word $(ARGS)

build: ## install what is missing and build target/release/watchword
	@scripts/install build run
	@scripts/build

test: ## install what is missing and run every test (or PARTS="page vm"; see scripts/test --list)
	@scripts/test $(PARTS)

lint: ## the checks that need no running program: formatting, lints, types, licences
	@scripts/test scripts format deny page clippy

bench: ## measure: one table, and target/bench/results.jsonl
	@scripts/install build run test
	@scripts/build
	@scripts/npm-ci tests/browser
	@tests/bench/run $(ARGS)

fuzz: ## run every decoder's fuzz target, SECONDS_EACH=60 seconds each
	@scripts/install build
	@daemon/protocol/fuzz/run $(SECONDS_EACH)

soak: ## the long tests: the same as the short ones, many times over (hours)
	@scripts/install build run test
	@scripts/soak

audit: ## known weaknesses in what we depend on (asks the internet)
	@scripts/install build test
	@cargo deny check advisories
	@npm --prefix web audit --omit=dev
