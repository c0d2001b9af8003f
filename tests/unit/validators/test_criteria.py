"""What each criterion judges, at and around its bounds."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw
from unit.validators import sample_pictures as samples

from validators import Verdict, inspect, parse_done


def verdict(data: bytes, item: object) -> Verdict:
    criteria = parse_done([item])
    assert isinstance(criteria, tuple), criteria
    return inspect(data, criteria)[1]


def png(image: Image.Image) -> bytes:
    return samples.encoded(image, "png")


@pytest.mark.parametrize(
    ("parameters", "passed"),
    [
        ({"width": 96, "height": 64}, True),
        ({"width": 96}, True),
        ({"height": 65}, False),
        ({"min_width": 96, "max_width": 96}, True),
        ({"min_width": 97}, False),
        ({"max_height": 63}, False),
        ({"max_height": 64, "min_height": 64}, True),
        ({"width": 96, "min_height": 65}, False),
        ({"width": 64, "height": 96}, False),
    ],
)
def test_dimensions_are_judged_to_the_pixel(parameters: dict[str, int], passed: bool) -> None:
    found = verdict(samples.photo_file("webp"), {"dimensions": parameters})
    assert found.passed is passed
    assert found.parameters == parameters
    assert found.measured == {"width_px": 96, "height_px": 64}


def test_wrong_dimensions_say_what_is_wrong_with_each_side() -> None:
    wanted = {"dimensions": {"width": 1024, "min_height": 70, "max_height": 80}}
    assert verdict(samples.photo_file("png"), wanted).reason == (
        "The picture is 96 pixels wide instead of 1,024 and 64 pixels high instead of 70 to 80."
    )
    assert verdict(samples.photo_file("png"), {"dimensions": {"min_width": 97}}).reason == (
        "The picture is 96 pixels wide instead of at least 97."
    )


def test_format_is_judged_by_content() -> None:
    assert verdict(samples.photo_file("webp"), {"format": {"is": "webp"}}).passed
    assert verdict(samples.photo_file("webp"), {"format": {"is": ["png", "webp"]}}).passed
    found = verdict(samples.photo_file("avif"), {"format": {"is": ["png", "jpeg"]}})
    assert not found.passed
    assert found.reason == "The file is AVIF, not PNG or JPEG."
    assert found.measured == {"format": "avif"}
    assert found.parameters == {"is": ["png", "jpeg"]}


def padded_png(byte_count: int) -> bytes:
    """Return a good PNG of exactly so many bytes."""
    missing = byte_count - len(samples.png_with(b"teSt", b""))
    return samples.png_with(b"teSt", bytes(missing))


@pytest.mark.parametrize(
    ("byte_count", "parameters", "passed"),
    [
        (30_000, {"max_kb": 30}, True),
        (30_001, {"max_kb": 30}, False),
        (30_000, {"min_kb": 30}, True),
        (29_999, {"min_kb": 30}, False),
        (30_000, {"min_kb": 30, "max_kb": 30}, True),
    ],
)
def test_file_size_counts_a_thousand_bytes_to_the_kilobyte(
    byte_count: int, parameters: dict[str, int], passed: bool
) -> None:
    found = verdict(padded_png(byte_count), {"file_size": parameters})
    assert found.passed is passed
    assert found.measured == {"byte_count": byte_count}


def test_a_file_that_is_too_large_says_so_with_its_unit() -> None:
    assert verdict(padded_png(30_001), {"file_size": {"max_kb": 30}}).reason == (
        "The file has 30.001 kB (30,001 bytes, 1 kB being 1,000 bytes); at most 30 kB is wanted."
    )


COLOURS = [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 30, 60), (1, 2, 3)]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(
    ("image_format", "options"),
    [
        ("png", {}),
        ("jpeg", {"quality": 20}),
        ("jpeg", {"quality": 90}),
        ("webp", {"quality": 20}),
        ("webp", {"quality": 75}),
        ("webp", {"quality": 90}),
        ("avif", {"quality": 30}),
    ],
)
def test_one_colour_is_blank_through_every_encoder(
    colour: tuple[int, ...], image_format: str, options: dict[str, object]
) -> None:
    data = samples.encoded(samples.flat(colour), image_format, **options)
    assert not verdict(data, "not_blank").passed


def test_grain_over_one_colour_is_blank() -> None:
    data = samples.encoded(samples.noisy_flat(4), "jpeg", quality=75)
    assert not verdict(data, "not_blank").passed


def test_a_faint_vignette_is_blank_and_a_gradient_is_not() -> None:
    assert not verdict(png(samples.gradient(8)), "not_blank").passed
    assert verdict(png(samples.gradient(40)), "not_blank").passed


def test_a_fully_transparent_picture_is_blank_whatever_it_hides() -> None:
    assert not verdict(png(samples.flat((200, 10, 30, 0))), "not_blank").passed
    hidden = samples.photograph(256, 256).copy()
    hidden.putalpha(0)
    assert not verdict(png(hidden), "not_blank").passed


def test_a_black_shape_on_nothing_is_not_blank() -> None:
    image = samples.flat((0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((80, 80, 180, 180), fill=(0, 0, 0, 255))
    assert verdict(png(image), "not_blank").passed


def test_a_speck_is_blank_and_a_small_object_is_not() -> None:
    speck = samples.flat((255, 255, 255), (1024, 1024))
    ImageDraw.Draw(speck).ellipse((500, 500, 508, 508), fill="black")
    assert not verdict(png(speck), "not_blank").passed
    thing = samples.flat((255, 255, 255), (1024, 1024))
    ImageDraw.Draw(thing).ellipse((500, 500, 550, 550), fill="black")
    assert verdict(png(thing), "not_blank").passed


@pytest.mark.parametrize("period", [2, 4, 8, 16, 32])
def test_a_fine_regular_pattern_is_not_blank(period: int) -> None:
    tile = samples.flat((255, 255, 255), (period, period))
    ImageDraw.Draw(tile).rectangle((0, 0, period // 2 - 1, period // 2 - 1), fill="black")
    image = samples.flat(size=(512, 512))
    for x in range(0, 512, period):
        for y in range(0, 512, period):
            image.paste(tile, (x, y))
    assert verdict(png(image), "not_blank").passed


def test_a_white_card_on_white_is_not_blank() -> None:
    image = samples.flat((250, 250, 250))
    ImageDraw.Draw(image).rectangle((80, 80, 180, 180), fill=(236, 236, 236))
    assert verdict(png(image), "not_blank").passed


def test_two_colours_of_one_brightness_are_not_blank() -> None:
    image = samples.flat((200, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 128, 256), fill=(0, 102, 0))
    assert verdict(png(image), "not_blank").passed


def test_dark_sixteen_bit_pictures_are_measured_on_the_scale_of_eight_bits() -> None:
    ramp = Image.linear_gradient("L").convert("I").point(lambda value: value * 4).convert("I;16")
    found = verdict(png(ramp), "not_blank")
    assert not found.passed
    assert found.measured["spread_levels"] == 3
    bright = Image.linear_gradient("L").convert("I").point(lambda value: value * 257)
    assert verdict(png(bright.convert("I;16")), "not_blank").measured["spread_levels"] == 248


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (129, 128), (127, 257)])
def test_any_shape_can_be_measured(size: tuple[int, int]) -> None:
    found = verdict(png(samples.flat((10, 20, 30), size)), "not_blank")
    assert found.measured == {"spread_levels": 0, "pixel_spread_levels": 0}


def test_the_threshold_can_be_ordered_and_is_in_the_verdict() -> None:
    data = png(samples.gradient(40))
    assert verdict(data, "not_blank").parameters == {"min_spread": 13}
    strict = verdict(data, {"not_blank": {"min_spread": 60}})
    assert not strict.passed
    assert strict.parameters == {"min_spread": 60}
    assert "at least 60 are wanted" in str(strict.reason)
