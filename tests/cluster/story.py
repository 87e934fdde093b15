"""The demo's story on a running cluster: users move, a fault appears, the operator takes them back, the fault is fixed, they move for good.

Used by demo.py, which shows it to people, and by test_story.py.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import payments
from harness import Cluster, HarnessError, Object, Process, paths

EXAMPLES = paths.REPOSITORY / "examples"
CRDS = paths.REPOSITORY / "crds"
NAMESPACE, NAME = "shop", "payments"
MIGRATION = f"/apis/softmigration.io/v1alpha1/namespaces/{NAMESPACE}/softmigrations/{NAME}"
ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes/{NAME}"
OPERATOR_SPACE, OPERATOR = "softmigration-system", "softmigration-operator"
RATE = 200  # requests a second from all users together
FAULT_AT_WEIGHT = 25


def images() -> dict[str, Any]:
    """What the examples' images stand for."""
    program = paths.built("payments-api")
    return {
        "softmigration/operator:*": {"argv": [paths.built("softmigration-operator")], "append": ["--metrics-address", "$(POD_IP)"]},
        "softmigration/payments-api:legacy": {"argv": [program, "--version", "legacy"], "append": ["--address", "$(POD_IP)"]},
        "softmigration/payments-api:next": {"argv": [program, "--version", "next"], "append": ["--address", "$(POD_IP)"]},
    }


def install_operator(cluster: Cluster) -> None:
    """The CRD and the operator as users install it: two replicas, with the rights of its own ServiceAccount."""
    cluster.apply(CRDS)
    cluster.wait_for(lambda: cluster.api.find("/apis/softmigration.io/v1alpha1/softmigrations"), 20, "the SoftMigration API is served")
    cluster.apply(EXAMPLES / "install" / "operator.yaml")


def deploy_payments(cluster: Cluster) -> None:
    for name in ("namespace", "payments-legacy", "payments-next", "httproute"):
        cluster.apply(EXAMPLES / "payments" / f"{name}.yaml")


def migration_manifest(cluster: Cluster) -> str:
    """examples/payments/softmigration.yaml with the address at which this cluster's Prometheus is reached."""
    text = (EXAMPLES / "payments" / "softmigration.yaml").read_text(encoding="utf-8")
    return text.replace("http://prometheus.monitoring:9090", cluster.prometheus_url)


def weight_of(route: Object) -> int:
    """The largest share of the target over the route's own rules, percent; rules for testers by header do not count."""
    shares = [0]
    for rule in route["spec"].get("rules", []):
        if rule.get("name", "").startswith("softmig-"):
            continue
        refs = rule.get("backendRefs", [])
        total = sum(ref.get("weight", 1) for ref in refs)
        target = sum(ref.get("weight", 1) for ref in refs if ref["name"] == "payments-next")
        shares.append(round(100 * target / total) if total else 0)
    return max(shares)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Figures:
    result: str = "failed"
    rollbacks: int = 0
    breach_to_weight0_ms: int = -1
    weight0_to_last_target_answer_ms: int = -1
    user_requests: int = 0
    user_errors_outside_fault: int = -1
    final_weight: int = -1
    final_phase: str = "none"

    def line(self) -> str:
        return "demo: " + " ".join(f"{name}={value}" for name, value in vars(self).items())


@dataclass
class Watcher:
    """Follows one object on a thread of its own and remembers when what changed. `seen`: (wall time in ms, value)."""

    cluster: Cluster
    path: str
    value: Callable[[Object], Any]
    seen: list[tuple[int, Any]] = field(default_factory=list)
    told: Callable[[Any], None] = lambda value: None
    _ended: bool = False

    def start(self) -> Watcher:
        threading.Thread(target=self._follow, daemon=True).start()
        return self

    def stop(self) -> None:
        self._ended = True

    @property
    def last(self) -> Any:
        return self.seen[-1][1] if self.seen else None

    def _follow(self) -> None:
        collection, _, name = self.path.rpartition("/")
        while not self._ended:
            try:
                for event in self.cluster.api.watch(collection, timeout=30):
                    if self._ended:
                        return
                    if event["type"] in ("ADDED", "MODIFIED") and event["object"]["metadata"]["name"] == name:
                        self._note(self.value(event["object"]))
            except (OSError, HarnessError, ValueError):
                time.sleep(0.1)

    def _note(self, value: Any) -> None:
        if value == self.last:
            return
        self.seen.append((now_ms(), value))
        self.told(value)


def view_of(migration: Object) -> tuple[str, int, str]:
    status = migration.get("status", {})
    message = next((c.get("message", "") for c in status.get("conditions", []) if c["type"] == "Ready"), "")
    return status.get("phase", "none"), status.get("currentWeight", 0), message


class Story:
    """One run, start to end. REQUIRES: a full cluster with the images of images()."""

    def __init__(self, cluster: Cluster, report: Callable[[str], None] = lambda line: None) -> None:
        self.cluster = cluster
        self.figures = Figures()
        self._report = report
        self._began = time.monotonic()
        self._summary = cluster.state / "users.json"
        self._state = cluster.state / "users-now.json"
        self._route = Watcher(cluster, ROUTE, weight_of, told=lambda weight: self._say(f"route      {weight:3d} % of users to payments-next"))
        self._migration = Watcher(cluster, MIGRATION, view_of, told=self._tell_migration)
        self._fault_on = 0
        self._last_target_answer = 0

    def run(self) -> Figures:
        self._prepare()
        users = self._start_users()
        self._migration.start()
        self._route.start()
        self.cluster.apply(migration_manifest(self.cluster), manager="user")
        self._say(f"applied    examples/payments/softmigration.yaml; {RATE} requests a second come in")
        self._break_at(FAULT_AT_WEIGHT)
        self._watch_rollback()
        self._mend_and_finish()
        users.terminate(grace=5)
        self._count()
        return self.figures

    def _say(self, text: str) -> None:
        self._report(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def _tell_migration(self, view: tuple[str, int, str]) -> None:
        phase, weight, message = view
        self._say(f"migration  {phase:<11} {weight:3d} %  {message}")

    def _prepare(self) -> None:
        install_operator(self.cluster)
        deploy_payments(self.cluster)
        self.cluster.wait_for_deployment(OPERATOR_SPACE, OPERATOR, 60)
        for name in ("payments-legacy", "payments-next"):
            self.cluster.wait_for_deployment(NAMESPACE, name, 60)
        self._say("ready      payments-legacy, payments-next and the operator (2 replicas) run")
        self.cluster.wait_for(self._served, 30, "users get answers through the gateway")

    def _served(self) -> bool:
        try:
            return self.cluster.http(f"{self.cluster.user_url}/payments/1", timeout=2).status < 500
        except OSError:
            return False

    def _start_users(self) -> Process:
        gateway = urlsplit(self.cluster.user_url)
        return self.cluster.run("users", [
            paths.built("load-generator"), "--address", str(gateway.hostname), "--port", str(gateway.port), "--rate", str(RATE),
            "--connections", "32", "--summary", str(self._summary), "--state", str(self._state)])

    def _set_fault(self, rate: float) -> None:
        payments.set_fault(self.cluster, NAMESPACE, "next", error_rate=rate, latency_ms=0)

    def _break_at(self, weight: int) -> None:
        self.cluster.wait_for(lambda: self._migration.last and self._migration.last[1] == weight, 90, f"weight {weight}")
        time.sleep(2)
        self._fault_on = now_ms()
        self._set_fault(0.3)
        self._say("fault      payments-next answers 30 % of its requests with errors from now on")

    def _watch_rollback(self) -> None:
        self.cluster.wait_for(lambda: self._migration.last and self._migration.last[0] == "RolledBack", 60, "the rollback")
        zero = next(at for at, weight in self._route.seen if at > self._fault_on and weight == 0)
        record = self.cluster.api.get(MIGRATION)["status"]["lastRollback"]
        self.figures.rollbacks += 1
        self.figures.breach_to_weight0_ms = zero - _parse_ms(record["breachSeenAt"])
        time.sleep(3)  # stragglers show themselves
        self._last_target_answer = self._users_now()["last_answer_ms"]["next"]
        self.figures.weight0_to_last_target_answer_ms = max(0, self._last_target_answer - zero)
        self._say(f"measured   weight 0 {self.figures.breach_to_weight0_ms} ms after the breach was seen, "
                  f"last answer of payments-next {self.figures.weight0_to_last_target_answer_ms} ms later")

    def _mend_and_finish(self) -> None:
        self._set_fault(0)
        self._say("mended     the fault in payments-next is fixed; attempt is raised to 2")
        self.cluster.api.patch(MIGRATION, {"spec": {"attempt": 2}}, manager="user")
        seen = len(self._migration.seen)

        def ended() -> bool:
            later = [value[0] for _, value in self._migration.seen[seen:]]
            return "Complete" in later or "RolledBack" in later
        self.cluster.wait_for(ended, 120, "the end of the migration")
        time.sleep(2)

    def _users_now(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        return state

    def _count(self) -> None:
        self._route.stop()
        self._migration.stop()
        summary = json.loads(self._summary.read_text(encoding="utf-8"))
        figures = self.figures
        figures.user_requests = summary["good"] + summary["failed"]
        figures.user_errors_outside_fault = summary["failed"] - self._errors_inside_fault(summary)
        figures.final_phase, figures.final_weight, _ = view_of(self.cluster.api.get(MIGRATION))
        route_weight = weight_of(self.cluster.api.get(ROUTE))
        rollbacks = sum(1 for _, value in self._migration.seen if value[0] == "RolledBack")
        figures.rollbacks = max(figures.rollbacks, rollbacks)
        good = (figures.final_phase == "Complete" and figures.final_weight == 100 == route_weight and figures.rollbacks == 1
                and figures.user_errors_outside_fault == 0 and summary["in_flight"] == 0)
        figures.result = "ok" if good else "failed"

    def _errors_inside_fault(self, summary: dict[str, Any]) -> int:
        """Errors that payments-next itself answered between the switch and its last answer before it was mended."""
        return sum(bucket["failed"].get("next", 0) for bucket in summary["buckets"]
                   if self._fault_on - 100 < bucket["at_ms"] <= self._last_target_answer)


def _parse_ms(text: str) -> int:
    from datetime import datetime
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def save(figures: Figures, path: Path) -> None:
    path.write_text(json.dumps(vars(figures), indent=2) + "\n", encoding="utf-8")
