"""A lease is fresh only while two clocks agree that it was renewed a moment ago."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from flows.lease_age import FRESH_S, LEASE_RENEW_S, LEASE_TTL_S, LeaseAge


@dataclass
class WallClock:
    """A clock that is set by hand."""

    now: datetime = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


def fresh_after(*, wall_s: float, monotonic_s: float = 0) -> bool:
    async def ask() -> bool:
        clock = WallClock()
        age = LeaseAge(clock)
        assert not age.is_fresh()
        then_s, wall_then_s = age.now()
        age.renewed((then_s - monotonic_s, wall_then_s))
        clock.now += timedelta(seconds=wall_s)
        return age.is_fresh()

    return asyncio.run(ask())


def test_a_lease_that_was_just_renewed_is_fresh() -> None:
    assert fresh_after(wall_s=0)
    assert fresh_after(wall_s=LEASE_RENEW_S, monotonic_s=LEASE_RENEW_S)


@pytest.mark.parametrize(
    ("wall_s", "monotonic_s"),
    [
        pytest.param(FRESH_S, 0, id="the machine slept"),
        pytest.param(0, FRESH_S, id="the wall clock was set back by as much"),
        pytest.param(-1, 0, id="the wall clock was set back"),
    ],
)
def test_a_lease_is_not_fresh_when_either_clock_doubts_it(
    wall_s: float, monotonic_s: float
) -> None:
    assert not fresh_after(wall_s=wall_s, monotonic_s=monotonic_s)


def test_a_fresh_lease_cannot_have_been_taken() -> None:
    assert LEASE_RENEW_S < FRESH_S < LEASE_TTL_S
