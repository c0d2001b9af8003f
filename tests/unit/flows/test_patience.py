"""Waiting for others under a shared cap: as long as it can help, and never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from books_parts import CENT, SteppingClock, admit, an_order, built, plan, request, settle, usd_line

from flows.bookkeeping import Bookkeeper
from flows.order_run import HoldGate
from flows.patience import Patience
from ledger import Admit, Books, Refuse, Scope, Stopped, Wait

T = TypeVar("T")

LIMIT_S = 120.0


class Hours:
    """A clock that only sleeping moves; something may happen while it sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.slept: list[float] = []
        self.events: dict[int, Callable[[], None]] = {}

    def clock(self) -> datetime:
        """Give the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        self.events.pop(len(self.slept), lambda: None)()
        await asyncio.sleep(0)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Books with a cap of ten cents a day on the provider."""
    with Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=SteppingClock()) as opened:
        with opened.transaction() as desk:
            desk.set_cap(Scope.PROVIDER, "replicate", 10 * CENT, by="me", because="the test")
        yield opened


@pytest.fixture
def hours() -> Hours:
    return Hours()


def at_gate(books: Books, hours: Hours, work: Callable[[HoldGate, Patience], Awaitable[T]]) -> T:
    async def run() -> T:
        async with asyncio.timeout(20), Bookkeeper(books) as keeper:
            patience = Patience(hours.clock, hours.sleep, LIMIT_S)
            return await work(HoldGate(keeper, patience), patience)

    return asyncio.run(run())


def test_room_that_another_order_gives_back_is_found(books: Books, hours: Hours) -> None:
    (other,) = plan(books, an_order("lamps@1", jobs=1))
    (ours,) = plan(books, an_order(jobs=1))
    theirs = admit(books, other, 8 * CENT)
    hours.events[3] = lambda: settle(books, built(theirs, usd_line("0.05"))) and None

    async def work(gate: HoldGate, patience: Patience) -> object:
        decision = await gate.hold(request(ours))
        assert patience.gave_up is None
        return decision

    assert isinstance(at_gate(books, hours, work), Admit)
    assert hours.slept == [0.05, 0.1, 0.2]


def test_waiting_ends_when_the_holds_of_others_stay(books: Books, hours: Hours) -> None:
    (other,) = plan(books, an_order("lamps@1", jobs=1))
    job_ids = plan(books, an_order(jobs=40))
    admit(books, other, 8 * CENT)

    async def work(gate: HoldGate, patience: Patience) -> str | None:
        for job_id in job_ids:
            assert isinstance(await gate.hold(request(job_id)), Wait)
        return patience.gave_up

    reason = at_gate(books, hours, work)
    assert reason == (
        "provider replicate's cap of $0.10 for 2026-11-20 has $0.02 free after $0.00 spent and "
        "$0.08 held, and an attempt can cost $0.05; the open holds under it made no room within "
        "120 s, and the next run asks again"
    )
    # The first one waited; the others had nothing more to wait for.
    assert sum(hours.slept) == pytest.approx(LIMIT_S)
    assert max(hours.slept) == 1.0


def test_a_sign_of_life_starts_the_patience_anew(books: Books, hours: Hours) -> None:
    first, second = plan(books, an_order("lamps@1", jobs=2))
    (ours,) = plan(books, an_order(jobs=1))
    admit(books, first, 5 * CENT)
    admit(books, second, 5 * CENT)
    hours.events[100] = lambda: settle(books, built(f"{first}/1", usd_line("0.03"))) and None

    async def work(gate: HoldGate, _: Patience) -> object:
        return await gate.hold(request(ours))

    assert isinstance(at_gate(books, hours, work), Wait)
    assert LIMIT_S < sum(hours.slept) < 2 * LIMIT_S + 1


def test_what_the_others_spend_up_is_refused_at_once(books: Books, hours: Hours) -> None:
    (other,) = plan(books, an_order("lamps@1", jobs=1))
    (ours,) = plan(books, an_order(jobs=1))
    theirs = admit(books, other, 8 * CENT)
    hours.events[2] = lambda: settle(books, built(theirs, usd_line("0.08"))) and None

    async def work(gate: HoldGate, _: Patience) -> object:
        return await gate.hold(request(ours))

    assert isinstance(at_gate(books, hours, work), Refuse)
    assert len(hours.slept) == 2


def test_a_stop_is_heard_while_waiting_for_others(books: Books, hours: Hours) -> None:
    (other,) = plan(books, an_order("lamps@1", jobs=1))
    (ours,) = plan(books, an_order(jobs=1))
    admit(books, other, 8 * CENT)

    async def work(gate: HoldGate, _: Patience) -> object:
        def stop() -> None:
            gate.stop_reason = "Ctrl-C"

        hours.events[5] = stop
        return await gate.hold(request(ours))

    assert at_gate(books, hours, work) == Stopped("Ctrl-C")


def test_nobody_waits_for_others_under_a_cap_of_ones_own(books: Books, hours: Hours) -> None:
    one, two = plan(books, an_order(jobs=2, cap="0.05"))
    admit(books, one)

    async def work(gate: HoldGate, _: Patience) -> object:
        return await gate.hold(request(two))

    decision = at_gate(books, hours, work)
    assert isinstance(decision, Wait)
    assert not decision.is_shared
    assert hours.slept == []


def test_no_patience_means_one_question(books: Books, hours: Hours) -> None:
    (other,) = plan(books, an_order("lamps@1", jobs=1))
    (ours,) = plan(books, replace(an_order(jobs=1), campaign="other"))
    admit(books, other, 8 * CENT)

    async def work(gate: HoldGate, patience: Patience) -> object:
        patience.limit_s = 0
        return await gate.hold(request(ours))

    assert isinstance(at_gate(books, hours, work), Wait)
    assert hours.slept == []
