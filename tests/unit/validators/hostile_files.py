"""The hostile corpus, and good files beside it. Everything is made here, from fixed seeds.

A name says what is wrong: its part before the colon is the kind, which the tests count by.
"""

from __future__ import annotations

import functools
import importlib.util
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, PngImagePlugin
from unit.validators import sample_pictures as samples

Named = tuple[str, bytes]

HTML = b"<!doctype html><html><body><script>alert(1)</script></body></html>"
SVG = (
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><rect width='9' height='9'/></svg>"
)
PHP = b"<?php system($_GET['c']); ?>"


def hostile_files(cuts: int = 200) -> Iterator[Named]:
    """Yield files of which not one is an intact still picture within the usual limits."""
    yield from _truncated(cuts)
    yield from _polyglots()
    yield from _pixel_bombs()
    yield from _metadata_bombs()
    yield from _wrong_headers()
    yield from _animations()
    yield from _other_kinds()
    yield from _flipped_png_bytes()


def good_files() -> Iterator[Named]:
    """Yield files that are unusual and intact: odd layouts, rotations, sizes and writers."""
    for image_format in samples.FORMATS:
        yield f"plain:{image_format}", samples.photo_file(image_format)
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            data = samples.encoded(samples.photograph(), image_format, exif=exif)
            yield f"rotated:{image_format}-{orientation}", data
        for size in ((1, 1), (1, 300), (300, 1), (31, 33)):
            yield f"shape:{image_format}-{size}", samples.photo_file(image_format, *size)
    image = samples.photograph()
    for mode in ("1", "L", "LA", "P", "PA", "RGBA", "I;16"):
        converted = image.convert("L").convert("I;16") if mode == "I;16" else image.convert(mode)
        if mode != "PA":
            yield f"mode:png-{mode}", samples.encoded(converted, "png")
    for mode in ("L", "CMYK", "RGB"):
        for progressive in (False, True):
            data = samples.encoded(image.convert(mode), "jpeg", progressive=progressive)
            yield f"mode:jpeg-{mode}-{progressive}", data
    yield "mode:webp-RGBA", samples.encoded(image.convert("RGBA"), "webp", lossless=True)
    yield "mode:avif-RGBA", samples.encoded(image.convert("RGBA"), "avif")
    yield "mode:png-interlaced", samples.interlaced_png()
    yield "odd:jpeg-restarts", samples.encoded(image, "jpeg", restart_marker_blocks=1)
    yield "odd:jpeg-profile", samples.encoded(image, "jpeg", icc_profile=bytes(200_000))


def photographs() -> Iterator[Named]:
    """Yield the photographs that scikit-image and scikit-learn ship, as files of three formats."""
    for package, folder in (("skimage", "data"), ("sklearn", "datasets/images")):
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        for path in sorted((Path(found.origin).parent / folder).iterdir()):
            if path.suffix in {".png", ".jpg"}:
                yield path.name, path.read_bytes()


def _truncated(cuts: int) -> Iterator[Named]:
    for image_format in samples.FORMATS:
        data = samples.photo_file(image_format, 256, 192)
        step = len(data) / cuts
        for index in range(cuts):
            yield f"truncated:{image_format}-{index}", data[: int(index * step)]


def _polyglots() -> Iterator[Named]:
    others = {
        "zip": samples.zip_archive(),
        "html": HTML,
        "php": PHP,
        "pdf": b"%PDF-1.7\n%%EOF\n",
        "newline": b"\n",
        "zeros": bytes(4096),
        "elf": b"\x7fELF" + bytes(60),
    }
    for image_format in samples.FORMATS:
        data = samples.photo_file(image_format)
        for name, extra in others.items():
            yield f"polyglot:{image_format}-then-{name}", data + extra
            yield f"polyglot:{name}-then-{image_format}", extra + data
        for second in samples.FORMATS:
            yield f"polyglot:{image_format}-then-{second}", data + samples.photo_file(second)


def _pixel_bombs() -> Iterator[Named]:
    for side in (8_001, 12_000, 20_000, 65_535):
        yield f"pixel-bomb:png-{side}", samples.png_with_header_size(side, side)
        yield f"pixel-bomb:jpeg-{side}", samples.jpeg_with_header_size(side, side)
        yield f"pixel-bomb:avif-{side}", samples.avif_with_header_size(side, side)
        canvas = min(side, 16_384)
        yield f"pixel-bomb:webp-{side}", samples.webp_with_canvas(canvas, canvas)
    for side in (2**31 - 1, 2**32 - 1):
        yield f"pixel-bomb:png-{side}", samples.png_with_header_size(side, side)
        yield f"pixel-bomb:avif-{side}", samples.avif_with_header_size(side, side)
    yield "pixel-bomb:png-real", _flat_png(12_000)


@functools.cache
def _flat_png(side: int) -> bytes:
    """Return a real PNG of one colour, a thousandth of its pixels in bytes."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = samples.png_chunk(b"IHDR", header) + samples.png_chunk(b"IDAT", rows)
    return samples.PNG_SIGNATURE + body + samples.png_chunk(b"IEND", b"")


def _metadata_bombs() -> Iterator[Named]:
    packed = zlib.compress(bytes(100_000_000), 9)
    yield "metadata-bomb:zTXt", samples.png_with(b"zTXt", b"Comment\0\0" + packed)
    yield "metadata-bomb:iTXt", samples.png_with(b"iTXt", b"Comment\0\1\0\0\0" + packed)
    yield "metadata-bomb:iCCP", samples.png_with(b"iCCP", b"icc\0\0" + packed)
    info = PngImagePlugin.PngInfo()
    for number in range(80):
        info.add_text(f"Key {number}", "a" * 900_000, zip=True)
    yield "metadata-bomb:many", samples.encoded(samples.photograph(), "png", pnginfo=info)
    good = samples.photo_file("jpeg")
    yield "metadata-bomb:segments", good[:2] + b"\xff\xe0\x00\x02" * 30_000 + good[2:]
    yield "metadata-bomb:scans", good[:-2] + b"\xff\xda\x00\x02" * 5_000 + good[-2:]
    chunks = b"ABCD\0\0\0\0" * 20_000
    webp = samples.photo_file("webp")
    body = webp[8:] + chunks
    yield "metadata-bomb:chunks", b"RIFF" + struct.pack("<I", len(body)) + body
    yield "metadata-bomb:boxes", samples.photo_file("avif") + b"\0\0\0\x08free" * 20_000
    png = samples.photo_file("png")
    yield (
        "metadata-bomb:png-chunks",
        png[:33] + samples.png_chunk(b"teSt", b"") * 120_000 + png[33:],
    )


def _wrong_headers() -> Iterator[Named]:
    for image_format in samples.FORMATS:
        data = samples.photo_file(image_format)
        # What stands behind is of no consequence in a JPEG: the name of an optional segment.
        for position in range(0, 6 if image_format == "jpeg" else 12, 2):
            broken = bytearray(data)
            broken[position] ^= 0xFF
            yield f"wrong-header:{image_format}-{position}", bytes(broken)
    yield "wrong-header:png-zero", samples.png_with_header_size(0, 9)
    yield "wrong-header:png-taller", samples.png_with_header_size(96, 640)
    taller = samples.interlaced_png()
    header = struct.pack(">II", 96, 72) + taller[24:29]
    taller = taller[:8] + samples.png_chunk(b"IHDR", header) + taller[33:]
    yield "wrong-header:png-interlaced-taller", taller
    yield "wrong-header:jpeg-zero", samples.jpeg_with_header_size(0, 9)
    yield "wrong-header:no-pixels", samples.PNG_SIGNATURE + samples.photo_file("png")[8:33]
    png = samples.photo_file("png")
    end = png.rindex(b"IEND") - 4
    yield "wrong-header:empty-idat", png[:33] + samples.png_chunk(b"IDAT", b"") + png[end:]
    noise = random.Random(5).randbytes(5_000)  # noqa: S311 - the same file every time, no secret
    yield "wrong-header:noise-idat", png[:33] + samples.png_chunk(b"IDAT", noise) + png[end:]
    for depth, kind in ((3, 0), (16, 3), (8, 1), (8, 7), (0, 2)):
        header = png[16:24] + bytes([depth, kind]) + png[26:29]
        data = png[:8] + samples.png_chunk(b"IHDR", header) + png[33:]
        yield f"wrong-header:png-{depth}-{kind}", data


def _animations() -> Iterator[Named]:
    for image_format in ("png", "webp", "avif"):
        yield f"animated:{image_format}", samples.animation(image_format)
    for count in (0, 2, 2**31):
        yield f"animated:acTL-{count}", samples.png_with(b"acTL", struct.pack(">II", count, 0))
    yield "animated:flag", samples.webp_with_canvas(96, 64, flags=0x02)
    yield (
        "animated:jpeg-mpo",
        samples.encoded(
            samples.photograph(), "mpo", save_all=True, append_images=[samples.photograph(seed=2)]
        ),
    )


def _other_kinds() -> Iterator[Named]:
    image = samples.photograph()
    for kind in ("eps", "tiff", "gif", "bmp", "ico", "ppm", "tga", "pdf", "jpeg2000", "sgi", "dds"):
        yield f"other-kind:{kind}", samples.encoded(image, kind)
    texts = (
        SVG,
        HTML,
        PHP,
        b"{}",
        b"[]",
        b"<?xml version='1.0'?><svg/>",
        b"GIF89a",
        b"\x89PNG",
        b"",
    )
    for index, text in enumerate(texts):
        yield f"other-kind:text-{index}", text
    yield "other-kind:zeros", bytes(10_000)
    yield "other-kind:noise", random.Random(6).randbytes(10_000)  # noqa: S311 - as above


def _flipped_png_bytes() -> Iterator[Named]:
    data = samples.photo_file("png")
    for position in range(7, len(data), len(data) // 60):
        broken = bytearray(data)
        broken[position] ^= 0x20
        yield f"flipped:png-{position}", bytes(broken)
