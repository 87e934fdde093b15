"""The CRD in a real API server: it judges specs as ParseWholeSpec does, defaults them, and takes what operator and users write."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import crd_cases
import pytest
import yaml
from harness import API_ONLY, ApiClient, ApiError, Cluster, Options

ROOT = Path(__file__).resolve().parents[2]
CRD = ROOT / "crds" / "softmigration.io_softmigrations.yaml"
PATH = "/apis/softmigration.io/v1alpha1/namespaces/default/softmigrations"
STRICT = {"fieldValidation": "Strict", "dryRun": "All"}
CASES = crd_cases.load()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(Options(name="crd", parts=API_ONLY)) as running:
        running.kubectl("apply", "-f", str(CRD))  # as users do it
        running.wait_for(lambda: running.api.find(PATH), what="softmigrations are served")
        yield running


@pytest.fixture
def api(cluster: Cluster) -> Iterator[ApiClient]:
    yield cluster.api
    for found in cluster.api.list(PATH):
        cluster.api.delete(f"{PATH}/{found['metadata']['name']}")


def base() -> dict[str, Any]:
    return copy.deepcopy(CASES[0]["spec"])


def create(api: ApiClient, spec: dict[str, Any]) -> dict[str, Any]:
    return api.create(PATH, crd_cases.migration("x", spec))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_judges_the_table_as_the_parser_does(cluster: Cluster, case: dict[str, Any]) -> None:
    body = crd_cases.migration("table", case["spec"])
    if case["valid"]:
        cluster.api.request("POST", PATH, body, STRICT)
        return
    with pytest.raises(ApiError) as refused:
        cluster.api.request("POST", PATH, body, STRICT)
    assert refused.value.status in (400, 422)
    wanted = case.get("serverPath", case["path"])
    assert crd_cases.complains_at(refused.value.body, wanted), f"wanted {wanted}: {refused.value}"


def test_fills_in_the_defaults_and_an_observed_generation_of_minus_one(api: ApiClient) -> None:
    spec = base()
    for name in ("components", "desiredPhase", "paused", "attempt"):
        del spec[name]
    spec["plan"] = {"shift": {"steps": [{"weight": 100}]}}
    spec["analysis"]["metrics"].pop()
    del spec["analysis"]["interval"]
    made = create(api, spec)
    assert made["status"] == {"observedGeneration": -1}
    assert made["spec"]["desiredPhase"] == "Complete"
    assert made["spec"]["paused"] is False
    assert made["spec"]["attempt"] == 1
    assert made["spec"]["plan"] == {"shift": {"steps": [{"weight": 100, "hold": "0s"}]}, "onBreach": "Rollback",
                                    "onNoEvidence": {"policy": "Hold", "deadline": "15m", "then": "Rollback"}}
    assert made["spec"]["analysis"]["interval"] == "5s"


def test_attempt_may_rise_and_never_fall(api: ApiClient) -> None:
    create(api, {**base(), "attempt": 3})
    api.patch(f"{PATH}/x", {"spec": {"attempt": 4}})
    for attempt in (3, None):  # None takes it away: the default would be 1
        with pytest.raises(ApiError) as refused:
            api.patch(f"{PATH}/x", {"spec": {"attempt": attempt}})
        assert crd_cases.complains_at(refused.value.body, "spec.attempt")


def full_status() -> dict[str, Any]:
    """A status with every field, as large as operator/model lets it grow."""
    now, name = "2026-11-22T18:50:00.123Z", "n" * 60
    metrics = [{"name": f"{name}{i}", "verdict": "Breach", "value": 0.1, "samples": 5, "at": now, "since": now, "evidence": "e" * 512}
               for i in range(10)]
    components = [{"name": f"{name}{i}", "phase": "RollingBack", "step": 31, "weight": 100, "since": now, "waitingFor": "w" * 512,
                   "metrics": metrics} for i in range(16)]
    return {
        "observedGeneration": 1, "attempt": 1, "phase": "RollingBack", "currentWeight": 0, "evidenceHash": "0123456789abcdef",
        "components": components,
        "routes": [{"name": f"{name}{i}", "uid": "u" * 36, "saved": "s" * 16384} for i in range(8)],
        "drift": [{"route": f"{name}{i}", "reverted": 2, "first": now, "last": now} for i in range(8)],
        "lastRollback": {"at": now, "component": name, "from": 50, "reason": "MetricBreached", "metric": name, "value": 0.1,
                         "breachSeenAt": now, "routedAt": now, "verifiedAt": now},
        "conditions": [{"type": f"{name}{i}", "status": "Unknown", "observedGeneration": 1, "lastTransitionTime": now, "reason": "R" * 63,
                        "message": "m" * 1024} for i in range(12)],
    }


def test_takes_the_largest_status_and_prunes_nothing_of_it(api: ApiClient) -> None:
    made = create(api, base())
    written = api.request("PUT", f"{PATH}/x/status", {**made, "status": full_status()}, {"fieldValidation": "Strict"})
    assert written["status"] == full_status()
    assert written["metadata"]["generation"] == made["metadata"]["generation"]


def test_writing_the_spec_leaves_the_status_alone(api: ApiClient) -> None:
    create(api, base())
    api.patch(f"{PATH}/x", {"spec": {"paused": True}, "status": {"phase": "Complete"}})
    assert "phase" not in api.get(f"{PATH}/x")["status"]


def test_kubectl_shows_the_columns_people_need(cluster: Cluster, api: ApiClient) -> None:
    made = create(api, base())
    ready = {"type": "Ready", "status": "False", "reason": "Shifting", "message": "holding at 10 %", "observedGeneration": 1,
             "lastTransitionTime": "2026-11-22T18:50:00Z"}
    api.request("PUT", f"{PATH}/x/status", {**made, "status": {"phase": "Shift", "currentWeight": 10, "conditions": [ready]}})
    heading, row = cluster.kubectl("get", "smig", "x").stdout.splitlines()
    assert heading.split() == ["NAME", "PHASE", "WEIGHT", "READY", "WAITING-FOR", "AGE"]
    assert row.split()[:4] == ["x", "Shift", "10", "False"]
    assert "holding at 10 %" in row
    assert "Shifting" in cluster.kubectl("get", "smig", "x", "-o", "wide").stdout


def test_kubectl_refuses_an_unknown_field_by_default(cluster: Cluster, api: ApiClient) -> None:
    document = crd_cases.migration("x", {**base(), "bridge": {}})
    done = cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(document), check=False)
    assert done.returncode != 0
    assert 'unknown field "spec.bridge"' in done.stderr


@pytest.mark.parametrize("name", ["payments/softmigration.yaml", "payments/softmigration-by-component.yaml", "gitops/managed/softmigration.yaml"])
def test_takes_the_examples(cluster: Cluster, name: str) -> None:
    document = yaml.safe_load((ROOT / "examples" / name).read_text())
    document["metadata"]["namespace"] = "default"
    cluster.api.request("POST", PATH, document, STRICT)


def test_what_was_adopted_stays_until_it_is_given_back(api: ApiClient) -> None:
    """legacy, target, routes and components are what the saved routes belong to."""
    spec = create(api, base())["spec"]
    another = {"service": {"name": "another", "port": 8080}}
    changes = {
        "spec.legacy": {"legacy": another},
        "spec.target": {"target": another},
        "spec.routes": {"routes": [{**spec["routes"][0], "gatewayAPI": {"kind": "HTTPRoute", "name": "another"}}, *spec["routes"][1:]]},
        "spec.components": {"components": [{**spec["components"][0], "rules": [{"route": spec["routes"][0]["name"], "rule": "another"}]},
                                           *spec["components"][1:]]},
    }
    api.patch(f"{PATH}/x/status", {"status": {"routes": [{"name": spec["routes"][0]["name"], "uid": "u", "saved": "{}"}]}})
    for field, change in changes.items():
        with pytest.raises(ApiError) as refused:
            api.patch(f"{PATH}/x", {"spec": change})
        assert refused.value.status == 422 and crd_cases.complains_at(refused.value.body, field), refused.value.body
    api.patch(f"{PATH}/x", {"spec": {"paused": True}})
    managed = {**spec["routes"][0]["gatewayAPI"], "ownership": "Managed"}
    for host in ("a.example.com", "b.example.com"):
        managed["template"] = {"spec": {"parentRefs": [{"name": "gw"}], "hostnames": [host], "rules": [{"name": "refunds"}]}}
        api.patch(f"{PATH}/x", {"spec": {"routes": [{**spec["routes"][0], "gatewayAPI": managed}, *spec["routes"][1:]]}})
    api.patch(f"{PATH}/x/status", {"status": {"routes": []}})
    for field, change in changes.items():
        if field != "spec.target":
            assert api.patch(f"{PATH}/x", {"spec": change})
