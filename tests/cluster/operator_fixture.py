"""Fixtures of the operator's tests: one full cluster and one with an API server only for the whole run, one world for each test.

Modules that use it say `pytest_plugins = ["operator_fixture"]`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest

import story
from fake_gateway import FakeGateway
from harness import API_ONLY, Cluster, Options
from world import Stack, World


def _of_this_worker(name: str) -> str:
    """pytest-xdist runs several processes at once; each has its own session."""
    return f"{name}{os.environ.get('PYTEST_XDIST_WORKER', '')}"


@pytest.fixture(scope="session")
def full_stack() -> Iterator[Stack]:
    """Contour, Envoy, Prometheus, pods."""
    images = story.images()
    images.update({f"payments-api:{side}": images[f"softmigration/payments-api:{side}"] for side in ("legacy", "next")})
    with Cluster(Options(name=_of_this_worker("operator-full"), images=images)) as cluster:
        yield Stack(cluster, None)


@pytest.fixture(scope="session")
def api_stack() -> Iterator[Stack]:
    """etcd and kube-apiserver; routes are accepted by a thread of the test."""
    with Cluster(Options(name=_of_this_worker("operator-api"), parts=API_ONLY)) as cluster:
        gateway = FakeGateway(cluster.api_as("contour"))
        try:
            yield Stack(cluster, gateway)
        finally:
            gateway.close()


def _space(request: pytest.FixtureRequest) -> str:
    """A namespace named after the test."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:48].strip("-")


@pytest.fixture
def world(request: pytest.FixtureRequest, api_stack: Stack) -> Iterator[World]:
    yield from _open(api_stack, _space(request))


@pytest.fixture
def full_world(request: pytest.FixtureRequest, full_stack: Stack) -> Iterator[World]:
    yield from _open(full_stack, _space(request))


@pytest.fixture
def new_world(request: pytest.FixtureRequest, api_stack: Stack) -> Iterator[Callable[[str], World]]:
    """Makes several worlds for one test; the name is a suffix."""
    made: list[World] = []

    def make(name: str) -> World:
        made.append(World(api_stack, f"{_space(request)[:40]}-{name}"))
        return made[-1]
    yield make
    for world_made in made:
        world_made.close()


def _open(stack: Stack, space: str) -> Iterator[World]:
    opened = World(stack, space)
    try:
        yield opened
        print(opened.told())  # shown where the test failed
    finally:
        opened.close()
