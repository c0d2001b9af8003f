"""One job's whole story: its attempts with their entries and verdicts, and its release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select

from ledger import mends, reading, reviews
from ledger.finance_tables import adjustments
from ledger.instants import from_us, from_us_or_none
from ledger.records import (
    AttemptState,
    VerdictRecord,
)
from ledger.schema import AnyRow, attempts, entries
from ledger.views import (
    AttemptStory,
    EntryView,
    JobStory,
    MendView,
    ReviewView,
)

_ATTEMPTS = select(attempts).where(attempts.c.job_id == bindparam("id")).order_by(attempts.c.number)

_ENTRIES = (
    select(entries)
    .where(entries.c.attempt_id.in_(bindparam("ids", expanding=True)))
    .order_by(entries.c.entry_id)
)
# What a statement adjusted names its attempt beside the entry, and is its job's where it says so.
_ADJUSTMENTS = (
    select(entries, adjustments.c.attempt_id.label("of_attempt"))
    .join(adjustments, adjustments.c.entry_id == entries.c.entry_id)
    .where(
        adjustments.c.attempt_id.in_(bindparam("ids", expanding=True)),
        entries.c.job_id.is_not(None),
    )
    .order_by(entries.c.entry_id)
)


def story(connection: Connection, job_id: str) -> JobStory | None:
    """Everything that was written about one job, or None."""
    views = reading.jobs_of(connection, [job_id])
    if not views:
        return None
    job = views[0]
    order = reading.order(connection, job.order_id)
    assert order is not None, "a job's order is in the books by a foreign key"  # noqa: S101 - as said
    rows = connection.execute(_ATTEMPTS, {"id": job_id}).all()
    ids = [row.attempt_id for row in rows]
    verdicts = reading.verdicts_by_bytes(connection, ids)
    mended = mends.of_attempts(connection, ids)
    decided = {one.attempt_id: one for one in reviews.of_jobs(connection, [job_id]).get(job_id, ())}
    moved: dict[str, list[EntryView]] = defaultdict(list)
    for row in connection.execute(_ENTRIES, {"ids": ids}):
        moved[row.attempt_id].append(_entry_view(row, row.attempt_id))
    for row in connection.execute(_ADJUSTMENTS, {"ids": ids}):
        moved[row.of_attempt].append(_entry_view(row, row.of_attempt))
    return JobStory(
        job=job,
        order=order,
        attempts=tuple(
            _attempt_story(
                row,
                verdicts,
                mended.get(row.attempt_id, ()),
                moved[row.attempt_id],
                decided.get(row.attempt_id),
            )
            for row in rows
        ),
        release=reading.released_one(connection, job_id),
    )


def _attempt_story(
    row: AnyRow,
    verdicts: Mapping[tuple[str, str], tuple[VerdictRecord, ...]],
    mended: Sequence[MendView],
    moved: list[EntryView],
    review: ReviewView | None,
) -> AttemptStory:
    return AttemptStory(
        attempt_id=row.attempt_id,
        number=row.number,
        state=AttemptState(row.state),
        seed=row.seed,
        provider_ref=row.provider_ref,
        hold_nano=row.hold_nano,
        charged_nano=row.charged_nano,
        reason=row.reason,
        sha256=row.sha256,
        latency_ms=row.latency_ms,
        held_at=from_us(row.held_at_us),
        ended_at=from_us_or_none(row.ended_at_us),
        changes_json=row.changes_json,
        mends=tuple(
            replace(mend, verdicts=verdicts.get((row.attempt_id, mend.from_sha256), ()))
            for mend in mended
        ),
        verdicts=verdicts.get((row.attempt_id, row.sha256), ()),
        entries=tuple(moved),
        review=review,
    )


def _entry_view(row: AnyRow, attempt_id: str) -> EntryView:
    return EntryView(
        entry_id=f"E{row.entry_id}",
        at=from_us(row.at_us),
        kind=row.kind,
        from_account=row.from_account,
        to_account=row.to_account,
        amount_nano=row.amount_nano,
        attempt_id=attempt_id,
    )
