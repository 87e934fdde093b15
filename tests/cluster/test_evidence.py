"""Counts judged by evidence, on a real Prometheus that scrapes real pods: what is counted is exactly what Prometheus knows, whatever
restarts, and the verdicts are those that the counts deserve."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest

import payments
from harness import Object, Process, paths
from world import World

pytest_plugins = ["operator_fixture"]

NAMESPACE = 'namespace="{{namespace}}"'
BAD = f'payments_requests_total{{{NAMESPACE},version="VERSION",code=~"5.."}}'
TOTAL = f'payments_requests_total{{{NAMESPACE},version="VERSION"}}'
BUCKETS = f'payments_request_duration_seconds_bucket{{{NAMESPACE},version="VERSION"}}'


def of(query: str, version: str) -> str:
    return query.replace("VERSION", version)


class Shop:
    """Both versions with users; the migration is judged by one metric on their counters."""

    def __init__(self, world: World, rate: int = 150) -> None:
        self.world = world
        world.deploy()
        world.add_route()
        gateway = urlsplit(world.cluster.user_url)
        world.wait(lambda: world.cluster.http(f"{world.cluster.user_url}/payments/1", headers={"Host": world.host}, timeout=2).status < 500,
                   "users get answers through the gateway")
        self.users: Process = world.cluster.run(f"users-{world.space}", [
            paths.built("load-generator"), "--address", str(gateway.hostname), "--port", str(gateway.port), "--rate", str(rate),
            "--host", world.host, "--connections", "8"])
        self.operator = world.operator(proxied=False)

    def close(self) -> None:
        self.users.kill()

    def fault(self, version: str, error_rate: float = 0, latency_ms: int = 0) -> None:
        payments.set_fault(self.world.cluster, self.world.space, version, error_rate=error_rate, latency_ms=latency_ms)

    def metric(self, bad: str = f"({BAD}) or vector(0)", total: str = TOTAL, legacy: bool = True, **more: object) -> Object:
        queries: Object = {"address": self.world.cluster.prometheus_url, "bad": of(bad, "next"), "total": of(total, "next")}
        if legacy:
            queries["legacy"] = {"bad": of(bad, "legacy"), "total": of(total, "legacy")}
        return {"name": "errors", "prometheus": queries, **more}

    def latency(self, le: str, **more: object) -> Object:
        return {"name": "latency", "latency": {"le": le, **more}, "prometheus": {
            "address": self.world.cluster.prometheus_url, "histogram": of(BUCKETS, "next"), "legacy": {"histogram": of(BUCKETS, "legacy")}}}

    def scrape(self, version: str, wanted: bool) -> None:
        """Whether Prometheus is to know the pods of a version: others take their place, and serve all the same."""
        annotations = {"prometheus.io/scrape": "true" if wanted else "false"}
        self.world.api.patch(f"/apis/apps/v1/namespaces/{self.world.space}/deployments/payments-{version}",
                             {"spec": {"template": {"metadata": {"annotations": annotations}}}})

    def begin(self, metric: Object, hold: str = "1h", plan: Object | None = None, **analysis: object) -> None:
        full = {"interval": "1s", "delay": "1s", "burstTolerance": "3s", "metrics": [metric], **analysis}
        steps = [{"weight": 50, "hold": hold}, {"weight": 100}]
        self.world.cluster.apply(self.world.migration(steps=steps, plan=plan or {}, analysis=full), manager="user")

    def seen(self) -> Object:
        """The metric as status tells it; empty while it does not."""
        components = self.world.status().get("components") or [{}]
        return (components[0].get("metrics") or [{}])[0]

    def wait_verdict(self, verdict: str, words: str = "") -> Object:
        return self.world.wait(lambda: self.seen() if self.seen().get("verdict") == verdict and words in self.seen()["evidence"] else None,
                               f"verdict {verdict} with {words!r}")

    def checkpoint(self) -> Object:
        """The evidence as of now: pausing writes status, and every write takes the evidence along."""
        before = self.world.status().get("checkpoint", {}).get("at", "")
        self.world.edit({"paused": not self.world.get()["spec"].get("paused", False)})
        written = self.world.wait(lambda: self.world.status().get("checkpoint") if
                                  self.world.status().get("checkpoint", {}).get("at", "") > before else None, "another checkpoint")
        return dict(json.loads(written["evidence"][0]["state"]))

    def counted(self, query: str, version: str, instant: float) -> float:
        """What Prometheus knew at an instant, pods that are gone included."""
        filled = of(query, version).replace("{{namespace}}", self.world.space)
        text = f"sum(last_over_time({filled}[10m]))"
        url = f"{self.world.cluster.prometheus_url}/api/v1/query?query={quote(text)}&time={instant:.3f}"
        result = json.loads(self.world.cluster.http(url).body)["data"]["result"]
        return float(result[0]["value"][1]) if result else 0.0

    def first_instant(self, query: str, version: str, after: float) -> float:
        """The first whole second at which Prometheus had an answer."""
        filled = of(query, version).replace("{{namespace}}", self.world.space)
        url = (f"{self.world.cluster.prometheus_url}/api/v1/query_range?query={quote(filled)}"
               f"&start={int(after)}&end={int(time.time())}&step=1")
        series = json.loads(self.world.cluster.http(url).body)["data"]["result"]
        return float(min(point[0] for one in series for point in one["values"]))


@pytest.fixture(name="shop")
def _shop(full_world: World):  # type: ignore[no-untyped-def]
    shop = Shop(full_world)
    yield shop
    shop.close()


def assert_exact(shop: Shop, began: float, state: Object) -> None:
    """Every request of the target between the first instant it had numbers and the last window was counted once."""
    end = state["lastWindowEnd"] / 1000
    first = shop.first_instant(TOTAL, "next", began)
    total, bad = (float(number) for number in state["total"])
    assert total == shop.counted(TOTAL, "next", end) - shop.counted(TOTAL, "next", first), (state, first)
    assert bad == shop.counted(BAD, "next", end) - shop.counted(BAD, "next", first), (state, first)
    assert total > 100, state


def test_evidence_promotes_a_good_target_and_people_can_read_it(shop: Shop) -> None:
    shop.begin(shop.metric(maxRate="0.02"), hold="2s")
    status = shop.world.wait_phase("Complete", timeout=60)
    assert status["currentWeight"] == 100
    records = status["checkpoint"]["evidence"]
    assert [record["metric"] for record in records] == ["errors"]
    assert records[0]["samples"] > 300


def test_a_killed_operator_goes_on_where_it_was_and_counts_everything_once(shop: Shop) -> None:
    began = time.time()
    shop.begin(shop.metric(maxRate="0.02"))
    shop.world.wait_step(50)
    shop.wait_verdict("Pass")
    for _ in range(2):
        shop.operator.process.kill()
        time.sleep(3)
        shop.operator.process.start()
        shop.world.wait(lambda: shop.operator.leads, "it leads again")
        time.sleep(4)
        assert_exact(shop, began, shop.checkpoint())
    assert shop.world.weight() == 50


def test_a_prometheus_that_stands_still_costs_no_request_of_the_count(shop: Shop) -> None:
    began = time.time()
    shop.begin(shop.metric(maxRate="0.02"))
    shop.world.wait_step(50)
    shop.wait_verdict("Pass")
    prometheus = shop.world.cluster.parts["prometheus"]
    os.kill(prometheus.pid, signal.SIGSTOP)
    try:
        shop.wait_verdict("Error")
        assert shop.world.weight() == 50
    finally:
        os.kill(prometheus.pid, signal.SIGCONT)
    shop.wait_verdict("Pass")
    time.sleep(2)
    assert_exact(shop, began, shop.checkpoint())


def test_counters_that_begin_anew_with_a_pod_are_neither_lost_nor_a_breach(shop: Shop) -> None:
    began = time.time()
    shop.begin(shop.metric(maxRate="0.02"))
    shop.world.wait_step(50)
    shop.wait_verdict("Pass")
    pods = f"/api/v1/namespaces/{shop.world.space}/pods"
    old = shop.world.api.list(pods, {"labelSelector": "version=next"})[0]["metadata"]["name"]
    shop.world.cluster.kubectl("-n", shop.world.space, "scale", "deployment/payments-next", "--replicas=2")
    ready = f"/apis/apps/v1/namespaces/{shop.world.space}/deployments/payments-next"
    shop.world.wait(lambda: shop.world.api.get(ready)["status"].get("readyReplicas") == 2, "two pods")
    time.sleep(3)
    shop.world.api.delete(f"{pods}/{old}", grace=2)
    shop.world.wait(lambda: old not in [pod["metadata"]["name"] for pod in shop.world.api.list(pods)], "the old pod is gone")
    time.sleep(5)
    state = shop.checkpoint()
    assert_exact(shop, began, state)
    assert shop.world.phase() in ("Shift", "Paused")


def test_a_counter_that_appears_with_its_first_error_is_counted_from_that_error_on(shop: Shop) -> None:
    shop.begin(shop.metric(bad=f"{BAD} > 0", legacy=False, maxRate="0.02"))
    shop.world.wait_step(50)
    shop.wait_verdict("NoData", "or vector(0)")
    shop.fault("next", error_rate=1)
    record = shop.world.wait_phase("RolledBack", timeout=60)["lastRollback"]
    shop.fault("next")
    assert (record["reason"], record["metric"]) == ("MetricBreached", "errors")
    assert " bad (" in record["evidence"], record
    status = shop.world.status()
    state = json.loads(status["checkpoint"]["evidence"][0]["state"])
    assert float(state["total"][1]) > 0
    decision = status["lastDecision"]
    assert (decision["component"], decision["from"], decision["to"], decision["reason"]) == ("all", 50, 0, "MetricBreached"), decision
    assert [(metric["name"], metric["verdict"]) for metric in decision["metrics"]] == [("errors", "Breach")], decision
    kept = decision["metrics"][0]
    assert kept["asked"] == f"bad: {of(BAD, 'next')} > 0; total: {of(TOTAL, 'next')}"
    assert [kept["after"]["total"], kept["after"]["bad"]] == [float(number) for number in state["total"]], (kept, state)
    assert kept["before"]["total"] < kept["after"]["total"] and kept["evidence"] == record["evidence"], kept
    logged = [line for line in shop.operator.log.splitlines() if " evidence " in line and "reason=MetricBreached" in line]
    assert len(logged) == 1 and "specHash" in logged[0] and "verdict=Breach" in logged[0], logged


def test_what_both_sides_suffer_takes_nobody_back_and_what_the_target_adds_does(shop: Shop) -> None:
    shop.fault("legacy", error_rate=0.1)
    shop.fault("next", error_rate=0.1)
    shop.begin(shop.metric(notWorseThanLegacy={"ratio": "1.25", "floor": "0.001"}))
    shop.world.wait_step(50)
    shop.world.stays(lambda: shop.world.phase() == "Shift", 12, "the same errors on both sides are nobody's fault")
    shop.checkpoint()
    assert ", legacy " in shop.wait_verdict("Undecided")["evidence"]
    shop.checkpoint()
    shop.fault("next", error_rate=0.5)
    record = shop.world.wait_phase("RolledBack", timeout=60)["lastRollback"]
    assert record["reason"] == "MetricBreached"


def test_what_breaks_both_sides_at_once_takes_nobody_back(shop: Shop) -> None:
    shop.begin(shop.metric(maxRate="0.02"))
    shop.world.wait_step(50)
    shop.fault("legacy", error_rate=0.3)
    shop.fault("next", error_rate=0.3)
    shop.world.stays(lambda: shop.world.phase() == "Shift", 15, "going back would help nobody")
    shop.checkpoint()
    assert "legacy does not keep itself" in shop.seen()["evidence"], shop.seen()
    shop.checkpoint()
    shop.fault("next", error_rate=0.8)
    shop.world.wait_phase("RolledBack", timeout=60)


def test_a_tolerance_that_legacy_itself_does_not_keep_is_said_before_anybody_moves(shop: Shop) -> None:
    shop.fault("legacy", error_rate=0.2)
    time.sleep(2)
    shop.begin(shop.metric(maxRate="0.02"))
    ready = shop.world.wait_reason("LegacyViolatesTolerance", timeout=60)
    assert "notWorseThanLegacy" in ready["message"]
    assert shop.world.weight() == 0


def test_slow_answers_are_counted_from_a_histogram(shop: Shop) -> None:
    shop.begin(shop.latency("0.1", maxFractionAbove="0.05"))
    shop.world.wait_step(50)
    shop.wait_verdict("Pass")
    shop.fault("next", latency_ms=300)
    record = shop.world.wait_phase("RolledBack", timeout=60)["lastRollback"]
    assert record["metric"] == "latency"


def test_a_target_whose_numbers_vanish_is_told_apart_from_a_source_that_is_away(shop: Shop) -> None:
    began = time.time()
    shop.begin(shop.metric(maxRate="0.02"))
    shop.world.wait_step(50)
    shop.wait_verdict("Pass")
    shop.scrape("next", False)
    shop.wait_verdict("NoData", "while legacy still has its series")
    shop.world.stays(lambda: shop.world.weight() == 50, 3, "there are five minutes for it to come back")
    shop.scrape("next", True)
    shop.wait_verdict("Pass")
    time.sleep(2)
    assert_exact(shop, began, shop.checkpoint())


def test_a_night_without_users_expires_nothing(shop: Shop) -> None:
    shop.begin(shop.metric(maxRate="0.02"), plan={"onNoEvidence": {"policy": "Hold", "deadline": "2s", "then": "Rollback"}})
    shop.world.wait_step(50)
    shop.wait_verdict("Pass")
    shop.users.kill()
    shop.world.stays(lambda: (shop.world.phase(), shop.world.weight()) == ("Shift", 50), 8, "nobody calls, nobody is to blame")


def test_a_target_that_is_called_less_than_its_weight_says_gives_no_evidence(shop: Shop) -> None:
    metric = shop.metric(maxRate="0.02")
    metric["prometheus"]["total"] = f"{metric['prometheus']['total']} * 0 + 5"
    shop.begin(metric, plan={"onNoEvidence": {"policy": "Hold", "deadline": "10s", "then": "Rollback"}})
    shop.world.wait_step(50)
    shop.wait_verdict("NoData", "in spite of its weight")
    assert shop.world.wait_phase("RolledBack")["lastRollback"]["reason"] == "NoEvidence"


def test_one_metric_without_an_answer_keeps_a_perfect_one_from_promoting(shop: Shop) -> None:
    dead = {**shop.metric(maxRate="0.02"), "name": "dead"}
    dead["prometheus"] = {**dead["prometheus"], "total": "there_is_no_such_counter"}
    shop.begin(shop.metric(maxRate="0.02"), hold="1s", metrics=[shop.metric(maxRate="0.02"), dead])
    shop.world.wait_step(50)
    shop.wait_verdict("Pass")
    shop.world.stays(lambda: (shop.world.phase(), shop.world.weight()) == ("Shift", 50), 8, "half of the evidence is none")


def test_at_the_tolerance_nobody_is_promoted_and_nobody_taken_back(shop: Shop) -> None:
    shop.fault("next", error_rate=0.05)
    metric = shop.metric(maxRate="0.05")
    strict = {**shop.metric(bad="vector(0)", maxRate="0.0005"), "name": "strict"}
    shop.begin(metric, hold="1s", metrics=[metric, strict])
    shop.world.wait_step(50)
    slow = shop.world.wait(lambda: [event["note"] for event in shop.world.events() if event["reason"] == "EvidenceIsSlow"], "it is told")
    assert len(slow) == 1 and slow[0].startswith("metric strict: at this traffic 50 % give enough evidence after about "), slow
    shop.world.stays(lambda: (shop.world.phase(), shop.world.weight()) == ("Shift", 50), 15, "neither bound is crossed")
    shop.checkpoint()
    assert shop.seen()["verdict"] == "Undecided", shop.seen()


BROKEN: dict[str, tuple[Callable[[Shop], Object], str]] = {
    "rate": (lambda shop: shop.metric(bad=f"sum(rate({BAD}[1m]))", maxRate="0.02"), "rate"),
    "bound": (lambda shop: shop.latency("0.123", maxFractionAbove="0.05"), "0.1"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_query_that_cannot_be_counted_says_what_to_write_and_moves_nobody(shop: Shop, name: str) -> None:
    make, words = BROKEN[name]
    shop.begin(make(shop))
    shop.world.wait(lambda: shop.seen() if shop.seen().get("verdict") == "Error" and words in shop.seen()["evidence"] else None, "its words")
    shop.world.stays(lambda: shop.world.weight() == 0, 2, "nobody moves")
