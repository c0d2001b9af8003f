"""Orders, jobs and attempts as they stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from sqlalchemy import Connection, bindparam, exists, func, select, text

from ledger.instants import from_us, from_us_or_none
from ledger.kinds import Scope, VerdictSeverity
from ledger.mends import mends
from ledger.records import (
    AttemptState,
    JobState,
    OrderRecord,
    OrderState,
    VerdictRecord,
)
from ledger.schema import AnyRow, attempts, budgets, jobs, orders, verdicts
from ledger.signings import MASTER, signings
from ledger.views import (
    JobView,
    LostAttempt,
    OrderView,
)

CHUNK = 500
"""Ids in one statement."""

_ORDERS = select(
    orders,
    budgets.c.held_nano,
    budgets.c.spent_nano,
    budgets.c.overrun_nano,
    budgets.c.cap_nano.label("cap_in_force_nano"),
    budgets.c.updated_at_us.label("moved_at_us"),
).join(budgets, (budgets.c.scope == Scope.ORDER.value) & (budgets.c.subject == orders.c.order_id))
_ORDER = _ORDERS.where(orders.c.order_id == bindparam("id"))
_NEWEST = _ORDERS.order_by(orders.c.created_at_us.desc(), orders.c.order_id.desc())
_LATEST_ORDERS = _NEWEST.limit(bindparam("count"))
_ORDERS_OF_SLUG = _NEWEST.where(orders.c.slug == bindparam("slug"))

_JOBS = (
    select(
        jobs,
        attempts.c.seed,
        attempts.c.provider_ref,
        attempts.c.sha256,
        attempts.c.media_type,
        attempts.c.byte_count,
        attempts.c.changes_json,
        select(func.count())
        .select_from(mends)
        .where(mends.c.attempt_id == jobs.c.attempt_id)
        .scalar_subquery()
        .label("mend_count"),
        exists()
        .where(signings.c.attempt_id == jobs.c.attempt_id, signings.c.number == MASTER)
        .label("signed"),
    )
    .join(attempts, attempts.c.attempt_id == jobs.c.attempt_id, isouter=True)
    .where(jobs.c.job_id.in_(bindparam("ids", expanding=True)))
)

_JOB_IDS = (
    select(jobs.c.position, jobs.c.job_id)
    .where(
        jobs.c.order_id == bindparam("id"),
        jobs.c.state.in_(bindparam("states", expanding=True)),
        jobs.c.position > bindparam("after"),
    )
    .order_by(jobs.c.position)
    .limit(bindparam("count"))
)

_JOB_COUNTS = (
    select(jobs.c.state, func.count().label("jobs"))
    .where(jobs.c.order_id == bindparam("id"))
    .group_by(jobs.c.state)
)

_ATTEMPT_COUNT = select(func.coalesce(func.sum(jobs.c.attempts_used), 0)).where(
    jobs.c.order_id == bindparam("id")
)

_COST_BY_STATE = (
    select(jobs.c.state, func.sum(jobs.c.spent_nano).label("spent_nano"))
    .where(jobs.c.order_id == bindparam("id"))
    .group_by(jobs.c.state)
)

_LOST = (
    select(attempts, orders.c.provider, orders.c.model, jobs.c.brief_json)
    .join(orders, orders.c.order_id == attempts.c.order_id)
    .join(jobs, jobs.c.job_id == attempts.c.job_id)
    # The literal condition lets both databases use the partial index of open attempts.
    .where(text("attempts.state IN ('held', 'unknown')"))
    .order_by(attempts.c.held_at_us, attempts.c.attempt_id)
)

# Those on attempts' own bytes: for renditions' see `ledger.renditions`.
_VERDICTS = (
    select(verdicts)
    .where(
        verdicts.c.attempt_id.in_(bindparam("ids", expanding=True)),
        verdicts.c.rendition == MASTER,
    )
    .order_by(verdicts.c.attempt_id, verdicts.c.position)
)
_FINAL_VERDICTS = _VERDICTS.join(
    attempts,
    (attempts.c.attempt_id == verdicts.c.attempt_id) & (attempts.c.sha256 == verdicts.c.sha256),
)


def order(connection: Connection, order_id: str) -> OrderView | None:
    """One order, or None."""
    row = connection.execute(_ORDER, {"id": order_id}).one_or_none()
    return None if row is None else _order_view(row)


def orders_newest_first(connection: Connection, limit: int) -> list[OrderView]:
    """The newest orders."""
    return [_order_view(row) for row in connection.execute(_LATEST_ORDERS, {"count": limit})]


def orders_of_slug(connection: Connection, slug: str) -> list[OrderView]:
    """All editions of one slug, newest first."""
    return [_order_view(row) for row in connection.execute(_ORDERS_OF_SLUG, {"slug": slug})]


def _order_view(row: AnyRow) -> OrderView:
    return OrderView(
        record=OrderRecord(
            order_id=row.order_id,
            slug=row.slug,
            edition=row.edition,
            title=row.title,
            owner=row.owner,
            cost_center=row.cost_center,
            campaign=row.campaign,
            provider=row.provider,
            model=row.model,
            cap_nano=row.cap_nano,
            per_job_nano=row.per_job_nano,
            attempts_max=row.attempts_max,
            job_count=row.job_count,
            spec_sha256=row.spec_sha256,
            spec_json=row.spec_json,
        ),
        state=OrderState(row.state),
        stop_reason=row.stop_reason,
        held_nano=row.held_nano,
        spent_nano=row.spent_nano,
        overrun_nano=row.overrun_nano,
        cap_nano=row.cap_in_force_nano,
        created_at=from_us(row.created_at_us),
        updated_at=from_us(max(row.updated_at_us, row.moved_at_us)),
    )


def jobs_of(connection: Connection, job_ids: Sequence[str]) -> list[JobView]:
    """The jobs with these ids, in the order asked; ids that are not in the books are left out."""
    found: dict[str, JobView] = {}
    source = iter(dict.fromkeys(job_ids))
    while chunk := list(islice(source, CHUNK)):
        for row in connection.execute(_JOBS, {"ids": chunk}):
            found[row.job_id] = _job_view(row)
    return [found[job_id] for job_id in job_ids if job_id in found]


def _job_view(row: AnyRow) -> JobView:
    return JobView(
        job_id=row.job_id,
        order_id=row.order_id,
        position=row.position,
        name=row.name,
        brief_json=row.brief_json,
        state=JobState(row.state),
        reason=row.reason,
        attempts_used=row.attempts_used,
        last_number=row.last_number,
        attempt_id=row.attempt_id,
        seed=row.seed,
        provider_ref=row.provider_ref,
        sha256=row.sha256,
        media_type=row.media_type,
        byte_count=row.byte_count,
        spent_nano=row.spent_nano,
        approved_by=row.approved_by,
        accepted_at=from_us_or_none(row.accepted_at_us),
        changes_json=row.changes_json,
        mend_count=row.mend_count,
        signed=bool(row.signed),
    )


def job_ids(
    connection: Connection,
    order_id: str,
    states: Collection[JobState],
    after_position: int,
    limit: int,
) -> list[tuple[int, str]]:
    """One page of (position, job id) in position order."""
    if not states:
        return []
    rows = connection.execute(
        _JOB_IDS,
        {
            "id": order_id,
            "states": sorted(state.value for state in states),
            "after": after_position,
            "count": limit,
        },
    )
    return [(row.position, row.job_id) for row in rows]


def job_counts(connection: Connection, order_id: str) -> dict[JobState, int]:
    """How many jobs are in each state, zeros included."""
    counts = dict.fromkeys(JobState, 0)
    for row in connection.execute(_JOB_COUNTS, {"id": order_id}):
        counts[JobState(row.state)] = row.jobs
    return counts


def attempt_count(connection: Connection, order_id: str) -> int:
    """How many attempts an order has made; those for which nothing was created do not count."""
    return int(connection.execute(_ATTEMPT_COUNT, {"id": order_id}).scalar_one())


def cost_by_state(connection: Connection, order_id: str) -> dict[JobState, int]:
    """What an order's jobs have cost, overruns included, by the state they are in now."""
    return {
        JobState(row.state): int(row.spent_nano)
        for row in connection.execute(_COST_BY_STATE, {"id": order_id})
    }


def lost(
    connection: Connection, order_id: str | None, states: Collection[AttemptState]
) -> list[LostAttempt]:
    """Open attempts in these states, oldest hold first."""
    statement = _LOST.where(attempts.c.state.in_(sorted(state.value for state in states)))
    if order_id is not None:
        statement = statement.where(attempts.c.order_id == order_id)
    return [
        LostAttempt(
            attempt_id=row.attempt_id,
            job_id=row.job_id,
            order_id=row.order_id,
            number=row.number,
            state=AttemptState(row.state),
            provider=row.provider,
            model=row.model,
            provider_ref=row.provider_ref,
            seed=row.seed,
            request_json=row.request_json,
            brief_json=row.brief_json,
            hold_nano=row.hold_nano,
            held_at=from_us(row.held_at_us),
            lost_at=from_us_or_none(row.lost_at_us),
        )
        for row in connection.execute(statement)
    ]


def verdicts_of(
    connection: Connection, attempt_ids: Sequence[str]
) -> dict[str, tuple[VerdictRecord, ...]]:
    """Verdicts on the bytes that attempts have now, in the order they were written.

    Attempts without any are left out.
    """
    found: dict[str, list[VerdictRecord]] = {}
    for row in connection.execute(_FINAL_VERDICTS, {"ids": list(attempt_ids)}):
        found.setdefault(row.attempt_id, []).append(verdict_record(row))
    return {attempt_id: tuple(records) for attempt_id, records in found.items()}


def verdicts_by_bytes(
    connection: Connection, attempt_ids: Sequence[str]
) -> dict[tuple[str, str], tuple[VerdictRecord, ...]]:
    """Every verdict on attempts' own bytes by attempt and digest: on those from before too."""
    found: dict[tuple[str, str], list[VerdictRecord]] = {}
    for row in connection.execute(_VERDICTS, {"ids": list(attempt_ids)}):
        found.setdefault((row.attempt_id, row.sha256), []).append(verdict_record(row))
    return {key: tuple(records) for key, records in found.items()}


def verdict_record(row: AnyRow) -> VerdictRecord:
    """One row of verdicts as the value that it was written from."""
    return VerdictRecord(
        criterion=row.criterion,
        version=row.version,
        parameters_json=row.parameters_json,
        passed=row.passed,
        measured_json=row.measured_json,
        reason=row.reason,
        severity=VerdictSeverity(row.severity),
        remedy_json=row.remedy_json,
    )
