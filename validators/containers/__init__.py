"""The walk over a picture's container, before any decoder sees the bytes.

Decoders are made to show as much as they can: Pillow accepts files with a cut end, with a ZIP
archive or a script behind the picture, and shows the first frame of an animation. The walk is what
notices all of that, and reads the size so that a bomb is refused before it is unpacked.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from validators.containers.avif_boxes import walk_avif
from validators.containers.found import Defect, Flaw, Header, truncated
from validators.containers.jpeg_markers import walk_jpeg
from validators.containers.png_chunks import png_rows_missing, walk_png
from validators.containers.sniffing import looks_like, sniff
from validators.containers.webp_riff import walk_webp

_WALKS: Final = MappingProxyType(
    {"png": walk_png, "jpeg": walk_jpeg, "webp": walk_webp, "avif": walk_avif}
)


def walk(data: bytes) -> Header | Defect:
    """Return the header of one whole, still picture with nothing behind it, or what is wrong.

    Time is linear in the bytes and bounded in the number of parts; nothing is raised.
    """
    if not data:
        return Defect(Flaw.EMPTY, "The file is empty: not a single byte arrived.", "0 bytes")
    image_format = sniff(data)
    if image_format is None:
        return Defect(
            Flaw.NOT_A_PICTURE,
            f"This is not a PNG, JPEG, WebP or AVIF picture; it looks like {looks_like(data)}.",
            f"begins with {data[:8].hex()}",
        )
    return _WALKS[image_format](data)


__all__ = [
    "Defect",
    "Flaw",
    "Header",
    "looks_like",
    "png_rows_missing",
    "sniff",
    "truncated",
    "walk",
]
