"""What the stages have in common: a chunk's jobs in one state, and the ways back to build."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from assets import AssetsError
from flows.order_run import OrderRun
from ledger import JobMove, JobState, JobView


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did to one chunk: jobs that it handled, and those that go back to build."""

    handled: int
    again: int


Stage = Callable[[OrderRun, Sequence[str]], Awaitable[StageReport]]


async def each(
    run: OrderRun,
    job_ids: Sequence[str],
    state: JobState,
    work: Callable[[OrderRun, JobView], Awaitable[bool]],
) -> StageReport:
    """Do one stage's work on the jobs that are in its state; the work says whether a job goes back."""
    return await each_of(run, await in_state(run, job_ids, state), work)


async def in_state(run: OrderRun, job_ids: Sequence[str], state: JobState) -> list[JobView]:
    """Read those of the jobs that are in a stage's state."""
    return [view for view in await run.keeper.jobs(job_ids) if view.state is state]


async def each_of(
    run: OrderRun,
    views: Sequence[JobView],
    work: Callable[[OrderRun, JobView], Awaitable[bool]],
) -> StageReport:
    """Do one stage's work on these jobs; the work says whether a job goes back."""
    again = await asyncio.gather(*(work(run, view) for view in views))
    return StageReport(len(views), sum(again))


def back_or_out(run: OrderRun, view: JobView) -> JobState:
    """Say where a gate sends a job that failed it: back to build while attempts are left."""
    left = view.attempts_used < run.record.attempts_max
    return JobState.PLANNED if left else JobState.REJECTED


async def without_bytes(run: OrderRun, view: JobView, error: AssetsError) -> bool:
    """Send a job whose staged bytes are lost back to build while attempts are left."""
    state = back_or_out(run, view)
    reason = f"Its staged file was lost before it was released: {error}"
    await run.keeper.move(JobMove(view.job_id, view.state, state, reason))
    return state is JobState.PLANNED and run.stop_reason is None
