"""A report as a value: columns with a meaning each, rows, totals, and what it is made of.

The front office prints it as a table, CSV, XLSX, Parquet, JSON, Markdown or HTML; whoever makes a
report knows none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from ledger.selection import Selection

Cell: TypeAlias = "str | int | Decimal | date | None"
"""One value; None where there is none."""


class ColumnKind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    """A str."""
    DAY = "day"
    """A date."""
    COUNT = "count"
    """An int: how many."""
    MONEY = "money"
    """An int of nano-USD, signed; printed in USD, and named with `_usd` at the end."""
    NUMBER = "number"
    """A Decimal."""
    SHARE = "share"
    """A Decimal between 0 and 1 as a rule, printed in percent by people's formats."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    """As machines read it: a JSON field or a CSV header, such as `charged_usd`."""
    title: str
    """As people read it, such as `charged`."""
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which entries a report is made of."""

    entry_count: int
    first_entry_id: str | None
    """Such as E12; None when there are none."""
    last_entry_id: str | None
    seal_sha256: str | None
    """The newest seal that covers some of them; None when none is sealed yet."""
    sealed: bool
    """Whether all of them are sealed."""

    @property
    def in_words(self) -> str:
        """One sentence for the foot of a report."""
        if not self.entry_count:
            return "Made of no entries."
        count = f"{self.entry_count:,} {'entry' if self.entry_count == 1 else 'entries'}"
        seal = "not sealed yet"
        if self.seal_sha256 is not None:
            seal = f"{'sealed' if self.sealed else 'sealed in part'}: {self.seal_sha256}"
        return f"Made of {count}, {self.first_entry_id} to {self.last_entry_id}, {seal}."


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report."""

    name: str
    """A word for machines, such as `yield`."""
    title: str
    selection: Selection
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    """One cell for each column."""
    totals: tuple[Cell, ...] | None
    """The last line, with as many cells; None where sums mean nothing."""
    notes: tuple[str, ...]
    """Sentences below the table: how a figure was made, what was rounded."""
    provenance: Provenance
