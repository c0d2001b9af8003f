"""The inspect stage: built bytes are judged by the order's definition of done, and never twice.

What is known of the same bytes is taken over, the rest is asked of the inspectors. A file that
only has to be cropped or written anew is mended on the spot, for nothing, and judged again from
the start; every step of that is in the books before the next, so that a kill anywhere resumes
rightly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assets import DigestMismatch, Missing, staged
from flows.briefs import JobBrief
from flows.known_verdicts import Known, merged, to_ask, verdict_record
from flows.mending import Mended, mend_one
from flows.order_run import OrderRun
from flows.placeholders import fill
from flows.sameness import phash_of
from flows.stage_work import StageReport, back_or_out, each_of, in_state, without_bytes
from ledger import Inspection, JobState, JobView
from validators import Criterion, Verdict


async def inspect(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Judge each built job's staged bytes by the order's definition of done.

    Raises:
        InspectionError: nobody can judge, or a criterion is broken; nothing is concluded then.
    """
    views = await in_state(run, job_ids, JobState.BUILT)
    known = await run.known.of(str(view.sha256) for view in views) if views else {}

    async def work(run: OrderRun, view: JobView) -> bool:
        return await _inspect_one(run, view, known)

    return await each_of(run, views, work)


async def _inspect_one(run: OrderRun, view: JobView, known: Mapping[str, Known]) -> bool:
    brief = JobBrief.from_json(view.brief_json)
    criteria = criteria_of(run, brief)
    while True:
        found = (
            known.get(str(view.sha256))
            or (await run.known.of([str(view.sha256)]))[str(view.sha256)]
        )
        try:
            verdicts = await _judged(run, view, criteria, found)
            verdicts = await run.sameness.compared(view, criteria, verdicts)
            mended = await mend_one(run, view, brief, criteria, verdicts)
        except (Missing, DigestMismatch) as error:
            return await without_bytes(run, view, error)
        if not isinstance(mended, Mended):
            return await _concluded(run, view, verdicts, mended)
        view = replace(
            view,
            sha256=mended.record.sha256,
            media_type=mended.record.media_type,
            byte_count=mended.record.byte_count,
            mend_count=view.mend_count + 1,
        )


def criteria_of(run: OrderRun, brief: JobBrief) -> tuple[Criterion, ...]:
    """Give the definition of done that one job is judged by."""
    done = fill(run.form.done, brief.variables)
    return run.planner.recorded_criteria(done)


async def _judged(
    run: OrderRun, view: JobView, criteria: Sequence[Criterion], known: Known
) -> tuple[Verdict, ...]:
    """Ask the inspectors what is not known of a file; nothing at all where everything is."""
    sha256 = str(view.sha256)
    async with known.lock:
        asked = to_ask(
            criteria,
            known.findings,
            media_type=view.media_type,
            report_all=run.form.report == "all",
        )
        if not asked.opens:
            return merged(asked, known.findings, ())
        data = await run.in_thread(lambda: staged(run.store, sha256))
        judged = await run.inspectors.inspect_async(
            data,
            asked.unknown,
            claimed_media_type=view.media_type,
            report_all=asked.report_all,
            sha256=sha256,
        )
        verdicts = merged(asked, known.findings, judged)
        known.learn(judged)
        return verdicts


async def _concluded(
    run: OrderRun, view: JobView, verdicts: Sequence[Verdict], not_mended: str | None
) -> bool:
    """Write the verdicts down, and send the job where they say."""
    attempt_id = str(view.attempt_id)
    records = tuple(verdict_record(verdict) for verdict in verdicts)
    failed = [verdict for verdict in verdicts if verdict.blocks]
    if not failed:
        state, reason = JobState.ACCEPTED, None
        run.verdicts[attempt_id] = records
    else:
        state = back_or_out(run, view)
        reason = "; ".join(f"{verdict.criterion}: {verdict.reason}" for verdict in failed)
        if not_mended is not None:
            reason = f"{reason} (It could not be mended: {not_mended}.)"
    await run.keeper.inspected(
        Inspection(
            attempt_id,
            view.job_id,
            records,
            state,
            reason,
            sha256=view.sha256,
            phash=phash_of(verdicts),
        )
    )
    return state is JobState.PLANNED and run.stop_reason is None
