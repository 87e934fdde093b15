"""A migration without a gateway: the operator makes a bridge, users enter there, are moved, taken back, and the bridge goes last.

One test takes about 20 s: two ways up."""

from __future__ import annotations

import payments
import story
from harness import Object
from made_bridge import IMAGES, NAME, PORT, allow_bridges, entrance, left, map_images, path_of, served_by, wait_step, weight_of
from world import BAD, GOOD, World

pytest_plugins = ["operator_fixture"]

HOLD = [{"weight": 50, "hold": "1h"}, {"weight": 100}]


def test_users_enter_at_a_bridge_are_moved_and_taken_back_and_the_bridge_goes_last(full_world: World) -> None:
    world = full_world
    world.deploy()
    allow_bridges(world)
    map_images(world)
    world.operator(more=IMAGES)
    world.says(GOOD)
    migration = world.migration(steps=HOLD, desiredPhase="Pending")
    migration["spec"]["routes"] = [{"name": "web", "bridge": {"name": NAME, "port": PORT, "replicas": 1}}]
    world.cluster.apply(migration, manager="user")
    world.wait(lambda: entrance(world) and served_by(world), "users are served through the bridge")
    assert {served_by(world) for _ in range(20)} == {"legacy"}
    watcher = story.Watcher(world.cluster, path_of(world, "api/v1", "configmaps"), weight_of).start()
    world.edit({"desiredPhase": "Complete"})
    wait_step(world, 50)
    world.wait(lambda: {served_by(world) for _ in range(40)} == {"legacy", "next"}, "both serve")
    world.says(BAD)
    record = world.wait_phase("RolledBack")["lastRollback"]
    assert record["reason"] == "MetricBreached", record
    world.wait(lambda: {served_by(world) for _ in range(40)} == {"legacy"}, "all users are back")
    world.says(GOOD)
    world.edit({"attempt": 2})
    wait_step(world, 50)
    world.api.delete(world.path())
    world.wait(lambda: not left(world), "the bridge goes with the migration")
    watcher.stop()
    assert watcher.last == 0, "the route was put back before the bridge went"
    assert 50 in [weight for _, weight in watcher.seen]


def test_a_node_is_drained_one_pod_of_the_bridge_after_the_other(full_world: World) -> None:
    world = full_world
    world.deploy()
    allow_bridges(world)
    map_images(world)
    world.operator(more=IMAGES)
    migration = world.migration(desiredPhase="Pending")
    migration["spec"]["routes"] = [{"name": "web", "bridge": {"name": NAME, "port": PORT}}]
    world.cluster.apply(migration, manager="user")
    world.wait(lambda: world.api.find(path_of(world, "apis/apps/v1", "deployments")), "the bridge is made")
    world.cluster.wait_for_deployment(world.space, NAME, 60)
    pods = f"/api/v1/namespaces/{world.space}/pods"
    label = {"labelSelector": f"softmigration.io/bridge={NAME}"}
    first, second = (pod["metadata"]["name"] for pod in world.api.list(pods, label))

    def evict(pod: str) -> None:
        """Waits while the API server refuses it (429)."""
        world.api.create(f"{pods}/{pod}/eviction", {
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"namespace": world.space, "name": pod}})

    def allowed() -> int:
        budget = world.api.get(path_of(world, "apis/policy/v1", "poddisruptionbudgets"))
        return int(budget.get("status", {}).get("disruptionsAllowed", 0))

    def serving() -> list[Object]:
        return [pod for pod in world.api.list(pods, label) if "deletionTimestamp" not in pod["metadata"]
                and any((said["type"], said["status"]) == ("Ready", "True") for said in pod["status"].get("conditions", []))]
    world.wait(lambda: allowed() == 1, "the budget knows of both")
    evict(first)
    assert allowed() == 0, "one at a time"
    evict(second)
    assert serving(), "another one serves by then"


def test_a_bridge_is_not_made_before_there_is_somebody_to_send_users_to(world: World) -> None:
    world.serve("next")
    allow_bridges(world)
    world.operator(more=IMAGES)
    migration = world.migration(desiredPhase="Pending")
    migration["spec"]["routes"] = [{"name": "web", "bridge": {"name": NAME, "port": PORT}}]
    world.cluster.apply(migration, manager="user")
    world.wait(lambda: [event for event in world.events() if event["reason"] == "BridgeWaits" and "payments-legacy" in event["note"]],
               "it is told what the bridge waits for")
    assert not left(world), "its pods would be ready and refuse every user"
    world.serve("legacy")
    made = world.wait(lambda: world.api.find(path_of(world, "api/v1", "configmaps")), "the bridge is made")
    assert "10.244.250.1" in made["data"]["eds-legacy.json"], "from the beginning"
    assert len(left(world)) == 7


def test_a_stranger_with_the_bridges_name_is_left_alone(world: World) -> None:
    world.prepare()
    allow_bridges(world)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": world.space, "name": NAME},
               "spec": {"selector": {"app": "mine"}, "ports": [{"port": 81}]}}
    world.cluster.apply(service, manager="user")
    world.operator(more=IMAGES)
    migration = world.migration()
    migration["spec"]["routes"] = [{"name": "web", "bridge": {"name": NAME, "port": PORT}}]
    world.cluster.apply(migration, manager="user")
    words = f"Service {world.space}/{NAME} is there already and is not this migration's"
    world.wait(lambda: [event for event in world.events() if event["reason"] == "BridgeNotMade" and words in event["note"]], words)
    found = world.api.get(path_of(world, "api/v1", "services"))
    assert found["spec"]["selector"] == {"app": "mine"}
    assert not found["metadata"].get("ownerReferences")
    assert left(world) == ["services"], "nothing is made where one of the names is taken"


def test_a_bridge_that_left_the_spec_goes_once_no_route_leads_to_it(world: World) -> None:
    world.prepare()
    allow_bridges(world)
    world.operator(more=IMAGES)
    migration = world.migration(desiredPhase="Pending")
    by_gateway = migration["spec"]["routes"]
    migration["spec"]["routes"] = [{"name": "web", "bridge": {"name": NAME, "port": PORT}}]
    world.cluster.apply(migration, manager="user")
    world.wait(lambda: len(left(world)) == 7, "the bridge is made")
    mine = payments.route(world.space, 1, 0, "mine", f"mine.{world.host}")
    mine["spec"]["rules"][0]["backendRefs"] = [{"name": NAME, "port": PORT}]
    world.add_route("mine", mine)
    world.edit({"routes": by_gateway})

    def told(reason: str, words: str) -> None:
        world.wait(lambda: [event for event in world.events() if event["reason"] == reason and words in event["note"]], words)
    told("BridgeNotRemoved", f"HTTPRoute {world.space}/mine still leads to bridge {NAME}, which stays until no route does")
    assert len(left(world)) == 7
    world.api.delete(world.route_path("mine"))
    world.wait(lambda: not left(world), "the bridge is gone")
    told("BridgeRemoved", f"bridge {NAME} has left spec.routes and is gone")
    assert world.phase() == "Pending", "the migration stays, with the route that it has now"
