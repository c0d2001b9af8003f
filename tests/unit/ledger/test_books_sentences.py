"""Small parts: times, texts, URLs, and the sentences for what a database says."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError, InvalidRequestError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger import BooksBusy, BooksUnavailable, BrokenPromise
from ledger.engine import parse_url, printable
from ledger.faults import sentence_of
from ledger.instants import day_of, from_us, from_us_or_none, period_of, to_us
from ledger.words import CHARACTERS_MAX, clean


class ServerError(Exception):
    """What psycopg raises, as far as the books look at it."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("first line\nDETAIL: second line")
        self.sqlstate = sqlstate


def said_by(original: Exception) -> tuple[type[Exception], str]:
    error = sentence_of(OperationalError("SELECT 1", {}, original), "postgresql://h/books")
    return type(error), str(error)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back_to_the_microsecond(at: datetime) -> None:
    assert from_us(to_us(at)) == at
    assert period_of(to_us(at)) == day_of(to_us(at))[:-3]


def test_a_time_counts_in_its_utc_month() -> None:
    local = datetime(2026, 11, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert period_of(to_us(local)) == "2026-10"
    assert day_of(to_us(local)) == "2026-10-31"
    assert from_us_or_none(None) is None


@given(st.text(st.characters()))
def test_cleaned_text_can_be_kept_by_both_databases(text: str) -> None:
    kept = clean(text)
    assert "\x00" not in kept
    assert len(kept) <= CHARACTERS_MAX
    assert kept.encode() is not None
    assert clean(kept) == kept


@pytest.mark.parametrize(
    ("original", "kind", "sentence"),
    [
        (ServerError("40P01"), BooksBusy, "run this again"),
        (ServerError("40001"), BooksBusy, "run this again"),
        (ServerError("55P03"), BooksBusy, "kept the rows locked"),
        (ServerError("53100"), BooksUnavailable, "no disk space left"),
        (ServerError("25006"), BooksUnavailable, "read-only"),
        (ServerError("28P01"), BooksUnavailable, "refused the password"),
        (ServerError("42501"), BooksUnavailable, "does not let this user do that (first line)"),
        (ServerError("08006"), BooksUnavailable, "does not answer"),
        (ServerError(None), BooksUnavailable, "does not answer"),
        (ServerError("XX000"), BooksUnavailable, "failed (XX000): first line"),
        (sqlite3.OperationalError("database is locked"), BooksBusy, "locked by another process"),
        (sqlite3.OperationalError("database or disk is full"), BooksUnavailable, "no disk space"),
        (
            sqlite3.OperationalError("attempt to write a readonly database"),
            BooksUnavailable,
            "read-only",
        ),
        (
            sqlite3.DatabaseError("database disk image is malformed"),
            BooksUnavailable,
            "restore it from a backup",
        ),
        (sqlite3.OperationalError("something new"), BooksUnavailable, "failed: something new"),
    ],
)
def test_what_a_database_says_becomes_one_sentence(
    original: Exception, kind: type[Exception], sentence: str
) -> None:
    found, said = said_by(original)
    assert found is kind
    assert sentence in said
    assert "\n" not in said


def test_a_broken_rule_of_the_database_is_a_broken_promise() -> None:
    error = sentence_of(
        IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed: a.b")), "url"
    )
    assert isinstance(error, BrokenPromise)
    assert str(error).endswith("UNIQUE constraint failed: a.b")


def test_no_free_connection_is_busy_and_a_defect_is_a_broken_promise() -> None:
    assert isinstance(sentence_of(PoolTimeout("QueuePool limit"), "url"), BooksBusy)
    assert isinstance(sentence_of(InvalidRequestError("no such way"), "url"), BrokenPromise)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:s3cret@db/books", "postgresql://u:***@db/books"),
        ("postgres://u:s3cret@db/books", "postgresql://u:***@db/books"),
        ("postgresql+psycopg://u:s3cret@db/books", "postgresql://u:***@db/books"),
        (
            "postgresql://u@db/books?password=s3cret&sslmode=require",
            "postgresql://u@db/books?sslmode=require",
        ),
        ("sqlite:///a/b.db", "sqlite:///a/b.db"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
    ],
)
def test_a_url_is_printed_without_its_secrets(text: str, shown: str) -> None:
    assert printable(parse_url(text)) == shown
