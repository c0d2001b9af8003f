"""Withdrawals: released assets that somebody took back; their bytes, jobs and cost stay."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Table,
    Text,
    bindparam,
    insert,
    select,
)

from ledger import renditions
from ledger.errors import NotReleased, UnknownJob, WithdrawalRefused
from ledger.file_views import WithdrawalView, WithdrawnView
from ledger.instants import from_us
from ledger.schema import Word, attempts, jobs, metadata, orders, releases
from ledger.signatures import signed

_BATCH = 500
"""Withdrawals whose renditions are looked up at once."""

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("job_id", Word, ForeignKey("jobs.job_id"), primary_key=True),
    Column("actor", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    CheckConstraint("TRIM(actor) <> '' AND TRIM(because) <> ''", name="says_who_and_why"),
)

# Two who withdraw the same asset at once take turns, and the second is told.
_LOCK = (
    select(jobs.c.state, releases.c.released_at_us)
    .join(releases, releases.c.job_id == jobs.c.job_id, isouter=True)
    .where(jobs.c.job_id == bindparam("id"))
    .with_for_update(of=jobs, key_share=True)
)
_ONE = select(withdrawals).where(withdrawals.c.job_id == bindparam("id"))
_OF_ORDER = (
    select(
        releases,
        orders.c.campaign,
        attempts.c.media_type,
        withdrawals.c.actor,
        withdrawals.c.because,
        withdrawals.c.at_us,
    )
    .join(releases, releases.c.job_id == withdrawals.c.job_id)
    .join(orders, orders.c.order_id == releases.c.order_id)
    .join(attempts, attempts.c.attempt_id == releases.c.attempt_id)
    .where(releases.c.order_id == bindparam("id"))
    .order_by(releases.c.name)
    .execution_options(yield_per=_BATCH)
)


def withdraw(connection: Connection, now_us: int, job_id: str, decided: tuple[str, str]) -> bool:
    """See `Desk.withdraw`."""
    who, why = signed(*decided, "an asset is withdrawn", WithdrawalRefused)
    row = connection.execute(_LOCK, {"id": job_id}).one_or_none()
    if row is None:
        raise UnknownJob(job_id)
    if row.released_at_us is None:
        raise NotReleased(job_id, row.state)
    if connection.execute(_ONE, {"id": job_id}).first() is not None:
        return False
    connection.execute(
        insert(withdrawals),
        {
            "job_id": job_id,
            "actor": who,
            "because": why,
            # The clock of whoever released it may go before this one.
            "at_us": max(now_us, row.released_at_us),
        },
    )
    return True


def of_job(connection: Connection, job_id: str) -> WithdrawalView | None:
    """Who took one job's asset back, or None."""
    row = connection.execute(_ONE, {"id": job_id}).one_or_none()
    if row is None:
        return None
    return WithdrawalView(row.job_id, row.actor, row.because, from_us(row.at_us))


def of_order(connection: Connection, order_id: str) -> Iterator[WithdrawnView]:
    """An order's withdrawn assets in the order of their names, streamed."""
    # Closed by name: a reader may stop early, and a server keeps the rest until it is told.
    with connection.execute(_OF_ORDER, {"id": order_id}) as found:
        for rows in found.partitions():
            made = renditions.of_attempts(connection, [row.attempt_id for row in rows])
            for row in rows:
                yield WithdrawnView(
                    job_id=row.job_id,
                    order_id=row.order_id,
                    campaign=row.campaign,
                    name=row.name,
                    sha256=row.sha256,
                    media_type=row.media_type,
                    store_url=row.store_url,
                    release_key=row.release_key,
                    receipt_key=row.receipt_key,
                    at=from_us(row.at_us),
                    by=row.actor,
                    because=row.because,
                    renditions=made.get(row.attempt_id, ()),
                )
