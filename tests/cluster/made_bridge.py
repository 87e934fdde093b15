"""A bridge that the operator makes, in a test's world: what it needs beforehand, where users enter, what it does.

Everything is real: Envoy and agent in a pod made by the Deployment, told by the ConfigMap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness import Object, paths
from world import ACCOUNT, SYSTEM, World

NAME, PORT, POD_PORT, COUNTS_PORT = "entrance", 80, 10000, 9902
IMAGES = ("--bridge-envoy-image", "envoy:bridge", "--bridge-agent-image", "softmigration:bridge")
OBJECTS = {"api/v1": ("configmaps", "services", "serviceaccounts"), "apis/apps/v1": ("deployments",),
           "apis/policy/v1": ("poddisruptionbudgets",),
           "apis/rbac.authorization.k8s.io/v1": ("roles", "rolebindings")}


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


def counts(world: World) -> Any:
    """What the agent says, since it began."""
    address = entrance(world).split(":")[0]
    return json.loads(world.cluster.http(f"http://{address}:{COUNTS_PORT}/v1/counts").body)


def component(world: World) -> Any:
    return counts(world)["components"][0]


def counted(world: World, verdict: str) -> int:
    """Requests with this verdict of the agent, since it began."""
    return int(component(world)["verdicts"][verdict])
