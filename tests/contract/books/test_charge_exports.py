"""What finance exports adds up to what the books say, whoever reads the file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import pytest
from books_parts import SteppingClock, disarm, run_sql
from charge_files import (
    MADE_AT,
    csv_rows,
    duckdb_sum,
    exact,
    exported,
    parquet_about,
    parquet_rows,
    sheet_rows,
    workbook,
)
from report_parts import fill

from ledger import Books, LedgerError, usd
from ledger.exports.charge_line import ChargeLine
from ledger.exports.exporting import ExportWish
from ledger.exports.registry import FORMATS, ExportContext, Format, Written
from ledger.selection import EVERYTHING, Selection, of_period


def only(**where: str) -> Selection:
    return Selection(where=tuple((name, frozenset({value})) for name, value in where.items()))


SELECTIONS = (
    EVERYTHING,
    of_period("2026-10"),
    of_period("2026-11"),
    of_period("2026-12"),
    Selection(date(2026, 10, 31), date(2026, 11, 1)),
    only(cost_center="cc-4200"),
    only(campaign="=cmd|' /C calc'!A0", model="acme/painter"),
    only(provider="replicate"),
    only(owner="lights@acme.example"),
    only(job="mugs@a#mug-0000"),
    only(order="nobody@b"),
)


@pytest.fixture
def filled(books: Books, clock: SteppingClock) -> Books:
    fill(books, clock)
    return books


def test_csv_and_parquet_add_up_to_the_summary_of_every_selection(
    filled: Books, tmp_path: Path
) -> None:
    counts = []
    for selection in SELECTIONS:
        charged_nano = filled.totals(selection).charged_nano
        for form in ("csv", "parquet"):
            path = tmp_path / f"charges.{form}"
            done = exported(filled, form, selection, path)
            assert done.written.sum_nano == done.billed.charged_nano == charged_nano
            assert duckdb_sum(path) == (done.written.rows, usd(charged_nano))
        of_csv = [Decimal(row["amount_usd"]) for row in csv_rows(tmp_path / "charges.csv")]
        of_parquet = [row["amount_usd"] for row in parquet_rows(path)]
        of_books = [row.amount_usd for row in filled.charges(selection)]
        assert of_csv == of_parquet == of_books
        assert parquet_about(path)["entries"]["count"] == len(of_books)
        counts.append(len(of_books))
    assert counts[0] == counts[1] + counts[2] == 11
    assert counts[3] == counts[-1] == 0


def test_a_workbook_adds_up_to_the_summary(filled: Books, tmp_path: Path) -> None:
    path = tmp_path / "charges.xlsx"
    done = exported(filled, "xlsx", EVERYTHING, path)
    book = workbook(path)
    rows = sheet_rows(book["Charges"])
    charged = usd(filled.totals().charged_nano)
    assert sum(exact(row["amount_usd"]) for row in rows) == charged
    assert [row["entry_id"] for row in rows] == [row.entry_id for row in filled.charges()]
    said = list(book["Summary"].iter_rows(values_only=True))
    texts = {row[0]: row for row in said}
    assert exact(texts["Charged"][2]) == charged
    assert texts["Charged, exact, as text"][2] == f"${charged:f}".rstrip("0")
    assert texts["Newest seal"][1] == done.provenance.seal_sha256
    assert texts["First and last"][1] == f"{rows[0]['entry_id']} to {rows[-1]['entry_id']}"
    for heading, by in (("By campaign", "campaign"), ("By model", "model"), ("By month", "period")):
        start = next(at for at, row in enumerate(said) if row[0] == heading) + 1
        of_books = {row.keys[0]: row.charged_nano for row in filled.summary(by) if row.charged_nano}
        of_sheet = {row[0]: exact(row[2]) for row in said[start : start + len(of_books)]}
        assert of_sheet == {key or "not attributed": usd(nano) for key, nano in of_books.items()}


def test_an_adjustment_has_its_sign_and_names_whom_it_is_put_down_to(filled: Books) -> None:
    price, theirs, refund = (
        row for row in filled.charges(of_period("2026-10")) if row.kind.startswith("adjust")
    )
    assert (price.job_id, price.owner, price.period) == (
        "mugs@a#mug-0000",
        "brand-team@acme.example",
        "2026-10",
    )
    assert (price.quantity, price.unit, price.unit_price_usd, price.amount_usd) == (
        1,
        "adjustment",
        Decimal("0.000002"),
        Decimal("0.000002"),
    )
    assert (theirs.order_id, theirs.job_id, theirs.cost_center, theirs.owner) == (None,) * 4
    assert (theirs.model, theirs.provider_ref) == ("acme/unknown", "ref-x")
    assert (refund.kind, refund.quantity, refund.amount_usd) == (
        "adjust_down",
        -1,
        Decimal("-0.01"),
    )
    assert refund.quantity * refund.unit_price_usd == refund.amount_usd


def test_an_export_says_which_entries_it_is_made_of(filled: Books) -> None:
    ids = [row.entry_id for row in filled.charges()]
    made_of = filled.export(ExportWish(FORMATS["csv"], EVERYTHING, MADE_AT), io.StringIO())
    assert made_of.provenance.first_entry_id == ids[0]
    assert made_of.provenance.last_entry_id == ids[-1]
    assert made_of.provenance.entry_count == len(ids)
    assert made_of.provenance.sealed
    filled.seal()


def test_progress_is_told_to_the_last_row(filled: Books) -> None:
    told: list[tuple[int, int]] = []
    wish = ExportWish(
        FORMATS["csv"], EVERYTHING, MADE_AT, progress=lambda done, total: told.append((done, total))
    )
    filled.export(wish, io.StringIO())
    assert told[-1] == (11, 11)


class Forgetful(Format):
    """A format whose writer loses the last row and does not notice."""

    def writer(self) -> Callable[[Iterator[ChargeLine], IO[Any], ExportContext], Written]:
        """Give it."""

        def write(rows: Iterator[ChargeLine], out: IO[Any], context: ExportContext) -> Written:
            *most, _ = rows
            out.write(f"{len(most)} of {context.billed.row_count}")
            return Written(len(most), sum(row.amount_nano for row in most))

        return write


def test_a_writer_that_loses_a_row_is_found_out(filled: Books) -> None:
    wish = ExportWish(Forgetful("short", "charge_csv"), EVERYTHING, MADE_AT)
    with pytest.raises(LedgerError, match=r"but the short file to \$.*: nothing was exported"):
        filled.export(wish, io.StringIO())


def test_books_whose_summary_is_another_than_their_entries_export_nothing(
    filled: Books, books_url: str
) -> None:
    disarm(books_url)
    run_sql(
        books_url,
        ["UPDATE totals SET charged_nano = charged_nano + 1 WHERE order_id = 'plates@a'"],
    )
    out = io.StringIO()
    with pytest.raises(LedgerError, match=r"but the summary to .*run `mintage ledger verify`"):
        filled.export(ExportWish(FORMATS["csv"], of_period("2026-11"), MADE_AT), out)
    assert out.getvalue() == ""
    filled.export(ExportWish(FORMATS["csv"], of_period("2026-10"), MADE_AT), out)
