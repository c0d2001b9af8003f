"""Labels in a JPEG: one APP1 segment behind JFIF's and Exif's.

Sources: ITU-T T.81, annex B (markers); XMP specification part 3, section 1.1.3 (APP1, extended XMP);
Adobe Photoshop file format (image resources in APP13); ISO 19566-5, annex D (JUMBF in APP11).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from assets.labels.exif_texts import EXIF_HEAD, without_texts
from assets.labels.image_resources import without_iptc
from assets.labels.jumbf_head import HEAD_BYTES, is_manifest_store
from assets.labels.terms import PACKET_BYTES_MAX

_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED: Final = b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"

_MARKER: Final = re.compile(rb"\xff++([^\x00\xff])")
# Inside entropy-coded data FF is stuffed as FF 00, and FF D0 to FF D7 are restarts.
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP0, _APP1, _APP11, _APP13 = 0xE0, 0xE1, 0xEB, 0xED
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_SEGMENTS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Segment:
    """One segment; the pixels of a scan and markers without a payload belong to it."""

    code: int
    start: int
    payload: int
    stop: int
    """Where the payload ends."""
    end: int


def with_packet(data: bytes, packet: bytes) -> bytes | None:
    """Return the file with this packet and no other, or None when it is no sound JPEG.

    Extended XMP goes with the packet that was there, and so do IPTC's older fields (Photoshop's
    image resources 1028 and 1061), which would contradict the label.
    """
    segments, whole = _segments(data)
    if not whole or len(packet) > PACKET_BYTES_MAX:
        return None
    length = (2 + len(_XMP) + len(packet)).to_bytes(2, "big")
    label = b"".join((b"\xff\xe1", length, _XMP, packet))
    kept = [data[:2]]
    written = False
    resources = _resources(data, segments)
    for segment in segments:
        if not written and not _leads(data, segment):
            kept.append(label)
            written = True
        if _is_xmp(data, segment):
            continue
        if _is_photoshop(data, segment):
            kept.append(resources)
            resources = b""
        elif _is_exif(data, segment):
            kept.append(data[segment.start : segment.payload])
            kept.append(without_texts(data[segment.payload : segment.end]))
        else:
            kept.append(data[segment.start : segment.end])
    return b"".join(kept)


def packet_in(data: bytes) -> bytes | None:
    """Return the file's XMP packet as it is, or None; a damaged file is read as far as it goes."""
    for segment in _segments(data)[0]:
        if _begins(data, segment, _APP1, _XMP):
            return data[segment.payload + len(_XMP) : segment.stop]
    return None


def has_credentials(data: bytes) -> bool:
    """Tell whether segments of content credentials are in the file."""
    return bool(_credentials(data, _segments(data)[0]))


def without_credentials(data: bytes) -> bytes:
    """Return the file without its segments of content credentials, the rest as it was."""
    segments, _ = _segments(data)
    numbers = _credentials(data, segments)
    kept = bytearray()
    position = 0
    for segment in segments:
        if _box_number(data, segment) in numbers:
            kept += data[position : segment.start]
            position = segment.end
    return bytes(kept) + data[position:]


def _segments(data: bytes) -> tuple[list[_Segment], bool]:
    """Return the segments up to the end of the picture, and whether the file ends with it."""
    found: list[_Segment] = []
    position, shows = 2, False
    while len(found) < _SEGMENTS_MAX and (marker := _MARKER.match(data, position)) is not None:
        code, start, position = marker[1][0], position, marker.end()
        if code == _EOI:
            found.append(_Segment(code, start, position, position, position))
            return found, shows and position == len(data)
        if code == _SOI:
            break
        payload = stop = position
        if code not in _BARE:
            length = int.from_bytes(data[position : position + 2], "big")
            payload, stop = position + 2, position + length
            if length < 2 or stop > len(data):  # noqa: PLR2004 - the length counts its own bytes
                break
        position = stop
        if code == _SOS:
            after = _AFTER_SCAN.search(data, stop)
            if after is None:
                break
            position, shows = after.start(), True
        found.append(_Segment(code, start, payload, stop, position))
    return found, False


def _begins(data: bytes, segment: _Segment, code: int, head: bytes) -> bool:
    long_enough = segment.stop - segment.payload >= len(head)
    return segment.code == code and long_enough and data.startswith(head, segment.payload)


def _leads(data: bytes, segment: _Segment) -> bool:
    """Tell whether readers expect this one right at the beginning: JFIF, its addition, Exif."""
    return segment.code == _APP0 or _is_exif(data, segment)


def _is_exif(data: bytes, segment: _Segment) -> bool:
    head = EXIF_HEAD.match(data, segment.payload, segment.stop)
    return segment.code == _APP1 and head is not None


def _is_xmp(data: bytes, segment: _Segment) -> bool:
    return any(_begins(data, segment, _APP1, head) for head in (_XMP, _EXTENDED))


def _is_photoshop(data: bytes, segment: _Segment) -> bool:
    return _begins(data, segment, _APP13, _PHOTOSHOP)


def _resources(data: bytes, segments: list[_Segment]) -> bytes:
    """Return the segments of what Photoshop left besides IPTC's fields; of several, one stream."""
    mine = [segment for segment in segments if _is_photoshop(data, segment)]
    stream = b"".join(data[s.payload + len(_PHOTOSHOP) : s.stop] for s in mine)
    kept = without_iptc(stream)
    if kept == stream:
        return b"".join(data[segment.start : segment.end] for segment in mine)
    size = 0xFFFF - 2 - len(_PHOTOSHOP)
    pieces = [kept[at : at + size] for at in range(0, len(kept), size)]
    return b"".join(
        b"".join((b"\xff\xed", (2 + len(_PHOTOSHOP) + len(p)).to_bytes(2, "big"), _PHOTOSHOP, p))
        for p in pieces
    )


def _box_number(data: bytes, segment: _Segment) -> bytes | None:
    """Return the number that the pieces of one JUMBF box share, or None of another segment."""
    if not _begins(data, segment, _APP11, b"JP"):
        return None
    return data[segment.payload + 2 : segment.payload + 4]


def _credentials(data: bytes, segments: list[_Segment]) -> frozenset[bytes]:
    """Return the numbers of the JUMBF boxes that are C2PA's: other programs keep theirs there."""
    found: set[bytes] = set()
    for segment in segments:
        number = _box_number(data, segment)
        head = data[segment.payload + 8 : min(segment.payload + 8 + HEAD_BYTES, segment.stop)]
        if number is not None and is_manifest_store(head):
            found.add(number)
    return frozenset(found)
