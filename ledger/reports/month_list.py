"""The list of months as a report: open or closed, by whom, and what was charged, billed and signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.closing_views import ClosingEvent, PeriodView
from ledger.reports.report import Cell, Column, ColumnKind, Provenance, Report
from ledger.selection import EVERYTHING

_COLUMNS: Final = (
    Column("period", "period", ColumnKind.TEXT),
    Column("state", "state", ColumnKind.TEXT),
    Column("charged_usd", "charged", ColumnKind.MONEY),
    Column("billed_usd", "billed", ColumnKind.MONEY),
    Column("signed_usd", "signed", ColumnKind.MONEY),
    Column("reopened", "reopened", ColumnKind.COUNT),
    Column("changed_on", "on", ColumnKind.DAY),
    Column("changed_by", "by", ColumnKind.TEXT),
)

_NOTE: Final = (
    "Billed is the latest statement of each provider; signed is what a person answered for when the "
    "month was closed."
)


def report_of(views: Sequence[PeriodView], provenance: Provenance) -> Report:
    """Make the report, a row a month, oldest first."""
    return Report(
        name="periods",
        title="Months",
        selection=EVERYTHING,
        columns=_COLUMNS,
        rows=[_row(view) for view in views],
        totals=None,
        notes=(_NOTE,),
        provenance=provenance,
    )


def _row(view: PeriodView) -> tuple[Cell, ...]:
    latest = view.latest
    stated = [one.statement_nano for one in view.providers if one.statement_nano is not None]
    signed = None
    if latest is not None and latest.event is ClosingEvent.CLOSE:
        signed = sum(point.amount_nano for point in latest.signed)
    return (
        view.period,
        "closed" if view.is_closed else "open",
        view.charged_nano,
        sum(stated) if stated else None,
        signed,
        view.reopenings,
        None if latest is None else latest.at.date(),
        None if latest is None else latest.by,
    )
