"""Signings: files that got content credentials, each with its digests and its certificate's.

A signing makes an attempt's bytes, or a rendition's, the signed ones, as a mend does: they are
judged again. Nothing is signed twice, and nothing that was signed is mended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    Table,
    bindparam,
    insert,
    select,
)

from ledger import attempt_bytes
from ledger.attempt_bytes import BytesChange
from ledger.file_views import SigningView
from ledger.instants import from_us
from ledger.records import SigningRecord
from ledger.schema import AnyRow, Word, metadata

MASTER = 0
"""The number of a job's master among its files; its renditions count from 1."""

signings = Table(
    "signings",
    metadata,
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("from_sha256", Word, nullable=False),
    Column("to_sha256", Word, nullable=False),
    Column("certificate_sha256", Word, nullable=False),
    Column("rules_sha256", Word, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    CheckConstraint("number >= 0", name="number"),
    CheckConstraint(
        "from_sha256 <> to_sha256 AND certificate_sha256 <> '' AND rules_sha256 <> ''",
        name="says_what_and_by_which",
    ),
)

_OF_ATTEMPTS = (
    select(signings)
    .where(signings.c.attempt_id.in_(bindparam("ids", expanding=True)))
    .order_by(signings.c.attempt_id, signings.c.number)
)
_INSERT = insert(signings)


def write(connection: Connection, now_us: int, signed: Sequence[tuple[str, SigningRecord]]) -> None:
    """Write signings of attempts' files; a master's signed bytes become its attempt's."""
    if not signed:
        return
    # The row comes first: the database asks it whether the bytes that were signed had passed.
    connection.execute(
        _INSERT,
        [
            {
                "attempt_id": attempt_id,
                "number": one.number,
                "from_sha256": one.from_sha256,
                "to_sha256": one.to_sha256,
                "certificate_sha256": one.certificate_sha256,
                "rules_sha256": one.rules_sha256,
                "at_us": now_us,
            }
            for attempt_id, one in signed
        ],
    )
    changes = [
        BytesChange(attempt_id, one.from_sha256, one.to_sha256, one.media_type, one.byte_count)
        for attempt_id, one in signed
        if one.number == MASTER
    ]
    attempt_bytes.change(connection, changes, "an attempt's bytes changed while they were signed")


def of_attempts(
    connection: Connection, attempt_ids: Collection[str]
) -> dict[tuple[str, int], SigningView]:
    """The signings of attempts' files by attempt and number; what was not signed is left out."""
    rows = connection.execute(_OF_ATTEMPTS, {"ids": list(attempt_ids)})
    return {(row.attempt_id, row.number): _view(row) for row in rows}


def masters(found: Mapping[tuple[str, int], SigningView]) -> dict[str, SigningView]:
    """Those among signings that are of attempts' own bytes."""
    return {attempt_id: one for (attempt_id, number), one in found.items() if number == MASTER}


def _view(row: AnyRow) -> SigningView:
    return SigningView(
        number=row.number,
        from_sha256=row.from_sha256,
        to_sha256=row.to_sha256,
        certificate_sha256=row.certificate_sha256,
        rules_sha256=row.rules_sha256,
        at=from_us(row.at_us),
    )
