"""The summary as a report: what was released, charged, held and adjusted, by any dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger import rejects
from ledger.instants import from_us_or_none
from ledger.reports import sums
from ledger.reports.asked import (
    Asked,
    in_all,
    key_cells,
    key_columns,
    share_of,
    titled,
    unnamed_note,
)
from ledger.reports.report import Cell, Column, ColumnKind, Provenance, Report
from ledger.selection import Selection
from ledger.views import SpendRow, SummaryRow, Totals

_AMOUNTS = (
    Column("charged_usd", "charged", ColumnKind.MONEY),
    Column("held_usd", "held", ColumnKind.MONEY),
    Column("unknown_usd", "of it unknown", ColumnKind.MONEY),
    Column("overrun_usd", "overrun", ColumnKind.MONEY),
    Column("adjusted_usd", "adjusted", ColumnKind.MONEY),
    Column("entries", "entries", ColumnKind.COUNT),
)
_RELEASED = Column("released", "released", ColumnKind.COUNT)


@dataclass(frozen=True, slots=True)
class SpendSummary:
    """What was spent, held and lost sight of, at one moment."""

    selection: Selection
    by: tuple[str, ...]
    totals: Totals
    rows: Sequence[SummaryRow]
    """By the dimensions; none where there is none, and none by criterion."""
    spend: Sequence[SpendRow]
    """What became of the money, by criterion."""
    lost_count: int
    """Attempts that have no answer yet."""
    lost_since: datetime | None
    """When the oldest of them was held."""
    provenance: Provenance


def spend_summary(asked: Asked) -> SpendSummary:
    """Put the summary together."""
    connection, selection = asked.connection, asked.selection
    by_criterion = asked.by == ("criterion",)
    lost_count, lost_since_us = sums.unanswered(connection, selection)
    return SpendSummary(
        selection=selection,
        by=asked.by,
        totals=sums.totals(connection, selection),
        rows=[] if by_criterion or not asked.by else sums.summary(connection, asked.by, selection),
        spend=rejects.spend(connection, selection) if by_criterion else [],
        lost_count=lost_count,
        lost_since=from_us_or_none(lost_since_us),
        provenance=asked.provenance(),
    )


def make(asked: Asked) -> Report:
    """Make the summary; by criterion it says what became of the money."""
    if asked.by == ("criterion",):
        return ends_report(asked, "summary")
    totals = sums.totals(asked.connection, asked.selection)
    if not asked.by:
        return Report(
            name="summary",
            title="Spend",
            selection=asked.selection,
            columns=_AMOUNTS,
            rows=[_amounts(totals)],
            totals=None,
            notes=(),
            provenance=asked.provenance(),
        )
    rows = sums.summary(asked.connection, asked.by, asked.selection)
    released = sum(row.released for row in rows)
    return Report(
        name="summary",
        title=f"Spend by {titled(asked.by)}",
        selection=asked.selection,
        columns=(*key_columns(asked.by), _RELEASED, *_AMOUNTS),
        rows=[(*key_cells(asked.by, row.keys), row.released, *_amounts(row)) for row in rows],
        totals=(*in_all(asked.by), released, *_amounts(totals)),
        notes=unnamed_note(row.keys for row in rows),
        provenance=asked.provenance(),
    )


def _amounts(of: Totals | SummaryRow) -> tuple[Cell, ...]:
    return (
        of.charged_nano,
        of.held_nano,
        of.unknown_nano,
        of.overrun_nano,
        of.adjusted_nano,
        of.entry_count,
    )


def ends_report(asked: Asked, name: str) -> Report:
    """Make a report of what became of the files, and of the money with them."""
    found = rejects.spend(asked.connection, asked.selection)
    rows = sorted(found, key=lambda row: (row.is_reject, -row.charged_nano, row.key))
    charged_nano = sum(row.charged_nano for row in rows)
    rejected_nano = sum(row.charged_nano for row in rows if row.is_reject)
    return Report(
        name=name,
        title="What became of the files, and what they cost",
        selection=asked.selection,
        columns=(
            Column("criterion", "what became of the file", ColumnKind.TEXT),
            Column("attempts", "attempts", ColumnKind.COUNT),
            Column("charged_usd", "charged", ColumnKind.MONEY),
            Column("charged_share", "of all", ColumnKind.SHARE),
            Column("rejects_usd", "rejects", ColumnKind.MONEY),
        ),
        rows=[
            (
                _what_became(row),
                row.attempts,
                row.charged_nano,
                share_of(row.charged_nano, charged_nano),
                row.charged_nano if row.is_reject else 0,
            )
            for row in rows
        ],
        totals=(
            "in all",
            sum(row.attempts for row in rows),
            charged_nano,
            share_of(charged_nano, charged_nano),
            rejected_nano,
        ),
        notes=("A file that broke several rules counts under the first that blocked it.",),
        provenance=asked.provenance(),
    )


def _what_became(row: SpendRow) -> str:
    if row.key == SpendRow.REVIEW:
        return "rejected by a person"
    return f"rejected by {row.key}" if row.is_rule else row.key
