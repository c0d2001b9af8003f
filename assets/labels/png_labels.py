"""Labels in a PNG: an iTXt chunk named XML:com.adobe.xmp before the pixels.

Sources: W3C PNG third edition (chunks, iTXt, the keywords of 11.3.3), XMP specification part 3,
section 1.1.5; C2PA technical specification, appendix A.3 (caBX).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from assets.labels.exif_texts import without_texts
from assets.labels.jumbf_head import HEAD_BYTES, is_manifest_store
from assets.labels.raw_profiles import EXIF_KEYWORD, without_exif_texts

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNKS_MAX: Final = 100_000
"""A large picture in chunks of 8 KiB has some thousands; a file of empty ones must end soon."""
_HEAD: Final = 8
_CRC: Final = 4
_XMP_KEYWORD: Final = b"XML:com.adobe.xmp"
# Keyword, its end; not compressed, and no method; no language, no translated keyword.
_XMP_HEAD: Final = _XMP_KEYWORD + b"\0\0\0\0\0"
_TEXT_KINDS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_EXIF_KINDS: Final = _TEXT_KINDS | {b"eXIf"}
_RIVALS: Final = frozenset(
    {
        _XMP_KEYWORD.lower(),
        b"title",
        b"author",
        b"description",
        b"copyright",
        b"software",
        b"source",
        b"raw profile type xmp",
        b"raw profile type iptc",
        b"raw profile type 8bim",
        # ImageMagick's name for XMP, and sometimes Exif, that came out of a JPEG.
        b"raw profile type app1",
    }
)
"""Keywords of texts that say, in another place, what the label says; in lower case."""
_CREDENTIALS: Final = b"caBX"


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    start: int
    end: int
    """Behind the checksum."""


def with_packet(data: bytes, packet: bytes) -> bytes | None:
    """Return the file with this packet and no other, or None when it is no sound PNG.

    Texts of the file under PNG's own keywords for what a label says (Title, Author, Description,
    Copyright, Software, Source) go too: they would contradict it.
    """
    chunks = _sound(data)
    if chunks is None:
        return None
    kept = bytearray(SIGNATURE)
    written = False
    for chunk in chunks:
        if _rivals(data, chunk):
            continue
        if chunk.kind == b"IDAT" and not written:
            kept += _made(b"iTXt", _XMP_HEAD + packet)
            written = True
        kept += _without_exif_texts(data, chunk)
    return bytes(kept)


def _without_exif_texts(data: bytes, chunk: _Chunk) -> bytes:
    """Return a chunk as it was but for what Exif in it says; nothing of Exif that cannot be read."""
    payload = data[chunk.start + _HEAD : chunk.end - _CRC] if chunk.kind in _EXIF_KINDS else b""
    if chunk.kind == b"eXIf":
        return _made(b"eXIf", without_texts(payload))
    if payload and _keyword(data, chunk).lower() == EXIF_KEYWORD:
        kept = without_exif_texts(chunk.kind, payload)
        return b"" if kept is None else _made(chunk.kind, kept)
    return data[chunk.start : chunk.end]


def packet_in(data: bytes) -> bytes | None:
    """Return the file's XMP packet as it is, or None; a damaged file is read as far as it goes."""
    for chunk in _chunks(data)[0]:
        if chunk.kind == b"iTXt" and _keyword(data, chunk) == _XMP_KEYWORD:
            return _text(data[chunk.start + _HEAD + len(_XMP_KEYWORD) + 1 : chunk.end - _CRC])
    return None


def has_credentials(data: bytes) -> bool:
    """Tell whether a chunk of content credentials is in the file, and holds some."""
    return any(
        chunk.kind == _CREDENTIALS and is_manifest_store(_beginning(data, chunk))
        for chunk in _chunks(data)[0]
    )


def without_credentials(data: bytes) -> bytes:
    """Return the file without its chunks of content credentials, the rest as it was."""
    chunks, end = _chunks(data)
    kept = [data[c.start : c.end] for c in chunks if c.kind != _CREDENTIALS]
    return b"".join((data[: len(SIGNATURE)], *kept, data[end:]))


def _beginning(data: bytes, chunk: _Chunk) -> bytes:
    start = chunk.start + _HEAD
    return data[start : min(start + HEAD_BYTES, chunk.end - _CRC)]


def _chunks(data: bytes) -> tuple[list[_Chunk], int]:
    """Return the whole chunks up to IEND or to what is none, and where they end."""
    found: list[_Chunk] = []
    position = len(SIGNATURE)
    while position + _HEAD + _CRC <= len(data) and len(found) < _CHUNKS_MAX:
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + _HEAD]
        end = position + _HEAD + length + _CRC
        if end > len(data) or not kind.isalpha():
            break
        found.append(_Chunk(kind, position, end))
        position = end
        if kind == b"IEND":
            break
    return found, position


def _sound(data: bytes) -> list[_Chunk] | None:
    chunks, end = _chunks(data)
    kinds = [chunk.kind for chunk in chunks]
    if end != len(data) or len(kinds) < 3 or kinds[0] != b"IHDR" or kinds[-1] != b"IEND":  # noqa: PLR2004 - IHDR, IDAT, IEND
        return None
    view = memoryview(data)
    for chunk in chunks:
        checksum = int.from_bytes(view[chunk.end - _CRC : chunk.end], "big")
        if zlib.crc32(view[chunk.start + 4 : chunk.end - _CRC]) != checksum:
            return None
    return chunks if b"IDAT" in kinds else None


def _keyword(data: bytes, chunk: _Chunk) -> bytes:
    start = chunk.start + _HEAD
    return data[start : min(start + 80, chunk.end - _CRC)].partition(b"\0")[0]


def _rivals(data: bytes, chunk: _Chunk) -> bool:
    return chunk.kind in _TEXT_KINDS and _keyword(data, chunk).lower() in _RIVALS


def _made(kind: bytes, payload: bytes) -> bytes:
    body = kind + payload
    return b"".join((len(payload).to_bytes(4, "big"), body, zlib.crc32(body).to_bytes(4, "big")))


def _text(rest: bytes) -> bytes | None:
    """Return the text behind an iTXt's keyword, unpacked within bounds where it is packed."""
    compressed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    if len(text) < 3:  # noqa: PLR2004 - language, translated keyword, text
        return None
    if not compressed:
        return text[2]
    try:
        return zlib.decompressobj().decompress(text[2], 1_000_000)
    except zlib.error:
        return None
