"""A workbook of charges opens in a spreadsheet as it should: native values, no formula, all rows."""

from __future__ import annotations

import errno
import gc
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from charge_files import binary, context, exact, sheet_rows, workbook
from charge_lines import a_line, an_adjustment
from openpyxl.utils.escape import unescape

from ledger.errors import BooksBusy
from ledger.exports import charge_workbook
from ledger.exports.charge_csv import COLUMNS
from ledger.exports.charge_line import ChargeLine
from ledger.exports.registry import FORMATS
from ledger.money import NANO

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "=cmd|' /C calc'!A0", "http://acme.example")
ODD = ("a\nb", 'say "x", y', "🎨 \U0010ffff", " lead ", "\x01bell", "_x0041_", "007", "1e5", "<b>&")
RAW = '<r><t>x</t></r></is></c><c r="Z9" t="str"><f>1+1</f></c><c t="inlineStr"><is><r></r>'


def test_every_column_has_native_values(tmp_path: Path) -> None:
    path = tmp_path / "charges.xlsx"
    done = binary("xlsx", [a_line(40_000_001), an_adjustment(-5)], path)
    assert (done.rows, done.sum_nano, done.notes) == (2, 39_999_996, ())
    book = workbook(path)
    assert book.sheetnames == ["Summary", "Charges"]
    sheet = book["Charges"]
    first, second = sheet_rows(sheet)
    assert list(first) == list(COLUMNS)
    assert first["at"] == datetime(2026, 11, 20, 12, 30, 1)  # noqa: DTZ001  a spreadsheet knows no zones
    assert (first["entry_id"], first["attempt_id"], first["period"]) == ("E7", "0193-a", "2026-11")
    assert exact(first["amount_usd"]) == Decimal("0.040000001")
    assert (second["order_id"], second["quantity"]) == (None, -1)
    amount = sheet.cell(2, COLUMNS.index("amount_usd") + 1)
    assert amount.number_format.startswith('"$"#,##0.000000000;')
    assert sheet.cell(2, COLUMNS.index("at") + 1).number_format == "yyyy-mm-dd hh:mm:ss"
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", "A1:T3")
    assert book.properties.title == "Cost report"


def test_nothing_is_a_formula_and_any_text_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "charges.xlsx"
    texts = (*FORMULAS, *ODD)
    binary("xlsx", [a_line(campaign=text, job_id=text) for text in texts], path)
    book = workbook(path)
    rows = sheet_rows(book["Charges"])
    assert [row["campaign"] for row in rows] == [row["job_id"] for row in rows] == list(texts)
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    keys = {unescape(row[0] or "") for row in book["Summary"].iter_rows(values_only=True)}
    assert set(texts) <= keys
    assert not any(sheet._hyperlinks for sheet in book)


def test_a_name_cannot_bring_xml_of_its_own_into_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "charges.xlsx"
    binary("xlsx", [a_line(campaign=RAW)], path)
    (row,) = sheet_rows(workbook(path)["Charges"])
    assert row["campaign"] == f"'{RAW}"
    with zipfile.ZipFile(path) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if "worksheets/" in name]
    assert not any(re.search(rb"<f[ >]", sheet) for sheet in sheets)


def test_a_text_longer_than_a_cell_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "charges.xlsx"
    binary("xlsx", [a_line(job_id="x" * 40_000)], path)
    (row,) = sheet_rows(workbook(path)["Charges"])
    assert row["job_id"] == "x" * 32_766 + "…"


def test_rows_that_a_sheet_cannot_hold_go_on_further_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charge_workbook, "ROWS_IN_SHEET", 3)
    path = tmp_path / "charges.xlsx"
    lines = [a_line(number, entry_id=number) for number in range(1, 8)]
    assert binary("xlsx", lines, path).rows == 7
    book = workbook(path)
    assert book.sheetnames == ["Summary", "Charges", "Charges 2", "Charges 3"]
    sheets = [book[name] for name in book.sheetnames[1:]]
    assert [sheet.auto_filter.ref for sheet in sheets] == ["A1:T4", "A1:T4", "A1:T2"]
    ids = [row["entry_id"] for sheet in sheets for row in sheet_rows(sheet)]
    assert ids == [f"E{number}" for number in range(1, 8)]
    totals = {row[0]: row for row in book["Summary"].iter_rows(values_only=True)}
    assert totals["Charged"][1] == 7
    assert exact(totals["Charged"][2]) == Decimal("0.000000028")


def test_amounts_up_to_a_million_dollars_are_exact_and_larger_ones_are_told(
    tmp_path: Path,
) -> None:
    path = tmp_path / "charges.xlsx"
    nearly = 1_000_000 * NANO - 1
    assert binary("xlsx", [a_line(nearly), a_line(-nearly)], path).notes == ()
    found = [exact(row["amount_usd"]) for row in sheet_rows(workbook(path)["Charges"])]
    assert found == [Decimal("999999.999999999"), Decimal("-999999.999999999")]
    (note,) = binary("xlsx", [a_line(nearly), a_line(nearly + 2)], path).notes
    assert "are not exact to the nano-dollar here" in note
    said = {row[0]: row for row in workbook(path)["Summary"].iter_rows(values_only=True)}
    assert said["Note"][1] == note
    assert said["Charged, exact, as text"][2] == "$2,000,000.00"


class Full(io.BytesIO):
    """A disk that is full after some bytes."""

    def write(self, some: Any) -> int:  # noqa: ANN401  a buffer of whatever kind
        """Take it, or say so."""
        if self.tell() + len(some) > 1_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(some)


def test_a_full_disk_is_said_as_the_system_says_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        FORMATS["xlsx"].writer()(iter([a_line()]), Full(), context())
    gc.collect()
    assert capfd.readouterr().err == ""


def test_rows_that_fail_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows() -> Iterator[ChargeLine]:
        yield a_line()
        raise BooksBusy("somebody else has the books")

    out = io.BytesIO()
    with pytest.raises(BooksBusy):
        FORMATS["xlsx"].writer()(rows(), out, context())
    gc.collect()
    assert (out.getvalue(), list(tmp_path.iterdir())) == (b"", [])
    assert capfd.readouterr().err == ""


def test_no_charges_are_a_workbook_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "charges.xlsx"
    assert binary("xlsx", [], path).rows == 0
    book = workbook(path)
    assert sheet_rows(book["Charges"]) == []
    assert {row[0]: row for row in book["Summary"].iter_rows(values_only=True)}["Charged"][1] == 0
