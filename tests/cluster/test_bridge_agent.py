"""The agent on a real Envoy: what it sees, what it counts, and that users never notice. No cluster is needed."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator

import pytest

from bridge import Bridge, ask, ask_json, bridge
from harness.process import wait_for

MIB = 1 << 20


@pytest.fixture
def rig() -> Iterator[Bridge]:
    with bridge() as made:
        yield made


def users(rig: Bridge, count: int, first: int = 0) -> None:
    """Users who look at a payment; each gets legacy's answer, whatever else happens."""
    for number in range(first, first + count):
        status, body, headers = ask(rig.ports["users"], "GET", f"/payments/p{number}")
        assert status == 200 and headers["x-served-by"] == "legacy", (status, body, headers)
        assert json.loads(body)["id"] == f"p{number}"


def test_equal_systems_are_equal(rig: Bridge) -> None:
    rig.start_agent()
    users(rig, 50)
    counts = rig.wait_for_verdicts(50)
    assert counts["verdicts"]["equal"] == 50
    assert ask_json(rig.agent_port, "/v1/differences")["differences"] == []


def test_differences_are_counted_and_named(rig: Bridge) -> None:
    rig.fault("target", wrong_amount_rate=0.125)
    rig.start_agent()
    users(rig, 80)
    counts = rig.wait_for_verdicts(80)
    assert counts["verdicts"]["differs"] == 10 and counts["verdicts"]["equal"] == 70
    (difference,) = ask_json(rig.agent_port, "/v1/differences")["differences"]
    assert difference["component"] == "payments" and difference["path"] == "$.amount" and difference["count"] == 10
    assert "shown" not in difference["legacy"]


def test_a_target_that_fails_or_is_away_is_counted_and_no_user_sees_it(rig: Bridge) -> None:
    rig.fault("target", error_rate=0.5)
    rig.start_agent()
    users(rig, 20)
    assert rig.wait_for_verdicts(20)["verdicts"]["status-differs"] == 10
    rig.systems["target"].kill()
    users(rig, 20, first=20)
    counts = rig.wait_for_verdicts(40)
    # Envoy answers 503 for a system that is away: the agent asks through it.
    assert counts["verdicts"]["status-differs"] + counts["verdicts"]["target-error"] == 30


def test_a_slow_target_times_out_and_nobody_waits_for_it() -> None:
    with bridge(config={"replay": {"deadline": "300ms"}}) as rig:
        rig.fault("target", latency_ms=5000)
        rig.start_agent()
        users(rig, 10)
        assert rig.wait_for_verdicts(10)["verdicts"]["target-timeout"] == 10


def test_what_the_target_serves_is_asked_of_legacy() -> None:
    with bridge(serving="target") as rig:
        rig.start_agent()
        rig.fault("legacy", wrong_amount_rate=1)
        for number in range(10):
            assert ask(rig.ports["users"], "GET", f"/payments/p{number}")[2]["x-served-by"] == "next"
        assert rig.wait_for_verdicts(10)["verdicts"]["differs"] == 10


def test_what_fails_on_the_target_is_answered_by_legacy_and_counted() -> None:
    with bridge(serving="target-or-legacy") as rig:
        rig.start_agent()
        rig.fault("target", error_rate=0.5)
        answered = []
        for number in range(20):
            status, body, headers = ask(rig.ports["users"], "GET", f"/payments/p{number}")
            assert status == 200 and json.loads(body)["id"] == f"p{number}" and "x-softmigration-side" not in headers
            answered.append(headers["x-served-by"])
        assert answered.count("legacy") == 10 and answered.count("next") == 10
        # What the target served is asked of legacy; what legacy served in its place is asked of nobody.
        assert rig.wait_for_verdicts(20)["verdicts"] == {**dict.fromkeys(rig.component()["verdicts"], 0), "equal": 10, "target-error": 10}
        rig.fault("target", error_rate=1)
        assert ask(rig.ports["users"], "POST", "/payments", b'{"amount": 1}')[0] == 500, "asked once: it may have done something"
        rig.systems["target"].kill()
        status, _, headers = ask(rig.ports["users"], "GET", "/payments/p20")
        assert status == 200 and headers["x-served-by"] == "legacy"
        assert rig.wait_for_verdicts(21)["verdicts"]["target-error"] == 11


def users_until(rig: Bridge, condition: Callable[[], bool], what: str) -> int:
    """One user after the other, until it is so; how many there were."""
    made = 0

    def one_more() -> bool:
        nonlocal made
        users(rig, 1)
        made += 1
        return condition()
    wait_for(one_more, 30, what)
    return made


def differing(rig: Bridge) -> dict[str, tuple[int, int]]:
    """How often each field differed, and how often of that it was taken for noise."""
    found = ask_json(rig.agent_port, "/v1/differences")["differences"]
    return {one["path"]: (one["count"], one["hidden"]) for one in found}


def both_trace(rig: Bridge) -> None:
    """Each answer of either system has a field that is another one each time."""
    for side in ("legacy", "target"):
        rig.fault(side, trace=True)


def test_what_differs_within_legacy_is_hidden_and_nothing_else_is(rig: Bridge) -> None:
    both_trace(rig)
    rig.start_agent()
    users(rig, 40)
    assert rig.wait_for_verdicts(40)["verdicts"]["differs"] == 40
    wait_for(lambda: rig.component()["controls"] == {"same": 0, "differed": 40, "lost": 0}, 20, "legacy was asked twice each time")
    before = rig.wait_for_verdicts(40 + users_until(rig, lambda: rig.component()["hidden"] > 0, "it is known for noise"))
    users(rig, 20)
    after = rig.wait_for_verdicts(before["eligible"] + 20)
    assert after["hidden"] == before["hidden"] + 20 and after["verdicts"]["differs"] == after["eligible"]
    (noise,) = ask_json(rig.agent_port, "/v1/differences")["noise"][0]["fields"]
    assert (noise["path"], noise["kinds"], noise["hidden"]) == ("$.trace", ["string", "string"], True)
    assert f'softmigration_agent_hidden_total{{component="payments"}} {after["hidden"]}\n' in ask(rig.agent_port, "GET", "/metrics")[1].decode()
    rig.fault("target", trace=True, wrong_amount_rate=1)
    users(rig, 20)
    wrong = rig.wait_for_verdicts(after["eligible"] + 20)
    assert wrong["hidden"] == after["hidden"], "beside the noise there is something else"
    assert differing(rig)["$.amount"] == (20, 0)
    rig.fault("target", trace=True, error_rate=1)
    users(rig, 10)
    failed = rig.wait_for_verdicts(wrong["eligible"] + 10)
    assert failed["verdicts"]["status-differs"] == 10 and failed["hidden"] == after["hidden"], "an error is never noise"


def test_noise_is_known_while_the_target_serves() -> None:
    with bridge(serving="target") as rig:
        both_trace(rig)
        rig.start_agent()
        read = lambda: ask(rig.ports["users"], "GET", "/payments/p1")[0]  # noqa: E731
        wait_for(lambda: (read(), rig.component()["hidden"])[1] > 0, 20, "it is known for noise")
        counts = rig.wait_for_verdicts()
        assert counts["controls"]["same"] == 0 < counts["controls"]["differed"]


@pytest.mark.parametrize("compare", [{"critical": ["$.trace"]}, {"controls": 0}], ids=["critical", "without-controls"])
def test_nothing_is_hidden_that_must_not_be(compare: dict[str, object]) -> None:
    with bridge(config={"compare": compare}) as rig:
        both_trace(rig)
        rig.start_agent()
        users(rig, 400)
        counts = rig.wait_for_verdicts(400)
        assert counts["verdicts"]["differs"] == 400 and counts["hidden"] == 0
        assert differing(rig) == {"$.trace": (400, 0)}
        assert (sum(counts["controls"].values()) == 0) == ("controls" in compare)


def test_a_target_that_is_away_is_asked_now_and_then_until_it_is_back(rig: Bridge) -> None:
    rig.start_agent()
    users(rig, 5)
    rig.wait_for_verdicts(5)
    rig.systems["target"].kill()
    users(rig, 200, first=5)
    counts = rig.wait_for_verdicts(205)
    assert counts["dropped"]["breaker-open"] > 0
    assert counts["verdicts"]["status-differs"] + counts["verdicts"]["target-error"] + counts["dropped"]["breaker-open"] == 200
    assert counts["targetUnasked"] == counts["dropped"]["breaker-open"], "a metric of errors takes them for such"
    assert counts["verdicts"]["status-differs"] + counts["verdicts"]["target-error"] > 20, "failures go on to be counted"
    assert rig.counts()["breakers"] == {"legacy": "closed", "target": "open"}
    rig.restart("target")
    before = rig.wait_for_verdicts(205 + users_until(rig, lambda: rig.counts()["breakers"]["target"] == "closed", "it is asked as ever"))
    users(rig, 20)
    assert rig.wait_for_verdicts(before["eligible"] + 20)["verdicts"]["equal"] == before["verdicts"]["equal"] + 20


def test_requests_that_change_something_are_not_repeated(rig: Bridge) -> None:
    rig.start_agent()
    for _ in range(10):
        assert ask(rig.ports["users"], "POST", "/payments", b'{"amount": 1}')[0] == 201
    wait_for(lambda: rig.counts()["streams"]["skipped"]["method"] == 10, 20, "ten skipped")
    assert rig.component()["eligible"] == 0
    assert 'code="201"} 0\n' in ask(rig.system_ports["target"], "GET", "/metrics")[1].decode()


def test_metrics_and_health(rig: Bridge) -> None:
    rig.start_agent()
    users(rig, 5)
    rig.wait_for_verdicts(5)
    assert ask(rig.agent_port, "GET", "/healthz")[0] == 200
    metrics = ask(rig.agent_port, "GET", "/metrics")[1].decode()
    assert 'softmigration_agent_verdicts_total{component="payments",verdict="equal"} 5\n' in metrics
    assert "softmigration_agent_held_bytes 0\n" in metrics


def test_large_headers_pass_and_are_counted(rig: Bridge) -> None:
    rig.start_agent()
    status, _, headers = ask(rig.ports["users"], "GET", "/payments/p1?" + "x" * 7_300)
    assert status == 200 and headers["x-served-by"] == "legacy"
    assert rig.wait_for_verdicts(1)["dropped"]["over-budget"] == 1


def test_without_an_agent_users_are_served(rig: Bridge) -> None:
    users(rig, 50)
    rig.start_agent()
    users(rig, 1)
    wait_for(lambda: (users(rig, 1), rig.component()["eligible"])[1] > 0, 20, "the agent is found")


def test_a_frozen_agent_costs_no_user_anything(rig: Bridge) -> None:
    rig.start_agent()
    users(rig, 20)
    assert rig.agent
    before = rig.envoy.memory()
    rig.agent.signal(signal.SIGSTOP)
    body = json.dumps({"amount": 1, "note": "x" * (MIB // 2)}).encode()
    for number in range(200):
        status, _, headers = ask(rig.ports["users"], "POST", "/payments", body)
        assert status == 201 and headers["x-served-by"] == "legacy"
        users(rig, 1, first=number)
    grown = rig.envoy.memory() - before
    print(f"Envoy grew by {grown / MIB:.1f} MiB")
    assert grown < 64 * MIB
    rig.agent.signal(signal.SIGCONT)
    wait_for(lambda: (users(rig, 1), rig.component()["verdicts"]["equal"])[1] > 20, 30, "copies are compared again")
    # Late copies are still coming: how many are eligible is not known.
    assert rig.wait_for_verdicts()["verdicts"]["differs"] == 0


def test_a_killed_agent_costs_no_user_anything_and_begins_anew(rig: Bridge) -> None:
    rig.start_agent()
    users(rig, 20)
    epoch = rig.counts()["epoch"]
    assert rig.agent
    rig.agent.kill()
    users(rig, 50)
    rig.start_agent()
    assert rig.counts()["epoch"] != epoch
    wait_for(lambda: (users(rig, 1), rig.component()["verdicts"]["equal"])[1] > 0, 30, "copies are compared again")


def test_it_ends_in_order_under_load(rig: Bridge) -> None:
    rig.start_agent()
    users(rig, 20)
    assert rig.agent
    assert rig.agent.stop() == 0
    users(rig, 5)
