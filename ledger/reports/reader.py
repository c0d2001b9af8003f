"""The reading side of the books that finance asks: sums, provenance, and the named reports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date

from sqlalchemy import Connection

from ledger import rejects
from ledger.reports import provenance, registry, spending, sums
from ledger.reports.asked import Asked
from ledger.reports.report import Provenance, Report
from ledger.reports.spending import SpendSummary
from ledger.selection import EVERYTHING, Selection
from ledger.views import SpendRow, SummaryRow, Totals


class ReportReader(ABC):
    """What finance may ask of the books. Days, months and periods are UTC's."""

    @abstractmethod
    def _snapshot(self) -> AbstractContextManager[Connection]:
        """Give a connection whose statements all see the same moment."""

    @abstractmethod
    def today(self) -> str:
        """Say which day it is in the books' time zone, YYYY-MM-DD."""

    def totals(self, selection: Selection = EVERYTHING) -> Totals:
        """What all entries and open holds of a selection add up to."""
        with self._snapshot() as connection:
            return sums.totals(connection, selection)

    def summary(
        self, by: str | Sequence[str], selection: Selection = EVERYTHING
    ) -> list[SummaryRow]:
        """The totals by order, job, model, provider, cost_center, campaign, owner, period or day.

        By several of them it has a row for each combination that there is. Charges count on the
        day they were booked, adjustments on the last day of their period, holds on the day they
        were made, assets on the day they were released. Caps belong to no job.

        Raises:
            BrokenPromise: for another dimension, or one that is named twice.
        """
        with self._snapshot() as connection:
            return sums.summary(connection, _dimensions(by), selection)

    def provenance(self, selection: Selection = EVERYTHING) -> Provenance:
        """Which entries a selection is: how many, the first and the last id, the newest seal."""
        with self._snapshot() as connection:
            return provenance.provenance(connection, selection)

    def spend_summary(
        self, by: Sequence[str] = (), selection: Selection = EVERYTHING
    ) -> SpendSummary:
        """All that `mintage ledger summary` tells, of one moment; by criterion it has no rows.

        Raises:
            SelectionRefused: it cannot be by that.
        """
        with self._snapshot() as connection:
            today = date.fromisoformat(self.today())
            asked = Asked(connection, selection, tuple(by), today)
            return registry.checked(asked, "summary", spending.spend_summary)

    def spend(
        self, order_id: str | None = None, selection: Selection = EVERYTHING
    ) -> list[SpendRow]:
        """What the attempts of one order, or of all, came to and cost, by what they came to."""
        if order_id is not None:
            only = ("order", frozenset({order_id}))
            selection = Selection(selection.first_day, selection.last_day, (*selection.where, only))
        with self._snapshot() as connection:
            return rejects.spend(connection, selection)

    def report(
        self, name: str, selection: Selection = EVERYTHING, by: Sequence[str] = ()
    ) -> Report:
        """One of the reports of `ledger.reports.registry`; without `by` by what it is usually by.

        Raises:
            SelectionRefused: there is no such report, or it cannot be by that.
        """
        with self._snapshot() as connection:
            today = date.fromisoformat(self.today())
            return registry.make(Asked(connection, selection, tuple(by), today), name)


def _dimensions(by: str | Sequence[str]) -> tuple[str, ...]:
    return (by,) if isinstance(by, str) else tuple(by)
