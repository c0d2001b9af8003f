"""The books' side of a statement: what they charged a provider's runs, month by month.

An adjustment corrects the month that its statement is for, also where it was entered in a later
one because that was closed. One kind does not: what takes a charge out of the month that had it
because another month's statement bills it (`other_period`, downwards) corrects the month of the
charge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
    text,
    union_all,
)

from ledger.finance_tables import adjustments, statements
from ledger.kinds import AdjustmentReason
from ledger.records import AttemptState
from ledger.schema import AnyRow, attempts, entries, orders
from ledger.selection import of_period
from ledger.totals import BILLED

ASKED_AT_ONCE: Final = 1_000
"""How many runs are looked up in one query."""

REST: Final = frozenset({AdjustmentReason.INVOICE.value, AdjustmentReason.ROUNDING.value})
"""Reasons of adjustments to an invoice's total, not to a line."""

_ENDED: Final = frozenset({AttemptState.BUILT.value, AttemptState.FAILED.value})

_charges = entries.alias("charges")

_CORRECTED: ColumnElement[str] = case(
    (
        (adjustments.c.reason == AdjustmentReason.OTHER_PERIOD.value)
        & (adjustments.c.theirs_nano < adjustments.c.ours_nano),
        func.coalesce(
            select(func.min(_charges.c.period))
            .where(_charges.c.attempt_id == adjustments.c.attempt_id, _charges.c.kind.in_(BILLED))
            .scalar_subquery(),
            adjustments.c.period,
        ),
    ),
    else_=adjustments.c.period,
)

_MOVED = adjustments.c.theirs_nano - adjustments.c.ours_nano


def _charged(provider: str, period: str, *what: ColumnElement[Any]) -> Select[Any]:
    chosen = of_period(period)
    return select(*what).where(
        entries.c.at_us >= chosen.since_us,
        entries.c.at_us < chosen.until_us,
        entries.c.kind.in_(BILLED),
        entries.c.provider == provider,
    )


def _adjusted(provider: str, period: str, *what: ColumnElement[Any]) -> Select[Any]:
    return select(*what).where(adjustments.c.provider == provider, _CORRECTED.in_([period]))


class Key(NamedTuple):
    """A run, or an attempt that was charged without one being known."""

    ref: str | None
    attempt_id: str | None = None
    """Only where there is no reference."""


class Moved(NamedTuple):
    """One amount that the books have in a period."""

    ref: str | None
    attempt_id: str | None
    amount_nano: int
    reason: str | None = None
    """Of an adjustment; None for a charge."""
    is_attributed: bool = True
    """Whether it is put down to a job."""


def amounts(connection: Connection, provider: str, period: str) -> Iterator[Moved]:
    """Stream every charge of a provider in a period, and every adjustment that corrects it."""
    charges = _charged(
        provider, period, entries.c.provider_ref, entries.c.attempt_id, entries.c.amount_nano
    )
    with connection.execute(charges.execution_options(yield_per=10_000)) as rows:
        for ref, attempt_id, amount_nano in rows:
            yield Moved(ref, attempt_id, amount_nano)
    corrections = _adjusted(
        provider,
        period,
        adjustments.c.provider_ref,
        adjustments.c.attempt_id,
        _MOVED,
        adjustments.c.reason,
        entries.c.job_id.is_not(None),
    ).join_from(adjustments, entries, entries.c.entry_id == adjustments.c.entry_id)
    with connection.execute(corrections.execution_options(yield_per=10_000)) as rows:
        for ref, attempt_id, amount_nano, reason, is_attributed in rows:
            yield Moved(ref, attempt_id, amount_nano, reason, bool(is_attributed))


def total_nano(
    connection: Connection,
    provider: str,
    period: str,
    *,
    between: tuple[int, int] | None = None,
) -> int:
    """What the same amounts add up to.

    With `between`, the first and the last entry of a statement: as they were when it was posted.
    """
    charged = _charged(provider, period, _sum(entries.c.amount_nano))
    adjusted = _adjusted(provider, period, _sum(_MOVED))
    if between is not None:
        charged = charged.where(entries.c.entry_id < between[0])
        adjusted = adjusted.where(adjustments.c.entry_id <= between[1])
    return int(connection.execute(charged).scalar_one()) + int(
        connection.execute(adjusted).scalar_one()
    )


def had_once(
    connection: Connection, provider: str, period: str, nano: int, span_us: tuple[int, int]
) -> bool:
    """Whether the same amounts came to a sum after one of the entries booked within a span.

    Entries before the span are all in it, entries after it are in none; an adjustment was booked
    when its statement was posted.
    """
    since_us, until_us = span_us
    booked = _adjusted(
        provider,
        period,
        adjustments.c.entry_id,
        statements.c.posted_at_us.label("at_us"),
        _MOVED.label("nano"),
    ).join_from(adjustments, statements)
    charged = _charged(
        provider, period, entries.c.entry_id, entries.c.at_us, entries.c.amount_nano.label("nano")
    )
    moved = union_all(charged, booked).subquery()
    order = moved.c.entry_id
    steps = select(
        func.sum(moved.c.nano).over(order_by=order).label("had_nano"),
        moved.c.at_us,
        func.lead(moved.c.at_us).over(order_by=order).label("next_us"),
    ).subquery()
    is_after = or_(steps.c.next_us.is_(None), steps.c.next_us >= since_us)
    found = select(steps.c.had_nano).where(
        steps.c.had_nano == nano, steps.c.at_us <= until_us, is_after
    )
    if connection.execute(found.limit(1)).first() is not None:
        return True
    first_us = connection.execute(select(func.min(moved.c.at_us))).scalar_one()
    return nano == 0 and (first_us is None or first_us >= since_us)


def carried_nano(connection: Connection, period: str) -> dict[str, int]:
    """What of each provider's adjustments in a period corrects others, less what they have of it.

    Without it, what the books have in a period is what its statement is compared with.
    """
    here = entries.c.period == period
    corrects_it = _CORRECTED.in_([period])
    rows = connection.execute(
        select(
            adjustments.c.provider,
            _sum(case((here, _MOVED), else_=-_MOVED)).label("carried"),
        )
        .join(entries, entries.c.entry_id == adjustments.c.entry_id)
        .where(or_(here & ~corrects_it, ~here & corrects_it))
        .group_by(adjustments.c.provider)
    )
    return {row.provider: int(row.carried) for row in rows}


def without_run(connection: Connection, provider: str, period: str) -> tuple[int, int]:
    """What adjustments of no run add up to: those of lines, and those to invoices' totals."""
    is_rest = adjustments.c.reason.in_(sorted(REST))
    found = connection.execute(
        _adjusted(
            provider,
            period,
            _sum(case((is_rest, 0), else_=_MOVED)),
            _sum(case((is_rest, _MOVED), else_=0)),
        ).where(adjustments.c.provider_ref.is_(None), adjustments.c.attempt_id.is_(None))
    ).one()
    return int(found[0]), int(found[1])


def _sum(amount: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


@dataclass(slots=True)
class Standing:
    """What the books have of one run, in all periods."""

    attempt: AnyRow | None = None
    """The attempt with its job and its order, where the books know whose run it is."""
    charged: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Charges and overruns by the period that they were booked in."""
    charged_at_us: dict[str, int] = field(default_factory=dict)
    """When the newest of them was booked, by the same period."""
    corrected: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Adjustments by the period that they correct."""
    unattributed_nano: int = 0
    """What of the adjustments is nobody's, in all periods."""

    def ours_nano(self, period: str) -> int:
        """What the books have of it in a period."""
        return self.charged.get(period, 0) + self.corrected.get(period, 0)

    def stands_in(self, period: str, posted: Mapping[str, int]) -> bool:
        """Whether what the books have of it in a period is what a statement of that period said.

        `posted` is as `posted_periods` gives it: a charge that is younger than the newest statement
        was on none.
        """
        if period not in posted or not self.ours_nano(period):
            return False
        is_younger = self.charged_at_us.get(period, 0) > posted[period]
        return self.corrected.get(period, 0) > 0 or not is_younger

    def strays(self, period: str, posted: Mapping[str, int]) -> list[str]:
        """The other periods that charged it and that no statement of theirs has it for, in order.

        Where the statement of `period` bills it, these charges count it a second time.
        """
        return sorted(
            other
            for other in self.charged
            if other != period and self.ours_nano(other) > 0 and not self.stands_in(other, posted)
        )

    @property
    def ended(self) -> bool:
        """Whether there is an attempt that a difference can be put down to."""
        return self.attempt is not None and self.attempt.state in _ENDED


_ATTEMPTS = (
    select(
        attempts.c.attempt_id,
        attempts.c.job_id,
        attempts.c.state,
        attempts.c.provider_ref,
        attempts.c.hold_nano,
        orders.c.order_id,
        orders.c.cost_center,
        orders.c.campaign,
        orders.c.owner,
        orders.c.provider,
        orders.c.model,
    )
    .join(orders, orders.c.order_id == attempts.c.order_id)
    .where(orders.c.provider == bindparam("provider"))
)
_BY_REF = _ATTEMPTS.where(attempts.c.provider_ref.in_(bindparam("refs", expanding=True)))
_BY_ID = _ATTEMPTS.where(attempts.c.attempt_id.in_(bindparam("ids", expanding=True)))
_CHARGES_OF = select(
    entries.c.attempt_id, entries.c.period, entries.c.amount_nano, entries.c.at_us
).where(entries.c.attempt_id.in_(bindparam("ids", expanding=True)), entries.c.kind.in_(BILLED))
_ADJUSTMENTS_OF = (
    select(
        adjustments.c.provider_ref,
        adjustments.c.attempt_id,
        _MOVED.label("moved_nano"),
        _CORRECTED.label("corrected"),
        entries.c.job_id,
    )
    .join(entries, entries.c.entry_id == adjustments.c.entry_id)
    .where(
        adjustments.c.provider == bindparam("provider"),
        or_(
            adjustments.c.provider_ref.in_(bindparam("refs", expanding=True)),
            adjustments.c.provider_ref.is_(None)
            & adjustments.c.attempt_id.in_(bindparam("ids", expanding=True)),
        ),
    )
)


def standings(
    connection: Connection, provider: str, keys: Iterable[Key]
) -> Iterator[tuple[Key, Standing]]:
    """Look runs up, each with everything that the books have of it; unknown ones have nothing."""
    page: list[Key] = []
    for key in keys:
        page.append(key)
        if len(page) == ASKED_AT_ONCE:
            yield from _page(connection, provider, page).items()
            page = []
    if page:
        yield from _page(connection, provider, page).items()


def _page(connection: Connection, provider: str, keys: Sequence[Key]) -> dict[Key, Standing]:
    found = {key: Standing() for key in keys}
    refs = [key.ref for key in keys if key.ref is not None]
    ids = [key.attempt_id for key in keys if key.attempt_id is not None]
    of_attempt: dict[str, Standing] = {}
    for row in connection.execute(_BY_REF, {"provider": provider, "refs": refs}):
        of_attempt[row.attempt_id] = found[Key(row.provider_ref)]
        of_attempt[row.attempt_id].attempt = row
    for row in connection.execute(_BY_ID, {"provider": provider, "ids": ids}):
        of_attempt[row.attempt_id] = found[Key(None, row.attempt_id)]
        of_attempt[row.attempt_id].attempt = row
    for charge in connection.execute(_CHARGES_OF, {"ids": list(of_attempt)}):
        standing, period = of_attempt[charge.attempt_id], charge.period
        standing.charged[period] += charge.amount_nano
        standing.charged_at_us[period] = max(
            charge.at_us, standing.charged_at_us.get(period, charge.at_us)
        )
    asked_for = {"provider": provider, "refs": refs, "ids": ids}
    for moved in connection.execute(_ADJUSTMENTS_OF, asked_for):
        ref = moved.provider_ref
        standing = found[Key(ref) if ref is not None else Key(None, moved.attempt_id)]
        standing.corrected[moved.corrected] += moved.moved_nano
        if moved.job_id is None:
            standing.unattributed_nano += moved.moved_nano
    return found


_OPEN = (
    select(
        attempts.c.attempt_id,
        attempts.c.job_id,
        attempts.c.state,
        attempts.c.provider_ref,
        attempts.c.hold_nano,
        attempts.c.held_at_us,
        orders.c.order_id,
        orders.c.model,
    )
    .join(orders, orders.c.order_id == attempts.c.order_id)
    # The literal condition lets both databases use the partial index of open attempts.
    .where(text("attempts.state IN ('held', 'unknown')"))
    .where(orders.c.provider == bindparam("provider"))
    .where(attempts.c.held_at_us < bindparam("until"))
    .order_by(attempts.c.held_at_us, attempts.c.attempt_id)
)


def open_attempts(connection: Connection, provider: str, period: str) -> Sequence[AnyRow]:
    """Attempts whose end the books do not know, held before the period was over, oldest first."""
    asked = {"provider": provider, "until": of_period(period).until_us}
    return connection.execute(_OPEN, asked).all()
