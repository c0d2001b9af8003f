"""The meta box of an AVIF: read, and written again with one XMP item in the place of any other.

Source: ISO/IEC 14496-12, section 8.11.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from assets.labels.avif_boxes import Box, Cursor, NotUnderstoodError, boxes, made
from assets.labels.avif_items import (
    IN_FILE,
    IN_META,
    Entries,
    Extent,
    Place,
    Places,
    Reference,
    References,
    empty_references,
    read_entries,
    read_places,
    read_primary,
    read_references,
    xmp_entry,
)
from assets.labels.exif_texts import without_texts

_FULL: Final = 4
_EXIF_ITEMS_MAX: Final = 16
_BLANKS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Meta:
    """Where the parts of a meta box lie that are read here."""

    box: Box
    children: tuple[Box, ...]
    places: Box
    entries: Box
    primary: Box
    references: Box | None
    inside: Box | None
    """The idat box: bytes of items within the meta box itself."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a meta box says of its items."""

    places: Places
    entries: Entries
    references: References | None


def read_meta(data: bytes, box: Box) -> Meta:
    """Find the parts. NotUnderstoodError: one is missing, comes twice, or is cut."""
    children, whole = boxes(data, box.body + _FULL, box.end)
    if not whole:
        raise NotUnderstoodError("meta holds what is no box")

    def one(kind: bytes) -> Box | None:
        found = [child for child in children if child.kind == kind]
        if len(found) > 1:
            raise NotUnderstoodError("a part of meta comes twice")
        return found[0] if found else None

    places, entries, primary = one(b"iloc"), one(b"iinf"), one(b"pitm")
    if places is None or entries is None or primary is None:
        raise NotUnderstoodError("meta lacks iloc, iinf or pitm")
    parts = (places, entries, primary, one(b"iref"), one(b"idat"))
    return Meta(box, tuple(children), *parts)


def read_contents(data: bytes, meta: Meta) -> Contents:
    """Read the items. NotUnderstoodError: the picture is not among them, or one comes twice."""
    places = read_places(data, meta.places)
    entries = read_entries(data, meta.entries)
    references = read_references(data, meta.references) if meta.references is not None else None
    listed = [entry.item for entry in entries.entries]
    placed = [place.item for place in places.places]
    primary = read_primary(data, meta.primary)
    if primary not in listed or len(set(listed)) < len(listed) or len(set(placed)) < len(placed):
        raise NotUnderstoodError("the picture is no item, or an item comes twice")
    return Contents(places, entries, references)


def without_packets(contents: Contents) -> tuple[Contents, tuple[Place, ...]]:
    """Take every XMP item out; return what is left, and where they lay."""
    gone = {entry.item for entry in contents.entries.entries if entry.is_xmp}
    if not gone:
        return contents, ()
    references = contents.references
    if references is not None:
        left = tuple(one for one in references.references if one.item not in gone)
        if any(not gone.isdisjoint(one.to) for one in left):
            raise NotUnderstoodError("another item refers to the packet")
        references = References(references.version, left)
    places, entries = contents.places, contents.entries
    kept = Contents(
        Places(
            places.version,
            places.index_size,
            tuple(place for place in places.places if place.item not in gone),
        ),
        Entries(
            entries.version, tuple(entry for entry in entries.entries if entry.item not in gone)
        ),
        references,
    )
    return kept, tuple(place for place in places.places if place.item in gone)


def with_item(data: bytes, meta: Meta, contents: Contents, offset: int, length: int) -> Contents:
    """Add one XMP item of `length` bytes at `offset` that describes the picture."""
    places, entries = contents.places, contents.entries
    groups = _groups(data, meta)
    item = 1 + max(
        *(entry.item for entry in entries.entries),
        *(place.item for place in places.places),
        *groups,
        0,
    )
    references = contents.references or empty_references(item)
    described = Reference(b"cdsc", item, (read_primary(data, meta.primary),))
    place = Place(item, IN_FILE, 0, (Extent(0, offset, length),))
    return Contents(
        Places(places.version, places.index_size, (*places.places, place)),
        Entries(entries.version, (*entries.entries, xmp_entry(item))),
        References(references.version, (*references.references, described)),
    )


def written(
    data: bytes, meta: Meta, contents: Contents, moved: Callable[[Place], tuple[Extent, ...]]
) -> bytes:
    """Return the meta box with these items, each where `moved` says; other parts as they were."""
    out = [data[meta.box.body : meta.box.body + _FULL]]
    for child in meta.children:
        if child == meta.places:
            out.append(contents.places.written(moved))
        elif child == meta.entries:
            out.append(contents.entries.written())
            if meta.references is None and contents.references is not None:
                out.append(contents.references.written())
        elif child == meta.references and contents.references is not None:
            out.append(contents.references.written() if contents.references.references else b"")
        else:
            out.append(made(child.kind, data[child.body : child.end]))
    return made(b"meta", *out)


def _groups(data: bytes, meta: Meta) -> list[int]:
    """Return the numbers of groups: they are drawn from the same row as those of items."""
    numbers: list[int] = []
    for box in (child for child in meta.children if child.kind == b"grpl"):
        for group in boxes(data, box.body, box.end)[0]:
            cursor = Cursor(data, group.body + _FULL, group.end)
            numbers.append(cursor.number(4))
    return numbers


def without_exif_texts(data: bytes, contents: Contents) -> bytes:
    """Return the file with the texts of its Exif items overwritten.

    Only of those in one run of the file, as everybody writes them: the others are left alone.
    """
    exif = {entry.item for entry in contents.entries.entries if entry.is_exif}
    if len(exif) > _EXIF_ITEMS_MAX:
        return data
    for place in contents.places.places:
        if place.item not in exif or place.method != IN_FILE or len(place.extents) != 1:
            continue
        _, start, length = place.extents[0]
        if _shared(place, contents.places.places):
            continue
        # Before Exif stands the distance to it: 0, or 6 where its six letters are there too.
        begin = start + 4 + int.from_bytes(data[start : start + 4], "big")
        end = start + length
        if begin < end <= len(data):
            data = b"".join((data[:begin], without_texts(data[begin:end]), data[end:]))
    return data


def _shared(own: Place, places: tuple[Place, ...]) -> bool:
    _, start, length = own.extents[0]
    return any(
        extent.offset < start + length and start < extent.offset + extent.length
        for place in places
        if place is not own and place.method == IN_FILE
        for extent in place.extents
    )


def blanked(data: bytes, meta: Meta, gone: tuple[Place, ...], kept: tuple[Place, ...]) -> bytes:
    """Return the file with the bytes of items that lay within the meta box overwritten."""
    mine = [extent for place in gone if place.method == IN_META for extent in place.extents]
    if not mine:
        return data
    others = [extent for place in kept if place.method == IN_META for extent in place.extents]
    if meta.inside is None or len(mine) > _BLANKS_MAX:
        raise NotUnderstoodError("there is no idat, or too much to overwrite")
    out = bytearray(data)
    for extent in mine:
        end = extent.offset + extent.length
        start, stop = meta.inside.body + extent.offset, meta.inside.body + end
        shared = any(o.offset < end and extent.offset < o.offset + o.length for o in others)
        if shared or stop > meta.inside.end or not extent.length:
            raise NotUnderstoodError("a packet shares its bytes, or has none")
        out[start:stop] = bytes(extent.length)
    return bytes(out)
