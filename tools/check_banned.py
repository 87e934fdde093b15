#!/usr/bin/env python3
"""Calls and constructs that the project does not use, and the length of files.

Exceptions stand in tools/banned_allow.txt with their reasons. Usage: check_banned.py [root]
"""

import re
from dataclasses import dataclass, field

from checklib import CPP, code_only, comments_only, files_below, finish, root_from_arguments

MAX_LINES = 450
OPERATOR, TESTS, EXAMPLES = "operator/", "tests/", "examples/"
EVERYWHERE = (OPERATOR, TESTS, EXAMPLES)


@dataclass(frozen=True)
class Rule:
    name: str
    pattern: re.Pattern
    advice: str
    where: tuple = EVERYWHERE
    not_in: tuple = ()
    headers_only: bool = False
    in_comments: bool = False


def rule(name, pattern, advice, **more):
    return Rule(name, re.compile(pattern), advice, **more)


RULES = [
    rule("clock", r"\b(system_clock|steady_clock|high_resolution_clock)::now\b|\bgettimeofday\b|\bclock_gettime\b"
                  r"|(?<![\w.>])time\(\s*(nullptr|NULL|0)\s*\)",
         "take base::Clock, or `now` as an argument", where=(OPERATOR,)),
    rule("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>])sleep\s*\(",
         "wait on a condition_variable with a deadline", where=(OPERATOR, "tests/unit/", "tests/property/", "tests/scenario/",
                                                                "tests/golden/", "tests/conformance/")),
    rule("random", r"(?<![\w.>])(std::)?s?rand\s*\(|\brandom_device\b", "take the seed as an argument",
         where=(OPERATOR,), not_in=("operator/base/", "operator/app/")),
    rule("regex", r"\bstd::w?regex\b|#\s*include\s*<regex>", "parse by hand: std::regex is slow and overflows the stack"),
    rule("using-namespace", r"\busing\s+namespace\b", "name what is used", headers_only=True),
    rule("console", r"\bstd::(cout|cerr|clog)\b|(?<![\w.>])(std::)?(printf|fprintf|puts|fputs|putchar)\s*\(",
         "take base::Log; only programs print", where=(OPERATOR,), not_in=("operator/app/", "operator/cli/")),
    # `unique_ptr<T>(new T(…))` is how a factory calls a private constructor.
    rule("raw-new", r"(?<!>\()\bnew\b(?=\s*[\w:(])|\bdelete\b(?!\s*;)(?=\s*(\[\s*\]|[\w:(*]))", "std::make_unique or a container",
         where=(OPERATOR, EXAMPLES)),
    rule("json-in-header", r"#\s*include\s*<nlohmann/json\.hpp>", "include <nlohmann/json_fwd.hpp>", where=(OPERATOR,),
         headers_only=True),
    rule("detach", r"(\.|->)detach\s*\(", "a thread is joined by the object that started it"),
    rule("exit", r"\bstd::(exit|quick_exit|_Exit|abort|terminate)\s*\(", "return an error",
         where=(OPERATOR,), not_in=("operator/app/",)),
    rule("environment", r"\b(secure_)?(getenv|setenv|putenv|unsetenv)\s*\(", "main reads the environment and passes it on",
         where=(OPERATOR,), not_in=("operator/app/",)),
    rule("plain-enum", r"\benum\s+(?!class\b)\w", "enum class"),
    rule("todo", r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))", "name the issue: TODO(#12)", in_comments=True),
    rule("nolint", r"NOLINT(?!\w*\([\w.,\- ]+\): \w)(?!END)", "name the check and the reason: NOLINT(check): why",
         in_comments=True),
]


@dataclass
class Allowed:
    reasons: dict = field(default_factory=dict)
    used: set = field(default_factory=set)
    broken: list = field(default_factory=list)

    def excuses(self, name, rule_name):
        if (name, rule_name) not in self.reasons:
            return False
        self.used.add((name, rule_name))
        return True


def read_allowed(root):
    allowed = Allowed()
    path = root / "tools" / "banned_allow.txt"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else [], 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3 or not all(parts):
            allowed.broken.append(f"tools/banned_allow.txt:{number}: want `file | rule | why`")
            continue
        allowed.reasons[(parts[0], parts[1])] = parts[2]
    return allowed


def applies(rule_, name):
    if rule_.headers_only and not name.endswith(".hpp"):
        return False
    return name.startswith(rule_.where) and not (rule_.not_in and name.startswith(rule_.not_in))


def check_file(name, text, allowed):
    if text.count("\n") > MAX_LINES and not allowed.excuses(name, "length"):
        yield f"{name}:1: [length] {text.count(chr(10))} lines, at most {MAX_LINES}: split it"
    if name.endswith(".hpp") and "#pragma once" not in text and not allowed.excuses(name, "pragma-once"):
        yield f"{name}:1: [pragma-once] a header starts with #pragma once"
    code, comments = code_only(text), comments_only(text)
    for rule_ in RULES:
        if not applies(rule_, name):
            continue
        searched = comments if rule_.in_comments else code
        for match in rule_.pattern.finditer(searched):
            if not allowed.excuses(name, rule_.name):
                line = searched.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: [{rule_.name}] `{match.group().strip()}`: {rule_.advice}"


def check(root):
    allowed = read_allowed(root)
    violations, checked = [], 0
    for path in files_below(root, [where.rstrip("/") for where in EVERYWHERE], CPP):
        checked += 1
        violations += check_file(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"), allowed)
    for name, rule_name in sorted(set(allowed.reasons) - allowed.used):
        violations.append(f"tools/banned_allow.txt: {name} no longer needs its exception for [{rule_name}]: drop the line")
    return violations + allowed.broken, checked


if __name__ == "__main__":
    finish("banned", *check(root_from_arguments(__doc__)))
