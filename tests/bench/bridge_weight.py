#!/usr/bin/python3
"""How long a weight in a bridge's ConfigMap takes to reach users: docs/bridge.md says what is measured.

  bridge_weight.py [--trials 40]

Prints one line a program can read. A watch of our own tells when the event was there for the agent, which hears of it by another watch of
the same kind; a user asks again and again over one connection, and the first answer of the other side is the effect.
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
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "cluster")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from harness import API_ONLY, Cluster, Options  # noqa: E402
from harness.process import wait_for  # noqa: E402
from told_bridge import CONFIG_MAPS, USERS, Told, told_bridge  # noqa: E402

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

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", USERS, timeout=20)
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


def main() -> None:
    parser = argparse.ArgumentParser(description="Weight in a ConfigMap to effect at users.")
    parser.add_argument("--trials", type=int, default=40)
    trials = parser.parse_args().trials
    with Cluster(Options(name="bench-bridge-weight", parts=API_ONLY)) as cluster, told_bridge(cluster) as told:
        events, user = Events(cluster), User(cluster)
        events.start()
        user.start()
        wait_for(lambda: user.served_by, 30, "users are served")
        taken = [trial(told, weight, events, user) for _ in range(trials // 2) for weight in (100, 0)]
        user.stop.set()
        user.join(30)
    after_event, after_write = (sorted(times) for times in zip(*taken, strict=True))
    print(f"bridge_weight: trials={len(taken)} requests={len(user.took)} user_errors={user.errors} "
          f"request_ms median={statistics.median(user.took):.1f} event_to_effect_ms median={statistics.median(after_event):.1f} max={after_event[-1]:.1f} "
          f"write_to_effect_ms median={statistics.median(after_write):.1f} max={after_write[-1]:.1f} load={os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
