"""Parts of the cluster fail, other tools interfere, users change their minds: what the operator does about it."""

from __future__ import annotations

import time

import yaml

import payments
from harness import Object
from harness.netns import HOST_ADDRESS
from world import BAD, GOOD, World

pytest_plugins = ["operator_fixture"]


def with_weights(world: World, legacy: int, target: int) -> list[Object]:
    """The route's rules with these weights in the user's rule."""
    rules: list[Object] = world.route()["spec"]["rules"]
    for ref in rules[0]["backendRefs"]:
        ref["weight"] = target if ref["name"] == "payments-next" else legacy
    return rules


def interfere(world: World, legacy: int, target: int) -> None:
    """Another tool writes the weights."""
    world.cluster.api_as("second-writer").patch(world.route_path(), {"spec": {"rules": with_weights(world, legacy, target)}},
                                                manager="other-tool")


# -- parts of the cluster ---------------------------------------------------------------------------------------------


def test_a_gateway_that_is_away_during_a_breach_does_not_keep_the_route_from_weight_0(full_world: World) -> None:
    world = full_world
    world.prepare()
    world.operator()
    world.begin()
    world.wait_step(50)
    contour = world.cluster.parts["contour"]
    contour.kill()
    try:
        world.says(BAD)
        world.wait(lambda: world.weight() == 0, "weight 0 on the route", timeout=20)
        world.stays(lambda: world.phase() in ("Shift", "RollingBack"), 2, "not RolledBack before the gateway has accepted")
        assert world.phase() == "RollingBack"
        assert "verifiedAt" not in world.status()["lastRollback"]
    finally:
        contour.start()
    record = world.wait_phase("RolledBack")["lastRollback"]
    assert record["breachSeenAt"] <= record["routedAt"] <= record["verifiedAt"], record


def test_an_api_server_that_is_away_as_a_breach_arrives_delays_the_rollback_only(world: World) -> None:
    world.prepare()
    world.operator(lease=(), proxied=False)
    world.begin()
    world.wait_step(50)
    server = world.cluster.parts["kube-apiserver"]
    server.kill()
    try:
        world.says(BAD)
        time.sleep(1.5)
    finally:
        server.start()
    world.wait(world.api.ready, "the API server is back")
    world.wait(lambda: world.weight() == 0, "weight 0", revive=True)
    world.wait_phase("RolledBack", revive=True)
    world.says(GOOD)
    world.edit({"attempt": 2})
    world.wait_phase("Complete", revive=True)


def test_a_prometheus_that_is_away_promotes_nobody(full_world: World) -> None:
    world = full_world
    world.prepare()
    operator = world.operator()
    metric = {"name": "health", "prometheus": {"address": world.cluster.prometheus_url, "query": "vector(0.1)"}, "max": "0.5"}
    steps = [{"weight": 50, "hold": "4s"}, {"weight": 100}]
    world.cluster.apply(world.migration(steps=steps, analysis={"interval": "1s", "metrics": [metric]}), manager="user")
    world.wait_step(50)
    prometheus = world.cluster.parts["prometheus"]
    prometheus.kill()
    try:
        world.wait(lambda: world.status()["components"][0]["metrics"][0]["verdict"] == "Error", "verdict Error")
        world.stays(lambda: (world.weight(), world.phase()) == (50, "Shift"), 6, "users stay where they are, the hold is over")
        assert HOST_ADDRESS in world.status()["components"][0]["metrics"][0]["evidence"]
    finally:
        prometheus.start()
    world.wait_phase("Complete")
    assert operator.process.alive


# -- other writers ----------------------------------------------------------------------------------------------------


def test_a_second_writer_is_corrected_once_then_named_and_not_fought(world: World) -> None:
    world.prepare()
    operator = world.operator()
    assert operator.proxy
    world.begin()
    world.wait_step(50)
    began = time.monotonic()
    interfere(world, 100, 0)
    world.wait(lambda: world.weight() == 50, "the weights are put back", timeout=20)
    print(f"put back in {time.monotonic() - began:.2f} s")
    world.wait_step(50)
    interfere(world, 100, 0)
    told = world.wait_reason("OwnershipConflict", "Stalled")
    assert told["status"] == "True" and "other-tool" in told["message"], told
    conflict = time.monotonic()
    for number in range(8):
        interfere(world, 100 - number, number)
        time.sleep(0.2)
    world.stays(lambda: world.weight() == 7, 1, "the operator has stopped fighting")
    assert not operator.proxy.writes_since(conflict, "httproutes")
    assert len(operator.proxy.writes_since(conflict)) <= 16, [call.line() for call in operator.proxy.writes_since(conflict)]
    world.says(GOOD)
    world.stays(lambda: world.phase() == "Shift", 2, "a conflict promotes nobody")
    world.says(BAD)
    world.wait(lambda: world.weight() == 0, "a rollback is written in a conflict, too")
    world.wait_phase("RolledBack")


def test_applying_the_same_manifest_every_second_changes_nothing(world: World) -> None:
    world.prepare()
    operator = world.operator()
    assert operator.proxy
    world.says(mode="empty")
    manifest = yaml.safe_dump(world.migration())
    world.cluster.kubectl("apply", "-f", "-", stdin=manifest)
    world.wait_step(50)
    settled = world.wait(lambda: world.get() if not operator.proxy.writes_since(time.monotonic() - 2) else None, "no writes for 2 s")
    quiet = time.monotonic()
    while time.monotonic() < quiet + 10:
        began = time.monotonic()
        world.cluster.kubectl("apply", "-f", "-", stdin=manifest)
        time.sleep(max(0.0, 1 - (time.monotonic() - began)))
    assert [call.line() for call in operator.proxy.calls if call.at >= quiet and not call.about_lease] == []
    assert world.get()["metadata"]["resourceVersion"] == settled["metadata"]["resourceVersion"]


# -- several routes, several components -------------------------------------------------------------------------------


def test_two_routes_move_as_one_set_or_not_at_all(world: World) -> None:
    world.prepare("web", "mobile")
    assert world.stack.gateway
    world.stack.gateway.refuse(world.space, "mobile", "a filter nobody knows")
    world.operator()
    world.begin(routes=("web", "mobile"))
    told = world.wait_reason("RouteNotAccepted")
    assert "mobile" in told["message"] and "a filter nobody knows" in told["message"], told
    world.stays(lambda: world.weight("web") == world.weight("mobile") == 0, 2, "none of the set is moved")
    world.stack.gateway.accept(world.space, "mobile")
    world.wait(lambda: world.weight("web") == world.weight("mobile") == 50, "both are moved")
    world.says(BAD)
    world.wait_phase("RolledBack")
    assert world.weight("web") == world.weight("mobile") == 0


def test_a_third_backend_in_one_route_of_a_set_keeps_all_of_them(world: World) -> None:
    world.prepare("web")
    made = payments.route(world.space, 1, 0, "mobile", world.host)
    made["spec"]["rules"][0]["backendRefs"].append({"group": "", "kind": "Service", "name": "payments-other", "port": 8080})
    world.add_route("mobile", made)
    world.operator()
    world.says(GOOD)
    world.cluster.apply(world.migration(routes=("web", "mobile")), manager="user")
    world.wait(lambda: world.condition("Stalled")["status"] == "True", "Stalled")
    assert "mobile" in world.condition("Stalled")["message"]
    world.stays(lambda: world.route("web")["metadata"]["generation"] == 1, 2, "the sound route is not written either")


def two_rules(world: World) -> Object:
    document = payments.route(world.space, 1, 0, host=world.host)
    backend = document["spec"]["rules"][0]["backendRefs"][0]
    document["spec"]["rules"] = [
        {"name": name, "matches": [{"path": {"type": "PathPrefix", "value": f"/{name}"}}], "backendRefs": [backend]}
        for name in ("refunds", "checkout")]
    return document


def test_components_follow_each_other_and_are_rolled_back_alone(world: World) -> None:
    world.serve()
    world.add_route(document=two_rules(world))
    world.operator()
    for component in ("refunds", "checkout"):
        world.says(mode="empty", series=component)
    components = [{"name": "refunds", "rules": [{"route": "payments", "rule": "refunds"}]},
                  {"name": "checkout", "rules": [{"route": "payments", "rule": "checkout"}], "after": ["refunds"]}]
    metric = world.metric("{{component}}")
    world.cluster.apply(world.migration(components=components, analysis={"interval": "1s", "metrics": [metric]}), manager="user")

    def phases() -> dict[str, str]:
        return {component["name"]: component["phase"] for component in world.status().get("components", [])}
    world.wait(lambda: world.weight(rule=0) == 50, "refunds is at 50 %")
    world.stays(lambda: world.weight(rule=1) == 0, 1, "checkout waits for refunds")
    waiting = [component for component in world.status()["components"] if component["name"] == "checkout"][0]["waitingFor"]
    assert "refunds" in waiting
    world.says(GOOD, series="refunds")
    world.wait(lambda: phases() == {"refunds": "Complete", "checkout": "Shift"}, "refunds is complete, checkout follows")
    world.wait(lambda: world.weight(rule=1) == 50, "checkout is at 50 %")
    assert world.weight(rule=0) == 100
    world.says(BAD, series="checkout")
    world.wait(lambda: phases() == {"refunds": "Complete", "checkout": "RolledBack"}, "checkout is rolled back alone")
    assert (world.weight(rule=0), world.weight(rule=1)) == (100, 0)
    assert world.status()["lastRollback"]["component"] == "checkout"
    world.says(GOOD, series="checkout")
    world.edit({"attempt": 2})
    world.wait_phase("Complete")
    assert (world.weight(rule=0), world.weight(rule=1)) == (100, 100)


# -- header flags -----------------------------------------------------------------------------------------------------


def sides_answering(world: World, count: int, headers: dict[str, str]) -> dict[str, int]:
    """How many of `count` users were answered by which side."""
    seen: dict[str, int] = {}
    for _ in range(count):
        answer = world.cluster.http(f"{world.cluster.user_url}/payments/1", headers={"Host": world.host, **headers})
        side = answer.headers.get("x-served-by", str(answer.status))
        seen[side] = seen.get(side, 0) + 1
    return seen


def own_rules(world: World) -> list[Object]:
    return [rule for rule in world.route()["spec"]["rules"] if rule.get("name", "").startswith("softmig-")]


def test_testers_reach_the_target_by_header_at_any_weight_until_they_are_taken_back(full_world: World) -> None:
    world = full_world
    world.deploy()
    world.add_route()
    before = world.route()["spec"]
    tester = {"x-beta": "1"}
    world.wait(lambda: set(sides_answering(world, 1, {})) == {"legacy"}, "legacy answers through the gateway")
    assert sides_answering(world, 5, tester) == {"legacy": 5}
    world.operator()
    flags = [{"headers": [{"name": "x-beta", "value": "1"}]}]
    world.begin(steps=[{"weight": 1}, {"weight": 100}], shift={"flags": flags})
    world.wait_step(1)
    world.wait(lambda: sides_answering(world, 10, tester) == {"next": 10}, "testers reach the target", timeout=20)
    assert own_rules(world)
    assert sides_answering(world, 60, {}).get("legacy", 0) >= 50
    world.says(BAD)
    world.wait_phase("RolledBack")
    assert not own_rules(world) and world.weight() == 0
    world.wait(lambda: sides_answering(world, 10, tester) == {"legacy": 10}, "testers are taken back, too", timeout=20)
    world.says(GOOD)
    world.edit({"attempt": 2})
    world.wait(lambda: world.phase() == "Complete" and not world.get()["metadata"].get("finalizers"), "complete")
    assert not own_rules(world) and world.weight() == 100
    world.wait(lambda: sides_answering(world, 20, {}) == {"next": 20}, "all users are on the target", timeout=20)
    after = world.route()["spec"]
    for spec in (before, after):
        for rule in spec["rules"]:
            del rule["backendRefs"]
    assert after == before
