"""What an order was quoted: kept with it, once, and proved."""

from __future__ import annotations

import pytest
from books_parts import CENT, an_order, jobs_of, plan, run_sql, sound

from ledger import Books, BrokenPromise, Quoted

QUOTED = Quoted(expected_nano=CENT, first_pass_nano=2 * CENT, dearest_nano=6 * CENT)


def open_quoted(books: Books, quoted: Quoted | None = QUOTED) -> bool:
    order = an_order()
    with books.transaction() as desk:
        return desk.open_order(order, jobs_of(order), quoted)


def test_an_order_keeps_what_it_was_quoted_first(books: Books) -> None:
    assert open_quoted(books)
    assert not open_quoted(books, Quoted(1, 2, 3))
    assert books.quoted("mugs@2026") == QUOTED
    sound(books)


def test_an_order_from_before_quotes_has_none_and_gets_none_later(books: Books) -> None:
    plan(books, an_order())
    assert not open_quoted(books)
    assert books.quoted("mugs@2026") is None
    assert books.quoted("no-such@order") is None
    sound(books)


@pytest.mark.parametrize("quoted", [Quoted(-1, 0, 0), Quoted(2, 1, 3), Quoted(1, 3, 2)])
def test_a_quote_that_is_none_leaves_no_order_behind(books: Books, quoted: Quoted) -> None:
    with pytest.raises(BrokenPromise, match="none may be less than the one before"):
        open_quoted(books, quoted)
    assert books.order("mugs@2026") is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE quotes SET expected_nano = 0",
        "UPDATE quotes SET at_us = at_us + 1",
        "DELETE FROM quotes",
    ],
)
def test_the_database_refuses_to_change_a_quote(books: Books, books_url: str, change: str) -> None:
    open_quoted(books)
    with pytest.raises(Exception, match=r"append-only|never"):
        run_sql(books_url, [change])
    assert books.quoted("mugs@2026") == QUOTED


@pytest.mark.parametrize(
    "change",
    ["UPDATE quotes SET at_us = at_us + 1", "UPDATE quotes SET dearest_nano = 610000000"],
)
def test_a_forged_quote_is_found(books: Books, books_url: str, change: str) -> None:
    open_quoted(books)
    books.close()
    run_sql(books_url, _disarming(books_url))
    run_sql(books_url, [change])
    problem = books.verify().problem
    assert problem is not None
    assert "that is not what it was quoted" in problem


def _disarming(url: str) -> list[str]:
    if url.startswith("sqlite"):
        return ["DROP TRIGGER quotes_no_update"]
    return ["ALTER TABLE quotes DISABLE TRIGGER USER"]
