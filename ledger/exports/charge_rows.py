"""Charges out of the books: streamed in the order of their entries, priced as they were booked."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, case, func, select

from ledger import entries as entry_form
from ledger.exports.charge_line import CURRENCY, ChargeLine
from ledger.exports.selected_entries import KINDS, billed, signed_amount
from ledger.finance_tables import adjustments
from ledger.instants import from_us
from ledger.kinds import EntryKind
from ledger.money import charge_nano, share, usd
from ledger.reports import conditions
from ledger.reports.report import Provenance
from ledger.schema import attempts, entries, jobs, releases
from ledger.selection import Selection
from ledger.views import ChargeRow

BATCH: Final = 1_000
"""Rows in memory at a time."""

_PRICES_KEPT: Final = 10_000
"""Price lists that are remembered; most charges of a model have the very same."""

ADJUSTMENT_UNIT: Final = "adjustment"

_OVERRUN: Final = EntryKind.OVERRUN.value

# An entry of an adjustment names no attempt of its own: the record beside it does.
_ATTEMPT_ID: Final = func.coalesce(entries.c.attempt_id, adjustments.c.attempt_id)

_BILL: Final = (
    select(
        entries.c.entry_id,
        entries.c.at_us,
        entries.c.period,
        entries.c.order_id,
        entries.c.job_id,
        _ATTEMPT_ID.label("attempt_id"),
        entries.c.cost_center,
        entries.c.campaign,
        entries.c.owner,
        entries.c.provider,
        entries.c.model,
        entries.c.provider_ref,
        entries.c.kind,
        entries.c.lines_json,
        signed_amount().label("amount_nano"),
        # What was accepted, which a mend may have made of what was charged for.
        case((jobs.c.accepted_at_us.is_not(None), attempts.c.sha256)).label("asset_sha256"),
        releases.c.release_key,
        attempts.c.held_at_us,
        entries.c.because,
    )
    .join(adjustments, adjustments.c.entry_id == entries.c.entry_id, isouter=True)
    .join(attempts, attempts.c.attempt_id == _ATTEMPT_ID, isouter=True)
    .join(releases, releases.c.attempt_id == _ATTEMPT_ID, isouter=True)
    .join(
        jobs,
        and_(jobs.c.job_id == entries.c.job_id, jobs.c.attempt_id == _ATTEMPT_ID),
        isouter=True,
    )
    .where(entries.c.kind.in_(KINDS))
    .order_by(entries.c.entry_id)
    .execution_options(yield_per=BATCH)
)


def charge_batches(
    connection: Connection, selection: Selection, provenance: Provenance
) -> Iterator[list[ChargeLine]]:
    """One line per charge, overrun and adjustment, in the order of the entries, streamed in lists.

    `provenance` is that of the same selection, see `selected_entries.billed`.
    """
    if not provenance.entry_count:
        return
    # Closed by name: a reader may stop early, and a server keeps the rest until it is told.
    with connection.execute(_bill(selection, provenance)) as bill:
        for rows in bill.partitions():
            yield [_line(*row) for row in rows]


def _bill(selection: Selection, provenance: Provenance) -> Select[Any]:
    first, last = (
        int((named or "E0")[1:]) for named in (provenance.first_entry_id, provenance.last_entry_id)
    )
    whenever = Selection(where=selection.where)
    # The span of ids is walked in its order; by the time's index all would have to be sorted.
    at_us = entries.c.at_us + 0
    return _BILL.where(
        entries.c.entry_id.between(first, last),
        *conditions.of_entries(whenever),
        *conditions.between(selection, at_us),
    )


def _line(  # noqa: PLR0913, PLR0917  the columns of the statement above: there are millions of rows
    entry_id: int,
    at_us: int,
    period: str,
    order_id: str | None,
    job_id: str | None,
    attempt_id: str | None,
    cost_center: str | None,
    campaign: str | None,
    owner: str | None,
    provider: str,
    model: str | None,
    provider_ref: str | None,
    kind: str,
    lines_json: str | None,
    amount_nano: int,
    asset_sha256: str | None,
    release_key: str | None,
    held_at_us: int | None,
    because: str | None,
) -> ChargeLine:
    quantity, unit, unit_price_usd = (
        _adjusted(amount_nano) if lines_json is None else _priced(kind, lines_json, amount_nano)
    )
    return ChargeLine(
        entry_id,
        at_us,
        period,
        order_id,
        job_id,
        attempt_id,
        cost_center,
        campaign,
        owner,
        provider,
        model,
        provider_ref,
        kind,
        quantity,
        unit,
        unit_price_usd,
        amount_nano,
        asset_sha256,
        release_key,
        held_at_us,
        because,
    )


def _adjusted(amount_nano: int) -> tuple[Decimal, str, Decimal]:
    """An adjustment is one at its whole amount, or one less."""
    return Decimal(1 if amount_nano > 0 else -1), ADJUSTMENT_UNIT, usd(abs(amount_nano))


def _priced(kind: str, lines_json: str, amount_nano: int) -> tuple[Decimal, str, Decimal]:
    """Quantity, unit and unit price of one entry's part of a charge.

    Where a part of the charge is an overrun, the quantity is split as the money is, and both
    parts add up to the whole.
    """
    whole_nano, quantity, unit, unit_price_usd = _price_list(lines_json)
    if amount_nano == whole_nano:
        return quantity, unit, unit_price_usd
    is_overrun = kind == _OVERRUN
    under_nano = whole_nano - amount_nano if is_overrun else amount_nano
    under = share(quantity, under_nano, whole_nano)
    return quantity - under if is_overrun else under, unit, unit_price_usd


@lru_cache(_PRICES_KEPT)
def _price_list(lines_json: str) -> tuple[int, Decimal, str, Decimal]:
    """What a charge came to in all; its quantity, unit and unit price.

    A charge of one price line keeps that line's; one of several is one run at its whole amount.
    """
    lines = entry_form.lines_from_json(lines_json)
    whole_nano = charge_nano(lines)
    if len(lines) == 1:
        (line,) = lines
        return whole_nano, line.quantity, line.unit, line.unit_price_usd
    return whole_nano, Decimal(1), "run", usd(whole_nano)


def charge_rows(connection: Connection, selection: Selection) -> Iterator[ChargeRow]:
    """The same as records, for whoever reads a few."""
    _, provenance = billed(connection, selection)
    for batch in charge_batches(connection, selection, provenance):
        yield from map(_charge_row, batch)


def _charge_row(line: ChargeLine) -> ChargeRow:
    return ChargeRow(
        entry_id=f"E{line.entry_id}",
        at=from_us(line.at_us),
        period=line.period,
        order_id=line.order_id,
        job_id=line.job_id,
        attempt_id=line.attempt_id,
        cost_center=line.cost_center,
        campaign=line.campaign,
        owner=line.owner,
        provider=line.provider,
        model=line.model,
        provider_ref=line.provider_ref,
        kind=line.kind,
        quantity=line.quantity,
        unit=line.unit,
        unit_price_usd=line.unit_price_usd,
        amount_usd=usd(line.amount_nano),
        currency=CURRENCY,
        asset_sha256=line.asset_sha256,
        release_key=line.release_key,
    )
