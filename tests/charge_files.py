"""Exports of charges read back by other people's programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
from charge_lines import NOVEMBER
from openpyxl.utils.escape import unescape
from pyarrow import parquet

from ledger import Books
from ledger.exports.charge_line import ChargeLine
from ledger.exports.exporting import Exported, ExportWish
from ledger.exports.registry import FORMATS, Billed, ExportContext, Written
from ledger.reports.report import Provenance
from ledger.selection import Selection

MADE_AT = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
NANO = Decimal("0.000000001")


def exported(books: Books, form: str, selection: Selection, path: Path) -> Exported:
    """Export charges of books to a file."""
    wish = ExportWish(FORMATS[form], selection, MADE_AT)
    if FORMATS[form].is_text:
        with path.open("w", encoding="utf-8", newline="") as text:
            return books.export(wish, text)
    with path.open("wb") as binary:
        return books.export(wish, binary)


def binary(form: str, lines: Iterable[ChargeLine], path: Path) -> Written:
    """Write charges in a format that is no text."""
    with path.open("wb") as out:
        return FORMATS[form].writer()(iter(lines), out, context())


def context() -> ExportContext:
    """Give what a writer is told about a month of one entry."""
    return ExportContext(
        selection=NOVEMBER,
        provenance=Provenance(1, "E7", "E7", "ab" * 32, sealed=True),
        billed=Billed(0, 0, 0, 0),
        made_at=MADE_AT,
    )


def csv_rows(path: Path) -> list[dict[str, str]]:
    """Read CSV with the standard library."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def duckdb_sum(path: Path) -> tuple[int, Decimal]:
    """Count and add up with DuckDB, which reads CSV and Parquet."""
    source = "read_csv(?, all_varchar = true)" if path.suffix == ".csv" else "read_parquet(?)"
    with duckdb.connect() as database:
        found = database.execute(
            f"SELECT count(*), coalesce(sum(amount_usd::DECIMAL(28, 9)), 0) FROM {source}",  # noqa: S608  one of two
            [str(path)],
        ).fetchone()
    assert found is not None
    return found[0], found[1]


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    """Read Parquet with pyarrow."""
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def parquet_about(path: Path) -> dict[str, Any]:
    """Read what a Parquet file says of itself."""
    about: dict[str, Any] = json.loads(parquet.read_schema(path).metadata[b"mintage.export"])
    return about


def workbook(path: Path) -> openpyxl.Workbook:
    """Open a workbook."""
    return openpyxl.load_workbook(io.BytesIO(path.read_bytes()))


def sheet_rows(sheet: Any) -> list[dict[str, Any]]:  # noqa: ANN401  openpyxl has no types
    """Read a sheet of charges by its header."""
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, map(_as_shown, row), strict=True)) for row in rows]


def _as_shown(value: Any) -> Any:  # noqa: ANN401  a cell is whatever it is
    """Undo the escapes of control characters, as spreadsheets do and openpyxl leaves to others."""
    return unescape(value) if isinstance(value, str) else value


def exact(number: float) -> Decimal:
    """Give the nano-dollars that a spreadsheet's number stands for."""
    return Decimal(number).quantize(NANO)
