"""How the operator proves who it is, and what it says when that is not enough.

In-cluster, by a pod's mounted token, is the way of the story (test_story.py).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import yaml

from harness import Object, paths
from world import ACCOUNT, GOOD, SYSTEM, Operator, Stack, World

pytest_plugins = ["operator_fixture"]

_RBAC = "rbac.authorization.k8s.io"


def completes(world: World, operator: Operator) -> None:
    world.prepare()
    world.says(GOOD)
    world.cluster.apply(world.migration(), manager="user")
    world.wait_phase("Complete")
    assert world.weight() == 100 and operator.process.alive


def config_with(world: World, user: Object, name: str) -> Path:
    """The operator's kubeconfig with another way to log in."""
    config = yaml.safe_load(world.stack.account.read_text(encoding="utf-8"))
    config["users"][0]["user"] = user
    path = world.stack.account.with_name(f"{world.space}-{name}.yaml")
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def token_of(world: World) -> str:
    config = yaml.safe_load(world.stack.account.read_text(encoding="utf-8"))
    return str(config["users"][0]["user"]["token"])


def bind(world: World, subject: Object, role: str) -> None:
    """A ClusterRole, and the lease of this world, for somebody else."""
    def binding(kind: str, name: str, of_kind: str, of: str, metadata: Object) -> Object:
        return {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": {"name": name, **metadata},
                "roleRef": {"apiGroup": _RBAC, "kind": of_kind, "name": of}, "subjects": [subject]}
    here = {"namespace": world.space}
    world.cluster.apply([binding("ClusterRoleBinding", world.space, "ClusterRole", role, {}),
                         binding("RoleBinding", "other-lease", "Role", "operator-lease", here)])


def test_a_token_in_the_kubeconfig(world: World) -> None:
    completes(world, world.operator(proxied=False))


def test_a_token_file_that_is_renewed(world: World) -> None:
    token = world.stack.account.with_name(f"{world.space}.token")
    token.touch(mode=0o600)
    token.write_text(token_of(world) + "\n", encoding="utf-8")
    completes(world, world.operator(kubeconfig=config_with(world, {"tokenFile": str(token)}, "file"), proxied=False))


def test_an_exec_plugin(world: World) -> None:
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token_of(world)}}
    folder = world.stack.account.parent
    answer, program = folder / f"{world.space}.json", folder / f"{world.space}.sh"
    answer.touch(mode=0o600)
    answer.write_text(json.dumps(credential), encoding="utf-8")
    script = ["#!/bin/sh", 'test "$GREETING" = hello || exit 3', f"echo called >> {folder}/{world.space}.calls", 'cat "$1"', ""]
    program.write_text("\n".join(script), encoding="utf-8")
    program.chmod(0o700)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "args": [str(answer)],
                     "env": [{"name": "GREETING", "value": "hello"}], "interactiveMode": "Never"}}
    completes(world, world.operator(kubeconfig=config_with(world, user, "exec"), proxied=False))
    calls = (folder / f"{world.space}.calls").read_text(encoding="utf-8").count("called")
    assert 1 <= calls <= 4, f"the plugin ran {calls} times; a token is kept"


def test_an_exec_plugin_that_fails_is_named(world: World) -> None:
    program = world.stack.account.with_name(f"{world.space}.sh")
    program.write_text("#!/bin/sh\necho 'log in first' >&2\nexit 7\n", encoding="utf-8")
    program.chmod(0o700)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(program), "interactiveMode": "Never"}}
    operator = world.operator(kubeconfig=config_with(world, user, "exec"), proxied=False)
    world.wait(lambda: "log in first" in operator.log or f"{world.space}.sh" in operator.log, "the log names the plugin", timeout=20)


def make_client_certificate(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """A CA of our own and a certificate for `name` signed by it: (CA, certificate, key)."""
    folder.mkdir(exist_ok=True)
    openssl = paths.program("openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], check=True, capture_output=True, timeout=30, cwd=folder)
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    run("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=clients", "-days", "2")
    run("req", *new, "-keyout", "client.key", "-out", "client.csr", "-subj", f"/CN={name}")
    run("x509", "-req", "-in", "client.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", "client.crt", "-days", "2")
    return folder / "ca.crt", folder / "client.crt", folder / "client.key"


def test_a_client_certificate(world: World) -> None:
    authority, certificate, key = make_client_certificate(world.cluster.state / "client-certificate", world.space)
    server = world.cluster.parts["kube-apiserver"]
    option = f"--client-ca-file={authority}"
    if option not in server.argv:
        server.argv.append(option)
        server.restart()
        world.wait(world.api.ready, "the API server is back")
    bind(world, {"apiGroup": _RBAC, "kind": "User", "name": world.space}, ACCOUNT)
    user = {"client-certificate": str(certificate), "client-key": str(key)}
    completes(world, world.operator(kubeconfig=config_with(world, user, "certificate"), proxied=False))


def account_with(world: World, rules: list[Object]) -> Path:
    """The kubeconfig of a ServiceAccount with these rights and the lease."""
    world.cluster.apply([
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"namespace": world.space, "name": "poor"}},
        {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": world.space}, "rules": rules}])
    bind(world, {"kind": "ServiceAccount", "namespace": world.space, "name": "poor"}, world.space)
    return world.cluster.service_account_kubeconfig(world.space, "poor")


def test_a_missing_right_to_watch_is_named(world: World) -> None:
    operator = world.operator(kubeconfig=account_with(world, []), proxied=False)
    for resource in ("softmigrations", "httproutes", "services", "endpointslices"):
        world.wait(lambda wanted=resource: any("missing right" in line and wanted in line and "watch" in line
                                               for line in operator.log.splitlines()), f"the log names the right on {resource}", 20)
    assert operator.process.alive
    assert operator.http("/readyz")[0] == 503 and operator.http("/healthz")[0] == 200


def test_a_missing_right_to_write_routes_is_named_and_moves_nobody(world: World) -> None:
    rules = world.api.get(f"/apis/{_RBAC}/v1/clusterroles/{ACCOUNT}")["rules"]
    for rule in rules:
        if "httproutes" in rule["resources"]:
            rule["verbs"] = ["get", "list", "watch"]
    operator = world.operator(kubeconfig=account_with(world, rules), proxied=False)
    world.prepare()
    world.begin()
    world.wait(lambda: "Forbidden" in operator.log and "httproutes" in operator.log, "the log names the missing right", 30)
    line = [line for line in operator.log.splitlines() if "Forbidden" in line][-1]
    assert "patch" in line and f"{world.space}/move" in line, line
    assert world.weight() == 0 and operator.process.alive
    world.stays(lambda: world.status().get("currentWeight", 0) == 0, 1, "status claims nothing that is not so")


def test_a_wrong_token_is_told_and_the_right_one_works_later(world: World, api_stack: Stack) -> None:
    token = api_stack.account.with_name(f"{world.space}.token")
    token.touch(mode=0o600)
    token.write_text("nonsense", encoding="utf-8")
    operator = world.operator(kubeconfig=config_with(world, {"tokenFile": str(token)}, "file"), proxied=False)
    world.wait(lambda: "401" in operator.log or "Unauthorized" in operator.log, "the log tells of the 401", 20)
    assert operator.process.alive and operator.http("/readyz")[0] == 503
    token.write_text(token_of(world), encoding="utf-8")
    completes(world, operator)
    assert SYSTEM in api_stack.account.name
