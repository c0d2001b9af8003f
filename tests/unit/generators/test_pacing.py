"""The rate limit, by a clock that only moves when somebody sleeps."""

from __future__ import annotations

import asyncio

import pytest

from generators.pacing import Pace


class VirtualTime:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.sleeps = 0

    def clock(self) -> float:
        """The time."""
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """Let so much time pass."""
        assert seconds > 0
        self.sleeps += 1
        self.now_s += seconds
        await asyncio.sleep(0)


def turns(count: int, *, per_minute: int = 600) -> list[float]:
    time = VirtualTime()
    taken: list[float] = []

    async def worker(pace: Pace) -> None:
        await pace.turn()
        taken.append(time.now_s - 1000)

    async def run() -> None:
        pace = Pace(per_minute, clock=time.clock, sleep=time.sleep)
        await asyncio.gather(*(worker(pace) for _ in range(count)))

    asyncio.run(run())
    return taken


def test_a_batch_that_fits_the_limit_is_not_slowed_down() -> None:
    assert turns(600) == [0.0] * 600


def test_no_minute_ever_has_more_than_the_limit() -> None:
    taken = turns(1500)
    for start in taken:
        assert sum(start <= turn < start + 60 for turn in taken) <= 600
    assert taken[600] == pytest.approx(60.0)
    assert taken[-1] == pytest.approx(120.0)


def test_a_pause_holds_everybody_and_the_longest_pause_counts() -> None:
    time = VirtualTime()
    taken: list[float] = []

    async def run() -> None:
        pace = Pace(60, clock=time.clock, sleep=time.sleep)
        await pace.turn()
        pace.pause(5)
        pace.pause(2)
        for _ in range(3):
            await pace.turn()
            taken.append(time.now_s - 1000)

    asyncio.run(run())
    assert taken == [pytest.approx(5)] * 3


def test_a_cancelled_wait_takes_no_turn_and_blocks_nobody() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        pace = Pace(600, clock=loop.time, sleep=asyncio.sleep)
        pace.pause(0.2)
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(pace.turn(), timeout=1)

    asyncio.run(run())


def test_a_closed_pace_gives_no_turn_to_anybody_and_wakes_those_who_wait() -> None:
    async def run() -> list[bool]:
        loop = asyncio.get_running_loop()
        pace = Pace(1, clock=loop.time, sleep=asyncio.sleep)
        assert await pace.turn()
        waiting = [asyncio.create_task(pace.turn()) for _ in range(3)]
        await asyncio.sleep(0)
        pace.close()
        return await asyncio.wait_for(asyncio.gather(*waiting, pace.turn()), timeout=1)

    assert asyncio.run(run()) == [False] * 4
