"""A migration without a gateway: the operator makes a bridge, users enter there, are moved, taken back, and the bridge goes last.

Everything is real: Envoy and agent in a pod made by the Deployment, told by the ConfigMap. One test takes about 20 s: two ways up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import story
from harness import Object, paths
from world import ACCOUNT, BAD, GOOD, SYSTEM, World

pytest_plugins = ["operator_fixture"]

NAME, PORT, POD_PORT = "entrance", 80, 10000
IMAGES = ("--bridge-envoy-image", "envoy:bridge", "--bridge-agent-image", "softmigration:bridge")
OBJECTS = {"api/v1": ("configmaps", "services", "serviceaccounts"), "apis/apps/v1": ("deployments",),
           "apis/rbac.authorization.k8s.io/v1": ("roles", "rolebindings")}
HOLD = [{"weight": 50, "hold": "1h"}, {"weight": 100}]


def allow_bridges(world: World) -> None:
    """What docs/bridge.md says to do, for one namespace."""
    group = "rbac.authorization.k8s.io"
    world.cluster.apply({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"namespace": world.space, "name": "bridges"},
                         "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"{ACCOUNT}-bridges"},
                         "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}]})


def map_images(world: World) -> None:
    envoy = Path(paths.program("envoy"))
    world.cluster.map_images({"envoy:bridge": {"argv": ["/bin/sh"], "env": {"PATH": f"{envoy.parent}:/usr/bin:/bin"}},
                              "softmigration:bridge": [paths.built("softmigration-agent")]})


def path_of(world: World, root: str, plural: str) -> str:
    return f"/{root}/namespaces/{world.space}/{plural}/{NAME}"


def left(world: World) -> list[str]:
    """Objects of the bridge that are there."""
    return [plural for root, plurals in OBJECTS.items() for plural in plurals if world.api.find(path_of(world, root, plural))]


def entrance(world: World) -> str:
    """Address of the ready pod behind the bridge's Service; empty while there is none."""
    slices = world.api.list(f"/apis/discovery.k8s.io/v1/namespaces/{world.space}/endpointslices")
    found = [endpoint["addresses"][0] for one in slices if one["metadata"]["labels"].get("kubernetes.io/service-name") == NAME
             for endpoint in one.get("endpoints") or [] if endpoint["conditions"].get("ready")]
    return f"{found[0]}:{POD_PORT}" if found else ""


def served_by(world: World) -> str:
    answer = world.cluster.http(f"http://{entrance(world)}/payments/p1", timeout=20)
    assert answer.status == 200, answer
    assert "x-softmigration-side" not in answer.headers, "what the agent is told is not for users"
    return answer.headers["x-served-by"]


def weight_of(config_map: Object) -> Any:
    """The target's largest share in the bridge's routes."""
    routes = json.loads(config_map["data"]["rds.json"])["resources"][0]["virtual_hosts"][0]["routes"]
    splits = [route["route"]["weighted_clusters"]["clusters"] for route in routes if "weighted_clusters" in route["route"]]
    return max(cluster["weight"] for split in splits for cluster in split if cluster["name"] != "legacy")


def wait_step(world: World, weight: int) -> None:
    """Until the bridge and the status show this weight, and its Envoy has it as far as the operator knows."""
    def reached() -> bool:
        status = world.status()
        shown = weight_of(world.api.get(path_of(world, "api/v1", "configmaps")))
        return shown == status.get("currentWeight") == weight and all("since" in component for component in status["components"])
    world.wait(reached, f"weight {weight} reached")


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
    assert "configmaps" not in left(world), "it is made last"
