#!/usr/bin/python3
"""What a broken shadow costs users: each fault on a real Envoy with the real agent, users of the filter beside users without it.

  faults.py                        all cases (about ten minutes)
  faults.py --cases agent-frozen,target-dead --pairs 9
  faults.py --list

Prints a line for each case, and a last one with the worst of all. Exits with 1 where a bar is missed; docs/bridge.md says which there are.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent)]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from faults_cases import CASES, Case  # noqa: E402
from faults_pairs import PAIRS, Pairs, run_pairs  # noqa: E402
from faults_rig import MIB, end_in_order, load_average, peak_memory, rig  # noqa: E402


@dataclass(frozen=True)
class Result:
    """Of one case."""

    name: str
    pairs: Pairs
    counts: dict[str, int]
    envoy_grew: int
    agent_grew: int
    load: float
    missed: list[str]

    def line(self) -> str:
        pairs = self.pairs
        counts = ",".join(f"{name}:{count}" for name, count in self.counts.items() if count)
        return (f"fault: case={self.name} pairs={len(pairs.plain)} user_errors={pairs.user_errors} "
                f"p50_ms={pairs.median(pairs.plain, 0.5):.2f}/{pairs.median(pairs.watched, 0.5):.2f} p50_delta_ms={pairs.p50_delta_ms:.2f} "
                f"p99_ms={pairs.median(pairs.plain, 0.99):.1f}/{pairs.median(pairs.watched, 0.99):.1f} p99_ratio={pairs.p99_ratio:.2f} "
                f"slower_than_max_ms={pairs.slower_than_max_ms:.0f} "
                f"envoy_grew_mib={self.envoy_grew / MIB:.0f} agent_grew_mib={self.agent_grew / MIB:.0f} "
                f"load={self.load} counts={counts} missed={','.join(self.missed) or '-'}")


def run_case(case: Case, pairs: int) -> Result:
    with rig(case.setup) as made:
        case.begin(made)
        envoy_before, agent_before = peak_memory(made.envoy), peak_memory(made.agent) if made.agent else 0
        found = run_pairs(made, case.load, pairs, case.fault)
        counts = {"requests": sum(window.sent for window in found.watched), **(made.counts() if made.agent else {})}
        made.note_memory()
        envoy_grew, agent_grew = peak_memory(made.envoy) - envoy_before, made.agent_peak - agent_before
    missed = found.misses(case.bars)
    if not case.proof(counts):
        missed.append("the fault was not felt")
    if envoy_grew > case.envoy_bytes:
        missed.append(f"envoy_grew_mib={envoy_grew / MIB:.0f}")
    if agent_grew > case.agent_bytes:
        missed.append(f"agent_grew_mib={agent_grew / MIB:.0f}")
    return Result(case.name, found, counts, envoy_grew, agent_grew, load_average(), missed)


def with_seconds(case: Case, seconds: float | None) -> Case:
    return case if seconds is None else replace(case, load=replace(case.load, seconds=seconds))


def last_line(results: list[Result]) -> str:
    errors = sum(result.pairs.user_errors for result in results)
    return (f"faults: cases={len(results)} user_errors={errors} "
            f"worst_p50_delta_ms={max(result.pairs.p50_delta_ms for result in results):.2f} "
            f"worst_p99_ratio={max(result.pairs.p99_ratio for result in results):.2f}")


def chosen(names: str) -> list[Case]:
    by_name = {case.name: case for case in CASES}
    try:
        return [by_name[name] for name in names.split(",")]
    except KeyError as error:
        raise argparse.ArgumentTypeError(f"there is no case {error}; --list tells") from error


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=chosen, default=list(CASES), help="their names with commas (default: all)")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"windows of each kind (default: {PAIRS})")
    parser.add_argument("--seconds", type=float, help="how long a window is (default: the case's own, 1.5)")
    parser.add_argument("--list", action="store_true", help="only the names")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.list:
        print("\n".join(case.name for case in options.cases))
        return 0
    end_in_order()
    results = []
    began = time.monotonic()
    for case in options.cases:
        results.append(run_case(with_seconds(case, options.seconds), options.pairs))
        print(results[-1].line(), flush=True)
    missed = [result.name for result in results if result.missed]
    print(f"{time.monotonic() - began:.0f} s; {'missed by: ' + ', '.join(missed) if missed else 'no bar is missed'}")
    print(last_line(results), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
