"""Released assets as JSON, and as the lines of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assets import ManifestRow, row_fields

COLUMNS = ("order", "name", "size", "file", "cost")
NUMBERS = frozenset({"size", "file", "cost"})
RULED_MAX = 200
"""Longer tables are written as plain lines: rich takes seconds for some thousand rows."""


def row_json(row: ManifestRow) -> dict[str, Any]:
    """Give the same fields as manifest.json has."""
    return dict(row_fields(row))


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
