"""Budget against actual: per cost centre and month, per order, per provider and day.

What is selected is set against the whole budget that covers it: what else was charged under the same
cap, on other days or for others, stands beside and is gone from the cap too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select

from ledger.budgeting import PERIOD_CHARACTERS
from ledger.kinds import Scope
from ledger.reports import sums
from ledger.reports.asked import Asked, share_of, unnamed_note
from ledger.reports.report import Cell, Column, ColumnKind, Report
from ledger.schema import budgets, cap_rules
from ledger.selection import EVERYTHING, Selection, days_of_period

_TIMES: Final = {Scope.COST_CENTER: "period", Scope.PROVIDER: "day"}
_SUBJECTS: Final = {
    Scope.COST_CENTER: "cost centre",
    Scope.ORDER: "order",
    Scope.PROVIDER: "provider",
}


@dataclass(slots=True)
class _Actual:
    """What was charged and is held under one budget."""

    cap_nano: int | None = None
    selected_nano: int = 0
    charged_nano: int = 0
    """All of it, whatever is selected."""
    held_nano: int = 0
    is_meant: bool = False

    def cells(self) -> tuple[Cell, ...]:
        other_nano = self.charged_nano - self.selected_nano
        gone_nano = self.charged_nano + self.held_nano
        if self.cap_nano is None:
            return (None, self.selected_nano, other_nano, self.held_nano, None, None)
        return (
            self.cap_nano,
            self.selected_nano,
            other_nano,
            self.held_nano,
            self.cap_nano - gone_nano,
            share_of(gone_nano, self.cap_nano),
        )


def make(asked: Asked) -> Report:
    """Make the report of one scope."""
    scope = Scope(asked.by[0])
    found = {key: one for key, one in _found(asked, scope).items() if one.is_meant}
    keys = sorted(found, key=sums.in_order)
    time = _TIMES.get(scope)
    return Report(
        name="budget",
        title=f"Budget against actual by {_SUBJECTS[scope]}{f' and {time}' if time else ''}",
        selection=asked.selection,
        columns=(*_key_columns(scope), *_COLUMNS),
        rows=[(*_key_cells(scope, key), *found[key].cells()) for key in keys],
        totals=(
            "in all",
            *((None,) if time else ()),
            None,
            sum(one.selected_nano for one in found.values()),
            sum(one.charged_nano - one.selected_nano for one in found.values()),
            sum(one.held_nano for one in found.values()),
            None,
            None,
        ),
        notes=(*_notes(scope), *_beyond(found.values()), *unnamed_note(keys)),
        provenance=asked.provenance(),
    )


_COLUMNS: Final = (
    Column("cap_usd", "cap", ColumnKind.MONEY),
    Column("charged_usd", "charged", ColumnKind.MONEY),
    Column("other_usd", "other", ColumnKind.MONEY),
    Column("held_usd", "held", ColumnKind.MONEY),
    Column("left_usd", "left", ColumnKind.MONEY),
    Column("used_share", "used", ColumnKind.SHARE),
)


def _key_columns(scope: Scope) -> tuple[Column, ...]:
    subject = Column(scope.value, _SUBJECTS[scope], ColumnKind.TEXT)
    time = _TIMES.get(scope)
    if time is None:
        return (subject,)
    kind = ColumnKind.DAY if time == "day" else ColumnKind.TEXT
    return (subject, Column(time, time, kind))


def _key_cells(scope: Scope, key: sums.Key) -> tuple[Cell, ...]:
    if _TIMES.get(scope) != "day":
        return key
    return (key[0], date.fromisoformat(str(key[1])))


def _notes(scope: Scope) -> tuple[str, ...]:
    kept = {
        Scope.COST_CENTER: "of the same month",
        Scope.ORDER: "of the same order on days that are not selected",
        Scope.PROVIDER: "of the same day",
    }[scope]
    notes = [
        (
            f"Other is what else was charged under the same cap: {kept}, where only some is selected. "
            "Left is the cap less all that was charged and is held; used is their share of it."
        )
    ]
    if scope in _TIMES:
        notes.append(
            "A charge counts when it was booked, as in every report; the cap itself counts it when "
            "its hold was made, which differs where an attempt ran over the end."
        )
    return tuple(notes)


def _beyond(found: Iterable[_Actual]) -> tuple[str, ...]:
    """Say that some amounts are of entries that are not selected, where they are."""
    if all(one.charged_nano == one.selected_nano for one in found):
        return ()
    return (
        (
            "Other is a sum of entries beyond those that are counted below, and so is what left and used "
            "have of them."
        ),
    )


def _found(asked: Asked, scope: Scope) -> dict[sums.Key, _Actual]:
    time = _TIMES.get(scope)
    by = (scope.value,) if time is None else (scope.value, time)
    found: dict[sums.Key, _Actual] = {}
    whole = _whole(asked.selection, scope)
    for key, amounts in sums.moved_and_held(asked.connection, by, whole).items():
        found[key] = _Actual(charged_nano=amounts["charged_nano"], held_nano=amounts["held_nano"])
    for key, amounts in sums.moved_and_held(asked.connection, by, asked.selection).items():
        one = found[key]
        one.selected_nano = amounts["charged_nano"]
        # A cost centre's cap is an entry of no order's: no money went anywhere.
        one.is_meant = None not in key or bool(one.selected_nano)
    for key, cap_nano in _caps(asked, scope):
        one = found.setdefault(key, _Actual())
        one.cap_nano = cap_nano
        one.is_meant = one.is_meant or _names_only(asked.selection, scope, key)
    _fill_caps(asked, scope, found)
    return found


def _whole(selection: Selection, scope: Scope) -> Selection:
    """Widen a selection to the whole of the budgets that it touches."""
    if scope is Scope.COST_CENTER:
        first, last = selection.first_day, selection.last_day
        return Selection(
            None if first is None else first.replace(day=1),
            None if last is None else days_of_period(last.strftime("%Y-%m"))[1],
        )
    if scope is Scope.PROVIDER:
        return Selection(selection.first_day, selection.last_day)
    return EVERYTHING


def _caps(asked: Asked, scope: Scope) -> Iterator[tuple[sums.Key, int]]:
    """Give the caps of all budgets of a scope whose time is selected at least in part."""
    first, last = asked.selection.first_day, asked.selection.last_day
    width = PERIOD_CHARACTERS.get(scope, 0)
    listed = select(budgets.c.subject, budgets.c.period, budgets.c.cap_nano).where(
        budgets.c.scope == scope.value, budgets.c.cap_nano.is_not(None)
    )
    if first is not None:
        listed = listed.where(budgets.c.period >= first.isoformat()[:width])
    if last is not None and width:
        listed = listed.where(budgets.c.period <= last.isoformat()[:width])
    for row in asked.connection.execute(listed):
        yield ((row.subject, row.period) if width else (row.subject,)), row.cap_nano


def _names_only(selection: Selection, scope: Scope, key: sums.Key) -> bool:
    """Whether a budget under which nothing was charged is asked for: by its name or by nothing.

    An order's is asked for only with all days, as it has none of its own.
    """
    if scope is Scope.ORDER and (selection.first_day or selection.last_day):
        return False
    return all(name == scope.value and key[0] in values for name, values in selection.where)


def _fill_caps(asked: Asked, scope: Scope, found: dict[sums.Key, _Actual]) -> None:
    """Cap what was charged in a time without holds, by the rule that stood at its end."""
    if scope not in _TIMES:
        return
    rules = list(
        asked.connection.execute(
            select(cap_rules.c.subject, cap_rules.c.cap_nano, cap_rules.c.at_us)
            .where(cap_rules.c.scope == scope.value)
            .order_by(cap_rules.c.rule_id)
        )
    )
    for (subject, time), one in found.items():
        if one.cap_nano is not None or time is None:
            continue
        last = days_of_period(time)[1] if len(time) < 10 else date.fromisoformat(time)  # noqa: PLR2004  a day's length
        until_us = Selection(last_day=last).until_us
        standing = [
            rule.cap_nano
            for rule in rules
            if rule.subject == subject and until_us is not None and rule.at_us < until_us
        ]
        one.cap_nano = standing[-1] if standing else None
