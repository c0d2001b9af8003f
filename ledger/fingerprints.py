"""What accepted pictures look like: an index of perceptual hashes, to find near duplicates by.

A fingerprint is written with the inspection that let the picture pass. When the picture is
released, it gets a number in `released_pictures`; who compares with released pictures reads on
from the last number that they have seen.

Numbers are given out before their transaction is committed, so on PostgreSQL a lower one may
become visible after a higher one: a reader must look at the gaps again. On SQLite they are given
out under the one write lock, and none is ever late.

A hash is a number of 64 bits; the books have no unsigned numbers, so it is kept as the signed one
with the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Table,
    bindparam,
    func,
    insert,
    select,
)

from ledger.records import JobState
from ledger.schema import Number, Word, attempts, jobs, metadata, releases
from ledger.views import PictureHash, Unmeasured

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ledger.records import Inspection

_BITS = 64

fingerprints = Table(
    "fingerprints",
    metadata,
    Column("fingerprint_id", Number, primary_key=True, autoincrement=True),
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), nullable=False, unique=True),
    Column("sha256", Word, nullable=False),
    Column("phash", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

released_pictures = Table(
    "released_pictures",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column(
        "fingerprint_id",
        Number,
        ForeignKey("fingerprints.fingerprint_id"),
        nullable=False,
        unique=True,
    ),
    sqlite_autoincrement=True,
)

PASSED = (JobState.ACCEPTED, JobState.IN_REVIEW, JobState.APPROVED, JobState.RELEASED)
"""The states of a job whose picture has passed inspection."""

# The digest is that of the very bytes that were inspected, which the attempt has at that moment.
_INSERT = insert(fingerprints).from_select(
    ["attempt_id", "sha256", "phash", "at_us"],
    select(
        attempts.c.attempt_id,
        attempts.c.sha256,
        bindparam("f_phash", type_=BigInteger),
        bindparam("f_now", type_=BigInteger),
    ).where(attempts.c.attempt_id == bindparam("f_attempt")),
)

_INSERT_RELEASED = insert(released_pictures).from_select(
    ["fingerprint_id"],
    select(fingerprints.c.fingerprint_id)
    .join(
        releases,
        (releases.c.attempt_id == fingerprints.c.attempt_id)
        & (releases.c.sha256 == fingerprints.c.sha256),
    )
    .where(fingerprints.c.attempt_id.in_(bindparam("ids", expanding=True)))
    .order_by(fingerprints.c.fingerprint_id),
)

_OF_ORDER = (
    select(jobs.c.job_id, jobs.c.attempt_id, fingerprints.c.phash)
    .join(fingerprints, fingerprints.c.attempt_id == jobs.c.attempt_id)
    .where(
        jobs.c.order_id == bindparam("id"),
        jobs.c.state.in_([state.value for state in PASSED]),
    )
    .order_by(fingerprints.c.fingerprint_id)
)

_RELEASED = (
    select(released_pictures.c.number, fingerprints.c.phash)
    .join(fingerprints, fingerprints.c.fingerprint_id == released_pictures.c.fingerprint_id)
    .where(released_pictures.c.number > bindparam("after"))
    .order_by(released_pictures.c.number)
    .limit(bindparam("count"))
)

_RELEASED_JOB = (
    select(attempts.c.job_id)
    .join(fingerprints, fingerprints.c.attempt_id == attempts.c.attempt_id)
    .join(released_pictures, released_pictures.c.fingerprint_id == fingerprints.c.fingerprint_id)
    .where(released_pictures.c.number == bindparam("number"))
)

_WITHOUT = (
    select(
        releases.c.attempt_id,
        releases.c.job_id,
        releases.c.sha256,
        releases.c.store_url,
        releases.c.release_key,
    )
    .join(fingerprints, fingerprints.c.attempt_id == releases.c.attempt_id, isouter=True)
    .where(fingerprints.c.attempt_id.is_(None), releases.c.attempt_id > bindparam("after"))
    .order_by(releases.c.attempt_id)
    .limit(bindparam("count"))
)

_COUNTS = select(
    select(func.count()).select_from(releases).scalar_subquery(),
    select(func.count()).select_from(released_pictures).scalar_subquery(),
)


def write(connection: Connection, now_us: int, inspections: Sequence[Inspection]) -> None:
    """Write what accepted pictures look like, where that was measured."""
    _insert(
        connection,
        now_us,
        {
            one.attempt_id: int(one.phash, 16)
            for one in inspections
            if one.phash is not None and one.job_state is JobState.ACCEPTED
        },
    )


def release(connection: Connection, attempt_ids: Sequence[str]) -> None:
    """Number the pictures of these attempts, just released, where what they look like is known."""
    connection.execute(_INSERT_RELEASED, {"ids": list(attempt_ids)})


def measured(connection: Connection, now_us: int, hashes: Mapping[str, int]) -> None:
    """See `Desk.measured`."""
    if not hashes:
        return
    _insert(connection, now_us, hashes)
    release(connection, list(hashes))


def _insert(connection: Connection, now_us: int, hashes: Mapping[str, int]) -> None:
    rows = [
        {"f_attempt": attempt_id, "f_phash": _signed(hash_), "f_now": now_us}
        for attempt_id, hash_ in hashes.items()
    ]
    if rows:
        connection.execute(_INSERT, rows)


def _signed(hash_: int) -> int:
    return hash_ - (1 << _BITS) if hash_ >> (_BITS - 1) else hash_


def _unsigned(kept: int) -> int:
    return kept & ((1 << _BITS) - 1)


def of_order(connection: Connection, order_id: str) -> list[PictureHash]:
    """See `Reader.passed_pictures`."""
    return [
        PictureHash(row.job_id, row.attempt_id, _unsigned(row.phash))
        for row in connection.execute(_OF_ORDER, {"id": order_id})
    ]


def released(connection: Connection, after: int, limit: int) -> list[tuple[int, int]]:
    """See `Reader.released_pictures`."""
    rows = connection.execute(_RELEASED, {"after": after, "count": limit})
    return [(number, _unsigned(phash)) for number, phash in rows]


def released_job(connection: Connection, number: int) -> str | None:
    """See `Reader.released_job`."""
    job_id = connection.execute(_RELEASED_JOB, {"number": number}).scalar()
    return None if job_id is None else str(job_id)


def without(connection: Connection, after: str, limit: int) -> list[Unmeasured]:
    """See `Reader.unmeasured`."""
    return [
        Unmeasured(row.attempt_id, row.job_id, row.sha256, row.store_url, row.release_key)
        for row in connection.execute(_WITHOUT, {"after": after, "count": limit})
    ]


def without_count(connection: Connection) -> int:
    """See `Reader.unmeasured_count`."""
    every, numbered = connection.execute(_COUNTS).one()
    return int(every) - int(numbered)
