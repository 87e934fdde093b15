"""What the benchmark puts into the cluster: two Services that count as ready, routes, migrations, and the metric source."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from harness import Cluster, HarnessError, Object, wait_for

SPACE = "bench"
LEGACY, TARGET = "legacy", "next"
WEIGHT = 10            # where every migration stands while it is in progress
GOOD, BAD = 0.1, 0.9   # of a metric whose max is 0.5
STUB_URL = "http://127.0.0.1:9090"
MIGRATIONS = f"/apis/softmigration.io/v1alpha1/namespaces/{SPACE}/softmigrations"
ROUTES = f"/apis/gateway.networking.k8s.io/v1/namespaces/{SPACE}/httproutes"
_WRITERS = 4


def names(count: int) -> list[str]:
    return [f"m{index:04}" for index in range(count)]


def side_by_side(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Runs `work` on each item, a few at a time. Raises the first error."""
    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(work, items))


def create_backends(cluster: Cluster) -> None:
    """Both sides have a ready endpoint by their EndpointSlice; there is no pod behind it and no request is sent to it."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    for index, name in enumerate((LEGACY, TARGET)):
        cluster.apply([
            {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": SPACE, "name": name},
             "spec": {"ports": [{"name": "http", "port": 8080, "targetPort": 8080}]}},
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"namespace": SPACE, "name": f"{name}-1", "labels": {"kubernetes.io/service-name": name}},
             "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
             "endpoints": [{"addresses": [f"10.244.9.{index + 1}"], "conditions": {"ready": True, "serving": True}}]},
        ])


def create_migrations(cluster: Cluster, count: int, interval: str) -> None:
    """`count` routes, and a migration for each."""
    side_by_side(lambda name: cluster.api.create(ROUTES, _route(name)), names(count))
    side_by_side(lambda name: cluster.api.create(MIGRATIONS, _migration(name, interval)), names(count))


def change_migrations(cluster: Cluster, count: int, spec: Object) -> None:
    side_by_side(lambda name: cluster.api.patch(f"{MIGRATIONS}/{name}", {"spec": spec}, manager="user"), names(count))


def judge_by_evidence(cluster: Cluster, source: MetricSource, count: int, interval: str) -> None:
    """All are judged by counts of both sides from now on, four queries each: 10 requests a second of which none fails."""
    def query(what: str) -> str:
        return f'sum({what}_total{{series="{what}/{{{{namespace}}}}/{{{{name}}}}/{{{{service}}}}"}})'
    source.set_counters("bad/", 0)
    source.set_counters("all/", 10)
    change_migrations(cluster, count, {"analysis": {"interval": interval, "metrics": [
        {"name": "errors", "prometheus": {"address": STUB_URL, "bad": query("bad"), "total": query("all")},
         "notWorseThanLegacy": {"ratio": "1.5", "floor": "0.001"}}]}})


def checkpoints(cluster: Cluster) -> int:
    """How many migrations have evidence in their status."""
    return sum(1 for migration in cluster.api.list(MIGRATIONS) if migration.get("status", {}).get("checkpoint"))


def phases(cluster: Cluster) -> dict[str, int]:
    """How many migrations are in each phase."""
    found: dict[str, int] = {}
    for migration in cluster.api.list(MIGRATIONS):
        phase = migration.get("status", {}).get("phase", "none")
        found[phase] = found.get(phase, 0) + 1
    return found


def _route(name: str) -> Object:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"namespace": SPACE, "name": name},
        "spec": {
            "parentRefs": [{"name": "gw"}],
            "rules": [{"name": "users", "matches": [{"path": {"type": "PathPrefix", "value": f"/{name}"}}],
                       "backendRefs": [{"name": LEGACY, "port": 8080, "weight": 1}]}]}}


def _migration(name: str, interval: str) -> Object:
    query = 'max(error_ratio{series="{{namespace}}/{{name}}"})'
    return {
        "apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration", "metadata": {"namespace": SPACE, "name": name},
        "spec": {
            "legacy": {"service": {"name": LEGACY, "port": 8080}}, "target": {"service": {"name": TARGET, "port": 8080}},
            "routes": [{"name": "web", "gatewayAPI": {"kind": "HTTPRoute", "name": name}}],
            "plan": {"shift": {"steps": [{"weight": WEIGHT, "hold": "24h"}, {"weight": 100}]}},
            "analysis": {"interval": interval, "metrics": [
                {"name": "errors", "prometheus": {"address": STUB_URL, "query": query}, "max": "0.5"}]}}}


@dataclass(frozen=True)
class Answered:
    """Of one name since it was last set: wall times in ms."""

    set_at: int
    first_answer: int


class MetricSource:
    """The metrics-stub: a Prometheus that says what it is told. Times are those of its own clock, the machine's."""

    def __init__(self, cluster: Cluster, program: str) -> None:
        self._cluster = cluster
        self.process = cluster.run("metrics-stub", [program, "--address", "127.0.0.1", "--port", "9090"])
        wait_for(self._ready, 20, "the metrics stub answers")
        self.set_all(GOOD)

    def set_all(self, value: float) -> int:
        """Every migration's value, those created later too. Returns when, in ms."""
        return self._set({"prefix": f"{SPACE}/", "value": value})

    def set_one(self, name: str, value: float) -> int:
        return self._set({"name": f"{SPACE}/{name}", "value": value})

    def set_counters(self, prefix: str, per_second: float) -> None:
        self._set({"prefix": prefix, "value": per_second, "mode": "counter"})

    def answers(self) -> dict[str, Answered]:
        """By migration."""
        series = json.loads(self._cluster.http(f"{STUB_URL}/stats", timeout=20).body)["series"]
        return {key.partition("/")[2]: Answered(entry["set_at_ms"], entry["first_answer_ms"]) for key, entry in series.items()}

    def queries(self) -> int:
        return int(json.loads(self._cluster.http(f"{STUB_URL}/stats", timeout=20).body)["queries"])

    def _set(self, wish: Object) -> int:
        answer = self._cluster.http(f"{STUB_URL}/set", "POST", json.dumps(wish), timeout=20)
        if answer.status != 200:
            raise HarnessError(f"the metrics stub refuses {wish}: {answer.body}")
        return int(json.loads(answer.body)["set_at_ms"])

    def _ready(self) -> bool:
        try:
            return self._cluster.http(f"{STUB_URL}/-/ready", timeout=2).status == 200
        except OSError:
            return False


class MovingValues:
    """Context: as long as it is open all values change each second, within bounds, as values of real metrics do."""

    def __init__(self, source: MetricSource) -> None:
        self._source = source
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._move, daemon=True)

    def __enter__(self) -> MovingValues:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=30)
        self._source.set_all(GOOD)

    def _move(self) -> None:
        step = 0
        while not self._ended.wait(1):
            step += 1
            self._source.set_all(round(GOOD + 0.01 * (step % 20), 3))
