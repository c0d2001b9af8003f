"""What people decide about lost attempts: recorded, booked as any other end, and refused otherwise."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from books_parts import (
    CENT,
    SteppingClock,
    admit,
    an_order,
    built,
    kinds,
    plan,
    settle,
    sound,
    state_of,
    unknown,
)

from ledger import (
    AlreadySettled,
    Books,
    Decision,
    DecisionKind,
    DecisionRefused,
    JobState,
    MoneyError,
    OrderState,
    Scope,
    Settled,
    UnknownAttempt,
)


def decide(
    books: Books,
    attempt_id: str,
    usd: str | None,
    because: str = "I looked",
    *,
    ref: str | None = None,
    by: str = "ops@acme.example",
) -> Settled:
    """Charge an amount, or void with None."""
    kind = DecisionKind.VOID if usd is None else DecisionKind.CHARGE
    with books.transaction() as desk:
        return desk.decide(Decision(attempt_id, kind, Decimal(usd or 0), by, because, ref))


@pytest.fixture
def lost(books: Books) -> str:
    """An attempt whose answer was lost, under four budgets."""
    one, *_ = plan(books, an_order())
    with books.transaction() as desk:
        for scope, subject in ((Scope.COST_CENTER, "cc-4100"), (Scope.PROVIDER, "replicate")):
            desk.set_cap(scope, subject, 100 * CENT, by="finance@acme.example", because="plan")
    attempt_id = admit(books, one)
    settle(books, unknown(attempt_id))
    return attempt_id


def job_of(attempt_id: str) -> str:
    return attempt_id.rpartition("/")[0]


def test_a_person_can_charge_a_lost_attempt(books: Books, lost: str) -> None:
    assert decide(books, lost, "0.03") == Settled(lost, 3 * CENT, 0)
    job = job_of(lost)
    assert kinds(books, job) == [("hold", 5 * CENT), ("charge", 3 * CENT), ("release", 2 * CENT)]
    (view,) = books.jobs([job])
    assert (view.state, view.attempts_used) == (JobState.PLANNED, 1)
    assert view.reason == "ops@acme.example decided: I looked"
    (charge,) = books.charges()
    assert (charge.amount_usd, charge.quantity, charge.unit) == (Decimal("0.03"), 1, "decision")
    assert {(one.held_nano, one.spent_nano) for one in books.budgets()} == {(0, 3 * CENT)}
    sound(books)


def test_a_person_can_void_a_lost_attempt(books: Books, lost: str) -> None:
    assert decide(books, lost, None) == Settled(lost, 0, 0)
    assert kinds(books, job_of(lost)) == [("hold", 5 * CENT), ("void", 5 * CENT)]
    assert state_of(books, job_of(lost)) is JobState.PLANNED
    assert {(one.held_nano, one.spent_nano) for one in books.budgets()} == {(0, 0)}
    assert books.lost() == []
    sound(books)


def test_a_charge_of_nothing_is_no_void(books: Books, lost: str) -> None:
    assert decide(books, lost, "0") == Settled(lost, 0, 0)
    assert kinds(books, job_of(lost)) == [("hold", 5 * CENT), ("release", 5 * CENT)]
    sound(books)


def test_a_charge_above_the_hold_is_an_overrun(books: Books, lost: str) -> None:
    assert decide(books, lost, "0.07") == Settled(lost, 7 * CENT, 2 * CENT)
    order = books.order("mugs@2026")
    assert order is not None
    assert order.state is OrderState.STOPPED
    sound(books)


def test_the_last_attempt_of_a_job_ends_it(books: Books) -> None:
    (one,) = plan(books, replace(an_order(jobs=1), attempts_max=1))
    attempt_id = admit(books, one)
    settle(books, unknown(attempt_id))
    decide(books, attempt_id, None)
    assert state_of(books, one) is JobState.FAILED
    sound(books)


def test_a_decision_is_made_once(books: Books, lost: str) -> None:
    decide(books, lost, None)
    with pytest.raises(DecisionRefused, match=r"has ended already: it is failed and cost \$0.00"):
        decide(books, lost, "0.03")
    with pytest.raises(AlreadySettled):
        settle(books, built(lost))
    sound(books)


def test_an_attempt_that_has_ended_is_not_decided_on(books: Books) -> None:
    one, *_ = plan(books, an_order())
    attempt_id = admit(books, one)
    settle(books, built(attempt_id))
    with pytest.raises(DecisionRefused, match=r"is built and cost \$0\.03"):
        decide(books, attempt_id, None)
    with pytest.raises(UnknownAttempt, match="nobody"):
        decide(books, "nobody", None)


def test_an_attempt_under_way_is_left_to_its_run(books: Books, clock: SteppingClock) -> None:
    one, *_ = plan(books, an_order())
    with books.transaction() as desk:
        desk.take_lease("mugs@2026", "host:1", 60)
    attempt_id = admit(books, one)
    with pytest.raises(DecisionRefused, match="under way in host:1"):
        decide(books, attempt_id, None)
    clock.step_s = 70
    decide(books, attempt_id, None)
    assert state_of(books, one) is JobState.PLANNED
    sound(books)


def test_a_lost_attempt_of_a_run_that_goes_on_can_be_decided_on(books: Books, lost: str) -> None:
    with books.transaction() as desk:
        desk.take_lease("mugs@2026", "host:1", 600)
    decide(books, lost, None)
    sound(books)


def test_decisions_that_cannot_be_are_refused_and_change_nothing(books: Books, lost: str) -> None:
    before = books.totals()
    with pytest.raises(DecisionRefused, match="say both"):
        decide(books, lost, None, because=" \n")
    for amount in ("-1", "NaN", "1e30"):
        with pytest.raises(MoneyError):
            decide(books, lost, amount)
    voided_for_money = Decision(lost, DecisionKind.VOID, Decimal(1), "ops@acme.example", "because")
    with pytest.raises(DecisionRefused, match="costs nothing"), books.transaction() as desk:
        desk.decide(voided_for_money)
    assert books.totals() == before
    sound(books)


def test_a_decision_can_name_the_providers_run(books: Books, lost: str) -> None:
    decide(books, lost, "0.03", ref=" gm3qorzdhgbfurvjtvhg6dckhu ")
    (charge,) = books.charges()
    assert (charge.provider_ref, charge.attempt_id) == ("gm3qorzdhgbfurvjtvhg6dckhu", lost)
    story = books.story(job_of(lost))
    assert story is not None
    assert story.attempts[0].provider_ref == "gm3qorzdhgbfurvjtvhg6dckhu"
    sound(books)


def test_a_run_that_was_free_is_named_and_voided(books: Books, lost: str) -> None:
    assert decide(books, lost, None, ref="run-of-the-lost") == Settled(lost, 0, 0)
    story = books.story(job_of(lost))
    assert story is not None
    assert story.attempts[0].provider_ref == "run-of-the-lost"
    sound(books)


def test_a_run_is_paid_for_once(books: Books, lost: str) -> None:
    before = books.totals()
    other = books.job_ids("mugs@2026", (JobState.PLANNED,))[0][1]
    paid = admit(books, other)
    settle(books, built(paid, ref="taken"))
    after = books.totals()
    assert after != before
    with pytest.raises(
        DecisionRefused, match=f"the run taken is attempt {paid} of job {other} already"
    ):
        decide(books, lost, "0.03", ref="taken")
    assert books.totals() == after
    sound(books)


def test_an_attempt_keeps_the_run_that_its_provider_named(books: Books) -> None:
    one, *_ = plan(books, an_order())
    attempt_id = admit(books, one)
    settle(books, unknown(attempt_id, "known"))
    with pytest.raises(DecisionRefused, match="is run known by replicate's own answer"):
        decide(books, attempt_id, "0.03", ref="other")
    decide(books, attempt_id, "0.03", ref="known")
    (charge,) = books.charges()
    assert charge.provider_ref == "known"


def test_what_is_no_reference_is_refused(books: Books, lost: str) -> None:
    for ref in ("", "  ", "two words", "a\x1b[2J", "a" * 201, "a\u202eb"):
        with pytest.raises(DecisionRefused, match="cannot be a provider's id of a run"):
            decide(books, lost, "0.03", ref=ref)
    sound(books)


def test_who_and_why_have_nothing_that_acts_on_a_terminal(books: Books, lost: str) -> None:
    for bad in ("\x1b[31mred", "a\x00b", "left\u202eright", "\x07"):
        with pytest.raises(DecisionRefused):
            decide(books, lost, None, because=f"because {bad}")
        with pytest.raises(DecisionRefused):
            decide(books, lost, None, by=f"ops {bad}")
    assert state_of(books, job_of(lost)) is JobState.UNKNOWN
