"""Parts for tests of closing: months with entries, statements, and finance's people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from books_parts import SteppingClock, admit, an_order, built, plan, run_sql, settle

from ledger import Books
from ledger.closing import close_period
from ledger.closing_views import Closing, StillOpen

ANNA = "anna@acme.example"
BOB = "bob@acme.example"


def on(clock: SteppingClock, year: int, month: int, day: int) -> None:
    """Let it be noon of a day."""
    clock.now = datetime(year, month, day, 12, tzinfo=UTC)


def a_charge(books: Books, order_id: str) -> str:
    """Three cents at replicate, in the month that it is; gives the job's id."""
    (job_id,) = plan(books, an_order(order_id, jobs=1))
    settle(books, built(admit(books, job_id)))
    return job_id


def state(
    url: str, period: str, total_nano: int, *, provider: str = "replicate", number: int = 1
) -> None:
    """Post a statement of a provider, as the table has it, when the newest entry was written."""
    statement = (
        "INSERT INTO statements (provider, period, number, sha256, source, line_count, total_nano, "  # noqa: S608 - a test's own values
        f"posted_at_us, actor, because) SELECT '{provider}', '{period}', {number}, 'ab', 'file', 1, "
        f"{total_nano}, MAX(at_us), 'anna', 'it came' FROM entries"
    )
    run_sql(url, [statement])


def close(
    books: Books, period: str, *, sign: bool = False, local: Collection[str] = (), by: str = ANNA
) -> Closing | StillOpen:
    return close_period(books, period, by=by, because="the month is done", sign=sign, local=local)


def closed(books: Books, period: str, *, sign: bool = True) -> Closing:
    """Close a month that must be closed."""
    done = close(books, period, sign=sign)
    assert isinstance(done, Closing), done
    return done


def reopened(books: Books, period: str) -> None:
    """Reopen a month with two persons."""
    with books.transaction() as desk:
        request = desk.ask_reopen(period, by=ANNA, because="something was forgotten")
    with books.transaction() as desk:
        desk.approve(request.request_id, by=BOB)
