"""Released assets as JSON, and as the lines of a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from assets import ManifestRow, row_fields

COLUMNS = ("order", "name", "size", "file", "cost")
NUMBERS = frozenset({"size", "file", "cost"})
RULED_MAX = 200
"""Longer tables are written as plain lines: rich takes seconds for some thousand rows."""


def print_rows_json(store_url: str, rows: Sequence[ManifestRow]) -> None:
    """Print one JSON object: the store, and the assets with the fields of manifest.json, each on a line.

    Python indents JSON ten times as slowly, which for ten thousand assets takes half a second.
    """
    from console.escaping import shown_json
    from console.streams import write_out

    # What the stream cannot take must be escaped as JSON does it, and nobody else.
    plain_text = not (sys.stdout.encoding or "").lower().startswith("utf")
    encode = json.JSONEncoder(ensure_ascii=plain_text).encode
    assets = ",".join(f"\n    {encode(row_fields(row))}" for row in rows)
    end = "\n  " if rows else ""
    text = f'{{\n  "store": {encode(store_url)},\n  "assets": [{assets}{end}]\n}}\n'
    write_out(shown_json(text))


def print_rows(rows: Sequence[ManifestRow]) -> None:
    """Print one line for each asset."""
    from console.output import amounts, screen, table

    # A manifest's costs have nine decimals at most.
    costs = amounts([int(row.cost_usd * 10**9) for row in rows])
    cells = [
        (
            row.order_id,
            row.name,
            f"{row.width}x{row.height}",
            f"{row.bytes / 1000:,.0f} kB",
            cost,
        )
        for row, cost in zip(rows, costs, strict=True)
    ]
    if len(cells) > RULED_MAX:
        _print_lines(cells)
    else:
        screen().print(table(COLUMNS, cells, right=NUMBERS))


def _print_lines(cells: Sequence[Sequence[str]]) -> None:
    """Print the same table with no line ever folded."""
    from console.escaping import shown
    from console.streams import write_out

    lines = [COLUMNS, *(tuple(map(shown, one)) for one in cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    line_of = "  ".join(
        f"{{:{'>' if column in NUMBERS else '<'}{width}}}"
        for column, width in zip(COLUMNS, widths, strict=True)
    ).format
    write_out("".join(f"{line_of(*line).rstrip()}\n" for line in lines))
