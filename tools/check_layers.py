#!/usr/bin/env python3
"""Holds the #include lines of operator/ to the layer table.

Three rules: a folder includes only the folders below it; pure folders include nothing that does I/O, waits or locks;
a third-party library is included only by the folders that own it.
Usage: check_layers.py [root]
"""

import re

from checklib import CPP, code_only, files_below, finish, root_from_arguments

HTTP_VALUES = "http/message.hpp"  # requests and responses as values, without the means to send them

# folder -> folders (or single headers) it may include besides itself. The longest folder name that matches a file counts.
LAYERS = {
    "base": [],
    "http": ["base"],
    "kube/core": ["base", HTTP_VALUES],
    "kube/client": ["base", "http", "kube/core"],
    "kube/runtime": ["base", "http", "kube/core", "kube/client"],
    "model": ["base"],
    "analysis": ["base", "model"],
    "compare": ["base", "model", "analysis", HTTP_VALUES],
    "judge": ["base", "model", "analysis"],
    "decide": ["base", "model", "analysis"],
    "routers": ["base", "model", "kube/core"],
    "providers": ["base", "model", HTTP_VALUES],
    "audit": ["base", "model"],
    "ledger": ["base", "model"],
    "bridge": ["base", "http", "model", "compare", "ledger"],
    "bridge/envoy": ["base", "model"],
    "reconcile": ["base", "http", "kube/core", "kube/client", "kube/runtime", "model", "analysis", "decide", "routers", "providers",
                  "audit", "ledger", "compare", "bridge/envoy"],
    "view": ["base", "model", "analysis", "compare/whole_spec.hpp", "decide/reasons.hpp", "audit", "ledger"],
    "lint": ["base", "model", "analysis", "compare/whole_spec.hpp", "providers/counter_query.hpp", "routers"],
    "simulate": ["base", "model", "analysis", "decide", "view/paint.hpp", "view/table.hpp"],
    "cli": ["base", "model", "judge", "view", "lint", "simulate", "compare/whole_spec.hpp", "kube/core", "kube/client", "http"],
    "agent/capture": ["base", HTTP_VALUES, "compare"],
    "agent": ["base", "http", "kube/core", "kube/client", "kube/runtime", "model", "compare", "agent/capture"],
    "dashboard": ["base", "view", "kube/core", "kube/client", "http"],
    "app": ["*"],
}

PURE = ("kube/core", "model", "analysis", "decide", "routers", "providers", "compare", "bridge/envoy", "agent/capture", "view", "lint",
        "simulate")
IMPURE_HEADERS = {"thread", "mutex", "shared_mutex", "condition_variable", "future", "fstream", "iostream", "filesystem", "random",
                  "cstdio", "base/log.hpp", "base/mutex.hpp"}

# start of an include path -> folders that may use it
OWNERS = {
    "cpprest/": ["http"], "pplx/": ["http"], "boost/multiprecision/": ["compare"], "boost/": ["http"],
    "openssl/": ["http", "providers", "compare"],  # providers: only to sign requests; compare: only for digests
    "re2/": ["compare"], "brotli/": ["compare"], "zlib.h": ["compare"],
    "yaml-cpp/": ["kube/client", "cli"], "simdjson.h": ["kube/core", "compare"],
    "spdlog/": ["base"],
    "prometheus/": ["kube/runtime", "reconcile", "agent", "app"], "grpcpp/": ["agent"],
    "CLI/": ["app", "cli", "judge", "agent"],
    "fmt/": ["*"], "nlohmann/": ["*"],
}
POSIX = re.compile(r"^((sys|netinet|arpa|linux|net)/)?[a-z0-9_]+\.h$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def folder_of(path):
    """The layer a path below operator/ belongs to, None where the table does not know it."""
    fitting = [layer for layer in LAYERS if path.startswith(layer + "/")]
    return max(fitting, key=len) if fitting else None


def check_project_include(layer, included):
    other = folder_of(included)
    allowed = LAYERS[layer]
    if other is None:
        return f'"{included}" is in no layer: add its folder to the table'
    if other == layer or "*" in allowed or other in allowed or included in allowed:
        return None
    return f'{layer}/ may not include "{included}" (allowed: {", ".join(allowed) or "nothing"})'


def check_foreign_include(layer, included):
    for start, owners in OWNERS.items():
        if included.startswith(start):
            return None if "*" in owners or layer in owners else f"<{included}> belongs to {', '.join(owners)} only"
    if "/" not in included and "." not in included:
        return None
    if POSIX.match(included):
        return f"<{included}> is an operating-system header in pure {layer}/" if layer in PURE else None
    return f"<{included}> is of a library that the table does not know"


def check_include(layer, quoted, angled):
    included = quoted or angled
    if layer in PURE and included in IMPURE_HEADERS:
        return f"{layer}/ is pure and may not include {included}"
    return check_project_include(layer, included) if quoted else check_foreign_include(layer, included)


def includes_of(text):
    """(line number, quoted path or "", angled path or "") of each include that is not in a comment."""
    code = code_only(text)
    for match in INCLUDE.finditer(text):
        if code[match.start() : match.end()].strip().startswith("#"):
            yield text.count("\n", 0, match.start()) + 1 + match.group().count("\n"), match.group(1) or "", match.group(2) or ""


def check(root):
    violations, checked = [], 0
    for path in files_below(root, ["operator"], CPP):
        name = path.relative_to(root / "operator").as_posix()
        layer = folder_of(name)
        checked += 1
        if layer is None:
            violations.append(f"operator/{name}:1: this folder is in no layer: add it to the table in tools/check_layers.py")
            continue
        for line, quoted, angled in includes_of(path.read_text(encoding="utf-8")):
            problem = check_include(layer, quoted, angled)
            if problem:
                violations.append(f"operator/{name}:{line}: {problem}")
    return violations, checked


if __name__ == "__main__":
    finish("layers", *check(root_from_arguments(__doc__)))
