"""Sources of metrics that want credentials, with a real Prometheus: what gets through, and that nobody is shown or sent a Secret."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from guarded import FIRST, SECOND, SEND_TO, WRONG, GuardedPrometheus, allow_secrets, listening, put_secret
from harness import Object
from world import BAD, GOOD, Operator, World

pytest_plugins = ["operator_fixture"]

TOKEN = "t0ken-of-the-shop-2718"
HOLD = [{"weight": 50, "hold": "1h"}, {"weight": 100}]


@pytest.fixture(name="prometheus")
def _prometheus(world: World) -> Iterator[GuardedPrometheus]:
    world.prepare()
    guarded = GuardedPrometheus(world)
    yield guarded
    guarded.process.kill()


def seen(world: World, metric: str = "health") -> Object:
    components = world.status().get("components") or [{}]
    found = [one for one in components[0].get("metrics") or [] if one["name"] == metric]
    return {"verdict": "", "evidence": "", **(found[0] if found else {})}


def wait_words(world: World, words: str, verdict: str = "Error") -> Object:
    """Other words with the same verdict are written once a minute only, or with the next write: a pause, or its end, is one."""
    def looked() -> Object | None:
        found = seen(world)
        if found["verdict"] == verdict and words in found["evidence"]:
            return found
        if found["verdict"] == verdict:
            world.edit({"paused": not world.get()["spec"].get("paused", False)})
            time.sleep(1)
        return None
    return world.wait(looked, f"verdict {verdict} with {words!r}")


def begin(world: World, *metrics: Object, **spec: object) -> None:
    world.cluster.apply(world.migration(analysis={"interval": "1s", "metrics": list(metrics)}, **spec), manager="user")


def assert_shown_nowhere(world: World, operator: Operator, *secrets: str) -> None:
    places = {"log": operator.log, "migration": json.dumps(world.get()), "events": json.dumps(world.events()),
              "metrics": operator.http("/metrics")[1]}
    for place, text in places.items():
        for secret in secrets:
            assert text and secret not in text, f"{secret} stands in the {place}"


def test_a_prometheus_behind_tls_and_a_password_judges(world: World, prometheus: GuardedPrometheus) -> None:
    allow_secrets(world)
    put_secret(world, prometheus.values(FIRST), prometheus.url)
    operator = world.operator()
    begin(world, prometheus.metric())
    world.wait_phase("Complete")
    assert_shown_nowhere(world, operator, FIRST, "BEGIN CERTIFICATE")
    assert operator.proxy
    secrets = [call for call in operator.proxy.calls if "/secrets" in call.path]
    assert secrets and {(call.method, call.path.partition("/secrets")[2]) for call in secrets} == {("GET", "/prom")}, secrets


def test_a_wrong_password_is_told_and_shown_nowhere_until_the_right_one_is_there(world: World, prometheus: GuardedPrometheus) -> None:
    allow_secrets(world)
    put_secret(world, prometheus.values(WRONG), prometheus.url)
    operator = world.operator()
    begin(world, prometheus.metric())
    told = wait_words(world, "401")
    assert prometheus.url in told["evidence"]
    assert "health" in world.wait_reason("MetricNotReady")["message"]
    world.stays(lambda: world.weight() == 0, 2, "nobody moves")
    assert_shown_nowhere(world, operator, WRONG)
    pid = operator.process.pid
    put_secret(world, prometheus.values(FIRST), prometheus.url)
    world.wait_phase("Complete", timeout=30)
    assert operator.process.pid == pid and operator.process.alive
    assert_shown_nowhere(world, operator, WRONG, FIRST)


def test_a_password_that_is_changed_is_picked_up_without_a_restart(world: World, prometheus: GuardedPrometheus) -> None:
    allow_secrets(world)
    put_secret(world, prometheus.values(FIRST), prometheus.url)
    operator = world.operator()
    begin(world, prometheus.metric(), steps=HOLD)
    world.wait_step(50)
    wait_words(world, "0.1", "Pass")
    prometheus.wants(SECOND)
    wait_words(world, "401")
    put_secret(world, prometheus.values(SECOND), prometheus.url)
    wait_words(world, "0.1", "Pass")
    assert world.weight() == 50 and operator.process.alive
    assert_shown_nowhere(world, operator, FIRST, SECOND)


def test_what_is_wrong_with_a_secret_is_said_and_set_right_without_a_restart(world: World, prometheus: GuardedPrometheus) -> None:
    world.operator()
    begin(world, prometheus.metric())
    wait_words(world, f'the operator may not read Secret "prom": grant it "get" on secrets in namespace {world.space}')
    allow_secrets(world)
    wait_words(world, f'there is no Secret "prom" in namespace {world.space}')
    put_secret(world, {}, "")
    wait_words(world, f'Secret "prom" may not be sent anywhere: name the addresses in its annotation {SEND_TO}')
    put_secret(world, {}, prometheus.url)
    wait_words(world, 'Secret "prom" has no key')
    put_secret(world, prometheus.values(FIRST + "\n"), prometheus.url)
    wait_words(world, "ends with a line break")
    assert world.weight() == 0
    put_secret(world, prometheus.values(FIRST), prometheus.url)
    world.edit({"paused": False})
    world.wait_phase("Complete")


def test_a_server_that_nobody_vouches_for_is_not_asked(world: World, prometheus: GuardedPrometheus) -> None:
    allow_secrets(world)
    put_secret(world, prometheus.values(FIRST), prometheus.url)
    world.operator()
    begin(world, prometheus.metric(tls={"serverName": "other.example.com", "ca": {"name": "prom", "key": "ca.crt"}}))
    wait_words(world, "certificate")
    world.stays(lambda: world.weight() == 0, 2, "nobody moves")


def test_a_secret_that_is_missing_holds_up_no_rollback(world: World, prometheus: GuardedPrometheus) -> None:
    allow_secrets(world)
    put_secret(world, prometheus.values(FIRST), prometheus.url)
    world.operator()
    world.says(GOOD)
    begin(world, prometheus.metric(), {**world.metric(), "name": "other"}, steps=HOLD)
    world.wait_step(50)
    world.api.delete(f"/api/v1/namespaces/{world.space}/secrets/prom")
    prometheus.wants(SECOND)  # so that the Secret is looked at at once
    wait_words(world, "there is no Secret")
    assert world.weight() == 50
    world.says(BAD)
    record = world.wait_phase("RolledBack", timeout=20)["lastRollback"]
    assert (record["reason"], record["metric"]) == ("MetricBreached", "other")
    assert world.weight() == 0


def bearer(url: str) -> Object:
    return {"name": "health", "max": "0.5", "prometheus": {
        "address": url, "query": "q", "bearerToken": {"name": "prom", "key": "token"},
        "headers": [{"name": "X-Scope-OrgID", "value": "shop"}, {"name": "X-Key", "secret": {"name": "prom", "key": "key"}}]}}


def test_a_token_and_headers_are_sent_where_the_secret_says_and_nowhere_else(world: World) -> None:
    world.prepare()
    allow_secrets(world)
    operator = world.operator()
    with listening(world.cluster, TOKEN) as friend, listening(world.cluster) as thief:
        put_secret(world, {"token": TOKEN, "key": "k3y-of-the-shop"}, f"https://elsewhere:443 {friend.url}/api/v1/query")
        begin(world, bearer(thief.url))
        wait_words(world, f'Secret "prom" may not be sent to {thief.url}')
        world.stays(lambda: not thief.heard, 3, "whoever writes a migration cannot have a Secret sent to themselves")
        assert world.weight() == 0
        world.edit({"analysis": {"metrics": [bearer(friend.url)]}})
        world.wait_phase("Complete")
        sent = friend.heard[0]
        assert (sent["authorization"], sent["x-scope-orgid"], sent["x-key"]) == (f"Bearer {TOKEN}", "shop", "k3y-of-the-shop")
        assert not thief.heard
    assert_shown_nowhere(world, operator, TOKEN, "k3y-of-the-shop")


def test_a_server_that_repeats_a_token_in_its_words_shows_it_to_nobody(world: World) -> None:
    world.prepare()
    allow_secrets(world)
    operator = world.operator()
    with listening(world.cluster, "another") as listener:
        put_secret(world, {"token": TOKEN, "key": "k3y-of-the-shop"}, listener.url)
        begin(world, bearer(listener.url))
        wait_words(world, "nobody knows *****")
    assert_shown_nowhere(world, operator, TOKEN)


KEY = {"name": "prom", "key": "token"}
# The fields of each source besides its address, and what its request must then hold.
OTHERS: dict[str, tuple[Object, dict[str, str]]] = {
    "web": ({"path": "/summary?of={{target}}", "jsonPath": "{.items[0].rate}", "bearerToken": KEY},
            {":path": "/summary?of=payments-next", "authorization": f"Bearer {TOKEN}"}),
    "datadog": ({"query": "q", "apiKey": KEY, "applicationKey": KEY}, {"dd-api-key": TOKEN, "dd-application-key": TOKEN}),
    "cloudWatch": ({"query": "q", "region": "eu-west-1", "accessKeyId": KEY, "secretAccessKey": KEY}, {":path": "/"}),
    "newRelic": ({"query": "SELECT 1", "account": 7, "userKey": KEY}, {":path": "/graphql", "api-key": TOKEN}),
    "graphite": ({"query": "t", "headers": [{"name": "X-Key", "secret": KEY}]}, {"x-key": TOKEN}),
    "influxDB": ({"query": "from()", "organization": "o", "token": KEY}, {":path": "/api/v2/query?org=o", "authorization": f"Token {TOKEN}"}),
}


@pytest.mark.parametrize("source", list(OTHERS))
def test_each_other_source_judges_by_what_its_service_says(world: World, source: str) -> None:
    """The services are imitated: whether the real ones answer so is not shown here."""
    fields, wanted = OTHERS[source]
    world.prepare()
    allow_secrets(world)
    operator = world.operator()
    with listening(world.cluster) as service:
        put_secret(world, {"token": TOKEN}, service.url)
        begin(world, {"name": "health", "max": "0.5", source: {"address": service.url, **fields}})
        world.wait_phase("Complete")
        sent = service.heard[0]
        assert {name: sent.get(name) for name in wanted} == wanted, sent
    assert_shown_nowhere(world, operator, TOKEN)
