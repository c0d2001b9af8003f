"""Withdrawals: a release that is taken back stays a release, with who took it back and why."""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from books_parts import (
    SHA256,
    SteppingClock,
    accept,
    admit,
    an_order,
    approve,
    built,
    plan,
    release,
    release_record,
    rendition,
    run_sql,
    settle,
    sound,
    state_of,
    through,
    through_signed,
    withdraw,
)

from ledger import Books, JobState, NotReleased, UnknownJob, WithdrawalRefused


@pytest.fixture
def released_job(books: Books) -> str:
    one, *_ = plan(books, an_order(), "thumb")
    settle(books, built(admit(books, one)))
    accept(books, one, rendition())
    approve(books, one)
    release(books, one)
    return one


def test_what_is_withdrawn_stays_released_and_keeps_its_cost(
    books: Books, released_job: str
) -> None:
    before = (books.totals(), books.job_counts("mugs@2026"), books.spend())
    assert books.withdrawal(released_job) is None
    assert list(books.withdrawals("mugs@2026")) == []
    assert books.release_mark("autumn-2026") == (1, 0)
    assert withdraw(books, released_job, "Maria Lopez", " the  logo is last year's ")
    assert (books.totals(), books.job_counts("mugs@2026"), books.spend()) == before
    assert state_of(books, released_job) is JobState.RELEASED
    (view,) = books.released("mugs@2026")
    assert view.withdrawn
    taken = books.withdrawal(released_job)
    assert taken is not None
    assert (taken.by, taken.because) == ("Maria Lopez", "the logo is last year's")
    (told,) = books.withdrawals("mugs@2026")
    assert (told.job_id, told.sha256, told.release_key) == (released_job, SHA256, view.release_key)
    assert (told.store_url, told.receipt_key) == (view.store_url, view.receipt_key)
    assert (told.by, told.because, told.at) == (taken.by, taken.because, taken.at)
    assert told.renditions == view.renditions != ()
    assert books.release_mark("autumn-2026") == (1, 1)
    story = books.story(released_job)
    assert story is not None
    assert story.withdrawal == taken
    sound(books)


def test_the_first_withdrawal_stands(books: Books, released_job: str) -> None:
    assert withdraw(books, released_job)
    first = books.withdrawal(released_job)
    assert not withdraw(books, released_job, "noah@acme.example", "me too")
    assert books.withdrawal(released_job) == first


def test_of_two_who_withdraw_at_once_one_is_told_of_the_other(
    books: Books, released_job: str
) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda by: withdraw(books, released_job, by), ["Ann", "Ben"]))
    assert sorted(done) == [False, True]
    sound(books)


def test_only_what_was_released_is_withdrawn_by_somebody_for_a_reason(
    books: Books, released_job: str
) -> None:
    with pytest.raises(UnknownJob):
        withdraw(books, "mugs@2026#nothing")
    with pytest.raises(NotReleased, match="is planned: only what was released"):
        withdraw(books, "mugs@2026#mug-0001")
    for by, because in (("", "why"), ("Ann", " "), ("Ann <ann@acme.example>", "why"), ("Ann", "-")):
        with pytest.raises(WithdrawalRefused):
            withdraw(books, released_job, by, because)
    assert books.withdrawal(released_job) is None


def test_a_clock_that_goes_back_withdraws_nothing_before_its_release(
    books: Books, clock: SteppingClock, released_job: str
) -> None:
    clock.now = datetime(2026, 1, 1, tzinfo=UTC)
    withdraw(books, released_job)
    taken, release_ = books.withdrawal(released_job), books.released_one(released_job)
    assert taken is not None
    assert release_ is not None
    assert taken.at == release_.released_at
    sound(books)


LIES = {
    "of what is planned": "'mugs@2026#mug-0001', 'Ann', 'why', 2000000000000000",
    "from before the release": "'mugs@2026#mug-0000', 'Ann', 'why', 1",
    "by nobody": "'mugs@2026#mug-0000', ' ', 'why', 2000000000000000",
    "for no reason": "'mugs@2026#mug-0000', 'Ann', '  ', 2000000000000000",
}


def test_the_database_itself_takes_back_only_releases(
    books: Books, books_url: str, released_job: str
) -> None:
    assert released_job == "mugs@2026#mug-0000"
    for values in LIES.values():
        lie = f"INSERT INTO withdrawals (job_id, actor, because, at_us) VALUES ({values})"
        with pytest.raises(
            (sqlite3.IntegrityError, psycopg.Error), match=r"only what is released|who_and_why"
        ):
            run_sql(books_url, [lie])
    assert list(books.withdrawals("mugs@2026")) == []


OWN = {
    # Those with the highest numbers: other triggers have nothing against them.
    "sqlite": "INSERT OR REPLACE INTO {table} SELECT * FROM {table} ORDER BY {key} DESC LIMIT 1",
    "postgresql": "TRUNCATE {table}",
}


def test_nothing_of_renditions_signings_and_withdrawals_can_be_changed(
    books: Books, books_url: str
) -> None:
    one, two, _ = plan(books, an_order(), "thumb")
    through_signed(books, one)
    withdraw(books, one)
    settle(books, built(admit(books, two)))
    accept(books, two, rendition())
    before = list(books.withdrawals("mugs@2026"))
    changes = {
        "withdrawals": "UPDATE withdrawals SET because = 'another'",
        "renditions": "UPDATE renditions SET sha256 = 'ff'",
        "signings": "UPDATE signings SET certificate_sha256 = 'ff'",
    }
    for table, change in changes.items():
        key = {"signings": "number", "renditions": "attempt_id", "withdrawals": "job_id"}[table]
        own = OWN[books_url.partition(":")[0]].format(table=table, key=key)
        for statement in (change, f"DELETE FROM {table}", own):
            with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
                run_sql(books_url, [statement])
    if books_url.startswith("sqlite"):
        # By the number that SQLite gives a row beside its key.
        approve(books, two)
        release(books, two)
        another = (
            "INSERT OR REPLACE INTO withdrawals (rowid, job_id, actor, because, at_us) "
            f"SELECT rowid, '{two}', actor, because, at_us FROM withdrawals"
        )
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            run_sql(books_url, [another])
    assert list(books.withdrawals("mugs@2026")) == before


def test_releases_of_a_campaign_come_by_slug_and_name_the_newest_first(books: Books) -> None:
    """Two nights of one order, and another order between them."""
    for order_id in ("mugs@2026-11-20", "lamps@1", "mugs@2026-11-21"):
        for job_id in plan(books, an_order(order_id, jobs=2)):
            settle(books, built(admit(books, job_id)))
            accept(books, job_id)
            approve(books, job_id)
            # Each edition has a folder of its own.
            record = replace(release_record(job_id), release_key=f"released/{job_id}.webp")
            with books.transaction() as desk:
                desk.release([record])
    withdraw(books, "mugs@2026-11-21#mug-0000")
    found = [(one.job_id, one.withdrawn) for one in books.released_of_campaign("autumn-2026")]
    assert found == [
        ("lamps@1#mug-0000", False),
        ("lamps@1#mug-0001", False),
        ("mugs@2026-11-21#mug-0000", True),
        ("mugs@2026-11-20#mug-0000", False),
        ("mugs@2026-11-21#mug-0001", False),
        ("mugs@2026-11-20#mug-0001", False),
    ]
    assert list(books.released_of_campaign("spring-2027")) == []
    assert books.release_mark("autumn-2026") == (6, 1)
    assert books.release_mark("spring-2027") == (0, 0)


def test_releases_are_found_by_the_bytes_of_master_or_rendition(
    books: Books, released_job: str
) -> None:
    (other,) = plan(books, an_order("lamps@1", jobs=1))
    through(books, other)
    by_master = books.released_by_sha256(SHA256)
    assert [one.job_id for one in by_master] == [released_job, other]
    (by_rendition,) = books.released_by_sha256(rendition().sha256)
    assert by_rendition == by_master[0] == books.released_one(released_job)
    assert books.released_by_sha256("00" * 32) == []
