"""The inspection of whole files: hostile ones, unusual good ones, and any bytes at all."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import ClassVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from unit.validators import sample_pictures as samples

from validators import (
    INTACT,
    INTACT_VERSION,
    BrokenCriterion,
    Criterion,
    Finding,
    InspectionFailed,
    Limits,
    Picture,
    Verdict,
    inspect,
    parse_done,
)


def all_criteria() -> tuple[Criterion, ...]:
    criteria = parse_done(
        [
            {"dimensions": {"width": 96, "height": 64}},
            {"format": {"is": list(samples.FORMATS)}},
            {"file_size": {"max_kb": 600}},
            "not_blank",
        ]
    )
    assert isinstance(criteria, tuple)
    return criteria


CRITERIA = all_criteria()


def refused(data: bytes, claimed: str | None = None) -> Verdict:
    """Return the only verdict on bytes that are not intact, after checking its form."""
    verdicts = inspect(data, CRITERIA, claimed_media_type=claimed)
    assert len(verdicts) == 1
    verdict = verdicts[0]
    assert (verdict.criterion, verdict.version, verdict.passed) == (INTACT, INTACT_VERSION, False)
    assert verdict.reason is not None
    assert verdict.reason.endswith(".")
    assert verdict.measured["byte_count"] == len(data)
    assert verdict.measured["sha256"] == hashlib.sha256(data).hexdigest()
    json.dumps(dict(verdict.measured), allow_nan=False)
    return verdict


def flaw(data: bytes, claimed: str | None = None) -> object:
    return refused(data, claimed).measured["flaw"]


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_a_good_photograph_passes_every_criterion_in_order(image_format: str) -> None:
    data = samples.photo_file(image_format)
    verdicts = inspect(data, CRITERIA, claimed_media_type=f"image/{image_format}")
    names = [verdict.criterion for verdict in verdicts]
    assert names == ["intact", "dimensions", "format", "file_size", "not_blank"]
    assert all(verdict.passed and verdict.reason is None for verdict in verdicts)
    assert verdicts[0].measured == {
        "format": image_format,
        "width": 96,
        "height": 64,
        "byte_count": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def test_a_failed_criterion_does_not_keep_the_others_from_judging() -> None:
    verdicts = inspect(samples.encoded(samples.flat(), "png"), CRITERIA)
    assert [verdict.passed for verdict in verdicts] == [True, False, True, True, False]


@pytest.mark.parametrize("image_format", samples.FORMATS)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_truncated_files_are_refused(image_format: str, share: float) -> None:
    data = samples.photo_file(image_format)
    assert flaw(data[: int(len(data) * share)]) == "truncated"
    assert flaw(data[:-2]) == "truncated"


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_archives_and_scripts_behind_a_picture_are_refused(image_format: str) -> None:
    data = samples.photo_file(image_format)
    assert flaw(data + samples.zip_archive()) == "trailing_data"
    assert flaw(data + b"<script>alert(1)</script>") == "trailing_data"


def test_a_flipped_byte_in_a_png_is_refused() -> None:
    data = bytearray(samples.photo_file("png"))
    data[len(data) // 2] ^= 1
    assert flaw(bytes(data)) == "damaged"


def test_pixels_that_do_not_decode_are_refused_although_the_container_is_whole() -> None:
    good = samples.photo_file("png")
    end = good.rindex(b"IEND") - 4
    pixels = samples.png_chunk(b"IDAT", b"\x78\x9c no zlib stream")
    assert flaw(good[:33] + pixels + good[end:]) == "damaged"
    webp = bytearray(samples.encoded(samples.photograph(), "webp", lossless=True))
    webp[30:60] = bytes(30)
    assert flaw(bytes(webp)) == "damaged"


@pytest.mark.parametrize("side", [20_000, 65_535])
def test_bombs_are_refused_by_their_header(side: int) -> None:
    assert flaw(samples.png_with_header_size(side, side)) == "too_many_pixels"
    assert flaw(samples.jpeg_with_header_size(side, side)) == "too_many_pixels"
    assert flaw(samples.avif_with_header_size(side, side)) == "too_many_pixels"
    assert flaw(samples.webp_with_canvas(min(side, 16_384), 16_384)) == "too_many_pixels"


def test_a_bomb_is_never_unpacked() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = refused(samples.png_with_header_size(12_000, 12_000))
    assert "144 megapixels" in str(verdict.reason)


def test_the_ceiling_of_pixels_can_be_lowered_to_the_pixel() -> None:
    data = samples.photo_file("png")
    assert inspect(data, (), limits=Limits(max_pixels=96 * 64))[0].passed
    below = inspect(data, (), limits=Limits(max_pixels=96 * 64 - 1))[0]
    assert below.measured["flaw"] == "too_many_pixels"


def test_files_over_the_cap_are_refused_unread() -> None:
    data = samples.photo_file("png")
    assert inspect(data, (), limits=Limits(max_bytes=len(data)))[0].passed
    verdict = inspect(data, (), limits=Limits(max_bytes=len(data) - 1))[0]
    assert verdict.measured["flaw"] == "too_many_bytes"


@pytest.mark.parametrize("wrong", [{"max_bytes": 0}, {"max_pixels": 0}, {"max_pixels": 89_478_486}])
def test_limits_that_could_not_protect_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Limits(**wrong)


def test_text_that_unpacks_to_an_absurd_size_is_refused() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "a" * 5_000_000, zip=True)
    data = samples.encoded(samples.photograph(), "png", pnginfo=info)
    assert len(data) < 50_000
    verdict = refused(data)
    assert verdict.measured["flaw"] == "damaged"
    assert "absurd size" in str(verdict.reason)


def test_a_profile_that_unpacks_to_an_absurd_size_is_refused() -> None:
    data = samples.encoded(samples.photograph(), "png", icc_profile=bytes(5_000_000))
    assert "absurd size" in str(refused(data).reason)


@pytest.mark.parametrize("claimed", [None, "image/png"])
def test_other_kinds_of_files_named_png_are_refused(claimed: str | None) -> None:
    eps = samples.encoded(samples.photograph(), "eps")
    tiff = samples.encoded(samples.photograph(), "tiff")
    for data, phrase in [
        (eps, "EPS"),
        (tiff, "TIFF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"<!doctype html><title>Not found</title>", "HTML"),
        (b'{"error": "NSFW content detected"}', "JSON"),
    ]:
        verdict = refused(data, claimed)
        assert verdict.measured["flaw"] == "not_a_picture"
        assert phrase in str(verdict.reason)


def test_an_empty_file_is_refused() -> None:
    assert flaw(b"") == "empty"


@pytest.mark.parametrize("image_format", ["png", "webp", "avif"])
def test_animations_are_refused(image_format: str) -> None:
    assert flaw(samples.animation(image_format)) == "animated"


def test_a_picture_of_another_format_than_claimed_is_refused() -> None:
    verdict = refused(samples.photo_file("png"), "image/webp")
    assert verdict.measured["flaw"] == "other_format"
    assert verdict.reason == "The file was handed over as 'image/webp', but it is a PNG picture."


@pytest.mark.parametrize(
    "claimed", ["image/jpeg", "IMAGE/JPG", "image/jpeg; charset=binary", "", None]
)
def test_usual_ways_to_claim_a_format_are_understood(claimed: str | None) -> None:
    assert inspect(samples.photo_file("jpeg"), (), claimed_media_type=claimed)[0].passed


def test_a_generic_media_type_claims_nothing() -> None:
    data = samples.photo_file("avif")
    assert inspect(data, (), claimed_media_type="application/octet-stream")[0].passed
    assert not inspect(data, (), claimed_media_type="text/html")[0].passed


@pytest.mark.parametrize("image_format", samples.FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_the_one_that_people_see(image_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = samples.encoded(samples.photograph(), image_format, exif=exif)
    intact = inspect(data, CRITERIA)[0]
    assert intact.passed
    wanted = (64, 96) if orientation >= 5 else (96, 64)
    # Saving an AVIF moves the orientation out of EXIF and into the container, where it also holds.
    assert (intact.measured["width"], intact.measured["height"]) == wanted


@pytest.mark.parametrize(
    ("image", "image_format"),
    [
        (samples.photograph().convert("CMYK"), "jpeg"),
        (samples.photograph().convert("L"), "jpeg"),
        (samples.photograph().convert("I").point(lambda value: value * 257).convert("I;16"), "png"),
        (samples.photograph().convert("P"), "png"),
        (samples.photograph().convert("1"), "png"),
        (samples.photograph().convert("LA"), "png"),
        (samples.photograph().convert("RGBA"), "png"),
        (samples.photograph().convert("RGBA"), "webp"),
        (samples.photograph().convert("RGBA"), "avif"),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else value,
)
def test_every_pixel_layout_can_be_judged(image: Image.Image, image_format: str) -> None:
    verdicts = inspect(samples.encoded(image, image_format), CRITERIA)
    assert all(verdict.passed for verdict in verdicts), verdicts


def test_the_same_bytes_always_give_the_same_verdicts() -> None:
    for data in (samples.photo_file("webp"), b"junk", samples.photo_file("png")[:-9]):
        assert inspect(data, CRITERIA) == inspect(data, CRITERIA)


def test_threads_can_inspect_at_once() -> None:
    files = [samples.photo_file(image_format) for image_format in samples.FORMATS]
    files += [data[:-3] for data in files]
    alone = [inspect(data, CRITERIA) for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: inspect(data, CRITERIA), files * 20))
    assert together == alone * 20


def test_threads_can_share_one_picture() -> None:
    seen: list[object] = []

    class Looks(Criterion):
        """Remembers the proxies that it was given."""

        name = "looks"
        version = 1
        example: ClassVar[Mapping[str, object]] = {}

        def inspect(self, picture: Picture) -> Finding:
            with ThreadPoolExecutor(8) as pool:
                seen.extend(pool.map(lambda _: id(picture.proxy()), range(32)))
            return Finding(passed=True)

    inspect(samples.photo_file("png", 640, 480), [Looks()])
    assert len(seen) == 32
    assert len(set(seen)) == 1


class Raising(Criterion):
    """Breaks its promise."""

    name = "raising"
    version = 1
    example: ClassVar[Mapping[str, object]] = {}

    def inspect(self, picture: Picture) -> Finding:
        """Raise."""
        raise ZeroDivisionError(picture.width)


class Unwritable(Criterion):
    """Measures what no JSON can hold."""

    name = "unwritable"
    version = 1
    example: ClassVar[Mapping[str, object]] = {}

    def inspect(self, picture: Picture) -> Finding:
        """Measure a number that is none."""
        return Finding(passed=True, measured={"ratio": float("nan") * picture.width})


def test_a_criterion_that_raises_gives_no_verdict_but_an_error_that_names_it() -> None:
    data = samples.photo_file("png")
    with pytest.raises(InspectionFailed, match="'raising' failed on the picture") as caught:
        inspect(data, [Raising()])
    assert caught.value.sha256 == hashlib.sha256(data).hexdigest()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_measure_that_the_books_cannot_keep_is_an_error() -> None:
    with pytest.raises(BrokenCriterion, match="'unwritable' is broken"):
        inspect(samples.photo_file("png"), [Unwritable()])


def test_a_failed_finding_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        Finding(passed=False)


def judge(data: bytes, claimed: str | None = None) -> None:
    """Inspect any bytes: there must be verdicts, and a refusal must have its whole form."""
    verdicts = inspect(data, CRITERIA, claimed_media_type=claimed)
    if verdicts[0].passed:
        assert len(verdicts) == len(CRITERIA) + 1
    else:
        refused(data, claimed)


STARTS = (
    samples.PNG_SIGNATURE,
    samples.photo_file("png")[:33],
    b"\xff\xd8\xff",
    b"\xff\xd8\xff\xdb\x00\x43",
    b"RIFF\x40\x00\x00\x00WEBPVP8X",
    b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00",
    b"{",
    b"<",
    b"",
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(STARTS), st.binary(max_size=400), st.none() | st.text(max_size=20))
@example(b"RIFF\x0c\x00\x00\x00WEBPVP8X", b"\x00\x00\x00\x00", None)
def test_random_bytes_never_raise(start: bytes, rest: bytes, claimed: str | None) -> None:
    judge(start + rest, claimed)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_mutated_pictures_never_raise(data: st.DataObject) -> None:
    image_format = data.draw(st.sampled_from(samples.FORMATS))
    mutated = bytearray(samples.photo_file(image_format, 24, 16))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(mutated)))
        span = data.draw(st.integers(0, 12))
        match data.draw(st.sampled_from(["replace", "insert", "delete", "repeat"])):
            case "replace":
                new = data.draw(st.binary(min_size=span, max_size=span))
                mutated[at : at + span] = new
            case "insert":
                mutated[at:at] = data.draw(st.binary(max_size=12))
            case "delete":
                del mutated[at : at + span]
            case _:
                mutated[at:at] = mutated[at : at + span]
    judge(bytes(mutated))


def test_a_damaged_file_says_nothing_about_the_memory_of_the_machine() -> None:
    data = samples.png_with_header_size(96, 64).replace(b"IDAT", b"IDAX")
    detail = str(refused(data).measured["detail"])
    assert "0x" not in detail


def test_a_decoded_picture_is_that_of_pillow() -> None:
    data = samples.photo_file("png")
    held: list[Picture] = []

    class Holds(Criterion):
        """Keeps the picture."""

        name = "holds"
        version = 1
        example: ClassVar[Mapping[str, object]] = {}

        def inspect(self, picture: Picture) -> Finding:
            held.append(picture)
            return Finding(passed=True)

    inspect(data, [Holds()])
    with Image.open(BytesIO(data)) as image:
        assert held[0].image.tobytes() == image.tobytes()
        assert held[0].mode == image.mode
