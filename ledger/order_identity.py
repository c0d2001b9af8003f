"""What an order is, under one digest: kept in its opening entry, which is append-only and sealed.

The digest is the SHA-256 of one compact ASCII JSON array: the order's columns of `COLUMNS`, in that
order. An order without a cap has no opening entry, and those from before 0008 have no digest in it.
"""

from __future__ import annotations

import json
from hashlib import sha256

from sqlalchemy import Connection, and_, select

from ledger.kinds import EntryKind
from ledger.persons import owner_keys
from ledger.records import OrderRecord
from ledger.schema import entries, orders

COLUMNS = (
    "order_id",
    "slug",
    "edition",
    "title",
    "owner",
    "cost_center",
    "campaign",
    "provider",
    "model",
    "cap_nano",
    "per_job_nano",
    "attempts_max",
    "job_count",
    "spec_sha256",
    "spec_json",
)
"""Everything about an order that no run ever changes. A test compares this with its record."""

SENTENCE = "every order is what it was when it was entered, and its owner's keys are its owner's"

_ORDERS = (
    select(
        *(orders.c[name] for name in COLUMNS), orders.c.owner_keys, entries.c.sha256.label("kept")
    )
    .join(
        entries,
        and_(entries.c.order_id == orders.c.order_id, entries.c.kind == EntryKind.CAP.value),
        isouter=True,
    )
    .order_by(orders.c.order_id)
    .execution_options(yield_per=1_000)
)


def digest(order: OrderRecord) -> str:
    """Give an order's digest."""
    return _digest([getattr(order, name) for name in COLUMNS])


def _digest(values: list[object]) -> str:
    return sha256(json.dumps(values, separators=(",", ":")).encode("ascii")).hexdigest()


def first_changed(connection: Connection) -> str | None:
    """Say which order is the first that is not what was entered, if any."""
    with connection.execute(_ORDERS) as found:
        for row in found:
            if row.kept not in {None, _digest(list(row)[: len(COLUMNS)])}:
                return (
                    f"order {row.order_id} is not what was entered: its content, owner, caps or "
                    "attribution was changed since, or the digest in its opening entry"
                )
            if row.owner_keys != owner_keys(row.owner):
                return f"the keys of order {row.order_id} are not those of its owner {row.owner}"
    return None
