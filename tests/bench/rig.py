"""A cluster with the operator in it, for one row of the benchmark."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness import API_ONLY, Cluster, HarnessError, Options, Process, paths, wait_for
from harness.manifests import read

import load
from routes import Gateway, RouteWatch

OPERATOR_SPACE, OPERATOR = "softmigration-system", "softmigration-operator"
OPERATOR_USER = f"system:serviceaccount:{OPERATOR_SPACE}:{OPERATOR}"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{OPERATOR_SPACE}/leases/{OPERATOR}"
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_PORTS = {"operator-a": 8080, "operator-b": 8081}


@dataclass(frozen=True)
class Usage:
    """Of one process, at one moment."""

    at: float
    cpu_seconds: float
    rss_bytes: int
    peak_rss_bytes: int
    private_bytes: int  # without files that are mapped in, such as shared libraries


def usage(process: Process) -> Usage:
    sizes = {}
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if value.endswith("kB"):
            sizes[key] = int(value.split()[0]) * 1024
    return Usage(time.time(), process.cpu_seconds(), sizes["VmRSS"], sizes["VmHWM"], sizes["RssAnon"])


@dataclass(frozen=True)
class Request:
    at: float
    verb: str
    resource: str  # with the subresource, as in httproutes/status

    @property
    def is_lease(self) -> bool:
        return self.resource == "leases"

    @property
    def is_write(self) -> bool:
        return self.verb in _WRITES and not self.is_lease


class AuditLog:
    """What the API server wrote down about the operator's requests. Reads what is new at each call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._known: set[str] = set()
        self._requests: list[Request] = []

    def requests(self, since: float, until: float = float("inf")) -> list[Request]:
        self._read()
        return [request for request in self._requests if since <= request.at < until]

    def _read(self) -> None:
        with open(self._path, "rb") as file:
            file.seek(self._offset)
            data = file.read()
        data = data[:data.rfind(b"\n") + 1]
        self._offset += len(data)
        marker = OPERATOR_USER.encode()
        for line in data.splitlines():
            if marker in line:
                self._take(json.loads(line))

    def _take(self, entry: dict[str, object]) -> None:
        # A watch is told twice: when it begins and when it ends.
        if entry["user"]["username"] != OPERATOR_USER or entry["auditID"] in self._known:  # type: ignore[index]
            return
        self._known.add(str(entry["auditID"]))
        target = entry.get("objectRef") or {}
        resource = "/".join(part for part in (target.get("resource"), target.get("subresource")) if part)  # type: ignore[attr-defined]
        at = datetime.fromisoformat(str(entry["requestReceivedTimestamp"]).replace("Z", "+00:00")).timestamp()
        self._requests.append(Request(at, str(entry["verb"]), resource or str(entry["requestURI"])))


def by_verb(requests: list[Request]) -> dict[str, int]:
    return dict(sorted(Counter(f"{request.verb} {request.resource}" for request in requests).items()))


class Rig:
    """REQUIRES: the programs are built. Thread rule: one thread controls it."""

    def __init__(self, cluster: Cluster, client: str) -> None:
        self.cluster = cluster
        self.client = client
        self.audit = AuditLog(cluster.state / "audit.log")
        self.source = load.MetricSource(cluster, paths.built("metrics-stub"))
        self.gateway = Gateway(cluster)
        self.watch = RouteWatch(cluster).start(self.gateway.see)
        self._install()
        load.create_backends(cluster)
        self.operators: dict[str, Process] = {}
        self.start_operator("operator-a")

    @property
    def operator(self) -> Process:
        """The first one, which leads from the start of a row."""
        return self.operators["operator-a"]

    def start_operator(self, name: str) -> None:
        """Returns when its caches are filled."""
        port = _PORTS[name]
        if name in self.operators:
            self.operators[name].start()
        else:
            config = self.cluster.service_account_kubeconfig(OPERATOR_SPACE, OPERATOR)
            argv = [paths.built("softmigration-operator"), "--kubeconfig", str(config), "--http-client", self.client,
                    "--metrics-address", "127.0.0.1", "--metrics-port", str(port)]
            self.operators[name] = self.cluster.run(name, argv, {"POD_NAME": name})
        process = self.operators[name]
        wait_for(lambda: self._ready(process, port), 60, f"{name} is ready")

    def leader(self) -> str:
        """The name of the operator that holds the lease; empty where nobody does."""
        lease = self.cluster.api.find(LEASE) or {}
        holder = str(lease.get("spec", {}).get("holderIdentity") or "")
        return next((name for name in self.operators if holder.startswith(f"{name}_")), "")

    def cpu_by_process(self) -> dict[str, float]:
        """CPU seconds so far of everything that takes part, this program too."""
        taken = {name: process.cpu_seconds() for name, process in [*self.cluster.parts.items(), *self.operators.items()] if process.alive}
        return {**taken, "metrics-stub": self.source.process.cpu_seconds(), "bench": time.process_time()}

    def lease_seconds(self) -> float:
        return float(self.cluster.api.get(LEASE)["spec"]["leaseDurationSeconds"])

    def wait_for_phase(self, phase: str, count: int, timeout: float) -> None:
        wait_for(lambda: load.phases(self.cluster).get(phase, 0) == count, timeout, f"{count} migrations in {phase}",
                 every=0.1 if count == 1 else 0.5)

    def wait_until_quiet(self, timeout: float, quiet: float = 3) -> None:
        """Until the operator asked the API server for nothing but its lease for `quiet` seconds."""
        wait_for(lambda: all(request.is_lease for request in self.audit.requests(time.time() - quiet)), timeout,
                 "the operator leaves the API server alone", every=1)

    def metrics_text(self) -> str:
        return self.cluster.http(f"http://127.0.0.1:{_PORTS['operator-a']}/metrics").body

    def _install(self) -> None:
        """The definition and the operator's rights as users get them; no Deployment, since nothing here runs pods."""
        api = self.cluster.api
        for definition in read(paths.REPOSITORY / "crds"):
            api.patch(api.path_of(definition), definition, kind="apply")
        wait_for(lambda: api.find("/apis/softmigration.io/v1alpha1/softmigrations"), 20, "the SoftMigration API is served")
        documents = read(paths.REPOSITORY / "examples" / "install" / "operator.yaml")
        self.cluster.apply([document for document in documents if document["kind"] != "Deployment"])

    def _ready(self, process: Process, port: int) -> bool:
        if not process.alive:
            raise HarnessError(f"{process.name} ended with {process.exit_code}", process.log)
        try:
            return self.cluster.http(f"http://127.0.0.1:{port}/readyz", timeout=2).status == 200
        except (OSError, http.client.HTTPException):
            return False


@contextlib.contextmanager
def rig(client: str) -> Iterator[Rig]:
    with Cluster(Options(name="bench", parts=API_ONLY, audit=True)) as cluster:
        made = Rig(cluster, client)
        try:
            yield made
        finally:
            made.watch.stop()


def machine() -> dict[str, object]:
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
                  if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cores": os.cpu_count(), "model": model, "memory_gib": round(memory, 1), "kernel": os.uname().release}
