"""No attempt is held beyond a cap, and a refusal says why with the numbers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from books_parts import (
    CENT,
    admit,
    an_order,
    built,
    failed,
    hold,
    kinds,
    move,
    plan,
    request,
    settle,
    sound,
    state_of,
    usd_line,
)

from ledger import (
    Admit,
    Books,
    BrokenPromise,
    JobMove,
    JobState,
    Refuse,
    UnknownJob,
    Wait,
    WrongState,
)


def test_an_admitted_hold_sets_the_money_aside(books: Books) -> None:
    one, *_ = plan(books, an_order())
    attempt_id = admit(books, one, 5 * CENT)
    (view,) = books.jobs([one])
    assert (view.state, view.attempts_used, view.attempt_id) == (JobState.BUILDING, 1, attempt_id)
    assert view.seed == 1_001
    order = books.order("mugs@2026")
    assert order is not None
    assert (order.held_nano, order.spent_nano) == (5 * CENT, 0)
    assert kinds(books, one) == [("hold", 5 * CENT)]
    (lost,) = books.lost("mugs@2026")
    assert (lost.attempt_id, lost.hold_nano, lost.lost_at) == (attempt_id, 5 * CENT, None)
    assert lost.brief_json == '{"prompt":"a mug, number 0"}'
    sound(books)


def test_a_hold_waits_while_open_holds_could_make_room(books: Books) -> None:
    one, two, three = plan(books, an_order(cap="0.12"))
    decisions = hold(books, *[request(job_id, 5 * CENT) for job_id in (one, two, three)])
    assert decisions == [
        Admit(f"{one}/1"),
        Admit(f"{two}/1"),
        Wait(
            "order:mugs@2026",
            "the order's cap of $0.12 has $0.02 free after $0.00 spent and $0.10 held, "
            "and an attempt can cost $0.05",
        ),
    ]
    assert state_of(books, three) is JobState.PLANNED
    settle(books, built(f"{one}/1"))
    assert isinstance(hold(books, request(three, 4 * CENT))[0], Admit)
    sound(books)


def test_a_hold_is_refused_when_nothing_open_could_make_room(books: Books) -> None:
    one, two, _ = plan(books, an_order(cap="0.10"))
    settle(books, built(admit(books, one, 9 * CENT), usd_line("0.08")))
    (decision,) = hold(books, request(two, 5 * CENT))
    assert decision == Refuse(
        "order:mugs@2026",
        "the order's cap of $0.10 has $0.02 left after $0.08 spent, and an attempt can cost $0.05",
    )
    assert state_of(books, two) is JobState.PLANNED
    assert books.attempt_count("mugs@2026") == 1
    sound(books)


def test_the_last_nano_dollar_of_a_cap_can_be_held_and_not_one_more(books: Books) -> None:
    one, two, _ = plan(books, an_order(cap="0.10", per_job="0.10"))
    assert isinstance(hold(books, request(one, 10 * CENT + 1))[0], Refuse)
    admit(books, one, 10 * CENT)
    assert isinstance(hold(books, request(two, 1))[0], Wait)


def test_the_jobs_cap_counts_all_its_attempts(books: Books) -> None:
    one, *_ = plan(books, an_order(per_job="0.12"))
    settle(books, failed(admit(books, one, 5 * CENT), usd_line("0.05")))
    settle(books, failed(admit(books, one, 5 * CENT, 2), usd_line("0.05")))
    (decision,) = hold(books, request(one, 5 * CENT, 3))
    assert isinstance(decision, Refuse)
    assert decision.budget_id == f"job:{one}"
    assert decision.reason == (
        "the job's cap of $0.12 has $0.02 left after $0.10 spent, and an attempt can cost $0.05"
    )


def test_a_refusal_for_good_is_said_before_a_wait(books: Books) -> None:
    one, two, _ = plan(books, an_order(cap="0.05", per_job="0.03"))
    admit(books, one, 3 * CENT)
    (decision,) = hold(books, request(two, 4 * CENT))
    assert isinstance(decision, Refuse)
    assert decision.budget_id == f"job:{two}"


def test_a_voided_hold_gives_its_room_back(books: Books) -> None:
    one, two, _ = plan(books, an_order(cap="0.05"))
    attempt_id = admit(books, one, 5 * CENT)
    settle(books, failed(attempt_id))
    admit(books, two, 5 * CENT)
    sound(books)


def test_a_charge_above_its_hold_counts_against_the_room_that_is_left(books: Books) -> None:
    one, two, _ = plan(books, an_order(cap="0.10"))
    settle(books, built(admit(books, one, 4 * CENT), usd_line("0.07")))
    with books.transaction() as desk:
        desk.resume_order("mugs@2026")
    (decision,) = hold(books, request(two, 4 * CENT))
    assert isinstance(decision, Refuse)
    assert decision.reason == (
        "the order's cap of $0.10 has $0.03 left after $0.04 spent, $0.03 overrun, "
        "and an attempt can cost $0.04"
    )
    admit(books, two, 3 * CENT)


def test_a_refused_job_may_ask_again(books: Books) -> None:
    one, *_ = plan(books, an_order())
    move(books, JobMove(one, JobState.PLANNED, JobState.REFUSED, "no room"))
    admit(books, one)
    (view,) = books.jobs([one])
    assert (view.state, view.reason) == (JobState.BUILDING, None)


def test_an_attempt_that_costs_nothing_is_held_and_charged_without_entries(books: Books) -> None:
    (one,) = plan(books, an_order(jobs=1, cap="0", per_job="0"))
    settle(books, built(admit(books, one, 0), usd_line("0")))
    assert kinds(books, one) == []
    assert state_of(books, one) is JobState.BUILT
    sound(books)


def test_holds_of_several_orders_are_decided_together(books: Books) -> None:
    (one,) = plan(books, an_order("mugs@a", jobs=1, cap="0.05"))
    (two,) = plan(books, an_order("mugs@b", jobs=1, cap="0.01"))
    first, second = hold(books, request(one), request(two))
    assert isinstance(first, Admit)
    assert isinstance(second, Refuse)
    sound(books)


def test_nothing_is_held_when_the_transaction_fails_afterwards(books: Books) -> None:
    one, *_ = plan(books, an_order())
    with suppress(KeyboardInterrupt), books.transaction() as desk:
        assert isinstance(desk.hold([request(one)])[0], Admit)
        raise KeyboardInterrupt
    assert state_of(books, one) is JobState.PLANNED
    assert books.totals().entry_count == 1
    assert books.attempt_count("mugs@2026") == 0


def test_no_requests_are_no_work(books: Books) -> None:
    assert hold(books) == []


def test_a_job_that_is_under_way_cannot_be_held_for(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    admit(books, one)
    with pytest.raises(WrongState, match="is building"):
        hold(books, request(two), request(one, number=2))
    assert state_of(books, two) is JobState.PLANNED
    sound(books)


def test_requests_that_only_a_defect_could_make_are_refused(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    plan(books, an_order("lamps@1"))
    with pytest.raises(UnknownJob, match="#nothing"):
        hold(books, request("mugs@2026#nothing"))
    with pytest.raises(BrokenPromise, match="not number 2"):
        hold(books, request(one, number=2))
    with pytest.raises(BrokenPromise, match="two hold requests"):
        hold(books, request(one), request(one))
    with pytest.raises(BrokenPromise, match="is of order mugs@2026"):
        hold(books, replace(request(one), order_id="lamps@1"))
    with pytest.raises(BrokenPromise, match="negative"):
        hold(books, request(one, -1))
    admit(books, one)
    with pytest.raises(BrokenPromise, match="rules"):
        hold(books, replace(request(two), attempt_id=f"{one}/1"))
    assert books.totals().held_nano == 5 * CENT
    sound(books)
