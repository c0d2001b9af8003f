"""Reads the records of a long JSON list one at a time, with numbers exact and memory that stays flat."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any, Final, TextIO

RECORD_CHARS_MAX: Final = 4_000_000
"""The longest record."""

_PIECE_CHARS: Final = 1_000_000
_SPACE: Final = re.compile(r"[ \t\r\n]*")


class NoRecords(ValueError):
    """The text is no JSON, or has no list of records where one was looked for."""


def _refuse_constant(word: str) -> object:
    raise NoRecords(f"{word} is no number that JSON has")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members, none of which may be there twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in made if names.count(name) > 1)
        raise NoRecords(_TWICE.format(twice[:40]))
    return made


_TWICE: Final = 'an object has "{}" twice'


class JsonRecords:
    """The elements of a top-level list, or of the first list under one of some names."""

    def __init__(self, file: TextIO, names: Collection[str]) -> None:
        self._file = file
        self._names = names
        self._text = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder(
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            strict=False,
            object_pairs_hook=_object,
        )
        self.members: dict[str, Any] = {}
        """What else the object has, by name; known when the records have been read."""

    def __iter__(self) -> Iterator[Any]:
        """Read the elements.

        Raises:
            NoRecords: it is no JSON, ends too early, or has no such list.
        """
        first = self._next()
        if first == "[":
            yield from self._elements()
        elif first == "{":
            yield from self._named()
        else:
            raise NoRecords("it is neither a list nor an object")
        if self._peek():
            raise NoRecords("something follows after its end")

    def _named(self) -> Iterator[Any]:
        """Look through an object for the list, and take its elements."""
        seen: set[str] = set()
        found = False
        if self._peek() == "}":
            self._at += 1
        else:
            while True:
                name = self._value()
                if not isinstance(name, str) or self._next() != ":":
                    raise NoRecords("an object has a member that is none")
                if name in seen:
                    raise NoRecords(_TWICE.format(name[:40]))
                seen.add(name)
                if name in self._names and self._peek() == "[":
                    if found:
                        raise NoRecords("it has more than one list of records")
                    found = True
                    self._at += 1
                    yield from self._elements()
                else:
                    self.members[name] = self._value()
                mark = self._next()
                if mark == "}":
                    break
                if mark != ",":
                    raise NoRecords(_BROKEN)
        if not found:
            wanted = " or ".join(f'"{name}"' for name in self._names)
            raise NoRecords(
                f"it has no list under {wanted}, only {', '.join(list(self.members)[:10])}"
            )

    def _elements(self) -> Iterator[Any]:
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            mark = self._next()
            if mark == "]":
                return
            if mark != ",":
                raise NoRecords(_BROKEN)

    def _value(self) -> Any:  # noqa: ANN401 - JSON is whatever it is
        """Read one value, taking more text until it is whole and something follows it."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                if self._ended or isinstance(error, RecursionError):
                    raise NoRecords(_BROKEN) from error
            else:
                # A number at the end of what was read may go on.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            if len(self._text) - self._at > RECORD_CHARS_MAX:
                raise NoRecords(f"a record is longer than {RECORD_CHARS_MAX:,} characters")
            self._more()

    def _next(self) -> str:
        mark = self._peek()
        self._at += 1
        return mark

    def _peek(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            assert space is not None  # noqa: S101 - it matches nothing too
            self._at = space.end()
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def _more(self) -> None:
        piece = self._file.read(_PIECE_CHARS)
        self._ended = not piece
        self._text = self._text[self._at :] + piece
        self._at = 0


_BROKEN: Final = "it is broken off or no JSON"
