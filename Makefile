# Everything a developer or a user runs. Needs Debian 12; `make deps` installs the rest (root, once).

SHELL := /usr/bin/env bash
PYTHON := /usr/bin/python3
.DEFAULT_GOAL := help
.PHONY: help demo up down test test-unit test-cluster check bench deps packages build release cluster programs format asan tsan clean

help: ## this list
	@echo 'Soft Migration: moves live users between two systems, and takes them back by itself.'
	@echo
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: programs ## a migration on a real cluster: climb, fault, rollback, second attempt, completion
	$(PYTHON) tests/cluster/demo.py

up: programs ## start the same cluster to play with; prints the KUBECONFIG line
	$(PYTHON) tests/cluster/cluster.py up

down: ## stop it
	$(PYTHON) tests/cluster/cluster.py down

test: ## every test; ends with `N passed, N failed`
	@tools/run_tests.sh

test-unit: release ## unit, property, scenario and golden tests only
	ctest --preset release -LE 'style|tidy' -j 2

test-cluster: programs ## the tests on the real cluster only; PYTEST="-k name" picks some
	$(PYTHON) -m pytest tests/cluster -ra -p no:cacheprovider $(PYTEST)

check: deps ## format, layers, banned calls, headers, clang-tidy
	cmake --preset release
	ctest --test-dir build/release -L 'style|tidy' --no-tests=error --output-on-failure

bench: programs ## 1, 100 and 1000 migrations on a real API server; prints a table
	$(PYTHON) tests/bench/bench.py

deps: ## install packages and pinned tools (root, once; then it does nothing)
	@tools/install_dependencies.sh --tools

# What a build needs, without the formatter and the linter.
packages:
	@tools/install_dependencies.sh

build: packages ## build for developing (build/dev)
	cmake --preset dev
	cmake --build --preset dev

release: packages ## build all as it is shipped and tested (build/release)
	cmake --preset release
	cmake --build --preset release

cluster: packages ## compile etcd, the API server, Contour … (20 minutes the first time, then nothing)
	@tools/build_cluster.sh

# The operator and the programs that demo, cluster tests and benchmark start, without the unit tests.
programs: cluster
	cmake --preset release
	cmake --build --preset release --target programs

format: ## reformat the C++ sources
	@tools/check_format.sh --fix

asan: packages ## unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --preset asan-ubsan
	cmake --build --preset asan-ubsan
	ctest --preset asan-ubsan --no-tests=error

tsan: packages ## unit tests under ThreadSanitizer
	cmake --preset tsan
	cmake --build --preset tsan
	ctest --preset tsan --no-tests=error

clean: ## remove the builds (the compiled cluster stays in ~/.cache/softmigration)
	rm -rf build
