"""Ownership Managed: the migration makes the route itself, keeps it there, and leaves it to the users at the end."""

from __future__ import annotations

import json

import payments
import pytest
from harness import ApiError, Object
from world import BAD, GOOD, World

pytest_plugins = ["operator_fixture"]


def managed(world: World) -> list[Object]:
    """spec.routes with a template that sends everybody to legacy."""
    spec = payments.route(world.space, 1, 0, host=world.host)["spec"]
    spec["rules"][0]["backendRefs"].pop()
    template = {"metadata": {"labels": {"team": "payments"}}, "spec": spec}
    return [{"name": "payments", "gatewayAPI": {"kind": "HTTPRoute", "name": "payments", "ownership": "Managed", "template": template}}]


def begun(world: World) -> Object:
    """An operator that runs, and the migration as Git has it, which is yet to be applied."""
    world.operator()
    world.says(mode="empty")
    migration = world.migration()
    migration["spec"]["routes"] = managed(world)
    return migration


def route_there(world: World) -> bool:
    return world.api.find(world.route_path()) is not None


def test_a_managed_route_is_made_moved_made_again_taken_back_and_left_to_its_users(world: World) -> None:
    world.serve()
    migration = begun(world)
    world.cluster.apply(migration, manager="git")

    world.wait(lambda: route_there(world), "the route is made")
    made = world.route()
    assert made["metadata"]["labels"] == {"team": "payments"}
    assert not made["metadata"].get("ownerReferences"), "nothing that would take the route along when the migration goes"
    world.wait_step(50)

    world.api.delete(world.route_path())
    world.wait(lambda: route_there(world) and world.route()["metadata"]["uid"] != made["metadata"]["uid"], "the route is made again")
    assert world.weight() == 50, "at once with the recorded weights"

    edited = managed(world)
    edited[0]["gatewayAPI"]["template"]["spec"]["hostnames"].append("also.example.com")
    world.edit({"routes": edited})
    world.wait(lambda: "also.example.com" in world.route()["spec"]["hostnames"], "the edited template reaches the route")
    assert world.weight() == 50, "and moves nobody"
    renamed = managed(world)
    renamed[0]["gatewayAPI"]["name"] = "another"
    with pytest.raises(ApiError, match="cannot change while the routes are adopted"):
        world.edit({"routes": renamed})
    world.wait_step(50)

    world.says(BAD)
    world.wait_phase("RolledBack")
    assert world.weight() == 0
    world.says(GOOD)
    world.edit({"attempt": 2})
    world.wait_phase("Complete")
    assert world.weight() == 100

    world.wait(lambda: not world.get()["metadata"].get("finalizers"), "the migration is at rest")
    world.api.delete(world.path())
    world.wait(lambda: world.api.find(world.path()) is None, "the migration is gone")
    world.stays(lambda: route_there(world) and world.weight() == 100, 1, "the route stays and serves what it last served")


def test_a_template_that_the_api_server_refuses_is_told_and_made_once_it_is_put_right(world: World) -> None:
    world.serve()
    migration = begun(world)
    spec = migration["spec"]["routes"][0]["gatewayAPI"]["template"]["spec"]
    spec["hostnames"] = ["NOT A HOST"]
    world.cluster.apply(migration, manager="git")
    told = world.wait_reason("TemplateRefused", "Stalled")
    assert "hostnames" in told["message"], told
    assert not route_there(world)
    world.edit({"routes": managed(world)})
    world.wait_step(50)


def test_a_route_of_somebody_else_is_kept_until_it_is_handed_over(world: World) -> None:
    world.serve()
    theirs = payments.route(world.space, 1, 0, host=world.host)
    theirs["spec"]["hostnames"].append("theirs.example.com")
    world.cluster.apply(theirs, manager="somebody")
    migration = begun(world)
    world.cluster.apply(migration, manager="git")
    world.wait_step(50)
    assert "theirs.example.com" in world.route()["spec"]["hostnames"], "it is moved, and otherwise left alone"
    mark = json.dumps({"for": migration["metadata"]["name"]})
    world.api.patch(world.route_path(), {"metadata": {"annotations": {"softmigration.io/template": mark}}})
    world.wait(lambda: "theirs.example.com" not in world.route()["spec"]["hostnames"], "handed over, it follows the template")
    assert world.weight() == 50


def test_deleted_on_the_way_a_managed_route_stays_as_its_template_says(world: World) -> None:
    world.serve()
    migration = begun(world)
    world.cluster.apply(migration, manager="git")
    world.wait_step(50)
    world.api.delete(world.path())
    world.wait(lambda: world.api.find(world.path()) is None, "the migration is gone")
    world.stays(lambda: route_there(world) and world.weight() == 0, 1, "the route stays, with everybody on legacy")
