"""Runs pods as local processes: what a kubelet does, as far as tests and the demo need it.

Binds every pod to the node "local", gives it an address on the loopback interface, starts the program its image is
mapped to, reports status, restarts what crashes, ends what is deleted. Started by the cluster inside its namespace:
  python3 -m harness.pod_runner --kubeconfig FILE --images FILE --state FOLDER
Not imitated: init containers, volumes other than the service account's and emptyDir, resource limits, exec and gRPC probes.
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import yaml

from .api import ApiClient, ApiError, Endpoint, Object
from .container import Container, Surroundings, now
from .control_plane import API_PORT
from .netns import HOST_ADDRESS
from .targets import Targets

NODE = "local"
_TICK_SECONDS = 0.05
_TOKEN_SECONDS = 24 * 3600


class Addresses:
    """Hands out 10.244.1.1 to 10.244.254.254, each once. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0

    def take(self) -> str:
        with self._lock:
            number, self._next = self._next, self._next + 1
        return f"10.244.{1 + number // 254 % 254}.{1 + number % 254}"


class PodWorker(threading.Thread):
    """One pod, from binding to its last DELETE, on one thread. Its containers' processes die with the thread."""

    def __init__(self, runner: PodRunner, pod: Object) -> None:
        super().__init__(name=pod["metadata"]["name"], daemon=True)
        self._runner = runner
        self._api = runner.api
        self._pod = pod
        self._path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
        self._folder = runner.state / "pods" / pod["metadata"]["uid"]
        self._address = ""
        self._containers: list[Container] = []
        self._reported: Object = {}
        self._transitions: dict[str, tuple[str, str]] = {}
        self._start_time = now()
        self._gone = threading.Event()
        self._wake = threading.Event()

    def update(self, pod: Object) -> None:
        self._pod = pod
        self._wake.set()

    def vanish(self) -> None:
        """The object is gone: everything ends at once."""
        self._gone.set()
        self._wake.set()

    @property
    def done(self) -> bool:
        return not self.is_alive()

    def run(self) -> None:
        try:
            _again_until_done(self._set_up)
            while not self._gone.is_set() and not self._deletion():
                for container in self._containers:
                    container.step()
                self._report_or_later()
                self._wake.wait(_TICK_SECONDS)
                self._wake.clear()
            self._tear_down()
        except Exception:  # pylint: disable=broad-except  # the runner goes on with the other pods
            traceback.print_exc()
        finally:
            for container in self._containers:
                container.kill()
            self._runner.targets.remove(self._pod["metadata"]["uid"])
            shutil.rmtree(self._folder, ignore_errors=True)

    def _bind(self) -> None:
        try:
            self._api.create(self._path + "/binding", {
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": self._pod["metadata"]["name"]},
                "target": {"apiVersion": "v1", "kind": "Node", "name": NODE}})
        except ApiError as error:
            if error.status == 404:
                self.vanish()
            elif error.status != 409:  # 409: bound before
                raise

    def _set_up(self) -> None:
        metadata, spec = self._pod["metadata"], self._pod["spec"]
        if not spec.get("nodeName"):
            self._bind()
        self._address = self._runner.addresses.take()
        self._folder.mkdir(parents=True, exist_ok=True)
        account = self._mount_service_account()
        log = self._runner.state / "logs" / f"pod_{metadata['namespace']}_{metadata['name']}"
        around = Surroundings(self._api, self._pod, self._address, self._runner.mapping, self._folder, log, account)
        if spec.get("initContainers"):
            print(f"{self._path}: init containers are not run", file=sys.stderr, flush=True)
        self._containers = [Container(container, around) for container in spec["containers"]]
        self._runner.targets.add(self._pod, self._address)

    def _mount_service_account(self) -> bool:
        """Writes token, ca.crt and namespace as a kubelet does; false where the pod wants none or has none."""
        spec, namespace = self._pod["spec"], self._pod["metadata"]["namespace"]
        account = spec.get("serviceAccountName") or "default"
        if spec.get("automountServiceAccountToken") is False:
            return False
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": _TOKEN_SECONDS}}
        try:
            answer = self._api.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", request)
        except ApiError as error:
            print(f"{self._path}: no token for {account}: {error}", file=sys.stderr, flush=True)
            return False
        folder = self._folder / "serviceaccount"
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text(answer["status"]["token"], encoding="utf-8")
        (folder / "namespace").write_text(namespace, encoding="utf-8")
        shutil.copy(self._runner.ca_file, folder / "ca.crt")
        return True

    def _deletion(self) -> bool:
        return "deletionTimestamp" in self._pod["metadata"]

    def _tear_down(self) -> None:
        """Every container has the whole grace; a vanished pod or a shortened one (grace 0 or 1) ends at once."""
        def grace() -> int:
            return int(self._pod["metadata"].get("deletionGracePeriodSeconds", 0))
        began, granted = time.monotonic(), grace()

        def cut_short() -> bool:
            return self._gone.is_set() or (grace() < granted and time.monotonic() > began + grace())
        if not self._gone.is_set():
            stoppers = [threading.Thread(target=c.stop, args=(granted, cut_short)) for c in self._containers]
            for stopper in stoppers:
                stopper.start()
            for stopper in stoppers:
                stopper.join()
            _again_until_done(lambda: self._api.delete(self._path, grace=0))

    def _report_or_later(self) -> None:
        """An API server that is away for a while must not cost a pod its life."""
        try:
            self._report()
        except ApiError as error:
            if error.status == 404:
                self.vanish()
            elif error.status != 409:
                print(f"{self._path}: {error}", file=sys.stderr, flush=True)
        except (OSError, http.client.HTTPException) as error:
            print(f"{self._path}: {error}", file=sys.stderr, flush=True)

    def _report(self) -> None:
        status = self._status()
        if status == self._reported:
            return
        self._api.patch(self._path + "/status", {"status": status}, manager="pod-runner")
        self._reported = status

    def _status(self) -> Object:
        containers = [container.status() for container in self._containers]
        ready = all(status["ready"] for status in containers)
        conditions = [self._condition(kind, value) for kind, value in (
            ("PodScheduled", True), ("Initialized", True), ("ContainersReady", ready), ("Ready", ready))]
        return {"phase": self._phase(), "conditions": conditions, "containerStatuses": containers, "startTime": self._start_time,
                "hostIP": HOST_ADDRESS, "podIP": self._address, "podIPs": [{"ip": self._address}]}

    def _phase(self) -> str:
        codes = [container.exit_code for container in self._containers]
        if all(code is not None for code in codes):
            return "Failed" if any(codes) else "Succeeded"
        ever_ran = self._reported.get("phase") == "Running" or any(container.running for container in self._containers)
        return "Running" if ever_ran else "Pending"

    def _condition(self, kind: str, value: bool) -> Object:
        status = "True" if value else "False"
        if self._transitions.get(kind, ("", ""))[0] != status:
            self._transitions[kind] = (status, now())
        return {"type": kind, "status": status, "lastTransitionTime": self._transitions[kind][1]}


class PodRunner:
    """Watches all pods and keeps one worker for each."""

    def __init__(self, api: ApiClient, mapping: Path, state: Path, ca_file: Path) -> None:
        self.api = api
        self.mapping = mapping
        self.state = state
        self.ca_file = ca_file
        self.addresses = Addresses()
        self.targets = Targets(state)
        self._workers: dict[str, PodWorker] = {}

    def run(self) -> None:
        _again_until_done(self._register_node)
        while True:
            try:
                self._list_and_watch()
            except (ApiError, OSError, http.client.HTTPException, ValueError) as error:
                print(f"watching pods: {error}; again in 0.5 s", file=sys.stderr, flush=True)
                time.sleep(0.5)

    def _register_node(self) -> None:
        if self.api.find(f"/api/v1/nodes/{NODE}") is None:
            self.api.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {
                "name": NODE, "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}}})
        ready = {"type": "Ready", "status": "True", "reason": "PodRunner", "lastHeartbeatTime": now(), "lastTransitionTime": now()}
        self.api.patch(f"/api/v1/nodes/{NODE}/status", {"status": {
            "conditions": [ready], "addresses": [{"type": "InternalIP", "address": HOST_ADDRESS}]}})

    def _list_and_watch(self) -> None:
        listed = self.api.get("/api/v1/pods")
        pods = {pod["metadata"]["uid"]: pod for pod in listed["items"]}
        for uid, worker in list(self._workers.items()):
            if uid not in pods:
                worker.vanish()
        for pod in pods.values():
            self._saw(pod)
        for event in self.api.watch("/api/v1/pods", listed["metadata"]["resourceVersion"], timeout=300):
            if event["type"] == "ERROR":
                return
            if event["type"] == "DELETED":
                if worker := self._workers.pop(event["object"]["metadata"]["uid"], None):
                    worker.vanish()
            elif event["type"] != "BOOKMARK":
                self._saw(event["object"])

    def _saw(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if worker and not worker.done:
            worker.update(pod)
            return
        if worker and not _unfinished(pod):
            return
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed") and _unfinished(pod):
            return
        self._workers[uid] = PodWorker(self, pod)
        self._workers[uid].start()


def _unfinished(pod: Object) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def _again_until_done(work: Callable[[], object]) -> None:
    while True:
        try:
            work()
            return
        except (ApiError, OSError, http.client.HTTPException) as error:
            print(f"{error}; again in 0.5 s", file=sys.stderr, flush=True)
            time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs pods as local processes.")
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True, help="JSON: image -> argv, see images.py")
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    config = yaml.safe_load(options.kubeconfig.read_text(encoding="utf-8"))
    ca_file = Path(config["clusters"][0]["cluster"]["certificate-authority"])
    api = ApiClient(Endpoint(HOST_ADDRESS, API_PORT, config["users"][0]["user"]["token"], ca_file), timeout=3)
    PodRunner(api, options.images, options.state, ca_file).run()


if __name__ == "__main__":
    main()
