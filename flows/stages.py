"""The four stages, each over a chunk of job ids: build, inspect, review, release.

Every stage reads from the books what is left to do, so each can be run again at any time and does
nothing twice. Bytes never pass between stages: build leaves them in staging under their SHA-256,
inspect and release read them back from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from assets import AssetsError, DigestMismatch, Missing, staged
from flows.briefs import JobBrief, attempt_seed, canonical_json
from flows.order_form import SampleForm
from flows.order_run import OrderRun
from flows.outcomes import after_failure, settle_outcome
from flows.placeholders import fill
from flows.releasing import approval, put_release
from flows.reviewing import is_drawn
from flows.sameness import phash_of
from generators import Brief, Halted, Lost, Outcome
from ledger import (
    Admit,
    AlreadySettled,
    HoldRequest,
    Inspection,
    JobMove,
    JobState,
    JobView,
    Refuse,
    Stopped,
    VerdictRecord,
    VerdictSeverity,
    Wait,
    hold_nano,
)
from validators import Verdict
from validators import inspect as inspect_bytes


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did to one chunk: jobs that it handled, and those that go back to build."""

    handled: int
    again: int


Stage = Callable[[OrderRun, Sequence[str]], Awaitable[StageReport]]


async def _each(
    run: OrderRun,
    job_ids: Sequence[str],
    state: JobState,
    work: Callable[[OrderRun, JobView], Awaitable[bool]],
) -> StageReport:
    """Do one stage's work on the jobs that are in its state; the work says whether a job goes back."""
    views = [view for view in await run.keeper.jobs(job_ids) if view.state is state]
    again = await asyncio.gather(*(work(run, view) for view in views))
    return StageReport(len(views), sum(again))


async def build(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Make one attempt for each planned job: hold, send, settle, stage."""
    return await _each(run, job_ids, JobState.PLANNED, _build_one)


async def _build_one(run: OrderRun, view: JobView) -> bool:
    brief = JobBrief.from_json(view.brief_json)
    number = view.last_number + 1
    attempt = brief.for_attempt(attempt_seed(view.job_id, number))
    attempt_id = run.new_id()
    async with run.slots:
        if run.stop_reason is not None:
            return False
        decision = await run.gate.hold(
            HoldRequest(
                attempt_id=attempt_id,
                job_id=view.job_id,
                order_id=view.order_id,
                number=number,
                seed=attempt.seed,
                amount_nano=hold_nano(run.generator.quote(attempt).dearest_usd),
                request_json=canonical_json(run.generator.request(attempt)),
            )
        )
        if not isinstance(decision, Admit):
            await _not_admitted(run, view, decision)
            return False
        started = run.clock()
        try:
            outcome = await _send(run, attempt_id, attempt)
        except BaseException:
            # The hold stays in the books for recovery; nobody here may wait for it to be settled.
            await run.gate.settled()
            raise
    latency_ms = round((run.clock() - started).total_seconds() * 1000)
    try:
        state = await settle_outcome(
            run,
            attempt_id,
            brief,
            outcome,
            used=view.attempts_used + 1,
            number=number,
            latency_ms=latency_ms,
        )
    except AlreadySettled as error:
        # This process was taken for dead, and whoever took over has found its answer first.
        run.stop(str(error), halted=True)
        return False
    finally:
        await run.gate.settled()
    if isinstance(outcome, Lost):
        run.lost.set()
    return state is JobState.PLANNED and run.stop_reason is None


async def _send(run: OrderRun, attempt_id: str, brief: Brief) -> Outcome:
    if run.stop_reason is not None:
        # It was stopped while the hold was being written: the money goes back, nothing is sent.
        return Halted("The run was stopped before the request was sent.")

    async def created(provider_ref: str) -> None:
        await run.keeper.note_ref(attempt_id, provider_ref)

    return await run.generator.build(attempt_id, brief, created, run.may_send)


async def _not_admitted(run: OrderRun, view: JobView, decision: Refuse | Wait | Stopped) -> None:
    if isinstance(decision, Stopped):
        run.stop(decision.reason)
        return
    if isinstance(decision, Wait):
        run.waiting += 1
        return
    state, reason = JobState.REFUSED, decision.reason
    if view.attempts_used:
        found = (view.reason or "The last attempt failed").rstrip(".")
        reason = f"{found}; no further attempt: {decision.reason}"
        if decision.is_of_job:
            # Its own cap is never raised: the last finding stands. Any other may be, and it goes on.
            state = after_failure(view)
    await run.keeper.move(JobMove(view.job_id, JobState.PLANNED, state, reason))


async def inspect(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Judge each built job's staged bytes by the order's definition of done."""
    return await _each(run, job_ids, JobState.BUILT, _inspect_one)


async def _inspect_one(run: OrderRun, view: JobView) -> bool:
    assert view.sha256 is not None  # noqa: S101  the books put a digest on every built attempt
    assert view.attempt_id is not None  # noqa: S101  as above
    brief = JobBrief.from_json(view.brief_json)
    done = fill(run.form.done, brief.variables)
    criteria = run.planner.criteria(done, _broken_done)
    assert criteria is not None  # noqa: S101  the order was planned with these very criteria

    def judge() -> tuple[Verdict, ...]:
        data = staged(run.store, str(view.sha256))
        return inspect_bytes(
            data,
            criteria,
            claimed_media_type=view.media_type,
            report_all=run.form.report == "all",
        )

    try:
        verdicts = await run.in_thread(judge)
    except (Missing, DigestMismatch) as error:
        return await _without_bytes(run, view, error)
    verdicts = await run.sameness.compared(view, criteria, verdicts)
    records = tuple(_verdict_record(verdict) for verdict in verdicts)
    failed = [verdict for verdict in verdicts if verdict.blocks]
    if not failed:
        state, reason = JobState.ACCEPTED, None
        run.verdicts[view.attempt_id] = records
    else:
        reason = "; ".join(f"{verdict.criterion}: {verdict.reason}" for verdict in failed)
        state = _back_or_out(run, view)
    await run.keeper.inspected(
        Inspection(view.attempt_id, view.job_id, records, state, reason, phash=phash_of(verdicts))
    )
    return state is JobState.PLANNED and run.stop_reason is None


def _back_or_out(run: OrderRun, view: JobView) -> JobState:
    """Say where a gate sends a job that failed it: back to build while attempts are left."""
    left = view.attempts_used < run.record.attempts_max
    return JobState.PLANNED if left else JobState.REJECTED


async def _without_bytes(run: OrderRun, view: JobView, error: AssetsError) -> bool:
    """Send a job whose staged bytes are lost back to build while attempts are left."""
    state = _back_or_out(run, view)
    reason = f"Its staged file was lost before it was released: {error}"
    await run.keeper.move(JobMove(view.job_id, view.state, state, reason))
    return state is JobState.PLANNED and run.stop_reason is None


def _broken_done(path: object, found: str, wanted: str) -> None:
    raise AssertionError(f"the recorded order has a bad criterion at {path}: {found}, not {wanted}")


def _verdict_record(verdict: Verdict) -> VerdictRecord:
    return VerdictRecord(
        criterion=verdict.criterion,
        version=verdict.version,
        parameters_json=canonical_json(verdict.parameters),
        passed=verdict.passed,
        measured_json=canonical_json(verdict.measured),
        reason=verdict.reason,
        severity=VerdictSeverity(verdict.severity),
        remedy_json=None if verdict.remedy is None else canonical_json(asdict(verdict.remedy)),
    )


async def review(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Send each accepted job to a person where the order asks for it, else on to release."""
    return await _each(run, job_ids, JobState.ACCEPTED, _review_one)


def wants_review(run: OrderRun, job_id: str) -> bool:
    """Whether a person must look at this job; a sample is drawn by the job's id, so it stays the same."""
    asked = run.form.review
    if isinstance(asked, SampleForm):
        return is_drawn(job_id, asked.sample)
    return asked == "all"


async def _verdicts(run: OrderRun, view: JobView) -> tuple[VerdictRecord, ...]:
    attempt_id = str(view.attempt_id)
    known = run.verdicts.get(attempt_id)
    if known is None:
        known = await run.keeper.run(lambda books: tuple(books.verdicts(attempt_id)))
        run.verdicts[attempt_id] = known
    return known


async def _doubts(run: OrderRun, view: JobView) -> str:
    """Say what a person has to look at because a rule with severity `review` is broken, if any is."""
    broken = [
        f"{one.criterion}: {one.reason}"
        for one in await _verdicts(run, view)
        if not one.passed and one.severity is VerdictSeverity.REVIEW
    ]
    return f" ({'; '.join(broken)})" if broken else ""


async def _review_one(run: OrderRun, view: JobView) -> bool:
    doubts = await _doubts(run, view)
    if doubts or wants_review(run, view.job_id):
        # A person takes a while; the books have the verdicts when it is released.
        run.verdicts.pop(str(view.attempt_id), None)
        move = JobMove(
            view.job_id,
            JobState.ACCEPTED,
            JobState.IN_REVIEW,
            f"waits for a person's review{doubts}",
        )
    else:
        move = JobMove(view.job_id, JobState.ACCEPTED, JobState.APPROVED)
    await run.keeper.move(move)
    return False


async def release(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Put each approved job's bytes and receipt under their public keys."""
    return await _each(run, job_ids, JobState.APPROVED, _release_one)


async def _release_one(run: OrderRun, view: JobView) -> bool:
    assert view.attempt_id is not None  # noqa: S101  an approved job was built
    attempt_id = view.attempt_id
    verdicts = await _verdicts(run, view)
    run.verdicts.pop(attempt_id, None)
    seen = await run.keeper.run(lambda books: approval(books, view)) if view.approved_by else None
    try:
        record = await run.in_thread(lambda: put_release(run, view, verdicts, seen))
    except (Missing, DigestMismatch) as error:
        return await _without_bytes(run, view, error)
    await run.keeper.release(record)
    return False


STAGES: dict[str, Stage] = {
    "build": build,
    "inspect": inspect,
    "review": review,
    "release": release,
}
"""The stages by their words, in the one order in which a job goes through them."""
