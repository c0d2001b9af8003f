"""Accruals: what was set aside and not yet charged when the period ended, and its reversal.

What was open then is told by when holds were opened and ended, so a report of last month is the same
whenever it is made, until the month's statement is posted: what that bills is booked, and what it
does not bill is not owed (see `covered`). What is accrued is the hold, the dearest that an attempt
could cost, less what adjustments have booked for it; the reversal on the next day takes it back whole,
as the charge itself is booked when it comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, not_, or_, select

from ledger.instants import DAY_US
from ledger.money import format_usd
from ledger.reports import conditions, covered, sums
from ledger.reports.asked import Asked, key_cells, key_columns, titled
from ledger.reports.report import Cell, Column, ColumnKind, Report
from ledger.schema import attempts, holds, orders
from ledger.selection import Selection, day_number

_COLUMNS = (
    Column("holds", "holds", ColumnKind.COUNT),
    Column("unknown_usd", "unknown", ColumnKind.MONEY),
    Column("accrued_usd", "accrued", ColumnKind.MONEY),
)


def make(asked: Asked) -> Report:
    """Make the report of the last day that is selected, or of today."""
    accrued_on = asked.selection.last_day or asked.today
    # What is open does not hang on when the days begin: a hold of last month is owed this month too.
    up_to = asked.of(Selection(None, accrued_on, asked.selection.where))
    dates: tuple[Cell, ...] = (accrued_on, accrued_on + timedelta(days=1))
    of_keys, of_providers = _open(up_to, accrued_on)
    found = sorted(
        ((key, amounts) for key, amounts in of_keys.items() if amounts["holds"]),
        key=lambda pair: sums.in_order(pair[0]),
    )
    in_all = [sum(amounts[name] for _, amounts in found) for name in _NAMES]
    return Report(
        name="accruals",
        title=f"Accruals by {titled(asked.by)}",
        selection=asked.selection if asked.selection.last_day else up_to.selection,
        columns=(
            Column("accrued_on", "accrue on", ColumnKind.DAY),
            Column("reversed_on", "reverse on", ColumnKind.DAY),
            *key_columns(asked.by),
            *_COLUMNS,
        ),
        rows=[
            (*dates, *key_cells(asked.by, key), *(amounts[name] for name in _NAMES))
            for key, amounts in found
        ],
        totals=(*dates, *(None for _ in asked.by), *in_all),
        notes=(
            _as_of(asked, accrued_on),
            (
                "What is accrued is the hold: the dearest that its attempt could cost. Unknown is what "
                "had lost its answer by then."
            ),
            *_left_out(of_keys),
            *_in_variance(up_to, accrued_on, of_providers),
        ),
        provenance=up_to.provenance(),
    )


_NAMES = ("holds", "unknown_nano", "accrued_nano")


def _as_of(asked: Asked, accrued_on: date) -> str:
    reversal = f"each line is reversed whole on {accrued_on + timedelta(days=1)}."
    if accrued_on < asked.today:
        return (
            f"Held at the end of {accrued_on} (UTC) and not charged by then, whatever became of it "
            f"since; {reversal}"
        )
    return (
        f"{asked.selection.period or accrued_on} is not over yet: this is what is held by now and "
        f"not charged. Make it again when it is; {reversal}"
    )


def _left_out(of_keys: Mapping[sums.Key, Mapping[str, int]]) -> Iterator[str]:
    """Say what is held and not accrued, as a statement has it or leaves it out."""
    summed = {
        name: sum(amounts[name] for amounts in of_keys.values())
        for name in ("booked", "booked_nano", "covered", "covered_nano")
    }
    if summed["booked_nano"]:
        yield (
            f"Not accrued is {format_usd(summed['booked_nano'])} of {_holds(summed['booked'])}: "
            "adjustments to providers' statements have booked it already."
        )
    if summed["covered"]:
        yield (
            f"Not accrued is {format_usd(summed['covered_nano'])} of {_holds(summed['covered'])}: the "
            "provider's statement of every month since is posted, and what an invoice leaves out is "
            "not owed for its month."
        )


def _holds(count: int) -> str:
    return f"{count:,} hold{'' if count == 1 else 's'}"


def _in_variance(asked: Asked, accrued_on: date, of_providers: Mapping[str, int]) -> Iterator[str]:
    """Say where a lost attempt may have been billed as nobody's."""
    lost = [provider for provider, unknown_nano in of_providers.items() if unknown_nano]
    end_us = _end_us(accrued_on)
    for provider, amount_nano in covered.nobodys_nano(asked.connection, lost, end_us).items():
        yield (
            f"{format_usd(amount_nano)} that {provider} bills for runs of nobody's is booked in the "
            "variance account. The run of an unknown attempt may be among them and is then accrued "
            "twice: `mintage ledger reconcile` says which, and `mintage ledger settle --ref` puts it "
            "right."
        )


def _end_us(day: date) -> int:
    return (day_number(day) + 1) * DAY_US


def _open(asked: Asked, accrued_on: date) -> tuple[dict[sums.Key, dict[str, int]], dict[str, int]]:
    """Add up what was open, by key; and what is accrued of it that is unknown, by provider."""
    statement = _each(asked, accrued_on)
    keys = [sums.DIMENSIONS[name].of_hold for name in asked.by]
    by = (*asked.by, "provider")
    found: dict[sums.Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    unknown: dict[str, int] = defaultdict(int)
    for key, amounts in sums.added_up(
        asked.connection, sums.keyed(statement, [*keys, orders.c.provider]), by
    ):
        of_key = found[key[:-1]]
        for name, amount in amounts.items():
            of_key[name] += amount
        unknown[str(key[-1])] += amounts["unknown_nano"]
    return found, unknown


def _each(asked: Asked, accrued_on: date) -> Select[Any]:
    end_us = _end_us(accrued_on)
    amount, booked = holds.c.amount_nano, covered.booked_nano(end_us)
    # What is booked is between nothing and the hold: a statement can also take back, or bill more.
    booked_nano = case((booked >= amount, amount), (booked > 0, booked), else_=0)
    is_rest = or_(booked_nano < amount, amount == 0)
    is_covered = covered.is_covered(asked.connection, accrued_on)
    is_accrued = and_(is_rest, not_(is_covered))
    is_left_out = and_(is_rest, is_covered)
    rest_nano = amount - booked_nano
    wanted: list[ColumnElement[Any]] = [
        _count_if(is_accrued).label("holds"),
        sums.total_if(and_(is_accrued, attempts.c.lost_at_us < end_us), rest_nano).label(
            "unknown_nano"
        ),
        sums.total_if(is_accrued, rest_nano).label("accrued_nano"),
        _count_if(booked_nano > 0).label("booked"),
        sums.total(booked_nano).label("booked_nano"),
        _count_if(is_left_out).label("covered"),
        sums.total_if(is_left_out, rest_nano).label("covered_nano"),
    ]
    return (
        select(*wanted)
        .select_from(holds)
        .join(attempts, attempts.c.attempt_id == holds.c.attempt_id)
        .join(orders, orders.c.order_id == attempts.c.order_id)
        .where(
            holds.c.opened_at_us < end_us,
            or_(holds.c.ended_at_us.is_(None), holds.c.ended_at_us >= end_us),
            *conditions.of_orders(asked.selection),
            *conditions.of_jobs(asked.selection, attempts.c.job_id),
        )
    )


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return sums.total(case((condition, 1), else_=0))
