"""The faults: what is broken, what users do meanwhile, and by what the agent shows that it felt it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from faults_api import OneConfigMap
from faults_pairs import Bars, Fault
from faults_rig import MIB, Load, Rig, Setup, free_port

KUBECONFIG = """apiVersion: v1
kind: Config
current-context: one
clusters: [{{name: one, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: one, user: {{token: none}}}}]
contexts: [{{name: one, context: {{cluster: one, user: one}}}}]
"""
FROZEN_SECONDS, AWAKE_SECONDS = 0.09, 0.01
BETWEEN_RESTARTS = 0.4

Proof = Callable[[dict[str, int]], bool]


def start(rig: Rig) -> None:
    rig.start_agent()


def nobody(_: Rig) -> None:
    """No agent at all."""


def start_told_by(rig: Rig, port: int) -> None:
    """As in a pod: by a ConfigMap. It begins with what its folder holds."""
    kubeconfig = rig.folder / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.format(port=port), encoding="utf-8")
    rig.start_agent("--config-map", "shop/payments", "--settings-folder", str(rig.shared), "--kubeconfig", str(kubeconfig))


def start_told_by_nobody(rig: Rig) -> None:
    start_told_by(rig, free_port())


def start_told_of_changes(rig: Rig) -> None:
    """By a ConfigMap that changes five times a second."""
    files = {path.name: path.read_text(encoding="utf-8") for path in rig.shared.glob("*.json")}
    api = OneConfigMap("shop", "payments", files)
    rig.stack.callback(api.close)
    start_told_by(rig, api.port)


def running(rig: Rig) -> None:
    if rig.agent is None:
        rig.start_agent()


def freeze(rig: Rig) -> None:
    assert rig.agent
    rig.agent.signal(signal.SIGSTOP)


def thaw(rig: Rig) -> None:
    assert rig.agent
    rig.agent.signal(signal.SIGCONT)


def kill_soon(rig: Rig, going_on: Callable[[], bool]) -> None:
    time.sleep(BETWEEN_RESTARTS)
    rig.kill_agent()


def kill_and_start(rig: Rig, going_on: Callable[[], bool]) -> None:
    while going_on():
        time.sleep(BETWEEN_RESTARTS)
        rig.kill_agent()
        rig.start_agent()


def stutter(rig: Rig, going_on: Callable[[], bool]) -> None:
    """It works one tenth of the time."""
    while going_on():
        freeze(rig)
        time.sleep(FROZEN_SECONDS)
        thaw(rig)
        time.sleep(AWAKE_SECONDS)


def some(*names: str) -> Proof:
    """Of these verdicts and reasons together there are some."""
    return lambda counts: sum(counts.get(name, 0) for name in names) > 0


def most(*names: str) -> Proof:
    """Most of what was to be compared became one of these."""
    return lambda counts: 2 * sum(counts.get(name, 0) for name in names) > counts["eligible"]


def failing(*names: str) -> Proof:
    """The target never answers as legacy does; some requests got as far as one of these."""
    return lambda counts: some(*names)(counts) and counts["equal"] == 0


def lost(counts: dict[str, int]) -> bool:
    """Copies never came to the agent."""
    return counts.get("eligible", 0) < counts["requests"]


@dataclass(frozen=True)
class Case:
    name: str
    proof: Proof
    setup: Setup = Setup()
    fault: Fault = field(default_factory=Fault)
    load: Load = Load()
    begin: Callable[[Rig], None] = start
    bars: Bars = Bars()
    # What the programs may grow by, beyond what they have at the start of the case.
    envoy_bytes: int = 64 * MIB
    agent_bytes: int = 192 * MIB


NO_ANSWER = ("target-timeout", "target-error", "dropped(buffer-full)", "dropped(breaker-open)")
LARGE_ANSWERS = Load(rate=40, path="/answers/524288")
# Envoy copies what passes on the thread that serves: 512 KiB are given 1 ms more.
LARGE_BARS = Bars(p50_delta_ms=1.5)
UPLOADS = Load(rate=40, upload=512 << 10)
FROZEN = Fault(before=freeze, after=thaw)
SOON = {"replay": {"deadline": "300ms"}}
NARROW = {"limits": {"memoryBytes": MIB, "streams": 16}, "replay": {"inFlight": 1, "waiting": 1, "deadline": "1s"}}

CASES = (
    Case("healthy", most("equal")),
    Case("agent-away", lost, begin=nobody),
    Case("agent-killed", lost, fault=Fault(before=running, during=kill_soon)),
    Case("agent-restarts", lost, fault=Fault(during=kill_and_start)),
    Case("agent-frozen", lost, fault=FROZEN),
    Case("agent-slow", lambda counts: some("equal")(counts) and some("dropped(agent-stalled)")(counts), fault=Fault(during=stutter)),
    Case("agent-frozen-large-answers", lost, fault=FROZEN, load=LARGE_ANSWERS, bars=LARGE_BARS),
    Case("agent-frozen-uploads", lost, fault=FROZEN, load=UPLOADS),
    Case("agent-full", some("dropped(buffer-full)"), Setup("late", NARROW)),
    Case("api-server-away", most("equal"), begin=start_told_by_nobody),
    Case("api-server-restless", most("equal"), begin=start_told_of_changes),
    Case("disk-full", lambda counts: most("equal")(counts) and some("settings-not-stored")(counts), Setup(is_disk_full=True),
         begin=start_told_of_changes),
    Case("large-answers", most("equal"), load=LARGE_ANSWERS, bars=LARGE_BARS),
    Case("uploads", lambda counts: counts["eligible"] == counts["opened"] == 0, load=UPLOADS),
    Case("target-dead", failing("status-differs", "target-error"), Setup("dead")),
    Case("target-unreachable", failing("status-differs", *NO_ANSWER), Setup("unreachable")),
    Case("target-silent", failing(*NO_ANSWER), Setup("never", SOON)),
    Case("target-10s-late", failing(*NO_ANSWER), Setup("late")),
    Case("target-1-byte-a-second", failing(*NO_ANSWER), Setup("drip", SOON)),
    Case("target-resets", failing("target-error", "status-differs"), Setup("reset")),
    Case("target-1-GiB-answers", failing(*NO_ANSWER), Setup("huge")),
    Case("target-errors", failing("status-differs"), Setup("error")),
    Case("target-differs", failing("differs"), Setup("other")),
)
