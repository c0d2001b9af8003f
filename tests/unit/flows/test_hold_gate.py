"""The gate where attempts wait for money: only while room can come, in turn, and never for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar, cast

import pytest
from books_parts import CENT, SteppingClock, an_order, built, failed, hold, plan, request, usd_line

from flows.bookkeeping import Bookkeeper
from flows.order_run import HoldGate
from ledger import Admit, Books, HoldDecision, HoldRequest, JobState, Refuse, Stopped, Wait

T = TypeVar("T")

TIMEOUT_S = 20


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=SteppingClock())
    yield opened
    opened.close()


def at_gate(books: Books, work: Callable[[HoldGate, Bookkeeper], Awaitable[T]]) -> T:
    """Work at a gate; nobody may wait for ever."""

    async def run() -> T:
        async with asyncio.timeout(TIMEOUT_S), Bookkeeper(books) as keeper:
            return await work(HoldGate(keeper), keeper)

    return asyncio.run(run())


async def steps(count: int = 200) -> None:
    """Let everything happen that can happen by itself."""
    for _ in range(count):
        await asyncio.sleep(0)


async def give_back(gate: HoldGate, keeper: Bookkeeper, attempt_id: str) -> None:
    """Settle an attempt for nothing, so that all of its room comes back."""
    await keeper.settle(failed(attempt_id, job_state=JobState.FAILED))
    await gate.settled()


def test_who_fits_goes_through(books: Books) -> None:
    (job,) = plan(books, an_order(jobs=1))

    async def work(gate: HoldGate, _: Bookkeeper) -> object:
        decision = await gate.hold(request(job))
        assert gate.under_way == 1
        await gate.settled()
        assert gate.under_way == 0
        return decision

    assert at_gate(books, work) == Admit(f"{job}/1")


def test_who_can_never_fit_is_not_kept_waiting(books: Books) -> None:
    one, other = plan(books, an_order(jobs=2, cap="0.10", per_job="0.20"))

    async def work(gate: HoldGate, _: Bookkeeper) -> object:
        await gate.hold(request(one))
        return await gate.hold(request(other, 11 * CENT))

    assert isinstance(at_gate(books, work), Refuse)


def test_who_waits_goes_through_when_room_comes_back(books: Books) -> None:
    one, other = plan(books, an_order(jobs=2, cap="0.05"))

    async def work(gate: HoldGate, keeper: Bookkeeper) -> object:
        await gate.hold(request(one))
        waiting = asyncio.create_task(gate.hold(request(other)))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await give_back(gate, keeper, f"{one}/1")
        return await waiting

    assert isinstance(at_gate(books, work), Admit)


def test_nobody_waits_when_nothing_of_this_run_is_under_way(books: Books) -> None:
    # Another process, or a lost answer, has the room: this run cannot tell when it comes back.
    one, other = plan(books, an_order(jobs=2, cap="0.05"))
    hold(books, request(one))

    async def work(gate: HoldGate, _: Bookkeeper) -> object:
        return await gate.hold(request(other))

    assert isinstance(at_gate(books, work), Wait)


class Scripted:
    """Answers holds one at a time, in the order and with the decision that a test wants."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, asyncio.Future[HoldDecision]]] = []

    async def hold(self, request: HoldRequest) -> HoldDecision:
        """Wait for the test's answer."""
        answer: asyncio.Future[HoldDecision] = asyncio.get_running_loop().create_future()
        self.asked.append((request.job_id, answer))
        return await answer

    async def answer(self, job_id: str, decision: HoldDecision) -> None:
        """Answer the oldest request of a job, and let everything happen that follows."""
        place = next(place for place, (asked, _) in enumerate(self.asked) if asked == job_id)
        self.asked.pop(place)[1].set_result(decision)
        await steps(20)


@pytest.mark.parametrize("last", [Wait("b", "full"), Refuse("b", "never"), Stopped("stop")])
def test_who_waits_hears_it_when_the_last_of_the_others_is_turned_down(last: HoldDecision) -> None:
    # The head of the line counts one that is only asking as under way; its answer must wake it.
    async def run() -> None:
        books = Scripted()
        gate = HoldGate(cast("Bookkeeper", books))
        async with asyncio.timeout(TIMEOUT_S):
            head = asyncio.create_task(gate.hold(request("head")))
            other = asyncio.create_task(gate.hold(request("other")))
            await steps(20)
            await books.answer("head", Wait("b", "full"))
            await books.answer("head", Wait("b", "full"))
            assert books.asked[0][0] == "other"
            assert not head.done()
            await books.answer("other", last)
            await books.answer("head", Wait("b", "full"))
            assert (await head) == Wait("b", "full")
            if isinstance(last, Wait):
                await books.answer("other", last)
            assert (await other) == last

    asyncio.run(run())


def test_room_that_came_back_while_the_books_were_asked_is_asked_for_again() -> None:
    async def run() -> None:
        books = Scripted()
        gate = HoldGate(cast("Bookkeeper", books))
        async with asyncio.timeout(TIMEOUT_S):
            first = asyncio.create_task(gate.hold(request("first")))
            await steps(20)
            await books.answer("first", Admit("first/1"))
            head = asyncio.create_task(gate.hold(request("head")))
            await steps(20)
            await books.answer("head", Wait("b", "full"))
            # Its second request was answered just before the first one's settlement was booked.
            await asyncio.gather(books.answer("head", Wait("b", "full")), gate.settled())
            await books.answer("head", Admit("head/1"))
            assert await head == Admit("head/1")
            assert isinstance(await first, Admit)

    asyncio.run(run())


@pytest.mark.parametrize("pause", range(12))
def test_no_pause_between_two_askers_makes_one_of_them_wait_for_ever(
    books: Books, pause: int
) -> None:
    first, second, third = plan(books, an_order(jobs=3, cap="0.05", per_job="0.20"))
    hold(books, request(first))

    async def work(gate: HoldGate, _: Bookkeeper) -> list[object]:
        waiting = asyncio.create_task(gate.hold(request(second)))
        await asyncio.sleep(pause / 2000)
        return [await gate.hold(request(third, 6 * CENT)), await waiting]

    refused, waited = at_gate(books, work)
    assert isinstance(refused, Refuse)
    assert isinstance(waited, Wait)


def test_those_who_wait_are_admitted_in_the_order_in_which_they_came(books: Books) -> None:
    jobs = plan(books, an_order(jobs=10, cap="0.05"))
    order: list[str] = []

    async def work(gate: HoldGate, keeper: Bookkeeper) -> None:
        async def one(job: str) -> None:
            assert isinstance(await gate.hold(request(job)), Admit)
            order.append(job)
            await asyncio.sleep(0.001)
            await give_back(gate, keeper, f"{job}/1")

        tasks = []
        for job in jobs:
            tasks.append(asyncio.create_task(one(job)))
            await steps(20)
        await asyncio.gather(*tasks)

    at_gate(books, work)
    assert order == jobs


def test_a_cheap_attempt_does_not_overtake_a_dear_one_that_waits(books: Books) -> None:
    first, dear, cheap = plan(books, an_order(jobs=3, cap="0.10", per_job="0.20"))
    order: list[str] = []

    async def work(gate: HoldGate, keeper: Bookkeeper) -> None:
        await gate.hold(request(first, 6 * CENT))

        async def one(job: str, amount: int) -> None:
            assert isinstance(await gate.hold(request(job, amount)), Admit)
            order.append(job)

        waiting = asyncio.create_task(one(dear, 8 * CENT))
        await asyncio.sleep(0.05)
        late = asyncio.create_task(one(cheap, 2 * CENT))
        await asyncio.sleep(0.05)
        assert order == []
        await give_back(gate, keeper, f"{first}/1")
        await asyncio.gather(waiting, late)

    at_gate(books, work)
    assert order == [dear, cheap]


def test_after_a_stop_nobody_who_waits_is_let_through(books: Books) -> None:
    first, *others = plan(books, an_order(jobs=5, cap="0.05"))

    async def work(gate: HoldGate, keeper: Bookkeeper) -> list[object]:
        await gate.hold(request(first))
        waiting = [asyncio.create_task(gate.hold(request(job))) for job in others]
        await asyncio.sleep(0.05)
        gate.stop_reason = "Stopped by Ctrl-C."
        await give_back(gate, keeper, f"{first}/1")
        return await asyncio.gather(*waiting)

    assert at_gate(books, work) == [Stopped("Stopped by Ctrl-C.")] * 4
    assert books.totals().held_nano == 0


def test_a_fault_while_asking_is_no_attempt_under_way(books: Books) -> None:
    (job,) = plan(books, an_order(jobs=1))
    wrong: HoldRequest = request(job)
    object.__setattr__(wrong, "amount_nano", "five cents")

    async def work(gate: HoldGate, _: Bookkeeper) -> int:
        with pytest.raises(Exception, match=r"."):
            await gate.hold(wrong)
        return gate.under_way

    assert at_gate(books, work) == 0


@pytest.mark.parametrize("seed", range(12))
def test_under_any_interleaving_all_end_and_the_cap_holds(books: Books, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  a storm that can be repeated
    cap = draw.choice((9, 15, 22))
    jobs = plan(books, an_order(jobs=40, cap=f"0.{cap:02}", per_job="1.00"))
    if seed % 3 == 0:
        # Somebody else's hold that never comes back during this run.
        hold(books, request(jobs.pop(), 3 * CENT))
    amounts = {job: draw.randint(1, 9) * CENT for job in jobs}
    ends: dict[str, object] = {}

    async def work(gate: HoldGate, keeper: Bookkeeper) -> int:
        slots = asyncio.Semaphore(draw.randint(2, 16))

        async def one(job: str) -> None:
            async with slots:
                await asyncio.sleep(draw.random() / 500)
                decision = ends[job] = await gate.hold(request(job, amounts[job]))
                if not isinstance(decision, Admit):
                    return
                await asyncio.sleep(draw.random() / 500)
                if draw.random() < 0.7:
                    await keeper.settle(failed(f"{job}/1", job_state=JobState.FAILED))
                else:
                    await keeper.settle(built(f"{job}/1", usd_line("0.001")))
                await gate.settled()

        await asyncio.gather(*(one(job) for job in jobs))
        return gate.under_way

    assert at_gate(books, work) == 0
    assert len(ends) == len(jobs)
    assert not any(isinstance(end, Stopped) for end in ends.values())
    totals = books.totals()
    assert totals.charged_nano + totals.held_nano <= cap * CENT
    assert books.verify().problem is None
    # Only somebody else's hold can still be in the way when nothing of this run is under way.
    assert seed % 3 == 0 or not any(isinstance(end, Wait) for end in ends.values())
