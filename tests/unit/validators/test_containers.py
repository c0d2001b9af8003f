"""The container walk: what it lets through, and each flaw that it has to notice."""

from __future__ import annotations

import struct
import time

import pytest
from PIL import Image
from unit.validators import sample_pictures as samples

from validators.containers import Defect, Flaw, Header, looks_like, sniff, walk


def flaw_of(data: bytes) -> Flaw:
    found = walk(data)
    assert isinstance(found, Defect), found
    assert found.reason.endswith(".")
    return found.flaw


@pytest.mark.parametrize("image_format", samples.FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (17, 3), (96, 64), (255, 256)])
def test_whole_files_give_their_size(image_format: str, size: tuple[int, int]) -> None:
    data = samples.encoded(samples.photograph(*size), image_format)
    assert walk(data) == Header(image_format, *size)


@pytest.mark.parametrize(
    ("image_format", "options"),
    [
        ("jpeg", {"progressive": True}),
        ("jpeg", {"quality": 100, "subsampling": 0}),
        ("jpeg", {"restart_marker_blocks": 1}),
        ("jpeg", {"comment": b"made for a test"}),
        ("jpeg", {"exif": Image.Exif(), "icc_profile": b"p" * 200_000}),
        ("png", {"icc_profile": b"p" * 5000}),
        ("png", {"optimize": True}),
        ("webp", {"lossless": True}),
        ("webp", {"exif": b"Exif\x00\x00odd"}),
        ("webp", {"xmp": b"<x/>", "icc_profile": b"odd"}),
        ("avif", {"quality": 100}),
        ("avif", {"exif": Image.Exif(), "xmp": b"<x/>", "icc_profile": b"p" * 200}),
    ],
)
def test_unusual_but_whole_files_pass(image_format: str, options: dict[str, object]) -> None:
    data = samples.encoded(samples.photograph(), image_format, **options)
    assert walk(data) == Header(image_format, 96, 64)


@pytest.mark.parametrize("image_format", ["png", "webp", "avif"])
def test_alpha_does_not_disturb_the_walk(image_format: str) -> None:
    image = samples.photograph().copy()
    image.putalpha(samples.clouds(96, 64, 3))
    assert walk(samples.encoded(image, image_format)) == Header(image_format, 96, 64)


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_every_possible_cut_is_noticed(image_format: str) -> None:
    data = samples.photo_file(image_format, 40, 30)
    for length in range(1, len(data)):
        assert isinstance(walk(data[:length]), Defect), f"cut at {length} of {len(data)}"


@pytest.mark.parametrize("image_format", samples.FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_file_without_its_end_is_called_truncated(image_format: str, share: float) -> None:
    data = samples.photo_file(image_format)
    assert flaw_of(data[: int(len(data) * share)]) is Flaw.TRUNCATED
    assert flaw_of(data[:-2]) is Flaw.TRUNCATED


@pytest.mark.parametrize("image_format", samples.FORMATS)
@pytest.mark.parametrize(
    ("extra", "phrase"),
    [
        (samples.zip_archive(), "a ZIP archive"),
        (b"<script>alert(1)</script>", "a web script"),
        (b"\n", "plain text"),
        (b"\x00" * 512, "zero bytes"),
    ],
    ids=["zip", "script", "newline", "zeros"],
)
def test_what_follows_the_picture_is_noticed(image_format: str, extra: bytes, phrase: str) -> None:
    found = walk(samples.photo_file(image_format) + extra)
    assert isinstance(found, Defect)
    assert found.flaw is Flaw.TRAILING_DATA
    assert phrase in found.reason


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_a_second_picture_behind_the_first_is_noticed(image_format: str) -> None:
    data = samples.photo_file(image_format)
    assert flaw_of(data + data) is Flaw.TRAILING_DATA


def test_any_flipped_byte_of_a_png_is_noticed() -> None:
    data = samples.photo_file("png", 24, 16)
    for position in range(len(data)):
        broken = bytearray(data)
        broken[position] ^= 0x10
        assert isinstance(walk(bytes(broken)), Defect), position


@pytest.mark.parametrize("image_format", ["png", "webp", "avif"])
def test_animations_are_refused(image_format: str) -> None:
    assert flaw_of(samples.animation(image_format)) is Flaw.ANIMATED


def test_an_animation_flag_alone_is_refused() -> None:
    assert flaw_of(samples.webp_with_canvas(96, 64, flags=0x02)) is Flaw.ANIMATED
    assert walk(samples.webp_with_canvas(96, 64)) == Header("webp", 96, 64)


def test_a_png_that_counts_one_frame_is_no_animation() -> None:
    assert walk(samples.png_with(b"acTL", struct.pack(">II", 1, 0))) == Header("png", 96, 64)


def test_the_larger_of_two_sizes_counts_against_the_ceiling() -> None:
    assert walk(samples.webp_with_canvas(16_000, 16_000)) == Header("webp", 16_000, 16_000)


@pytest.mark.parametrize(
    "data",
    [
        samples.PNG_SIGNATURE + samples.png_chunk(b"IEND", b""),
        samples.png_with_header_size(0, 5),
        samples.photo_file("png")[:33] + samples.png_chunk(b"IEND", b""),
        samples.png_with(b"\x00\x00\x00\x00", b""),
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\x00\x01",
        b"\xff\xd8\xff\xe0\x00\x02junk",
        samples.jpeg_with_header_size(0, 10),
        b"RIFF\x0c\x00\x00\x00WEBPVP8X\x00\x00\x00\x00",
        b"RIFF\x0c\x00\x00\x00WEBPVP8 \xff\xff\xff\x00",
        b"RIFF\x16\x00\x00\x00WEBPVP8 \x0a\x00\x00\x00" + bytes(10),
        b"RIFF\x0c\x00\x00\x00WEBPXYZ \x00\x00\x00\x00",
        b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00\x00\x00\x00\x00junk",
    ],
)
def test_structures_that_no_format_allows_are_called_damaged(data: bytes) -> None:
    assert flaw_of(data) is Flaw.DAMAGED


@pytest.mark.parametrize(
    ("data", "phrase"),
    [
        (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "an HTML page"),
        (b"\n  <html>", "an HTML page"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b'<?xml version="1.0"?>\n<!-- c -->\n<svg/>', "an SVG drawing"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML document"),
        (b'{"detail": "rate limit"}', "a JSON document"),
        (b'\xef\xbb\xbf[{"a": 1}]', "a JSON document"),
        ("Désolé, trop de demandes".encode(), "plain text"),
        (samples.zip_archive(), "a ZIP archive"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript (EPS) document"),
        (samples.encoded(samples.photograph(), "tiff"), "a TIFF picture"),
        (samples.encoded(samples.photograph(), "gif"), "a GIF picture"),
        (samples.encoded(samples.photograph(), "bmp"), "a BMP picture"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "a HEIC picture"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42", "an MP4 video"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "a RIFF sound or video (WAV, AVI)"),
        (b"\x00" * 64, "zero bytes"),
        (bytes(range(1, 200)), "data of no known kind"),
    ],
)
def test_what_is_no_picture_is_named_for_people(data: bytes, phrase: str) -> None:
    assert looks_like(data) == phrase
    found = walk(data)
    assert isinstance(found, Defect)
    assert found.flaw is Flaw.NOT_A_PICTURE
    assert phrase in found.reason


def test_an_empty_file_is_called_empty() -> None:
    assert flaw_of(b"") is Flaw.EMPTY
    assert sniff(b"") is None
    assert looks_like(b"") == "nothing at all"


@pytest.mark.parametrize(
    "data",
    [
        samples.photo_file("png")[:33] + samples.png_chunk(b"aaAA", b"") * 400_000,
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 1_000_000,
        b"\xff\xd8" + b"\xff" * 4_000_000,
        samples.photo_file("jpeg")[:-2] + b"\xff\xda\x00\x02" * 1_000_000,
        b"RIFF" + struct.pack("<I", 4_000_004) + b"WEBP" + b"ABCD\x00\x00\x00\x00" * 500_000,
        samples.photo_file("avif") + b"\x00\x00\x00\x08free" * 500_000,
    ],
    ids=["png-chunks", "jpeg-segments", "jpeg-fill", "jpeg-scans", "webp-chunks", "avif-boxes"],
)
def test_files_of_millions_of_parts_are_refused_in_bounded_time(data: bytes) -> None:
    started = time.process_time()
    assert isinstance(walk(data), Defect)
    # Unbounded, the slowest of these takes seconds; bounded, the slowest takes about 0.15 s.
    assert time.process_time() - started < 1.5
