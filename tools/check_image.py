#!/usr/bin/python3
"""Builds the image's root folder by the Dockerfile's own lines, without a container engine, and checks what came out.

    tools/check_image.py             on a clean Debian 12 made by debootstrap: root, the network, 4 GB of disk and half an hour
    tools/check_image.py --list-only holds the Dockerfile and its script to the rest of the tree; a second, changes nothing

The long way: debootstrap, then every COPY and RUN of the Dockerfile's first stage in a chroot; the same a second time in a folder of another
name, and both results have to be equal byte for byte. Then the programs are run in the result under a user that nobody heard of, on a
read-only root, without any right, and the operator against an API server that is dead. See docs/operations.md, "The image".
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
SCRIPT = TREE / "tools/build_image_root.sh"
RELEASE = "bookworm"
OURS_LIMIT = 40 * 1024 * 1024
ARBITRARY_USER = 1234567
DEAD_SERVER = "https://dead.test:1"
SECONDS_TO_COMPILE = 3 * 3600


class Wrong(Exception):
    """What the image or its description got wrong, in one line."""


def require(condition, message):
    if not condition:
        raise Wrong(message)


def parse_dockerfile(text):
    """[(instruction, words...)] of both stages; refuses what `build` below would not do as a container engine does it."""
    steps = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        require(not line.endswith("\\"), f"Dockerfile: a line that goes on is not known here: {line}")
        instruction, _, rest = line.partition(" ")
        known = ("FROM", "WORKDIR", "COPY", "RUN", "USER", "ENTRYPOINT")
        require(instruction in known, f"Dockerfile: {instruction} is not known here")
        steps.append((instruction, rest.strip()))
    return steps


def stages(steps):
    cut = [index for index, (instruction, _) in enumerate(steps) if instruction == "FROM"]
    require(len(cut) == 2, f"Dockerfile: two stages expected, not {len(cut)}")
    return steps[: cut[1]], steps[cut[1] :]


def array_of(name, path):
    """The words of a bash array NAME=( … )."""
    found = re.search(rf"^{name}=\(([^)]*)\)", path.read_text(encoding="utf-8"), re.M)
    require(found, f"{path.name}: no array {name}")
    return found[1].split()


def shipped_programs():
    """What CMake makes below operator/: softmig_program, and the programs whose folder also holds a library."""
    programs = set()
    for path in sorted((TREE / "operator").rglob("CMakeLists.txt")):
        programs.update(re.findall(r"^(?:softmig_program|add_executable)\((\S+)", path.read_text(encoding="utf-8"), re.M))
    return programs


def check_lists(steps):
    build, final = stages(steps)
    programs, packages = array_of("PROGRAMS", SCRIPT), array_of("PACKAGES", SCRIPT)
    require(set(programs) == shipped_programs(), f"the image holds {sorted(programs)}, operator/ makes {sorted(shipped_programs())}")
    unknown = set(packages) - set(array_of("PACKAGES", TREE / "tools/install_dependencies.sh"))
    require(not unknown, f"packages of the image that tools/install_dependencies.sh does not install: {sorted(unknown)}")
    for instruction, rest in build:
        require(instruction != "RUN" or rest.startswith("tools/build_image_root.sh "), f"Dockerfile: RUN does its own: {rest}")
        for source in shlex.split(rest)[:-1] if instruction == "COPY" else []:
            require((TREE / source).exists(), f"Dockerfile: COPY {source}: not in the tree")
    require(final[0] == ("FROM", "scratch"), "Dockerfile: the image does not begin with nothing")
    user = dict(final).get("USER", "")
    require(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), f"Dockerfile: USER {user!r} is not two numbers other than 0")
    entry = json.loads(dict(final).get("ENTRYPOINT", "[]"))
    require(len(entry) == 1 and Path(entry[0]).name in programs, f"Dockerfile: ENTRYPOINT {entry} is none of the programs")


def run(command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def copy(source, destination):
    if source.is_dir():
        shutil.copytree(source, destination, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        destination.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, destination)


def snapshot(steps, folder):
    """What the Dockerfile copies, as it is now: the tree may be worked on while the builds run."""
    for instruction, rest in steps:
        for source in shlex.split(rest)[:-1] if instruction == "COPY" else []:
            copy(TREE / source, folder / source if (TREE / source).is_dir() else (folder / source).parent)
    return folder


class Debian:
    """A clean Debian 12 in a folder, with the Dockerfile's first stage run in it on the sources in `tree`."""

    def __init__(self, root, tree, log):
        self.root, self.tree, self.log = root, tree, log
        run(["debootstrap", "--variant=minbase", RELEASE, root], stdout=log, stderr=subprocess.STDOUT)

    def chroot(self, folder, command):
        """In namespaces of its own: what the command mounts or leaves running goes with it."""
        script = 'mount -t proc proc "$1/proc" && exec chroot "$1" /bin/sh -c "cd \\"\\$1\\" && exec \\$2" sh "$2" "$3"'
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
        run(["nice", "-n", "10", "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh", self.root, folder, command],
            stdout=self.log, stderr=subprocess.STDOUT, timeout=SECONDS_TO_COMPILE, env=environment)

    def copy(self, folder, words):
        *sources, target = words
        for source in sources:
            copy(self.tree / source, self.root / folder.lstrip("/") / target)

    def build(self, steps, folder, image):
        """The first stage's lines, with `folder` in place of its WORKDIR and `image` in place of /image."""
        for instruction, rest in steps:
            started = time.monotonic()
            if instruction == "COPY":
                self.copy(folder, shlex.split(rest))
            elif instruction == "RUN":
                self.chroot(folder, rest.replace("/image", image))
                print(f"  {rest}: {time.monotonic() - started:.0f} s", flush=True)
        return self.root / image.lstrip("/")


def digests(image):
    """{path: what makes two images differ there}"""
    found = {}
    for path in sorted(image.rglob("*")):
        state = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(image))] = (oct(state.st_mode), state.st_uid, state.st_gid, int(state.st_mtime), content)
    return found


def check_equal(first, second):
    one, other = digests(first), digests(second)
    differing = sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
    require(not differing, f"two builds differ in {len(differing)} files: {differing[:10]}")
    print(f"two builds in folders of different names: {len(one)} entries, all equal")


def size_of(paths):
    return sum(path.stat().st_size for path in paths if path.is_file())


def check_content(image, programs):
    ours = {name: (image / "usr/bin" / name).stat().st_size for name in programs}
    for name, size in ours.items():
        print(f"  {name}: {size / 1e6:.1f} MB")
    libraries = [path for path in image.rglob("*") if path.is_file() and ".so" in path.name]
    print(f"  {len(libraries)} libraries and the loader: {size_of(libraries) / 1e6:.1f} MB; all: {size_of(image.rglob('*')) / 1e6:.1f} MB")
    require(sum(ours.values()) <= OURS_LIMIT, f"our programs are {sum(ours.values())} bytes, more than {OURS_LIMIT}")
    require(sorted(path.name for path in (image / "usr/bin").iterdir()) == sorted(programs), "usr/bin holds something else")
    for path in image.rglob("*"):
        mode = path.lstat().st_mode
        require(not mode & 0o6022, f"{path.relative_to(image)} may be written by others or changes the user: {oct(mode)}")


class Container:
    """The image as a pod would run it: read-only root, a user nobody heard of, no right, no new ones. Made of hard links, gone after."""

    def __init__(self, image, root):
        self.root = root
        run(["cp", "-al", image, root])
        (root / "etc/hosts").write_text("127.0.0.1 dead.test\n", encoding="utf-8")
        kubeconfig = {
            "clusters": [{"name": "dead", "cluster": {"server": DEAD_SERVER}}], "users": [{"name": "nobody", "user": {"token": "x"}}],
            "contexts": [{"name": "dead", "context": {"cluster": "dead", "user": "nobody"}}], "current-context": "dead"}
        (root / "kubeconfig").write_text(json.dumps(kubeconfig), encoding="utf-8")

    def run(self, command, seconds):
        """(exit status, output); a program that still runs after `seconds` gets SIGTERM."""
        # chroot(8) itself drops user and groups, so that no program of the host runs inside.
        script = ('mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && root=$1 user=$2 && shift 2 && '
                  'exec setpriv --no-new-privs chroot --userspec="$user:$user" --groups= "$root" "$@"')
        outer = ["timeout", "--kill-after=10", str(seconds), "unshare", "--mount", "sh", "-c", script, "sh", self.root, ARBITRARY_USER, *command]
        done = subprocess.run([str(word) for word in outer], capture_output=True, text=True, timeout=seconds + 30, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        return done.returncode, done.stdout + done.stderr


def check_programs(container, programs):
    loader = next(path for path in container.root.glob("lib*/ld-linux-*"))
    for name in programs:
        program = f"/usr/bin/{name}"
        code, text = container.run([f"/{loader.relative_to(container.root)}", "--list", program], 10)
        require(code == 0 and "not found" not in text, f"{name} misses a library:\n{text}")
        code, text = container.run([program, "--version"], 10)
        require(code == 0 and text.startswith(f"{name} "), f"{name} --version: {code} {text}")
        code, text = container.run([program, "--help"], 10)
        require(code == 0 and "Usage:" in text, f"{name} --help: {code} {text}")
        print(f"  {name} --version, --help: as user {ARBITRARY_USER} on a read-only root")


def check_dead_server(container):
    code, text = container.run(["/usr/bin/kubectl-softmigration", "--kubeconfig", "/kubeconfig", "list"], 20)
    require(code == 1 and "Connection refused" in text, f"kubectl softmigration against a dead API server: {code} {text}")
    print(f"  {text.strip()}")
    code, text = container.run(["/usr/bin/softmigration-operator", "--kubeconfig", "/kubeconfig", "--metrics-port", "0"], 5)
    said = [line for line in text.splitlines() if "watch failed, trying again" in line and "Failed to connect" in line]
    require(said and "stopping" in text, f"the operator against a dead API server: {code} {text}")
    require("Permission" not in text and "Read-only" not in text, f"the operator wanted to write: {text}")
    print(f"  {said[0]}")


def build_and_check(steps, work):
    build, _ = stages(steps)
    programs = array_of("PROGRAMS", SCRIPT)
    with open(work / "log", "w", encoding="utf-8") as log:
        started = time.monotonic()
        debian = Debian(work / "debian", snapshot(build, work / "tree"), log)
        print(f"  debootstrap: {time.monotonic() - started:.0f} s", flush=True)
        image = debian.build(build, "/source", "/image")
        again = [step for step in build if step != ("RUN", "tools/build_image_root.sh packages")]
        second = debian.build(again, "/elsewhere/of/another/length", "/image-again")
    check_content(image, programs)
    container = Container(image, work / "container")
    check_programs(container, programs)
    check_dead_server(container)
    check_equal(image, second)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list-only", action="store_true")
    parser.add_argument("--dockerfile", type=Path, default=TREE / "Dockerfile")
    parser.add_argument("--keep", type=Path, help="an empty or absent folder to work in, which then stays")
    arguments = parser.parse_args()
    steps = parse_dockerfile(arguments.dockerfile.read_text(encoding="utf-8"))
    check_lists(steps)
    if arguments.list_only:
        return
    require(os.geteuid() == 0, "run as root: debootstrap and chroot need it")
    require(shutil.which("debootstrap"), "no debootstrap: apt-get install debootstrap")
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        build_and_check(steps, arguments.keep)
        return
    with tempfile.TemporaryDirectory(prefix="softmigration-image-", dir="/var/tmp") as work:
        build_and_check(steps, Path(work))


if __name__ == "__main__":
    try:
        main()
    except Wrong as error:
        sys.exit(f"check_image: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"check_image: {error.cmd[0]} failed with {error.returncode}; run with --keep FOLDER and read FOLDER/log")
