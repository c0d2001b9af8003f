"""Which column of a statement is what: by the names that providers and people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from flows.statement_currency import WANTED_USD, other_currency

SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": (
        "prediction_id",
        "provider_ref",
        "prediction",
        "run_id",
        "request_id",
        "resource_id",
        "run",
        "reference",
        "ref",
        "id",
    ),
    "amount": (
        "amount_usd",
        "cost_usd",
        "total_usd",
        "charge_usd",
        "charged_usd",
        "billed_usd",
        "price_usd",
        "amount",
        "cost",
        "charge",
        "charged",
        "billed",
        "billed_cost",
        "total_cost",
        "total_amount",
        "total_price",
        "line_total",
        "total",
    ),
    "model": ("model", "model_name", "model_id"),
    "at": (
        "completed_at",
        "finished_at",
        "ended_at",
        "billed_at",
        "created_at",
        "created",
        "at",
        "timestamp",
        "time",
        "usage_date",
        "date",
        "day",
    ),
    "status": ("status", "state"),
    "description": (
        "description",
        "memo",
        "details",
        "note",
        "item",
        "line_item",
        "charge_description",
        "type",
    ),
    # Every header that names a currency is read; to map one by hand leaves the others out.
    "currency": (),
}
"""The names of each column, the best first. Headers are compared in small letters, with `_` for
whatever is neither letter nor digit, and between words written together: `Amount (USD)` is
`amount_usd`, and `BilledCost` of FOCUS is `billed_cost`."""

NEEDED: Final = ("id", "amount")


class NoSuchColumn(ValueError):
    """The columns cannot be told apart, or one that is needed is not there; says what to do."""


def normal(header: str) -> str:
    """Write a header as the spellings are written."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", header.strip())
    return re.sub(r"[^a-z0-9]+", "_", apart.casefold()).strip("_")


def parse_columns(told: Sequence[str]) -> dict[str, str]:
    """Read `id=Run,amount=Net` as which header each column has.

    Raises:
        NoSuchColumn: it is not written like that, or names a column that statements have not.
    """
    found: dict[str, str] = {}
    for pair in (pair for one in told for pair in one.split(",")):
        column, equals, header = pair.partition("=")
        column = normal(column)
        if not equals or not header.strip() or column not in SPELLINGS:
            raise NoSuchColumn(
                f"{pair!r} maps no column: write it as id=HEADER,amount=HEADER; besides these there "
                f"are {', '.join(name for name in SPELLINGS if name not in NEEDED)}"
            )
        if column in found:
            raise NoSuchColumn(f"the column {column} is mapped twice")
        found[column] = header.strip()
    return found


def find_columns(headers: Sequence[str], told: Mapping[str, str]) -> dict[str, int]:
    """Find the position of each column; those that a statement may lack can be missing.

    Raises:
        NoSuchColumn: a needed column is not there, two may be the amount, or a header that was
            told is not there or there twice; or the amount is in another currency than USD.
    """
    positions: dict[str, list[int]] = {}
    for position, header in enumerate(headers):
        positions.setdefault(normal(header), []).append(position)
    found: dict[str, int] = {}
    for column, spellings in SPELLINGS.items():
        if column in told:
            found[column] = _told(headers, column, told[column])
            continue
        named = [name for name in spellings if name in positions]
        if column == "amount" and sum(len(positions[name]) for name in named) > 1:
            several = [headers[position] for name in named for position in positions[name]]
            raise NoSuchColumn(
                f"{' and '.join(map(repr, several))} may each be the amount: say which with "
                f"--columns amount={several[0]}"
            )
        if named:
            found[column] = positions[named[0]][0]
    missing = [column for column in NEEDED if column not in found]
    if missing:
        raise NoSuchColumn(_lacking(missing, headers))
    header = headers[found["amount"]].strip()
    currency = other_currency(header)
    if currency is not None:
        raise NoSuchColumn(f"the column {header!r} is in {currency}; wanted is {WANTED_USD}")
    return found


def _told(headers: Sequence[str], column: str, header: str) -> int:
    exact = [position for position, name in enumerate(headers) if name.strip() == header]
    places = exact or [
        position for position, name in enumerate(headers) if normal(name) == normal(header)
    ]
    if len(places) != 1:
        raise NoSuchColumn(
            f"there is {'no header' if not places else 'more than one header'} {header!r} for the "
            f"column {column}; the headers are {_shown(headers)}"
        )
    return places[0]


def _lacking(missing: Sequence[str], headers: Sequence[str]) -> str:
    wanted = " and ".join(
        f"an {column} (such as {', '.join(SPELLINGS[column][:3])})" for column in missing
    )
    mapped = ",".join(f"{column}=HEADER" for column in missing)
    return (
        f"no column is {wanted}; the headers are {_shown(headers)}; say which is which with "
        f"--columns {mapped}"
    )


def _shown(headers: Sequence[str]) -> str:
    shown = [header.strip()[:40] or "(empty)" for header in headers[:30]]
    more = len(headers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
