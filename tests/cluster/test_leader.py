"""Two replicas, one lease: at most one writes, whatever happens to the other."""

from __future__ import annotations

import time

from world import BAD, GOOD, Operator, World

pytest_plugins = ["operator_fixture"]


def two(world: World, *lease: str) -> tuple[Operator, Operator]:
    """The first leads."""
    options = {"lease": lease} if lease else {}
    first = world.operator("first", **options)  # type: ignore[arg-type]
    world.wait(lambda: world.lease_holder.startswith("first") and first.leads, "the first replica leads")
    second = world.operator("second", **options)  # type: ignore[arg-type]
    world.wait(lambda: second.http("/readyz")[0] == 200, "the second replica is ready")
    return first, second


def accepted_after(operator: Operator, moment: float) -> list[str]:
    """Every write: to the lease, to migrations, to routes, and the Events too."""
    assert operator.proxy
    writes = [call for call in operator.proxy.calls if call.method != "GET"]
    return [call.line() for call in writes if call.at >= moment and 200 <= call.status < 300]


def test_a_leader_frozen_past_its_lease_writes_nothing_when_it_wakes(world: World) -> None:
    world.prepare()
    first, second = two(world)
    world.begin()
    world.wait_step(50)
    assert first.proxy and second.proxy and not second.proxy.writes
    first.process.freeze()
    world.says(BAD)  # both know it: the frozen one has the answer waiting in its socket when it wakes
    world.wait_phase("RolledBack")
    assert world.weight() == 0
    assert world.lease_holder.startswith("second") and second.leads
    world.says(GOOD)
    world.edit({"attempt": 2})
    world.wait_phase("Complete")
    world.route()
    awake = time.monotonic()
    first.process.thaw()
    world.wait(lambda: not first.process.alive or first.http("/metrics")[0] == 200 and not first.leads, "the first steps down")
    time.sleep(1)
    assert accepted_after(first, awake) == []
    assert second.leads and world.weight() == 100
    if not first.process.alive:
        assert first.process.exit_code == 1
        first.revive()
    world.wait(lambda: first.http("/readyz")[0] == 200, "the first is back as a standby")
    assert not first.leads and second.leads


def test_a_leader_frozen_with_a_rollback_to_write_does_not_undo_the_next_attempt(world: World) -> None:
    """Frozen right before it would write weight 0; the standby does, a second attempt begins, then the old one wakes."""
    world.prepare()
    first, second = two(world)
    world.begin()
    world.wait_step(50)
    assert first.proxy and second.proxy
    world.says(BAD)
    asked = world.queries()
    world.wait(lambda: world.queries() > asked, "the breach is on its way")
    first.process.freeze()
    world.wait_phase("RolledBack")
    world.says(mode="empty")
    world.edit({"attempt": 2})
    world.wait(lambda: world.lease_holder.startswith("second"), "the second replica leads")
    world.wait_step(50)
    awake = time.monotonic()
    first.process.thaw()
    world.stays(lambda: world.weight() == 50, 3, "the second attempt goes on")
    assert accepted_after(first, awake) == []


def test_a_leader_killed_as_a_breach_arrives_is_replaced_and_users_are_taken_back(world: World) -> None:
    world.prepare()
    first, second = two(world, "--lease-duration", "6s")
    world.begin()
    world.wait_step(50)
    first.process.kill()
    world.says(BAD)
    began = time.monotonic()
    world.wait(lambda: world.weight() == 0, "weight 0", timeout=30)
    took = time.monotonic() - began
    print(f"breach to weight 0 with the leader killed: {took:.1f} s, lease 6 s")
    assert took < 12, f"{took:.1f} s"
    world.wait_phase("RolledBack")
    assert second.proxy and second.leads
    first.revive()
    world.wait(lambda: first.http("/readyz")[0] == 200, "the first is back")
    assert not first.leads and second.leads


def test_a_leader_that_is_told_to_stop_gives_the_lease_back(world: World) -> None:
    world.prepare()
    first, second = two(world, "--lease-duration", "60s", "--lease-renew-deadline", "40s", "--lease-retry", "2s")
    world.begin()
    world.wait_step(50)
    began = time.monotonic()
    first.process.terminate(grace=10)
    assert first.process.exit_code == 0, world.told()
    world.wait(lambda: world.lease_holder.startswith("second"), "the second replica leads", timeout=15)
    took = time.monotonic() - began
    assert took < 10, f"a hand-over took {took:.1f} s"
    world.says(BAD)
    world.wait_phase("RolledBack")
    assert world.weight() == 0 and second.leads


def test_at_most_one_replica_leads_while_they_come_and_go(world: World) -> None:
    world.prepare()
    first, second = two(world)
    world.begin()
    world.wait_step(50)
    for _ in range(2):
        leader, standby = (first, second) if world.lease_holder.startswith("first") else (second, first)
        leader.restart()
        world.wait(lambda: standby.leads, "the standby leads")
        world.wait(lambda: leader.http("/readyz")[0] == 200, "the other is back")
        world.stays(lambda: first.leads + second.leads <= 1, 1, "at most one leads")
    world.says(GOOD)
    world.wait_phase("Complete")
    assert world.weight() == 100
