"""A job stays what it was planned as, and what is released stays that, whoever writes to the database."""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

import sqlite3

import psycopg
import pytest
from books_parts import admit, an_order, built, plan, run_sql, settle, sound, state_of, through

from ledger import Books, JobState

REFUSALS = (sqlite3.IntegrityError, psycopg.errors.CheckViolation)
STAYS = "a job stays what it was planned as"

# Before its definition of done is asked: the file that it forbids would be released by it.
CHANGES = (
    """UPDATE jobs SET brief_json = replace(brief_json, 'thumb', 'poster')""",
    "UPDATE jobs SET state = 'rejected', brief_json = '{}'",
    "UPDATE jobs SET name = 'mug-9999' WHERE position = 0",
    "UPDATE jobs SET position = position + 10",
    "UPDATE jobs SET job_id = 'mugs@2026#other' WHERE position = 2",
    "DELETE FROM jobs WHERE position = 2",
    """INSERT INTO jobs SELECT * FROM jobs WHERE position = 0
        ON CONFLICT (job_id) DO UPDATE SET brief_json = '{}'""",
)

COPY = """
    INSERT OR REPLACE INTO jobs ({row}job_id, order_id, position, name, brief_json, state,
        attempts_used, last_number, spent_nano, updated_at_us)
    SELECT {value}{job_id}, order_id, {position}, {name}, '{{}}', {state}, 0, 0, 0, 1
    FROM jobs WHERE position = 2
"""
NEW = {
    "row": "",
    "value": "",
    "job_id": "'new'",
    "position": "77",
    "name": "'new'",
    "state": "'planned'",
}
SAME = (
    {"job_id": "job_id"},
    {"name": "name"},
    {"row": "rowid, ", "value": "rowid, "},
    # Beside it, to be moved onto it afterwards.
    *({"position": "position", "state": f"'{state}'"} for state in JobState),
)
ON_SQLITE = (
    "UPDATE OR REPLACE jobs SET rowid = 1 WHERE position = 2",
    *(COPY.format(**NEW | one) for one in SAME),
)
ON_POSTGRESQL = ("TRUNCATE jobs CASCADE",)


def test_a_job_stays_what_it_was_planned_as(books: Books, books_url: str) -> None:
    jobs = plan(books, an_order(), "thumb")
    settle(books, built(admit(books, jobs[0])))
    before = books.jobs(jobs)
    own = ON_SQLITE if books_url.startswith("sqlite") else ON_POSTGRESQL
    for statement in CHANGES + own:
        with pytest.raises(REFUSALS, match=STAYS):
            run_sql(books_url, [statement])
    assert books.jobs(jobs) == before
    sound(books)


def test_what_is_released_stays_released(books: Books, books_url: str) -> None:
    one, *_ = plan(books, an_order())
    through(books, one)
    for state in JobState:
        if state is not JobState.RELEASED:
            with pytest.raises(REFUSALS, match=r"gates|approved by a review"):
                run_sql(books_url, [f"UPDATE jobs SET state = '{state}' WHERE job_id = '{one}'"])
    assert state_of(books, one) is JobState.RELEASED
    sound(books)
