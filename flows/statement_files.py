"""Reads a provider's statement from a file: CSV or JSON, exact, every bad line told at once."""

from __future__ import annotations

import codecs
import csv
import io
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from flows.errors import BadSettings, BadStatement
from flows.json_records import JsonRecords, NoRecords
from flows.plain_files import open_plain_file
from flows.problems import Problem
from flows.statement_amounts import NoAmount, nano_of, read_amount
from flows.statement_columns import NoSuchColumn, find_columns, parse_columns
from ledger.errors import StatementRefused
from ledger.invoices.statement import LINES_MAX, StatementLine
from ledger.invoices.theirs import Theirs
from ledger.words import clean

BYTES_MAX: Final = 2_000_000_000
"""The longest file: two million lines of a kilobyte each."""

PROBLEMS_MAX: Final = 20
"""How many bad lines are told one by one; the rest is a number."""

REF_CHARS_MAX: Final = 200
LISTS: Final = ("results", "lines")
"""Where a JSON object has its list of lines."""

_DELIMITERS: Final = (",", ";", "\t")
_TOTALS: Final = frozenset({"total", "totals", "subtotal", "sum", "grand total", "amount due"})
_WANTED_USD: Final = "USD, in which the books are kept"


def take_file(path: Path, columns: Sequence[str], theirs: Theirs) -> tuple[str, tuple[str, ...]]:
    """Hand every line of a file over; gives the file's digest, and what was done to lines.

    `columns` are what people mapped by hand, such as `id=Run,amount=Net`.

    Raises:
        BadSettings: it is no file that can be read, or its columns cannot be told apart.
        BadStatement: some of its lines are none.
    """
    try:
        file = StatementFile(path, parse_columns(columns))
        theirs.add(file.lines())
    except NoSuchColumn as error:
        raise BadSettings(f"--columns: {error}.") from error
    except StatementRefused as error:
        raise BadSettings(f"{path}: {error}.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadSettings(f"{path} cannot be read: {reason}.") from error
    return file.sha256, file.notes


class StatementFile:
    """One file, read once. `sha256` and `notes` are known when the lines have been read."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        """Take a path, and the headers of columns that people mapped by hand."""
        self._path = path
        self._told = columns
        self._problems: list[Problem] = []
        self._problem_count = 0
        self._rounded = 0
        self._undated = 0
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        """The digest of the file's bytes, as `sha256sum` says it."""
        return self._digest.hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to lines, in sentences."""
        said = []
        if self._rounded:
            said.append(
                f"{_amounts(self._rounded)} more than nine decimals; each was rounded once, "
                "half to even."
            )
        if self._undated:
            said.append(
                f"{_times(self._undated)} not written as 2026-11-30T12:00:00Z and not used."
            )
        return tuple(said)

    def lines(self) -> Iterator[StatementLine]:
        """Read the lines, and those that are no lines last of all.

        Raises:
            BadStatement: lines that cannot be read, or columns that cannot be told apart.
            OSError: the file cannot be read, or is none.
        """
        with open_plain_file(self._path) as file:
            if os.fstat(file.fileno()).st_size > BYTES_MAX:
                raise self._bad(None, "", f"more than {BYTES_MAX:,} bytes", "a shorter file")
            bytes_read = io.BufferedReader(_Digesting(file, self._digest.update))
            head = bytes_read.peek(1).removeprefix(codecs.BOM_UTF8).lstrip()
            text = io.TextIOWrapper(bytes_read, encoding="utf-8-sig", newline="")
            try:
                yield from self._json(text) if head.startswith((b"[", b"{")) else self._csv(text)
            except UnicodeDecodeError as error:
                raise self._bad(None, "", f"no UTF-8 text ({error.reason})", "UTF-8") from error
        if self._problem_count:
            raise self._all_problems()

    def _csv(self, text: io.TextIOWrapper) -> Iterator[StatementLine]:
        before, header = 1, text.readline()
        while header and not header.strip():
            before, header = before + 1, text.readline()
        if not header:
            raise self._bad(1, "", "an empty file", "a header line and lines")
        delimiter, headers = _headers(header)
        try:
            columns = find_columns(headers, self._told)
        except NoSuchColumn as error:
            raise BadSettings(f"{self._path}: {error}.") from error
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        read = _Reader(columns, comma_is_decimal=delimiter == ";")
        number = before
        try:
            for cells in reader:
                number = reader.line_num + before
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(headers):
                    wanted = f"{len(headers)}, one for each column"
                    self._note(number, None, f"{len(cells)} cells", wanted)
                    continue
                yield from self._line(read, number, cells, f"line {number}")
        except csv.Error as error:
            self._note(number + 1, None, f"no CSV ({error})", "rows as the header's")

    def _json(self, text: io.TextIOWrapper) -> Iterator[StatementLine]:
        readers: dict[tuple[str, ...], _Reader] = {}
        number = 0
        try:
            for number, record in enumerate(JsonRecords(text, LISTS), 1):
                if not isinstance(record, dict):
                    self._note(None, f"item {number}", "no object", "an object for each line")
                    continue
                names = tuple(record)
                read = readers.get(names)
                if read is None:
                    read = _Reader(find_columns(names, self._told), comma_is_decimal=False)
                    if len(readers) < _SHAPES_MAX:
                        readers[names] = read
                yield from self._line(read, number, list(record.values()), f"item {number}")
        except NoSuchColumn as error:
            raise BadSettings(f"{self._path}, item {number}: {error}.") from error
        except NoRecords as error:
            self._note(None, "", f"no list of lines: {error}", "a list of objects")

    def _line(
        self, read: _Reader, number: int, cells: Sequence[Any], place: str
    ) -> Iterator[StatementLine]:
        if number > LINES_MAX + 1:
            raise self._bad(None, "", f"more than {LINES_MAX:,} lines", "a shorter statement")
        try:
            line, was_rounded, was_undated = read(number, cells)
        except _BadCell as error:
            is_item = place.startswith("item")
            field = f"{place}: {error.column}" if is_item else error.column
            self._note(None if is_item else number, field, error.found, error.wanted)
            return
        self._rounded += was_rounded
        self._undated += was_undated
        yield line

    def _note(self, number: int | None, field: str | None, found: str, wanted: str) -> None:
        self._problem_count += 1
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(Problem(str(self._path), number, field or "", found, wanted))

    def _bad(self, number: int | None, field: str, found: str, wanted: str) -> BadStatement:
        self._problem_count += 1
        self._problems.append(Problem(str(self._path), number, field, found, wanted))
        return self._all_problems()

    def _all_problems(self) -> BadStatement:
        return BadStatement(str(self._path), self._problems, self._problem_count)


_SHAPES_MAX: Final = 1_000
"""How many different sets of names the items of one list may have before they are looked up anew."""


class _BadCell(ValueError):
    def __init__(self, column: str, found: str, wanted: str) -> None:
        self.column, self.found, self.wanted = column, found, wanted
        super().__init__(column)


class _Reader:
    """Makes a line of cells that stand where `columns` says."""

    def __init__(self, columns: Mapping[str, int], *, comma_is_decimal: bool) -> None:
        self._columns = columns
        self._comma_is_decimal = comma_is_decimal

    def __call__(self, number: int, cells: Sequence[Any]) -> tuple[StatementLine, bool, bool]:
        """Give the line, whether its amount was rounded, and whether its time could not be read."""
        currency = self._text(cells, "currency")
        if currency is not None and currency.upper() not in {"USD", "US$", "$"}:
            raise _BadCell("currency", repr(currency[:20]), _WANTED_USD)
        ref = self._text(cells, "id")
        if ref is not None and ref.casefold().rstrip(":") in _TOTALS:
            raise _BadCell(
                "id", f"a line of totals ({ref!r})", "a line for each run; say the sum with --total"
            )
        if ref is not None and (len(ref) > REF_CHARS_MAX or not ref.isprintable()):
            raise _BadCell("id", f"{ref[:40]!a}", f"at most {REF_CHARS_MAX} printable characters")
        amount_nano, was_rounded = self._amount(cells)
        moment = self._text(cells, "at")
        at = None if moment is None else _moment(moment)
        line = StatementLine(
            line_number=number,
            provider_ref=ref,
            amount_nano=amount_nano,
            model=self._text(cells, "model"),
            at=at,
            status=self._text(cells, "status"),
            description=self._text(cells, "description") or "",
        )
        return line, was_rounded, moment is not None and at is None

    def _amount(self, cells: Sequence[Any]) -> tuple[int, bool]:
        value = cells[self._columns["amount"]]
        try:
            if isinstance(value, str):
                return read_amount(value, comma_is_decimal=self._comma_is_decimal)
            if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
                return nano_of(Decimal(value))
        except NoAmount as error:
            shown = repr(value[:40]) if isinstance(value, str) else str(value)[:40]
            found = shown if value != "" else "nothing"
            raise _BadCell("amount", found, str(error)) from error
        found = "nothing" if value is None else str(value)[:40]
        raise _BadCell("amount", found, 'an amount in USD such as "0.003"')

    def _text(self, cells: Sequence[Any], column: str) -> str | None:
        position = self._columns.get(column)
        value = None if position is None else cells[position]
        if value is None or isinstance(value, (dict, list)):
            return None
        return clean(str(value)).strip() or None


def _amounts(count: int) -> str:
    return "1 amount has" if count == 1 else f"{count:,} amounts have"


def _times(count: int) -> str:
    return "1 time is" if count == 1 else f"{count:,} times are"


def _moment(text: str) -> datetime | None:
    """Read a time as ISO 8601 has it; without a zone it is UTC. None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return None


def _headers(line: str) -> tuple[str, list[str]]:
    """Split a header line by whatever makes the most columns of it."""
    split = [(mark, next(csv.reader([line], delimiter=mark), [])) for mark in _DELIMITERS]
    return max(split, key=lambda one: len(one[1]))


class _Digesting(io.RawIOBase):
    """A file's bytes, told to a digest as they are read."""

    def __init__(self, file: BinaryIO, tell: Callable[[bytes], object]) -> None:
        self._file = file
        self._tell = tell

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - the io module's own
        """Read on."""
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        self._tell(piece)
        return len(piece)
