"""A reverse proxy between one operator and the API server: sees every write, and may kill the operator right after one of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness import Cluster
from harness.control_plane import API_PORT
from harness.netns import HOST_ADDRESS

_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "host"})
_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Call:
    """One request other than a watch. `status`: 0 until the API server answered."""

    at: float
    method: str
    path: str
    body: Any = None
    status: int = 0

    @property
    def writes(self) -> bool:
        """Whether it changes something users or GitOps see: neither the lease nor an Event."""
        return self.method in _WRITING and "/leases" not in self.path and "/events" not in self.path

    @property
    def about_lease(self) -> bool:
        return "/leases" in self.path

    def line(self) -> str:
        return f"{self.method} {self.path.partition('?')[0]} -> {self.status}"


@dataclass
class _Record:
    calls: list[Call] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class ApiProxy:
    """Plain HTTP on one side, the API server's HTTPS on the other; credentials pass through. Thread-safe.
    `kill_after`: once the API server has taken the write of that number, `victim`'s process is killed before it hears of it."""

    def __init__(self, cluster: Cluster, ca_file: Path, kill_after: int = 0) -> None:
        self.kill_after = kill_after
        self.victim: Callable[[], int] = lambda: 0
        self.killed = False
        self._cluster = cluster
        self._record = _Record()
        self._upstreams: set[http.client.HTTPSConnection] = set()
        self._context = ssl.create_default_context(cafile=str(ca_file))
        with cluster.namespace.sockets():
            self._server = _Server((HOST_ADDRESS, 0), _Handler)
        self._server.proxy = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{HOST_ADDRESS}:{self._server.server_address[1]}"

    def kubeconfig(self, original: Path, target: Path) -> Path:
        """A copy of a kubeconfig that leads here."""
        text = original.read_text(encoding="utf-8").replace(f"https://{HOST_ADDRESS}:{API_PORT}", self.url)
        target.touch(mode=0o600)
        target.write_text(text, encoding="utf-8")
        return target

    @property
    def calls(self) -> list[Call]:
        with self._record.lock:
            return list(self._record.calls)

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.writes]

    def writes_since(self, moment: float, path: str = "") -> list[Call]:
        """`moment`: of time.monotonic()."""
        return [call for call in self.writes if call.at >= moment and path in call.path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        with self._record.lock:
            left = list(self._upstreams)
        for connection in left:
            _shut(connection)

    # -- for the handler -----------------------------------------------------------------------------------------

    def connect(self) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(HOST_ADDRESS, API_PORT, timeout=400, context=self._context)
        with self._cluster.namespace.sockets():
            connection.connect()
        with self._record.lock:
            self._upstreams.add(connection)
        return connection

    def release(self, connection: http.client.HTTPSConnection) -> None:
        with self._record.lock:
            self._upstreams.discard(connection)
        connection.close()

    def note(self, call: Call) -> None:
        with self._record.lock:
            self._record.calls.append(call)

    def answered(self, call: Call, status: int) -> None:
        """May kill: the write is done, the operator does not know it yet."""
        with self._record.lock:
            call.status = status
            done = sum(1 for other in self._record.calls if other.writes and 200 <= other.status < 300)
            kill = call.writes and not self.killed and done == self.kill_after and 200 <= status < 300
            self.killed = self.killed or kill
        if kill:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.victim(), signal.SIGKILL)


def _shut(connection: http.client.HTTPSConnection) -> None:
    with contextlib.suppress(OSError):
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: ApiProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is nothing to talk about: operators are killed here."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of the operator, with one connection to the API server behind it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    upstream: http.client.HTTPSConnection | None = None

    def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, http.client.HTTPException):
            pass
        finally:
            if self.upstream:
                self.server.proxy.release(self.upstream)

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        watch = "watch=true" in self.path or "watch=1" in self.path
        call = Call(time.monotonic(), self.command, self.path, _decoded(body))
        if not watch:
            self.server.proxy.note(call)
        answer = self._forward(body)
        if watch and answer.status == 200:
            self._stream(answer)
            return
        data = answer.read()
        self.server.proxy.answered(call, answer.status)
        self._head(answer)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any

    def _forward(self, body: bytes) -> http.client.HTTPResponse:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        for fresh in (False, True):
            if self.upstream is None or fresh:
                self._reconnect()
            assert self.upstream
            try:
                self.upstream.request(self.command, self.path, body or None, headers)
                return self.upstream.getresponse()
            except (http.client.HTTPException, ConnectionError):
                if fresh or self.command in _WRITING:  # a write may have been taken
                    raise
        raise AssertionError("unreachable")

    def _reconnect(self) -> None:
        if self.upstream:
            self.server.proxy.release(self.upstream)
        self.upstream = None
        self.upstream = self.server.proxy.connect()

    def _head(self, answer: http.client.HTTPResponse) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP and name.lower() not in ("date", "server"):
                self.send_header(name, value)

    def _stream(self, answer: http.client.HTTPResponse) -> None:
        self._head(answer)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while data := answer.read1(65536):
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return None
