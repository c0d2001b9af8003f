"""Finance's reports as finance asks for them: any format, any days, and always the same sums."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import get_args

import duckdb
import openpyxl
import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books
from mint_runs import Desk
from report_parts import fill

from console.report_commands import ReportName
from console.report_formats import BINARY, Form
from ledger import Books
from ledger.reports.registry import REPORTS

FLAGS = ("--period", "2026-11", "--where", "provider=replicate")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A folder with filled books; every test of this module reads and none changes them."""
    folder = tmp_path_factory.mktemp("finance")
    path = folder / ".mintage/ledger.db"
    lay_blank_books(path)
    clock = SteppingClock()
    with Books.open(f"sqlite:///{path}", clock=clock) as books:
        fill(books, clock)
    made = Desk.at(folder)
    yield made
    made.close()


def of_csv(path: Path) -> Decimal:
    rows = csv.DictReader(io.StringIO(path.read_text(), newline=""))
    return sum((Decimal(row["charged_usd"]) for row in rows), Decimal(0))


def of_json(path: Path) -> Decimal:
    rows = json.loads(path.read_text())["rows"]
    return sum((Decimal(row["charged_usd"]) for row in rows), Decimal(0))


def of_xlsx(path: Path) -> Decimal:
    head, *rows = openpyxl.load_workbook(path).worksheets[0].values
    amounts = [row[head.index("charged")] for row in rows[:-2]]
    return sum((Decimal(repr(one)).quantize(Decimal("1e-9")) for one in amounts), Decimal(0))


def of_parquet(path: Path) -> Decimal:
    with duckdb.connect() as reader:
        found = reader.execute(
            "SELECT sum(charged_usd) FROM read_parquet(?)", [str(path)]
        ).fetchone()
    assert found is not None
    return Decimal(found[0])


def of_people(path: Path) -> Decimal:
    """Read the largest amount of a page for people whose columns are all charges or parts of them."""
    amounts = re.findall(r"\$([0-9.,]+)", path.read_text())
    return max(Decimal(one.replace(",", "").rstrip(".")) for one in amounts)


READERS: dict[str, Callable[[Path], Decimal]] = {
    "csv": of_csv,
    "json": of_json,
    "xlsx": of_xlsx,
    "parquet": of_parquet,
    "table": of_people,
    "md": of_people,
    "html": of_people,
}


@pytest.mark.parametrize("form", get_args(Form))
def test_every_report_in_every_format_comes_to_the_summary(desk: Desk, form: str) -> None:
    summary = desk.here("ledger", "summary", *FLAGS, "--json").json()
    for name in get_args(ReportName):
        if name == "accruals":
            continue
        path = desk.folder / f"{name}.{form}"
        done = desk.here("ledger", "report", name, *FLAGS, "--format", form, "--out", str(path))
        assert (done.code, done.out) == (0, ""), done.err
        assert f"written to {path}" in done.err
        if form in {"table", "md", "html"} and name in {"budget", "variance"}:
            assert summary["charged_usd"] in path.read_text(), "caps and quotes are larger"
        else:
            assert READERS[form](path) == Decimal(summary["charged_usd"]), name
    assert summary["charged_usd"] == "0.09"


def test_the_commands_have_the_reports_and_formats_that_there_are() -> None:
    assert {"summary", *get_args(ReportName)} == set(REPORTS)
    assert set(get_args(Form)) == set(READERS) >= BINARY


def test_the_summary_keeps_its_fields_and_says_which_entries_it_is_made_of(desk: Desk) -> None:
    whole = desk.here("ledger", "summary", "--by", "cost_center", "--json").json()
    assert list(whole)[:5] == [
        "charged_usd",
        "held_usd",
        "unknown_usd",
        "overrun_usd",
        "adjusted_usd",
    ]
    assert whole["charged_usd"] == "0.190007601"
    assert whole["adjusted_usd"] == "0.020002"
    assert whole["unknown_usd"] == "0.05"
    assert (whole["unknown_attempts"], whole["by"]) == (1, "cost_center")
    assert (whole["first_entry"], whole["sealed"]) == ("E1", False)
    assert [row["cost_center"] for row in whole["rows"]] == ["cc-4100", "cc-4200", None]
    assert sum(Decimal(row["charged_usd"]) for row in whole["rows"]) == Decimal("0.190007601")
    two = desk.here("ledger", "summary", "--by", "cost-center,model", "--json").json()
    assert two["rows"][0]["key"] == ["cc-4100", "acme/painter"]
    assert two["rows"][0]["model"] == "acme/painter"
    ends = desk.here("ledger", "summary", "--by", "criterion", "--period", "2026-11", "--json")
    assert {row["key"] for row in ends.json()["rows"]} >= {"noise", "released", "in progress"}


def test_the_summary_is_printed_for_people(desk: Desk) -> None:
    shown = desk.here("ledger", "summary", "--by", "campaign", "--from", "2026-10-01").out
    assert shown.startswith("Spend: 2026-10-01 to now\n")
    assert "not attributed" in shown
    assert "$0.020002 is adjustments to providers' statements." in " ".join(shown.split())
    assert "Made of 30 entries, E1 to E30, sealed in part:" in " ".join(shown.split())
    empty = desk.here("ledger", "summary", "--period", "2020-01")
    assert empty.out == "The books have no entries of 2020-01.\n"
    made = desk.here("ledger", "summary", "--by", "owner", "--format", "md").out
    assert made.startswith("# Spend by owner: all periods\n")


def test_the_trend_is_drawn_on_request(desk: Desk) -> None:
    chart = desk.folder / "charts/trend.svg"
    done = desk.here("ledger", "report", "trend", "--by", "day,model", "--chart", str(chart))
    assert done.code == 0, done.err
    assert chart.read_text().startswith("<svg ")
    assert done.err == f"The chart is in {chart}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "trend", "--by", "colour"), "can be by order, job"),
        (("report", "budget", "--by", "order,provider"), "one of these at a time"),
        (("report", "yield", "--chart", "x.svg"), "--chart draws the trend"),
        (("report", "yield", "--format", "xlsx"), "name a file for it with --out"),
        (("report", "yield", "--period", "2026-13"), "'2026-13' is no period"),
        (("report", "yield", "--json", "--format", "csv"), "Say either --json"),
        (("report", "profit"), "profit"),
        (("summary", "--by", "colour"), "not by 'colour'"),
        (("summary", "--where", "colour=red"), "filtered by"),
    ],
)
def test_wrong_usage_is_one_sentence(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    done = desk.here("ledger", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "days"),
    [
        (("report", "accruals"), ("--to", "9999-12-31")),
        (("report", "accruals"), ("--period", "9999-12")),
        (("report", "trend"), ("--from", "0001-01-01")),
        (("report", "yield"), ("--to", "1969-12-31")),
        (("summary",), ("--period", "0001-01")),
        (("forecast",), ("--period", "9999-12")),
        (("forecast",), ("--period", "0001-01")),
        (("gl", "accruals", "--format", "journal-xero"), ("--period", "9999-12")),
        (("close",), ("9999-12", "--by", "a@acme.example", "--because", "it")),
    ],
)
def test_days_at_the_ends_of_time_are_refused_in_a_sentence(
    desk: Desk, command: tuple[str, ...], days: tuple[str, ...]
) -> None:
    done = desk.here("ledger", *command, *days)
    assert (done.code, done.out) == (2, "")
    assert "of the books: they know those from 1970-" in done.err
    assert len(done.err.splitlines()) == 1


def test_the_last_month_that_can_be_asked_for_can_be(desk: Desk) -> None:
    for command in (("report", "accruals"), ("forecast",), ("summary", "--by", "day")):
        assert desk.here("ledger", *command, "--period", "9998-12").code == 0
        assert desk.here("ledger", *command, "--period", "1970-01").code == 0
