"""Closing a month: what keeps it open, what it held, and that nothing slips in.

Everybody who writes an entry shares one advisory lock on PostgreSQL, in a trigger, and looks then
whether the entry's period is closed; whoever closes or reopens takes that lock alone. So a close
has seen every entry of its period, and whoever comes later sees the close. On SQLite writers are
alone anyway.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, func, insert, select, text

from ledger import signatures
from ledger.closing_points import CHARGED, IN_PERIOD, open_points, provider_rests, span
from ledger.closing_tables import approvals, closings
from ledger.closing_views import (
    CLOSES_AFTER,
    Closing,
    ClosingEvent,
    OpenPoint,
    PeriodView,
    PointKind,
    ProviderRest,
    StillOpen,
)
from ledger.errors import BooksBusy, CloseRefused
from ledger.instants import DAY_US, from_us, period_of, to_us
from ledger.schema import AnyRow, entries, totals
from ledger.seal_table import seals
from ledger.selection import of_period, period_end_us

if TYPE_CHECKING:
    from ledger.books import Books

# Revision 0010 has it in a trigger.
_LOCK_NUMBER = 7_307_199_404
_CLAIM = text("SELECT pg_advisory_xact_lock(:number)")

_CLOSES_AFTER_US = int(CLOSES_AFTER.total_seconds()) * 1_000_000
_SEALINGS = 5
_NOTHING = (0, 0)

_HELD = select(
    func.count().label("entry_count"),
    func.min(entries.c.entry_id).label("first_entry_id"),
    func.max(entries.c.entry_id).label("last_entry_id"),
    CHARGED.label("charged_nano"),
).where(*IN_PERIOD)
_DAYS = (
    select(
        totals.c.day,
        func.sum(totals.c.entry_count).label("entry_count"),
        func.sum(totals.c.charged_nano + totals.c.adjusted_nano).label("charged_nano"),
    )
    .group_by(totals.c.day)
    .order_by(totals.c.day)
)
_EVENTS = (
    select(closings, approvals.c.actor.label("approved_by"))
    .join(approvals, approvals.c.request_id == closings.c.request_id, isouter=True)
    .order_by(closings.c.closing_id)
)
_LATEST = _EVENTS.where(
    closings.c.closing_id
    == select(func.max(closings.c.closing_id))
    .where(closings.c.period == bindparam("of_period"))
    .scalar_subquery()
)
_NEWEST_SEAL = (
    select(seals.c.block, seals.c.last_entry_id, seals.c.sha256)
    .order_by(seals.c.block.desc())
    .limit(1)
)
_INSERT = insert(closings).returning(closings.c.closing_id)


def close_period(
    books: Books,
    period: str,
    *,
    by: str,
    because: str,
    sign: bool = False,
    local: Collection[str] = (),
) -> Closing | StillOpen:
    """Seal all entries and close a month; nothing is booked in it from then on.

    `local` names providers that bill nobody. With `sign`, what is open is signed for by `by`, and
    kept with the close; without it, everything that is open is given back and nothing is closed.

    Raises:
        CloseRefused: it has not ended, is closed already, has nothing in it or before it, an
            earlier one with entries is open although the rest was signed, or nobody, or no reason,
            is named.
        BooksBusy: entries are written faster than they can be sealed.
    """
    for _ in range(_SEALINGS):
        books.seal()
        with books.transaction() as desk:
            done = desk.close_period(period, by=by, because=because, sign=sign, local=local)
        if done is not None:
            return done
    raise BooksBusy(
        f"the entries of {period} could not be sealed, because somebody writes for long: close it "
        "in a moment"
    )


def close(
    connection: Connection,
    now_us: int,
    period: str,
    decided: tuple[str, str],
    *,
    sign: bool,
    local: Collection[str],
) -> Closing | StillOpen | None:
    """See `ClosingDesk.close_period`."""
    who, why = signatures.signed(*decided, "a period is closed", CloseRefused)
    _must_have_ended(period, now_us)
    _claim(connection)
    latest = _latest(connection, period)
    if latest is not None and latest.event is ClosingEvent.CLOSE:
        raise CloseRefused(f"{period} is closed already, by {latest.by} {_on(latest)}")
    held = connection.execute(_HELD, span(period)).one()
    seal = connection.execute(_NEWEST_SEAL).one_or_none()
    if held.entry_count and (seal is None or seal.last_entry_id < held.last_entry_id):
        return None
    rests = provider_rests(connection, period, local)
    points = [*_earlier_open(connection, period), *open_points(connection, period, rests)]
    unsigned = [point for point in points if not (sign and point.can_be_signed)]
    if unsigned:
        return StillOpen(period, tuple(points))
    if not held.entry_count and not _any_before(connection, period):
        raise CloseRefused(
            f"the books have nothing in {period} or before it: there is no such month"
        )
    connection.execute(
        _INSERT,
        {
            # Another machine's clock may have been ahead when the month was reopened.
            "at_us": now_us if latest is None else max(now_us, to_us(latest.at)),
            "period": period,
            "event": ClosingEvent.CLOSE.value,
            "actor": who,
            "because": why,
            "entry_count": held.entry_count,
            "first_entry_id": held.first_entry_id,
            "last_entry_id": held.last_entry_id,
            "charged_nano": int(held.charged_nano),
            "providers_json": _rests_to_json(rests),
            "signed_json": _points_to_json(points),
            "seal_block": None if seal is None else seal.block,
            "seal_sha256": None if seal is None else seal.sha256,
        },
    )
    closed = _latest(connection, period)
    assert closed is not None  # noqa: S101 - it was just written
    return closed


def _must_have_ended(period: str, now_us: int) -> None:
    over_us = period_end_us(period) + 1 + _CLOSES_AFTER_US
    if now_us < over_us:
        raise CloseRefused(
            f"{period} cannot be closed before {from_us(over_us):%Y-%m-%d %H:%M} UTC: its last "
            "entries may still be on their way"
        )


def _claim(connection: Connection) -> None:
    """Be alone with the entries until the transaction ends, and see all of them."""
    if connection.dialect.name == "postgresql":
        connection.execute(_CLAIM, {"number": _LOCK_NUMBER})


def _on(closing: Closing) -> str:
    return f"on {closing.at:%Y-%m-%d at %H:%M} UTC"


def _any_before(connection: Connection, period: str) -> bool:
    first = connection.execute(select(func.min(entries.c.at_us))).scalar()
    return first is not None and period_of(first) <= period


def reopen(connection: Connection, now_us: int, request: AnyRow) -> None:
    """Let a closed period take entries again, as two persons wanted."""
    _claim(connection)
    connection.execute(
        _INSERT,
        {
            "at_us": now_us,
            "period": request.period,
            "event": ClosingEvent.REOPEN.value,
            "actor": request.actor,
            "because": request.because,
            "request_id": request.request_id,
        },
    )


def must_be_closed(connection: Connection, period: str) -> None:
    """Insist that a period is closed.

    Raises:
        CloseRefused: it is not, or is none.
    """
    latest = _latest(connection, _checked(period))
    if latest is None:
        raise CloseRefused(f"{period} was never closed: there is nothing to reopen")
    if latest.event is ClosingEvent.REOPEN:
        raise CloseRefused(f"{period} is open already: it was reopened {_on(latest)}")


def _checked(period: str) -> str:
    of_period(period)
    return period


def is_closed(connection: Connection, period: str) -> bool:
    """Whether nothing can be booked in a period."""
    latest = _latest(connection, period)
    return latest is not None and latest.event is ClosingEvent.CLOSE


def first_open(connection: Connection, period: str) -> str:
    """The period itself if it is open, else the next one that is: where corrections go."""
    shut = {
        name
        for name, events in _events(connection).items()
        if events[-1].event is ClosingEvent.CLOSE
    }
    while period in shut:
        period = period_of(period_end_us(period) + 1)
    return period


def _latest(connection: Connection, period: str) -> Closing | None:
    row = connection.execute(_LATEST, {"of_period": period}).one_or_none()
    return None if row is None else _closing(row)


def _events(connection: Connection) -> dict[str, list[Closing]]:
    found: dict[str, list[Closing]] = {}
    for row in connection.execute(_EVENTS):
        found.setdefault(row.period, []).append(_closing(row))
    return found


def periods(connection: Connection, now_us: int, local: Collection[str]) -> list[PeriodView]:
    """Every month with entries or a close, oldest first."""
    events = _events(connection)
    held = _by_month(connection)
    return [
        PeriodView(
            period=period,
            is_closed=bool(events.get(period)) and events[period][-1].event is ClosingEvent.CLOSE,
            has_ended=now_us > period_end_us(period),
            entry_count=held.get(period, _NOTHING)[0],
            charged_nano=held.get(period, _NOTHING)[1],
            providers=provider_rests(connection, period, local),
            events=tuple(events.get(period, ())),
        )
        for period in sorted(held.keys() | events.keys())
    ]


def _by_month(connection: Connection) -> dict[str, tuple[int, int]]:
    """Entries and nano-USD charged of each month, from the running totals, which are few."""
    found: dict[str, tuple[int, int]] = {}
    for row in connection.execute(_DAYS):
        month = period_of(row.day * DAY_US)
        count, charged_nano = found.get(month, _NOTHING)
        found[month] = (count + int(row.entry_count), charged_nano + int(row.charged_nano))
    return found


def _earlier_open(connection: Connection, period: str) -> list[OpenPoint]:
    return [
        OpenPoint(
            PointKind.EARLIER_OPEN,
            month,
            count,
            charged_nano,
            f"{month} has entries and is not closed",
            "close it first",
        )
        for month, (count, charged_nano) in sorted(_by_month(connection).items())
        if month < period and not is_closed(connection, month)
    ]


def _rests_to_json(rests: Sequence[ProviderRest]) -> str:
    return json.dumps(
        [
            {
                "provider": rest.provider,
                "charged_nano": rest.charged_nano,
                "statement_number": rest.statement_number,
                "statement_nano": rest.statement_nano,
                "is_local": rest.is_local,
                "carried_nano": rest.carried_nano,
            }
            for rest in rests
        ]
    )


def _points_to_json(points: Sequence[OpenPoint]) -> str:
    return json.dumps(
        [
            {
                "kind": point.kind.value,
                "subject": point.subject,
                "count": point.count,
                "amount_nano": point.amount_nano,
                "sentence": point.sentence,
            }
            for point in points
        ]
    )


def _closing(row: AnyRow) -> Closing:
    signed: list[dict[str, Any]] = json.loads(row.signed_json or "[]")
    rests: list[dict[str, Any]] = json.loads(row.providers_json or "[]")
    return Closing(
        closing_id=row.closing_id,
        at=from_us(row.at_us),
        period=row.period,
        event=ClosingEvent(row.event),
        by=row.actor,
        because=row.because,
        request_id=row.request_id,
        approved_by=row.approved_by,
        entry_count=row.entry_count or 0,
        first_entry_id=row.first_entry_id,
        last_entry_id=row.last_entry_id,
        charged_nano=row.charged_nano or 0,
        providers=tuple(ProviderRest(**rest) for rest in rests),
        signed=tuple(OpenPoint(**point | {"kind": PointKind(point["kind"])}) for point in signed),
        seal_sha256=row.seal_sha256,
    )
