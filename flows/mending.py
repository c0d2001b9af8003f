"""Free remedies before paid ones: the very same output is cropped, flattened or written anew.

The inspectors say what could help, and never change a byte; what is done about it is decided here
and done where pictures are finished. Each kind is tried once for an attempt, and only where every
rule that blocks can be helped so: else the money goes to another attempt anyway.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assets import stage, staged
from flows.briefs import JobBrief
from flows.known_verdicts import verdict_record
from flows.labelling import label_of, labelled
from flows.order_run import OrderRun
from generators import Encoding, Finished, Trim, Unfinishable, mend
from ledger import Inspection, JobState, JobView, MendKind, MendRecord
from validators import Criterion, Remedy, Verdict

_IN_TURN = (MendKind.RECROP, MendKind.FLATTEN, MendKind.REENCODE)
"""What is done first: cropping writes the file anew as well."""

_SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True, slots=True)
class MendPlan:
    """What is done to a file: the kind that it counts as, and all that its verdicts ask for."""

    kind: MendKind
    trim: Trim
    flatten: bool
    because: str


@dataclass(frozen=True, slots=True)
class Mended:
    """A file was mended, and the books say so."""

    record: MendRecord


def plan_mend(verdicts: Sequence[Verdict], tried: Collection[MendKind]) -> MendPlan | None:
    """Say how a file can be mended; None where nothing is wrong, or free remedies are not enough."""
    failed = [verdict for verdict in verdicts if verdict.blocks]
    kinds = {_free(verdict.remedy) for verdict in failed}
    if not kinds or None in kinds or kinds & set(tried):
        return None
    trims = [_bars(verdict) for verdict in failed if verdict.criterion == "borders"]
    return MendPlan(
        kind=next(kind for kind in _IN_TURN if kind in kinds),
        trim=trims[0] if trims else Trim(),
        flatten=MendKind.FLATTEN in kinds,
        because="; ".join(f"{verdict.criterion}: {verdict.reason}" for verdict in failed),
    )


def encoding_for(brief: JobBrief, criteria: Sequence[Criterion]) -> Encoding:
    """Say how a mended file is written: as the order's output, within what its rules ask of a file."""
    quality, progressive, dpi, no_finer = brief.quality, brief.progressive, None, False
    layouts: tuple[str, ...] = ()
    for criterion in criteria:
        asked = criterion.parameters()
        match criterion.name:
            case "progressive":
                progressive = asked["is"] is True
            case "jpeg_quality" if brief.format == "jpeg":
                least, most = asked.get("min"), asked.get("max")
                # What was lost does not come back: a file that fails this is not to be made to pass.
                no_finer = isinstance(least, int)
                quality = min(quality, most) if isinstance(most, int) else quality
            case "resolution" if asked.get("unstated") is False:
                bound = asked.get("min_dpi", asked.get("max_dpi"))
                dpi = math.ceil(bound) if isinstance(bound, int | float) else None
            case "colour_mode":
                listed = asked["is"]
                layouts = tuple(map(str, listed)) if isinstance(listed, list) else ()
            case _:
                pass
    return Encoding(brief.format, quality, progressive, dpi, no_finer, layouts)


async def mend_one(
    run: OrderRun,
    view: JobView,
    brief: JobBrief,
    criteria: Sequence[Criterion],
    verdicts: Sequence[Verdict],
) -> Mended | str | None:
    """Mend a file if that may help, and write it down; else say why it could not be, if it was tried.

    The mended bytes are labelled and staged before the books name them. The job stays built, to be
    judged again.

    Raises:
        Missing, DigestMismatch: the bytes are not in the store any more.
    """
    attempt_id = str(view.attempt_id)
    before = await run.keeper.run(lambda books: books.mends(attempt_id)) if view.mend_count else ()
    plan = plan_mend(verdicts, {one.kind for one in before})
    if plan is None:
        return None
    came = await run.keeper.run(lambda books: books.came_size(attempt_id))
    if came is None and plan.trim != Trim():
        return "nobody wrote down how large its picture came, so how far it has grown is not known"
    label = label_of(brief, view.job_id)

    def make() -> tuple[Finished, str] | Unfinishable:
        made = mend(
            staged(run.store, str(view.sha256)),
            width=brief.width,
            height=brief.height,
            encoding=encoding_for(brief, criteria),
            upscale_max=brief.upscale_max,
            came=came,
            trim=plan.trim,
            flatten=plan.flatten,
        )
        if isinstance(made, Unfinishable):
            return made
        data = labelled(made.data, label)
        return replace(made, data=data), stage(run.store, data)

    made = await run.in_thread(make)
    if isinstance(made, Unfinishable):
        return made.reason
    finished, sha256 = made
    if sha256 == view.sha256:
        return "writing it anew changes nothing"
    record = MendRecord(plan.kind, sha256, finished.media_type, len(finished.data), plan.because)
    await _write_down(run, view, verdicts, record)
    return Mended(record)


async def _write_down(
    run: OrderRun, view: JobView, verdicts: Sequence[Verdict], record: MendRecord
) -> None:
    """Tell the books of a mend and of the verdicts that asked for it, together."""
    await run.keeper.inspected(
        Inspection(
            str(view.attempt_id),
            view.job_id,
            tuple(verdict_record(verdict) for verdict in verdicts),
            JobState.BUILT,
            None,
            sha256=view.sha256,
            mend=record,
        )
    )


def _free(remedy: Remedy | None) -> MendKind | None:
    """Return the kind of mend that a remedy is; None for one that costs an attempt, and for none."""
    if remedy is None:
        return None
    match remedy.kind, remedy.what:
        case "recrop", None:
            return MendKind.RECROP
        case "reencode", "flatten":
            return MendKind.FLATTEN
        case "reencode", None:
            return MendKind.REENCODE
        case _:
            return None


def _bars(verdict: Verdict) -> Trim:
    """Read how thick the bars are that were measured, in pixels."""
    thick = {}
    for side in _SIDES:
        px = verdict.measured.get(f"{side}_px", 0)
        thick[side] = px if isinstance(px, int) and px > 0 else 0
    return Trim(**thick)
