"""The criteria of colour, at and around their bounds, and against full-size measurements."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from unit.validators.brand_pictures import card, headline, opened
from unit.validators.sample_pictures import clouds, encoded, flat, photograph

from validators import Verdict, inspect, parse_done
from validators.colour_areas import colour_areas
from validators.colour_difference import delta_e_2000, lab_of, rgb_of

BLUE = "#0b3d91"


def verdict(image: Image.Image, item: object, image_format: str = "png") -> Verdict:
    criteria = parse_done([item])
    assert isinstance(criteria, tuple), criteria
    return inspect(encoded(image, image_format), criteria)[1]


def with_bar(share: float) -> Image.Image:
    """Return a grey picture of which so much is the brand's blue."""
    image = flat((128, 128, 128), (400, 400))
    image.paste(BLUE, (0, 0, 400, round(400 * share)))
    return image


@pytest.mark.parametrize(("share", "passed"), [(0.27, True), (0.23, False)])
def test_a_palette_is_judged_by_the_share_that_can_be_seen(share: float, passed: bool) -> None:
    found = verdict(with_bar(share), {"palette": {"colours": [BLUE], "min_share": 0.25}})
    assert found.passed is passed
    assert found.measured["share"] == pytest.approx(share, abs=0.011)


def test_a_palette_that_is_missing_says_how_much_was_found_and_wanted() -> None:
    found = verdict(with_bar(0.1), {"palette": {"colours": [BLUE], "min_share": 0.25}})
    assert found.reason is not None
    assert found.reason == (
        "The brand's colours cover 10.0% of the picture; at least 25.0% is wanted."
    )
    assert found.remedy is not None
    assert found.remedy.kind == "new_seed"


def test_every_colour_of_a_palette_can_be_asked_for() -> None:
    wanted = {"palette": {"colours": [BLUE, "#e30613"], "each_min_share": 0.05}}
    found = verdict(with_bar(0.5), wanted)
    assert found.reason is not None
    assert "#e30613 covers 0.0% of the picture (the nearest colour is " in found.reason


@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp", "avif"])
def test_a_forbidden_colour_is_found_through_every_encoder_and_where_it_is(
    image_format: str,
) -> None:
    image = photograph(480, 320).copy()
    ImageDraw.Draw(image).rectangle((300, 40, 419, 159), fill="#00ff66")
    found = verdict(image, {"forbidden_colours": {"colours": ["#00ff66"]}}, image_format)
    assert not found.passed
    (mark,) = found.marks
    assert mark.colour == "#00ff66"
    assert mark.box == pytest.approx((300, 40, 120, 120), abs=12)
    assert found.remedy is not None
    assert (found.remedy.kind, found.remedy.what) == ("avoid", "the colour bright green")


def test_a_speck_of_a_forbidden_colour_is_a_trifle() -> None:
    image = photograph(480, 320).copy()
    ImageDraw.Draw(image).rectangle((300, 40, 320, 60), fill="#00ff66")
    assert verdict(image, {"forbidden_colours": {"colours": ["#00ff66"]}}).passed


def test_hidden_colours_count_for_nothing() -> None:
    image = card(BLUE).convert("RGBA")
    image.paste((0, 61, 145, 0), (0, 0, 128, 256))
    found = verdict(image, {"palette": {"colours": [BLUE], "min_share": 0.1}})
    assert found.measured["share"] == 0
    assert verdict(image, {"forbidden_colours": {"colours": [BLUE]}}).passed


def test_marks_lie_where_people_see_them() -> None:
    image = flat((255, 255, 255), (300, 200))
    image.paste(BLUE, (0, 0, 100, 50))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "jpeg", exif=exif.tobytes(), quality=95)
    criteria = parse_done([{"palette": {"colours": [BLUE], "min_share": 0.05}}])
    assert isinstance(criteria, tuple)
    (mark,) = inspect(data, criteria)[1].marks
    assert mark.box == pytest.approx((150, 0, 50, 100), abs=6)


@pytest.mark.parametrize("wrong", ["red", "#fff", "0b3d91", "#0b3d9g", "#0b3d91ff"])
def test_a_colour_that_is_none_is_refused_with_the_right_form(wrong: str) -> None:
    problems = parse_done([{"palette": {"colours": [wrong]}}])
    assert isinstance(problems, list)
    assert problems[0].wanted == 'a colour as "#rrggbb", in quotes'


def test_capital_letters_name_the_same_colour() -> None:
    upper = parse_done([{"palette": {"colours": ["#0B3D91"]}}])
    assert upper == parse_done([{"palette": {"colours": [BLUE]}}])


@pytest.mark.skipif(importlib.util.find_spec("skimage") is None, reason="needs scikit-image")
def test_shares_agree_with_every_pixel_measured_by_another_implementation() -> None:
    import numpy as np
    import skimage
    from skimage.color import deltaE_ciede2000, rgb2lab

    colours = ("#3a6ea5", "#f5f1e6", "#1d1d1d", "#7a5230")
    for name in ("astronaut.png", "coffee.png", "chelsea.png"):
        path = Path(skimage.__file__).parent / "data" / name
        with Image.open(path) as photo:
            image = photo.convert("RGB")
        lab = rgb2lab(np.asarray(image) / 255.0)
        found = colour_areas(opened(image), colours, 10)
        for colour, share in zip(colours, found.shares, strict=True):
            apart = deltaE_ciede2000(lab, np.broadcast_to(lab_of(rgb_of(colour)), lab.shape))
            assert share == pytest.approx(float((apart <= 10).mean()), abs=0.025), (name, colour)


def test_rounding_moves_no_colour_by_what_anybody_sees() -> None:
    worst = max(
        delta_e_2000(lab_of((level, level, level)), lab_of((level + 2,) * 3))
        for level in range(0, 252, 4)
    )
    assert worst < 1


@pytest.mark.parametrize(
    ("text", "ground", "ratio"),
    [
        ("#ffffff", "#000000", 21.0),
        ("#767676", "#ffffff", 4.54),
        ("#777777", "#ffffff", 4.48),
        ("#ffd700", "#0b3d91", 7.16),
        ("#ff0000", "#ffffff", 4.0),
        ("#111111", "#f5f1e6", 16.73),
    ],
)
def test_contrast_of_text_is_that_of_its_two_colours(text: str, ground: str, ratio: float) -> None:
    found = verdict(headline(text, ground), {"text_contrast": {"zone": {}}})
    assert found.measured["ratio"] == pytest.approx(ratio, abs=0.05)
    assert found.passed is (ratio >= 4.5)


def test_large_text_wants_less_and_a_number_overrules_both() -> None:
    image = headline("#888888", "#ffffff")
    assert not verdict(image, {"text_contrast": {"zone": {}}}).passed
    assert verdict(image, {"text_contrast": {"zone": {}, "size": "large"}}).passed
    strict = {"text_contrast": {"zone": {}, "size": "large", "min_ratio": 4.0}}
    found = verdict(image, strict)
    assert found.reason == (
        "The text and what is behind it have a contrast of 3.5 to 1; at least 4 to 1 is wanted."
    )


def test_only_the_zone_is_judged() -> None:
    image = flat((255, 255, 255), (480, 480))
    image.paste(headline("#cccccc", "#ffffff"), (0, 0))
    image.paste(headline("#111111", "#ffffff"), (0, 320))
    lower = {"zone": {"top": 0.66, "height": 0.34}}
    upper = {"zone": {"height": 0.33}}
    assert verdict(image, {"text_contrast": lower}).passed
    assert not verdict(image, {"text_contrast": upper}).passed


def test_text_over_a_grainy_photograph_is_measured_by_its_medians() -> None:
    dark = clouds(480, 160, 3).point(lambda level: level // 4).convert("RGB")
    dark.paste(headline("#ffffff", "#000000"), mask=headline("#ffffff", "#000000").convert("L"))
    assert verdict(dark, {"text_contrast": {"zone": {}}}).passed


def test_the_worst_part_of_a_ground_decides_for_text_that_is_laid_over() -> None:
    image = flat((20, 20, 60), (400, 100))
    image.paste((210, 210, 210), (340, 0, 400, 100))
    over = {"zone": {}, "text_colour": "#ffffff"}
    found = verdict(image, {"text_contrast": over})
    assert not found.passed
    assert found.measured["unreadable_share"] == pytest.approx(0.15, abs=0.01)
    assert found.reason == (
        "Text in #ffffff could not be read well on 15% of its zone, where the contrast is under "
        "4.5 to 1; at most 5% is allowed."
    )
    assert verdict(image, {"text_contrast": {**over, "max_unreadable": 0.2}}).passed
    left = {"zone": {"width": 0.8}, "text_colour": "#ffffff"}
    assert verdict(image, {"text_contrast": left}).passed


@pytest.mark.parametrize(
    "zone", [{"left": 0.5, "width": 0.6}, {"top": 1}, {"width": 0}, {"height": -0.1}]
)
def test_a_zone_outside_the_picture_is_refused(zone: dict[str, float]) -> None:
    assert isinstance(parse_done([{"text_contrast": {"zone": zone}}]), list)


def test_a_zone_that_ends_at_the_edge_in_decimals_is_inside() -> None:
    zone = {"left": 0.1, "width": 0.9, "top": 0.7, "height": 0.3}
    assert isinstance(parse_done([{"text_contrast": {"zone": zone}}]), tuple)
