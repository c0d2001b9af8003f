"""A problem in somebody's order, as a value with a place: all of them are listed at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FieldPath = tuple[str | int, ...]
"""Where a field stands: keys and list positions from the top of the file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an order: where, what was found, what is wanted."""

    file: str
    line: int | None
    field: str
    found: str
    wanted: str

    def sentence(self) -> str:
        """Say it in one line, as `file:line: field: found …; wanted …`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        subject = f"{self.field}: " if self.field else ""
        return f"{place}: {subject}found {self.found}; wanted {self.wanted}"


def dotted(path: FieldPath) -> str:
    """Write a field path the way people read it: `budget.cap`, `done[1].file_size`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def within(field: str, path: str) -> bool:
    """Whether a dotted field is at a dotted path or below it."""
    return field == path or field.startswith((f"{path}.", f"{path}["))


def covers(told: Iterable[str], field: str) -> bool:
    """Whether any of the fields that were told about has this one at it or below it."""
    return any(within(field, path) for path in told)


class Places:
    """Knows the line of every field of one YAML file."""

    def __init__(self, file: str, lines: Mapping[FieldPath, int]) -> None:
        self.file = file
        self._lines = lines

    def line(self, path: FieldPath) -> int | None:
        """Give the line of a field, or of the nearest field around it that has one."""
        for end in range(len(path), -1, -1):
            line = self._lines.get(path[:end])
            if line is not None:
                return line
        return None

    def problem(self, path: FieldPath, found: str, wanted: str) -> Problem:
        """Make a problem at a field."""
        return Problem(self.file, self.line(path), dotted(path), found, wanted)
