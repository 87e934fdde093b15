"""Routes that are no HTTPRoutes, with real requests through Contour and its Envoy: steered, put back where somebody edits them, taken back, and
in the end as their user wrote them. Each takes about as long as two ways up to the first step."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import payments
import pytest
from harness import Cluster, Object, Process, paths
from harness.netns import HOST_ADDRESS
from world import ACCOUNT, BAD, GOOD, SYSTEM, Stack, World

pytest_plugins = ["operator_fixture"]

HOLD = [{"weight": 50, "hold": "1h"}, {"weight": 100}]
GRPC_PORTS = {"legacy": 19201, "next": 19202}
ASKED = 40


def allow(world: World, kinds: str) -> None:
    """What docs/routers.md says to do, for one namespace."""
    group = "rbac.authorization.k8s.io"
    world.cluster.apply({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"namespace": world.space, "name": kinds},
                         "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"{ACCOUNT}-{kinds}"},
                         "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}]})


class Journey:
    """A route object, how to read and edit its backends, and who serves users."""

    def __init__(self, world: World, path: str, backends: tuple[str, str], served_by: Callable[[], str]) -> None:
        self.world, self.path, self.served_by = world, path, served_by
        self._rules, self._backends = backends

    def weights(self) -> dict[str, int]:
        services = self.world.api.get(self.path)["spec"][self._rules][0][self._backends]
        return {service["name"]: service.get("weight", 0) for service in services}

    def set_weights(self, legacy: int, target: int) -> None:
        """As somebody who does not know of the migration does it."""
        spec = self.world.api.get(self.path)["spec"]
        for service in spec[self._rules][0][self._backends]:
            service["weight"] = legacy if service["name"] == "payments-legacy" else target
        self.world.api.patch(self.path, {"spec": {self._rules: spec[self._rules]}}, manager="user")

    def wait_step(self, weight: int) -> None:
        def reached() -> bool:
            status = self.world.status()
            return (self.weights().get("payments-next") == status.get("currentWeight") == weight
                    and all("since" in component for component in status["components"]))
        self.world.wait(reached, f"weight {weight} reached and accepted")

    def wait_served(self, *sides: str) -> None:
        self.world.wait(lambda: {self.served_by() for _ in range(ASKED)} == set(sides), f"users are served by {sides} and nobody else")

    def run(self, route: Object) -> None:
        world = self.world
        before = world.api.get(self.path)["spec"]
        world.says(GOOD)
        migration = world.migration(steps=HOLD)
        migration["spec"]["routes"] = [{"name": "web", **route}]
        world.cluster.apply(migration, manager="user")
        self.wait_step(50)
        self.wait_served("legacy", "next")
        self.set_weights(90, 10)
        self.wait_step(50)
        world.says(BAD)
        assert world.wait_phase("RolledBack")["lastRollback"]["reason"] == "MetricBreached"
        self.wait_served("legacy")
        world.says(GOOD)
        world.edit({"attempt": 2})
        self.wait_step(50)
        world.api.delete(world.path())
        world.wait(lambda: not world.api.find(world.path()), "the migration is gone")
        assert world.api.get(self.path)["spec"] == before, "the route is as its user wrote it"


def test_users_of_an_httpproxy_are_moved_taken_back_and_given_back(full_world: World) -> None:
    world = full_world
    world.deploy()
    allow(world, "httpproxies")
    world.operator(more=("--routers", "httpproxy"))
    world.cluster.apply({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"namespace": world.space, "name": "payments"},
        "spec": {"virtualhost": {"fqdn": world.host}, "routes": [
            {"conditions": [{"prefix": "/payments"}], "services": [{"name": "payments-legacy", "port": payments.PORT}]}]}}, manager="user")

    def served_by() -> str:
        answer = world.cluster.http(f"{world.cluster.user_url}/payments/p1", headers={"Host": world.host}, timeout=20)
        assert answer.status == 200, answer
        return answer.headers["x-served-by"]
    world.wait(served_by, "users are served by the HTTPProxy")
    path = f"/apis/projectcontour.io/v1/namespaces/{world.space}/httpproxies/payments"
    Journey(world, path, ("routes", "services"), served_by).run({"contour": {"httpProxy": "payments"}})


def grpc_route(world: World) -> Object:
    """The spec of one that sends all calls to legacy."""
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "projectcontour", "name": "gw"}
    rule = {"name": "pay", "matches": [{"method": {"service": "pay.Payments"}}],
            "backendRefs": [{"name": "payments-legacy", "port": payments.PORT}]}
    return {"parentRefs": [parent], "hostnames": [world.host], "rules": [rule]}


def test_a_grpcroute_is_made_from_its_template(world: World) -> None:
    world.serve()
    allow(world, "grpcroutes")
    world.operator(more=("--routers", "grpcroute"))
    world.says(mode="empty")
    migration = world.migration()
    route = {"kind": "GRPCRoute", "name": "payments", "ownership": "Managed", "template": {"spec": grpc_route(world)}}
    migration["spec"]["routes"] = [{"name": "web", "gatewayAPI": route}]
    world.cluster.apply(migration, manager="git")
    made = world.wait(lambda: world.api.find(grpc_path(world)), "the route is made")
    (rule,) = made["spec"]["rules"]
    assert [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]] == [("payments-legacy", 1)]


def grpc_path(world: World) -> str:
    return f"/apis/gateway.networking.k8s.io/v1/namespaces/{world.space}/grpcroutes/payments"


def grpc_server(cluster: Cluster, side: str) -> Process:
    """An Envoy that answers every HTTP/2 request in gRPC's form, with its side in a header."""
    header = {"header": {"key": "x-served-by", "value": side}}
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}, "response_headers_to_add": [header]}
    manager = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": side, "codec_type": "HTTP2", "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]}}
    listener = {
        "address": {"socket_address": {"address": HOST_ADDRESS, "port_value": GRPC_PORTS[side]}},
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]}
    config = json.dumps({"static_resources": {"listeners": [listener]}})
    return cluster.run(f"grpc-{side}", [paths.program("envoy"), "--config-yaml", config, "--disable-hot-restart", "--concurrency", "1",
                                        "--log-level", "warn"])


@pytest.fixture(scope="module")
def grpc_servers(full_stack: Stack) -> Iterator[None]:
    servers = [grpc_server(full_stack.cluster, side) for side in GRPC_PORTS]
    yield
    for server in servers:
        server.stop()


def serve_grpc(world: World) -> None:
    """Services whose endpoints are those servers."""
    for side, port in GRPC_PORTS.items():
        metadata = {"namespace": world.space, "name": f"payments-{side}"}
        world.cluster.apply([
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"name": "grpc", "port": payments.PORT}]}},
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {**metadata, "labels": {"kubernetes.io/service-name": f"payments-{side}"}}, "addressType": "IPv4",
             "ports": [{"name": "grpc", "port": port, "protocol": "TCP"}],
             "endpoints": [{"addresses": [HOST_ADDRESS], "conditions": {"ready": True}}]}])


@pytest.mark.usefixtures("grpc_servers")
def test_calls_by_a_grpcroute_are_moved_taken_back_and_given_back(full_world: World) -> None:
    world = full_world
    serve_grpc(world)
    allow(world, "grpcroutes")
    world.operator(more=("--routers", "grpcroute"))
    world.cluster.apply({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute",
                         "metadata": {"namespace": world.space, "name": "payments"}, "spec": grpc_route(world)}, manager="user")

    def served_by() -> str:
        done = world.cluster.execute([
            "curl", "--silent", "--max-time", "20", "--http2-prior-knowledge", "--request", "POST", "--header", f"Host: {world.host}",
            "--header", "content-type: application/grpc", "--header", "te: trailers", "--output", "/dev/null",
            "--write-out", "%{http_code} %header{content-type} %header{x-served-by}", f"{world.cluster.user_url}/pay.Payments/Get"])
        status, kind, side = [*done.stdout.split(" "), "", ""][:3]
        return side if (status, kind) == ("200", "application/grpc") else ""
    world.wait(served_by, "calls are answered by the GRPCRoute")
    Journey(world, grpc_path(world), ("rules", "backendRefs"), served_by).run({"gatewayAPI": {"kind": "GRPCRoute", "name": "payments"}})
