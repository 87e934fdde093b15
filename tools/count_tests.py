#!/usr/bin/env python3
"""Adds up what the test programs reported and prints `N passed, N failed[, N skipped]` as its last line.

Reads ctest's JUnit file, the JSON files GoogleTest wrote (GTEST_OUTPUT=json:FOLDER/) and pytest's JUnit file. A ctest entry
with a GoogleTest file counts by its cases, any other as one. Exits 1 where something failed or nothing ran.
Usage: count_tests.py [--ctest FILE] [--gtest FOLDER] [--pytest FILE] [--passed NAME]... [--failed NAME]...
"""

import argparse
import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Counts:
    passed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)

    def add(self, name, outcome):
        if outcome == "passed":
            self.passed += 1
        elif outcome == "skipped":
            self.skipped += 1
        else:
            self.failures.append(name)

    def line(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {len(self.failures)} failed{skipped}"

    def good(self):
        return self.passed > 0 and not self.failures


def gtest_cases(path):
    """(name, outcome) of each case of one program. Disabled cases do not appear."""
    for suite in json.loads(path.read_text(encoding="utf-8"))["testsuites"]:
        for case in suite["testsuite"]:
            if case["status"] != "RUN":
                continue
            outcome = "failed" if case.get("failures") else "skipped" if case.get("result") == "SKIPPED" else "passed"
            yield f"{suite['name']}.{case['name']}", outcome


def junit_cases(path):
    for case in ET.parse(path).iter("testcase"):
        name = "/".join(part for part in (case.get("classname"), case.get("name")) if part)
        failed = case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail"
        skipped = case.find("skipped") is not None or case.get("status") in ("notrun", "disabled")
        yield name, "failed" if failed else "skipped" if skipped else "passed"


def count_ctest(counts, junit, gtest_folder):
    """A program that failed as a whole (crash, time limit) is one failure even where its cases look well."""
    for name, outcome in junit_cases(junit):
        name = name.rsplit("/", 1)[-1]
        cases_file = gtest_folder / f"{name}.json" if gtest_folder else None
        if cases_file is None or not cases_file.exists():
            counts.add(name, outcome)
            continue
        cases = list(gtest_cases(cases_file))
        for case, case_outcome in cases:
            counts.add(f"{name}: {case}", case_outcome)
        if outcome == "failed" and all(o != "failed" for _, o in cases):
            counts.add(f"{name}: the program itself", "failed")


def count(arguments):
    counts = Counts()
    for path, reader in ((arguments.ctest, "ctest"), (arguments.pytest, "pytest")):
        if path is None:
            continue
        if not path.exists():
            counts.add(f"{reader} left no report", "failed")
        elif reader == "ctest":
            count_ctest(counts, path, arguments.gtest)
        else:
            for name, outcome in junit_cases(path):
                counts.add(name, outcome)
    for name in arguments.passed:
        counts.add(name, "passed")
    for name in arguments.failed:
        counts.add(name, "failed")
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ctest", type=Path)
    parser.add_argument("--gtest", type=Path)
    parser.add_argument("--pytest", type=Path)
    parser.add_argument("--passed", action="append", default=[], help="something else that passed, by name")
    parser.add_argument("--failed", action="append", default=[], help="something else that failed, by name")
    counts = count(parser.parse_args())
    for name in counts.failures:
        print(f"FAILED {name}")
    print(counts.line())
    sys.exit(0 if counts.good() else 1)


if __name__ == "__main__":
    main()
