"""The one error the harness raises for what can go wrong outside it."""

from __future__ import annotations

from pathlib import Path


class HarnessError(Exception):
    """One sentence for the reader and, where there is one, the log to open."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(f"{message} (see {log})" if log else message)
        self.log = log
