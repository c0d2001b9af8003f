"""Replicate's list read as a statement: every run of a span once, at its price, or said to have none.

Against tests/loopback, whose own statement is the yardstick, and against pages written here where a
record has to be odd.
"""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from integration.replicate.scripted_api import Reply, ScriptedApi, Seen
from loopback.faults import Fault
from loopback.server import LoopbackProvider

from generators import (
    Access,
    BilledRun,
    NoProvider,
    NoStatements,
    ProviderUnavailable,
    TokenMissing,
    load_cards,
    open_statements,
)
from generators.cards import Cards
from generators.replicate_patience import Clocks
from generators.replicate_statement import (
    IDLE_PAGES_MAX,
    REMEMBERED_MAX,
    RUN_LONGEST,
    ReplicateStatements,
)
from generators.replicate_wire import Answer, NoAnswer, NotSent, ReplicateWire

SCHNELL = "black-forest-labs/flux-schnell"
PRO_2 = "black-forest-labs/flux-2-pro"
SDXL = "stability-ai/sdxl"
MODELS = [card.model for card in load_cards() if card.provider == "replicate"]
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


def whole(provider: LoopbackProvider, since: datetime, until: datetime) -> list[BilledRun]:
    """Read a span of the loopback's record as anybody would."""

    async def read() -> list[BilledRun]:
        access = Access(replicate_token=provider.token, replicate_base_url=provider.base_url)
        statements = open_statements("replicate", access)
        try:
            return [run async for run in statements.runs(since, until)]
        finally:
            await statements.aclose()

    return asyncio.run(read())


def create(provider: LoopbackProvider, model: str = SCHNELL, **given: Any) -> str:  # noqa: ANN401  a model's input
    shown = provider.create_elsewhere(model, {"prompt": "a mug", **given}, source="api")
    return str(shown["id"])


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider(predict_time_s=(3.0, 5.0), page_size=3) as running:
        yield running


def test_every_model_is_priced_as_the_provider_prices_it(provider: LoopbackProvider) -> None:
    started = now()
    for model in (*MODELS, *MODELS):
        create(provider, model)
    runs = whole(provider, started - HOUR, now() + HOUR)
    assert {run.ref: run.amount_usd for run in runs} == {
        line.prediction_id: line.amount for line in provider.bill()
    }
    assert len(runs) == 2 * len(MODELS) == len({run.ref for run in runs})
    assert sorted({run.model for run in runs}) == sorted(MODELS)
    assert not [run for run in runs if run.unpriced or run.under_way]


@pytest.mark.parametrize("kind", ["failed", "sensitive", "aborted", "canceled"])
def test_what_did_not_succeed_is_charged_or_free_as_the_card_says(
    provider: LoopbackProvider, kind: str
) -> None:
    for model in (SCHNELL, PRO_2, SDXL):
        shown = provider.create_elsewhere(model, {"prompt": "a mug"}, source="api")
        assert shown["id"]
    provider.add_faults(Fault(kind, probability=1.0))
    asyncio.run(_posted(provider))
    runs = whole(provider, now() - HOUR, now() + HOUR)
    billed = {line.prediction_id: line.amount for line in provider.bill()}
    assert {run.ref: run.amount_usd for run in runs} == billed
    (odd,) = [run for run in runs if run.status != "succeeded"]
    assert (odd.amount_usd == 0) == (kind != "canceled")


async def _posted(provider: LoopbackProvider) -> None:
    """Create one run by the API: faults are for those."""
    wire = ReplicateWire(provider.token, base_url=provider.base_url, concurrency=1)

    async def may_send() -> bool:
        return True

    body = {"input": {"prompt": "a mug"}}
    await wire.post(f"/v1/models/{SCHNELL}/predictions", body, {"Prefer": "wait=5"}, 10, may_send)
    await wire.aclose()


def test_a_span_has_what_completed_in_it_and_neighbours_share_nothing(
    provider: LoopbackProvider,
) -> None:
    provider.configure(latency_s=(600.0, 600.0))
    refs = []
    for _ in range(8):
        refs.append(create(provider))
        provider.advance(300)
    provider.advance(600)
    ends = sorted(_completed(provider, ref) for ref in refs)
    edge = ends[4]
    before = whole(provider, edge - 2 * HOUR, edge)
    after = whole(provider, edge, edge + 2 * HOUR)
    assert [run.ref for run in reversed(before)] == refs[:4], "the edge belongs to what comes after"
    assert [run.ref for run in reversed(after)] == refs[4:]
    assert all(run.completed_at and run.created_at for run in (*before, *after))


def _completed(provider: LoopbackProvider, ref: str) -> datetime:
    (run,) = [run for run in whole(provider, now() - HOUR, now() + 3 * HOUR) if run.ref == ref]
    assert run.completed_at is not None
    return run.completed_at


def test_a_run_that_has_not_ended_is_shown_without_an_amount(provider: LoopbackProvider) -> None:
    provider.configure(latency_s=(600.0, 600.0))
    ref = create(provider)
    (run,) = whole(provider, now() - HOUR, now() + HOUR)
    assert (run.ref, run.under_way, run.usage, run.amount_usd) == (ref, True, (), None)


@pytest.mark.parametrize("by_offset", [False, True])
def test_runs_that_are_created_while_it_is_read_show_none_twice(by_offset: bool) -> None:
    with LoopbackProvider(page_size=2, page_by_offset=by_offset) as provider:
        refs = [create(provider) for _ in range(9)]

        async def read() -> list[str]:
            access = Access(replicate_token=provider.token, replicate_base_url=provider.base_url)
            statements = open_statements("replicate", access)
            seen = []
            async for run in statements.runs(now() - HOUR, now() + HOUR):
                seen.append(run.ref)
                if len(seen) in {2, 3, 6}:
                    create(provider)
            await statements.aclose()
            return seen

        seen = asyncio.run(read())
    assert len(seen) == len(set(seen))
    assert set(refs) <= set(seen)


def test_a_page_that_fails_for_a_while_is_asked_for_again(provider: LoopbackProvider) -> None:
    refs = [create(provider) for _ in range(7)]
    provider.add_faults(Fault("list_503", times=1, after=1))
    runs = whole(provider, now() - HOUR, now() + HOUR)
    assert sorted(run.ref for run in runs) == sorted(refs)


# Records that the loopback would never write.


def item(number: int, **changes: object) -> dict[str, object]:
    """One succeeded run of flux-schnell, as the list shows it."""
    at = NOON + timedelta(seconds=number)
    return {
        "id": f"run{number:08d}",
        "model": SCHNELL,
        "version": "hidden",
        "input": {},
        "output": None,
        "data_removed": True,
        "error": None,
        "status": "succeeded",
        "created_at": at.isoformat(),
        "completed_at": (at + timedelta(seconds=2)).isoformat(),
        "metrics": {"image_output_count": 1, "predict_time": 0.5},
    } | changes


def read(answer: Callable[[Seen], Reply]) -> tuple[list[BilledRun], list[Seen]]:
    """Read November from a record written here; gives what was read and what was asked."""

    async def go() -> tuple[list[BilledRun], list[Seen]]:
        api = ScriptedApi(answer)
        async with api.serving():
            wire = ReplicateWire("r8_test", base_url=api.url, concurrency=1)
            statements = ReplicateStatements(load_cards(), wire, clocks=Clocks(sleep=no_sleep))
            try:
                runs = [run async for run in statements.runs(SINCE, UNTIL)]
            finally:
                await statements.aclose()
        return runs, api.seen

    return asyncio.run(go())


def page(*items: object, next_url: object = None) -> Reply:
    return Reply(body={"results": list(items), "next": next_url, "previous": None})


def one(**changes: object) -> BilledRun:
    """Read a record with one run."""
    (run,), _ = read(lambda _: page(item(1, **changes)))
    return run


def test_the_list_is_asked_for_by_creation_from_a_day_earlier_on() -> None:
    _, seen = read(lambda _: page())
    (asked,) = seen
    assert asked.path == (
        "/v1/predictions?created_after=2026-10-31T00%3A00%3A00.000Z"
        "&created_before=2026-12-01T00%3A00%3A00.000Z"
    )
    assert timedelta(days=1) == RUN_LONGEST


def test_usage_is_the_records_metrics_at_the_cards_prices() -> None:
    run = one(metrics={"image_output_count": 3, "predict_time": 0.5, "new_metric": 9})
    (line,) = run.usage
    assert (line.metric, line.quantity, line.unit) == ("image_output_count", 3, "image")
    assert (run.amount_usd, run.unpriced) == (Decimal("0.009"), None)
    assert (run.model, run.status) == (SCHNELL, "succeeded")


def test_a_fixed_fee_is_no_metric_and_is_charged_all_the_same() -> None:
    metrics = {"image_input_megapixel_count": 0, "image_output_megapixel_count": 1}
    assert one(model=PRO_2, metrics=metrics).amount_usd == Decimal("0.030")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"metrics": {}}, "does not show its image_output_count"),
        ({"metrics": None}, "does not show its image_output_count"),
        ({"metrics": {"image_output_count": "one"}}, "does not show its image_output_count"),
        ({"metrics": {"image_output_count": -1}}, "does not show its image_output_count"),
        ({"metrics": {"image_output_count": 10**12}}, "does not show its image_output_count"),
        ({"model": SDXL, "status": "canceled", "metrics": {}}, "does not show its predict_time"),
        ({"model": "acme/secret"}, "no model card prices it"),
        ({"model": None}, "no model card prices it"),
        ({"deployment": "acme/fast"}, "ran on deployment acme/fast"),
        ({"created_at": None, "completed_at": 7}, "does not say when it ran"),
        ({"created_at": "0001-01-01T00:00:00Z"}, "has no price for image_output_count on"),
    ],
)
def test_what_cannot_be_priced_is_said_and_not_guessed(
    changes: dict[str, object], why: str
) -> None:
    if "0001" in str(changes.get("created_at")):
        changes = changes | {"completed_at": changes["created_at"]}
        runs, _ = read(lambda _: page(item(1, **changes)))
        assert runs == [], "it is in no November"
        return
    run = one(**changes)
    assert run.unpriced is not None
    assert why in run.unpriced
    assert (run.usage, run.amount_usd) == ((), None)


def test_a_version_is_known_by_its_id_whatever_the_model_is_called() -> None:
    (card,) = [card for card in load_cards() if card.model == SDXL]
    assert card.endpoint.version is not None
    run = one(model="replicate/odd", version=card.endpoint.version, metrics={"predict_time": 4})
    assert (run.model, run.amount_usd) == (SDXL, Decimal("0.0039"))


def test_a_price_is_that_of_the_day_of_creation() -> None:
    cards = load_cards()
    card = cards.need("replicate", SCHNELL)
    (row,) = card.prices
    later = row.model_copy(
        update={"unit_price": Decimal("0.004"), "effective_from": NOON.date() + timedelta(days=1)}
    )
    dearer = card.model_copy(update={"prices": (row, later)})
    midnight = datetime.combine(later.effective_from, datetime.min.time(), tzinfo=UTC)
    last = item(
        1,
        created_at=(midnight - timedelta(seconds=1)).isoformat(),
        completed_at=midnight.isoformat(),
    )
    first = item(2, created_at=midnight.isoformat(), completed_at=(midnight + HOUR).isoformat())

    async def go() -> list[Decimal | None]:
        async with ScriptedApi(lambda _: page(first, last)).serving() as api:
            wire = ReplicateWire("r8_test", base_url=api.url, concurrency=1)
            statements = ReplicateStatements(Cards({("replicate", SCHNELL): dearer}), wire)
            amounts = [run.amount_usd async for run in statements.runs(SINCE, UNTIL)]
            await statements.aclose()
        return amounts

    assert asyncio.run(go()) == [Decimal("0.004"), Decimal("0.003")]


@pytest.mark.parametrize(
    ("completed", "is_in"),
    [
        ("2026-11-01T00:00:00Z", True),
        ("2026-10-31T23:59:59.999999Z", False),
        ("2026-11-01T02:00:00+02:00", True),
        (None, False),
        ("2099-01-01T00:00:00Z", False),
    ],
)
def test_an_end_at_the_months_edge_decides_and_one_that_cannot_be_does_not(
    completed: str | None, is_in: bool
) -> None:
    created = "2026-10-31T23:30:00Z"
    runs, _ = read(lambda _: page(item(1, created_at=created, completed_at=completed)))
    assert bool(runs) == is_in


def test_an_end_before_the_creation_is_a_fault_of_a_clock() -> None:
    run = one(created_at="2026-11-01T00:00:00Z", completed_at="2026-10-31T23:59:59Z")
    assert run.amount_usd == Decimal("0.003")


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "x",
        [],
        {},
        {"id": "\x1b[2J", "status": "succeeded"},
        {"id": "a" * 65, "status": "x"},
    ],
)
def test_an_item_that_is_no_run_is_counted_and_stops_nothing(odd: object) -> None:
    runs, _ = read(lambda _: page(item(2), odd, item(1)))
    assert [run.ref for run in runs] == ["run00000002", "", "run00000001"]
    assert runs[1].unpriced == "the record cannot be read"


def test_names_from_outside_act_on_no_terminal() -> None:
    run = one(model="acme/\x1b[31mred\u202e", deployment="\x07bell")
    assert run.model == "acme/ [31mred"
    assert run.unpriced is not None
    assert "\x07" not in run.unpriced


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(401, {"title": "Unauthenticated"}), "refused REPLICATE_API_TOKEN"),
        (Reply(500, {"detail": "down"}), "HTTP 500 down"),
        (Reply(drop=True), "broke the connection off"),
        (Reply(body=b"<html>"), "HTTP 200"),
        (Reply(body={"results": None}), "has no results"),
        (Reply(body={"results": [], "next": "https://evil.example/v1"}), "on another host"),
    ],
)
def test_a_record_that_cannot_be_read_is_no_statement(reply: Reply, problem: str) -> None:
    with pytest.raises(ProviderUnavailable, match=problem):
        read(lambda _: reply)


def test_a_list_that_goes_in_circles_ends() -> None:
    asked = []

    def answer(seen: Seen) -> Reply:
        asked.append(seen)
        host = seen.headers["host"]
        return page(item(1), next_url=f"http://{host}/v1/predictions?cursor=again")

    with pytest.raises(ProviderUnavailable, match="goes in circles"):
        read(answer)
    assert len(asked) == IDLE_PAGES_MAX + 2


class LongWire(ReplicateWire):
    """A wire to a record of 70 pages."""

    async def get(self, url: str) -> Answer | NotSent | NoAnswer:
        """Make the page."""
        number = int(url.partition("cursor=")[2] or 0)
        more = f"{self.base_url}/v1/predictions?cursor={number + 1}" if number < 69 else None
        items = [item(number * 100 + one) for one in range(100)]
        return Answer(200, {"results": items, "next": more}, None, "")


def test_memory_does_not_grow_with_the_pages() -> None:
    async def go() -> list[int]:
        statements = ReplicateStatements(
            load_cards(), LongWire("r8_test", base_url=None, concurrency=1)
        )
        sizes = []
        count = 0
        async for _ in statements.runs(SINCE, UNTIL):
            count += 1
            if count == REMEMBERED_MAX:
                tracemalloc.start()
            if count in {3 * REMEMBERED_MAX, 6 * REMEMBERED_MAX}:
                sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        await statements.aclose()
        return [count, *sizes]

    count, early_bytes, late_bytes = asyncio.run(go())
    assert count == 7_000
    # The references alone of so many runs would be 180 kB.
    assert late_bytes - early_bytes < 20_000


def test_who_has_no_statement_says_so() -> None:
    with pytest.raises(NoStatements, match=r"'studio' works on this machine .* one: replicate"):
        open_statements("studio", Access())
    with pytest.raises(NoProvider, match="acme"):
        open_statements("acme", Access())
    with pytest.raises(TokenMissing, match="REPLICATE_API_TOKEN"):
        open_statements("replicate", Access())
