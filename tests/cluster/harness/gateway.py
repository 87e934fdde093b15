"""Contour and Envoy: the gateway users of a test or a demo enter through."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from . import paths
from .api import ApiClient, Object
from .errors import HarnessError
from .manifests import apply, create_definitions
from .netns import HOST_ADDRESS, Namespace
from .process import Process

GATEWAY_NAMESPACE = "projectcontour"
GATEWAY_NAME = "gw"
USER_PORT = 8080   # Contour serves a listener on port 80 here
STATS_PORT = 8002  # Envoy's metrics, /stats/prometheus
XDS_PORT = 8001
SOCKET_PATH_LIMIT = 107
# Nothing of the cluster listens on 0.0.0.0: that would take the port from every pod.

_OBJECTS: list[Object] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAY_NAMESPACE}},
    {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "contour"},
     "spec": {"controllerName": "projectcontour.io/gateway-controller"}},
    {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"namespace": GATEWAY_NAMESPACE, "name": GATEWAY_NAME},
     "spec": {"gatewayClassName": "contour",
              "listeners": [{"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}]}},
]


def install_definitions(api: ApiClient, names: list[str]) -> None:
    """`names`: of gateway-api and contour."""
    create_definitions(api, [definition for name in names for definition in json.loads(paths.crd_list(name).read_text(encoding="utf-8"))])


def create_gateway(api: ApiClient) -> None:
    apply(api, _OBJECTS, "harness")


def contour(state: Path, namespace: Namespace, kubeconfig: Path) -> Process:
    configuration = {"gateway": {"gatewayRef": {"namespace": GATEWAY_NAMESPACE, "name": GATEWAY_NAME}}, "accesslog-level": "disabled"}
    path = state / "contour.yaml"
    path.write_text(json.dumps(configuration), encoding="utf-8")
    return Process("contour", [
        paths.program("contour"), "serve", f"--kubeconfig={kubeconfig}", "--insecure", "--xds-address=127.0.0.1", f"--xds-port={XDS_PORT}",
        f"--config-path={path}", "--disable-leader-election", f"--envoy-service-http-port={USER_PORT}",
        f"--envoy-service-http-address={HOST_ADDRESS}", f"--stats-address={HOST_ADDRESS}", "--http-address=127.0.0.1",
        "--health-address=127.0.0.1", f"--ingress-status-address={HOST_ADDRESS}",
    ], state, namespace)


def envoy(state: Path, namespace: Namespace) -> Process:
    bootstrap = state / "envoy.json"
    admin = state / "envoy.sock"
    if len(str(admin)) > SOCKET_PATH_LIMIT:
        raise HarnessError(f"{admin} is too long for a socket; choose a shorter state folder (TMPDIR)")
    subprocess.run([paths.program("contour"), "bootstrap", str(bootstrap), "--xds-address=127.0.0.1", f"--xds-port={XDS_PORT}",
                    f"--admin-address={admin}"], check=True, capture_output=True, timeout=30)
    return Process("envoy", [
        paths.program("envoy"), "-c", str(bootstrap), "--service-cluster", GATEWAY_NAMESPACE, "--service-node", "envoy-1",
        "--disable-hot-restart", "--log-level", "warn",
    ], state, namespace)
