"""How long the Replicate builder waits, and by which clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the builder waits for what, in seconds."""

    prefer_wait_s: int = 20
    """How long a POST may be held until the result is there; proxies drop what is held for long."""
    answer_margin_s: float = 15
    """How much longer than that its answer may take."""
    throttled_max_s: float = 300
    """How long one attempt goes on asking after its first 429."""
    connect_waits_s: tuple[float, ...] = (0.5, 1, 2, 4)
    """Pauses between tries of a POST of which nothing was sent."""
    reached_recently_s: float = 60
    """A provider that was reached so lately is having a blip, not an outage."""
    poll_first_s: float = 0.5
    poll_max_s: float = 5
    poll_failing_max_s: float = 60
    """How long polls may fail in a row."""
    overdue_max_s: float = 60
    """How long after its deadline a run may still not have ended."""
    fetch_waits_s: tuple[float, ...] = (0.5, 1, 2, 4)
    """Pauses between tries of an output."""
    metrics_waits_s: tuple[float, ...] = (0.5, 1, 2)
    """Pauses between looks at a finished run whose metrics are not all there."""
    absent_after_s: float | None = None
    """A record read so long after an answer was lost has everything that was created."""
    output_bytes_max: int = 50_000_000


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time, as the builder sees it."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def today(self) -> date:
        """Return the day (UTC) whose prices are in force."""
        return self.now().astimezone(UTC).date()
