"""What the plugin says without a cluster, held to what kubectl and a real API server do."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from harness import paths

EXAMPLE = paths.REPOSITORY / "examples" / "payments" / "softmigration.yaml"


def plugin(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([paths.built("kubectl-softmigration"), *arguments], input=stdin, capture_output=True, text=True, timeout=60,
                          check=False, env={})


def test_lint_finds_what_is_wrong_and_where(tmp_path: Path) -> None:
    clean = plugin("lint", "-f", str(EXAMPLE), "-o", "json")
    assert clean.returncode == 0 and json.loads(clean.stdout)["summary"]["errors"] == 0, clean
    broken = tmp_path / "broken.yaml"
    broken.write_text(EXAMPLE.read_text(encoding="utf-8").replace("{weight: 25, hold: 6s}", "{weight: 5, hold: soon}"), encoding="utf-8")
    found = plugin("lint", "-f", str(broken), "-f", str(EXAMPLE))
    assert found.returncode == 1, found
    line = broken.read_text(encoding="utf-8").splitlines().index("      - {weight: 5, hold: soon}") + 1
    assert f"{broken}:{line}:21: error: shop/payments spec.plan.shift.steps[1].hold" in found.stdout, found.stdout
    assert f"{broken}:{line}:10: error: shop/payments spec.plan.shift.steps[1].weight" in found.stdout, found.stdout
    sarif = json.loads(plugin("lint", "-f", "-", "-o", "sarif", stdin=broken.read_text(encoding="utf-8")).stdout)
    places = [result["locations"][0]["physicalLocation"] for result in sarif["runs"][0]["results"]]
    assert {"artifactLocation": {"uri": "stdin"}, "region": {"startLine": line, "startColumn": 21}} in places, places


def test_lint_takes_warnings_for_errors_where_asked_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    slow = ("lint", "-f", str(EXAMPLE), "--requests", "1")
    assert plugin(*slow).returncode == 0 and plugin(*slow, "--strict").returncode == 1
    for wrong in (("lint",), ("lint", "-f", str(tmp_path / "nothing")), ("lint", "-f", str(tmp_path)), ("lint", "-f", "-", "--requests", "0")):
        done = plugin(*wrong)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done


def test_simulate_plays_the_example_through_an_incident(tmp_path: Path) -> None:
    well = json.loads(plugin("simulate", "-f", str(EXAMPLE), "--requests", "500", "--legacy-bad", "0.001", "-o", "json").stdout)
    assert [step["weight"] for step in well["simulations"][0]["steps"]] == [10, 25, 50, 100], well
    assert well["simulations"][0]["phase"] == "Complete" and well["simulations"][0]["users"][0]["bad"] > 0
    trace = tmp_path / "incident.csv"
    trace.write_text("time,requests,legacy_bad,target_bad\n0s,500,0.001,0.001\n15s,,,0.3\n", encoding="utf-8")
    shown = plugin("simulate", "-f", str(EXAMPLE), "--trace", str(trace))
    assert shown.returncode == 0 and "shop/payments  RolledBack after" in shown.stdout and "MetricBreached" in shown.stdout, shown
    assert plugin("simulate", "-f", str(EXAMPLE), "--trace", str(trace)).stdout == shown.stdout, "the same input gives the same bytes"
    trace.write_text("time,requests\n0s,many\n", encoding="utf-8")
    for code, arguments in ((2, ("--trace", str(trace))), (2, ("--trace", str(tmp_path / "nothing"))), (2, ("--for", "0s")), (1, ("--for", "99999h"))):
        wrong = plugin("simulate", "-f", str(EXAMPLE), *arguments)
        assert wrong.returncode == code and wrong.stdout == "" and wrong.stderr.startswith("error: ") and wrong.stderr.count("\n") == 1, wrong


def test_scalars_are_read_as_kubectl_reads_them(tmp_path: Path) -> None:
    words = ["yes", "no", "on", "off", "y", "n", "true", "Null", "~", "010", "0x1f", "0o17", "0b101", "1_000", "1_0.5", "-5", "+5", "10.0", "1e3",
             "0.01", ".5", "90s", "1h30m", "1.2.3", "2026-01-01", "1:30", "hello", "'5'", '"on"', "!!str 5", "08", "1e", "100%", "0x"]
    head = ["apiVersion: softmigration.io/v1alpha1", "kind: SoftMigration"]
    kinds = {bool: "boolean", int: "number", float: "number", type(None): "null", str: ""}
    theirs = tmp_path / "theirs.yaml"
    theirs.write_text("\n".join([*head, "metadata: {name: x}", "spec:", *(f"  w{i}: {word}" for i, word in enumerate(words))]), encoding="utf-8")
    read = subprocess.run([paths.program("kubectl"), "label", "--local", "-f", str(theirs), "a=b", "-o", "json"], capture_output=True, text=True,
                          timeout=60, check=True, env={"KUBECONFIG": "/dev/null"})
    wanted = {f"metadata.annotations.w{i}": kinds[type(json.loads(read.stdout)["spec"].get(f"w{i}"))] for i in range(len(words))}
    # Annotations want texts: lint names the type of each that is none.
    ours = "\n".join([*head, "metadata:", "  name: x", "  annotations:", *(f"    w{i}: {word}" for i, word in enumerate(words))])
    found = json.loads(plugin("lint", "-f", "-", "-o", "json", stdin=ours).stdout)["findings"]
    said = {finding["path"]: finding["message"].split("is ")[1].split(":")[0] for finding in found if "must be a text" in finding["message"]}
    assert {path: said.get(path, "") for path in wanted} == wanted
