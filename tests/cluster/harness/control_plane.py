"""etcd, kube-apiserver and kube-controller-manager as plain processes."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import paths
from .api import ApiClient, Endpoint
from .errors import HarnessError
from .netns import HOST_ADDRESS, Namespace
from .process import Process, wait_for

API_PORT = 6443
ADMIN = "admin"
MASTERS = "system:masters"

# Everyone who talks to the API server has a name, so that an audit log can tell them apart.
BUILT_IN_USERS: Mapping[str, list[str]] = {
    ADMIN: [MASTERS],
    "controller-manager": [MASTERS],
    "contour": [MASTERS],
    "pod-runner": [MASTERS],
    "second-writer": [MASTERS],  # for tests: another tool that writes the same objects
    "nobody": [],                # for tests: logged in, without any right
}

CONTROLLERS = (
    "deployment-controller", "replicaset-controller", "job-controller", "disruption-controller", "endpointslice-controller",
    "garbage-collector-controller", "namespace-controller", "serviceaccount-controller", "clusterrole-aggregation-controller",
)

_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "Metadata"}],
}


class ControlPlane:
    """Makes the processes of the control plane; the cluster starts and stops them."""

    def __init__(self, state: Path, namespace: Namespace, users: Mapping[str, list[str]], audit: bool) -> None:
        self._state = state
        self._namespace = namespace
        self._audit = audit
        self._tokens = {user: secrets.token_hex(16) for user in users}
        self._write_files(users)

    @property
    def ca_file(self) -> Path:
        """Written by the API server at its first start."""
        return self._state / "apiserver" / "apiserver.crt"

    @property
    def audit_log(self) -> Path:
        return self._state / "audit.log"

    def client(self, user: str) -> ApiClient:
        return ApiClient(Endpoint(HOST_ADDRESS, API_PORT, self._tokens[user], self.ca_file), self._namespace)

    def kubeconfig(self, user: str) -> Path:
        if user not in self._tokens:
            raise HarnessError(f"no user {user}; users: {', '.join(sorted(self._tokens))}")
        path = self._state / "kubeconfigs" / f"{user}.yaml"
        if not path.exists():
            write_kubeconfig(path, user, self._tokens[user], self.ca_file)
        return path

    def etcd(self) -> Process:
        return Process("etcd", [
            paths.program("etcd"), "--data-dir", str(self._state / "etcd"), "--unsafe-no-fsync", "--log-level", "warn",
            "--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
            "--listen-peer-urls", "http://127.0.0.1:2380",
        ], self._state, self._namespace)

    def api_server(self) -> Process:
        key = str(self._state / "service-account.key")
        argv = [
            paths.program("kube-apiserver"), "--etcd-servers=http://127.0.0.1:2379", f"--cert-dir={self._state / 'apiserver'}",
            f"--bind-address={HOST_ADDRESS}", f"--advertise-address={HOST_ADDRESS}", f"--secure-port={API_PORT}",
            "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
            "--authorization-mode=RBAC", f"--token-auth-file={self._state / 'tokens.csv'}",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", "--disable-admission-plugins=ServiceAccount",
        ]
        if self._audit:
            argv += [f"--audit-policy-file={self._state / 'audit-policy.json'}", f"--audit-log-path={self.audit_log}"]
        return Process("kube-apiserver", argv, self._state, self._namespace)

    def controller_manager(self) -> Process:
        return Process("kube-controller-manager", [
            paths.program("kube-controller-manager"), f"--kubeconfig={self.kubeconfig('controller-manager')}",
            "--leader-elect=false", "--secure-port=0", f"--controllers={','.join(CONTROLLERS)}",
            "--kube-api-qps=500", "--kube-api-burst=1000",
        ], self._state, self._namespace)

    def wait_until_ready(self, server: Process) -> None:
        """Until the API server answers /readyz and its default objects are there."""
        def ready() -> bool:
            if not server.alive:
                raise HarnessError("kube-apiserver ended while starting", server.log)
            return self.ca_file.exists() and self.client(ADMIN).ready()
        wait_for(ready, 60, "kube-apiserver is ready")

    def _write_files(self, users: Mapping[str, list[str]]) -> None:
        tokens = self._state / "tokens.csv"
        lines = [f'{self._tokens[user]},{user},{user},"{",".join(groups)}"\n' for user, groups in users.items()]
        tokens.touch(mode=0o600)
        tokens.write_text("".join(lines), encoding="utf-8")
        (self._state / "audit-policy.json").write_text(json.dumps(_AUDIT_POLICY), encoding="utf-8")
        key = self._state / "service-account.key"
        subprocess.run([paths.program("openssl"), "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(key)],
                       check=True, capture_output=True, timeout=20)


def write_kubeconfig(path: Path, user: str, token: str, ca_file: Path, namespace: str = "default") -> None:
    """The file is readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(f"""apiVersion: v1
kind: Config
current-context: {user}
clusters:
- name: local
  cluster:
    server: https://{HOST_ADDRESS}:{API_PORT}
    certificate-authority: {ca_file}
users:
- name: {user}
  user:
    token: {token}
contexts:
- name: {user}
  context:
    cluster: local
    user: {user}
    namespace: {namespace}
""", encoding="utf-8")
