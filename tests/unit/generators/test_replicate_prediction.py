"""Reading Replicate's record: leniently in shape, strictly in numbers."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.replicate_prediction import fingerprint, read_json, read_prediction

WHOLE = {
    "id": "gm3qorzdhgbfurvjtvhg6dckhu",
    "model": "a/b",
    "version": None,
    "input": {"prompt": "x"},
    "output": None,
    "data_removed": False,
    "error": None,
    "status": "succeeded",
    "created_at": "2026-11-22T10:00:00.123456Z",
    "metrics": {"predict_time": 0.1, "image_output_count": 1},
    "unheard_of": True,
}


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("starting", False),
        ("processing", False),
        ("succeeded", True),
        ("failed", True),
        ("canceled", True),
        ("aborted", True),
        ("a status of next year", False),
    ],
)
def test_the_six_statuses_are_known_and_a_new_one_is_waited_out(
    status: str, *, ended: bool
) -> None:
    prediction = read_prediction(WHOLE | {"status": status})
    assert prediction is not None
    assert prediction.ended is ended


def test_metrics_are_exact_and_nonsense_among_them_is_left_out() -> None:
    text = json.dumps(WHOLE).replace(
        '"image_output_count": 1', '"a": -1, "b": "2", "c": true, "d": null, "e": 3'
    )
    prediction = read_prediction(read_json(text))
    assert prediction is not None
    assert prediction.metrics == {"predict_time": Decimal("0.1"), "e": Decimal(3)}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        {"id": "a"},
        {"status": "failed"},
        WHOLE | {"id": 3},
        WHOLE | {"id": "a/b"},
    ],
)
def test_what_is_no_prediction_is_none(value: object) -> None:
    assert read_prediction(value) is None


def test_missing_and_odd_fields_are_borne() -> None:
    odd = {"id": "a", "status": "failed", "error": {"code": 3}, "metrics": [], "created_at": "soon"}
    prediction = read_prediction(odd)
    assert prediction is not None
    assert (prediction.metrics, prediction.input, prediction.created_at) == ({}, {}, None)
    assert "code" in prediction.error


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ("[Infinity]", "Infinity is no JSON number"),
    ],
)
def test_what_is_no_json_is_a_value_error(text: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        read_json(text)


def test_a_failure_that_cost_money_is_only_tried_again_when_it_is_known_to_pass() -> None:
    unknown = read_prediction(WHOLE | {"error": "something new"})
    known = read_prediction(WHOLE | {"error": "Prediction interrupted (code: PA)"})
    assert unknown is not None
    assert known is not None
    assert not unknown.worth_retrying(charged=True)
    assert known.worth_retrying(charged=True)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_a_round_trip_through_json_keeps_the_fingerprint(inputs: dict[str, object]) -> None:
    echoed = read_json(json.dumps(inputs))
    assert isinstance(echoed, dict)
    assert fingerprint(echoed) == fingerprint(inputs)


@pytest.mark.parametrize(
    ("one", "two"),
    [(1, "1"), (1, True), (0, False), (0, None), ("", None), ([1], [1, 1]), (1, 2), ("a", "A")],
)
def test_different_values_have_different_fingerprints(one: object, two: object) -> None:
    assert fingerprint({"x": one}) != fingerprint({"x": two})


def test_one_number_has_one_fingerprint() -> None:
    same = [3, 3.0, Decimal("3.0"), Decimal(3)]
    assert len({fingerprint({"x": value}) for value in same}) == 1


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "yesterday", ""]
)
def test_a_moment_that_no_calendar_has_is_unknown(text: str) -> None:
    read = read_prediction({"id": "a", "status": "succeeded", "created_at": text})
    assert read is not None
    assert read.created_at is None


@pytest.mark.parametrize("number", ["1e30", "1e999999", "1e-999999", "-1"])
def test_a_metric_that_no_run_can_have_is_taken_as_not_reported(number: str) -> None:
    value = read_json(f'{{"id": "a", "status": "succeeded", "metrics": {{"n": {number}}}}}')
    read = read_prediction(value)
    assert read is not None
    assert read.metrics == {}


def test_json_that_is_nested_without_end_is_no_json() -> None:
    with pytest.raises(ValueError, match="nested"):
        read_json("[" * 100_000)
