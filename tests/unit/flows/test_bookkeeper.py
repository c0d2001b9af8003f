"""The desk of a run's requests, against real books: grouped, fair, and never without an answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from books_parts import CENT, SteppingClock, an_order, built, failed, plan, request

from flows.bookkeeping import GROUP_MAX, Bookkeeper
from ledger import (
    Admit,
    AlreadySettled,
    AttemptState,
    Books,
    BooksUnavailable,
    BrokenPromise,
    JobMove,
    JobState,
    LeaseLost,
    LedgerError,
    Refuse,
    Settled,
    Wait,
)

T = TypeVar("T")

TIMEOUT_S = 20


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=SteppingClock())
    yield opened
    opened.close()


def keep(books: Books, work: Callable[[Bookkeeper], Awaitable[T]]) -> T:
    """Work with a bookkeeper; nobody may wait for ever."""

    async def run() -> T:
        async with asyncio.timeout(TIMEOUT_S), Bookkeeper(books) as keeper:
            return await work(keeper)

    return asyncio.run(run())


def test_a_hundred_holds_that_wait_together_share_a_few_commits(books: Books) -> None:
    jobs = plan(books, an_order(jobs=100, cap="100"))

    async def work(keeper: Bookkeeper) -> tuple[int, int]:
        decisions = await asyncio.gather(*(keeper.hold(request(job)) for job in jobs))
        assert all(isinstance(decision, Admit) for decision in decisions)
        settled = await asyncio.gather(*(keeper.settle(built(f"{job}/1")) for job in jobs))
        assert {one.charged_nano for one in settled} == {3 * CENT}
        return keeper.operations, keeper.commits

    operations, commits = keep(books, work)
    assert operations == 200
    assert commits <= 4
    assert books.totals().charged_nano == 100 * 3 * CENT


def test_a_group_is_bounded_so_that_others_get_at_the_books(books: Books) -> None:
    jobs = plan(books, an_order(jobs=GROUP_MAX * 2 + 1, cap="100"))

    async def work(keeper: Bookkeeper) -> int:
        await asyncio.gather(*(keeper.hold(request(job, CENT)) for job in jobs))
        return keeper.commits

    assert keep(books, work) == 3


def test_each_gets_the_answer_to_its_own_request(books: Books) -> None:
    jobs = plan(books, an_order(jobs=4, cap="0.12", per_job="0.11"))

    async def work(keeper: Bookkeeper) -> list[object]:
        amounts = (5 * CENT, 12 * CENT, 5 * CENT, 5 * CENT)
        return list(
            await asyncio.gather(
                *(
                    keeper.hold(request(job, amount))
                    for job, amount in zip(jobs, amounts, strict=True)
                )
            )
        )

    first, too_dear, third, full = keep(books, work)
    assert first == Admit(f"{jobs[0]}/1")
    assert isinstance(too_dear, Refuse)
    assert third == Admit(f"{jobs[2]}/1")
    assert isinstance(full, Wait)


def test_what_makes_room_is_booked_before_what_asks_for_it(books: Books) -> None:
    one, other = plan(books, an_order(jobs=2, cap="0.05"))

    async def work(keeper: Bookkeeper) -> object:
        await keeper.hold(request(one))
        held, _ = await asyncio.gather(
            keeper.hold(request(other)),
            keeper.settle(failed(f"{one}/1", job_state=JobState.FAILED)),
        )
        return held

    assert isinstance(keep(books, work), Admit)


def test_one_bad_request_takes_no_other_down(books: Books) -> None:
    jobs = plan(books, an_order(jobs=6))

    async def work(keeper: Bookkeeper) -> list[object]:
        await asyncio.gather(*(keeper.hold(request(job)) for job in jobs))
        await keeper.settle(built(f"{jobs[0]}/1"))
        return await asyncio.gather(
            *(keeper.settle(built(f"{job}/1")) for job in jobs),
            keeper.move(JobMove(jobs[1], JobState.RELEASED, JobState.PLANNED)),
            keeper.note_ref(f"{jobs[2]}/1", "ref"),
            return_exceptions=True,
        )

    twice, *good, wrong, noted = keep(books, work)
    assert isinstance(twice, AlreadySettled)
    assert not any(isinstance(one, Exception) for one in good)
    assert isinstance(wrong, BrokenPromise)
    # The note came too late for a settled attempt, or in time: either way its asker has an answer.
    assert noted is None or isinstance(noted, LedgerError)
    assert books.totals().charged_nano == 6 * 3 * CENT
    assert books.verify().problem is None


def test_reads_that_wait_together_are_answered_each_in_its_own_order(books: Books) -> None:
    jobs = plan(books, an_order(jobs=5))

    async def work(keeper: Bookkeeper) -> list[list[str]]:
        asked = [jobs[::-1], [jobs[2]], [], [jobs[1], jobs[1]], ["mugs@2026#none", jobs[0]]]
        found = await asyncio.gather(*(keeper.jobs(ids) for ids in asked))
        return [[view.job_id for view in views] for views in found]

    assert keep(books, work) == [jobs[::-1], [jobs[2]], [], [jobs[1], jobs[1]], [jobs[0]]]


def test_a_read_sees_what_was_answered_before(books: Books) -> None:
    (job,) = plan(books, an_order(jobs=1))

    async def work(keeper: Bookkeeper) -> JobState:
        await keeper.hold(request(job))
        await keeper.settle(built(f"{job}/1"))
        (view,) = await keeper.jobs([job])
        return view.state

    assert keep(books, work) is JobState.BUILT


def test_other_work_is_done_in_the_same_thread_as_the_writing(books: Books) -> None:
    jobs = plan(books, an_order(jobs=3))

    async def work(keeper: Bookkeeper) -> int:
        await asyncio.gather(*(keeper.hold(request(job)) for job in jobs))
        return await keeper.run(lambda own: len(own.lost("mugs@2026", states=(AttemptState.HELD,))))

    assert keep(books, work) == 3


def test_a_defect_in_the_books_fails_everybody_and_leaves_nobody_waiting(books: Books) -> None:
    jobs = plan(books, an_order(jobs=3))
    wrong = request(jobs[0])
    object.__setattr__(wrong, "amount_nano", "five cents")

    async def work(keeper: Bookkeeper) -> list[object]:
        answers = await asyncio.gather(
            keeper.hold(wrong),
            keeper.hold(request(jobs[1])),
            keeper.jobs(jobs),
            return_exceptions=True,
        )
        later = await asyncio.gather(
            keeper.hold(request(jobs[2])), keeper.jobs(jobs), return_exceptions=True
        )
        return [*answers, *later]

    answers = keep(books, work)
    defects = [one for one in answers if isinstance(one, Exception)]
    assert len(defects) == 5
    assert not any(isinstance(one, LedgerError) for one in defects)
    assert books.totals().held_nano == 0


def test_books_that_are_gone_fail_each_asker_at_once_and_work_again_when_they_are_back(
    tmp_path: Path, books: Books
) -> None:
    jobs = plan(books, an_order(jobs=40))
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as raw:
        raw.execute("ALTER TABLE jobs RENAME TO hidden")

    async def work(keeper: Bookkeeper) -> list[object]:
        holds = [keeper.hold(request(job)) for job in jobs]
        gone = await asyncio.gather(*holds, keeper.jobs(jobs), return_exceptions=True)
        with sqlite3.connect(path) as raw:
            raw.execute("ALTER TABLE hidden RENAME TO jobs")
        return [*gone, await keeper.hold(request(jobs[0]))]

    *gone, back = keep(books, work)
    assert {type(one) for one in gone} == {BooksUnavailable}
    assert isinstance(back, Admit)


def test_an_asker_that_goes_away_leaves_the_others_their_answers(books: Books) -> None:
    jobs = plan(books, an_order(jobs=4))

    async def work(keeper: Bookkeeper) -> list[object]:
        tasks = [asyncio.create_task(keeper.hold(request(job))) for job in jobs]
        await asyncio.sleep(0)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = keep(books, work)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert sum(isinstance(one, Admit) for one in answers) == 3
    assert books.verify().problem is None


def test_without_its_lease_a_run_books_answers_and_moves_nothing_else(books: Books) -> None:
    jobs = plan(books, an_order(jobs=2))
    order_id = jobs[0].partition("#")[0]
    with books.transaction() as desk:
        desk.take_lease(order_id, "host:1", 60)

    async def work(keeper: Bookkeeper) -> None:
        keeper.fence = (order_id, "host:1")
        assert isinstance(await keeper.hold(request(jobs[0])), Admit)
        with books.transaction() as desk:
            desk.break_lease(order_id, "host:1")
            desk.take_lease(order_id, "host:2", 60)
        settled, held, moved = await asyncio.gather(
            keeper.settle(built(f"{jobs[0]}/1")),
            keeper.hold(request(jobs[1])),
            keeper.move(JobMove(jobs[1], JobState.PLANNED, JobState.REFUSED, "no")),
            return_exceptions=True,
        )
        assert isinstance(settled, Settled)
        assert isinstance(held, LeaseLost)
        assert isinstance(moved, LeaseLost)
        with pytest.raises(LeaseLost):
            await keeper.write(lambda desk: desk.stop_order(order_id, "no"))

    keep(books, work)
    assert [view.state for view in books.jobs(jobs)] == [JobState.BUILT, JobState.PLANNED]
