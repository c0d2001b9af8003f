"""`verify` sees every way of forging caps, what counts under them, and what people decided."""

# ruff: noqa: S608 - the forgeries are constants of this file
from __future__ import annotations

import re
from decimal import Decimal

import pytest
from books_parts import (
    CENT,
    admit,
    an_order,
    built,
    disarm,
    plan,
    run_sql,
    settle,
    sound,
    unknown,
)

from ledger import Books, Decision, DecisionKind, Scope

ONE = "mugs@2026#mug-0000/1"
MONTH = "cost_center:cc-4100/2026-11"
DAY = "provider:replicate/2026-11-20"

FORGERIES = {
    "a hold that a month forgot": (
        f"DELETE FROM hold_budgets WHERE budget_id = '{MONTH}' AND attempt_id = '{ONE}'",
        f"attempt {ONE} does not count under budget {MONTH}|budget {MONTH} says",
    ),
    "a hold and its sums that a day forgot": (
        (
            f"DELETE FROM hold_budgets WHERE budget_id = '{DAY}'; "
            f"UPDATE budgets SET held_nano = 0, spent_nano = 0 WHERE budget_id = '{DAY}'"
        ),
        f"does not count under budget {DAY}",
    ),
    "a hold put under another day": (
        "UPDATE holds SET day = '2026-11-21'",
        f"counts under budget {DAY}, which does not cover it",
    ),
    "a hold put under another day with its budget": (
        (
            f"UPDATE holds SET day = '2026-11-28'; DELETE FROM hold_budgets WHERE budget_id = '{DAY}'; "
            f"UPDATE budgets SET held_nano = 0, spent_nano = 0 WHERE budget_id = '{DAY}'"
        ),
        "a hold of 2026-11-20 is put down to 2026-11-28",
    ),
    "a hold under a budget of somebody else": (
        (
            f"INSERT INTO hold_budgets (attempt_id, budget_id) VALUES ('{ONE}', 'order:lamps@1'); "
            f"UPDATE budgets SET spent_nano = {3 * CENT} WHERE budget_id = 'order:lamps@1'"
        ),
        "counts under budget order:lamps@1, which does not cover it",
    ),
    "a budget of another subject": (
        f"UPDATE budgets SET subject = 'cc-5' WHERE budget_id = '{MONTH}'",
        f"budget {MONTH} is of something else",
    ),
    "a month with a higher cap": (
        f"UPDATE budgets SET cap_nano = cap_nano * 2 WHERE budget_id = '{MONTH}'",
        f"budget {MONTH} has a cap of \\$2.40, and the rules say otherwise",
    ),
    "an order with a higher cap": (
        "UPDATE budgets SET cap_nano = cap_nano * 2 WHERE budget_id = 'order:mugs@2026'",
        r"budget order:mugs@2026 has a cap of \$18\.00",
    ),
    "a month without a cap": (
        f"UPDATE budgets SET cap_nano = NULL WHERE budget_id = '{MONTH}'",
        f"budget {MONTH} has no cap, and the rules",
    ),
    "a day that stayed with an older rule": (
        f"UPDATE budgets SET rule_id = 2, cap_nano = {200 * CENT} WHERE budget_id = '{DAY}'",
        f"budget {DAY} has a cap of \\$2.00",
    ),
    "an order that went back to its own cap": (
        (
            f"UPDATE budgets SET rule_id = NULL, cap_nano = {500 * CENT} "
            "WHERE budget_id = 'order:mugs@2026'"
        ),
        "budget order:mugs@2026 has a cap of",
    ),
    "a rule of another amount": (
        "UPDATE cap_rules SET cap_nano = cap_nano + 1 WHERE rule_id = 1",
        "cap rule 1 moved",
    ),
    "a rule by somebody else": (
        "UPDATE cap_rules SET actor = 'nobody' WHERE rule_id = 1",
        "cap rule 1 moved the cap of cost_center cc-4100 by \\$1.20",
    ),
    "a rule for another reason": (
        "UPDATE entries SET because = 'no reason' WHERE rule_id = 3",
        "cap rule 3 moved the cap of provider replicate by -\\$1.00",
    ),
    "a rule that nobody made": (
        (
            "INSERT INTO cap_rules (at_us, scope, subject, cap_nano, actor, because) "
            f"VALUES (1, 'provider', 'studio', {CENT}, 'me', 'why not')"
        ),
        "cap rule 5 moved",
    ),
    "a rule that is in no entry": (
        (
            "DELETE FROM entries WHERE rule_id = 3; "
            "UPDATE totals SET entry_count = 1 WHERE order_id = '' AND provider = 'replicate'"
        ),
        "cap rule 3 moved",
    ),
    "a lowered cap put down to somebody else": (
        (
            "UPDATE entries SET provider = 'studio', from_account = 'available:provider:studio', "
            "to_account = 'authorised:provider:studio' WHERE rule_id = 3; "
            "UPDATE totals SET entry_count = 1 WHERE order_id = '' AND provider = 'replicate'; "
            "INSERT INTO totals (day, order_id, cost_center, campaign, provider, model, charged_nano, "
            "overrun_nano, entry_count) SELECT day, order_id, cost_center, campaign, 'studio', model, "
            "0, 0, 1 FROM totals WHERE order_id = '' AND provider = 'replicate'"
        ),
        "cap rule 3 moved",
    ),
    "a raise between other accounts": (
        "UPDATE entries SET to_account = 'available:provider:me' WHERE rule_id = 2",
        "which no raise does",
    ),
    "a raise that names too much": (
        "UPDATE entries SET owner = 'me' WHERE rule_id = 2",
        "put down to something else",
    ),
    "a decision of another amount": (
        "UPDATE decisions SET amount_nano = amount_nano + 1 WHERE kind = 'charge'",
        "was decided on by a person, but its end says otherwise",
    ),
    "a decision by somebody else": (
        "UPDATE decisions SET actor = 'nobody'",
        "was decided on by a person, but",
    ),
    "a decision for another reason": (
        "UPDATE entries SET because = 'no reason' WHERE kind = 'void'",
        "was decided on by a person, but",
    ),
    "a decision that was the other way": (
        "UPDATE decisions SET kind = 'charge' WHERE kind = 'void'",
        "was decided on by a person, but",
    ),
    "a decision that is gone": (
        "DELETE FROM decisions",
        "was decided on by a person, but",
    ),
    "a decision that nobody made": (
        f"UPDATE entries SET actor = 'me', because = 'why not' WHERE attempt_id = '{ONE}'",
        f"attempt {ONE} was decided on",
    ),
}


@pytest.fixture
def capped(books: Books) -> Books:
    """Four budgets with something in each of them, caps that were changed, and two decisions."""
    one, two, three, four = plan(books, an_order(jobs=4))
    plan(books, an_order("lamps@1", jobs=0))
    caps = (
        (Scope.COST_CENTER, "cc-4100", 120),
        (Scope.PROVIDER, "replicate", 200),
        (Scope.PROVIDER, "replicate", 100),
        (Scope.ORDER, "mugs@2026", 900),
    )
    with books.transaction() as desk:
        for scope, subject, cents in caps:
            desk.set_cap(scope, subject, cents * CENT, by="finance@acme.example", because="plan")
    settle(books, built(admit(books, one)))
    for job, kind, usd in ((two, DecisionKind.CHARGE, "0.02"), (three, DecisionKind.VOID, "0")):
        attempt_id = admit(books, job)
        settle(books, unknown(attempt_id))
        decision = Decision(attempt_id, kind, Decimal(usd), "ops@acme.example", "looked it up")
        with books.transaction() as desk:
            desk.decide(decision)
    admit(books, four)
    return books


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_of_caps_is_seen(capped: Books, books_url: str, forgery: str) -> None:
    statements, problem = FORGERIES[forgery]
    sound(capped)
    disarm(books_url)
    run_sql(books_url, statements.split("; "))
    found = capped.verify().problem
    assert found is not None
    assert re.search(problem, found), found


@pytest.mark.parametrize("table", ["cap_rules", "decisions"])
def test_rules_and_decisions_are_append_only(capped: Books, books_url: str, table: str) -> None:
    changes = [f"UPDATE {table} SET because = 'another'", f"DELETE FROM {table}"]
    if books_url.startswith("sqlite"):
        changes.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        changes.append("INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE rule_id = 1")
    else:
        changes.append(f"TRUNCATE {table} CASCADE")
    for change in changes:
        with pytest.raises(Exception, match="append-only"):
            run_sql(books_url, [change])
    sound(capped)


def test_the_day_of_a_hold_stays(capped: Books, books_url: str) -> None:
    with pytest.raises(Exception, match="never changed"):
        run_sql(books_url, ["UPDATE holds SET day = '2026-11-21' WHERE state = 'open'"])
    sound(capped)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE budgets SET held_nano = cap_nano + 1 WHERE budget_id = '{DAY}'",
        "UPDATE budgets SET cap_nano = NULL WHERE scope = 'order'",
        f"UPDATE budgets SET period = '' WHERE budget_id = '{DAY}'",
        (
            "INSERT INTO cap_rules (at_us, scope, subject, cap_nano, actor, because) "
            "VALUES (1, 'order', 'mugs@2026', NULL, 'me', 'x')"
        ),
        (
            "INSERT INTO cap_rules (at_us, scope, subject, cap_nano, actor, because) "
            "VALUES (1, 'provider', 'studio', 1, '', 'x')"
        ),
    ],
)
def test_the_database_refuses_what_caps_must_never_be(
    capped: Books, books_url: str, statement: str
) -> None:
    with pytest.raises(Exception, match=r"(?i)check|has the cap of its rule"):
        run_sql(books_url, [statement])
    sound(capped)
