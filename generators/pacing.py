"""Keeping under a provider's rate limit: so many turns in any minute, and a pause when it asks for one.

Turns are given in the order in which they are asked for. The clock and the sleep are passed in.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

WINDOW_S = 60.0


class Pace:
    """At most `per_minute` turns within any 60 seconds, as fast as they are asked for until then.

    A batch that fits the limit is not slowed down at all; a longer one waits for its oldest turns to
    be a minute old. One object is shared by all who use one account, on one event loop.

    Args:
        per_minute: turns within any 60 seconds; at least 1.
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]],
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        # The oldest turn that still counts is the only one that can make somebody wait.
        self._taken: deque[float] = deque(maxlen=max(1, per_minute))
        self._paused_until = clock()
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for a turn and take it. A turn that is cancelled while it waits is not taken."""
        async with self._queue:
            while (wait_s := self._wait_s()) > 0:
                await self._sleep(wait_s)
            self._taken.append(self._clock())

    def pause(self, seconds: float) -> None:
        """Give no turn for so many seconds: the provider asked for quiet."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _wait_s(self) -> float:
        now = self._clock()
        wait_s = self._paused_until - now
        if len(self._taken) == self._taken.maxlen:
            wait_s = max(wait_s, self._taken[0] + WINDOW_S - now)
        return wait_s
