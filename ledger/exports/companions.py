"""What the books say besides the charges: invoices, what adjustments correct, caps of cost centres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.exports.charge_line import ChargeLine


@dataclass(frozen=True, slots=True)
class PostedInvoice:
    """A statement that was posted, and names an invoice."""

    number: int
    """Among the statements of its provider and month, from 1."""
    invoice_id: str
    posted_at_us: int


@dataclass(frozen=True, slots=True)
class Correction:
    """Why an entry adjusts the books."""

    reason: str
    """A word of `AdjustmentReason`."""
    billed_period: str
    """The period whose bill it belongs to; the entry is in a later one where that was closed."""
    number: int | None
    """The statement of that period that made it; None where another period's took a charge out."""
    posted_at_us: int
    """When it really was booked."""


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

    invoices: Mapping[tuple[str, str], tuple[PostedInvoice, ...]] = field(default_factory=dict)
    """By provider and period, in the order in which they were posted."""
    closed_at_us: Mapping[str, int] = field(default_factory=dict)
    """When each period that is closed was closed."""
    corrections: Mapping[int, Correction] = field(default_factory=dict)
    """By the entry's id."""
    month_caps: tuple[MonthCap, ...] = ()
    """As they were set, oldest first."""

    def invoice_id(self, line: ChargeLine) -> str | None:
        """Give the invoice that an entry is on; None while no statement that names one has it.

        A charge is on the first one that was posted after it for its month; an adjustment on that of
        the statement that made it. Statements that name no invoice leave their entries to the next
        one that does. One that is posted after the month was closed changes nothing in that month.
        """
        correction = self.corrections.get(line.entry_id)
        number, at_us, period, told_in = 0, line.at_us, line.period, line.period
        if correction is not None:
            period, at_us = correction.billed_period, correction.posted_at_us
            # What is taken out of a month goes where the charge is that it takes out.
            number = correction.number or 0
            told_in = line.period if correction.number else period
        closed_at_us = self.closed_at_us.get(told_in)
        for one in self.invoices.get((line.provider, period), ()):
            if closed_at_us is not None and one.posted_at_us > closed_at_us:
                return None
            if one.number >= number and one.posted_at_us >= at_us:
                return one.invoice_id
        return None
