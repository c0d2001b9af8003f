"""The reports by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from ledger.errors import SelectionRefused
from ledger.reports import accruals, budget, spending, trend, variance, yields
from ledger.reports.asked import Asked
from ledger.reports.report import Report
from ledger.selection import Selection

Make = Callable[[Asked], Report]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One report that can be asked for."""

    make: Make
    by: tuple[str, ...]
    """What it is by where nobody says."""
    choices: tuple[str, ...]
    """What it can be by."""
    says: str
    """What it tells, in a line."""
    by_one: bool = False
    """Whether it is by one dimension and never by several."""
    knows_jobs: bool = True
    """Whether it can be filtered by jobs."""


_ALL: Final = (
    "order", "job", "model", "provider", "cost_center", "campaign", "owner", "period", "day"
)  # fmt: skip
_ORDERS: Final = ("order", "model", "provider", "cost_center", "campaign", "owner")

REPORTS: Final[Mapping[str, ReportKind]] = {
    "summary": ReportKind(
        spending.make, (), (*_ALL, "criterion"), "what was released, charged and is held"
    ),
    "budget": ReportKind(
        budget.make,
        ("cost_center",),
        ("cost_center", "order", "provider"),
        "budget against actual: cap, charged, held and left",
        by_one=True,
        knows_jobs=False,
    ),
    "variance": ReportKind(
        variance.make,
        ("order",),
        _ORDERS,
        "quote against charge, and what was held for it",
        knows_jobs=False,
    ),
    "yield": ReportKind(
        yields.make,
        ("campaign",),
        (*_ALL, "criterion"),
        "attempts, released files, what rejects cost, cost per asset",
    ),
    "trend": ReportKind(trend.make, ("day",), _ALL, "charged by day or period, and its sum so far"),
    "accruals": ReportKind(
        accruals.make,
        ("cost_center", "order"),
        _ALL,
        "what was held and unknown when the period ended, to accrue and to reverse",
    ),
}
"""Every report by its name."""


def make(asked: Asked, name: str) -> Report:
    """Make a report.

    Raises:
        SelectionRefused: there is no such report, or it cannot be by that or of that.
    """
    kind = REPORTS.get(name)
    if kind is None:
        raise SelectionRefused(f"there is no report {name!r}; there are {', '.join(REPORTS)}")
    return checked(asked, name, kind.make)


def checked(asked: Asked, name: str, make_it: Callable[[Asked], T]) -> T:
    """Make something of what a report is asked, once it can be by that and of that.

    Raises:
        SelectionRefused: it cannot.
    """
    return make_it(asked.by_these(check(name, asked.by, asked.selection)))


def check(name: str, asked_by: tuple[str, ...], selection: Selection) -> tuple[str, ...]:
    """Give the dimensions that a report is by, its own where none is asked for; opens nothing.

    Raises:
        SelectionRefused: it cannot be by that or of that.
    """
    kind = REPORTS[name]
    by = asked_by or kind.by
    for one in by:
        if one not in kind.choices:
            raise SelectionRefused(
                f"the report {name} can be by {', '.join(kind.choices)}, not by {one!r}"
            )
    if len(set(by)) < len(by):
        raise SelectionRefused("a report is by each dimension once")
    if len(by) > 1 and (kind.by_one or "criterion" in by):
        raise SelectionRefused(f"the report {name} is by one of these at a time, not by several")
    if not kind.knows_jobs and any(name == "job" for name, _ in selection.where):
        raise SelectionRefused(
            f"the report {name} is about whole orders: filter by order and not by job"
        )
    return by
