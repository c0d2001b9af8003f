"""Running totals: what the entries of one day and one order come to, kept as they are written.

A row of totals is changed in the transaction of the entries that it counts, and only by whoever
holds the budget that those entries are under, so it adds no waiting of its own: one more row under
a lock that is held anyway. What is held is not here: the open attempts are few, and say it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from ledger.instants import DAY_US
from ledger.kinds import EntryKind
from ledger.schema import totals

BILLED = (EntryKind.CHARGE.value, EntryKind.OVERRUN.value)
"""The kinds of entries that attempts are charged by."""

ADJUSTED: Mapping[str, int] = {EntryKind.ADJUST_UP.value: 1, EntryKind.ADJUST_DOWN.value: -1}
"""The kinds that bring the charges to the provider's statement, and their sign there."""

NAMES = ("order_id", "cost_center", "campaign", "provider", "model")
"""Whom a row of totals is put down to; the empty word where its entries name none."""

_KEY = ("day", *NAMES)
_SUMS = ("charged_nano", "overrun_nano", "entry_count", "adjusted_nano")


def _upsert(dialect: Any) -> Any:  # noqa: ANN401 - the two dialects share no type for this
    statement = dialect.insert(totals)
    return statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={name: totals.c[name] + statement.excluded[name] for name in _SUMS},
    )


_ADD: Mapping[str, Any] = {"postgresql": _upsert(postgresql), "sqlite": _upsert(sqlite)}


def add(connection: Connection, written: Sequence[Mapping[str, Any]]) -> None:
    """Count entries that were just written, one row a day and an order, in the order of the keys."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in written:
        key = (row["at_us"] // DAY_US, *(row[name] or "" for name in NAMES))
        of_key = sums.setdefault(key, [0, 0, 0, 0])
        if row["kind"] in BILLED:
            of_key[0] += row["amount_nano"]
        if row["kind"] == EntryKind.OVERRUN.value:
            of_key[1] += row["amount_nano"]
        of_key[2] += 1
        of_key[3] += ADJUSTED.get(row["kind"], 0) * row["amount_nano"]
    rows = [dict(zip((*_KEY, *_SUMS), (*key, *sums[key]), strict=True)) for key in sorted(sums)]
    if rows:
        connection.execute(_ADD[connection.dialect.name], rows)
