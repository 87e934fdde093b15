"""The operator is killed (-9) right after any of its writes, before it hears of it, and started again: the end is the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from harness import Object
from world import BAD, GOOD, World

pytest_plugins = ["operator_fixture"]

AT_ONCE = 6
MakeWorld = Callable[[str], World]


@dataclass
class Ending:
    """What must be equal however often the operator died. `writes`: how many it took; not compared."""

    end: dict[str, Any]
    killed: bool
    writes: list[str]


def state_of(world: World) -> dict[str, Any]:
    """Names and ids of this world are taken out."""
    migration = world.api.find(world.path())
    end: dict[str, Any] = {"route": world.route()["spec"], "migration": None}
    if migration:
        status = migration["status"]
        end["migration"] = {
            "phase": status["phase"], "weight": status["currentWeight"], "attempt": status.get("attempt"),
            "components": [(c["name"], c["phase"], c.get("step"), c["weight"]) for c in status["components"]],
            "saved": [(r["name"], r["saved"]) for r in status.get("routes", [])],
            "finalizers": migration["metadata"].get("finalizers", []),
            "rolledBack": [status.get("lastRollback", {}).get(key) for key in ("component", "from", "reason", "metric")],
        }
    done: dict[str, Any] = json.loads(json.dumps(end).replace(world.space, "SPACE"))
    return done


def start(world: World, kill_after: int) -> None:
    world.prepare()
    world.operator(kill_after=kill_after)
    world.begin()
    world.wait_step(50, revive=True)


def rolled_back_and_tried_again(world: World, kill_after: int) -> None:
    """Shift to 50, rollback, second attempt, complete."""
    start(world, kill_after)
    world.says(BAD)
    world.wait_phase("RolledBack", revive=True)
    world.says(GOOD)
    world.edit({"attempt": 2})

    def ended() -> bool:
        migration: Object = world.get()
        return migration.get("status", {}).get("phase") == "Complete" and not migration["metadata"].get("finalizers")
    world.wait(ended, "the second attempt is complete and the finalizer is gone", revive=True)


def deleted(world: World, kill_after: int) -> None:
    """Shift to 50, then the user deletes the migration."""
    start(world, kill_after)
    world.api.delete(world.path())
    world.wait(lambda: world.api.find(world.path()) is None, "the migration is gone", revive=True)


def withdrawn(world: World, kill_after: int) -> None:
    """Shift to 50, then desiredPhase: Pending."""
    start(world, kill_after)
    world.edit({"desiredPhase": "Pending"})

    def ended() -> bool:
        migration: Object = world.get()
        return migration.get("status", {}).get("phase") == "Pending" and not migration["metadata"].get("finalizers")
    world.wait(ended, "the route is put back and the finalizer is gone", revive=True)


def play(world: World, tale: Callable[[World, int], None], kill_after: int) -> Ending:
    tale(world, kill_after)
    proxy = world.operators[0].proxy
    assert proxy
    return Ending(state_of(world), proxy.killed, [call.line() for call in proxy.writes])


@pytest.mark.parametrize("tale", [rolled_back_and_tried_again, deleted, withdrawn], ids=["tried-again", "deleted", "withdrawn"])
def test_killed_after_any_write_it_ends_the_same(new_world: MakeWorld, tale: Callable[[World, int], None]) -> None:
    whole = play(new_world("whole"), tale, 0)
    count = len(whole.writes)
    print("\n".join(whole.writes))
    assert not whole.killed and count >= 6, whole

    with ThreadPoolExecutor(AT_ONCE) as pool:
        worlds = {k: new_world(f"k{k}") for k in range(1, count + 1)}
        runs = {k: pool.submit(play, world, tale, k) for k, world in worlds.items()}
        endings = {k: run.result() for k, run in runs.items()}
    for k, ending in endings.items():
        assert ending.end == whole.end, f"killed after write {k} of {count}:\n" + "\n".join(ending.writes) + "\n" + worlds[k].told()
    # The last writes of a run may merge with others; all the rest must really have been killed.
    alive = [k for k, ending in endings.items() if not ending.killed]
    assert len(alive) <= 2 and all(k >= count - 2 for k in alive), f"not killed after writes {alive} of {count}"
