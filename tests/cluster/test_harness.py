"""The harness itself: what every other cluster test stands on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import payments
from harness import API_ONLY, ApiError, Cluster, HarnessError, Object, Options, paths

USERS = {"Host": payments.HOST}


def serve_both(cluster: Cluster, space: str, legacy: int, target: int) -> None:
    """Two versions behind one route, answering."""
    documents = [payments.namespace(space), *payments.version(space, "legacy"), *payments.version(space, "next"),
                 payments.route(space, legacy, target)]
    cluster.apply(documents)
    for name in ("legacy", "next"):
        cluster.wait_for_deployment(space, f"payments-{name}")
    cluster.wait_for(lambda: answered_by(cluster), 20, "the gateway serves the route")


def answered_by(cluster: Cluster) -> str:
    try:
        answer = cluster.http(f"{cluster.user_url}/payments/pay_1", headers=USERS)
    except OSError:
        return ""
    return answer.headers.get("x-served-by", "") if answer.status == 200 else ""


def pods_of(cluster: Cluster, space: str, version: str) -> list[Object]:
    return cluster.api.list(f"/api/v1/namespaces/{space}/pods", {"labelSelector": f"version={version}"})


def processes_in(cluster: Cluster) -> set[int]:
    return set(cluster.namespace.members())


def test_an_api_only_cluster_serves_and_leaves_nothing_behind() -> None:
    cluster = Cluster(Options(name="harness-api", parts=API_ONLY)).start()
    inside = processes_in(cluster)
    try:
        assert "default" in cluster.kubectl("get", "namespaces").stdout
        assert cluster.api.find("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io")
        assert set(cluster.parts) == {"etcd", "kube-apiserver"}
    finally:
        cluster.stop()
    assert not [pid for pid in inside if os.path.exists(f"/proc/{pid}/exe")]
    cluster.stop()  # a second time does nothing


def test_a_program_that_cannot_start_is_named_with_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("etcd", "kubectl"):
        (tmp_path / name).symlink_to(paths.program(name))
    broken = tmp_path / "kube-apiserver"
    broken.write_text("#!/bin/sh\necho cannot work >&2\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(HarnessError, match="kube-apiserver ended while starting") as caught:
        Cluster(Options(name="harness-broken", parts=API_ONLY)).start()
    assert caught.value.log and "cannot work" in caught.value.log.read_text(encoding="utf-8")


class TestApi:
    """On a shared api-only cluster."""

    def test_a_service_account_has_its_own_rights_only(self, api_cluster: Cluster) -> None:
        api_cluster.apply("""
apiVersion: v1
kind: ServiceAccount
metadata: {namespace: default, name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {namespace: default, name: reader}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: default, name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, namespace: default, name: reader}]
""")
        config = str(api_cluster.service_account_kubeconfig("default", "reader"))
        def allowed(what: str) -> bool:
            return api_cluster.execute([paths.program("kubectl"), f"--kubeconfig={config}", "get", what]).returncode == 0
        assert allowed("configmaps")
        assert not allowed("secrets")

    def test_users_are_told_apart(self, api_cluster: Cluster) -> None:
        assert api_cluster.api_as("second-writer").list("/api/v1/namespaces")
        with pytest.raises(ApiError) as caught:
            api_cluster.api_as("nobody").list("/api/v1/namespaces")
        assert caught.value.status == 403

    def test_a_frozen_api_server_is_silent_and_comes_back(self, api_cluster: Cluster) -> None:
        server = api_cluster.parts["kube-apiserver"]
        server.freeze()
        try:
            assert api_cluster.execute([paths.program("kubectl"), "get", "ns", "--request-timeout=1s"]).returncode != 0
        finally:
            server.thaw()
        api_cluster.wait_for(api_cluster.api.ready, 20, "the API server answers again")

    def test_a_killed_api_server_starts_again_with_its_data(self, api_cluster: Cluster) -> None:
        path = "/api/v1/namespaces/default/configmaps"
        api_cluster.api.create(path, {"metadata": {"name": "kept"}})
        server = api_cluster.parts["kube-apiserver"]
        server.kill()
        assert server.exit_code == -9
        server.start()
        api_cluster.wait_for(api_cluster.api.ready, 40, "the API server is back")
        assert api_cluster.api.find(f"{path}/kept")


class TestEverything:
    """On a shared full cluster."""

    def test_users_are_split_by_weight(self, full_cluster: Cluster) -> None:
        serve_both(full_cluster, "split", 80, 20)
        # Envoy learns of the two backends one after the other.
        full_cluster.wait_for(lambda: {answered_by(full_cluster) for _ in range(40)} == {"legacy", "next"}, 30, "both have users")
        requests = 1000
        answers = [answered_by(full_cluster) for _ in range(requests)]
        assert set(answers) == {"legacy", "next"}
        # Four standard deviations of a binomial with p = 0.2 are 51 of 1000.
        assert abs(answers.count("next") - requests * 0.2) < 51

    def test_a_killed_pod_is_started_again(self, full_cluster: Cluster) -> None:
        serve_both(full_cluster, "restart", 100, 0)
        def state() -> Object:
            status = pods_of(full_cluster, "restart", "legacy")[0]["status"]
            return dict(status["containerStatuses"][0])
        assert state()["restartCount"] == 0
        processes = full_cluster.pod_processes("restart", pods_of(full_cluster, "restart", "legacy")[0]["metadata"]["name"])
        assert len(processes) == 1
        os.kill(processes[0], signal.SIGKILL)
        full_cluster.wait_for(lambda: state()["restartCount"] == 1 and state()["ready"], 20, "the container runs again")

    def test_a_pod_without_a_program_says_so(self, full_cluster: Cluster) -> None:
        full_cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "default", "name": "odd"},
                            "spec": {"containers": [{"name": "c", "image": "unheard-of:1"}]}})
        def reason() -> object:
            statuses = full_cluster.api.get("/api/v1/namespaces/default/pods/odd")["status"].get("containerStatuses", [])
            return statuses and statuses[0]["state"].get("waiting", {}).get("reason") == "ImagePullBackOff"
        full_cluster.wait_for(reason, 10, "the pod waits for its image")

    def test_a_pod_finds_its_service_account(self, full_cluster: Cluster) -> None:
        full_cluster.map_images({"whoami": ["/bin/cat", "/var/run/secrets/kubernetes.io/serviceaccount/namespace"]})
        full_cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "default", "name": "whoami"},
                            "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "whoami"}]}})
        def phase() -> object:
            return full_cluster.api.get("/api/v1/namespaces/default/pods/whoami").get("status", {}).get("phase") == "Succeeded"
        full_cluster.wait_for(phase, 10, "the pod ends")
        assert full_cluster.pod_log("default", "whoami", "c") == "default"

    def test_prometheus_sees_envoy_and_the_pods(self, full_cluster: Cluster) -> None:
        serve_both(full_cluster, "metrics", 50, 50)
        def served(version: str) -> bool:
            found = full_cluster.query(f'payments_requests_total{{namespace="metrics",version="{version}",code="500"}}')
            return [float(sample["value"][1]) for sample in found] == [0.0]
        for version in ("legacy", "next"):
            full_cluster.wait_for(lambda v=version: served(v), 30, f"Prometheus has {version}")
        def envoy_is_up() -> bool:
            return [sample["value"][1] for sample in full_cluster.query('up{job="envoy"}')] == ["1"]
        full_cluster.wait_for(envoy_is_up, 30, "Prometheus has scraped Envoy")

    def test_a_fault_makes_exactly_its_share_fail(self, full_cluster: Cluster) -> None:
        serve_both(full_cluster, "fault", 0, 100)
        address = pods_of(full_cluster, "fault", "next")[0]["status"]["podIP"]
        base = f"http://{address}:{payments.PORT}"
        full_cluster.http(f"{base}/fault", "POST", json.dumps({"error_rate": 0.25}))
        statuses = [full_cluster.http(f"{base}/payments/pay_1").status for _ in range(40)]
        assert statuses.count(500) == 10
        full_cluster.http(f"{base}/fault", "POST", json.dumps({"error_rate": 0}))
        assert full_cluster.http(f"{base}/payments/pay_1").status == 200

    def test_reset_brings_back_the_first_state(self, full_cluster: Cluster) -> None:
        full_cluster.reset()
        spaces = {item["metadata"]["name"] for item in full_cluster.api.list("/api/v1/namespaces")}
        assert spaces == {"default", "kube-system", "kube-public", "kube-node-lease", "projectcontour"}
        assert not full_cluster.api.list("/api/v1/pods")


def test_two_clusters_do_not_see_each_other() -> None:
    with Cluster(Options(name="harness-one", parts=API_ONLY)) as one, Cluster(Options(name="harness-two", parts=API_ONLY)) as two:
        one.apply(payments.namespace("only-here"))
        assert one.api.find("/api/v1/namespaces/only-here")
        assert two.api.find("/api/v1/namespaces/only-here") is None
        assert not processes_in(one) & processes_in(two)


def test_up_exec_and_down_from_the_command_line(tmp_path: Path) -> None:
    program = str(paths.CLUSTER_FOLDER / "cluster.py")
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        return subprocess.run([sys.executable, program, *words], capture_output=True, text=True, timeout=120, env=environment, check=False)
    up = command("up", "--api-only", "--name", "cli")
    try:
        assert up.returncode == 0, up.stderr
        assert "export KUBECONFIG=" in up.stdout
        inside = command("exec", "--name", "cli", "--", "kubectl", "get", "namespaces", "-o", "name")
        assert "namespace/default" in inside.stdout, inside.stderr
    finally:
        down = command("down", "--name", "cli")
    assert down.returncode == 0
    after = command("exec", "--name", "cli", "--", "true")
    assert after.returncode == 1 and "no cluster" in after.stderr
