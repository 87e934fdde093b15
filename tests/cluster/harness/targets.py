"""Tells Prometheus which pods to scrape, by the annotations people use in real clusters.

Debian's Prometheus is built without Kubernetes discovery, so the pod runner writes a file that Prometheus watches
(file_sd). Annotations: prometheus.io/scrape "true", prometheus.io/port, prometheus.io/path. The pod's labels, its
namespace and its name ("pod") become labels of every sample, as the usual relabelling rules do it.
"""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

from .api import Object

FILE_NAME = "targets.json"


class Targets:
    """Thread-safe."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE_NAME
        self._lock = threading.Lock()
        self._groups: dict[str, Object] = {}
        self._write()

    def add(self, pod: Object, address: str) -> None:
        """Does nothing for a pod that does not ask for it."""
        metadata = pod["metadata"]
        annotations = metadata.get("annotations") or {}
        if annotations.get("prometheus.io/scrape") != "true":
            return
        labels = {re.sub(r"[^a-zA-Z0-9_]", "_", name): value for name, value in (metadata.get("labels") or {}).items()}
        labels.update(namespace=metadata["namespace"], pod=metadata["name"],
                      __metrics_path__=annotations.get("prometheus.io/path", "/metrics"))
        port = annotations.get("prometheus.io/port", "80")
        with self._lock:
            self._groups[metadata["uid"]] = {"targets": [f"{address}:{port}"], "labels": labels}
            self._write()

    def remove(self, uid: str) -> None:
        with self._lock:
            if self._groups.pop(uid, None):
                self._write()

    def _write(self) -> None:
        scratch = self._path.with_suffix(".new")
        scratch.write_text(json.dumps(list(self._groups.values())), encoding="utf-8")
        scratch.replace(self._path)
