"""The walk over a WebP: the RIFF size against the file's, then every chunk inside it.

Source of the layout: RFC 9649, sections 2 and 3. WebP has no checksum.
"""

from __future__ import annotations

from typing import Final

from validators.containers.found import Defect, Header, animated, damaged, ending, truncated

_PREAMBLE: Final = 12
_CHUNK_HEAD: Final = 8
_MAX_CHUNKS: Final = 10_000
_ANIMATION_FLAG: Final = 0x02


def walk_webp(data: bytes) -> Header | Defect:
    """Check sizes and chunks and return the header, or the first flaw."""
    if len(data) < _PREAMBLE + _CHUNK_HEAD:
        return truncated("webp", f"the file ends at byte {len(data)}, inside its preamble")
    # Chunks are padded to even lengths; some writers leave the last pad out of the RIFF size.
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        return truncated("webp", f"RIFF promises {end} bytes, there are {len(data)}")
    header = _walk_chunks(memoryview(data)[:end])
    if isinstance(header, Defect):
        return header
    padded = end + end % 2
    return ending(data, padded if data[end:padded] == b"\x00" else end, header)


def _walk_chunks(view: memoryview) -> Header | Defect:
    header: Header | None = None
    has_pixels = False
    position = _PREAMBLE
    for _ in range(_MAX_CHUNKS):
        if position >= len(view):
            break
        kind = bytes(view[position : position + 4])
        length = int.from_bytes(view[position + 4 : position + 8], "little")
        start, end = position + _CHUNK_HEAD, position + _CHUNK_HEAD + length
        if end > len(view) or not kind.isascii():
            return damaged("webp", f"no whole chunk begins at byte {position}")
        flags = view[start] if kind == b"VP8X" and length else 0
        if kind in {b"ANIM", b"ANMF"} or flags & _ANIMATION_FLAG:
            return animated("webp", "the file is marked as an animation")
        if kind in _SIZES:
            size = _SIZES[kind](view[start:end])
            if size is None or (kind != b"VP8X" and has_pixels):
                return damaged("webp", "a picture chunk has no size, or comes twice")
            has_pixels = has_pixels or kind != b"VP8X"
            header = _larger(header, size)
        position = end + length % 2
    else:
        return damaged("webp", f"more than {_MAX_CHUNKS} chunks")
    if header is None or not has_pixels:
        return damaged("webp", "there is no picture chunk")
    return header


def _larger(header: Header | None, size: tuple[int, int]) -> Header:
    # The canvas and the picture must agree; should they not, the ceiling has to see the larger.
    if header is not None and header.width * header.height >= size[0] * size[1]:
        return header
    return Header("webp", *size)


def _canvas_size(payload: memoryview) -> tuple[int, int] | None:
    if len(payload) < 10:  # noqa: PLR2004 - flags, reserved bytes and two 24-bit sizes
        return None
    width = int.from_bytes(payload[4:7], "little") + 1
    height = int.from_bytes(payload[7:10], "little") + 1
    return width, height


def _lossy_size(payload: memoryview) -> tuple[int, int] | None:
    if len(payload) < 10 or bytes(payload[3:6]) != b"\x9d\x01\x2a":  # noqa: PLR2004 - the VP8 key frame header
        return None
    width = int.from_bytes(payload[6:8], "little") & 0x3FFF
    height = int.from_bytes(payload[8:10], "little") & 0x3FFF
    return (width, height) if width and height else None


def _lossless_size(payload: memoryview) -> tuple[int, int] | None:
    if len(payload) < 5 or payload[0] != 0x2F:  # noqa: PLR2004 - the VP8L header and its signature
        return None
    bits = int.from_bytes(payload[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


_SIZES: Final = {b"VP8X": _canvas_size, b"VP8 ": _lossy_size, b"VP8L": _lossless_size}
