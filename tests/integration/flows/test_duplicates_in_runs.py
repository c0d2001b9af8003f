"""Near duplicates in whole runs, against a provider that draws the same picture every time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract.engines.engine_parts import FailingStore, MendableHouse
from loopback.server import LoopbackProvider
from PIL import ImageOps
from pydantic import SecretStr
from unit.validators.sample_pictures import encoded, photograph

from assets import Store, StoreUnavailable
from flows import (
    InlineEngine,
    Measured,
    RunReport,
    Settings,
    audit_store,
    decide_review,
    inspect_files,
    measure_released,
    run_order,
    run_plan,
)
from ledger import Books, JobState
from validators import NotSeenBefore

JOBS = 4
SIDE = 128


@pytest.fixture(scope="module")
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider(seed=7, picture_variants=1) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, provider: LoopbackProvider) -> MendableHouse:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/ledger.db",
        store_url=f"file:{tmp_path}/store",
        replicate_api_token=SecretStr(provider.token),
        replicate_base_url=provider.base_url,
        prefect_api_url=None,
        absent_after_s=0,
        settle_timeout_s=10,
        inspectors=1,
    )
    return MendableHouse(settings)


@pytest.fixture
def books(house: MendableHouse) -> Iterator[Books]:
    with house.books() as opened:
        yield opened


class BreakingStore(FailingStore):
    """A store that breaks down right after it has put so many objects below `released/`."""

    def __init__(self, store: Store, after: int) -> None:
        super().__init__(store, "released/", after - 1)

    def put_once(self, key: str, data: bytes, **rest: Any) -> Any:  # noqa: ANN401  as the real one
        """Put it, and break, if it is the last."""
        try:
            return super().put_once(key, data, **rest)
        except StoreUnavailable:
            self._store.put_once(key, data, **rest)
            raise


def order(slug: str, *, asks: bool = True) -> dict[str, Any]:
    rule: list[dict[str, object]] = [{"not_seen_before": {}}] if asks else []
    return {
        "order": slug,
        "title": "Autumn mugs",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "autumn-2026",
        "budget": {"cap": "1.00", "per_job": "0.02", "attempts": 2},
        "generator": {"provider": "replicate", "model": "black-forest-labs/flux-schnell"},
        "brief": {"prompt": "Mug {variant}"},
        "variants": JOBS,
        "output": {"width": SIDE, "height": SIDE, "format": "webp", "name": "mug-{variant}"},
        "done": [
            {"dimensions": {"width": SIDE, "height": SIDE}},
            {"format": {"is": "webp"}},
            *rule,
        ],
        "concurrency": JOBS,
    }


def run(house: MendableHouse, books: Books, data: dict[str, Any]) -> RunReport:
    path = Path(house.settings.store_url.removeprefix("file:")).parent / "order.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    plan = house.plan(path)
    return asyncio.run(run_plan(house, books, plan, None, InlineEngine()))


def reasons(books: Books, order_id: str) -> list[str]:
    page = books.job_ids(order_id, (JobState.REJECTED,))
    return [str(view.reason) for view in books.jobs([job_id for _, job_id in page])]


def test_one_of_many_copies_is_released_and_later_orders_know_it(
    house: MendableHouse, books: Books
) -> None:
    first = run(house, books, order("mugs"))
    assert (first.released, first.rejected, first.attempts) == (1, JOBS - 1, 2 * JOBS - 1)
    (kept,) = books.released(first.order_id)
    assert all(
        f"not_seen_before: The picture is nearly the same as {kept.name} (" in reason
        for reason in reasons(books, first.order_id)
    )
    second = run(house, books, order("cups"))
    assert (second.released, second.rejected) == (0, JOBS)
    assert all(
        f"nearly the same as {kept.job_id} (" in reason
        for reason in reasons(books, second.order_id)
    )
    story = books.story(f"{second.order_id}#mug-1")
    assert story is not None
    (failed,) = [one for one in story.attempts[-1].verdicts if not one.passed]
    assert '"kind":"new_seed"' in str(failed.remedy_json)
    assert f'"nearest":"{kept.job_id}"' in failed.measured_json
    assert books.verify().problem is None


def test_what_was_accepted_and_not_released_when_a_run_broke_is_still_the_first(
    house: MendableHouse, books: Books
) -> None:
    house.stores.append(FailingStore(house.store(), "released/", after=0))
    with pytest.raises(StoreUnavailable, match="disk is full"):
        run(house, books, order("mugs"))
    house.stores.clear()
    (broken,) = books.orders()
    order_id = broken.record.order_id
    (passed,) = books.passed_pictures(order_id)
    assert books.released_pictures(0, 10) == []
    report = asyncio.run(run_order(house, books, order_id, InlineEngine()))
    assert (report.released, report.rejected) == (1, JOBS - 1)
    (kept,) = books.released(order_id)
    assert kept.job_id == passed.job_id
    assert len(books.released_pictures(0, 10)) == 1


def one(slug: str, **rule: str) -> dict[str, Any]:
    """An order of one job with one attempt: `provider` draws the same picture for each."""
    data = order(slug, asks=False)
    data["done"].append({"not_seen_before": rule})
    return {**data, "variants": 1, "budget": {**data["budget"], "attempts": 1}}


def test_what_was_approved_after_its_twin_was_released_is_not_released(
    house: MendableHouse, books: Books
) -> None:
    orders = [
        run(house, books, {**one(slug, severity=severity), "review": "all"}).order_id
        for slug, severity in (("first", "block"), ("second", "block"), ("told", "warn"))
    ]
    twins = [f"{order_id}#mug-1" for order_id in orders]
    decide_review(books, twins, by="editor@acme.example", because=None)
    reports = [
        asyncio.run(run_order(house, books, order_id, InlineEngine())) for order_id in orders
    ]
    assert [(made.released, made.rejected) for made in reports] == [(1, 0), (0, 1), (1, 0)]
    (why,) = reasons(books, orders[1])
    assert (
        f"nearly the same as {twins[0]} (0 of 64 bits differ). That one was released meanwhile"
        in why
    )
    assert books.verify().problem is None


def test_a_twin_that_a_person_has_to_see_is_shown_and_then_released(
    house: MendableHouse, books: Books
) -> None:
    house.stores.append(FailingStore(house.store(), "released/", after=0))
    with pytest.raises(StoreUnavailable, match="disk is full"):
        run(house, books, one("mugs", severity="review"))
    house.stores.clear()
    (broken,) = books.orders()
    order_id = broken.record.order_id
    assert run(house, books, one("cups")).released == 1
    assert asyncio.run(run_order(house, books, order_id, InlineEngine())).released == 0
    (view,) = books.jobs([f"{order_id}#mug-1"])
    assert view.state is JobState.IN_REVIEW
    assert "That one was released meanwhile" in str(view.reason)
    decide_review(books, [view.job_id], by="editor@acme.example", because=None)
    assert asyncio.run(run_order(house, books, order_id, InlineEngine())).released == 1
    assert books.verify().problem is None


def test_pictures_that_nobody_measured_are_measured_and_known_from_then_on(
    house: MendableHouse, books: Books
) -> None:
    first = run(house, books, order("mugs", asks=False))
    assert first.released == JOBS
    gone, kept, *_ = books.released(first.order_id)
    Path(house.store().locate(gone.release_key).removeprefix("file://")).unlink()

    def measure(limit: int | None) -> Measured:
        with contextlib.closing(house.inspectors()) as inspectors:
            return asyncio.run(measure_released(books, house.store(), inspectors, limit=limit))

    begun = measure(2)
    assert (begun.measured + len(begun.left), books.unmeasured_count()) == (
        2,
        JOBS - begun.measured,
    )
    done = measure(None)
    assert begun.measured + done.measured == JOBS - 1
    ((job_id, why),) = done.left
    assert (job_id, gone.release_key in why) == (gone.job_id, True)
    assert [one.job_id for one in books.unmeasured()] == [gone.job_id]
    second = run(house, books, order("cups"))
    assert (second.released, second.rejected) == (0, JOBS)
    assert kept.order_id in reasons(books, second.order_id)[0]
    assert books.verify().problem is None


def test_files_given_together_are_compared_with_each_other_and_not_with_the_books(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / name for name in ("one.png", "two.webp", "three.jpg")]
    for path, image in zip(paths, (photograph(), photograph(seed=21), photograph()), strict=True):
        path.write_bytes(encoded(ImageOps.mirror(image) if path is paths[2] else image, "png"))
    found = list(inspect_files(paths, [NotSeenBefore()]))
    assert [one.passed for one in found] == [True, True, False]
    verdict = found[2].verdicts[-1]
    assert f"nearly the mirror image of {paths[0]} (" in str(verdict.reason)
    assert verdict.measured["not_asked"] == "order and released pictures in the books"


@pytest.mark.parametrize(("put", "severity"), [(1, "review"), (2, "block")])
def test_what_was_in_the_store_before_its_twin_was_released_is_released_too(
    house: MendableHouse, books: Books, put: int, severity: str
) -> None:
    # The run broke with the receipt, or all of it, under public keys: nothing takes that back.
    house.stores.append(BreakingStore(house.store(), put))
    with pytest.raises(StoreUnavailable):
        run(house, books, one("mugs", severity=severity))
    house.stores.clear()
    (broken,) = books.orders()
    found = audit_store(books, house.store(), None, deep=False)
    assert (found.problems, len(found.unfinished)) == ((), put)
    assert run(house, books, one("cups", severity="warn")).released == 1
    report = asyncio.run(run_order(house, books, broken.record.order_id, InlineEngine()))
    assert (report.released, report.rejected, report.in_review) == (1, 0, 0)
    found = audit_store(books, house.store(), None, deep=True)
    assert (found.problems, found.unfinished, found.checked) == ((), (), 2)
