"""The story of the bridge on a running cluster: a target whose answers are wrong in three ways that no error rate shows, and one field that
is allowed to differ. Nobody is moved while they last, and each of them is named; once they are mended, users move.

Used by demo.py. No Prometheus has a part in it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import story
from harness import Cluster, HarnessError, Object, Process, paths
from harness.manifests import read

BRIDGE, USERS_PORT, COUNTS_PORT = "payments-bridge", 10000, 9902
COMPARISONS = 1000  # good ones in a row, for each step: twice what it takes to meet the rarest of the three
RATE = 300  # requests a second; three of ten read a payment, and only those are compared
NOISE = {"trace": True}
PLANTED: dict[str, tuple[str, Object]] = {
    "$.amount": ("a rounding in one of 500 answers", {"wrong_amount_rate": 0.002}),
    "$.currency": ("a field that payments with a 3 at the end of their number do not have", {"without_currency": "3"}),
    "status": ("errors as soon as a pod gets more than 30 reads a second; it gets 45", {"most_reads": 30}),
}


@dataclass
class Figures:
    result: str = "failed"
    planted: int = len(PLANTED)
    found: int = 0
    noise_reported: int = -1
    highest_weight_while_differing: int = -1
    user_requests: int = 0
    user_errors: int = -1
    final_weight: int = -1
    final_phase: str = "none"

    def line(self) -> str:
        return "demo: story=shadow " + " ".join(f"{name}={value}" for name, value in vars(self).items())


def images() -> dict[str, Any]:
    envoy = Path(paths.program("envoy"))
    return {**story.images(), "envoy:bridge": {"argv": ["/bin/sh"], "env": {"PATH": f"{envoy.parent}:/usr/bin:/bin"}},
            "softmigration:bridge": [paths.built("softmigration-agent")]}


def migration() -> Object:
    def side(name: str) -> Object:
        return {"service": {"name": f"payments-{name}", "port": 8080}}
    return {"apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration", "metadata": {"namespace": story.NAMESPACE, "name": story.NAME},
            "spec": {"legacy": side("legacy"), "target": side("next"),
                     "routes": [{"name": "web", "bridge": {"name": BRIDGE, "port": 80, "replicas": 1}}],
                     "plan": {"shift": {"steps": [{"weight": 25, "hold": "5s"}, {"weight": 100, "hold": "5s"}]}},
                     "compare": {"rules": [{"path": "$.trace", "ignore": True}]},
                     "analysis": {"interval": "1s", "metrics": [{
                         "name": "answers", "bridge": {"verdicts": ["differs", "status-differs", "target-error", "target-timeout"]},
                         "zeroDiscrepancies": {"comparisons": COMPARISONS}}]}}}


class ShadowStory:
    """One run, start to end. REQUIRES: a full cluster with the images of images()."""

    def __init__(self, cluster: Cluster, report: Callable[[str], None] = lambda line: None) -> None:
        self.cluster = cluster
        self.figures = Figures()
        self._report = report
        self._began = time.monotonic()
        self._summary = cluster.state / "users.json"
        self._migration = story.Watcher(cluster, story.MIGRATION, story.view_of, told=self._tell_migration)

    def run(self) -> Figures:
        self._prepare()
        self._migration.start()
        self.cluster.apply(migration(), manager="user")
        users = self._start_users()
        self._say(f"applied    a migration with a bridge; {RATE} requests a second come in, all answered by payments-legacy")
        self._find_all()
        self._mend_one_by_one()
        self.cluster.wait_for(lambda: self._migration.last and self._migration.last[0] == "Complete", 240, "the end of the migration")
        users.terminate(grace=5)
        self._count()
        return self.figures

    def _say(self, text: str) -> None:
        self._report(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def _tell_migration(self, view: tuple[str, int, str]) -> None:
        phase, weight, message = view
        self._say(f"migration  {phase:<11} {weight:3d} %  {message}")

    def _prepare(self) -> None:
        self._install_operator()
        for name in ("namespace", "payments-legacy", "payments-next"):
            self.cluster.apply(story.EXAMPLES / "payments" / f"{name}.yaml")
        self.cluster.wait_for_deployment(story.OPERATOR_SPACE, story.OPERATOR, 60)
        for name in ("payments-legacy", "payments-next"):
            self.cluster.wait_for_deployment(story.NAMESPACE, name, 60)
        self._set_fault("legacy", NOISE)
        self._set_fault("next", self._faults(set(PLANTED)))
        for words, _ in PLANTED.values():
            self._say(f"planted    in payments-next: {words}")
        self._say("planted    in both: a field that is another one each time, which spec.compare says to ignore")

    def _install_operator(self) -> None:
        """As docs/bridge.md says: two flags, and one ClusterRole bound."""
        self.cluster.apply(story.CRDS)
        self.cluster.wait_for(lambda: self.cluster.api.find("/apis/softmigration.io/v1alpha1/softmigrations"), 20, "the API is served")
        documents = read(story.EXAMPLES / "install" / "operator.yaml")
        for document in documents:
            if document["kind"] == "Deployment":
                container = document["spec"]["template"]["spec"]["containers"][0]
                container["args"] = [*container.get("args", []), "--bridge-envoy-image", "envoy:bridge",
                                     "--bridge-agent-image", "softmigration:bridge"]
        group = "rbac.authorization.k8s.io"
        documents.append({"apiVersion": f"{group}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": f"{story.OPERATOR}-bridges"},
                          "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"{story.OPERATOR}-bridges"},
                          "subjects": [{"kind": "ServiceAccount", "name": story.OPERATOR, "namespace": story.OPERATOR_SPACE}]})
        self.cluster.apply(documents)

    @staticmethod
    def _faults(kept: set[str]) -> Object:
        fault = dict(NOISE)
        for path in kept:
            fault.update(PLANTED[path][1])
        return fault

    def _set_fault(self, version: str, fault: Object) -> None:
        for pod in self.cluster.api.list(f"/api/v1/namespaces/{story.NAMESPACE}/pods", {"labelSelector": f"version={version}"}):
            answer = self.cluster.http(f"http://{pod['status']['podIP']}:8080/fault", "POST", json.dumps(fault))
            if answer.status >= 300:
                raise HarnessError(f"the fault could not be switched: {answer.status} {answer.body}")

    def _entrance(self) -> str:
        """Address of the bridge's pod; empty while none is ready."""
        slices = self.cluster.api.list(f"/apis/discovery.k8s.io/v1/namespaces/{story.NAMESPACE}/endpointslices",
                                       {"labelSelector": f"kubernetes.io/service-name={BRIDGE}"})
        found = [endpoint["addresses"][0] for one in slices for endpoint in one.get("endpoints") or [] if endpoint["conditions"].get("ready")]
        return str(found[0]) if found else ""

    def _start_users(self) -> Process:
        def served() -> str:
            address = self._entrance()
            try:
                return address if address and self.cluster.http(f"http://{address}:{USERS_PORT}/payments/1", timeout=2).status == 200 else ""
            except OSError:
                return ""
        address = self.cluster.wait_for(served, 60, "users get answers through the bridge")
        return self.cluster.run("users", [
            paths.built("load-generator"), "--address", address, "--port", str(USERS_PORT), "--rate", str(RATE), "--connections", "16",
            "--summary", str(self._summary)])

    def _differences(self) -> dict[str, int]:
        """How often which field differed, as the agent tells it."""
        body = json.loads(self.cluster.http(f"http://{self._entrance()}:{COUNTS_PORT}/v1/differences").body)
        return {difference["path"]: difference["count"] for difference in body["differences"]}

    def _find_all(self) -> None:
        known: set[str] = set()
        deadline = time.monotonic() + 60
        while known != set(PLANTED) and time.monotonic() < deadline:
            for path, count in self._differences().items():
                if path not in known:
                    self._say(f"found      {path} differs ({count} times so far): {PLANTED.get(path, ('nobody planted that', {}))[0]}")
                known.add(path)
            time.sleep(0.2)
        self.figures.found = len(known & set(PLANTED))

    def _mend_one_by_one(self) -> None:
        left = set(PLANTED)
        for path in sorted(PLANTED, reverse=True):
            time.sleep(5)
            self.figures.highest_weight_while_differing = max(self.figures.highest_weight_while_differing, self._weight())
            left.discard(path)
            self._set_fault("next", self._faults(left))
            self._say(f"mended     {path}; {len(left)} differences are left")
        self.figures.noise_reported = sum(count for path, count in self._differences().items() if "trace" in path)

    def _weight(self) -> int:
        return max((value[1] for _, value in self._migration.seen), default=0)

    def _count(self) -> None:
        self._migration.stop()
        summary = json.loads(self._summary.read_text(encoding="utf-8"))
        figures = self.figures
        figures.user_requests, figures.user_errors = summary["good"] + summary["failed"], summary["failed"]
        figures.final_phase, figures.final_weight, _ = story.view_of(self.cluster.api.get(story.MIGRATION))
        good = (figures.found == figures.planted and figures.noise_reported == 0 and figures.user_errors == 0
                and figures.highest_weight_while_differing == 0 and (figures.final_phase, figures.final_weight) == ("Complete", 100))
        figures.result = "ok" if good else "failed"
