"""A report as one JSON object: money and shares as exact decimal strings, days as ISO 8601."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from console.escaping import shown_json
from console.output import usd_text
from ledger import plain
from ledger.reports.report import Cell, ColumnKind, Provenance, Report


def text(report: Report) -> str:
    """Write the object, indented."""
    return shown_json(json.dumps(report_json(report), indent=2, ensure_ascii=False)) + "\n"


def report_json(report: Report) -> dict[str, Any]:
    """Give the object: what the report is, its columns, a field for each cell, and its entries."""
    return {
        **about_json(report),
        "rows": [_fields(report, row) for row in report.rows],
        "totals": None if report.totals is None else _fields(report, report.totals),
        "notes": list(report.notes),
        "entries": entries_json(report.provenance),
    }


def about_json(report: Report) -> dict[str, Any]:
    """Give what the report is and of which days and values."""
    selection = report.selection
    return {
        "report": report.name,
        "title": report.title,
        "period": selection.period,
        "from": None if selection.first_day is None else selection.first_day.isoformat(),
        "to": None if selection.last_day is None else selection.last_day.isoformat(),
        "where": {name: sorted(values) for name, values in selection.where},
        "columns": [
            {"name": column.name, "title": column.title, "kind": column.kind.value}
            for column in report.columns
        ],
    }


def entries_json(provenance: Provenance) -> dict[str, Any]:
    """Give which entries something is made of."""
    return {
        "count": provenance.entry_count,
        "first": provenance.first_entry_id,
        "last": provenance.last_entry_id,
        "seal_sha256": provenance.seal_sha256,
        "sealed": provenance.sealed,
    }


def _fields(report: Report, row: Sequence[Cell]) -> dict[str, Any]:
    return {
        column.name: cell_json(column.kind, cell)
        for column, cell in zip(report.columns, row, strict=True)
    }


def cell_json(kind: ColumnKind, cell: Cell) -> str | int | None:
    """Write one value: an int stays one, everything else that is no text becomes one."""
    if kind is ColumnKind.MONEY and isinstance(cell, int):
        return usd_text(cell)
    if isinstance(cell, Decimal):
        return plain(cell)
    return cell.isoformat() if isinstance(cell, date) else cell
