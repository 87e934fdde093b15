"""The measurements. Each gives back plain figures and raises HarnessError where what it measures did not happen."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Sequence
from typing import Any

from harness import HarnessError, wait_for

import load
from rig import Rig, Usage, by_verb, usage

Figures = dict[str, Any]
_MIB = 2**20
_EVIDENCE_INTERVAL = "10s"
_BREACH_SECONDS = 120  # then we say that it did not happen


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank: a value that was measured; with few values the 99th is the largest."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(values: Sequence[float]) -> Figures:
    return {"count": len(values), "min": min(values), "p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values)}


def in_ms(seconds: Sequence[float]) -> Figures:
    return {key: value if key == "count" else round(value * 1000) for key, value in summary(seconds).items()}


def load_average() -> float:
    return round(os.getloadavg()[0], 1)


def climb(rig: Rig, count: int, interval: str) -> Figures:
    """Makes the migrations and waits until all stand at their first weight and nothing is left to do."""
    began = time.time()
    load.create_migrations(rig.cluster, count, interval)
    created = time.time()
    rig.watch.wait_until(load.names(count), load.WEIGHT, 60 + count * 0.3, with_acceptance=True)
    shifted = time.time()
    rig.wait_until_quiet(60 + count * 0.1)
    _expect_in_progress(rig, count)
    requests = rig.audit.requests(began)
    return {"create_seconds": round(created - began, 1), "all_at_weight_seconds": round(shifted - began, 1),
            "requests": by_verb(requests), "load": load_average()}


def standing(rig: Rig, count: int, interval: str, seconds: float) -> Figures:
    """Everything in progress, values that move, and no verdict, weight or route that changes."""
    with load.MovingValues(rig.source):
        time.sleep(min(5.0, seconds / 3))
        return _at_rest(rig, count, interval, seconds)


def evidence(rig: Rig, count: int, seconds: float, attempt: int) -> Figures:
    """The same, judged by counts of both sides: what keeping the evidence in status costs. `attempt`: the one to make for it."""
    start_again(rig, count, attempt)
    load.judge_by_evidence(rig.cluster, rig.source, count, _EVIDENCE_INTERVAL)
    wait_for(lambda: load.checkpoints(rig.cluster) == count, 120 + count * 0.1, "all have evidence in their status", every=2)
    return _at_rest(rig, count, _EVIDENCE_INTERVAL, seconds)


def _at_rest(rig: Rig, count: int, interval: str, seconds: float) -> Figures:
    leader = rig.operators[rig.leader()]
    asked = rig.source.queries()
    before = usage(leader)
    time.sleep(seconds)
    after = usage(leader)
    asked = rig.source.queries() - asked
    time.sleep(0.5)  # for the API server to write its log
    requests = rig.audit.requests(before.at, after.at)
    _expect_in_progress(rig, count)
    window = after.at - before.at
    writes = [request for request in requests if request.is_write]
    return {
        "interval": interval, "seconds": round(window, 1), "load": load_average(),
        "cpu_percent": round(100 * (after.cpu_seconds - before.cpu_seconds) / window, 2),
        **_memory(after),
        "requests_per_second": round(len(requests) / window, 2), "requests": by_verb(requests),
        "writes_per_hour": round(len(writes) * 3600 / window), "metric_queries_per_second": round(asked / window, 1)}


def one_by_one(rig: Rig, trials: int, interval_seconds: float) -> Figures:
    """One migration in progress; its metric flips at an instant of the polling interval that is spread evenly over the trials."""
    name = load.names(1)[0]
    places = [(slot + random.random()) / trials * interval_seconds for slot in range(trials)]
    random.shuffle(places)
    to_zero, from_answer = [], []
    for trial, place in enumerate(places):
        if trial:
            start_again(rig, 1, trial + 1)
        _sleep_to_place(place, interval_seconds)
        flipped = rig.source.set_one(name, load.BAD) / 1000
        zero = rig.watch.wait_for_change(name, 0, flipped, _BREACH_SECONDS)
        to_zero.append(zero - flipped)
        from_answer.append(zero - rig.source.answers()[name].first_answer / 1000)
        rig.wait_for_phase("RolledBack", 1, 30)
    return {"trials": trials, "breach_to_zero_ms": in_ms(to_zero), "answer_to_zero_ms": in_ms(from_answer), "load": load_average(),
            "all_breach_to_zero_ms": [round(value * 1000) for value in to_zero]}


def burst(rig: Rig, count: int) -> Figures:
    """The metrics of all migrations flip in one instant. The gateway rests until the last weight is 0."""
    wanted = load.names(count)
    before, shares = usage(rig.operator), rig.cpu_by_process()
    with rig.gateway.resting():
        flipped = rig.source.set_all(load.BAD) / 1000
        zeros = [rig.watch.wait_for_change(name, 0, flipped, _BREACH_SECONDS) for name in wanted]
        at_zero, shares_at_zero = usage(rig.operator), rig.cpu_by_process()
    answers = rig.source.answers()
    rig.wait_for_phase("RolledBack", count, 60 + count * 0.1)
    rig.wait_until_quiet(60)
    after = usage(rig.operator)
    to_zero = [zero - flipped for zero in zeros]
    return {
        "values": [round(value * 1000) for value in to_zero],
        "answer_values": [round(zero * 1000) - answers[name].first_answer for name, zero in zip(wanted, zeros)],
        "flip_to_answer_ms": in_ms([answers[name].first_answer / 1000 - flipped for name in wanted]),
        "cpu_seconds_to_last_zero": round(at_zero.cpu_seconds - before.cpu_seconds, 2),
        "cpu_seconds_to_rolled_back": round(after.cpu_seconds - before.cpu_seconds, 2),
        "cpu_seconds_by_process_to_last_zero": {name: round(taken - shares[name], 2) for name, taken in shares_at_zero.items()},
        "requests_to_last_zero": by_verb(rig.audit.requests(flipped, at_zero.at)), "load": load_average(), **_memory(after)}


def yardstick(rig: Rig, count: int) -> Figures:
    """What the API server alone takes for a burst: as many small patches of the same routes from a client that decides nothing.
    It says how much of a burst is the machine's. The operator only watches meanwhile; nobody's weight moves."""
    api = rig.cluster.api_as("second-writer")
    edit = {"metadata": {"annotations": {"bench.softmigration.io/yardstick": str(time.time())}}}
    before, began = rig.cpu_by_process(), time.time()
    load.side_by_side(lambda name: api.patch(f"{load.ROUTES}/{name}", edit), load.names(count))
    took, after = time.time() - began, rig.cpu_by_process()
    return {"writes": count, "seconds": round(took, 2), "load": load_average(),
            "cpu_seconds_by_process": {name: round(taken - before[name], 2) for name, taken in after.items()}}


def bursts(rig: Rig, count: int, times: int) -> Figures:
    done: list[Figures] = []
    for index in range(times):
        if index:
            start_again(rig, count, index + 1)
        done.append(burst(rig, count))
    values = [value / 1000 for one in done for value in one["values"]]
    answered = [value / 1000 for one in done for value in one["answer_values"]]
    for one in done:
        del one["values"], one["answer_values"]
    return {"trials": times, "breach_to_zero_ms": in_ms(values), "answer_to_zero_ms": in_ms(answered), "bursts": done,
            "load": load_average(), "yardstick": yardstick(rig, count)}


def start_again(rig: Rig, count: int, attempt: int) -> None:
    """After a rollback of all `count`: the metrics are good again, and the users' attempt is raised."""
    rig.source.set_all(load.GOOD)
    load.change_migrations(rig.cluster, count, {"attempt": attempt})
    rig.watch.wait_until(load.names(count), load.WEIGHT, 60 + count * 0.3, with_acceptance=True)
    if count > 1:
        rig.wait_until_quiet(60)
    else:
        rig.wait_for_phase("Shift", 1, 30)


def drift(rig: Rig, trials: int) -> Figures:
    """Somebody edits a weight by hand: from the moment before the edit is sent to the weight being back. One edit a route,
    because a second one within minutes counts as a conflict between owners."""
    edits = [{"name": load.LEGACY, "port": 8080, "weight": 40}, {"name": load.TARGET, "port": 8080, "weight": 60}]
    api = rig.cluster.api_as("second-writer")
    took = []
    for name in load.names(trials):
        time.sleep(0.1 + 0.2 * random.random())
        sent = time.time()
        edit = {"op": "replace", "path": "/spec/rules/0/backendRefs", "value": edits}
        api.patch(f"{load.ROUTES}/{name}", [edit], kind="json", manager="somebody")
        seen = rig.watch.wait_for_change(name, 60, sent, 30)
        took.append(rig.watch.wait_for_change(name, load.WEIGHT, seen, _BREACH_SECONDS) - sent)
    rig.watch.wait_until(load.names(trials), load.WEIGHT, 30, with_acceptance=True)
    rig.wait_until_quiet(60)
    return {"trials": trials, "put_back_ms": in_ms(took), "load": load_average()}


def leader_killed(rig: Rig, count: int, trials: int, attempt: int) -> Figures:
    """The leader is killed (-9) and the metric flips in the same moment; a standby with full caches runs.
    `attempt`: the one at which the migrations are now, in progress."""
    name = load.names(1)[0]
    rig.start_operator("operator-b")
    took = []
    for trial in range(trials):
        if trial:
            rig.source.set_all(load.GOOD)
            rig.cluster.api.patch(f"{load.MIGRATIONS}/{name}", {"spec": {"attempt": attempt + trial}}, manager="user")
            rig.watch.wait_until(load.names(count), load.WEIGHT, 60, with_acceptance=True)
            rig.wait_until_quiet(60)
        leader = rig.leader()
        if not leader:
            raise HarnessError("no operator holds the lease")
        time.sleep(1.5 * random.random())  # anywhere between two renewals
        killed = time.time()
        rig.operators[leader].kill()
        rig.source.set_one(name, load.BAD)
        took.append(rig.watch.wait_for_change(name, 0, killed, _BREACH_SECONDS) - killed)
        rig.start_operator(leader)
        _wait_for_rollback(rig, name)
    return {"trials": trials, "to_zero_seconds": [round(value, 2) for value in took], "max": round(max(took), 2),
            "lease_seconds": rig.lease_seconds(), "load": load_average()}


def _wait_for_rollback(rig: Rig, name: str) -> None:
    deadline = time.monotonic() + 30
    while rig.cluster.api.get(f"{load.MIGRATIONS}/{name}").get("status", {}).get("phase") != "RolledBack":
        if time.monotonic() > deadline:
            raise HarnessError(f"{name} did not come to RolledBack")
        time.sleep(0.1)


def _expect_in_progress(rig: Rig, count: int) -> None:
    found = load.phases(rig.cluster)
    if found != {"Shift": count}:
        raise HarnessError(f"{count} migrations should be in Shift, found {found}")


def _sleep_to_place(place: float, interval: float) -> None:
    """Until the clock is at `place` in the interval, at least a tenth of it from now."""
    wait = (place - time.time()) % interval
    time.sleep(wait if wait > interval / 10 else wait + interval)


def _memory(seen: Usage) -> Figures:
    return {"rss_mib": round(seen.rss_bytes / _MIB, 1), "peak_rss_mib": round(seen.peak_rss_bytes / _MIB, 1),
            "private_mib": round(seen.private_bytes / _MIB, 1)}
