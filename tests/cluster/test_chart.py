"""The Helm charts: what they render, what the API server says to it, and that pods, migrations and definitions live through
install, upgrade and uninstall. SOFTMIG_UPDATE_GOLDEN=1 writes the golden renders anew."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from conftest import program_images
from harness import ApiError, Cluster, Object, Options, paths
from harness.manifests import create_definitions, read
from test_harness import answered_by, serve_both

CHARTS = paths.REPOSITORY / "charts"
CHART, DEFINITIONS = CHARTS / "softmigration", CHARTS / "softmigration-crds"
INPUTS, GOLDEN = paths.REPOSITORY / "tests" / "chart", paths.REPOSITORY / "tests" / "golden" / "chart"
SYSTEM = "softmigration-system"
MIGRATION = "/apis/softmigration.io/v1alpha1/namespaces/shop/softmigrations/payments"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([paths.program("helm"), *arguments], capture_output=True, text=True, timeout=60, check=False)


def rendered(*arguments: str, chart: Path = CHART) -> list[Object]:
    done = helm("template", "softmigration", str(chart), "--namespace", SYSTEM, *arguments)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(documents: list[Object], kind: str) -> list[Object]:
    return [document for document in documents if document["kind"] == kind]


def rules_of(documents: list[Object], kind: str, name: str = "softmigration") -> list[Object]:
    return next(document["rules"] for document in of_kind(documents, kind) if document["metadata"]["name"] == name)


@pytest.mark.parametrize("values", [[], ["--values", str(INPUTS / "full.yaml")]], ids=["default", "full"])
def test_the_linter_has_nothing_to_say(values: list[str]) -> None:
    done = helm("lint", "--strict", str(CHART), *values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert helm("lint", "--strict", str(DEFINITIONS)).returncode == 0


@pytest.mark.parametrize("name", ["default", "full"])
def test_the_render_is_as_written_down(name: str) -> None:
    values = ["--values", str(INPUTS / "full.yaml")] if name == "full" else []
    done = helm("template", "softmigration", str(CHART), "--namespace", SYSTEM, "--set", "crds.enabled=false", *values)
    assert done.returncode == 0, done.stderr
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("SOFTMIG_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(done.stdout, encoding="utf-8")
    assert done.stdout == golden.read_text(encoding="utf-8"), "differs; if it should, run with SOFTMIG_UPDATE_GOLDEN=1 and read the diff"


@pytest.mark.parametrize("wrong, named", [
    ("replica=3", "replica"), ("replicas=0", "replicas"), ("logLevel=loud", "logLevel"), ("lease.duration=6", "duration"),
    ("image.digest=sha256:12", "digest"), ("routers.httpRoute=false", "routers"), ("networkPolicy.apiServerPorts={0}", "apiServerPorts")])
def test_a_wrong_value_is_refused_by_its_name(wrong: str, named: str) -> None:
    done = helm("template", "softmigration", str(CHART), "--set", wrong)
    assert done.returncode != 0 and named in done.stderr


def test_the_rights_are_those_of_the_plain_manifest_and_no_more() -> None:
    plain = read(paths.REPOSITORY / "examples" / "install" / "operator.yaml")
    chart = rendered()
    assert rules_of(chart, "ClusterRole") == rules_of(plain, "ClusterRole", "softmigration-operator")
    lease = rules_of(chart, "Role", "softmigration-lease")
    assert [rule["verbs"] for rule in lease] == [rule["verbs"] for rule in rules_of(plain, "Role", "softmigration-operator")]
    assert lease[1]["resourceNames"] == ["softmigration"]
    assert "*" not in str([document["rules"] for document in chart if "rules" in document])


def test_watching_one_namespace_needs_rights_in_that_one_only() -> None:
    chart = rendered("--set", "watchNamespace=shop,rbac.aggregate=false")
    assert not of_kind(chart, "ClusterRole") and not of_kind(chart, "ClusterRoleBinding")
    assert {role["metadata"]["namespace"] for role in of_kind(chart, "Role")} == {"shop", SYSTEM}
    assert "--namespace=shop" in of_kind(chart, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["args"]


def test_secrets_may_be_read_only_where_the_values_say_so() -> None:
    assert "secrets" not in str([document["rules"] for document in rendered() if "rules" in document])
    chart = rendered("--set", "rbac.secretNamespaces={shop,bank}")
    roles = [role for role in of_kind(chart, "Role") if role["metadata"]["name"] == "softmigration-secrets"]
    bindings = [one for one in of_kind(chart, "RoleBinding") if one["metadata"]["name"] == "softmigration-secrets"]
    assert [role["metadata"]["namespace"] for role in roles] == [one["metadata"]["namespace"] for one in bindings] == ["shop", "bank"]
    assert all(role["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}] for role in roles)
    assert all(one["subjects"][0]["namespace"] == SYSTEM for one in bindings)


def test_jobs_may_be_made_only_where_the_values_say_so() -> None:
    assert "batch" not in str([document["rules"] for document in rendered() if "rules" in document])
    chart = rendered("--set", "rbac.jobNamespaces={shop}")
    (role,) = [role for role in of_kind(chart, "Role") if role["metadata"]["name"] == "softmigration-jobs"]
    (binding,) = [one for one in of_kind(chart, "RoleBinding") if one["metadata"]["name"] == "softmigration-jobs"]
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "shop"
    assert role["rules"] == [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["list", "create"]},
                             {"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["get"]}]


def test_rights_on_a_kind_of_route_go_with_its_router() -> None:
    chart = rendered("--set", "routers.httpRoute=false", "--set", "routers.bridge=true")
    assert "httproutes" not in str(rules_of(chart, "ClusterRole"))
    (operator,) = of_kind(chart, "Deployment")
    assert "--routers=bridge" in operator["spec"]["template"]["spec"]["containers"][0]["args"]


def test_both_charts_carry_the_definitions_of_the_repository() -> None:
    wanted = read(paths.REPOSITORY / "crds")
    assert of_kind(rendered(), "CustomResourceDefinition") == wanted
    assert rendered(chart=DEFINITIONS) == wanted
    assert all(one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for one in wanted)


def test_alerts_fire_when_they_should_and_each_has_its_page() -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool comes with Debian's prometheus"
    done = subprocess.run([promtool, "test", "rules", str(INPUTS / "alerts_test.yaml")], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rules = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    tested = (INPUTS / "alerts_test.yaml").read_text(encoding="utf-8")
    for rule in rules:
        assert (paths.REPOSITORY / rule["annotations"]["runbook_url"]).is_file(), rule["alert"]
        assert f"alertname: {rule['alert']}\n" in tested, f"{rule['alert']} has no case in which it fires"


def test_rules_dashboard_and_monitors_only_name_metrics_that_exist() -> None:
    operations = (paths.REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    dashboard = yaml.safe_load((CHART / "files" / "dashboard.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    for expression in [*expressions, *(rule["expr"] for rule in rules)]:
        named = [word.removesuffix("_bucket") for word in re.findall(r"[a-z_0-9]+", expression)
                 if word.startswith(("softmigration_", "controller_runtime_", "workqueue_", "rest_client_", "leader_election_"))]
        assert named and all(f"`{name}`" in operations for name in named), expression


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    operator = [paths.built("softmigration-operator"), "--metrics-address", "$(POD_IP)"]  # all pods share one network here
    images = {**program_images(), "softmigration/operator:0.1.0": operator, "softmigration/operator:next": operator}
    with Cluster(Options(name="charts", images=images)) as started:
        yield started


class Release:
    """`helm` inside the cluster. Names are those of the release softmigration."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def install(self, *arguments: str, chart: Path = CHART) -> None:
        self.must("upgrade", "--install", "softmigration", str(chart), "--create-namespace", "--wait", "--timeout", "90s", *arguments)

    def uninstall(self) -> None:
        self.must("uninstall", "softmigration", "--wait", "--timeout", "60s")

    def must(self, *arguments: str) -> None:
        done = self.cluster.execute([paths.program("helm"), *arguments, "--namespace", SYSTEM], timeout=120)
        assert done.returncode == 0, done.stderr

    def leader(self) -> str:
        lease = self.cluster.api.find(f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/softmigration")
        return (lease or {}).get("spec", {}).get("holderIdentity") or ""

    def ready_pods(self) -> int:
        deployment = self.cluster.api.find(f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/softmigration")
        return (deployment or {}).get("status", {}).get("readyReplicas", 0)

    def migrate(self, hold: str) -> None:
        """A migration of the payments API that stays at 40 % for `hold`."""
        metric = {"name": "constant", "prometheus": {"address": self.cluster.prometheus_url, "query": "vector(0)"}, "max": "1"}
        self.cluster.apply([{
            "apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration", "metadata": {"namespace": "shop", "name": "payments"},
            "spec": {
                "legacy": {"service": {"name": "payments-legacy", "port": 8080}},
                "target": {"service": {"name": "payments-next", "port": 8080}},
                "routes": [{"name": "web", "gatewayAPI": {"kind": "HTTPRoute", "name": "payments"}}],
                "plan": {"shift": {"steps": [{"weight": 40, "hold": hold}, {"weight": 100, "hold": "1s"}]}},
                "analysis": {"interval": "1s", "metrics": [metric]}}}], manager="user")

    def migration(self) -> Object:
        return (self.cluster.api.find(MIGRATION) or {}).get("status", {})

    def wait_for_weight(self, weight: int) -> None:
        self.cluster.wait_for(lambda: self.migration().get("currentWeight") == weight, 60, f"{weight} % of the users are on the target")


def test_the_api_server_takes_every_object(cluster: Cluster) -> None:
    cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (SYSTEM, "shop")])
    cluster.apply(paths.REPOSITORY / "crds")
    create_definitions(cluster.api, [one for one in json.loads(paths.crd_list("prometheus-operator").read_text(encoding="utf-8"))
                                     if one["spec"]["names"]["kind"] in ("ServiceMonitor", "PrometheusRule")])
    for values in ([], ["--values", str(INPUTS / "full.yaml")]):
        cluster.kubectl("apply", "--server-side", "--dry-run=server", "--field-manager=helm", "--force-conflicts", "-f", "-",
                        stdin=yaml.safe_dump_all(rendered(*values)))
    cluster.reset(definitions=True)


def test_its_pods_run_where_only_restricted_ones_may(cluster: Cluster) -> None:
    """With everything that the operator was given: a place in the queue of the API server, and users who may see and edit."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM, "labels": RESTRICTED}})
    with pytest.raises(ApiError, match="restricted"):
        cluster.api.create(f"/api/v1/namespaces/{SYSTEM}/pods", {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "usual"}, "spec": {"containers": [{"name": "x", "image": "x"}]}})
    release = Release(cluster)
    release.install("--set", "flowSchema.enabled=true")
    assert release.ready_pods() == 2
    cluster.wait_for(release.leader, 20, "a pod leads")

    def renewals() -> bool:
        told = cluster.kubectl("get", "--raw", "/metrics").stdout
        return bool(re.search(r'^apiserver_flowcontrol_dispatched_requests_total\{[^}]*flow_schema="softmigration-lease"[^}]*'
                              r'priority_level="leader-election"[^}]*\} [1-9]', told, re.M))
    cluster.wait_for(renewals, 30, "renewals of the lease go to the level leader-election")

    group = "rbac.authorization.k8s.io"
    for role in ("view", "edit"):
        cluster.apply({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"namespace": "default", "name": role},
                       "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
                       "subjects": [{"apiGroup": group, "kind": "User", "name": f"{role}er"}]})

    def may(verb: str, user: str) -> bool:
        asked = cluster.kubectl("auth", "can-i", verb, "softmigrations.softmigration.io", "-n", "default", "--as", user, check=False)
        return asked.stdout == "yes\n"
    cluster.wait_for(lambda: may("get", "viewer") and may("patch", "editer"), 30, "the cluster's roles view and edit know SoftMigrations")
    assert not may("patch", "viewer") and not may("get", "stranger")
    release.uninstall()
    cluster.reset(definitions=True)


def test_install_upgrade_and_uninstall_with_a_migration_under_way(cluster: Cluster) -> None:
    release = Release(cluster)
    release.install()
    assert release.ready_pods() == 2
    cluster.wait_for(release.leader, 20, "a pod leads")
    serve_both(cluster, "shop", 100, 0)
    release.migrate(hold="24h")
    release.wait_for_weight(40)

    before = release.leader()
    release.install("--set", "image.tag=next,replicas=3,logLevel=debug")
    cluster.wait_for(lambda: release.leader() not in ("", before), 30, "a pod of the new version leads")
    assert release.ready_pods() == 3 and release.migration()["currentWeight"] == 40

    release.uninstall()
    assert release.ready_pods() == 0
    assert release.migration()["currentWeight"] == 40, "the migration and its definition outlive the release"
    assert answered_by(cluster), "users are served while no operator runs"

    release.install()
    release.migrate(hold="1s")
    release.wait_for_weight(100)
    cluster.wait_for(lambda: release.migration().get("phase") == "Complete", 60, "the migration is complete")
    cluster.api.delete(MIGRATION)
    cluster.wait_for(lambda: cluster.api.find(MIGRATION) is None, 30, "it is gone")
    release.uninstall()


def older_chart(folder: Path) -> Path:
    """As a release before this one: another version, and a definition that lacks a field."""
    older = Path(shutil.copytree(CHART, folder / "softmigration"))
    text = (older / "Chart.yaml").read_text(encoding="utf-8").replace("version: 0.1.0", "version: 0.0.9", 1)
    (older / "Chart.yaml").write_text(text, encoding="utf-8")
    (file,) = (older / "files" / "crds").glob("*.yaml")
    definition = yaml.safe_load(file.read_text(encoding="utf-8"))
    del fields_of(definition)["paused"]
    file.write_text(yaml.safe_dump(definition), encoding="utf-8")
    return older


def fields_of(definition: Object) -> Object:
    """Of the spec of SoftMigrations."""
    (version,) = definition["spec"]["versions"]
    return dict(version["schema"]["openAPIV3Schema"]["properties"]["spec"])["properties"]


def test_an_upgrade_brings_new_definitions_to_a_migration_under_way_and_can_be_taken_back(cluster: Cluster, tmp_path: Path) -> None:
    cluster.reset(definitions=True)
    release = Release(cluster)
    definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/softmigrations.softmigration.io"
    release.install("--set", "replicas=1", chart=older_chart(tmp_path))
    assert "paused" not in fields_of(cluster.api.get(definition))
    serve_both(cluster, "shop", 100, 0)
    release.migrate(hold="24h")
    release.wait_for_weight(40)
    before = cluster.api.get(MIGRATION)

    release.must("upgrade", "softmigration", str(CHART), "--reset-then-reuse-values", "--set", "image.tag=next", "--wait", "--timeout", "90s")
    assert release.ready_pods() == 1, "the values of the install are kept"
    assert "paused" in fields_of(cluster.api.get(definition))
    cluster.api.patch(MIGRATION, {"spec": {"paused": True}}, manager="user")
    cluster.wait_for(lambda: release.migration().get("phase") == "Paused", 30, "what the new definition knows has its effect")
    after = cluster.api.get(MIGRATION)
    assert after["metadata"]["uid"] == before["metadata"]["uid"] and after["status"]["currentWeight"] == 40
    assert after["status"]["routes"] == before["status"]["routes"], "what the routes were before is still known"

    cluster.api.patch(MIGRATION, {"spec": {"paused": False}}, manager="user")
    release.must("rollback", "softmigration", "1", "--wait", "--timeout", "90s")
    assert "paused" not in fields_of(cluster.api.get(definition))
    release.migrate(hold="1s")
    release.wait_for_weight(100)
    cluster.wait_for(lambda: release.migration().get("phase") == "Complete", 60, "the migration is complete")
    release.uninstall()


def test_definitions_from_their_own_chart_and_one_namespace_only(cluster: Cluster) -> None:
    cluster.reset(definitions=True)
    release = Release(cluster)
    release.must("install", "definitions", str(DEFINITIONS), "--create-namespace")
    serve_both(cluster, "shop", 100, 0)
    release.install("--set", "crds.enabled=false,watchNamespace=shop")
    release.migrate(hold="1s")
    cluster.wait_for(lambda: release.migration().get("phase") == "Complete", 60, "the migration is complete")
    release.uninstall()
    release.must("uninstall", "definitions")
    assert release.migration().get("phase") == "Complete", "uninstalling the definitions' chart keeps them and what was made with them"
