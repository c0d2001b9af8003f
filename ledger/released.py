"""Released assets with all that a manifest says of them: of an order, of a campaign, by their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, select

from ledger.file_views import RenditionView
from ledger.instants import from_us
from ledger.reading import CHUNK
from ledger.renditions import of_attempts as renditions_of
from ledger.renditions import renditions
from ledger.schema import AnyRow, attempts, jobs, orders, releases
from ledger.views import ReleasedView
from ledger.withdrawals import withdrawals

_BATCH = CHUNK
"""Releases that are read, and whose renditions are looked up, at once."""

_RELEASED: Select[Any] = (
    select(
        releases,
        orders.c.provider,
        orders.c.model,
        orders.c.campaign,
        orders.c.cost_center,
        orders.c.owner,
        orders.c.title,
        jobs.c.brief_json,
        jobs.c.attempts_used,
        jobs.c.spent_nano,
        jobs.c.accepted_at_us,
        jobs.c.approved_by,
        attempts.c.provider_ref,
        attempts.c.seed,
        attempts.c.media_type,
        attempts.c.byte_count,
        attempts.c.changes_json,
        exists().where(renditions.c.attempt_id == releases.c.attempt_id).label("has_renditions"),
        exists().where(withdrawals.c.job_id == releases.c.job_id).label("withdrawn"),
    )
    .join(orders, orders.c.order_id == releases.c.order_id)
    .join(jobs, jobs.c.job_id == releases.c.job_id)
    .join(attempts, attempts.c.attempt_id == releases.c.attempt_id)
)
_RELEASED_OF_ORDER = (
    _RELEASED.where(releases.c.order_id == bindparam("id"))
    .order_by(releases.c.name)
    .execution_options(yield_per=_BATCH)
)

_RELEASED_JOBS = _RELEASED.where(releases.c.job_id.in_(bindparam("ids", expanding=True)))

# Only what decides the order is sorted: the rows themselves are wide, and are read as they come.
_IN_CAMPAIGN = (
    select(releases.c.job_id)
    .join(orders, orders.c.order_id == releases.c.order_id)
    .where(orders.c.campaign == bindparam("campaign"))
    .order_by(
        orders.c.slug,
        releases.c.name,
        releases.c.released_at_us.desc(),
        orders.c.created_at_us.desc(),
        releases.c.job_id.desc(),
    )
    .execution_options(yield_per=_BATCH)
)
_WITH_BYTES = (
    select(releases.c.job_id)
    .where(releases.c.sha256 == bindparam("sha256"))
    .union(
        select(releases.c.job_id)
        .join(renditions, renditions.c.attempt_id == releases.c.attempt_id)
        .where(renditions.c.sha256 == bindparam("sha256"))
    )
)

_MARK = select(
    select(func.count())
    .select_from(releases)
    .join(orders, orders.c.order_id == releases.c.order_id)
    .where(orders.c.campaign == bindparam("campaign"))
    .scalar_subquery(),
    select(func.count())
    .select_from(withdrawals)
    .join(releases, releases.c.job_id == withdrawals.c.job_id)
    .join(orders, orders.c.order_id == releases.c.order_id)
    .where(orders.c.campaign == bindparam("campaign"))
    .scalar_subquery(),
)


def of_order(connection: Connection, order_id: str) -> Iterator[ReleasedView]:
    """An order's releases in the order of their names, streamed."""
    # Closed by name: a reader may stop early, and a server keeps the rest until it is told.
    with connection.execute(_RELEASED_OF_ORDER, {"id": order_id}) as found:
        for rows in found.partitions():
            yield from _views(connection, rows)


def of_job(connection: Connection, job_id: str) -> ReleasedView | None:
    """One job's release, or None."""
    return next(iter(_of_jobs(connection, [job_id])), None)


def of_campaign(connection: Connection, campaign: str) -> Iterator[ReleasedView]:
    """See `Reader.released_of_campaign`."""
    with connection.execute(_IN_CAMPAIGN, {"campaign": campaign}) as found:
        for job_ids in found.scalars().partitions():
            yield from _of_jobs(connection, job_ids)


def with_bytes(connection: Connection, sha256: str) -> list[ReleasedView]:
    """See `Reader.released_by_sha256`."""
    job_ids = connection.execute(_WITH_BYTES, {"sha256": sha256}).scalars().all()
    views: list[ReleasedView] = []
    for start in range(0, len(job_ids), CHUNK):
        views += _of_jobs(connection, job_ids[start : start + CHUNK])
    return sorted(views, key=lambda view: (view.released_at, view.job_id))


def mark(connection: Connection, campaign: str) -> tuple[int, int]:
    """See `Reader.release_mark`."""
    released, withdrawn = connection.execute(_MARK, {"campaign": campaign}).one()
    return int(released), int(withdrawn)


def _of_jobs(connection: Connection, job_ids: Sequence[str]) -> list[ReleasedView]:
    """Give the releases of these jobs, in their order; a job without one is left out."""
    rows = connection.execute(_RELEASED_JOBS, {"ids": list(job_ids)}).all()
    found = {view.job_id: view for view in _views(connection, rows)}
    return [found[job_id] for job_id in job_ids if job_id in found]


def _views(connection: Connection, rows: Sequence[AnyRow]) -> Iterator[ReleasedView]:
    """Give rows as views; their renditions, where there are any, are read all at once."""
    having = [row.attempt_id for row in rows if row.has_renditions]
    made = renditions_of(connection, having) if having else {}
    for row in rows:
        yield _view(row, made.get(row.attempt_id, ()))


def _view(row: AnyRow, made: tuple[RenditionView, ...]) -> ReleasedView:
    return ReleasedView(
        job_id=row.job_id,
        order_id=row.order_id,
        name=row.name,
        brief_json=row.brief_json,
        attempt_id=row.attempt_id,
        attempts_used=row.attempts_used,
        provider=row.provider,
        model=row.model,
        provider_ref=row.provider_ref,
        seed=row.seed,
        sha256=row.sha256,
        media_type=row.media_type,
        byte_count=row.byte_count,
        width=row.width,
        height=row.height,
        store_url=row.store_url,
        release_key=row.release_key,
        receipt_key=row.receipt_key,
        cost_nano=row.spent_nano,
        accepted_at=from_us(row.accepted_at_us),
        released_at=from_us(row.released_at_us),
        approved_by=row.approved_by,
        campaign=row.campaign,
        cost_center=row.cost_center,
        owner=row.owner,
        order_title=row.title,
        changes_json=row.changes_json,
        renditions=made,
        withdrawn=bool(row.withdrawn),
    )
