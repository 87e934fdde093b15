"""Readiness and liveness probes of a container."""

from __future__ import annotations

import http.client
import socket
import time

from .api import Object

# Until the first success a probe is tried this often, so that a test does not wait for a slow period.
_EAGER_SECONDS = 0.1


class Probe:
    """One probe: due by its period, decided by its thresholds. httpGet and tcpSocket; any other kind always passes."""

    def __init__(self, spec: Object, container: Object, address: str, passed_at_first: bool) -> None:
        self._spec = spec
        self._address = address
        self._ports = {port.get("name", ""): port["containerPort"] for port in container.get("ports", [])}
        self._next = time.monotonic() + spec.get("initialDelaySeconds", 0)
        self._successes = 0
        self._failures = 0
        self.passed = passed_at_first

    def run_if_due(self) -> None:
        """Blocks for the probe's own timeout at most."""
        now = time.monotonic()
        if now < self._next:
            return
        succeeded = self._try()
        period = max(1, self._spec.get("periodSeconds", 10))
        self._count(succeeded)
        self._next = now + (period if self.passed or self._failures > 100 else min(period, _EAGER_SECONDS))
        if self.passed and not succeeded:
            self._next = now + min(period, 1)

    def _count(self, succeeded: bool) -> None:
        if succeeded:
            self._successes, self._failures = self._successes + 1, 0
            if self._successes >= self._spec.get("successThreshold", 1):
                self.passed = True
            return
        self._successes, self._failures = 0, self._failures + 1
        if self._failures >= self._spec.get("failureThreshold", 3):
            self.passed = False

    def _try(self) -> bool:
        timeout = max(1, self._spec.get("timeoutSeconds", 1))
        try:
            if "httpGet" in self._spec:
                return self._http_get(self._spec["httpGet"], timeout)
            if "tcpSocket" in self._spec:
                socket.create_connection((self._address, self._port(self._spec["tcpSocket"]["port"])), timeout).close()
            return True
        except (OSError, http.client.HTTPException):
            return False

    def _http_get(self, action: Object, timeout: float) -> bool:
        connection = http.client.HTTPConnection(action.get("host", self._address), self._port(action["port"]), timeout=timeout)
        try:
            connection.request("GET", action.get("path", "/"), headers={"User-Agent": "kube-probe/local", "Connection": "close"})
            return 200 <= connection.getresponse().status < 400
        finally:
            connection.close()

    def _port(self, port: int | str) -> int:
        return port if isinstance(port, int) else self._ports[port]
