"""The provider's state on a clock of the test's own: lives, prices, draws, pages. No sockets."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from loopback.billing import PRICES, line_for
from loopback.catalog import MODELS
from loopback.control import run_command
from loopback.errors import BadCommandError
from loopback.faults import CREATES_NOTHING, SLOTS, Fault, FaultDesk
from loopback.prediction import Prediction, microseconds, timestamp
from loopback.settings import Settings
from loopback.world import PageKey, RateMeter, World

SCHNELL = "black-forest-labs/flux-schnell"
NOON_S = 1_795_348_800.0


def make_world(**settings: Any) -> World:  # noqa: ANN401 - the fields of Settings
    return World(Settings(**settings), clock=lambda: NOON_S, meter_clock=lambda: 0.0)


def create(
    world: World,
    model: str = SCHNELL,
    *faults: Fault,
    deadline_s: float | None = None,
    **given: Any,  # noqa: ANN401 - a model's input
) -> Prediction:
    spec = MODELS[model]
    model_input = {"prompt": "a mug", **given}
    return world.create(
        spec, model_input, version="hidden", deadline_s=deadline_s, faults=tuple(faults)
    )


def test_a_prediction_starts_runs_and_ends_as_the_clock_moves() -> None:
    world = make_world(queue_s=(2, 2), latency_s=(3, 3))
    prediction = create(world)
    seen = [world.view(prediction)["status"]]
    for _ in range(5):
        world.advance(1)
        seen.append(world.view(prediction)["status"])
    assert seen == ["starting", "starting", "processing", "processing", "processing", "succeeded"]


@pytest.mark.parametrize(
    ("deadline_s", "status", "amount"), [(5, "aborted", "0"), (7, "canceled", "0.003")]
)
def test_a_deadline_aborts_for_free_before_the_start_and_cancels_for_money_after_it(
    deadline_s: float, status: str, amount: str
) -> None:
    world = make_world(queue_s=(6, 6), latency_s=(3, 3))
    prediction = create(world, deadline_s=deadline_s)
    world.advance(deadline_s)
    assert world.view(prediction)["status"] == status
    assert line_for(prediction).amount == Decimal(amount)


def test_a_run_that_ends_before_its_deadline_succeeds() -> None:
    world = make_world(latency_s=(3, 3))
    prediction = create(world, deadline_s=5)
    world.advance(10)
    assert world.view(prediction)["status"] == "succeeded"


def test_a_canceled_time_priced_run_pays_for_the_time_until_the_cancel() -> None:
    world = make_world(latency_s=(4, 4), predict_time_s=(8, 8))
    prediction = create(world, "stability-ai/sdxl")
    world.advance(1)
    world.cancel(prediction)
    world.advance(10)
    line = line_for(prediction)
    assert (line.status, line.quantities) == ("canceled", {"predict_time": Decimal("2.0")})
    assert line.amount == 2 * Decimal("0.000975")


def test_canceling_what_has_ended_changes_nothing() -> None:
    world = make_world()
    prediction = create(world)
    world.cancel(prediction)
    assert prediction.ending()[1] == "succeeded"


@pytest.mark.parametrize(
    ("model", "given", "amount"),
    [
        (SCHNELL, {"num_outputs": 4}, "0.012"),
        ("black-forest-labs/flux-dev", {}, "0.025"),
        ("black-forest-labs/flux-1.1-pro", {}, "0.04"),
        ("black-forest-labs/flux-2-pro", {}, "0.03"),
        ("black-forest-labs/flux-2-pro", {"aspect_ratio": "16:9"}, "0.03"),
        ("black-forest-labs/flux-2-pro", {"resolution": "4 MP", "input_images": ["u"]}, "0.09"),
        ("stability-ai/sdxl", {}, "0.00390"),
        ("ideogram-ai/ideogram-v3-turbo", {}, "0.03"),
    ],
)
def test_a_success_costs_its_metrics_times_the_list_price(
    model: str, given: dict[str, Any], amount: str
) -> None:
    prediction = create(make_world(predict_time_s=(4, 4)), model, **given)
    assert line_for(prediction).amount == Decimal(amount)


def test_every_model_has_a_price() -> None:
    assert set(PRICES) == set(MODELS)


@pytest.mark.parametrize("kind", ["failed", "sensitive", "aborted"])
def test_what_failed_or_never_started_is_free(kind: str) -> None:
    world = make_world()
    create(world, SCHNELL, Fault(kind, with_counts=True))
    (line,) = world.bill()
    assert (line.amount_nano, line.items) == (0, ())


def test_a_missing_file_is_billed_all_the_same() -> None:
    world = make_world()
    prediction = create(world, SCHNELL, Fault("short_output"), num_outputs=3)
    assert len(world.view(prediction)["output"]) == 2
    assert line_for(prediction).amount == Decimal("0.009")


def test_amounts_are_rounded_once_to_the_nano_dollar_half_to_even() -> None:
    world = make_world(predict_time_s=(3.000000513, 3.000000513))
    line = line_for(create(world, "stability-ai/sdxl"))
    assert line.amount == Decimal("0.002925000500175")
    assert line.amount_nano == 2_925_001


def test_nothing_is_billed_before_it_ended() -> None:
    world = make_world(latency_s=(5, 5))
    create(world)
    assert world.bill() == []
    assert world.settled_in_s() == 5
    world.advance(5)
    assert len(world.bill()) == 1
    assert world.settled_in_s() == 0


def test_data_is_removed_after_the_retention_but_the_record_stays() -> None:
    world = make_world(retention_s=3600)
    prediction = create(world)
    before = world.view(prediction)
    world.advance(3600)
    after = world.view(prediction)
    assert (after["input"], after["output"], after["logs"]) == ({}, None, "")
    assert after["data_removed"]
    assert not before["data_removed"]
    kept = ("id", "model", "status", "metrics", "created_at", "completed_at")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_pages_walk_the_whole_list_newest_first_and_back() -> None:
    world = make_world(page_size=4)
    created = [create(world).number for _ in range(10)]
    walked: list[list[int]] = []
    page, has_newer, has_older = world.page(PageKey())
    assert not has_newer
    while True:
        walked.append([prediction.number for prediction in page])
        if not has_older:
            break
        page, has_newer, has_older = world.page(PageKey(below=page[-1].number))
        assert has_newer
    assert walked == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]
    assert sorted(itertools.chain(*walked)) == created
    back, _, _ = world.page(PageKey(above=page[0].number))
    assert [prediction.number for prediction in back] == [5, 4, 3, 2]


def test_the_list_holds_back_what_lags_and_what_its_dates_exclude() -> None:
    world = make_world()
    old = create(world)
    world.advance(10)
    new = create(world)
    lagging = create(world, SCHNELL, Fault("list_lag", seconds=3))

    def numbers(key: PageKey) -> list[int]:
        return [prediction.number for prediction in world.page(key)[0]]

    assert numbers(PageKey()) == [new.number, old.number]
    assert numbers(PageKey(after_us=new.created_us)) == [new.number]
    assert numbers(PageKey(before_us=new.created_us)) == [old.number]
    world.advance(3)
    assert numbers(PageKey()) == [lagging.number, new.number, old.number]


def test_times_survive_being_written_and_read() -> None:
    at_us = 1_795_348_800_123_457
    assert timestamp(at_us) == "2026-11-22T12:00:00.123457Z"
    assert microseconds(timestamp(at_us)) == at_us
    assert microseconds("2026-11-22T13:00:00.123457+01:00") == at_us


def test_faults_come_with_about_their_probability_and_the_same_ones_again() -> None:
    def drawn() -> list[bool]:
        desk = FaultDesk(3, [Fault("throttle", probability=0.25)])
        return [bool(desk.drawn_for_create(n, SCHNELL, {"seed": n})) for n in range(4000)]

    first = drawn()
    assert drawn() == first
    assert 0.22 < sum(first) / len(first) < 0.28


def test_faults_drawn_by_seed_do_not_depend_on_the_order_of_arrival() -> None:
    def fated(seeds: list[int]) -> dict[int, bool]:
        desk = FaultDesk(3, [Fault("failed", probability=0.5, by="seed")])
        return {
            seed: bool(desk.drawn_for_create(n, SCHNELL, {"seed": seed}))
            for n, seed in enumerate(seeds)
        }

    forth = fated(list(range(200)))
    assert fated(list(range(199, -1, -1))) == forth
    assert 60 < sum(forth.values()) < 140


def test_a_scripted_fault_fires_for_the_next_matching_requests_only() -> None:
    desk = FaultDesk(
        0, [Fault("failed", times=2, after=1, prompt="lamp", inputs={"num_outputs": 2})]
    )
    lamp: dict[str, Any] = {"prompt": "a lamp", "num_outputs": 2}
    requests = [lamp, {"prompt": "a lamp"}, lamp, {**lamp, "prompt": "a mug"}, lamp, lamp]
    fired = [bool(desk.drawn_for_create(n, SCHNELL, given)) for n, given in enumerate(requests)]
    assert fired == [False, False, True, False, True, False]
    assert desk.counts == Counter(failed=2)


def test_one_request_has_at_most_one_fault_of_each_slot() -> None:
    kinds = ["cut_after_create", "slow_answer", "failed", "aborted", "blank", "html", "list_lag"]
    desk = FaultDesk(0, [Fault(kind) for kind in kinds])
    drawn = [fault.kind for fault in desk.drawn_for_create(0, SCHNELL, {})]
    assert drawn == ["cut_after_create", "failed", "blank", "list_lag"]


@pytest.mark.parametrize("kind", sorted(CREATES_NOTHING))
def test_what_creates_nothing_has_no_other_fault(kind: str) -> None:
    desk = FaultDesk(0, [Fault("failed"), Fault(kind)])
    assert [fault.kind for fault in desk.drawn_for_create(0, SCHNELL, {})] == [kind]


@pytest.mark.parametrize("make", [lambda: Fault("typo"), lambda: Fault("failed", probability=1.5)])
def test_a_rule_that_makes_no_sense_is_refused(make: Callable[[], Fault]) -> None:
    with pytest.raises(ValueError, match="fault"):
        make()


@pytest.mark.parametrize("kind", sorted(SLOTS))
def test_rules_and_settings_survive_the_way_through_json(kind: str) -> None:
    rule = Fault(kind, probability=0.5, size=(3, 4), inputs={"seed": 1}, seconds=2)
    assert Fault.from_json(rule.as_json()) == rule
    settings = Settings(latency_s=(1, 2), faults=(rule,))
    assert Settings.from_json(settings.as_json()) == settings


def test_the_meter_keeps_the_highest_count_of_any_rolling_minute() -> None:
    moments = [0.0]
    meter = RateMeter(lambda: moments[-1])
    for moment_s in (0, 10, 20, 59, 61, 62, 200):
        moments.append(moment_s)
        meter.count()
    assert meter.current() == 1
    assert meter.peak == 5


def test_unknown_commands_and_arguments_are_refused() -> None:
    world = make_world()
    with pytest.raises(BadCommandError, match="nonsense"):
        run_command(world, "nonsense", {})
    with pytest.raises(BadCommandError, match="hours"):
        run_command(world, "advance", {"hours": 1})
