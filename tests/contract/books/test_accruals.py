"""Accruals beside providers' statements: nothing is owed twice, and an invoice is the truth."""

from __future__ import annotations

from books_parts import CENT, SteppingClock, built, settle, usd_line
from closing_parts import closed
from statement_parts import NOVEMBER, OCTOBER, charged, in_month, lines, lost, open_jobs, posted

from ledger import Books
from ledger.reports.report import Report
from ledger.selection import of_period

SEPTEMBER = "2026-09"


def accrued(books: Books, period: str = OCTOBER) -> tuple[int, int, int]:
    """Holds, what is unknown and what is accrued, in all."""
    totals = report(books, period).totals
    assert totals is not None
    holds, unknown, accrued_nano = totals[-3:]
    assert isinstance(holds, int)
    assert isinstance(unknown, int)
    assert isinstance(accrued_nano, int)
    return holds, unknown, accrued_nano


def report(books: Books, period: str = OCTOBER) -> Report:
    return books.report("accruals", of_period(period))


def noted(books: Books, period: str = OCTOBER) -> str:
    return " ".join(report(books, period).notes)


def test_what_a_posted_statement_has_or_leaves_out_is_not_accrued(
    books: Books, clock: SteppingClock
) -> None:
    in_month(clock, OCTOBER)
    jobs = open_jobs(books)
    charged(books, jobs[0], "r0")
    unsettled, named = lost(books, jobs[1]), lost(books, jobs[2], "r2")
    assert noted(books).startswith("2026-10 is not over yet: this is what is held by now")
    # It was posted too early to be the whole of its month.
    posted(books, lines(("r0", "0.03")), OCTOBER)
    in_month(clock, NOVEMBER)
    assert accrued(books) == (2, 10 * CENT, 10 * CENT)
    assert noted(books).startswith("Held at the end of 2026-10-31 (UTC) and not charged")
    posted(books, lines(("r0", "0.03"), ("r2", "0.04"), ("r-nobody", "0.03")), OCTOBER)
    assert (accrued(books), report(books).rows) == ((0, 0, 0), [])
    assert "Not accrued is $0.04 of 1 hold: adjustments" in noted(books)
    assert "Not accrued is $0.06 of 2 holds: the provider's statement" in noted(books)
    assert accrued(books, NOVEMBER) == (2, 6 * CENT, 6 * CENT), "November has no invoice yet"
    settle(books, built(unsettled, usd_line("0.03"), ref="r-nobody"))
    settle(books, built(named, usd_line("0.04"), ref="r2"))
    assert (accrued(books), accrued(books, NOVEMBER)) == ((0, 0, 0), (0, 0, 0))


def test_a_hold_of_a_month_without_a_statement_is_accrued_less_what_is_booked_for_it(
    books: Books, clock: SteppingClock
) -> None:
    in_month(clock, SEPTEMBER)
    jobs = open_jobs(books)
    nameless = lost(books, jobs[0])
    lost(books, jobs[1], "r1")
    in_month(clock, OCTOBER)
    charged(books, jobs[2], "r2")
    in_month(clock, NOVEMBER)
    posted(books, lines(("r1", "0.04"), ("r2", "0.03"), ("r-nobody", "0.07")), OCTOBER)
    assert accrued(books) == (2, 6 * CENT, 6 * CENT)
    assert "Not accrued is $0.04 of 1 hold: adjustments" in noted(books)
    assert "$0.07 that replicate bills for runs of nobody's is booked in the variance" in noted(
        books
    )
    assert accrued(books, SEPTEMBER) == (2, 10 * CENT, 10 * CENT), "September has neither yet"
    # What was nobody's is now its; more than the hold is not taken off.
    settle(books, built(nameless, usd_line("0.05"), ref="r-nobody"))
    assert accrued(books) == (1, CENT, CENT)
    assert "Not accrued is $0.09 of 2 holds: adjustments" in noted(books)
    assert "nobody's" not in noted(books)


def test_a_closed_month_is_accrued_as_it_was_closed(books: Books, clock: SteppingClock) -> None:
    in_month(clock, OCTOBER)
    jobs = open_jobs(books)
    charged(books, jobs[0], "r0")
    lost(books, jobs[1], "r1")
    in_month(clock, NOVEMBER)
    closed(books, OCTOBER)
    posted(books, lines(("r0", "0.03"), ("r1", "0.04")), OCTOBER)
    assert accrued(books) == (1, 5 * CENT, 5 * CENT), "the correction is in November's books"
    assert accrued(books, NOVEMBER) == (1, CENT, CENT)
