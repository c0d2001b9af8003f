"""Waiting for another run's lease: its holder's clock may be days ahead, and blocks nobody for that."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from books_parts import SteppingClock, an_order, plan
from simulation.mortal import SimProcess
from simulation.virtual_loop import VirtualLoop

from flows.bookkeeping import Bookkeeper
from flows.lease_age import LEASE_TTL_S, LeaseAge
from flows.leasing import Turn, _Silence, take_turn
from flows.order_run import OrderRun
from ledger import Books, HeldBy

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


def test_a_lease_is_silent_when_it_has_stood_as_it_is_for_longer_than_one_lasts() -> None:
    silence = _Silence()
    held = HeldBy("another-host:1:0", NOW, TOMORROW)
    assert not silence.is_over(held, 100.0)
    assert not silence.is_over(held, 100.0 + LEASE_TTL_S)
    assert silence.is_over(held, 100.1 + LEASE_TTL_S)


def test_a_lease_that_is_renewed_is_not_silent_whatever_its_clock_says() -> None:
    silence = _Silence()
    for beat in range(20):
        renewed = HeldBy("another-host:1:0", NOW, TOMORROW + timedelta(seconds=15 * beat))
        assert not silence.is_over(renewed, 15.0 * beat)


def test_another_holder_is_listened_to_from_the_beginning() -> None:
    silence = _Silence()
    assert not silence.is_over(HeldBy("one:1:0", NOW, TOMORROW), 0.0)
    assert not silence.is_over(HeldBy("two:1:0", NOW, TOMORROW), 100.0)


def test_a_lease_from_a_clock_a_day_ahead_is_taken_after_one_lease_and_not_after_a_day(
    tmp_path: Path,
) -> None:
    ahead = SteppingClock()
    ahead.now += timedelta(days=1)
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Books.open(url, clock=ahead) as theirs:
        order_id = plan(theirs, an_order(jobs=1))[0].partition("#")[0]
        with theirs.transaction() as desk:
            desk.take_lease(order_id, "another-host:1:0", LEASE_TTL_S)

    async def waits(books: Books) -> tuple[Turn | None, float]:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        async with Bookkeeper(books) as keeper:
            run = SimpleNamespace(
                order_id=order_id,
                keeper=keeper,
                stop_reason=None,
                lease_age=LeaseAge(SteppingClock()),
                sleep=asyncio.sleep,
            )
            turn = await take_turn(cast("OrderRun", run), "me:2:0", lambda _: False)
            return turn, loop.time() - began_s

    with Books.open(url, clock=SteppingClock()) as ours:
        loop = VirtualLoop(lambda: 0.001)
        task = SimProcess("p1", None).start(loop, waits(ours))
        turn, waited_s = loop.run_until_complete(task)
        loop.close()
    assert turn == Turn("me:2:0", waited=True)
    assert LEASE_TTL_S < waited_s < LEASE_TTL_S + 10
