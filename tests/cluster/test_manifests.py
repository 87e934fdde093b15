"""The manifests that users are given, without a cluster: what each Kubernetes that they are for takes, and what the charts' values may say."""

from __future__ import annotations

import copy
import functools
import json
import re
import subprocess
from pathlib import Path

import kubeconform
import pytest
import yaml
from harness import Object, paths
from harness.manifests import read
from test_chart import CHART, CHARTS, DEFINITIONS, INPUTS, of_kind, rendered, rules_of

EXAMPLES = paths.REPOSITORY / "examples"
# Of Argo CD and Flux; their definitions are not at hand.
STRANGERS = {"Application", "Kustomization"}


@functools.cache
def everything() -> list[Object]:
    """Not to be changed."""
    found = [*rendered(), *rendered("--values", str(INPUTS / "full.yaml")), *rendered(chart=DEFINITIONS)]
    for path in sorted(EXAMPLES.rglob("*.yaml")):
        found += [one for one in read(path) if one["kind"] not in STRANGERS]
    return found


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schemas of all definitions that the manifests use."""
    made = tmp_path_factory.mktemp("schemas")
    theirs = [one for name in ("gateway-api", "prometheus-operator") for one in json.loads(paths.crd_list(name).read_text(encoding="utf-8"))]
    kubeconform.write_schemas([*read(paths.REPOSITORY / "crds"), *theirs], made)
    return made


def said(documents: list[Object], version: str, folder: Path) -> list[Object]:
    return kubeconform.check(yaml.safe_dump_all(documents), version, folder)


@pytest.mark.parametrize("version", kubeconform.versions())
def test_each_kubernetes_of_the_chart_knows_every_field(version: str, folder: Path) -> None:
    documents = everything()
    told = said(documents, version, folder)
    assert len(told) == len(documents)
    assert not [one for one in told if one["status"] != "statusValid"]


def test_the_versions_are_those_that_the_chart_is_for() -> None:
    wanted = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["kubeVersion"]
    assert wanted == f">={kubeconform.versions()[0]}-0"


@pytest.mark.parametrize("path", [("spec", "template", "spec", "dnsPolice"), ("spec", "replica")], ids=lambda path: path[-1])
def test_a_field_that_deployments_do_not_know_is_found(path: tuple[str, ...], folder: Path) -> None:
    (deployment,) = of_kind(rendered(), "Deployment")
    inner = deployment
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = "x"
    (told,) = said([deployment], kubeconform.versions()[-1], folder)
    assert told["status"] == "statusInvalid" and path[-1] in told["msg"], told


@pytest.mark.parametrize("kind", ["SoftMigration", "HTTPRoute", "PrometheusRule"])
def test_a_field_that_a_definition_does_not_know_is_found(kind: str, folder: Path) -> None:
    one = copy.deepcopy(of_kind(everything(), kind)[0])
    one["spec"]["nonsense"] = True
    (told,) = said([one], kubeconform.versions()[-1], folder)
    assert told["status"] == "statusInvalid" and "nonsense" in told["msg"], told


def objects_in(schema: Object, path: str = "") -> list[tuple[str, Object]]:
    found = [(path, schema)] if "properties" in schema else []
    for name, inner in schema.get("properties", {}).items():
        found += objects_in(inner, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        found += objects_in(schema["items"], f"{path}[]")
    return found


@pytest.mark.parametrize("chart", [CHART, DEFINITIONS], ids=lambda chart: chart.name)
def test_no_value_is_taken_that_nobody_reads(chart: Path) -> None:
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    assert [path for path, inner in objects_in(schema) if inner.get("additionalProperties") is not False] == []


def test_a_render_is_the_same_each_time_and_asks_no_cluster() -> None:
    """What looks something up or makes something by chance comes out anew with each sync of a GitOps tool."""
    templates = "".join(path.read_text(encoding="utf-8") for path in CHARTS.rglob("templates/*"))
    assert not re.search(r"\b(lookup|gen\w+Cert\w*|genPrivateKey|rand\w+|uuidv4|now|htpasswd)\b", re.sub(r"\{\{/\*.*?\*/\}\}", "", " ".join(
        re.findall(r"\{\{.*?\}\}", templates, re.S))))


ROUTERS = {"grpcRoute": "grpcroutes", "httpProxy": "httpproxies", "virtualService": "virtualservices", "traefikService": "traefikservices",
           "canaryIngress": "canaryingresses", "service": "services", "bridge": "bridges"}


def test_each_router_has_a_case_here() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["routers"]
    assert set(values) == {"httpRoute", "custom", *ROUTERS}


@pytest.mark.parametrize("router", ROUTERS)
def test_a_router_that_is_switched_on_adds_the_rights_of_the_plain_manifest(router: str) -> None:
    plain = read(EXAMPLES / "install" / "operator.yaml")
    before = rules_of(rendered(), "ClusterRole")
    after = rules_of(rendered("--set", f"routers.{router}=true"), "ClusterRole")
    assert [rule for rule in after if rule not in before] == rules_of(plain, "ClusterRole", f"softmigration-operator-{ROUTERS[router]}")
    assert [rule for rule in after if rule in before] == before


def test_rights_to_custom_kinds_are_to_those_that_are_named() -> None:
    custom = json.dumps([{"group": "split.smi-spec.io", "version": "v1alpha2", "plural": "trafficsplits", "kind": "TrafficSplit"}])
    before = rules_of(rendered(), "ClusterRole")
    after = rules_of(rendered("--set-json", f"routers.custom={custom}"), "ClusterRole")
    assert [rule for rule in after if rule not in before] == [
        {"apiGroups": ["split.smi-spec.io"], "resources": ["trafficsplits"], "verbs": ["get", "list", "watch", "patch"]}]


def test_prometheus_takes_the_rules_as_the_chart_renders_them(tmp_path: Path) -> None:
    (rule,) = of_kind(rendered("--values", str(INPUTS / "full.yaml")), "PrometheusRule")
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(rule["spec"]), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False)
    alerts = [one for group in rule["spec"]["groups"] for one in group["rules"]]
    assert done.returncode == 0 and f"SUCCESS: {len(alerts)} rules found" in done.stdout, done.stdout + done.stderr
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"https://runbooks.example.com/{alert['alert']}.md"
        assert alert["labels"]["severity"] in ("critical", "warning")
