"""A bridge by hand: Envoy with the ext_proc filter, the agent, and two versions of the payments API behind it.

What the operator is to render one day stands here as a fixed configuration. No cluster is needed; everything listens on free ports of
127.0.0.1, and the agent on a unix socket.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import paths
from harness.process import wait_for

STREAM_WINDOW = 65_536
CONNECTION_WINDOW = 1_048_576
MOST_STREAMS = 128

Json = Any


class Program:
    """A process whose log is a file. Thread rule: one thread at a time."""

    def __init__(self, name: str, folder: Path, *argv: str) -> None:
        self.argv = argv
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Program:
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log)
        return self

    @property
    def running(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def said(self, pattern: str) -> str:
        """The first group of what its log says, once it says so."""
        def found() -> re.Match[str] | None:
            assert self.running.poll() is None, self.log.read_text(encoding="utf-8")
            return re.search(pattern, self.log.read_text(encoding="utf-8"))
        return wait_for(found, 30, f"{self.log.name}: {pattern}")[1]

    def signal(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    def kill(self) -> None:
        self.running.kill()
        self.running.wait(10)

    def stop(self) -> int:
        self.running.send_signal(signal.SIGCONT)
        self.running.terminate()
        try:
            return self.running.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        with open(f"/proc/{self.running.pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Resident bytes."""
        with open(f"/proc/{self.running.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}


def ask_json(port: int, path: str) -> Json:
    status, body, _ = ask(port, "GET", path)
    assert status == 200, body
    return json.loads(body)


def http2(options: Json) -> Json:
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": options}}}


def cluster(name: str, address: Json, **more: Json) -> Json:
    return {"name": name, "type": "STATIC", "connect_timeout": "1s",
            "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}, **more}


def tcp(port: int) -> Json:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def manager_of(name: str, filters: list[Json], routes: Json) -> Json:
    router = {"name": "envoy.filters.http.router",
              "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
    manager = {"@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
               "stat_prefix": name, "http_filters": [*filters, router], **routes}
    return {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}


def listener(name: str, routes: list[Json], filters: list[Json], port: int = 0) -> Json:
    hosts = {"route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]}}
    return {"name": name, "address": tcp(port), "filter_chains": [manager_of(name, filters, hosts)]}


def replay_listener(side: str, port: int = 0) -> Json:
    """Where the agent asks again. Protocol and TLS are Envoy's job; the user's authority is put back."""
    return listener(f"replay-{side}", [{"match": {"prefix": "/"}, "request_headers_to_remove": ["x-softmigration-authority"],
                                        "route": {"cluster": side, "host_rewrite_header": "x-softmigration-authority"}}], [], port)


def watcher() -> Json:
    return {"name": "envoy.filters.http.ext_proc", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
        "grpc_service": {"envoy_grpc": {"cluster_name": "agent"}},
        "observability_mode": True, "failure_mode_allow": True, "deferred_close_timeout": "1s",
        "request_attributes": ["xds.route_name", "xds.cluster_name"],
        "processing_mode": {"request_header_mode": "SEND", "request_body_mode": "STREAMED", "request_trailer_mode": "SEND",
                            "response_header_mode": "SEND", "response_body_mode": "STREAMED", "response_trailer_mode": "SEND"}}}


def agent_cluster(socket: Path) -> Json:
    return cluster("agent", {"pipe": {"path": str(socket)}},
                   typed_extension_protocol_options=http2({"initial_stream_window_size": STREAM_WINDOW,
                                                           "initial_connection_window_size": CONNECTION_WINDOW}),
                   circuit_breakers={"thresholds": [{"max_connections": 2, "max_pending_requests": MOST_STREAMS,
                                                     "max_requests": MOST_STREAMS}]})


def endpoint(side: str, port: int) -> Json:
    """It says on answers whose it is: see falling_back."""
    return {"endpoint": {"address": tcp(port)}, "metadata": {"filter_metadata": {"softmigration": {"side": side}}}}


def target_or_legacy(ports: dict[str, int]) -> Json:
    """The target; legacy only for what is tried again, or where the target has no endpoint."""
    sides = [{"priority": priority, "lb_endpoints": [endpoint(side, ports[side])]} for priority, side in enumerate(("target", "legacy"))]
    return {"name": "target-or-legacy", "type": "STATIC", "connect_timeout": "1s",
            "load_assignment": {"cluster_name": "target-or-legacy", "endpoints": sides}}


def falling_back(name: str) -> list[Json]:
    """Routes to the target: safe requests that fail there are answered by legacy, and the answer says so to the agent."""
    retry = {"retry_on": "connect-failure,refused-stream,reset,retriable-status-codes", "retriable_status_codes": [500, 502, 503, 504],
             "num_retries": 1, "retry_priority": {"name": "envoy.retry_priorities.previous_priorities", "typed_config": {
                 "@type": "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                 "update_frequency": 1}}}
    says_side = {"header": {"key": "x-softmigration-side", "value": "%UPSTREAM_METADATA(softmigration:side)%"},
                 "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    safe = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD|OPTIONS"}}}
    return [{"name": name, "match": {"prefix": "/", "headers": [safe]}, "response_headers_to_add": [says_side],
             "route": {"cluster": "target-or-legacy", "retry_policy": retry}},
            {"name": name, "match": {"prefix": "/"}, "route": {"cluster": "target"}}]


def side_remover() -> Json:
    """First of the filters, so that it is the last to see the answer: what the agent is told is not for users."""
    return {"name": "envoy.filters.http.header_mutation", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        "mutations": {"response_mutations": [{"remove": "x-softmigration-side"}]}}}


def bootstrap_with(admin: Path, more: Json) -> Json:
    # By default Envoy stops reading from the user where the agent does not read its copies: a frozen agent would hold uploads up.
    return {"admin": {"address": {"pipe": {"path": str(admin)}}},
            "layered_runtime": {"layers": [{"name": "bridge", "static_layer": {
                "envoy.reloadable_features.grpc_side_stream_flow_control": False}}]}, **more}


def envoy_configuration(socket: Path, ports: dict[str, int], admin: Path, serving: str) -> Json:
    """`serving`: legacy, target, or target-or-legacy."""
    is_falling_back = serving == "target-or-legacy"
    routes = falling_back("payments") if is_falling_back else [
        {"name": "payments", "match": {"prefix": "/"}, "route": {"cluster": serving}}]
    users = listener("users", routes, [side_remover(), watcher()] if is_falling_back else [watcher()])
    return bootstrap_with(admin, {"static_resources": {
        "listeners": [users, replay_listener("legacy"), replay_listener("target")],
        "clusters": [*(cluster(side, tcp(port)) for side, port in ports.items()), target_or_legacy(ports), agent_cluster(socket)]}})


class Bridge:
    """Users enter at `users`. The agent is started by start_agent."""

    def __init__(self, folder: Path, serving: str = "legacy", config: Json | None = None) -> None:
        self._folder = folder
        self._config = config or {}
        self._socket = folder / "agent.sock"
        self._admin = folder / "admin.sock"
        self.systems: dict[str, Program] = {}
        self.system_ports: dict[str, int] = {}
        for side, version in (("legacy", "legacy"), ("target", "next")):
            program = Program(side, folder, paths.built("payments-api"), "--version", version, "--port", "0").start()
            self.systems[side] = program
            self.system_ports[side] = int(program.said(r":(\d+)\s"))
        bootstrap = folder / "envoy.json"
        bootstrap.write_text(json.dumps(envoy_configuration(self._socket, self.system_ports, self._admin, serving)), encoding="utf-8")
        self.envoy = Program("envoy", folder, paths.program("envoy"), "-c", str(bootstrap), "--use-dynamic-base-id",
                             "--disable-hot-restart", "--log-level", "warn", "--concurrency", "1").start()
        self.ports: dict[str, int] = wait_for(self._listening, 60, "Envoy listens")
        self.agent: Program | None = None

    def _listening(self) -> dict[str, int]:
        assert self.envoy.running.poll() is None, self.envoy.log.read_text(encoding="utf-8")
        done = subprocess.run(["curl", "-s", "--max-time", "5", "--unix-socket", str(self._admin), "http://envoy/listeners?format=json"],
                              capture_output=True, check=False, timeout=10)
        statuses = json.loads(done.stdout or "{}").get("listener_statuses", [])
        ports = {status["name"]: status["local_address"]["socket_address"].get("port_value", 0) for status in statuses}
        return ports if len(ports) == 3 and all(ports.values()) else {}

    def start_agent(self) -> None:
        config = {"components": [{"name": "payments", "routes": ["payments"]}],
                  "legacy": {"url": f"http://127.0.0.1:{self.ports['replay-legacy']}", "clusters": ["legacy"]},
                  "target": {"url": f"http://127.0.0.1:{self.ports['replay-target']}", "clusters": ["target", "target-or-legacy"]}, **self._config}
        path = self._folder / "agent.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        self.agent = Program("agent", self._folder, paths.built("softmigration-agent"), "--config", str(path),
                             "--copies", f"unix:{self._socket}", "--http-port", "0").start()
        self.agent_port = int(self.agent.said(r"http_port=(\d+)"))

    def fault(self, side: str, **fault: float) -> None:
        status, body, _ = ask(self.system_ports[side], "POST", "/fault", json.dumps(fault).encode())
        assert status == 200, body

    def restart(self, side: str) -> None:
        """A system that was killed, where it was."""
        self.systems[side] = Program(f"{side}-again", self._folder, *self.systems[side].argv[:-1], str(self.system_ports[side])).start()

    def counts(self) -> Json:
        return ask_json(self.agent_port, "/v1/counts")

    def component(self) -> Json:
        return self.counts()["components"][0]

    def wait_for_verdicts(self, eligible: int | None = None, timeout: float = 30) -> Json:
        """The component's counts once so many requests are eligible (nothing: whatever number) and all of them have a verdict."""
        def settled() -> Json:
            counts = self.component()
            wanted = counts["eligible"] if eligible is None else eligible
            return counts if counts["eligible"] == wanted and sum(counts["verdicts"].values()) == wanted else None
        return wait_for(settled, timeout, f"{eligible or 'all'} verdicts; {self.counts()}")

    def stop(self) -> None:
        for program in (self.agent, self.envoy, *self.systems.values()):
            if program is not None and program.running.poll() is None:
                program.stop()


@contextlib.contextmanager
def bridge(serving: str = "legacy", config: Json | None = None) -> Iterator[Bridge]:
    """State lies in a short folder: a socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="smb-"))
    made: Bridge | None = None
    try:
        made = Bridge(folder, serving, config)
        yield made
    finally:
        if made is not None:
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)
