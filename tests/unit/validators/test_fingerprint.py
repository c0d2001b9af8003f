"""Perceptual hashes: what is found again, what is not, and what is told of it."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageOps
from unit.validators.brand_pictures import opened
from unit.validators.sample_pictures import clouds, encoded, photograph

from validators import inspect, parse_done
from validators.criteria.not_seen_before import KnownPicture, NotSeenBefore
from validators.fingerprint import distance, fingerprint, nearest

PHOTO = photograph(320, 240)


def of(image: Image.Image, image_format: str = "png") -> str:
    return fingerprint(opened(image, image_format)).phash


def test_a_mirrored_hash_is_the_hash_of_the_mirror_image() -> None:
    found = fingerprint(opened(PHOTO))
    assert distance(found.mirrored, of(ImageOps.mirror(PHOTO))) <= 2
    assert distance(found.mirrored, found.phash) > 12


@pytest.mark.parametrize(
    "copy",
    [
        PHOTO.resize((160, 120)),
        PHOTO.resize((640, 480)),
        ImageEnhance.Brightness(PHOTO).enhance(1.2),
        ImageEnhance.Brightness(PHOTO).enhance(0.8),
        ImageEnhance.Contrast(PHOTO).enhance(1.2),
        PHOTO.convert("L"),
        PHOTO.crop((4, 3, 316, 237)),
    ],
)
def test_an_altered_copy_is_near(copy: Image.Image) -> None:
    assert distance(of(copy), of(PHOTO)) <= 12


def test_pictures_of_different_things_are_far_apart() -> None:
    hashes = [of(clouds(320, 240, seed)) for seed in range(40)]
    assert min(distance(*pair) for pair in itertools.combinations(hashes, 2)) > 12


def test_the_stored_turn_makes_no_difference() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = PHOTO.transpose(Image.Transpose.ROTATE_90)
    data = encoded(lying, "jpeg", exif=exif.tobytes(), quality=95)
    criteria = parse_done(["not_seen_before"])
    assert isinstance(criteria, tuple)
    assert distance(str(inspect(data, criteria)[1].measured["phash"]), of(PHOTO)) <= 2


@pytest.mark.skipif(importlib.util.find_spec("imagehash") is None, reason="needs ImageHash")
def test_hashes_agree_with_those_of_another_implementation() -> None:
    import imagehash
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "brick.png"):
        with Image.open(folder / name) as photo:
            theirs = str(imagehash.phash(photo.convert("RGB")))
            assert distance(theirs, of(photo.convert("RGB"))) <= 4


def test_nearest_names_the_nearest_and_whether_it_is_mirrored() -> None:
    found = fingerprint(opened(PHOTO))
    others = [of(photograph(320, 240, seed)) for seed in (21, 22)]
    twin = nearest(found, [*others, of(ImageOps.mirror(PHOTO))])
    assert twin is not None
    assert (twin.index, twin.mirrored) == (2, True)
    assert twin.distance <= 2
    assert nearest(found, []) is None


def test_the_keeper_of_other_hashes_compares_with_the_same_rule() -> None:
    rule = NotSeenBefore()
    found = fingerprint(opened(PHOTO))
    assert rule.compare(found, ()).passed
    kept = [KnownPicture(name="mug/oak-2", phash=found.phash)]
    again = rule.compare(fingerprint(opened(ImageOps.mirror(PHOTO), "webp")), kept)
    bits = again.measured["distance_bits"]
    assert again.reason == (
        f"The picture is nearly the mirror image of mug/oak-2 ({bits} of 64 bits differ)."
    )
    assert again.measured["mirrored"] is True
    assert again.remedy is not None
    assert again.remedy.kind == "new_seed"


def test_a_folder_that_nobody_read_is_refused() -> None:
    problems = parse_done([{"not_seen_before": {"forbidden": "licensed/"}}])
    assert isinstance(problems, list)
    assert "a folder of pictures that can be read" in problems[0].wanted
