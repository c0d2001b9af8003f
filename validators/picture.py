"""A picture that is known to be whole: opened safely, decoded once, shared by all criteria.

The order of the steps is the defence (each is cheap enough to refuse what the next must not see):
bytes under a cap, container walk, claimed media type, size under a ceiling, header by Pillow with
only the one decoder that the walk named, full decode.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from validators.containers import Defect, Flaw, Header, png_rows_missing, truncated, walk
from validators.formats import (
    FORMAT_TITLES,
    GENERIC_MEDIA_TYPES,
    MEDIA_TYPES,
    ImageFormat,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_PILLOW_CEILING: Final = 89_478_485
"""Pillow's own MAX_IMAGE_PIXELS, above which it warns and then raises."""

_PILLOW_NAMES: Final[Mapping[ImageFormat, str]] = MappingProxyType(
    {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
)

_PNG_INTERLACE_BYTE: Final = 28
_ORIENTATION_TAG: Final = 0x0112
_SIDEWAYS: Final = frozenset({5, 6, 7, 8})
_ADDRESS: Final = re.compile(r"<[^>]* object at 0x[0-9a-f]+>")


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused unread: more than `max_bytes` bytes, more than `max_pixels` pixels.

    `max_pixels` stays under Pillow's own ceiling of 89,478,485: above that Pillow warns through the
    process-wide warnings module, which cannot be made an error for one thread only. Below it, the
    comparison of sizes made here is the error.
    """

    max_bytes: int = 64_000_000
    max_pixels: int = 64_000_000

    def __post_init__(self) -> None:
        if self.max_bytes < 1:
            raise ValueError(f"max_bytes is {self.max_bytes}; it must be at least 1")
        if not 1 <= self.max_pixels <= _PILLOW_CEILING:
            raise ValueError(
                f"max_pixels is {self.max_pixels}; it must be between 1 and {_PILLOW_CEILING}"
            )


class Picture:
    """One intact still picture.

    `width` and `height` are in pixels as people see it, EXIF orientation applied; `mode` is
    Pillow's word for the pixel layout as stored (RGB, RGBA, P, L, I;16, CMYK ...). May be shared by
    threads: derived pictures are made under a lock, once, and must not be altered by criteria.
    """

    __slots__ = (
        "_image",
        "_lock",
        "_proxies",
        "_shallow",
        "byte_count",
        "data",
        "format",
        "height",
        "mode",
        "sha256",
        "width",
    )

    def __init__(self, data: bytes, sha256: str, image_format: ImageFormat, image: Image) -> None:
        self.data: Final = data
        self.byte_count: Final = len(data)
        self.sha256: Final = sha256
        self.format: Final[ImageFormat] = image_format
        self.mode: Final[str] = image.mode
        sideways = image.getexif().get(_ORIENTATION_TAG) in _SIDEWAYS
        width, height = image.size
        self.width: Final[int] = height if sideways else width
        self.height: Final[int] = width if sideways else height
        self._image: Final = image
        self._shallow: Image | None = None
        self._proxies: Final[dict[int, Image]] = {}
        self._lock: Final = threading.RLock()

    @property
    def image(self) -> Image:
        """The decoded pixels as stored, not rotated. Shared: copy before any change."""
        return self._image

    def eight_bit(self) -> Image:
        """Return the whole picture in mode L, RGB or RGBA, not rotated. Made on the first call."""
        with self._lock:
            if self._shallow is None:
                self._shallow = _to_eight_bits(self._image)
            return self._shallow

    def proxy(self, side: int = 128) -> Image:
        """Return `eight_bit` reduced to at most `side` by `side` pixels, each the mean of a block.

        Each side is divided by a whole number, so the shape may change a little. Made on the
        first call for a side.
        """
        with self._lock:
            if side not in self._proxies:
                self._proxies[side] = _shrink(self.eight_bit(), side)
            return self._proxies[side]


def open_picture(
    data: bytes, sha256: str, claimed_media_type: str | None, limits: Limits
) -> Picture | Defect:
    """Open and fully decode the bytes, or say the first thing that is wrong. Raises nothing.

    What no decoder tells stays unseen: a flipped byte in the pixels of a JPEG, WebP or AVIF, which
    have no checksum, and rows that an encoder left out of a JPEG that it ended properly.
    """
    if len(data) > limits.max_bytes:
        return Defect(
            Flaw.TOO_MANY_BYTES,
            f"The file has {len(data) / 1e6:,.1f} MB; files over {limits.max_bytes / 1e6:,.1f} MB "
            "are refused unread.",
            f"{len(data)} bytes",
        )
    header = walk(data)
    if isinstance(header, Defect):
        return header
    defect = _false_claim(header, claimed_media_type) or _bomb(header, limits)
    return defect or _decode(data, sha256, header, limits)


def sha256_of(data: bytes) -> str:
    """Return the hex SHA-256 of the bytes, the name under which they are known everywhere."""
    return hashlib.sha256(data).hexdigest()


def _false_claim(header: Header, claimed_media_type: str | None) -> Defect | None:
    claimed = (claimed_media_type or "").partition(";")[0].strip().lower()
    if claimed in GENERIC_MEDIA_TYPES or MEDIA_TYPES.get(claimed) == header.format:
        return None
    return Defect(
        Flaw.OTHER_FORMAT,
        f"The file was handed over as {claimed!r}, but it is a {FORMAT_TITLES[header.format]} "
        "picture.",
        f"claimed {claimed}, found {header.format}",
    )


def _bomb(header: Header, limits: Limits) -> Defect | None:
    pixels = header.width * header.height
    if pixels <= limits.max_pixels:
        return None
    return Defect(
        Flaw.TOO_MANY_PIXELS,
        f"The picture says that it is {header.width:,} by {header.height:,} pixels, which is "
        f"{pixels / 1e6:,.0f} megapixels; over {limits.max_pixels / 1e6:,.0f} megapixels it is "
        "refused without unpacking it.",
        f"{pixels} pixels",
    )


def _decode(data: bytes, sha256: str, header: Header, limits: Limits) -> Picture | Defect:
    # Pillow and the libraries under it raise whatever the bytes drive them to: OSError,
    # SyntaxError, ValueError, struct.error, zlib.error, OverflowError, RuntimeError, MemoryError.
    # All of them say the same of the picture, so all are caught; nothing else runs in here.
    try:
        image = _open(data, header.format)
        refused = _bomb(Header(header.format, *image.size), limits)
        if refused is None and getattr(image, "n_frames", 1) == 1:
            image.load()
            if header.format == "png" and _may_lack_rows(data, image) and png_rows_missing(data):
                return truncated("png", "the pixel data ends before the last row")
            return Picture(data, sha256, header.format, image)
    except Exception as error:  # noqa: BLE001 - Pillow raises anything, see above
        return _undecodable(header, error)
    return refused or Defect(
        Flaw.ANIMATED,
        f"The {FORMAT_TITLES[header.format]} file is an animation or a series; one still picture "
        "is wanted.",
        "the decoder counts several frames",
    )


def _may_lack_rows(data: bytes, image: Image) -> bool:
    """Say whether the last row is what a decoder leaves where it got nothing: all zeros."""
    if data[_PNG_INTERLACE_BYTE]:
        return True
    last = image.crop((0, image.height - 1, image.width, image.height))
    return not any(last.tobytes())


def _open(data: bytes, image_format: ImageFormat) -> Image:
    # Only the four decoders are ever imported: the forty others are the larger part of what an
    # attacker can reach in Pillow, and cost start-up time.
    from PIL import (
        AvifImagePlugin,  # noqa: F401 - registers its decoder
        Image,
        JpegImagePlugin,  # noqa: F401 - registers its decoder
        PngImagePlugin,  # noqa: F401 - registers its decoder
        WebPImagePlugin,  # noqa: F401 - registers its decoder
    )

    return Image.open(BytesIO(data), formats=(_PILLOW_NAMES[image_format],))


def _undecodable(header: Header, error: Exception) -> Defect:
    title = FORMAT_TITLES[header.format]
    if "Decompressed data too large" in str(error):
        reason = f"The {title} file hides a text or profile that unpacks to an absurd size."
    else:
        reason = f"The {title} file is damaged: its pixels cannot be decoded in full."
    # Memory addresses in messages would make two inspections of the same bytes differ.
    message = _ADDRESS.sub("the file", str(error))
    return Defect(Flaw.DAMAGED, reason, f"{type(error).__name__}: {message}")


def _shrink(image: Image, side: int) -> Image:
    factor = (-(-image.width // side), -(-image.height // side))
    return image if factor == (1, 1) else image.reduce(factor)


def _to_eight_bits(image: Image) -> Image:
    if image.mode in {"L", "RGB", "RGBA"}:
        return image
    if image.mode.startswith("I;16"):
        # Conversion would clip at 255; the high byte of each sample is the 8-bit value.
        from PIL import Image as Images

        high = 0 if image.mode.endswith("B") else 1
        return Images.frombytes("L", image.size, image.tobytes()[high::2])
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")
