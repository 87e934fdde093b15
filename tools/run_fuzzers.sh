#!/usr/bin/env bash
# Builds the libFuzzer programs (tests/fuzz) with clang and their sanitizers, and runs each for a while, two at a time.
#
#   tools/run_fuzzers.sh [SECONDS [NAME...]]     default: 60 seconds each, all of them
#   tools/run_fuzzers.sh --build                 only builds them
#
# One line a fuzzer, then `N passed, N failed`; exits 1 where one failed. A fuzzer fails where an input crashes it, hangs, leaks, takes too
# much memory or breaks a promise. The input then lies in build/fuzz/reproducers/NAME/, and the line says how to run it again.
# tests/fuzz/corpus is only read: what is found on the way is kept in build/fuzz/corpus and is where the next run goes on.
set -euo pipefail

cd "$(dirname "$0")/.."
build=${SOFTMIG_FUZZ_BUILD:-build/fuzz}
seconds=${1:-60}
[[ $seconds == --build || $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tools/run_fuzzers.sh [SECONDS [NAME...]]" >&2; exit 2; }
shift || true

compile() {
  echo "fuzz: building in $build, log in $build/build.log (the first time some minutes)"
  mkdir -p "$build"
  local settings=(-DSOFTMIG_FUZZ=ON -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1")
  if ! { cmake -S . -B "$build" -G Ninja "${settings[@]}" && cmake --build "$build" --target fuzzers; } >"$build/build.log" 2>&1; then
    tail -n 40 "$build/build.log"
    echo "fuzz: the build failed (needs clang-19 and libclang-rt-19-dev: tools/install_dependencies.sh)"
    return 1
  fi
}

# Arguments of libFuzzer for one fuzzer. Larger inputs only make it slow: what is long is cut or refused early.
options_of() {
  local name=$1 longest=4096
  [[ $name == status || $name == http_route || $name == spec ]] && longest=8192
  echo "-max_total_time=$seconds -timeout=20 -rss_limit_mb=1536 -max_len=$longest -print_final_stats=1"
  echo "-dict=tests/fuzz/dictionaries/$name.dict -artifact_prefix=$build/reproducers/$name/"
}

stat_of() { sed -n "s/^stat::$2: *//p" "$build/logs/$1.log" | tail -n 1; }

# run_one NAME: one line; fails where the fuzzer did, or where it ran nothing.
run_one() {
  local name=$1 log=$build/logs/$1.log rc=0 runs
  mkdir -p "$build/corpus/$name" "$build/reproducers/$name" "$build/logs"
  rm -f "$build/reproducers/$name"/*
  local options
  read -r -d '' -a options < <(options_of "$name"; printf '\0')
  nice "$build/fuzzers/fuzz_$name" "${options[@]}" "$build/corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1 || rc=$?
  runs=$(stat_of "$name" number_of_executed_units)
  if ((rc == 0)) && [[ ${runs:-0} -gt 0 ]]; then
    local edges
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    echo "fuzz: $name passed: $runs runs, $(stat_of "$name" average_exec_per_sec) a second, $edges edges"
    return
  fi
  local what input
  what=$(grep -m 1 -oE 'broken: .*|ERROR: .*|runtime error: .*' "$log" || tail -n 1 "$log")
  input=$(find "$build/reproducers/$name" -type f | head -n 1)
  echo "fuzz: $name FAILED (${what:0:200}); log $log; again: $build/fuzzers/fuzz_$name ${input:-(no input)}"
  return 1
}

all_names() { find "$build/fuzzers" -name 'fuzz_*' -type f -printf '%f\n' | sed 's/^fuzz_//' | sort; }

compile || { echo "0 passed, 1 failed"; exit 1; }
[[ $seconds != --build ]] || exit 0
names=("$@")
((${#names[@]})) || mapfile -t names < <(all_names)
# shellcheck disable=SC2034  # read by the functions in the children
export build seconds
export -f run_one options_of stat_of
results=$build/results
rm -rf "$results"
mkdir -p "$results"
# shellcheck disable=SC2016  # expanded by the child
printf '%s\n' "${names[@]}" | xargs -P 2 -I {} bash -c 'run_one {} && touch "$0/passed-{}" || touch "$0/failed-{}"' "$results"
passed=$(find "$results" -name 'passed-*' | wc -l)
failed=$((${#names[@]} - passed))
echo "$passed passed, $failed failed"
((failed == 0 && passed > 0))
