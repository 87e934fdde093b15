#!/usr/bin/python3
"""A local Kubernetes cluster to play with: real API server, Contour, Envoy and Prometheus, no containers.

  cluster.py up [--name N] [--bare|--api-only] [--audit] [--images FILE]   start it, in the background, with the
                                                                    operator and the payments example in it
  cluster.py exec -- kubectl get pods                               run a program inside
  cluster.py shell                                                  a shell inside
  cluster.py status                                                 what runs
  cluster.py down                                                   stop it
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from harness import API_ONLY, FULL, Cluster, HarnessError, Options  # noqa: E402
import story  # noqa: E402
from harness import paths  # noqa: E402
from harness.netns import Namespace  # noqa: E402

_START_SECONDS = 180
_FAILED = "failed: "
_READY = "the cluster is ready"


def main() -> int:
    options = _arguments()
    try:
        return {"up": _up, "down": _down, "status": _status, "exec": _exec, "shell": _exec, "serve": _serve}[options.command](options)
    except HarnessError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["up", "down", "status", "exec", "shell", "serve"], metavar="up|down|status|exec|shell")
    parser.add_argument("--name", default="local", help="several clusters may run at once (default: local)")
    parser.add_argument("--bare", action="store_true", help="without the operator and the payments example")
    parser.add_argument("--api-only", action="store_true", help="only etcd and kube-apiserver")
    parser.add_argument("--audit", action="store_true", help="write an audit log, to count requests")
    parser.add_argument("--images", type=Path, help="JSON: image -> program (harness/images.py)")
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    options = parser.parse_args(words[:at])
    options.argv = words[at + 1:]
    return options


def _folder(options: argparse.Namespace) -> Path:
    return paths.default_state(options.name)


def _state(options: argparse.Namespace) -> dict[str, Any] | None:
    """What a running cluster wrote about itself; nothing where none runs."""
    path = _folder(options) / "cluster.json"
    if not path.exists():
        return None
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return state if _is_cluster(state["owner"], options.name) else None


def _is_cluster(pid: int, name: str) -> bool:
    """The pid may belong to somebody else by now."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return "serve" in words and name in words


def _running(options: argparse.Namespace) -> dict[str, Any]:
    state = _state(options)
    if not state or state["phase"] != "running":
        raise HarnessError(f'no cluster "{options.name}" is running; start it with tests/cluster/cluster.py up')
    return state


def _up(options: argparse.Namespace) -> int:
    if state := _state(options):
        print(f'cluster "{options.name}" is already running')
        return _explain(options, state)
    log = _folder(options).with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = ["serve", "--name", options.name, *(["--api-only"] if options.api_only else []),
                 *(["--bare"] if options.bare else []), *(["--audit"] if options.audit else []),
                 *(["--images", str(options.images.absolute())] if options.images else [])]
    with open(log, "wb") as file:
        daemon = subprocess.Popen([sys.executable, __file__, *arguments], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                  start_new_session=True)
    _follow(daemon, log)
    return _explain(options, _running(options))


def _follow(daemon: subprocess.Popen[bytes], log: Path) -> None:
    """Shows the steps as they happen. Raises HarnessError where the start fails."""
    deadline = time.monotonic() + _START_SECONDS
    with open(log, encoding="utf-8", errors="replace") as steps:
        while time.monotonic() < deadline:
            ended = daemon.poll() is not None
            for line in steps:
                if line.startswith(_FAILED):
                    raise HarnessError(line.removeprefix(_FAILED).strip())
                print(line, end="", flush=True)
                if line.endswith(f"{_READY}\n"):
                    return
            if ended:
                raise HarnessError("the start failed", log)
            time.sleep(0.05)
    daemon.terminate()
    raise HarnessError(f"not ready after {_START_SECONDS} s", log)


def _explain(options: argparse.Namespace, state: dict[str, Any]) -> int:
    program = os.path.relpath(__file__)
    name = "" if options.name == "local" else f" --name {options.name}"
    print(f"""
export KUBECONFIG={state['kubeconfig']}
The cluster has a network of its own; enter it with
  {program} exec{name} -- kubectl get pods -A
  {program} shell{name}
Inside, users enter at {state['user_url']} and Prometheus is at {state['prometheus_url']}.
Stop it with {program} down{name}""")
    return 0


def _serve(options: argparse.Namespace) -> int:
    """The process that owns the cluster; `up` starts it, `down` ends it."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    play = not (options.api_only or options.bare)
    try:
        images = json.loads(options.images.read_text(encoding="utf-8")) if options.images else story.images() if play else {}
        cluster = Cluster(Options(name=options.name, parts=API_ONLY if options.api_only else FULL, audit=options.audit, images=images),
                          report=lambda line: None if play and line.endswith(_READY) else print(line, flush=True))
        cluster.start()
        if play:
            _install(cluster)
    except HarnessError as error:
        print(f"{_FAILED}{error}", flush=True)
        return 1
    while not stop.wait(3600):
        pass
    cluster.stop()
    (cluster.state / "cluster.json").unlink(missing_ok=True)
    return 0


def _install(cluster: Cluster) -> None:
    story.install_operator(cluster)
    story.deploy_payments(cluster)
    cluster.wait_for_deployment(story.OPERATOR_SPACE, story.OPERATOR, 60)
    print("         the operator and the payments example run; start a migration with")
    print("         kubectl apply -f examples/payments/softmigration.yaml")
    print(f"         {_READY}", flush=True)


def _down(options: argparse.Namespace) -> int:
    state = _state(options)
    if not state:
        print(f'no cluster "{options.name}" is running')
        return 0
    namespace = Namespace.attach(state["holder"])
    os.kill(state["owner"], signal.SIGTERM)
    deadline = time.monotonic() + 15
    while _is_cluster(state["owner"], options.name):
        if time.monotonic() > deadline:
            os.kill(state["owner"], signal.SIGKILL)
            break
        time.sleep(0.05)
    namespace.destroy()
    (_folder(options) / "cluster.json").unlink(missing_ok=True)
    print(f'cluster "{options.name}" is stopped')
    return 0


def _status(options: argparse.Namespace) -> int:
    state = _running(options)
    for part, pid in state["parts"].items():
        print(f"{part:26} {'running' if os.path.exists(f'/proc/{pid}') else 'ended':8} pid {pid}")
    return _explain(options, state)


def _exec(options: argparse.Namespace) -> int:
    """Replaces this process by the program."""
    state = _running(options)
    argv = options.argv or [os.environ.get("SHELL", "/bin/bash")]
    if options.command == "exec" and not options.argv:
        raise HarnessError("say what to run: cluster.py exec -- kubectl get pods")
    os.environ["KUBECONFIG"] = state["kubeconfig"]
    os.environ["PATH"] = f"{paths.cache() / 'bin'}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    entering = Namespace.attach(state["holder"]).entering()
    command = [*entering, "env", "-C", os.getcwd(), *argv]
    os.execvp(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
