"""A selection as conditions on each of the tables that reports are made of.

Days are those at which a row counts: an entry and a running total at the entry's time, a hold when it
was made, an asset when it was released.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select, union

from ledger.finance_tables import adjustments
from ledger.instants import DAY_US
from ledger.schema import attempts, entries, orders, totals
from ledger.selection import Selection

COLUMNS: Final = {"order": "order_id", "job": "job_id"}
"""Dimensions that are called otherwise in the tables."""


def needs_entries(selection: Selection, by: tuple[str, ...] = ()) -> bool:
    """Whether the running totals are not fine enough: they know no jobs."""
    return "job" in by or any(name == "job" for name, _ in selection.where)


def of_totals(selection: Selection) -> list[ColumnElement[bool]]:
    """Conditions on the running totals, which know neither owners nor jobs."""
    meant: list[ColumnElement[bool]] = []
    if selection.since_us is not None:
        meant.append(totals.c.day >= selection.since_us // DAY_US)
    if selection.until_us is not None:
        meant.append(totals.c.day < selection.until_us // DAY_US)
    for name, values in selection.where:
        if name == "owner":
            owned = select(orders.c.order_id).where(orders.c.owner.in_(sorted(values)))
            meant.append(totals.c.order_id.in_(owned))
        else:
            meant.append(totals.c[COLUMNS.get(name, name)].in_(sorted(values)))
    return meant


def of_entries(selection: Selection) -> list[ColumnElement[bool]]:
    """Conditions on the entries, of whatever kind."""
    meant = between(selection, entries.c.at_us)
    for name, values in selection.where:
        meant.append(entries.c[COLUMNS.get(name, name)].in_(sorted(values)))
        if name == "job":
            # Entries are found by their attempts and not by their jobs, which they only name.
            meant.append(entries.c.entry_id.in_(_of_jobs(values)))
    return meant


def _of_jobs(job_ids: frozenset[str]) -> Select[Any]:
    by_attempt = (
        select(entries.c.entry_id)
        .join(attempts, attempts.c.attempt_id == entries.c.attempt_id)
        .where(attempts.c.job_id.in_(sorted(job_ids)))
    )
    return select(union(by_attempt, select(adjustments.c.entry_id)).subquery())


def of_orders(selection: Selection) -> list[ColumnElement[bool]]:
    """Conditions on the orders of what is selected; days and jobs are no matter of an order's."""
    return [
        orders.c[COLUMNS.get(name, name)].in_(sorted(values))
        for name, values in selection.where
        if name != "job"
    ]


def of_jobs(selection: Selection, job_id: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
    """Conditions on the jobs, where some are named."""
    for name, values in selection.where:
        if name == "job":
            yield job_id.in_(sorted(values))


def between(selection: Selection, at_us: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Conditions on a time."""
    meant: list[ColumnElement[bool]] = []
    if selection.since_us is not None:
        meant.append(at_us >= selection.since_us)
    if selection.until_us is not None:
        meant.append(at_us < selection.until_us)
    return meant
