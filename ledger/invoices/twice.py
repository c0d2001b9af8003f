"""Runs that the books have twice: a statement of one month has them, and another month charged them.

That is what becomes of a lost attempt whose line was posted to the variance account before it was
settled in a later month: the bill has it once. Posting the statement again takes the charge back.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select

from ledger.finance_tables import adjustments
from ledger.invoices import ours
from ledger.invoices.ours import Key
from ledger.invoices.posted import posted_periods
from ledger.schema import attempts, entries
from ledger.totals import BILLED

_SUSPECTS: Final = (
    select(adjustments.c.provider, adjustments.c.provider_ref)
    .join(attempts, attempts.c.provider_ref == adjustments.c.provider_ref)
    .join(entries, entries.c.attempt_id == attempts.c.attempt_id)
    .where(
        entries.c.kind.in_(BILLED),
        entries.c.provider == adjustments.c.provider,
        entries.c.period != adjustments.c.period,
        or_(
            entries.c.period == bindparam("period"),
            adjustments.c.period == bindparam("period"),
        ),
    )
    .distinct()
)


@dataclass(frozen=True, slots=True)
class ChargedTwice:
    """One run that the statement of a month has and that another month charged."""

    provider: str
    provider_ref: str
    attempt_id: str
    amount_nano: int
    """What the month that charged it has of it."""
    posted_in: str
    """The month whose statement has it."""


@dataclass(frozen=True, slots=True)
class PostedEarlier:
    """What statements posted of an attempt's run while nobody knew whose it was."""

    provider: str
    period: str
    """The month whose statement has it."""
    amount_nano: int
    """What of it is in the variance account."""


def suspects(connection: Connection, provider: str, period: str) -> frozenset[str]:
    """Runs that an adjustment and a charge of two months have, one of them `period`.

    Most are in order: a charge that was moved to the month that bills it is such a run too.
    """
    found = connection.execute(
        _SUSPECTS.where(adjustments.c.provider == provider), {"period": period}
    )
    return frozenset(row.provider_ref for row in found)


def charged_twice(connection: Connection, period: str) -> list[ChargedTwice]:
    """Runs that a period charged and the statement of another has, by provider and run."""
    by_provider: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(_SUSPECTS, {"period": period}):
        by_provider[row.provider].append(row.provider_ref)
    found = []
    for provider, refs in sorted(by_provider.items()):
        posted = posted_periods(connection, provider)
        keys = [Key(ref) for ref in sorted(refs)]
        for key, standing in ours.standings(connection, provider, keys):
            billed_in = [
                other
                for other in sorted(standing.corrected)
                if other != period and other in posted and standing.corrected[other] > 0
            ]
            if not billed_in or standing.attempt is None or key.ref is None:
                continue
            if period in standing.strays(billed_in[0], posted):
                found.append(
                    ChargedTwice(
                        provider,
                        key.ref,
                        standing.attempt.attempt_id,
                        standing.ours_nano(period),
                        billed_in[0],
                    )
                )
    return found


def posted_earlier(connection: Connection, attempt_id: str) -> PostedEarlier | None:
    """What statements posted to the variance account of the run that an attempt has, if anything."""
    adjusted = (
        select(
            adjustments.c.provider,
            adjustments.c.period,
            (adjustments.c.theirs_nano - adjustments.c.ours_nano).label("moved_nano"),
        )
        .join(attempts, attempts.c.provider_ref == adjustments.c.provider_ref)
        .join(entries, entries.c.entry_id == adjustments.c.entry_id)
        .where(attempts.c.attempt_id == attempt_id, entries.c.job_id.is_(None))
        .order_by(adjustments.c.entry_id)
    )
    rows = connection.execute(adjusted).all()
    nobodys_nano = sum(row.moved_nano for row in rows)
    if not nobodys_nano:
        return None
    return PostedEarlier(rows[-1].provider, rows[-1].period, nobodys_nano)
