"""A network namespace of our own: no port clashes, and addresses the API server accepts for pods.

A holder process keeps the namespace (and a mount namespace beside it) alive. Programs are started inside it; this
process stays outside and opens single sockets inside it, because a socket belongs for ever to the namespace it
was made in. So one Python process can use several clusters at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import HarnessError

CLONE_NEWNET = 0x40000000
POD_NETWORK = "10.244.0.0/16"
HOST_ADDRESS = "10.244.0.1"  # the API server, Envoy and Prometheus are reached at it

# Every address of the pod network is local, so a pod needs no address added before it can listen.
# /run is ours, so that a pod's service account can be mounted where programs look for it.
_SETUP = """
set -e
ip link set lo up
ip addr add {host}/32 dev lo
ip route add local {network} dev lo
mount --bind "$0" /etc/hosts
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
echo ready
exec sleep infinity
"""

# No name server is reached from inside; these are the names programs may be configured with.
_HOSTS = f"""127.0.0.1 localhost
{HOST_ADDRESS} kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local
{HOST_ADDRESS} prometheus prometheus.monitoring prometheus.monitoring.svc prometheus.monitoring.svc.cluster.local
{HOST_ADDRESS} gateway
"""

_libc = ctypes.CDLL(None, use_errno=True)


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise HarnessError(f"cannot enter the network namespace: {os.strerror(code)}; run as root")


class Namespace:
    """Owns the holder process where it made it; `attach` gives one that owns nothing."""

    def __init__(self, holder: int, process: subprocess.Popen[bytes] | None) -> None:
        self.holder = holder
        self._process = process
        try:
            self._descriptor = os.open(f"/proc/{holder}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise HarnessError(f"the cluster's network namespace is gone ({error.strerror})") from error
        self.inode = os.fstat(self._descriptor).st_ino

    @classmethod
    def create(cls, state: Path) -> Namespace:
        """Makes the namespaces. REQUIRES: called on a thread that outlives them (the holder dies with it)."""
        hosts = state / "hosts"
        hosts.write_text(_HOSTS, encoding="utf-8")
        script = _SETUP.format(host=HOST_ADDRESS, network=POD_NETWORK)
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "setpriv", "--pdeathsig", "KILL", "sh", "-c", script, str(hosts)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        assert process.stdout and process.stderr
        readable, _, _ = select.select([process.stdout], [], [], 10)
        if not readable or process.stdout.readline() != b"ready\n":
            process.kill()
            reason = process.stderr.read().decode(errors="replace").strip() or "no answer within 10 s"
            raise HarnessError(f"cannot make a network namespace: {reason}; run as root, with CAP_SYS_ADMIN")
        return cls(process.pid, process)

    @classmethod
    def attach(cls, holder: int) -> Namespace:
        return cls(holder, None)

    def command(self, argv: Sequence[str], folder: Path) -> list[str]:
        """`argv` as started inside, in `folder`. It keeps the pid, and dies with the thread that starts it."""
        return [*self.entering(), "setpriv", "--pdeathsig", "KILL", "env", "-C", str(folder), *argv]

    def entering(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.holder}/ns/net", f"--mount=/proc/{self.holder}/ns/mnt"]

    @contextlib.contextmanager
    def sockets(self) -> Iterator[None]:
        """Sockets this thread makes inside the block belong to the namespace."""
        outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self._descriptor)
            try:
                yield
            finally:
                _setns(outside)
        finally:
            os.close(outside)

    def members(self) -> list[int]:
        """The processes inside, the holder among them."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{entry}/ns/net").st_ino == self.inode and not _is_zombie(entry):
                    found.append(int(entry))
        return found

    def destroy(self) -> None:
        """Kills all that is inside, whoever started it. Raises HarnessError where something survives 30 s: on a machine that is busy
        with other work it takes seconds until a large process has given back its memory and files."""
        deadline = time.monotonic() + 30
        while members := [pid for pid in self.members() if pid != os.getpid()]:
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self._process:
                self._process.poll()
            if time.monotonic() > deadline:
                raise HarnessError(f"processes of the cluster cannot be killed: {', '.join(_described(pid) for pid in members)}")
            time.sleep(0.02)
        if self._process:
            self._process.wait(timeout=5)
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe:
                    pipe.close()
            self._process = None
        self.close()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _described(pid: int) -> str:
    """Number, name, state and what the kernel waits for in it, as far as it is still there."""
    told = [str(pid)]
    for name in ("comm", "wchan"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            told.append(file.read().strip())
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        told.append(f"state {file.read().rpartition(')')[2].split()[0]}")
    return " ".join(told)


def _is_zombie(pid: str) -> bool:
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0] in ("Z", "X")
