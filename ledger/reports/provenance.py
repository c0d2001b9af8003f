"""Which entries a report is made of: how many, from which to which, and under which seal.

The ids are looked up around the first and the last day that have any, which the running totals know:
ids grow with time but for the clocks of different machines, which are less than a day apart, and for
adjustments, which count at the end of their period however late they are posted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from ledger.finance_tables import adjustments
from ledger.instants import DAY_US
from ledger.reports import conditions, sums
from ledger.reports.report import Provenance
from ledger.schema import entries
from ledger.schema import totals as running
from ledger.seal_table import seals
from ledger.selection import Selection

_IDS = (
    func.min(entries.c.entry_id).label("first_id"),
    func.max(entries.c.entry_id).label("last_id"),
)


def provenance(connection: Connection, selection: Selection) -> Provenance:
    """Say which entries of whatever kind are selected; `connection` must see one moment."""
    if conditions.needs_entries(selection):
        found = connection.execute(
            select(func.count().label("entry_count"), *_IDS).where(
                *conditions.of_entries(selection)
            )
        ).one()
        return sealed(connection, found.entry_count, found.first_id, found.last_id)
    days = connection.execute(
        select(
            sums.total(running.c.entry_count).label("entry_count"),
            func.min(running.c.day).label("first_day"),
            func.max(running.c.day).label("last_day"),
        ).where(*conditions.of_totals(selection))
    ).one()
    if not days.entry_count:
        return Provenance(0, None, None, None, sealed=False)
    if selection == Selection():
        found = connection.execute(select(*_IDS)).one()
        return sealed(connection, days.entry_count, found.first_id, found.last_id)
    first_us, last_us = days.first_day * DAY_US, (days.last_day + 1) * DAY_US
    first_id = connection.execute(_around(selection, _IDS[0], first_us)).scalar_one()
    last_id = connection.execute(_around(selection, _IDS[1], last_us - 2 * DAY_US)).scalar_one()
    adjusted_id = connection.execute(_last_adjustment(selection)).scalar()
    return sealed(connection, days.entry_count, first_id, max(last_id, adjusted_id or 0))


def sealed(
    connection: Connection, count: int, first_id: int | None, last_id: int | None
) -> Provenance:
    """Look up under which seal entries of these ids are."""
    if first_id is None or last_id is None:
        return Provenance(0, None, None, None, sealed=False)
    newest = connection.execute(
        select(seals.c.sha256, seals.c.last_entry_id)
        .where(seals.c.first_entry_id <= last_id, seals.c.last_entry_id >= first_id)
        .order_by(seals.c.block.desc())
        .limit(1)
    ).one_or_none()
    return Provenance(
        entry_count=count,
        first_entry_id=f"E{first_id}",
        last_entry_id=f"E{last_id}",
        seal_sha256=None if newest is None else newest.sha256,
        sealed=newest is not None and newest.last_entry_id >= last_id,
    )


def _around(selection: Selection, wanted: ColumnElement[Any], from_us: int) -> Select[Any]:
    """Look for an id within two days; what is selected bounds them further."""
    return select(wanted).where(
        entries.c.at_us >= from_us,
        entries.c.at_us < from_us + 2 * DAY_US,
        *conditions.of_entries(selection),
    )


def _last_adjustment(selection: Selection) -> Select[Any]:
    return (
        select(entries.c.entry_id)
        .join(adjustments, adjustments.c.entry_id == entries.c.entry_id)
        .where(*conditions.of_entries(selection))
        .order_by(entries.c.entry_id.desc())
        .limit(1)
    )
