"""Photoshop's image resources, in which IPTC's older fields (IIM) lie.

Source: Adobe Photoshop file format, "Image resource blocks": 8BIM, id, padded name, size, padded data.
"""

from __future__ import annotations

from typing import Final

_IPTC: Final = frozenset({0x0404, 0x0425})
"""The fields themselves, and the digest by which programs notice that they were changed."""


def without_iptc(stream: bytes) -> bytes:
    """Return the resources without IPTC's; what cannot be read as resources goes with them."""
    kept: list[bytes] = []
    position = 0
    while stream.startswith(b"8BIM", position):
        number = int.from_bytes(stream[position + 4 : position + 6], "big")
        name = 1 + int.from_bytes(stream[position + 6 : position + 7], "big")
        start = position + 6 + name + name % 2
        size = int.from_bytes(stream[start : start + 4], "big")
        end = start + 4 + size + size % 2
        if start + 4 + size > len(stream):
            break
        if number not in _IPTC:
            kept.append(stream[position:end])
        position = end
    return b"".join(kept)
