"""The walk over a PNG: signature, then chunks of length, kind, payload and CRC, up to IEND.

Source of the layout: W3C, Portable Network Graphics, third edition, sections 5 and 11.
Pillow accepts a file whose IEND is cut or followed by other data, so this walk is what notices.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from validators.containers.found import Defect, Header, animated, damaged, ending, truncated
from validators.containers.sniffing import PNG_SIGNATURE

_FRAME: Final = 12
"""Bytes of a chunk besides its payload: length, kind, CRC."""

_MAX_CHUNKS: Final = 100_000
"""Real files have under 10,000; a file of empty chunks must not keep the walk busy for long."""


_INFLATED_BYTES: Final = 1 << 20
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7: Final = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
"""Where each pass of an interlaced picture begins, and its steps (section 8 of the standard)."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    payload: memoryview
    end: int


def walk_png(data: bytes) -> Header | Defect:
    """Check every chunk and return the header, or the first flaw."""
    if len(data) < len(PNG_SIGNATURE):
        return truncated("png", "the signature is incomplete")
    view = memoryview(data)
    header: Header | None = None
    has_pixels = False
    position = len(PNG_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        chunk = _chunk_at(view, position)
        if isinstance(chunk, Defect):
            return chunk
        position = chunk.end
        if header is None:
            first = _header(chunk)
            if isinstance(first, Defect):
                return first
            header = first
        elif chunk.kind == b"acTL" and int.from_bytes(chunk.payload[:4], "big") != 1:
            return animated("png", "an acTL chunk announces several frames")
        elif chunk.kind == b"IDAT":
            has_pixels = True
        elif chunk.kind == b"IEND":
            return _end(data, chunk, header, has_pixels=has_pixels)
    return damaged("png", f"more than {_MAX_CHUNKS} chunks")


def _end(data: bytes, chunk: _Chunk, header: Header, *, has_pixels: bool) -> Header | Defect:
    if chunk.payload or not has_pixels:
        return damaged("png", "there is no pixel data before IEND, or IEND is not empty")
    return ending(data, chunk.end, header)


def _chunk_at(view: memoryview, position: int) -> _Chunk | Defect:
    left = len(view) - position
    if left < _FRAME:
        return truncated("png", f"the file ends at byte {len(view)} before an IEND chunk")
    length = int.from_bytes(view[position : position + 4], "big")
    kind = bytes(view[position + 4 : position + 8])
    if not kind.isalpha():
        return damaged("png", f"no chunk begins at byte {position}")
    if length > left - _FRAME:
        return truncated("png", f"the chunk {kind.decode('ascii')} at byte {position} is cut")
    end = position + _FRAME + length
    if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
        return damaged("png", f"the chunk {kind.decode('ascii')} at byte {position} fails its CRC")
    return _Chunk(kind, view[position + 8 : end - 4], end)


def _header(chunk: _Chunk) -> Header | Defect:
    width = int.from_bytes(chunk.payload[:4], "big")
    height = int.from_bytes(chunk.payload[4:8], "big")
    if chunk.kind != b"IHDR" or len(chunk.payload) != 13 or not width or not height:  # noqa: PLR2004 - IHDR's length
        return damaged("png", "the file does not begin with a proper IHDR chunk")
    return Header("png", width, height)


def png_rows_missing(data: bytes) -> bool:
    """Say whether an intact container's pixel data ends before its last row.

    Pillow leaves such rows black and says nothing. This unpacks the data once more, without keeping
    it: for pictures whose last row looks as if nothing had been written there.
    """
    view = memoryview(data)
    position = len(PNG_SIGNATURE)
    inflater = zlib.decompressobj()
    wanted = 0
    while position < len(view) and not inflater.eof:
        chunk = _chunk_at(view, position)
        if isinstance(chunk, Defect):
            return True
        position = chunk.end
        if chunk.kind == b"IHDR":
            wanted = _unpacked_bytes(chunk.payload)
        elif chunk.kind == b"IDAT":
            left: bytes | memoryview = chunk.payload
            while left and wanted > 0:
                wanted -= len(inflater.decompress(left, _INFLATED_BYTES))
                left = inflater.unconsumed_tail
    return wanted > len(inflater.flush())


def _unpacked_bytes(header: memoryview) -> int:
    """Return how many bytes the rows have, each with the byte that names its filter."""
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (0, 4))
    bits = header[8] * _CHANNELS.get(header[9], 1)
    passes = _ADAM7 if header[12] else ((0, 0, 1, 1),)
    sizes = [(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in passes]
    return sum(high * (1 + -(-wide * bits // 8)) for wide, high in sizes if wide > 0 and high > 0)
