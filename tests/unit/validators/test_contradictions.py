"""Criteria that no file of an order's output could ever pass say so before anything is paid for."""

from __future__ import annotations

import pytest

from validators import criteria_forms, parse_done, registered


def contradiction(item: dict[str, object], *, width: int = 640, height: int = 480) -> str | None:
    criteria = parse_done([item])
    assert isinstance(criteria, tuple), criteria
    return criteria[0].contradicts(width=width, height=height, format_="webp")


@pytest.mark.parametrize(
    "item",
    [
        {"dimensions": {"width": 640, "height": 480}},
        {"dimensions": {"width": 640}},
        {"dimensions": {"min_width": 640, "max_height": 480}},
        {"format": {"is": "webp"}},
        {"format": {"is": ["png", "webp"]}},
    ],
)
def test_what_the_output_meets_is_no_contradiction(item: dict[str, object]) -> None:
    assert contradiction(item) is None


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ({"dimensions": {"width": 641}}, "an output of 640 pixels wide instead of 641"),
        ({"dimensions": {"max_width": 639}}, "an output of 640 pixels wide instead of at most 639"),
        (
            {"dimensions": {"min_height": 481}},
            "an output of 480 pixels high instead of at least 481",
        ),
        (
            {"dimensions": {"width": 480, "height": 640}},
            "an output of 640 pixels wide instead of 480 and 480 pixels high instead of 640",
        ),
        ({"format": {"is": "png"}}, "an output in webp, which is not PNG"),
        ({"format": {"is": ["png", "avif"]}}, "an output in webp, which is not PNG or AVIF"),
    ],
)
def test_what_the_output_can_never_meet_is_said(item: dict[str, object], found: str) -> None:
    assert contradiction(item) == found


def test_every_criterion_can_be_asked_and_one_that_cannot_tell_says_nothing() -> None:
    for form in criteria_forms():
        criterion = registered()[form.name].model_validate(dict(form.example))
        answer = criterion.contradicts(width=1024, height=1024, format_="webp")
        assert answer is None, form.name
