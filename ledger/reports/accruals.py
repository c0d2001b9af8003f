"""Accruals: what was set aside and not yet charged when the period ended, and its reversal.

What was open then is told by when holds were opened and ended, so a report of last month is the same
whenever it is made. What is accrued is the hold, the dearest that an attempt could cost; the reversal
on the next day takes it back whole, as the charge itself is booked when it comes.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, or_, select

from ledger.instants import DAY_US
from ledger.reports import conditions, sums
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
    found = sorted(_open(up_to), key=lambda pair: sums.in_order(pair[0]))
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
            (
                f"Held at the end of {accrued_on} (UTC) and not charged by then, whatever became of it "
                f"since; each line is reversed whole on {dates[1]}."
            ),
            (
                "What is accrued is the hold: the dearest that its attempt could cost. Unknown is what "
                "had lost its answer by then."
            ),
        ),
        provenance=up_to.provenance(),
    )


_NAMES = ("holds", "unknown_nano", "accrued_nano")


def _open(asked: Asked) -> list[tuple[sums.Key, dict[str, int]]]:
    assert asked.selection.last_day is not None  # noqa: S101  it was set above
    end_us = (day_number(asked.selection.last_day) + 1) * DAY_US
    statement = (
        select(
            func.count().label("holds"),
            sums.total_if(attempts.c.lost_at_us < end_us, holds.c.amount_nano).label(
                "unknown_nano"
            ),
            sums.total(holds.c.amount_nano).label("accrued_nano"),
        )
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
    keys = [sums.DIMENSIONS[name].of_hold for name in asked.by]
    found: dict[sums.Key, dict[str, int]] = {}
    for key, amounts in sums.added_up(asked.connection, sums.keyed(statement, keys), asked.by):
        of_key = found.setdefault(key, dict.fromkeys(_NAMES, 0))
        for name, amount in amounts.items():
            of_key[name] += amount
    return list(found.items())
