"""Tables of many rows, laid out by hand: Rich takes seconds for thousands of rows, and this does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style

from console.escaping import shown

LONG: Final = 500
"""Rows from which a table is long."""

_BETWEEN: Final = 2
_AT_ONCE: Final = 2_000


def print_long(
    out: Console, head: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int]
) -> None:
    """Print a table as `rich` would: `right` are the numbers, which are never broken over lines."""
    columns = [list(map(shown, cells)) for cells in zip(head, *rows, strict=True)]
    widths = _fitting([max(map(_width, cells)) for cells in columns], right, out.width)
    laid = [
        _laid(cells, width, to_right=at in right)
        for at, (cells, width) in enumerate(zip(columns, widths, strict=True))
    ]
    lines = _lines(zip(*laid, strict=True), widths)
    out.print(Segments([Segment(f"{next(lines)}\n", Style(bold=True))]), crop=False, end="")
    while page := list(islice(lines, _AT_ONCE)):
        out.print(Segments([Segment("\n".join([*page, ""]))]), crop=False, end="")


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _fitting(widths: list[int], right: frozenset[int], width: int) -> list[int]:
    """Take from the widest names what is too wide in all, and leave them something."""
    made = list(widths)
    names = [at for at in range(len(made)) if at not in right]
    too_wide = sum(made) + _BETWEEN * (len(made) - 1) - width
    while too_wide > 0 and names:
        widest = max(names, key=lambda at: made[at])
        if made[widest] <= _BETWEEN:
            break
        made[widest] -= 1
        too_wide -= 1
    return made


def _laid(cells: Sequence[str], width: int, *, to_right: bool) -> list[list[str]]:
    """Give the lines of each cell, filled up to the width."""
    made = []
    for cell in cells:
        is_short = _width(cell) <= width
        parts = [cell] if is_short else chop_cells(cell, width)
        blanks = [" " * (width - _width(part)) for part in parts]
        made.append(
            [
                f"{blank}{part}" if to_right else f"{part}{blank}"
                for part, blank in zip(parts, blanks, strict=True)
            ]
        )
    return made


def _lines(rows: Iterator[tuple[list[str], ...]], widths: Sequence[int]) -> Iterator[str]:
    gap = " " * _BETWEEN
    for row in rows:
        height = max(map(len, row))
        if height == 1:
            yield gap.join(parts[0] for parts in row)
            continue
        for number in range(height):
            yield gap.join(
                parts[number] if number < len(parts) else " " * width
                for parts, width in zip(row, widths, strict=True)
            )
