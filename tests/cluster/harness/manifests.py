"""Reads manifests and applies them, definitions and namespaces first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from .api import ApiClient, Object
from .process import wait_for

Manifests = str | Path | Object | Iterable[Object]

_FIRST = {"CustomResourceDefinition": 0, "Namespace": 1, "ServiceAccount": 2, "ClusterRole": 2, "Role": 2}


def read(manifests: Manifests) -> list[Object]:
    """From a YAML text, the Path of a file or of a folder of them, one document or several."""
    if isinstance(manifests, Path):
        files = sorted(manifests.glob("*.yaml")) if manifests.is_dir() else [manifests]
        return [document for file in files for document in _parse(file.read_text(encoding="utf-8"))]
    if isinstance(manifests, str):
        return _parse(manifests)
    if isinstance(manifests, dict):
        return [manifests]
    return list(manifests)


def apply(api: ApiClient, manifests: Manifests, manager: str) -> list[Object]:
    """Server-side apply, forced, as `manager`. Waits until new definitions are served. Raises ApiError."""
    documents = sorted(read(manifests), key=lambda document: _FIRST.get(document["kind"], 9))
    applied = []
    pending: list[str] = []
    for document in documents:
        if pending and document["kind"] != "CustomResourceDefinition":
            wait_until_established(api, pending)
            pending = []
        applied.append(api.patch(api.path_of(document), document, kind="apply", manager=manager))
        if document["kind"] == "CustomResourceDefinition":
            pending.append(document["metadata"]["name"])
    wait_until_established(api, pending)
    return applied


def create_definitions(api: ApiClient, definitions: list[Object]) -> None:
    """Creates CustomResourceDefinitions, quicker than applying them. REQUIRES: none of them is there."""
    for definition in definitions:
        api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    wait_until_established(api, [definition["metadata"]["name"] for definition in definitions])


def wait_until_established(api: ApiClient, names: list[str]) -> None:
    for name in names:
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
        wait_for(lambda where=path: _is_established(api.get(where)), 20, f"definition {name} established")


def _is_established(definition: Object) -> bool:
    conditions: list[dict[str, Any]] = definition.get("status", {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def _parse(text: str) -> list[Object]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, loader) if document]
