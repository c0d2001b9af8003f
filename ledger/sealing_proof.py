"""The proof of the seals: every block's digest worked out again from the entries as they are now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from ledger import sealing
from ledger.instants import from_us
from ledger.schema import AnyRow, entries
from ledger.seal_table import seals

SENTENCE = "every sealed entry is what it was when it was sealed, and no seal is missing"

_EXTENT = select(
    func.count().label("blocks"),
    func.coalesce(func.sum(seals.c.entry_count), 0).label("entries"),
    func.coalesce(func.max(seals.c.last_entry_id), 0).label("last_entry_id"),
)
_NEWEST_DIGEST = select(seals.c.sha256).order_by(seals.c.block.desc()).limit(1)
_SEALS = select(seals).order_by(seals.c.block).execution_options(yield_per=sealing.CHUNK)
_ENTRIES = (
    select(*(entries.c[name] for name in sealing.COLUMNS))
    .where(entries.c.entry_id <= bindparam("newest"))
    .order_by(entries.c.entry_id)
    .execution_options(yield_per=sealing.CHUNK)
)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is sealed."""

    blocks: int
    entries: int
    last_entry_id: int
    sha256: str | None
    """The newest block's digest: whoever notes it elsewhere can tell when seals were made anew."""


def extent(connection: Connection) -> Extent:
    """Look up how much is sealed."""
    row = connection.execute(_EXTENT).one()
    newest = connection.execute(_NEWEST_DIGEST).scalar()
    return Extent(row.blocks, int(row.entries), row.last_entry_id, newest)


def first_broken(connection: Connection) -> str | None:
    """Say which seal is the first that does not hold, if any; memory does not grow with them.

    `connection` must see one moment throughout.
    """
    newest = {"newest": extent(connection).last_entry_id}
    with connection.execute(_SEALS) as found, connection.execute(_ENTRIES, newest) as written:
        sealed = _Sealed(list(map(tuple, rows)) for rows in written.partitions())
        number, previous = 0, sealing.GENESIS
        for seal in found:
            problem = _problem(seal, number + 1, previous, sealed)
            if problem is not None:
                return problem
            number, previous = seal.block, seal.sha256
    return None


class _Sealed:
    """The sealed entries in the order of their ids, to be taken block by block."""

    def __init__(self, chunks: Iterator[list[tuple[Any, ...]]]) -> None:
        self._chunks = chunks
        self._ahead: list[tuple[Any, ...]] = []

    def up_to(self, last_entry_id: int) -> Iterator[list[tuple[Any, ...]]]:
        """Give what comes next, up to and including an entry."""
        while rows := self._ahead or next(self._chunks, []):
            cut = bisect_right(rows, last_entry_id, key=itemgetter(0))
            self._ahead = rows[cut:]
            yield rows[:cut]
            if self._ahead:
                return


def _problem(seal: AnyRow, number: int, previous: str, sealed: _Sealed) -> str | None:
    if seal.block != number:
        return f"the seal of block {number} is missing: the next one is of block {seal.block}"
    if seal.previous_sha256 != previous:
        return f"the seal of block {number} does not follow the one before it"
    if seal.form != sealing.FORM:
        return (
            f"block {number} is sealed in form {seal.form}, which this version cannot read: "
            "prove these books with the Mintage that wrote them"
        )
    digest = sealing.Digest(number, previous)
    for rows in sealed.up_to(seal.last_entry_id):
        digest.add(rows)
    if digest.hexdigest() != seal.sha256:
        return (
            f"block {number}, entries E{seal.first_entry_id} to E{seal.last_entry_id}, is not what "
            f"was sealed at {from_us(seal.sealed_at_us):%Y-%m-%d %H:%M:%S} UTC: one of them was "
            "changed, added or taken away"
        )
    return None
