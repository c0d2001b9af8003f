"""Renditions: other files, made for nothing of a job's master, judged by criteria of their own.

They are written with the inspection that ends their attempt's way to acceptance, whichever way it
went: what was made and judged is told. Their verdicts lie beside the master's, under their number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    Table,
    UniqueConstraint,
    bindparam,
    insert,
    select,
)

from ledger import signings
from ledger.errors import BrokenPromise
from ledger.file_views import RenditionView
from ledger.reading import CHUNK, verdict_record
from ledger.records import Inspection, JobState, RenditionRecord, SigningRecord, VerdictRecord
from ledger.schema import AnyRow, Word, metadata, verdicts

renditions = Table(
    "renditions",
    metadata,
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Word, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("sha256", Word, nullable=False, index=True),
    Column("media_type", Word, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("from_sha256", Word, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("name <> '' AND width > 0 AND height > 0 AND byte_count > 0", name="is_a_file"),
    # They lie beside each other under their names.
    UniqueConstraint("attempt_id", "name"),
)

_OF_ATTEMPTS = (
    select(renditions)
    .where(renditions.c.attempt_id.in_(bindparam("ids", expanding=True)))
    .order_by(renditions.c.attempt_id, renditions.c.number)
)
_VERDICTS = (
    select(verdicts)
    .join(
        renditions,
        (renditions.c.attempt_id == verdicts.c.attempt_id)
        & (renditions.c.number == verdicts.c.rendition)
        & (renditions.c.sha256 == verdicts.c.sha256),
    )
    .where(verdicts.c.attempt_id.in_(bindparam("ids", expanding=True)), verdicts.c.rendition > 0)
    .order_by(verdicts.c.attempt_id, verdicts.c.position)
)
_INSERT = insert(renditions)


def check(inspection: Inspection) -> None:
    """Insist that what an inspection says of its renditions hangs together.

    Raises:
        BrokenPromise: it does not, or the job is accepted with one that did not pass.
    """
    job_id = inspection.job_id
    for number, one in enumerate(inspection.renditions, start=1):
        if one.number != number:
            raise BrokenPromise(f"rendition {one.number} of job {job_id} had to be number {number}")
        if not one.verdicts:
            raise BrokenPromise(f"rendition {one.name} of job {job_id} was not judged")
        if one.signing is not None and not _fits(one.signing, one):
            raise BrokenPromise(f"rendition {one.name} of job {job_id} has other bytes than signed")
        for verdict in one.verdicts:
            if verdict.blocks and inspection.job_state is JobState.ACCEPTED:
                raise BrokenPromise(
                    f"job {job_id} cannot be accepted: {verdict.criterion} did not pass for its "
                    f"rendition {one.name}"
                )


def _fits(signing: SigningRecord, one: RenditionRecord) -> bool:
    signed = (signing.number, signing.to_sha256, signing.media_type, signing.byte_count)
    return signed == (one.number, one.sha256, one.media_type, one.byte_count)


def write(connection: Connection, now_us: int, made: Sequence[tuple[Inspection, str]]) -> None:
    """Write the renditions of inspections, each with the digest of the master's bytes.

    Raises:
        BrokenPromise: one was made of other bytes than the master's, as they were unsigned; or a job
            is accepted whose files are signed in part.
    """
    if not made:
        return
    ids = [inspection.attempt_id for inspection, _ in made]
    signed = signings.masters(signings.of_attempts(connection, ids))
    rows = []
    for inspection, sha256 in made:
        signing = signed.get(inspection.attempt_id)
        master = sha256 if signing is None else signing.from_sha256
        for one in inspection.renditions:
            if one.from_sha256 != master:
                raise BrokenPromise(
                    f"rendition {one.name} of job {inspection.job_id} was made of bytes "
                    f"{one.from_sha256}, and its master has {master}"
                )
            accepted = inspection.job_state is JobState.ACCEPTED
            if accepted and (one.signing is None) is not (signing is None):
                raise BrokenPromise(
                    f"job {inspection.job_id} is signed in part: its master and its rendition "
                    f"{one.name} are both signed, or neither is"
                )
            rows.append(_row(inspection.attempt_id, one, now_us))
    connection.execute(_INSERT, rows)
    signings.write(
        connection,
        now_us,
        [
            (inspection.attempt_id, one.signing)
            for inspection, _ in made
            for one in inspection.renditions
            if one.signing is not None
        ],
    )


def _row(attempt_id: str, one: RenditionRecord, now_us: int) -> dict[str, object]:
    return {
        "attempt_id": attempt_id,
        "number": one.number,
        "name": one.name,
        "width": one.width,
        "height": one.height,
        "sha256": one.sha256,
        "media_type": one.media_type,
        "byte_count": one.byte_count,
        "from_sha256": one.from_sha256,
        "at_us": now_us,
    }


def of_attempts(
    connection: Connection, attempt_ids: Collection[str]
) -> dict[str, tuple[RenditionView, ...]]:
    """The renditions of attempts in the order of their numbers; attempts without are left out."""
    found: dict[str, list[RenditionView]] = {}
    for ids in _chunks(attempt_ids):
        for row in connection.execute(_OF_ATTEMPTS, {"ids": ids}):
            found.setdefault(row.attempt_id, []).append(_view(row))
    return {attempt_id: tuple(views) for attempt_id, views in found.items()}


def verdicts_of(
    connection: Connection, attempt_ids: Collection[str]
) -> dict[tuple[str, int], tuple[VerdictRecord, ...]]:
    """The verdicts on renditions, as they would be released, by attempt and number."""
    found: dict[tuple[str, int], list[VerdictRecord]] = {}
    for ids in _chunks(attempt_ids):
        for row in connection.execute(_VERDICTS, {"ids": ids}):
            found.setdefault((row.attempt_id, row.rendition), []).append(verdict_record(row))
    return {key: tuple(records) for key, records in found.items()}


def _chunks(attempt_ids: Collection[str]) -> Iterator[list[str]]:
    source = iter(dict.fromkeys(attempt_ids))
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _view(row: AnyRow) -> RenditionView:
    return RenditionView(
        number=row.number,
        name=row.name,
        width=row.width,
        height=row.height,
        sha256=row.sha256,
        media_type=row.media_type,
        byte_count=row.byte_count,
    )
