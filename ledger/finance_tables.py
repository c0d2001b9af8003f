"""The tables of finance's month: statements of providers, adjustments to them, and quotes.

The triggers that keep them as they are are in migration 0009.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Table,
    Text,
)

from ledger.kinds import AdjustmentReason
from ledger.schema import Number, Word, metadata, one_of

statements = Table(
    "statements",
    metadata,
    Column("provider", Word, primary_key=True),
    Column("period", Word, primary_key=True),
    # The first statement of a provider for a period is 1: of two who post at once, one comes late.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("invoice_id", Text),
    # Of the file, or of the lines that were read where there is no file.
    Column("sha256", Word, nullable=False),
    Column("source", Word, nullable=False),
    Column("line_count", BigInteger, nullable=False),
    # What the provider bills; below zero where it gives back more.
    Column("total_nano", BigInteger, nullable=False),
    Column("posted_at_us", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("because", Text, nullable=False),
    CheckConstraint("number >= 1 AND line_count >= 0", name="counts"),
    CheckConstraint("source IN ('file', 'live')", name="source"),
    CheckConstraint("actor <> '' AND because <> ''", name="says_who_and_why"),
)

adjustments = Table(
    "adjustments",
    metadata,
    Column("entry_id", Number, ForeignKey("entries.entry_id"), primary_key=True),
    # The statement; its period is another than the entry's where that was closed.
    Column("provider", Word, nullable=False),
    Column("period", Word, nullable=False),
    Column("number", Integer, nullable=False),
    Column("reason", Word, nullable=False),
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), index=True),
    Column("provider_ref", Word, index=True),
    Column("theirs_nano", BigInteger, nullable=False),
    Column("ours_nano", BigInteger, nullable=False),
    # The first line of the statement that has it.
    Column("line_number", BigInteger),
    one_of("reason", AdjustmentReason),
    CheckConstraint("theirs_nano <> ours_nano", name="differs"),
    ForeignKeyConstraint(
        ["provider", "period", "number"],
        ["statements.provider", "statements.period", "statements.number"],
    ),
)

quotes = Table(
    "quotes",
    metadata,
    Column("order_id", Word, ForeignKey("orders.order_id"), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    # Every first attempt accepted at its usual price, at its dearest, and every attempt used.
    Column("expected_nano", BigInteger, nullable=False),
    Column("first_pass_nano", BigInteger, nullable=False),
    Column("dearest_nano", BigInteger, nullable=False),
    CheckConstraint(
        "expected_nano >= 0 AND expected_nano <= first_pass_nano "
        "AND first_pass_nano <= dearest_nano",
        name="amounts",
    ),
)
