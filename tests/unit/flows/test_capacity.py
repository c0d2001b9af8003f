"""What people and the machine cost: the arithmetic, what moves it which way, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import BadSettings, Capacity, Work, staying
from ledger.asset_costs import AssetCosts, OrderCost
from ledger.reports.report import Provenance
from ledger.selection import EVERYTHING

WORK = Work(
    volume=2_000,
    per_day=Decimal(12),
    person_usd=Decimal(7_500),
    review_share=Decimal("0.1"),
    asset_usd=Decimal("0.15"),
)


def numbers(low: str, high: str, places: int = 3) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places)


@st.composite
def works(draw: st.DrawFn) -> Work:
    return Work(
        volume=draw(st.integers(1, 1_000_000)),
        per_day=draw(numbers("0.1", "1000")),
        person_usd=draw(numbers("1", "100000", 2)),
        review_share=draw(numbers("0", "1")),
        asset_usd=draw(numbers("0", "500", 6)),
        working_days=draw(numbers("1", "31", 1)),
        review_effort=draw(numbers("0", "3")),
        by_hand_share=draw(numbers("0", "0.9")),
        fixed_usd=draw(numbers("0", "10000", 2)),
    )


def test_five_inputs_give_what_a_person_works_out_by_hand() -> None:
    found = Capacity(WORK)
    assert found.person_makes == 252
    assert found.hand_usd == Fraction(7_500, 252)
    assert found.review_usd == Fraction(750, 252)
    assert found.machine_usd == Fraction(15, 100) + Fraction(75, 252)
    assert found.all_by_hand_usd == Fraction(2_000 * 7_500, 252)
    assert found.with_machine_usd == 300 + Fraction(2_000 * 75, 252)
    assert round(found.saving_usd, 2) == Fraction("58628.57")
    assert found.people_by_hand == Fraction(2_000, 252)
    assert found.people_needed == Fraction(20, 252)
    assert found.even_volume == 0
    assert found.even_asset_usd == Fraction(7_500 - 75, 252)
    assert found.time_share == Fraction(1, 100)


def test_a_fixed_cost_has_a_volume_from_which_it_pays() -> None:
    found = Capacity(replace(WORK, fixed_usd=Decimal(1_000)))
    even = found.even_volume
    assert even is not None
    assert even == 1_000 / (found.hand_usd - found.machine_usd)
    assert Capacity(replace(found.work, volume=int(even))).saving_usd < 0
    assert Capacity(replace(found.work, volume=int(even) + 1)).saving_usd > 0


@settings(max_examples=60, deadline=None)
@given(works())
def test_both_cost_the_same_where_it_says_so(work: Work) -> None:
    found = Capacity(work)
    if found.even_asset_usd >= 0:
        assert Capacity(replace(work, asset_usd=found.even_asset_usd)).saving_usd == 0
    share = found.even_review_share
    if share is not None and 0 <= share <= 1:
        assert Capacity(replace(work, review_share=share)).saving_usd == 0
    if found.even_volume is not None:
        at = found.even_volume
        made = (1 - Fraction(work.by_hand_share)) * (found.hand_usd - found.machine_usd) * at
        assert made == work.fixed_usd


@settings(max_examples=60, deadline=None)
@given(works())
def test_parts_add_up(work: Work) -> None:
    found = Capacity(work)
    assert found.made_by_hand + found.made_by_machine == work.volume
    assert found.people_freed + found.people_needed == found.people_by_hand
    assert found.saving_usd + found.with_machine_usd == found.all_by_hand_usd
    assert found.people_by_hand * Fraction(work.person_usd) == found.all_by_hand_usd
    # What people still do, paid as people, and what the provider and the house take.
    people_usd = found.people_needed * Fraction(work.person_usd)
    machine_usd = found.made_by_machine * Fraction(work.asset_usd) + Fraction(work.fixed_usd)
    assert people_usd + machine_usd == found.with_machine_usd


@settings(max_examples=60, deadline=None)
@given(works(), st.integers(1, 100), numbers("0.001", "5"))
def test_each_input_moves_the_saving_in_its_own_direction(
    work: Work, more: int, dearer: Decimal
) -> None:
    saving = Capacity(work).saving_usd

    def with_(**changes: object) -> Fraction:
        return Capacity(replace(work, **changes)).saving_usd  # type: ignore[arg-type]

    assert with_(asset_usd=Fraction(work.asset_usd) + Fraction(dearer)) < saving
    assert with_(fixed_usd=Fraction(work.fixed_usd) + Fraction(dearer)) < saving
    assert with_(review_effort=Fraction(work.review_effort) + Fraction(dearer)) <= saving
    assert with_(review_share=1) <= saving
    assert Capacity(replace(work, per_day=Fraction(work.per_day) + Fraction(dearer))).hand_usd < (
        Capacity(work).hand_usd
    )
    if Capacity(work).machine_usd < Capacity(work).hand_usd:
        assert with_(volume=work.volume + more) > saving
        assert with_(by_hand_share=Fraction(work.by_hand_share) / 2) >= saving
    if Fraction(work.review_share) * Fraction(work.review_effort) < 1:
        assert with_(person_usd=Fraction(work.person_usd) + Fraction(dearer)) > saving


def of_orders(*rows: tuple[str, str, int, int]) -> AssetCosts:
    orders = tuple(
        OrderCost(order_id, int(Decimal(usd) * 10**9), released, given_up)
        for order_id, usd, released, given_up in rows
    )
    return AssetCosts(EVERYTHING, orders, Provenance(1, "E1", "E1", None, sealed=False))


def test_what_stays_with_people_is_what_failed_and_what_is_dearer_by_machine() -> None:
    costs = of_orders(
        ("cheap@1", "10", 80, 0), ("dear@1", "400", 10, 10), ("dearest@1", "99", 1, 0)
    )
    assert costs.asset_usd == Fraction(509, 91)
    assert costs.given_up_share == Fraction(10, 101)
    work = replace(WORK, asset_usd=Fraction(509, 91), by_hand_share=costs.given_up_share)
    part = staying(Capacity(work), costs)
    assert [one.order_id for one in part.dearer] == ["dearest@1", "dear@1"]
    assert part.given_up_share == Fraction(10, 101)
    assert part.dearer_share == Fraction(11, 91) * Fraction(91, 101)
    assert part.share == Fraction(21, 101)


def test_everything_stays_with_people_where_the_machine_saves_nothing() -> None:
    dear = Capacity(replace(WORK, asset_usd=Decimal(30)))
    assert dear.saving_usd < 0
    assert dear.even_volume is None
    assert staying(dear, None).share == 1
    fixed = Capacity(replace(WORK, volume=1, fixed_usd=Decimal(1_000)))
    assert staying(fixed, None).share == 1


def test_reviews_that_take_longer_than_making_can_cost_more_than_the_machine_saves() -> None:
    found = Capacity(replace(WORK, review_share=1, review_effort=Decimal("1.5")))
    assert found.people_freed < 0
    assert found.saving_usd < 0
    share = found.even_review_share
    assert share is not None
    assert 0 < share < 1
    assert Capacity(replace(WORK, review_effort=0)).even_review_share is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"volume": 0}, "The volume must lie between 1 and 1,000,000,000, not at 0."),
        ({"volume": 10**10}, "The volume must lie"),
        ({"per_day": Decimal(0)}, "The number that a person makes in a day must lie"),
        ({"per_day": Decimal(10**7)}, "not at 10,000,000."),
        ({"person_usd": Decimal(0)}, "The cost of a person must lie between 0.01"),
        ({"review_share": Decimal("1.01")}, "The review share must lie between 0 and 1"),
        ({"review_share": Decimal("-0.1")}, "not at -0.1."),
        ({"asset_usd": Decimal(-1)}, "The cost of a released asset must lie"),
        ({"asset_usd": Fraction(10**19, 3)}, "The cost of a released asset must lie"),
        ({"working_days": Decimal(32)}, "The number of working days must lie"),
        ({"review_effort": Decimal(101)}, "The time of a review"),
        ({"by_hand_share": 1}, "there is no machine to compare"),
        ({"fixed_usd": Decimal(-1)}, "The machine's fixed cost must lie"),
    ],
)
def test_what_no_month_can_be_is_refused_in_a_sentence(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(BadSettings, match=r"must lie|no machine") as caught:
        replace(WORK, **changes)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_extremes_are_worked_out_all_the_same() -> None:
    for work in (
        Work(1, Decimal("0.001"), Decimal("0.01"), 0, 0, Decimal("0.01"), 0),
        Work(10**9, Decimal(10**6), Decimal(10**9), 1, Decimal(10**9), Decimal(31), Decimal(100)),
    ):
        found = Capacity(work)
        assert found.saving_usd == found.all_by_hand_usd - found.with_machine_usd
