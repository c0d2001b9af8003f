"""The provider's bill against what the builder reports, prediction by prediction, fault by fault.

The provider is tests/loopback, which prices from its own table. Every attempt is built once; what
was lost is looked up until nothing is undecided; then both sides have to agree to the last digit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from loopback.faults import Fault
from loopback.server import LoopbackProvider

from generators import Access, open_with
from generators.cards import load_cards
from generators.contract import (
    Absent,
    Brief,
    BuildFailed,
    Built,
    Finding,
    Halted,
    Lost,
    LostBuild,
    Outcome,
    Undecided,
)
from generators.pacing import Pace
from generators.replicate_builder import ReplicateGenerator
from generators.replicate_patience import Clocks, Patience
from generators.replicate_wire import ReplicateWire

SCHNELL = "black-forest-labs/flux-schnell"
PRO_2 = "black-forest-labs/flux-2-pro"
SDXL = "stability-ai/sdxl"
MODELS = [card.model for card in load_cards() if card.provider == "replicate"]
PATIENCE = Patience(
    prefer_wait_s=1,
    answer_margin_s=0.5,
    throttled_max_s=30,
    connect_waits_s=(0.05,),
    poll_first_s=0.02,
    poll_max_s=0.1,
    poll_failing_max_s=0.2,
    fetch_waits_s=(0.02, 0.02),
    metrics_waits_s=(0.02,),
    absent_after_s=0.3,
)


@dataclass(frozen=True)
class Book:
    """What the builder reported for a batch of attempts."""

    outcomes: tuple[Outcome, ...]
    findings: Mapping[str, Finding]

    @property
    def ends(self) -> list[Built | BuildFailed]:
        """Every attempt's end, built or found."""
        seen = [*self.outcomes, *self.findings.values()]
        return [end for end in seen if isinstance(end, Built | BuildFailed)]

    def charges(self) -> dict[str, Decimal]:
        """Charge in USD by prediction; a prediction that two attempts claim is an error."""
        charged: dict[str, Decimal] = {}
        for end in self.ends:
            if end.usage:
                assert end.provider_ref is not None
                assert end.provider_ref not in charged
                charged[end.provider_ref] = sum((line.amount_usd for line in end.usage), Decimal(0))
        return charged


def brief(seed: int) -> Brief:
    return Brief(prompt=f"a mug {seed}", width=256, height=256, format="webp", seed=seed)


def minted(provider: LoopbackProvider, model: str, count: int, *, at_once: int = 16) -> Book:
    """Build `count` attempts once each, and look up what was lost until all is decided."""

    async def run() -> Book:
        wire = ReplicateWire(provider.token, base_url=provider.base_url, concurrency=at_once)
        card = load_cards().need("replicate", model)
        clocks = Clocks()
        pace = Pace(10**6, clock=clocks.monotonic, sleep=clocks.sleep)
        generator = ReplicateGenerator(card, wire, pace=pace, patience=PATIENCE, clocks=clocks)
        places = asyncio.Semaphore(at_once)
        notes: dict[int, str] = {}

        async def one(seed: int) -> tuple[Outcome, LostBuild]:
            async def note(ref: str) -> None:
                notes[seed] = ref

            async with places:
                held_at = datetime.now(UTC)
                outcome = await generator.build(f"attempt-{seed}", brief(seed), note)
            named = outcome.provider_ref if isinstance(outcome, Lost) else None
            request = generator.request(brief(seed))
            lost_at = datetime.now(UTC)
            ref = named or notes.get(seed)
            return outcome, LostBuild(
                f"attempt-{seed}", brief(seed), request, ref, held_at, lost_at
            )

        try:
            pairs = await asyncio.gather(*(one(seed) for seed in range(1, count + 1)))
            lost = [attempt for outcome, attempt in pairs if isinstance(outcome, Lost)]
            findings = await _settled(generator, lost)
        finally:
            await generator.aclose()
        return Book(tuple(outcome for outcome, _ in pairs), findings)

    return asyncio.run(run())


async def _settled(
    generator: ReplicateGenerator, lost: Sequence[LostBuild]
) -> Mapping[str, Finding]:
    findings: dict[str, Finding] = {}
    deadline = asyncio.get_running_loop().time() + 15
    while asyncio.get_running_loop().time() < deadline:
        open_ = [a for a in lost if isinstance(findings.get(a.attempt_id), Undecided | None)]
        if not open_:
            break
        findings.update(await generator.find(open_, frozenset()))
        await asyncio.sleep(0.1)
    return findings


def agree(provider: LoopbackProvider, book: Book) -> None:
    """Fail where the bill and the book differ on any prediction."""
    provider.wait_until_settled()
    billed = {line.prediction_id: line.amount for line in provider.bill() if line.amount}
    assert book.charges() == billed
    assert not [f for f in book.findings.values() if isinstance(f, Undecided)]


@pytest.mark.parametrize("model", MODELS)
def test_on_a_good_day_every_model_is_billed_as_quoted(model: str) -> None:
    with LoopbackProvider(predict_time_s=(3.0, 5.0)) as provider:
        book = minted(provider, model, 4)
        agree(provider, book)
        assert all(isinstance(outcome, Built) for outcome in book.outcomes)
        assert provider.counters().posts == provider.counters().created == 4


FAULTS = {
    "throttle": Fault("throttle", probability=0.3, seconds=1),
    "server_error": Fault("server_error", probability=0.4),
    "cut_before_create": Fault("cut_before_create", probability=0.4),
    "cut_before_create, reset": Fault("cut_before_create", probability=0.4, reset=True),
    "server_error_after_create": Fault("server_error_after_create", probability=0.4),
    "cut_after_create": Fault("cut_after_create", probability=0.4),
    "cut_after_create, reset": Fault("cut_after_create", probability=0.4, reset=True),
    "slow_answer": Fault("slow_answer", probability=0.2, seconds=2.5),
    "early_answer": Fault("early_answer", probability=0.5, seconds=0.3),
    "failed": Fault("failed", probability=0.5),
    "failed with counts": Fault("failed", probability=0.5, with_counts=True),
    "sensitive": Fault("sensitive", probability=0.5),
    "aborted": Fault("aborted", probability=0.5),
    "canceled": Fault("canceled", probability=0.5, seconds=0.1),
    "slow_run": Fault("slow_run", probability=0.3, seconds=1.6),
    "short_output": Fault("short_output", probability=0.4),
    "wrong_size": Fault("wrong_size", probability=0.4),
    "cut_bytes": Fault("cut_bytes", probability=0.4),
    "cut_transfer": Fault("cut_transfer", probability=0.4),
    "html": Fault("html", probability=0.4),
    "output_503": Fault("output_503", probability=0.4),
    "output_503 for longer": Fault("output_503", probability=0.4, count=5),
    "output_gone": Fault("output_gone", probability=0.4),
    "blank": Fault("blank", probability=0.4),
    "get_503": Fault("get_503", probability=0.5, count=1),
}


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_goes_wrong_the_bill_and_the_book_agree(name: str) -> None:
    fault = FAULTS[name]
    queue = (0.0, 0.3) if fault.kind == "get_503" else (0.0, 0.0)
    with LoopbackProvider(faults=(fault,), seed=3, queue_s=queue) as provider:
        # Only a model that answers with a list can give fewer files than it billed.
        model = SCHNELL if fault.kind == "short_output" else PRO_2
        book = minted(provider, model, 16)
        agree(provider, book)
        counters = provider.counters()
        assert counters.faults.get(fault.kind, 0) >= 1
        if fault.kind != "throttle":
            assert counters.posts == 16, "a paid request is never sent twice"
        assert counters.created <= 16


@pytest.mark.parametrize("model", [SCHNELL, SDXL])
def test_on_a_very_bad_day_the_bill_and_the_book_agree(model: str) -> None:
    kinds = ("server_error", "cut_before_create", "server_error_after_create", "cut_after_create")
    faults = [Fault(kind, probability=0.08) for kind in kinds]
    faults += [Fault(kind, probability=0.06) for kind in ("failed", "sensitive", "canceled")]
    faults += [Fault(kind, probability=0.06) for kind in ("output_gone", "cut_transfer")]
    faults += [Fault("throttle", probability=0.05, seconds=1), Fault("get_503", probability=0.1)]
    faults += [Fault("list_503", probability=0.3, times=3)]
    with LoopbackProvider(
        faults=tuple(faults), seed=11, page_size=20, latency_s=(0.0, 0.1)
    ) as provider:
        book = minted(provider, model, 120, at_once=32)
        agree(provider, book)
        lost = [outcome for outcome in book.outcomes if isinstance(outcome, Lost)]
        assert len(lost) >= 10
        assert any(isinstance(finding, Absent) for finding in book.findings.values())
        assert any(isinstance(finding, Built) for finding in book.findings.values())


def test_a_record_that_lags_is_waited_for() -> None:
    fault = Fault("cut_after_create", probability=0.5)
    with LoopbackProvider(faults=(fault,), seed=5, list_lag_s=0.2) as provider:
        book = minted(provider, SCHNELL, 12)
        agree(provider, book)
        assert any(isinstance(outcome, Lost) for outcome in book.outcomes)


def test_no_credit_halts_and_costs_nothing() -> None:
    with LoopbackProvider(faults=(Fault("no_credit"),)) as provider:
        book = minted(provider, SCHNELL, 3)
        assert all(isinstance(outcome, Halted) for outcome in book.outcomes)
        agree(provider, book)
        assert provider.counters().created == 0


def test_output_hosts_are_asked_without_the_token() -> None:
    with LoopbackProvider(delivery="separate") as provider:
        minted(provider, SCHNELL, 3)
        fetches = provider.fetches()
        assert len(fetches) == 3
        assert all(provider.token not in str(fetch) for fetch in fetches)


def test_creates_keep_to_the_pace_that_was_set() -> None:
    """Five a minute allow five at once; the sixth is not sent while the minute lasts."""
    with LoopbackProvider() as provider:
        access = Access(
            concurrency=20,
            replicate_token=provider.token,
            replicate_base_url=provider.base_url,
            creates_per_minute=5,
        )

        async def run() -> None:
            generator = open_with("replicate", SCHNELL, access)

            async def note(_: str) -> None:
                return None

            builds = (generator.build(f"a{seed}", brief(seed), note) for seed in range(5))
            outcomes = await asyncio.gather(*builds)
            assert all(isinstance(outcome, Built) for outcome in outcomes)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(generator.build("a5", brief(5), note), timeout=0.5)
            await generator.aclose()

        asyncio.run(run())
        assert provider.counters().posts == 5
