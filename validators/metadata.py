"""What a file carries besides its pixels and what is needed to show them.

Sources of the layouts: CIPA DC-008 (Exif), ISO 16684-1 (XMP), IPTC IIM 4.2 and Adobe's Photoshop
file format (image resources), W3C PNG third edition, RFC 9649 (WebP), ITU-T T.871 (JFIF), ISO 19566-5
(JUMBF, the box of content credentials). Colour profiles are no metadata here: they have their own
rule.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from validators.containers.file_parts import Part, file_parts
from validators.picture import Picture
from validators.xmp_packet import xmp_names

_MAX_TEXT_BYTES: Final = 1_000_000
_MAX_NAMES: Final = 200
_EXIF_POINTER: Final = 0x8769
_GPS_POINTER: Final = 0x8825
_POINTERS: Final = frozenset({_EXIF_POINTER, _GPS_POINTER, 0xA005})
_IPTC_RESOURCE: Final = 0x0404
_IPTC_NAMES: Final = {
    5: "ObjectName",
    25: "Keywords",
    55: "DateCreated",
    80: "Byline",
    90: "City",
    92: "Sublocation",
    101: "Country",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "CopyrightNotice",
    120: "Caption",
}

_PNG_NEEDED: Final = {
    "IHDR": 13,
    "PLTE": 768,
    "IEND": 0,
    "tRNS": 256,
    "cHRM": 32,
    "gAMA": 4,
    "sBIT": 4,
    "sRGB": 1,
    "cICP": 4,
    "mDCV": 24,
    "cLLI": 8,
    "bKGD": 6,
    "pHYs": 9,
    "acTL": 8,
    "fcTL": 26,
}
"""The chunks that say how to show the picture, each with the most bytes that it can have."""

_PNG_LONG: Final = frozenset({"iCCP", "IDAT", "fdAT"})
_PNG_MANY: Final = frozenset({"IDAT", "fdAT", "fcTL"})
_WEBP_NEEDED: Final = frozenset({"VP8X", "ICCP"})
_VP8X_BYTES: Final = 10
_AVIF_NEEDED: Final = frozenset({b"ftyp", b"meta", b"mdat", b"moov"})
_C2PA_BOX: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_JUMBF_HEAD: Final = 64
_JFIF_BYTES: Final = 14
_ADOBE_BYTES: Final = 12
# Frames and tables (C0 to CF), scan, quantization, number of lines, restarts, hierarchies.
_JPEG_CODING: Final = frozenset({*range(0xC0, 0xD0), *range(0xDA, 0xE0)})

_RAW_PROFILE: Final = re.compile(r"Raw profile type (\w+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing found: its kind (exif, gps, xmp, iptc, c2pa, text, other) and its name there."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def metadata_of(picture: Picture) -> tuple[Entry, ...]:
    """Return everything found, each once, in the order of the file; at most a few hundred."""
    found: dict[Entry, None] = {}
    for entry in _entries(picture):
        found[entry] = None
        if len(found) >= _MAX_NAMES:
            break
    return tuple(found)


def _entries(picture: Picture) -> Iterator[Entry]:
    match picture.format:
        case "png":
            yield from _from_png(file_parts(picture.data, "png"))
        case "jpeg":
            for part in file_parts(picture.data, "jpeg"):
                yield from _from_jpeg(part)
        case "webp":
            for part in file_parts(picture.data, "webp"):
                yield from _from_webp(part)
        case _:
            info = picture.image.info
            yield from _exif(info.get("exif") or b"")
            yield from _xmp(info.get("xmp") or b"")
            yield from _from_avif(picture.data)


def _from_png(parts: Iterator[Part]) -> Iterator[Entry]:
    seen: set[str] = set()
    for part in parts:
        again = part.kind in seen and part.kind not in _PNG_MANY
        if part.kind == "eXIf":
            yield from _exif(part.payload)
        elif part.kind in {"tEXt", "zTXt", "iTXt"}:
            yield from _png_text(part)
        elif part.kind == "tIME":
            yield Entry("text", "time of the last change")
        elif part.kind == "caBX":
            yield _credentials(part.payload, part.kind)
        elif part.kind not in _PNG_LONG and len(part.payload) > _PNG_NEEDED.get(part.kind, -1):
            yield Entry("other", part.kind)
        elif again:
            yield Entry("other", f"{part.kind} once more")
        seen.add(part.kind)


def _credentials(payload: bytes, where: str) -> Entry:
    """Tell content credentials from anything else that is put where they belong."""
    real = payload[4:8] == b"jumb" and b"c2pa" in payload[8:_JUMBF_HEAD]
    return Entry("c2pa", "content credentials") if real else Entry("other", where)


def _from_avif(data: bytes) -> Iterator[Entry]:
    """Look at the boxes of the file itself; those inside are libavif's."""
    position = 0
    while len(kind := data[position + 4 : position + 8]) == len("ftyp"):
        size, head = int.from_bytes(data[position : position + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        if kind == b"uuid" and data[position + head : position + head + 16] == _C2PA_BOX:
            yield Entry("c2pa", "content credentials")
        elif kind not in _AVIF_NEEDED:
            yield Entry("other", kind.decode("ascii", "replace"))
        if size < head:
            return  # The last box may leave its size to the end of the file.
        position += size


def _png_text(part: Part) -> Iterator[Entry]:
    raw, _, rest = part.payload.partition(b"\0")
    keyword = raw.decode("latin-1")
    profile = _RAW_PROFILE.fullmatch(keyword)
    if keyword == "XML:com.adobe.xmp" and part.kind == "iTXt":
        yield from _xmp(_png_value(part.kind, rest))
    elif profile is not None:
        value = _unhexed(_png_value(part.kind, rest))
        match profile[1].lower():
            case "exif":
                yield from _exif(value)
            case "xmp":
                yield from _xmp(value)
            case "iptc":
                yield from _resources(value)
            case "app1":
                yield from _app1(value)
            case other:
                yield Entry("other", other)
    else:
        yield Entry("text", keyword)


def _png_value(kind: str, rest: bytes) -> bytes:
    if kind == "tEXt":
        return rest
    compressed = kind == "zTXt"
    if kind == "iTXt":
        compressed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    else:
        rest = rest[1:]
    if not compressed:
        return rest
    with suppress(zlib.error):
        return zlib.decompressobj().decompress(rest, _MAX_TEXT_BYTES)
    return b""


def _unhexed(value: bytes) -> bytes:
    """Undo ImageMagick's way to put a profile into a text: its kind, its length, hex digits."""
    with suppress(binascii.Error, ValueError):
        return binascii.unhexlify(b"".join(value.split()[2:]))
    return b""


def _from_jpeg(part: Part) -> Iterator[Entry]:
    code, payload = int(part.kind, 16) & 0xFF, part.payload
    if part.kind == "FFFE":
        yield Entry("text", "Comment")
    elif part.kind == "FFE1":
        yield from _app1(payload)
    elif part.kind == "FFED":
        yield from _resources(payload.removeprefix(b"Photoshop 3.0\0"))
    elif part.kind == "FFEB" and payload.startswith(b"JP"):
        # Marker, number of the box and of the piece of it; every piece repeats the box's head.
        first = payload[4:8] in {b"\0\0\0\0", b"\0\0\0\1"}
        if first or payload[12:16] != b"jumb":
            yield _credentials(payload[8:], "APP11 JP")
        else:
            yield Entry("c2pa", "content credentials")
    elif code in range(0xE0, 0xF0):
        yield from _other_segment(code - 0xE0, payload)
    elif code not in _JPEG_CODING:
        yield Entry("other", f"segment {part.kind}")


def _other_segment(number: int, payload: bytes) -> Iterator[Entry]:
    if number == 0 and payload.startswith((b"JFIF\0", b"JFXX\0")):
        if not payload.startswith(b"JFIF\0") or len(payload) > _JFIF_BYTES:
            yield Entry("other", "thumbnail in APP0")
        return
    profile = number == 2 and payload.startswith(b"ICC_PROFILE\0")  # noqa: PLR2004 - APP2
    transform = payload.startswith(b"Adobe") and len(payload) <= _ADOBE_BYTES
    if not profile and not (number == 14 and transform):  # noqa: PLR2004 - APP14
        label = payload[:12].partition(b"\0")[0].decode("ascii", "replace")
        yield Entry("other", f"APP{number} {label}".strip())


def _app1(payload: bytes) -> Iterator[Entry]:
    if payload.startswith(b"Exif\0"):
        yield from _exif(payload)
    elif payload.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        yield from _xmp(payload.partition(b"\0")[2])
    elif payload.startswith(b"http://ns.adobe.com/xmp/extension/\0"):
        yield Entry("xmp", "extension")
    else:
        yield Entry("other", "APP1")


def _from_webp(part: Part) -> Iterator[Entry]:
    if part.kind == "EXIF":
        yield from _exif(part.payload)
    elif part.kind == "XMP ":
        yield from _xmp(part.payload)
    elif part.kind == "C2PA":
        yield _credentials(part.payload, part.kind)
    elif part.kind not in _WEBP_NEEDED or (part.kind == "VP8X" and len(part.payload) > _VP8X_BYTES):
        yield Entry("other", part.kind.strip())


def _exif(payload: bytes) -> Iterator[Entry]:
    from PIL import ExifTags, Image

    if not payload.removeprefix(b"Exif\0\0"):
        return
    exif = Image.Exif()
    # Pillow's reader raises anything on odd bytes; what cannot be read is still there.
    try:
        exif.load(payload)
        tags = {*exif, *exif.get_ifd(_EXIF_POINTER)} - _POINTERS
        gps = set(exif.get_ifd(_GPS_POINTER))
        thumbnail = bool(exif.get_ifd(ExifTags.IFD.IFD1))
    except Exception:  # noqa: BLE001 - see above
        yield Entry("exif", "unreadable")
        return
    # A version of the GPS block alone, as some cameras write, tells no place.
    yield from (Entry("gps", ExifTags.GPSTAGS.get(tag, str(tag))) for tag in sorted(gps - {0}))
    yield from (Entry("exif", ExifTags.TAGS.get(tag, str(tag))) for tag in sorted(tags))
    if thumbnail:
        yield Entry("exif", "Thumbnail")


def _xmp(payload: bytes) -> Iterator[Entry]:
    for name in xmp_names(payload):
        yield Entry("gps" if name.startswith("GPS") else "xmp", name)


def _resources(payload: bytes) -> Iterator[Entry]:
    """Read Photoshop's image resources: 8BIM, id, padded name, size, padded data."""
    position = 0
    while payload[position : position + 4] == b"8BIM":
        number = int.from_bytes(payload[position + 4 : position + 6], "big")
        name = 1 + int.from_bytes(payload[position + 6 : position + 7], "big")
        start = position + 6 + name + name % 2
        size = int.from_bytes(payload[start : start + 4], "big")
        data = payload[start + 4 : start + 4 + size]
        if number == _IPTC_RESOURCE:
            yield from _iptc(data)
        else:
            yield Entry("other", f"Photoshop {number}")
        position = start + 4 + size + size % 2
    if not position and payload:
        yield from _iptc(payload)


def _iptc(data: bytes) -> Iterator[Entry]:
    position = 0
    while data[position : position + 1] == b"\x1c":
        record, number = data[position + 1 : position + 2], data[position + 2 : position + 3]
        size = int.from_bytes(data[position + 3 : position + 5], "big")
        if record == b"\2" and number != b"\0":
            yield Entry("iptc", _IPTC_NAMES.get(number[0] if number else -1, f"2:{number.hex()}"))
        position += 5 + size
    if not position:
        yield Entry("iptc", "unreadable")
