"""A whole cluster as plain processes in one network namespace, for tests, demo and benchmark alike."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from . import gateway, monitoring, paths, reset
from .api import ApiClient, Object
from .control_plane import ADMIN, BUILT_IN_USERS, ControlPlane, write_kubeconfig
from .errors import HarnessError
from .manifests import Manifests, apply
from .netns import HOST_ADDRESS, Namespace
from .process import Process, on_spawner, wait_for

T = TypeVar("T")

# What can be left out. etcd and kube-apiserver are always there.
CONTROLLERS, PODS, GATEWAY, PROMETHEUS = "controllers", "pods", "gateway", "prometheus"
API_ONLY: frozenset[str] = frozenset()
FULL: frozenset[str] = frozenset({CONTROLLERS, PODS, GATEWAY, PROMETHEUS})


@dataclass(frozen=True)
class Options:
    name: str = "test"
    parts: frozenset[str] = FULL
    state: Path | None = None              # default: $TMPDIR/softmigration/NAME or build/cluster/NAME
    audit: bool = False                    # count requests by user, see Cluster.requests
    users: Mapping[str, list[str]] = field(default_factory=dict)  # name -> groups, beside the built-in ones
    images: Mapping[str, Any] = field(default_factory=dict)       # image -> program, see images.py
    scrape_interval: str = "1s"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


class Cluster:
    """Use as a context manager, or start() and stop(). stop() leaves no process behind, whatever happened before.
    Thread rule: one thread controls it; `api` may be used by several."""

    def __init__(self, options: Options = Options(), report: Callable[[str], None] = lambda line: None) -> None:
        self.options = options
        self.state = (options.state or paths.default_state(options.name)).absolute()
        self.parts: dict[str, Process] = {}
        self._report = report
        self._extra: list[Process] = []
        self._namespace: Namespace | None = None
        self._control: ControlPlane | None = None
        self._baseline: reset.Baseline = {}
        self._clients: dict[str, ApiClient] = {}

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> Cluster:
        """Raises HarnessError, with everything stopped again."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends every process of the cluster; those that may want to say goodbye get a second."""
        for process in reversed(self._extra):
            process.terminate(grace=2)
        self._extra.clear()
        if self._namespace:
            self._namespace.destroy()
            self._namespace = None

    def reset(self, definitions: bool = False) -> None:
        """Deletes what was created since start(), in seconds. `definitions`: custom resource definitions too."""
        reset.reset(self.api, self._baseline, definitions)

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- access --------------------------------------------------------------------------------------------------

    @property
    def namespace(self) -> Namespace:
        if self._namespace is None:
            raise HarnessError("the cluster is not running")
        return self._namespace

    @property
    def api(self) -> ApiClient:
        """As admin."""
        return self.api_as(ADMIN)

    def api_as(self, user: str) -> ApiClient:
        if user not in self._clients:
            self.kubeconfig(user)
            self._clients[user] = self._plane.client(user)
        return self._clients[user]

    def kubeconfig(self, user: str = ADMIN) -> Path:
        return self._plane.kubeconfig(user)

    def service_account_kubeconfig(self, namespace: str, name: str, seconds: int = 24 * 3600) -> Path:
        """A kubeconfig with a token of that ServiceAccount: what runs with it has its RBAC and nothing more."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
        answer = self.api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", body)
        path = self.state / "kubeconfigs" / f"{namespace}-{name}.yaml"
        write_kubeconfig(path, name, answer["status"]["token"], self._plane.ca_file, namespace)
        return path

    @property
    def user_url(self) -> str:
        """Where users enter (Envoy). Only reached from inside, as by `run`, `http` and `execute`."""
        return f"http://{HOST_ADDRESS}:{gateway.USER_PORT}"

    @property
    def prometheus_url(self) -> str:
        return f"http://{HOST_ADDRESS}:{monitoring.PROMETHEUS_PORT}"

    # -- doing ---------------------------------------------------------------------------------------------------

    def apply(self, manifests: Manifests, manager: str = "harness") -> list[Object]:
        """Server-side apply of a YAML text, a Path (file or folder), a document or a list of them."""
        return apply(self.api, manifests, manager)

    def kubectl(self, *arguments: str, user: str = ADMIN, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Raises HarnessError where it fails and `check` is set."""
        done = self.execute([paths.program("kubectl"), f"--kubeconfig={self.kubeconfig(user)}", *arguments], stdin=stdin)
        if check and done.returncode != 0:
            raise HarnessError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done

    def execute(self, argv: Sequence[str], timeout: float = 60, stdin: str = "",
                env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a program inside to its end and gives back its output."""
        command = self.namespace.command(argv, Path.cwd())
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig()), **(env or {})}
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, env=environment, check=False)

    def run(self, name: str, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Process:
        """Starts a program inside, in the background. stop() ends it. Its log: STATE/logs/NAME.log."""
        process = Process(name, argv, self.state, self.namespace)
        process.environment = dict(env or {})
        self._extra.append(process)
        return process.start()

    def map_images(self, images: Mapping[str, Any]) -> None:
        """Adds to, or changes, what images stand for (images.py). Pods started from now on see it."""
        path = self.state / "images.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps({**known, **images}, indent=2), encoding="utf-8")
        scratch.replace(path)

    def pod_log(self, namespace: str, pod: str, container: str) -> str:
        path = self.state / "logs" / f"pod_{namespace}_{pod}_{container}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def pod_processes(self, namespace: str, pod: str) -> list[int]:
        """The pids of a pod's programs, to kill or freeze them: found by the variables the pod runner gives them."""
        wanted = {f"POD_NAMESPACE={namespace}".encode(), f"POD_NAME={pod}".encode()}
        found = []
        for pid in self.namespace.members():
            with contextlib.suppress(OSError):
                if wanted <= set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")):
                    found.append(pid)
        return found

    def http(self, url: str, method: str = "GET", body: str | None = None, headers: Mapping[str, str] | None = None,
             timeout: float = 5) -> Answer:
        """One request made inside, over a connection of its own. Raises OSError or http.client.HTTPException."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or HOST_ADDRESS, parts.port or 80, timeout=timeout)
        with self.namespace.sockets():
            connection.connect()
        with contextlib.closing(connection):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, dict(headers or {}))
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)

    def query(self, promql: str) -> list[Object]:
        """The result of an instant query to Prometheus."""
        answer = self.http(f"{self.prometheus_url}/api/v1/query?query={quote(promql)}")
        decoded = json.loads(answer.body)
        if decoded.get("status") != "success":
            raise HarnessError(f"{promql}: {decoded.get('error', answer.body)}")
        return list(decoded["data"]["result"])

    def wait_for(self, condition: Callable[[], T], timeout: float = 30, what: str = "the condition") -> T:
        return wait_for(condition, timeout, what)

    def wait_for_deployment(self, namespace: str, name: str, timeout: float = 30) -> None:
        """Until all replicas of the newest template, and no others, are available."""
        def done() -> bool:
            found = self.api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
            status, wanted = found.get("status", {}), found["spec"].get("replicas", 1)
            counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
            return status.get("observedGeneration", 0) >= found["metadata"]["generation"] and counts == [wanted] * 3
        wait_for(done, timeout, f"deployment {namespace}/{name} available")

    def requests(self, user: str = "") -> list[Object]:
        """The audit log's entries so far, of one user or of all. Needs Options.audit. ServiceAccounts are called
        system:serviceaccount:NAMESPACE:NAME."""
        if not self.options.audit:
            raise HarnessError("start the cluster with Options(audit=True) to count requests")
        with open(self._plane.audit_log, encoding="utf-8") as file:
            entries = [json.loads(line) for line in file if line.endswith("\n")]
        return [entry for entry in entries if not user or entry["user"]["username"] == user]

    # -- starting ------------------------------------------------------------------------------------------------

    @property
    def _plane(self) -> ControlPlane:
        if self._control is None:
            raise HarnessError("the cluster is not running")
        return self._control

    def _start(self) -> None:
        began = time.monotonic()

        def step(text: str) -> None:
            self._report(f"{time.monotonic() - began:5.1f} s  {text}")
        shutil.rmtree(self.state, ignore_errors=True)
        (self.state / "logs").mkdir(parents=True)
        self._namespace = on_spawner(lambda: Namespace.create(self.state))
        self._control = ControlPlane(self.state, self._namespace, {**BUILT_IN_USERS, **self.options.users}, self.options.audit)
        self._write_state("starting")
        self._add(self._control.etcd())
        self._control.wait_until_ready(self._add(self._control.api_server()))
        step("etcd and kube-apiserver are ready")
        self._start_others(step)
        self._baseline = reset.baseline(self.api)
        self._write_state("running")
        step("the cluster is ready")

    def _start_others(self, step: Callable[[str], None]) -> None:
        parts = self.options.parts
        if CONTROLLERS in parts:
            self._add(self._plane.controller_manager())
        if PROMETHEUS in parts:
            self._add(monitoring.prometheus(self.state, self.namespace, self.options.scrape_interval))
        if PODS in parts:
            self._start_pod_runner()
            step("kube-controller-manager, Prometheus and the pod runner are started")
        gateway.install_definitions(self.api, ["gateway-api", "contour"] if GATEWAY in parts else ["gateway-api"])
        step("the resource definitions are installed")
        if GATEWAY in parts:
            self._start_gateway()
            step("Contour and Envoy are ready")
        if PROMETHEUS in parts:
            self._wait_for_http("prometheus", f"{self.prometheus_url}/-/ready")
            step("Prometheus is ready")
        self._wait_for_namespaces()

    def _add(self, process: Process) -> Process:
        self.parts[process.name] = process
        return process.start()

    def _start_pod_runner(self) -> None:
        self.map_images(self.options.images)
        runner = Process("pod-runner", [
            sys.executable, "-m", "harness.pod_runner", "--kubeconfig", str(self.kubeconfig("pod-runner")),
            "--images", str(self.state / "images.json"), "--state", str(self.state)], self.state, self.namespace)
        runner.environment = {"PYTHONPATH": str(paths.CLUSTER_FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
        self._add(runner)

    def _start_gateway(self) -> None:
        gateway.create_gateway(self.api)
        self._add(gateway.contour(self.state, self.namespace, self.kubeconfig("contour")))
        self._add(gateway.envoy(self.state, self.namespace))
        self._wait_for_http("envoy", f"http://{HOST_ADDRESS}:{gateway.STATS_PORT}/ready")

    def _wait_for_http(self, part: str, url: str) -> None:
        def answers() -> bool:
            for process in self.parts.values():
                if not process.alive:
                    raise HarnessError(f"{process.name} ended while starting", process.log)
            try:
                return self.http(url, timeout=2).status == 200
            except (OSError, http.client.HTTPException):
                return False
        try:
            wait_for(answers, 60, f"{part} answers at {url}")
        except HarnessError as error:
            raise error if error.log else HarnessError(str(error), self.parts[part].log) from None

    def _wait_for_namespaces(self) -> None:
        wait_for(lambda: self.api.find("/api/v1/namespaces/default"), 20, "namespace default is there")

    def _write_state(self, phase: str) -> None:
        """What another process needs to find this cluster: see cluster.py."""
        path = self.state / "cluster.json"
        scratch = path.with_suffix(".new")
        scratch.write_text(json.dumps({
            "phase": phase, "owner": os.getpid(), "holder": self.namespace.holder, "kubeconfig": str(self.kubeconfig()),
            "parts": {name: process.pid for name, process in self.parts.items()},
            "user_url": self.user_url, "prometheus_url": self.prometheus_url,
        }, indent=2), encoding="utf-8")
        scratch.replace(path)
