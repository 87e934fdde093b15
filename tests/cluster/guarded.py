"""Sources of metrics that want to know who asks: a real Prometheus behind TLS and a password, and a listener that tells what it was sent."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from harness import Cluster, Object, paths
from harness.netns import HOST_ADDRESS
from world import ACCOUNT, SYSTEM, World

SERVER_NAME = "prometheus.example.com"
SEND_TO = "softmigration.io/send-to"
USER = "reader"
# Passwords with their bcrypt hashes: made once by libxcrypt, cost 4.
PASSWORDS = {
    "first-s3cret-4711": "$2b$04$vhj.B3wGFjV2/lYxU8GAL.VWVZjs8u9j./MRUV0xdv7lLS6kQvekq",
    "second-s3cret-0815": "$2b$04$kQbTLgGvZq3TdXf13p2JPeEXG.2emuJpdQHCZog3EsdtgiDiypkQq",
}
FIRST, SECOND = PASSWORDS
WRONG = "wrong-s3cret-6174"


def free_port(cluster: Cluster) -> int:
    with cluster.namespace.sockets():
        server = ThreadingHTTPServer((HOST_ADDRESS, 0), BaseHTTPRequestHandler)
    with contextlib.closing(server.socket):
        return int(server.server_address[1])


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """A CA and a certificate for SERVER_NAME by it: (CA, certificate, key)."""
    folder.mkdir(parents=True, exist_ok=True)
    openssl = paths.program("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], check=True, capture_output=True, timeout=30, cwd=folder)
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=metrics CA", "-days", "2")
    run("req", *new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    (folder / "names").write_text(f"subjectAltName=DNS:{SERVER_NAME}\n", encoding="utf-8")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.crt",
        "-days", "2", "-extfile", "names")
    return folder / "ca.crt", folder / "server.crt", folder / "server.key"


class GuardedPrometheus:
    """Answers over TLS and to USER only; its certificate is for SERVER_NAME."""

    def __init__(self, world: World, password: str = FIRST) -> None:
        self._folder = world.cluster.state / f"guarded-{world.space}"
        authority, self._certificate, self._key = make_certificates(self._folder)
        self.ca = authority.read_text(encoding="utf-8")
        self.wants(password)
        config = self._folder / "prometheus.yaml"
        config.write_text("{}\n", encoding="utf-8")
        port = free_port(world.cluster)
        self.url = f"https://{HOST_ADDRESS}:{port}"
        self.process = world.cluster.run(f"guarded-{world.space}", [
            paths.program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.config.file={self._folder / 'web.yaml'}", f"--web.listen-address={HOST_ADDRESS}:{port}", "--log.level=info"])
        world.wait(lambda: "ready to receive web requests" in self.process.log_text(), "the guarded Prometheus is ready")

    def wants(self, password: str) -> None:
        """From now on; Prometheus reads the file with each request."""
        scratch = self._folder / "web.new"
        scratch.write_text(json.dumps({
            "tls_server_config": {"cert_file": str(self._certificate), "key_file": str(self._key)},
            "basic_auth_users": {USER: PASSWORDS[password]}}), encoding="utf-8")
        scratch.replace(self._folder / "web.yaml")

    def metric(self, **more: object) -> Object:
        """A value that is always good, by the Secret `prom`."""
        def secret(key: str) -> Object:
            return {"name": "prom", "key": key}
        source = {"address": self.url, "query": "vector(0.1)", "tls": {"ca": secret("ca.crt"), "serverName": SERVER_NAME},
                  "basicAuth": {"username": secret("username"), "password": secret("password")}}
        return {"name": "health", "prometheus": {**source, **more}, "max": "0.5"}

    def values(self, password: str) -> dict[str, str]:
        return {"username": USER, "password": password, "ca.crt": self.ca}


def put_secret(world: World, values: Mapping[str, str], send_to: str, name: str = "prom") -> None:
    """As whoever keeps it: who writes the migration may not."""
    metadata: Object = {"namespace": world.space, "name": name}
    if send_to:
        metadata["annotations"] = {SEND_TO: send_to}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    world.cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}, manager="keeper")


def allow_secrets(world: World) -> None:
    """What docs/operations.md says to do in each namespace whose migrations name Secrets."""
    group = "rbac.authorization.k8s.io"
    world.cluster.apply({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"namespace": world.space, "name": "metric-secrets"},
                         "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"{ACCOUNT}-secrets"},
                         "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}]})


# A good number as each service puts it, by the path it is asked at.
_NUMBERS = {
    "/api/v1/query": {"status": "success", "data": {"resultType": "scalar", "result": [0, "0.1"]},
                      "series": [{"expression": "q", "scope": "*", "pointlist": [[1000, 0.1], [2000, None]]}]},  # Prometheus, Datadog
    "/render": [{"target": "t", "datapoints": [[0.1, 1], [None, 2]]}],
    "/query": {"results": [{"series": [{"name": "t", "columns": ["time", "last"], "values": [[1, 0.1]]}]}]},
    "/graphql": {"data": {"actor": {"account": {"nrql": {"results": [{"average.duration": 0.1}]}}}}},
    "/": {"MetricDataResults": [{"Id": "q", "Label": "q", "StatusCode": "Complete", "Values": [0.1]}]},
    "/summary": {"items": [{"rate": "0.1"}]},
}
_CSV = ",result,table,_value\r\n,_result,0,0.1\r\n\r\n"


def _answer(path: str) -> bytes:
    return _CSV.encode() if path == "/api/v2/query" else json.dumps(_NUMBERS[path]).encode()


class Listener:
    """Speaks just enough of each service's API to be asked for a number, over plain HTTP, to whoever carries `token`; to anybody where
    there is none."""

    def __init__(self, cluster: Cluster, token: str = "") -> None:
        self.heard: list[dict[str, str]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
                pass

            def do_GET(self) -> None:
                self._tell(b"")

            def do_POST(self) -> None:
                self._tell(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def _tell(self, sent: bytes) -> None:
                carried = {name.lower(): value for name, value in self.headers.items()}
                listener.heard.append({**carried, ":path": self.path, ":body": sent.decode()})
                welcome = not token or carried.get("authorization") == f"Bearer {token}"
                bad = {"status": "error", "errorType": "x", "error": f"nobody knows {carried.get('authorization')}"}
                body = _answer(self.path.partition("?")[0]) if welcome else json.dumps(bad).encode()
                self.send_response(200 if welcome else 403)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        with cluster.namespace.sockets():
            self._server = ThreadingHTTPServer((HOST_ADDRESS, 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{HOST_ADDRESS}:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def listening(cluster: Cluster, token: str = "") -> Iterator[Listener]:
    listener = Listener(cluster, token)
    try:
        yield listener
    finally:
        listener.close()
