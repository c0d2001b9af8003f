"""What other programs get of a month that was reconciled, closed and corrected adds up to the books."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core import data
from books_parts import SteppingClock, sound
from charge_lines import GL
from focus_data_toolkit.model.validator import lint_focus_1_4_structure
from statement_parts import (
    BY,
    DECEMBER,
    NOVEMBER,
    charged,
    in_month,
    lines,
    nano,
    open_jobs,
    posted,
)

from flows.reconciling import StatementWish, post, reconcile
from ledger import Books, Scope, usd
from ledger.closing import close_period
from ledger.exports.exporting import ExportWish
from ledger.exports.registry import FORMATS
from ledger.invoices.theirs import Theirs
from ledger.selection import EVERYTHING, Selection, of_period

SELECTIONS = {
    "all": EVERYTHING,
    NOVEMBER: of_period(NOVEMBER),
    DECEMBER: of_period(DECEMBER),
    "nobody's": of_period("2026-09"),
}


def billed(books: Books, period: str, invoice_id: str, *told: tuple[str | None, str]) -> None:
    theirs = Theirs()
    theirs.add(lines(*told))
    found = reconcile(books, StatementWish("replicate", period, invoice_id=invoice_id), theirs)
    post(books, found, by=BY, because="the invoice came")


@pytest.fixture
def closed_books(books: Books, clock: SteppingClock) -> Books:
    """November with every kind of adjustment, closed, and corrected in December."""
    in_month(clock, NOVEMBER)
    with books.transaction() as desk:
        desk.set_cap(Scope.COST_CENTER, "cc-4100", nano("500"), by=BY, because="the plan")
    jobs = open_jobs(books)
    for number, job_id in enumerate(jobs[:4]):
        charged(books, job_id, f"r{number}", "0.0033333")
    in_month(clock, DECEMBER, 3)
    billed(
        books,
        NOVEMBER,
        "INV-11",
        ("r0", "0.004"),
        ("r1", "0.0033333"),
        ("r1", "-0.0033333"),
        ("r2", "0.0033333"),
        ("stranger", "0.111111111"),
    )
    close_period(books, NOVEMBER, by=BY, because="month's end")
    charged(books, jobs[4], "r4", "0.05")
    billed(
        books,
        NOVEMBER,
        "INV-11-B",
        ("r0", "0.004"),
        ("r2", "0.0033333"),
        ("stranger", "0.111111111"),
        ("late", "0.2"),
    )
    billed(books, DECEMBER, "INV-12", ("r4", "0.05"))
    return books


def exported(books: Books, form: str, selection: Selection) -> tuple[str, int]:
    out = io.StringIO(newline="")
    wish = ExportWish(FORMATS[form], selection, datetime(2027, 1, 2, tzinfo=UTC), GL)
    done = books.export(wish, out)
    return out.getvalue(), done.written.sum_nano


def by_invoice(rows: list[dict[str, str]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["InvoiceId"]] += Decimal(row["BilledCost"])
    return dict(sums)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_format_adds_up_to_the_summary_of_the_same_selection(closed_books: Books) -> None:
    sound(closed_books)
    for selection in SELECTIONS.values():
        charged_nano = closed_books.totals(selection).charged_nano
        for form in ("focus-1.2", "focus-1.4"):
            text, sum_nano = exported(closed_books, form, selection)
            rows = rows_of(text)
            assert sum(Decimal(row["BilledCost"]) for row in rows) == usd(charged_nano)
            assert sum_nano == charged_nano
        if rows:
            assert lint_focus_1_4_structure("Cost and Usage", rows).messages() == []
        text, _ = exported(closed_books, "beancount", selection)
        entries, errors, _ = loader.load_string(text)
        assert [error.message for error in errors] == []
        assert _costs(entries) == usd(charged_nano)
        text, _ = exported(closed_books, "journal-netsuite", selection)
        owed = sum(Decimal(row["Credit"] or 0) for row in rows_of(text) if row["Account"] == "2010")
        journals = {row["External ID"] for row in rows_of(text)}
        assert abs(owed - usd(charged_nano)) <= Decimal("0.005") * len(journals)


def _costs(entries: list[data.Directive]) -> Decimal:
    return sum(
        (
            posting.units.number
            for entry in entries
            if isinstance(entry, data.Transaction)
            for posting in entry.postings
            if posting.account.startswith("Expenses:") and posting.units and posting.units.number
        ),
        Decimal(0),
    )


def test_rows_of_an_invoice_add_up_to_it_and_late_ones_say_what_they_correct(
    closed_books: Books,
) -> None:
    rows = rows_of(exported(closed_books, "focus-1.4", EVERYTHING)[0])
    # What was posted for a month's first invoice, what its correction added, the next month's.
    assert by_invoice(rows) == {
        "INV-11": Decimal("0.118444411"),
        "INV-11-B": Decimal("0.2"),
        "INV-12": Decimal("0.05"),
    }
    (late,) = [row for row in rows if row["ChargeClass"]]
    assert (late["ChargeClass"], late["x_AdjustedPeriod"], late["x_ProviderPredictionId"]) == (
        "Correction",
        "P-2026-11",
        "late",
    )
    assert late["BillingPeriodStart"] == "2026-12-01T00:00:00Z"
    (credit,) = [row for row in rows if row["ChargeCategory"] == "Credit"]
    assert Decimal(credit["BilledCost"]) == Decimal("-0.0033333")
    kinds = {row["x_AdjustmentReason"] for row in rows}
    assert kinds == {"", "price", "refund", "only_theirs", "only_ours"}
    text, _ = exported(closed_books, "beancount", of_period(DECEMBER))
    budget = '2026-12-01 custom "budget" Expenses:Mintage:Cc-4100 "monthly" 500.000000000 USD'
    assert budget in text.splitlines()


def test_the_file_of_a_closed_month_stays_the_same_whatever_is_posted_later(
    books: Books, clock: SteppingClock
) -> None:
    in_month(clock, NOVEMBER)
    jobs = open_jobs(books)
    for number, job_id in enumerate(jobs[:3]):
        charged(books, job_id, f"r{number}", "0.01")
    runs = (("r0", "0.01"), ("r1", "0.02"))
    # The provider's own record names no invoice; the invoice that comes later has its rows too.
    posted(books, lines(*runs, ("r2", "0.01")))
    assert set(by_invoice(november(books))) == {""}
    charged(books, jobs[3], "r3", "0.04")
    in_month(clock, DECEMBER, 3)
    billed(books, NOVEMBER, "INV-11", *runs, ("r2", "0.01"), ("r3", "0.04"))
    assert by_invoice(november(books)) == {"INV-11": Decimal("0.08")}
    close_period(books, NOVEMBER, by=BY, because="month's end")
    before = exported(books, "focus-1.4", of_period(NOVEMBER))
    billed(books, NOVEMBER, "INV-11-B", *runs, ("r3", "0.04"))
    billed(books, NOVEMBER, "INV-11-C", *runs, ("r3", "0.05"))
    assert exported(books, "focus-1.4", of_period(NOVEMBER)) == before
    rows = rows_of(exported(books, "focus-1.4", of_period(DECEMBER))[0])
    assert by_invoice(rows) == {"INV-11-B": Decimal("-0.01"), "INV-11-C": Decimal("0.01")}
    assert {row["ChargeClass"] for row in rows} == {"Correction"}


def test_a_charge_and_what_takes_it_out_of_its_month_are_on_the_same_invoice(
    books: Books, clock: SteppingClock
) -> None:
    in_month(clock, NOVEMBER)
    jobs = open_jobs(books)
    charged(books, jobs[0], "r0", "0.01")
    charged(books, jobs[1], "stray", "0.03")
    in_month(clock, DECEMBER, 3)
    charged(books, jobs[2], "r2", "0.02")
    # December's invoice has a run that was charged in November, which takes it out of there.
    billed(books, DECEMBER, "INV-12", ("r2", "0.02"), ("stray", "0.03"))
    assert by_invoice(november(books)) == {"": Decimal("0.01")}
    billed(books, NOVEMBER, "INV-11", ("r0", "0.01"))
    every = rows_of(exported(books, "focus-1.4", EVERYTHING)[0])
    assert by_invoice(every) == {"INV-11": Decimal("0.01"), "INV-12": Decimal("0.05")}


def november(books: Books) -> list[dict[str, str]]:
    return rows_of(exported(books, "focus-1.4", of_period(NOVEMBER))[0])
