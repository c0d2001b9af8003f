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
