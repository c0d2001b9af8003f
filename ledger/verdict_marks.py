"""The verdicts on released files in short: a manifest names them for thousands of files at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select

from ledger.renditions import renditions
from ledger.schema import attempts, verdicts
from ledger.signings import MASTER


class VerdictMark(NamedTuple):
    """One finding on one file: by which criterion, and whether it was kept."""

    criterion: str
    passed: bool
    severity: str
    """What a broken rule does to the file: block, review or warn."""


_OF_FILES = (
    select(
        verdicts.c.attempt_id,
        verdicts.c.rendition,
        verdicts.c.criterion,
        verdicts.c.passed,
        verdicts.c.severity,
    )
    .join(attempts, attempts.c.attempt_id == verdicts.c.attempt_id)
    .join(
        renditions,
        (renditions.c.attempt_id == verdicts.c.attempt_id)
        & (renditions.c.number == verdicts.c.rendition),
        isouter=True,
    )
    .where(
        verdicts.c.attempt_id.in_(bindparam("ids", expanding=True)),
        or_(
            and_(verdicts.c.rendition == MASTER, verdicts.c.sha256 == attempts.c.sha256),
            verdicts.c.sha256 == renditions.c.sha256,
        ),
    )
    .order_by(verdicts.c.attempt_id, verdicts.c.position)
)


def of_files(
    connection: Connection, attempt_ids: Sequence[str]
) -> dict[tuple[str, int], tuple[VerdictMark, ...]]:
    """See `Reader.verdict_marks`."""
    found: dict[tuple[str, int], list[VerdictMark]] = {}
    # Unpacked, not asked by name, which takes most of the time: there are tens of thousands.
    for attempt_id, number, criterion, passed, severity in connection.execute(
        _OF_FILES, {"ids": list(attempt_ids)}
    ):
        mark = VerdictMark(criterion, passed, severity)
        found.setdefault((attempt_id, number), []).append(mark)
    return {key: tuple(marks) for key, marks in found.items()}
