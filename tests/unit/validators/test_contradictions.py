"""Criteria that no file of an order's output could ever pass say so before anything is paid for."""

from __future__ import annotations

import pytest

from flows.done_reading import read_done
from validators import contradictions, criteria_forms, parse_done, registered


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


def problem(item: dict[str, object]) -> str:
    problems = parse_done([item])
    assert isinstance(problems, list), problems
    return problems[0].wanted


def test_a_rule_that_no_file_can_keep_is_refused_by_itself() -> None:
    zone = {"left": 0.1, "top": 0.1, "width": 0.5, "height": 0.5}
    grey = {"zone": zone, "text_colour": "#777777", "min_ratio": 7.0}
    assert "#777777 reaches 4.69 at most" in problem({"text_contrast": grey})
    three = {"colours": ["#0b3d91", "#f5f1e6", "#e8a33d"], "each_min_share": 0.5}
    assert problem({"palette": three}).startswith("an each_min_share of at most 0.33")
    assert isinstance(parse_done([{"palette": {**three, "each_min_share": 0.33}}]), tuple)
    assert "at most 64,000" in problem({"file_size": {"min_kb": 100_000}})
    cheap = {"words": ["Cheap repair"], "forbidden": ["cheap"]}
    assert "'cheap' is forbidden" in problem({"text": cheap})
    assert isinstance(parse_done([{"text": {**cheap, "required": False}}]), tuple)


RED = {"colours": ["#e30613"]}
LOGO = registered()["logo"].example["picture"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"transparency": {"is": "needed"}}, {"transparency": {"is": "forbidden"}}),
        ({"file_size": {"min_kb": 600}}, {"file_size": {"max_kb": 500}}),
        ({"dimensions": {"width": 640}}, {"dimensions": {"width": 641}}),
        ({"dimensions": {"min_width": 640}}, {"dimensions": {"max_width": 639}}),
        ({"dimensions": {"width": 640}}, {"dimensions": {"multiple_of": 7}}),
        ({"format": {"is": "png"}}, {"format": {"is": ["webp", "avif"]}}),
        ({"palette": RED}, {"forbidden_colours": RED}),
        ({"logo": {"picture": LOGO}}, {"logo": {"picture": LOGO, "absent": True}}),
        ({"qr_code": {"value": "x"}}, {"qr_code": {"absent": True}}),
        ({"text": {"words": ["Cheap repair"]}}, {"text": {"forbidden": ["cheap"]}}),
        ({"text": {"words": ["Summer Sale"]}}, {"text": {}}),
    ],
)
def test_two_rules_that_no_file_can_keep_are_named_together(
    one: dict[str, object], other: dict[str, object]
) -> None:
    for pair in ([one, other], [other, one]):
        criteria = parse_done(pair)
        assert isinstance(criteria, tuple), criteria
        (found,) = contradictions(criteria)
        assert found.index == 1
        assert all(name in found.found for rule in pair for name in rule)
        assert " beside " in found.found
    warns = parse_done([one, {name: {**rule, "severity": "warn"} for name, rule in other.items()}])
    assert isinstance(warns, tuple)
    assert contradictions(warns) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            {"transparency": {"is": "needed", "min_percent": 0.0}},
            {"transparency": {"is": "forbidden"}},
        ),
        ({"file_size": {"min_kb": 500}}, {"file_size": {"max_kb": 500}}),
        ({"dimensions": {"width": 640}}, {"dimensions": {"height": 480, "multiple_of": 32}}),
        ({"palette": {"colours": ["#e30613", "#0b3d91"]}}, {"forbidden_colours": RED}),
        ({"qr_code": {"value": "x"}}, {"qr_code": {"value": "y"}}),
        ({"text": {"words": ["Cheapest"]}}, {"text": {"forbidden": ["cheap"]}}),
        ({"text": {"words": ["Sale"]}}, {"text": {"words": ["Summer Sale"], "required": False}}),
    ],
)
def test_two_rules_that_a_file_can_keep_are_no_contradiction(
    one: dict[str, object], other: dict[str, object]
) -> None:
    criteria = parse_done([one, other])
    assert isinstance(criteria, tuple), criteria
    assert contradictions(criteria) == []


def test_an_order_whose_rules_rule_each_other_out_is_refused_at_check() -> None:
    found = read_done([{"file_size": {"min_kb": 600}}, {"file_size": {"max_kb": 500}}])
    assert found == [
        (
            ("done", 1, "file_size"),
            (
                'file_size {"max_kb": 500} beside file_size {"min_kb": 600}: '
                "no file has at least 600 kB and at most 500 kB"
            ),
            "rules that one file can keep together",
        )
    ]
