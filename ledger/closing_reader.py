"""What anybody may ask about months, requests and limits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from ledger import approvals, closing, raise_limit
from ledger.closing_views import PeriodView, RaiseLimit, RequestView


class ClosingReader(ABC):
    """Months and how they stand; what waits for a second person."""

    @abstractmethod
    def _snapshot(self) -> AbstractContextManager[Connection]:
        """Give a connection whose statements all see the same moment."""

    @abstractmethod
    def _now_us(self) -> int:
        """The time."""

    def periods(self, local: Collection[str] = ()) -> list[PeriodView]:
        """Every month with entries, or closed without any, oldest first.

        `local` names providers that bill nobody.
        """
        with self._snapshot() as connection:
            return closing.periods(connection, self._now_us(), local)

    def first_open_period(self, period: str) -> str:
        """The period itself if it is open, else the next one that is: where corrections go."""
        with self._snapshot() as connection:
            return closing.first_open(connection, period)

    def requests(self, *, answered: bool = False) -> Sequence[RequestView]:
        """The requests that wait for a second person, oldest first; all with `answered`."""
        with self._snapshot() as connection:
            return approvals.listed(connection, self._now_us(), answered=answered)

    def raise_limit(self) -> RaiseLimit | None:
        """By how much one person may raise a cap; None where no limit was ever set."""
        with self._snapshot() as connection:
            return raise_limit.in_force(connection)
