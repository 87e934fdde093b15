"""An API server that knows one ConfigMap and changes it all the time, for a bridge whose disk is full."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any

Json = Any
CHANGED_EVERY = 0.2


class OneConfigMap:
    """Answers list and watch on its own threads, to whoever asks, until it is closed."""

    def __init__(self, namespace: str, name: str, data: dict[str, str]) -> None:
        self._metadata = {"namespace": namespace, "name": name, "uid": "u"}
        self._data = data
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # pylint: disable=invalid-name
                owner.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
                """Quiet."""

        self._closed = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _object(self, version: int) -> Json:
        """Each version of Envoy's routes is the same to Envoy, and another text."""
        data = {**self._data, "rds.json": self._data["rds.json"] + " " * version}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**self._metadata, "resourceVersion": str(version)}, "data": data}

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        if "watch=" in request.path:
            request.end_headers()
            self._tell_changes(request)
        else:
            found = {"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "1"}, "items": [self._object(1)]}
            body = json.dumps(found).encode()
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

    def _tell_changes(self, request: http.server.BaseHTTPRequestHandler) -> None:
        version = 1
        while not self._closed.wait(CHANGED_EVERY):
            version += 1
            event = {"type": "MODIFIED", "object": self._object(version)}
            try:
                request.wfile.write(json.dumps(event).encode() + b"\n")
            except OSError:
                return

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
