"""Rules of orders that are in the books already: asked as agreed on, or said why they cannot be."""

from __future__ import annotations

import json

import pytest
from unit.flows.order_parts import order

from flows.done_reading import read_done
from flows.job_plan import JobPlanner, what_is_missing
from flows.order_form import OrderForm
from validators import Criterion, registered

APART: list[object] = [
    {"format": {"is": "webp"}},
    {"qr_code": {"value": "https://acme.example"}},
    {"qr_code": {"absent": True}},
]


def form(done: list[object]) -> OrderForm:
    """Make the form of an order that is in the books."""
    return OrderForm.model_validate(json.loads(json.dumps(order(done=done))))


def test_rules_that_rule_each_other_out_are_refused_and_yet_asked_where_they_were_agreed_on() -> (
    None
):
    assert isinstance(read_done(APART), list)
    recorded = JobPlanner(form(APART)).recorded_criteria(APART)
    assert [one.name for one in recorded] == ["format", "qr_code", "qr_code"]


def test_a_machine_without_an_orders_libraries_says_which_and_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert what_is_missing(form(APART)) is None

    def gone(_: type[Criterion]) -> tuple[str, ...]:
        return ("cv2",)

    monkeypatch.setattr(registered()["qr_code"], "missing", classmethod(gone))
    said = what_is_missing(form(APART))
    assert said is not None
    assert 'cv2, which is not installed here: pip install "mintage[vision]", then resume' in said
    assert what_is_missing(form([{"format": {"is": "webp"}}])) is None
