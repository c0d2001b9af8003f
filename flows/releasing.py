"""Carries accepted bytes over to the warehouse's form and puts them under their public keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from assets import (
    Approval,
    Mend,
    Missing,
    ReleaseForm,
    Verification,
    release,
    staged,
)
from assets.labels import read_label
from assets.receipts import Signed, SisterFile, ToldLabel
from flows.briefs import JobBrief
from flows.errors import BooksAltered
from flows.job_labels import JobLabel
from flows.labelling import MINTAGE_VERSION
from flows.order_run import OrderRun
from flows.rework import Changes
from flows.signing import MASTER
from ledger import (
    Books,
    JobView,
    MendView,
    OrderRecord,
    ReleaseRecord,
    RenditionView,
    ReviewDecision,
    ReviewView,
    SigningView,
    VerdictRecord,
    usd,
)


def measured_size(verdicts: Sequence[VerdictRecord]) -> tuple[int, int] | None:
    """Give the width and height in pixels that the inspectors measured, if they did."""
    for verdict in verdicts:
        measured = json.loads(verdict.measured_json)
        if "width" in measured and "height" in measured:
            return int(measured["width"]), int(measured["height"])
    return None


def approval(view: JobView, reviews: Iterable[ReviewView]) -> Approval | None:
    """Give a person's approval of the bytes that a job has now, if there is one."""
    for one in reviews:
        if one.attempt_id == view.attempt_id and one.decision is ReviewDecision.APPROVED:
            return Approval(one.by, one.decision.value, one.because, one.at, one.sha256)
    return None


def _verification(verdict: VerdictRecord) -> Verification:
    return Verification(
        verdict.criterion,
        verdict.version,
        json.loads(verdict.parameters_json),
        json.loads(verdict.measured_json),
        passed=verdict.passed,
        severity=verdict.severity.value,
        reason=verdict.reason,
    )


def _mend(mend: MendView) -> Mend:
    return Mend(mend.kind.value, mend.from_sha256, mend.to_sha256, mend.because)


def _brief_sent(view: JobView, brief: JobBrief) -> tuple[JobBrief, Changes | None]:
    """Give the brief that the job's last attempt was made of, and what was changed in it."""
    changes = Changes.from_json(view.changes_json)
    if changes is not None:
        params = {**brief.params, **changes.params}
        brief = replace(brief, prompt=changes.prompt or brief.prompt, params=params)
    return brief, changes


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that the books say of an approved job's files, beside the job itself."""

    brief: JobBrief
    verdicts: tuple[VerdictRecord, ...]
    """On the master."""
    review: Approval | None = None
    mends: tuple[MendView, ...] = ()
    renditions: tuple[RenditionView, ...] = ()
    rendition_verdicts: Mapping[int, tuple[VerdictRecord, ...]] = field(default_factory=dict)
    """By the rendition's number."""
    signings: Mapping[int, SigningView] = field(default_factory=dict)
    """By the file's number; 0 is the master."""


def gathered(
    books: Books, view: JobView, brief: JobBrief, verdicts: tuple[VerdictRecord, ...]
) -> Gathered:
    """Read what a release needs to know; only what there may be is asked for."""
    attempt_id = str(view.attempt_id)
    made = books.renditions([attempt_id]) if brief.renditions else {}
    judged = books.rendition_verdicts([attempt_id]) if made else {}
    signings = books.signings([attempt_id]) if view.signed else {}
    return Gathered(
        brief=brief,
        verdicts=verdicts,
        review=(
            approval(view, books.reviews([view.job_id]).get(view.job_id, ()))
            if view.approved_by
            else None
        ),
        mends=books.mends(attempt_id) if view.mend_count else (),
        renditions=made.get(attempt_id, ()),
        rendition_verdicts={number: found for (_, number), found in judged.items()},
        signings={number: one for (_, number), one in signings.items()},
    )


def put_release(run: OrderRun, view: JobView, found: Gathered) -> ReleaseRecord:
    """Put one approved job's staged files and receipts under their public keys, the master last.

    Everything in the receipts comes from the books, so that doing it again writes the same bytes.

    Raises:
        BooksAltered: its bytes are not those that were inspected, as the books have them.
        Missing, DigestMismatch: its bytes are not in the store any more; nothing is released then.
    """
    master, *renditions = release_forms(run.record, view, found)
    # All of them before the first is released: what is public can not be made again.
    files = [_truly_told(form, staged(run.store, form.sha256)) for form in (*renditions, master)]
    for form, data in files:
        released = release(run.store, form, data)
    return ReleaseRecord(
        job_id=master.job_id,
        sha256=master.sha256,
        store_url=run.store.url,
        release_key=released.key,
        receipt_key=released.receipt_key,
        width=master.width,
        height=master.height,
    )


def _truly_told(form: ReleaseForm, data: bytes) -> tuple[ReleaseForm, bytes]:
    """Say of a label whether it is in the file: one that kept its maker's credentials has none."""
    if form.label is None or not form.label.embedded or read_label(data) is not None:
        return form, data
    return replace(form, label=replace(form.label, embedded=False)), data


def is_begun(run: OrderRun, view: JobView, found: Gathered) -> bool:
    """Whether a release of these very bytes was cut off after something of it had become public.

    Nothing is ever taken out of the store, so that has to be completed.
    """
    for form in release_forms(run.record, view, found):
        try:
            receipt = json.loads(run.store.get(form.receipt_key))
            if receipt["asset"]["sha256"] == form.sha256:
                return True
        except (Missing, ValueError, LookupError, TypeError):
            # Whatever else lies there is met when it is put.
            continue
    return False


def release_forms(order: OrderRecord, view: JobView, found: Gathered) -> tuple[ReleaseForm, ...]:
    """Say all that the receipts of an approved job's files say: the master's, then its renditions'.

    Of a job that is released it says the same as when it was approved.

    Raises:
        BooksAltered: its bytes are not those that were inspected, as the books have them.
    """
    whole = _form(order, view, found)
    renditions = tuple(_rendition_form(view, whole, one, found) for one in found.renditions)
    master = replace(whole, renditions=tuple(map(_sister, renditions)))
    return master, *(replace(one, master=_sister(master)) for one in renditions)


def _sister(form: ReleaseForm) -> SisterFile:
    return SisterFile(form.name, form.key, form.sha256, form.receipt_key)


def _rendition_form(
    view: JobView, master: ReleaseForm, one: RenditionView, found: Gathered
) -> ReleaseForm:
    verdicts = found.rendition_verdicts.get(one.number, ())
    if not verdicts or any(verdict.blocks for verdict in verdicts):
        raise BooksAltered(
            f"{view.job_id} is approved, and its rendition {one.name} did not pass its inspection"
        )
    return replace(
        master,
        name=one.name,
        verified_by=tuple(map(_verification, verdicts)),
        mends=(),
        cost_usd=Decimal(0),
        sha256=one.sha256,
        byte_count=one.byte_count,
        media_type=one.media_type,
        width=one.width,
        height=one.height,
        credentials=_signed(found.signings.get(one.number)),
    )


def _signed(signing: SigningView | None) -> Signed | None:
    if signing is None:
        return None
    return Signed(signing.certificate_sha256, signing.rules_sha256)


def _told_label(label: JobLabel | None) -> ToldLabel | None:
    if label is None:
        return None
    return ToldLabel(
        title=label.title,
        alt=label.alt,
        description=label.description,
        rights=label.rights,
        credit=label.credit,
        tags=label.tags,
        source_type=label.source_type,
        embedded=label.embed,
    )


def _form(order: OrderRecord, view: JobView, found: Gathered) -> ReleaseForm:
    """Say all that the receipt of an approved job's master says, but what was made of it."""
    assert view.sha256 is not None  # noqa: S101  an approved job was built
    assert view.byte_count is not None  # noqa: S101  as above
    assert view.attempt_id is not None  # noqa: S101  as above
    assert view.seed is not None  # noqa: S101  as above
    assert view.accepted_at is not None  # noqa: S101  as above
    brief, changes = _brief_sent(view, found.brief)
    size = measured_size(found.verdicts)
    if size is None:
        raise BooksAltered(
            f"{view.job_id} is approved with bytes {view.sha256[:12]}, which no inspector has measured"
        )
    width, height = size
    return ReleaseForm(
        order_id=order.order_id,
        order_title=order.title,
        owner=order.owner,
        cost_center=order.cost_center,
        campaign=order.campaign,
        job_id=view.job_id,
        name=view.name,
        prompt=brief.prompt,
        params=brief.params,
        seed=view.seed,
        provider=order.provider,
        model=order.model,
        provider_ref=view.provider_ref,
        attempt_id=view.attempt_id,
        attempts=view.last_number,
        verified_by=tuple(map(_verification, found.verdicts)),
        review=found.review,
        mends=tuple(map(_mend, found.mends)),
        changed=None if changes is None else changes.told(),
        approved_by=view.approved_by,
        approved_at=view.accepted_at if view.approved_by else None,
        accepted_at=view.accepted_at,
        cost_usd=usd(view.spent_nano),
        sha256=view.sha256,
        byte_count=view.byte_count,
        media_type=str(view.media_type),
        width=width,
        height=height,
        mintage_version=MINTAGE_VERSION,
        label=_told_label(brief.label),
        credentials=_signed(found.signings.get(MASTER)),
    )
