"""What every generator promises, held against every implementation and every model card.

Replicate's models run on the loopback provider, over real HTTP; the studio draws.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from loopback.server import LoopbackProvider

from generators import Access, Generator, load_cards, open_with
from generators.contract import Absent, Brief, BuildFailed, Built, LostBuild

CARDS = load_cards()
BRIEF = Brief(prompt="A mug on oak", width=256, height=256, format="webp", seed=7)
NOW = datetime.now(UTC)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Bench:
    """One model, ready to be opened, and what its provider has seen."""

    provider: str
    model: str
    access: Access
    paid_requests: Callable[[], int]

    def use(self, work: Callable[[Generator], Awaitable[Result]]) -> Result:
        """Open the generator in a loop of its own, work with it, close it."""

        async def run() -> Result:
            generator = open_with(self.provider, self.model, self.access)
            try:
                return await work(generator)
            finally:
                await generator.aclose()

        return asyncio.run(run())

    def plain(self, ask: Callable[[Generator], Result]) -> Result:
        """Ask the generator something that needs no network."""

        async def work(generator: Generator) -> Result:
            return ask(generator)

        return self.use(work)


@pytest.fixture(params=[(card.provider, card.model) for card in CARDS], ids="/".join)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Every model of every provider."""
    provider, model = request.param
    if provider == "replicate":
        with LoopbackProvider(predict_time_s=(2.0, 4.0)) as loopback:
            access = Access(
                replicate_token=loopback.token,
                replicate_base_url=loopback.base_url,
                concurrency=4,
                absent_after_s=0,
            )
            yield Bench(provider, model, access, lambda: loopback.counters().posts)
    else:
        yield Bench(provider, model, Access(photo_folder=tmp_path), lambda: 0)


async def no_note(_: str) -> None:
    return None


def lost_of(generator: Generator, attempt_id: str, brief: Brief) -> LostBuild:
    return LostBuild(
        attempt_id=attempt_id,
        brief=brief,
        request=json.loads(json.dumps(generator.request(brief))),
        provider_ref=None,
        held_at=NOW - timedelta(seconds=60),
        lost_at=NOW - timedelta(seconds=30),
    )


def test_a_generator_says_whose_and_which_it_is(bench: Bench) -> None:
    assert bench.plain(lambda g: (g.provider, g.model)) == (bench.provider, bench.model)


def test_a_build_gives_an_image_and_costs_no_more_than_its_quote(bench: Bench) -> None:
    built = bench.use(lambda g: g.build("attempt-1", BRIEF, no_note))
    assert isinstance(built, Built)
    assert built.data
    assert built.media_type.startswith("image/")
    assert built.provider_ref
    quote = bench.plain(lambda g: g.quote(BRIEF))
    charge = sum((line.amount_usd for line in built.usage), Decimal(0))
    assert 0 < charge <= quote.dearest_usd
    assert 0 < quote.expected_usd <= quote.dearest_usd


def test_a_charge_has_the_metrics_units_and_prices_of_the_quote(bench: Bench) -> None:
    built = bench.use(lambda g: g.build("attempt-1", BRIEF, no_note))
    assert isinstance(built, Built)
    quoted = bench.plain(lambda g: g.quote(BRIEF)).dearest
    prices = {(line.metric, line.unit): line.unit_price_usd for line in quoted}
    assert {(line.metric, line.unit): line.unit_price_usd for line in built.usage} == prices


def test_one_build_is_at_most_one_paid_request(bench: Bench) -> None:
    before = bench.paid_requests()
    bench.use(lambda g: g.build("attempt-1", BRIEF, no_note))
    assert bench.paid_requests() - before <= 1


def test_questions_cost_nothing(bench: Bench) -> None:
    def ask(generator: Generator) -> None:
        generator.problems(BRIEF)
        generator.quote(BRIEF)
        generator.request(BRIEF)

    bench.plain(ask)
    assert bench.paid_requests() == 0


def test_builds_go_on_side_by_side(bench: Bench) -> None:
    async def work(generator: Generator) -> list[object]:
        briefs = [replace(BRIEF, seed=seed) for seed in range(6)]
        builds = (generator.build(f"a{b.seed}", b, no_note) for b in briefs)
        return list(await asyncio.gather(*builds))

    outcomes = bench.use(work)
    refs = [outcome.provider_ref for outcome in outcomes if isinstance(outcome, Built)]
    assert len(set(refs)) == 6


def test_a_request_is_json_is_stable_and_has_the_seed_in_it(bench: Bench) -> None:
    first, again = (bench.plain(lambda g: json.dumps(g.request(BRIEF))) for _ in range(2))
    other = bench.plain(lambda g: json.dumps(g.request(replace(BRIEF, seed=8))))
    assert first == again
    assert first != other


def test_a_good_brief_has_no_problems_and_a_bad_one_always_the_same(bench: Bench) -> None:
    assert bench.plain(lambda g: g.problems(BRIEF)) == []
    bad = replace(BRIEF, width=0, params={"num_outputs": 4, "surprise": True})
    first, again = (bench.plain(lambda g: g.problems(bad)) for _ in range(2))
    assert first == again
    assert first
    assert all(isinstance(problem, str) and problem.endswith(".") for problem in first)


def test_a_bad_brief_is_refused_without_a_request_and_without_a_charge(bench: Bench) -> None:
    bad = replace(BRIEF, params={"surprise": True})
    outcome = bench.use(lambda g: g.build("attempt-1", bad, no_note))
    assert isinstance(outcome, BuildFailed)
    assert (outcome.retryable, outcome.usage) == (False, ())
    assert bench.paid_requests() == 0


def test_what_was_never_sent_is_absent_and_every_attempt_has_one_finding(bench: Bench) -> None:
    async def work(generator: Generator) -> object:
        briefs = {f"a{seed}": replace(BRIEF, seed=seed) for seed in (1, 2)}
        lost = [lost_of(generator, key, b) for key, b in briefs.items()]
        return await generator.find(lost, frozenset())

    assert bench.use(work) == {"a1": Absent(), "a2": Absent()}


def test_nothing_lost_finds_nothing(bench: Bench) -> None:
    assert bench.use(lambda g: g.find([], frozenset())) == {}


@pytest.mark.parametrize("format_", ["png", "jpeg", "webp", "avif"])
@pytest.mark.parametrize("size", [(64, 64), (1024, 640), (640, 1024)])
def test_every_format_and_shape_can_be_asked_for(
    bench: Bench, format_: str, size: tuple[int, int]
) -> None:
    brief = replace(BRIEF, format=format_, width=size[0], height=size[1])
    problems = bench.plain(lambda g: g.problems(brief))
    assert problems == []
    assert bench.plain(lambda g: g.quote(brief)).dearest_usd > 0
