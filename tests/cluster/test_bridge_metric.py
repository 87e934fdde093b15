"""Whether both systems answer alike decides: before the first users, and about them. There is no metrics source at all.

A test takes about 20 s: a bridge comes up, and a step needs its comparisons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import payments
from harness import Process, paths
from made_bridge import IMAGES, NAME, POD_PORT, PORT, allow_bridges, component, counted, counts, entrance, map_images, served_by, wait_step
from world import World

pytest_plugins = ["operator_fixture"]

COMPARISONS, RATE = 50, 200  # three of ten requests read a payment, and only those are compared


class Compared:
    """A migration whose only metric is what its bridge compares, and users who read payments all the time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.users: Process | None = None
        world.deploy()
        allow_bridges(world)
        map_images(world)
        self.operator = world.operator(more=IMAGES)

    def begin(self, sampling: int = 100) -> None:
        metric = {"name": "answers", "bridge": {"verdicts": ["differs", "status-differs", "target-error", "target-timeout"]},
                  "zeroDiscrepancies": {"comparisons": COMPARISONS}}
        migration = self.world.migration(steps=[{"weight": 10, "hold": "1h"}, {"weight": 100}],
                                         analysis={"interval": "1s", "metrics": [metric]})
        migration["spec"]["routes"] = [{"name": "web", "bridge": {"name": NAME, "port": PORT, "replicas": 1, "sampling": sampling}}]
        self.world.cluster.apply(migration, manager="user")
        self.world.wait(lambda: entrance(self.world) and served_by(self.world), "users are served through the bridge")
        self.users = self.world.cluster.run(f"users-{self.world.space}", [
            paths.built("load-generator"), "--address", entrance(self.world).split(":")[0], "--port", str(POD_PORT), "--rate", str(RATE),
            "--connections", "4"])

    def close(self) -> None:
        if self.users:
            self.users.kill()

    def differ(self, share: float) -> None:
        """So many of the target's answers have another amount than legacy's."""
        self.fault("next", wrong_amount_rate=share)

    def fault(self, version: str, **fault: float) -> None:
        payments.set_fault(self.world.cluster, self.world.space, version, **fault)

    @property
    def waiting_for(self) -> str:
        components = self.world.status().get("components") or [{}]
        return str(components[0].get("waitingFor", ""))


@pytest.fixture
def compared(full_world: World) -> Iterator[Compared]:
    made = Compared(full_world)
    yield made
    made.close()


def test_nobody_is_moved_while_answers_differ_and_all_are_taken_back_when_they_do_again(compared: Compared) -> None:
    world = compared.world
    compared.differ(0.2)
    compared.begin()
    world.wait(lambda: compared.waiting_for == "metric answers: Undecided" and counted(world, "differs") > 5, "differences are seen")
    before = counted(world, "equal")
    world.wait(lambda: counted(world, "equal") > before + 2 * COMPARISONS, "more good comparisons than a step needs")
    assert world.status()["currentWeight"] == 0, "but never so many in a row"
    assert compared.waiting_for == "metric answers: Undecided"
    compared.differ(0)
    wait_step(world, 10)
    decision = world.status()["lastDecision"]
    assert decision["metrics"][0]["asked"].endswith("total: comparisons of the bridge"), decision
    compared.differ(0.2)
    record = world.wait_phase("RolledBack")["lastRollback"]
    assert (record["reason"], record["metric"]) == ("MetricBreached", "answers"), record
    world.wait(lambda: {served_by(world) for _ in range(20)} == {"legacy"}, "all users are back")
    assert compared.operator.metric("softmigration_metric_queries_total") == 0


def test_noise_keeps_nobody_back_nor_does_it_hide_an_error(compared: Compared) -> None:
    world = compared.world
    for version in ("legacy", "next"):
        compared.fault(version, trace=True)
    compared.begin(sampling=50)
    wait_step(world, 10)
    assert counts(world)["sampling"] == 50
    told = component(world)
    assert told["hidden"] >= COMPARISONS and told["verdicts"]["equal"] == 0, "whatever was compared had another trace"
    compared.fault("next", trace=True, error_rate=0.2)
    record = world.wait_phase("RolledBack")["lastRollback"]
    assert (record["reason"], record["metric"]) == ("MetricBreached", "answers"), record
