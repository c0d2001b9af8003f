"""Which periods are closed, and where what comes later goes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, func, select

from ledger.closing_tables import closings
from ledger.closing_views import ClosingEvent
from ledger.selection import days_of_period

_LATEST = select(func.max(closings.c.closing_id)).group_by(closings.c.period)
_CLOSED = select(closings.c.period).where(
    closings.c.closing_id.in_(_LATEST), closings.c.event == ClosingEvent.CLOSE.value
)


class OpenPeriods:
    """The periods that take entries, as they are in one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._closed = frozenset(connection.execute(_CLOSED).scalars())

    def at_or_after(self, period: str) -> str:
        """Give a period, or the next one that is open where it is closed."""
        while period in self._closed:
            _, last = days_of_period(period)
            period = (last + timedelta(days=1)).strftime("%Y-%m")
        return period
