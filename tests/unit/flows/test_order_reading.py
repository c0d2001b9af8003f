"""Reading a work order's YAML: plain data with the line of every field, or what is wrong, and where."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.flows.order_parts import order, plan, write

from flows import BadOrder, Problem
from flows.order_text import NODES_MAX, ORDER_BYTES_MAX, NumberText, as_written, read_order_text


def read(folder: Path, text: str) -> dict[str, object]:
    return read_order_text(write(folder, text))[0]


def refused(folder: Path, content: str | bytes) -> tuple[Problem, ...]:
    path = folder / "order.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadOrder) as raised:
        read_order_text(path)
    return raised.value.problems


def test_every_field_has_the_line_where_it_stands(tmp_path: Path) -> None:
    text = "order: a\n\nbudget:\n  # what it may cost\n  cap: '1'\ndone:\n  - a: 1\n  - b:\n      c: 2\n"
    _, places = read_order_text(write(tmp_path, text))
    lines = [places.line(path) for path in (("order",), ("budget", "cap"), ("done", 1, "b", "c"))]
    assert lines == [1, 5, 9]
    assert places.line(("budget", "missing")) == 3
    assert places.line(("nowhere",)) == 1


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("-7", -7),
        ("0", 0),
        ("0012", "0012"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("yes", "yes"),
        ("no", "no"),
        ("On", "On"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("2026-11-20", "2026-11-20"),
        (".inf", ".inf"),
        ("-.NaN", "-.NaN"),
        ("1.0e999", "1.0e999"),
        ("1:30.5", "1:30.5"),
        ("!!int abc", "abc"),
        ("!!bool maybe", "maybe"),
        ("!!int ''", ""),
        ("!!float x", "x"),
        ("!!str 5", "5"),
        ("=", "="),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_a_word_means_what_it_says(tmp_path: Path, written: str, value: object) -> None:
    made = read(tmp_path, f"a: {written}\n")["a"]
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize("text", ["1.50", "0.1", "1.0e-05", ".5", "5.", "01.10"])
def test_a_number_with_a_fraction_remembers_how_it_was_written(tmp_path: Path, text: str) -> None:
    number = read(tmp_path, f"a: {text}\n")["a"]
    assert isinstance(number, NumberText)
    assert (number.text, float(number)) == (text, float(text))


def test_numbers_that_are_written_differently_are_told_apart_only_where_texts_matter() -> None:
    assert NumberText("1.50") == NumberText("1.5")
    assert as_written({"a": [NumberText("1.50")]}) != as_written({"a": [NumberText("1.5")]})
    assert as_written([NumberText("1.5")]) != as_written(["1.5"])


@pytest.mark.parametrize(
    ("text", "line", "field", "found"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", "'a' again"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, "a.b", "'b' again"),
        ("a: 1\n1: x\n'1': y\n", 3, "1", "'1' again"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "c", "a key that is no plain word"),
        ("? [a, b]\n: 1\n", 1, "", "a key that is no plain word"),
        ("'': 1\n", 1, "", "a key that is no plain word"),
        ("a: 1\nb: !secret x\n", 2, "b", "the YAML tag !secret"),
        ("a: !!binary aGk=\n", 1, "a", "the YAML tag tag:yaml.org,2002:binary"),
        ("a: !!set {x, y}\n", 1, "a", "the YAML tag tag:yaml.org,2002:set"),
        ("a:\n  - !!python/object:os.x {}\n", 2, "a[0]", "tag:yaml.org,2002:python/object:os.x"),
        ("!!python/object:os.x {}\n", 1, "", "tag:yaml.org,2002:python/object:os.x"),
        ('a: "x\\0y"\n', 1, "a", "a control character"),
        ('a: "\\e[2J"\n', 1, "a", "a control character"),
        ('a: "\\ud800"\n', 1, "a", "a control character"),
        ('"a\\x07": 1\n', 1, "", "a key that is no plain word"),
        ("a: 1\n---\nb: 2\n", 2, "", "but found another document"),
        ("a: [1, 2\nb: 3\n", 2, "", "flow sequence"),
        ("a: 1\n\tb: 2\n", 2, "", "cannot start any token"),
        ("a: *nowhere\n", 1, "", "undefined alias"),
    ],
)
def test_what_is_no_plain_order_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, field: str, found: str
) -> None:
    (problem,) = refused(tmp_path, text)
    assert (problem.line, problem.field) == (line, field)
    assert found in problem.found
    assert problem.file == str(tmp_path / "order.yaml")


def test_all_bad_keys_and_tags_are_listed_at_once(tmp_path: Path) -> None:
    assert len(refused(tmp_path, "a: 1\na: 2\nb: !x 1\nc: !y 2\nb: 3\n")) == 4


@pytest.mark.parametrize("text", ["", "\n\n", "# only a remark\n", "---\n", "- a\n- b\n", "words"])
def test_a_file_without_fields_is_no_order(tmp_path: Path, text: str) -> None:
    (problem,) = refused(tmp_path, text)
    assert problem.found == "no fields"
    assert "work order" in problem.wanted


def test_a_byte_order_mark_is_no_part_of_the_first_field(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufefforder: mugs\r\ntitle: Mugs\r\n") == {
        "order": "mugs",
        "title": "Mugs",
    }


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_other_encodings_are_named_for_what_they_are(tmp_path: Path, encoding: str) -> None:
    (problem,) = refused(tmp_path, "order: Blättchen\n".encode(encoding))
    assert "UTF-8" in problem.found + problem.wanted or problem.wanted == "YAML"


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(BadOrder) as raised:
            read_order_text(path)
        assert reason in raised.value.problems[0].found


def test_aliases_may_repeat_a_value_but_not_multiply_it_beyond_all_bounds(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for last, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]\n"
    (problem,) = refused(tmp_path, bomb)
    assert f"more than {NODES_MAX:,} values" in problem.found


@pytest.mark.parametrize(
    "text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: " + "[" * 3000 + "]" * 3000]
)
def test_what_is_nested_without_end_is_refused(tmp_path: Path, text: str) -> None:
    (problem,) = refused(tmp_path, text)
    assert "nested too deeply" in problem.found or problem.wanted == "YAML"


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "order.yaml"
    with path.open("wb") as file:
        file.truncate(ORDER_BYTES_MAX + 1)
    started = time.perf_counter()
    with pytest.raises(BadOrder, match="1 problem"):
        read_order_text(path)
    assert time.perf_counter() - started < 0.5


def test_json_is_yaml(tmp_path: Path) -> None:
    data = order(title="Becher \U0001f375 für alle")
    assert plan(tmp_path, json.dumps(data)).spec_sha256 == plan(tmp_path, data).spec_sha256


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.binary(max_size=80))
def test_whatever_the_file_holds_there_is_an_order_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.yaml"
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    )
    try:
        data, _ = read_order_text(path)
    except BadOrder as bad:
        said = [problem.sentence() for problem in bad.problems]
    else:
        said = [f"{path} holds {json.dumps(data, allow_nan=False, ensure_ascii=False)}"]
    assert said
    assert all(sentence.startswith(str(path)) and sentence.encode() for sentence in said)
