"""Keeping under a provider's rate limit: a token bucket that can be told to pause.

Turns are given in the order in which they are asked for. The clock and the sleep are passed in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_HAIR = 1e-6


class Pace:
    """At most `per_minute` turns a minute in the long run, and `burst` of them at once.

    One object is shared by all who use one account. Use it from one event loop only.

    Args:
        per_minute: turns a minute in the long run.
        burst: turns that may go at once after a rest; at least 1.
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        per_minute: float,
        *,
        burst: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._per_second = per_minute / 60
        self._burst = float(max(1, burst))
        self._clock = clock
        self._sleep = sleep
        self._tokens = self._burst
        self._counted_at = clock()
        self._paused_until = self._counted_at
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for a turn and take it. A turn that is cancelled while it waits is not taken."""
        async with self._queue:
            while (wait_s := self._wait_s()) > 0:
                await self._sleep(wait_s)
            self._tokens -= 1

    def pause(self, seconds: float) -> None:
        """Give no turn for so many seconds, and then no burst: the provider asked for quiet."""
        self._count()
        self._tokens = min(self._tokens, 1.0)
        self._paused_until = max(self._paused_until, self._counted_at + seconds)

    def _count(self) -> None:
        now = self._clock()
        earned = (now - self._counted_at) * self._per_second
        self._tokens = min(self._burst, self._tokens + earned)
        self._counted_at = now

    def _wait_s(self) -> float:
        self._count()
        if (paused_s := self._paused_until - self._counted_at) > 0:
            return paused_s
        missing = 1 - self._tokens
        # A sum of floats falls a hair short of a whole turn; that hair is not worth a sleep.
        return missing / self._per_second if missing > _HAIR else 0.0
