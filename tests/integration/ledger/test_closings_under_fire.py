"""Months are closed, and requests approved, while others write: each once, and nothing slips in."""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import psycopg
import pytest
from books_parts import CENT, SteppingClock, admit, an_order, built, plan, settle, sound
from closing_parts import ANNA, BOB, a_charge, close, on
from postgres_server import PostgresServer

from ledger import Books, LedgerError, Scope
from ledger.closing_views import Closing, RequestView
from ledger.errors import ApprovalRefused, CloseRefused, PeriodClosed

PEOPLE = 6
IN_OCTOBER_US = int(datetime(2026, 10, 31, 23, tzinfo=UTC).timestamp()) * 1_000_000
VOID = (
    "INSERT INTO entries (at_us, period, kind, from_account, to_account, amount_nano, attempt_id, "
    f"job_id, order_id, cost_center, campaign, owner, provider, model) SELECT {IN_OCTOBER_US}, "
    "'2026-10', 'void', to_account, from_account, 1, attempt_id, job_id, order_id, cost_center, "
    "campaign, owner, provider, model FROM entries WHERE kind = 'hold'"
)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(step_s=0.001)


@pytest.fixture
def books(empty_url: str, clock: SteppingClock) -> Iterator[Books]:
    """Three cents were charged in October, and it is November."""
    with Books.open(empty_url, clock=clock, migrate=True) as opened:
        on(clock, 2026, 10, 20)
        a_charge(opened, "mugs@2026")
        on(clock, 2026, 11, 2)
        yield opened


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Start all at the same moment; what each gave, or the books' error that it met."""
    barrier = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        barrier.wait()
        try:
            return act()
        except LedgerError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))


def test_of_many_who_close_a_month_one_does(books: Books) -> None:
    ends = at_once([lambda: close(books, "2026-10", sign=True) for _ in range(PEOPLE)])
    assert sum(isinstance(end, Closing) for end in ends) == 1
    assert sum(isinstance(end, CloseRefused) for end in ends) == PEOPLE - 1
    (view,) = books.periods()
    assert len(view.events) == 1
    sound(books)


def test_of_many_who_approve_or_reject_a_request_one_does(books: Books) -> None:
    with books.transaction() as desk:
        desk.change_limit(CENT, by=ANNA, because="rules")
        desk.set_cap(Scope.PROVIDER, "replicate", 100 * CENT, by=ANNA, because="a plan")

    def ask(nano: int) -> RequestView:
        with books.transaction() as desk:
            found = desk.change_cap(Scope.PROVIDER, "replicate", nano, by=ANNA, because="more")
        assert isinstance(found, RequestView)
        return found

    asked = at_once([lambda: ask(200 * CENT) for _ in range(PEOPLE)])
    assert [one.request_id for one in asked if isinstance(one, RequestView)] == [1] * PEOPLE
    ask(300 * CENT)

    def answer(number: int) -> RequestView:
        with books.transaction() as desk:
            if number % 3:
                return desk.approve(1 + number % 2, by=BOB)
            return desk.reject(1 + number % 2, by=BOB, because="no")

    ends = at_once([partial(answer, number) for number in range(PEOPLE)])
    answered = [end for end in ends if isinstance(end, RequestView)]
    assert 1 <= len(answered) <= 2
    assert sum(isinstance(end, ApprovalRefused) for end in ends) == PEOPLE - len(answered)
    # Of two raises of one cap, the second was overtaken by the first.
    assert sum(one.state == "approved" for one in answered) <= 1
    sound(books)


def test_a_month_is_closed_while_the_next_one_is_minted(
    books: Books, empty_url: str, clock: SteppingClock
) -> None:
    job_ids = plan(books, an_order("lamps@2026", jobs=40, cap="100.00", per_job="10.00"))
    halfway, failures = threading.Event(), []

    def mint() -> None:
        try:
            with Books.open(empty_url, clock=clock) as own:
                for number, job_id in enumerate(job_ids):
                    settle(own, built(admit(own, job_id)))
                    if number == len(job_ids) // 2:
                        halfway.set()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)
        finally:
            halfway.set()

    thread = threading.Thread(target=mint)
    thread.start()
    halfway.wait()
    done = close(books, "2026-10", sign=True)
    thread.join()
    assert failures == []
    assert isinstance(done, Closing)
    assert (done.entry_count, done.charged_nano) == (4, 3 * CENT)
    october, november = books.periods()
    assert (october.is_closed, november.charged_nano) == (True, 40 * 3 * CENT)
    sound(books)


@pytest.fixture
def server_books(postgres: PostgresServer, clock: SteppingClock) -> Iterator[tuple[Books, str]]:
    url = postgres.fresh_database()
    with Books.open(url, clock=clock, migrate=True) as opened:
        on(clock, 2026, 10, 20)
        a_charge(opened, "mugs@2026")
        on(clock, 2026, 11, 2)
        yield opened, url
    postgres.drop_database(url)


def waits(url: str, work: Future[object]) -> bool:
    """Whether somebody waits for the lock of the entries; False once the work has ended."""
    asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(url, autocommit=True) as watcher:
        while not work.done():
            (count,) = watcher.execute(asked).fetchone() or (0,)
            if count:
                return True
            time.sleep(0.01)
    return False


@pytest.mark.postgres
def test_a_close_waits_for_whoever_writes_and_counts_what_they_wrote(
    server_books: tuple[Books, str], clock: SteppingClock
) -> None:
    books, url = server_books
    books.seal()

    def close_at_desk() -> object:
        with books.transaction() as desk:
            return desk.close_period("2026-10", by=ANNA, because="done", sign=True)

    with ThreadPoolExecutor(1) as threads:
        with Books.open(url, clock=clock) as own, own.transaction() as desk:
            on(clock, 2026, 10, 31)
            desk.set_cap(Scope.COST_CENTER, "cc-7", CENT, by=ANNA, because="late in October")
            on(clock, 2026, 11, 2)
            work: Future[object] = threads.submit(close_at_desk)
            assert waits(url, work)
        # It saw the entry that was written meanwhile, which is under no seal yet.
        assert work.result() is None
    done = close(books, "2026-10", sign=True)
    assert isinstance(done, Closing)
    assert done.entry_count == 5
    sound(books)


@pytest.mark.postgres
def test_whoever_writes_while_a_month_is_closed_waits_and_is_refused(
    server_books: tuple[Books, str],
) -> None:
    books, url = server_books
    books.seal()

    def late() -> object:
        try:
            with Books.open(
                url, clock=SteppingClock(now=datetime(2026, 10, 31, tzinfo=UTC))
            ) as own:
                plan(own, an_order("lamps@2026", jobs=1))
        except PeriodClosed as error:
            return error
        return None

    with ThreadPoolExecutor(1) as threads:
        with books.transaction() as desk:
            done = desk.close_period("2026-10", by=ANNA, because="done", sign=True)
            assert isinstance(done, Closing)
            work: Future[object] = threads.submit(late)
            assert waits(url, work)
        assert isinstance(work.result(), PeriodClosed)
    sound(books)


@pytest.mark.postgres
def test_an_older_view_of_the_books_cannot_write_past_a_close(
    server_books: tuple[Books, str],
) -> None:
    books, url = server_books
    with psycopg.connect(url) as server:
        server.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        server.execute("SELECT count(*) FROM closings")
        assert isinstance(close(books, "2026-10", sign=True), Closing)
        with pytest.raises(psycopg.errors.CheckViolation, match="READ COMMITTED"):
            server.execute(VOID.encode())
    sound(books)
