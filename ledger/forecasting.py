"""What a month will have cost when it ends: what is spent and held, and the nights still to come.

For each nightly order: the mean cost of its last nights that ended, times its nights that are left.
An order without such a night is taken at what it was quoted, where somebody quotes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from sqlalchemy import Connection, select

from ledger import nights as nightly
from ledger.errors import SelectionRefused
from ledger.kinds import Scope
from ledger.reports import sums
from ledger.reports.provenance import provenance
from ledger.reports.report import Provenance
from ledger.schema import budgets, cap_rules
from ledger.selection import Selection

DIMENSIONS: Final = ("cost_center", "campaign", "order", "owner", "provider", "model")
"""What a forecast can be by."""

STEP_NANO: Final = 100_000
"""What is still to come is an estimate: rounded half-even to a hundredth of a cent, once an order."""


@dataclass(frozen=True, slots=True)
class NightQuote:
    """What one night of an order would cost, told from its file."""

    slug: str
    names: Mapping[str, str]
    """Its cost centre, campaign, owner, provider and model."""
    expected_nano: int
    """Every job accepted at its first attempt, at its usual price."""
    dearest_nano: int
    """Every attempt used, each at its dearest, and no more than the order's cap."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to know."""

    selection: Selection
    """One month, and perhaps filters."""
    today: date
    by: str = "cost_center"
    quotes: tuple[NightQuote, ...] | None = None
    """The orders of the nightly folder; None where nobody named it."""


@dataclass(frozen=True, slots=True)
class OrderForecast:
    """One nightly order's nights that are still to come."""

    slug: str
    names: Mapping[str, str]
    nights: tuple[nightly.Night, ...]
    """Those that the mean is made of, oldest first; none where it is quoted or nothing is known."""
    night_nano: Fraction
    """What a night costs."""
    days: tuple[date, ...]
    """The nights that are left."""
    quote: NightQuote | None = None
    """Where there is no night to make a mean of."""
    ended: bool = False
    """Nothing is expected of it any more."""

    @property
    def to_come_nano(self) -> int:
        """What the nights that are left will cost."""
        return round(self.night_nano * len(self.days) / STEP_NANO) * STEP_NANO

    @property
    def is_unknown(self) -> bool:
        """Whether nights are left and nobody can say what one costs."""
        return bool(self.days) and not self.nights and self.quote is None


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """One value of the dimension. Amounts in nano-USD."""

    key: str | None
    spent_nano: int
    held_nano: int
    nights_left: int
    to_come_nano: int
    cap_nano: int | None
    reached_on: date | None
    """The first day on which the cap has no room any more; None where it lasts, or is none."""

    @property
    def forecast_nano(self) -> int:
        """What it will have come to at the month's end."""
        return self.spent_nano + self.held_nano + self.to_come_nano

    @property
    def left_nano(self) -> int | None:
        """What will be left of the cap; below zero where it will not do."""
        return None if self.cap_nano is None else self.cap_nano - self.forecast_nano


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month's forecast."""

    wish: Wish
    rows: tuple[ForecastRow, ...]
    orders: tuple[OrderForecast, ...]
    provenance: Provenance
    """Of what is spent and of the nights that the means are made of."""


def forecast(connection: Connection, wish: Wish) -> Forecast:
    """Forecast a month; `connection` must see one moment throughout.

    Raises:
        SelectionRefused: it is not one whole month, is filtered by jobs, or is by something else.
    """
    if wish.selection.period is None:
        raise SelectionRefused("a forecast is for one whole month, such as 2026-11")
    if wish.by not in DIMENSIONS:
        raise SelectionRefused(f"a forecast can be by {', '.join(DIMENSIONS)}, not by {wish.by!r}")
    if any(name == "job" for name, _ in wish.selection.where):
        raise SelectionRefused("a forecast is about whole orders and cannot be filtered by jobs")
    known = nightly.nights(connection, wish.selection)
    of_orders = _of_orders(connection, wish, known)
    return Forecast(
        wish=wish,
        rows=tuple(_rows(connection, wish, known, of_orders)),
        orders=tuple(of_orders),
        provenance=provenance(connection, _made_of(wish, of_orders)),
    )


def _made_of(wish: Wish, of_orders: Sequence[OrderForecast]) -> Selection:
    """Select the month's entries and those of the nights that the means are made of."""
    days = [night.day for one in of_orders if one.days for night in one.nights]
    first, last = wish.selection.first_day, wish.selection.last_day
    return Selection(
        min([*days, first or wish.today]), max([*days, last or wish.today]), wish.selection.where
    )


def _of_orders(
    connection: Connection, wish: Wish, known: Mapping[str, Sequence[nightly.Night]]
) -> list[OrderForecast]:
    quoted = {quote.slug: quote for quote in wish.quotes or () if _is_meant(wish, quote)}
    slugs = sorted({*known, *quoted})
    means = {slug: tuple(nightly.counted(known.get(slug, ()))) for slug in slugs}
    costs = nightly.costs(
        connection, [night.order_id for of_slug in means.values() for night in of_slug]
    )
    return [
        _of_order(wish, slug, known.get(slug, ()), means[slug], costs, quoted.get(slug))
        for slug in slugs
    ]


def _is_meant(wish: Wish, quote: NightQuote) -> bool:
    """Whether the filters let the order of a file through."""
    return all(quote.names.get(name) in values for name, values in wish.selection.where)


def _of_order(
    wish: Wish,
    slug: str,
    known: Sequence[nightly.Night],
    counted: tuple[nightly.Night, ...],
    costs: Mapping[str, int],
    quote: NightQuote | None,
) -> OrderForecast:
    # Whoever names the folder says which orders run; without it, those that ran lately do.
    gone = bool(known) and nightly.has_ended(known, wish.today)
    ended = quote is None if wish.quotes is not None else gone
    first, last = wish.selection.first_day, wish.selection.last_day
    assert first is not None  # noqa: S101  a month has both
    assert last is not None  # noqa: S101  as above
    every_day = not known or gone
    days = (
        ()
        if ended
        else tuple(nightly.nights_left(known, first, last, wish.today, every_day=every_day))
    )
    names = known[-1].names if quote is None else quote.names
    night_nano = Fraction(0)
    if counted:
        night_nano = nightly.mean_nano(counted, costs)
    elif quote is not None:
        night_nano = Fraction(quote.expected_nano)
    return OrderForecast(
        slug=slug,
        names=names,
        nights=counted,
        night_nano=night_nano,
        days=days,
        quote=None if counted else quote,
        ended=ended,
    )


def _rows(
    connection: Connection,
    wish: Wish,
    known: Mapping[str, Sequence[nightly.Night]],
    of_orders: Sequence[OrderForecast],
) -> list[ForecastRow]:
    spent: dict[str | None, int] = defaultdict(int)
    held: dict[str | None, int] = defaultdict(int)
    slugs = {night.order_id: slug for slug, of_slug in known.items() for night in of_slug}
    for row in sums.summary(connection, (wish.by,), wish.selection):
        key = row.keys[0]
        if wish.by == "order" and key is not None:
            key = slugs.get(key, key)
        spent[key] += row.charged_nano
        held[key] += row.held_nano
    coming: dict[str | None, list[OrderForecast]] = defaultdict(list)
    for one in of_orders:
        if one.days:
            coming[one.slug if wish.by == "order" else one.names[wish.by]].append(one)
    caps = _caps(connection, wish)
    keys = {key for key in (*spent, *held, *coming, *caps) if key is None or key}
    return [
        _row(wish, key, (spent[key], held[key]), coming[key], caps.get(key))
        for key in sorted(keys, key=lambda key: (key is None, key or ""))
    ]


def _row(
    wish: Wish,
    key: str | None,
    spent_held: tuple[int, int],
    coming: Sequence[OrderForecast],
    cap_nano: int | None,
) -> ForecastRow:
    spent_nano, held_nano = spent_held
    return ForecastRow(
        key=key,
        spent_nano=spent_nano,
        held_nano=held_nano,
        nights_left=sum(len(one.days) for one in coming),
        to_come_nano=sum(one.to_come_nano for one in coming),
        cap_nano=cap_nano,
        reached_on=_reached_on(wish, spent_nano + held_nano, coming, cap_nano),
    )


def _reached_on(
    wish: Wish, used_nano: int, coming: Sequence[OrderForecast], cap_nano: int | None
) -> date | None:
    """Count night by night until the cap has no room for the next one."""
    last = wish.selection.last_day
    if cap_nano is None or last is None or last < wish.today:
        return None
    if used_nano >= cap_nano:
        return max(wish.today, wish.selection.first_day or wish.today)
    used = Fraction(used_nano)
    for day in sorted({day for one in coming for day in one.days}):
        used += sum((one.night_nano for one in coming if day in one.days), Fraction(0))
        if used > cap_nano:
            return day
    return None


def _caps(connection: Connection, wish: Wish) -> dict[str | None, int]:
    """The caps of cost centres for the month, where whole cost centres are looked at."""
    if wish.by != "cost_center" or any(name != "cost_center" for name, _ in wish.selection.where):
        return {}
    period = wish.selection.period or ""
    caps: dict[str | None, int | None] = {}
    if period >= wish.today.strftime("%Y-%m"):
        rules = select(cap_rules.c.subject, cap_rules.c.cap_nano).where(
            cap_rules.c.scope == Scope.COST_CENTER.value
        )
        caps |= {row.subject: row.cap_nano for row in connection.execute(rules.order_by("rule_id"))}
    rows = select(budgets.c.subject, budgets.c.cap_nano).where(
        budgets.c.scope == Scope.COST_CENTER.value, budgets.c.period == period
    )
    caps |= {row.subject: row.cap_nano for row in connection.execute(rows)}
    meant = dict(wish.selection.where).get("cost_center")
    return {
        key: cap for key, cap in caps.items() if cap is not None and (meant is None or key in meant)
    }
