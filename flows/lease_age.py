"""How long ago a run's lease was renewed, by a clock that may stop and one that may be set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

LEASE_TTL_S = 60
"""A lease that was not renewed for so long may be taken by anybody."""
LEASE_RENEW_S = 15
FRESH_S = 30.0
"""Renewed less than so long ago, it cannot have been taken, whichever of the two clocks is right."""


@dataclass(slots=True)
class LeaseAge:
    """When the lease was last known to be this run's."""

    clock: Callable[[], datetime]
    _renewed_at: tuple[float, float] | None = field(default=None, init=False)

    def now(self) -> tuple[float, float]:
        """Read both clocks, in seconds."""
        return asyncio.get_running_loop().time(), self.clock().timestamp()

    def renewed(self, asked_at: tuple[float, float]) -> None:
        """Note that a renewal which was begun at `asked_at` has been committed."""
        self._renewed_at = asked_at

    def is_fresh(self) -> bool:
        """Whether nobody can have taken the lease since."""
        if self._renewed_at is None:
            return False
        return all(
            0 <= now_s - then_s < FRESH_S
            for now_s, then_s in zip(self.now(), self._renewed_at, strict=True)
        )
