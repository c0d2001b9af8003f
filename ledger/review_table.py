"""The table of what people decided about files that waited for them.

The triggers that keep it as it is, and let nothing be approved past it, are in migration 0007.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Table,
    Text,
)

from ledger.kinds import ReviewDecision
from ledger.schema import Word, metadata, one_of

reviews = Table(
    "reviews",
    metadata,
    # One decision for the file of an attempt: whoever comes second is told of the first.
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("job_id", Word, ForeignKey("jobs.job_id"), nullable=False, index=True),
    Column("sha256", Word, nullable=False),
    Column("decision", Word, nullable=False),
    Column("actor", Text, nullable=False),
    Column("because", Text),
    Column("remedy_json", Text),
    Column("at_us", BigInteger, nullable=False),
    # Approvals from before there was this table: nobody had asked who owns the order.
    Column("carried_over", Boolean, nullable=False),
    # By which a reviewer is compared with an order's owner: see `ledger.persons`.
    Column("reviewer_key", Text),
    one_of("decision", ReviewDecision),
    CheckConstraint(
        "carried_over = (reviewer_key IS NULL) AND COALESCE(reviewer_key, '-') <> ''",
        name="has_key",
    ),
    CheckConstraint("actor <> '' AND length(actor) <= 200", name="says_who"),
    CheckConstraint(
        "(because IS NOT NULL OR decision = 'approved') AND COALESCE(because, '-') <> ''",
        name="says_why",
    ),
)
