"""A bridge as the operator makes it, beside the same Envoy without the filter, for the fault suite and the benchmark.

Envoy's configuration is what the golden file says that the operator renders; only addresses, ports and the folder are ours. Of the listener
for users there are two more: `plain` is the same without the filter, `sampled` has one request in ten copied. No cluster is needed;
everything listens on free ports of 127.0.0.1.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge import Program, ask_json, tcp
from harness import HarnessError, paths
from harness.process import wait_for

Json = Any

GOLDEN = paths.REPOSITORY / "tests" / "golden" / "bridge" / "whole.json"
SAMPLED_GOLDEN = GOLDEN.with_name("sampled.json")
RENDERED_FOLDER = "/run/softmigration"
WATCHER = "envoy.filters.http.ext_proc"
MIB = 1 << 20
SMALL_DISK = 256 << 10


@dataclass(frozen=True)
class Setup:
    """`target`: how the target answers, of answers-api's manners; or "dead" (nobody listens), or "unreachable" (nothing comes back).
    `is_disk_full`: of the folder that Envoy and agent share, once Envoy has started."""

    target: str = "well"
    agent: Json = field(default_factory=dict)  # laid over the rendered agent.json
    is_disk_full: bool = False


class BlackHole:
    """An address from which nothing comes back, as behind a firewall: the queue of those who want to be let in is full."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = int(self._listener.getsockname()[1])
        self._waiting = [socket.socket() for _ in range(4)]
        for waiting in self._waiting:
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))

    def close(self) -> None:
        for one in (*self._waiting, self._listener):
            one.close()


def free_port() -> int:
    """Where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def manager(listener: Json) -> Json:
    return listener["filter_chains"][0]["filters"][0]["typed_config"]


def without_watcher(users: Json) -> Json:
    listener = copy.deepcopy(users)
    listener["name"] = "plain"
    filters = manager(listener)["http_filters"]
    manager(listener)["http_filters"] = [one for one in filters if one["name"] != WATCHER]
    assert len(manager(listener)["http_filters"]) == len(filters) - 1, "the filter is not where it is looked for"
    return listener


def rendered(golden: Path, shared: Path) -> Json:
    """What the operator renders, in another folder."""
    return json.loads(golden.read_text(encoding="utf-8").replace(RENDERED_FOLDER, str(shared)))


def sampled(shared: Path) -> Json:
    """The listener for users where the spec says that one request in ten is to be copied."""
    listeners = rendered(SAMPLED_GOLDEN, shared)["files"]["lds.json"]["resources"]
    (listener,) = [one for one in listeners if one["name"] == "users"]
    return {**listener, "name": "sampled", "address": tcp(0)}


def peak_memory(program: Program) -> int:
    """The most that was resident since it began."""
    with open(f"/proc/{program.running.pid}/status", encoding="ascii", errors="replace") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


class Rig:
    """Everything that it starts ends with `stack`. Thread rule: one thread."""

    def __init__(self, folder: Path, setup: Setup, stack: contextlib.ExitStack) -> None:
        self.folder = folder
        self.shared = folder / "s"  # as the pod's containers share one
        self.shared.mkdir()
        self.setup = setup
        self.stack = stack
        if setup.is_disk_full:
            self._mount_shared()
        whole = rendered(GOLDEN, self.shared)
        self.files: dict[str, Json] = whole["files"]
        (deployment,) = [one for one in whole["objects"] if one["kind"] == "Deployment"]
        containers = {one["name"]: one for one in deployment["spec"]["template"]["spec"]["containers"]}
        self._envoy_arguments: list[str] = containers["envoy"]["args"]
        self.systems = {"legacy": self._system("legacy", "well"), "target": self._system("target", setup.target)}
        self.agent: Program | None = None
        self.agent_port = 0
        self.agent_peak = 0
        self.agents_started = 0
        self.envoy = self._start_envoy()
        self.ports: dict[str, int] = wait_for(self._listening, 60, "Envoy listens")
        stack.callback(self.kill_agent)
        self._write_agent_file()
        if setup.is_disk_full:
            self._fill_shared()

    def _mount_shared(self) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(self.shared)], check=True, timeout=10)
        self.stack.callback(subprocess.run, ["umount", "-l", str(self.shared)], check=True, timeout=10)

    def _fill_shared(self) -> None:
        with contextlib.suppress(OSError), open(self.shared / "ballast", "wb", buffering=0) as ballast:
            while ballast.write(b"x" * 4096):
                pass

    def _system(self, side: str, manner: str) -> int:
        """Its port."""
        if manner == "dead":
            return free_port()
        if manner == "unreachable":
            hole = BlackHole()
            self.stack.callback(hole.close)
            return hole.port
        # The shadow has a machine of its own in real life: what it takes of ours is not the bridge's cost.
        gives_way = ["nice", "-n", "10"] if side == "target" else []
        program = Program(side, self.folder, *gives_way, paths.built("answers-api"), "--manner", manner).start()
        self.stack.callback(program.stop)
        return int(program.said(r":(\d+)\s"))

    def _start_envoy(self) -> Program:
        for name, file in self.files.items():
            if name.startswith("eds-"):
                self._place_systems(file)
        listeners = {one["name"]: one for one in self.files["lds.json"]["resources"]}
        for listener in listeners.values():
            listener["address"] = tcp(0)
        users = listeners["users"]
        self.files["lds.json"]["resources"] += [without_watcher(users), sampled(self.shared)]
        for name, file in self.files.items():
            (self.shared / name).write_text(json.dumps(file), encoding="utf-8")
        envoy = Program("envoy", self.folder, paths.program("envoy"), *self._envoy_arguments, "--use-dynamic-base-id")
        envoy.start()
        self.stack.callback(envoy.stop)
        return envoy

    def _place_systems(self, file: Json) -> None:
        """All endpoints of a side are the one system that we have."""
        for assignment in file["resources"]:
            for locality in assignment["endpoints"]:
                (one, *_) = locality["lb_endpoints"]
                one["endpoint"]["address"] = tcp(self.systems[one["metadata"]["filter_metadata"]["softmigration"]["side"]])
                locality["lb_endpoints"] = [one]

    def _listening(self) -> dict[str, int]:
        assert self.envoy.running.poll() is None, self.envoy.log.read_text(encoding="utf-8")
        done = subprocess.run(["curl", "-s", "--max-time", "5", "--unix-socket", str(self.shared / "admin.sock"),
                               "http://envoy/listeners?format=json"], capture_output=True, check=False, timeout=10)
        statuses = json.loads(done.stdout or "{}").get("listener_statuses", [])
        ports = {status["name"]: status["local_address"]["socket_address"].get("port_value", 0) for status in statuses}
        return ports if len(ports) == len(self.files["lds.json"]["resources"]) and all(ports.values()) else {}

    def _write_agent_file(self) -> None:
        config = {**self.files["agent.json"], **self.setup.agent}
        for side in ("legacy", "target"):
            config[side] = {**config[side], "url": f"http://127.0.0.1:{self.ports[f'replay-{side}']}"}
        (self.shared / "agent.json").write_text(json.dumps(config), encoding="utf-8")

    def start_agent(self, *arguments: str) -> None:
        """Returns when it takes copies."""
        told = arguments or ("--config", str(self.shared / "agent.json"))
        self.agents_started += 1
        self.agent = Program(f"agent-{self.agents_started}", self.folder, paths.built("softmigration-agent"), *told,
                             "--copies", f"unix:{self.shared / 'agent.sock'}", "--http-port", "0").start()
        self.agent_port = int(self.agent.said(r"http_port=(\d+)"))

    def kill_agent(self) -> None:
        if self.agent is not None:
            self.note_memory()
            self.agent.kill()
            self.agent = None

    def note_memory(self) -> None:
        if self.agent is not None and self.agent.running.poll() is None:
            self.agent_peak = max(self.agent_peak, peak_memory(self.agent))

    def counts(self) -> Json:
        """Of all components together: eligible, and how many of each verdict and of each reason."""
        told = ask_json(self.agent_port, "/v1/counts")
        total = {"eligible": 0, "opened": told["streams"]["opened"]}
        for component in told["components"]:
            total["eligible"] += component["eligible"]
            for kind in ("verdicts", "dropped", "uncomparable"):
                for name, count in component[kind].items():
                    key = name if kind == "verdicts" else f"{kind}({name})"
                    total[key] = total.get(key, 0) + count
        assert self.agent is not None
        total["settings-not-stored"] = self.agent.log.read_text(encoding="utf-8").count("settings are not stored")
        total["judged"] = sum(count for component in told["components"] for count in component["verdicts"].values())
        return total

    def settle(self, seconds: float = 2) -> None:
        """Until the agent, where there is one, has nothing under way any more; what only waits for a silent target is not waited for."""
        with contextlib.suppress(HarnessError):
            wait_for(self.is_settled, seconds)

    def is_settled(self) -> bool:
        if self.agent is None:
            return True
        counts = self.counts()
        return bool(counts["eligible"] == counts["judged"])


@contextlib.contextmanager
def rig(setup: Setup = Setup()) -> Iterator[Rig]:
    """State lies in a short folder: a socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="smb-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield Rig(folder, setup, stack)


def end_in_order() -> None:
    """A SIGTERM ends what was started too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@dataclass(frozen=True)
class Load:
    """What users do: an open loop, so a request that waits for another counts its waiting."""

    rate: float = 500
    seconds: float = 1.5
    path: str = "/answers/1024"
    upload: int = 0  # bytes; where not 0 every request is a POST of so many
    connections: int = 64
    warm_up: float = 0.3


@dataclass(frozen=True)
class Window:
    """What users of one window saw."""

    sent: int
    errors: dict[str, int]
    milliseconds: list[float]  # in order of size

    def percentile(self, share: float) -> float:
        """Nearest rank."""
        return self.milliseconds[max(0, -int(-share * len(self.milliseconds) // 1) - 1)]


def users(port: int, load: Load, folder: Path, meanwhile: Callable[[Callable[[], bool]], None] | None = None) -> Window:
    """Runs the users; `meanwhile` gets a function that says whether they are still at it."""
    summary, latencies = folder / "summary.json", folder / "latencies.txt"
    command = [paths.built("load-generator"), "--address", "127.0.0.1", "--port", str(port), "--rate", str(load.rate), "--path", load.path,
               "--upload-bytes", str(load.upload), "--connections", str(load.connections), "--timeout-ms", "15000",
               "--duration", str(load.warm_up + load.seconds), "--warm-up-ms", str(int(load.warm_up * 1000)),
               "--summary", str(summary), "--latencies", str(latencies)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as generator:
        try:
            if meanwhile is not None:
                meanwhile(lambda: generator.poll() is None)
            assert generator.wait(load.seconds + 60) == 0
        finally:
            generator.kill()
    told = json.loads(summary.read_text(encoding="utf-8"))
    times = sorted(int(line) / 1000 for line in latencies.read_text(encoding="ascii").split())
    assert times and told["sent"] == told["good"] + told["failed"], told
    return Window(told["sent"], told["errors_by_cause"], times)


def load_average() -> float:
    return round(os.getloadavg()[0], 1)
