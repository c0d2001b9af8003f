"""`verify` derives everything again: each way of forging the books is seen and named."""

# ruff: noqa: S608 - the forgeries are constants of this file
from __future__ import annotations

import re

import pytest
from books_parts import (
    CENT,
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
    unknown,
    usd_line,
)

from ledger import Books

ONE = "mugs@2026#mug-0000"
TWO = "mugs@2026#mug-0001"

CHECKS = 58
"""How many things sound books are proven to hold."""

FORGERIES = {
    "an entry between other accounts": (
        "UPDATE entries SET to_account = 'payable:me' WHERE kind = 'charge'",
        "moves .* which no charge does",
    ),
    "an entry put down to somebody else": (
        f"UPDATE entries SET cost_center = 'cc-0' WHERE kind = 'charge' AND job_id = '{ONE}'",
        "put down to something else",
    ),
    "an entry put down to another job": (
        f"UPDATE entries SET job_id = '{TWO}' WHERE attempt_id = '{ONE}/1'",
        "put down to something else",
    ),
    "a raised cap": (
        "UPDATE orders SET cap_nano = cap_nano * 2",
        "order mugs@2026 has a cap of",
    ),
    "a raised budget": (
        "UPDATE budgets SET cap_nano = cap_nano * 2 WHERE scope = 'job'",
        "one of its budgets says otherwise",
    ),
    "a second opening": (
        """INSERT INTO entries (at_us, period, kind, from_account, to_account, amount_nano, order_id,
        cost_center, campaign, owner, provider, model) SELECT at_us, period, kind, from_account,
        to_account, amount_nano, order_id, cost_center, campaign, owner, provider, model
        FROM entries WHERE kind = 'cap'""",
        "its opening entry",
    ),
    "a hold of another amount": (
        f"UPDATE holds SET amount_nano = amount_nano + 1 WHERE attempt_id = '{ONE}/1'",
        "its hold says otherwise",
    ),
    "a hold that counts nowhere": (
        f"DELETE FROM hold_budgets WHERE attempt_id = '{ONE}/1'",
        "does not count under all its budgets",
    ),
    "a hold without its entry": (
        f"DELETE FROM entries WHERE kind = 'hold' AND attempt_id = '{ONE}/1'",
        "holds .* but its entries held",
    ),
    "a hold that was opened twice": (
        f"""INSERT INTO entries (at_us, period, kind, from_account, to_account, amount_nano,
        attempt_id, job_id, order_id, cost_center, campaign, owner, provider, model) SELECT at_us,
        period, kind, from_account, to_account, amount_nano, attempt_id, job_id, order_id,
        cost_center, campaign, owner, provider, model FROM entries
        WHERE kind = 'hold' AND attempt_id = '{ONE}/1'""",
        "but its entries held",
    ),
    "a charge that is gone": (
        f"DELETE FROM entries WHERE kind = 'charge' AND attempt_id = '{ONE}/1'",
        "is charged, but",
    ),
    "a release that is smaller": (
        "UPDATE entries SET amount_nano = amount_nano - 1 WHERE kind = 'release'",
        "is charged, but",
    ),
    "a void that is gone": (
        "DELETE FROM entries WHERE kind = 'void'",
        "is voided, but",
    ),
    "an overrun that is gone": (
        "DELETE FROM entries WHERE kind = 'overrun'",
        "is said to have cost",
    ),
    "a cost that nobody charged": (
        f"UPDATE attempts SET charged_nano = charged_nano + 1 WHERE attempt_id = '{ONE}/1'",
        "is said to have cost",
    ),
    "one bill under two attempts": (
        "UPDATE entries SET provider_ref = 'pred-1' WHERE kind = 'charge'",
        "is charged under 3 attempts",
    ),
    "a budget that forgets a hold": (
        "UPDATE budgets SET held_nano = held_nano - 1 WHERE budget_id = 'order:mugs@2026'",
        "budget order:mugs@2026 says",
    ),
    "a budget that forgets a charge": (
        f"UPDATE budgets SET spent_nano = 0 WHERE budget_id = 'job:{ONE}'",
        f"budget job:{ONE} says",
    ),
    "a budget that forgets an overrun": (
        "UPDATE budgets SET overrun_nano = 0 WHERE scope = 'order'",
        "budget order:mugs@2026 says",
    ),
    "another price": (
        f"""UPDATE entries SET lines_json = replace(lines_json, '0.03', '0.04')
        WHERE attempt_id = '{ONE}/1' AND kind = 'charge'""",
        "come to \\$0.04",
    ),
    "another month": (
        "UPDATE entries SET period = '2026-12' WHERE kind = 'charge'",
        "put down to 2026-12",
    ),
    "a job that is gone": (
        "DELETE FROM jobs WHERE state = 'planned' AND last_number = 0",
        "has 5 jobs and says 6",
    ),
    "a job with an attempt more": (
        f"UPDATE jobs SET attempts_used = 2, last_number = 2 WHERE job_id = '{ONE}'",
        "says 2 attempts",
    ),
    "a job that was cheaper": (
        f"UPDATE jobs SET spent_nano = 0 WHERE job_id = '{ONE}'",
        "the books have 1 for \\$0.03",
    ),
    "a job that forgot its hold": (
        "UPDATE jobs SET state = 'planned' WHERE state = 'building'",
        "is planned, but its latest attempt is held",
    ),
    "a job at another attempt": (
        f"UPDATE jobs SET attempt_id = '{TWO}/1' WHERE job_id = '{ONE}'",
        "but its latest attempt is",
    ),
    "a job that was never released": (
        f"UPDATE jobs SET state = 'released' WHERE job_id = '{TWO}'",
        "but its release says None",
    ),
    "a release of other bytes": (
        "UPDATE releases SET sha256 = 'ff'",
        "but its release says ff",
    ),
    "a release that is gone": (
        "DELETE FROM releases",
        "is released .* but its release says None",
    ),
    "a verdict that is gone": (
        "DELETE FROM verdicts",
        "did not pass inspection",
    ),
    "a verdict that did not pass": (
        "UPDATE verdicts SET passed = NOT passed",
        "did not pass inspection",
    ),
}


@pytest.fixture
def full_books(books: Books) -> Books:
    """One job of every kind: released, built, voided, overrun, held, and planned."""
    released, ready, voided, over, held, _planned = plan(books, an_order(jobs=6))
    through(books, released)
    settle(books, built(admit(books, ready)))
    settle(books, failed(admit(books, voided)))
    settle(books, built(admit(books, over, 2 * CENT), usd_line("0.05")))
    with books.transaction() as desk:
        desk.resume_order("mugs@2026")
    admit(books, held)
    return books


def test_sound_books_say_what_was_proven(full_books: Books) -> None:
    proof = full_books.verify()
    assert proof.problem is None
    assert (proof.attempts, proof.budgets) == (5, 6)
    assert proof.entries == full_books.totals().entry_count
    assert len(proof.checks) == len(set(proof.checks)) == CHECKS


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_seen(full_books: Books, books_url: str, forgery: str) -> None:
    statement, problem = FORGERIES[forgery]
    sound(full_books)
    disarm(books_url)
    run_sql(books_url, [statement])
    proof = full_books.verify()
    assert proof.problem is not None
    assert re.search(problem, proof.problem), proof.problem
    assert len(proof.checks) < CHECKS


def test_a_consistent_forgery_of_all_sums_is_still_seen_in_the_running_balance(
    books: Books, books_url: str
) -> None:
    """Two attempts swapped in time: every sum is right, yet more was held than there was."""
    one, two, _ = plan(books, an_order(cap="0.05"))
    settle(books, failed(admit(books, one)))
    admit(books, two)
    disarm(books_url)
    run_sql(
        books_url,
        ["UPDATE entries SET entry_id = entry_id + 100 WHERE kind = 'void'"],
    )
    problem = books.verify().problem
    assert problem == "entry E4 takes order mugs@2026 beyond what it had"


def test_books_under_way_are_sound_at_every_step(books: Books) -> None:
    one, two, three = plan(books, an_order())
    sound(books)
    first = admit(books, one)
    sound(books)
    settle(books, unknown(first))
    sound(books)
    settle(books, built(first))
    sound(books)
    through(books, two)
    sound(books)
    settle(books, failed(admit(books, three), usd_line("0.01")))
    sound(books)
