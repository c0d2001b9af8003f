"""The inspect stage: built bytes are judged by the order's definition of done, and never twice.

What is known of the same bytes is taken over, the rest is asked of the inspectors. A file that
only has to be cropped or written anew is mended on the spot, for nothing, and judged again from
the start. Of a file that has passed its renditions are made, and judged too; where the house signs,
it is signed then and judged once more, so that nothing is released that was not judged as it is.
Every step of that is in the books before the next, so that a kill anywhere resumes rightly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assets import DigestMismatch, Missing
from assets.credentials import Unsignable
from flows.asking import judged
from flows.briefs import JobBrief
from flows.errors import BadSettings
from flows.known_verdicts import Known, verdict_record
from flows.labelling import criteria_for
from flows.mending import Mended, mend_one
from flows.order_run import OrderRun
from flows.placeholders import fill
from flows.renditions import Renditions, make_renditions, sign_renditions
from flows.sameness import phash_of
from flows.signing import MASTER, Unsigned, sign
from flows.stage_work import StageReport, back_or_out, each_of, in_state, without_bytes
from ledger import Inspection, JobState, JobView
from validators import Criterion, Verdict

if TYPE_CHECKING:
    from assets.credentials import Signer

_HALF_SIGNED = (
    "The file of {job_id} is signed and those made of it are not; set MINTAGE_SIGNING_CERTIFICATE and "
    "MINTAGE_SIGNING_KEY as before, and run `mintage resume`."
)


async def inspect(run: OrderRun, job_ids: Sequence[str]) -> StageReport:
    """Judge each built job's staged bytes by the order's definition of done.

    Raises:
        InspectionError: nobody can judge, or a criterion is broken; nothing is concluded then.
        CredentialsError: nothing can be signed now; as above.
        BadSettings: the house does not sign any more, and a job's files are signed in part.
    """
    views = await in_state(run, job_ids, JobState.BUILT)
    known = await run.known.of(str(view.sha256) for view in views) if views else {}

    async def work(run: OrderRun, view: JobView) -> bool:
        try:
            return await _inspect_one(run, view, known)
        except (Missing, DigestMismatch) as error:
            return await without_bytes(run, view, error)

    return await each_of(run, views, work)


async def _inspect_one(run: OrderRun, view: JobView, known: Mapping[str, Known]) -> bool:
    brief = JobBrief.from_json(view.brief_json)
    renditions: Renditions | None = None
    while True:
        criteria = criteria_of(run, brief, signed=view.signed)
        found = known.get(str(view.sha256))
        verdicts = await judged(run, str(view.sha256), view.media_type, criteria, found)
        verdicts = await run.sameness.compared(view, criteria, verdicts)
        if any(verdict.blocks for verdict in verdicts):
            # What was signed is never changed again.
            mended = None if view.signed else await mend_one(run, view, brief, criteria, verdicts)
            if not isinstance(mended, Mended):
                return await _concluded(run, view, verdicts, not_mended=mended)
            view = _with_bytes(view, mended.record.sha256, mended.record.byte_count)
            view = replace(
                view, media_type=mended.record.media_type, mend_count=view.mend_count + 1
            )
            continue
        if renditions is None:
            renditions = await make_renditions(run, view, brief, await _unsigned(run, view))
        if renditions.fault is None and run.signer is not None:
            try:
                if not view.signed:
                    view = await _signed(run, run.signer, view, brief, verdicts)
                    continue
                renditions = await sign_renditions(run, run.signer, view, brief, renditions)
            except Unsignable as error:
                # No fault of the signer's, which would end the run: another attempt may help.
                renditions = replace(renditions, fault=str(error))
        elif view.signed and renditions.made:
            raise BadSettings(_HALF_SIGNED.format(job_id=view.job_id))
        return await _concluded(run, view, verdicts, renditions)


def criteria_of(run: OrderRun, brief: JobBrief, *, signed: bool = False) -> tuple[Criterion, ...]:
    """Give the definition of done that one job is judged by; `signed` says what its file is."""
    done = fill(run.form.done, brief.variables)
    labels = brief.label is not None and brief.label.embed
    return criteria_for(run.planner.recorded_criteria(done), labels=labels, signed=signed)


def _with_bytes(view: JobView, sha256: str, byte_count: int) -> JobView:
    return replace(view, sha256=sha256, byte_count=byte_count)


async def _unsigned(run: OrderRun, view: JobView) -> str:
    """Name the master's bytes from before it was signed: those that renditions are made of."""
    if not view.signed:
        return str(view.sha256)
    attempt_id = str(view.attempt_id)
    signings = await run.keeper.run(lambda books: books.signings([attempt_id]))
    return signings[attempt_id, MASTER].from_sha256


async def _signed(
    run: OrderRun, signer: Signer, view: JobView, brief: JobBrief, verdicts: Sequence[Verdict]
) -> JobView:
    """Sign a master that has passed, and write that down; it stays built, to be judged again."""
    file = Unsigned(
        MASTER,
        view.name,
        str(view.sha256),
        str(view.media_type),
        tuple(verdicts),
        criteria_of(run, brief, signed=True),
    )
    signing = await sign(run, signer, view, brief, file)
    await run.keeper.inspected(
        Inspection(
            str(view.attempt_id),
            view.job_id,
            tuple(map(verdict_record, verdicts)),
            JobState.BUILT,
            None,
            sha256=view.sha256,
            signing=signing,
        )
    )
    return replace(_with_bytes(view, signing.to_sha256, signing.byte_count), signed=True)


async def _concluded(
    run: OrderRun,
    view: JobView,
    verdicts: Sequence[Verdict],
    renditions: Renditions | None = None,
    *,
    not_mended: str | None = None,
) -> bool:
    """Write the verdicts down, and send the job where they say."""
    attempt_id = str(view.attempt_id)
    records = tuple(map(verdict_record, verdicts))
    failed = [verdict for verdict in verdicts if verdict.blocks]
    fault = None if renditions is None else renditions.fault
    if not failed and fault is None:
        state, reason = JobState.ACCEPTED, None
        run.verdicts[attempt_id] = records
    else:
        state = back_or_out(run, view)
        reason = fault or "; ".join(f"{one.criterion}: {one.reason}" for one in failed)
        if view.signed and failed:
            reason = f"signed: {reason}"
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
            renditions=() if renditions is None else renditions.records(),
        )
    )
    return state is JobState.PLANNED and run.stop_reason is None
