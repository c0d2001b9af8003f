"""A provider's own record in the place of its statement: read over the network, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from generators import BilledRun, open_statements
from ledger import MoneyError, PriceLine, charge_nano
from ledger.instants import from_us
from ledger.invoices.statement import StatementLine
from ledger.selection import of_period

if TYPE_CHECKING:
    from flows.wiring import House

BATCH: Final = 100
"""How many lines are handed over at once: as many as a page of the list has."""

GROUPS_MAX: Final = 20
"""How many models and causes are told apart among runs without a price."""

_OTHERS: Final = ("", "each for a cause of its own")


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Runs of one model that nobody can price, for one cause."""

    model: str
    why: str
    count: int
    first_ref: str

    @property
    def in_words(self) -> str:
        """A sentence for the foot of a report."""
        runs, have = ("1 run", "has") if self.count == 1 else (f"{self.count:,} runs", "have")
        of_model = f" of {self.model}" if self.model else ""
        such = "" if self.count == 1 else "such as "
        named = f" ({such}{self.first_ref})" if self.first_ref else ""
        return f"{runs}{of_model}{named} {have} no price and no line: {self.why}."


@dataclass(frozen=True, slots=True)
class LiveReading:
    """How much of a provider's record could be read as a statement."""

    line_count: int
    under_way_count: int
    """Runs that have not ended: they are billed when they do."""
    unpriced: tuple[Unpriced, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every run that ended has a line: else they do not add up to the bill."""
        return not self.unpriced

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the statement has to know, a sentence each."""
        found = [one.in_words for one in self.unpriced]
        if self.under_way_count:
            have = "run has" if self.under_way_count == 1 else "runs have"
            found.append(
                f"{self.under_way_count:,} {have} not ended: a run is billed in the month of its end."
            )
        return tuple(found)


def read_live(
    house: House,
    provider: str,
    period: str,
    take: Callable[[Sequence[StatementLine]], object],
) -> LiveReading:
    """Read what a provider ran in a month from its own record; `take` gets the lines in batches.

    A run counts in the month, UTC, in which it ended. It has one line, of its usage at the prices
    of the model's card, rounded once as the books round a charge.

    Raises:
        SelectionRefused: the period is no month.
        NoProvider, NoStatements, TokenMissing: there is no record that could be read.
        ProviderUnavailable: it cannot be read now; what was taken until then is no whole statement.
    """
    span = _span(period)

    async def read() -> LiveReading:
        gathered = _Gathering(take)
        statements = open_statements(provider, house.access())
        try:
            async for run in statements.runs(*span):
                gathered.add(run)
        finally:
            await statements.aclose()
        return gathered.finish()

    return asyncio.run(read())


def _span(period: str) -> tuple[datetime, datetime]:
    chosen = of_period(period)
    return from_us(chosen.since_us or 0), from_us(chosen.until_us or 0)


@dataclass(slots=True)
class _Gathering:
    """Turns runs into lines, and counts those that are none."""

    take: Callable[[Sequence[StatementLine]], object]
    line_count: int = 0
    under_way_count: int = 0
    _batch: list[StatementLine] = field(default_factory=list)
    _unpriced: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    def add(self, run: BilledRun) -> None:
        if run.under_way:
            self.under_way_count += 1
        elif run.unpriced is not None:
            self._leave_out(run, run.unpriced)
        else:
            try:
                amount_nano = _amount_nano(run)
            except MoneyError:
                self._leave_out(run, "its usage is no quantity that money can be made of")
                return
            self._put(run, amount_nano)

    def finish(self) -> LiveReading:
        self._hand_over()
        unpriced = tuple(
            Unpriced(model, why, count, first_ref)
            for (model, why), (count, first_ref) in self._unpriced.items()
        )
        return LiveReading(self.line_count, self.under_way_count, unpriced)

    def _put(self, run: BilledRun, amount_nano: int) -> None:
        self.line_count += 1
        line = StatementLine(
            line_number=self.line_count,
            provider_ref=run.ref,
            amount_nano=amount_nano,
            model=run.model,
            at=run.billed_at,
            status=run.status,
        )
        self._batch.append(line)
        if len(self._batch) == BATCH:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._batch:
            self.take(self._batch)
            self._batch = []

    def _leave_out(self, run: BilledRun, why: str) -> None:
        key = (run.model, why)
        if key not in self._unpriced and len(self._unpriced) >= GROUPS_MAX:
            key = _OTHERS
        count, first_ref = self._unpriced.get(key, (0, run.ref))
        self._unpriced[key] = (count + 1, first_ref)


def _amount_nano(run: BilledRun) -> int:
    return charge_nano(
        PriceLine(line.metric, line.quantity, line.unit, line.unit_price_usd) for line in run.usage
    )
