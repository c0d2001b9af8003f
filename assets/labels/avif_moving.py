"""Puts an AVIF together again with something taken out or put in, and every item found again.

Source: ISO/IEC 14496-12, sections 4.2 (boxes) and 8.1.1 (mdat).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from assets.labels.avif_boxes import Box, NotUnderstoodError, boxes, made
from assets.labels.avif_items import IN_FILE, Extent, Place
from assets.labels.avif_meta import (
    Contents,
    blanked,
    read_contents,
    read_meta,
    with_item,
    without_exif_texts,
    without_packets,
    written,
)

# Of any other box nobody here knows whether it counts from the beginning of the file.
_KNOWN: Final = frozenset({b"ftyp", b"meta", b"mdat", b"free", b"skip", b"uuid"})
_HEAD: Final = 8
_TOP_MAX: Final = 1_000
_CUTS_MAX: Final = 64
"""Each is compared with every run of the picture's: real files have one packet in one run."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of item bytes of the old file, and where it begins in the new one."""

    start: int
    end: int
    new: int


def moved_file(data: bytes, leave_out: Callable[[Box], bool], packet: bytes | None) -> bytes:
    """Return the file without the boxes to leave out and, where there is one, with this packet.

    With a packet, any that was there is taken out with its bytes. NotUnderstoodError: the result
    could not be vouched for.
    """
    top = _top(data)
    meta = read_meta(data, next(box for box in top if box.kind == b"meta"))
    before = read_contents(data, meta)
    contents, gone = without_packets(before) if packet is not None else (before, ())
    if packet is not None:
        data = without_exif_texts(blanked(data, meta, gone, contents.places.places), contents)
    cuts = _cuts(top, contents, gone)
    kept = [box for box in top if not leave_out(box)]

    def at(offset: int) -> Contents:
        if packet is None:
            return contents
        return with_item(data, meta, contents, offset, len(packet))

    # The numbers in the meta box have a fixed width: its size is known before they are.
    size = len(written(data, meta, at(0), lambda place: place.extents))
    pieces: list[_Piece] = []
    end = 0
    for box in kept:
        end = _laid(box, size, cuts, end, pieces)
    final = at(end + _HEAD)
    starts = [piece.start for piece in pieces]
    own = final.places.places[-1] if packet is not None else None

    def moved(place: Place) -> tuple[Extent, ...]:
        return place.extents if place is own else _moved(place, starts, pieces)

    out = [_box(data, box, cuts) for box in kept if box.kind != b"meta"]
    out.insert(kept.index(meta.box), written(data, meta, final, moved))
    if packet is not None:
        out.append(made(b"mdat", packet))
    return b"".join(out)


def _top(data: bytes) -> list[Box]:
    top, whole = boxes(data, 0, len(data))
    kinds = [box.kind for box in top]
    if not whole or len(top) > _TOP_MAX or not _KNOWN.issuperset(kinds) or kinds[:1] != [b"ftyp"]:
        raise NotUnderstoodError("the file holds other boxes than a still picture does")
    if kinds.count(b"meta") != 1 or kinds.count(b"ftyp") != 1:
        raise NotUnderstoodError("there is not one meta box")
    return top


def _cuts(top: list[Box], contents: Contents, gone: tuple[Place, ...]) -> list[tuple[int, int]]:
    """Return the runs of the file that only packets used, in order."""
    cuts = sorted(_runs(gone))
    used = sorted(_runs(contents.places.places))
    if len(cuts) > _CUTS_MAX or any(start < end for (_, end), (start, _) in pairwise(cuts)):
        raise NotUnderstoodError("packets share bytes, or are in too many runs")
    media = [box for box in top if box.kind == b"mdat"]
    for start, end in cuts:
        if not any(box.body <= start and end <= box.end for box in media):
            raise NotUnderstoodError("a packet lies where no item bytes are")
        # Runs of pictures may overlap among themselves, so each is looked at.
        if any(other < end and start < stop for other, stop in used):
            raise NotUnderstoodError("a packet shares bytes with the picture")
    return cuts


def _runs(places: tuple[Place, ...]) -> Iterator[tuple[int, int]]:
    for place in places:
        if place.method != IN_FILE:
            continue
        for extent in place.extents:
            if place.source or not extent.length:
                raise NotUnderstoodError("an item in another file, or up to the end of this one")
            yield extent.offset, extent.offset + extent.length


def _parts(box: Box, cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what is left of an mdat box's payload."""
    parts = []
    position = box.body
    for start, end in cuts:
        if box.body <= start and end <= box.end:
            parts.append((position, start))
            position = end
    parts.append((position, box.end))
    return [(start, end) for start, end in parts if start < end]


def _laid(
    box: Box, meta_size: int, cuts: list[tuple[int, int]], position: int, pieces: list[_Piece]
) -> int:
    """Note where the runs of one box go, from `position`; return where the box ends."""
    if box.kind == b"meta":
        return position + meta_size
    if box.kind != b"mdat":
        return position + _HEAD + box.end - box.body
    parts = _parts(box, cuts)
    if not parts and box.end > box.body:
        return position
    position += _HEAD
    for start, end in parts:
        pieces.append(_Piece(start, end, position))
        position += end - start
    return position


def _box(data: bytes, box: Box, cuts: list[tuple[int, int]]) -> bytes:
    if box.kind != b"mdat":
        return made(box.kind, data[box.body : box.end])
    parts = _parts(box, cuts)
    # A box that held nothing but the old packet goes with it.
    if not parts and box.end > box.body:
        return b""
    return made(b"mdat", *(data[start:end] for start, end in parts))


def _moved(place: Place, starts: list[int], pieces: list[_Piece]) -> tuple[Extent, ...]:
    if place.method != IN_FILE:
        return place.extents
    moved = []
    for extent in place.extents:
        index = bisect_right(starts, extent.offset) - 1
        piece = pieces[index] if index >= 0 else None
        if piece is None or extent.offset + extent.length > piece.end:
            raise NotUnderstoodError("an item lies where no item bytes are")
        moved.append(Extent(extent.number, piece.new + extent.offset - piece.start, extent.length))
    return tuple(moved)
