"""Exif in a text of a PNG, as ImageMagick and others write it: in hex, under a keyword of its own.

Source: ImageMagick, coders/png.c (the kind, the count of bytes, and hex digits, each on lines of
their own); W3C PNG third edition, 11.3.3 (tEXt, zTXt, iTXt).
"""

from __future__ import annotations

import binascii
import re
import zlib
from typing import Final

from assets.labels.exif_texts import without_texts

EXIF_KEYWORD: Final = b"raw profile type exif"
"""In lower case: readers do not mind the case."""
_TEXT_BYTES_MAX: Final = 8_000_000
"""Exif of a camera, its thumbnail included, has some 60 kB, and twice that in hex."""
_PROFILE: Final = re.compile(rb"\s*(\S[^\n]*)\n\s*\d+\s*\n([0-9a-fA-F\s]*)")
_LINE: Final = 36
"""Bytes on one line."""


def without_exif_texts(kind: bytes, payload: bytes) -> bytes | None:
    """Return a text chunk's payload, its Exif without the texts that a label says elsewhere.

    None where it cannot be read as Exif at all: nobody knows then what it says.

    Args:
        kind: tEXt, zTXt or iTXt.
        payload: the keyword, a zero byte, and what comes behind it in a chunk of this kind.
    """
    keyword, _, rest = payload.partition(b"\0")
    head, packed, text = _parts(kind, rest)
    plain = _unpacked(text) if packed else text
    found = _PROFILE.fullmatch(plain) if plain is not None else None
    if found is None:
        return None
    try:
        exif = binascii.unhexlify(b"".join(found[2].split()))
    except binascii.Error:
        return None
    kept = without_texts(exif)
    if kept == exif:
        return payload
    lines = (kept[at : at + _LINE].hex().encode() for at in range(0, len(kept), _LINE))
    written = b"\n".join((b"", found[1], b"%8d" % len(kept), *lines, b""))
    return b"".join((keyword, b"\0", head, zlib.compress(written) if packed else written))


def _parts(kind: bytes, rest: bytes) -> tuple[bytes, bool, bytes]:
    """Part what stands behind a keyword: what says how the text is written, and the text."""
    if kind == b"zTXt":
        return rest[:1], True, rest[1:]
    if kind == b"tEXt":
        return b"", False, rest
    language, _, more = rest[2:].partition(b"\0")
    translated, _, text = more.partition(b"\0")
    return b"".join((rest[:2], language, b"\0", translated, b"\0")), rest[:1] == b"\1", text


def _unpacked(text: bytes) -> bytes | None:
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(text, _TEXT_BYTES_MAX)
    except zlib.error:
        return None
    return plain if unpacking.eof else None
