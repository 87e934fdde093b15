"""A bridge told by a ConfigMap: weights reach a real Envoy through the agent's files, and users are served whoever is away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import Cluster
from harness.process import wait_for
from told_bridge import Told, told_bridge


@pytest.fixture(scope="module")
def told(api_cluster: Cluster) -> Iterator[Told]:
    with told_bridge(api_cluster) as made:
        yield made


def test_a_weight_takes_effect_and_a_header_flag_holds_at_any(told: Told) -> None:
    told.shift(0)
    assert {told.served_by() for _ in range(20)} == {"legacy"}
    assert told.served_by({"x-beta": "1"}) == "next"
    epoch = told.counts()["epoch"]
    told.shift(100)
    wait_for(lambda: told.served_by() == "next", 20, "the weight is there")
    assert {told.served_by() for _ in range(20)} == {"next"}
    told.shift(50)
    wait_for(lambda: {told.served_by() for _ in range(20)} == {"legacy", "next"}, 20, "both serve")
    told.shift(0)
    wait_for(lambda: told.served_by() == "legacy", 20, "back")
    wait_for(lambda: told.compared() > 10, 20, "what users got was compared all the time")
    assert told.counts()["epoch"] == epoch, "a weight is no reason to begin anew"


def test_nonsense_changes_nothing(told: Told) -> None:
    told.shift(0)
    epoch = told.counts()["epoch"]
    told.tell(rds_json="{")
    told.tell(rds_json=told.files(100)["rds.json"], agent_json='{"components": []}')
    wait_for(lambda: told.served_by() == "next", 20, "a weight beside a configuration that is refused")
    assert told.counts()["epoch"] == epoch
    told.shift(0)
    wait_for(lambda: told.served_by() == "legacy", 20, "back")


def test_users_are_served_while_agent_and_api_server_are_away(told: Told) -> None:
    told.shift(0)
    wait_for(lambda: told.compared() > 0, 20, "copies are compared")
    epoch = told.counts()["epoch"]
    server = told.cluster.parts["kube-apiserver"]
    server.freeze()
    try:
        told.agent.kill()
        assert {told.served_by() for _ in range(50)} == {"legacy"}
        told.restart_agent()  # its settings are those of its folder
        wait_for(lambda: told.compared() > 0, 30, "copies are compared again")
        assert told.counts()["epoch"] != epoch
    finally:
        server.thaw()
    told.shift(100)
    wait_for(lambda: told.served_by() == "next", 60, "the watch is back")
