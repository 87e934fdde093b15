"""Users of the same Envoy with the filter and without it, in turns: what the shadow costs them, whatever else the machine does.

A pair is one window of each, the first of them by turns. What one pair says is noise on a machine with other work; the median of several
is not.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from faults_rig import Load, Rig, Window, users

PAIRS = 7  # the least from which a median says something

Action = Callable[[Rig], None]
During = Callable[[Rig, Callable[[], bool]], None]


@dataclass(frozen=True)
class Fault:
    """What is done to the agent around each window with the filter. All may be left out."""

    before: Action | None = None
    during: During | None = None  # gets a function that says whether users are still at it
    after: Action | None = None


@dataclass(frozen=True)
class Bars:
    """docs/bridge.md states them."""

    p50_delta_ms: float = 0.5
    p99_ratio: float = 1.5
    slower_than_max_ms: float = 100


@dataclass
class Pairs:
    """What came of them."""

    plain: list[Window] = field(default_factory=list)
    watched: list[Window] = field(default_factory=list)

    @property
    def user_errors(self) -> int:
        return sum(sum(window.errors.values()) for window in (*self.plain, *self.watched))

    @property
    def p50_delta_ms(self) -> float:
        return statistics.median(watched.percentile(0.5) - plain.percentile(0.5) for plain, watched in self._both())

    @property
    def p99_ratio(self) -> float:
        return statistics.median(watched.percentile(0.99) / plain.percentile(0.99) for plain, watched in self._both())

    def median(self, windows: list[Window], share: float) -> float:
        return statistics.median(window.percentile(share) for window in windows)

    @property
    def slower_than_max_ms(self) -> float:
        """By how much the slowest request beside the shadow took longer than the slowest without; not below 0."""
        return max(0.0, max(window.milliseconds[-1] for window in self.watched) - max(window.milliseconds[-1] for window in self.plain))

    def _both(self) -> list[tuple[Window, Window]]:
        return list(zip(self.plain, self.watched, strict=True))

    def misses(self, bars: Bars) -> list[str]:
        """The bars that are missed, each as text."""
        found = []
        if self.user_errors:
            found.append(f"user_errors={self.user_errors}")
        if self.p50_delta_ms > bars.p50_delta_ms:
            found.append(f"p50_delta_ms={self.p50_delta_ms:.2f}")
        if self.p99_ratio > bars.p99_ratio:
            found.append(f"p99_ratio={self.p99_ratio:.2f}")
        if self.slower_than_max_ms > bars.slower_than_max_ms:
            found.append(f"slower_than_max_ms={self.slower_than_max_ms:.0f}")
        return found


def watched_window(rig: Rig, load: Load, fault: Fault, listener: str) -> Window:
    if fault.before is not None:
        fault.before(rig)
    during = fault.during
    window = users(rig.ports[listener], load, rig.folder, None if during is None else lambda going_on: during(rig, going_on))
    if fault.after is not None:
        fault.after(rig)
    return window


def run_pairs(rig: Rig, load: Load, count: int, fault: Fault = Fault(), listener: str = "users") -> Pairs:
    """`listener`: users, or sampled. What the agent still has under way is waited for before the other half of the pair."""
    pairs = Pairs()
    for number in range(count):
        for is_plain in ((True, False) if number % 2 == 0 else (False, True)):
            if is_plain:
                pairs.plain.append(users(rig.ports["plain"], load, rig.folder))
            else:
                pairs.watched.append(watched_window(rig, load, fault, listener))
                rig.settle()
                time.sleep(0.2)
    return pairs
