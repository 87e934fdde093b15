"""A bridge behind the user's HTTPRoute: users keep entering at their gateway, a real Contour, and come through the bridge while they shift.

A test takes about 30 s, the one that waits until a bridge is needed no more a minute longer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import payments
from harness import Object, Process, paths
from made_bridge import IMAGES, NAME, PORT, allow_bridges, left, map_images, path_of, wait_step
from world import World

pytest_plugins = ["operator_fixture"]

RATE = 150  # three of ten requests read a payment, and only those are compared
THROUGH = {"payments-legacy": 0, "payments-next": 0, NAME: 100}


class Shop:
    """Users who pay through the gateway, and a migration that is judged by what its bridge compares."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.deploy()
        allow_bridges(world)
        map_images(world)
        self.before = world.add_route()["spec"]
        gateway = urlsplit(world.cluster.user_url)
        world.wait(self.served_by, "users get answers through the gateway")
        self._state = world.cluster.state / f"users-{world.space}.json"
        self.users: Process = world.cluster.run(f"users-{world.space}", [
            paths.built("load-generator"), "--address", str(gateway.hostname), "--port", str(gateway.port), "--rate", str(RATE),
            "--host", world.host, "--connections", "8", "--state", str(self._state)])
        self.operator = world.operator(more=IMAGES)

    def close(self) -> None:
        self.users.kill()

    def served_by(self) -> str:
        answer = self.world.cluster.http(f"{self.world.cluster.user_url}/payments/p1", headers={"Host": self.world.host}, timeout=5)
        return answer.headers.get("x-served-by", "") if answer.status == 200 else ""

    def errors(self) -> Object:
        """What users met since the beginning."""
        told = json.loads(self._state.read_text(encoding="utf-8"))
        assert told["sent"] > 0
        return dict(told["errors_by_cause"])

    def begin(self, weight: int = 10) -> None:
        metric = {"name": "answers", "bridge": {"verdicts": ["differs", "status-differs", "target-error", "target-timeout"]},
                  "zeroDiscrepancies": {"comparisons": 50}}
        steps = [{"weight": weight, "hold": "1h"}, {"weight": 100}] if weight < 100 else [{"weight": 100}]
        migration = self.world.migration(steps=steps, analysis={"interval": "1s", "metrics": [metric]})
        migration["spec"]["routes"] = [{"name": "web", "bridge": {
            "name": NAME, "port": PORT, "replicas": 1, "behind": {"gatewayAPI": {"name": "payments"}}}}]
        self.world.cluster.apply(migration, manager="user")

    def shares(self) -> dict[str, int]:
        """Weights of the route's only rule."""
        return {ref["name"]: ref["weight"] for ref in self.world.route()["spec"]["rules"][0]["backendRefs"]}

    def differ(self, share: float) -> None:
        """So many of the target's answers have another amount than legacy's."""
        payments.set_fault(self.world.cluster, self.world.space, "next", wrong_amount_rate=share)


@pytest.fixture
def shop(full_world: World) -> Iterator[Shop]:
    made = Shop(full_world)
    yield made
    made.close()


def test_users_come_through_the_bridge_are_taken_back_by_it_and_it_goes_after_their_route(shop: Shop) -> None:
    world = shop.world
    began = world.route()
    shop.begin()
    wait_step(world, 10)
    assert shop.shares() == THROUGH
    world.wait(lambda: {shop.served_by() for _ in range(60)} == {"legacy", "next"}, "both serve")
    assert [event["reason"] for event in world.events() if event["reason"] == "Entered"], "it is told that users come through the bridge"
    shop.differ(0.2)
    record = world.wait_phase("RolledBack")["lastRollback"]
    assert (record["reason"], record["metric"]) == ("MetricBreached", "answers"), record
    assert shop.shares() == {"payments-legacy": 100, "payments-next": 0, NAME: 0}, "the gateway sends to legacy itself"
    world.wait(lambda: {shop.served_by() for _ in range(40)} == {"legacy"}, "all users are back")
    shop.differ(0)
    world.edit({"attempt": 2})
    wait_step(world, 10)
    assert shop.shares() == THROUGH
    world.api.delete(world.path())
    deadline = time.monotonic() + 60
    while left(world):
        assert time.monotonic() < deadline, world.told()
        if not world.api.find(path_of(world, "apis/apps/v1", "deployments")):
            assert world.route()["spec"] == shop.before, "the route is put back before the bridge goes"
    assert world.route()["spec"] == shop.before
    assert not world.dropped(began)
    assert {shop.served_by() for _ in range(40)} == {"legacy"}
    assert shop.errors() == {}


def test_when_all_are_on_the_target_the_gateway_sends_them_there_and_the_bridge_goes(shop: Shop) -> None:
    world = shop.world
    began = world.route()
    shop.begin(weight=100)
    world.wait_phase("Complete")
    complete = {"payments-legacy": 0, "payments-next": 100}
    world.wait(lambda: shop.shares() == {**complete, NAME: 0}, "the gateway sends users to the target itself")
    assert len(left(world)) == 7, "it stays for requests that are under way"
    world.wait(lambda: not left(world), "the bridge is gone", timeout=120)
    assert shop.shares() == complete
    assert not world.dropped(began)
    world.wait(lambda: [e for e in world.events() if e["note"] == f"bridge {NAME} is needed no more and is gone"], "it is told")
    assert {shop.served_by() for _ in range(40)} == {"next"}
    world.edit({"desiredPhase": "Pending"})
    world.wait(lambda: world.route()["spec"] == shop.before, "the route is put back")
    world.wait(lambda: {shop.served_by() for _ in range(40)} == {"legacy"}, "all users are back")
    assert shop.errors() == {}


def test_a_bridge_that_dies_takes_its_users_back(shop: Shop) -> None:
    world = shop.world
    shop.begin()
    wait_step(world, 10)
    deployment = path_of(world, "apis/apps/v1", "deployments")
    world.api.patch(deployment, {"spec": {"replicas": 0}}, manager="user")
    record = world.wait_phase("RolledBack")["lastRollback"]
    assert record["reason"] == "BridgeNotServing", record
    assert shop.shares()["payments-legacy"] == 100
    world.wait(lambda: {shop.served_by() for _ in range(40)} == {"legacy"}, "users are served without it")


def test_a_route_that_names_the_bridge_already_is_not_taken(shop: Shop) -> None:
    world = shop.world
    refs = [*shop.before["rules"][0]["backendRefs"], {"name": NAME, "port": PORT, "weight": 0}]
    world.api.patch(world.route_path(), {"spec": {"rules": [{**shop.before["rules"][0], "backendRefs": refs}]}}, manager="user")
    shop.begin()
    told = world.wait_reason("ThirdBackend", kind="Stalled")
    assert told["message"] == f"route payments names Service {NAME} already, which is the bridge's: take it out, the operator puts it in"
    assert world.phase() == "Pending"
