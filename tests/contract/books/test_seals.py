"""Seals: what was written is put under a chain of digests, and any change of it shows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any

import psycopg
import pytest
from alembic import command
from books_parts import (
    admit,
    an_order,
    built,
    disarm,
    failed,
    plan,
    run_sql,
    settle,
    sound,
    through,
)

from ledger import Books, BrokenPromise
from ledger.engine import make_engine, parse_url
from ledger.revisions import alembic_config
from ledger.schema import entries
from ledger.sealing import COLUMNS, GENESIS
from ledger.sealing_proof import SENTENCE

ONE = "mugs@2026#mug-0000"

TAMPERING = {
    "another time": (
        "UPDATE entries SET at_us = at_us + 1 WHERE entry_id = 6",
        "block 2, .*E5 to E8",
    ),
    "other words for the same price": (
        "UPDATE entries SET lines_json = replace(lines_json, ',', ', ') WHERE kind = 'charge'",
        "block 1, entries",
    ),
    "another reference": (
        "UPDATE entries SET provider_ref = NULL WHERE kind = 'charge'",
        r"block 1, .*E1 to E4",
    ),
    "a block sealed anew": (
        "UPDATE seals SET sha256 = 'ff' WHERE block = 2",
        "block 2, .* is not what was sealed at 2026-11-20 12:",
    ),
    "a seal that is gone": ("DELETE FROM seals WHERE block = 2", "seal of block 2 is missing"),
    "the first seal gone": ("DELETE FROM seals WHERE block = 1", "seal of block 1 is missing"),
    "a seal after another one": (
        "UPDATE seals SET previous_sha256 = 'ff' WHERE block = 2",
        "block 2 does not follow",
    ),
    "a form of later": ("UPDATE seals SET form = 2 WHERE block = 1", "form 2, which this version"),
    "fewer entries under a seal": (
        "UPDATE seals SET last_entry_id = last_entry_id - 1, entry_count = 1 WHERE block = 2",
        "block 2, entries",
    ),
}


@pytest.fixture
def written(books: Books) -> Books:
    """Books of nine entries: a cap, then hold, charge and release of one job, and holds voided."""
    one, two, three = plan(books, an_order())
    through(books, one)
    settle(books, failed(admit(books, two)))
    settle(books, failed(admit(books, three)))
    admit(books, three, number=2)
    return books


def rows_of(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Read a database without the books' own code."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()
    with psycopg.connect(url) as server:
        return server.execute(statement.encode()).fetchall()


def test_everything_is_sealed_once_and_what_comes_later_in_later_blocks(written: Books) -> None:
    assert written.verify().blocks == 0
    assert written.seal() == 9
    assert written.seal() == 0
    proof = written.verify()
    assert (proof.blocks, proof.sealed_entries, proof.entries) == (1, 9, 9)
    settle(written, built("mugs@2026#mug-0002/2"))
    proof = written.verify()
    assert (proof.blocks, proof.sealed_entries, proof.entries) == (1, 9, 11)
    assert written.seal() == 2
    after = written.verify()
    assert (after.problem, after.blocks, after.sealed_entries) == (None, 2, 11)
    assert after.checks[-1] == SENTENCE
    assert after.seal_sha256 != proof.seal_sha256


def test_empty_books_have_nothing_to_seal(books: Books) -> None:
    assert books.seal() == 0
    proof = books.verify()
    assert (proof.problem, proof.blocks, proof.seal_sha256) == (None, 0, None)


def test_a_block_has_no_more_entries_than_asked(written: Books, books_url: str) -> None:
    assert written.seal(max_entries=4) == 9
    spans = rows_of(
        books_url, "SELECT block, first_entry_id, last_entry_id, entry_count FROM seals ORDER BY 1"
    )
    assert spans == [(1, 1, 4, 4), (2, 5, 8, 4), (3, 9, 9, 1)]
    sound(written)
    with pytest.raises(BrokenPromise, match="one entry at least"):
        written.seal(max_entries=0)


def test_a_digest_is_what_the_documentation_says_on_both_databases(
    written: Books, books_url: str
) -> None:
    """Worked out here from the documented form alone."""
    written.seal(max_entries=5)
    rows = rows_of(
        books_url,
        f"SELECT {', '.join(COLUMNS)} FROM entries ORDER BY entry_id",  # noqa: S608 - constants
    )
    digest = GENESIS
    for block, span in ((1, rows[:5]), (2, rows[5:])):
        told = json.dumps([1, block, digest, span], separators=(",", ":"))
        digest = hashlib.sha256(told.encode("ascii")).hexdigest()
    assert written.verify().seal_sha256 == digest


def test_a_seal_covers_every_column() -> None:
    assert set(COLUMNS) == set(entries.c.keys())


@pytest.mark.parametrize("tampering", TAMPERING)
def test_tampering_that_no_sum_shows_is_seen_and_the_block_named(
    written: Books, books_url: str, tampering: str
) -> None:
    statement, problem = TAMPERING[tampering]
    written.seal(max_entries=4)
    sound(written)
    disarm(books_url)
    run_sql(books_url, [statement])
    proof = written.verify()
    assert proof.problem is not None
    assert SENTENCE not in proof.checks
    with pytest.raises(AssertionError, match=problem):
        sound(written)


def test_an_entry_put_into_a_sealed_gap_is_seen(written: Books, books_url: str) -> None:
    """Every sum is made right for it; only its place is not."""
    disarm(books_url)
    run_sql(books_url, ["UPDATE entries SET entry_id = entry_id + 10 WHERE entry_id > 5"])
    written.seal(max_entries=5)
    sound(written)
    run_sql(books_url, ["UPDATE entries SET entry_id = 7 WHERE entry_id = 19"])
    problem = written.verify().problem
    assert problem is not None
    assert "block 2, entries E16 to E19, is not what was sealed" in problem


def test_seals_made_anew_show_against_a_noted_digest(written: Books, books_url: str) -> None:
    """Whoever owns the database can seal a forgery again: the noted digest is what tells."""
    written.seal()
    noted = written.verify().seal_sha256
    disarm(books_url)
    run_sql(
        books_url,
        ["DELETE FROM seals", "UPDATE entries SET provider_ref = NULL WHERE kind = 'charge'"],
    )
    written.seal()
    proof = written.verify()
    assert proof.problem is None
    assert proof.seal_sha256 != noted


def test_tables_with_seals_do_not_go_back(written: Books, books_url: str) -> None:
    written.seal()
    engine = make_engine(parse_url(books_url))
    with pytest.raises(RuntimeError, match="what is in seals"), engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0002")
    engine.dispose()
    assert written.verify().sealed_entries == 9


def test_seals_cannot_be_changed(written: Books, books_url: str) -> None:
    written.seal(max_entries=4)
    before = rows_of(books_url, "SELECT * FROM seals ORDER BY block")
    own = (
        "INSERT OR REPLACE INTO seals SELECT * FROM seals"
        if books_url.startswith("sqlite")
        else "TRUNCATE seals"
    )
    for statement in ("UPDATE seals SET sha256 = 'ff'", "DELETE FROM seals", own):
        with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
            run_sql(books_url, [statement])
    assert rows_of(books_url, "SELECT * FROM seals ORDER BY block") == before
