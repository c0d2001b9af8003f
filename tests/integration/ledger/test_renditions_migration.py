"""Books from before there were renditions: brought up as they are, and never taken back from what is new."""

# ruff: noqa: S608 - statements are made of constants
from __future__ import annotations

import sqlite3

import psycopg
import pytest
from alembic import command
from books_parts import (
    SHA256,
    SteppingClock,
    admit,
    an_order,
    built,
    inspect,
    move,
    plan,
    release,
    review,
    run_sql,
    settle,
    sign,
    sound,
    through,
    through_signed,
    verdict,
    withdraw,
)
from postgres_server import PostgresServer

from ledger import Books, BrokenPromise, JobMove, JobState
from ledger.engine import make_engine, parse_url
from ledger.revisions import alembic_config


def back(url: str) -> None:
    """Take the books back to where there were no renditions."""
    engine = make_engine(parse_url(url))
    try:
        with engine.begin() as connection:
            command.downgrade(alembic_config(connection), "0010")
    finally:
        engine.dispose()


def test_older_books_go_on_where_they_were(empty_url: str) -> None:
    clock = SteppingClock()
    with Books.open(empty_url, clock=clock, migrate=True) as books:
        one, two, three = plan(books, an_order())
        through(books, one)
        settle(books, built(admit(books, two)))
        inspect(books, two)
        move(books, JobMove(two, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
        settle(books, built(admit(books, three)))
        before = (list(books.released("mugs@2026")), books.totals())
    back(empty_url)
    with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="approved by a review"):
        run_sql(empty_url, [f"UPDATE jobs SET state = 'approved' WHERE job_id = '{two}'"])
    with Books.open(empty_url, clock=clock, migrate=True) as books:
        assert (list(books.released("mugs@2026")), books.totals()) == before
        assert books.verdicts(f"{one}/1") == (verdict(),)
        assert books.came_sha256(f"{one}/1") is None
        sound(books)
        review(books, two)
        release(books, two)
        sign(books, three)
        inspect(books, three)
        with pytest.raises(BrokenPromise, match="approved by a review"):
            move(books, JobMove(three, JobState.ACCEPTED, JobState.APPROVED, by="Ann"))
        withdraw(books, one)
        sound(books)
        assert [one.job_id for one in books.released_by_sha256(SHA256)] == [one, two]


def test_what_is_new_is_not_forgotten_by_going_back(empty_url: str) -> None:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        one, *_ = plan(books, an_order(), "thumb")
        through_signed(books, one)
    with pytest.raises(RuntimeError, match="no place for what is in signings"):
        back(empty_url)


@pytest.mark.postgres
def test_the_guard_of_reviews_keeps_its_search_path(postgres: PostgresServer) -> None:
    """As the roles had pinned it: else a temporary table could stand in for the reviews."""
    url = postgres.fresh_database()
    pinned = "SELECT proconfig::text FROM pg_proc WHERE proname = 'jobs_are_reviewed'"
    with Books.open(url, clock=SteppingClock(), migrate=True) as books:
        books.apply_roles()
    back(url)
    with psycopg.connect(url) as server:
        before = server.execute(pinned.encode()).fetchall()
    Books.open(url, clock=SteppingClock(), migrate=True).close()
    with psycopg.connect(url) as server:
        assert server.execute(pinned.encode()).fetchall() == before != [(None,)]
    postgres.drop_database(url)
