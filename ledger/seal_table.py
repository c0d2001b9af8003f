"""The table of seals; the triggers that keep it as it is are in migration 0003."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, Table

from ledger.schema import Word, metadata

seals = Table(
    "seals",
    metadata,
    Column("block", Integer, primary_key=True, autoincrement=False),
    Column("form", Integer, nullable=False),
    Column("first_entry_id", BigInteger, nullable=False),
    Column("last_entry_id", BigInteger, nullable=False),
    Column("entry_count", Integer, nullable=False),
    Column("previous_sha256", Word, nullable=False),
    Column("sha256", Word, nullable=False, unique=True),
    Column("sealed_at_us", BigInteger, nullable=False),
    CheckConstraint(
        "block >= 1 AND entry_count >= 1 AND entry_count <= last_entry_id - first_entry_id + 1",
        name="span",
    ),
)
