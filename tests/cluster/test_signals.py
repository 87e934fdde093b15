"""What the operator tells: Events, metrics, health, log."""

from __future__ import annotations

from harness import Object
from world import BAD, GOOD, Stack, World

pytest_plugins = ["operator_fixture"]


def test_events_tell_what_happened(world: World) -> None:
    world.prepare()
    world.operator()
    world.begin()
    world.wait_step(50)
    world.says(BAD)
    world.wait_phase("RolledBack")
    world.says(GOOD)
    world.edit({"attempt": 2})
    world.wait_phase("Complete")

    def about() -> dict[str, Object]:
        return {event["reason"]: event for event in world.events() if event["regarding"]["kind"] == "SoftMigration"}
    wanted = {"Shifting", "MetricBreached", "RolledBack", "Completed"}
    world.wait(lambda: wanted <= set(about()), f"Events {wanted}")
    for reason, kind in (("Shifting", "Normal"), ("MetricBreached", "Warning"), ("RolledBack", "Warning"), ("Completed", "Normal")):
        event = about()[reason]
        assert event["type"] == kind and event["regarding"]["name"] == "move" and event["note"], event
        assert event["reportingController"] == "softmigration.io/operator" and event["action"], event
    assert "health" in about()["MetricBreached"]["note"]


METRIC_NAMES = [
    "controller_runtime_reconcile_total", "controller_runtime_reconcile_errors_total", "controller_runtime_reconcile_time_seconds",
    "controller_runtime_max_concurrent_reconciles", "controller_runtime_active_workers", "workqueue_depth", "workqueue_adds_total",
    "workqueue_queue_duration_seconds", "workqueue_work_duration_seconds", "workqueue_unfinished_work_seconds",
    "workqueue_longest_running_processor_seconds", "workqueue_retries_total", "rest_client_requests_total",
    "rest_client_request_duration_seconds", "leader_election_master_status", "softmigration_phase", "softmigration_weight",
    "softmigration_rollbacks_total", "softmigration_drift_corrected_total", "softmigration_metric_queries_total",
    "softmigration_metric_answers_total",
    "softmigration_breach_to_weight0_seconds",
]


def test_metrics_and_health_are_served_by_leader_and_standby(world: World) -> None:
    world.prepare()
    leader = world.operator("leader")
    world.wait(lambda: leader.leads, "the first replica leads")
    standby = world.operator("standby")
    world.begin()
    world.wait_step(50)
    world.says(BAD)
    world.wait_phase("RolledBack")
    text = leader.http("/metrics")[1]
    missing = [name for name in METRIC_NAMES if f"\n# TYPE {name} " not in f"\n{text}"]
    assert not missing, f"{missing}\n{text}"
    assert leader.metric("softmigration_breach_to_weight0_seconds_count") == 1
    assert leader.metric('softmigration_rollbacks_total{reason="MetricBreached"}') == 1
    assert leader.metric("leader_election_master_status") == 1
    world.wait(lambda: standby.http("/readyz") == (200, "ok\n"), "the standby is ready: its caches are filled")
    for operator in (leader, standby):
        assert operator.http("/healthz")[0] == 200 and operator.http("/readyz")[0] == 200
        assert operator.http("/nonsense")[0] == 404
    assert not standby.leads


def test_the_installed_rights_are_enough_and_the_log_holds_no_error(world: World, api_stack: Stack) -> None:
    world.prepare()
    operator = world.operator()
    world.says(GOOD)
    world.cluster.apply(world.migration(), manager="user")
    world.wait_phase("Complete")
    assert operator.proxy
    refused = [call.line() for call in operator.proxy.calls if call.status in (401, 403)]
    assert not refused
    assert " error " not in operator.log and "missing right" not in operator.log, operator.log
    assert api_stack.account.stat().st_mode & 0o077 == 0
