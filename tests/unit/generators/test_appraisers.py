"""What is asked of a model before anything is paid for: problems, a price, and what it will make."""

from __future__ import annotations

from datetime import date

import pytest

from generators import Access, Brief, Output, load_cards, open_appraiser

TODAY = date(2026, 11, 2)


def pixels(provider: str, model: str, width: int, height: int) -> tuple[int, int]:
    appraiser = open_appraiser(provider, model, Access(), today=TODAY)
    return appraiser.pixels(Brief("A mug", width, height, "webp", 7))


@pytest.mark.parametrize(
    ("model", "wanted", "made"),
    [
        ("black-forest-labs/flux-schnell", (1024, 1024), (1024, 1024)),
        ("black-forest-labs/flux-schnell", (4096, 4096), (1024, 1024)),
        ("black-forest-labs/flux-schnell", (256, 256), (512, 512)),
        ("black-forest-labs/flux-2-pro", (1000, 1000), (1024, 1024)),
        ("black-forest-labs/flux-2-pro", (4096, 2048), (2048, 1024)),
        ("stability-ai/sdxl", (1000, 500), (1000, 504)),
    ],
)
def test_a_card_tells_the_pixels_that_its_model_makes(
    model: str, wanted: tuple[int, int], made: tuple[int, int]
) -> None:
    assert pixels("replicate", model, *wanted) == made


def test_the_studio_makes_what_is_asked_for() -> None:
    assert pixels("studio", "cards", 1234, 567) == (1234, 567)


def test_every_model_can_be_asked_without_a_token() -> None:
    for card in load_cards():
        width, height = pixels(card.provider, card.model, 1024, 640)
        assert width >= 640
        assert height >= 400


def test_every_field_of_an_output_says_what_it_wants() -> None:
    wanted = {name: field.description for name, field in Output.model_fields.items()}
    assert all(wanted.values())
    assert wanted["width"] == wanted["height"] == "whole pixels from 1 to 16,384"
    assert wanted["format"] == "png, jpeg, webp or avif"


@pytest.mark.parametrize("width", [True, 640.0, "640", 0, 16_385, None])
def test_a_side_is_a_whole_number_of_pixels(width: object) -> None:
    with pytest.raises(ValueError, match="width"):
        Output.model_validate({"width": width, "height": 480, "format": "png", "name": "a"})
