"""The rows of an order: its matrix, its items inline or from a CSV file, or one row without either."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from flows.order_form import OrderForm, show
from flows.order_text import UNWRITABLE, UNWRITABLE_WANTED
from flows.placeholders import Variables
from flows.plain_files import open_plain_file
from flows.problems import Places, Problem

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
_WORD_WANTED = "a word of letters, digits and underscores"
_VARIANT_WANTED = "another name; {variant} counts the variants of a row"

CSV_FIELD_CHARS_MAX = 131_072
"""The csv module's own bound, said here because it decides what a row may hold."""


def _cell(text: str) -> object:
    # A whole number keeps its text when it is written out again, so nothing is lost by reading it as one.
    return int(text) if _WHOLE.fullmatch(text) else text


def _csv_text(path: Path) -> io.TextIOWrapper:
    """Open a CSV file; never a pipe, which would be waited for without end."""
    return io.TextIOWrapper(open_plain_file(path), encoding="utf-8-sig", newline="")


class Rows:
    """Where an order's variables come from, read again on every pass so that memory stays flat."""

    def __init__(self, form: OrderForm, places: Places) -> None:
        self._form = form
        self._places = places
        self.csv_path = (
            Path(places.file).parent / form.items if isinstance(form.items, str) else None
        )

    def problems(self) -> list[Problem]:
        """List what is wrong with the source itself, before any row is read."""
        form, places = self._form, self._places
        found: list[Problem] = []
        if form.matrix is not None and form.items is not None:
            found.append(places.problem(("items",), "items beside a matrix", "only one of the two"))
        if form.matrix is not None:
            if not form.matrix:
                found.append(places.problem(("matrix",), "an empty mapping", "at least one list"))
            found += [
                places.problem(("matrix", name), f"the name {name!r}", _WORD_WANTED)
                for name in form.matrix
                if not _WORD.fullmatch(name)
            ]
        if isinstance(form.items, list):
            if not form.items:
                found.append(places.problem(("items",), "an empty list", "at least one item"))
            found += [
                places.problem(("items", index, name), f"the name {name!r}", _WORD_WANTED)
                for index, item in enumerate(form.items)
                for name in item
                if not _WORD.fullmatch(name)
            ]
        inline: list[dict[str, object]] = form.items if isinstance(form.items, list) else []
        if "variant" in (form.matrix or {}) or any("variant" in item for item in inline):
            found.append(
                places.problem(
                    ("matrix",) if form.matrix else ("items",),
                    "the name 'variant'",
                    _VARIANT_WANTED,
                )
            )
        if self.csv_path is not None:
            found += self._csv_problems(self.csv_path)
        return found

    def _csv_problems(self, path: Path) -> list[Problem]:
        field = ("items",)
        folder = Path(self._places.file).parent.resolve()
        if not path.resolve().is_relative_to(folder):
            return [
                self._places.problem(
                    field, show(self._form.items), "a CSV file in the order's own folder or below"
                )
            ]
        try:
            with _csv_text(path) as file:
                header = next(csv.reader(file), None)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            return [
                self._places.problem(
                    field,
                    f"{self._form.items!r}, which cannot be read ({reason})",
                    "a CSV in UTF-8",
                )
            ]
        if not header:
            return [self._places.problem(field, "an empty CSV file", "a header line and rows")]
        hint = "; commas separate the columns" if len(header) == 1 and ";" in header[0] else ""
        found = [
            Problem(str(path), 1, name, f"the column name {name!r}", _WORD_WANTED + hint)
            for name in header
            if not _WORD.fullmatch(name)
        ]
        if "variant" in header:
            found.append(
                Problem(str(path), 1, "variant", "the column name 'variant'", _VARIANT_WANTED)
            )
        found += [
            Problem(str(path), 1, name, f"the column {name!r} twice", "it once")
            for name in sorted({name for name in header if header.count(name) > 1})
        ]
        return found

    def count_without_reading(self) -> int | None:
        """Count the jobs where that needs no reading of rows; None for a CSV file."""
        if self.csv_path is not None:
            return None
        rows = 1
        if self._form.matrix is not None:
            rows = math.prod(len(values) for values in self._form.matrix.values())
        elif isinstance(self._form.items, list):
            rows = len(self._form.items)
        return rows * self._form.variants

    def rows(self, problems: list[Problem]) -> Iterator[tuple[Variables, str]]:
        """Give each row's variables with the words that say where it stands; CSV faults go to `problems`."""
        form = self._form
        if form.matrix is not None:
            names = tuple(form.matrix)
            for values in itertools.product(*form.matrix.values()):
                yield dict(zip(names, values, strict=True)), ""
        elif isinstance(form.items, list):
            for index, item in enumerate(form.items):
                line = self._places.line(("items", index))
                yield item, "" if line is None else f"the item in line {line}"
        elif self.csv_path is not None:
            yield from self._csv_rows(self.csv_path, problems)
        else:
            yield {}, ""

    def _csv_rows(
        self, path: Path, problems: list[Problem]
    ) -> Iterator[tuple[Mapping[str, object], str]]:
        line = 1
        try:
            with _csv_text(path) as file:
                reader = csv.reader(file, strict=True)
                header = next(reader, [])
                for cells in reader:
                    line = reader.line_num
                    fault = _row_fault(cells, header)
                    if fault is not None:
                        problems.append(Problem(str(path), line, "", *fault))
                    elif cells:
                        values = {
                            name: _cell(text) for name, text in zip(header, cells, strict=True)
                        }
                        yield values, f"{path.name} line {line}"
        except (csv.Error, UnicodeDecodeError) as error:
            problems.append(
                Problem(
                    str(path), line, "", f"no CSV text after this line ({error})", "rows in UTF-8"
                )
            )
        except OSError as error:
            reason = error.strerror or type(error).__name__
            problems.append(
                Problem(str(path), None, "", f"a file that cannot be read ({reason})", "a CSV file")
            )


def _row_fault(cells: list[str], header: list[str]) -> tuple[str, str] | None:
    """Say what was found in a row and what is wanted, or None; a blank line is no row."""
    if cells and len(cells) != len(header):
        return f"{len(cells)} cells", f"{len(header)}, one for each column"
    if any(UNWRITABLE.search(cell) for cell in cells):
        return "a control character", UNWRITABLE_WANTED
    return None
