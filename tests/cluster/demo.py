#!/usr/bin/python3
"""Shows a whole migration on a real cluster.

  demo.py shift    (default) users move, a fault appears, they are taken back, the fault is fixed, they move for good
  demo.py shadow   a bridge compares both systems' answers: three differences are found, nobody is moved while they last

Ends with one line that a program can read; exit 0 only where the story happened as told.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import shadow_story  # noqa: E402
import story  # noqa: E402
from harness import Cluster, HarnessError, Options  # noqa: E402


def main() -> int:
    began = time.monotonic()
    name = sys.argv[1] if len(sys.argv) == 2 else "shift"
    if len(sys.argv) > 2 or name not in ("shift", "shadow"):
        print(__doc__, file=sys.stderr)
        return 2

    def report(line: str) -> None:
        print(line, flush=True)
    report("A real cluster starts (etcd, kube-apiserver, kube-controller-manager, Contour, Envoy, Prometheus): about 20 s.")
    figures: story.Figures | shadow_story.Figures = story.Figures()
    try:
        with Cluster(Options(name="demo", images=shadow_story.images()), report) as cluster:
            told = shadow_story.ShadowStory(cluster, report) if name == "shadow" else story.Story(cluster, report)
            figures = told.figures
            told.run()
    except (HarnessError, OSError, KeyError) as error:
        figures.result = "failed"
        print(f"demo: stopped early: {error}", file=sys.stderr)
    report(f"Everything is stopped again, {time.monotonic() - began:.0f} s after the start.")
    report(figures.line())
    return 0 if figures.result == "ok" else 1


if __name__ == "__main__":
    sys.exit(main())
