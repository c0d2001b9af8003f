"""A manifest's rows on their way into its two files: encoded once, and put in order if asked to.

Only the keys that rows are sorted by are in memory; the rows themselves wait in a file.
"""

from __future__ import annotations

import csv
import io
import json
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from assets.manifest import ManifestRow

SortKey: TypeAlias = "Callable[[ManifestRow], Any]"
"""What rows are sorted by; asked of masters only, whose renditions follow them as they came."""

_FORMULA_STARTS: Final = frozenset("=+-@\t\r")


def write_rows(
    table: IO[bytes],
    lines: IO[bytes],
    rows: Iterable[tuple[ManifestRow, dict[str, object]]],
    sorted_by: SortKey | None,
) -> int:
    """Write rows as CSV without a heading and as lines of JSON; give how many they were.

    Args:
        table: where the CSV goes.
        lines: where the JSON goes.
        rows: each with its fields as JSON values.
        sorted_by: None leaves them as they come.
    """
    count = 0
    encoded = encoded_rows(rows) if sorted_by is None else _in_order(rows, sorted_by)
    for cells, line in encoded:
        table.write(cells)
        lines.write((b",\n" if count else b"") + line)
        count += 1
    if count:
        lines.write(b"\n")
    return count


def heading(columns: Iterable[str]) -> bytes:
    """Write the CSV's first line."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(columns)
    return text.getvalue().encode()


def encoded_rows(
    rows: Iterable[tuple[ManifestRow, dict[str, object]]],
) -> Iterator[tuple[bytes, bytes]]:
    """Give each row's line of the CSV, with its end, and its line of the JSON, without."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for _, values in rows:
        text.seek(0)
        text.truncate()
        writer.writerow(
            [value if type(value) is int else _cell(value) for value in values.values()]
        )
        line = json.dumps(values, ensure_ascii=False, allow_nan=False)
        yield text.getvalue().encode(), line.encode()


def _in_order(
    rows: Iterable[tuple[ManifestRow, dict[str, object]]], sorted_by: SortKey
) -> Iterator[tuple[bytes, bytes]]:
    import tempfile

    keys: list[Any] = []
    ends = array("Q")

    def noted() -> Iterator[tuple[ManifestRow, dict[str, object]]]:
        for row, values in rows:
            # A rendition stays behind its master: sorting moves nothing among equals.
            keys.append(keys[-1] if row.master and keys else sorted_by(row))
            yield row, values

    with tempfile.TemporaryFile() as spool:
        at = 0
        for cells, line in encoded_rows(noted()):
            spool.write(cells)
            spool.write(line)
            ends.append(at + len(cells))
            at += len(cells) + len(line)
            ends.append(at)
        for one in sorted(range(len(keys)), key=keys.__getitem__):
            start = ends[2 * one - 1] if one else 0
            spool.seek(start)
            cells = spool.read(ends[2 * one] - start)
            yield cells, spool.read(ends[2 * one + 1] - ends[2 * one])


def _cell(value: object) -> object:
    """Fit a value into one cell, and keep a spreadsheet from taking text, a prompt say, for a formula."""
    if isinstance(value, list):
        value = "; ".join(map(str, value))
    elif isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, str) and value[:1] in _FORMULA_STARTS:
        return f"'{value}"
    return value
