"""A small HTTPS client for the API server: one connection a thread, every call with a time limit."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from .netns import Namespace

Object = dict[str, Any]

PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class ApiError(Exception):
    """An answer other than 2xx: `status` (HTTP), `reason` (Kubernetes' word, such as "Conflict"), `body`."""

    def __init__(self, method: str, path: str, status: int, body: Object) -> None:
        super().__init__(f"{method} {path}: {status} {body.get('message', '')}")
        self.status = status
        self.reason = str(body.get("reason", ""))
        self.body = body


@dataclass(frozen=True)
class Endpoint:
    host: str
    port: int
    token: str
    ca_file: Path


class ApiClient:
    """Thread-safe. Lost connections are opened again; a request that may have been taken is not repeated."""

    def __init__(self, endpoint: Endpoint, namespace: Namespace | None = None, timeout: float = 15) -> None:
        self._endpoint = endpoint
        self._namespace = namespace
        self._timeout = timeout
        self._local = threading.local()
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    # -- verbs ---------------------------------------------------------------------------------------------------

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Object:
        return self.request("GET", path, query=query)

    def find(self, path: str) -> Object | None:
        """The object, or nothing where it does not exist."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, path: str, query: Mapping[str, str] | None = None) -> list[Object]:
        return list(self.get(path, query).get("items") or [])

    def create(self, path: str, body: Object) -> Object:
        return self.request("POST", path, body)

    def replace(self, path: str, body: Object) -> Object:
        return self.request("PUT", path, body)

    def patch(self, path: str, body: Any, kind: str = "merge", manager: str = "harness") -> Object:
        """`kind`: merge, json, strategic or apply (server-side apply, forced)."""
        query = {"fieldManager": manager}
        if kind == "apply":
            query["force"] = "true"
        return self.request("PATCH", path, body, query, PATCH_TYPES[kind])

    def delete(self, path: str, grace: int | None = None, query: Mapping[str, str] | None = None) -> Object | None:
        """Nothing where it does not exist."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            return self.request("DELETE", path, options, query)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def watch(self, path: str, resource_version: str = "", timeout: float = 60) -> Iterator[Object]:
        """Watch events until the server ends the watch or nothing came for `timeout` seconds."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(int(timeout) + 1)}
        if resource_version:
            query["resourceVersion"] = resource_version
        connection = self._connect(timeout)
        try:
            connection.request("GET", f"{path}?{urlencode(query)}", headers=self._headers(None))
            answer = connection.getresponse()
            if answer.status != 200:
                raise ApiError("WATCH", path, answer.status, _decode(answer.read()))
            with contextlib.suppress(TimeoutError, ssl.SSLError):
                while line := answer.readline():
                    yield json.loads(line)
        finally:
            connection.close()

    def ready(self) -> bool:
        """Whether the API server answers /readyz."""
        try:
            return self.request_text("GET", "/readyz") == "ok"
        except (OSError, ApiError, http.client.HTTPException):
            return False

    # -- paths ---------------------------------------------------------------------------------------------------

    def path_of(self, document: Object) -> str:
        """The path of the object a manifest describes."""
        metadata = document["metadata"]
        return self.path(document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"])

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """Looks the kind up in the server's discovery. Raises KeyError where it is not served.
        A namespaced kind without a namespace lies in "default", or is listed over all namespaces without a name."""
        plural, namespaced = self._resource(api_version, kind)
        root = "/api/v1" if api_version == "v1" else f"/apis/{api_version}"
        if namespaced and (namespace or name):
            root += f"/namespaces/{namespace or 'default'}"
        return f"{root}/{plural}/{quote(name)}" if name else f"{root}/{plural}"

    def _resource(self, api_version: str, kind: str) -> tuple[str, bool]:
        if (api_version, kind) not in self._resources:
            root = "/api/v1" if api_version == "v1" else f"/apis/{api_version}"
            for resource in (self.find(root) or {}).get("resources", []):
                if "/" not in resource["name"]:
                    self._resources[api_version, resource["kind"]] = (resource["name"], resource["namespaced"])
        return self._resources[api_version, kind]

    # -- wire ----------------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None,
                content_type: str = "application/json") -> Object:
        """One request; the decoded answer. Waits where the server asks to (429: it did nothing yet).
        Raises ApiError, OSError or http.client.HTTPException."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return _decode(self._exchange(method, path, body, query, content_type))
            except ApiError as error:
                if error.status != 429 or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def request_text(self, method: str, path: str) -> str:
        return self._exchange(method, path, None, None, "").decode(errors="replace")

    def _exchange(self, method: str, path: str, body: Any, query: Mapping[str, str] | None, content_type: str) -> bytes:
        target = f"{path}?{urlencode(query)}" if query else path
        payload = None if body is None else json.dumps(body).encode()
        headers = self._headers(content_type if payload is not None else None)
        kept: http.client.HTTPSConnection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        connection = kept or self._connect(self._timeout)
        try:
            try:
                connection.request(method, target, payload, headers)
                answer = connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError):
                connection.close()
                if kept is None:
                    raise
                # The server closed the idle connection before it read anything.
                connection = self._connect(self._timeout)
                connection.request(method, target, payload, headers)
                answer = connection.getresponse()
            data = answer.read()
        except BaseException:
            connection.close()
            raise
        self._local.connection = connection
        if answer.status >= 300:
            raise ApiError(method, path, answer.status, _decode(data))
        return data

    def _headers(self, content_type: str | None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._endpoint.token}", "Accept": "application/json"}
        if content_type:
            headers["Content-Type"] = content_type
        return headers

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self._endpoint.ca_file))
        connection = http.client.HTTPSConnection(self._endpoint.host, self._endpoint.port, timeout=timeout, context=context)
        with self._namespace.sockets() if self._namespace else contextlib.nullcontext():
            connection.connect()
        return connection


def _decode(data: bytes) -> Object:
    try:
        decoded = json.loads(data) if data else {}
    except ValueError:
        return {"message": data.decode(errors="replace")}
    return decoded if isinstance(decoded, dict) else {"message": str(decoded)}
