"""Reads tests/unit/model/spec_cases.json: the specs that ParseWholeSpec and the API server must judge alike."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

CASES_FILE = Path(__file__).resolve().parents[1] / "unit" / "model" / "spec_cases.json"


def patched(document: Any, patch: list[dict[str, Any]]) -> Any:
    """The document after the `add` and `remove` operations of an RFC 6902 patch (the only ones the table uses)."""
    document = copy.deepcopy(document)
    for operation in patch:
        *parents, last = operation["path"].removeprefix("/").split("/")
        place = document
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place[name]
        if operation["op"] == "remove":
            del place[int(last) if isinstance(place, list) else last]
        elif isinstance(place, list):
            place.insert(int(last), operation["value"])
        else:
            place[last] = operation["value"]
    return document


def load() -> list[dict[str, Any]]:
    """Each case with its whole `spec`."""
    table = json.loads(CASES_FILE.read_text())
    return [{**case, "spec": patched(table["base"], case["patch"])} for case in table["cases"]]


def migration(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "softmigration.io/v1alpha1", "kind": "SoftMigration", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def complains_at(body: dict[str, Any], path: str) -> bool:
    """Whether an error answer names the field: as a cause, or in words where strict decoding found it unknown."""
    causes = (body.get("details") or {}).get("causes") or []
    return any(cause.get("field") == path for cause in causes) or f'unknown field "{path}"' in body.get("message", "")
