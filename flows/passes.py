"""Drives an order's jobs through the stages, chunk by chunk, until nothing is left to do.

There is no barrier between stages: each chunk goes its whole way while others are anywhere else on
theirs. Chunks are taken from the books as workers get free, so memory does not grow with the order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from flows.order_run import OrderRun
from flows.recovery import keep_looking, look_up, mark_left_behind
from flows.stages import STAGES, StageReport
from ledger import JobMove, JobState

PAGE = 1_000
"""Job ids read from the books in one go."""
LOOK_FIRST_S = 0.1
LOOK_LAST_S = 1.0
"""The pause between two looks whether recovery has found anything grows from the first to the last."""
TO_DO = (JobState.PLANNED, JobState.BUILT, JobState.ACCEPTED, JobState.APPROVED)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some jobs of one order, named by the position of the first."""

    number: int
    job_ids: tuple[str, ...]


StageCall = Callable[[str, OrderRun, Chunk], Awaitable[StageReport]]
"""How an engine carries out one stage on one chunk."""


async def _chunks(run: OrderRun, size: int) -> AsyncGenerator[Chunk, None]:
    after = -1
    while True:
        page = await run.keeper.run(
            lambda books, after=after: books.job_ids(run.order_id, TO_DO, after, PAGE)  # type: ignore[misc]
        )
        for start in range(0, len(page), size):
            part = page[start : start + size]
            yield Chunk(part[0][0], tuple(job_id for _, job_id in part))
        if len(page) < PAGE:
            return
        after = page[-1][0]


async def _one_chunk(run: OrderRun, call: StageCall, chunk: Chunk) -> None:
    again = 1
    while again:
        again = 0
        for stage in STAGES:
            report = await call(stage, run, chunk)
            again += report.again


async def one_pass(run: OrderRun, call: StageCall, chunk_size: int) -> None:
    """Take every job that has something to do as far as it goes now.

    A fault in one chunk stops new work; the other chunks settle what they have in flight first.
    """
    # Twice as many chunks as slots: while some wait for the provider, others are judged and released.
    worker_count = max(1, min(2 * run.form.concurrency, 2 * run.form.concurrency // chunk_size + 2))
    chunks = _chunks(run, chunk_size)
    turn = asyncio.Lock()
    faults: list[Exception] = []

    async def worker() -> None:
        while run.stop_reason is None:
            async with turn:
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            try:
                await _one_chunk(run, call, chunk)
            except Exception as error:  # noqa: BLE001  raised again below, when the others are settled
                faults.append(error)
                run.stop(str(error), halted=True)

    await asyncio.gather(*(worker() for _ in range(worker_count)))
    await chunks.aclose()
    if faults:
        raise faults[0]


async def mint(run: OrderRun, call: StageCall, chunk_size: int) -> None:
    """Run one order to where it can go: recovery first, then passes until nothing moves any more."""
    if await mark_left_behind(run) or await _count(run, JobState.UNKNOWN):
        await look_up(run)
        run.lost.set()
    looking = asyncio.create_task(keep_looking(run), name="recovery")
    try:
        await _passes(run, call, chunk_size, looking)
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
    await _refuse_waiting(run)


async def _passes(
    run: OrderRun, call: StageCall, chunk_size: int, looking: asyncio.Task[None]
) -> None:
    while run.stop_reason is None:
        run.waiting = 0
        run.patience.gave_up = None
        found = run.found
        await one_pass(run, call, chunk_size)
        if not await _more_to_do(run, found, looking):
            return


async def _more_to_do(run: OrderRun, found: int, looking: asyncio.Task[None]) -> bool:
    """Wait while only lost attempts are left; say whether another pass has something to do.

    `found` is how many lost attempts had been settled when the last pass began.
    """
    loop = asyncio.get_running_loop()
    # A clock that nobody sets: a wall clock set back would add to the wait.
    deadline_s = loop.time() + run.settle_timeout_s
    pause_s = LOOK_FIRST_S
    while run.stop_reason is None:
        if looking.done():
            await looking
        counts = await run.keeper.run(lambda books: books.job_counts(run.order_id))
        unknown = counts.get(JobState.UNKNOWN, 0)
        if sum(counts.get(state, 0) for state in TO_DO) > run.waiting:
            return True
        if run.waiting and (run.found != found or (not unknown and not run.patience.gave_up)):
            # Room may have come back for those that wait; with nothing lost any more, nobody waits again.
            return True
        if not unknown or loop.time() >= deadline_s:
            return False
        await run.sleep(pause_s)
        pause_s = min(1.5 * pause_s, LOOK_LAST_S)
    return False


async def _count(run: OrderRun, state: JobState) -> int:
    counts = await run.keeper.run(lambda books: books.job_counts(run.order_id))
    return counts.get(state, 0)


async def _refuse_waiting(run: OrderRun) -> None:
    """Park the jobs for which only lost attempts, or the holds of others, could still make room."""
    if run.stop_reason is not None or not run.waiting:
        return
    reason = run.patience.gave_up or (
        "The cap's room is held by attempts whose answer was lost; the next run asks again, "
        "when the provider's record has answered."
    )
    await _move_all(run, JobState.PLANNED, JobState.REFUSED, reason)


async def wake_refused(run: OrderRun) -> None:
    """Let every parked job ask for money once more."""
    await _move_all(run, JobState.REFUSED, JobState.PLANNED, None)


async def _move_all(
    run: OrderRun, from_state: JobState, to_state: JobState, reason: str | None
) -> None:
    after = -1
    while True:
        page: Sequence[tuple[int, str]] = await run.keeper.run(
            lambda books, after=after: books.job_ids(run.order_id, (from_state,), after, PAGE)  # type: ignore[misc]
        )
        await asyncio.gather(
            *(run.keeper.move(JobMove(job_id, from_state, to_state, reason)) for _, job_id in page)
        )
        if len(page) < PAGE:
            return
        after = page[-1][0]
