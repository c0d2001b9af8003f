"""The `done:` list: what is read into criteria, and how every problem with it is said."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from validators import Criterion, Problem, criteria_forms, parse_done, registered


def problems(text: str) -> list[Problem]:
    found = parse_done(yaml.safe_load(text))
    assert isinstance(found, list), found
    return found


def only(text: str) -> Problem:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def test_the_list_of_the_design_is_read_in_its_order() -> None:
    items = yaml.safe_load("""
      - dimensions: {width: 1024, height: 1024}
      - format: {is: webp}
      - file_size: {max_kb: 600}
      - not_blank: {}
    """)
    criteria = parse_done(items)
    assert isinstance(criteria, tuple)
    assert [criterion.name for criterion in criteria] == [
        "dimensions",
        "format",
        "file_size",
        "not_blank",
    ]
    assert [criterion.parameters() for criterion in criteria] == [
        {"width": 1024, "height": 1024},
        {"is": ["webp"]},
        {"max_kb": 600},
        {"min_spread": 13},
    ]


@pytest.mark.parametrize("item", ["- not_blank", "- not_blank:", "- not_blank: {}"])
def test_a_criterion_without_parameters_may_be_a_bare_name(item: str) -> None:
    assert parse_done(yaml.safe_load(item)) == (registered()["not_blank"](),)


def test_an_empty_list_has_no_criteria() -> None:
    assert parse_done([]) == ()


def test_the_same_criterion_may_come_twice_but_not_the_same_item() -> None:
    twice = parse_done([{"file_size": {"max_kb": 9}}, {"file_size": {"min_kb": 2}}])
    assert isinstance(twice, tuple)
    assert len(twice) == 2
    assert only("[{file_size: {max_kb: 9}}, {file_size: {max_kb: 9}}]") == Problem(
        1, ("file_size",), '{"file_size": {"max_kb": 9}}', "no item twice"
    )


def test_all_problems_of_all_items_are_listed_at_once() -> None:
    found = problems("""
      - dimensions: {widht: 1024, height: tall}
      - format: {is: jpg}
      - blurry: {}
      - file_size: {max_kb: 600}
    """)
    assert [(problem.index, problem.path) for problem in found] == [
        (0, ("dimensions", "height")),
        (0, ("dimensions", "widht")),
        (1, ("format", "is")),
        (2, ("blurry",)),
    ]


def test_an_unknown_criterion_gets_the_known_ones_and_the_nearest() -> None:
    problem = only("[{dimension: {width: 5}}]")
    assert problem.found == '"dimension"'
    for name in registered():
        assert name in problem.wanted
    assert problem.wanted.endswith("did you mean 'dimensions'?")
    assert "did you mean" not in only("[{zzz: {}}]").wanted


def test_an_unknown_parameter_gets_the_known_ones_and_the_nearest() -> None:
    problem = only("[{dimensions: {widht: 5, height: 7}}]")
    assert problem.path == ("dimensions", "widht")
    assert problem.found == "an unknown parameter 'widht'"
    assert "(width, height, min_width" in problem.wanted
    assert problem.wanted.endswith("did you mean 'width'?")


def test_a_word_that_is_no_format_gets_the_nearest() -> None:
    problem = only("[{format: {is: jpg}}]")
    assert (problem.path, problem.found) == (("format", "is"), '"jpg"')
    assert problem.wanted == "one of them (png, jpeg, webp, avif), did you mean 'jpeg'?"


def test_the_place_inside_a_list_is_kept() -> None:
    assert only("[{format: {is: [png, gif]}}]").path == ("format", "is", 1)


@pytest.mark.parametrize(
    ("text", "path", "found", "wanted"),
    [
        ("[{dimensions: {width: '1024'}}]", ("dimensions", "width"), '"1024"', "a whole number"),
        ("[{dimensions: {width: true}}]", ("dimensions", "width"), "true", "a whole number"),
        ("[{dimensions: {width: 10.5}}]", ("dimensions", "width"), "10.5", "a whole number"),
        ("[{dimensions: {width: 0}}]", ("dimensions", "width"), "0", "greater than or equal to 1"),
        ("[{format: {}}]", ("format", "is"), "nothing", 'a value, such as {"format"'),
        ("[format]", ("format", "is"), "nothing", 'a value, such as {"format"'),
        ("[{format: {is: []}}]", ("format", "is"), "[]", "at least one of png, jpeg, webp, avif"),
        ("[{format: webp}]", ("format",), '"webp"', "its parameters by name, such as"),
        ("[{dimensions: {}}]", ("dimensions",), "{}", "at least one of width, height"),
        ("[{file_size: {}}]", ("file_size",), "{}", "at least one of max_kb, min_kb"),
        ("[7]", (), "7", "one criterion per item, such as"),
        ("[[not_blank]]", (), '["not_blank"]', "one criterion per item, such as"),
        ("[null]", (), "null", "one criterion per item, such as"),
        ("[{}]", (), "{}", "one criterion per item, such as"),
        ("[{2: {}}]", ("2",), "2", "a criterion (aspect_ratio"),
        ("[{not_blank: {min_spread: 256}}]", ("not_blank", "min_spread"), "256", "less than"),
        (
            "[{dimensions: {width: 5, min_width: 3}}]",
            ("dimensions",),
            '{"width": 5, "min_width": 3}',
            "either width or min_width and max_width, not both",
        ),
        (
            "[{dimensions: {min_height: 5, max_height: 3}}]",
            ("dimensions",),
            '{"min_height": 5, "max_height": 3}',
            "a min_height that is not larger than max_height",
        ),
        (
            "[{file_size: {min_kb: 5, max_kb: 3}}]",
            ("file_size",),
            '{"min_kb": 5, "max_kb": 3}',
            "a min_kb that is not larger than max_kb",
        ),
    ],
)
def test_a_problem_says_where_what_was_found_and_what_is_wanted(
    text: str, path: tuple[str, ...], found: str, wanted: str
) -> None:
    problem = only(text)
    assert (problem.index, problem.path, problem.found) == (0, path, found)
    assert problem.wanted.startswith(wanted)


def test_parameters_that_are_not_indented_enough_are_explained() -> None:
    problem = only("- dimensions:\n  width: 1024\n")
    assert problem.wanted == "the parameters indented by two more spaces than 'dimensions'"


def test_long_values_are_cut_in_messages() -> None:
    assert len(only(f"[{{format: {{is: {'x' * 500}}}}}]").found) == 60


def test_criteria_are_values() -> None:
    first, second = parse_done([{"format": {"is": "png"}}]), parse_done([{"format": {"is": "png"}}])
    assert first == second
    assert hash(first[0]) == hash(second[0])  # type: ignore[index]


def test_forms_describe_every_criterion() -> None:
    forms = criteria_forms()
    assert [form.name for form in forms] == sorted(registered())
    by_name = {form.name: form for form in forms}
    assert by_name["not_blank"].bare
    assert not by_name["dimensions"].bare
    assert by_name["format"].schema["required"] == ["is"]
    assert "1,000 bytes" in by_name["file_size"].description
    assert "\n" not in by_name["dimensions"].summary


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*registered(), "is", "width", "max_kb", "min_spread"])
            | st.text(max_size=5)
            | st.integers(),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON_LIKE, max_size=4))
def test_whatever_yaml_gives_is_answered_with_criteria_or_problems(items: list[object]) -> None:
    found = parse_done(items)
    if isinstance(found, tuple):
        assert all(isinstance(criterion, Criterion) for criterion in found)
        assert len(found) == len(items)
    else:
        assert found
        assert all(0 <= problem.index < len(items) for problem in found)
        assert all(problem.found and problem.wanted for problem in found)
