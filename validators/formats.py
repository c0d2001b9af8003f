"""The four formats that are accepted: their words in a work order, titles and media types."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

ImageFormat = Literal["png", "jpeg", "webp", "avif"]
"""A format in the words of a work order."""

IMAGE_FORMATS: Final[tuple[ImageFormat, ...]] = get_args(ImageFormat)

FORMAT_TITLES: Final[Mapping[ImageFormat, str]] = MappingProxyType(
    {"png": "PNG", "jpeg": "JPEG", "webp": "WebP", "avif": "AVIF"}
)
"""How a format is written in a sentence for people."""

MEDIA_TYPES: Final[Mapping[str, ImageFormat]] = MappingProxyType(
    {
        "image/png": "png",
        "image/x-png": "png",
        "image/jpeg": "jpeg",
        "image/jpg": "jpeg",
        "image/pjpeg": "jpeg",
        "image/webp": "webp",
        "image/avif": "avif",
    }
)
"""The media types, registered and in the wild, that claim one of the formats."""

GENERIC_MEDIA_TYPES: Final = frozenset({"", "application/octet-stream", "binary/octet-stream"})
"""Media types that claim nothing: servers send them when they do not know."""
