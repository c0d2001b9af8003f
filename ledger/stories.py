"""One job's whole story: its attempts with their entries and verdicts, and its release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, select

from ledger import mends, reading, released, renditions, reviews, signings, withdrawals
from ledger.file_views import RenditionView, SigningView
from ledger.finance_tables import adjustments
from ledger.instants import from_us, from_us_or_none
from ledger.records import (
    AttemptState,
    VerdictRecord,
)
from ledger.schema import AnyRow, attempts, entries
from ledger.signings import MASTER
from ledger.story_views import (
    AttemptStory,
    EntryView,
    JobStory,
    RenditionStory,
    SigningStory,
)
from ledger.views import MendView, ReviewView

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


@dataclass(frozen=True, slots=True)
class _Files:
    """What is known of the files of a job's attempts."""

    verdicts: Mapping[tuple[str, str], tuple[VerdictRecord, ...]]
    """On attempts' own bytes, by attempt and digest."""
    signings: Mapping[tuple[str, int], SigningView]
    renditions: Mapping[str, tuple[RenditionView, ...]]
    of_renditions: Mapping[tuple[str, int], tuple[VerdictRecord, ...]]

    def on(self, attempt_id: str, sha256: str | None) -> tuple[VerdictRecord, ...]:
        return () if sha256 is None else self.verdicts.get((attempt_id, sha256), ())

    def signing(self, attempt_id: str) -> SigningStory | None:
        signing = self.signings.get((attempt_id, MASTER))
        if signing is None:
            return None
        return SigningStory(signing, self.on(attempt_id, signing.from_sha256))

    def made(self, attempt_id: str) -> tuple[RenditionStory, ...]:
        return tuple(
            RenditionStory(
                one,
                self.of_renditions.get((attempt_id, one.number), ()),
                self.signings.get((attempt_id, one.number)),
            )
            for one in self.renditions.get(attempt_id, ())
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
    files = _files(connection, ids)
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
                files,
                mended.get(row.attempt_id, ()),
                moved[row.attempt_id],
                decided.get(row.attempt_id),
            )
            for row in rows
        ),
        release=released.of_job(connection, job_id),
        withdrawal=withdrawals.of_job(connection, job_id),
    )


def _files(connection: Connection, attempt_ids: Sequence[str]) -> _Files:
    made = renditions.of_attempts(connection, attempt_ids)
    return _Files(
        verdicts=reading.verdicts_by_bytes(connection, attempt_ids),
        signings=signings.of_attempts(connection, attempt_ids),
        renditions=made,
        of_renditions=renditions.verdicts_of(connection, list(made)) if made else {},
    )


def _attempt_story(
    row: AnyRow,
    files: _Files,
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
            replace(mend, verdicts=files.on(row.attempt_id, mend.from_sha256)) for mend in mended
        ),
        verdicts=files.on(row.attempt_id, row.sha256),
        entries=tuple(moved),
        review=review,
        signing=files.signing(row.attempt_id),
        renditions=files.made(row.attempt_id),
        came_sha256=row.came_sha256,
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
