"""Everything taken away while users are on their way, in each order: migration, its namespace, the definition, the release with its pods.

Whatever takes the migration away while an operator runs puts its route back. Where the operator goes first, the weights stay, and nothing that
holds a migration can end before an operator is there again: so docs/operations.md says it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from installation import Installation, stack_with_pods
from world import Stack

PARTS = ("migration", "namespace", "definition", "operator")


@pytest.fixture(name="stack", scope="module")
def _stack() -> Iterator[Stack]:
    with stack_with_pods("uninstall") as stack:
        yield stack


@pytest.mark.parametrize("order", itertools.permutations(PARTS), ids="-".join)
def test_all_of_it_ends_and_users_are_where_they_were(stack: Stack, order: tuple[str, ...]) -> None:
    there = Installation(stack)
    taken: list[str] = []
    for part in order:
        if part == "operator":
            there.wait_gone(*taken)
            assert not taken or "namespace" in taken or there.route_is_as_before()
        there.take_away(part)
        taken.append(part)
    if order[0] == "operator":
        there.world.stays(lambda: not there.is_gone("migration"), 1, "nobody lets the migration go")
        assert not there.is_gone("definition") and not there.is_gone("namespace")
        there.install()
        there.wait_gone("migration", "definition", "namespace")
        there.take_away("operator")
    there.wait_gone(*order)


def test_an_operator_that_goes_first_leaves_users_where_they_are(stack: Stack) -> None:
    there = Installation(stack)
    there.take_away("operator")
    assert there.world.weight() == 50
    there.install()
    there.world.api.delete(there.world.path())
    there.wait_gone("migration")
    assert there.route_is_as_before()
    for part in ("operator", "namespace", "definition"):
        there.take_away(part)
        there.wait_gone(part)
