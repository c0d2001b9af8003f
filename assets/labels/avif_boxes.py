"""The boxes that an AVIF is made of, and a careful way to read numbers out of them.

Source: ISO/IEC 14496-12, section 4.2 (boxes, full boxes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_HEAD: Final = 8
_LONG_HEAD: Final = 16
_BOXES_MAX: Final = 70_000
"""An item's entry is a box, and a file can have 65,535 of them under the short numbering."""
_SIZE_MAX: Final = 0xFFFF_FFFF


class NotUnderstoodError(ValueError):
    """The file is cut, damaged, or built in a way that this package does not change.

    It never leaves the package: `avif_labels` answers it with None.
    """


@dataclass(frozen=True, slots=True)
class Box:
    """Where one box lies in the file: `start`, its payload from `body`, up to `end`."""

    kind: bytes
    start: int
    body: int
    end: int


def boxes(data: bytes, start: int, stop: int) -> tuple[list[Box], bool]:
    """Return the whole boxes from `start`, and whether they fill all up to `stop`."""
    found: list[Box] = []
    position = start
    while position + _HEAD <= stop and len(found) < _BOXES_MAX:
        size, head = int.from_bytes(data[position : position + 4], "big"), _HEAD
        if size == 1:
            head = _LONG_HEAD
            size = int.from_bytes(data[position + _HEAD : position + _LONG_HEAD], "big")
        elif size == 0:
            size = stop - position
        if size < head or position + size > stop:
            break
        kind = data[position + 4 : position + _HEAD]
        found.append(Box(kind, position, position + head, position + size))
        position += size
    return found, position == stop


def made(kind: bytes, *payload: bytes) -> bytes:
    """Return a box with this payload. NotUnderstoodError: it is too large for a short head."""
    size = _HEAD + sum(map(len, payload))
    if size > _SIZE_MAX:
        raise NotUnderstoodError("a box of more than 4 GiB")
    return b"".join((size.to_bytes(4, "big"), kind, *payload))


class Cursor:
    """Reads forward from `position` and never beyond `stop`: there is NotUnderstoodError."""

    def __init__(self, data: bytes, position: int, stop: int) -> None:
        self._data = data
        self.position = position
        self._stop = stop

    def number(self, size: int) -> int:
        """Read an unsigned number of `size` bytes; one of no bytes is 0."""
        end = self.position + size
        if end > self._stop:
            raise NotUnderstoodError("a box ends inside a number")
        value = int.from_bytes(self._data[self.position : end], "big")
        self.position = end
        return value

    def word(self) -> bytes:
        """Read four letters."""
        return self.number(4).to_bytes(4, "big")

    def text(self) -> bytes:
        """Read up to a zero byte, which some writers leave out at the end of a box."""
        end = self._data.find(b"\0", self.position, self._stop)
        text = self._data[self.position : self._stop if end < 0 else end]
        self.position = self._stop if end < 0 else end + 1
        return text
