#!/usr/bin/env bash
# Runs every test: dependencies, build, ctest (unit, property, scenario, golden, style, tidy), the simulator with its mutants and its
# search, then the cluster tests, and beside them, with what they leave of the cores, the fuzzers.
# Ends with one line, `N passed, N failed`, and exits 1 where something failed or nothing ran.
# The first run also compiles a Kubernetes API server, beside the C++ build: 20 to 30 minutes on two cores.
set -euo pipefail

cd "$(dirname "$0")/.."
build=build/release
reports=$build/reports
python=/usr/bin/python3
counted=()
cluster_build=
fuzzing=

step() { printf '\n== [%4d s] %s\n' "$SECONDS" "$*"; }

stop_background() {
  local pid
  for pid in $cluster_build $fuzzing; do kill -- -"$pid" 2>/dev/null || true; done
}
trap stop_background EXIT
trap 'exit 130' INT TERM

# in_background NICENESS LOG COMMAND...: $! is it. A session of its own, so that it can be stopped with its children, and because some kernels
# share the cores by session: there niceness is that of the session.
in_background() {
  local niceness=$1 log=$2
  shift 2
  # shellcheck disable=SC2016  # expanded by the child
  setsid bash -c 'echo "$0" 2>/dev/null >/proc/self/autogroup || true; exec nice -n "$0" "$@"' "$niceness" "$@" >"$log" 2>&1 &
}

# wait_for PID LOG: says every half minute how far it is; fails where it failed.
wait_for() {
  local pid=$1 log=$2 waited=0
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    if ((waited % 30 == 0)); then
      printf '   [%4d s] %s\n' "$SECONDS" "$(tail -n 1 "$log")"
    fi
  done
  wait "$pid" && return
  tail -n 40 "$log"
  return 1
}

wait_for_cluster_build() {
  local pid=$cluster_build
  cluster_build=
  wait_for "$pid" "$reports/build_cluster.log"
}

wait_for_fuzzers() {
  local pid=$fuzzing
  fuzzing=
  wait_for "$pid" "$reports/fuzz.log" || return 1
  grep '^fuzz: ' "$reports/fuzz.log"
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
in_background 10 "$reports/build_cluster.log" tools/build_cluster.sh
cluster_build=$!

step "build ($build)"
attempt "C++ build" compile || finish

step "unit, property, scenario and golden tests, style checks"
run_ctest || echo "ctest: something failed"
counted+=(--ctest "$reports/ctest.xml" --gtest "$reports/gtest")

check "fuzzers are built" tools/run_fuzzers.sh --build

step "waiting for the cluster programs"
attempt "cluster programs" wait_for_cluster_build || finish

simulator=$build/test-programs/softmigration-sim
check "simulator: 20000 seeds" "$simulator" --seeds 20000 --stats
check "simulator: 1000 seeds with routes of the operator's own making" "$simulator" --seeds 1000 --managed
check "simulator: every mutant is killed" "$simulator" --mutants
check "simulator: systematic search" "$simulator" --search 1

step "fuzzers: running in the background, log in $reports/fuzz.log"
in_background 19 "$reports/fuzz.log" tools/run_fuzzers.sh 60
fuzzing=$!

step "cluster tests"
run_pytest || echo "pytest: something failed"
counted+=(--pytest "$reports/pytest.xml")
check "fuzzers" wait_for_fuzzers
finish
