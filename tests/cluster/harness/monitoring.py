"""Prometheus, scraping Envoy and the pods that ask for it (targets.py)."""

from __future__ import annotations

import json
from pathlib import Path

from . import gateway, paths, targets
from .netns import HOST_ADDRESS, Namespace
from .process import Process

PROMETHEUS_PORT = 9090


def prometheus(state: Path, namespace: Namespace, interval: str) -> Process:
    """`interval`: how often targets are scraped, such as "1s"."""
    path = state / "prometheus.yaml"
    path.write_text(json.dumps(_configuration(state, interval)), encoding="utf-8")
    return Process("prometheus", [
        paths.program("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={state / 'prometheus'}",
        f"--web.listen-address={HOST_ADDRESS}:{PROMETHEUS_PORT}", "--log.level=warn",
    ], state, namespace)


def _configuration(state: Path, interval: str) -> dict[str, object]:
    return {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "scrape_configs": [
            {"job_name": "envoy", "metrics_path": "/stats/prometheus",
             "static_configs": [{"targets": [f"{HOST_ADDRESS}:{gateway.STATS_PORT}"]}]},
            {"job_name": "pods", "file_sd_configs": [{"files": [str(state / targets.FILE_NAME)], "refresh_interval": "1s"}]},
        ],
    }
