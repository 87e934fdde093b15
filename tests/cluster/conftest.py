"""Makes the harness importable, gives each module what it shares, and says at once what is missing on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from harness import API_ONLY, Cluster, HarnessError, Options, paths  # noqa: E402  # pylint: disable=wrong-import-position


@pytest.fixture(scope="session", autouse=True)
def _machine() -> None:
    """Ends the whole run with one sentence where the cluster cannot work here."""
    if os.geteuid() != 0:
        pytest.exit("the cluster tests make a network namespace: run them as root", returncode=2)
    try:
        for name in ("etcd", "kube-apiserver", "kubectl", "openssl"):
            paths.program(name)
    except HarnessError as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture(scope="module")
def api_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """etcd and kube-apiserver only, one a module."""
    with Cluster(Options(name=f"api-{request.module.__name__}", parts=API_ONLY)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def full_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Everything, with the project's test programs as images; one a module. Reset it between tests as needed."""
    with Cluster(Options(name=f"full-{request.module.__name__}", images=program_images())) as cluster:
        yield cluster


def program_images() -> dict[str, list[str]]:
    """Images payments-api:legacy and payments-api:next, listening on their pod's address at its first port."""
    binary = paths.built("payments-api")
    return {f"payments-api:{version}": [binary, "--version", version, "--address", "$(POD_IP)", "--port", "$(PORT)"]
            for version in ("legacy", "next")}
