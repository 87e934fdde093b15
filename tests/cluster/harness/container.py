"""One container of a pod: its process, its restarts, its probes, its status."""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import images
from .api import ApiClient, ApiError, Object
from .probes import Probe

# A kubelet waits 10 s to 5 min before it starts a crashed container again; tests have no time for that.
_FIRST_RESTART_SECONDS = 0.5
_LONGEST_RESTART_SECONDS = 10.0
_STABLE_SECONDS = 10.0

# The service account is mounted where client libraries look for it.
_ACCOUNT_FOLDER = "/run/secrets/kubernetes.io/serviceaccount"
# Pairs of what is mounted and where, "--", and the program, whose pid stays its own.
_MOUNT_AND_RUN = 'while [ "$1" != -- ]; do mkdir -p "$2" && mount --bind "$1" "$2" || exit 125; shift 2; done; shift; exec "$@"'


@dataclass(frozen=True)
class Surroundings:
    """What all containers of a pod share."""

    api: ApiClient
    pod: Object
    address: str
    mapping: Path
    folder: Path          # of the pod: service account, emptyDirs and working directory
    log: Path             # without the container's name
    service_account: bool  # whether `folder`/serviceaccount is filled


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Container:
    """REQUIRES: used on one thread, the one whose end ends the process too."""

    def __init__(self, spec: Object, around: Surroundings) -> None:
        self._spec = spec
        self._around = around
        self._process: subprocess.Popen[bytes] | None = None
        self._state: Object = {"waiting": {"reason": "ContainerCreating"}}
        self._last_state: Object = {}
        self._restarts = 0
        self._backoff = _FIRST_RESTART_SECONDS
        self._next_start = 0.0
        self._started_at = 0.0
        self._ready: Probe | None = None
        self._alive: Probe | None = None

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def exit_code(self) -> int | None:
        """Set once the container has ended and will not be started again."""
        terminated = self._state.get("terminated")
        return int(terminated["exitCode"]) if terminated else None

    def step(self) -> None:
        """Starts what is due, notices what ended, probes. Called several times a second."""
        if self._process is None:
            if self.exit_code is None and time.monotonic() >= self._next_start:
                self._start()
            return
        if self._process.poll() is not None:
            self._ended(self._process.returncode)
            return
        if self._ready:
            self._ready.run_if_due()
        if self._alive:
            self._alive.run_if_due()
            if not self._alive.passed:
                self._signal(signal.SIGKILL)

    def status(self) -> Object:
        ready = self.running and (self._ready is None or self._ready.passed)
        return {
            "name": self._spec["name"], "image": self._spec.get("image", ""), "imageID": "", "ready": ready, "started": self.running,
            "restartCount": self._restarts, "state": self._state, "lastState": self._last_state,
        }

    def stop(self, grace: float, cut_short: Callable[[], bool]) -> None:
        """preStop, SIGTERM, `grace` seconds, SIGKILL. `cut_short` is asked meanwhile: true kills at once."""
        if self._process is None:
            return
        deadline = time.monotonic() + grace
        self._pre_stop(deadline, cut_short)
        self._signal(signal.SIGTERM)
        while self._process.poll() is None and time.monotonic() < deadline and not cut_short():
            time.sleep(0.02)
        self.kill()

    def kill(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(timeout=10)
            self._process = None

    def _start(self) -> None:
        around = self._around
        try:
            image = images.find_image(around.mapping, self._spec.get("image", ""))
            env = images.environment(around.api, around.pod, self._spec, around.address)
        except images.UnknownImage as error:
            return self._wait_with("ImagePullBackOff", str(error))
        except (ApiError, OSError) as error:
            return self._wait_with("CreateContainerConfigError", str(error))
        env.update({name: images.expand(value, env) for name, value in image.env.items()})
        try:
            self._process = self._spawn(images.command_line(image, self._spec, env), env)
        except OSError as error:
            return self._wait_with("CreateContainerError", str(error))
        self._started_at = time.monotonic()
        self._state = {"running": {"startedAt": now()}}
        self._ready = self._probe("readinessProbe", passed_at_first=False)
        self._alive = self._probe("livenessProbe", passed_at_first=True)

    def _spawn(self, argv: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        around = self._around
        prefix = ["setpriv", "--pdeathsig", "KILL"]
        if mounts := self._mounts():
            unshare = ["unshare", "--mount", "--propagation", "private"]
            prefix = [*unshare, *prefix, "sh", "-c", _MOUNT_AND_RUN, "mount", *mounts, "--"]
        log_path = around.log.with_name(f"{around.log.name}_{self._spec['name']}.log")
        with open(log_path, "ab") as log:
            return subprocess.Popen([*prefix, *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=around.folder,
                                    start_new_session=True)

    def _mounts(self) -> list[str]:
        """What is mounted where, one after the other. An emptyDir is a folder of the pod's own and lives as long."""
        around = self._around
        mounts = [str(around.folder / "serviceaccount"), _ACCOUNT_FOLDER] if around.service_account else []
        empty = {volume["name"] for volume in around.pod["spec"].get("volumes", []) if "emptyDir" in volume}
        for mount in self._spec.get("volumeMounts", []):
            if mount["name"] not in empty:
                continue
            source = around.folder / "volumes" / mount["name"]
            source.mkdir(parents=True, exist_ok=True)
            mounts += [str(source), mount["mountPath"]]
        return mounts

    def _wait_with(self, reason: str, message: str) -> None:
        self._state = {"waiting": {"reason": reason, "message": message}}
        self._next_start = time.monotonic() + 1

    def _probe(self, name: str, passed_at_first: bool) -> Probe | None:
        spec = self._spec.get(name)
        return Probe(spec, self._spec, self._around.address, passed_at_first) if spec else None

    def _ended(self, code: int) -> None:
        self._process = None
        shown = code if code >= 0 else 128 - code
        terminated = {"terminated": {"exitCode": shown, "reason": "Completed" if shown == 0 else "Error", "finishedAt": now()}}
        policy = self._around.pod["spec"].get("restartPolicy", "Always")
        if policy == "Never" or (policy == "OnFailure" and code == 0):
            self._state = terminated
            return
        if time.monotonic() - self._started_at > _STABLE_SECONDS:
            self._backoff = _FIRST_RESTART_SECONDS
        self._last_state = terminated
        self._state = {"waiting": {"reason": "CrashLoopBackOff", "message": f"ended with code {shown}"}}
        self._restarts += 1
        self._next_start = time.monotonic() + self._backoff
        self._backoff = min(self._backoff * 2, _LONGEST_RESTART_SECONDS)

    def _pre_stop(self, deadline: float, cut_short: Callable[[], bool]) -> None:
        hook = self._spec.get("lifecycle", {}).get("preStop", {})
        until = min(deadline, time.monotonic() + hook.get("sleep", {}).get("seconds", 0))
        while time.monotonic() < until and not cut_short():
            time.sleep(0.02)

    def _signal(self, number: signal.Signals) -> None:
        """To the program's whole session, so that its own children end as in a real container."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
