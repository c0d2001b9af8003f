"""Points in time as the books keep them: integer microseconds since 1970 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from ledger.errors import BrokenPromise

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

DAY_US = 86_400_000_000


def to_us(at: datetime) -> int:
    """Exact microseconds since 1970; a time without a zone is a broken promise."""
    if at.tzinfo is None:
        raise BrokenPromise(f"the books need times with a time zone, not {at.isoformat()}")
    return (at - _EPOCH) // _MICROSECOND


def from_us(at_us: int) -> datetime:
    """The time in UTC."""
    return _EPOCH + timedelta(microseconds=at_us)


def from_us_or_none(at_us: int | None) -> datetime | None:
    """The time in UTC, if there is one."""
    return None if at_us is None else from_us(at_us)


def period_of(at_us: int) -> str:
    """The accounting period: the month in UTC, YYYY-MM."""
    return from_us(at_us).strftime("%Y-%m")


def day_in(at_us: int, zone: tzinfo) -> str:
    """The calendar day in a time zone, YYYY-MM-DD; its first seven characters are the month."""
    return from_us(at_us).astimezone(zone).strftime("%Y-%m-%d")


def day_of(at_us: int) -> str:
    """The day in UTC, YYYY-MM-DD."""
    return from_us(at_us).strftime("%Y-%m-%d")
