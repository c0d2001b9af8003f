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
        self._closed = asyncio.Event()

    async def turn(self) -> bool:
        """Wait for a turn and take it; False, without one, once the pace is closed.

        A turn that is cancelled while it waits is not taken.
        """
        async with self._queue:
            while (wait_s := self._wait_s()) > 0 and not self._closed.is_set():
                await self._wait(wait_s)
            if self._closed.is_set():
                return False
            self._taken.append(self._clock())
            return True

    def close(self) -> None:
        """Give no turn any more, to those who wait neither."""
        self._closed.set()

    async def _wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the pace is closed."""
        tasks = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._closed.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def pause(self, seconds: float) -> None:
        """Give no turn for so many seconds: the provider asked for quiet."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _wait_s(self) -> float:
        now = self._clock()
        wait_s = self._paused_until - now
        if len(self._taken) == self._taken.maxlen:
            wait_s = max(wait_s, self._taken[0] + WINDOW_S - now)
        return wait_s
