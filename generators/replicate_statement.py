"""Replicate's own record as a statement: every run of a span of time, priced by the model cards.

Replicate's API shows no price and no bill (see its OpenAPI description: nothing of either), but it
lists every run of the account with the metrics that the bill is made of. That list can be filtered
by creation only, and metered use is known when a run ends: so the list is read from a day earlier
on, and a run counts where it completed. Each run is in exactly one span that way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from generators.card_prices import rows_in_force
from generators.contract import BilledRun, UsageLine
from generators.errors import ProviderUnavailable
from generators.replicate_listing import first_page, read_page
from generators.replicate_patience import Clocks
from generators.replicate_prediction import Prediction, read_prediction

if TYPE_CHECKING:
    from generators.cards import Cards, ModelCard
    from generators.replicate_wire import ReplicateWire

RUN_LONGEST = timedelta(days=1)
"""No run takes longer, its time in the queue included: Replicate ends one after half an hour
(replicate.com/docs/topics/predictions/lifecycle). An end that is further from the creation is a fault of
the record, and then the creation counts.
"""

PAGES_MAX = 20_000
"""Two million runs: a span that has more is to be read in parts."""

IDLE_PAGES_MAX = 20
"""So many pages in a row that show nothing new are a list that goes in circles."""

REMEMBERED_MAX = 1_000
"""How many of the latest items are remembered, to know those that slide to the next page again."""


class ReplicateStatements:
    """Reads one account's list of runs. Use it from one event loop; close it with `aclose`."""

    def __init__(self, cards: Cards, wire: ReplicateWire, *, clocks: Clocks | None = None) -> None:
        ours = [card for card in cards if card.provider == self.provider]
        self._by_model = {card.model: card for card in ours}
        self._by_version = {
            card.endpoint.version: card for card in ours if card.endpoint.version is not None
        }
        self._wire = wire
        self._clocks = clocks or Clocks()

    @property
    def provider(self) -> str:
        """`replicate`."""
        return "replicate"

    async def runs(self, since: datetime, until: datetime) -> AsyncIterator[BilledRun]:
        """Read the runs that are billed from `since` on and before `until`; see `Statements`.

        Raises:
            ProviderUnavailable: the record cannot be read now.
        """
        seen: dict[str, None] = {}
        idle = 0
        url: str | None = first_page(since - RUN_LONGEST, until)
        for _ in range(PAGES_MAX):
            if url is None:
                return
            page = await read_page(self._wire, self._clocks, url)
            url = page.next_url
            fresh = _fresh(page.items, seen)
            idle = 0 if any(fresh) else idle + 1
            if idle > IDLE_PAGES_MAX:
                raise ProviderUnavailable("Replicate", "its record goes in circles")
            for item in fresh:
                run = self._read(item)
                if _is_within(run, since, until):
                    yield run
        if url is not None:
            raise ProviderUnavailable("Replicate", f"its record has more than {PAGES_MAX:,} pages")

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._wire.aclose()

    def _read(self, prediction: Prediction | None) -> BilledRun:
        if prediction is None:
            return BilledRun("", "", None, None, "", (), unpriced="the record cannot be read")
        card = self._by_version.get(prediction.version) or self._by_model.get(prediction.model)
        priced = _priced(prediction, card)
        return BilledRun(
            ref=prediction.ref,
            model=self._wire.clean(prediction.model) if card is None else card.model,
            created_at=prediction.created_at,
            completed_at=_end(prediction),
            status=self._wire.clean(prediction.status),
            usage=() if isinstance(priced, str) else priced,
            unpriced=self._wire.clean(priced) if isinstance(priced, str) else None,
            under_way=not prediction.ended,
        )


def _end(run: Prediction) -> datetime | None:
    """Return when a run ended, if that can be."""
    created, completed = run.created_at, run.completed_at
    if created is None or completed is None:
        return completed
    return completed if created <= completed <= created + RUN_LONGEST else None


def _is_within(run: BilledRun, since: datetime, until: datetime) -> bool:
    moment = run.billed_at
    return moment is None or run.under_way or since <= moment < until


def _fresh(items: Sequence[object], seen: dict[str, None]) -> list[Prediction | None]:
    """Read a page's items and leave out those that were on a page before."""
    fresh: list[Prediction | None] = []
    for item in items:
        prediction = read_prediction(item)
        if prediction is not None:
            if prediction.ref in seen:
                continue
            seen[prediction.ref] = None
        fresh.append(prediction)
    while len(seen) > REMEMBERED_MAX:
        del seen[next(iter(seen))]
    return fresh


def _priced(run: Prediction, card: ModelCard | None) -> tuple[UsageLine, ...] | str:
    """Price a run by its card, or say in a clause why nobody can."""
    if run.deployment and run.ended:
        return f"it ran on deployment {run.deployment}, which is billed by its machines' time"
    # What never started is free, whatever the model (Replicate's changelog of 2025-10-16).
    if not run.ended or run.status == "aborted":
        return ()
    if card is None:
        return "no model card prices it"
    free = {"failed": not card.failed_is_charged, "canceled": not card.canceled_is_charged}
    if free.get(run.status, False):
        return ()
    moment = run.created_at or run.completed_at
    if moment is None:
        return "the record does not say when it ran"
    # The books price a run by the day of its creation too.
    return _lines(run, card, moment.date())


def _lines(run: Prediction, card: ModelCard, day: date) -> tuple[UsageLine, ...] | str:
    rows = rows_in_force(card.prices, day)
    if set(rows) != set(card.quantities):
        lacking = ", ".join(sorted(set(card.quantities) - set(rows)))
        return f"its model card has no price for {lacking} on {day}"
    lines: list[UsageLine] = []
    for metric, row in sorted(rows.items()):
        rule = card.quantities[metric]
        quantity = run.metrics.get(metric)
        if quantity is None and not rule.reported and isinstance(rule.dearest, Decimal):
            quantity = rule.dearest
        elif quantity is None and run.status != "succeeded" and rule.dearest != "seconds_max":
            # What did not succeed gave no output to be counted.
            quantity = Decimal(0)
        if quantity is None and row.unit_price:
            return f"the record does not show its {metric}"
        if quantity:
            lines.append(UsageLine(metric, quantity, row.unit, row.unit_price))
    return tuple(lines)
