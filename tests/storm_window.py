"""Looks into the books from outside while runs write them: plain SQL, on either database."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

NANO = Decimal(1_000_000_000)

_PULSE = """
SELECT o.order_id, o.state, o.updated_at_us,
  (SELECT holder FROM leases l WHERE l.order_id = o.order_id),
  (SELECT count(*) FROM attempts a WHERE a.order_id = o.order_id)
FROM orders o
"""

_UNSEALED = """
SELECT count(*) FROM entries
WHERE entry_id > (SELECT coalesce(max(last_entry_id), 0) FROM seals)
"""

_OPEN_ATTEMPTS = """
SELECT a.state, a.seed, a.held_at_us FROM attempts a WHERE a.state IN ('held', 'unknown')
"""

_PASSED_CAPS = """
SELECT scope, subject, period, held_nano + spent_nano + overrun_nano - cap_nano FROM budgets
WHERE held_nano + spent_nano + overrun_nano > cap_nano
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a glance at the books shows of their one order."""

    order_id: str
    state: str
    updated_at_us: int
    holder: str | None
    attempts: int

    @property
    def holder_pid(self) -> int | None:
        """The process that runs the order, as its lease names it; None while nobody does."""
        if self.holder is None:
            return None
        # A holder is host:pid, with more behind it where a process can hold several leases.
        return int(self.holder.split(":")[1])


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt whose end is not booked."""

    state: str
    seed: int
    held_at_us: int


class Window:
    """A reader of the books at a URL; shows nothing until the books have tables and an order."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    @property
    def is_postgres(self) -> bool:
        """Whether it looks into PostgreSQL."""
        return not self._url.startswith("sqlite")

    def close(self) -> None:
        """Close it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, statement: str) -> list[Sequence[Any]]:
        """Read rows; none while the tables are not there."""
        connection = self._open()
        if connection is None:
            return []
        try:
            with closing(connection.cursor()) as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        except sqlite3.OperationalError as error:
            # A run that migrates has the tables in its transaction, or the file to itself.
            if "no such table" in str(error) or "locked" in str(error):
                return []
            raise

    def _open(self) -> Any:  # noqa: ANN401  either driver's own
        if self._connection is None:
            if self.is_postgres:
                self._connection = psycopg.connect(self._url, autocommit=True)
            else:
                path = Path(self._url.removeprefix("sqlite:///"))
                if not path.exists():
                    return None
                self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        return self._connection

    def pulse(self) -> Pulse | None:
        """Glance at the order; None until it is in the books."""
        found = self.rows(_PULSE)
        return Pulse(*found[0]) if found else None

    def unsealed(self) -> int:
        """Count entries that no block covers yet."""
        found = self.rows(_UNSEALED)
        return int(found[0][0]) if found else 0

    def open_attempts(self) -> list[OpenAttempt]:
        """List attempts whose end is not booked."""
        return [OpenAttempt(*row) for row in self.rows(_OPEN_ATTEMPTS)]

    def job_states(self) -> Counter[str]:
        """Count jobs by state."""
        found = self.rows("SELECT state, count(*) FROM jobs GROUP BY 1")
        return Counter({str(row[0]): int(row[1]) for row in found})

    def approved_names(self) -> list[str]:
        """Name the jobs that may be released and are not, as far as the books know."""
        return [name for (name,) in self.rows("SELECT name FROM jobs WHERE state = 'approved'")]

    def passed_caps(self) -> list[Sequence[Any]]:
        """List budgets with more held and spent than their cap, or an overrun; never any."""
        return self.rows(_PASSED_CAPS)

    def release_keys(self) -> list[str]:
        """List every released asset's key, receipts left out."""
        return [key for (key,) in self.rows("SELECT release_key FROM releases")]
