"""Pictures for the inspectors' tests, made here: photograph-like ones and hostile ones.

A made photograph has what matters to an inspector: smooth light, texture at all scales, edges and
saturated colours, from a fixed seed so that its bytes are the same in every run.
"""

from __future__ import annotations

import functools
import random
import struct
import zlib
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFilter

FORMATS = ("png", "jpeg", "webp", "avif")
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def clouds(width: int, height: int, seed: int) -> Image.Image:
    """Return mode L texture: noise of doubling size, summed."""
    rng = random.Random(seed)  # noqa: S311 - the same picture every time, no secret
    total = Image.new("L", (width, height), 128)
    side = 2
    while side < max(width, height):
        small = Image.frombytes("L", (side, side), rng.randbytes(side * side))
        layer = small.resize((width, height), Image.Resampling.BICUBIC)
        total = Image.blend(total, layer, 0.4 if side < 32 else 0.15)
        side *= 2
    return total


@functools.cache
def photograph(width: int = 96, height: int = 64, seed: int = 7) -> Image.Image:
    """Return an RGB picture with the statistics of a photograph."""
    bands = [clouds(width, height, seed + band) for band in range(3)]
    image = Image.merge("RGB", bands)
    draw = ImageDraw.Draw(image)
    draw.ellipse((width // 4, height // 4, width // 2, height // 2), fill=(210, 60, 30))
    draw.line((0, height - 4, width, height // 2), fill=(20, 40, 160), width=max(1, width // 40))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Return the picture as a file."""
    buffer = BytesIO()
    image.save(buffer, image_format.upper(), **options)
    return buffer.getvalue()


@functools.cache
def photo_file(image_format: str, width: int = 96, height: int = 64) -> bytes:
    """Return a whole photograph file in one of the formats."""
    return encoded(photograph(width, height), image_format)


def flat(
    colour: tuple[int, ...] = (128, 128, 128), size: tuple[int, int] = (256, 256)
) -> Image.Image:
    """Return one colour everywhere; four numbers give RGBA."""
    return Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour)


def noisy_flat(sigma: float, size: tuple[int, int] = (512, 512)) -> Image.Image:
    """Return mid-grey with independent noise on every pixel and channel."""
    noise = [Image.effect_noise(size, sigma) for _ in range(3)]
    grey = Image.new("L", size, 128)
    return Image.merge("RGB", [ImageChops.add(grey, band, 1, -128) for band in noise])


def gradient(amplitude: int, size: tuple[int, int] = (256, 256)) -> Image.Image:
    """Return a grey ramp from left to right of so many levels around the middle."""
    ramp = Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize(size)
    return ramp.point(lambda value: round(128 + amplitude * (value / 255 - 0.5))).convert("RGB")


def animation(image_format: str) -> bytes:
    """Return a file with three different frames."""
    frames = [photograph(48, 48, seed) for seed in (1, 2, 3)]
    return encoded(frames[0], image_format, save_all=True, append_images=frames[1:])


def png_chunk(kind: bytes, payload: bytes) -> bytes:
    """Return one whole chunk with a right CRC."""
    crc = zlib.crc32(kind + payload)
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", crc)


def png_with_header_size(width: int, height: int) -> bytes:
    """Return a small PNG whose header claims another size, its CRC made right."""
    file = photo_file("png")
    header = struct.pack(">II", width, height) + file[24:29]
    return file[:8] + png_chunk(b"IHDR", header) + file[33:]


def jpeg_with_header_size(width: int, height: int) -> bytes:
    """Return a small JPEG whose frame header claims another size."""
    file = photo_file("jpeg")
    frame = file.index(b"\xff\xc0")
    return file[: frame + 5] + struct.pack(">HH", height, width) + file[frame + 9 :]


def webp_with_canvas(width: int, height: int, flags: int = 0) -> bytes:
    """Return a small WebP behind a VP8X chunk with another canvas."""
    inner = photo_file("webp")[12:]
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + size + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def avif_with_header_size(width: int, height: int) -> bytes:
    """Return a small AVIF whose size property claims another size."""
    file = photo_file("avif")
    at = file.index(b"ispe") + 8
    return file[:at] + struct.pack(">II", width, height) + file[at + 8 :]


def png_with(kind: bytes, payload: bytes) -> bytes:
    """Return a good PNG with one more chunk behind its header."""
    file = photo_file("png")
    return file[:33] + png_chunk(kind, payload) + file[33:]


def zip_archive() -> bytes:
    """Return a small ZIP archive."""
    import zipfile

    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("payload.txt", "hidden")
    return buffer.getvalue()


def interlaced_png(width: int = 96, height: int = 64) -> bytes:
    """Return a grey PNG in Adam7 passes, which Pillow reads and cannot write.

    Source of the passes: W3C, Portable Network Graphics, third edition, section 8.
    """
    pixels = photograph(width, height).convert("L").tobytes()
    rows = bytearray()
    for x0, y0, dx, dy in (
        *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
        *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
    ):
        for y in range(y0, height, dy):
            row = pixels[y * width + x0 : (y + 1) * width : dx]
            rows += b"\x00" + row if row else b""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows))
    return PNG_SIGNATURE + body + png_chunk(b"IEND", b"")
