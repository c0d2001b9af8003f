"""Variance: what orders were quoted when they were opened against what they were charged.

A quote is of a whole order. Where only some days are selected, what the same orders were charged on
other days stands beside, and counts in the difference.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields

from sqlalchemy import select

from ledger.finance_tables import quotes
from ledger.reports import conditions, sums
from ledger.reports.asked import (
    Asked,
    in_all,
    key_cells,
    key_columns,
    share_of,
    titled,
    unnamed_note,
)
from ledger.reports.report import Cell, Column, ColumnKind, Report
from ledger.schema import attempts
from ledger.selection import Selection

_COLUMNS = (
    Column("expected_usd", "quoted", ColumnKind.MONEY),
    Column("charged_usd", "charged", ColumnKind.MONEY),
    Column("other_days_usd", "other days", ColumnKind.MONEY),
    Column("difference_usd", "difference", ColumnKind.MONEY),
    Column("difference_share", "of quote", ColumnKind.SHARE),
    Column("first_pass_usd", "first pass", ColumnKind.MONEY),
    Column("dearest_usd", "dearest", ColumnKind.MONEY),
    Column("held_usd", "had held", ColumnKind.MONEY),
    Column("held_share", "of holds", ColumnKind.SHARE),
)


@dataclass(slots=True)
class _Against:
    expected_nano: int = 0
    first_pass_nano: int = 0
    dearest_nano: int = 0
    quoted_charged_nano: int = 0
    """What was charged, on whatever day, of orders that have a quote."""
    charged_nano: int = 0
    other_days_nano: int = 0
    held_nano: int = 0
    ended_nano: int = 0
    """What attempts were charged that had these holds."""
    quoted: int = 0
    unquoted: int = 0
    """Orders without a quote."""

    def add(self, other: _Against) -> None:
        for field in fields(self):
            name = field.name
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def cells(self) -> tuple[Cell, ...]:
        difference_nano = self.quoted_charged_nano - self.expected_nano
        quoted = bool(self.quoted)
        return (
            self.expected_nano if quoted else None,
            self.charged_nano,
            self.other_days_nano,
            difference_nano if quoted else None,
            share_of(difference_nano, self.expected_nano) if quoted else None,
            self.first_pass_nano if quoted else None,
            self.dearest_nano if quoted else None,
            self.held_nano,
            share_of(self.ended_nano, self.held_nano),
        )


def make(asked: Asked) -> Report:
    """Make the report."""
    found = _found(asked)
    everything = _Against()
    for one in found.values():
        everything.add(one)
    keys = sorted(found, key=sums.in_order)
    notes = [
        (
            "Quoted is what was expected when an order was opened; first pass has every first attempt at "
            "its dearest, dearest has every attempt used. The difference is what an order was charged "
            "on all days, less what it was quoted."
        ),
        (
            "Had held is what was set aside for attempts that ended on these days; of holds says how "
            "much of that they were charged."
        ),
    ]
    if everything.other_days_nano or any(one.other_days_nano for one in found.values()):
        notes.append(
            "Other days are sums of entries beyond those that are counted below, and so is what the "
            "difference has of them."
        )
    if everything.unquoted:
        count = f"{everything.unquoted:,} order{' has' if everything.unquoted == 1 else 's have'}"
        notes.append(
            f"{count} no quote: opened before quotes were kept. What they were charged is in no "
            "difference."
        )
    return Report(
        name="variance",
        title=f"Quote against charge by {titled(asked.by)}",
        selection=asked.selection,
        columns=(*key_columns(asked.by), *_COLUMNS),
        rows=[(*key_cells(asked.by, key), *found[key].cells()) for key in keys],
        totals=(*in_all(asked.by), *everything.cells()),
        notes=(*notes, *unnamed_note(keys)),
        provenance=asked.provenance(),
    )


def _found(asked: Asked) -> dict[sums.Key, _Against]:
    """Put together what each order comes to, then the orders of each key."""
    others = tuple(name for name in asked.by if name != "order")
    by = ("order", *others)
    found = {
        key: _Against(charged_nano=amounts["charged_nano"])
        for key, amounts in sums.moved(asked.connection, by, asked.selection).items()
    }
    always = Selection(where=asked.selection.where)
    if always != asked.selection:
        for key, amounts in sums.moved(asked.connection, by, always).items():
            if key in found:
                one = found[key]
                one.other_days_nano = amounts["charged_nano"] - one.charged_nano
    of_order = {key[0]: one for key, one in found.items() if key[0] is not None}
    _add_quotes(asked, of_order)
    for one in of_order.values():
        one.unquoted = 1 - one.quoted
    _add_holds(asked, of_order)
    at = [by.index(name) for name in asked.by]
    grouped: dict[sums.Key, _Against] = defaultdict(_Against)
    for key, one in found.items():
        if key[0] is not None or one.charged_nano:
            grouped[tuple(key[number] for number in at)].add(one)
    return grouped


def _add_quotes(asked: Asked, of_order: dict[str, _Against]) -> None:
    for row in asked.connection.execute(select(quotes)):
        one = of_order.get(row.order_id)
        if one is not None:
            one.quoted = 1
            one.expected_nano = row.expected_nano
            one.first_pass_nano = row.first_pass_nano
            one.dearest_nano = row.dearest_nano
            one.quoted_charged_nano = one.charged_nano + one.other_days_nano


def _add_holds(asked: Asked, of_order: dict[str, _Against]) -> None:
    ended = (
        select(
            attempts.c.order_id,
            sums.total(attempts.c.hold_nano).label("held_nano"),
            sums.total(attempts.c.charged_nano).label("ended_nano"),
        )
        .where(
            attempts.c.ended_at_us.is_not(None),
            *conditions.between(asked.selection, attempts.c.ended_at_us),
        )
        .group_by(attempts.c.order_id)
    )
    for row in asked.connection.execute(ended):
        one = of_order.get(row.order_id)
        if one is not None:
            one.held_nano = row.held_nano
            one.ended_nano = row.ended_nano
