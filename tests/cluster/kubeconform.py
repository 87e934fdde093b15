"""Manifests against the schemas of each Kubernetes that the chart is for, and of the definitions that are no part of it. Strict: a field that a
kind does not know is an error. Nothing is downloaded: tools/build_cluster.sh has the schemas."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from harness import Object, paths


def versions() -> list[str]:
    """1.29.0 and so on."""
    return sorted((folder.name.removeprefix("v") for folder in paths.schemas().iterdir()), key=lambda name: [int(part) for part in name.split(".")])


def _strict(schema: Object) -> Object:
    """As the API server prunes: of an object with properties nothing else is known, unless it says so."""
    made = dict(schema)
    if "properties" in made:
        made["properties"] = {name: _strict(one) for name, one in made["properties"].items()}
        if not made.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    if isinstance(made.get("items"), dict):
        made["items"] = _strict(made["items"])
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(made["additionalProperties"])
    if made.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def write_schemas(definitions: list[Object], folder: Path) -> None:
    """A file for each version of each kind, where `check` looks for it."""
    for definition in definitions:
        spec = definition["spec"]
        for version in spec["versions"]:
            name = f"{spec['names']['kind']}-{spec['group'].split('.')[0]}-{version['name']}".lower()
            (folder / f"{name}.json").write_text(json.dumps(_strict(version["schema"]["openAPIV3Schema"])), encoding="utf-8")


def check(manifests: str, version: str, folder: Path) -> list[Object]:
    """What kubeconform says of each object: name, kind, status (statusValid, statusInvalid, statusError) and msg."""
    places = [f"{paths.schemas()}/{{{{ .NormalizedKubernetesVersion }}}}", str(folder)]
    locations = [word for place in places for word in ("-schema-location", f"{place}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json")]
    done = subprocess.run([paths.program("kubeconform"), "-strict", "-verbose", "-output", "json", "-kubernetes-version", version, *locations, "-"],
                          input=manifests, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return list(json.loads(done.stdout)["resources"])
