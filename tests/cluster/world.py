"""One test's world on a running cluster: a namespace with two Services, a route, controlled metrics, and operators of its own.

$SOFTMIG_OPERATOR_ARGS is added to every operator's command line, such as "--http-client beast" to run all tests with the other client.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

import payments
from api_proxy import ApiProxy
from fake_gateway import FakeGateway
from harness import ApiError, Cluster, HarnessError, Object, Process, paths
from harness.manifests import read
from harness.netns import HOST_ADDRESS
from harness.process import wait_for

T = TypeVar("T")

SYSTEM, ACCOUNT = "softmigration-system", "softmigration-operator"
LEASE = "operator"
QUICK_LEASE = ("--lease-duration", "3s", "--lease-renew-deadline", "2s", "--lease-retry", "500ms")
STUB_PORT = 19090
GOOD, BAD = 0.1, 9
_GATEWAY_API = "/apis/gateway.networking.k8s.io/v1"
_ROUTES = ((_GATEWAY_API, "httproutes"), (_GATEWAY_API, "grpcroutes"), ("/apis/projectcontour.io/v1", "httpproxies"),
           ("/apis/networking.istio.io/v1", "virtualservices"), ("/apis/traefik.io/v1alpha1", "traefikservices"),
           ("/apis/networking.k8s.io/v1", "ingresses"))
_PATIENCE = 60  # seconds; only a failing test waits so long


class Stack:
    """What the worlds of one cluster share: the CRD, the operator's rights, the metrics stub, a gateway."""

    def __init__(self, cluster: Cluster, gateway: FakeGateway | None) -> None:
        self.cluster = cluster
        self.gateway = gateway
        self.stub_url = f"http://{HOST_ADDRESS}:{STUB_PORT}"
        self.install_crd()
        self.install_rights()
        self.account = cluster.service_account_kubeconfig(SYSTEM, ACCOUNT)
        cluster.run("metrics-stub", [paths.built("metrics-stub"), "--address", HOST_ADDRESS, "--port", str(STUB_PORT)])
        cluster.wait_for(self._stub_answers, 20, "the metrics stub answers")

    def wake(self) -> None:
        """The API server closes connections that were idle for minutes; the next call opens a new one."""
        with contextlib.suppress(OSError):
            self.cluster.api.get("/version")

    def install_crd(self) -> None:
        self.cluster.apply(paths.REPOSITORY / "crds")
        self.cluster.wait_for(lambda: self.cluster.api.find("/apis/softmigration.io/v1alpha1/softmigrations"), 30,
                              "the SoftMigration API is served")

    def install_rights(self) -> None:
        """examples/install/operator.yaml without its Deployment: the tests run the operator themselves."""
        documents = read(paths.REPOSITORY / "examples" / "install" / "operator.yaml")
        self.cluster.apply([document for document in documents if document["kind"] != "Deployment"])

    @property
    def ca_file(self) -> Path:
        config = yaml.safe_load(self.cluster.kubeconfig().read_text(encoding="utf-8"))
        return Path(config["clusters"][0]["cluster"]["certificate-authority"])

    def _stub_answers(self) -> bool:
        try:
            return self.cluster.http(f"{self.stub_url}/-/ready", timeout=2).status == 200
        except OSError:
            return False


class Operator:
    """One replica, started by the test. `proxy`: what stands between it and the API server, where one was asked for."""

    def __init__(self, process: Process, proxy: ApiProxy | None, cluster: Cluster) -> None:
        self.process = process
        self.proxy = proxy
        self._cluster = cluster

    def revive(self) -> None:
        """As a kubelet would: starts it again where it has ended."""
        if not self.process.alive:
            self.process.start()

    def restart(self) -> None:
        self.process.restart()

    @property
    def log(self) -> str:
        return self.process.log_text()

    def http(self, path: str) -> tuple[int, str]:
        """An answer of its metrics port; (0, "") while it does not answer."""
        ports = re.findall(r"operator started .*metrics_port=(\d+)", self.log)
        if not ports:
            return 0, ""
        try:
            answer = self._cluster.http(f"http://127.0.0.1:{ports[-1]}{path}", timeout=5)
        except OSError:
            return 0, ""
        return answer.status, answer.body

    def metric(self, start: str) -> float:
        """The value of the first sample that begins so; 0 where there is none."""
        found = re.search(rf"^{re.escape(start)}[^\n]* ([0-9.e+-]+)$", self.http("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else 0.0

    @property
    def leads(self) -> bool:
        return self.metric("leader_election_master_status") == 1


class World:
    """Use `close()` at the end. Thread rule: one thread for each World; several Worlds may be used at once."""

    def __init__(self, stack: Stack, space: str) -> None:
        self.stack = stack
        self.cluster = stack.cluster
        self.api = stack.cluster.api
        self.space = space
        self.operators: list[Operator] = []
        stack.wake()
        self.cluster.apply(payments.namespace(space))
        self.cluster.apply(self._lease_rights())

    def close(self) -> None:
        """Nothing of this world holds up the next one: no operator, no finalizer, no route, no pod."""
        for operator in self.operators:
            operator.process.kill()
            if operator.proxy:
                operator.proxy.close()
        for migration in self._found("/apis/softmigration.io/v1alpha1", "softmigrations"):
            self._ignore_missing(lambda path=self.path(migration["metadata"]["name"]): self._remove_migration(path))
        for root, plural in _ROUTES:
            for route in self._found(root, plural):
                self.api.delete(f"{root}/namespaces/{self.space}/{plural}/{route['metadata']['name']}")
        for deployment in self._found("/apis/apps/v1", "deployments"):
            self.api.delete(f"/apis/apps/v1/namespaces/{self.space}/deployments/{deployment['metadata']['name']}")

    def _found(self, root: str, plural: str) -> list[Object]:
        try:
            return self.api.list(f"{root}/namespaces/{self.space}/{plural}")
        except ApiError:
            return []

    def _remove_migration(self, path: str) -> None:
        self.api.delete(path)
        self.api.patch(path, {"metadata": {"finalizers": None}})

    @staticmethod
    def _ignore_missing(work: Callable[[], object]) -> None:
        try:
            work()
        except ApiError as error:
            if error.status != 404:
                raise

    def _lease_rights(self) -> list[Object]:
        """The installed Role names one lease in the system's namespace; here each world has a lease of its own."""
        group = "rbac.authorization.k8s.io"
        metadata = {"namespace": self.space, "name": "operator-lease"}
        return [
            {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": [LEASE],
                 "verbs": ["get", "list", "watch", "update"]}]},
            {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": metadata,
             "roleRef": {"apiGroup": group, "kind": "Role", "name": "operator-lease"},
             "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}]},
        ]

    # -- operators -----------------------------------------------------------------------------------------------

    def operator(self, name: str = "operator", kubeconfig: Path | None = None, proxied: bool = True, kill_after: int = 0,
                 lease: Sequence[str] = QUICK_LEASE, more: Sequence[str] = ()) -> Operator:
        """Starts a replica that watches this namespace only. `more` is added to its command line."""
        config = kubeconfig or self.stack.account
        proxy = ApiProxy(self.cluster, self.stack.ca_file, kill_after) if proxied else None
        if proxy:
            config = proxy.kubeconfig(config, config.with_name(f"{self.space}-{name}.yaml"))
        argv = [paths.built("softmigration-operator"), "--kubeconfig", str(config), "--namespace", self.space,
                "--lease-namespace", self.space, "--lease-name", LEASE, *lease,
                "--metrics-address", "127.0.0.1", "--metrics-port", "0", *more, *os.environ.get("SOFTMIG_OPERATOR_ARGS", "").split()]
        process = Process(f"{self.space}-{name}", argv, self.cluster.state, self.cluster.namespace)
        process.environment = {"POD_NAME": name}
        operator = Operator(process, proxy, self.cluster)
        if proxy:
            proxy.victim = lambda: process.pid
        self.operators.append(operator)
        process.start()
        return operator

    @property
    def lease_holder(self) -> str:
        lease = self.api.find(f"/apis/coordination.k8s.io/v1/namespaces/{self.space}/leases/{LEASE}")
        return (lease or {}).get("spec", {}).get("holderIdentity") or ""

    # -- what the operator finds ---------------------------------------------------------------------------------

    def serve(self, *sides: str) -> None:
        """Services payments-SIDE that answer, as far as the API shows it: an endpoint without a program behind it."""
        for side in sides or ("legacy", "next"):
            metadata = {"namespace": self.space, "name": f"payments-{side}"}
            labels = {"kubernetes.io/service-name": f"payments-{side}"}
            self.cluster.apply([
                {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"name": "http", "port": payments.PORT}]}},
                {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {**metadata, "labels": labels},
                 "addressType": "IPv4", "ports": [{"name": "http", "port": payments.PORT, "protocol": "TCP"}],
                 "endpoints": [{"addresses": ["10.244.250.1"], "conditions": {"ready": True}}]}])

    def unserve(self, side: str) -> None:
        """The Service goes, and its endpoints with it."""
        self.api.delete(f"/apis/discovery.k8s.io/v1/namespaces/{self.space}/endpointslices/payments-{side}")
        self.api.delete(f"/api/v1/namespaces/{self.space}/services/payments-{side}")

    def deploy(self) -> None:
        """Both Services with a running pod each. Needs a full cluster."""
        self.cluster.apply([*payments.version(self.space, "legacy"), *payments.version(self.space, "next")])
        for side in ("legacy", "next"):
            self.cluster.wait_for_deployment(self.space, f"payments-{side}", _PATIENCE)

    @property
    def host(self) -> str:
        return f"{self.space}.example.com"

    def add_route(self, name: str = "payments", document: Object | None = None) -> Object:
        """All users on legacy."""
        made = document or payments.route(self.space, 1, 0, name, self.host if name == "payments" else f"{name}.{self.host}")
        if document is None:
            made["spec"]["rules"][0]["backendRefs"].pop()
        return self.cluster.apply(made, manager="user")[0]

    def prepare(self, *names: str) -> None:
        """Both Services and the routes."""
        self.serve()
        for name in names or ("payments",):
            self.add_route(name)

    def says(self, value: float = GOOD, mode: str = "value", series: str = "health", **more: Any) -> None:
        """What the metric of this name answers from now on (metrics_stub)."""
        body = {"name": f"{self.space}-{series}", "mode": mode, "value": value, **more}
        answer = self.cluster.http(f"{self.stack.stub_url}/set", "POST", json.dumps(body))
        assert answer.status == 200, answer.body

    def queries(self, series: str = "health") -> int:
        """How often the stub was asked for it."""
        stats = json.loads(self.cluster.http(f"{self.stack.stub_url}/stats").body)
        return int(stats["series"].get(f"{self.space}-{series}", {}).get("queries", 0))

    def metric(self, series: str = "health", **more: Any) -> Object:
        query = f'stub{{series="{self.space}-{series}"}}'
        return {"name": "health", "prometheus": {"address": self.stack.stub_url, "query": query}, "max": "0.5", **more}

    def migration(self, name: str = "move", routes: Sequence[str] = ("payments",), steps: Sequence[Object] = (), **spec: Any) -> Object:
        """Steps 50 and 100 without holds, judged once a second by one value of the stub."""
        def side(service: str) -> Object:
            return {"service": {"name": f"payments-{service}", "port": payments.PORT}}
        full: Object = {
            "legacy": side("legacy"), "target": side("next"),
            "routes": [{"name": route, "gatewayAPI": {"kind": "HTTPRoute", "name": route}} for route in routes],
            "plan": {"shift": {"steps": list(steps) or [{"weight": 50}, {"weight": 100}]}},
            "analysis": {"interval": "1s", "metrics": [self.metric()]},
        }
        full["plan"].update(spec.pop("plan", {}))
        full["plan"]["shift"].update(spec.pop("shift", {}))
        full.update(spec)
        return {"apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration",
                "metadata": {"namespace": self.space, "name": name}, "spec": full}

    def begin(self, **spec: Any) -> Object:
        """Applies a migration that enters its first step and stays there until `says` something: its metric has no data yet."""
        self.says(mode="empty")
        return self.cluster.apply(self.migration(**spec), manager="user")[0]

    def edit(self, spec: Object, name: str = "move") -> Object:
        """A user's merge patch of the spec."""
        return self.api.patch(self.path(name), {"spec": spec}, manager="user")

    # -- what came of it -----------------------------------------------------------------------------------------

    def path(self, name: str = "move") -> str:
        return f"/apis/softmigration.io/v1alpha1/namespaces/{self.space}/softmigrations/{name}"

    def route_path(self, name: str = "payments") -> str:
        return f"{_GATEWAY_API}/namespaces/{self.space}/httproutes/{name}"

    def get(self, name: str = "move") -> Object:
        """The migration; an empty one where it is not there or not served."""
        return self.api.find(self.path(name)) or {"metadata": {}, "spec": {}, "status": {}}

    def status(self, name: str = "move") -> Object:
        return dict(self.get(name).get("status") or {})

    def phase(self, name: str = "move") -> str:
        return str(self.status(name).get("phase", ""))

    def condition(self, kind: str = "Ready", name: str = "move") -> Object:
        """An empty one where it is not there."""
        found = [c for c in self.status(name).get("conditions", []) if c["type"] == kind]
        return {"status": "", "reason": "", "message": "", **(found[0] if found else {})}

    def route(self, name: str = "payments") -> Object:
        return self.api.get(self.route_path(name))

    def weight(self, name: str = "payments", rule: int = 0) -> int:
        """The target's share in one of the user's rules, as the route object has it, in percent."""
        rules = [r for r in self.route(name)["spec"]["rules"] if not r.get("name", "").startswith("softmig-")]
        refs = rules[rule]["backendRefs"]
        total = sum(ref.get("weight", 1) for ref in refs)
        return round(100 * sum(ref.get("weight", 1) for ref in refs if ref["name"] == "payments-next") / total) if total else 0

    def dropped(self, since: Object, name: str = "payments") -> list[Object]:
        """Changes of the route after that version of it in which a rule ceased to name a backend that users were sent to until then."""
        def sent(rule: Object) -> set[str]:
            return {ref["name"] for ref in rule.get("backendRefs", []) if ref.get("weight", 1) > 0}

        def named(spec: Object) -> set[str]:
            return {ref["name"] for rule in spec["rules"] for ref in rule.get("backendRefs", [])}

        found, seen, last = [], 0, since["spec"]
        collection = f"{_GATEWAY_API}/namespaces/{self.space}/httproutes"
        for event in self.api.watch(collection, since["metadata"]["resourceVersion"], timeout=2):
            if event["type"] != "MODIFIED" or event["object"]["metadata"]["name"] != name:
                continue
            spec = event["object"]["spec"]
            if {backend for rule in last["rules"] for backend in sent(rule)} - named(spec):
                found.append(spec)
            seen += spec != last
            last = spec
        assert seen, "the route was changed at all"
        return found

    def events(self) -> list[Object]:
        return self.api.list(f"/apis/events.k8s.io/v1/namespaces/{self.space}/events")

    # -- waiting -------------------------------------------------------------------------------------------------

    def wait(self, condition: Callable[[], T], what: str, timeout: float = _PATIENCE, revive: bool = False) -> T:
        """`revive`: operators that end meanwhile are started again, as a kubelet does."""
        def tried() -> T | None:
            for operator in self.operators if revive else ():
                operator.revive()
            try:
                return condition()
            except (ApiError, OSError):
                return None
        try:
            return wait_for(tried, timeout, what)  # type: ignore[return-value]
        except HarnessError as error:
            raise AssertionError(f"{error}\n{self.told()}") from None

    def wait_phase(self, phase: str, name: str = "move", timeout: float = _PATIENCE, revive: bool = False) -> Object:
        return self.wait(lambda: self.status(name) if self.phase(name) == phase else None, f"phase {phase} of {name}", timeout, revive)

    def wait_step(self, weight: int = 50, route: str = "payments", revive: bool = False) -> None:
        """Until the route and the status show this weight and the operator counts it as reached."""
        def reached() -> bool:
            status = self.status()
            return (self.weight(route) == weight and status.get("currentWeight") == weight and status["phase"] in ("Shift", "Paused")
                    and all("since" in component for component in status["components"]))
        self.wait(reached, f"weight {weight} reached", revive=revive)

    def wait_reason(self, reason: str, kind: str = "Ready", name: str = "move", timeout: float = _PATIENCE) -> Object:
        return self.wait(lambda: self.condition(kind, name) if self.condition(kind, name)["reason"] == reason else None,
                         f"condition {kind} of {name} with reason {reason}", timeout)

    def stays(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Shows that something does not happen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert condition(), f"no longer so: {what}\n{self.told()}"
            time.sleep(0.1)

    def told(self) -> str:
        """For a person who reads a failure: migrations, routes, logs, last writes."""
        parts = []
        for migration in self._found("/apis/softmigration.io/v1alpha1", "softmigrations"):
            status = copy.deepcopy(migration.get("status", {}))
            for saved in status.get("routes", []):
                saved.pop("saved", None)
            shown = {"finalizers": migration["metadata"].get("finalizers"), "status": status}
            parts.append(f"--- migration {migration['metadata']['name']}\n{yaml.safe_dump(shown, sort_keys=False)}")
        for root, plural in _ROUTES:
            for route in self._found(root, plural):
                rules = next((route["spec"][key] for key in ("routes", "http", "weighted", "rules") if key in route["spec"]), None)
                said = [rules, route["metadata"].get("annotations"), route.get("status")]
                parts.append(f"--- {plural} {route['metadata']['name']}: {json.dumps(said)}")
        for operator in self.operators:
            tail = "\n".join(operator.log.splitlines()[-25:])
            ended = "" if operator.process.alive else f" (ended with {operator.process.exit_code})"
            parts.append(f"--- {operator.process.name}{ended}\n{tail}")
            if operator.proxy:
                parts.append("--- its last writes\n" + "\n".join(call.line() for call in operator.proxy.writes[-12:]))
        return "\n".join(parts)
