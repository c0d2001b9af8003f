"""Mends: the very same output made right without paying, each step with its digests and its reason.

A mend and the verdicts that led to it are written together, and the attempt then names the mended
bytes: what was built and every step from there can be told afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    select,
)

from ledger import attempt_bytes, signings
from ledger.attempt_bytes import BytesChange
from ledger.errors import BrokenPromise
from ledger.instants import from_us
from ledger.kinds import MendKind
from ledger.records import Inspection
from ledger.schema import Word, attempts, metadata, one_of
from ledger.views import MendView
from ledger.words import clean

mends = Table(
    "mends",
    metadata,
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Word, nullable=False),
    Column("from_sha256", Word, nullable=False),
    Column("to_sha256", Word, nullable=False),
    Column("because", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    one_of("kind", MendKind),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("from_sha256 <> to_sha256 AND because <> ''", name="says_what_and_why"),
    # What did not help once will not help the next time.
    UniqueConstraint("attempt_id", "kind"),
)

_OF_ATTEMPTS = (
    select(mends)
    .where(mends.c.attempt_id.in_(bindparam("ids", expanding=True)))
    .order_by(mends.c.attempt_id, mends.c.number)
)
_CAME_SIZE = select(attempts.c.came_size).where(attempts.c.attempt_id == bindparam("id"))
_CAME_SHA256 = select(attempts.c.came_sha256).where(attempts.c.attempt_id == bindparam("id"))
_INSERT = insert(mends)


def write(connection: Connection, now_us: int, mended: Sequence[tuple[Inspection, str]]) -> None:
    """Write the mends of inspections, each with the digest of what was mended.

    Raises:
        BrokenPromise: it was signed, or mended in the same way before.
    """
    if not mended:
        return
    signed = signings.of_attempts(connection, [inspection.attempt_id for inspection, _ in mended])
    for attempt_id, _ in signed:
        raise BrokenPromise(
            f"the bytes of attempt {attempt_id} are signed, and nothing mends those"
        )
    before = of_attempts(connection, [inspection.attempt_id for inspection, _ in mended])
    rows, changes = [], []
    for inspection, from_sha256 in mended:
        mend = inspection.mend
        if mend is None:
            continue
        rows.append(
            {
                "attempt_id": inspection.attempt_id,
                "number": len(before.get(inspection.attempt_id, ())) + 1,
                "kind": mend.kind.value,
                "from_sha256": from_sha256,
                "to_sha256": mend.sha256,
                "because": clean(mend.because),
                "at_us": now_us,
            }
        )
        changes.append(
            BytesChange(
                inspection.attempt_id, from_sha256, mend.sha256, mend.media_type, mend.byte_count
            )
        )
    if rows:
        attempt_bytes.change(
            connection, changes, "an attempt's bytes changed while they were mended"
        )
        connection.execute(_INSERT, rows)


def of_attempts(
    connection: Connection, attempt_ids: Collection[str]
) -> dict[str, tuple[MendView, ...]]:
    """The mends of attempts in the order in which they were made; attempts without any are left out."""
    found: dict[str, list[MendView]] = {}
    for row in connection.execute(_OF_ATTEMPTS, {"ids": list(attempt_ids)}):
        found.setdefault(row.attempt_id, []).append(
            MendView(
                kind=MendKind(row.kind),
                from_sha256=row.from_sha256,
                to_sha256=row.to_sha256,
                because=row.because,
                at=from_us(row.at_us),
            )
        )
    return {attempt_id: tuple(views) for attempt_id, views in found.items()}


def came_size(connection: Connection, attempt_id: str) -> tuple[int, int] | None:
    """See `Reader.came_size`."""
    size = connection.execute(_CAME_SIZE, {"id": attempt_id}).scalar()
    if size is None:
        return None
    width, _, height = str(size).partition("x")
    return int(width), int(height)


def came_sha256(connection: Connection, attempt_id: str) -> str | None:
    """See `Reader.came_sha256`."""
    sha256 = connection.execute(_CAME_SHA256, {"id": attempt_id}).scalar()
    return None if sha256 is None else str(sha256)
