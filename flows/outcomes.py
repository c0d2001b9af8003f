"""What an attempt's outcome does to the books and to its job; building and recovery share it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assets import stage
from assets.labels import has_credentials
from flows.briefs import JobBrief
from flows.labelling import label_of, ready_to_judge
from flows.order_run import OrderRun
from generators import (
    Absent,
    BuildFailed,
    Built,
    Finished,
    Halted,
    Lost,
    Unfinishable,
    UsageLine,
    finish,
)
from ledger import (
    BuiltSettlement,
    FailedSettlement,
    JobState,
    JobView,
    PriceLine,
    UnknownSettlement,
)

IDLE_TRIES_MAX = 3
"""Tries of a job for which nothing was created that do not count as attempts; later ones do."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt of a job, and what the job asks for."""

    attempt_id: str
    job_id: str
    brief: JobBrief


def after_failure(view: JobView) -> JobState:
    """Say where a job ends that is tried no more: REJECTED if a gate failed it, else FAILED."""
    return JobState.REJECTED if view.sha256 is not None else JobState.FAILED


def _price_lines(usage: tuple[UsageLine, ...]) -> tuple[PriceLine, ...]:
    return tuple(
        PriceLine(line.metric, line.quantity, line.unit, line.unit_price_usd) for line in usage
    )


async def settle_outcome(
    run: OrderRun,
    tried: Tried,
    outcome: Built | BuildFailed | Lost | Halted | Absent,
    *,
    used: int,
    number: int,
    latency_ms: int,
) -> JobState:
    """Book one outcome and say where the job stands now.

    `number` is the attempt's, `used` counts it among those that count: the difference are tries for
    which nothing was created.

    The bytes are staged before the charge is booked: a process that dies in between leaves the
    attempt held, and recovery asks the provider for it again.
    """
    settlement = await _settlement(
        run,
        tried,
        outcome,
        left=used < run.record.attempts_max,
        idle=number - used,
        latency_ms=latency_ms,
    )
    if isinstance(outcome, Halted):
        run.stop(outcome.reason, halted=True)
    settled = await run.keeper.settle(settlement)
    if settled.overrun_nano:
        run.stop(
            f"Attempt {tried.attempt_id} cost more than its hold; the books have the whole charge, and the "
            f"part above the hold under overrun.",
            halted=True,
        )
    match settlement:
        case BuiltSettlement():
            return JobState.BUILT
        case UnknownSettlement():
            return JobState.UNKNOWN
        case _:
            return settlement.job_state


async def _settlement(
    run: OrderRun,
    tried: Tried,
    outcome: Built | BuildFailed | Lost | Halted | Absent,
    *,
    left: bool,
    idle: int,
    latency_ms: int,
) -> BuiltSettlement | FailedSettlement | UnknownSettlement:
    match outcome:
        case Built():
            return await _built(run, tried, outcome, left=left, latency_ms=latency_ms)
        case BuildFailed():
            return FailedSettlement(
                attempt_id=tried.attempt_id,
                lines=_price_lines(outcome.usage),
                provider_ref=outcome.provider_ref,
                reason=outcome.reason,
                job_state=JobState.PLANNED if outcome.retryable and left else JobState.FAILED,
                latency_ms=latency_ms,
            )
        case Lost():
            return UnknownSettlement(tried.attempt_id, outcome.provider_ref, outcome.reason)
        case Halted():
            return _nothing_created(tried.attempt_id, outcome.reason, latency_ms)
        case Absent():
            reason = "The provider's record has no such prediction: nothing was created."
            if idle < IDLE_TRIES_MAX:
                return _nothing_created(tried.attempt_id, reason, latency_ms)
            # A provider that goes on creating nothing is asked no more often than the order allows.
            return FailedSettlement(
                attempt_id=tried.attempt_id,
                lines=(),
                provider_ref=None,
                reason=reason,
                job_state=JobState.PLANNED if left else JobState.FAILED,
                latency_ms=latency_ms,
            )


def _nothing_created(attempt_id: str, reason: str, latency_ms: int) -> FailedSettlement:
    """Void an attempt that is none: the job keeps the tries that it had."""
    return FailedSettlement(
        attempt_id=attempt_id,
        lines=(),
        provider_ref=None,
        reason=reason,
        job_state=JobState.PLANNED,
        latency_ms=latency_ms,
        counts=False,
    )


async def _built(
    run: OrderRun,
    tried: Tried,
    built: Built,
    *,
    left: bool,
    latency_ms: int,
) -> BuiltSettlement | FailedSettlement:
    brief, label = tried.brief, label_of(tried.brief, tried.job_id)

    def finish_and_stage() -> tuple[Finished, str, str | None] | Unfinishable:
        finished = finish(
            built.data,
            width=brief.width,
            height=brief.height,
            format=brief.format,
            quality=brief.quality,
            upscale_max=brief.upscale_max,
            progressive=brief.progressive,
        )
        if isinstance(finished, Unfinishable):
            return finished
        data = ready_to_judge(built.data, finished.data, label, signs=run.signer is not None)
        came_sha256 = None
        if data != built.data and has_credentials(built.data):
            # What its maker signed is kept: it can be named as what this was made of.
            came_sha256 = stage(run.store, built.data)
        return replace(finished, data=data), stage(run.store, data), came_sha256

    result = await run.in_thread(finish_and_stage)
    if isinstance(result, Unfinishable):
        return FailedSettlement(
            attempt_id=tried.attempt_id,
            lines=_price_lines(built.usage),
            provider_ref=built.provider_ref,
            reason=result.reason,
            job_state=JobState.PLANNED if left else JobState.FAILED,
            latency_ms=latency_ms,
        )
    finished, sha256, came_sha256 = result
    return BuiltSettlement(
        attempt_id=tried.attempt_id,
        lines=_price_lines(built.usage),
        provider_ref=built.provider_ref,
        sha256=sha256,
        media_type=finished.media_type
        if finished.changed or not built.media_type.startswith("image/")
        else built.media_type,
        byte_count=len(finished.data),
        latency_ms=latency_ms,
        came=finished.came,
        came_sha256=came_sha256,
    )
