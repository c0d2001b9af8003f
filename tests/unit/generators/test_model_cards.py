"""The cards that are shipped, and the form that every card has to keep."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generators.cards import ModelCard, load_cards, read_card
from generators.contract import Brief
from generators.errors import BadCard, NoCard

TODAY = date(2026, 11, 22)
BRIEF = Brief(prompt="a mug", width=1024, height=768, format="webp", seed=7)
CARDS = load_cards()
REPLICATE = [card for card in CARDS if card.provider == "replicate"]
by_model = pytest.mark.parametrize("card", REPLICATE, ids=lambda card: card.model)


def need(model: str) -> ModelCard:
    return CARDS.need("replicate", model)


FORM: dict[str, object] = {
    "provider": "acme",
    "model": "acme/one",
    "title": "One",
    "endpoint": {"kind": "official"},
    "prices": [
        {
            "metric": "image_output_count",
            "unit": "image",
            "unit_price": "0.01",
            "source": "https://acme.example/prices",
            "read_on": "2026-01-01",
            "effective_from": "2026-01-01",
        }
    ],
    "quantities": {"image_output_count": {"dearest": "1"}},
    "failed_is_charged": False,
    "canceled_is_charged": True,
    "charging_source": "https://acme.example/terms",
    "seconds_max": 60,
    "input": {
        "seed": {"field": "seed"},
        "size": {"kind": "width_height", "min": 64, "max": 512, "multiple": 8},
    },
    "input_source": "https://acme.example/schema",
}


def row(price: str, since: str, metric: str = "image_output_count") -> dict[str, object]:
    return {
        "metric": metric,
        "unit": "image",
        "unit_price": price,
        "source": "https://acme.example/prices",
        "read_on": since,
        "effective_from": since,
    }


def card_of(changes: Mapping[str, object]) -> ModelCard:
    return read_card("acme.yaml", yaml.safe_dump({**FORM, **changes}))


@pytest.mark.parametrize(
    ("model", "dearest", "expected"),
    [
        ("black-forest-labs/flux-schnell", "0.003", "0.003"),
        ("black-forest-labs/flux-dev", "0.025", "0.025"),
        ("black-forest-labs/flux-1.1-pro", "0.04", "0.04"),
        ("ideogram-ai/ideogram-v3-turbo", "0.03", "0.03"),
        # 0.015 for the run, 0.015 for each begun output megapixel: 2 at worst, 1 as a rule.
        ("black-forest-labs/flux-2-pro", "0.045", "0.030"),
        # 60 s at worst and 5 s as a rule on an L40S.
        ("stability-ai/sdxl", "0.0585", "0.004875"),
    ],
)
def test_the_quote_of_a_square_image_is_what_the_price_lists_say(
    model: str, dearest: str, expected: str
) -> None:
    quote = need(model).quote(replace(BRIEF, height=1024), today=TODAY)
    assert (quote.dearest_usd, quote.expected_usd) == (Decimal(dearest), Decimal(expected))


@by_model
def test_every_card_takes_a_seed_names_its_sources_and_has_a_price_today(card: ModelCard) -> None:
    assert card.input.seed is not None
    assert card.inputs(BRIEF)[card.input.seed.field] == 7
    assert card.problems(BRIEF, today=TODAY) == []
    assert all(priced.source.startswith("https://") for priced in card.prices)
    assert all(priced.read_on <= TODAY for priced in card.prices)


@by_model
def test_seeds_tell_requests_apart_and_nothing_else_changes(card: ModelCard) -> None:
    one, two = card.inputs(BRIEF), card.inputs(replace(BRIEF, seed=8))
    assert {key for key in one if one[key] != two[key]} == {"seed"}


@by_model
@given(width=st.integers(1, 4096), height=st.integers(1, 4096))
def test_any_size_becomes_pixels_that_the_model_gives_at_a_price_that_covers_them(
    card: ModelCard, width: int, height: int
) -> None:
    brief = replace(BRIEF, width=width, height=height)
    got_width, got_height = card.pixels(brief)
    quote = card.quote(brief, today=TODAY)
    assert 0 < quote.expected_usd <= quote.dearest_usd
    megapixels = Decimal(got_width * got_height) / 1_000_000
    used = {"predict_time": Decimal(card.seconds_max), "image_output_count": Decimal(1)}
    used |= {"image_output_megapixel_count": megapixels, "image_input_megapixel_count": Decimal(0)}
    lines = card.usage(used, brief, today=TODAY)
    assert sum(line.amount_usd for line in lines) <= quote.dearest_usd


def test_listing_the_cards_is_fast_enough_for_a_command_line() -> None:
    before = time.perf_counter()
    load_cards()
    assert time.perf_counter() - before < 0.5


def test_the_listing_has_every_price_with_its_source_and_dates() -> None:
    rows = [row for row in CARDS.listing(today=TODAY) if row.model.endswith("flux-2-pro")]
    assert [row.metric for row in rows] == [
        "image_input_megapixel_count",
        "image_output_megapixel_count",
        "run_count",
    ]
    assert {row.unit_price_usd for row in rows} == {Decimal("0.015")}
    assert all(row.source and row.read_on and row.effective_from for row in rows)


def test_stacked_prices_are_all_charged_and_an_unreported_fee_too() -> None:
    """The numbers of a real record of flux-2-pro: two thirds of its cost are easily overlooked."""
    metrics = {
        "image_input_megapixel_count": Decimal(0),
        "image_output_count": Decimal(1),
        "image_output_megapixel_count": Decimal(1),
        "predict_time": Decimal("8.74"),
    }
    lines = need("black-forest-labs/flux-2-pro").usage(metrics, BRIEF, today=TODAY)
    assert {line.metric: line.quantity for line in lines} == {
        "image_output_megapixel_count": Decimal(1),
        "run_count": Decimal(1),
    }
    assert sum(line.amount_usd for line in lines) == Decimal("0.030")


def test_what_is_reported_above_a_bound_is_booked_in_full() -> None:
    lines = need("stability-ai/sdxl").usage({"predict_time": Decimal(100)}, BRIEF, today=TODAY)
    assert lines[0].quantity == 100


def test_a_canceled_run_owes_its_fee_and_its_time_but_no_output() -> None:
    pro = need("black-forest-labs/flux-2-pro")
    lines = pro.usage({}, BRIEF, today=TODAY, succeeded=False)
    assert [line.metric for line in lines] == ["run_count"]
    schnell = need("black-forest-labs/flux-schnell")
    assert schnell.usage({}, BRIEF, today=TODAY, succeeded=False) == ()
    sdxl = need("stability-ai/sdxl")
    assert sdxl.usage({}, BRIEF, today=TODAY, succeeded=False)[0].quantity == 60


def test_the_price_of_a_day_is_the_latest_row_that_was_in_force() -> None:
    rows = [row("0.03", "2026-03-01"), row("0.01", "2026-01-01"), row("0.02", "2026-02-01")]
    card = card_of({"prices": rows})
    prices = {
        day: card.quote(BRIEF, today=date.fromisoformat(day)).dearest_usd
        for day in ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    }
    assert [str(price) for price in prices.values()] == ["0.01", "0.02", "0.02", "0.03"]


def test_before_its_first_price_a_model_cannot_be_run() -> None:
    (problem,) = card_of({}).problems(replace(BRIEF, width=64), today=date(2025, 12, 31))
    assert "no price for image_output_count on 2025-12-31" in problem


@pytest.mark.parametrize(
    ("wanted", "inputs", "pixels"),
    [
        ((1024, 1024), {"aspect_ratio": "1:1", "megapixels": "1"}, (1024, 1024)),
        ((1920, 1080), {"aspect_ratio": "16:9", "megapixels": "1"}, (1344, 768)),
        ((512, 512), {"aspect_ratio": "1:1", "megapixels": "0.25"}, (512, 512)),
        ((513, 513), {"aspect_ratio": "1:1", "megapixels": "1"}, (1024, 1024)),
        ((100, 300), {"aspect_ratio": "9:21", "megapixels": "0.25"}, (320, 768)),
        ((3000, 3000), {"aspect_ratio": "1:1", "megapixels": "1"}, (1024, 1024)),
    ],
)
def test_the_nearest_shape_is_taken_and_of_it_the_smallest_that_covers(
    wanted: tuple[int, int], inputs: dict[str, str], pixels: tuple[int, int]
) -> None:
    card = need("black-forest-labs/flux-schnell")
    brief = replace(BRIEF, width=wanted[0], height=wanted[1])
    sent = card.inputs(brief)
    assert {key: sent[key] for key in inputs} == inputs
    assert card.pixels(brief) == pixels


@pytest.mark.parametrize(
    ("wanted", "pixels"),
    [
        ((1024, 768), (1024, 768)),
        ((1000, 700), (1024, 704)),
        ((100, 100), (256, 256)),
        ((2880, 1440), (1440, 736)),
        ((4000, 100), (1440, 256)),
    ],
)
def test_pixels_are_rounded_up_and_what_is_too_large_keeps_its_shape(
    wanted: tuple[int, int], pixels: tuple[int, int]
) -> None:
    card = need("black-forest-labs/flux-1.1-pro")
    brief = replace(BRIEF, width=wanted[0], height=wanted[1])
    assert card.pixels(brief) == pixels
    assert card.inputs(brief)["aspect_ratio"] == "custom"


@pytest.mark.parametrize(
    ("size", "wanted", "asked"),
    [
        ((1024, 1024), "webp", "webp"),
        ((1024, 1024), "jpeg", "jpg"),
        ((1024, 1024), "avif", "png"),
        ((800, 800), "webp", "png"),
    ],
)
def test_a_file_that_will_be_encoded_again_is_asked_for_without_loss(
    size: tuple[int, int], wanted: str, asked: str
) -> None:
    brief = replace(BRIEF, width=size[0], height=size[1], format=wanted)
    sent = need("black-forest-labs/flux-schnell").inputs(brief)
    assert sent["output_format"] == asked


def test_a_default_gives_way_to_the_order_and_a_fixed_input_does_not() -> None:
    card = need("black-forest-labs/flux-schnell")
    brief = replace(BRIEF, params={"output_quality": 75, "go_fast": False})
    sent = card.inputs(brief)
    assert (sent["output_quality"], sent["go_fast"], sent["num_outputs"]) == (75, False, 1)


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"prompt": " "}, "prompt is empty"),
        ({"width": 0}, "at least 1x1"),
        ({"width": 40_000}, "enlarged"),
        ({"format": "gif"}, "not one of png"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**31}, "seed 2147483648"),
        ({"params": {"num_outputs": 4}}, "fixed at 1"),
        ({"params": {"image": "x"}}, "knows no parameter image"),
        ({"params": {"num_inference_steps": 5}}, "at least 1 and at most 4"),
        ({"params": {"num_inference_steps": True}}, "an integer"),
        ({"params": {"num_inference_steps": 2.0}}, "an integer"),
        ({"params": {"go_fast": "yes"}}, "true or false"),
    ],
)
def test_what_a_model_does_not_take_is_a_problem(changes: dict[str, object], because: str) -> None:
    brief = replace(BRIEF, **changes)  # type: ignore[arg-type] - each row has the field's own type
    problems = need("black-forest-labs/flux-schnell").problems(brief, today=TODAY)
    assert len(problems) == 1
    assert because in problems[0]


@pytest.mark.parametrize(
    ("params", "because"),
    [
        ({"scheduler": "magic"}, "one of DDIM"),
        ({"guidance_scale": float("nan")}, "finite number"),
        ({"guidance_scale": 51}, "at most 50"),
        ({"negative_prompt": 3}, "a string"),
        ({"negative_prompt": "x" * 2001}, "longer than 2000"),
    ],
)
def test_params_have_types_ranges_and_choices(params: dict[str, object], because: str) -> None:
    brief = replace(BRIEF, params=params)
    (problem,) = need("stability-ai/sdxl").problems(brief, today=TODAY)
    assert because in problem


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"surprise": 1}, "surprise"),
        ({"prices": []}, "prices"),
        ({"prices": [row("0.01", "2026-01-01") | {"unit_price": 0.01}]}, "quoted decimal string"),
        ({"prices": [row("-1", "2026-01-01")]}, "unit_price"),
        ({"prices": [row("NaN", "2026-01-01")]}, "unit_price"),
        ({"prices": [row("0.01", "2026-01-01")] * 2}, "same day"),
        ({"quantities": {}}, "image_output_count"),
        ({"quantities": {"image_output_count": {"dearest": "lots"}}}, "dearest"),
        ({"seconds_max": 4}, "seconds_max"),
        ({"endpoint": {"kind": "version"}}, "version id"),
        ({"endpoint": {"kind": "official", "version": "0" * 64}}, "version id"),
        ({"input": {"seed": None, "size": {"kind": "width_height", "min": 1, "max": 9}}}, "seed"),
        ({"input": {**FORM["input"], "params": {"seed": {"type": "integer"}}}}, "may not set"),  # type: ignore[dict-item]
        ({"input": {**FORM["input"], "defaults": {"x": 1}}}, "every default"),  # type: ignore[dict-item]
        ({"input": {**FORM["input"], "formats": {"field": "f"}}}, "has no png"),  # type: ignore[dict-item]
        ({"input": {**FORM["input"], "seed": {"max": 65535}}}, "seed.max"),  # type: ignore[dict-item]
    ],
)
def test_a_card_that_breaks_the_form_says_where(changes: dict[str, object], because: str) -> None:
    with pytest.raises(BadCard) as caught:
        card_of(changes)
    assert because in str(caught.value)
    assert "acme.yaml" in str(caught.value)


def test_a_file_that_is_no_yaml_is_a_bad_card() -> None:
    with pytest.raises(BadCard, match="not YAML"):
        read_card("acme.yaml", "{")


def test_a_new_card_is_one_new_file_and_a_model_has_one_file_only(tmp_path: Path) -> None:
    text = yaml.safe_dump(FORM)
    (tmp_path / "one.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no card", encoding="utf-8")
    cards = load_cards(tmp_path)
    assert [(card.provider, card.model) for card in cards] == [("acme", "acme/one")]
    assert cards.card("acme", "acme/two") is None
    with pytest.raises(NoCard, match="acme/one"):
        cards.need("acme", "acme/two")
    (tmp_path / "two.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadCard, match="already holds"):
        load_cards(tmp_path)
