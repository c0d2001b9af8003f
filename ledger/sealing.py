"""Seals: entries in blocks under a chain of digests, so that a change of any of them shows.

A block's digest is the SHA-256 of one compact ASCII JSON text,

    [form, block, "<digest of the block before>", [entry, entry, ...]]

with an entry as the array of its columns in the order of `COLUMNS`: integers as digits, words as
strings with everything beyond ASCII escaped, nothing as null. Block 1 follows `GENESIS`. Anybody
can compute it again from the entries, with any tool that writes JSON.

Sealing is off the hot path: it reads what is settled, works out the digest without any lock, and
locks the seals (never the entries) for the one row that it writes. Entries are settled up to an id
below which nothing can appear any more. On SQLite that is the newest id, as ids are taken under
the one write lock. On PostgreSQL an id is taken before its transaction commits, so entries with
lower ids may still be on their way; whoever writes an entry has locked the table (ROW EXCLUSIVE)
before it takes an id, and keeps that lock to its end. So: look up the newest id first, then who
has that lock; once all of those have ended, everything up to that id is there or never will be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json import JSONEncoder
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text

from ledger.schema import entries
from ledger.seal_table import seals

FORM = 1
"""The form of the digest described above. Another list of columns would be another form."""

COLUMNS = (
    "entry_id",
    "at_us",
    "period",
    "kind",
    "from_account",
    "to_account",
    "amount_nano",
    "attempt_id",
    "job_id",
    "order_id",
    "cost_center",
    "campaign",
    "owner",
    "provider",
    "model",
    "provider_ref",
    "lines_json",
    "sha256",
    "rule_id",
    "actor",
    "because",
)
"""What a seal covers of an entry: all of it. A test compares this with the table."""

GENESIS = "0" * 64
"""What the first block follows."""

BLOCK_ENTRIES = 10_000
"""The most entries in one block, unless asked otherwise: a change is found to within so many."""

CHUNK = 1_000
"""Entries in memory at a time."""

PATIENCE_S = 5.0
"""How long sealing waits for writers that were under way when it began."""

_POLL_S = 0.005

_encode = JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False).encode

_NEWEST = select(func.max(entries.c.entry_id))

_LAST_SEAL = (
    select(seals.c.block, seals.c.last_entry_id, seals.c.sha256)
    .order_by(seals.c.block.desc())
    .limit(1)
)

_UNSEALED = (
    select(*(entries.c[name] for name in COLUMNS))
    .where(entries.c.entry_id > bindparam("after"), entries.c.entry_id <= bindparam("newest"))
    .order_by(entries.c.entry_id)
    .limit(bindparam("count"))
    .execution_options(yield_per=CHUNK)
)

_INSERT = insert(seals)

_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted "
    "AND mode = 'RowExclusiveLock' AND relation = 'entries'::regclass "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND pid IS DISTINCT FROM pg_backend_pid()"
)
_PAUSE = text("SELECT pg_sleep(:seconds)")
_LOCK_SEALS = text("LOCK TABLE seals IN SHARE ROW EXCLUSIVE MODE")


@dataclass(frozen=True, slots=True)
class Block:
    """Entries under one seal."""

    number: int
    first_entry_id: int
    last_entry_id: int
    entry_count: int
    previous_sha256: str
    sha256: str


class Digest:
    """Works out a block's digest from its entries, some at a time."""

    def __init__(self, number: int, previous_sha256: str) -> None:
        self._sha256 = sha256(f'[{FORM},{number},"{previous_sha256}",['.encode("ascii"))
        self.entry_count = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Take in the next entries, each as its values in the order of `COLUMNS`."""
        if not rows:
            return
        if self.entry_count:
            self._sha256.update(b",")
        self._sha256.update(_encode(rows)[1:-1].encode("ascii"))
        self.entry_count += len(rows)

    def hexdigest(self) -> str:
        """Give the digest of what was taken in; call it once, at the end."""
        self._sha256.update(b"]]")
        return self._sha256.hexdigest()


def settled_entry_id(connection: Connection, patience_s: float) -> int | None:
    """The newest entry up to which every entry that will ever be there is there.

    None when there are no entries, or when a writer took longer than `patience_s`. `connection`
    must see what is committed while it waits.
    """
    newest: int | None = connection.execute(_NEWEST).scalar()
    if newest is None or connection.dialect.name != "postgresql":
        return newest
    under_way = set(connection.execute(_WRITERS).scalars())
    for _ in range(max(1, round(patience_s / _POLL_S))):
        if not under_way:
            return newest
        connection.execute(_PAUSE, {"seconds": _POLL_S})
        under_way &= set(connection.execute(_WRITERS).scalars())
    return None if under_way else newest


def next_block(connection: Connection, newest: int, max_entries: int) -> Block | None:
    """Work out the block after the last seal, of entries up to `newest`; None if there are none.

    `connection` must see one moment throughout.
    """
    last = connection.execute(_LAST_SEAL).one_or_none()
    number, after, previous = (1, 0, GENESIS) if last is None else (last[0] + 1, last[1], last[2])
    digest = Digest(number, previous)
    first_id = last_id = 0
    wanted = {"after": after, "newest": newest, "count": max_entries}
    with connection.execute(_UNSEALED, wanted) as found:
        for rows in found.partitions():
            digest.add(_plain(rows))
            first_id = first_id or rows[0].entry_id
            last_id = rows[-1].entry_id
    if not digest.entry_count:
        return None
    return Block(number, first_id, last_id, digest.entry_count, previous, digest.hexdigest())


def _plain(rows: Iterable[Row[Any]]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


def write(connection: Connection, block: Block, now_us: int) -> bool:
    """Write a seal; False, and nothing written, if somebody else has sealed on since."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK_SEALS)
    last = connection.execute(_LAST_SEAL).one_or_none()
    if (GENESIS if last is None else last.sha256) != block.previous_sha256:
        return False
    connection.execute(
        _INSERT,
        {
            "block": block.number,
            "form": FORM,
            "first_entry_id": block.first_entry_id,
            "last_entry_id": block.last_entry_id,
            "entry_count": block.entry_count,
            "previous_sha256": block.previous_sha256,
            "sha256": block.sha256,
            "sealed_at_us": now_us,
        },
    )
    return True
