"""Running totals: kept with every entry, proven against the entries, and made for older books."""

from __future__ import annotations

import threading

import pytest
from alembic import command
from books_parts import (
    CENT,
    admit,
    an_order,
    built,
    failed,
    plan,
    run_sql,
    settle,
    sound,
    through,
    unknown,
    usd_line,
)

from ledger import Books, BrokenPromise
from ledger.engine import make_engine, parse_url
from ledger.revisions import alembic_config

FORGERIES = {
    "a total that is less": (
        "UPDATE totals SET charged_nano = charged_nano - 1",
        "mugs@2026 on 2026-11-20 says $0.029999999 charged in 6 entries",
        "$0.03 in 6",
    ),
    "a total that is gone": (
        "DELETE FROM totals",
        "mugs@2026 on 2026-11-20 says $0.00 charged in 0 entries",
        "$0.03 in 6",
    ),
    "a total of another model": (
        "UPDATE totals SET model = 'acme/painter'",
        "mugs@2026 on 2026-11-20 says $0.03 charged in 6 entries",
        "$0.00 in 0",
    ),
    "a total too many": (
        "INSERT INTO totals SELECT day, 'lamps@1', '', '', '', '', 0, 0, 1, 0 FROM totals",
        "lamps@1 on 2026-11-20 says $0.00 charged in 1 entries",
        "$0.00 in 0",
    ),
    "an overrun that is not told": (
        "UPDATE totals SET overrun_nano = 1",
        "mugs@2026 on 2026-11-20 says $0.03 charged in 6 entries",
        "$0.03 in 6",
    ),
}

DIMENSIONS = ["order", "job", "model", "provider", "cost_center", "campaign", "period", "day"]


@pytest.fixture
def written(books: Books) -> Books:
    one, two, _ = plan(books, an_order())
    through(books, one)
    settle(books, failed(admit(books, two)))
    return books


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_total_that_is_not_what_its_entries_come_to_is_named(
    written: Books, books_url: str, forgery: str
) -> None:
    statement, told, true = FORGERIES[forgery]
    sound(written)
    run_sql(books_url, [statement])
    problem = written.verify().problem
    assert problem == f"the running total of {told}, but the entries say {true}"


def test_totals_are_kept_through_every_kind_of_end(books: Books) -> None:
    one, two, three = plan(books, an_order())
    settle(books, unknown(admit(books, one)))
    settle(books, built(admit(books, two, 2 * CENT), usd_line("0.05")))
    with books.transaction() as desk:
        desk.resume_order("mugs@2026")
    settle(books, failed(admit(books, three, 0)))
    totals = books.totals()
    assert (totals.charged_nano, totals.overrun_nano) == (5 * CENT, 3 * CENT)
    assert (totals.held_nano, totals.unknown_nano, totals.entry_count) == (5 * CENT, 5 * CENT, 5)
    sound(books)


def test_totals_of_a_transaction_that_fails_are_not_kept(written: Books) -> None:
    before = written.totals()
    with pytest.raises(BrokenPromise, match="came with 0"), written.transaction() as desk:
        desk.open_order(an_order("lamps@1", jobs=2), [])
    assert written.totals() == before
    sound(written)


def test_totals_of_many_writers_of_many_orders_are_right(books: Books) -> None:
    job_ids = [
        plan(books, an_order(f"mugs@{number}", jobs=10, cap="100.00")) for number in range(4)
    ]

    def work(share: list[str]) -> None:
        for job_id in share:
            settle(books, built(admit(books, job_id)))

    threads = [
        threading.Thread(target=work, args=(of_order[half::2],))
        for of_order in job_ids
        for half in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books.totals().charged_nano == 40 * 3 * CENT
    sound(books)


def test_books_from_before_there_were_totals_get_theirs(written: Books, books_url: str) -> None:
    through(written, "mugs@2026#mug-0002")
    before = (written.totals(), [written.summary(by) for by in DIMENSIONS])
    engine = make_engine(parse_url(books_url))
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "-1")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    engine.dispose()
    assert (written.totals(), [written.summary(by) for by in DIMENSIONS]) == before
    sound(written)
