"""GitOps: what the tools make of a SoftMigration's status, with their own code, and what applying manifests does to a moving route.

Argo CD and Flux themselves do not run here: tests/cluster/build/gitops holds their libraries (kstatus, CEL, the Lua interpreter) to the recipes in
examples/gitops. What they do to a route is what their ways of applying do, which kubectl has too.
"""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import Object, paths
from world import BAD, GOOD, World

pytest_plugins = ["operator_fixture"]

GOLDEN = paths.REPOSITORY / "tests" / "golden" / "kubectl"
EXAMPLES = paths.REPOSITORY / "examples" / "gitops"
_KEY = "resource.customizations.{}.softmigration.io_SoftMigration"

# golden object -> kstatus (Flux without expressions, Helm --wait), Argo CD's health, Flux with our expressions
PHASES = {
    "unseen": ("InProgress", "Progressing", "inProgress"),
    "pending-by-desired-phase": ("InProgress", "Suspended", "current"),
    "pending-waits-for-service": ("InProgress", "Progressing", "current"),
    "shift-with-evidence": ("InProgress", "Progressing", "current"),
    "shift-to-the-ceiling": ("InProgress", "Suspended", "current"),
    "two-components": ("InProgress", "Progressing", "current"),
    "paused-in-git": ("InProgress", "Suspended", "current"),
    "rolling-back": ("InProgress", "Progressing", "current"),
    "rolled-back": ("Failed", "Degraded", "failed"),
    "rolled-back-with-evidence": ("Failed", "Degraded", "failed"),
    "ownership-conflict": ("Failed", "Degraded", "failed"),
    "invalid": ("Failed", "Degraded", "failed"),
    "complete": ("Current", "Healthy", "current"),
}


def golden(name: str) -> Object:
    """As the operator wrote it, of the generation that it has seen; a new one with the status that the CRD fills in."""
    made: Object = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["object"]
    if "status" in made:
        made["metadata"]["generation"] = made["status"]["observedGeneration"]
    else:
        made["status"] = {"observedGeneration": -1}
    return made


def check(folder: Path, kind: str, made: Object, *more: str) -> Any:
    file = folder / "object.json"
    file.write_text(json.dumps(made), encoding="utf-8")
    done = subprocess.run([paths.program("gitops-check"), kind, str(file), *more], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def argocd(key: str) -> str:
    documents = yaml.safe_load((EXAMPLES / "argocd" / "argocd-cm.yaml").read_text(encoding="utf-8"))
    return str(documents["data"][_KEY.format(key)])


def flux_expressions() -> dict[str, str]:
    kustomization = yaml.safe_load((EXAMPLES / "flux" / "kustomization.yaml").read_text(encoding="utf-8"))
    only, = kustomization["spec"]["healthCheckExprs"]
    assert (only.pop("apiVersion"), only.pop("kind")) == ("softmigration.io/v1alpha1", "SoftMigration")
    return dict(only)


@pytest.fixture(name="health", scope="module")
def _health(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("argocd") / "health.lua"
    script.write_text(argocd("health"), encoding="utf-8")
    return script


@pytest.mark.parametrize("name", PHASES)
def test_tools_see_what_is_so(name: str, tmp_path: Path, health: Path) -> None:
    kstatus, argo, flux = PHASES[name]
    made = golden(name)
    assert check(tmp_path, "kstatus", made)["status"] == kstatus
    told = check(tmp_path, "lua", made, str(health))
    assert told["status"] == argo, told
    verdicts = [which for which in ("inProgress", "failed", "current") if check(tmp_path, "cel", made, flux_expressions()[which])]
    assert verdicts[0] == flux, "Flux takes the first that holds"
    if argo == "Degraded":
        assert len(told["message"]) > len("Shift 50 %: "), "somebody is needed, and is told why"


@pytest.mark.parametrize("name", ["complete", "rolled-back"])
def test_an_edit_that_was_not_seen_yet_is_in_progress(name: str, tmp_path: Path, health: Path) -> None:
    made = golden(name)
    made["metadata"]["generation"] += 1
    assert check(tmp_path, "kstatus", made)["status"] == "InProgress"
    assert check(tmp_path, "lua", made, str(health))["status"] == "Progressing"
    assert check(tmp_path, "cel", made, flux_expressions()["inProgress"]) is True


def test_actions_of_argo_cd_write_what_they_say(tmp_path: Path) -> None:
    actions = yaml.safe_load(argocd("actions"))
    discovery = tmp_path / "discovery.lua"
    discovery.write_text(actions["discovery.lua"], encoding="utf-8")

    def offered(name: str) -> set[str]:
        found = check(tmp_path, "lua", golden(name), str(discovery))
        return {action for action, more in found.items() if not more.get("disabled")}

    assert offered("shift-with-evidence") == {"pause", "rollback"}
    assert offered("shift-to-the-ceiling") == {"pause", "promote", "rollback"}
    assert offered("paused-in-git") == {"resume", "rollback"}
    assert offered("rolled-back") == {"rollback", "retry"}
    assert offered("pending-by-desired-phase") == {"pause", "promote"}
    wanted = {"pause": ("paused", True), "resume": ("paused", False), "promote": ("desiredPhase", "Complete"),
              "rollback": ("desiredPhase", "Pending"), "retry": ("attempt", 2)}
    assert {one["name"] for one in actions["definitions"]} == set(wanted)
    before = golden("rolled-back")
    for one in actions["definitions"]:
        script = tmp_path / f"{one['name']}.lua"
        script.write_text(one["action.lua"], encoding="utf-8")
        after = check(tmp_path, "lua", before, str(script))
        field, value = wanted[one["name"]]
        assert after["spec"][field] == value
        assert {key: value for key, value in after["spec"].items() if key != field} == {k: v for k, v in before["spec"].items() if k != field}


# -- the ways to apply a manifest, against a migration that moves --------------------------------------------------------


def rules(world: World) -> Object:
    return world.route()["spec"]["rules"]


def manifest_of_route(world: World) -> Object:
    """As Git has it: all users on legacy."""
    made = copy.deepcopy(world.route())
    return {"apiVersion": made["apiVersion"], "kind": made["kind"], "metadata": {"name": "payments", "namespace": world.space}, "spec": made["spec"]}


def begun(world: World) -> Object:
    """A migration at 50 %, and the route's manifest from before."""
    world.prepare()
    manifest = manifest_of_route(world)
    world.operator()
    world.begin()
    world.wait_step(50)
    return manifest


def test_an_apply_on_the_servers_side_conflicts_and_changes_nothing(world: World) -> None:
    manifest = begun(world)
    moved = rules(world)
    refused = world.cluster.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(manifest), check=False)
    assert refused.returncode != 0 and ".spec.rules" in refused.stderr and "softmigration" in refused.stderr, refused.stderr
    without = copy.deepcopy(manifest)
    del without["spec"]["rules"]
    world.cluster.kubectl("apply", "--server-side", "--field-manager=git", "-f", "-", stdin=yaml.safe_dump(without))
    assert rules(world) == moved and world.condition("Stalled")["status"] == "False"


@pytest.mark.parametrize("style", ["forced", "client-side"])
def test_an_apply_that_resets_the_weights_is_put_right_and_the_next_one_is_a_conflict(world: World, style: str) -> None:
    arguments = ["--server-side", "--force-conflicts"] if style == "forced" else []
    manifest = yaml.safe_dump(begun(world))

    def apply() -> None:
        version = world.route()["metadata"]["resourceVersion"]
        world.cluster.kubectl("apply", *arguments, "-f", "-", stdin=manifest)
        assert world.route()["metadata"]["resourceVersion"] != version, "the manifest in Git was written"

    apply()
    world.wait(lambda: world.weight() == 50, "the weights are put back")
    assert world.phase() == "Shift"
    apply()
    told = world.wait_reason("OwnershipConflict")
    assert "kubectl" in told["message"], told
    left = rules(world)
    if style == "forced":
        assert world.weight() == 0
    world.stays(lambda: rules(world) == left, 2, "the operator has stopped fighting")


def test_the_migration_itself_can_be_applied_in_every_way_while_it_moves(world: World) -> None:
    begun(world)
    live = world.get()
    manifest = yaml.safe_dump({key: live[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": "move", "namespace": world.space}})
    for arguments in (["--server-side"], ["--server-side", "--force-conflicts", "--field-manager=git"], []):
        world.cluster.kubectl("apply", *arguments, "-f", "-", stdin=manifest)
    after = world.get()
    assert after["metadata"]["generation"] == live["metadata"]["generation"] and after["spec"] == live["spec"]
    assert world.weight() == 50 and after["metadata"]["finalizers"] == live["metadata"]["finalizers"]


# -- Helm 4 waits for what is in its chart ------------------------------------------------------------------------------


def helm(world: World, chart: Path, timeout: str) -> subprocess.CompletedProcess[str]:
    return world.cluster.execute([paths.program("helm"), "upgrade", "--install", "moving", str(chart), "--namespace", world.space, "--wait",
                                  "--timeout", timeout], timeout=120)


def chart_of(world: World, folder: Path, **spec: Any) -> Path:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "Chart.yaml").write_text("{apiVersion: v2, name: moving, version: 0.1.0}", encoding="utf-8")
    (folder / "templates" / "migration.json").write_text(json.dumps(world.migration(**spec)), encoding="utf-8")
    return folder


def test_helm_waits_until_a_migration_in_its_chart_is_complete_and_fails_where_it_was_taken_back(world: World, tmp_path: Path) -> None:
    world.prepare()
    world.operator()
    world.says(mode="empty")
    chart = chart_of(world, tmp_path)
    early = helm(world, chart, "3s")
    assert early.returncode != 0, early
    assert "InProgress" in early.stderr, early.stderr
    world.wait_step(50)

    world.says(BAD)
    world.wait_phase("RolledBack")
    failed = helm(world, chart, "3s")
    assert failed.returncode != 0 and "Failed" in failed.stderr, failed.stderr

    world.says(GOOD)
    done = helm(world, chart_of(world, tmp_path, attempt=2), "60s")
    assert done.returncode == 0, done.stderr
    assert world.phase() == "Complete" and world.weight() == 100, "it came back when all users were there"
