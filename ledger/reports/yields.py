"""Cost per released asset: what it took to get one, and what the files cost that were not kept.

An attempt counts on the day it ended, which is when it was charged, and its file with it, whenever
that was released: so cost and asset are of the same period. One that is under way has no end yet and
is no attempt of the yield; what it was charged counts as every charge does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ledger import rejects
from ledger.reports import spending, sums
from ledger.reports.asked import (
    Asked,
    each_of,
    in_all,
    key_cells,
    key_columns,
    share_of,
    titled,
    unnamed_note,
)
from ledger.reports.report import Cell, Column, ColumnKind, Report
from ledger.views import SpendRow

_COLUMNS = (
    Column("attempts", "attempts", ColumnKind.COUNT),
    Column("released", "released", ColumnKind.COUNT),
    Column("yield_share", "yield", ColumnKind.SHARE),
    Column("charged_usd", "charged", ColumnKind.MONEY),
    Column("rejects_usd", "rejects", ColumnKind.MONEY),
    Column("per_asset_usd", "per asset", ColumnKind.MONEY),
)


@dataclass(slots=True)
class _Yield:
    attempts: int = 0
    """Those whose file came to an end."""
    under_way: int = 0
    released: int = 0
    charged_nano: int = 0
    rejects_nano: int = 0

    def add(self, other: _Yield) -> None:
        self.attempts += other.attempts
        self.under_way += other.under_way
        self.released += other.released
        self.charged_nano += other.charged_nano
        self.rejects_nano += other.rejects_nano

    def cells(self) -> tuple[Cell, ...]:
        return (
            self.attempts,
            self.released,
            share_of(self.released, self.attempts),
            self.charged_nano,
            self.rejects_nano,
            each_of(self.charged_nano, self.released),
        )


def make(asked: Asked) -> Report:
    """Make the report; by criterion it says what became of the money."""
    if asked.by == ("criterion",):
        return spending.ends_report(asked, "yield")
    found = _found(asked)
    everything = _Yield()
    for one in found.values():
        everything.add(one)
    keys = sorted(found, key=sums.in_order)
    return Report(
        name="yield",
        title=f"Cost per released asset by {titled(asked.by)}",
        selection=asked.selection,
        columns=(*key_columns(asked.by), *_COLUMNS),
        rows=[(*key_cells(asked.by, key), *found[key].cells()) for key in keys],
        totals=(*in_all(asked.by), *everything.cells()),
        notes=(
            (
                "An attempt and its file count on the day that it was charged; rejects are what "
                "attempts cost whose file is not released and never will be. Per asset is all that "
                "was charged, divided by what was released."
            ),
            *_under_way(everything.under_way),
            *unnamed_note(keys),
        ),
        provenance=asked.provenance(),
    )


def _under_way(count: int) -> Iterator[str]:
    """Say how many attempts are left out of the yield."""
    if count:
        yield (
            f"{count:,} attempt{' is' if count == 1 else 's are'} under way and not among these: "
            "without an answer, or with a file that is still to be judged, looked at or released. What "
            "they were charged is in charged."
        )


def _found(asked: Asked) -> dict[sums.Key, _Yield]:
    found: dict[sums.Key, _Yield] = defaultdict(_Yield)
    for one in rejects.outcomes(asked.connection, asked.by, asked.selection):
        row = SpendRow(one.end, one.attempts, one.charged_nano)
        of_key = found[one.keys]
        if row.key == SpendRow.IN_PROGRESS:
            of_key.under_way += row.attempts
        else:
            of_key.attempts += row.attempts
        of_key.charged_nano += row.charged_nano
        if row.is_reject:
            of_key.rejects_nano += row.charged_nano
        if row.key == SpendRow.RELEASED:
            of_key.released += row.attempts
    moved = sums.moved(asked.connection, asked.by, asked.selection)
    for key, amounts in moved.items():
        if amounts["adjusted_nano"]:
            found[key].charged_nano += amounts["adjusted_nano"]
    return {
        key: one for key, one in found.items() if one.attempts or one.under_way or one.charged_nano
    }
