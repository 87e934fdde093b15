"""Programs inside the cluster's namespace: start, freeze, thaw, kill, start again."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .errors import HarnessError
from .netns import Namespace

T = TypeVar("T")

# Children die with the thread that started them, so all are started on one thread that lasts as long as Python.
_spawner = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def on_spawner(work: Callable[[], T]) -> T:
    """Runs `work` on the thread whose end kills the children."""
    return _spawner.submit(work).result()


class Process:
    """One program. Thread rule: use each Process from one thread at a time."""

    def __init__(self, name: str, argv: Sequence[str], state: Path, namespace: Namespace) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = state / "logs" / f"{name}.log"
        self.environment: Mapping[str, str] = {}
        self._state = state
        self._namespace = namespace
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        if self.alive:
            raise HarnessError(f"{self.name} is already running")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **self.environment}
        command = self._namespace.command(self.argv, self._state)
        with open(self.log, "ab") as log:
            self._popen = on_spawner(lambda: subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True))
        return self

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise HarnessError(f"{self.name} was never started")
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Negative for the signal that ended it; nothing while it runs."""
        return self._popen.poll() if self._popen else None

    def kill(self) -> None:
        """kill -9, and waits for the end. Works on a frozen process too."""
        self._signal(signal.SIGKILL)
        self.wait(10)

    def terminate(self, grace: float = 10) -> None:
        """SIGTERM, then SIGKILL after `grace` seconds."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        try:
            self.wait(grace)
        except HarnessError:
            self.kill()

    def freeze(self) -> None:
        """SIGSTOP: the process keeps its connections and does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> Process:
        if self.alive:
            self.terminate()
        return self.start()

    def wait(self, timeout: float) -> int:
        """The exit code. Raises HarnessError where it still runs after `timeout` seconds."""
        if self._popen is None:
            return 0
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise HarnessError(f"{self.name} still runs after {timeout:g} s", self.log) from None

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """Resident memory (RSS)."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def wait_for(condition: Callable[[], T], timeout: float, what: str = "the condition", every: float = 0.05) -> T:
    """Calls `condition` until it gives something true, and gives that back. Raises HarnessError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise HarnessError(f"{what}: not so after {timeout:g} s")
        time.sleep(every)
