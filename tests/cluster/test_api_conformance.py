"""The suite that the fake API server passes, against the real one: what the simulator believes is so."""

from __future__ import annotations

import json
import os
from pathlib import Path

from harness import Cluster, paths

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = "/apis/softmigration.io/v1alpha1/softmigrations"


def suite() -> Path:
    """tests/api_conformance, of $SOFTMIG_BUILD or the newest build."""
    explicit = os.environ.get("SOFTMIG_BUILD")
    folders = [Path(explicit)] if explicit else list((ROOT / "build").glob("*"))
    found = [folder / "test-programs" / "api_conformance" for folder in folders]
    found = [program for program in found if os.access(program, os.X_OK)]
    assert found, "api_conformance is not built; build it with cmake --preset release && cmake --build --preset release"
    return max(found, key=lambda program: program.stat().st_mtime)


def test_the_real_server_passes_the_suite_of_the_fake(api_cluster: Cluster, tmp_path: Path) -> None:
    api_cluster.apply(paths.REPOSITORY / "crds")
    api_cluster.wait_for(lambda: api_cluster.api.find(MIGRATIONS), 30, "the SoftMigration API is served")
    report = tmp_path / "report.json"
    done = api_cluster.execute([str(suite()), f"--gtest_output=json:{report}"], timeout=600,
                               env={"SOFTMIG_API_KUBECONFIG": str(api_cluster.kubeconfig())})
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    told = json.loads(report.read_text(encoding="utf-8"))
    tests = [test for group in told["testsuites"] for test in group["testsuite"]]
    assert len(tests) >= 70, "the suite has shrunk"
    assert told["failures"] == 0 and told["errors"] == 0 and told["disabled"] == 0
    assert all(test["result"] == "COMPLETED" for test in tests), [test["name"] for test in tests if test["result"] != "COMPLETED"]
