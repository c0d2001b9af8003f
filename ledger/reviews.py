"""What people decide about files that wait for them: approve or reject, never their own order's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, select

from ledger import judging, persons
from ledger.errors import BrokenPromise, ReviewedBefore, ReviewRefused, UnknownJob
from ledger.instants import from_us, to_us
from ledger.kinds import ReviewDecision
from ledger.records import JobMove, JobState, Review
from ledger.review_table import reviews
from ledger.schema import AnyRow, attempts, jobs, orders
from ledger.views import ReviewView, WaitingView
from ledger.words import clean

_CHUNK = 500

_WAITING_JOBS = (
    select(
        jobs.c.job_id,
        jobs.c.state,
        jobs.c.attempts_used,
        jobs.c.attempt_id,
        attempts.c.sha256,
        orders.c.attempts_max,
        orders.c.owner,
    )
    .join(orders, orders.c.order_id == jobs.c.order_id)
    .join(attempts, attempts.c.attempt_id == jobs.c.attempt_id, isouter=True)
    .where(jobs.c.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(jobs.c.job_id)
    .with_for_update(of=jobs, key_share=True)
)

_OF_JOBS = (
    select(reviews)
    .where(reviews.c.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(reviews.c.at_us, reviews.c.attempt_id)
)

_WAITS = select(jobs.c.job_id, jobs.c.updated_at_us).where(jobs.c.state == JobState.IN_REVIEW.value)
_WAITING = (
    _WAITS.where(jobs.c.order_id == bindparam("order"))
    .order_by(jobs.c.updated_at_us, jobs.c.job_id)
    .limit(bindparam("count"))
)
_LATER = _WAITING.where(
    (jobs.c.updated_at_us > bindparam("after_us"))
    | ((jobs.c.updated_at_us == bindparam("after_us")) & (jobs.c.job_id > bindparam("after_id")))
)


_ONE = _WAITS.where(jobs.c.job_id == bindparam("id"))

_COUNTS = (
    select(reviews.c.decision, func.count().label("files"))
    .join(jobs, jobs.c.job_id == reviews.c.job_id)
    .where(jobs.c.order_id == bindparam("order"))
    .group_by(reviews.c.decision)
)


def decide(connection: Connection, now_us: int, decided: Sequence[Review]) -> dict[str, JobState]:
    """See `Desk.review`."""
    if not decided:
        return {}
    ids = sorted({one.job_id for one in decided})
    if len(ids) != len(decided):
        raise BrokenPromise("one job was named twice in one review")
    found = {row.job_id: row for row in connection.execute(_WAITING_JOBS, {"ids": ids})}
    rows, moves = [], []
    for one in sorted(decided, key=lambda review: review.job_id):
        row = found.get(one.job_id)
        if row is None:
            raise UnknownJob(one.job_id)
        who, why = _said(one)
        _check(connection, row, one, who)
        rows.append(
            {
                "attempt_id": row.attempt_id,
                "job_id": row.job_id,
                "sha256": row.sha256,
                "decision": one.decision.value,
                "actor": who,
                "because": why,
                "remedy_json": one.remedy_json,
                "at_us": now_us,
                "carried_over": False,
                "reviewer_key": persons.reviewer_key(who),
            }
        )
        moves.append(_move(row, one, who, why))
    # A review is of what waits, so it is written down before its job moves on.
    connection.execute(insert(reviews), rows)
    judging.move(connection, now_us, moves)
    return {move.job_id: move.to_state for move in moves}


def _move(row: AnyRow, review: Review, who: str, why: str | None) -> JobMove:
    if review.decision is ReviewDecision.APPROVED:
        return JobMove(row.job_id, JobState.IN_REVIEW, JobState.APPROVED, by=who)
    left = row.attempts_used < row.attempts_max
    return JobMove(
        row.job_id,
        JobState.IN_REVIEW,
        JobState.PLANNED if left else JobState.REJECTED,
        f"{who} rejected it in review: {why}",
    )


def _said(review: Review) -> tuple[str, str | None]:
    """Who decides and why, as it is kept: a reason on one line."""
    who = persons.reviewer(review.by)
    unseen = persons.first_unseen(review.because or "")
    if unseen is not None:
        raise ReviewRefused(
            f"a reason is plain text, and this one has a character that cannot be seen, "
            f"{unseen!a}: leave it out"
        )
    why = " ".join(clean(review.because or "").split())
    if any(character.isalnum() for character in why):
        return who, why
    if review.decision is ReviewDecision.REJECTED:
        raise ReviewRefused("a file is rejected for a reason: say which")
    return who, None


def _check(connection: Connection, row: AnyRow, review: Review, who: str) -> None:
    waits = row.state == JobState.IN_REVIEW.value
    if not waits or row.sha256 != review.sha256:
        raise _not_this_file(connection, row, review.sha256, waits=waits)
    if persons.is_owner(who, row.owner):
        raise ReviewRefused(
            f"{who} owns the order of {row.job_id}, and nobody reviews what they ordered: let "
            "somebody else decide"
        )


def _not_this_file(
    connection: Connection, row: AnyRow, sha256: str, *, waits: bool
) -> ReviewRefused:
    """Say why the file that somebody looked at is not there to be decided about."""
    earlier = of_jobs(connection, [row.job_id]).get(row.job_id, ())
    for first in earlier:
        if sha256 and first.sha256.startswith(sha256):
            why = f": {first.because}" if first.because else ""
            return ReviewedBefore(
                f"{first.by} has {first.decision} this file of {row.job_id} already, on "
                f"{first.at:%Y-%m-%d at %H:%M} UTC{why}"
            )
    if waits:
        return ReviewRefused(
            f"{row.job_id} waits with another file by now ({row.sha256[:12]}, not "
            f"{sha256[:12]}): look at that one first"
        )
    return ReviewRefused(f"{row.job_id} is {row.state} and does not wait for a review")


def of_jobs(connection: Connection, job_ids: Sequence[str]) -> dict[str, tuple[ReviewView, ...]]:
    """What people decided about these jobs, oldest first; jobs without any are left out."""
    found: dict[str, list[ReviewView]] = defaultdict(list)
    for start in range(0, len(job_ids), _CHUNK):
        for row in connection.execute(_OF_JOBS, {"ids": list(job_ids[start : start + _CHUNK])}):
            found[row.job_id].append(
                ReviewView(
                    attempt_id=row.attempt_id,
                    job_id=row.job_id,
                    sha256=row.sha256,
                    decision=ReviewDecision(row.decision),
                    by=row.actor,
                    because=row.because,
                    remedy_json=row.remedy_json,
                    at=from_us(row.at_us),
                )
            )
    return {job_id: tuple(views) for job_id, views in found.items()}


def waiting(
    connection: Connection, order_id: str, limit: int, after: WaitingView | None
) -> list[WaitingView]:
    """One page of an order's jobs that wait for a person, those that wait longest first."""
    asked: dict[str, object] = {"order": order_id, "count": limit}
    statement = _WAITING
    if after is not None:
        statement = _LATER
        asked |= {"after_us": to_us(after.since), "after_id": after.job_id}
    return [
        WaitingView(row.job_id, from_us(row.updated_at_us))
        for row in connection.execute(statement, asked)
    ]


def waits(connection: Connection, job_id: str) -> WaitingView | None:
    """Since when one job waits for a person, or None."""
    row = connection.execute(_ONE, {"id": job_id}).one_or_none()
    return None if row is None else WaitingView(row.job_id, from_us(row.updated_at_us))


def counts(connection: Connection, order_id: str) -> dict[ReviewDecision, int]:
    """How many of an order's files people approved and rejected, zeros included."""
    found = dict.fromkeys(ReviewDecision, 0)
    for row in connection.execute(_COUNTS, {"order": order_id}):
        found[ReviewDecision(row.decision)] = row.files
    return found
