"""What the source checks share: listing files and blanking comments and strings out of C++."""

import argparse
import hashlib
import os
import re
import sys
import time
from pathlib import Path

CPP = (".hpp", ".cpp")


def root_from_arguments(description):
    """The tree to check: the argument, or the repository this script stands in."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parent.parent)
    return parser.parse_args().root.resolve()


def files_below(root, folders, suffixes):
    """Files with one of the suffixes below root/<folder>, sorted; hidden folders and caches are left out."""
    for folder in folders:
        for where, subfolders, names in os.walk(root / folder):
            subfolders[:] = sorted(n for n in subfolders if not n.startswith(".") and n != "__pycache__")
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield Path(where) / name


_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')""",
    re.VERBOSE | re.DOTALL,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """C++ with comments and the insides of strings blanked; lines and columns stay where they were."""

    def replace(match):
        if match.group("comment"):
            return _blank(match.group())
        quote = match.group()[0] if not match.group("raw") else "R"
        return quote + _blank(match.group()[1:-1]) + match.group()[-1]

    return _TOKEN.sub(replace, text)


def comments_only(text):
    """The comments, everything else blanked."""
    kept, end = [], 0
    for match in _TOKEN.finditer(text):
        if match.group("comment"):
            kept.append(_blank(text[end : match.start()]) + match.group())
            end = match.end()
    return "".join(kept) + _blank(text[end:])


def finish(name, violations, checked, what="files"):
    """Prints the violations and exits: 1 for any, 1 as well where nothing was there to check."""
    for line in violations:
        print(line)
    if not checked:
        print(f"{name}: nothing to check here: wrong folder?")
        sys.exit(1)
    print(f"{name}: {checked} {what}, {len(violations)} violations")
    sys.exit(1 if violations else 0)


def cache_folder():
    """What outlives a checkout: pinned tools and results by content. $SOFTMIG_CACHE, or below the user's cache folder."""
    if os.environ.get("SOFTMIG_CACHE"):
        return Path(os.environ["SOFTMIG_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "softmigration"


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def project_includes(path, include_root, known):
    """The file and every project header it includes, directly or not. `known` remembers each file's own includes."""
    found, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        if current not in known:
            names = _INCLUDE.findall(current.read_text(encoding="utf-8"))
            candidates = [base / name for name in names for base in (include_root, current.parent)]
            known[current] = [candidate for candidate in candidates if candidate.is_file()]
        waiting += known[current]
    return sorted(found)


class PassedBefore:
    """Remembers, as empty files named by content, what passed a check; failures are never remembered."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def key(paths, *more):
        digest = hashlib.sha256()
        for part in [*more, *(path.read_bytes() for path in paths)]:
            data = part if isinstance(part, bytes) else str(part).encode()
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.hexdigest()

    def __contains__(self, key):
        path = self.folder / key
        if not path.exists():
            return False
        path.touch()
        return True

    def add(self, key):
        (self.folder / key).touch()

    def forget_older_than(self, days):
        oldest = time.time() - days * 86400
        for path in self.folder.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
