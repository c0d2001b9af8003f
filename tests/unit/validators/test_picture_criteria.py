"""What the criteria about the picture itself judge, at their bounds, and what they show of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from unit.validators import sample_pictures as samples

from validators import Verdict, inspect, parse_done, registered
from validators.criterion import Remedy

PICTURE_FAMILY = (
    *("banding", "blockiness", "borders", "calm_zone", "contrast"),
    *("exposure", "noise", "sharpness", "transparency", "upscaled"),
)


def verdict(data: bytes, item: object) -> Verdict:
    criteria = parse_done([item])
    assert isinstance(criteria, tuple), criteria
    return inspect(data, criteria)[1]


def png(image: Image.Image, **options: object) -> bytes:
    return samples.encoded(image, "png", **options)


def rotated(image: Image.Image, orientation: int) -> bytes:
    """Return a JPEG whose EXIF says how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return samples.encoded(image, "jpeg", exif=exif, quality=95)


def packaged(package: str, path: str) -> Image.Image:
    """Return a photograph out of an installed wheel, or skip."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} with its photographs is not installed")
    with Image.open(Path(spec.origin).parent / path) as file:
        return file.convert("RGB")


PHOTOGRAPHS = (
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
    ("skimage", "data/astronaut.png"),
    ("skimage", "data/chelsea.png"),
    ("skimage", "data/coffee.png"),
    ("skimage", "data/motorcycle_left.png"),
    ("skimage", "data/rocket.jpg"),
)


@pytest.mark.parametrize(("package", "path"), PHOTOGRAPHS)
def test_a_good_photograph_passes_every_rule_by_its_defaults(package: str, path: str) -> None:
    data = png(packaged(package, path))
    for name in (*set(PICTURE_FAMILY) - {"calm_zone", "transparency"},):
        found = verdict(data, name)
        assert found.passed, found
    assert verdict(data, {"transparency": {"is": "forbidden"}}).passed


def as_jpeg(image: Image.Image) -> bytes:
    return samples.encoded(image, "jpeg", quality=10)


def enlarged(image: Image.Image) -> bytes:
    small = image.resize((image.width // 3, image.height // 3), Image.Resampling.LANCZOS)
    return png(small.resize(image.size, Image.Resampling.BICUBIC))


SPOILT: dict[str, Callable[[Image.Image], bytes]] = {
    "exposure": lambda image: png(image.point([value // 6 for value in range(256)] * 3)),
    "contrast": lambda image: png(image.point([110 + value // 8 for value in range(256)] * 3)),
    "borders": lambda image: png(ImageOps.expand(image, (0, 20, 0, 20), "white")),
    "sharpness": lambda image: png(image.filter(ImageFilter.GaussianBlur(2.5))),
    "blockiness": as_jpeg,
    "upscaled": enlarged,
}


@pytest.mark.parametrize("name", sorted(SPOILT))
@pytest.mark.parametrize(("package", "path"), PHOTOGRAPHS)
def test_a_spoilt_photograph_is_found(package: str, path: str, name: str) -> None:
    found = verdict(SPOILT[name](packaged(package, path)), name)
    assert not found.passed, found
    assert found.remedy is not None


@pytest.mark.parametrize("name", ["sharpness", "upscaled"])
def test_what_cannot_separate_by_itself_only_advises_and_can_be_made_to_block(name: str) -> None:
    data = png(samples.flat() if name == "sharpness" else nearest())
    advice = verdict(data, name)
    assert not advice.passed
    assert not advice.blocks
    assert "severity" not in advice.parameters
    strict = verdict(data, {name: {"severity": "block"}})
    assert strict.blocks
    again = parse_done([{name: dict(strict.parameters)}])
    assert isinstance(again, tuple)
    assert again[0].severity == "block"


def nearest() -> Image.Image:
    return samples.photograph(128, 128).resize((256, 256), Image.Resampling.NEAREST)


def test_bars_are_measured_to_the_pixel_and_marked() -> None:
    image = ImageOps.expand(samples.photograph(256, 192), (0, 24, 0, 30), "black")
    found = verdict(png(image), "borders")
    assert not found.passed
    assert found.remedy == Remedy("recrop")
    assert [found.measured[side] for side in ("top_px", "bottom_px", "left_px")] == [24, 30, 0]
    assert [mark.box for mark in found.marks] == [(0, 0, 256, 24), (0, 216, 256, 30)]
    assert {mark.colour for mark in found.marks} == {"#000000"}


@pytest.mark.parametrize("colour", ["white", "black", "#d22030"])
@pytest.mark.parametrize(("image_format", "quality"), [("jpeg", 60), ("webp", 60), ("avif", 60)])
def test_bars_are_found_through_every_encoder(colour: str, image_format: str, quality: int) -> None:
    image = ImageOps.expand(samples.photograph(320, 200), (40, 0, 40, 0), colour)
    found = verdict(samples.encoded(image, image_format, quality=quality), "borders")
    assert not found.passed
    assert abs(int(str(found.measured["left_px"])) - 40) <= 8
    assert abs(int(str(found.measured["right_px"])) - 40) <= 8


def test_bars_are_marked_where_people_see_them() -> None:
    image = ImageOps.expand(samples.photograph(256, 192), (0, 32, 0, 0), "white")
    # Stored with its top at the right, as a camera held upright does.
    found = verdict(rotated(image.transpose(Image.Transpose.ROTATE_90), 6), "borders")
    assert [mark.box[:3] for mark in found.marks] == [(0, 0, 256)]
    assert int(str(found.measured["top_px"])) in range(24, 33)


def test_a_studio_ground_and_a_plain_sky_are_no_bars() -> None:
    product = samples.flat((255, 255, 255), (512, 512))
    ImageDraw.Draw(product).ellipse((150, 120, 360, 400), fill=(180, 40, 30))
    assert verdict(png(product), "borders").passed
    sky = samples.gradient(200, (256, 256)).transpose(Image.Transpose.ROTATE_90)
    assert verdict(png(sky), "borders").passed


def test_a_product_on_white_is_burnt_out_unless_the_order_says_that_it_may() -> None:
    product = samples.flat((255, 255, 255), (256, 256))
    ImageDraw.Draw(product).ellipse((90, 90, 170, 170), fill=(90, 40, 30))
    assert not verdict(png(product), "exposure").passed
    on_white = {"exposure": {"max_mean": 255, "max_white_percent": 100}}
    assert verdict(png(product), on_white).passed


def test_only_what_is_seen_counts_for_light() -> None:
    image = samples.flat((0, 0, 0, 0))
    image.paste((128, 128, 128, 255), (64, 64, 192, 192))
    found = verdict(png(image), "exposure")
    assert found.passed
    assert found.measured == {"mean_levels": 128.0, "black_percent": 0.0, "white_percent": 0.0}


@pytest.mark.parametrize("level", [49, 50, 215, 216])
def test_the_bounds_of_exposure_are_included(level: int) -> None:
    found = verdict(png(samples.flat((level, level, level))), "exposure")
    assert found.passed is (50 <= level <= 215)


def test_contrast_is_the_range_without_a_hundredth_at_each_end() -> None:
    image = samples.flat((100, 100, 100), (100, 100))
    ImageDraw.Draw(image).rectangle((0, 0, 99, 49), fill=(150, 150, 150))
    image.putpixel((0, 0), (0, 0, 0))
    found = verdict(png(image), "contrast")
    assert found.measured == {"range_levels": 50, "dark_levels": 100, "bright_levels": 150}
    assert found.passed
    assert not verdict(png(image), {"contrast": {"min_range": 51}}).passed


def test_a_calm_zone_is_marked_whether_it_passes_or_not() -> None:
    image = samples.flat((200, 200, 200), (400, 200))
    for x in range(0, 200, 20):
        ImageDraw.Draw(image).rectangle((x, 0, x + 9, 199), fill="black")
    left = {"zone": {"top": 0.5, "width": 0.5, "height": 0.5}}
    other = {"zone": {**left["zone"], "left": 0.5}}
    found = verdict(png(image), {"calm_zone": left})
    assert not found.passed
    assert [(mark.box, mark.passed) for mark in found.marks] == [((0, 100, 200, 100), False)]
    right = verdict(png(image), {"calm_zone": other})
    assert right.passed
    assert [(mark.box, mark.passed) for mark in right.marks] == [((200, 100, 200, 100), True)]
    # The same picture stored on its side: the zone is where people see it.
    turned = rotated(image.transpose(Image.Transpose.ROTATE_90), 6)
    assert not verdict(turned, {"calm_zone": left}).passed
    assert verdict(turned, {"calm_zone": other}).passed


def test_a_zone_outside_of_the_picture_is_refused_at_check() -> None:
    problems = parse_done([{"calm_zone": {"zone": {"left": 0.6, "width": 0.5, "height": 0.1}}}])
    assert isinstance(problems, list)
    assert "at most 1" in problems[0].wanted


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"left": 0.05, "top": 0.05, "width": 0.9, "height": 0.3},
        {"zone": {"left": 5, "top": 5, "width": 90, "height": 30}},
        {"zone": {"height": 0.019}},
    ],
)
def test_a_calm_zone_is_given_in_parts_and_no_sliver(parameters: dict[str, object]) -> None:
    assert isinstance(parse_done([{"calm_zone": parameters}]), list)


@pytest.mark.parametrize("name", ["calm_zone", "text_contrast"])
def test_a_zone_of_a_few_pixels_is_refused_at_check(name: str) -> None:
    criterion = registered()[name].model_validate({"zone": {"height": 0.05}})
    assert criterion.contradicts(width=320, height=300, format_="png") == (
        "a zone of 320 by 15 pixels, which is under 16 on a side"
    )
    assert criterion.contradicts(width=320, height=320, format_="png") is None


def test_what_counts_as_solid_is_told_and_one_pixel_shows_in_the_measure() -> None:
    scattered = samples.flat((10, 20, 30, 250), (1000, 1000))
    found = verdict(png(scattered), {"transparency": {"is": "forbidden"}})
    assert found.passed
    assert (found.measured["least_alpha"], found.measured["see_through_pixels"]) == (250, 0)
    assert "250 of 255" in str(registered()["transparency"].__doc__)
    scattered.putpixel((0, 0), (10, 20, 30, 0))
    found = verdict(png(scattered), {"transparency": {"is": "forbidden"}})
    assert found.measured["solid_percent"] == 99.9999
    assert found.measured["see_through_pixels"] == 1
    assert " 1 of its 1,000,000 pixels " in str(found.reason)


def test_an_output_in_jpeg_cannot_be_transparent_and_check_says_so() -> None:
    needed = registered()["transparency"].model_validate({"is": "needed"})
    assert needed.contradicts(width=9, height=9, format_="jpeg") is not None
    assert needed.contradicts(width=9, height=9, format_="webp") is None
    forbidden = registered()["transparency"].model_validate({"is": "forbidden"})
    assert forbidden.contradicts(width=9, height=9, format_="jpeg") is None


def test_forbidden_transparency_can_be_flattened_for_nothing_and_is_marked() -> None:
    image = samples.flat((10, 20, 30, 255), (200, 100))
    image.paste((0, 0, 0, 0), (50, 20, 80, 60))
    found = verdict(png(image), {"transparency": {"is": "forbidden"}})
    assert not found.passed
    assert found.remedy == Remedy("reencode", "flatten")
    assert [mark.box for mark in found.marks] == [(50, 20, 30, 40)]


@pytest.mark.parametrize("sigma", [4, 8, 12])
def test_noise_is_measured_in_levels(sigma: int) -> None:
    # Independent noise in three channels: their luma has 0.67 of its standard deviation.
    found = verdict(png(samples.noisy_flat(sigma)), "noise")
    assert float(str(found.measured["noise_levels"])) == pytest.approx(0.67 * sigma, rel=0.25)


def test_bands_are_marked_where_they_are() -> None:
    image = samples.flat((128, 128, 128), (512, 256))
    for x in range(0, 256, 16):
        image.paste((x // 2 + 40,) * 3, (x, 0, x + 16, 256))
    found = verdict(png(image), "banding")
    assert not found.passed
    (mark,) = found.marks
    left, top, width, height = mark.box
    assert left <= 16
    assert left + width <= 288
    assert top == 0
    assert height == 256


@pytest.mark.parametrize(
    "photo", [("sklearn", "datasets/images/flower.jpg"), ("skimage", "data/rocket.jpg")]
)
def test_the_blocks_of_an_encoder_are_no_bands(photo: tuple[str, str]) -> None:
    image = packaged(*photo)
    for image_format, quality in (("webp", 88), ("webp", 75), ("jpeg", 75), ("avif", 75)):
        data = samples.encoded(image, image_format, quality=quality)
        assert verdict(data, {"banding": {"max_banded_percent": 0.25}}).passed, image_format
    # Saved once more, and the grid moved by a crop, it is the same picture.
    with Image.open(BytesIO(samples.encoded(image, "webp", quality=88))) as file:
        moved = file.crop((3, 2, *file.size))
    assert verdict(png(moved), {"banding": {"max_banded_percent": 0.25}}).passed


@pytest.mark.parametrize("turned", [False, True])
def test_bands_of_an_even_gradient_are_found_though_they_lie_on_a_grid(turned: bool) -> None:
    gradient = Image.linear_gradient("L").resize((512, 512)).convert("RGB")
    banded = gradient.point([level & 0xF8 for level in range(256)] * 3)
    image = banded.transpose(Image.Transpose.ROTATE_90) if turned else banded
    assert not verdict(png(image), "banding").passed
    assert verdict(png(gradient), "banding").passed


def test_the_grid_of_a_bad_jpeg_stays_in_a_png_made_of_it() -> None:
    bad = samples.encoded(samples.photograph(256, 256), "jpeg", quality=8)
    again = png(Image.open(BytesIO(bad)))
    assert not verdict(bad, "blockiness").passed
    assert verdict(again, "blockiness").measured == verdict(bad, "blockiness").measured


def test_repeated_pixels_are_found_and_a_flat_drawing_is_not_suspected() -> None:
    found = verdict(png(nearest()), "upscaled")
    assert not found.passed
    assert found.measured == {"repeated_percent": 50.0}
    drawing = samples.flat((255, 255, 255), (512, 512))
    ImageDraw.Draw(drawing).rectangle((100, 100, 300, 300), fill=(20, 90, 200))
    assert verdict(png(drawing), "upscaled").passed


def test_a_baseline_finds_slight_blur_that_the_floor_lets_pass() -> None:
    image = packaged("sklearn", "datasets/images/china.jpg")
    baseline = verdict(png(image), "sharpness").measured["sharpness_percent"]
    soft = png(image.filter(ImageFilter.GaussianBlur(1)))
    assert verdict(soft, "sharpness").passed
    found = verdict(soft, {"sharpness": {"baseline": baseline}})
    assert not found.passed
    assert "beside" in str(found.reason)
    assert verdict(png(image), {"sharpness": {"baseline": baseline}}).passed


def test_a_floor_beside_a_baseline_is_refused() -> None:
    problems = parse_done([{"sharpness": {"floor": 20.0, "baseline": 60.0}}])
    assert isinstance(problems, list)
    assert problems[0].wanted == "either floor or baseline, not both"


def test_a_reference_that_is_soft_itself_is_refused_as_a_baseline() -> None:
    problems = parse_done([{"sharpness": {"baseline": 24.0}}])
    assert isinstance(problems, list)
    assert problems[0].path == ("sharpness", "baseline")
