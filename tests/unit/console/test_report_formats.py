"""Every format of a report says the same, exactly, and other people's readers read it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from console.report_formats import report_text, write_report
from console.report_formats.table_form import show
from console.report_formats.whole_file import whole_file
from flows import BadSettings
from ledger.reports.report import Column, ColumnKind, Provenance, Report
from ledger.selection import of_period

NANO = st.integers(min_value=-(10**15), max_value=10**15)
NASTY = '=1+1|<script>alert("x")</script>\x1b[31m'
SENTENCE = "Made of 3 entries, E1 to E9, sealed in part: " + "ab" * 32 + "."
NUMBER = ColumnKind.NUMBER


def a_report(*nanos: int) -> Report:
    """One row for each amount, and their sum."""
    return Report(
        name="yield",
        title="Cost per released asset",
        selection=of_period("2026-11", [("cost_center", frozenset({"cc-4100"}))]),
        columns=(
            Column("campaign", "campaign", ColumnKind.TEXT),
            Column("day", "day", ColumnKind.DAY),
            Column("released", "released", ColumnKind.COUNT),
            Column("charged_usd", "charged", ColumnKind.MONEY),
            Column("yield_share", "yield", ColumnKind.SHARE),
            Column("factor", "factor", NUMBER),
        ),
        rows=[
            (NASTY, date(2026, 11, 1), 1_234, nano, Decimal("0.5"), Decimal("1.25"))
            for nano in nanos
        ]
        + [(None, None, 0, 0, None, None)],
        totals=("in all", None, 1_234 * len(nanos), sum(nanos), None, None),
        notes=("A note_ about *rounding*.",),
        provenance=Provenance(3, "E1", "E9", "ab" * 32, sealed=False),
    )


@given(st.lists(NANO, max_size=4))
@settings(max_examples=40, deadline=None)
def test_json_and_csv_are_exact(nanos: list[int]) -> None:
    report = a_report(*nanos)
    made = json.loads(report_text(report, "json"))
    amounts = [Decimal(row["charged_usd"]) for row in made["rows"]]
    assert sum(amounts) == Decimal(made["totals"]["charged_usd"]) == Decimal(sum(nanos)) / 10**9
    rows = list(csv.DictReader(io.StringIO(report_text(report, "csv"), newline="")))
    assert sum(Decimal(row["charged_usd"]) for row in rows) == Decimal(sum(nanos)) / 10**9


def test_json_says_what_the_report_is() -> None:
    made = json.loads(report_text(a_report(5_600), "json"))
    assert {name: made[name] for name in ("report", "period", "from", "to", "where")} == {
        "report": "yield",
        "period": "2026-11",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "where": {"cost_center": ["cc-4100"]},
    }
    assert made["columns"][3] == {"name": "charged_usd", "title": "charged", "kind": "money"}
    assert made["rows"][0] == {
        "campaign": NASTY,
        "day": "2026-11-01",
        "released": 1234,
        "charged_usd": "0.0000056",
        "yield_share": "0.5",
        "factor": "1.25",
    }
    assert made["rows"][1]["campaign"] is None
    assert made["entries"] == {
        "count": 3,
        "first": "E1",
        "last": "E9",
        "seal_sha256": "ab" * 32,
        "sealed": False,
    }
    assert made["notes"] == ["A note_ about *rounding*."]


def test_csv_is_pure_and_says_the_rest_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert write_report(a_report(1, -2), "csv", None) == 0
    out, err = capsys.readouterr()
    header, first, *_ = out.split("\r\n")
    assert header == "campaign,day,released,charged_usd,yield_share,factor"
    assert first.startswith("\"'=1+1|<script>"), "no spreadsheet runs it"
    assert ",0.000000001,0.5,1.25" in first
    assert err == f"A note_ about *rounding*.\n{SENTENCE}\n"


@pytest.mark.parametrize("form", ["table", "csv", "md", "html", "json"])
def test_no_terminal_obeys_what_is_in_a_report(form: str) -> None:
    report = a_report(1)
    row = ("a\x1b[31m\x9b2J\x07\x85\rb", *report.rows[0][1:])
    text = report_text(replace(report, rows=[row]), form)
    assert not set(text.replace("\r\n", "\n")) & set("\x1b\x9b\x07\x85\r")
    assert "[31m" in text


@pytest.mark.parametrize("width", [60, 80, 100, 400])
@pytest.mark.parametrize("nanos", [(5_600, 12_000_000_000), (-(10**15) + 1, 1)])
def test_a_table_never_cuts_a_number_and_says_when_it_rounds(
    width: int, nanos: tuple[int, int]
) -> None:
    wide = Column("other_usd", "another amount", ColumnKind.MONEY)
    report = a_report(*nanos)
    report = replace(
        report,
        columns=(*report.columns, wide, replace(wide, name="third_usd")),
        rows=[(*row, row[3], row[3]) for row in report.rows],
        totals=(*(report.totals or ()), sum(nanos), sum(nanos)),
    )
    written = io.StringIO()
    show(Console(file=written, width=width), report)
    text = written.getvalue()
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text
    rounded = "Amounts are rounded to" in text
    exact = {(-(10**15) + 1, 1): "-$999,999.999999999", (5_600, 12_000_000_000): "$12.0000056"}
    assert rounded or exact[nanos] in text
    assert "Made of 3 entries" in text
    assert text.count("-$") + text.count(" $") >= 6, "every column of money is there"


def test_a_table_in_a_file_is_as_wide_as_it_needs_and_has_no_colours(tmp_path: Path) -> None:
    write_report(a_report(-(10**15) + 1, 1), "table", tmp_path / "deep/er/report.txt")
    text = (tmp_path / "deep/er/report.txt").read_text()
    assert "-$999,999.999999999" in text
    assert "\x1b" not in text
    assert text.splitlines()[0] == "Cost per released asset: 2026-11, cost_center cc-4100"


class _Page(HTMLParser):
    """What a reader of the page finds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += [name for name, _ in attrs if name in {"src", "href", "onload", "onclick"}]
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] in {"td", "th"} and self.cells:
            self.cells[-1] += data.strip("\n")


def test_html_is_a_page_of_its_own_that_runs_nothing() -> None:
    text = report_text(a_report(5_600, 10**9), "html")
    page = _Page()
    page.feed(text)
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert page.outside == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert page.cells[:3] == ["campaign", "day", "released"]
    assert page.cells[6] == NASTY.replace("\x1b", "\\x1b")
    assert "$1.0000000" in page.cells
    assert "$0.0000056" in page.cells
    assert SENTENCE in text
    assert text.count('scope="col"') == 6
    assert text.count('scope="row"') == 4


def test_markdown_keeps_its_columns_whatever_is_in_them() -> None:
    lines = report_text(a_report(5_600), "md").splitlines()
    assert lines[0] == "# Cost per released asset: 2026-11, cost_center cc-4100"
    rows = [line for line in lines if line.startswith("|")]
    assert [row.replace("\\|", "").count("|") for row in rows] == [7] * 5
    assert rows[1] == "| --- | --- | ---: | ---: | ---: | ---: |"
    assert "\\<script>" in rows[2]
    assert rows[-1] == "| **in all** |  | **1,234** | **$0.0000056** |  |  |"
    assert lines[-1] == SENTENCE
    assert "A note\\_ about \\*rounding\\*." in lines


def test_a_workbook_has_numbers_as_numbers_and_texts_as_texts(tmp_path: Path) -> None:
    nanos = (5_600, -12_345_678_901_234, 999_999_999_999_999)
    path = tmp_path / "report.xlsx"
    write_report(a_report(*nanos), "xlsx", path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Yield", "About"]
    sheet = book["Yield"]
    lines: list[tuple[Any, ...]] = list(sheet.values)
    assert lines[0] == ("campaign", "day", "released", "charged", "yield", "factor")
    read = [Decimal(repr(line[3])) for line in lines[1:4]]
    assert [int(amount.quantize(Decimal("1e-9")) * 10**9) for amount in read] == list(nanos)
    assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", NASTY.replace("\x1b", "\\x1b"))
    assert (sheet["B2"].is_date, sheet["D2"].data_type, sheet["E2"].number_format) == (
        True,
        "n",
        "0.0%",
    )
    assert lines[-1][0] == "in all"
    assert lines[-2] == (None,) * 6, "totals are no row of the data"
    about = {row[0]: row[1] for row in book["About"].values}
    assert about["Entries"] == "3"
    assert about["Newest seal"] == "ab" * 32
    assert SENTENCE in [row[1] for row in book["About"].values]


def test_parquet_has_exact_decimals_and_says_what_it_is(tmp_path: Path) -> None:
    nanos = (5_600, -12_345_678_901_234, 999_999_999_999_999)
    path = tmp_path / "report.parquet"
    write_report(a_report(*nanos), "parquet", path)
    with duckdb.connect() as reader:
        found = reader.execute(
            "SELECT sum(charged_usd), count(campaign), max(day), max(yield_share) "
            "FROM read_parquet(?)",
            [str(path)],
        ).fetchone()
        kept = dict(
            reader.execute("SELECT key, value FROM parquet_kv_metadata(?)", [str(path)]).fetchall()
        )
    assert found == (Decimal(sum(nanos)) / 10**9, 3, date(2026, 11, 1), Decimal("0.5"))
    about = json.loads(kept[b"mintage.report"])
    assert about["entries"]["last"] == "E9"
    assert about["period"] == "2026-11"


@pytest.mark.parametrize("form", ["table", "csv", "xlsx", "parquet", "json", "md", "html"])
def test_a_report_without_rows_is_one_in_every_format(tmp_path: Path, form: str) -> None:
    empty = replace(
        a_report(), rows=[], totals=None, provenance=Provenance(0, None, None, None, sealed=False)
    )
    path = tmp_path / f"report.{form}"
    assert write_report(empty, form, path) == 0
    assert path.stat().st_size > 0


def test_binary_formats_want_a_file_and_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="--out"):
        write_report(a_report(), "xlsx", None)
    with pytest.raises(BadSettings, match="is a folder"):
        write_report(a_report(), "json", tmp_path)


def _write_half(path: Path) -> None:
    with whole_file(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError):
        _write_half(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    write_report(a_report(), "csv", path)
    assert path.read_text().startswith("campaign")
    assert path.stat().st_mode & 0o044, "whoever may read the folder may read it"


def test_a_workbook_keeps_what_looks_like_its_own_xml_as_text(tmp_path: Path) -> None:
    evil = '<r><t>x</t></r></si><c r="A9"><f>1+1</f></c>'
    made = a_report(1)
    named = replace(made, rows=[(f"{evil}</r>", *made.rows[0][1:])])
    write_report(named, "xlsx", tmp_path / "evil.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "evil.xlsx").worksheets[0]
    texts = [cell.value for row in sheet.iter_rows() for cell in row]
    assert f"'{evil}</r>" in texts
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
