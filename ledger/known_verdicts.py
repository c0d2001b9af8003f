"""What the books know of bytes and of rules already: verdicts by digest, and what failed a job."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection, bindparam, select

from ledger.kinds import VerdictSeverity
from ledger.reading import CHUNK, verdict_record
from ledger.records import VerdictRecord
from ledger.renditions import renditions
from ledger.schema import attempts, verdicts

_FOUND = (
    verdicts.c.criterion,
    verdicts.c.version,
    verdicts.c.parameters_json,
    verdicts.c.passed,
    verdicts.c.severity,
    verdicts.c.measured_json,
    verdicts.c.reason,
    verdicts.c.remedy_json,
)
_KNOWN = (
    # The same bytes may be a thousand jobs': each finding is told once.
    select(verdicts.c.sha256, *_FOUND)
    .where(verdicts.c.sha256.in_(bindparam("digests", expanding=True)))
    .distinct()
)
_BLOCKED = (
    select(attempts.c.number, renditions.c.name.label("of_rendition"), *_FOUND)
    .join(attempts, attempts.c.attempt_id == verdicts.c.attempt_id)
    .join(
        renditions,
        (renditions.c.attempt_id == verdicts.c.attempt_id)
        & (renditions.c.number == verdicts.c.rendition),
        isouter=True,
    )
    .where(
        attempts.c.job_id == bindparam("id"),
        (attempts.c.sha256 == verdicts.c.sha256) | (verdicts.c.rendition > 0),
        verdicts.c.passed.is_(False),
        verdicts.c.severity == VerdictSeverity.BLOCK.value,
    )
    .order_by(attempts.c.number, verdicts.c.position)
)


def of_digests(
    connection: Connection, digests: Collection[str]
) -> dict[str, tuple[VerdictRecord, ...]]:
    """Every finding on bytes with these digests, whoever's they were; unknown digests are left out."""
    found: dict[str, list[VerdictRecord]] = {}
    source = iter(dict.fromkeys(digests))
    while chunk := list(islice(source, CHUNK)):
        for row in connection.execute(_KNOWN, {"digests": chunk}):
            found.setdefault(row.sha256, []).append(verdict_record(row))
    return {sha256: tuple(records) for sha256, records in found.items()}


def that_blocked(connection: Connection, job_id: str) -> list[tuple[int, VerdictRecord]]:
    """What refused the final bytes of a job's attempts, each with the attempt's number, oldest first.

    What refused a rendition says which one: `file_size (of thumb)`.
    """
    return [
        (row.number, _told(verdict_record(row), row.of_rendition))
        for row in connection.execute(_BLOCKED, {"id": job_id})
    ]


def _told(record: VerdictRecord, rendition: str | None) -> VerdictRecord:
    if rendition is None:
        return record
    return replace(record, criterion=f"{record.criterion} (of {rendition})")
