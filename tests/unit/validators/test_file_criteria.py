"""What the criteria about the file judge: each word, each bound, each place where a fact may hide."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin
from unit.validators import colour_profile_files as profiles
from unit.validators import metadata_files as marked
from unit.validators import sample_pictures as samples

from validators import Remedy, Verdict, inspect, parse_done, registered

PHOTO = samples.photograph()


def verdict(data: bytes, item: object) -> Verdict:
    criteria = parse_done([item])
    assert isinstance(criteria, tuple), criteria
    intact, found = inspect(data, criteria)
    assert intact.passed
    return found


def problem(item: object) -> str:
    problems = parse_done([item])
    assert isinstance(problems, list), problems
    return problems[0].wanted


def jpeg_with(marker: int, payload: bytes, *, behind_scan: bool = False) -> bytes:
    """Return a good JPEG with one more segment: at its beginning, or behind its pixels."""
    data = samples.photo_file("jpeg")
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload
    return data[:-2] + segment + data[-2:] if behind_scan else data[:2] + segment + data[2:]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"multiple_of": 32}, None),
        ({"multiple_of": 1}, None),
        ({"width": 96, "multiple_of": 16}, None),
        (
            {"multiple_of": 64},
            "The picture is 96 pixels wide instead of a multiple of 64.",
        ),
        (
            {"multiple_of": 36, "min_height": 100},
            (
                "The picture is 96 pixels wide instead of a multiple of 36 and 64 pixels high "
                "instead of at least 100."
            ),
        ),
    ],
)
def test_sides_can_be_wanted_in_multiples(parameters: dict[str, int], reason: str | None) -> None:
    assert verdict(samples.photo_file("png"), {"dimensions": parameters}).reason == reason


def test_an_exact_side_that_is_no_multiple_is_refused_before_anything_is_paid() -> None:
    assert problem({"dimensions": {"width": 100, "multiple_of": 64}}).startswith("a width that is")


@pytest.mark.parametrize(
    ("parameters", "remedy"),
    [
        ({"width": 64, "height": 64}, Remedy("recrop")),
        ({"max_height": 63}, Remedy("recrop")),
        ({"multiple_of": 64}, Remedy("recrop")),
        ({"width": 97}, None),
        ({"width": 64, "min_height": 65}, None),
        ({"multiple_of": 65}, None),
    ],
)
def test_a_crop_is_a_remedy_only_where_nothing_is_missing(
    parameters: dict[str, int], remedy: Remedy | None
) -> None:
    assert verdict(samples.photo_file("png"), {"dimensions": parameters}).remedy == remedy


@pytest.mark.parametrize(
    ("size", "ratio", "passed"),
    [
        ((1600, 900), "16:9", True),
        ((256, 144), "16:9", True),
        ((257, 144), "16:9", True),
        ((1344, 768), "16:9", False),
        ((900, 1600), "16:9", False),
        ((900, 1600), "9:16", True),
        ((1910, 1000), "1.91:1", True),
    ],
)
def test_shapes_are_judged_within_rounding(size: tuple[int, int], ratio: str, passed: bool) -> None:
    data = samples.encoded(samples.flat(size=size), "png")
    assert verdict(data, {"aspect_ratio": {"ratio": ratio}}).passed is passed


def test_a_wrong_shape_says_by_how_much_and_can_be_cropped() -> None:
    found = verdict(samples.photo_file("png"), {"aspect_ratio": {"ratio": "1:1"}})
    assert found.reason == (
        "The picture is 96 by 64 pixels, which is 1.5:1 instead of 1:1: 50.0 % too wide."
    )
    assert found.remedy == Remedy("recrop")


@pytest.mark.parametrize("ratio", [969, "16/9", "16:0", "0:9", "", "16:9:1", "-1:1", None])
def test_a_ratio_that_yaml_or_a_person_got_wrong_is_explained(ratio: object) -> None:
    assert problem({"aspect_ratio": {"ratio": ratio}}) == (
        'width to height in quotes, such as "16:9"'
    )


def test_a_rotated_picture_has_the_shape_that_people_see() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = samples.encoded(PHOTO, "jpeg", exif=exif)
    assert verdict(data, {"aspect_ratio": {"ratio": "2:3"}}).passed


@pytest.mark.parametrize(
    ("mode", "image_format", "layout", "bits"),
    [
        ("RGB", "png", "rgb", 8),
        ("RGBA", "png", "rgba", 8),
        ("L", "png", "grey", 8),
        ("LA", "png", "grey_alpha", 8),
        ("P", "png", "palette", 8),
        ("1", "png", "grey", 1),
        ("I;16", "png", "grey", 16),
        ("RGB", "jpeg", "rgb", 8),
        ("L", "jpeg", "grey", 8),
        ("CMYK", "jpeg", "cmyk", 8),
        ("RGB", "webp", "rgb", 8),
        ("RGBA", "webp", "rgba", 8),
        ("RGB", "avif", "rgb", 8),
        ("RGBA", "avif", "rgba", 8),
    ],
)
def test_every_layout_is_told_in_words(
    mode: str, image_format: str, layout: str, bits: int
) -> None:
    image = PHOTO.convert(mode)
    if image.mode in {"RGBA", "LA"}:
        image.putalpha(samples.clouds(96, 64, 5))  # encoders leave out an alpha that hides nothing
    data = samples.encoded(image, image_format)
    found = verdict(data, {"colour_mode": {"is": layout, "bits": bits}})
    assert found.measured == {"layout": layout, "bits_per_channel": bits}
    assert found.passed
    others = [one for one in ("rgb", "rgba", "grey", "palette", "cmyk") if one != layout]
    refused = verdict(data, {"colour_mode": {"is": others}})
    assert not refused.passed
    assert refused.remedy == Remedy("reencode")


def png_of(colour_type: int, bits: int, rows: bytes, *more: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", 2, 1, bits, colour_type, 0, 0, 0)
    body = samples.png_chunk(b"IHDR", header) + b"".join(more)
    body += samples.png_chunk(b"IDAT", zlib.compress(b"\x00" + rows))
    return samples.PNG_SIGNATURE + body + samples.png_chunk(b"IEND", b"")


def test_sixteen_bit_colour_is_told_although_it_is_unpacked_to_eight() -> None:
    found = verdict(png_of(2, 16, bytes(12)), {"colour_mode": {"is": "rgb", "bits": 8}})
    assert found.reason == "Each channel has 16 bits, not 8."
    assert verdict(png_of(2, 16, bytes(12)), {"colour_mode": {"is": "rgb", "bits": 16}}).passed


def test_one_transparent_colour_is_transparency() -> None:
    data = png_of(2, 8, bytes(6), samples.png_chunk(b"tRNS", bytes(6)))
    assert verdict(data, {"colour_mode": {"is": "rgb"}}).measured["layout"] == "rgba"


def test_a_palette_of_four_bits_counts_four_bits() -> None:
    data = png_of(3, 4, b"\x01", samples.png_chunk(b"PLTE", bytes(range(6))))
    assert verdict(data, {"colour_mode": {"is": "palette", "bits": [4]}}).passed


@pytest.mark.parametrize(("flags", "bits"), [(0x40, 10), (0x60, 12), (0x00, 8)])
def test_the_depth_of_an_avif_is_read_from_its_configuration(flags: int, bits: int) -> None:
    from validators.containers.avif_boxes import avif_bit_depth

    data = bytearray(samples.photo_file("avif"))
    at = data.index(b"av1C") + 6
    data[at] = data[at] & ~0x60 | flags
    assert avif_bit_depth(bytes(data)) == bits


@pytest.mark.parametrize(
    ("output", "item", "found"),
    [
        ("webp", {"is": "cmyk"}, "an output in webp, which cannot hold cmyk"),
        (
            "jpeg",
            {"is": ["rgba", "palette"]},
            "an output in jpeg, which cannot hold rgba or palette",
        ),
        ("jpeg", {"is": ["rgba", "rgb"]}, None),
    ],
)
def test_a_layout_that_the_output_cannot_hold_is_a_contradiction(
    output: str, item: dict[str, object], found: str | None
) -> None:
    criterion = registered()["colour_mode"].model_validate(item)
    assert criterion.contradicts(width=9, height=9, format_=output) == found


def tagged(icc: bytes, image_format: str = "png") -> Verdict:
    return verdict(samples.encoded(PHOTO, image_format, icc_profile=icc), "colour_profile")


@pytest.mark.parametrize(
    "curve",
    [
        profiles.SRGB_PARAMETRIC,
        profiles.SRGB_FIVE,
        profiles.table_curve(1024),
        profiles.table_curve(4096),
        profiles.table_curve(17),
        profiles.gamma_curve(2.2),
    ],
    ids=["parametric", "parametric-5", "1024", "4096", "17", "gamma-2.2"],
)
def test_srgb_is_known_by_its_numbers_whatever_it_is_called(curve: bytes) -> None:
    icc = profiles.rgb_profile("Any name", profiles.SRGB_XYZ, curve)
    found = tagged(icc)
    assert found.passed
    assert found.measured == {"space": "srgb", "name": "Any name", "source": "icc"}


def test_the_profile_of_a_colour_library_is_srgb_in_every_format() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for image_format in samples.FORMATS:
        assert tagged(icc, image_format).passed


@pytest.mark.parametrize(
    ("icc", "space"),
    [
        (profiles.DISPLAY_P3, "display_p3"),
        (profiles.ADOBE_RGB, "adobe_rgb"),
        (profiles.rgb_profile("sRGB", profiles.SRGB_XYZ, profiles.gamma_curve(1.0)), "other"),
        (profiles.rgb_profile("sRGB", profiles.SRGB_XYZ, profiles.gamma_curve(1.8)), "other"),
        (profiles.rgb_profile("sRGB", profiles.SRGB_XYZ, b"curv" + bytes(8)), "other"),
        (profiles.rgb_profile("sRGB", profiles.SRGB_XYZ, b"curv\0\0\0\0\xff\xff\xff\xff"), "other"),
        (profiles.rgb_profile("sRGB", profiles.SRGB_XYZ, b"none"), "other"),
        (profiles.rgb_profile("sRGB", profiles.SRGB_XYZ, b"para" + bytes(8)), "other"),
        (profiles.profile({b"desc": profiles.described("sRGB")}), "other"),
        (profiles.profile({b"desc": profiles.described("Coated")}, b"CMYK"), "cmyk"),
        (profiles.profile({b"desc": profiles.described("Dot gain")}, b"GRAY"), "grey"),
        (b"sRGB", "other"),
        (profiles.SRGB[:200], "other"),
    ],
)
def test_other_colours_are_named_and_a_name_alone_deceives_nobody(icc: bytes, space: str) -> None:
    found = tagged(icc)
    assert found.measured["space"] == space
    assert not found.passed
    assert found.remedy == Remedy("reencode")


def test_the_profile_names_itself_in_the_reason_on_one_line() -> None:
    tags = {b"desc": profiles.described_in_languages("Wide\r\nGamut")}
    assert tagged(profiles.profile(tags)).reason == (
        "The file's colours are another colour profile (WideGamut), not sRGB."
    )


@pytest.mark.parametrize(
    ("chunk", "space"),
    [
        (samples.png_chunk(b"sRGB", b"\0"), "srgb"),
        (samples.png_chunk(b"cICP", bytes([1, 13, 0, 1])), "srgb"),
        (samples.png_chunk(b"cICP", bytes([12, 13, 0, 1])), "display_p3"),
        (samples.png_chunk(b"cICP", bytes([9, 16, 0, 1])), "other"),
        (samples.png_chunk(b"gAMA", struct.pack(">I", 45455)), None),
    ],
)
def test_a_png_can_state_its_colours_in_codes(chunk: bytes, space: str | None) -> None:
    good = samples.photo_file("png")
    found = verdict(good[:33] + chunk + good[33:], {"colour_profile": {"untagged": False}})
    assert found.measured["space"] == space
    assert found.passed is (space == "srgb")


def test_an_avif_states_its_colours_in_codes() -> None:
    found = verdict(samples.photo_file("avif"), {"colour_profile": {"untagged": False}})
    assert found.measured == {"space": "srgb", "name": "codes 1 and 13", "source": "code"}


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_the_place_is_named_first_and_needs_its_own_word(image_format: str) -> None:
    data = marked.with_exif(image_format, marked.CAMERA_WITH_PLACE)
    found = verdict(data, "no_metadata")
    assert found.reason == (
        "The file carries the place where it was taken (GPS) and EXIF (Make, Model); it must not."
    )
    assert found.measured["gps"] is True
    assert found.remedy == Remedy("reencode")
    exif_only = verdict(data, {"no_metadata": {"allow": ["exif", "xmp"]}})
    assert exif_only.reason == ("The file carries the place where it was taken (GPS); it must not.")
    assert verdict(data, {"no_metadata": {"allow": ["exif", "gps"]}}).passed


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_the_place_is_found_in_xmp_too(image_format: str) -> None:
    data = marked.with_xmp(image_format, marked.PLACE_IN_XMP)
    found = verdict(data, {"no_metadata": {"allow": "xmp"}})
    assert found.measured["found"] == ["gps:GPSLatitude", "xmp:FNumber", "xmp:DigitalSourceType"]
    assert str(found.reason).startswith("The file carries the place")


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_a_file_that_pillow_wrote_carries_nothing(image_format: str) -> None:
    assert verdict(samples.photo_file(image_format), {"no_metadata": {"allow": []}}).passed


IPTC = b"\x1c\x02\x5a\x00\x06Berlin\x1c\x02\x50\x00\x02Me"
RESOURCE = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(IPTC)) + IPTC + bytes(len(IPTC) % 2)


@pytest.mark.parametrize("behind_scan", [False, True])
@pytest.mark.parametrize(
    ("marker", "payload", "found"),
    [
        (0xFE, b"a comment", ["text:Comment"]),
        (0xED, b"Photoshop 3.0\0" + RESOURCE, ["iptc:City", "iptc:Byline"]),
        (0xED, b"Photoshop 3.0\x008BIM\x04\x0c\0\0\0\0\0\x02ab", ["other:Photoshop 1036"]),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0abc", ["xmp:extension"]),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<odd", ["xmp:unreadable"]),
        (0xE1, b"Exif\0\0junk", ["exif:unreadable"]),
        (0xE1, b"anything", ["other:APP1"]),
        (0xE2, b"FPXR\0abcd", ["other:APP2 FPXR"]),
        (0xEC, b"Ducky\0\1", ["other:APP12 Ducky"]),
        (0xEB, b"JP\0\1\0\0\0\1", ["other:APP11 JP"]),
        (0xEE, b"Adobe\0d\0\0\0\0\0", []),
    ],
)
def test_every_segment_of_a_jpeg_is_seen(
    marker: int, payload: bytes, found: list[str], behind_scan: bool
) -> None:
    if marker == 0xEE and behind_scan:
        pytest.skip("a colour transform behind the pixels changes how they are read")
    data = jpeg_with(marker, payload, behind_scan=behind_scan)
    assert verdict(data, "no_metadata").measured["found"] == found


def raw_profile(kind: str, value: bytes) -> bytes:
    return f"\n{kind}\n{len(value):8}\n{value.hex()}\n".encode()


@pytest.mark.parametrize(
    ("kind", "payload", "found"),
    [
        (b"tEXt", b"Software\0a program", ["text:Software"]),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"x"), ["text:Comment"]),
        (b"iTXt", "Título\0\0\0\0\0x".encode(), ["text:TÃ\xadtulo"]),
        (b"tIME", bytes(7), ["text:time of the last change"]),
        (b"teSt", b"hidden", ["other:teSt"]),
        (b"caBX", b"content credentials", ["other:caBX"]),
        (b"pHYs", struct.pack(">IIB", 2835, 2835, 1), []),
        (
            b"zTXt",
            b"Raw profile type exif\0\0"
            + zlib.compress(raw_profile("exif", marked.CAMERA_WITH_PLACE.tobytes())),
            ["gps:GPSLatitudeRef", "gps:GPSLatitude", "exif:Make", "exif:Model"],
        ),
        (
            b"tEXt",
            b"Raw profile type iptc\0" + raw_profile("iptc", RESOURCE),
            ["iptc:City", "iptc:Byline"],
        ),
        (
            b"tEXt",
            b"Raw profile type xmp\0" + raw_profile("xmp", marked.MACHINE_MADE),
            ["xmp:DigitalSourceType"],
        ),
        (
            b"tEXt",
            b"Raw profile type APP1\0" + raw_profile("APP1", b"Exif\0\0junk"),
            ["exif:unreadable"],
        ),
        (b"tEXt", b"Raw profile type odd\0" + b"zz", ["other:odd"]),
    ],
)
def test_every_chunk_of_a_png_is_seen(kind: bytes, payload: bytes, found: list[str]) -> None:
    data = samples.png_with(kind, payload)
    assert verdict(data, "no_metadata").measured["found"] == found


def test_an_unknown_chunk_of_a_webp_is_seen() -> None:
    data = bytearray(samples.webp_with_canvas(96, 64))
    data += b"HIDE" + struct.pack("<I", 3) + b"abc\0"
    data[4:8] = struct.pack("<I", len(data) - 8)
    assert verdict(bytes(data), "no_metadata").measured["found"] == ["other:HIDE"]


def test_entities_in_xmp_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'"><!ENTITY b "' + b"&a;" * 1000 + b'">]>'
    data = marked.with_xmp("webp", bomb + b"<x>" + b"&b;" * 1000 + b"</x>")
    assert verdict(data, "no_metadata").measured["found"] == ["xmp:unreadable"]


def test_thousands_of_texts_are_cut_short_in_the_verdict() -> None:
    info = PngImagePlugin.PngInfo()
    for number in range(1000):
        info.add_text(f"Key {number}", "x")
    found = verdict(samples.encoded(PHOTO, "png", pnginfo=info), "no_metadata")
    assert isinstance(found.measured["found"], list)
    assert len(found.measured["found"]) == 200
    assert found.reason == (
        "The file carries texts (Key 0, Key 1, Key 2 and 197 more); it must not."
    )


def test_a_name_from_the_file_cannot_break_the_sentence() -> None:
    data = samples.png_with(b"tEXt", b"a\nb\x1b[31m\0x")
    assert verdict(data, "no_metadata").reason == (
        "The file carries texts (a?b?[31m); it must not."
    )


def test_an_unknown_kind_to_allow_is_explained() -> None:
    assert problem({"no_metadata": {"allow": ["place"]}}).startswith("exif, gps, xmp")


@pytest.mark.parametrize("dpi", [72, 96, 150, 240, 299, 300, 600])
@pytest.mark.parametrize("image_format", ["png", "jpeg"])
def test_a_resolution_is_read_back_as_it_was_written(image_format: str, dpi: int) -> None:
    data = samples.encoded(PHOTO, image_format, dpi=(dpi, dpi))
    assert verdict(data, {"resolution": {"min_dpi": dpi, "max_dpi": dpi}}).passed
    assert not verdict(data, {"resolution": {"min_dpi": dpi + 1}}).passed
    assert not verdict(data, {"resolution": {"max_dpi": dpi - 1}}).passed


def exif_resolution(value: object, unit: int | None) -> Image.Exif:
    exif = Image.Exif()
    exif[0x011A] = exif[0x011B] = value
    if unit is not None:
        exif[0x0128] = unit
    return exif


@pytest.mark.parametrize("image_format", ["webp", "avif"])
@pytest.mark.parametrize(("unit", "dpi"), [(2, 300.0), (None, 300.0), (3, 762.0), (1, None)])
def test_a_resolution_in_exif_is_read_with_its_unit(
    image_format: str, unit: int | None, dpi: float | None
) -> None:
    data = samples.encoded(PHOTO, image_format, exif=exif_resolution(300.0, unit))
    assert verdict(data, {"resolution": {"min_dpi": 1}}).measured["x_dpi"] == dpi


def test_a_file_that_states_none_is_told_apart_from_one_with_72() -> None:
    plain = verdict(samples.photo_file("jpeg"), {"resolution": {"min_dpi": 300}})
    assert (plain.passed, plain.measured) == (True, {"x_dpi": None, "y_dpi": None})
    # Pillow's reader makes 72 of EXIF that states none.
    with_camera = verdict(
        marked.with_exif("jpeg", marked.CAMERA), {"resolution": {"min_dpi": 300, "unstated": False}}
    )
    assert with_camera.reason == "The file states no resolution; at least 300 are wanted."


def test_a_resolution_of_nothing_is_none() -> None:
    data = samples.encoded(PHOTO, "webp", exif=exif_resolution(0.0, 2))
    assert verdict(data, {"resolution": {"min_dpi": 9}}).measured["x_dpi"] is None


def test_both_directions_have_to_fit() -> None:
    data = samples.encoded(PHOTO, "jpeg", dpi=(300, 72))
    assert verdict(data, {"resolution": {"min_dpi": 150}}).reason == (
        "The file states 300 by 72 dots per inch; at least 150 are wanted."
    )


@pytest.mark.parametrize("image_format", ["webp", "avif"])
def test_formats_that_cannot_build_up_say_so_before_anything_is_paid(image_format: str) -> None:
    criterion = registered()["progressive"].model_validate({"is": True})
    assert criterion.contradicts(width=9, height=9, format_=image_format) == (
        f"an output in {image_format}, which cannot be progressive"
    )
    found = verdict(samples.photo_file(image_format), {"progressive": {"is": True}})
    assert found.remedy is None


def test_the_word_fits_the_format() -> None:
    item = {"progressive": {"is": False}}
    assert verdict(samples.interlaced_png(), item).reason == (
        "The PNG file is interlaced; that is not allowed."
    )
    found = verdict(samples.encoded(PHOTO, "jpeg", progressive=True), item)
    assert found.reason == "The JPEG file is progressive; that is not allowed."
    assert found.remedy == Remedy("reencode")


def test_the_quality_of_the_usual_encoder_is_told_exactly() -> None:
    small = samples.photograph(16, 16)
    for quality in range(1, 101):
        data = samples.encoded(small, "jpeg", quality=quality)
        found = verdict(data, {"jpeg_quality": {"min": 1}}).measured
        assert found == {"quality": quality, "fit_percent": 0.0}


def test_grey_and_progressive_files_have_a_quality_too() -> None:
    grey = samples.encoded(PHOTO.convert("L"), "jpeg", quality=60)
    quick = samples.encoded(PHOTO, "jpeg", quality=60, progressive=True, subsampling=0)
    for data in (grey, quick):
        assert verdict(data, {"jpeg_quality": {"min": 60, "max": 60}}).passed


def test_tables_of_another_encoder_get_the_quality_that_is_as_strong() -> None:
    flat_table = [16] * 64
    data = samples.encoded(PHOTO, "jpeg", qtables=[flat_table, flat_table])
    found = verdict(data, {"jpeg_quality": {"min": 95}})
    assert not found.passed
    assert isinstance(found.measured["quality"], int)
    assert 70 <= found.measured["quality"] <= 90
    assert found.measured["fit_percent"] != 0.0


def test_the_bounds_of_quality_are_part_of_what_is_wanted() -> None:
    data = samples.encoded(PHOTO, "jpeg", quality=80)
    low = verdict(data, {"jpeg_quality": {"min": 81}})
    assert low.reason == "The JPEG was saved with a quality of about 80; at least 81 is wanted."
    assert low.remedy is None
    assert verdict(data, {"jpeg_quality": {"max": 79}}).remedy == Remedy("reencode")
    assert problem({"jpeg_quality": {"min": 5, "max": 4}}).startswith("a min that")
    assert problem({"jpeg_quality": {}}) == "at least one of min, max"


@pytest.mark.parametrize(
    ("path", "criterion", "measured"),
    [
        ("skimage/data/rocket.jpg", "colour_profile", {"space": "adobe_rgb"}),
        ("skimage/data/astronaut.png", "colour_profile", {"space": "srgb"}),
        ("skimage/data/page.png", "colour_profile", {"space": "grey"}),
        ("skimage/data/color.png", "colour_profile", {"space": "other", "name": "Color LCD"}),
        ("skimage/data/retina.jpg", "jpeg_quality", {"quality": 94, "fit_percent": 0.0}),
        ("skimage/data/rocket.jpg", "jpeg_quality", {"quality": 96, "fit_percent": 25.7}),
        ("skimage/data/chessboard_RGB.png", "colour_mode", {"bits_per_channel": 16}),
        ("skimage/data/hubble_deep_field.jpg", "resolution", {"x_dpi": 300.0}),
        ("skimage/data/coffee.png", "no_metadata", {"found": ["text:time of the last change"]}),
        ("skimage/data/coins.png", "no_metadata", {"found": []}),
    ],
)
def test_photographs_of_others_are_read_as_they_are(
    path: str, criterion: str, measured: dict[str, object]
) -> None:
    package, _, rest = path.partition("/")
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    parameters = dict(registered()[criterion].example)
    data = (Path(found.origin).parent / rest).read_bytes()
    seen = verdict(data, {criterion: parameters}).measured
    assert {name: seen[name] for name in measured} == measured
