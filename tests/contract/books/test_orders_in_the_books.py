"""Orders and jobs come into the books once, and are read back as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from books_parts import (
    CENT,
    admit,
    an_order,
    built,
    hold,
    jobs_of,
    move,
    plan,
    request,
    settle,
    sound,
)

from ledger import (
    Books,
    BrokenPromise,
    Desk,
    JobMove,
    JobState,
    OrderChanged,
    OrderState,
    Stopped,
    UnknownOrder,
    WrongState,
)


def test_an_order_is_read_back_as_it_was_opened(books: Books) -> None:
    order = an_order()
    job_ids = plan(books, order)
    view = books.order(order.order_id)
    assert view is not None
    assert view.record == order
    assert (view.state, view.stop_reason) == (OrderState.OPEN, None)
    assert (view.held_nano, view.spent_nano, view.overrun_nano) == (0, 0, 0)
    assert view.created_at == view.updated_at
    first, *_ = books.jobs(job_ids)
    assert first.brief_json == '{"prompt":"a mug, number 0"}'
    assert (first.position, first.name, first.state) == (0, "mug-0000", JobState.PLANNED)
    assert (first.attempts_used, first.last_number, first.attempt_id) == (0, 0, None)
    sound(books)


def test_opening_an_order_again_changes_nothing_and_reads_no_jobs(books: Books) -> None:
    order = an_order()
    plan(books, order)
    unread = (pytest.fail("jobs were read") for _ in range(1))
    with books.transaction() as desk:
        assert not desk.open_order(order, unread)
    assert books.totals().entry_count == 1


def test_the_same_id_with_another_content_is_refused(books: Books) -> None:
    order = an_order()
    plan(books, order)
    changed = replace(order, spec_sha256="ef" * 32)
    with (
        pytest.raises(OrderChanged, match="another content"),
        books.transaction() as desk,
    ):
        desk.open_order(changed, [])


def test_an_order_with_a_wrong_job_count_leaves_nothing_behind(books: Books) -> None:
    order = replace(an_order(jobs=3), job_count=4)
    jobs = list(jobs_of(an_order(jobs=3)))
    with pytest.raises(BrokenPromise, match="4 jobs and came with 3"), books.transaction() as desk:
        desk.open_order(order, jobs)
    assert books.order(order.order_id) is None
    assert books.totals().entry_count == 0


def test_two_jobs_of_one_name_leave_nothing_behind(books: Books) -> None:
    order = an_order(jobs=2)
    one, two = jobs_of(order)
    with pytest.raises(BrokenPromise, match="rules"), books.transaction() as desk:
        desk.open_order(order, [one, replace(two, name=one.name)])
    assert books.orders() == []


def test_orders_come_newest_first_and_by_slug(books: Books) -> None:
    for order_id in ("mugs@a", "lamps@a", "mugs@b"):
        plan(books, an_order(order_id))
    assert [view.record.order_id for view in books.orders(2)] == ["mugs@b", "lamps@a"]
    assert [view.record.order_id for view in books.find_orders("mugs")] == ["mugs@b", "mugs@a"]
    assert books.find_orders("chairs") == []
    assert books.order("chairs@a") is None


def test_jobs_come_in_the_order_asked_and_missing_ones_are_left_out(books: Books) -> None:
    one, two, three = plan(books, an_order())
    views = books.jobs([three, "mugs@2026#nothing", one, two, one])
    assert [view.job_id for view in views] == [three, one, two, one]


def test_more_jobs_than_fit_in_one_statement_are_read(books: Books) -> None:
    job_ids = plan(books, an_order(jobs=1_203))
    assert [view.job_id for view in books.jobs(job_ids[::-1])] == job_ids[::-1]


def test_job_ids_are_paged_by_position_and_state(books: Books) -> None:
    job_ids = plan(books, an_order(jobs=7))
    admit(books, job_ids[2])
    planned = [JobState.PLANNED]
    first = books.job_ids("mugs@2026", planned, limit=3)
    assert first == [(0, job_ids[0]), (1, job_ids[1]), (3, job_ids[3])]
    second = books.job_ids("mugs@2026", planned, first[-1][0], 3)
    assert second == [(4, job_ids[4]), (5, job_ids[5]), (6, job_ids[6])]
    assert books.job_ids("mugs@2026", planned, second[-1][0], 3) == []
    both = books.job_ids("mugs@2026", [JobState.PLANNED, JobState.BUILDING])
    assert [position for position, _ in both] == list(range(7))
    assert books.job_ids("mugs@2026", []) == []


def test_counts_name_every_state(books: Books) -> None:
    one, *_ = plan(books, an_order())
    admit(books, one)
    counts = books.job_counts("mugs@2026")
    assert counts == dict.fromkeys(JobState, 0) | {JobState.PLANNED: 2, JobState.BUILDING: 1}


def test_costs_are_told_by_the_state_that_jobs_are_in(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    settle(books, built(admit(books, one)))
    admit(books, two)
    costs = books.cost_by_state("mugs@2026")
    assert costs == {JobState.BUILT: 3 * CENT, JobState.BUILDING: 0, JobState.PLANNED: 0}
    assert books.attempt_count("mugs@2026") == 2


def test_a_stopped_order_holds_nothing_more_until_it_is_resumed(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    with books.transaction() as desk:
        assert desk.stop_order("mugs@2026", "stopped by the night shift")
        assert not desk.stop_order("mugs@2026", "stopped again")
    view = books.order("mugs@2026")
    assert view is not None
    assert (view.state, view.stop_reason) == (OrderState.STOPPED, "stopped by the night shift")
    (decision,) = hold(books, request(one))
    assert decision == Stopped("order mugs@2026 is stopped: stopped by the night shift")
    assert books.job_counts("mugs@2026")[JobState.PLANNED] == 3
    with books.transaction() as desk:
        assert desk.resume_order("mugs@2026")
        assert not desk.resume_order("mugs@2026")
    admit(books, two)
    sound(books)


def test_an_order_is_done_only_when_no_run_could_move_a_job(books: Books) -> None:
    (one,) = plan(books, an_order(jobs=1))
    admit(books, one)
    with pytest.raises(WrongState, match="still building"), books.transaction() as desk:
        desk.finish_order("mugs@2026")


def test_a_done_order_is_open_again_when_somebody_holds_for_it(books: Books) -> None:
    plan(books, an_order("empty@1", jobs=0))
    (one,) = plan(books, an_order(jobs=1))
    move(books, JobMove(one, JobState.PLANNED, JobState.REFUSED, "no room"))
    with books.transaction() as desk:
        assert desk.finish_order("empty@1")
        assert desk.finish_order("mugs@2026")
        assert desk.finish_order("mugs@2026")
    view = books.order("mugs@2026")
    assert view is not None
    assert view.state is OrderState.DONE
    admit(books, one)
    again = books.order("mugs@2026")
    assert again is not None
    assert again.state is OrderState.OPEN


def test_a_stopped_order_is_not_finished(books: Books) -> None:
    plan(books, an_order(jobs=0))
    with books.transaction() as desk:
        desk.stop_order("mugs@2026", "enough")
        assert not desk.finish_order("mugs@2026")
    view = books.order("mugs@2026")
    assert view is not None
    assert view.state is OrderState.STOPPED


@pytest.mark.parametrize(
    "ask",
    [
        lambda desk: desk.stop_order("chairs@1", "why not"),
        lambda desk: desk.resume_order("chairs@1"),
        lambda desk: desk.finish_order("chairs@1"),
    ],
    ids=["stop", "resume", "finish"],
)
def test_an_order_that_is_not_there_is_named(books: Books, ask: Callable[[Desk], bool]) -> None:
    with pytest.raises(UnknownOrder, match="chairs@1"), books.transaction() as desk:
        ask(desk)
