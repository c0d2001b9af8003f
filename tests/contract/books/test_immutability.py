"""What was written stays: the database itself refuses every change of it."""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

import sqlite3

import psycopg
import pytest
from books_parts import admit, an_order, failed, plan, run_sql, settle, sound, through

from ledger import Books

CHANGES = [
    "UPDATE entries SET amount_nano = amount_nano + 1",
    "DELETE FROM entries",
    "UPDATE verdicts SET reason = 'fine'",
    "DELETE FROM verdicts",
    "UPDATE releases SET width = 1",
    "DELETE FROM releases",
    "UPDATE holds SET amount_nano = 1",
    "UPDATE holds SET state = 'open', ended_at_us = NULL",
    "DELETE FROM holds",
]

IMPOSSIBLE = [
    "UPDATE budgets SET held_nano = cap_nano + 1",
    "UPDATE budgets SET spent_nano = -1",
    "UPDATE budgets SET overrun_nano = -1",
    "UPDATE jobs SET state = 'lost'",
    "UPDATE attempts SET state = 'held'",
    "UPDATE attempts SET charged_nano = -1",
    "UPDATE orders SET state = 'stopped', stop_reason = NULL",
    "UPDATE jobs SET attempts_used = last_number + 1",
]

SQLITE_ONLY = [
    "INSERT OR REPLACE INTO entries SELECT * FROM entries",
    "INSERT OR REPLACE INTO verdicts SELECT * FROM verdicts",
    "INSERT OR REPLACE INTO releases SELECT * FROM releases",
]

POSTGRES_ONLY = [
    "TRUNCATE entries CASCADE",
    "TRUNCATE verdicts",
    "TRUNCATE releases",
    "TRUNCATE holds CASCADE",
]


@pytest.fixture
def written(books: Books) -> Books:
    one, two, _ = plan(books, an_order())
    through(books, one)
    settle(books, failed(admit(books, two)))
    return books


def test_nothing_that_was_written_can_be_changed(written: Books, books_url: str) -> None:
    own = SQLITE_ONLY if books_url.startswith("sqlite") else POSTGRES_ONLY
    before = (written.totals(), list(written.charges()), list(written.released("mugs@2026")))
    for statement in CHANGES + own:
        with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match=r"append-only|hold"):
            run_sql(books_url, [statement])
    after = (written.totals(), list(written.charges()), list(written.released("mugs@2026")))
    assert after == before
    sound(written)


def test_no_row_takes_the_number_of_another_one(written: Books, books_url: str) -> None:
    """SQLite numbers rows beside their keys, and REPLACE deletes by that number too."""
    if not books_url.startswith("sqlite"):
        return
    plan(written, an_order("lamps@1", jobs=1))
    connection = sqlite3.connect(books_url.removeprefix("sqlite:///"), isolation_level=None)
    for table, key, other in (
        ("verdicts", "position", "position + 500"),
        ("releases", "job_id, attempt_id, name, release_key", "'x', 'x', 'x', 'x'"),
        ("orders", "order_id", "'x'"),
    ):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        kept = ", ".join(name for name in names if name not in key.split(", "))
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(
                f"INSERT OR REPLACE INTO {table} (rowid, {key}, {kept}) "
                f"SELECT rowid, {other}, {kept} FROM {table} LIMIT 1"
            )
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE OR REPLACE orders SET rowid = 1 WHERE order_id = 'lamps@1'")
    connection.close()
    sound(written)


@pytest.mark.parametrize("statement", IMPOSSIBLE)
def test_what_must_never_be_cannot_be_written(
    written: Books, books_url: str, statement: str
) -> None:
    errors = (sqlite3.IntegrityError, psycopg.errors.CheckViolation)
    with pytest.raises(errors):
        run_sql(books_url, [statement])
    sound(written)


def test_the_database_refuses_a_second_open_attempt_of_one_job(
    books: Books, books_url: str
) -> None:
    one, *_ = plan(books, an_order())
    admit(books, one)
    second = f"""
        INSERT INTO attempts (attempt_id, job_id, order_id, number, state, counts, seed,
            request_json, hold_nano, charged_nano, held_at_us)
        SELECT 'second', job_id, order_id, 2, 'unknown', counts, seed, request_json, hold_nano,
            charged_nano, held_at_us FROM attempts WHERE attempt_id = '{one}/1'
    """
    errors = (sqlite3.IntegrityError, psycopg.errors.UniqueViolation)
    with pytest.raises(errors, match=r"job_id|one_open"):
        run_sql(books_url, [second])
