"""What somebody asks of a report, and what every report is put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from sqlalchemy import Connection

from ledger.reports import provenance
from ledger.reports.report import Cell, Column, ColumnKind, Provenance
from ledger.reports.sums import Key
from ledger.selection import Selection

SHARE_STEP: Final = Decimal("0.000001")
"""What shares are rounded to, half-even."""

NOT_ATTRIBUTED: Final = (
    "A line without a name is what providers' statements had more or less, and no job could be "
    "named for."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question; the connection sees one moment throughout."""

    connection: Connection
    selection: Selection
    by: tuple[str, ...]
    today: date

    def by_these(self, by: tuple[str, ...]) -> Asked:
        """Ask the same by something else."""
        return replace(self, by=by)

    def of(self, selection: Selection) -> Asked:
        """Ask the same of something else."""
        return replace(self, selection=selection)

    def provenance(self) -> Provenance:
        """Which entries are selected."""
        return provenance.provenance(self.connection, self.selection)


def titled(by: Sequence[str]) -> str:
    """Name dimensions as people do: `cost centre and model`."""
    return " and ".join(name.replace("cost_center", "cost centre") for name in by)


def key_columns(by: Sequence[str]) -> tuple[Column, ...]:
    """Make a column for each dimension."""
    return tuple(
        Column(name, titled([name]), ColumnKind.DAY if name == "day" else ColumnKind.TEXT)
        for name in by
    )


def key_cells(by: Sequence[str], key: Key) -> tuple[Cell, ...]:
    """Give the cells of a key; a day becomes a date."""
    return tuple(
        date.fromisoformat(value) if name == "day" and value is not None else value
        for name, value in zip(by, key, strict=True)
    )


def in_all(by: Sequence[str]) -> tuple[Cell, ...]:
    """Begin the line of totals: two words below the names, nothing below days."""
    if not by or by[0] == "day":
        return (None,) * len(by)
    return ("in all", *(None,) * (len(by) - 1))


def unnamed_note(keys: Iterable[Key]) -> tuple[str, ...]:
    """Say what lines without a name are, where there are any."""
    return (NOT_ATTRIBUTED,) if any(None in key for key in keys) else ()


def share_of(part: int, whole: int) -> Decimal | None:
    """Give a part of a whole, rounded to a millionth; None where there is no whole."""
    if not whole:
        return None
    return (Decimal(part) / Decimal(whole)).quantize(SHARE_STEP, rounding=ROUND_HALF_EVEN)


def each_of(amount_nano: int, count: int) -> int | None:
    """Divide money by a count, rounded half-even to a nano-dollar; None where there is none."""
    if not count:
        return None
    return int((Decimal(amount_nano) / count).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
