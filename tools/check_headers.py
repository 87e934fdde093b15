#!/usr/bin/env python3
"""Each header of operator/ compiles alone, so it includes what it uses.

Usage: check_headers.py [--cache FOLDER] [--jobs N] [root]. What passed is remembered in FOLDER by content.
"""

import argparse
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checklib import PassedBefore, files_below, finish, project_includes

FLAGS = ["-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-DBOOST_BIND_GLOBAL_PLACEHOLDERS"]


def compile_alone(compiler, include_root, header):
    """What the compiler says, "" where it is content. Included twice: #pragma once must hold."""
    name = header.relative_to(include_root).as_posix()
    source = f'#include "{name}"\n#include "{name}"\n'
    command = [compiler, *FLAGS, f"-I{include_root}", "-x", "c++", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, timeout=300, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or f"{compiler} ended with {done.returncode}"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--compiler", default="g++")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    root = arguments.root.resolve()
    include_root = root / "operator"
    headers = list(files_below(root, ["operator"], (".hpp",)))
    version = subprocess.run([arguments.compiler, "--version"], capture_output=True, text=True, check=True).stdout
    passed = PassedBefore(arguments.cache or root / "build" / "header-check")
    known = {}

    def check(header):
        key = PassedBefore.key(project_includes(header, include_root, known), version, FLAGS, header.relative_to(root))
        if key in passed:
            return ""
        problem = compile_alone(arguments.compiler, include_root, header)
        if not problem:
            passed.add(key)
        return problem

    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(check, headers))
    passed.forget_older_than(60)
    violations = [f"{h.relative_to(root)}: does not compile alone\n{p}" for h, p in zip(headers, results) if p]
    finish("headers", violations, len(headers), "headers")


if __name__ == "__main__":
    main()
