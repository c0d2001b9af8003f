"""QR codes: read through encoders, turned, small; wrong ones and none."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageOps
from unit.validators.brand_pictures import qr_code
from unit.validators.sample_pictures import encoded, photograph

from validators import Verdict, inspect, parse_done

pytest.importorskip("cv2", reason="needs mintage[vision]")

URL = "https://acme.example/spring"


def verdict(
    image: Image.Image, parameters: dict[str, object], image_format: str = "png"
) -> Verdict:
    criteria = parse_done([{"qr_code": parameters}])
    assert isinstance(criteria, tuple), criteria
    return inspect(encoded(image, image_format), criteria)[1]


def poster(side: int = 200, text: str = URL) -> Image.Image:
    image = photograph(640, 480).copy()
    image.paste(qr_code(text, side), (300, 120))
    return image


@pytest.mark.parametrize("side", [100, 150, 250])
@pytest.mark.parametrize("image_format", ["png", "jpeg", "webp", "avif"])
def test_a_code_is_read_through_every_encoder(side: int, image_format: str) -> None:
    found = verdict(poster(side), {"value": URL}, image_format)
    assert found.passed, found
    assert found.measured == {"found": 1, "inverted": 0, "values": [URL]}
    (mark,) = found.marks
    assert mark.box[:2] == pytest.approx((320, 140), abs=15)


def test_a_code_on_its_side_is_read() -> None:
    assert verdict(poster().rotate(90, expand=True), {"value": URL}).passed


def test_a_code_that_says_something_else_is_told() -> None:
    found = verdict(poster(text="https://evil.example/"), {"value": URL})
    assert found.reason == (
        "The QR code says 'https://evil.example/' instead of 'https://acme.example/spring'; "
        "whoever scans it would get to the wrong place."
    )


def test_a_code_that_looks_right_and_cannot_be_read_does_not_pass() -> None:
    image = poster()
    ImageDraw.Draw(image).rectangle((360, 180, 440, 260), fill="black")
    assert not verdict(image, {}).passed
    assert not verdict(image, {"value": URL}).passed


def test_no_code_where_one_is_wanted_and_where_none_is() -> None:
    found = verdict(photograph(640, 480), {})
    assert found.reason == "There is no QR code in the picture; one that can be read is wanted."
    assert verdict(photograph(640, 480), {"absent": True}).passed
    present = verdict(poster(), {"absent": True})
    assert present.reason == "There is a QR code in the picture; none is wanted."
    assert present.remedy is not None
    assert present.remedy.kind == "avoid"


def test_a_value_and_none_cannot_be_wanted_both() -> None:
    assert isinstance(parse_done([{"qr_code": {"value": URL, "absent": True}}]), list)


def test_two_codes_are_both_read() -> None:
    image = poster()
    image.paste(qr_code("https://acme.example/second", 180), (40, 200))
    found = verdict(image, {"value": URL})
    assert found.passed
    assert found.measured["found"] == 2


@pytest.mark.parametrize("side", [87, 160, 260])
def test_a_code_that_is_light_on_dark_is_found_and_does_not_do(side: int) -> None:
    image = photograph(640, 480).copy()
    image.paste(ImageOps.invert(qr_code(URL, side)), (300, 120))
    found = verdict(image, {"absent": True})
    assert found.reason == "There is a QR code in the picture; none is wanted."
    assert found.measured == {"found": 1, "inverted": 1, "values": [URL]}
    assert verdict(image, {"value": URL}).reason == (
        "The QR code is light on dark, which some readers cannot scan; dark on light is wanted."
    )


@pytest.mark.parametrize("invert", [False, True])
def test_a_small_code_in_a_large_picture_is_found(invert: bool) -> None:
    code = qr_code(URL, 87)
    image = photograph(512, 384).resize((4096, 3072))
    image.paste(ImageOps.invert(code) if invert else code, (1500, 1200))
    found = verdict(image, {"absent": True}, "jpeg")
    assert found.reason == "There is a QR code in the picture; none is wanted."
    (mark,) = found.marks
    assert mark.box[:2] == pytest.approx((1510, 1210), abs=15)
