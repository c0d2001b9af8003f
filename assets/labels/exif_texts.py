"""Takes out of Exif the texts that say, in another place, what a label says.

Programs that know several places look into Exif first (Metadata Working Group, Guidelines 2.0,
section 5), so that a description left there would be shown in the place of the label's. Nothing
changes its length or its place: the entries behind one that goes move up, and what it said is
overwritten.

Source: TIFF 6.0, section 2 (image file directory); CIPA DC-008, section 4.6.
"""

from __future__ import annotations

import re
from typing import Final, Literal

_TEXTS: Final = frozenset(
    {
        0x010E,  # ImageDescription
        0x0131,  # Software
        0x013B,  # Artist
        0x02BC,  # a packet of XMP
        0x8298,  # Copyright
        0x83BB,  # IPTC's older fields
        0x8649,  # Photoshop's image resources, which hold those too
        0x9C9B,  # XPTitle; the next four are Windows' own as well
        0x9C9C,  # XPComment
        0x9C9D,  # XPAuthor
        0x9C9E,  # XPKeywords
        0x9C9F,  # XPSubject
    }
)
EXIF_HEAD: Final = re.compile(rb".{0,4}?exif\0.", re.DOTALL | re.IGNORECASE)
"""The six letters before Exif: exiftool takes any last byte, any case, and a few bytes before them."""
# The number behind it, 42, is asked for by few readers.
_ORDERS: Final[dict[bytes, Literal["little", "big"]]] = {b"II": "little", b"MM": "big"}
_ENTRY: Final = 12
_ENTRIES_MAX: Final = 200
"""A camera writes some 20 into its first directory."""
_IN_PLACE: Final = 4
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of one value of each type."""


def without_texts(exif: bytes) -> bytes:
    """Return Exif, with or without its six letters before it, of the same length without texts.

    What cannot be read as Exif is returned as it is.
    """
    head = EXIF_HEAD.match(exif)
    start = head.end() if head is not None else 0
    order = _ORDERS.get(exif[start : start + 2])
    if order is None:
        return exif
    table = start + int.from_bytes(exif[start + 4 : start + 8], order)
    count = int.from_bytes(exif[table : table + 2], order)
    end = table + 2 + count * _ENTRY
    if not 0 < count <= _ENTRIES_MAX or table < start + 8 or end > len(exif):
        return exif
    entries = [exif[at : at + _ENTRY] for at in range(table + 2, end, _ENTRY)]
    kept = [entry for entry in entries if int.from_bytes(entry[:2], order) not in _TEXTS]
    gone = [entry for entry in entries if int.from_bytes(entry[:2], order) in _TEXTS]
    if not gone:
        return exif
    out = bytearray(exif)
    used = [(table, end + 4), *(_value(entry, order, start) for entry in kept)]
    for entry in gone[: len(_TEXTS)]:  # A tag comes once, or the file is nobody's honest work.
        first, last = _value(entry, order, start)
        shared = any(first < stop and begin < last for begin, stop in used)
        if start + 8 <= first <= last <= len(exif) and not shared:
            out[first:last] = bytes(last - first)
    following = exif[end : end + 4]
    new = b"".join((len(kept).to_bytes(2, order), *kept, following))
    out[table : end + len(following)] = new.ljust(end + len(following) - table, b"\0")
    return bytes(out)


def _value(entry: bytes, order: Literal["little", "big"], start: int) -> tuple[int, int]:
    """Return where the value of an entry lies when it does not fit into the entry itself."""
    kind, count = int.from_bytes(entry[2:4], order), int.from_bytes(entry[4:8], order)
    size = _SIZES.get(kind, 1) * count
    first = start + int.from_bytes(entry[8:12], order)
    return (first, first + size) if size > _IN_PLACE else (0, 0)
