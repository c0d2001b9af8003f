"""The same picture made again: inside its bars, at its size, written as it is wanted."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image
from unit.validators.sample_pictures import clouds, encoded, photograph

from generators import Encoding, Finished, Trim, Unfinishable, mend

PHOTO = photograph(128, 96)


def framed(colour: tuple[int, int, int], bar_px: int = 16) -> Image.Image:
    picture = Image.new("RGB", (128, 128), colour)
    picture.paste(photograph(128, 128 - 2 * bar_px), (0, bar_px))
    return picture


def mended(data: bytes, encoding: Encoding, side: int = 128, **how: object) -> Image.Image:
    made = mend(data, width=side, height=side, encoding=encoding, **how)  # type: ignore[arg-type]
    assert isinstance(made, Finished), made
    assert made.media_type == f"image/{encoding.format}"
    image = Image.open(BytesIO(made.data))
    image.load()
    assert image.size == (side, side)
    return image


@pytest.mark.parametrize("format_", ["png", "jpeg", "webp", "avif"])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255)])
def test_no_row_of_a_bar_is_left(format_: str, colour: tuple[int, int, int]) -> None:
    data = encoded(framed(colour), format_)
    image = mended(data, Encoding(format_), trim=Trim(top=16, bottom=16)).convert("RGB")
    for y in (0, 127):
        row = image.crop((0, y, 128, y + 1)).convert("L")
        assert len(set(row.tobytes())) > 20


def test_what_would_have_to_grow_too_much_is_not_mended() -> None:
    data = encoded(framed((0, 0, 0), 40), "png")
    encoding = Encoding("png")
    made = mend(data, width=128, height=128, encoding=encoding, trim=Trim(40, 40), upscale_max=2)
    assert isinstance(made, Unfinishable)
    assert "the order allows 2" in made.reason
    assert mended(data, encoding, trim=Trim(40, 40), upscale_max=4)
    gone = mend(data, width=128, height=128, encoding=encoding, trim=Trim(64, 64))
    assert gone == Unfinishable("nothing is left of the picture inside its bars")


@pytest.mark.parametrize(
    ("came", "bar_px", "told"),
    [
        ((64, 64), 12, "of the picture's 64x64, 64x48 would be left and would have to grow 2.67"),
        ((64, 32), 12, "of the picture's 64x32, 32x24 would be left and would have to grow 5.33"),
        (
            (512, 512),
            40,
            "of the picture's 128x128, 128x40 would be left and would have to grow 3.2",
        ),
        ((128, 128), 12, None),
        ((120, 120), 12, None),
        ((512, 512), 12, None),
    ],
)
def test_growth_is_counted_from_the_picture_as_it_came(
    came: tuple[int, int], bar_px: int, told: str | None
) -> None:
    data = encoded(framed((0, 0, 0), bar_px + 4), "png")
    made = mend(
        data,
        width=128,
        height=128,
        encoding=Encoding("png"),
        upscale_max=2,
        came=came,
        trim=Trim(bar_px, bar_px),
    )
    if told is None:
        assert isinstance(made, Finished)
    else:
        assert isinstance(made, Unfinishable)
        assert told in made.reason


@pytest.mark.parametrize(
    ("had", "asked", "no_finer", "written"),
    [
        (30, 88, True, 30),
        (30, 88, False, 88),
        (95, 88, True, 88),
        (97, 92, True, 92),
        (75, 75, True, 75),
    ],
)
def test_a_jpeg_is_written_no_finer_than_it_was_where_that_is_asked_for(
    had: int, asked: int, no_finer: bool, written: int
) -> None:
    data = encoded(framed((0, 0, 0)), "jpeg", quality=had)
    image = mended(data, Encoding("jpeg", asked, no_finer=no_finer), trim=Trim(12, 12))
    like = Image.open(BytesIO(encoded(PHOTO, "jpeg", quality=written)))
    assert image.quantization == like.quantization  # type: ignore[attr-defined]


def test_what_cannot_be_decoded_is_not_mended() -> None:
    data = encoded(PHOTO, "png")[:-200]
    made = mend(data, width=128, height=96, encoding=Encoding("png"))
    assert made == Unfinishable("the file cannot be decoded")


def test_metadata_and_old_orientations_are_gone_and_colours_are_srgb() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "made by somebody"
    data = encoded(framed((9, 9, 9)), "jpeg", exif=exif, comment=b"hello", quality=95)
    image = mended(data, Encoding("jpeg"))
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_file_builds_up_and_states_a_resolution_only_where_it_is_asked_for() -> None:
    data = encoded(framed((0, 0, 0)), "jpeg")
    assert "progressive" not in mended(data, Encoding("jpeg")).info
    assert mended(data, Encoding("jpeg", progressive=True)).info["progressive"]
    assert mended(data, Encoding("jpeg", dpi=300)).info["dpi"] == (300, 300)
    assert mended(data, Encoding("png", dpi=300)).info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert "dpi" not in mended(data, Encoding("png")).info


def test_what_is_transparent_is_put_on_white() -> None:
    picture = framed((0, 0, 0)).convert("RGBA")
    picture.putalpha(Image.new("L", (128, 128), 0))
    flat = mended(encoded(picture, "png"), Encoding("png"), flatten=True)
    assert (flat.mode, flat.getpixel((5, 5))) == ("RGB", (255, 255, 255))


@pytest.mark.parametrize(
    ("mode", "layouts", "stored"),
    [
        ("RGBA", (), "RGBA"),
        ("RGBA", ("rgba", "rgb"), "RGBA"),
        ("RGBA", ("rgb",), "RGB"),
        ("RGB", ("rgba",), "RGBA"),
        ("RGB", ("grey",), "L"),
        ("RGBA", ("grey",), "L"),
        ("RGB", ("palette",), "RGB"),
        ("I;16", (), "RGB"),
    ],
)
def test_pixels_are_stored_as_they_are_wanted(
    mode: str, layouts: tuple[str, ...], stored: str
) -> None:
    picture = framed((0, 0, 0)).convert("RGBA")
    picture.putalpha(clouds(128, 128, 1))
    source = picture.convert("L").convert("I;16") if mode == "I;16" else picture.convert(mode)
    assert mended(encoded(source, "png"), Encoding("png", layouts=layouts)).mode == stored
