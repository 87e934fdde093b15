#!/usr/bin/python3
"""How long a weight in a bridge's ConfigMap takes to reach users: docs/bridge.md says what is measured.

  bridge_weight.py [--trials 40] [--operator]

Prints one line a program can read. A watch of our own tells when the event was there for the agent, which hears of it by another watch of
the same kind; a user asks again and again over one connection, and the first answer of the other side is the effect.

Without --operator the ConfigMap of a bridge set up by hand is written by this program. With it an operator makes a bridge, in a pod, and
moves users as `desiredPhase` asks; its write begins when it reaches the proxy in front of the API server, which adds its own time to it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "cluster")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import made_bridge  # noqa: E402
import story  # noqa: E402
from harness import API_ONLY, Cluster, Options  # noqa: E402
from harness.cluster import CONTROLLERS, PODS  # noqa: E402
from harness.process import wait_for  # noqa: E402
from told_bridge import CONFIG_MAPS, USERS, Told, told_bridge  # noqa: E402
from world import GOOD, Operator, Stack, World  # noqa: E402

SERVED_AT = {100: "next", 0: "legacy"}


class Events(threading.Thread):
    """When each version of the ConfigMap arrived at a watch."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self._api = cluster.api
        self._since = self._api.get(CONFIG_MAPS)["metadata"]["resourceVersion"]
        self.at: dict[str, float] = {}

    def run(self) -> None:
        for event in self._api.watch(CONFIG_MAPS, self._since, timeout=600):
            self.at.setdefault(event["object"]["metadata"]["resourceVersion"], time.monotonic())


class User(threading.Thread):
    """Asks without a pause; remembers when the side that answers changed."""

    def __init__(self, cluster: Cluster, entrance: str) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(entrance, timeout=20)
        with cluster.namespace.sockets():
            self._connection.connect()
        self.errors = 0
        self.took: list[float] = []
        self.served_by = ""
        self.changed_at = 0.0
        self.stop = threading.Event()

    def run(self) -> None:
        with contextlib.closing(self._connection):
            while not self.stop.is_set():
                began = time.monotonic()
                self._connection.request("GET", "/payments/p1")
                answer = self._connection.getresponse()
                answer.read()
                self.took.append((time.monotonic() - began) * 1000)
                self.errors += answer.status != 200
                if (side := answer.headers["x-served-by"]) != self.served_by:
                    self.changed_at = time.monotonic()
                    self.served_by = side


def trial(told: Told, weight: int, events: Events, user: User) -> tuple[float, float]:
    """Milliseconds from the event and from the beginning of the write until users noticed."""
    began = time.monotonic()
    written = told.cluster.api.patch(f"{CONFIG_MAPS}/bridge", {"data": {"rds.json": told.files(weight)["rds.json"]}})
    wait_for(lambda: user.served_by == SERVED_AT[weight], 30, f"users at weight {weight}")
    event = wait_for(lambda: events.at.get(written["metadata"]["resourceVersion"]), 30, "the event")
    return (user.changed_at - event) * 1000, (user.changed_at - began) * 1000


def of_one_bridge(trials: int) -> None:
    with Cluster(Options(name="bench-bridge-weight", parts=API_ONLY)) as cluster, told_bridge(cluster) as told:
        events, user = Events(cluster), User(cluster, f"127.0.0.1:{USERS}")
        events.start()
        user.start()
        wait_for(lambda: user.served_by, 30, "users are served")
        taken = [trial(told, weight, events, user) for _ in range(trials // 2) for weight in (100, 0)]
        user.stop.set()
        user.join(30)
    after_event, after_write = zip(*taken, strict=True)
    print(f"bridge_weight: {of_users(user)} {figures('event_to_effect_ms', after_event)} {figures('write_to_effect_ms', after_write)}")


def written_at(operator: Operator, since: float, weight: int) -> float:
    """When the operator began to write this weight; 0 where it has not."""
    assert operator.proxy
    for call in operator.proxy.writes_since(since, f"/configmaps/{made_bridge.NAME}"):
        for operation in call.body if isinstance(call.body, list) else []:
            if operation["op"] == "replace" and made_bridge.weight_of({"data": {"rds.json": operation["value"]}}) == weight:
                return call.at
    return 0


def moved(world: World, operator: Operator, weight: int, user: User) -> tuple[float, float]:
    """Milliseconds from the operator's write and from the edit of the spec until users noticed."""
    began = time.monotonic()
    world.edit({"desiredPhase": "Shift" if weight else "Pending"})
    world.wait(lambda: user.served_by == SERVED_AT[weight], f"users at weight {weight}")
    wrote = world.wait(lambda: written_at(operator, began, weight), "the operator's write is known")
    effect = user.changed_at
    # The next edit must not meet the end of this one.
    world.wait(lambda: bool(world.status().get("routes")) == bool(weight), "the routes are adopted, or given back")
    return (effect - wrote) * 1000, (effect - began) * 1000


def of_an_operator(trials: int) -> None:
    programs = story.images()
    programs.update({f"payments-api:{side}": programs[f"softmigration/payments-api:{side}"] for side in ("legacy", "next")})
    options = Options(name="bench-bridge-operator", parts=frozenset({CONTROLLERS, PODS}), images=programs)
    with Cluster(options) as cluster, contextlib.closing(World(Stack(cluster, None), "bridge-weight")) as world:
        world.deploy()
        made_bridge.allow_bridges(world)
        made_bridge.map_images(world)
        operator = world.operator(more=made_bridge.IMAGES)
        world.says(GOOD)
        migration = world.migration(steps=[{"weight": 100, "hold": "1h"}], desiredPhase="Pending")
        migration["spec"]["routes"] = [{"name": "web", "bridge": {"name": made_bridge.NAME, "port": made_bridge.PORT, "replicas": 1}}]
        cluster.apply(migration, manager="user")
        user = User(cluster, world.wait(lambda: made_bridge.entrance(world), "the bridge's pod is ready"))
        user.start()
        world.wait(lambda: user.served_by, "users are served")
        taken = [moved(world, operator, weight, user) for _ in range(trials // 2) for weight in (100, 0)]
        user.stop.set()
        user.join(30)
    after_write, after_edit = zip(*taken, strict=True)
    back = after_edit[1::2]  # on the way up a step takes its second
    print(f"bridge_weight_operator: {of_users(user)} {figures('operator_write_to_effect_ms', after_write)} "
          f"{figures('edit_to_all_on_legacy_ms', back)}")


def of_users(user: User) -> str:
    return f"requests={len(user.took)} user_errors={user.errors} request_ms median={statistics.median(user.took):.1f} load={os.getloadavg()[0]:.1f}"


def figures(name: str, times: Sequence[float]) -> str:
    return f"{name} trials={len(times)} median={statistics.median(times):.1f} max={max(times):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Weight in a ConfigMap to effect at users.")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--operator", action="store_true", help="by an operator's own writes")
    options = parser.parse_args()
    (of_an_operator if options.operator else of_one_bridge)(options.trials)


if __name__ == "__main__":
    main()
