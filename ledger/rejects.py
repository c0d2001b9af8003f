"""What became of the money: each attempt's charge under what its file came to, exactly once.

A file that broke several rules counts under the first that blocked it. Verdicts on bytes that were
mended since do not count: what the file came to is decided on the bytes that it has now.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Connection, Select, case, cast, exists, func, select

from ledger.kinds import ReviewDecision, VerdictSeverity
from ledger.records import AttemptState, JobState
from ledger.review_table import reviews
from ledger.schema import attempts, jobs, releases, verdicts
from ledger.views import SpendRow

_ON_THE_WAY = (JobState.BUILT, JobState.ACCEPTED, JobState.IN_REVIEW, JobState.APPROVED)

_FIRST_BLOCK = (
    select(verdicts.c.criterion)
    .where(
        verdicts.c.attempt_id == attempts.c.attempt_id,
        verdicts.c.sha256 == attempts.c.sha256,
        verdicts.c.passed.is_(False),
        verdicts.c.severity == VerdictSeverity.BLOCK.value,
    )
    .order_by(verdicts.c.position)
    .limit(1)
    .correlate(attempts)
    .scalar_subquery()
)
_IS_ON_THE_WAY = exists().where(
    jobs.c.job_id == attempts.c.job_id,
    jobs.c.attempt_id == attempts.c.attempt_id,
    jobs.c.state.in_([state.value for state in _ON_THE_WAY]),
)
_WAS_SENT_BACK = exists().where(
    reviews.c.attempt_id == attempts.c.attempt_id,
    reviews.c.decision == ReviewDecision.REJECTED.value,
)
_WAS_JUDGED = exists().where(
    verdicts.c.attempt_id == attempts.c.attempt_id, verdicts.c.sha256 == attempts.c.sha256
)
# The dearer questions come last: most attempts are answered by the first two.
_END = case(
    (releases.c.attempt_id.is_not(None), SpendRow.RELEASED),
    (attempts.c.state == AttemptState.FAILED.value, SpendRow.FAILED),
    (attempts.c.state != AttemptState.BUILT.value, SpendRow.IN_PROGRESS),
    (_IS_ON_THE_WAY, SpendRow.IN_PROGRESS),
    else_=func.coalesce(
        _FIRST_BLOCK,
        case(
            (_WAS_SENT_BACK, SpendRow.REVIEW),
            (_WAS_JUDGED, SpendRow.NOT_RELEASED),
            else_=SpendRow.NOT_JUDGED,
        ),
    ),
)
_ENDS: Select[Any] = select(
    _END.label("key"),
    case((attempts.c.counts, 1), else_=0).label("counted"),
    attempts.c.charged_nano,
).join(releases, releases.c.attempt_id == attempts.c.attempt_id, isouter=True)


def spend(connection: Connection, order_id: str | None = None) -> list[SpendRow]:
    """What the attempts of one order, or of all, came to and cost, by their keys in order.

    The rows add up to all that was charged.
    """
    ends = _ENDS
    if order_id is not None:
        ends = ends.where(
            attempts.c.job_id.in_(select(jobs.c.job_id).where(jobs.c.order_id == order_id))
        )
    each = ends.subquery()
    rows = connection.execute(
        select(
            each.c.key,
            cast(func.sum(each.c.counted), BigInteger).label("attempts"),
            cast(func.sum(each.c.charged_nano), BigInteger).label("charged_nano"),
        ).group_by(each.c.key)
    )
    made = [SpendRow(row.key, int(row.attempts), int(row.charged_nano)) for row in rows]
    # What came to nothing without an attempt that counts is no row of its own.
    return sorted(
        (row for row in made if row.attempts or row.charged_nano), key=lambda row: row.key
    )
