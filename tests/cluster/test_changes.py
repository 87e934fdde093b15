"""Users change their minds: what is put back, what starts again, and that what is at rest stays so."""

from __future__ import annotations

import json
import time

import payments
from harness import Object
from world import BAD, GOOD, World

pytest_plugins = ["operator_fixture"]


# -- back to how it was -----------------------------------------------------------------------------------------------


def elaborate_route(world: World) -> Object:
    """Everything a restore could lose: filters, timeouts, odd weights, rules that are none of ours, order."""
    document = payments.route(world.space, 7, 0, host=world.host)
    legacy = document["spec"]["rules"][0]["backendRefs"][0]
    other = {"group": "", "kind": "Service", "name": "payments-other", "port": 8080, "weight": 3}
    document["spec"]["rules"] = [
        {"name": "static", "matches": [{"path": {"type": "Exact", "value": "/static"}}], "backendRefs": [other]},
        {"name": "api", "matches": [{"path": {"type": "PathPrefix", "value": "/api"}, "method": "GET"},
                                    {"headers": [{"type": "Exact", "name": "x-a", "value": "b"}]}],
         "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x-seen", "value": "1"}]}}],
         "timeouts": {"request": "10s"}, "backendRefs": [legacy]},
        {"name": "last", "matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [other]}]
    return document


def test_deleting_mid_shift_puts_the_route_back_byte_for_byte(world: World) -> None:
    world.serve()
    before = world.add_route(document=elaborate_route(world))["spec"]
    world.operator()
    world.begin(shift={"flags": [{"headers": [{"name": "x-beta", "value": "1"}]}]})
    world.wait(lambda: "next" in json.dumps(world.route()["spec"]), "users move")
    world.wait(lambda: world.status()["currentWeight"] == 50, "users are on the target")
    shifting = world.route()
    world.api.delete(world.path())
    world.wait(lambda: world.api.find(world.path()) is None, "the migration is gone")
    assert not world.dropped(shifting)
    assert json.dumps(world.route()["spec"], sort_keys=True) == json.dumps(before, sort_keys=True)


def test_lowering_the_ceiling_to_pending_puts_the_route_back_byte_for_byte(world: World) -> None:
    world.serve()
    before = world.add_route(document=elaborate_route(world))["spec"]
    world.operator()
    world.begin(shift={"flags": [{"headers": [{"name": "x-beta", "value": "1"}]}]})
    world.wait(lambda: "next" in json.dumps(world.route()["spec"]), "users move")
    world.wait(lambda: world.status()["currentWeight"] == 50, "users are on the target")
    shifting = world.route()
    world.edit({"desiredPhase": "Pending"})
    world.wait(lambda: world.phase() == "Pending" and not world.get()["metadata"].get("finalizers"), "everything is let go")
    assert not world.dropped(shifting)
    assert json.dumps(world.route()["spec"], sort_keys=True) == json.dumps(before, sort_keys=True)
    assert world.status()["currentWeight"] == 0
    world.says(GOOD)
    world.edit({"desiredPhase": "Complete"})
    world.wait_phase("Complete")


def test_at_rest_nothing_is_asked_or_written_and_deleting_then_leaves_users_on_the_target(world: World) -> None:
    world.prepare()
    operator = world.operator()
    assert operator.proxy
    world.says(GOOD)
    world.cluster.apply(world.migration(), manager="user")
    world.wait(lambda: world.phase() == "Complete" and not world.get()["metadata"].get("finalizers"), "complete and at rest")
    world.wait(lambda: not [c for c in operator.proxy.calls if not c.about_lease and c.at > time.monotonic() - 1.5], "quiet")
    quiet, asked = time.monotonic(), world.queries()
    time.sleep(4)
    assert [call.line() for call in operator.proxy.calls if call.at >= quiet and not call.about_lease] == []
    assert world.queries() == asked, "nothing is judged any more"
    world.api.delete(world.path())
    world.wait(lambda: world.api.find(world.path()) is None, "the migration is gone")
    world.stays(lambda: world.weight() == 100, 1, "users stay on the target")


# -- users change their minds -----------------------------------------------------------------------------------------


def test_editing_a_metric_mid_flight_restarts_the_evidence_of_the_step(world: World) -> None:
    world.prepare()
    world.operator()
    world.says(GOOD)
    world.cluster.apply(world.migration(steps=[{"weight": 50, "hold": "5s"}, {"weight": 100}]), manager="user")
    world.wait_step(50)
    began = time.monotonic()
    first = world.status()["components"][0]["since"]
    time.sleep(2)
    world.edit({"analysis": {"metrics": [world.metric(max="0.4")]}})
    world.wait(lambda: world.status()["components"][0].get("since", first) > first, "the step starts again", timeout=3)
    assert world.weight() == 50 and world.phase() == "Shift"
    world.wait_phase("Complete")
    assert time.monotonic() - began >= 6.5, "the hold of 5 s began anew 2 s later"


def test_a_paused_migration_holds_and_still_takes_users_back(world: World) -> None:
    world.prepare()
    world.operator()
    world.begin()
    world.wait_step(50)
    world.edit({"paused": True})
    world.wait_phase("Paused")
    assert world.condition("Paused")["status"] == "True"
    world.says(GOOD)
    world.stays(lambda: (world.weight(), world.phase()) == (50, "Paused"), 3, "paused users stay")
    world.says(BAD)
    world.wait_phase("RolledBack")
    assert world.weight() == 0


def test_the_record_of_a_second_rollback_holds_nothing_of_the_first(world: World) -> None:
    world.prepare()
    world.operator()
    world.begin()
    world.wait_step(50)
    world.says(BAD)
    first = world.wait_phase("RolledBack")["lastRollback"]
    assert (first["reason"], first["metric"], first["from"]) == ("MetricBreached", "health", 50)
    assert {"value", "breachSeenAt", "routedAt", "verifiedAt"} <= set(first)
    world.says(mode="empty")
    world.edit({"attempt": 2})
    world.wait_step(50)
    world.unserve("next")
    second = world.wait_phase("RolledBack")["lastRollback"]
    assert second["reason"] == "TargetNotServing" and not {"metric", "value", "breachSeenAt"} & set(second), second
    assert second["at"] > first["at"] and second["routedAt"] > first["routedAt"] and second["verifiedAt"] > first["verifiedAt"]


def test_the_ceiling_shift_stops_before_completion(world: World) -> None:
    world.prepare()
    world.operator()
    world.says(GOOD)
    world.cluster.apply(world.migration(desiredPhase="Shift"), manager="user")
    ready = world.wait_reason("CeilingReached")
    assert ready["status"] == "False" and "desiredPhase" in ready["message"]
    world.edit({"desiredPhase": "Complete"})
    world.wait_phase("Complete")
    world.edit({"desiredPhase": "Pending"})
    world.wait_phase("Pending")
    world.wait(lambda: world.weight() == 0, "users are back on legacy")
