"""Which extension a media type gets, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXTENSIONS: Final[Mapping[str, str]] = {
    "image/avif": "avif",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/webp": "webp",
}
"""Extension (without a dot) of every media type that can be released."""

JSON_MEDIA_TYPE: Final = "application/json"
CSV_MEDIA_TYPE: Final = "text/csv; charset=utf-8"

_BY_EXTENSION: Final[Mapping[str, str]] = {
    **{extension: media_type for media_type, extension in EXTENSIONS.items()},
    "csv": CSV_MEDIA_TYPE,
    "jpeg": "image/jpeg",
    "json": JSON_MEDIA_TYPE,
}


def media_type_of(key: str) -> str | None:
    """Tell the media type from a key's extension, or None when it says nothing."""
    name = key.rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    return _BY_EXTENSION.get(extension.lower()) if dot else None
