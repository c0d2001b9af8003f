"""Which entries a report or an export is about: days, both ends included, and values of dimensions.

Days and months are UTC's, as the periods of the entries are.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ledger.errors import SelectionRefused
from ledger.instants import DAY_US

DIMENSIONS: Final = ("order", "job", "model", "provider", "cost_center", "campaign", "owner")
"""What entries can be filtered by, besides time; a report is grouped by these, day or period."""

_EPOCH: Final = date(1970, 1, 1)
_LAST_DAY: Final = date(9998, 12, 31)
"""The last day that can be selected: what is reversed on the day after is still a date."""
_PERIOD: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries of some days, of some values; without anything, all of them."""

    first_day: date | None = None
    last_day: date | None = None
    where: tuple[tuple[str, frozenset[str]], ...] = ()
    """Pairs of a dimension and the values that are meant; every pair must hold."""

    def __post_init__(self) -> None:
        for day in (self.first_day, self.last_day):
            if day is not None and not _EPOCH <= day <= _LAST_DAY:
                raise SelectionRefused(
                    f"{day} is no day of the books: they know those from {_EPOCH} to {_LAST_DAY}"
                )
        if self.first_day and self.last_day and self.first_day > self.last_day:
            raise SelectionRefused(
                f"nothing lies between {self.first_day} and {self.last_day}: turn them around"
            )
        for name, values in self.where:
            if name not in DIMENSIONS:
                raise SelectionRefused(
                    f"entries can be filtered by {', '.join(DIMENSIONS)}, not by {name!r}"
                )
            if not values:
                raise SelectionRefused(f"the filter by {name} names no value")

    @property
    def since_us(self) -> int | None:
        """The first microsecond that is meant; None from the beginning."""
        return None if self.first_day is None else day_number(self.first_day) * DAY_US

    @property
    def until_us(self) -> int | None:
        """The first microsecond that is not meant any more; None without an end."""
        return None if self.last_day is None else (day_number(self.last_day) + 1) * DAY_US

    @property
    def period(self) -> str | None:
        """The month, YYYY-MM, where exactly one is meant."""
        if self.first_day is None or self.last_day is None:
            return None
        period = self.first_day.strftime("%Y-%m")
        return period if (self.first_day, self.last_day) == days_of_period(period) else None

    @property
    def in_words(self) -> str:
        """What is selected, for the head of a report."""
        if self.period is not None:
            days = self.period
        elif self.first_day is None and self.last_day is None:
            days = "all periods"
        else:
            first, last = self.first_day or "the beginning", self.last_day or "now"
            days = f"{first} to {last}"
        filters = [f"{name} {' or '.join(sorted(values))}" for name, values in self.where]
        return ", ".join([days, *filters])


EVERYTHING: Final = Selection()


def of_period(period: str, where: Iterable[tuple[str, frozenset[str]]] = ()) -> Selection:
    """Select one month.

    Raises:
        SelectionRefused: it is not written as YYYY-MM.
    """
    first, last = days_of_period(period)
    return Selection(first, last, tuple(where))


def days_of_period(period: str) -> tuple[date, date]:
    """Give the first and the last day of a month.

    Raises:
        SelectionRefused: it is not written as YYYY-MM, or lies outside of 1970 to 9998.
    """
    found = _PERIOD.fullmatch(period)
    if found is None or found[1] == "0000":
        raise SelectionRefused(f"{period!r} is no period; write a month as 2026-11")
    year, month = int(found[1]), int(found[2])
    if not _EPOCH.year <= year <= _LAST_DAY.year:
        raise SelectionRefused(
            f"{period} is no month of the books: they know those from {_EPOCH:%Y-%m} to "
            f"{_LAST_DAY:%Y-%m}"
        )
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def day_number(day: date) -> int:
    """Days since 1970."""
    return (day - _EPOCH) // timedelta(days=1)


def period_end_us(period: str) -> int:
    """Give the last microsecond of a month: the time that an adjustment of it is dated."""
    return (day_number(days_of_period(period)[1]) + 1) * DAY_US - 1
