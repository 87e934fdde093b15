"""The operator as its users have it, a release with its pods, and a migration at 50 % that waits there: for tests that take things away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fake_gateway import FakeGateway
from harness import ApiError, Cluster, Options, paths
from harness.cluster import CONTROLLERS, PODS
from test_chart import CHART, Release
from world import Stack, World

DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/softmigrations.softmigration.io"
SPACE = "/api/v1/namespaces/shop"


@contextlib.contextmanager
def stack_with_pods(name: str) -> Iterator[Stack]:
    operator = [paths.built("softmigration-operator"), "--metrics-address", "$(POD_IP)"]
    options = Options(name=name, parts=frozenset({CONTROLLERS, PODS}), images={"softmigration/operator:0.1.0": operator})
    with Cluster(options) as cluster:
        gateway = FakeGateway(cluster.api_as("contour"))
        try:
            yield Stack(cluster, gateway)
        finally:
            gateway.close()


class Installation:
    """The release, the definition and a migration at 50 %; `before`: its route as the user wrote it."""

    def __init__(self, stack: Stack) -> None:
        stack.install_crd()
        self.release = Release(stack.cluster)
        self.install()
        self.world = World(stack, "shop")
        self.world.prepare()
        self.before = self.world.route()["spec"]
        self.world.begin()
        self.world.wait_step(50)

    def install(self) -> None:
        """Its pod comes up while the test goes on."""
        self.release.must("install", "softmigration", str(CHART), "--create-namespace", "--set", "crds.enabled=false,replicas=1")

    def take_away(self, part: str) -> None:
        """Without waiting for it to end, but for the release."""
        api = self.world.api
        try:
            if part == "migration":
                api.delete(self.world.path())
            elif part == "operator":
                self.release.uninstall()
            else:
                api.delete(SPACE if part == "namespace" else DEFINITION)
        except ApiError as error:
            assert error.status == 404, (part, error)  # it went with something else

    def is_gone(self, part: str) -> bool:
        path = {"migration": self.world.path(), "namespace": SPACE, "definition": DEFINITION}.get(part)
        return self.world.api.find(path) is None if path else self.release.ready_pods() == 0

    def wait_gone(self, *parts: str) -> None:
        for part in parts:
            self.world.wait(lambda one=part: self.is_gone(one), f"{part} is gone")

    def route_is_as_before(self) -> bool:
        return bool(self.world.route()["spec"] == self.before)
