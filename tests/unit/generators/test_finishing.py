"""Finishing makes the ordered file, keeps what is right already, and judges nothing."""

from __future__ import annotations

import warnings
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image, ImageCms, ImageDraw
from pydantic import ValidationError

from generators.finishing import Finished, Unfinishable, decoded, finish
from generators.output_form import Output

FORMATS = ("png", "jpeg", "webp", "avif")


def _picture(mode: str = "RGB", size: tuple[int, int] = (300, 200)) -> Image.Image:
    """A left half of mid grey and a right half of light grey, in any mode."""
    if mode.startswith("I;16"):
        picture = Image.new(mode, size, 128 * 257)
        picture.paste(220 * 257, (size[0] // 2, 0, *size))
        return picture
    grey = Image.new("L", size, 128)
    grey.paste(220, (size[0] // 2, 0, *size))
    if mode == "1":
        return grey.point([0] * 200 + [255] * 56).convert("1")
    return grey.quantize(4) if mode == "P" else grey.convert("RGB").convert(mode)


def _encoded(picture: Image.Image, format_: str, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, format_.upper(), **options)
    return out.getvalue()


def _finished(data: bytes, **wanted: object) -> tuple[Finished, Image.Image]:
    asked = {"width": 128, "height": 128, "format": "png", **wanted}
    finished = finish(data, **asked)  # type: ignore[arg-type]
    assert isinstance(finished, Finished), finished
    image = Image.open(BytesIO(finished.data))
    image.load()
    return finished, image


CAME_AS = [
    *[(mode, "png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    *[(mode, "jpeg") for mode in ("L", "RGB", "CMYK")],
    *[(mode, "webp") for mode in ("RGB", "RGBA")],
    *[(mode, "avif") for mode in ("RGB", "RGBA")],
]


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize(("mode", "came_as"), CAME_AS)
def test_every_mode_and_format_becomes_every_format(mode: str, came_as: str, wanted: str) -> None:
    data = _encoded(_picture(mode), came_as)
    finished, image = _finished(data, format=wanted)
    assert image.size == (128, 128)
    assert image.format == wanted.upper()
    assert finished.media_type == f"image/{wanted}"
    assert finished.changed[0] == "cropped 300x200 to 200x200"
    assert finished.changed[1] == "resized to 128x128"
    colours = image.convert("RGB")
    left, right = colours.getpixel((20, 64)), colours.getpixel((108, 64))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    if mode == "1":
        assert left[0] < 10
        assert right[0] > 245
    else:
        assert abs(left[0] - 128) <= 6
        assert abs(right[0] - 220) <= 6


@pytest.mark.parametrize("format_", FORMATS)
def test_bytes_that_are_right_already_are_not_touched(format_: str) -> None:
    data = _encoded(_picture(size=(64, 48)), format_)
    assert finish(data, width=64, height=48, format=format_) == Finished(
        data, f"image/{format_}", (), (64, 48)
    )


def test_the_middle_is_kept_and_exact_crops_are_not_resampled() -> None:
    picture = Image.new("RGB", (300, 100), "red")
    picture.paste("blue", (100, 0, 200, 100))
    finished, image = _finished(_encoded(picture, "png"), width=100, height=100)
    assert finished.changed == ("cropped 300x100 to 100x100",)
    assert image.getcolors() == [(10_000, (0, 0, 255))]


def test_what_was_done_is_said_in_order() -> None:
    finished, _ = _finished(_encoded(_picture(size=(400, 200)), "png"), format="webp")
    assert finished.changed == (
        "cropped 400x200 to 200x200",
        "resized to 128x128",
        "encoded png as webp",
    )


def test_an_image_is_enlarged_up_to_the_limit_and_not_beyond() -> None:
    data = _encoded(_picture(size=(100, 100)), "png")
    assert isinstance(finish(data, width=200, height=200, format="png"), Finished)
    refused = finish(data, width=201, height=200, format="png")
    assert refused == Unfinishable(
        "the image is 100x100 and would have to grow 2.01 times to fill 201x200; "
        "the order allows 2 (output.upscale_max)"
    )
    more = finish(data, width=300, height=300, format="png", upscale_max=Decimal(3))
    assert isinstance(more, Finished)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_and_exif_goes(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "taken at home"
    picture = Image.new("RGB", (120, 80), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, 39, 39), fill="red")
    data = _encoded(picture, "jpeg", exif=exif, quality=95)
    size = (80, 120) if orientation >= 5 else (120, 80)
    finished, image = _finished(data, width=size[0], height=size[1], format="png")
    assert ("turned upright" in finished.changed) == (orientation != 1)
    assert dict(image.getexif()) == {}
    corner = {
        1: (0, 0),
        2: (1, 0),
        3: (1, 1),
        4: (0, 1),
        5: (0, 0),
        6: (1, 0),
        7: (1, 1),
        8: (0, 1),
    }
    right, low = corner[orientation]
    pixel = image.getpixel((size[0] - 8 if right else 8, size[1] - 8 if low else 8))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 200
    assert pixel[1] < 80


def test_a_turned_image_of_the_right_format_is_written_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _encoded(Image.new("RGB", (120, 80), "red"), "jpeg", exif=exif)
    finished, image = _finished(data, width=80, height=120, format="jpeg")
    assert finished.changed == ("turned upright",)
    assert image.size == (80, 120)


def test_metadata_does_not_survive_a_new_encoding() -> None:
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("prompt", "a secret prompt")
    data = _encoded(_picture(), "png", pnginfo=notes)
    for format_ in FORMATS:
        finished, image = _finished(data, format=format_)
        assert b"secret" not in finished.data
        assert "prompt" not in image.info


def test_colours_with_a_profile_come_out_in_srgb_without_it() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for mode in ("RGB", "RGBA"):
        data = _encoded(_picture(mode), "png", icc_profile=profile)
        finished, image = _finished(data)
        assert "colours to sRGB" in finished.changed
        assert "icc_profile" not in image.info
        pixel = image.convert("RGB").getpixel((20, 64))
        assert isinstance(pixel, tuple)
        assert abs(pixel[0] - 128) <= 2


def test_a_profile_that_cannot_be_read_stays_attached() -> None:
    data = _encoded(_picture(), "jpeg", icc_profile=b"not a profile")
    finished, image = _finished(data, format="jpeg")
    assert "colours to sRGB" not in finished.changed
    assert image.info["icc_profile"] == b"not a profile"


def test_transparency_is_kept_where_the_format_can_and_laid_on_white_where_not() -> None:
    picture = Image.new("RGBA", (200, 200), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (100, 0, 200, 200))
    data = _encoded(picture, "png")
    for format_ in ("png", "webp", "avif"):
        _, image = _finished(data, format=format_)
        assert image.mode == "RGBA"
        assert image.getchannel("A").getextrema() == (0, 255)
    _, flat = _finished(data, format="jpeg")
    assert flat.mode == "RGB"
    pixel = flat.getpixel((10, 64))
    assert isinstance(pixel, tuple)
    assert min(pixel) > 250


def test_a_palette_with_a_transparent_entry_keeps_its_transparency() -> None:
    picture = _picture("P")
    data = _encoded(picture, "png", transparency=picture.getpixel((10, 10)))
    _, image = _finished(data)
    assert image.mode == "RGBA"
    assert image.getchannel("A").getextrema() == (0, 255)


def _animated(format_: str) -> bytes:
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("red", "blue", "green")]
    return _encoded(frames[0], format_, save_all=True, append_images=frames[1:])


def _hostile() -> dict[str, bytes]:
    png, jpeg = _encoded(_picture(), "png"), _encoded(_picture(), "jpeg")
    webp, avif = _encoded(_picture(), "webp"), _encoded(_picture(), "avif")
    middle = png.index(b"IDAT") + 20
    huge = bytearray(png)
    huge[16:24] = (20_000).to_bytes(4, "big") * 2
    return {
        "nothing": b"",
        "words": b"out of credit",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "gif": _encoded(_picture("P"), "gif"),
        "tiff": _encoded(_picture(), "tiff"),
        "bmp": _encoded(_picture(), "bmp"),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "png cut": png[: len(png) // 2],
        "jpeg cut": jpeg[: len(jpeg) // 2],
        "webp cut": webp[: len(webp) // 2],
        "avif cut": avif[: len(avif) // 2],
        "png magic only": png[:8],
        "jpeg magic only": jpeg[:3],
        "png with a flipped byte": png[:middle] + bytes([png[middle] ^ 0xFF]) + png[middle + 1 :],
        "png of 400 megapixels": bytes(huge),
        "animated png": _animated("png"),
        "animated webp": _animated("webp"),
        "animated avif": _animated("avif"),
    }


@pytest.mark.parametrize("kind", sorted(_hostile()))
def test_what_cannot_be_opened_safely_is_passed_on_for_the_inspectors(kind: str) -> None:
    data = _hostile()[kind]
    with warnings.catch_warnings():
        # Outside of tests a warning is not an error; the answer has to be the same.
        warnings.simplefilter("ignore")
        loose = finish(data, width=128, height=128, format="png")
    strict = finish(data, width=128, height=128, format="png")
    assert strict == loose
    assert isinstance(strict, Finished)
    assert strict.data == data
    assert strict.changed == ()
    assert decoded(data) is None


def test_a_picture_above_the_pixel_ceiling_is_never_decoded() -> None:
    data = _encoded(Image.new("1", (8001, 8000)), "png")
    assert finish(data, width=100, height=100, format="png") == Finished(
        data, "application/octet-stream", ()
    )


def test_a_large_picture_shrinks_without_moire() -> None:
    picture = Image.new("L", (2000, 2000))
    stripes = ImageDraw.Draw(picture)
    for x in range(0, 2000, 2):
        stripes.line((x, 0, x, 2000), fill=255)
    _, image = _finished(_encoded(picture, "png"))
    low, high = image.convert("L").getextrema()
    assert isinstance(low, int)
    assert isinstance(high, int)
    assert low > 120
    assert high < 135


def test_quality_changes_the_size_of_the_file() -> None:
    noisy = _encoded(Image.effect_noise((300, 300), 60).convert("RGB"), "png")
    for format_ in ("jpeg", "webp", "avif"):
        small, _ = _finished(noisy, format=format_, quality=20)
        large, _ = _finished(noisy, format=format_, quality=95)
        assert len(small.data) < 0.6 * len(large.data)


def test_a_format_that_is_none_of_the_four_is_a_broken_promise() -> None:
    with pytest.raises(KeyError):
        finish(b"", width=1, height=1, format="gif")


def test_a_jpeg_is_stored_to_build_up_or_not_as_the_output_says() -> None:
    for progressive in (True, False):
        _, image = _finished(_encoded(_picture(), "png"), format="jpeg", progressive=progressive)
        assert bool(image.info.get("progressive")) is progressive


def test_the_output_form_has_defaults_and_exact_decimals() -> None:
    output = Output.model_validate(
        {"width": 1200, "height": 628, "format": "webp", "name": "{product}", "upscale_max": 2.5}
    )
    assert output.quality == 88
    assert output.fit == "cover"
    assert output.upscale_max == Decimal("2.5")
    assert Output.model_validate_json(output.model_dump_json()) == output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 0}, "greater than or equal to 1"),
        ({"height": 16_385}, "less than or equal to 16384"),
        ({"width": 16_000, "height": 16_000}, "256,000,000 pixels; at most 64,000,000"),
        ({"width": 16_384}, "a WebP side is at most 16383 px and this one is 16384"),
        ({"format": "gif"}, "'png', 'jpeg', 'webp' or 'avif'"),
        ({"quality": 101}, "less than or equal to 100"),
        ({"upscale_max": "0.5"}, "greater than or equal to 1"),
        ({"fit": "contain"}, "'cover'"),
        ({"name": ""}, "at least 1 character"),
        ({"dpi": 300}, "Extra inputs are not permitted"),
    ],
)
def test_the_output_form_refuses_what_cannot_be_made(change: dict[str, object], said: str) -> None:
    form = {"width": 1024, "height": 1024, "format": "webp", "name": "a", **change}
    with pytest.raises(ValidationError, match=said):
        Output.model_validate(form)
