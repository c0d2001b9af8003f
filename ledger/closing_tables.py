"""The tables of closing and of two persons: closings, requests, answers to them, limits of raises.

The triggers that let nothing into a closed period, and nothing past a second person, are in
migration 0010.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
)

from ledger.closing_views import Answer, ClosingEvent, RequestKind
from ledger.schema import Number, Word, metadata, one_of

requests = Table(
    "requests",
    metadata,
    Column("request_id", Number, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", Word, nullable=False),
    Column("actor", Text, nullable=False),
    # By which two persons are told apart: see `ledger.persons`.
    Column("actor_key", Text, nullable=False),
    Column("because", Text, nullable=False),
    # Whose cap, for a raise.
    Column("scope", Word),
    Column("subject", Word),
    # What there was, and what is asked for; nothing is no cap, or no limit.
    Column("before_nano", BigInteger),
    Column("amount_nano", BigInteger),
    # The month to be reopened.
    Column("period", Word),
    # The rule, limit or closing that was the latest: once there is another, the request is overtaken.
    Column("basis_id", BigInteger, nullable=False),
    one_of("kind", RequestKind),
    CheckConstraint("actor <> '' AND actor_key <> '' AND because <> ''", name="says_who_and_why"),
    CheckConstraint(
        "(kind = 'raise') = (scope IS NOT NULL) AND (kind = 'raise') = (subject IS NOT NULL) "
        "AND (kind = 'reopen') = (period IS NOT NULL)",
        name="says_what",
    ),
    CheckConstraint(
        "before_nano >= 0 AND amount_nano >= 0 AND (kind <> 'reopen' "
        "OR (before_nano IS NULL AND amount_nano IS NULL))",
        name="amounts",
    ),
    CheckConstraint("basis_id >= 0", name="basis"),
    sqlite_autoincrement=True,
)

approvals = Table(
    "approvals",
    metadata,
    # A request is answered once.
    Column("request_id", Number, ForeignKey("requests.request_id"), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("answer", Word, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_key", Text, nullable=False),
    # Whoever asked, so that one CHECK can tell the two apart.
    Column("asked_key", Text, nullable=False),
    Column("because", Text),
    one_of("answer", Answer),
    CheckConstraint("actor <> '' AND actor_key <> ''", name="says_who"),
    CheckConstraint(
        "(because IS NOT NULL OR answer = 'approved') AND COALESCE(because, '-') <> ''",
        name="says_why",
    ),
    CheckConstraint("(answer = 'withdrawn') = (actor_key = asked_key)", name="two_persons"),
)

raise_limits = Table(
    "raise_limits",
    metadata,
    Column("limit_id", Number, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    # By how much one person may raise a cap in a month; nothing: by any amount.
    Column("limit_nano", BigInteger),
    # It holds for the rules of caps that came after this one.
    Column("after_rule_id", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("because", Text, nullable=False),
    CheckConstraint("limit_nano >= 0 AND after_rule_id >= 0", name="amounts"),
    CheckConstraint("actor <> '' AND because <> ''", name="says_who_and_why"),
    sqlite_autoincrement=True,
)

closings = Table(
    "closings",
    metadata,
    Column("closing_id", Number, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("period", Word, nullable=False),
    Column("event", Word, nullable=False),
    Column("actor", Text, nullable=False),
    Column("because", Text, nullable=False),
    # Of a reopening: what was approved.
    Column("request_id", Number, ForeignKey("requests.request_id"), unique=True),
    # Of a close: what the period held.
    Column("entry_count", BigInteger),
    Column("first_entry_id", BigInteger),
    Column("last_entry_id", BigInteger),
    Column("charged_nano", BigInteger),
    # Each provider's charged, statement and rest; each open point that somebody signed for.
    Column("providers_json", Text),
    Column("signed_json", Text),
    # The newest seal; every entry of the period is under it or under one before.
    Column("seal_block", Integer),
    Column("seal_sha256", Word),
    one_of("event", ClosingEvent),
    CheckConstraint("length(period) = 7", name="period"),
    CheckConstraint("actor <> '' AND because <> ''", name="says_who_and_why"),
    CheckConstraint("(event = 'reopen') = (request_id IS NOT NULL)", name="reopened_on_request"),
    CheckConstraint(
        "(event = 'close') = (entry_count IS NOT NULL) "
        "AND (event = 'close') = (charged_nano IS NOT NULL) "
        "AND (event = 'close') = (providers_json IS NOT NULL) "
        "AND (event = 'close') = (signed_json IS NOT NULL)",
        name="close_says_what",
    ),
    CheckConstraint(
        "(COALESCE(entry_count, 0) > 0) = (first_entry_id IS NOT NULL) "
        "AND (first_entry_id IS NULL) = (last_entry_id IS NULL) "
        "AND (seal_block IS NULL) = (seal_sha256 IS NULL) "
        "AND (first_entry_id IS NULL OR seal_block IS NOT NULL)",
        name="is_sealed",
    ),
    Index("closings_latest", "period", "closing_id", unique=True),
    sqlite_autoincrement=True,
)
