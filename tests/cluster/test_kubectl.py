"""The kubectl plugin on a real API server, through the real kubectl, while a real operator works.

The output of a real migration is kept in $SOFTMIG_PICTURES where that is set: docs/kubectl.md shows it.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from harness import Cluster, Object, paths
from test_evidence import Shop
from world import BAD, GOOD, World

pytest_plugins = ["operator_fixture"]

EXAMPLE = paths.REPOSITORY / "examples" / "payments" / "softmigration.yaml"
_RBAC = "rbac.authorization.k8s.io"


class Plugin:
    """`kubectl softmigration` in one namespace."""

    def __init__(self, world: World, kubeconfig: Path | None = None) -> None:
        self.world = world
        self.kubeconfig = kubeconfig or world.cluster.kubeconfig()

    def run(self, *arguments: str, stdin: str = "", timeout: float = 60) -> subprocess.CompletedProcess[str]:
        folder = str(Path(paths.built("kubectl-softmigration")).parent)
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "KUBECONFIG": str(self.kubeconfig)}
        return self.world.cluster.execute([paths.program("kubectl"), "softmigration", *arguments], timeout, stdin, environment)

    def __call__(self, *arguments: str) -> str:
        """In this namespace; the output where it succeeds."""
        done = self.run(*arguments, "-n", self.world.space)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def fails(self, code: int, *arguments: str) -> str:
        """The one line that it says."""
        done = self.run(*arguments, "-n", self.world.space)
        assert done.returncode == code, (arguments, done)
        assert done.stdout == "" and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done
        return done.stderr

    def picture(self, name: str, *arguments: str) -> str:
        """The output, kept for the docs."""
        text = self(*arguments)
        folder = os.environ.get("SOFTMIG_PICTURES")
        if folder:
            command = " ".join(("kubectl softmigration", *arguments))
            Path(folder, f"{name}.txt").write_text(f"$ {command}\n{text}", encoding="utf-8")
            Path(folder, f"{name}.json").write_text(self("get", arguments[1], "-o", "json") if len(arguments) > 1 else "", encoding="utf-8")
        return text


@pytest.fixture(name="plugin")
def _plugin(world: World) -> Plugin:
    return Plugin(world)


def begun(world: World, **spec: object) -> None:
    world.prepare()
    world.operator()
    world.begin(**spec)
    world.wait_step(50)


def test_a_migration_is_read_from_beginning_to_end(plugin: Plugin) -> None:
    world = plugin.world
    world.prepare()
    world.begin(desiredPhase="Pending")
    assert "not seen by an operator yet" in plugin("get", "move")
    assert "an operator to take note of it" in plugin("list")
    assert "See that an operator runs" in plugin("explain", "move")
    world.operator()
    world.wait_phase("Pending")
    world.wait(lambda: "kubectl softmigration promote move" in plugin("explain", "move"), "explain says how to begin")
    assert "spec.desiredPhase: Pending -> Complete" in plugin("promote", "move")
    world.wait_step(50)
    assert re.search(r"move +Shift +50 % +False +\S+ +metric health: NoData", plugin("list")), plugin("list")
    page = plugin("get", "move")
    for words in ("50 % on the target, step 1 of 2", "waits for metric health: NoData", "health  NoData", "desiredPhase Complete"):
        assert words in page, page
    told = plugin("explain", "move")
    for words in ("in step 1 of 2: 50 % of the users are on the target", "Metric health says NoData", "Without evidence users are taken back",
                  "the operator moves 100 % of the users to the target"):
        assert words in told, told
    world.says(GOOD)
    world.wait_phase("Complete")
    assert "is complete: all users are on the target" in plugin("explain", "move")
    world.wait(lambda: "Completed" in plugin("events", "move"), "the Event about the end")
    assert "step 1 of 2: weight 0 to 50 %" in plugin("events", "move")
    everywhere = plugin.run("list", "-A").stdout
    assert everywhere.startswith("NAMESPACE") and world.space in everywhere, everywhere


def test_what_happened_is_told_after_a_rollback_and_retry_begins_anew(plugin: Plugin) -> None:
    world = plugin.world
    begun(world)
    assert "nothing was rolled back" in plugin.fails(1, "retry", "move")
    world.says(BAD)
    world.wait_phase("RolledBack")
    page = plugin("get", "move")
    for words in ("Last rollback", "component all from 50 %: MetricBreached by metric health", "breach seen", "verified"):
        assert words in page, page
    assert "kubectl softmigration retry move" in plugin("explain", "move")
    assert "`retry` starts another attempt" in plugin.fails(1, "set-weight", "move", "80")
    world.says(mode="empty")
    assert "spec.attempt: 1 -> 2" in plugin("retry", "move")
    assert world.get()["spec"]["attempt"] == 2
    world.wait_step(50)


def test_each_verb_writes_to_spec_and_says_so(plugin: Plugin) -> None:
    world = plugin.world
    begun(world, steps=[{"weight": 50, "hold": "1h"}, {"weight": 60, "hold": "2h"}, {"weight": 70}, {"weight": 100}])
    assert "(not stored: --dry-run)" in plugin("pause", "move", "--dry-run")
    assert "paused" not in world.get()["spec"] or not world.get()["spec"]["paused"]
    said = plugin("pause", "move")
    assert "spec.paused: false -> true" in said and '{"spec":{"paused":true}}' in said, said
    world.wait_phase("Paused")
    assert "paused already" in plugin.fails(1, "pause", "move")
    assert "spec.paused: true -> false" in plugin("resume", "move")
    world.wait_phase("Shift")
    assert "weights [50, 60, 70, 100] -> [50, 80, 100]" in plugin("set-weight", "move", "80")
    assert [step["weight"] for step in world.get()["spec"]["plan"]["shift"]["steps"]] == [50, 80, 100]
    assert "a weight only falls to 0" in plugin.fails(1, "set-weight", "move", "20")
    assert "steps follow by themselves" in plugin.fails(1, "promote", "move")
    managers = {entry["manager"] for entry in world.get()["metadata"]["managedFields"]}
    assert "kubectl-softmigration" in managers, managers
    written = json.loads(plugin("rollback", "move", "-o", "json"))
    assert written["spec"]["desiredPhase"] == "Pending"
    world.wait(lambda: world.weight() == 0, "users are back")
    assert world.phase() in ("Pending", "Shift")


def test_an_owner_in_git_is_named(plugin: Plugin) -> None:
    world = plugin.world
    begun(world)
    world.api.patch(world.path(), {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:softmigration.io/SoftMigration:a/move"}}})
    assert "Argo CD application shop keeps this object" in plugin("pause", "move")


def test_data_can_be_read_by_programs(plugin: Plugin) -> None:
    world = plugin.world
    begun(world)
    as_json = json.loads(plugin("get", "move", "-o", "json"))
    assert as_json["spec"] == yaml.safe_load(plugin("get", "move", "-o", "yaml"))["spec"]
    assert yaml.safe_load(plugin("list", "-o", "yaml"))["items"][0]["metadata"]["name"] == "move"
    assert json.loads(plugin("events", "move", "-o", "json"))["kind"] == "List"
    assert "LAST-ROLLBACK" in plugin("list", "-o", "wide")


def test_watch_ends_as_it_was_asked_to(plugin: Plugin) -> None:
    world = plugin.world
    begun(world)
    late = plugin.run("watch", "move", "-n", world.space, "--until", "Complete", "--timeout", "1s")
    assert late.returncode == 3 and "not there after 1s" in late.stderr and "Shift 50 %" in late.stdout, late
    assert "\x1b" not in late.stdout, "no terminal, no colours and no redrawing"
    world.says(BAD)
    lost = plugin.run("watch", "move", "-n", world.space, "--until", "Complete", "--timeout", "60s")
    assert lost.returncode == 1 and "will not come by itself" in lost.stderr, lost
    back = plugin.run("watch", "move", "-n", world.space, "--until", "RolledBack")
    assert back.returncode == 0, back


def test_on_a_terminal_the_page_is_redrawn_in_place_and_no_color_is_respected(plugin: Plugin) -> None:
    world = plugin.world
    begun(world)
    command = f"{paths.built('kubectl-softmigration')} watch move -n {world.space} --until Complete --timeout 1s"
    for variable, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        environment = {"TERM": "xterm", **variable}
        drawn = world.cluster.execute(["script", "-qec", command, "/dev/null"], env=environment).stdout
        assert "\x1b[H" in drawn and "50 % on the target" in drawn, drawn
        assert ("\x1b[1m" in drawn) == coloured, drawn


def rules_of(verbs: list[str]) -> list[Object]:
    return [{"apiGroups": ["softmigration.io"], "resources": ["softmigrations"], "verbs": verbs}] if verbs else []


def restricted(world: World, verbs: list[str]) -> Path:
    """A kubeconfig of an account that may only do this with SoftMigrations."""
    metadata = {"namespace": world.space, "name": "reader"}
    world.cluster.apply([
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata,
         "rules": rules_of(verbs)},
        {"apiVersion": f"{_RBAC}/v1", "kind": "RoleBinding", "metadata": metadata,
         "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": "reader"},
         "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": world.space}]}])
    return world.cluster.service_account_kubeconfig(world.space, "reader")


READING = (("get", "move"), ("explain", "move"), ("events", "move"), ("watch", "move"))
CHANGING = (("promote", "move"), ("pause", "move"), ("resume", "move"), ("rollback", "move"), ("retry", "move"), ("set-weight", "move", "80"))


def test_a_missing_right_is_named_and_nothing_more_is_done(world: World, tmp_path: Path) -> None:
    begun(world)
    reader = Plugin(world, restricted(world, []))
    for command in (*READING, *CHANGING):
        assert "lack a right" in (said := reader.fails(1, *command)) and "cannot get resource \"softmigrations\"" in said, said
    assert "cannot list resource \"softmigrations\"" in reader.fails(1, "list")
    restricted(world, ["get"])
    world.wait(lambda: reader.run("get", "move", "-n", world.space).returncode == 0, "the right has arrived")
    assert "cannot list resource \"softmigrations\"" in reader.fails(1, "list")
    assert "cannot list resource \"events\"" in reader.fails(1, "events", "move")
    assert "cannot patch resource \"softmigrations\"" in reader.fails(1, "pause", "move")
    assert "cannot patch resource \"softmigrations\"" in reader.fails(1, "pause", "move", "--dry-run")
    for name, verb in (("move", "patch"), ("another", "create")):
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump(world.migration(name, paused=True)), encoding="utf-8")
        assert f"cannot {verb} resource \"softmigrations\"" in reader.fails(1, "diff", "-f", str(file))
    assert not world.get()["spec"].get("paused", False)


def test_a_mistake_is_one_line_with_what_to_do(plugin: Plugin) -> None:
    plugin.world.prepare()
    assert "list -A" in plugin.fails(1, "get", "nothing")
    assert "--help" in plugin.fails(2, "frobnicate")
    assert "--help" in plugin.fails(2, "get")
    assert "--timeout" in plugin.fails(2, "watch", "move", "--timeout", "soon")
    away = plugin.run("list", "--kubeconfig", "/does/not/exist")
    assert away.returncode == 1 and away.stderr.count("\n") == 1 and "--kubeconfig" in away.stderr, away
    wrong = plugin.run("list", "--context", "nobody")
    assert wrong.returncode == 1 and "nobody" in wrong.stderr, wrong
    assert "set-weight" in plugin.run("--help").stdout


def test_an_api_server_that_is_away_or_does_not_know_the_user_is_named(plugin: Plugin, tmp_path: Path) -> None:
    world = plugin.world
    known = yaml.safe_load(world.cluster.kubeconfig().read_text(encoding="utf-8"))

    def told(**changed: str) -> list[str]:
        made = copy.deepcopy(known)
        made["clusters"][0]["cluster"].update({key: value for key, value in changed.items() if key == "server"})
        made["users"][0]["user"].update({key: value for key, value in changed.items() if key == "token"})
        file = tmp_path / "kubeconfig.yaml"
        file.write_text(yaml.safe_dump(made), encoding="utf-8")
        return [Plugin(world, file).fails(1, *command) for command in (("list",), *READING, *CHANGING)]
    nowhere = "https://127.0.0.1:9"
    for said in told(server=nowhere):
        assert f"{nowhere} does not answer" in said and "Connection refused" in said and "--context" in said, said
    for said in told(token="nobody-has-this"):
        assert "does not accept your credentials" in said and "log in again" in said, said


def diff(plugin: Plugin, manifest: Object, *arguments: str) -> str:
    done = plugin.run("diff", "-f", "-", *arguments, stdin=yaml.safe_dump(manifest))
    assert done.returncode == 0, done
    return done.stdout


def test_diff_says_what_applying_would_change_and_what_comes_of_it(plugin: Plugin) -> None:
    world = plugin.world
    begun(world)
    before = world.get()
    assert diff(plugin, world.migration()) == f"{world.space}/move  stays as it is\n"
    back = diff(plugin, world.migration(desiredPhase="Pending"))
    for words in ("  ~ spec.desiredPhase: \"Complete\" -> \"Pending\"\n", "Pending: desiredPhase is Pending: users go back to legacy",
                  "all: Shift at 50 % -> Pending at 0 %"):
        assert words in back, back
    other = world.migration(analysis={"interval": "1s", "metrics": [world.metric(max="0.7")]})
    told = diff(plugin, other, "-o", "json")
    only, = json.loads(told)["objects"]
    assert only["changes"] == [{"path": "spec.analysis.metrics[health].max", "before": "0.5", "after": "0.7"}], only
    assert any("the present step begins anew" in one for one in only["consequences"]), only
    new = diff(plugin, world.migration("second"))
    assert "would be created" in new and "then waits for" in new, new
    assert plugin.run("diff", "--exit-code", "-f", "-", stdin=yaml.safe_dump(other)).returncode == 4
    after = world.get()
    assert after["spec"] == before["spec"] and after["metadata"]["generation"] == before["metadata"]["generation"], "nothing was stored"
    assert not world.get("second")["spec"]


def test_diff_passes_on_what_the_api_server_refuses(plugin: Plugin) -> None:
    world = plugin.world
    begun(world)

    def refused(manifest: Object, *arguments: str) -> str:
        done = plugin.run("diff", "-f", "-", *arguments, stdin=yaml.safe_dump(manifest))
        assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1, done
        return done.stderr

    moved = world.migration(legacy={"service": {"name": "payments-other", "port": 80}})
    assert "cannot change while the routes are adopted" in refused(moved)
    paused = world.migration(paused=True)
    conflict = refused(paused, "--server-side")
    assert "conflict" in conflict and "spec.paused" not in conflict or "--force-conflicts" in conflict, conflict
    assert "spec.paused" in diff(plugin, paused, "--server-side", "--force-conflicts")
    assert "spec.paused" in diff(plugin, paused, "--server-side", "--field-manager", "user")
    wrong = world.migration()
    wrong["spec"]["pauseed"] = True
    assert "spec.pauseed: unknown field" in refused(wrong)
    assert "is of namespace" in refused(world.migration(), "-n", "default")
    reader = Plugin(world, restricted(world, ["get"]))
    world.wait(lambda: reader.run("get", "move", "-n", world.space).returncode == 0, "the right has arrived")
    done = reader.run("diff", "-f", "-", stdin=yaml.safe_dump(paused))
    assert done.returncode == 1 and "cannot patch resource" in done.stderr, done


def test_a_shell_is_told_what_may_follow(plugin: Plugin) -> None:
    world = plugin.world
    world.prepare()
    world.begin()
    assert plugin.run("__complete", "re").stdout.split() == ["resume", "retry"]
    assert plugin.run("__complete", "-n", world.space, "get", "m").stdout.split() == ["move"]
    assert plugin.run("__complete", "watch", "x", "--until", "Ro").stdout.split() == ["RolledBack", "RollingBack"]
    scripts = {shell: plugin("completion", shell) for shell in ("bash", "zsh", "fish", "kubectl")}
    assert all("kubectl-softmigration __complete" in script for script in scripts.values())


def test_bash_and_kubectl_complete_by_what_the_program_prints(plugin: Plugin, tmp_path: Path) -> None:
    world = plugin.world
    world.prepare()
    world.begin()
    folder = Path(paths.built("kubectl-softmigration")).parent
    environment = {"PATH": f"{tmp_path}:{folder}:{os.environ['PATH']}", "KUBECONFIG": str(plugin.kubeconfig)}

    def bash(*words: str) -> list[str]:
        script = plugin("completion", "bash") + '''
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            "$(complete -p kubectl-softmigration | sed 's/.* -F \\([^ ]*\\) .*/\\1/')"
            printf '%s\\n' "${COMPREPLY[@]}"'''
        return world.cluster.execute(["bash", "-c", script, "bash", "kubectl-softmigration", *words], env=environment).stdout.split()
    assert bash("se") == ["set-weight"]
    assert bash("-n", world.space, "pause", "") == ["move"]
    assert bash("get", "move", "-o", "") == ["json", "yaml"]
    assert bash("lint", "-f", "") == [], "bash offers files where there is nothing else"

    completer = tmp_path / "kubectl_complete-softmigration"
    completer.write_text(plugin("completion", "kubectl"), encoding="utf-8")
    completer.chmod(0o755)

    def kubectl(*words: str) -> list[str]:
        return world.cluster.execute([paths.program("kubectl"), "__complete", "softmigration", *words], env=environment).stdout.split()
    assert kubectl("-n", world.space, "get", "m") == ["move", ":4"]
    assert kubectl("simulate", "--trace", "") == [":0"], "files, says kubectl's own completion"


def test_completion_offers_each_flag_that_help_tells_of(plugin: Plugin) -> None:
    verbs = [line.split()[0] for line in plugin.run("--help").stdout.partition("Subcommands:")[2].splitlines() if line.strip()]
    assert len(verbs) > 15, verbs
    for verb in verbs:
        told = set(re.findall(r"--[a-z][a-z-]*", plugin.run(verb, "--help").stdout))
        offered = set(plugin.run("__complete", verb, "--").stdout.split())
        assert offered >= {flag for flag in told if verb != "judge"}, verb


def test_judge_is_the_same_program(plugin: Plugin) -> None:
    counts = "n,k\n100,0\n100,50\n"
    done = plugin.run("judge", "--p0", "0.01", stdin=counts)
    alone = plugin.world.cluster.execute([paths.built("softmigration-judge"), "--p0", "0.01"], stdin=counts)
    assert done.returncode == 0 and done.stdout == alone.stdout and done.stdout.count("\n") == 2, done


@pytest.mark.parametrize("command", [("list",), ("list", "-A"), *READING, *CHANGING, ("diff", "-f", str(EXAMPLE))], ids=" ".join)
def test_a_cluster_without_softmigrations_says_how_to_install_them(api_cluster: Cluster, command: tuple[str, ...]) -> None:
    done = api_cluster.execute([paths.built("kubectl-softmigration"), *command])
    assert done.returncode == 1 and "kubectl apply -f crds/" in done.stderr and done.stderr.count("\n") == 1, done


def test_evidence_is_shown_as_numbers_that_people_can_use(full_world: World) -> None:
    shop = Shop(full_world)
    plugin = Plugin(full_world)
    try:
        metric: Object = shop.metric(maxRate="0.05")
        shop.fault("next", error_rate=0.03)
        shop.begin(metric, hold="10m")
        full_world.wait_step(50)
        full_world.wait(lambda: re.search(r"until a decision: \S+ at \S+ a second, about", plugin("get", "move")) or shop.checkpoint() and None,
                        "how many requests are missing, and until when they come", timeout=60)
        full_world.edit({"paused": False})
        full_world.wait_phase("Shift")
        page = plugin.picture("shift", "get", "move")
        for words in ("odds against the target", "likely", "legacy", "tolerated 5 %", "users go back at 100", "hold ends"):
            assert words in page, page
        plugin.picture("explain", "explain", "move")
        plugin.picture("list", "list")
        shop.fault("next", error_rate=0.6)
        full_world.wait_phase("RolledBack")
        page = plugin.picture("rolled-back", "get", "move")
        assert "MetricBreached by metric errors" in page, page
        plugin.picture("rolled-back-explain", "explain", "move")
        full_world.wait(lambda: "RolledBack" in plugin("events", "move"), "the Event")
        plugin.picture("events", "events", "move")
    finally:
        shop.close()
