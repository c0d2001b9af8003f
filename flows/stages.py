"""The four stages, each over a chunk of job ids: build, inspect, review, release.

Every stage reads from the books what is left to do, so each can be run again at any time and does
nothing twice. Bytes never pass between stages: build leaves them in staging under their SHA-256,
inspect and release read them back from there.
"""

from __future__ import annotations

from collections.abc import Sequence

from assets import DigestMismatch, Missing
from flows.briefs import JobBrief, attempt_seed, canonical_json
from flows.judging import criteria_of, inspect
from flows.order_form import SampleForm
from flows.order_run import OrderRun
from flows.outcomes import Tried, after_failure, settle_outcome
from flows.releasing import Gathered, gathered, is_begun, put_release
from flows.reviewing import is_drawn
from flows.rework import reworked
from flows.stage_work import Stage, StageReport, back_or_out, each, without_bytes
from generators import Brief, Halted, Lost, Outcome
from ledger import (
    Admit,
    AlreadySettled,
    HoldRequest,
    JobMove,
    JobState,
    JobView,
    Refuse,
    ReviewDecision,
    Stopped,
    VerdictRecord,
    VerdictSeverity,
    Wait,
    hold_nano,
)
from validators import NotSeenBefore


async def build(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Make one attempt for each planned job: hold, send, settle, stage."""
    return await each(run, job_ids, JobState.PLANNED, _build_one)


async def _build_one(run: OrderRun, view: JobView) -> bool:
    brief = JobBrief.from_json(view.brief_json)
    number = view.last_number + 1
    attempt_id = run.new_id()
    async with run.slots:
        if run.stop_reason is not None:
            return False
        seed = attempt_seed(view.job_id, number)
        attempt, changes = await reworked(run, view, brief.for_attempt(seed))
        decision = await run.gate.hold(
            HoldRequest(
                attempt_id=attempt_id,
                job_id=view.job_id,
                order_id=view.order_id,
                number=number,
                seed=attempt.seed,
                amount_nano=hold_nano(run.generator.quote(attempt).dearest_usd),
                request_json=canonical_json(run.generator.request(attempt)),
                changes_json=None if changes is None else changes.to_json(),
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
            Tried(attempt_id, view.job_id, brief),
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


async def review(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Send each accepted job to a person where the order asks for it, else on to release."""
    return await each(run, job_ids, JobState.ACCEPTED, _review_one)


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


async def _rejected_before(run: OrderRun, view: JobView) -> str:
    """Say that a person has rejected a file of this job before: then one sees the next file too."""
    if view.last_number == 1:
        return ""
    said = (await run.keeper.run(lambda books: books.reviews([view.job_id]))).get(view.job_id, ())
    rejected = [one.by for one in said if one.decision is ReviewDecision.REJECTED]
    return f" ({rejected[-1]} rejected the file before it)" if rejected else ""


async def _review_one(run: OrderRun, view: JobView) -> bool:
    doubts = await _doubts(run, view) or await _rejected_before(run, view)
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
    return await each(run, job_ids, JobState.APPROVED, _release_one)


async def _release_one(run: OrderRun, view: JobView) -> bool:
    assert view.attempt_id is not None  # noqa: S101  an approved job was built
    attempt_id = view.attempt_id
    verdicts = await _verdicts(run, view)
    run.verdicts.pop(attempt_id, None)
    stopped = await _seen_meanwhile(run, view, verdicts)
    brief = JobBrief.from_json(view.brief_json)
    if view.approved_by or view.mend_count or view.signed or brief.renditions:
        found = await run.keeper.run(lambda books: gathered(books, view, brief, verdicts))
    else:
        found = Gathered(brief, verdicts)
    # What was public before its twin was released is no second one, whatever the books know of it.
    if stopped is not None and not await run.in_thread(lambda: is_begun(run, view, found)):
        await run.keeper.move(stopped)
        return stopped.to_state is JobState.PLANNED and run.stop_reason is None
    try:
        record = await run.in_thread(lambda: put_release(run, view, found))
    except (Missing, DigestMismatch) as error:
        return await without_bytes(run, view, error)
    await run.keeper.release(record)
    return False


async def _seen_meanwhile(
    run: OrderRun, view: JobView, verdicts: Sequence[VerdictRecord]
) -> JobMove | None:
    """Say where a file goes whose near duplicate was released since it passed, if one was.

    Nobody looks at a file twice: what a person has approved is stopped by a rule that blocks, and
    by no other.
    """
    if all(one.criterion != NotSeenBefore.name for one in verdicts):
        return None
    criteria = criteria_of(run, JobBrief.from_json(view.brief_json))
    seen = await run.sameness.seen_since(criteria, verdicts)
    if seen is None:
        return None
    if seen.severity is VerdictSeverity.BLOCK:
        return JobMove(view.job_id, view.state, back_or_out(run, view), seen.reason)
    if seen.severity is VerdictSeverity.REVIEW and view.approved_by is None:
        reason = f"waits for a person's review ({seen.reason})"
        return JobMove(view.job_id, view.state, JobState.IN_REVIEW, reason)
    return None


__all__ = ["STAGES", "Stage", "StageReport", "wants_review"]

STAGES: dict[str, Stage] = {
    "build": build,
    "inspect": inspect,
    "review": review,
    "release": release,
}
"""The stages by their words, in the one order in which a job goes through them."""
