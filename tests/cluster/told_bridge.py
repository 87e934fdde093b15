"""A bridge told by a ConfigMap, for tests and the benchmark: Envoy with filesystem xDS, the agent that writes its files, both systems.

Everything runs inside the cluster's network namespace, where the ports below are nobody else's. What the operator is to render one day
stands here as a fixed configuration.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bridge
from harness import Cluster, Process, paths
from harness.process import wait_for

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
USERS, REPLAY_LEGACY, REPLAY_TARGET, AGENT = 18000, 18001, 18002, 18003
SYSTEMS = {"legacy": 18010, "target": 18011}
NAMES = {"legacy": "legacy", "target": "next"}

Json = Any


def rights_to_read_one_config_map(cluster: Cluster) -> None:
    """The ServiceAccount `bridge`, as the operator is to make it."""
    cluster.api.create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "bridge"}})
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["bridge"], "verbs": ["get", "list", "watch"]}
    cluster.api.create(f"{ROLES}/roles", {"metadata": {"name": "bridge"}, "rules": [rule]})
    cluster.api.create(f"{ROLES}/rolebindings", {
        "metadata": {"name": "bridge"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "bridge"},
        "subjects": [{"kind": "ServiceAccount", "name": "bridge", "namespace": "default"}]})


def file_source(path: Path) -> Json:
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def resources(kind: str, *found: Json) -> str:
    return json.dumps({"resources": [{"@type": f"type.googleapis.com/envoy.config.{kind}", **each} for each in found]})


def to(side: str) -> Json:
    return {"name": "payments", "route": {"cluster": side}}


class Told:
    """One bridge whose configuration is the ConfigMap `bridge`."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.settings = folder / "settings"
        self.settings.mkdir()
        for side, port in SYSTEMS.items():
            cluster.run(f"bridge-{side}", [paths.built("payments-api"), "--version", NAMES[side], "--address", "127.0.0.1",
                                           "--port", str(port)])
        cluster.api.create(CONFIG_MAPS, {"metadata": {"name": "bridge"}, "data": self.files(0)})
        self._kubeconfig = cluster.service_account_kubeconfig("default", "bridge")
        self.agent = self._run_agent()
        wait_for(lambda: (self.settings / "agent.json").exists(), 30, "the agent stores its settings")
        self._run_envoy()
        wait_for(lambda: self.served_by(quietly=True), 30, "users are served")

    def _run_agent(self) -> Process:
        return self.cluster.run("bridge-agent", [
            paths.built("softmigration-agent"), "--config-map", "default/bridge", "--settings-folder", str(self.settings),
            "--kubeconfig", str(self._kubeconfig), "--copies", f"unix:{self.folder / 'agent.sock'}", "--http-port", str(AGENT)])

    def _run_envoy(self) -> None:
        dynamic = {"node": {"id": "bridge", "cluster": "bridge"},
                   "dynamic_resources": {"lds_config": file_source(self.settings / "lds.json"),
                                         "cds_config": file_source(self.settings / "cds.json")},
                   "static_resources": {"clusters": [bridge.agent_cluster(self.folder / "agent.sock")]}}
        path = self.folder / "envoy.json"
        path.write_text(json.dumps(bridge.bootstrap_with(self.folder / "admin.sock", dynamic)), encoding="utf-8")
        self.cluster.run("bridge-envoy", [paths.program("envoy"), "-c", str(path), "--use-dynamic-base-id", "--disable-hot-restart",
                                          "--log-level", "warn", "--concurrency", "1"])

    def files(self, weight: int) -> dict[str, str]:
        """What the ConfigMap holds where the target gets `weight` percent, and those with x-beta: 1 always the target."""
        clusters = [{"name": side, "type": "EDS", "connect_timeout": "1s", "eds_cluster_config": {
            "service_name": side, "eds_config": file_source(self.settings / f"eds-{side}.json")}} for side in SYSTEMS]
        endpoints = {f"eds-{side}.json": resources("endpoint.v3.ClusterLoadAssignment", {
            "cluster_name": side, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": bridge.tcp(port)}}]}]})
            for side, port in SYSTEMS.items()}
        endpoints["eds-target-or-legacy.json"] = resources("endpoint.v3.ClusterLoadAssignment")
        beta = {"match": {"prefix": "/", "headers": [{"name": "x-beta", "string_match": {"exact": "1"}}]}, **to("target")}
        split = {"match": {"prefix": "/"}, "name": "payments", "route": {"weighted_clusters": {"clusters": [
            {"name": "legacy", "weight": 100 - weight}, {"name": "target", "weight": weight}]}}}
        hosts = [{"name": "all", "domains": ["*"], "routes": [beta, split]}]
        dynamic_routes = {"rds": {"route_config_name": "users", "config_source": file_source(self.settings / "rds.json")}}
        manager = bridge.manager_of("users", [bridge.watcher()], dynamic_routes)
        users = {"name": "users", "address": bridge.tcp(USERS), "filter_chains": [manager]}
        replays = [bridge.replay_listener("legacy", REPLAY_LEGACY), bridge.replay_listener("target", REPLAY_TARGET)]
        agent = {"components": [{"name": "payments", "routes": ["payments"]}],
                 "legacy": {"url": f"http://127.0.0.1:{REPLAY_LEGACY}", "clusters": ["legacy"]},
                 "target": {"url": f"http://127.0.0.1:{REPLAY_TARGET}", "clusters": ["target"]}}
        return {"agent.json": json.dumps(agent), **endpoints, "cds.json": resources("cluster.v3.Cluster", *clusters),
                "rds.json": resources("route.v3.RouteConfiguration", {"name": "users", "virtual_hosts": hosts}),
                "lds.json": resources("listener.v3.Listener", users, *replays)}

    def tell(self, **files: str) -> None:
        self.cluster.api.patch(f"{CONFIG_MAPS}/bridge", {"data": {name.replace("_json", ".json"): text for name, text in files.items()}})

    def shift(self, weight: int) -> None:
        self.cluster.api.patch(f"{CONFIG_MAPS}/bridge", {"data": self.files(weight)})

    def served_by(self, headers: dict[str, str] | None = None, quietly: bool = False) -> str:
        """Who answers a user. `quietly`: nobody is an answer too."""
        try:
            answer = self.cluster.http(f"http://127.0.0.1:{USERS}/payments/p1", headers=headers, timeout=20)
        except OSError:
            if quietly:
                return ""
            raise
        if quietly and answer.status != 200:
            return ""
        assert answer.status == 200, answer
        return answer.headers["x-served-by"]

    def counts(self) -> Json:
        return json.loads(self.cluster.http(f"http://127.0.0.1:{AGENT}/v1/counts").body)

    def restart_agent(self) -> None:
        self.agent = self._run_agent()

    def compared(self) -> int:
        """Makes one user's request; how many were compared so far."""
        assert self.served_by()
        try:
            return int(self.counts()["components"][0]["verdicts"]["equal"])
        except OSError:
            return 0  # it is starting


@contextlib.contextmanager
def told_bridge(cluster: Cluster) -> Iterator[Told]:
    """The folder's path is short: a socket's has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="smb-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        rights_to_read_one_config_map(cluster)
        yield Told(cluster, folder)
