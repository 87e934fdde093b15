"""Sees every change of the routes' weights, with the moment it came in; and the gateway that accepts routes."""

from __future__ import annotations

import contextlib
import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterator

from harness import ApiError, Cluster, HarnessError, Object

from load import ROUTES, TARGET

_CONTROLLER = "softmigration.io/bench-gateway"
_SHOWN_SECONDS = 600


def weight_of(route: Object) -> int:
    """The target's share in the route's only rule, percent."""
    refs = [ref for rule in route["spec"]["rules"] for ref in rule.get("backendRefs", [])]
    total = sum(ref.get("weight", 1) for ref in refs)
    target = sum(ref.get("weight", 1) for ref in refs if ref["name"] == TARGET)
    return round(100 * target / total) if total else 0


def accepted(route: Object) -> bool:
    parents = route.get("status", {}).get("parents", [])
    generation = route["metadata"]["generation"]
    return bool(parents) and all(c.get("observedGeneration") == generation for parent in parents for c in parent["conditions"])


class RouteWatch:
    """One watch on all routes. `weights` and `when` may be read from any thread."""

    def __init__(self, cluster: Cluster) -> None:
        self._api = cluster.api_as("second-writer")
        self._changed = threading.Condition()
        self._seen: dict[str, list[tuple[float, int]]] = {}
        self._accepted: dict[str, bool] = {}
        self._listener: Callable[[Object], None] = lambda route: None
        self._version = ""
        self._ended = False
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self, listener: Callable[[Object], None]) -> RouteWatch:
        """`listener` is called for each route that comes in, after it was noted; it must be quick."""
        self._listener = listener
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ended = True

    def weight(self, name: str) -> int | None:
        with self._changed:
            return self._seen[name][-1][1] if name in self._seen else None

    def wait_until(self, wanted: list[str], weight: int, timeout: float, with_acceptance: bool = False) -> None:
        """Until all `wanted` show `weight`, and the gateway knows it where that is asked. Raises HarnessError."""
        def missing() -> int:
            return sum(1 for name in wanted if name not in self._seen or self._seen[name][-1][1] != weight
                       or (with_acceptance and not self._accepted[name]))
        with self._changed:
            if not self._changed.wait_for(lambda: not missing(), timeout):
                raise HarnessError(f"{missing()} of {len(wanted)} routes are not at weight {weight} after {timeout:g} s")

    def wait_for_change(self, name: str, weight: int, after: float, timeout: float) -> float:
        """The moment (wall time, s) at which that route first showed `weight` after `after`."""
        def found() -> float | None:
            return next((at for at, seen in self._seen.get(name, []) if at >= after and seen == weight), None)
        with self._changed:
            at = self._changed.wait_for(found, timeout)
        if at is None:
            raise HarnessError(f"route {name} did not come to weight {weight} within {timeout:g} s")
        return at

    def _follow(self) -> None:
        while not self._ended:
            try:
                if not self._version:
                    self._list()
                for event in self._api.watch(ROUTES, self._version, timeout=_SHOWN_SECONDS):
                    if self._ended:
                        return
                    self._take(event)
            except ApiError as error:
                self._version = "" if error.status == 410 else self._version
                time.sleep(0.1)
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.1)

    def _list(self) -> None:
        answer = self._api.get(ROUTES)
        for route in answer.get("items", []):
            self._note(route, time.time())
        self._version = answer["metadata"]["resourceVersion"]

    def _take(self, event: Object) -> None:
        if event["type"] == "ERROR":
            self._version = ""
            return
        self._version = event["object"]["metadata"]["resourceVersion"]
        if event["type"] in ("ADDED", "MODIFIED"):
            self._note(event["object"], time.time())

    def _note(self, route: Object, at: float) -> None:
        name, weight = route["metadata"]["name"], weight_of(route)
        with self._changed:
            seen = self._seen.setdefault(name, [])
            if not seen or seen[-1][1] != weight:
                seen.append((at, weight))
            self._accepted[name] = accepted(route)
            self._changed.notify_all()
        self._listener(route)


class Gateway:
    """Writes into the status of each route that it is accepted as it is, and does nothing else. While it rests, routes queue up."""

    def __init__(self, cluster: Cluster) -> None:
        self._api = cluster.api_as("contour")
        self._queue: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        self._works = threading.Event()
        self._works.set()
        for _ in range(2):
            threading.Thread(target=self._serve, daemon=True).start()

    def see(self, route: Object) -> None:
        if not accepted(route):
            self._queue.put((route["metadata"]["name"], route["metadata"]["generation"]))

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        self._works.clear()
        try:
            yield
        finally:
            self._works.set()

    def _serve(self) -> None:
        while True:
            name, generation = self._queue.get()
            self._works.wait()
            try:
                self._api.patch(f"{ROUTES}/{name}/status", {"status": {"parents": [_parent(generation)]}}, manager="gateway")
            except (ApiError, OSError, http.client.HTTPException):
                # A connection that the server closed while it was idle, for one. No gateway forgets a route.
                time.sleep(0.05)
                self._queue.put((name, generation))


def _parent(generation: int) -> Object:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    conditions = [{"type": kind, "status": "True", "reason": kind, "message": "", "lastTransitionTime": at,
                   "observedGeneration": generation} for kind in ("Accepted", "ResolvedRefs")]
    return {"parentRef": {"name": "gw"}, "controllerName": _CONTROLLER, "conditions": conditions}
