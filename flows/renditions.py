"""Renditions: more files of one accepted master, made for nothing and judged each by its own rules.

A rendition is made of the master as it was judged, before it was signed: what a signature says is
true of the very bytes that it is in. The cost stays with the master's job. One that fails is not
mended: the master goes back to build, as it does when it fails itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from assets import stage, staged
from flows.asking import judged
from flows.briefs import JobBrief
from flows.job_labels import RenditionBrief
from flows.known_verdicts import verdict_record
from flows.labelling import criteria_for, label_of, ready_to_judge
from flows.order_run import OrderRun
from flows.signing import Unsigned, sign
from generators import Finished, Unfinishable, finish
from ledger import JobView, RenditionRecord, SigningRecord
from validators import Criterion, Verdict

if TYPE_CHECKING:
    from assets.credentials import Signer


@dataclass(frozen=True, slots=True)
class Rendition:
    """One rendition as it was made, staged and judged."""

    number: int
    """From 1, in the order of the order's outputs."""
    brief: RenditionBrief
    sha256: str
    media_type: str
    byte_count: int
    verdicts: tuple[Verdict, ...]
    signing: SigningRecord | None = None

    @property
    def blocks(self) -> bool:
        """Whether a rule that blocks is broken."""
        return any(verdict.blocks for verdict in self.verdicts)

    def faults(self) -> str:
        """Say which rules that block it breaks, and why."""
        broken = [
            f"{verdict.criterion}: {verdict.reason}" for verdict in self.verdicts if verdict.blocks
        ]
        return f"rendition {self.brief.name}: {'; '.join(broken)}"


@dataclass(frozen=True, slots=True)
class Renditions:
    """The renditions of one master, and why they do not go on, if one of them does not."""

    master_sha256: str
    """The bytes that they were made of."""
    made: tuple[Rendition, ...] = ()
    fault: str | None = None

    def records(self) -> tuple[RenditionRecord, ...]:
        """Write them in the books' form."""
        return tuple(_record(one, self.master_sha256) for one in self.made)


async def make_renditions(
    run: OrderRun, view: JobView, brief: JobBrief, master_sha256: str
) -> Renditions:
    """Make all renditions of a staged master, one after another, and judge each.

    After the first that fails no other is made, unless the order wants every fault reported; nothing
    comes after one that cannot be made at all.

    Raises:
        Missing, DigestMismatch: the master's bytes are not in the store any more.
        InspectionError: nobody can judge; nothing is concluded then.
    """
    if not brief.renditions:
        return Renditions(master_sha256)
    master = await run.in_thread(lambda: staged(run.store, master_sha256))
    made: list[Rendition] = []
    faults: list[str] = []
    for number, wanted in enumerate(brief.renditions, start=1):
        one = await _made(run, view, brief, master, number, wanted)
        if isinstance(one, str):
            faults.append(one)
            break
        made.append(one)
        if one.blocks:
            faults.append(one.faults())
            if run.form.report != "all":
                break
    return Renditions(master_sha256, tuple(made), "; ".join(faults) or None)


async def _made(
    run: OrderRun,
    view: JobView,
    brief: JobBrief,
    master: bytes,
    number: int,
    wanted: RenditionBrief,
) -> Rendition | str:
    """Make and judge one rendition, or say in words why it cannot be made."""
    label = label_of(brief, view.job_id)

    def make() -> tuple[Finished, str] | Unfinishable:
        finished = finish(
            master,
            width=wanted.width,
            height=wanted.height,
            format=wanted.format,
            quality=wanted.quality,
            upscale_max=Decimal(wanted.upscale_max),
            progressive=wanted.progressive,
        )
        if isinstance(finished, Unfinishable):
            return finished
        data = ready_to_judge(master, finished.data, label, signs=run.signer is not None)
        return replace(finished, data=data), stage(run.store, data)

    result = await run.in_thread(make)
    if isinstance(result, Unfinishable):
        return f"rendition {wanted.name} cannot be made: {result.reason}"
    finished, sha256 = result
    verdicts = await judged(
        run, sha256, finished.media_type, rendition_criteria(run, brief, wanted, signed=False)
    )
    return Rendition(number, wanted, sha256, finished.media_type, len(finished.data), verdicts)


async def sign_renditions(
    run: OrderRun, signer: Signer, view: JobView, brief: JobBrief, unsigned: Renditions
) -> Renditions:
    """Sign renditions that have passed, and judge each again with what the signature added.

    Raises:
        Missing, DigestMismatch: their bytes are not in the store any more.
        CredentialsError: they cannot be signed now; nothing is concluded then.
        InspectionError: nobody can judge; nothing is concluded then.
    """
    made = []
    for one in unsigned.made:
        criteria = rendition_criteria(run, brief, one.brief, signed=True)
        file = Unsigned(
            one.number,
            one.brief.name,
            one.sha256,
            one.media_type,
            one.verdicts,
            criteria,
            rendition_of=str(view.sha256),
        )
        signing = await sign(run, signer, view, brief, file)
        made.append(
            replace(
                one,
                sha256=signing.to_sha256,
                byte_count=signing.byte_count,
                verdicts=await judged(run, signing.to_sha256, one.media_type, criteria),
                signing=signing,
            )
        )
    faults = [f"signed {one.faults()}" for one in made if one.blocks]
    return replace(unsigned, made=tuple(made), fault="; ".join(faults) or None)


def rendition_criteria(
    run: OrderRun, brief: JobBrief, wanted: RenditionBrief, *, signed: bool
) -> tuple[Criterion, ...]:
    """Give the definition of done that one rendition is judged by."""
    labels = brief.label is not None and brief.label.embed
    criteria = run.planner.recorded_criteria(list(wanted.done))
    return criteria_for(criteria, labels=labels, signed=signed)


def _record(one: Rendition, master_sha256: str) -> RenditionRecord:
    return RenditionRecord(
        number=one.number,
        name=one.brief.name,
        width=one.brief.width,
        height=one.brief.height,
        sha256=one.sha256,
        media_type=one.media_type,
        byte_count=one.byte_count,
        from_sha256=master_sha256,
        verdicts=tuple(map(verdict_record, one.verdicts)),
        signing=one.signing,
    )
