"""Labels in a WebP: an XMP chunk, and the extended header that announces it.

Source: RFC 9649, sections 2.5 to 2.7; C2PA technical specification, appendix A.3 (RIFF).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from assets.labels.exif_texts import without_texts
from assets.labels.jumbf_head import HEAD_BYTES, is_manifest_store

_PREAMBLE: Final = 12
_HEAD: Final = 8
_CHUNKS_MAX: Final = 10_000
_RIFF_BYTES_MAX: Final = 0xFFFF_FFFE
_VP8X_BYTES: Final = 10
_LOSSLESS_BYTES: Final = 5
"""The signature of a lossless picture, its size, whether it has alpha, and its version."""
_XMP_FLAG: Final = 0x04
_ALPHA_FLAG: Final = 0x10
_CREDENTIALS: Final = b"C2PA"
_PIXELS: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANMF"})
# Without the extended header nobody looks at these; with it they would change what is shown.
_NEED_EXTENDED: Final = frozenset({b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF"})


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    start: int
    stop: int
    """Where the payload ends; a pad byte may follow."""


def with_packet(data: bytes, packet: bytes) -> bytes | None:
    """Return the file with this packet and no other, or None when it is no sound WebP.

    A file in the simple form gets the extended header, with its size and whether it has alpha read
    from the picture's own.
    """
    chunks, end = _chunks(data)
    header = _extended(data, chunks)
    if header is None or end < len(data):
        return None
    body = [_made(b"VP8X", header)]
    kept = [chunk for chunk in chunks if chunk.kind not in {b"VP8X", b"XMP "}]
    behind = max(
        i for i, chunk in enumerate(kept) if chunk.kind in _PIXELS or chunk.kind == b"EXIF"
    )
    for index, chunk in enumerate(kept):
        if chunk.kind == b"EXIF":
            body.append(_made(b"EXIF", without_texts(data[chunk.start + _HEAD : chunk.stop])))
        else:
            body.append(_raw(data, chunk))
        if index == behind:
            body.append(_made(b"XMP ", packet))
    return _riff(body)


def packet_in(data: bytes) -> bytes | None:
    """Return the file's XMP packet as it is, or None; a damaged file is read as far as it goes."""
    for chunk in _chunks(data)[0]:
        if chunk.kind == b"XMP ":
            return data[chunk.start + _HEAD : chunk.stop]
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
    kept = [_raw(data, chunk) for chunk in chunks if chunk.kind != _CREDENTIALS]
    if len(kept) == len(chunks) or end < len(data):
        return data
    return _riff(kept) or data


def _beginning(data: bytes, chunk: _Chunk) -> bytes:
    start = chunk.start + _HEAD
    return data[start : min(start + HEAD_BYTES, chunk.stop)]


def _chunks(data: bytes) -> tuple[list[_Chunk], int]:
    """Return the whole chunks that RIFF promises, and where they end; -1 where they are not all."""
    promised = _HEAD + int.from_bytes(data[4:8], "little")
    found: list[_Chunk] = []
    position = _PREAMBLE
    while position < promised and len(found) < _CHUNKS_MAX:
        length = int.from_bytes(data[position + 4 : position + _HEAD], "little")
        stop = position + _HEAD + length
        kind = data[position : position + 4]
        if stop > min(promised, len(data)) or len(kind) < 4 or not kind.isascii():  # noqa: PLR2004 - four letters
            return found, -1
        found.append(_Chunk(kind, position, stop))
        position = stop + length % 2
    if position < promised or promised > len(data):
        return found, -1
    # Some writers leave the last pad byte out of the size, and some of those out of the file too.
    return found, min(position, len(data))


def _extended(data: bytes, chunks: list[_Chunk]) -> bytes | None:
    """Return the payload of the extended header with XMP announced, or None."""
    pictures = [chunk for chunk in chunks if chunk.kind in _PIXELS]
    if not pictures:
        return None
    if chunks[0].kind == b"VP8X":
        payload = data[chunks[0].start + _HEAD : chunks[0].stop]
        if len(payload) != _VP8X_BYTES or any(c.kind == b"VP8X" for c in chunks[1:]):
            return None
        return bytes((payload[0] | _XMP_FLAG,)) + payload[1:]
    if chunks[0] != pictures[0] or any(c.kind in _NEED_EXTENDED for c in chunks):
        return None
    first = pictures[0]
    payload = data[first.start + _HEAD : min(first.start + _HEAD + _VP8X_BYTES, first.stop)]
    return _simple_header(first.kind, payload)


def _simple_header(kind: bytes, payload: bytes) -> bytes | None:
    if kind == b"VP8 " and payload[3:6] == b"\x9d\x01\x2a" and len(payload) == _VP8X_BYTES:
        width = int.from_bytes(payload[6:8], "little") & 0x3FFF
        height = int.from_bytes(payload[8:10], "little") & 0x3FFF
        flags = _XMP_FLAG
    elif kind == b"VP8L" and payload[:1] == b"\x2f" and len(payload) >= _LOSSLESS_BYTES:
        bits = int.from_bytes(payload[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags = _XMP_FLAG | (_ALPHA_FLAG if bits >> 28 & 1 else 0)
    else:
        return None
    if not width or not height:
        return None
    sizes = ((width - 1).to_bytes(3, "little"), (height - 1).to_bytes(3, "little"))
    return b"".join((bytes((flags, 0, 0, 0)), *sizes))


def _raw(data: bytes, chunk: _Chunk) -> bytes:
    raw = data[chunk.start : chunk.stop]
    return raw + b"\0" if len(raw) % 2 else raw


def _made(kind: bytes, payload: bytes) -> bytes:
    pad = b"\0" if len(payload) % 2 else b""
    return b"".join((kind, len(payload).to_bytes(4, "little"), payload, pad))


def _riff(chunks: list[bytes]) -> bytes | None:
    body = b"".join((b"WEBP", *chunks))
    if len(body) > _RIFF_BYTES_MAX:
        return None
    return b"".join((b"RIFF", len(body).to_bytes(4, "little"), body))
