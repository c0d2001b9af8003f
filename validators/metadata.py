"""What a file carries besides its pixels and what is needed to show them.

Sources of the layouts: CIPA DC-008 (Exif), ISO 16684-1 (XMP), IPTC IIM 4.2 and Adobe's Photoshop
file format (image resources), W3C PNG third edition, RFC 9649 (WebP). Content credentials (C2PA)
and colour profiles are no metadata here: the first must not be lost, the second has its own rule.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from validators.containers.file_parts import Part, file_parts
from validators.picture import Picture

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

_PNG_NEEDED: Final = frozenset(
    (
        *("IHDR", "PLTE", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV"),
        *("cLLI", "bKGD", "hIST", "pHYs", "sPLT", "acTL", "fcTL", "caBX"),
    )
)
_WEBP_NEEDED: Final = frozenset({"VP8X", "ICCP", "C2PA"})

# APP0 JFIF, APP2 with a profile, APP11 with content credentials, APP14 Adobe's colour transform.
_JPEG_NEEDED: Final = {
    "FFE0": (b"JFIF\0", b"JFXX\0"),
    "FFE2": (b"ICC_PROFILE\0",),
    "FFEB": (b"JP",),
    "FFEE": (b"Adobe",),
}

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_STRUCTURAL: Final = (_RDF, "adobe:ns:meta/", "http://www.w3.org/XML/1998/namespace", "xml ")
_RAW_PROFILE: Final = re.compile(r"Raw profile type (\w+)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing found: its kind (exif, gps, xmp, iptc, text, other) and its name there."""

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
            read = _from_png
        case "jpeg":
            read = _from_jpeg
        case "webp":
            read = _from_webp
        case _:
            info = picture.image.info
            yield from _exif(info.get("exif") or b"")
            yield from _xmp(info.get("xmp") or b"")
            return
    for part in file_parts(picture.data, picture.format):
        yield from read(part)


def _from_png(part: Part) -> Iterator[Entry]:
    if part.kind == "eXIf":
        yield from _exif(part.payload)
    elif part.kind in {"tEXt", "zTXt", "iTXt"}:
        yield from _png_text(part)
    elif part.kind == "tIME":
        yield Entry("text", "time of the last change")
    elif part.kind not in _PNG_NEEDED and part.kind not in {"IDAT", "fdAT"}:
        yield Entry("other", part.kind)


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
    code = int(part.kind, 16) & 0xFF
    if part.kind == "FFFE":
        yield Entry("text", "Comment")
    elif part.kind == "FFE1":
        yield from _app1(part.payload)
    elif part.kind == "FFED":
        yield from _resources(part.payload.removeprefix(b"Photoshop 3.0\0"))
    elif code in range(0xE0, 0xF0) and not part.payload.startswith(_JPEG_NEEDED.get(part.kind, ())):
        label = part.payload[:12].partition(b"\0")[0].decode("ascii", "replace")
        yield Entry("other", f"APP{code - 0xE0} {label}".strip())


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
    elif part.kind not in _WEBP_NEEDED:
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
    if not payload.strip(b"\0 \r\n\t"):
        return
    names: dict[str, None] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        for name in (tag, *attributes):
            if " " in name and not name.startswith(_STRUCTURAL):
                names[name.rpartition(" ")[2]] = None

    def refuse(*_: object) -> None:
        # Entities can expand without end; no writer of XMP declares any.
        raise expat.ExpatError("a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(payload.rstrip(b"\0"), True)  # noqa: FBT003 - expat takes it by place only
    except expat.ExpatError:
        yield Entry("xmp", "unreadable")
    for name in names:
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
