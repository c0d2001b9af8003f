"""Lost attempts whose line a statement had before they were settled: their cost counts once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from books_parts import SteppingClock, built, settle, sound, usd_line
from statement_parts import (
    BY,
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    books_charged,
    charged,
    finding,
    in_month,
    kinds_of,
    lines,
    lost,
    matched,
    nano,
    open_jobs,
    order_charged,
    posted,
)

from ledger import Books, Decision, DecisionKind
from ledger.closing import close_period
from ledger.closing_views import Closing, PointKind, StillOpen
from ledger.invoices.statement import FindingKind

TOLD = (("r0", "0.03"), ("r7", "0.05"))


def decide(books: Books, attempt_id: str, usd: str | None) -> None:
    """Say that an attempt is run r7, and what it cost; None: it is voided."""
    kind = DecisionKind.VOID if usd is None else DecisionKind.CHARGE
    amount = Decimal(usd or 0)
    with books.transaction() as desk:
        desk.decide(Decision(attempt_id, kind, amount, BY, "it is run r7", "r7"))


def posted_while_lost(books: Books, clock: SteppingClock) -> str:
    """Post October with the line of an attempt that is lost; gives that attempt."""
    in_month(clock, OCTOBER)
    one, two, *_ = open_jobs(books)
    charged(books, one, "r0")
    attempt_id = lost(books, two)
    in_month(clock, NOVEMBER, 5)
    posted(books, lines(*TOLD), OCTOBER)
    return attempt_id


@pytest.mark.parametrize("by_resume", [False, True])
def test_a_run_posted_before_it_was_charged_in_the_next_month_counts_once(
    books: Books, clock: SteppingClock, by_resume: bool
) -> None:
    attempt_id = posted_while_lost(books, clock)
    if by_resume:
        settle(books, built(attempt_id, usd_line("0.05"), ref="r7"))
    else:
        decide(books, attempt_id, "0.05")
    earlier = books.posted_earlier(attempt_id)
    assert earlier is not None
    assert (earlier.period, earlier.amount_nano) == (OCTOBER, nano("0.05"))

    found = matched(books, lines(*TOLD), OCTOBER)
    assert finding(found, "r7").kind is FindingKind.SETTLED_SINCE
    assert "charged it in 2026-11 too, and posting takes that back" in finding(found, "r7").remark
    assert "2026-10 billed it" in finding(matched(books, [], NOVEMBER), "r7").remark
    posted(books, lines(*TOLD), OCTOBER)
    assert books_charged(books, OCTOBER) == order_charged(books) == nano("0.08")
    assert books_charged(books, NOVEMBER) == 0
    assert posted(books, lines(*TOLD), OCTOBER).again
    assert books.posted_earlier(attempt_id) is None
    sound(books)


def test_another_price_for_a_run_that_was_charged_in_the_next_month_counts_once(
    books: Books, clock: SteppingClock
) -> None:
    decide(books, posted_while_lost(books, clock), "0.05")
    corrected = lines(("r0", "0.03"), ("r7", "0.06"))
    assert "posting takes that back" in finding(matched(books, corrected, OCTOBER), "r7").remark
    posted(books, corrected, OCTOBER)
    assert books_charged(books, OCTOBER) == order_charged(books) == nano("0.09")
    assert books_charged(books, NOVEMBER) == 0
    sound(books)


def test_a_charge_after_its_months_statement_is_taken_back_too(
    books: Books, clock: SteppingClock
) -> None:
    attempt_id = posted_while_lost(books, clock)
    charged(books, open_jobs(books, "lamps@2026")[0], "r9")
    posted(books, lines(("r9", "0.03")), NOVEMBER)
    in_month(clock, NOVEMBER, 9)
    decide(books, attempt_id, "0.05")
    posted(books, lines(*TOLD), OCTOBER)
    assert books_charged(books, OCTOBER) == order_charged(books) == nano("0.08")
    assert posted(books, lines(("r9", "0.03")), NOVEMBER).again
    sound(books)


def test_no_month_closes_with_a_charge_that_another_months_statement_has(
    books: Books, clock: SteppingClock
) -> None:
    decide(books, posted_while_lost(books, clock), "0.05")
    close_period(books, OCTOBER, by=BY, because="month's end")
    in_month(clock, DECEMBER, 5)
    refused = close_period(books, NOVEMBER, by=BY, because="month's end")
    assert isinstance(refused, StillOpen)
    (point,) = [one for one in refused.points if one.kind is PointKind.DIFFERS]
    assert "1 run charged $0.05 in 2026-11 is in replicate's statement of 2026-10 too (r7)" in (
        point.sentence
    )

    posted(books, lines(*TOLD), OCTOBER)
    assert books_charged(books, OCTOBER) + books_charged(books, NOVEMBER) == nano("0.08")
    posted(books, [], NOVEMBER)
    assert isinstance(close_period(books, NOVEMBER, by=BY, because="month's end"), Closing)
    assert order_charged(books) == nano("0.08")
    sound(books)


def test_a_voided_attempts_line_goes_to_its_job_at_whatever_price_it_has_by_then(
    books: Books, clock: SteppingClock
) -> None:
    decide(books, posted_while_lost(books, clock), None)
    corrected = lines(("r0", "0.03"), ("r7", "0.06"))
    found = matched(books, corrected, OCTOBER)
    assert "posting moves that back" in finding(found, "r7").remark
    posted(books, corrected, OCTOBER)
    assert books_charged(books, OCTOBER) == order_charged(books) == nano("0.09")
    assert posted(books, corrected, OCTOBER).again
    sound(books)


def test_a_lost_attempt_is_named_whatever_was_posted_of_its_line(
    books: Books, clock: SteppingClock
) -> None:
    attempt_id = posted_while_lost(books, clock)
    for prices in (("0.06",), ("0.06", "-0.02"), ("0.05", "0.05")):
        told = lines(("r0", "0.03"), *(("r7", usd) for usd in prices))
        one = finding(matched(books, told, OCTOBER), "r7")
        assert f"settle {attempt_id} --void --ref r7 " in one.remark
    told = lines(("r0", "0.03"), ("r7", "0.06"))
    assert kinds_of(matched(books, told, OCTOBER)) == {"r7": FindingKind.UNKNOWN_ATTEMPT}
