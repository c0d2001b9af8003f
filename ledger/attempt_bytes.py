"""An attempt's bytes become others: those that a mend, or a signature, made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, update

from ledger import budgeting
from ledger.schema import attempts


@dataclass(frozen=True, slots=True)
class BytesChange:
    """Which bytes of which attempt become which others."""

    attempt_id: str
    from_sha256: str
    to_sha256: str
    media_type: str
    byte_count: int


_CHANGE = (
    update(attempts)
    .where(attempts.c.attempt_id == bindparam("a_id"), attempts.c.sha256 == bindparam("a_from"))
    .values(
        sha256=bindparam("a_to"),
        media_type=bindparam("a_media_type"),
        byte_count=bindparam("a_byte_count"),
    )
)


def change(connection: Connection, changes: Sequence[BytesChange], otherwise: str) -> None:
    """Let attempts name their new bytes.

    Raises:
        BrokenPromise: one of them has other bytes by now, with the sentence `otherwise`.
    """
    rows = [
        {
            "a_id": one.attempt_id,
            "a_from": one.from_sha256,
            "a_to": one.to_sha256,
            "a_media_type": one.media_type,
            "a_byte_count": one.byte_count,
        }
        for one in changes
    ]
    budgeting.must_change(connection, _CHANGE, rows, otherwise)
