"""What keeps a month from being closed: statements, what differs from them, attempts under way."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, bindparam, case, func, select

from ledger.closing_views import OpenPoint, PointKind, ProviderRest
from ledger.finance_tables import statements
from ledger.invoices import ours, twice
from ledger.kinds import EntryKind
from ledger.money import format_usd
from ledger.records import AttemptState
from ledger.schema import AnyRow, attempts, entries, orders
from ledger.selection import of_period
from ledger.totals import ADJUSTED, BILLED

_HALF_A_CENT_NANO = 5_000_000
_ATTEMPTS_NAMED = 3

CHARGED = func.coalesce(
    func.sum(
        case(
            (entries.c.kind.in_((*BILLED, EntryKind.ADJUST_UP.value)), entries.c.amount_nano),
            (entries.c.kind == EntryKind.ADJUST_DOWN.value, -entries.c.amount_nano),
            else_=0,
        )
    ),
    0,
)
IN_PERIOD = (
    entries.c.at_us >= bindparam("since_us"),
    entries.c.at_us < bindparam("until_us"),
)
_BY_PROVIDER = (
    select(entries.c.provider, CHARGED.label("charged_nano"))
    .where(*IN_PERIOD, entries.c.kind.in_((*BILLED, *ADJUSTED)))
    .group_by(entries.c.provider)
)
_STATEMENTS = (
    select(statements.c.provider, statements.c.number, statements.c.total_nano)
    .where(statements.c.period == bindparam("period"))
    .order_by(statements.c.provider, statements.c.number)
)
_OPEN_ATTEMPTS = (
    select(attempts.c.attempt_id, attempts.c.hold_nano, attempts.c.state, orders.c.provider)
    .join(orders, orders.c.order_id == attempts.c.order_id)
    .where(
        attempts.c.state.in_((AttemptState.HELD.value, AttemptState.UNKNOWN.value)),
        attempts.c.held_at_us >= bindparam("since_us"),
        attempts.c.held_at_us < bindparam("until_us"),
    )
    .order_by(orders.c.provider, attempts.c.held_at_us, attempts.c.attempt_id)
)


def span(period: str) -> dict[str, int | None]:
    """What `IN_PERIOD` is asked with."""
    selected = of_period(period)
    return {"since_us": selected.since_us, "until_us": selected.until_us}


def provider_rests(
    connection: Connection, period: str, local: Collection[str]
) -> tuple[ProviderRest, ...]:
    """What each provider with charges or a statement in a period comes to, in the books and there."""
    charged = {
        row.provider: int(row.charged_nano)
        for row in connection.execute(_BY_PROVIDER, span(period))
    }
    # The latest statement of a provider stands: the rows come in the order of their numbers.
    stated = {
        row.provider: (row.number, row.total_nano)
        for row in connection.execute(_STATEMENTS, {"period": period})
    }
    carried = ours.carried_nano(connection, period)
    return tuple(
        ProviderRest(
            provider=provider,
            charged_nano=charged.get(provider, 0),
            statement_number=stated[provider][0] if provider in stated else None,
            statement_nano=stated[provider][1] if provider in stated else None,
            is_local=provider in local,
            carried_nano=carried.get(provider, 0),
        )
        for provider in sorted(charged.keys() | stated.keys())
    )


def open_points(
    connection: Connection, period: str, rests: Iterable[ProviderRest]
) -> list[OpenPoint]:
    """What the providers and their attempts keep a period from being closed by."""
    return [
        *filter(None, (_of_provider(period, rest) for rest in rests)),
        *_charged_twice(connection, period),
        *_still_held(connection, period),
    ]


def _of_provider(period: str, rest: ProviderRest) -> OpenPoint | None:
    name, charged = rest.provider, format_usd(rest.own_nano)
    if rest.rest_nano is None:
        # Where all that a month has is corrections of others, there is no bill to wait for.
        if rest.is_local or (rest.carried_nano and not rest.own_nano):
            return None
        return OpenPoint(
            PointKind.NO_STATEMENT,
            name,
            0,
            rest.own_nano,
            f"{name} has no statement for {period}, and the books have {charged}",
            f"`mintage ledger reconcile STATEMENT --provider {shlex.quote(name)} --period {period} "
            "--post --by … --because …` posts one",
        )
    # Equal to the cent: an invoice in whole cents is what the books come to when they are rounded.
    if abs(rest.rest_nano) <= _HALF_A_CENT_NANO:
        return None
    return OpenPoint(
        PointKind.DIFFERS,
        name,
        0,
        rest.rest_nano,
        f"{name} bills {format_usd(rest.statement_nano or 0)} for {period} (statement "
        f"{rest.statement_number}), and the books have {charged}: {format_usd(rest.rest_nano)} "
        "apart",
        f"`mintage ledger reconcile STATEMENT --provider {shlex.quote(name)} --period {period}` "
        "says by what",
    )


def _charged_twice(connection: Connection, period: str) -> list[OpenPoint]:
    """One point for each provider and month whose statement has runs that this month charged."""
    found: dict[tuple[str, str], list[twice.ChargedTwice]] = {}
    for one in twice.charged_twice(connection, period):
        found.setdefault((one.provider, one.posted_in), []).append(one)
    points = []
    for (provider, posted_in), runs in sorted(found.items()):
        count, amount_nano = len(runs), sum(one.amount_nano for one in runs)
        named = ", ".join(one.provider_ref for one in runs[:_ATTEMPTS_NAMED])
        more = f" and {count - _ATTEMPTS_NAMED:,} more" if count > _ATTEMPTS_NAMED else ""
        what = "1 run" if count == 1 else f"{count:,} runs"
        points.append(
            OpenPoint(
                PointKind.DIFFERS,
                provider,
                count,
                amount_nano,
                f"{what} charged {format_usd(amount_nano)} in {period} {'is' if count == 1 else 'are'}"
                f" in {provider}'s statement of {posted_in} too ({named}{more}), so "
                f"{'it counts' if count == 1 else 'they count'} twice",
                f"`mintage ledger reconcile STATEMENT --provider {shlex.quote(provider)} --period "
                f"{posted_in} --post --by … --because …` posts that statement again",
            )
        )
    return points


def _still_held(connection: Connection, period: str) -> list[OpenPoint]:
    """One point for each provider and state; the oldest attempts are named."""
    found: dict[tuple[str, str], list[AnyRow]] = {}
    for row in connection.execute(_OPEN_ATTEMPTS, span(period)):
        found.setdefault((row.provider, row.state), []).append(row)
    points = []
    for (provider, state), rows in sorted(found.items()):
        count, amount_nano = len(rows), sum(row.hold_nano for row in rows)
        named = ", ".join(row.attempt_id for row in rows[:_ATTEMPTS_NAMED])
        more = f" and {count - _ATTEMPTS_NAMED:,} more" if count > _ATTEMPTS_NAMED else ""
        what = f"{count:,} attempt{' is' if count == 1 else 's are'}"
        points.append(
            OpenPoint(
                PointKind.OPEN_ATTEMPTS,
                provider,
                count,
                amount_nano,
                f"{what} {state} at {provider} since {period} with {format_usd(amount_nano)} held "
                f"({named}{more})",
                "`mintage resume` looks for them, and `mintage ledger settle` decides about those "
                "that nobody finds",
            )
        )
    return points
