"""What every engine does to the books: the same order leaves the same effects under each of them.

Under Prefect these tests make eight flow runs in all; one takes a second or two.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract.engines.engine_parts import FailingStore, MendableHouse
from loopback.faults import Fault
from loopback.server import LoopbackProvider

from assets import StoreUnavailable
from flows import (
    Engine,
    InlineEngine,
    OrderRun,
    RunReport,
    Watcher,
    decide_review,
    run_order,
    run_plan,
)
from flows.briefs import attempt_seed
from ledger import AttemptState, Books, JobState, JobStory, Quoted

SIDE = 128
IMAGE_NANO = 3_000_000
"""What one image of flux-schnell costs."""


def order(jobs: int, *, provider: str = "studio", **changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Make an order of small pictures, one for each variant."""
    models = {"studio": "cards", "replicate": "black-forest-labs/flux-schnell"}
    return {
        "order": "mugs",
        "title": "Autumn mugs",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "autumn-2026",
        "budget": {"cap": "1.00", "per_job": "0.02", "attempts": 3},
        "generator": {"provider": provider, "model": models[provider]},
        "brief": {"prompt": "Mug {variant}"},
        "variants": jobs,
        "output": {"width": SIDE, "height": SIDE, "format": "webp", "name": "mug-{variant}"},
        "done": [
            {"dimensions": {"width": SIDE, "height": SIDE}},
            {"format": {"is": "webp"}},
            {"not_blank": {}},
        ],
        "concurrency": 4,
        **changes,
    }


def run(
    house: MendableHouse,
    books: Books,
    engine: Engine,
    data: dict[str, Any],
    watch: Watcher | None = None,
) -> RunReport:
    """Run an order file."""
    path = Path(house.settings.store_url.removeprefix("file:")).parent / "order.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return asyncio.run(run_plan(house, books, house.plan(path), None, engine, watch))


def resume(house: MendableHouse, books: Books, engine: Engine, order_id: str) -> RunReport:
    """Run an order from the books alone."""
    return asyncio.run(run_order(house, books, order_id, engine))


def story(books: Books, job_id: str) -> JobStory:
    """Read one job's whole story."""
    found = books.story(job_id)
    assert found is not None
    return found


def assert_in_order(books: Books, order_id: str) -> None:
    """Check what holds after any run: the books prove themselves and nobody has the order."""
    assert books.verify().problem is None
    assert books.lost(order_id, states=(AttemptState.HELD,)) == []
    assert books.job_counts(order_id)[JobState.BUILDING] == 0


def test_every_job_is_built_judged_released_and_paid_for_once(
    house: MendableHouse, books: Books, engine: Engine
) -> None:
    report = run(house, books, engine, order(6))
    assert (report.exit_code, report.state) == (0, "done")
    assert (report.jobs, report.released, report.attempts) == (6, 6, 6)
    assert report.held_nano == 0
    assert 0 < report.spent_nano == books.totals().charged_nano
    store = house.store()
    for released in books.released(report.order_id):
        told = story(books, released.job_id)
        assert [one.criterion for one in told.attempts[0].verdicts] == [
            "intact",
            "dimensions",
            "format",
            "not_blank",
        ]
        assert told.attempts[0].seed == attempt_seed(released.job_id, 1)
        assert len(store.get(released.release_key)) == released.byte_count
        receipt = json.loads(store.get(released.receipt_key))
        assert receipt["job"]["id"] == released.job_id
    assert report.manifest is not None
    manifest = json.loads(Path(report.manifest.removeprefix("file://")).read_bytes())
    assert len(manifest["assets"]) == 6
    assert_in_order(books, report.order_id)


def test_what_fails_a_gate_is_built_again_with_a_seed_of_its_own(
    house: MendableHouse, books: Books, engine: Engine, provider: LoopbackProvider
) -> None:
    provider.add_faults(Fault("blank", prompt="Mug 2", times=1), Fault("blank", prompt="Mug 3"))
    report = run(house, books, engine, order(4, provider="replicate"))
    assert (report.exit_code, report.released, report.rejected) == (3, 3, 1)
    assert report.attempts == 1 + 2 + 3 + 1
    assert report.spent_nano == 7 * IMAGE_NANO
    assert books.quoted(report.order_id) == Quoted(4 * IMAGE_NANO, 4 * IMAGE_NANO, 12 * IMAGE_NANO)
    assert provider.counters().created == 7
    twice = story(books, f"{report.order_id}#mug-2")
    assert twice.job.state is JobState.RELEASED
    failed = [
        [one.criterion for one in attempt.verdicts if not one.passed] for attempt in twice.attempts
    ]
    assert failed == [["not_blank"], []]
    never = story(books, f"{report.order_id}#mug-3")
    assert never.job.state is JobState.REJECTED
    assert "not_blank" in str(never.job.reason)
    assert [attempt.seed for attempt in never.attempts] == [
        attempt_seed(never.job.job_id, number) for number in (1, 2, 3)
    ]
    assert_in_order(books, report.order_id)


def test_what_the_cap_has_no_room_for_is_refused_and_never_sent(
    house: MendableHouse, books: Books, engine: Engine, provider: LoopbackProvider
) -> None:
    data = order(5, provider="replicate")
    data["budget"] = {"cap": "0.008", "per_job": "0.003", "attempts": 3}
    report = run(house, books, engine, data)
    assert (report.exit_code, report.released, report.refused) == (3, 2, 3)
    assert (report.spent_nano, report.held_nano) == (2 * IMAGE_NANO, 0)
    assert books.quoted(report.order_id) == Quoted(*[5 * IMAGE_NANO] * 3)
    assert provider.counters().posts == 2
    assert_in_order(books, report.order_id)


def test_a_person_decides_what_waits_for_review_and_the_order_goes_on(
    house: MendableHouse, books: Books, engine: Engine
) -> None:
    waiting = run(house, books, engine, order(3, review="all"))
    assert (waiting.exit_code, waiting.in_review, waiting.released) == (3, 3, 0)
    jobs = [f"{waiting.order_id}#mug-{number}" for number in (1, 2, 3)]
    decide_review(books, jobs[:1], by="editor@acme.example", because=None)
    decide_review(books, jobs[1:2], by="editor@acme.example", because="too dark")
    report = resume(house, books, engine, waiting.order_id)
    assert (report.released, report.in_review, report.attempts) == (1, 2, 4)
    approved = story(books, jobs[0])
    assert approved.job.approved_by == "editor@acme.example"
    assert approved.release is not None
    again = story(books, jobs[1])
    assert again.job.state is JobState.IN_REVIEW
    assert [attempt.seed for attempt in again.attempts] == [
        attempt_seed(jobs[1], number) for number in (1, 2)
    ]
    assert story(books, jobs[2]).job.last_number == 1
    assert_in_order(books, report.order_id)


def test_a_stop_in_the_books_ends_the_run_with_nothing_in_flight(
    house: MendableHouse, books: Books, engine: Engine
) -> None:
    async def stop_after_the_first(run: OrderRun) -> None:
        def look(own: Books) -> bool:
            if own.job_counts(run.order_id)[JobState.RELEASED] == 0:
                return False
            with own.transaction() as desk:
                desk.stop_order(run.order_id, "Stopped by `mintage stop`.")
            return True

        # Each look is a turn in the books' own thread, so this never spins.
        while not await run.keeper.run(look):
            pass

    report = run(house, books, engine, order(60, concurrency=1), stop_after_the_first)
    assert (report.exit_code, report.state) == (3, "stopped")
    assert report.stop_reason == "Stopped by `mintage stop`."
    assert 1 <= report.released < 60
    assert report.released + report.stopped == 60
    assert report.held_nano == 0
    # At most the job that was being built when the stop was written is ahead of the released ones.
    assert report.attempts <= report.released + 3
    assert_in_order(books, report.order_id)


def _crash(
    house: MendableHouse, books: Books, engine: Engine, provider: LoopbackProvider, prefix: str
) -> None:
    house.stores.append(FailingStore(house.store(), prefix, after=2))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable, match="disk is full"):
        run(house, books, engine, order(8, provider="replicate"))
    (broken,) = books.orders()
    order_id = broken.record.order_id
    assert str(broken.state) == "stopped"
    assert books.verify().problem is None
    created = provider.counters().created
    assert 0 < created <= 8
    house.stores.clear()
    report = resume(house, books, engine, order_id)
    assert (report.exit_code, report.released, report.attempts) == (0, 8, 8)
    assert report.spent_nano == 8 * IMAGE_NANO
    assert books.quoted(order_id) == Quoted(8 * IMAGE_NANO, 8 * IMAGE_NANO, 24 * IMAGE_NANO)
    # What was in flight when the store broke was paid for, so it is adopted and not built again.
    assert provider.counters().created == 8
    assert_in_order(books, order_id)


def test_a_store_that_breaks_while_bytes_are_staged_leaves_books_that_can_be_resumed(
    house: MendableHouse, books: Books, engine: Engine, provider: LoopbackProvider
) -> None:
    _crash(house, books, engine, provider, "staging/")


def test_a_store_that_breaks_while_assets_are_released_leaves_books_that_can_be_resumed(
    house: MendableHouse, books: Books, provider: LoopbackProvider
) -> None:
    # The engines differ in nothing here that the test above would not show.
    _crash(house, books, InlineEngine(), provider, "released/")
