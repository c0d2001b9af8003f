"""The parts of a file that a walk has found whole: chunks of PNG and WebP, segments of JPEG.

Pillow forgets what it does not use, and of a JPEG it never sees the segments behind the first scan;
a rule about what a file may carry has to see all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from validators.formats import ImageFormat

_JPEG_MARKER: Final = re.compile(rb"\xff++([^\x00\xff])")
_JPEG_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_SOS: Final = 0xDA
_JPEG_EOI: Final = 0xD9
_JPEG_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Part:
    """One part: `kind` is a chunk's four letters, or a JPEG segment's marker as in "FFE1"."""

    kind: str
    payload: bytes


def file_parts(data: bytes, image_format: ImageFormat) -> Iterator[Part]:
    """Yield the parts of an intact file in their order, pixel data left out.

    Of an AVIF there are none: its boxes refer to each other, and libavif reads them.
    """
    if image_format == "png":
        yield from _png(data)
    elif image_format == "jpeg":
        yield from _jpeg(data)
    elif image_format == "webp":
        yield from _webp(data)


def _png(data: bytes) -> Iterator[Part]:
    position = 8
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        if kind != b"IDAT":
            yield Part(kind.decode("ascii"), data[position + 8 : position + 8 + length])
        position += length + 12


def _webp(data: bytes) -> Iterator[Part]:
    end = 8 + int.from_bytes(data[4:8], "little")
    position = 12
    while position < end:
        kind = data[position : position + 4]
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if kind not in {b"VP8 ", b"VP8L", b"ALPH"}:
            start = position + 8
            yield Part(kind.decode("ascii", "replace"), data[start : start + length])
        position += 8 + length + length % 2


def _jpeg(data: bytes) -> Iterator[Part]:
    position = 2
    while (marker := _JPEG_MARKER.match(data, position)) is not None:
        code = marker[1][0]
        position = marker.end()
        if code == _JPEG_EOI:
            return
        if code in _JPEG_BARE:
            continue
        end = position + int.from_bytes(data[position : position + 2], "big")
        yield Part(f"FF{code:02X}", data[position + 2 : end])
        position = end
        if code == _JPEG_SOS:
            after = _JPEG_AFTER_SCAN.search(data, position)
            position = after.start() if after else len(data)
