"""Leases: whose turn it is to move an order's jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one process to move one order's jobs, until `expires_at` unless renewed."""

    order_id: str
    holder: str
    since: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class HeldBy:
    """Somebody else has the lease."""

    holder: str
    since: datetime
    expires_at: datetime
