"""Each row of the API's table of bad input, with the real operator: what a user gets, and that nothing moves for it."""

from __future__ import annotations

import threading

import pytest

import payments
from harness import Object
from world import BAD, GOOD, Stack, World

pytest_plugins = ["operator_fixture"]


def evidence(world: World, name: str = "move") -> Object:
    """The status of the first component's first metric."""
    components = world.status(name).get("components") or [{}]
    metrics = components[0].get("metrics") or [{}]
    return {"verdict": "", "evidence": "", **metrics[0]}


def third_backend(world: World, name: str = "payments") -> Object:
    made = payments.route(world.space, 1, 0, name, world.host)
    made["spec"]["rules"][0]["backendRefs"].append({"group": "", "kind": "Service", "name": "payments-other", "port": 8080, "weight": 1})
    return made


# -- preconditions: a condition, and it moves on by itself ------------------------------------------------------------


@pytest.mark.parametrize("side", ["legacy", "next"])
def test_a_missing_service_is_named_and_waited_for(world: World, side: str) -> None:
    world.serve("legacy" if side == "next" else "next")
    world.add_route()
    world.operator()
    world.begin()
    ready = world.wait_reason("ServiceNotFound")
    assert ready["status"] == "False" and f"payments-{side}" in ready["message"], ready
    assert world.weight() == 0
    world.serve(side)
    world.wait_step(50)


def test_a_service_without_endpoints_is_waited_for(world: World) -> None:
    world.prepare()
    world.api.delete(f"/apis/discovery.k8s.io/v1/namespaces/{world.space}/endpointslices/payments-next")
    world.operator()
    world.begin()
    assert "payments-next" in world.wait_reason("NoReadyEndpoints")["message"]
    assert world.weight() == 0
    world.serve("next")
    world.wait_step(50)


def test_a_missing_route_is_named_and_waited_for(world: World) -> None:
    world.serve()
    world.operator()
    world.begin()
    ready = world.wait_reason("RouteNotFound")
    assert ready["status"] == "False" and "payments" in ready["message"], ready
    world.add_route()
    world.wait_step(50)


def test_a_rule_with_a_third_backend_is_refused_and_not_written(world: World) -> None:
    world.serve()
    before = world.add_route(document=third_backend(world))
    operator = world.operator()
    world.begin()
    stalled = world.wait(lambda: world.condition("Stalled") if world.condition("Stalled")["status"] == "True" else None, "Stalled")
    assert stalled["reason"] in ("ThirdBackend", "ForeignBackend"), stalled
    assert "payments-other" in stalled["message"], stalled
    world.says(GOOD)
    world.stays(lambda: world.route()["metadata"]["generation"] == before["metadata"]["generation"], 2, "the route is not written")
    assert operator.proxy and not [call for call in operator.proxy.writes if "httproutes" in call.path]
    assert not world.get()["metadata"].get("finalizers")
    world.add_route()
    world.wait_phase("Complete")


def test_two_migrations_that_claim_one_rule_are_both_named_and_nothing_is_written(world: World) -> None:
    world.prepare()
    operator = world.operator()
    world.says(mode="empty")
    world.cluster.apply([world.migration("first"), world.migration("second")], manager="user")
    for name in ("first", "second"):
        told = world.wait_reason("RuleClaimedTwice", "Stalled", name)
        assert told["status"] == "True" and "first" in told["message"] and "second" in told["message"], told
    world.says(GOOD)
    world.stays(lambda: world.weight() == 0, 2, "nobody moves")
    assert operator.proxy and not [call for call in operator.proxy.writes if "httproutes" in call.path]
    world.api.delete(world.path("second"))
    world.wait_phase("Complete", "first")
    assert world.weight() == 100


# -- metric sources ---------------------------------------------------------------------------------------------------


BROKEN_ANSWERS = [
    ("nan", "NaN", "NaN"),
    ("syntax", "Error", "parse error"),
    ("empty", "NoData", ""),
    ("many", "Error", "50 series"),
    ("nan", "NaN", "NaN"),
    ("http500", "Error", "told to fail"),
    ("empty", "NoData", ""),
    ("garbage", "Error", "JSON"),
    ("nan", "NaN", "NaN"),
    ("hang", "Error", ""),
]


def test_no_broken_answer_of_a_metric_source_promotes(world: World) -> None:
    world.prepare()
    operator = world.operator()
    world.begin()
    world.wait_step(50)
    for mode, verdict, words in BROKEN_ANSWERS:
        world.says(mode=mode)
        seen = world.wait(lambda wanted=verdict: evidence(world) if evidence(world)["verdict"] == wanted else None,
                          f"verdict {verdict} on {mode}")
        assert words in seen["evidence"], (mode, seen)
        assert seen["evidence"], mode
        assert (world.weight(), world.phase()) == (50, "Shift"), mode
        assert world.condition("AnalysisHealthy")["status"] == "Unknown"
    for verdict in ("NaN", "NoData", "Error"):
        assert operator.metric(f'softmigration_metric_answers_total{{verdict="{verdict}"}}') > 0, "each is counted"
    world.says(GOOD)
    world.wait_phase("Complete")


def test_a_slow_metric_source_is_no_evidence(world: World) -> None:
    world.prepare()
    world.operator()
    world.begin()
    world.wait_step(50)
    world.says(GOOD, mode="slow", delay_ms=4000)
    seen = world.wait(lambda: evidence(world) if evidence(world)["verdict"] == "Error" else None, "verdict Error")
    assert seen["evidence"]
    assert world.weight() == 50
    world.says(GOOD)
    world.wait_phase("Complete")


def test_a_dead_address_keeps_the_users_on_legacy(world: World) -> None:
    world.prepare()
    world.operator()
    metric = world.metric()
    metric["prometheus"]["address"] = "http://10.244.0.1:9"
    world.cluster.apply(world.migration(analysis={"interval": "1s", "metrics": [metric]}), manager="user")
    ready = world.wait_reason("MetricNotReady")
    assert "health" in ready["message"], ready
    seen = world.wait(lambda: evidence(world) if evidence(world)["verdict"] == "Error" else None, "verdict Error")
    assert "10.244.0.1:9" in seen["evidence"], seen
    world.stays(lambda: world.weight() == 0, 1, "nobody moves")
    world.says(GOOD)
    world.edit({"analysis": {"metrics": [world.metric()]}})
    world.wait_phase("Complete")


def test_without_evidence_users_are_taken_back_at_the_deadline(world: World) -> None:
    world.prepare()
    world.operator()
    world.begin(plan={"onNoEvidence": {"policy": "Hold", "deadline": "3s", "then": "Rollback"}})
    world.wait_step(50)
    status = world.wait_phase("RolledBack")
    assert status["lastRollback"]["reason"] == "NoEvidence" and status["lastRollback"]["metric"] == "health", status["lastRollback"]
    assert world.weight() == 0
    assert world.condition("Stalled")["status"] == "True" and world.condition("Succeeded")["status"] == "False"


def test_without_evidence_users_are_held_where_the_policy_says_so(world: World) -> None:
    world.prepare()
    world.operator()
    world.begin(plan={"onNoEvidence": {"policy": "Hold", "deadline": "1s", "then": "Hold"}})
    world.wait_step(50)
    world.stays(lambda: (world.weight(), world.phase()) == (50, "Shift"), 3, "users are held at 50 %")
    world.says(GOOD)
    world.wait_phase("Complete")


REAL_QUERIES = {
    "syntax": ("sum(rate(nothing[1m])", "Error", "parse error"),
    "series": ('vector(0) or label_replace(vector(0), "side", "b", "", "")', "Error", "2 series"),
    "nan": ("vector(0) / vector(0)", "NaN", "NaN"),
    "empty": ("there_is_no_such_metric", "NoData", "no series"),
    "infinite": ("vector(1) / vector(0)", "Error", "Inf"),
}


def test_what_a_real_prometheus_answers_to_bad_queries_is_told_and_promotes_nobody(full_world: World) -> None:
    world = full_world
    world.prepare(*REAL_QUERIES)
    world.operator()
    for name, (query, _, _) in REAL_QUERIES.items():
        metric = {"name": "health", "prometheus": {"address": world.cluster.prometheus_url, "query": query}, "max": "0.5"}
        world.cluster.apply(world.migration(name, [name], analysis={"interval": "1s", "metrics": [metric]}), manager="user")
    for name, (_, verdict, words) in REAL_QUERIES.items():
        seen = world.wait(lambda n=name, v=verdict, w=words: evidence(world, n) if evidence(world, n)["verdict"] == v
                          and w in evidence(world, n)["evidence"] else None, f"{name}: verdict {verdict} with {words!r}")
        assert seen
    # Broken queries do not even start; missing data starts and never goes beyond the first step.
    world.stays(lambda: max(world.weight(name) for name in REAL_QUERIES) <= 50, 2, "nobody is promoted")
    for name in ("syntax", "series", "infinite"):
        assert world.weight(name) == 0, name
    world.edit({"analysis": {"metrics": [{"name": "health", "prometheus": {
        "address": world.cluster.prometheus_url, "query": "vector(0)"}, "max": "0.5"}]}}, "syntax")
    world.wait_phase("Complete", "syntax")


# -- things that vanish mid-shift -------------------------------------------------------------------------------------


def test_a_route_deleted_mid_shift_is_told_and_taken_up_again(world: World) -> None:
    world.prepare()
    operator = world.operator()
    world.begin()
    world.wait_step(50)
    world.api.delete(world.route_path())
    ready = world.wait_reason("RouteNotFound")
    assert ready["status"] == "False"
    assert operator.process.alive
    world.add_route()
    world.says(GOOD)
    world.wait_phase("Complete")
    assert world.weight() == 100 and operator.process.alive


def test_a_target_service_deleted_mid_shift_takes_users_back(world: World) -> None:
    world.prepare()
    operator = world.operator()
    world.begin()
    world.wait_step(50)
    world.unserve("next")
    status = world.wait_phase("RolledBack")
    assert status["lastRollback"]["reason"] == "TargetNotServing", status["lastRollback"]
    assert world.weight() == 0 and operator.process.alive


def test_a_legacy_service_deleted_mid_shift_leaves_users_on_the_side_that_answers(world: World) -> None:
    world.prepare()
    operator = world.operator()
    world.begin()
    world.wait_step(50)
    world.unserve("legacy")
    world.says(BAD)
    told = world.wait_reason("LegacyNotServing", "Stalled")
    assert told["status"] == "True", told
    world.stays(lambda: world.weight() == 50, 1.5, "the target, which answers, keeps its users")
    world.serve("legacy")
    world.wait_phase("RolledBack")
    assert world.weight() == 0 and operator.process.alive


def test_during_a_pause_users_stay_while_legacy_has_no_endpoints_and_leave_a_target_without(world: World) -> None:
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{world.space}/endpointslices"
    world.prepare()
    world.operator()
    world.begin()
    world.wait_step(50)
    world.edit({"paused": True})
    world.wait_phase("Paused")
    world.api.delete(f"{slices}/payments-legacy")
    world.stays(lambda: world.weight() == 50, 1.5, "users stay where they are")
    world.serve("legacy")
    world.api.delete(f"{slices}/payments-next")
    world.wait_phase("RolledBack")
    assert world.weight() == 0


def test_a_definition_deleted_mid_shift_puts_the_route_back_and_the_operator_lives_on(world: World, api_stack: Stack) -> None:
    """Deleting the CRD deletes every SoftMigration: each is put back as on its own deletion."""
    world.prepare()
    before = world.route()["spec"]
    operator = world.operator()
    world.begin()
    world.wait_step(50)
    definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/softmigrations.softmigration.io"
    try:
        world.api.delete(definition)
        world.wait(lambda: world.api.find(definition) is None, "the definition is gone")
        assert world.route()["spec"] == before
        assert operator.process.alive, world.told()
    finally:
        world.wait(lambda: world.api.find(definition) is None, "the definition is gone")
        api_stack.install_crd()
    world.says(GOOD)
    world.cluster.apply(world.migration(), manager="user")
    world.wait_phase("Complete")
    assert world.weight() == 100 and operator.process.alive


def test_many_bad_migrations_hold_up_no_good_one(world: World) -> None:
    world.prepare()
    world.operator()
    world.says(GOOD)
    bad = [world.migration(f"bad-{i}", [f"missing-{i}"]) for i in range(20)]
    threads = [threading.Thread(target=world.cluster.apply, args=(document, "user")) for document in bad]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.cluster.apply(world.migration(), manager="user")
    world.wait_phase("Complete")
    world.wait(lambda: all(world.condition("Ready", f"bad-{i}")["reason"] == "RouteNotFound" for i in range(20)), "each bad one is told")
