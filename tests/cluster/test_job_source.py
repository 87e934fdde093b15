"""Metrics that are Jobs: made by the operator from a suspended CronJob, run by the real Job controller, judged by how they end.

One test takes about 15 s: a Job may be made every 10 s at most."""

from __future__ import annotations

from harness import Object
from world import ACCOUNT, SYSTEM, World

pytest_plugins = ["operator_fixture"]

RUN_FOR = "softmigration.io/run-for"
HOLD = [{"weight": 50, "hold": "1h"}, {"weight": 100}]
METRIC: Object = {"name": "smoke", "job": {"cronJob": "smoke-test", "interval": "10s", "timeout": "60s"}}


def put_cron_job(world: World, run_for: str) -> None:
    """As whoever keeps it. Its image stands for a program that the test changes: that is how the check goes well or not."""
    pod = {"metadata": {"labels": {"app": "smoke"}},
           "spec": {"restartPolicy": "Never", "containers": [{"name": "check", "image": f"smoke:{world.space}"}]}}
    world.cluster.apply({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"namespace": world.space, "name": "smoke-test", "annotations": {RUN_FOR: run_for}},
        "spec": {"schedule": "0 0 31 2 *", "suspend": True, "jobTemplate": {"spec": {"backoffLimit": 0, "template": pod}}}}, manager="keeper")


def allow_jobs(world: World) -> None:
    """What docs/operations.md says to do in each namespace whose migrations name CronJobs."""
    group = "rbac.authorization.k8s.io"
    world.cluster.apply({"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": {"namespace": world.space, "name": "metric-jobs"},
                         "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": f"{ACCOUNT}-jobs"},
                         "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": SYSTEM}]})


def jobs(world: World) -> list[Object]:
    return world.api.list(f"/apis/batch/v1/namespaces/{world.space}/jobs")


def wait_words(world: World, words: str) -> None:
    def told() -> bool:
        components = world.status().get("components") or [{}]
        return any(words in metric.get("evidence", "") for metric in components[0].get("metrics") or [])
    world.wait(told, f"the evidence says {words!r}")


def test_users_go_on_while_the_job_completes_and_back_when_it_fails(full_world: World) -> None:
    world = full_world
    world.deploy()
    world.add_route()
    put_cron_job(world, "move")
    world.cluster.map_images({f"smoke:{world.space}": ["/bin/true"]})
    operator = world.operator()
    world.cluster.apply(world.migration(steps=HOLD, analysis={"interval": "1s", "metrics": [METRIC]}), manager="user")
    wait_words(world, f'the operator may not list Jobs: grant it "list" and "create" on jobs and "get" on cronjobs in namespace {world.space}')
    assert world.weight() == 0 and not jobs(world)
    allow_jobs(world)
    world.wait_step(50)
    wait_words(world, "completed")
    uid = world.get()["metadata"]["uid"]
    owners = [job["metadata"]["ownerReferences"] for job in jobs(world)]
    assert owners and all(len(one) == 1 and one[0]["uid"] == uid and one[0]["kind"] == "SoftMigration" for one in owners)
    assert all(job["spec"]["activeDeadlineSeconds"] == 60 and job["spec"]["ttlSecondsAfterFinished"] == 80 for job in jobs(world))
    world.cluster.map_images({f"smoke:{world.space}": ["/bin/false"]})
    record = world.wait_phase("RolledBack")["lastRollback"]
    assert (record["reason"], record["metric"]) == ("MetricBreached", "smoke")
    assert "failed: BackoffLimitExceeded" in record["evidence"], record
    assert world.weight() == 0
    failed = [job for job in jobs(world) if job["status"].get("failed")]
    assert len(failed) == 1, "one Job at a time, and none after the decision"
    assert operator.proxy
    calls = {(call.method, call.path.partition("?")[0].rpartition("/")[2]) for call in operator.proxy.calls if "/batch/" in call.path}
    assert calls == {("GET", "jobs"), ("POST", "jobs"), ("GET", "smoke-test")}, calls
    world.api.delete(world.path())
    world.wait(lambda: not jobs(world), "the Jobs go with the migration")


def test_a_cron_job_that_does_not_name_the_migration_is_not_run(world: World) -> None:
    world.prepare()
    allow_jobs(world)
    world.operator()
    put_cron_job(world, "another")
    world.cluster.apply(world.migration(analysis={"interval": "1s", "metrics": [METRIC]}), manager="user")
    wait_words(world, f'CronJob "smoke-test" may not be run for SoftMigration move: name it in the CronJob\'s annotation {RUN_FOR}')
    world.stays(lambda: world.weight() == 0 and not jobs(world), 2, "whoever writes a migration cannot have any CronJob run")
