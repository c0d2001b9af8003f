"""The provider's statement of a span: what is on it, at which price, and that it adds up."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from loopback.catalog import MODELS
from loopback.control import run_command
from loopback.errors import BadCommandError
from loopback.faults import Fault
from loopback.prediction import Prediction, timestamp
from loopback.settings import Settings
from loopback.world import PageKey, World

SCHNELL = "black-forest-labs/flux-schnell"
PRO_2 = "black-forest-labs/flux-2-pro"
NOON_S = 1_795_348_800.0
DAY_S = 86_400


@pytest.fixture
def world() -> World:
    return World(Settings(), clock=lambda: NOON_S, meter_clock=lambda: 0.0)


def create(world: World, model: str = SCHNELL, *faults: Fault) -> Prediction:
    return world.create(MODELS[model], {"prompt": "a mug"}, version="hidden", faults=faults)


def statement(world: World, **span: Any) -> list[dict[str, str]]:  # noqa: ANN401 - of the command
    asked = {"since": "1970-01-01", "until": "9999-01-01", "form": "csv", "invoice": "INV-1"}
    text = run_command(world, "statement", asked | span)
    return list(csv.DictReader(io.StringIO(text)))


def amounts(lines: list[dict[str, str]]) -> list[Decimal]:
    return [Decimal(line["amount"]) for line in lines]


def test_a_line_for_each_thing_that_is_charged_and_one_for_what_is_free(world: World) -> None:
    cheap, stacked = create(world), create(world, PRO_2)
    failed = create(world, SCHNELL, Fault("failed"))
    lines = statement(world)
    assert [line["id"] for line in lines] == [cheap.id, *[stacked.id] * 3, failed.id]
    assert [line["metric"] for line in lines][:2] == ["image_output_count", "run_count"]
    assert lines[-1]["status"] == "failed"
    assert amounts(lines)[-1] == 0
    assert sum(amounts(lines)) == sum(line.amount for line in world.bill())
    for line in lines:
        assert Decimal(line["quantity"]) * Decimal(line["unit_price"]) == Decimal(line["amount"])


def test_a_run_is_on_the_statement_of_the_span_in_which_it_completed(world: World) -> None:
    world.configure({"latency_s": (60, 60)})
    over_midnight = create(world)
    world.advance(DAY_S)
    edge = timestamp(over_midnight.end_us)
    assert statement(world, until=edge) == []
    (line,) = statement(world, since=edge)
    assert (line["id"], line["completed_at"]) == (over_midnight.id, edge)


def test_what_has_not_ended_is_on_no_statement(world: World) -> None:
    world.configure({"latency_s": (60, 60)})
    create(world)
    assert statement(world) == []


def test_a_price_changes_for_what_is_created_from_then_on(world: World) -> None:
    old = create(world)
    world.advance(DAY_S)
    arguments = {"model": SCHNELL, "metric": "image_output_count", "price": "0.004", "since": None}
    run_command(world, "set_price", arguments)
    new = create(world)
    prices = {line["id"]: line["unit_price"] for line in statement(world)}
    assert prices == {old.id: "0.003", new.id: "0.004"}
    assert [line.amount for line in world.bill()] == [Decimal("0.003"), Decimal("0.004")]
    with pytest.raises(BadCommandError):
        run_command(world, "set_price", arguments | {"metric": "hope"})


def test_a_refund_is_a_line_of_the_span_in_which_it_was_given(world: World) -> None:
    one, two = create(world), create(world)
    world.advance(DAY_S)
    run_command(world, "refund", {"prediction_id": one.id, "amount": None})
    run_command(world, "refund", {"prediction_id": two.id, "amount": "0.001"})
    lines = statement(world, since=timestamp(world.now_us()))
    found = [(line["id"], line["status"], line["amount"]) for line in lines]
    assert found == [(one.id, "refunded", "-0.003"), (two.id, "refunded", "-0.001")]
    assert sum(amounts(statement(world))) == Decimal("0.002")


def test_what_is_forgotten_is_nowhere(world: World) -> None:
    one, two = create(world), create(world)
    run_command(world, "forget", {"prediction_id": one.id})
    assert [line["id"] for line in statement(world)] == [two.id]
    assert [line.prediction_id for line in world.bill()] == [two.id]
    assert [p.id for p in world.page(PageKey())[0]] == [two.id]
    with pytest.raises(BadCommandError):
        run_command(world, "forget", {"prediction_id": "nobody"})


def test_the_json_form_is_an_invoice_with_the_same_lines(world: World) -> None:
    create(world)
    create(world, PRO_2)
    asked = {"since": "1970-01-01", "until": "9999-01-01", "form": "json", "invoice": "INV-7"}
    invoice = json.loads(run_command(world, "statement", asked))
    assert invoice["lines"] == statement(world)
    assert (invoice["invoice"], invoice["currency"]) == ("INV-7", "USD")
    assert sum(amounts(invoice["lines"])) == Decimal("0.033")
    assert invoice["total"] == "0.03"
