"""Carries accepted bytes over to the warehouse's form and puts them under their public keys."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

from assets import (
    Approval,
    Mend,
    ReleaseForm,
    Verification,
    release,
    staged,
)
from flows.briefs import JobBrief
from flows.errors import BooksAltered
from flows.order_run import OrderRun
from flows.rework import Changes
from ledger import (
    Books,
    JobView,
    MendView,
    ReleaseRecord,
    ReviewDecision,
    VerdictRecord,
    usd,
)

MINTAGE_VERSION = version("mintage")


def measured_size(verdicts: Sequence[VerdictRecord]) -> tuple[int, int] | None:
    """Give the width and height in pixels that the inspectors measured, if they did."""
    for verdict in verdicts:
        measured = json.loads(verdict.measured_json)
        if "width" in measured and "height" in measured:
            return int(measured["width"]), int(measured["height"])
    return None


def approval(books: Books, view: JobView) -> Approval | None:
    """Give a person's approval of the bytes that a job has now, if there is one."""
    for one in books.reviews([view.job_id]).get(view.job_id, ()):
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


def _brief_sent(view: JobView) -> tuple[JobBrief, Changes | None]:
    """Give the brief that the job's last attempt was made of, and what was changed in it."""
    brief = JobBrief.from_json(view.brief_json)
    changes = Changes.from_json(view.changes_json)
    if changes is not None:
        params = {**brief.params, **changes.params}
        brief = replace(brief, prompt=changes.prompt or brief.prompt, params=params)
    return brief, changes


def put_release(
    run: OrderRun,
    view: JobView,
    verdicts: Sequence[VerdictRecord],
    review: Approval | None = None,
    mends: Sequence[MendView] = (),
) -> ReleaseRecord:
    """Put one approved job's staged bytes and receipt under their public keys.

    Everything in the receipt comes from the books, so that doing it again writes the same bytes.

    Raises:
        BooksAltered: its bytes are not those that were inspected, as the books have them.
        Missing, DigestMismatch: its bytes are not in the store any more.
    """
    form = _form(run, view, verdicts, review, mends)
    data = staged(run.store, form.sha256)
    released = release(run.store, form, data)
    return ReleaseRecord(
        job_id=form.job_id,
        sha256=form.sha256,
        store_url=run.store.url,
        release_key=released.key,
        receipt_key=released.receipt_key,
        width=form.width,
        height=form.height,
    )


def _form(
    run: OrderRun,
    view: JobView,
    verdicts: Sequence[VerdictRecord],
    review: Approval | None,
    mends: Sequence[MendView],
) -> ReleaseForm:
    """Say all that the receipt of an approved job's file says."""
    assert view.sha256 is not None  # noqa: S101  an approved job was built
    assert view.byte_count is not None  # noqa: S101  as above
    assert view.attempt_id is not None  # noqa: S101  as above
    assert view.seed is not None  # noqa: S101  as above
    assert view.accepted_at is not None  # noqa: S101  as above
    order = run.record
    brief, changes = _brief_sent(view)
    size = measured_size(verdicts)
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
        verified_by=tuple(map(_verification, verdicts)),
        review=review,
        mends=tuple(map(_mend, mends)),
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
    )
