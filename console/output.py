"""What people and programs read: tables for the one, JSON for the other, sentences on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from rich.table import Table

from console.escaping import shown, shown_json
from console.screen import indented, screen
from console.streams import tell, write_out

__all__ = [
    "age",
    "amounts",
    "indented",
    "json_value",
    "print_json",
    "rounded_amounts",
    "say",
    "screen",
    "table",
    "usd_text",
]


_NANO_PLACES: Final = 9


def say(text: str) -> None:
    """Write one line that is meant for a person to standard error."""
    tell(text)


def usd_text(nano: int) -> str:
    """Write nano-USD as a decimal string for JSON: exact, with at least two decimals."""
    from ledger import usd

    digits = _plain(usd(nano))
    whole, _, decimals = digits.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def amounts(nanos: Sequence[int]) -> list[str]:
    """Write a column of amounts, exact and all with as many decimals, so that their points line up."""
    # A report can have hundred thousands: of integers this takes a tenth of what decimals take.
    places = 2
    while places < _NANO_PLACES and any(nano % 10 ** (_NANO_PLACES - places) for nano in nanos):
        places += 1
    return rounded_amounts(nanos, places)


def rounded_amounts(nanos: Sequence[int], places: int) -> list[str]:
    """Write amounts as `format_usd` does, rounded half-even to so many decimals, one at least."""
    step, units = 10 ** (_NANO_PLACES - places), 10**places
    made = []
    for nano in nanos:
        count, rest = divmod(abs(nano), step)
        count += 2 * rest > step or (2 * rest == step and count % 2 == 1)
        whole, part = divmod(count, units)
        made.append(f"{'-' if nano < 0 else ''}${whole:,}.{part:0{places}}")
    return made


def print_json(value: object) -> None:
    """Write one JSON object to standard output, and nothing else."""
    # What the stream cannot take must be escaped as JSON does it, and nobody else.
    plain_text = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(json_value(value), indent=2, ensure_ascii=plain_text)
    write_out(shown_json(text) + "\n")


def json_value(value: object) -> Any:  # noqa: ANN401  JSON is whatever it is
    """Turn records into JSON: money fields `*_nano` become decimal strings `*_usd`, times ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        made: dict[str, Any] = {}
        for field in fields(value):
            inner = getattr(value, field.name)
            if field.name.endswith("_nano") and isinstance(inner, int):
                made[field.name.removesuffix("_nano") + "_usd"] = usd_text(inner)
            elif field.name.endswith("_json") and isinstance(inner, str):
                made[field.name.removesuffix("_json")] = json.loads(inner)
            else:
                made[field.name] = json_value(inner)
        return made
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return _plain(value)
    if isinstance(value, dict):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(inner) for inner in value]
    return value


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[str] = frozenset()
) -> Table:
    """Make a plain table; the columns in `right` hold numbers, which are never broken over lines."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        number = column in right
        made.add_column(
            column, justify="right" if number else "left", overflow="fold", no_wrap=number
        )
    for row in rows:
        made.add_row(*map(shown, row))
    return made


def age(span: timedelta) -> str:
    """Say how long something takes already, in its two largest units."""
    seconds = max(0, int(span.total_seconds()))
    minutes = seconds // 60
    hours, days = minutes // 60, minutes // (60 * 24)
    if not minutes:
        return f"{seconds} s"
    if days:
        return f"{days:,} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _plain(value: Decimal) -> str:
    # Lists of assets are printed without the books, whose import takes 20 ms.
    from ledger import plain

    return plain(value)
