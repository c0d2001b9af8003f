"""The logo: found where it is, measured, and given by its file."""

from __future__ import annotations

import pytest
from PIL import Image
from unit.validators.brand_pictures import card, hashed, logo, logo_address, with_logo
from unit.validators.sample_pictures import clouds, encoded, photograph

from validators import Verdict, inspect, parse_done
from validators.references import as_data_address, known_pictures, picture_at, read_references


def verdict(image: Image.Image, image_format: str = "png", **parameters: object) -> Verdict:
    pytest.importorskip("cv2", reason="needs mintage[vision]")
    criteria = parse_done([{"logo": {"picture": logo_address(), **parameters}}])
    assert isinstance(criteria, tuple), criteria
    return inspect(encoded(image, image_format), criteria)[1]


@pytest.mark.parametrize("width", [96, 128, 200, 400])
@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp", "avif"])
def test_a_logo_is_found_and_measured(width: int, image_format: str) -> None:
    found = verdict(with_logo(width), image_format, min_width=90)
    assert found.passed, found
    assert found.measured["width_px"] == pytest.approx(width, rel=0.05)
    (mark,) = found.marks
    assert mark.box == pytest.approx((300, 200, width, width // 2), abs=0.06 * width)


@pytest.mark.parametrize("angle", [10, 45, 90, 180])
def test_a_turned_logo_is_found(angle: int) -> None:
    assert verdict(with_logo(300, (250, 225)).rotate(angle), min_width=250).passed


def test_a_logo_that_is_too_small_says_so() -> None:
    found = verdict(with_logo(120), min_width=300)
    assert found.reason is not None
    assert found.reason.endswith("pixels wide; at least 300 are wanted.")


def test_what_the_measuring_errs_by_is_allowed_for() -> None:
    assert verdict(with_logo(200), min_width=205).passed
    assert not verdict(with_logo(200), min_width=210).passed


def test_no_logo_is_seen_where_there_is_none() -> None:
    for seed in range(8):
        busy = Image.merge("RGB", [clouds(640, 480, seed + band) for band in range(3)])
        assert verdict(busy, absent=True).passed
    found = verdict(photograph(640, 480))
    assert found.reason == "The logo is not in the picture, or cannot be recognised."


def test_the_room_around_it_must_be_clear() -> None:
    assert verdict(with_logo(240, plate=60), clear_space=0.4).passed
    crowded = with_logo(240, plate=60)
    for left in range(240, 600, 12):
        crowded.paste("black", (left, 150, left + 5, 190))
    found = verdict(crowded, clear_space=0.4)
    assert found.reason is not None
    assert found.reason.startswith("The room around the logo is not clear: ")
    at_the_edge = with_logo(240, at=(2, 200), plate=60)
    assert not verdict(at_the_edge, clear_space=0.4).passed
    assert verdict(at_the_edge).passed


def test_a_logo_of_one_shape_is_refused_before_anything_is_paid() -> None:
    pytest.importorskip("cv2", reason="needs mintage[vision]")
    plain = as_data_address(encoded(card("#0b3d91"), "png"))
    criteria = parse_done([{"logo": {"picture": plain}}])
    assert isinstance(criteria, tuple)
    said = criteria[0].contradicts(width=1024, height=1024, format_="png")
    assert said == "a logo with too few details to be recognised in any picture"
    found = inspect(encoded(with_logo(200), "png"), criteria)[1]
    assert found.reason == "The logo has too few details to be recognised in any picture."


def test_a_logo_wider_than_the_picture_is_refused_before_anything_is_paid() -> None:
    criteria = parse_done([{"logo": {"picture": logo_address(), "min_width": 600}}])
    assert isinstance(criteria, tuple)
    assert criteria[0].contradicts(width=512, height=256, format_="png") is not None


FILES = {"brand/logo.png": encoded(logo(), "png"), "notes.txt": b"no picture"}


def test_a_path_becomes_the_picture_and_the_same_bytes_the_same_parameter() -> None:
    items: list[object] = ["text", {"logo": {"picture": "brand/logo.png", "min_width": 90}}]
    read = read_references(items, FILES.get, lambda _: None)
    assert read == ["text", {"logo": {"picture": logo_address(), "min_width": 90}}]
    assert items[1] == {"logo": {"picture": "brand/logo.png", "min_width": 90}}
    assert read_references(read, FILES.get, lambda _: None) == read
    assert isinstance(parse_done(read[1:]), tuple)
    assert max(picture_at(logo_address()).size) == 256


@pytest.mark.parametrize("path", ["missing.png", "notes.txt", "data:image/png;base64,AAAA"])
def test_what_is_no_picture_is_told_with_its_place(path: str) -> None:
    read = read_references([{"logo": {"picture": path}}], FILES.get, lambda _: None)
    problems = parse_done(read)
    assert isinstance(problems, list)
    assert problems[0].path == ("logo", "picture")
    assert problems[0].wanted == (
        "the path of a picture that can be opened, beside the order or the brand kit"
    )


def test_a_folder_becomes_names_and_hashes() -> None:
    folder = {
        "b.png": encoded(photograph(), "png"),
        "a.txt": b"x",
        "a.jpg": encoded(logo(), "jpeg"),
    }
    items: list[object] = [{"not_seen_before": {"forbidden": "licensed"}}]
    read = read_references(items, FILES.get, {"licensed": folder}.get)
    known = known_pictures(folder)
    assert read == [{"not_seen_before": {"forbidden": known}}]
    assert [entry["name"] for entry in known] == ["a.jpg", "b.png"]
    assert known[1]["phash"] == hashed(photograph())
    criteria = parse_done(read)
    assert isinstance(criteria, tuple)
    found = inspect(encoded(photograph(), "jpeg"), criteria)[1]
    assert found.reason == "The picture is nearly the same as b.png (0 of 64 bits differ)."
