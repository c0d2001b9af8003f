"""Orders come into the books: once, with all their jobs and the cap that they may spend."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from ledger import budgeting, entries, order_identity, persons, quotes
from ledger.errors import BrokenPromise, OrderChanged
from ledger.kinds import EntryKind, Scope
from ledger.records import JobRecord, JobState, OrderRecord, OrderState, Quoted
from ledger.schema import jobs, orders

CHUNK = 2_000
"""Jobs per statement: enough to spend the time in the database, few enough to stay small."""

_KNOWN = select(orders.c.spec_sha256).where(orders.c.order_id == bindparam("id"))
_INSERT_JOBS = insert(jobs)


def open_order(
    connection: Connection,
    now_us: int,
    order: OrderRecord,
    planned: Iterable[JobRecord],
    quoted: Quoted | None = None,
) -> bool:
    """See `Desk.open_order`."""
    if not _is_new(connection, now_us, order):
        known_sha256 = connection.execute(_KNOWN, {"id": order.order_id}).scalar_one()
        if known_sha256 != order.spec_sha256:
            raise OrderChanged(order.order_id, known_sha256, order.spec_sha256)
        return False
    budget = budgeting.Budget(Scope.ORDER, order.order_id, order.cap_nano)
    budgeting.create(connection, [budget], now_us)
    opening = entries.entry(EntryKind.CAP, order.cap_nano, now_us, order)
    entries.write(connection, [opening | {"sha256": order_identity.digest(order)}])
    if quoted is not None:
        quotes.write(connection, now_us, order.order_id, quoted)
    count = _insert_jobs(connection, now_us, order.order_id, planned)
    if count != order.job_count:
        raise BrokenPromise(
            f"order {order.order_id} says that it has {order.job_count} jobs and came with {count}"
        )
    return True


def _is_new(connection: Connection, now_us: int, order: OrderRecord) -> bool:
    """Insert the order's own row; of two runs that plan one order at once, the second waits here."""
    # SQLite has its one writer, and refuses a row that is there before it looks for a conflict.
    if connection.execute(_KNOWN, {"id": order.order_id}).first() is not None:
        return False
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = (
        make(orders)
        .on_conflict_do_nothing(index_elements=["order_id"])
        .returning(orders.c.order_id)
    )
    return connection.execute(statement, _order_row(order, now_us)).first() is not None


def _order_row(order: OrderRecord, now_us: int) -> dict[str, object]:
    return {
        "order_id": order.order_id,
        "slug": order.slug,
        "edition": order.edition,
        "title": order.title,
        "owner": order.owner,
        "owner_keys": persons.owner_keys(order.owner),
        "cost_center": order.cost_center,
        "campaign": order.campaign,
        "provider": order.provider,
        "model": order.model,
        "cap_nano": order.cap_nano,
        "per_job_nano": order.per_job_nano,
        "attempts_max": order.attempts_max,
        "job_count": order.job_count,
        "spec_sha256": order.spec_sha256,
        "spec_json": order.spec_json,
        "state": OrderState.OPEN.value,
        "stop_reason": None,
        "created_at_us": now_us,
        "updated_at_us": now_us,
    }


def _insert_jobs(
    connection: Connection, now_us: int, order_id: str, planned: Iterable[JobRecord]
) -> int:
    """Insert jobs a chunk at a time, so that memory does not grow with the order."""
    source = iter(planned)
    count = 0
    while chunk := list(islice(source, CHUNK)):
        connection.execute(
            _INSERT_JOBS,
            [
                {
                    "job_id": job.job_id,
                    "order_id": order_id,
                    "position": job.position,
                    "name": job.name,
                    "brief_json": job.brief_json,
                    "state": JobState.PLANNED.value,
                    "attempts_used": 0,
                    "last_number": 0,
                    "spent_nano": 0,
                    "updated_at_us": now_us,
                }
                for job in chunk
            ],
        )
        count += len(chunk)
    return count
