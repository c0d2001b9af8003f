"""What an order would cost, added up by hand for models that are priced in different ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.flows.order_parts import order, plan

from flows import OrderQuote, quote_plan

NANO = 10**9


def quote(folder: Path, model: str, *, size: int = 1024, provider: str = "replicate") -> OrderQuote:
    """Quote eight jobs of a model at five dollars, up to 20 cents a job."""
    return quote_plan(
        plan(
            folder,
            order(
                generator={"provider": provider, "model": model},
                output__width=size,
                output__height=size,
                done=[{"format": {"is": "webp"}}],
            ),
        )
    )


def test_a_price_per_image(tmp_path: Path) -> None:
    made = quote(tmp_path, "black-forest-labs/flux-schnell")
    assert made.attempt_dearest_nano == made.attempt_expected_nano == 3_000_000
    assert made.expected_nano == made.first_pass_nano == 8 * 3_000_000
    assert made.dearest_nano == 8 * 3 * 3_000_000
    assert (made.job_count, made.attempts_max, made.jobs_covered) == (8, 3, 8)
    assert made.covers_expected
    assert made.covers_dearest


def test_prices_that_stack(tmp_path: Path) -> None:
    # A run, and every megapixel that is begun: 1024 x 1024 is one of 2^20 pixels, or two of a million.
    made = quote(tmp_path, "black-forest-labs/flux-2-pro")
    assert made.attempt_dearest_nano == 15_000_000 + 2 * 15_000_000
    assert made.attempt_expected_nano == 15_000_000 + 15_000_000
    assert made.expected_nano == 8 * 30_000_000
    assert made.dearest_nano == 8 * 3 * made.attempt_dearest_nano


def test_a_price_per_second_is_held_for_all_the_seconds_of_the_bound(tmp_path: Path) -> None:
    made = quote(tmp_path, "stability-ai/sdxl")
    assert made.attempt_dearest_nano == 60 * 975_000
    assert made.attempt_expected_nano == 5 * 975_000
    assert made.expected_nano == 8 * 4_875_000
    assert made.first_pass_nano == 8 * 58_500_000
    # 20 cents pay for three attempts at 5.85 cents each.
    assert made.dearest_nano == 8 * 3 * 58_500_000


def test_the_studio_costs_the_time_that_it_draws(tmp_path: Path) -> None:
    made = quote(tmp_path, "cards", provider="studio", size=512)
    assert made.attempt_dearest_nano == 10 * 100_000
    assert made.attempt_expected_nano == 20_000


def test_a_jobs_own_cap_bounds_the_attempts_that_can_be_paid_for(tmp_path: Path) -> None:
    made = quote_plan(plan(tmp_path, order(budget__per_job="0.0089", budget__attempts=5)))
    assert made.dearest_nano == 8 * 2 * 3_000_000
    assert made.per_job_nano == 8_900_000


@pytest.mark.parametrize(
    ("cap", "covered", "expected", "dearest"),
    [
        ("0.072", 8, True, True),
        ("0.071999999", 8, True, False),
        ("0.024", 8, True, False),
        ("0.023999999", 7, False, False),
        ("0.002", 0, False, False),
    ],
)
def test_the_cap_says_how_many_jobs_it_surely_pays_for(
    tmp_path: Path, cap: str, covered: int, expected: bool, dearest: bool
) -> None:
    made = quote_plan(plan(tmp_path, order(budget__cap=cap)))
    assert made.jobs_covered == covered
    assert (made.covers_expected, made.covers_dearest) == (expected, dearest)


def test_jobs_of_different_sizes_are_added_up_each_at_its_own_price(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        order(
            generator={"provider": "replicate", "model": "black-forest-labs/flux-2-pro"},
            matrix={"side": [512, 1024]},
            brief__prompt="A mug",
            output__width="{side}",
            output__height="{side}",
            output__name="{side}-{variant}",
            done=[{"dimensions": {"width": "{side}", "height": "{side}"}}],
        ),
    )
    small, large = 15_000_000 + 15_000_000, 15_000_000 + 2 * 15_000_000
    quoted = quote_plan(made)
    assert quoted.first_pass_nano == 2 * small + 2 * large
    assert quoted.attempt_dearest_nano == large
    assert sum(made.attempt_costs.values()) == made.job_count == 4


def test_a_quote_is_under_the_edition_that_is_asked_for(tmp_path: Path) -> None:
    made = plan(tmp_path, order())
    assert quote_plan(made).order_id == made.order_id()
    assert quote_plan(made, "2026-11-20").order_id == "mugs@2026-11-20"
    assert quote_plan(made).cap_nano == 5 * NANO
