"""Migrations that were lost and come back from a backup, by the commands of docs/operations.md, while users are half way."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import doc_commands
import payments
import pytest
import yaml
from harness import Object, paths
from installation import Installation, stack_with_pods
from test_chart import SYSTEM
from world import Stack

PAGE = paths.REPOSITORY / "docs" / "operations.md"


@pytest.fixture(name="stack", scope="module")
def _stack() -> Iterator[Stack]:
    with stack_with_pods("restore") as stack:
        yield stack


@pytest.fixture(name="lost")
def _lost(stack: Stack, tmp_path: Path) -> Iterator[Lost]:
    made = Lost(stack, tmp_path)
    yield made
    made.clear()


class Lost(Installation):
    """The migration is gone without anybody having put its route back; a backup of it is in `folder`."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        super().__init__(stack)
        self.folder = folder
        self.backup, self.restore = (one.text for one in doc_commands.scripts(PAGE) if one.heading == "Backup")
        self.run(self.backup)
        self.stop()
        self.world.api.patch(self.world.path(), {"metadata": {"finalizers": None}})
        self.world.api.delete(self.world.path())
        assert self.world.weight() == 50
        self.writes = self.world.route()["metadata"]["generation"]

    def stop(self) -> None:
        self.run("\n".join(self.restore.splitlines()[:2]))

    def run(self, script: str) -> None:
        script = script.replace("NAMESPACE", SYSTEM).replace("RELEASE", "softmigration")
        environment = {"PATH": f"{Path(paths.program('kubectl')).parent}:{os.environ['PATH']}"}
        done = self.world.cluster.execute(["bash", "-euc", f"cd {self.folder}; {script}"], timeout=120, env=environment)
        assert done.returncode == 0, (script, done)

    def saved(self) -> Object:
        """The migration in the backup."""
        (one,) = yaml.safe_load((self.folder / "softmigrations.yaml").read_text(encoding="utf-8"))["items"]
        return dict(one)

    def come_and_go_beside(self, spec: Object) -> None:
        """The migration is restored beside a route made anew, goes on, and is deleted."""
        self.world.api.delete(self.world.route_path())
        self.world.add_route(document={**payments.route(self.world.space, 1, 0, host=self.world.host), "spec": spec})
        self.run(self.restore)
        self.world.wait_step(50)
        self.take_away("migration")
        self.wait_gone("migration")

    def clear(self) -> None:
        if not self.is_gone("migration"):
            self.take_away("migration")
            self.wait_gone("migration")
        for part in ("operator", "namespace", "definition"):
            self.take_away(part)
            self.wait_gone(part)


def test_with_its_status_it_goes_on_and_still_knows_what_was_before(lost: Lost) -> None:
    lost.run(lost.restore)
    lost.world.wait(lost.release.leader, "an operator leads")
    lost.world.stays(lambda: lost.world.weight() == 50, 3, "users stay where they are")
    assert lost.world.route()["metadata"]["generation"] == lost.writes, "the route is not written"
    assert lost.world.status()["currentWeight"] == 50 and lost.world.phase() == "Shift"
    lost.take_away("migration")
    lost.wait_gone("migration")
    assert lost.route_is_as_before()


@pytest.mark.parametrize("weights", ["of the backup", "of before"])
def test_beside_a_new_route_it_goes_on_and_still_knows_what_was_before(lost: Lost, weights: str) -> None:
    world = lost.world
    made = lost.before if weights == "of before" else world.route()["spec"]
    lost.come_and_go_beside(made)
    assert world.route()["spec"] == lost.before


def test_beside_a_new_route_with_other_weights_these_count_as_what_was_before(lost: Lost) -> None:
    world = lost.world
    made = json.loads(json.dumps(world.route()["spec"]))
    for ref, weight in zip(made["rules"][0]["backendRefs"], (80, 20), strict=True):
        ref["weight"] = weight
    lost.come_and_go_beside(made)
    assert world.route()["spec"] == made


def test_without_its_status_it_begins_anew_and_what_it_finds_counts_as_what_was_before(lost: Lost) -> None:
    world = lost.world
    saved = lost.saved()
    assert not {"uid", "resourceVersion"} & set(saved["metadata"]) and saved["status"]["routes"][0]["uid"], "the right lines were taken out"
    world.cluster.kubectl("create", "-f", "-", stdin=json.dumps({key: value for key, value in saved.items() if key != "status"}))
    lost.run(lost.restore.splitlines()[-1])
    world.wait(lambda: world.weight() == 0, "users are back on legacy")
    world.wait_step(50)
    lost.take_away("migration")
    lost.wait_gone("migration")
    assert world.weight() == 50, "as it was found"
