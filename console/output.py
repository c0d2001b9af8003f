"""What people and programs read: tables for the one, JSON for the other, sentences on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from ledger import plain, usd


def console() -> Console:
    """Make the console for standard output; it knows its own width, and that of a pipe is 80."""
    return Console(highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """Write one line that is meant for a person to standard error."""
    sys.stderr.write(f"{text}\n")


def usd_text(nano: int) -> str:
    """Write nano-USD as a decimal string for JSON: exact, with at least two decimals."""
    digits = plain(usd(nano))
    whole, _, decimals = digits.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def print_json(value: object) -> None:
    """Write one JSON object to standard output, and nothing else."""
    sys.stdout.write(json.dumps(json_value(value), indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


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
        return plain(value)
    if isinstance(value, dict):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(inner) for inner in value]
    return value


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[str] = frozenset()
) -> Table:
    """Make a plain table; the columns in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made
