"""The images that the provider "generates": really drawn, really encoded, different for each seed.

A picture is a coarse field of colours with sharp shapes and hairlines on top: it is not blank, it
has edges, and perceptual hashes of two seeds differ. With `variants`, only so many pictures are
ever drawn for one size and format, and each delivery gets its own bytes by a stamp in the
metadata, so that a benchmark spends its core on the client and still sees no two equal files.
"""

from __future__ import annotations

import hashlib
import io
import random
import struct
import zlib
from collections import OrderedDict
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

MEDIA_TYPES = {"webp": "image/webp", "jpg": "image/jpeg", "png": "image/png"}
STAMP_BYTES = 32
_BLANK_STAMP = b"\x5f" * STAMP_BYTES
_PNG_END = b"IEND"


@dataclass(frozen=True, slots=True)
class PictureOrder:
    """Which picture: size in pixels, extension, quality 0 to 100, and what it is drawn from."""

    width: int
    height: int
    extension: str
    quality: int
    subject: str
    blank: bool = False


def encoded(order: PictureOrder) -> bytes:
    """Draw and encode one picture, with a blank stamp in its metadata."""
    picture = _blank(order) if order.blank else _drawn(order)
    stream = io.BytesIO()
    if order.extension == "jpg":
        picture.save(stream, "JPEG", quality=order.quality, comment=_BLANK_STAMP)
    elif order.extension == "png":
        texts = PngInfo()
        texts.add_text("Comment", _BLANK_STAMP.decode())
        picture.save(stream, "PNG", compress_level=1, pnginfo=texts)
    else:
        exif = Image.Exif()
        exif[ExifTags.Base.ImageDescription] = _BLANK_STAMP.decode()
        picture.save(stream, "WEBP", quality=order.quality, method=0, exif=exif)
    return stream.getvalue()


def stamped(data: bytes, name: str) -> bytes:
    """The same picture with `name`'s own stamp: equal pixels, other bytes."""
    stamp = hashlib.sha256(name.encode()).hexdigest()[:STAMP_BYTES].encode()
    if data[:4] == b"\x89PNG":
        old = b"tEXtComment\0" + _BLANK_STAMP
        new = b"tEXtComment\0" + stamp
        old_crc, new_crc = (struct.pack(">I", zlib.crc32(chunk)) for chunk in (old, new))
        return data.replace(old + old_crc, new + new_crc, 1)
    return data.replace(_BLANK_STAMP, stamp, 1)


class PictureStore:
    """Encoded pictures, kept up to a number of bytes, least recently used out first."""

    def __init__(self, variants: int | None, keep_bytes: int = 64 << 20) -> None:
        self._variants = variants
        self._keep_bytes = keep_bytes
        self._kept: OrderedDict[PictureOrder, bytes] = OrderedDict()
        self._size_bytes = 0
        self.drawn = 0

    def canonical(self, order: PictureOrder) -> PictureOrder:
        """The order whose picture stands for this one when there are only so many variants."""
        if self._variants is None:
            return order
        digest = hashlib.blake2b(order.subject.encode(), digest_size=8).digest()
        subject = f"variant {int.from_bytes(digest) % self._variants}"
        return PictureOrder(
            order.width, order.height, order.extension, order.quality, subject, order.blank
        )

    def kept(self, order: PictureOrder) -> bytes | None:
        """A picture that was drawn before."""
        data = self._kept.get(order)
        if data is not None:
            self._kept.move_to_end(order)
        return data

    def keep(self, order: PictureOrder, data: bytes) -> None:
        """Remember a picture."""
        self.drawn += 1
        if order in self._kept:
            return
        self._kept[order] = data
        self._size_bytes += len(data)
        while self._size_bytes > self._keep_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size_bytes -= len(dropped)


def _blank(order: PictureOrder) -> Image.Image:
    return Image.new("RGB", (order.width, order.height), (0, 0, 0))


def _drawn(order: PictureOrder) -> Image.Image:
    # Reproducible pictures are the point; nothing here is a secret.
    draw_from = random.Random(order.subject)  # noqa: S311 - a picture, not a key
    field = Image.frombytes("RGB", (6, 6), draw_from.randbytes(6 * 6 * 3))
    picture = field.resize((order.width, order.height), Image.Resampling.BICUBIC)
    brush = ImageDraw.Draw(picture)
    for _ in range(7):
        _draw_shape(brush, draw_from, order)
    for _ in range(24):
        ends = [
            (draw_from.randrange(order.width), draw_from.randrange(order.height)) for _ in range(2)
        ]
        brush.line(ends, fill=_colour(draw_from), width=1)
    return picture


def _draw_shape(brush: ImageDraw.ImageDraw, draw_from: random.Random, order: PictureOrder) -> None:
    left = draw_from.randrange(-order.width // 4, order.width)
    top = draw_from.randrange(-order.height // 4, order.height)
    right = left + draw_from.randrange(order.width // 8 + 1, order.width // 2 + 2)
    bottom = top + draw_from.randrange(order.height // 8 + 1, order.height // 2 + 2)
    paint = brush.ellipse if draw_from.random() < 0.5 else brush.rectangle
    paint((left, top, right, bottom), fill=_colour(draw_from))


def _colour(draw_from: random.Random) -> tuple[int, int, int]:
    return (draw_from.randrange(256), draw_from.randrange(256), draw_from.randrange(256))
