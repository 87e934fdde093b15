"""Which local program stands for a container image, and how a container's fields become its command line.

The mapping is a JSON object. A key is an image, a name without registry and tag, or a pattern ("*/payments:*");
the longest key that matches wins. A value is a list, the image's entry point, or an object
  {"argv": [...], "append": [...], "env": {...}}
where `append` follows the container's own args (it can override them). $(NAME) is replaced by environment variables.
All pods share one network namespace, so a program must listen on $(POD_IP), never on 0.0.0.0.
"""

from __future__ import annotations

import fnmatch
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .api import ApiClient, ApiError, Object
from .control_plane import API_PORT
from .netns import HOST_ADDRESS

_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


class UnknownImage(Exception):
    """No program is mapped to the image."""


@dataclass(frozen=True)
class Image:
    argv: list[str]
    append: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


def find_image(mapping: Path, name: str) -> Image:
    """The file is read each time, so a test may add images while the runner runs. Raises UnknownImage."""
    try:
        images = json.loads(mapping.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnknownImage(f"{mapping}: {error}") from error
    short = name.rpartition("/")[2].partition("@")[0]
    candidates = {name, short, short.partition(":")[0]}
    keys = [key for key in images if any(fnmatch.fnmatchcase(candidate, key) for candidate in candidates)]
    if not keys:
        raise UnknownImage(f'no program is mapped to image "{name}" in {mapping}')
    value = images[max(keys, key=len)]
    return Image(value) if isinstance(value, list) else Image(value["argv"], value.get("append", []), value.get("env", {}))


def command_line(image: Image, container: Object, env: dict[str, str]) -> list[str]:
    """Entry point, args, appended args. Of a container's `command` the program itself stays the image's."""
    argv = [*image.argv, *container.get("command", [])[1:], *container.get("args", []), *image.append]
    return [expand(word, env) for word in argv]


def expand(text: str, env: dict[str, str]) -> str:
    return _REFERENCE.sub(lambda match: env.get(match[1], match[0]), text)


def environment(api: ApiClient, pod: Object, container: Object, address: str) -> dict[str, str]:
    """What the container sees: a few variables of our own, then the pod's. Raises ApiError for a missing reference."""
    metadata = pod["metadata"]
    ports = container.get("ports") or [{}]
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "HOSTNAME": metadata["name"],
        "POD_IP": address, "POD_NAME": metadata["name"], "POD_NAMESPACE": metadata["namespace"],
        "PORT": str(ports[0].get("containerPort", "")),
        "KUBERNETES_SERVICE_HOST": HOST_ADDRESS, "KUBERNETES_SERVICE_PORT": str(API_PORT),
    }
    for source in container.get("envFrom", []):
        env.update(_all_from(api, metadata["namespace"], source))
    for variable in container.get("env", []):
        if "valueFrom" in variable:
            env[variable["name"]] = _value_from(api, pod, variable["valueFrom"], address)
        else:
            env[variable["name"]] = expand(variable.get("value", ""), env)
    return env


def _all_from(api: ApiClient, namespace: str, source: Object) -> dict[str, str]:
    if "configMapRef" not in source:
        return {}
    config = api.get(f"/api/v1/namespaces/{namespace}/configmaps/{source['configMapRef']['name']}")
    return dict(config.get("data") or {})


def _value_from(api: ApiClient, pod: Object, source: Object, address: str) -> str:
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"], address)
    if "configMapKeyRef" in source:
        reference = source["configMapKeyRef"]
        config: dict[str, Any] = api.get(f"/api/v1/namespaces/{pod['metadata']['namespace']}/configmaps/{reference['name']}")
        value = (config.get("data") or {}).get(reference["key"])
        if value is None and not reference.get("optional"):
            raise ApiError("GET", reference["name"], 404, {"message": f"no key {reference['key']}"})
        return value or ""
    return ""


def _field(pod: Object, path: str, address: str) -> str:
    if path in ("status.podIP", "status.podIPs"):
        return address
    if path in ("status.hostIP", "status.hostIPs"):
        return HOST_ADDRESS
    if path == "spec.nodeName":
        return "local"
    part, _, rest = path.partition(".")
    if match := re.fullmatch(r"(labels|annotations)\['(.+)'\]", rest):
        return str((pod[part].get(match[1]) or {}).get(match[2], ""))
    return str(pod.get(part, {}).get(rest, ""))
