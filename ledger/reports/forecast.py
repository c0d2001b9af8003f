"""The forecast as a report: spent, held, still to come, the cap, and the day on which it is reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from ledger.forecasting import Forecast, ForecastRow, OrderForecast
from ledger.money import format_usd
from ledger.nights import ENDED_DAYS, NIGHTS_MAX
from ledger.reports.asked import key_columns, titled, unnamed_note
from ledger.reports.report import Cell, Column, ColumnKind, Report

NAMED_MAX: Final = 8
"""Orders that notes name one by one; `--by order` has all of them."""

_AMOUNTS: Final = (
    Column("spent_usd", "spent", ColumnKind.MONEY),
    Column("held_usd", "held", ColumnKind.MONEY),
    Column("to_come_usd", "to come", ColumnKind.MONEY),
    Column("forecast_usd", "forecast", ColumnKind.MONEY),
)
_CAPS: Final = (
    Column("cap_usd", "cap", ColumnKind.MONEY),
    Column("left_usd", "left", ColumnKind.MONEY),
    Column("cap_reached_on", "reached", ColumnKind.DAY),
)
_NIGHTS: Final = (
    Column("night_usd", "a night", ColumnKind.MONEY),
    Column("nights_counted", "mean of", ColumnKind.COUNT),
    Column("nights_left", "nights", ColumnKind.COUNT),
)


def report_of(found: Forecast) -> Report:
    """Lay a forecast out."""
    by = found.wish.by
    extra = _CAPS if by == "cost_center" else _NIGHTS if by == "order" else ()
    known = {one.slug: one for one in found.orders}
    rows = [_cells(row, by, known) for row in found.rows]
    return Report(
        name="forecast",
        title=f"Forecast to the month's end by {titled([by])}",
        selection=found.wish.selection,
        columns=(*key_columns([by]), *_AMOUNTS, *extra),
        rows=rows,
        totals=_totals(found.rows, by) if rows else None,
        notes=(*_notes(found), *unnamed_note((row.key,) for row in found.rows)),
        provenance=found.provenance,
    )


def _cells(row: ForecastRow, by: str, known: dict[str, OrderForecast]) -> tuple[Cell, ...]:
    amounts = (
        row.key,
        row.spent_nano,
        row.held_nano,
        row.to_come_nano,
        row.forecast_nano,
    )
    if by == "cost_center":
        return (*amounts, row.cap_nano, row.left_nano, row.reached_on)
    if by != "order":
        return amounts
    one = known.get(row.key or "")
    if one is None:
        return (*amounts, None, None, None)
    night_nano = None if one.is_unknown or not (one.nights or one.quote) else one.night_nano
    mean_nano = None if night_nano is None else round(night_nano)
    return (*amounts, mean_nano, len(one.nights), row.nights_left)


def _totals(rows: Sequence[ForecastRow], by: str) -> tuple[Cell, ...]:
    sums: tuple[Cell, ...] = (
        "in all",
        sum(row.spent_nano for row in rows),
        sum(row.held_nano for row in rows),
        sum(row.to_come_nano for row in rows),
        sum(row.forecast_nano for row in rows),
    )
    # Caps of some add up to no cap of all, and means of orders to no mean.
    return (*sums, None, None, None) if by in {"cost_center", "order"} else sums


def _notes(found: Forecast) -> Iterator[str]:
    wish = found.wish
    last = wish.selection.last_day
    if last is not None and last < wish.today:
        yield "The month is over: nothing is to come, and what was held then and is still held counts."
        return
    yield (
        f"Counted from {wish.today}: forecast is spent, held and to come. To come is, for each order "
        f"that runs by night, the mean cost of its last nights that ended ({NIGHTS_MAX} at most) "
        "times its nights left, on the weekdays on which it ran in the last four weeks."
    )
    yield "What is held counts in full; what is to come is rounded to a hundredth of a cent an order."
    coming = [one for one in found.orders if one.days and not one.is_unknown]
    for one in coming[:NAMED_MAX]:
        yield _told(one)
    if len(coming) > NAMED_MAX:
        yield f"And {len(coming) - NAMED_MAX:,} more orders; a forecast by order has all of them."
    yield from _not_counted(found)


def _told(one: OrderForecast) -> str:
    left = f"{len(one.days)} night{'' if len(one.days) == 1 else 's'} left"
    if one.quote is not None:
        return (
            f"{one.slug} has no night that ended: quoted {format_usd(one.quote.expected_nano)} "
            f"expected, {format_usd(one.quote.dearest_nano)} at the dearest; {left}, "
            f"{format_usd(one.to_come_nano)} expected, "
            f"{format_usd(one.quote.dearest_nano * len(one.days))} at the dearest."
        )
    count = f"{len(one.nights)} night{'' if len(one.nights) == 1 else 's'}"
    return (
        f"{one.slug}: {format_usd(round(one.night_nano), 4)} is the mean of {count} "
        f"({_span([night.day for night in one.nights])}); {left}."
    )


def _span(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _not_counted(found: Forecast) -> Iterator[str]:
    unknown = [one.slug for one in found.orders if one.is_unknown]
    if unknown:
        yield (
            f"Nothing is counted for {_named(unknown)}: no night of it ended yet; --orders FOLDER "
            "says what it is quoted."
        )
    ended = [one.slug for one in found.orders if one.ended]
    if ended and found.wish.quotes is not None:
        yield f"Not in the folder, and so taken as ended: {_named(ended)}."
    elif ended:
        yield f"Taken as ended, with no night in the last {ENDED_DAYS} days: {_named(ended)}."


def _named(slugs: Sequence[str]) -> str:
    more = len(slugs) - NAMED_MAX
    return ", ".join(slugs[:NAMED_MAX]) + (f" and {more:,} more" if more > 0 else "")
