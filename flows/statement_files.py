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
from flows.statement_columns import NoSuchColumn, find_columns, normal, parse_columns
from flows.statement_currency import WANTED_USD, currency_columns, is_usd, odd_currency
from flows.statement_totals import WANTED, WANTED_NO_SUM, RunningSum, names_totals
from ledger import format_usd
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
_TOTAL_NAMES: Final = frozenset({"total", "total_usd", "total_amount", "amount_due"})
_INVOICE_NAMES: Final = frozenset({"invoice", "invoice_id", "invoice_number"})


def take_file(path: Path, columns: Sequence[str], theirs: Theirs) -> StatementFile:
    """Hand every line of a file over; gives the file, with what is known of it by then.

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
    return file


class StatementFile:
    """One file, read once. All that it says beside the lines is known when these have been read."""

    def __init__(self, path: Path, columns: Mapping[str, str]) -> None:
        """Take a path, and the headers of columns that people mapped by hand."""
        self._path = path
        self._told = columns
        self._problems: list[Problem] = []
        self._problem_count = 0
        self._rounded = 0
        self._undated = 0
        self._digest = sha256()
        self._sum = RunningSum()
        self.total_nano: int | None = None
        """The invoice's total, where the file says it."""
        self.invoice_id: str | None = None
        """The invoice's number, where the file says it."""

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
        read = _Reader(columns, headers, comma_is_decimal=delimiter == ";")
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
        records = JsonRecords(text, LISTS)
        try:
            for number, record in enumerate(records, 1):
                if not isinstance(record, dict):
                    self._note(None, f"item {number}", "no object", "an object for each line")
                    continue
                names = tuple(record)
                read = readers.get(names)
                if read is None:
                    read = _Reader(find_columns(names, self._told), names, comma_is_decimal=False)
                    if len(readers) < _SHAPES_MAX:
                        readers[names] = read
                yield from self._line(read, number, list(record.values()), f"item {number}")
        except NoSuchColumn as error:
            raise BadSettings(f"{self._path}, item {number}: {error}.") from error
        except NoRecords as error:
            self._note(None, "", f"no list of lines: {error}", "a list of objects")
        else:
            self._take_members(records.members)

    def _take_members(self, members: Mapping[str, Any]) -> None:
        """Take what an object says beside its list of lines: currency, total, invoice."""
        currency = odd_currency(members)
        if currency is not None:
            self._note(None, "currency", repr(currency[:20]), WANTED_USD)
        for name, value in members.items():
            if normal(name) in _TOTAL_NAMES and value is not None:
                self._take_total(name, value)
            elif normal(name) in _INVOICE_NAMES and isinstance(value, (str, int)):
                self.invoice_id = clean(str(value)).strip() or None

    def _take_total(self, name: str, value: Any) -> None:  # noqa: ANN401 - JSON is whatever it is
        try:
            total_nano, was_rounded = _amount_of(value, comma_is_decimal=False)
        except NoAmount as error:
            self._note(None, name, repr(value)[:40], str(error))
            return
        if was_rounded:
            self._note(None, name, str(value)[:40], "a total of no more than nine decimals")
        if self.total_nano not in {None, total_nano}:
            self._note(None, name, str(value)[:40], "one total of the invoice, not two")
        self.total_nano = total_nano

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
        if line.provider_ref is None and self._sum.is_said_by(line.amount_nano):
            found = f"{format_usd(line.amount_nano)} of no run, as much as all lines before it"
            where = None if place.startswith("item") else number
            self._note(where, place if where is None else "amount", found, WANTED_NO_SUM)
            return
        self._sum.add(line.amount_nano)
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

    def __init__(
        self, columns: Mapping[str, int], headers: Sequence[str], *, comma_is_decimal: bool
    ) -> None:
        self._columns = columns
        told = columns.get("currency")
        self._currencies = currency_columns(headers) if told is None else [told]
        places = (0, columns["id"], columns.get("description"))
        self._words = list(dict.fromkeys(place for place in places if place is not None))
        self._headers = headers
        self._comma_is_decimal = comma_is_decimal

    def __call__(self, number: int, cells: Sequence[Any]) -> tuple[StatementLine, bool, bool]:
        """Give the line, whether its amount was rounded, and whether its time could not be read."""
        self._check_currency(cells)
        for place in self._words:
            if isinstance(cells[place], str) and names_totals(cells[place]):
                header = "id" if place == self._columns["id"] else self._headers[place].strip()
                raise _BadCell(header, f"a line of totals ({cells[place].strip()[:40]!r})", WANTED)
        ref = self._text(cells, "id")
        if isinstance(cells[self._columns["id"]], (dict, list)):
            raise _BadCell("id", "an object or a list", "the provider's id of a run, as a text")
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

    def _check_currency(self, cells: Sequence[Any]) -> None:
        for place in self._currencies:
            value = cells[place]
            text = "" if value is None else clean(str(value)).strip()
            if text and not is_usd(text):
                raise _BadCell(self._headers[place].strip(), repr(text[:20]), WANTED_USD)
        nested = odd_currency([cell for cell in cells if isinstance(cell, (dict, list))])
        if nested is not None:
            raise _BadCell("currency", repr(nested[:20]), WANTED_USD)

    def _amount(self, cells: Sequence[Any]) -> tuple[int, bool]:
        value = cells[self._columns["amount"]]
        try:
            return _amount_of(value, comma_is_decimal=self._comma_is_decimal)
        except NoAmount as error:
            shown = repr(value[:40]) if isinstance(value, str) else str(value)[:40]
            found = "nothing" if value is None or value == "" else shown
            raise _BadCell("amount", found, str(error)) from error

    def _text(self, cells: Sequence[Any], column: str) -> str | None:
        position = self._columns.get(column)
        value = None if position is None else cells[position]
        if value is None or isinstance(value, (dict, list)):
            return None
        return clean(str(value)).strip() or None


def _amount_of(value: Any, *, comma_is_decimal: bool) -> tuple[int, bool]:  # noqa: ANN401 - a cell
    if isinstance(value, str):
        return read_amount(value, comma_is_decimal=comma_is_decimal)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return nano_of(Decimal(value))
    raise NoAmount('an amount in USD such as "0.003"')


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
