"""Finds the commands in the project's pages: in code blocks, and in sentences where they stand between backticks."""

from __future__ import annotations

import itertools
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from harness import paths

_PROGRAMS = ("kubectl", "helm", "make", "cmake", "ctest", "install", "softmigration-operator", "softmigration-agent", "softmigration-judge",
             "softmigration-sim", "kubectl-softmigration", "judgement", "build/release/test-programs/api_conformance", "tests/bench/bench.py",
             "tests/cluster/cluster.py", "tools/install_dependencies.sh", "tools/build_cluster.sh", "tools/run_fuzzers.sh",
             "tools/write_api_reference.py")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
_INDENTED = re.compile(r"(?:^    \S.*\n)+", re.M)
_INLINE = re.compile(r"`([^`\n]+)`")
_SETS = re.compile(r"[A-Z_]+=")
# Of "sh" each line is a command, of no language a command or an output.
_SPOKEN = {"sh", ""}


@dataclass(frozen=True)
class Command:
    page: Path
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(paths.REPOSITORY)}:{self.line}: {shlex.join(self.words)}"


def _words(text: str, known: bool = True) -> list[tuple[str, ...]]:
    """The commands of one line: without prompt, comment and variables, `a && b` as two. With `known` nothing but programs of ours."""
    text = text.strip().removeprefix("$ ")
    try:
        split = shlex.split(text, comments=True)
    except ValueError:
        return []
    found: list[tuple[str, ...]] = [()]
    for word in split:
        found = [*found, ()] if word == "&&" else [*found[:-1], (*found[-1], word)]
    plain = [tuple(itertools.dropwhile(_SETS.match, words)) for words in found]
    return [words for words in plain if words and (not known or words[0] in _PROGRAMS)]


def in_page(page: Path) -> list[Command]:
    text = page.read_text(encoding="utf-8")
    found: list[Command] = []

    def take(start: int, lines: str, known: bool = True) -> None:
        first = text.count("\n", 0, start) + 1
        for offset, line in enumerate(lines.splitlines()):
            found.extend(Command(page, first + offset, words) for words in _words(line, known))

    prose = text
    for block in _BLOCK.finditer(text):
        if block.group(1) in _SPOKEN:
            take(block.start(2), block.group(2), known=block.group(1) != "sh")
        prose = prose.replace(block.group(0), "\n" * block.group(0).count("\n"))
    for block in _INDENTED.finditer(prose):
        take(text.index(block.group(0)), block.group(0))
    for number, line in enumerate(prose.splitlines(), 1):
        for inline in _INLINE.finditer(line):
            # A name alone, as in "`kubectl` shows", is no command.
            found.extend(Command(page, number, words) for words in _words(inline.group(1)) if len(words) > 1)
    return found


@dataclass(frozen=True)
class Script:
    """Lines that belong together: a block of the language bash. A test of its own runs them as they stand."""
    page: Path
    heading: str
    text: str


def scripts(page: Path) -> list[Script]:
    text = page.read_text(encoding="utf-8")
    found = []
    for block in _BLOCK.finditer(text):
        if block.group(1) == "bash":
            heading = re.findall(r"^#+ (.*)$", text[:block.start()], re.M)[-1]
            found.append(Script(page, heading, block.group(2)))
    return found


def pages() -> list[Path]:
    """All but what changed, which is no instruction, and what lies in folders of builds."""
    found = [page.relative_to(paths.REPOSITORY) for page in paths.REPOSITORY.rglob("*.md")]
    ours = [page for page in found if not any(part == "build" or part.startswith(".") for part in page.parts)]
    return sorted(paths.REPOSITORY / page for page in ours if page.name != "CHANGELOG.md")


def everywhere() -> list[Command]:
    return [command for page in pages() for command in in_page(page)]
