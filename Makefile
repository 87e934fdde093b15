# Everything a developer or a user runs. Needs Debian 12; `make deps` installs the rest (root, once).

SHELL := /usr/bin/env bash
PYTHON := /usr/bin/python3
.DEFAULT_GOAL := help
.PHONY: help demo up down test test-unit test-cluster check sim mutants faults image-root fuzz judgement bench deps packages build release cluster programs format asan tsan clean

help: ## this list
	@echo 'Soft Migration: moves live users between two systems, and takes them back by itself.'
	@echo
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: programs ## a migration on a real cluster: climb, fault, rollback, second attempt, completion. STORY=shadow: a bridge finds differences
	$(PYTHON) tests/cluster/demo.py $(or $(STORY),shift)

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

SEEDS ?= 20000
sim: packages ## the simulator: SEEDS=20000 small worlds full of faults on a virtual clock; one line of figures
	cmake --preset release
	cmake --build --preset release --target softmigration-sim
	build/release/test-programs/softmigration-sim --seeds $(SEEDS) --stats

mutants: packages ## known mistakes of other operators, switched on one by one: the simulator must see each
	cmake --preset release
	cmake --build --preset release --target softmigration-sim
	build/release/test-programs/softmigration-sim --mutants

image-root: ## build the image's root folder by the Dockerfile's lines on a clean Debian 12, twice, and check it (root, half an hour)
	$(PYTHON) tools/check_image.py

FUZZ_SECONDS ?= 60
fuzz: packages ## libFuzzer on everything that reads what others write; FUZZ_SECONDS=60 each
	@tools/run_fuzzers.sh $(FUZZ_SECONDS)

judgement: packages ## how often the rule rolls back good versions and promotes bad ones, beside others' rules; prints a table
	cmake --preset release
	cmake --build --preset release --target judgement
	build/release/bin/judgement

faults: programs ## a bridge whose agent, target, disk or API server fails: what users notice; ten minutes, one line of figures at its end
	$(PYTHON) tests/cluster/faults.py

bench: programs ## 1, 100 and 1000 migrations on a real API server, then what a bridge costs; prints a table and lines
	$(PYTHON) tests/bench/bench.py
	$(PYTHON) tests/bench/bridge_load.py

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
