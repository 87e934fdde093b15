"""Every command in the project's pages is one that works: run as it stands where that takes a moment, else as far as its flags and files go.

A command that no function here knows how to try fails the test: it says how to try it, or it does not belong in a page.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import doc_commands
import pytest
from doc_commands import Command
from harness import paths, wait_for
from world import ACCOUNT, SYSTEM, Stack

pytest_plugins = ["operator_fixture"]

EXAMPLES = paths.REPOSITORY / "examples" / "payments"
NAMES = {"NAME": "payments", "NAMESPACE": SYSTEM, "NS": "shop", "RELEASE": ACCOUNT, "POD": "some-pod", "FILE": str(EXAMPLES / "softmigration.yaml"),
         "N": "30", "SHARE": "0.001", "DURATION": "10m", "DEPTH": "2", "softmigration.yaml": str(EXAMPLES / "softmigration.yaml")}
BUILD = Path(paths.built("softmigration-operator")).parents[1]
SIMULATOR = BUILD / "test-programs" / "softmigration-sim"
TIMED_OUT = 3
# Pages with lines that belong together, and who runs them.
SCRIPTS = {("docs/operations.md", "Backup"): "test_restore.py"}
OFFLINE = ("lint", "simulate", "judge", "completion")


@pytest.fixture(scope="module")
def documented(api_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Path]]:
    """A cluster with the example applied and no operator, and a folder with the files that pages speak of."""
    for name in ("namespace.yaml", "payments-legacy.yaml", "payments-next.yaml", "httproute.yaml", "softmigration.yaml"):
        api_stack.cluster.apply(EXAMPLES / name)
    api_stack.cluster.apply([{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"namespace": SYSTEM, "name": ACCOUNT}}])
    # The API server publishes what a new definition means some time after it takes its objects.
    wait_for(lambda: not api_stack.cluster.kubectl("explain", "softmigration.spec", check=False).returncode, 60, "kubectl explain knows it")
    folder = tmp_path_factory.mktemp("docs")
    for name in ("metrics.csv", "incident.csv"):
        (folder / name).write_text("time,requests,legacy_bad,target_bad\n0s,500,0.001,0.001\n", encoding="utf-8")
    yield api_stack, folder
    api_stack.cluster.kubectl("delete", "-f", str(EXAMPLES), "--ignore-not-found", "--wait=false")


def filled(words: tuple[str, ...], folder: Path) -> list[str]:
    """Placeholders replaced; of a synopsis everything optional taken, and the first of what may be chosen."""
    chosen = [re.sub(r"[\[\]]", "", word).split("|")[0] for word in words]
    named = [NAMES.get(word, str(folder / word) if (folder / word).is_file() else word) for word in chosen]
    return [re.sub(r"\bNAMESPACE:RELEASE\b", f"{SYSTEM}:{ACCOUNT}", word) for word in named]


def finished(command: Command, done: subprocess.CompletedProcess[str], *codes: int) -> None:
    assert done.returncode in (codes or (0,)), f"{command}\n{done.returncode}: {done.stdout}{done.stderr}"


def try_plugin(command: Command, words: list[str], stack: Stack) -> None:
    if not words:
        return
    if words in (["lint"], ["simulate"], ["diff"]):
        words = [*words, "--help"]  # the page speaks of it
    waits = ["--timeout", "1s"] if words[0] == "watch" else []
    space = [] if words[0] in OFFLINE or "-n" in words else ["-n", "shop"]
    done = stack.cluster.execute([paths.built("kubectl-softmigration"), *words, *waits, *space], stdin="n,k\n100,1\n")
    differs = {"--exit-code", "--strict"} & set(words)  # 1 is an answer, too
    if words[0] == "retry" and "nothing was rolled back" in done.stderr:
        return  # it was understood, and there is nothing to try again
    finished(command, done, *((0, TIMED_OUT) if waits else (0, 1) if differs else (0,)))


def try_kubectl(command: Command, words: list[str], stack: Stack) -> None:
    if words[0] == "softmigration":
        return try_plugin(command, words[1:], stack)
    if "logs" in words or (words[0] in ("apply", "create") and "-f" not in words):
        # Needs pods or files that are not here, or only speaks of it: its flags are there.
        known = stack.cluster.kubectl(*[word for word in words if word in ("apply", "create", "job", "logs")], "--help").stdout
        assert all(f"{word}=" in known for word in words if word.startswith("--")), f"{command}\n{known}"
        return None
    words = [word for word in words if word != "-w"]
    if words[0] == "apply":
        words = [str(EXAMPLES / word) if (EXAMPLES / word).is_file() else word for word in words]
    elif not {"-n", "-A", "explain"} & set(words):
        words = ["-n", "shop", *words]
    return finished(command, stack.cluster.kubectl(*words, check=False))


def try_helm(command: Command, words: list[str], _stack: Stack) -> None:
    """What it installs is tested by test_chart.py; here that the command stands for something."""
    words = ["template", *words[1:]] if words[0] == "install" else [*words, "--help"]
    done = subprocess.run([paths.program("helm"), *words], capture_output=True, text=True, timeout=60, check=False, cwd=paths.REPOSITORY)
    finished(command, done)


def try_make(command: Command, words: list[str], _stack: Stack) -> None:
    finished(command, subprocess.run(["make", "-n", *words], capture_output=True, text=True, timeout=60, check=False, cwd=paths.REPOSITORY))


def try_flags(command: Command, words: list[str], _stack: Stack) -> None:
    """Programs that would run for long, or for ever: they know these flags."""
    program = command.words[0]
    path = paths.built(program) if program != "softmigration-sim" else SIMULATOR
    done = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60, check=False)
    known = done.stdout + done.stderr
    missing = [word for word in words if word.startswith("--") and not re.search(rf"{re.escape(word)}\b", known)]
    assert not missing, f"{command}\n{program} --help does not know {missing}:\n{known}"


def try_script(command: Command, words: list[str], _stack: Stack) -> None:
    script = paths.REPOSITORY / command.words[0].replace("build/release", str(BUILD))
    done = subprocess.run([script, "--help"], capture_output=True, text=True, timeout=60, check=False) if script.suffix == ".py" else None
    known = done.stdout if done else script.read_text(encoding="utf-8") if script.suffix == ".sh" else ""
    assert script.stat().st_mode & 0o111, f"{command}\nis not executable"
    first = [word for word in words[:1] if not word.isdigit()]
    missing = [word for word in first + [word for word in words if word.startswith("--") and word != "--"] if word not in known]
    assert not missing, f"{command}\n{script} does not know {missing}"


def try_cmake(command: Command, words: list[str], _stack: Stack) -> None:
    listed = subprocess.run(["cmake", "--list-presets"], capture_output=True, text=True, timeout=60, check=False, cwd=paths.REPOSITORY).stdout
    assert f'"{words[words.index("--preset") + 1]}"' in listed, command
    if "--target" in words:
        assert paths.built(words[words.index("--target") + 1]), command


def try_ctest(command: Command, words: list[str], _stack: Stack) -> None:
    listed = subprocess.run(["ctest", "-N", *words], capture_output=True, text=True, timeout=60, check=False, cwd=BUILD).stdout
    assert "Total Tests:" in listed and "Total Tests: 0" not in listed, f"{command}\n{listed}"


def try_install(command: Command, words: list[str], _stack: Stack) -> None:
    assert paths.built(Path(words[0]).name), command


TRIALS = {
    "kubectl": try_kubectl, "helm": try_helm, "make": try_make, "cmake": try_cmake, "install": try_install, "softmigration-agent": try_flags,
    "softmigration-operator": try_flags, "softmigration-judge": try_flags, "kubectl-softmigration": try_flags, "softmigration-sim": try_flags,
    "judgement": try_flags, "ctest": try_ctest,
}


@pytest.mark.parametrize("command", list({command.words: command for command in doc_commands.everywhere()}.values()), ids=str)
def test_the_command_works(documented: tuple[Stack, Path], command: Command) -> None:
    stack, folder = documented
    trial = try_script if "/" in command.words[0] else TRIALS.get(command.words[0])
    assert trial, f"{command}\nnobody knows how to try this"
    trial(command, filled(command.words, folder)[1:], stack)


def test_a_command_that_does_not_exist_would_be_found(documented: tuple[Stack, Path]) -> None:
    stack, folder = documented
    for words in (("make", "no-such-target"), ("kubectl", "softmigration", "no-such-verb"), ("kubectl", "get", "no-such-kind"),
                  ("softmigration-agent", "--no-such-flag"), ("helm", "no-such-verb")):
        with pytest.raises(AssertionError):
            TRIALS[words[0]](Command(paths.REPOSITORY / "README.md", 1, words), filled(words, folder)[1:], stack)


def test_each_script_in_a_page_is_run_by_somebody() -> None:
    found = {(str(one.page.relative_to(paths.REPOSITORY)), one.heading) for page in doc_commands.pages() for one in doc_commands.scripts(page)}
    assert found == set(SCRIPTS)
    for runner in SCRIPTS.values():
        assert "doc_commands.scripts(" in (paths.CLUSTER_FOLDER / runner).read_text(encoding="utf-8"), runner


def test_each_reason_that_holds_a_migration_up_or_takes_it_back_is_explained() -> None:
    code = (paths.REPOSITORY / "operator" / "decide" / "reasons.hpp").read_text(encoding="utf-8").partition("// Where it is.")[0]
    routers = [path.read_text(encoding="utf-8") for folder in ("routers", "model") for path in (paths.REPOSITORY / "operator" / folder).rglob("*.cpp")]
    named = set(re.findall(r'= "([A-Za-z]+)";', code))
    named |= set(re.findall(r'"((?:Rule|Third|Foreign|TooMany|Header|RouteM)[A-Za-z]+)"', " ".join(routers)))
    assert {"RuleNotFound", "ThirdBackend", "RouteTooLarge"} <= named
    page = (paths.REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []
