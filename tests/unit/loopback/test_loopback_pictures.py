"""The provider's images: real files of the asked size and format, different for each seed."""

from __future__ import annotations

import io

import pytest
from loopback.catalog import MODELS
from loopback.pictures import PictureOrder, PictureStore, encoded, stamped
from PIL import Image, ImageChops, ImageStat

PILLOW_FORMATS = {"webp": "WEBP", "jpg": "JPEG", "png": "PNG"}


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def order(subject: str = "a", extension: str = "webp", *, blank: bool = False) -> PictureOrder:
    return PictureOrder(320, 192, extension, 80, subject, blank)


@pytest.mark.parametrize("extension", PILLOW_FORMATS)
def test_a_picture_has_its_size_its_format_and_contrast(extension: str) -> None:
    image = opened(encoded(order(extension=extension)))
    assert (image.size, image.format) == ((320, 192), PILLOW_FORMATS[extension])
    assert ImageStat.Stat(image.convert("L")).stddev[0] > 20


def test_a_blank_picture_has_one_colour() -> None:
    assert ImageStat.Stat(opened(encoded(order(blank=True)))).stddev == [0, 0, 0]


def test_another_subject_is_another_picture_and_the_same_one_the_same() -> None:
    one, same, other = (encoded(order(subject)) for subject in ("a", "a", "b"))
    assert one == same
    difference = ImageChops.difference(opened(one), opened(other)).convert("L")
    assert ImageStat.Stat(difference).mean[0] > 20


@pytest.mark.parametrize("extension", PILLOW_FORMATS)
def test_a_stamp_changes_the_bytes_and_not_the_pixels(extension: str) -> None:
    plain = encoded(order(extension=extension))
    one, other = stamped(plain, "one"), stamped(plain, "other")
    assert len({plain, one, other}) == 3
    assert opened(one).tobytes() == opened(other).tobytes() == opened(plain).tobytes()
    Image.open(io.BytesIO(one)).verify()


def test_variants_bound_how_many_pictures_are_drawn() -> None:
    store = PictureStore(variants=3)
    assert len({store.canonical(order(str(n))) for n in range(200)}) == 3


def test_the_store_forgets_the_least_used_picture_first() -> None:
    store = PictureStore(None, keep_bytes=25)
    for subject in "abc":
        store.keep(order(subject), b"x" * 10)
        store.kept(order("a"))
    assert store.kept(order("a")) is not None
    assert store.kept(order("b")) is None


@pytest.mark.parametrize(
    ("model", "given", "size"),
    [
        ("black-forest-labs/flux-schnell", {"aspect_ratio": "16:9"}, (1344, 768)),
        ("black-forest-labs/flux-schnell", {"megapixels": "0.25"}, (512, 512)),
        (
            "black-forest-labs/flux-1.1-pro",
            {"aspect_ratio": "custom", "width": 300, "height": 1440},
            (288, 1440),
        ),
        ("black-forest-labs/flux-1.1-pro", {"width": 256, "height": 256}, (1024, 1024)),
        ("black-forest-labs/flux-2-pro", {"resolution": "4 MP"}, (2048, 2048)),
        ("black-forest-labs/flux-2-pro", {"aspect_ratio": "16:9"}, (1344, 768)),
        ("stability-ai/sdxl", {"width": 768, "height": 512}, (768, 512)),
        ("ideogram-ai/ideogram-v3-turbo", {"resolution": "1536x640"}, (1536, 640)),
        ("ideogram-ai/ideogram-v3-turbo", {"aspect_ratio": "3:1"}, (1536, 512)),
    ],
)
def test_models_give_the_size_that_their_inputs_mean(
    model: str, given: dict[str, object], size: tuple[int, int]
) -> None:
    spec = MODELS[model]
    assert spec.problems({"prompt": "a", **given}) == []
    assert spec.size(spec.completed(given)) == size


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "input"),
        ({"prompt": 7}, "input.prompt"),
        ({"prompt": "a", "num_outputs": 5}, "input.num_outputs"),
        ({"prompt": "a", "num_outputs": True}, "input.num_outputs"),
        ({"prompt": "a", "aspect_ratio": "7:5"}, "input.aspect_ratio"),
        ({"prompt": "a", "seed": "x"}, "input.seed"),
    ],
)
def test_a_wrong_input_is_refused_by_the_name_of_its_field(
    given: dict[str, object], field: str
) -> None:
    problems = MODELS["black-forest-labs/flux-schnell"].problems(given)
    assert [problem["field"] for problem in problems] == [field]


def test_an_input_that_the_model_does_not_know_is_ignored() -> None:
    given = {"prompt": "a", "image_inputs": ["typo"]}
    assert MODELS["black-forest-labs/flux-schnell"].problems(given) == []
