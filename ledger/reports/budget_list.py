"""The list of caps as a report: what is held, spent and left under each, and how much of it is used."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ledger.reports.report import Cell, Column, ColumnKind, Provenance, Report
from ledger.selection import Selection
from ledger.views import BudgetView

_COLUMNS: Final = (
    Column("scope", "scope", ColumnKind.TEXT),
    Column("subject", "subject", ColumnKind.TEXT),
    Column("period", "period", ColumnKind.TEXT),
    Column("cap_usd", "cap", ColumnKind.MONEY),
    Column("held_usd", "held", ColumnKind.MONEY),
    Column("charged_usd", "spent", ColumnKind.MONEY),
    Column("left_usd", "left", ColumnKind.MONEY),
    Column("used_share", "used", ColumnKind.SHARE),
)


def used_share(view: BudgetView) -> Decimal | None:
    """How much of a cap is held and spent, overruns included; None where nothing is capped."""
    if not view.cap_nano:
        return None
    used_nano = view.held_nano + view.spent_nano + view.overrun_nano
    return (Decimal(used_nano) / Decimal(view.cap_nano)).quantize(Decimal("0.0001"))


def report_of(
    views: Sequence[BudgetView], title: str, selection: Selection, provenance: Provenance
) -> Report:
    """Make the report. It has no totals: an order's money is under its cost centre's cap as well."""
    notes = []
    if any(view.cap_nano is None for view in views):
        notes.append(
            "Where no cap stands, one was taken away; what is held and spent is counted on."
        )
    if selection.period is not None and any(view.period is None for view in views):
        notes.append(
            "An order's cap is for all its time, and so is what is held and spent under it."
        )
    return Report(
        name="budgets",
        title=title,
        selection=selection,
        columns=_COLUMNS,
        rows=[_row(view) for view in views],
        totals=None,
        notes=tuple(notes),
        provenance=provenance,
    )


def _row(view: BudgetView) -> tuple[Cell, ...]:
    return (
        view.scope.value,
        view.subject,
        view.period,
        view.cap_nano,
        view.held_nano,
        view.spent_nano + view.overrun_nano,
        view.left_nano,
        used_share(view),
    )
