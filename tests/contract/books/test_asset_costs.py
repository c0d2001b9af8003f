"""What released assets cost: all that was charged, what was released, and what never came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from books_parts import (
    CENT,
    admit,
    an_order,
    built,
    failed,
    inspect,
    plan,
    settle,
    through,
    usd_line,
    verdict,
)

from ledger import Books, JobMove, JobState
from ledger.asset_costs import OrderCost
from ledger.selection import EVERYTHING, Selection, of_period


def make(books: Books) -> None:
    """Two released at 3 cents each; one given up after 5 cents, one rejected by a rule after 3."""
    for job_id in plan(books, an_order("mugs@1", jobs=2)):
        through(books, job_id)
    order = replace(an_order("lamps@1", jobs=3), campaign="winter-2026", owner="o@acme.example")
    one, two, _ = plan(books, order)
    settle(books, failed(admit(books, one), usd_line("0.05"), job_state=JobState.FAILED))
    attempt_id = admit(books, two)
    settle(books, built(attempt_id))
    inspect(books, two, verdict(passed=False))
    with books.transaction() as desk:
        desk.move([JobMove(two, JobState.PLANNED, JobState.REJECTED, "no attempts left")])


def test_every_order_says_what_was_charged_released_and_given_up(books: Books) -> None:
    make(books)
    costs = books.asset_costs()
    assert costs.orders == (
        OrderCost("lamps@1", 8 * CENT, 0, 2),
        OrderCost("mugs@1", 6 * CENT, 2, 0),
    )
    assert (costs.charged_nano, costs.released, costs.given_up) == (14 * CENT, 2, 2)
    assert costs.asset_usd == Fraction(7, 100)
    assert costs.given_up_share == Fraction(1, 2)
    assert costs.charged_nano == books.totals(EVERYTHING).charged_nano
    assert costs.provenance.entry_count == books.totals().entry_count


def test_a_selection_takes_its_part(books: Books) -> None:
    make(books)
    for name, value in (
        ("campaign", "autumn-2026"),
        ("owner", "brand-team@acme.example"),
        ("order", "mugs@1"),
        ("job", "mugs@1#mug-0000"),
    ):
        costs = books.asset_costs(of_period("2026-11", [(name, frozenset({value}))]))
        assert costs.asset_usd == Fraction(3, 100), name
        assert costs.given_up == 0, name
    assert books.asset_costs(of_period("2026-10")).asset_usd is None
    before = books.asset_costs(Selection(None, date(2026, 11, 19)))
    assert (before.released, before.given_up) == (0, 0)
    assert before.given_up_share == Fraction(0)
