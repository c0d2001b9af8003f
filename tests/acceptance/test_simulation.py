"""Orders on a virtual clock: seeds that must hold, seeds that repeat, and defects that must be found."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulation import sim_house
from simulation.many_seeds import Failed, live, live_batch, workshop
from simulation.mortal import SimProcess
from simulation.one_seed import Told
from simulation.provider_wire import SimWire
from simulation.virtual_loop import Stuck, VirtualLoop

from assets import release_key, staged
from flows import bookkeeping, judging, outcomes, passes, releasing, stages
from flows.order_run import OrderRun
from generators import BuildFailed, Built, UsageLine
from generators.replicate_builder import ReplicateGenerator
from generators.replicate_patience import Patience
from generators.replicate_wire import NoAnswer
from ledger import Admit, AttemptState, FailedSettlement, HoldRequest, JobState, JobView
from validators import LocalInspectors, Verdict

BATCH = 30
BATCHES = 3
SEEDS_TO_FIND_IT = 80


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Path, Path]]:
    """A folder for the books of one seed, and blank ones to start from."""
    with workshop() as made:
        yield made


@pytest.mark.parametrize("batch", range(BATCHES))
def test_every_promise_is_kept_over_many_seeds(batch: int) -> None:
    first = 1 + batch * BATCH
    for one in live_batch(range(first, first + BATCH)):
        assert isinstance(one, Told), f"{one.why}\n`make simulate REPLAY={one.seed}`"


def test_a_seed_is_lived_through_the_same_way_in_every_process() -> None:
    def told(hash_seed: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "simulation", "--replay", "7"],
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    first = told("1")
    assert "kept every promise; digest" in first
    assert told("2") == first


def test_the_storms_do_kill_cut_and_lose(place: tuple[Path, Path]) -> None:
    told = [live(seed, *place) for seed in range(1, 25)]
    whole = "\n".join(line for one in told for line in one.log)
    assert all(isinstance(one, Told) for one in told)
    for what in (
        "was killed at moment",
        "clock is set to",
        "sleeps until",
        "fails: BooksUnavailable",
        "fails: StoreUnavailable",
        "fails: LeaseLost",
        "because Stopped by a person",
        "ours=False",
        "canceled",
        "garbage",
    ):
        assert what in whole, f"no seed shows {what!r}"


def sends_whatever_happened_meanwhile(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks, after a sleep, whether the money that was held is still there."""

    async def always(_self: OrderRun) -> bool:
        return True

    patch.setattr(OrderRun, "may_send", always)


def lets_blank_pictures_pass(patch: pytest.MonkeyPatch) -> None:
    """The inspectors say yes to every picture; the provider knows which it made blank."""
    judge = LocalInspectors.inspect_async

    async def kind(*given: Any, **named: Any) -> tuple[Verdict, ...]:
        return tuple(
            replace(one, passed=True, reason=None) if one.criterion == "not_blank" else one
            for one in await judge(*given, **named)
        )

    patch.setattr(LocalInspectors, "inspect_async", kind)


def skips_the_review(patch: pytest.MonkeyPatch) -> None:
    """What a person should have looked at is released unseen."""
    patch.setattr(stages, "wants_review", lambda _run, _job_id: False)


WHERE_A_PICTURE_IS_BLANK = 24
WHERE_A_SLEEPER_SENDS_LATE = 30
WHERE_A_SLEEPER_COLLIDES = 100
"""Seeds from here on find soon what takes two runs, a long sleep and one job of both to be seen."""

Plant = Callable[[pytest.MonkeyPatch], None]


def frees_holds_on_restart(patch: pytest.MonkeyPatch) -> None:
    """What gateways do: a hold whose process is gone is given back."""

    async def mark(run: OrderRun) -> int:
        held = await run.keeper.run(
            lambda books: books.lost(run.order_id, states=(AttemptState.HELD,))
        )
        for one in held:
            await run.keeper.settle(
                FailedSettlement(one.attempt_id, (), None, "gone", JobState.PLANNED, counts=False)
            )
        return len(held)

    patch.setattr(passes, "mark_left_behind", mark)


def takes_absent_for_granted(patch: pytest.MonkeyPatch) -> None:
    """A lookup right after the loss counts as proof."""
    patch.setattr(sim_house, "Patience", lambda: Patience(absent_after_s=0))


def posts_again_when_no_answer_comes(patch: pytest.MonkeyPatch) -> None:
    """A client that retries what may have been created."""
    post = SimWire.post

    async def again(self: SimWire, *given: Any, **named: Any) -> Any:
        answer = await post(self, *given, **named)
        return await post(self, *given, **named) if isinstance(answer, NoAnswer) else answer

    patch.setattr(SimWire, "post", again)


def answers_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """The hold is admitted in memory and written with the next group."""
    hold = bookkeeping.Bookkeeper.hold
    late: list[asyncio.Future[Any]] = []

    async def early(self: bookkeeping.Bookkeeper, request: HoldRequest) -> Any:
        late.append(asyncio.ensure_future(hold(self, request)))
        return Admit(request.attempt_id)

    patch.setattr(bookkeeping.Bookkeeper, "hold", early)


def charges_the_hold(patch: pytest.MonkeyPatch) -> None:
    """The estimate is booked instead of what was used."""
    conclude = ReplicateGenerator.conclude

    async def dearest(self: ReplicateGenerator, prediction: Any, brief: Any) -> Any:
        outcome = await conclude(self, prediction, brief)
        if isinstance(outcome, Built | BuildFailed) and outcome.usage:
            lines = tuple(
                UsageLine(one.metric, most.quantity, one.unit, one.unit_price_usd)
                for one, most in zip(outcome.usage, self.quote(brief).dearest, strict=False)
            )
            object.__setattr__(outcome, "usage", lines)
        return outcome

    patch.setattr(ReplicateGenerator, "conclude", dearest)


def forgets_what_failing_costs(patch: pytest.MonkeyPatch) -> None:
    """Bytes that are no picture are not paid for."""
    patch.setattr(outcomes, "_price_lines", lambda _usage: ())


def gives_every_attempt_one_seed(patch: pytest.MonkeyPatch) -> None:
    """Without a seed of its own a lost attempt cannot be told from the one before."""
    patch.setattr(stages, "attempt_seed", lambda _job_id, _number: 42)


def releases_what_was_only_built(patch: pytest.MonkeyPatch) -> None:
    """Bytes are made public before anybody judged them."""
    built = outcomes.stage

    def public(store: Any, data: bytes) -> str:
        sha256: str = built(store, data)
        store.put_once(f"released/early/{sha256}.png", data, sha256=sha256, media_type="image/png")
        return sha256

    patch.setattr(outcomes, "stage", public)


def moves_work_without_its_lease(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether another run has taken the order over."""
    patch.setattr(bookkeeping.Bookkeeper, "_make_sure", lambda _self, _desk: None)


def releases_masters_first(patch: pytest.MonkeyPatch) -> None:
    """Who sees a master may not find yet what its receipt names."""
    whole = releasing.put_release

    def early(run: OrderRun, view: JobView, found: releasing.Gathered) -> Any:
        assert view.sha256 is not None
        key = release_key(run.record.campaign, view.order_id, view.name, "image/png")
        data = staged(run.store, view.sha256)
        run.store.put_once(key, data, sha256=view.sha256, media_type="image/png")
        return whole(run, view, found)

    patch.setattr(stages, "put_release", early)


def forgets_to_sign_renditions(patch: pytest.MonkeyPatch) -> None:
    """Only the master gets the house's content credentials."""

    async def unsigned(*given: Any) -> Any:
        return given[-1]

    patch.setattr(judging, "sign_renditions", unsigned)


def makes_renditions_of_signed_masters(patch: pytest.MonkeyPatch) -> None:
    """A rendition is made of bytes that its master had only when it was signed."""

    async def now(_run: OrderRun, view: JobView) -> str:
        return str(view.sha256)

    patch.setattr(judging, "_unsigned", now)


PLANTED: tuple[tuple[Plant, str, int], ...] = (
    (frees_holds_on_restart, "P[13]: ", 1),
    (takes_absent_for_granted, "P[13]: ", 1),
    (posts_again_when_no_answer_comes, "P2: .* was sent twice", 1),
    (answers_before_the_commit, "P1: .* before its hold was on disk", 1),
    (charges_the_hold, "P3: .* costs", 1),
    (forgets_what_failing_costs, "P3: .* costs", 1),
    (gives_every_attempt_one_seed, "P[123]: ", 1),
    (sends_whatever_happened_meanwhile, "P1: .* was created when", WHERE_A_SLEEPER_SENDS_LATE),
    (lets_blank_pictures_pass, "R1: .* it is blank", WHERE_A_PICTURE_IS_BLANK),
    (skips_the_review, "R1: .* nobody has approved it|approved by a review of its very bytes", 1),
    (releases_what_was_only_built, "R1: .* passed no gate", 1),
    (releases_masters_first, "F1: .* became public before its renditions", 1),
    (forgets_to_sign_renditions, "F1: .* has passed as|is signed in part", 1),
    (makes_renditions_of_signed_masters, "was made of bytes", 1),
    (
        moves_work_without_its_lease,
        "WrongState|AlreadySettled|BrokenPromise|P[123]: ",
        WHERE_A_SLEEPER_COLLIDES,
    ),
)


@pytest.mark.parametrize(
    ("plant", "finding", "first"), PLANTED, ids=[plant.__name__ for plant, _, _ in PLANTED]
)
def test_a_planted_defect_is_found(
    plant: Plant,
    finding: str,
    first: int,
    place: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    for seed in range(first, first + SEEDS_TO_FIND_IT):
        found = live(seed, *place)
        if isinstance(found, Failed):
            last = found.why.strip().splitlines()[-1]
            print(f"seed {seed} found it: {last}")
            assert re.search(finding, last), found.why
            return
    pytest.fail(f"{SEEDS_TO_FIND_IT} seeds did not find it")


def test_a_killed_process_gets_no_further_and_nothing_out_on_its_way() -> None:
    loop = VirtualLoop(lambda: 0.001)
    process = SimProcess("p1", dies_at=None)
    done: list[str] = []

    async def work() -> None:
        try:
            done.append("began")
            await asyncio.sleep(10)
            done.append("went on")
        finally:
            await asyncio.sleep(1)
            process.must_live()
            done.append("cleaned up")

    async def world() -> None:
        task = process.start(loop, work())
        await asyncio.sleep(5)
        process.kill()
        await asyncio.wait({task})
        assert task.cancelled()

    loop.run_until_complete(world())
    loop.close()
    assert done == ["began"]


def test_somebody_who_waits_for_ever_is_noticed() -> None:
    loop = VirtualLoop(lambda: 0.001)

    async def forever() -> None:
        await loop.create_future()

    with pytest.raises(Stuck):
        loop.run_until_complete(forever())
    loop.close()
