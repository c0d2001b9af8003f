"""`verify` sees statements and adjustments that somebody changed behind the books' back."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from books_parts import disarm, run_sql, sound
from statement_parts import charged, lines, open_jobs, posted

from ledger import Books

FORGED = {
    "INSERT INTO entries SELECT 99, at_us, period, kind, from_account, to_account, amount_nano, "
    "attempt_id, job_id, order_id, cost_center, campaign, owner, provider, model, provider_ref, "
    "lines_json, sha256, rule_id, actor, because FROM entries WHERE kind = 'adjust_up'; "
    "UPDATE totals SET entry_count = entry_count + 1, adjusted_nano = adjusted_nano + 10000000": (
        "only half is in the books"
    ),
    "UPDATE adjustments SET theirs_nano = theirs_nano + 1": "do not say the same",
    "UPDATE adjustments SET provider_ref = 'r2'": "do not say the same",
    "UPDATE statements SET because = 'something else'": "says otherwise",
    "UPDATE statements SET total_nano = total_nano + 1": "left the books with $0.07",
    "UPDATE adjustments SET attempt_id = (SELECT attempt_id FROM attempts WHERE provider_ref = 'r2')": (
        "adjusts another job"
    ),
    "INSERT INTO statements SELECT provider, period, 3, invoice_id, sha256, source, line_count, "
    "total_nano, posted_at_us, actor, because FROM statements": "the newest is number 3",
    "INSERT INTO statements SELECT provider, period, 2, invoice_id, sha256, source, line_count, "
    "9990000000, posted_at_us, actor, because FROM statements": (
        "bills $9.99 and adjusted nothing, but the books did not have that"
    ),
    # What the books had once, but long before.
    "INSERT INTO statements SELECT provider, period, 2, invoice_id, sha256, source, line_count, "
    "30000000, posted_at_us + 90000000000, actor, because FROM statements": "bills $0.03 and adjusted",
}


# One database is enough for the forger; the rules hold on both in every other test of statements.
@pytest.mark.parametrize("books_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("forged", FORGED)
def test_what_somebody_changes_about_a_statement_is_found(
    books: Books, books_url: str, forged: str
) -> None:
    one, two, *_ = open_jobs(books, jobs=2)
    charged(books, one, "r1")
    charged(books, two, "r2")
    posted(books, lines(("r1", "0.04"), ("r2", "0.03")))
    sound(books)

    disarm(books_url)
    run_sql(books_url, forged.split("; "))
    proof = books.verify()
    assert proof.problem is not None
    assert FORGED[forged] in proof.problem


@pytest.mark.parametrize("table", ["statements", "adjustments"])
def test_a_statement_stays_as_it_was_posted(books: Books, books_url: str, table: str) -> None:
    one, *_ = open_jobs(books, jobs=1)
    charged(books, one, "r1")
    posted(books, lines(("r1", "0.04")))
    for change in (f"UPDATE {table} SET number = 2", f"DELETE FROM {table}"):  # noqa: S608  constants
        with pytest.raises((sqlite3.Error, psycopg.Error), match="are append-only"):
            run_sql(books_url, [change])
    sound(books)
