"""A month is closed over what it holds, and stays as it was closed, whoever writes."""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime

import psycopg
import pytest
from books_parts import (
    CENT,
    SteppingClock,
    admit,
    an_order,
    built,
    disarm,
    failed,
    plan,
    run_sql,
    settle,
    sound,
    unknown,
)
from closing_parts import ANNA, BOB, a_charge, close, closed, on, reopened, state

from ledger import Books, Scope
from ledger.closing_views import ClosingEvent, PointKind, StillOpen
from ledger.errors import CloseRefused, PeriodClosed
from ledger.instants import DAY_US

Refused = (sqlite3.IntegrityError, psycopg.Error)

ENTRY = (
    "INSERT INTO entries (at_us, period, kind, from_account, to_account, amount_nano, attempt_id, "
    "job_id, order_id, cost_center, campaign, owner, provider, model) SELECT {at_us}, '{period}', "
    "'void', from_account, to_account, 1, attempt_id, job_id, order_id, cost_center, campaign, "
    "owner, provider, model FROM entries WHERE kind = 'hold'"
)
IN_OCTOBER_US = int(datetime(2026, 10, 31, 23, 59, tzinfo=UTC).timestamp()) * 1_000_000
IN_NOVEMBER_US = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture
def october(books: Books, clock: SteppingClock) -> Books:
    """Three cents were charged in October, and it is November."""
    on(clock, 2026, 10, 20)
    a_charge(books, "mugs@2026")
    on(clock, 2026, 11, 2)
    return books


def test_a_month_is_closed_when_the_invoice_and_the_books_agree(
    october: Books, books_url: str
) -> None:
    state(books_url, "2026-10", 3 * CENT)
    done = closed(october, "2026-10", sign=False)
    assert (done.event, done.by, done.because) == (ClosingEvent.CLOSE, ANNA, "the month is done")
    assert (done.entry_count, done.first_entry_id, done.last_entry_id) == (4, 1, 4)
    assert done.charged_nano == 3 * CENT
    (rest,) = done.providers
    assert (rest.provider, rest.statement_nano, rest.rest_nano) == ("replicate", 3 * CENT, 0)
    assert done.signed == ()
    assert done.seal_sha256 == october.verify().seal_sha256
    sound(october)


def test_everything_that_is_open_is_listed_at_once(
    books: Books, books_url: str, clock: SteppingClock
) -> None:
    on(clock, 2026, 9, 20)
    a_charge(books, "lamps@2026")
    on(clock, 2026, 10, 20)
    one, two, three = plan(books, an_order())
    settle(books, built(admit(books, one)))
    settle(books, unknown(admit(books, two)))
    admit(books, three)
    state(books_url, "2026-10", 0)
    on(clock, 2026, 11, 2)
    refused = close(books, "2026-10")
    assert isinstance(refused, StillOpen)
    assert [(one.kind, one.subject, one.count, one.amount_nano) for one in refused.points] == [
        (PointKind.EARLIER_OPEN, "2026-09", 4, 3 * CENT),
        (PointKind.DIFFERS, "replicate", 0, 3 * CENT),
        (PointKind.OPEN_ATTEMPTS, "replicate", 1, 5 * CENT),
        (PointKind.OPEN_ATTEMPTS, "replicate", 1, 5 * CENT),
    ]
    assert "1 attempt is held" in refused.points[2].sentence
    assert f"{two}/1" in refused.points[3].sentence
    # Nobody can sign for an earlier month: that one can be closed.
    assert close(books, "2026-10", sign=True) == refused
    assert [one.kind for one in closed(books, "2026-09").signed] == [PointKind.NO_STATEMENT]
    done = closed(books, "2026-10")
    assert list(done.signed) == [
        type(point)(point.kind, point.subject, point.count, point.amount_nano, point.sentence)
        for point in refused.points[1:]
    ]
    # What is settled later counts in the month that it is settled in.
    settle(books, failed(f"{three}/1"))
    settle(books, built(f"{two}/1"))
    assert [view.charged_nano for view in books.periods()] == [3 * CENT, 3 * CENT, 3 * CENT]
    sound(books)


@pytest.mark.parametrize(
    ("apart_nano", "is_open"), [(CENT // 2, False), (-CENT // 2, False), (CENT // 2 + 1, True)]
)
def test_books_and_invoice_agree_to_the_cent(
    october: Books, books_url: str, apart_nano: int, is_open: bool
) -> None:
    state(books_url, "2026-10", 9 * CENT)
    state(books_url, "2026-10", 3 * CENT + apart_nano, number=2)
    assert isinstance(close(october, "2026-10"), StillOpen) is is_open


def test_what_runs_on_ones_own_machines_bills_nobody(october: Books) -> None:
    assert isinstance(close(october, "2026-10"), StillOpen)
    assert not isinstance(close(october, "2026-10", local={"replicate"}), StillOpen)


def test_a_bill_for_nothing_that_the_books_have_keeps_a_month_open(
    october: Books, books_url: str
) -> None:
    state(books_url, "2026-10", 3 * CENT)
    state(books_url, "2026-10", 7 * CENT, provider="other")
    refused = close(october, "2026-10")
    assert isinstance(refused, StillOpen)
    assert [(point.subject, point.amount_nano) for point in refused.points] == [
        ("other", -7 * CENT)
    ]


def test_a_month_that_cannot_be_closed_is_refused(october: Books, clock: SteppingClock) -> None:
    with pytest.raises(CloseRefused, match="cannot be closed before 2026-12-01 01:00 UTC"):
        close(october, "2026-11", sign=True)
    clock.now = datetime(2026, 11, 1, 0, 59, tzinfo=UTC)
    with pytest.raises(CloseRefused, match="before 2026-11-01 01:00 UTC"):
        close(october, "2026-10", sign=True)
    on(clock, 2026, 11, 2)
    with pytest.raises(CloseRefused, match="nothing in 2026-09 or before it"):
        close(october, "2026-09", sign=True)
    for by in ("", "anna\x07", "anna <anna@acme.example>", "\u200banna@acme.example"):
        with pytest.raises(CloseRefused, match="a period is closed by"):
            close(october, "2026-10", sign=True, by=by)
    closed(october, "2026-10")
    with pytest.raises(CloseRefused, match=r"closed already, by anna@acme\.example"):
        close(october, "2026-10", sign=True)
    sound(october)


def test_a_month_in_between_can_be_closed_with_nothing_in_it(
    october: Books, clock: SteppingClock
) -> None:
    on(clock, 2026, 12, 2)
    closed(october, "2026-10")
    done = closed(october, "2026-11")
    assert (done.entry_count, done.first_entry_id, done.charged_nano) == (0, None, 0)
    assert october.first_open_period("2026-10") == "2026-12"
    sound(october)


def test_nothing_enters_a_closed_month_by_whatever_way(october: Books, books_url: str) -> None:
    closed(october, "2026-10")
    with pytest.raises(Refused, match="this period is closed"):
        run_sql(books_url, [ENTRY.format(at_us=IN_OCTOBER_US, period="2026-10")])
    for at_us, period in ((IN_OCTOBER_US, "2026-11"), (IN_NOVEMBER_US, "2026-10")):
        with pytest.raises(Refused, match="of the month that it is dated in"):
            run_sql(books_url, [ENTRY.format(at_us=at_us, period=period)])
    sound(october)


def test_a_writer_whose_clock_is_behind_is_told_so(october: Books, clock: SteppingClock) -> None:
    closed(october, "2026-10")
    on(clock, 2026, 10, 31)
    with pytest.raises(PeriodClosed, match=r"is closed: it belongs .* `mintage ledger periods`"):
        plan(october, an_order("lamps@2026"))
    on(clock, 2026, 11, 3)
    a_charge(october, "lamps@2026")
    sound(october)


def test_what_was_written_about_a_close_stays(october: Books, books_url: str) -> None:
    closed(october, "2026-10")
    changes = [
        "UPDATE closings SET event = 'reopen'",
        "DELETE FROM closings",
        (
            "INSERT INTO closings (at_us, period, event, actor, because, entry_count, charged_nano, "
            "providers_json, signed_json) VALUES (1, '2026-10', 'close', 'a', 'b', 0, 0, '[]', '[]')"
        ),
        (
            "INSERT INTO closings (at_us, period, event, actor, because, request_id) "
            "VALUES (1, '2026-10', 'reopen', 'a', 'b', 1)"
        ),
    ]
    if books_url.startswith("sqlite"):
        changes.append("INSERT OR REPLACE INTO closings SELECT * FROM closings")
    else:
        changes.append("TRUNCATE closings CASCADE")
    for change in changes:
        with pytest.raises(Refused):
            run_sql(books_url, [change])
    assert october.periods()[0].is_closed
    sound(october)


def test_two_persons_reopen_a_month_and_it_is_closed_again(
    october: Books, books_url: str, clock: SteppingClock
) -> None:
    closed(october, "2026-10")
    reopened(october, "2026-10")
    (view,) = october.periods()
    assert (view.is_closed, view.reopenings) == (False, 1)
    last = view.latest
    assert last is not None
    assert (last.by, last.approved_by, last.because) == (ANNA, BOB, "something was forgotten")
    assert october.first_open_period("2026-10") == "2026-10"
    on(clock, 2026, 10, 31)
    a_charge(october, "lamps@2026")
    on(clock, 2026, 11, 4)
    state(books_url, "2026-10", 6 * CENT)
    assert closed(october, "2026-10", sign=False).charged_nano == 6 * CENT
    sound(october)


def test_nobody_reopens_a_month_in_another_name_or_at_another_time(
    october: Books, books_url: str
) -> None:
    closed(october, "2026-10")
    with october.transaction() as desk:
        desk.ask_reopen("2026-10", by=ANNA, because="x")
    run_sql(books_url, [APPROVE])
    for actor, because, at_us in (
        ("carl@acme.example", "x", "a.at_us"),
        (ANNA, "the CFO said so", "a.at_us"),
        (ANNA, "x", "1"),
        (ANNA, "x", "a.at_us + 1"),
    ):
        with pytest.raises(Refused, match="reopened as two persons wanted"):
            run_sql(books_url, [reopening(actor, because, at_us)])
    assert october.periods()[0].is_closed
    run_sql(books_url, [reopening(ANNA, "x", "a.at_us")])
    sound(october)
    # Nor is it closed again at a time before that.
    with pytest.raises(Refused, match="in turn"):
        run_sql(books_url, [CLOSE.format(at_us=IN_NOVEMBER_US + HOUR_US, period="2026-10")])


def test_clocks_that_are_a_minute_apart_keep_the_order_of_events(
    october: Books, clock: SteppingClock
) -> None:
    for minute, act in enumerate(
        (
            lambda: closed(october, "2026-10"),
            lambda: reopened(october, "2026-10"),
            lambda: closed(october, "2026-10"),
        )
    ):
        clock.now = datetime(2026, 11, 2, 12, 30 - minute, tzinfo=UTC)
        act()
    first, *later = (event.at for event in october.periods()[0].events)
    assert all(at >= first for at in later)
    sound(october)


def test_no_month_is_closed_before_its_end_by_whatever_way(october: Books, books_url: str) -> None:
    over_us = IN_NOVEMBER_US + HOUR_US
    for at_us, period in (
        (over_us - 1, "2026-10"),
        (over_us, "2026-11"),
        (over_us * 2, "2026-13"),
        (over_us * 2, "2026-1x"),
    ):
        with pytest.raises(Refused):
            run_sql(books_url, [CLOSE.format(at_us=at_us, period=period)])
    assert not october.periods()[0].events
    run_sql(books_url, [CLOSE.format(at_us=over_us, period="2026-10")])


def test_a_month_that_is_open_cannot_be_reopened(october: Books) -> None:
    with october.transaction() as desk, pytest.raises(CloseRefused, match="never closed"):
        desk.ask_reopen("2026-10", by=ANNA, because="why not")
    closed(october, "2026-10")
    reopened(october, "2026-10")
    with october.transaction() as desk, pytest.raises(CloseRefused, match="is open already"):
        desk.ask_reopen("2026-10", by=ANNA, because="why not")


CLOSE_AGAIN = (
    "INSERT INTO closings (at_us, period, event, actor, because, entry_count, first_entry_id, "
    "last_entry_id, charged_nano, providers_json, signed_json, seal_block, seal_sha256) "
    "SELECT at_us, period, event, actor, because, entry_count, first_entry_id, last_entry_id, "
    "charged_nano, providers_json, signed_json, seal_block, seal_sha256 FROM closings"
)
ASK = (
    "INSERT INTO requests (at_us, kind, actor, actor_key, because, period, basis_id) "
    f"VALUES (1, 'reopen', '{ANNA}', '{ANNA}', 'x', '2026-10', 1)"
)
REOPEN = (
    "INSERT INTO closings (at_us, period, event, actor, because, request_id) "
    f"VALUES (1, '2026-10', 'reopen', '{ANNA}', 'x', 1)"
)
APPROVE = (
    "INSERT INTO approvals (request_id, at_us, answer, actor, actor_key, asked_key) "
    f"SELECT 1, at_us, 'approved', '{BOB}', '{BOB}', actor_key FROM requests"
)
HOUR_US = 3_600_000_000
CLOSE = (
    "INSERT INTO closings (at_us, period, event, actor, because, entry_count, charged_nano, "
    "providers_json, signed_json) VALUES ({at_us}, '{period}', 'close', 'a', 'b', 0, 0, '[]', '[]')"
)


def reopening(actor: str, because: str, at_us: str) -> str:
    return (
        "INSERT INTO closings (at_us, period, event, actor, because, request_id) "
        f"SELECT {at_us}, '2026-10', 'reopen', '{actor}', '{because}', 1 FROM approvals a"
    )


FORGERIES = {
    "an entry of November": (
        (
            f"UPDATE entries SET at_us = {IN_OCTOBER_US}, period = '2026-10' WHERE kind = 'raise'",
            f"UPDATE cap_rules SET at_us = {IN_OCTOBER_US}",
            f"UPDATE totals SET day = {IN_OCTOBER_US // DAY_US} WHERE order_id = ''",
        ),
        r"2026-10 was closed with \$0\.03 in 4 entries, and has \$0\.03 in 5",
    ),
    "a close that says less": (
        ("UPDATE closings SET charged_nano = 1",),
        r"2026-10 was closed with \$0\.000000001",
    ),
    "a close that names fewer": (("UPDATE closings SET entry_count = 3",), "in 3 entries"),
    "a close under another seal": (("UPDATE closings SET seal_sha256 = 'ff'",), "under seal 1"),
    "a close before its time": (("UPDATE closings SET at_us = 1",), "before it was over"),
    "a close twice": ((CLOSE_AGAIN,), "the close of 2026-10 is one that nobody could write"),
    "a reopening in another name": (
        (
            ASK.replace("VALUES (1,", f"VALUES ({IN_NOVEMBER_US * 2},"),
            APPROVE,
            reopening("carl@acme.example", "x", "a.at_us"),
        ),
        "the reopen of 2026-10 is one that nobody could write",
    ),
    "a reopening before its close": (
        (ASK, APPROVE, reopening(ANNA, "x", "a.at_us")),
        "the reopen of 2026-10 is one that nobody could write",
    ),
    "a reopening that nobody approved": (
        (ASK, REOPEN),
        "the reopen of 2026-10 is one that nobody could write",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_of_closings_is_seen(october: Books, books_url: str, forgery: str) -> None:
    closed(october, "2026-10")
    with october.transaction() as desk:
        desk.set_cap(Scope.PROVIDER, "replicate", CENT * 100, by=ANNA, because="a plan")
    sound(october)
    statements, said = FORGERIES[forgery]
    disarm(books_url)
    run_sql(books_url, statements)
    problem = october.verify().problem
    assert problem is not None
    assert re.search(said, problem), problem
