"""The items of an AVIF: what there is, where it lies, what refers to what.

Source: ISO/IEC 14496-12, sections 8.11.3 (iloc), 8.11.4 (pitm), 8.11.6 (iinf, infe), 8.11.12 (iref).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from assets.labels.avif_boxes import Box, Cursor, NotUnderstoodError, boxes, made

IN_FILE: Final = 0
IN_META: Final = 1
_IN_ITEM: Final = 2
"""Construction methods: offsets count from the file's beginning, from idat's, from an item's."""

_XMP_TYPE: Final = b"application/rdf+xml"
_EXTENTS_MAX: Final = 20_000
"""An extent can be written in no bytes at all: a file of 100 bytes could promise billions."""
_SHORT_MAX: Final = 0xFFFF
_OFFSET_MAX: Final = 0xFFFF_FFFF
_FULL: Final = 4
"""The bytes of a version and its flags."""
_FIELD_SIZES: Final = frozenset({0, 4, 8})
_METHOD_VERSION: Final = 1
"""The first version of iloc that says how an item is found."""
_LONG_VERSION: Final = 2
"""The first version of iloc, and the last but one of infe, with short numbers of items."""


class Extent(NamedTuple):
    """A run of an item's bytes; `offset` has the base in it."""

    number: int
    """What version 1 of iloc calls its index: of the item that it is taken from."""
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where one item lies."""

    item: int
    method: int
    source: int
    """0: in this file; anything else: in another one."""
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """An iloc box."""

    version: int
    index_size: int
    places: tuple[Place, ...]

    def written(self, moved: Callable[[Place], tuple[Extent, ...]]) -> bytes:
        """Return the box with each item where `moved` says; offsets and lengths in 4 bytes."""
        number = 4 if self.version >= _LONG_VERSION else 2
        out = [_full(self.version), bytes((0x44, self.index_size))]
        out.append(_fit(len(self.places), number))
        for place in self.places:
            out.append(_fit(place.item, number))
            if self.version >= _METHOD_VERSION:
                out.append(_fit(place.method, 2))
            extents = moved(place)
            out += (_fit(place.source, 2), _fit(len(extents), 2))
            for extent in extents:
                index = _fit(extent.number, self.index_size)
                out += (index, _fit(extent.offset, 4), _fit(extent.length, 4))
        return made(b"iloc", *out)


@dataclass(frozen=True, slots=True)
class Entry:
    """An infe box: which item, whether it is XMP or Exif, and the box as it was."""

    item: int
    is_xmp: bool
    raw: bytes
    is_exif: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """An iinf box."""

    version: int
    entries: tuple[Entry, ...]

    def written(self) -> bytes:
        """Return the box."""
        count = _fit(len(self.entries), 4 if self.version else 2)
        return made(b"iinf", _full(self.version), count, *(entry.raw for entry in self.entries))


@dataclass(frozen=True, slots=True)
class Reference:
    """What one item says of others, such as cdsc: it describes them."""

    kind: bytes
    item: int
    to: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class References:
    """An iref box."""

    version: int
    references: tuple[Reference, ...]

    def written(self) -> bytes:
        """Return the box."""
        size = 4 if self.version else 2
        children = (
            made(
                one.kind,
                _fit(one.item, size),
                _fit(len(one.to), 2),
                *(_fit(item, size) for item in one.to),
            )
            for one in self.references
        )
        return made(b"iref", _full(self.version), *children)


def read_places(data: bytes, box: Box) -> Places:
    """Read an iloc box of version 0, 1 or 2."""
    cursor = Cursor(data, box.body, box.end)
    version = _version(cursor, _LONG_VERSION)
    sizes = cursor.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version >= _METHOD_VERSION else 0
    if not {offset_size, length_size, base_size, index_size} <= _FIELD_SIZES:
        raise NotUnderstoodError("a size of fields that there is not")
    number = 4 if version >= _LONG_VERSION else 2
    places: list[Place] = []
    left = _EXTENTS_MAX
    for _ in range(cursor.number(number)):
        item = cursor.number(number)
        method = cursor.number(2) & 15 if version >= _METHOD_VERSION else IN_FILE
        source = cursor.number(2)
        base = cursor.number(base_size)
        count = cursor.number(2)
        left -= count
        if left < 0 or method > _IN_ITEM:
            raise NotUnderstoodError("too many extents, or a way to find items that there is not")
        extents = tuple(
            Extent(
                cursor.number(index_size),
                base + cursor.number(offset_size),
                cursor.number(length_size),
            )
            for _ in range(count)
        )
        places.append(Place(item, method, source, extents))
    return Places(version, index_size, tuple(places))


def read_entries(data: bytes, box: Box) -> Entries:
    """Read an iinf box."""
    cursor = Cursor(data, box.body, box.end)
    version = _version(cursor, 1)
    count = cursor.number(4 if version else 2)
    found, whole = boxes(data, cursor.position, box.end)
    if not whole or len(found) != count or any(child.kind != b"infe" for child in found):
        raise NotUnderstoodError("iinf has other entries than it promises")
    return Entries(version, tuple(_entry(data, child) for child in found))


def read_references(data: bytes, box: Box) -> References:
    """Read an iref box."""
    cursor = Cursor(data, box.body, box.end)
    version = _version(cursor, 1)
    size = 4 if version else 2
    found, whole = boxes(data, cursor.position, box.end)
    if not whole:
        raise NotUnderstoodError("iref holds what is no box")
    references = []
    for child in found:
        inside = Cursor(data, child.body, child.end)
        item = inside.number(size)
        to = tuple(inside.number(size) for _ in range(inside.number(2)))
        references.append(Reference(child.kind, item, to))
    return References(version, tuple(references))


def read_primary(data: bytes, box: Box) -> int:
    """Read a pitm box: the number of the item that is the picture."""
    cursor = Cursor(data, box.body, box.end)
    return cursor.number(4 if _version(cursor, 1) else 2)


def xmp_entry(item: int) -> Entry:
    """Return the entry of a new item that is an XMP packet."""
    version, size = (2, 2) if item <= _SHORT_MAX else (3, 4)
    names = b"mime\0" + _XMP_TYPE + b"\0"
    return Entry(
        item, is_xmp=True, raw=made(b"infe", _full(version), _fit(item, size), b"\0\0", names)
    )


def empty_references(items: int) -> References:
    """Return an iref box for items up to this number."""
    return References(0 if items <= _SHORT_MAX else 1, ())


def _entry(data: bytes, box: Box) -> Entry:
    cursor = Cursor(data, box.body, box.end)
    version = _version(cursor, 3)
    item = cursor.number(4 if version > _LONG_VERSION else 2)
    cursor.number(2)  # Its protection.
    is_xmp = False
    kind = cursor.word() if version >= _LONG_VERSION else b""
    if kind == b"mime":
        cursor.text()  # Its name.
        is_xmp = cursor.text().lower() == _XMP_TYPE
    return Entry(item, is_xmp, made(b"infe", data[box.body : box.end]), kind == b"Exif")


def _version(cursor: Cursor, newest: int) -> int:
    version = cursor.number(_FULL) >> 24
    if version > newest:
        raise NotUnderstoodError("a version that came later")
    return version


def _full(version: int) -> bytes:
    return bytes((version, 0, 0, 0))


def _fit(value: int, size: int) -> bytes:
    if value >= 1 << 8 * size and size:
        raise NotUnderstoodError("a number that its field cannot hold")
    return value.to_bytes(size, "big") if size else b""
