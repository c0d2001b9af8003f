"""The walk over an AVIF: its top-level boxes, and the sizes that its item properties declare.

Source of the layout: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (meta, iprp, ipco, ispe) and the
AV1 Image File Format 1.1. AVIF has no checksum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from validators.containers.found import Defect, Header, animated, damaged, ending, truncated

_MAX_BOXES: Final = 10_000

# A top-level box of another kind is taken for foreign data behind the picture.
_KNOWN: Final = frozenset(
    (b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"idat", b"jumb", b"emsg")
)


@dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    start: int
    """Where the payload begins."""
    end: int


def walk_avif(data: bytes) -> Header | Defect:
    """Check the top-level boxes and return the largest declared size, or the first flaw."""
    view = memoryview(data)
    if bytes(view[8:12]) == b"avis":
        return animated("avif", "the major brand is avis")
    header: Header | None = None
    has_pixels = False
    end = 0
    for box in _boxes(view, 0, len(view)):
        # A second ftyp is a second file, glued on.
        foreign = box.kind not in _KNOWN or (box.kind == b"ftyp" and end > 0)
        if foreign and header is not None and has_pixels:
            break
        if foreign:
            return damaged("avif", f"no known box begins at byte {end}")
        if box.end > len(view):
            return truncated("avif", f"the box {box.kind.decode('ascii')} at byte {end} is cut")
        if box.kind == b"moov":
            return animated("avif", "there is a track of pictures")
        if box.kind == b"meta":
            header = _size(view, box) or header
        has_pixels = has_pixels or box.kind in {b"mdat", b"idat"} or _holds_idat(view, box)
        end = box.end
    return _close(data, end, header, has_pixels=has_pixels)


def _close(data: bytes, end: int, header: Header | None, *, has_pixels: bool) -> Header | Defect:
    if header is not None and has_pixels:
        return ending(data, end, header)
    if len(data) - end < 8 or header is None:  # noqa: PLR2004 - less than a box's head is left
        return truncated("avif", f"the file ends at byte {len(data)} before its pixel data")
    return damaged("avif", "there is no pixel data")


def _boxes(view: memoryview, start: int, stop: int) -> Iterator[_Box]:
    """Yield boxes from `start`; the last may reach beyond `stop`, and junk yields an odd kind."""
    position = start
    for _ in range(_MAX_BOXES):
        if position + 8 > stop:
            return
        size = int.from_bytes(view[position : position + 4], "big")
        kind = bytes(view[position + 4 : position + 8])
        head = 8
        if size == 1:
            size = int.from_bytes(view[position + 8 : position + 16], "big")
            head = 16
        elif size == 0:
            size = stop - position
        if size < head:
            yield _Box(b"", position, position)
            return
        yield _Box(kind, position + head, position + size)
        position += size


def _inside(view: memoryview, box: _Box, kind: bytes, skip: int = 0) -> _Box | None:
    found = (child for child in _boxes(view, box.start + skip, box.end) if child.kind == kind)
    child = next(found, None)
    return child if child is not None and child.end <= box.end else None


def _holds_idat(view: memoryview, box: _Box) -> bool:
    return box.kind == b"meta" and _inside(view, box, b"idat", skip=4) is not None


def _size(view: memoryview, meta: _Box) -> Header | None:
    """Return the largest ispe of a meta box: a grid's tiles and an alpha plane have their own."""
    properties = _inside(view, meta, b"iprp", skip=4)
    container = properties and _inside(view, properties, b"ipco")
    largest: tuple[int, int] = (0, 0)
    for box in _boxes(view, container.start, container.end) if container else ():
        if box.kind == b"ispe" and box.end - box.start == 12 and box.end <= len(view):  # noqa: PLR2004 - flags, width, height
            width = int.from_bytes(view[box.start + 4 : box.start + 8], "big")
            height = int.from_bytes(view[box.start + 8 : box.start + 12], "big")
            largest = max(largest, (width, height), key=lambda size: size[0] * size[1])
    return Header("avif", *largest) if largest[0] and largest[1] else None


def avif_bit_depth(data: bytes) -> int:
    """Return the bits per channel of an intact AVIF: 8, 10 or 12; of several, the largest.

    Source: AV1 Codec ISO Media File Format Binding, section 2.3 (av1C).
    """
    depth = 8
    for payload in _properties(data, b"av1C"):
        flags = payload[2] if len(payload) > 2 else 0  # noqa: PLR2004 - the bits are in the third byte
        depth = max(depth, (12 if flags & 0x20 else 10) if flags & 0x40 else 8)
    return depth


def avif_colour_codes(data: bytes) -> tuple[int, int] | None:
    """Return the codes of primaries and transfer of an intact AVIF, or None when it has none.

    Source: ISO/IEC 14496-12, section 12.1.5 (colr, nclx); the codes are those of ITU-T H.273.
    """
    for payload in _properties(data, b"colr"):
        if payload[:4] == b"nclx" and len(payload) >= 8:  # noqa: PLR2004 - a kind and two codes
            return int.from_bytes(payload[4:6], "big"), int.from_bytes(payload[6:8], "big")
    return None


def _properties(data: bytes, kind: bytes) -> Iterator[bytes]:
    view = memoryview(data)
    meta = next((box for box in _boxes(view, 0, len(view)) if box.kind == b"meta"), None)
    properties = meta and _inside(view, meta, b"iprp", skip=4)
    container = properties and _inside(view, properties, b"ipco")
    for box in _boxes(view, container.start, container.end) if container else ():
        if box.kind == kind:
            yield bytes(view[box.start : min(box.end, len(view))])
