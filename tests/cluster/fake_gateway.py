"""Accepts every HTTPRoute as a gateway would, on a cluster without one."""

from __future__ import annotations

import http.client
import threading
import time

from harness import ApiError, Object
from harness.api import ApiClient

_ROUTES = "/apis/gateway.networking.k8s.io/v1/httproutes"
_CONTROLLER = "example.com/fake-gateway"


class FakeGateway:
    """Runs on a thread of its own until close(). Thread-safe."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._refused: dict[tuple[str, str], str] = {}
        self._ended = False
        threading.Thread(target=self._run, daemon=True).start()

    def refuse(self, space: str, name: str, message: str) -> None:
        """From now on Accepted=False with this message."""
        with self._lock:
            self._refused[space, name] = message
        self._report_now(space, name)

    def accept(self, space: str, name: str) -> None:
        with self._lock:
            self._refused.pop((space, name), None)
        self._report_now(space, name)

    def close(self) -> None:
        self._ended = True

    def _run(self) -> None:
        while not self._ended:
            try:
                self._follow()
            except (OSError, http.client.HTTPException, ValueError, ApiError):
                time.sleep(0.1)

    def _follow(self) -> None:
        listed = self._api.get(_ROUTES)
        for route in listed["items"]:
            self._report(route)
        for event in self._api.watch(_ROUTES, listed["metadata"]["resourceVersion"], timeout=120):
            if self._ended or event["type"] == "ERROR":
                return
            if event["type"] in ("ADDED", "MODIFIED"):
                self._report(event["object"])

    def _report_now(self, space: str, name: str) -> None:
        path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{space}/httproutes/{name}"
        if route := self._api.find(path):
            self._report(route)

    def _report(self, route: Object) -> None:
        metadata = route["metadata"]
        space, name, generation = metadata["namespace"], metadata["name"], metadata["generation"]
        with self._lock:
            refused = self._refused.get((space, name))
        word = "False" if refused else "True"
        parents = route.get("status", {}).get("parents") or []
        told = [c for c in parents[0]["conditions"] if c["type"] == "Accepted"] if parents else []
        if told and (told[0]["observedGeneration"], told[0]["status"]) == (generation, word):
            return

        def condition(kind: str, status: str, message: str) -> Object:
            return {"type": kind, "status": status, "reason": kind if status == "True" else "UnsupportedValue", "message": message,
                    "observedGeneration": generation, "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        status = {"parents": [{"parentRef": {"name": "gw"}, "controllerName": _CONTROLLER,
                               "conditions": [condition("Accepted", word, refused or ""), condition("ResolvedRefs", "True", "")]}]}
        try:
            self._api.patch(f"/apis/gateway.networking.k8s.io/v1/namespaces/{space}/httproutes/{name}/status", {"status": status},
                            manager="fake-gateway")
        except ApiError as error:
            if error.status != 404:  # deleted meanwhile
                raise
