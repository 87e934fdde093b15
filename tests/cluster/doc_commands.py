"""Finds the commands in the project's pages: in code blocks, and in sentences where they stand between backticks."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from harness import paths

_PROGRAMS = ("kubectl", "helm", "make", "cmake", "install", "softmigration-operator", "softmigration-agent", "softmigration-judge",
             "softmigration-sim", "kubectl-softmigration", "tests/bench/bench.py", "tests/cluster/cluster.py", "tools/install_dependencies.sh",
             "tools/build_cluster.sh", "tools/write_api_reference.py")
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
_INDENTED = re.compile(r"(?:^    \S.*\n)+", re.M)
_INLINE = re.compile(r"`([^`\n]+)`")
_SPOKEN = {"sh", ""}


@dataclass(frozen=True)
class Command:
    page: Path
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(paths.REPOSITORY)}:{self.line}: {shlex.join(self.words)}"


def _words(text: str) -> list[tuple[str, ...]]:
    """The commands of one line: without prompt and comment, `a && b` as two. Nothing where it is no command of ours."""
    text = text.strip().removeprefix("$ ")
    try:
        split = shlex.split(text, comments=True)
    except ValueError:
        return []
    found: list[tuple[str, ...]] = [()]
    for word in split:
        found = [*found, ()] if word == "&&" else [*found[:-1], (*found[-1], word)]
    return [words for words in found if words and words[0] in _PROGRAMS]


def in_page(page: Path) -> list[Command]:
    text = page.read_text(encoding="utf-8")
    found: list[Command] = []

    def take(start: int, lines: str) -> None:
        first = text.count("\n", 0, start) + 1
        for offset, line in enumerate(lines.splitlines()):
            found.extend(Command(page, first + offset, words) for words in _words(line))

    prose = text
    for block in _BLOCK.finditer(text):
        if block.group(1) in _SPOKEN:
            take(block.start(2), block.group(2))
        prose = prose.replace(block.group(0), "\n" * block.group(0).count("\n"))
    for block in _INDENTED.finditer(prose):
        take(text.index(block.group(0)), block.group(0))
    for number, line in enumerate(prose.splitlines(), 1):
        for inline in _INLINE.finditer(line):
            # A name alone, as in "`kubectl` shows", is no command.
            found.extend(Command(page, number, words) for words in _words(inline.group(1)) if len(words) > 1)
    return found


def pages() -> list[Path]:
    root = paths.REPOSITORY
    names = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md", "docs/runbooks/*.md", "charts/*/README.md", "examples/*/README.md",
             "tests/cluster/README.md", "tests/bench/README.md"]
    return sorted(page for name in names for page in root.glob(name))


def everywhere() -> list[Command]:
    return [command for page in pages() for command in in_page(page)]
