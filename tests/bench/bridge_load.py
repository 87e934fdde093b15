#!/usr/bin/python3
"""What a bridge costs: docs/benchmarks.md says what is measured and how. No cluster is needed.

  bridge_load.py                            all parts, about three minutes
  bridge_load.py --parts steady --pairs 15  one part: steady, flat-out or compare
  bridge_load.py --strict                   exits with 1 where a bar is missed, not only where users saw an error

Prints lines a program can read. Everything shares the machine's cores: users, Envoy, agent and both systems.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "cluster")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from bridge import Program  # noqa: E402
from faults_pairs import Bars, Fault, run_pairs  # noqa: E402
from faults_rig import Load, Rig, end_in_order, load_average, rig  # noqa: E402
from harness import paths  # noqa: E402

PARTS = ("steady", "flat-out", "compare")
STEADY = Load(rate=1000, seconds=2)
FLAT_OUT_CONNECTIONS, FLAT_OUT_SECONDS = 32, 3
SHARE_BARS = {"sampled": 0.7, "users": 0.55}  # of what Envoy alone serves
COMPARE_BAR = 2.0
PERCENT = {"users": 100, "sampled": 10}


class Cost:
    """Processor time of programs, by request, in windows of a listener."""

    def __init__(self, programs: dict[str, Program]) -> None:
        self._programs = programs
        self._before: dict[str, float] = {}
        self._spent = dict.fromkeys(programs, 0.0)

    def begin(self, _: Rig) -> None:
        self._before = {name: program.cpu_seconds() for name, program in self._programs.items()}

    def end(self, _: Rig) -> None:
        for name, program in self._programs.items():
            self._spent[name] += program.cpu_seconds() - self._before[name]

    def text(self, requests: int) -> str:
        return " ".join(f"{name}_cpu_us={spent / requests * 1e6:.0f}" for name, spent in self._spent.items())


def steady(listener: str, pairs: int) -> tuple[list[str], int]:
    """What is missed, and how many errors users saw."""
    with rig() as made:
        made.start_agent()
        assert made.agent
        cost = Cost({"envoy": made.envoy, "agent": made.agent})
        found = run_pairs(made, STEADY, pairs, Fault(before=cost.begin, after=cost.end), listener)
        made.settle(30)
        counts = made.counts()
    sent = sum(window.sent for window in found.watched)
    lost = sent - counts["eligible"] if listener == "users" else 0
    missed = found.misses(Bars(slower_than_max_ms=float("inf")))
    if lost or counts["dropped"]:
        missed.append(f"copies_lost={lost} dropped={counts['dropped']}")
    print(f"bridge_steady: shadow_percent={PERCENT[listener]} rate={STEADY.rate:.0f} bytes=1024 pairs={pairs} requests={sent} "
          f"user_errors={found.user_errors} copies={counts['eligible']} copies_lost={lost} dropped={counts['dropped']} "
          f"p50_ms={found.median(found.plain, 0.5):.2f}/{found.median(found.watched, 0.5):.2f} p50_delta_ms={found.p50_delta_ms:.2f} "
          f"p99_ms={found.median(found.plain, 0.99):.1f}/{found.median(found.watched, 0.99):.1f} p99_ratio={found.p99_ratio:.2f} "
          f"{cost.text(sent)} load={load_average()} missed={','.join(missed) or '-'}", flush=True)
    return missed, found.user_errors


def wrk(port: int, path: str) -> tuple[float, int]:
    """Requests a second of as many users as keep all connections busy, and how many of them saw an error."""
    command = ["wrk", "-t", "1", "-c", str(FLAT_OUT_CONNECTIONS), "-d", f"{FLAT_OUT_SECONDS}s", f"http://127.0.0.1:{port}{path}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert rate, text
    complaints = re.findall(r"(?:Socket errors|Non-2xx or 3xx responses):(.*)", text)
    return float(rate[1]), sum(int(number) for line in complaints for number in re.findall(r"\d+", line))


def flat_out(rounds: int) -> tuple[list[str], int]:
    rates: dict[str, list[float]] = {"plain": [], "sampled": [], "users": []}
    errors = 0
    with rig() as made:
        made.start_agent()
        for _ in range(rounds):
            for listener, found in rates.items():
                rate, bad = wrk(made.ports[listener], STEADY.path)
                found.append(rate)
                errors += bad
                made.settle(10)
                time.sleep(0.2)
        counts = made.counts()
    missed = []
    for listener, bar in SHARE_BARS.items():
        share = statistics.median(rate / alone for rate, alone in zip(rates[listener], rates["plain"], strict=True))
        if share < bar:
            missed.append(f"share_at_{PERCENT[listener]}_percent={share:.2f}")
        print(f"bridge_flat_out: shadow_percent={PERCENT[listener]} rounds={rounds} "
              f"alone_per_second={statistics.median(rates['plain']):.0f} with_agent_per_second={statistics.median(rates[listener]):.0f} "
              f"share={share:.2f} bar={bar} user_errors={errors} "
              f"copies={counts['eligible']} dropped={counts['dropped']} load={load_average()}", flush=True)
    return missed, errors


def compares() -> list[str]:
    done = subprocess.run([paths.built("softmigration-compare-bench")], check=True, capture_output=True, text=True, timeout=300)
    print(done.stdout, end="", flush=True)
    fields = [dict(part.split("=") for part in line.split()[1:]) for line in done.stdout.splitlines()]
    return [f"compare_{one['kind']}_{one['bytes']}={one['ratio']}" for one in fields if float(one["ratio"]) > COMPARE_BAR]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS), help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--pairs", type=int, default=9, help="windows with and without the shadow (default: 9)")
    parser.add_argument("--rounds", type=int, default=5, help="of the part flat-out (default: 5)")
    parser.add_argument("--strict", action="store_true", help="a missed bar is a failure")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part: {', '.join(unknown)}")
    end_in_order()
    missed: list[str] = []
    errors = 0
    for part, found in (("steady", [lambda: steady("users", options.pairs), lambda: steady("sampled", options.pairs)]),
                        ("flat-out", [lambda: flat_out(options.rounds)]), ("compare", [lambda: (compares(), 0)])):
        for measure in found if part in options.parts else ():
            more, bad = measure()
            missed += more
            errors += bad
    print(f"bridge: user_errors={errors} missed={','.join(missed) or '-'}", flush=True)
    return 1 if errors or (options.strict and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
