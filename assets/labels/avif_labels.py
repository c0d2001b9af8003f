"""Labels in an AVIF: an item of XMP that describes the picture, its bytes behind everything else.

Sources: ISO/IEC 23008-12, section 6.3.2 and annex A (metadata items); AV1 Image File Format 1.1; C2PA
technical specification, appendix A.5 (the uuid box). Items are found by their distance from the
beginning of the file, so that whatever is put in or taken out moves all the others: what is not
understood here is not changed.
"""

from __future__ import annotations

from typing import Final

from assets.labels.avif_boxes import Box, NotUnderstoodError, boxes
from assets.labels.avif_items import IN_FILE, IN_META, Place, read_entries, read_places
from assets.labels.avif_meta import Meta, read_meta
from assets.labels.avif_moving import moved_file
from assets.labels.jumbf_head import HEAD_BYTES, is_manifest_store
from assets.labels.packet_reading import FOREIGN_BYTES_MAX

_BRANDS: Final = frozenset({b"avif", b"avis"})
_BRANDS_BYTES_MAX: Final = 256
_FILE_BYTES_MAX: Final = 0xFFFF_0000
_CREDENTIALS: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_VERSION_AND_FLAGS: Final = 4
_PURPOSE_MAX: Final = 32
"""The word `manifest` and its end; other words are for boxes that go with that one."""
_OFFSET: Final = 8
_XMP_BOX: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The uuid box in which Adobe's programs keep XMP in films: some readers look there too."""


def is_avif(data: bytes) -> bool:
    """Tell whether the bytes begin like an AVIF."""
    window = data[8 : min(int.from_bytes(data[:4], "big"), _BRANDS_BYTES_MAX)]
    names = (window[at : at + 4] for at in range(0, len(window), 4) if at != 4)  # noqa: PLR2004 - the minor version
    return data[4:8] == b"ftyp" and not _BRANDS.isdisjoint(names)


def with_packet(data: bytes, packet: bytes) -> bytes | None:
    """Return the file with this packet and no other, or None when it cannot be made safely.

    Films and sequences, files whose items lie in other files, and boxes of versions that came later
    are such.
    """
    if len(data) > _FILE_BYTES_MAX:
        return None
    try:
        return moved_file(data, lambda box: _is_uuid(data, box, _XMP_BOX), packet)
    except NotUnderstoodError:
        return None


def packet_in(data: bytes) -> bytes | None:
    """Return the XMP packet that describes the picture, or None."""
    meta = next((box for box in boxes(data, 0, len(data))[0] if box.kind == b"meta"), None)
    if meta is None:
        return None
    try:
        return _packet(data, read_meta(data, meta))
    except NotUnderstoodError:
        return None


def has_credentials(data: bytes) -> bool:
    """Tell whether a box of content credentials is in the file, and holds some."""
    return any(_is_store(data, box) for box in _places_of_credentials(data))


def without_credentials(data: bytes) -> bytes:
    """Return the file without its boxes of content credentials.

    Where a file is built in a way that nothing in it can be moved safely, they are overwritten
    with empty space of the same length.
    """
    if not _places_of_credentials(data):
        return data
    try:
        return moved_file(data, lambda box: _is_uuid(data, box, _CREDENTIALS), None)
    except NotUnderstoodError:
        return _blanked(data)


def _blanked(data: bytes) -> bytes:
    out = bytearray(data)
    for box in _places_of_credentials(data):
        out[box.start + 4 : box.start + 8] = b"free"
        out[box.body : box.end] = bytes(box.end - box.body)
    return bytes(out)


def _places_of_credentials(data: bytes) -> list[Box]:
    return [box for box in boxes(data, 0, len(data))[0] if _is_uuid(data, box, _CREDENTIALS)]


def _is_store(data: bytes, box: Box) -> bool:
    """Look behind the box's name, its version and flags, what it is for, and an offset."""
    start = box.body + len(_CREDENTIALS) + _VERSION_AND_FLAGS
    end = data.find(b"\0", start, min(start + _PURPOSE_MAX, box.end))
    store = end + 1 + _OFFSET
    return end >= 0 and is_manifest_store(data[store : min(store + HEAD_BYTES, box.end)])


def _is_uuid(data: bytes, box: Box, name: bytes) -> bool:
    return box.kind == b"uuid" and data.startswith(name, box.body, box.end)


def _packet(data: bytes, meta: Meta) -> bytes | None:
    places = {place.item: place for place in read_places(data, meta.places).places}
    entries = read_entries(data, meta.entries).entries
    for item in (entry.item for entry in entries if entry.is_xmp):
        place = places.get(item)
        packet = _bytes_of(data, meta, place) if place is not None else None
        if packet:
            return packet
    return None


def _bytes_of(data: bytes, meta: Meta, place: Place) -> bytes | None:
    if place.source or sum(extent.length for extent in place.extents) > FOREIGN_BYTES_MAX:
        return None
    if place.method == IN_FILE:
        start, stop = 0, len(data)
    elif place.method == IN_META and meta.inside is not None:
        start, stop = meta.inside.body, meta.inside.end
    else:
        return None
    pieces = []
    for extent in place.extents:
        end = start + extent.offset + extent.length
        if end > stop:
            return None
        pieces.append(data[start + extent.offset : end])
    return b"".join(pieces)
