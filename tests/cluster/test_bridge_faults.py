"""The fault suite works, and users see no error in a few of its cases. How long they wait is measured by `make faults`, not here."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

import faults
from faults_cases import CASES, Case, freeze, thaw
from faults_pairs import Bars, Pairs
from faults_rig import Load, Rig, Window, rig, users

QUICK = Load(rate=250, seconds=0.6, warm_up=0.2)
NO_TIMES = Bars(p50_delta_ms=float("inf"), p99_ratio=float("inf"), slower_than_max_ms=float("inf"))


@pytest.mark.parametrize("case", [case for case in CASES if case.name in ("agent-frozen", "target-1-GiB-answers", "target-resets")],
                         ids=lambda case: case.name)
def test_users_see_no_error_and_memory_is_bounded(case: Case) -> None:
    result = faults.run_case(replace(case, load=QUICK, bars=NO_TIMES), 1)
    assert result.missed == [], result.line()
    assert result.pairs.user_errors == 0 and result.pairs.watched[0].sent == 200


def test_one_request_in_ten_is_copied_where_the_spec_says_so() -> None:
    with rig() as made:
        made.start_agent()
        seen = users(made.ports["sampled"], Load(rate=500, seconds=3, warm_up=0), made.folder)
        made.settle(20)
        counts = made.counts()
        assert seen.errors == {} and seen.sent == 1500
        assert 80 < counts["eligible"] < 240, counts  # 150, and six times its scatter
        assert counts["equal"] == counts["judged"] == counts["eligible"] == counts["opened"]
        uploads = users(made.ports["sampled"], Load(rate=100, seconds=1, warm_up=0, upload=1024), made.folder)
        assert uploads.errors == {} and made.counts()["opened"] == counts["opened"], "what is never compared is never copied"


def freeze_a_while(made: Rig) -> None:
    freeze(made)
    time.sleep(0.3)
    thaw(made)


def test_what_queued_up_while_the_agent_stood_still_is_given_up_and_later_copies_are_compared() -> None:
    with rig() as made:
        made.start_agent()
        seen = users(made.ports["users"], Load(rate=250, seconds=1, warm_up=0), made.folder, lambda _: freeze_a_while(made))
        made.settle(20)
        counts = made.counts()
        assert seen.errors == {} and seen.sent == 250
        assert counts["dropped(agent-stalled)"] > 0 and counts["equal"] > 0, counts
        assert counts["judged"] == counts["eligible"], "each of them has one verdict"


def window(*milliseconds: float, **errors: int) -> Window:
    return Window(len(milliseconds), errors, sorted(milliseconds))


def test_each_bar_can_be_missed() -> None:
    slow = Pairs([window(1, 1, 1, 2)] * 7, [window(1, 1.6, 1.6, 103)] * 7)
    assert [text.partition("=")[0] for text in slow.misses(Bars())] == ["p50_delta_ms", "p99_ratio", "slower_than_max_ms"]
    assert Pairs([window(1)], [window(1, **{"503": 1})]).misses(Bars()) == ["user_errors=1"]
    assert Pairs([window(1, 1, 1, 2)] * 7, [window(1, 1.4, 1.4, 2.9)] * 7).misses(Bars()) == []
    one_bad_pair = Pairs([window(1)] * 7, [*[window(1)] * 6, window(50)])
    assert one_bad_pair.misses(Bars()) == [], "one window on a busy machine says nothing"


def test_percentiles_are_values_that_were_measured() -> None:
    hundred = window(*range(1, 101))
    assert (hundred.percentile(0.5), hundred.percentile(0.99), hundred.percentile(1)) == (50, 99, 100)
    assert window(7).percentile(0.99) == 7


def test_a_fault_that_is_not_felt_fails() -> None:
    unfelt = Case("unfelt", lambda counts: counts["differs"] > 0, load=QUICK, bars=NO_TIMES)
    assert faults.run_case(unfelt, 1).missed == ["the fault was not felt"]
