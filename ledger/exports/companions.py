"""What the books say besides the charges: invoices, what adjustments correct, caps of cost centres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Correction:
    """Why an entry adjusts the books."""

    reason: str
    """A word of `AdjustmentReason`."""
    billed_period: str
    """The period whose bill it belongs to; the entry is in a later one where that was closed."""


@dataclass(frozen=True, slots=True)
class MonthCap:
    """What a cost centre may spend in a month, from a moment on."""

    cost_center: str
    since_us: int
    cap_nano: int | None
    """None: nothing is capped any more."""


@dataclass(frozen=True, slots=True)
class Companions:
    """All of it, of one selection."""

    invoices: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The invoice's id by provider and period, of the newest statement posted that names one."""
    corrections: Mapping[int, Correction] = field(default_factory=dict)
    """By the entry's id."""
    month_caps: tuple[MonthCap, ...] = ()
    """As they were set, oldest first."""
