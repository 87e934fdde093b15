#!/usr/bin/python3
"""How fast the operator takes users back and what it costs, on a real API server: docs/benchmarks.md says what is measured and how.

  bench.py                         1, 100 and 1000 migrations with the default HTTP client, the largest number with the other one too
  bench.py --n 1,100 --quick       fewer trials and shorter windows
  bench.py --http-client beast     that client only
  bench.py --n 1000 --evidence     only what judging by evidence costs
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "cluster")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import measure  # noqa: E402
import report  # noqa: E402
from harness import ApiError, HarnessError, paths  # noqa: E402
from load import change_migrations  # noqa: E402
from rig import Rig, machine, rig  # noqa: E402

OUTPUT = paths.REPOSITORY / "build" / "bench"
CLIENTS = ("cpprest", "beast")
DRIFT_TRIALS = 20
BREACH_INTERVAL, STANDING_INTERVAL = "1s", "5s"


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    single_trials: int
    bursts: dict[int, int]  # up to N migrations: so many bursts
    window: float           # seconds of a standing load
    short_window: float
    kills: int
    evidence_only: bool = False


FULL = Effort(40, {100: 3, 10**6: 1}, 60, 20, 3)
QUICK = Effort(8, {10**6: 1}, 15, 5, 1)


class Bench:
    def __init__(self, counts: list[int], effort: Effort, client: str) -> None:
        self.results: dict[str, Any] = {
            "client": client, "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(),
            "load_at_start": measure.load_average(), "version": _version(), "rows": [], "failed": []}
        self._counts = counts
        self._effort = effort
        self._began = time.monotonic()
        # On one migration a second edit within minutes would count as a conflict between owners.
        self._drift_row = next((count for count in counts if count >= DRIFT_TRIALS), counts[-1])

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)

    def row(self, count: int, client: str, extras: bool) -> None:
        """One cluster, one operator, `count` migrations. `extras`: drift and the killed leader too, where it is their row."""
        row: dict[str, Any] = {"n": count, "client": client}
        self.results["rows"].append(row)
        self.say(f"n={count} {client}: the cluster starts (load {measure.load_average()})")
        try:
            with rig(client) as made:
                try:
                    self._measure(made, row, extras)
                finally:
                    self._keep(made, f"{client}-n{count}")
        except (HarnessError, ApiError, OSError, KeyError) as error:
            row["error"] = str(error)
            self.results["failed"].append(f"n={count} {client}: {error}")
            self.say(f"n={count} {client}: DID NOT HAPPEN: {error}")
        report.save(self.results, OUTPUT / "bench.json")

    def _measure(self, made: Rig, row: dict[str, Any], extras: bool) -> None:
        count, effort = row["n"], self._effort
        row["climb"] = measure.climb(made, count, STANDING_INTERVAL)
        self.say(f"n={count}: all at weight {row['climb']['all_at_weight_seconds']} s after the first was created, and settled")
        if effort.evidence_only:
            self._measure_evidence(made, row, 1)
            return
        row["standing"] = measure.standing(made, count, STANDING_INTERVAL, effort.window)
        self._say_standing(count, row["standing"])
        change_migrations(made.cluster, count, {"analysis": {"interval": BREACH_INTERVAL}})
        made.wait_until_quiet(60 + count * 0.1)
        row["standing_1s"] = measure.standing(made, count, BREACH_INTERVAL, effort.short_window)
        self._say_standing(count, row["standing_1s"])
        if extras and count == self._drift_row:
            self.results["drift"] = measure.drift(made, min(count, DRIFT_TRIALS))
            self.say(f"n={count}: weight edited by hand, put back after ms: {self.results['drift']['put_back_ms']}")
        if count == 1:
            row["breach"] = measure.one_by_one(made, effort.single_trials, 1.0)
        else:
            row["breach"] = measure.bursts(made, count, next(times for limit, times in effort.bursts.items() if count <= limit))
        self.say(f"n={count}: breach visible to weight 0, ms: {row['breach']['breach_to_zero_ms']}")
        if alone := row["breach"].get("yardstick"):
            self.say(f"n={count}: the API server alone takes {alone['seconds']} s for {alone['writes']} such writes")
        attempt = row["breach"]["trials"] + 1
        if extras and count == self._counts[0]:
            self._kill_leaders(made, count, attempt)
            attempt += self._effort.kills
        if extras and count == self._counts[-1]:
            self._measure_evidence(made, row, attempt)

    def _measure_evidence(self, made: Rig, row: dict[str, Any], attempt: int) -> None:
        # Each migration writes once a minute, so a shorter window would be a matter of luck.
        row["evidence"] = measure.evidence(made, row["n"], max(60, self._effort.window), attempt)
        self._say_standing(row["n"], row["evidence"])

    def _kill_leaders(self, made: Rig, count: int, attempt: int) -> None:
        measure.start_again(made, count, attempt)
        self.results["leader_killed"] = measure.leader_killed(made, count, self._effort.kills, attempt)
        self.say(f"n={count}: leader killed to weight 0, s: {self.results['leader_killed']['to_zero_seconds']}")

    def _say_standing(self, count: int, standing: dict[str, Any]) -> None:
        self.say(f"n={count}: standing, interval {standing['interval']}: cpu {standing['cpu_percent']} %, rss {standing['rss_mib']} MiB, "
                 f"{standing['requests_per_second']} requests a second, {standing['metric_queries_per_second']} metric queries a second, "
                 f"load {standing['load']}")

    @staticmethod
    def _keep(made: Rig, name: str) -> None:
        """What explains a figure later: the operator's own metrics and its log."""
        OUTPUT.mkdir(parents=True, exist_ok=True)
        if made.operator.alive:
            (OUTPUT / f"{name}.metrics.txt").write_text(made.metrics_text(), encoding="utf-8")
        (OUTPUT / f"{name}.log").write_text(made.operator.log_text(), encoding="utf-8")


def _version() -> str:
    done = subprocess.run([paths.built("softmigration-operator"), "--version"], capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.strip()


def _counts(text: str) -> list[int]:
    counts = sorted({int(part) for part in text.split(",")})
    if not counts or counts[0] < 1 or counts[-1] > 5000:
        raise argparse.ArgumentTypeError("want numbers from 1 to 5000 with commas")
    return counts


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=_counts, default=[1, 100, 1000], help="how many migrations, one row for each (default: 1,100,1000)")
    parser.add_argument("--quick", action="store_true", help="fewer trials, shorter windows: to see that it works")
    parser.add_argument("--evidence", action="store_true", help="only what judging by evidence costs, for each number")
    parser.add_argument("--http-client", choices=CLIENTS, help="this one only (default: cpprest, and beast for the largest number)")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    if os.geteuid() != 0:
        print("bench: run it as root: it makes a network namespace", file=sys.stderr)
        return 2
    try:
        effort = replace(QUICK if options.quick else FULL, evidence_only=options.evidence)
        bench = Bench(options.n, effort, options.http_client or CLIENTS[0])
    except HarnessError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    for count in options.n:
        bench.row(count, bench.results["client"], extras=True)
    if not options.http_client and not options.evidence:
        bench.row(options.n[-1], CLIENTS[1], extras=False)
    results = bench.results
    print(f"\n{results['version']}; {results['machine']['cores']} cores ({results['machine']['model']}); polling interval 1 s for the "
          f"breach, 5 s for the standing load; load: 1 minute average during standing load / breach\n")
    if not options.evidence:
        print(report.table(results["rows"]) + "\n")
    for failure in results["failed"]:
        print(f"did not happen: {failure}")
    print(f"figures: {OUTPUT / 'bench.json'}\n")
    print("\n".join(report.lines(results)), flush=True)
    return 1 if results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
