#!/usr/bin/env bash
# Runs every test: dependencies, build, ctest (unit, property, scenario, golden, style, tidy), the simulator with its mutants and its
# search, the fuzzers, then the cluster tests.
# Ends with one line, `N passed, N failed`, and exits 1 where something failed or nothing ran.
# The first run also compiles a Kubernetes API server, beside the C++ build: 20 to 30 minutes on two cores.
set -euo pipefail

cd "$(dirname "$0")/.."
build=build/release
reports=$build/reports
python=/usr/bin/python3
counted=()
cluster_build=

step() { printf '\n== [%4d s] %s\n' "$SECONDS" "$*"; }

stop_cluster_build() {
  [[ -z $cluster_build ]] || kill -- -"$cluster_build" 2>/dev/null || true
}
trap stop_cluster_build EXIT
trap 'exit 130' INT TERM

# In the background, in a process group of its own so that it can be stopped with its children.
start_cluster_build() {
  set -m
  nice tools/build_cluster.sh >"$reports/build_cluster.log" 2>&1 &
  cluster_build=$!
  set +m
}

# Says every half minute how far the build is; fails where it failed.
wait_for_cluster_build() {
  local pid=$cluster_build waited=0
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    if ((waited % 30 == 0)); then
      printf '   [%4d s] %s\n' "$SECONDS" "$(tail -n 1 "$reports/build_cluster.log")"
    fi
  done
  cluster_build=
  wait "$pid" && return
  tail -n 40 "$reports/build_cluster.log"
  return 1
}

compile() { cmake --preset release && cmake --build --preset release; }

run_ctest() {
  GTEST_OUTPUT="json:$PWD/$reports/gtest/" ctest --test-dir "$build" -LE cluster -j "$(nproc)" --no-tests=error --output-on-failure \
    --output-junit "$PWD/$reports/ctest.xml"
}

# Most of the time is waiting, so two clusters share two cores well. The tests of one file stay together: they share a cluster.
run_pytest() { "$python" -m pytest tests/cluster -n 2 --dist loadfile -ra -p no:cacheprovider --junitxml="$reports/pytest.xml"; }

# attempt NAME FUNCTION: goes on after a failure, which then stands in the count.
attempt() {
  if ! "$2"; then
    echo "FAILED: $1"
    counted+=(--failed "$1")
    return 1
  fi
}

# check NAME COMMAND...: one test more, passed or failed.
check() {
  local name=$1
  shift
  step "$name"
  if "$@"; then
    counted+=(--passed "$name")
  else
    echo "FAILED: $name"
    counted+=(--failed "$name")
  fi
}

finish() {
  step "done"
  "$python" tools/count_tests.py "${counted[@]}"
  exit
}

rm -rf "$reports"
mkdir -p "$reports/gtest"

step "dependencies"
install_dependencies() { tools/install_dependencies.sh --tools; }
attempt "dependencies" install_dependencies || finish

step "cluster programs: building in the background, log in $reports/build_cluster.log"
start_cluster_build

step "build ($build)"
attempt "C++ build" compile || finish

step "unit, property, scenario and golden tests, style checks"
run_ctest || echo "ctest: something failed"
counted+=(--ctest "$reports/ctest.xml" --gtest "$reports/gtest")

simulator=$build/test-programs/softmigration-sim
check "simulator: 20000 seeds" "$simulator" --seeds 20000 --stats
check "simulator: every mutant is killed" "$simulator" --mutants
check "simulator: systematic search" "$simulator" --search 1
check "fuzzers" tools/run_fuzzers.sh 60

step "waiting for the cluster programs"
attempt "cluster programs" wait_for_cluster_build || finish

step "cluster tests"
run_pytest || echo "pytest: something failed"
counted+=(--pytest "$reports/pytest.xml")
finish
