"""The small programs of the tests: payments-api, load-generator, metrics-stub. No cluster is needed."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from harness import paths


class Server:
    """A program that prints its port when it listens."""

    def __init__(self, *argv: str) -> None:
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)$", line.strip())
        assert found, line
        self.port = int(found[1])

    def call(self, method: str, path: str, body: Any = None, timeout: float = 5) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), {name.lower(): value for name, value in answer.getheaders()}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()
        return code


@pytest.fixture
def payments() -> Iterator[Server]:
    server = Server(paths.built("payments-api"), "--version", "next", "--port", "0")
    yield server
    assert server.stop() == 0


@pytest.fixture
def stub() -> Iterator[Server]:
    server = Server(paths.built("metrics-stub"), "--port", "0")
    yield server
    assert server.stop() == 0


def load(server: Server, tmp_path: Path, *more: str) -> dict[str, Any]:
    summary = tmp_path / "summary.json"
    subprocess.run([paths.built("load-generator"), "--address", "127.0.0.1", "--port", str(server.port), "--summary", str(summary), *more],
                   check=True, timeout=30, capture_output=True)
    return dict(json.loads(summary.read_text(encoding="utf-8")))


def test_payments_are_made_shown_and_counted(payments: Server) -> None:
    status, body, headers = payments.call("POST", "/payments", {"amount": 12})
    assert status == 201 and headers["x-served-by"] == "next"
    created = json.loads(body)
    assert created["amount"] == 12
    assert payments.call("GET", f"/payments/{created['id']}")[0] == 200
    assert payments.call("POST", "/refunds", {"amount": "no number"})[0] == 400
    metrics = payments.call("GET", "/metrics")[1]
    assert 'payments_requests_total{version="next",code="201"} 1\n' in metrics
    assert 'payments_requests_total{version="next",code="500"} 0\n' in metrics
    assert 'payments_request_duration_seconds_count{version="next"} 3\n' in metrics


def test_users_of_a_healthy_api_see_no_error(payments: Server, tmp_path: Path) -> None:
    summary = load(payments, tmp_path, "--rate", "200", "--duration", "2")
    assert summary["failed"] == 0
    assert summary["sent"] == summary["good"] == summary["answers_by_version"]["next"]
    assert 390 <= summary["sent"] <= 401
    assert sum(bucket["good"]["next"] for bucket in summary["buckets"]) == summary["good"]


def test_each_latency_after_the_warm_up_is_told(payments: Server, tmp_path: Path) -> None:
    latencies = tmp_path / "latencies.txt"
    summary = load(payments, tmp_path, "--rate", "200", "--duration", "1", "--path", "/payments/p1", "--latencies", str(latencies),
                   "--warm-up-ms", "500")
    microseconds = [int(line) for line in latencies.read_text(encoding="ascii").split()]
    assert summary["failed"] == 0 and len(microseconds) == 100 and min(microseconds) > 0
    assert load(payments, tmp_path, "--rate", "50", "--duration", "0.5", "--path", "/payments/p1", "--upload-bytes", "10")["errors_by_cause"] == {"404": 25}


def test_every_error_of_a_fault_is_counted(payments: Server, tmp_path: Path) -> None:
    payments.call("POST", "/fault", {"error_rate": 0.25})
    summary = load(payments, tmp_path, "--rate", "200", "--duration", "1")
    assert summary["errors_by_cause"] == {"500": summary["sent"] // 4}
    assert len(summary["errors"]) == summary["failed"]
    assert {error["served_by"] for error in summary["errors"]} == {"next"}


def test_answers_can_be_wrong_in_ways_that_are_no_errors(payments: Server) -> None:
    def shown(number: str) -> dict[str, Any]:
        return dict(json.loads(payments.call("GET", f"/payments/{number}")[1]))
    before = shown("p7")
    payments.call("POST", "/fault", {"without_currency": "7", "trace": True})
    assert "currency" not in shown("p7") and shown("p8")["currency"] == "EUR"
    assert shown("p8")["trace"] != shown("p8")["trace"]
    payments.call("POST", "/fault", {"most_reads": 1})
    codes = [payments.call("GET", "/payments/p7")[0] for _ in range(20)]
    assert codes[0] == 200 and 500 in codes
    assert payments.call("POST", "/fault", {"trace": "yes"})[0] == 400
    payments.call("POST", "/fault", {})
    assert shown("p7") == before


def test_a_late_answer_is_a_users_error(payments: Server, tmp_path: Path) -> None:
    payments.call("POST", "/fault", {"latency_ms": 2000})
    summary = load(payments, tmp_path, "--rate", "20", "--duration", "0.5", "--timeout-ms", "300", "--connections", "4")
    assert summary["good"] == 0
    assert set(summary["errors_by_cause"]) <= {"timeout", "no_connection"}
    assert sum(summary["errors_by_cause"].values()) == summary["sent"]


def test_users_without_a_server_see_errors(tmp_path: Path) -> None:
    server = Server(paths.built("payments-api"), "--port", "0")
    server.stop()
    summary = load(server, tmp_path, "--rate", "50", "--duration", "0.5")
    assert summary["errors_by_cause"] == {"connect": summary["sent"]}


def test_sigterm_ends_the_load_with_its_summary(payments: Server, tmp_path: Path) -> None:
    state, summary = tmp_path / "state.json", tmp_path / "summary.json"
    process = subprocess.Popen([paths.built("load-generator"), "--address", "127.0.0.1", "--port", str(payments.port), "--state", str(state),
                                "--summary", str(summary)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while not (state.exists() and json.loads(state.read_text(encoding="utf-8"))["good"] > 10):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    totals = json.loads(summary.read_text(encoding="utf-8"))
    assert totals["in_flight"] == 0 and totals["last_answer_ms"]["next"] >= totals["first_answer_ms"]["next"]


def query(stub: Server, text: str, timeout: float = 5) -> tuple[int, Any]:
    status, body, _ = stub.call("GET", f"/api/v1/query?time=1.5&query={quote(text)}", timeout=timeout)
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body


def value(stub: Server, text: str) -> str:
    status, answer = query(stub, text)
    assert status == 200 and answer["status"] == "success"
    assert len(answer["data"]["result"]) == 1
    return str(answer["data"]["result"][0]["value"][1])


def test_a_series_has_the_value_that_was_set(stub: Server) -> None:
    bad = 'sum(rate(errors{series="m-1"}[5s]))'
    assert value(stub, bad) == "0"
    stub.call("POST", "/set", {"name": "m-1", "value": 0.25})
    assert value(stub, bad) == "0.25"
    assert value(stub, 'other{series="m-2"}') == "0"


def test_a_prefix_holds_for_known_and_for_later_names(stub: Server) -> None:
    assert value(stub, 'x{series="m-1"}') == "0"
    stub.call("POST", "/set", {"prefix": "m-", "value": 7})
    assert [value(stub, f'x{{series="m-{number}"}}') for number in (1, 2)] == ["7", "7"]
    assert value(stub, 'x{series="n-1"}') == "0"


def test_a_range_of_a_counter_says_what_its_instants_said(stub: Server) -> None:
    stub.call("POST", "/set", {"name": "m", "value": 2.5, "mode": "counter"})
    text = quote('x_total{series="m"}')
    def at(second: int) -> list[Any]:
        return json.loads(stub.call("GET", f"/api/v1/query?time={second}&query={text}")[1])["data"]["result"][0]["value"]
    instants = [at(1_800_000_000 + step) for step in (0, 10, 20)]
    assert [int(value) - int(instants[0][1]) for _, value in instants] == [0, 25, 50]
    asked = f"/api/v1/query_range?start=1800000000&end=1800000020&step=10&query={text}"
    assert json.loads(stub.call("GET", asked)[1])["data"] == {"resultType": "matrix", "result": [{"metric": {}, "values": instants}]}
    assert stub.call("GET", asked.replace("step=10", "step=0"))[0] == 400
    assert stub.call("GET", asked.replace("start=1800000000", "start=1"))[0] == 400


def test_stats_tell_when_a_flip_was_first_seen(stub: Server) -> None:
    value(stub, 'x{series="m-1"}')
    set_at = json.loads(stub.call("POST", "/set", {"name": "m-1", "value": 1})[1])["set_at_ms"]
    def stats() -> Any:
        return json.loads(stub.call("GET", "/stats")[1])["series"]["m-1"]
    assert stats() == {"queries": 1, "set_at_ms": set_at, "first_answer_ms": 0}
    value(stub, 'x{series="m-1"}')
    assert stats()["queries"] == 2 and stats()["first_answer_ms"] >= set_at


def test_every_mode_of_failing(stub: Server) -> None:
    text = 'x{series="m"}'
    def mode(name: str, **more: Any) -> None:
        assert stub.call("POST", "/set", {"name": "m", "value": 3, "mode": name, **more})[0] == 200
    mode("nan")
    assert value(stub, text) == "NaN"
    mode("empty")
    assert query(stub, text)[1]["data"]["result"] == []
    mode("many")
    assert len(query(stub, text)[1]["data"]["result"]) == 50
    mode("http500")
    assert query(stub, text)[0] == 500
    mode("syntax")
    assert query(stub, text)[0] == 400 and query(stub, text)[1]["errorType"] == "bad_data"
    mode("garbage")
    assert isinstance(query(stub, text)[1], str)
    mode("hang")
    with pytest.raises(TimeoutError):
        query(stub, text, timeout=0.3)
    mode("slow", delay_ms=400)
    with pytest.raises(TimeoutError):
        query(stub, text, timeout=0.1)
    assert value(stub, text) == "3"
    assert stub.call("POST", "/set", {"name": "m", "mode": "unheard-of"})[0] == 400
