"""How long a run waits for room under a cap that it shares with other orders and other processes.

Their holds end without anybody here being told, so the books are asked again after a pause that
grows. Every sign of life counts: the time runs from the last change of what is held and spent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger import Wait

PAUSE_FIRST_S = 0.05
PAUSE_LAST_S = 1.0


@dataclass(slots=True)
class Patience:
    """One run's patience with the holds of others; `limit_s` without any change uses it up."""

    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    limit_s: float
    gave_up: str | None = None
    """Why the run stopped waiting, once it has."""
    _seen: tuple[str, tuple[int, int, int]] | None = field(default=None, init=False)
    _until: datetime | None = field(default=None, init=False)
    _pause_s: float = field(default=PAUSE_FIRST_S, init=False)

    async def wait(self, decision: Wait) -> bool:
        """Pause before the books are asked again; False, at once, when it is no use any more."""
        if not decision.is_shared:
            return False
        now = self.clock()
        seen = (decision.budget_id, decision.standing)
        if self._until is None or seen != self._seen:
            self._seen = seen
            self._until = now + timedelta(seconds=self.limit_s)
            self._pause_s = PAUSE_FIRST_S
        left_s = (self._until - now).total_seconds()
        if left_s <= 0:
            self.gave_up = (
                f"{decision.reason}; the open holds under it made no room within "
                f"{self.limit_s:g} s, and the next run asks again"
            )
            return False
        await self.sleep(min(self._pause_s, left_s))
        self._pause_s = min(2 * self._pause_s, PAUSE_LAST_S)
        return True
