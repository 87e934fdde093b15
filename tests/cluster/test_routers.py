"""Routes that are no HTTPRoutes: steered, put back where somebody edits them, taken back, and in the end as their user wrote them. Those of
Contour with real requests through it and its Envoy; those of Istio, Traefik and NGINX as objects in the API server, with nobody behind
them. Each takes about as long as two ways up to the first step."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator

import payments
import pytest
from harness import Answer, Cluster, Object, Process, paths
from harness.manifests import create_definitions
from harness.netns import HOST_ADDRESS
from world import ACCOUNT, BAD, GOOD, SYSTEM, Stack, World

pytest_plugins = ["operator_fixture"]

HOLD = [{"weight": 50, "hold": "1h"}, {"weight": 100}]
AT_ONCE = [{"weight": 100, "hold": "1h"}]
GRPC_PORTS = {"legacy": 19201, "next": 19202}
ASKED = 40


def allow(world: World, kinds: str) -> None:
    """What docs/routers.md says to do, for one namespace."""
    group = "rbac.authorization.k8s.io"
    world.cluster.apply({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"namespace": world.space, "name": kinds},
                         "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"{ACCOUNT}-{kinds}"},
                         "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}]})


def name_of(backend: Object) -> str:
    """Of its Service."""
    return str(backend["destination"]["host"].split(".")[0] if "destination" in backend else backend["name"])


class Journey:
    """A route object, how to read and edit its backends, and who serves users."""

    steps = HOLD

    def __init__(self, world: World, path: str, backends: Callable[[Object], list[Object]],
                 served_by: Callable[[], str] | None = None) -> None:
        """`served_by`: nothing where no data plane looks at the object."""
        self.world, self.path, self.backends, self.served_by = world, path, backends, served_by

    def written(self) -> list[Object]:
        """All of the object that users write."""
        route = self.world.api.get(self.path)
        return [route["spec"], route["metadata"].get("annotations", {})]

    def weights(self) -> dict[str, int]:
        return {name_of(service): service.get("weight", 0) for service in self.backends(self.world.api.get(self.path)["spec"])}

    def set_weights(self, legacy: int, target: int) -> None:
        """As somebody who does not know of the migration does it."""
        spec = self.world.api.get(self.path)["spec"]
        for service in self.backends(spec):
            service["weight"] = legacy if name_of(service) == "payments-legacy" else target
        self.world.api.patch(self.path, {"spec": spec}, manager="user")

    def wait_step(self, weight: int) -> None:
        def reached() -> bool:
            status = self.world.status()
            return (self.weights().get("payments-next") == status.get("currentWeight") == weight
                    and all("since" in component for component in status["components"]))
        self.world.wait(reached, f"weight {weight} reached and accepted")

    def wait_served(self, *sides: str) -> None:
        if served_by := self.served_by:
            self.world.wait(lambda: {served_by() for _ in range(ASKED)} == set(sides), f"users are served by {sides} and nobody else")

    def run(self, route: Object) -> None:
        world = self.world
        before = self.written()
        world.says(GOOD)
        first = self.steps[0]["weight"]
        migration = world.migration(steps=self.steps)
        migration["spec"]["routes"] = [{"name": "web", **route}]
        world.cluster.apply(migration, manager="user")
        self.wait_step(first)
        self.wait_served(*(("legacy", "next") if first < 100 else ("next",)))
        self.set_weights(90, 10)
        self.wait_step(first)
        world.says(BAD)
        assert world.wait_phase("RolledBack")["lastRollback"]["reason"] == "MetricBreached"
        self.wait_served("legacy")
        world.says(GOOD)
        world.edit({"attempt": 2})
        self.wait_step(first)
        world.api.delete(world.path())
        world.wait(lambda: not world.api.find(world.path()), "the migration is gone")
        assert self.written() == before, "the route is as its user wrote it"


def test_users_of_an_httpproxy_are_moved_taken_back_and_given_back(full_world: World) -> None:
    world = full_world
    world.deploy()
    allow(world, "httpproxies")
    world.operator(more=("--routers", "httpproxy"))
    world.cluster.apply({
        "apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"namespace": world.space, "name": "payments"},
        "spec": {"virtualhost": {"fqdn": world.host}, "routes": [
            {"conditions": [{"prefix": "/payments"}], "services": [{"name": "payments-legacy", "port": payments.PORT}]}]}}, manager="user")

    def ask() -> Answer:
        return world.cluster.http(f"{world.cluster.user_url}/payments/p1", headers={"Host": world.host}, timeout=20)

    def served_by() -> str:
        answer = ask()
        assert answer.status == 200, answer
        return answer.headers["x-served-by"]
    world.wait(lambda: ask().status == 200, "users are served by the HTTPProxy")
    path = f"/apis/projectcontour.io/v1/namespaces/{world.space}/httpproxies/payments"
    Journey(world, path, lambda spec: spec["routes"][0]["services"], served_by).run({"contour": {"httpProxy": "payments"}})


def grpc_route(world: World) -> Object:
    """The spec of one that sends all calls to legacy."""
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "projectcontour", "name": "gw"}
    rule = {"name": "pay", "matches": [{"method": {"service": "pay.Payments", "method": "Get"}}],
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
        server.terminate()


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
    Journey(world, grpc_path(world), lambda spec: spec["rules"][0]["backendRefs"], served_by).run({"gatewayAPI": {"kind": "GRPCRoute", "name": "payments"}})


@contextlib.contextmanager
def defined(stack: Stack, archive: str, kind: str) -> Iterator[None]:
    """The definition of one kind, as its project publishes it."""
    api = stack.cluster.api
    (definition,) = [d for d in json.loads(paths.crd_list(archive).read_text(encoding="utf-8")) if d["spec"]["names"]["kind"] == kind]
    create_definitions(api, [definition])
    try:
        yield
    finally:
        api.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition['metadata']['name']}")


@pytest.fixture(scope="module")
def virtual_services(api_stack: Stack) -> Iterator[None]:
    with defined(api_stack, "istio", "VirtualService"):
        yield


@pytest.mark.usefixtures("virtual_services")
def test_weights_in_a_virtualservice_are_moved_taken_back_and_given_back(world: World) -> None:
    world.serve()
    allow(world, "virtualservices")
    legacy = {"host": f"payments-legacy.{world.space}.svc.cluster.local", "subset": "v1"}
    docs = {"match": [{"uri": {"prefix": "/docs"}}], "route": [{"destination": {"host": "docs", "port": {"number": 80}}}]}
    team = {"name": "team", "match": [{"uri": {"prefix": "/team"}}], "delegate": {"name": "team"}}
    world.cluster.apply({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": world.space, "name": "payments"},
        "spec": {"hosts": [world.host], "gateways": ["edge"], "http": [docs, team, {
            "name": "payments", "match": [{"uri": {"prefix": "/payments"}}], "timeout": "5s", "route": [{"destination": legacy}]}]}},
        manager="user")
    world.operator(more=("--routers", "virtualservice"))
    path = f"/apis/networking.istio.io/v1/namespaces/{world.space}/virtualservices/payments"
    Journey(world, path, lambda spec: spec["http"][2]["route"]).run({"istio": {"virtualService": "payments"}})


@pytest.mark.usefixtures("virtual_services")
def test_a_virtualservice_that_another_one_hands_over_to_is_moved_like_any_other(world: World) -> None:
    world.serve()
    allow(world, "virtualservices")
    destination = {"host": "payments-legacy", "port": {"number": payments.PORT}}
    world.cluster.apply({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": world.space, "name": "team"},
        "spec": {"http": [{"name": "all", "route": [{"destination": destination}]}]}}, manager="user")
    world.operator(more=("--routers", "virtualservice"))
    path = f"/apis/networking.istio.io/v1/namespaces/{world.space}/virtualservices/team"
    Journey(world, path, lambda spec: spec["http"][0]["route"]).run({"istio": {"virtualService": "team"}})


@pytest.fixture
def traefik_services(api_stack: Stack) -> Iterator[None]:
    with defined(api_stack, "traefik", "TraefikService"):
        yield


@pytest.mark.usefixtures("traefik_services")
def test_weights_in_a_traefikservice_are_moved_taken_back_and_given_back(world: World) -> None:
    world.serve()
    allow(world, "traefikservices")
    legacy = {"name": "payments-legacy", "port": "http", "scheme": "h2c"}
    world.cluster.apply({
        "apiVersion": "traefik.io/v1alpha1", "kind": "TraefikService", "metadata": {"namespace": world.space, "name": "payments"},
        "spec": {"weighted": {"services": [legacy], "sticky": {"cookie": {"name": "side"}}}}}, manager="user")
    world.operator(more=("--routers", "traefikservice"))
    path = f"/apis/traefik.io/v1alpha1/namespaces/{world.space}/traefikservices/payments"
    Journey(world, path, lambda spec: spec["weighted"]["services"]).run({"traefik": {"traefikService": "payments"}})


CANARY = "nginx.ingress.kubernetes.io/canary"


class CanaryJourney(Journey):
    """By one annotation, which counts up to 1000."""

    def weights(self) -> dict[str, int]:
        annotations = self.world.api.get(self.path)["metadata"]["annotations"]
        return {"payments-next": int(annotations.get(f"{CANARY}-weight", "0")) // 10}

    def set_weights(self, legacy: int, target: int) -> None:
        weight = str(target * 1000 // (legacy + target))
        self.world.api.patch(self.path, {"metadata": {"annotations": {f"{CANARY}-weight": weight}}}, manager="user")


def test_the_weight_of_a_canary_ingress_is_moved_taken_back_and_given_back(world: World) -> None:
    world.serve()
    allow(world, "canaryingresses")
    backend = {"service": {"name": "payments-next", "port": {"name": "http"}}}
    annotations = {CANARY: "true", f"{CANARY}-weight-total": "1000", f"{CANARY}-by-header": "x-beta", "example.com/note": "<mine>"}
    world.cluster.apply({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"namespace": world.space, "name": "payments", "annotations": annotations},
        "spec": {"ingressClassName": "nginx", "rules": [
            {"host": world.host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}}, manager="user")
    world.operator(more=("--routers", "canaryingress"))
    path = f"/apis/networking.k8s.io/v1/namespaces/{world.space}/ingresses/payments"
    CanaryJourney(world, path, lambda spec: []).run({"nginx": {"canaryIngress": "payments"}})


class ServiceJourney(Journey):
    """By a selector, which knows no shares."""

    steps = AT_ONCE

    def weights(self) -> dict[str, int]:
        return {"payments-next": 100 if self.world.api.get(self.path)["spec"]["selector"] == pods_of("next") else 0}

    def set_weights(self, legacy: int, target: int) -> None:
        self.world.api.patch(self.path, {"spec": {"selector": pods_of("legacy" if legacy > target else "next")}}, manager="user")


def pods_of(side: str) -> Object:
    return {"app": "payments", "side": side}


def test_the_selector_of_a_service_is_switched_taken_back_and_given_back(world: World) -> None:
    world.serve()
    allow(world, "services")
    services = f"/api/v1/namespaces/{world.space}/services"
    for side in ("legacy", "next"):
        world.api.patch(f"{services}/payments-{side}", {"spec": {"selector": pods_of(side)}}, manager="user")
    world.cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": world.space, "name": "payments"},
                         "spec": {"selector": pods_of("legacy"), "ports": [{"name": "web", "port": 80, "targetPort": payments.PORT}]}},
                        manager="user")
    world.operator(more=("--routers", "service"))
    ServiceJourney(world, f"{services}/payments", lambda spec: []).run({"service": {"name": "payments"}})


@pytest.fixture
def splits(api_stack: Stack) -> Iterator[None]:
    """A kind that nobody else serves: weights in a list, as many objects have them."""
    schema = {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "splits.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "splits", "singular": "split", "kind": "Split"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}]}}
    api = api_stack.cluster.api
    create_definitions(api, [definition])
    yield
    api.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{definition['metadata']['name']}")


@pytest.mark.usefixtures("splits")
def test_weights_in_an_object_of_any_kind_are_moved_taken_back_and_given_back(world: World) -> None:
    world.serve()
    group = "rbac.authorization.k8s.io"
    metadata = {"namespace": world.space, "name": "splits"}
    world.cluster.apply([
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata,
         "rules": [{"apiGroups": ["example.com"], "resources": ["splits"], "verbs": ["get", "list", "watch", "patch"]}]},
        {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": metadata,
         "roleRef": {"apiGroup": group, "kind": "Role", "name": "splits"},
         "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}]},
        {"apiVersion": "example.com/v1", "kind": "Split", "metadata": {"namespace": world.space, "name": "payments"},
         "spec": {"weighted": {"services": [{"name": "payments-legacy", "weight": 1}, {"name": "payments-next", "weight": 0}]}}}])
    world.operator(more=("--routers", "custom", "--custom-routes", "example.com/v1/splits/Split"))

    def part(index: int) -> Object:
        return {"weight": f"/spec/weighted/services/{index}/weight", "service": f"/spec/weighted/services/{index}/name"}
    route = {"apiVersion": "example.com/v1", "kind": "Split", "name": "payments", "legacy": part(0), "target": part(1)}
    path = f"/apis/example.com/v1/namespaces/{world.space}/splits/payments"
    Journey(world, path, lambda spec: spec["weighted"]["services"]).run({"custom": route})
