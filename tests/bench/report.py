"""The table, the lines a program can read, and the JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Figures = dict[str, Any]

_COLUMNS = ("client", "N", "breach->0 p50/p99/max ms", "answer->0 p50/max ms", "idle cpu %", "rss MB (peak)", "req/s", "writes/h",
            "storm cpu s", "API server alone ms", "load")


def table(rows: list[Figures]) -> str:
    lines = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(_COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def lines(results: Figures) -> list[str]:
    """One for each N of the client that was measured in full; the other client's begin with bench-CLIENT."""
    told = []
    for row in results["rows"]:
        if "breach" in row and "standing" in row:
            head = "bench" if row["client"] == results["client"] else f"bench-{row['client']}"
            told.append(f"{head}: {_row_line(row)}")
        if evidence := row.get("evidence"):
            told.append(f"bench: n={row['n']} evidence_requests_per_second={evidence['requests_per_second']} "
                        f"cpu_percent={evidence['cpu_percent']} rss_mb={_megabytes(evidence['rss_mib'])}")
    if drift := results.get("drift"):
        told.append(f"bench: drift_put_back_p50_ms={drift['put_back_ms']['p50']} max_ms={drift['put_back_ms']['max']}")
    if killed := results.get("leader_killed"):
        told.append(f"bench: leader_killed_to_zero_max_s={killed['max']} lease_s={killed['lease_seconds']:g}")
    return told


def save(results: Figures, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _megabytes(mib: float) -> float:
    """Decimal megabytes, the larger number: nobody can say that we rounded in our favour."""
    return round(mib * 1.048576, 1)


def _row_line(row: Figures) -> str:
    breach, idle = row["breach"]["breach_to_zero_ms"], row["standing"]
    alone = f" api_server_alone_ms={_yardstick_ms(row['breach'])}" if "yardstick" in row["breach"] else ""
    return (f"n={row['n']} breach_to_zero_p50_ms={breach['p50']} p99_ms={breach['p99']} max_ms={breach['max']} "
            f"idle_cpu_percent={idle['cpu_percent']} rss_mb={_megabytes(idle['rss_mib'])} "
            f"requests_per_second_idle={idle['requests_per_second']} writes_per_hour_idle={idle['writes_per_hour']}{alone}")


def _yardstick_ms(breach: Figures) -> str:
    """As many writes as the burst has, from a client that decides nothing; "-" where there is no burst."""
    return str(round(breach["yardstick"]["seconds"] * 1000)) if "yardstick" in breach else "-"


def _cells(row: Figures) -> tuple[str, ...]:
    breach, idle = row.get("breach"), row.get("standing")
    if not breach or not idle:
        return (row["client"], str(row["n"]), "did not happen: " + row.get("error", "?"), *[""] * (len(_COLUMNS) - 3))
    to_zero, answered = breach["breach_to_zero_ms"], breach["answer_to_zero_ms"]
    storm = [one["cpu_seconds_to_last_zero"] for one in breach.get("bursts", [])]
    peak = max([idle["peak_rss_mib"], *(one["peak_rss_mib"] for one in breach.get("bursts", []))])
    return (row["client"], str(row["n"]),
            f"{to_zero['p50']} / {to_zero['p99']} / {to_zero['max']}", f"{answered['p50']} / {answered['max']}",
            str(idle["cpu_percent"]), f"{_megabytes(idle['rss_mib'])} ({_megabytes(peak)})", str(idle["requests_per_second"]),
            str(idle["writes_per_hour"]), str(max(storm)) if storm else "-", _yardstick_ms(breach), f"{idle['load']} / {breach['load']}")
