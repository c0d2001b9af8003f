"""A report as a Parquet file: exact decimals, with what it is in the metadata of its schema."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from console.report_formats.json_form import about_json, entries_json
from flows import BadSettings
from ledger import usd
from ledger.reports.report import Cell, Column, ColumnKind, Report

METADATA_KEY: Final = b"mintage.report"
"""Under this key of the schema's metadata stands a JSON object: the report but for its rows."""

_DIGITS_MAX: Final = 38
_MONEY_DECIMALS: Final = 9


def write(report: Report, path: Path) -> None:
    """Write the rows; the totals are for whoever reads to add up.

    Raises:
        BadSettings: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise BadSettings(
            "Parquet needs pyarrow, which is not installed: pip install 'mintage[parquet]'."
        ) from error
    arrays: list[Any] = []
    fields: list[Any] = []
    for number, column in enumerate(report.columns):
        cells = [_value(column.kind, row[number]) for row in report.rows]
        kind = _type(pa, column, cells)
        arrays.append(pa.array(cells, type=kind))
        fields.append(pa.field(column.name, kind))
    about = about_json(report) | {
        "notes": list(report.notes),
        "entries": entries_json(report.provenance),
    }
    schema = pa.schema(fields, metadata={METADATA_KEY: json.dumps(about).encode()})
    parquet.write_table(pa.table(arrays, schema=schema), path, compression="zstd")


def _value(kind: ColumnKind, cell: Cell) -> Cell:
    return usd(cell) if kind is ColumnKind.MONEY and isinstance(cell, int) else cell


def _type(pa: Any, column: Column, cells: list[Cell]) -> Any:  # noqa: ANN401  pyarrow has no types
    if column.kind is ColumnKind.MONEY:
        return pa.decimal128(_DIGITS_MAX, _MONEY_DECIMALS)
    if column.kind is ColumnKind.COUNT:
        return pa.int64()
    if column.kind is ColumnKind.DAY:
        return pa.date32()
    if column.kind is ColumnKind.TEXT:
        return pa.string()
    places = (-int(cell.as_tuple().exponent) for cell in cells if isinstance(cell, Decimal))
    return pa.decimal128(_DIGITS_MAX, max(0, *places, 0))
