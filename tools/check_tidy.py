#!/usr/bin/env python3
"""Runs the pinned clang-tidy over operator/**/*.cpp with the compile commands of a build.

What passed is remembered outside the tree by content (the file, the project headers it includes, .clang-tidy, the flags), so
that a second run takes seconds. Usage: check_tidy.py [--build FOLDER] [--jobs N] [root]
"""

import argparse
import json
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checklib import PassedBefore, cache_folder, files_below, finish, project_includes

VERSION = "23.1.4"  # of the wheel of that number
SECONDS_A_FILE = 600


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", type=Path, default=None, help="a build folder with compile_commands.json (default: build/dev)")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def tool_or_exit():
    tool = cache_folder() / "venv" / "bin" / "clang-tidy"
    said = ""
    if tool.exists():
        said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    if f"version {VERSION}" not in said:
        print(f"tidy: need clang-tidy {VERSION} at {tool}. Run: tools/install_dependencies.sh --tools")
        sys.exit(1)
    return tool


def flags_by_file(build):
    """file -> compile flags, with what differs between build folders and checkouts left out."""
    path = build / "compile_commands.json"
    if not path.exists():
        print(f"tidy: no {path}: configure the build first (make build)")
        sys.exit(1)
    flags = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        words = shlex.split(entry["command"]) if "command" in entry else entry["arguments"]
        kept = [w for w in words[1:] if w.startswith(("-D", "-std", "-O", "-f", "-W"))]
        flags[Path(entry["file"]).resolve()] = kept
    return flags


def run_tidy(tool, build, path):
    """What clang-tidy found, "" for nothing."""
    command = [tool, "--quiet", "-p", build, path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_A_FILE, check=False)
    except subprocess.TimeoutExpired:
        return f"{path}: clang-tidy did not end within {SECONDS_A_FILE} s"
    if done.returncode == 0 and "error:" not in done.stdout:
        return ""
    return done.stdout.strip() or done.stderr.strip() or f"{path}: clang-tidy ended with {done.returncode}"


def main():
    arguments = parse_arguments()
    root = arguments.root.resolve()
    build = (arguments.build or root / "build" / "dev").resolve()
    tool, flags = tool_or_exit(), flags_by_file(build)
    settings = (root / ".clang-tidy").read_bytes()
    passed, known, ran = PassedBefore(cache_folder() / "tidy"), {}, []

    def check(path):
        if path not in flags:
            return f"{path.relative_to(root)}: not part of the build in {build}: configure it again"
        key = PassedBefore.key(project_includes(path, root / "operator", known), VERSION, settings, flags[path])
        if key in passed:
            return ""
        start = time.monotonic()
        problem = run_tidy(tool, build, path)
        ran.append(path)
        print(f"tidy: {path.relative_to(root)} {time.monotonic() - start:.0f} s{' FAILED' if problem else ''}", flush=True)
        if not problem:
            passed.add(key)
        return problem

    sources = list(files_below(root, ["operator"], (".cpp",)))
    with ThreadPoolExecutor(arguments.jobs) as pool:
        problems = [problem for problem in pool.map(check, sources) if problem]
    passed.forget_older_than(60)
    print(f"tidy: {len(ran)} of {len(sources)} files had changed since they last passed")
    finish("tidy", problems, len(sources))


if __name__ == "__main__":
    main()
