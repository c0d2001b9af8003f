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


def turns(count: int, *, per_minute: float = 600, burst: int = 50) -> list[float]:
    time = VirtualTime()
    taken: list[float] = []

    async def worker(pace: Pace) -> None:
        await pace.turn()
        taken.append(time.now_s - 1000)

    async def run() -> None:
        pace = Pace(per_minute, burst=burst, clock=time.clock, sleep=time.sleep)
        await asyncio.gather(*(worker(pace) for _ in range(count)))

    asyncio.run(run())
    return taken


def test_a_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    taken = turns(150)
    assert taken[:50] == [0.0] * 50
    assert taken[50] == pytest.approx(0.1)
    assert taken[-1] == pytest.approx(10.0)


def test_no_minute_ever_has_more_than_the_limit_and_one_burst() -> None:
    taken = turns(1500)
    for start in taken:
        assert sum(start <= turn < start + 60 for turn in taken) <= 600 + 50
    assert taken[-1] == pytest.approx(145.0)


def test_a_pause_holds_everybody_and_lets_one_go_first() -> None:
    time = VirtualTime()
    taken: list[float] = []

    async def run() -> None:
        pace = Pace(60, burst=10, clock=time.clock, sleep=time.sleep)
        await pace.turn()
        pace.pause(5)
        pace.pause(2)
        for _ in range(3):
            await pace.turn()
            taken.append(time.now_s - 1000)

    asyncio.run(run())
    # While it paused it earned: five seconds at one a second.
    assert taken[0] == pytest.approx(5)
    assert taken == sorted(taken)


def test_a_cancelled_wait_takes_no_turn_and_blocks_nobody() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        pace = Pace(600, burst=1, clock=loop.time, sleep=asyncio.sleep)
        await pace.turn()
        waiting = asyncio.create_task(pace.turn())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(pace.turn(), timeout=1)

    asyncio.run(run())
