"""The tables of the books.

Money is BIGINT nano-USD, time BIGINT microseconds since 1970 (UTC). What must never happen is a
constraint or a trigger here, as the last defence behind the code; the triggers themselves live in
the migrations, because only there can both dialects spell them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

from ledger.kinds import DecisionKind, EntryKind, HoldState, Scope, VerdictSeverity
from ledger.records import AttemptState, JobState, OrderState

AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"
"""A row whose columns are read by name."""

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

# Names sort byte by byte on both databases, whatever locale the server was made with.
Word = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""The type of ids, names and words."""

# SQLite counts by itself only in a column of this very type.
Number = BigInteger().with_variant(Integer, "sqlite")
"""The type of numbers that the database gives out."""

CAP_ENTRY = text("kind = 'cap'")
OPEN_ATTEMPT = text("state IN ('held', 'unknown')")
NAMED_RUN = text("provider_ref IS NOT NULL")


def one_of(column: str, states: type[StrEnum]) -> CheckConstraint:
    """A CHECK that a column holds one of these words."""
    words = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({words})", name=column)


orders = Table(
    "orders",
    metadata,
    Column("order_id", Word, primary_key=True),
    Column("slug", Word, nullable=False, index=True),
    Column("edition", Word, nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", Word, nullable=False),
    Column("cost_center", Word, nullable=False),
    Column("campaign", Word, nullable=False, index=True),
    Column("provider", Word, nullable=False),
    Column("model", Word, nullable=False),
    Column("cap_nano", BigInteger, nullable=False),
    Column("per_job_nano", BigInteger, nullable=False),
    Column("attempts_max", Integer, nullable=False),
    Column("job_count", Integer, nullable=False),
    Column("spec_sha256", Word, nullable=False),
    Column("spec_json", Text, nullable=False),
    Column("state", Word, nullable=False),
    Column("stop_reason", Text),
    Column("created_at_us", BigInteger, nullable=False, index=True),
    Column("updated_at_us", BigInteger, nullable=False),
    Column("owner_keys", Text, nullable=False, server_default=text("''")),  # see `ledger.persons`
    one_of("state", OrderState),
    CheckConstraint("cap_nano >= 0 AND per_job_nano >= 0", name="caps"),
    CheckConstraint("attempts_max >= 1 AND job_count >= 0", name="counts"),
    CheckConstraint("state <> 'stopped' OR stop_reason IS NOT NULL", name="stopped_has_reason"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Word, primary_key=True),
    Column("order_id", Word, ForeignKey("orders.order_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Word, nullable=False),
    Column("brief_json", Text, nullable=False),
    Column("state", Word, nullable=False),
    Column("reason", Text),
    Column("attempts_used", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("attempt_id", Word),
    Column("spent_nano", BigInteger, nullable=False),
    Column("approved_by", Text),
    Column("accepted_at_us", BigInteger),
    Column("updated_at_us", BigInteger, nullable=False),
    one_of("state", JobState),
    CheckConstraint(
        "attempts_used >= 0 AND attempts_used <= last_number AND spent_nano >= 0", name="counts"
    ),
    CheckConstraint("(last_number = 0) = (attempt_id IS NULL)", name="latest_attempt"),
    UniqueConstraint("order_id", "name"),
    Index("jobs_order_id_state_position_idx", "order_id", "state", "position", unique=True),
)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", Word, primary_key=True),
    Column("job_id", Word, ForeignKey("jobs.job_id"), nullable=False),
    Column("order_id", Word, ForeignKey("orders.order_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Word, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("request_json", Text, nullable=False),
    Column("provider_ref", Word),
    Column("hold_nano", BigInteger, nullable=False),
    Column("charged_nano", BigInteger, nullable=False),
    Column("reason", Text),
    Column("sha256", Word),
    Column("media_type", Word),
    Column("byte_count", BigInteger),
    Column("latency_ms", BigInteger),
    Column("held_at_us", BigInteger, nullable=False),
    Column("lost_at_us", BigInteger),
    Column("ended_at_us", BigInteger),
    Column("changes_json", Text),  # of its brief, after earlier attempts, and why
    Column("came_size", Word),  # such as 512x512: the picture's before it was finished
    Column("came_sha256", Word),  # the provider's bytes, where they had credentials that were lost
    one_of("state", AttemptState),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("hold_nano >= 0 AND charged_nano >= 0", name="amounts"),
    CheckConstraint("(state IN ('built', 'failed')) = (ended_at_us IS NOT NULL)", name="ended"),
    CheckConstraint("counts OR (state = 'failed' AND charged_nano = 0)", name="counts"),
    CheckConstraint("state <> 'built' OR sha256 IS NOT NULL", name="built_has_bytes"),
    UniqueConstraint("job_id", "number"),
    Index(
        "attempts_one_open_per_job",
        "job_id",
        unique=True,
        sqlite_where=OPEN_ATTEMPT,
        postgresql_where=OPEN_ATTEMPT,
    ),
    # A run of the provider's is paid for by one attempt.
    Index(
        "attempts_one_per_run",
        "provider_ref",
        unique=True,
        sqlite_where=NAMED_RUN,
        postgresql_where=NAMED_RUN,
    ),
    Index(
        "attempts_open_of_order",
        "order_id",
        sqlite_where=OPEN_ATTEMPT,
        postgresql_where=OPEN_ATTEMPT,
    ),
)

holds = Table(
    "holds",
    metadata,
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("amount_nano", BigInteger, nullable=False),
    Column("state", Word, nullable=False),
    # The calendar day of the hold in the books' time zone; it decides which periods it counts in.
    Column("day", Word, nullable=False),
    Column("opened_at_us", BigInteger, nullable=False),
    Column("ended_at_us", BigInteger),
    one_of("state", HoldState),
    CheckConstraint("amount_nano >= 0", name="amount"),
    CheckConstraint("(state = 'open') = (ended_at_us IS NULL)", name="ended"),
)

cap_rules = Table(
    "cap_rules",
    metadata,
    Column("rule_id", Number, primary_key=True, autoincrement=True),
    Column("at_us", BigInteger, nullable=False),
    Column("scope", Word, nullable=False),
    Column("subject", Word, nullable=False),
    # No amount: from then on there is no cap.
    Column("cap_nano", BigInteger),
    Column("actor", Text, nullable=False),
    Column("because", Text, nullable=False),
    CheckConstraint("scope IN ('order', 'cost_center', 'provider')", name="scope"),
    CheckConstraint("cap_nano >= 0", name="cap"),
    CheckConstraint("cap_nano IS NOT NULL OR scope <> 'order'", name="orders_have_caps"),
    CheckConstraint("actor <> '' AND because <> ''", name="says_who_and_why"),
    Index("cap_rules_in_force", "scope", "subject", "rule_id", unique=True),
    sqlite_autoincrement=True,
)

budgets = Table(
    "budgets",
    metadata,
    Column("budget_id", Word, primary_key=True),
    Column("scope", Word, nullable=False),
    Column("subject", Word, nullable=False),
    # A month for a cost centre, a day for a provider, nothing for orders and jobs.
    Column("period", Word, nullable=False),
    Column("cap_nano", BigInteger),
    # The rule that the cap is from; none where it is the order's own.
    Column("rule_id", Number, ForeignKey("cap_rules.rule_id")),
    Column("held_nano", BigInteger, nullable=False),
    Column("spent_nano", BigInteger, nullable=False),
    Column("overrun_nano", BigInteger, nullable=False),
    Column("updated_at_us", BigInteger, nullable=False),
    one_of("scope", Scope),
    CheckConstraint(
        "held_nano >= 0 AND spent_nano >= 0 AND held_nano + spent_nano <= cap_nano",
        name="within_cap",
    ),
    CheckConstraint("overrun_nano >= 0", name="overrun"),
    CheckConstraint("(period = '') = (scope IN ('job', 'order'))", name="period"),
    CheckConstraint(
        "cap_nano IS NOT NULL OR (period <> '' AND rule_id IS NOT NULL)", name="uncapped_by_rule"
    ),
    UniqueConstraint("scope", "subject", "period"),
)

hold_budgets = Table(
    "hold_budgets",
    metadata,
    Column("attempt_id", Word, ForeignKey("holds.attempt_id"), primary_key=True),
    Column("budget_id", Word, ForeignKey("budgets.budget_id"), primary_key=True),
)

entries = Table(
    "entries",
    metadata,
    Column("entry_id", Number, primary_key=True, autoincrement=True),
    # The time that it counts at: of an adjustment that is posted later, its period's last moment.
    Column("at_us", BigInteger, nullable=False, index=True),
    Column("period", Word, nullable=False),
    Column("kind", Word, nullable=False),
    Column("from_account", Word, nullable=False),
    Column("to_account", Word, nullable=False),
    Column("amount_nano", BigInteger, nullable=False),
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id")),
    Column("job_id", Word),
    # What a cap of a cost centre or a provider is put down to is all that is there to name.
    Column("order_id", Word, ForeignKey("orders.order_id")),
    Column("cost_center", Word),
    Column("campaign", Word),
    Column("owner", Word),
    Column("provider", Word),
    Column("model", Word),
    Column("provider_ref", Word),
    Column("lines_json", Text),
    Column("sha256", Word),
    Column("rule_id", Number, ForeignKey("cap_rules.rule_id"), unique=True),
    # Who decided and why, where a person did.
    Column("actor", Text),
    Column("because", Text),
    one_of("kind", EntryKind),
    CheckConstraint("amount_nano > 0", name="amount"),
    CheckConstraint("from_account <> to_account", name="accounts"),
    # What is adjusted after an attempt has ended names it beside the entry: see `adjustments`.
    CheckConstraint(
        "(kind IN ('cap', 'raise', 'lower', 'adjust_up', 'adjust_down')) = (attempt_id IS NULL) "
        "AND CASE WHEN kind IN ('adjust_up', 'adjust_down') "
        "THEN (order_id IS NULL) = (job_id IS NULL) "
        "ELSE (kind IN ('cap', 'raise', 'lower')) = (job_id IS NULL) END",
        name="names_attempt",
    ),
    CheckConstraint(
        "kind IN ('raise', 'lower') OR (kind IN ('adjust_up', 'adjust_down') "
        "AND order_id IS NULL AND cost_center IS NULL AND campaign IS NULL AND owner IS NULL "
        "AND provider IS NOT NULL) "
        "OR (order_id IS NOT NULL AND cost_center IS NOT NULL "
        "AND campaign IS NOT NULL AND owner IS NOT NULL AND provider IS NOT NULL "
        "AND model IS NOT NULL)",
        name="names_order",
    ),
    CheckConstraint("(kind IN ('raise', 'lower')) = (rule_id IS NOT NULL)", name="names_rule"),
    CheckConstraint(
        "(actor IS NULL) = (because IS NULL) AND (actor IS NOT NULL "
        "OR (rule_id IS NULL AND kind NOT IN ('adjust_up', 'adjust_down')))",
        name="names_actor",
    ),
    CheckConstraint(
        "(kind IN ('charge', 'overrun')) = (lines_json IS NOT NULL)", name="charge_has_lines"
    ),
    Index("entries_once_per_attempt", "attempt_id", "kind", unique=True),
    Index(
        "entries_one_cap_per_order",
        "order_id",
        unique=True,
        sqlite_where=CAP_ENTRY,
        postgresql_where=CAP_ENTRY,
    ),
    sqlite_autoincrement=True,
)

decisions = Table(
    "decisions",
    metadata,
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", Word, nullable=False),
    Column("amount_nano", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("because", Text, nullable=False),
    one_of("kind", DecisionKind),
    CheckConstraint("amount_nano >= 0 AND (kind = 'charge' OR amount_nano = 0)", name="amount"),
    CheckConstraint("actor <> '' AND because <> ''", name="says_who_and_why"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("criterion", Word, nullable=False),
    Column("version", Integer, nullable=False),
    Column("parameters_json", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("measured_json", Text, nullable=False),
    Column("reason", Text),
    Column("at_us", BigInteger, nullable=False),
    Column("severity", Word, nullable=False, server_default="block"),
    Column("remedy_json", Text),
    # The bytes that were judged: an attempt that was mended had others before.
    Column("sha256", Word, nullable=False, server_default=text("''")),
    # 0 for the attempt's own bytes, n for its nth rendition's.
    Column("rendition", Integer, nullable=False, server_default=text("0")),
    one_of("severity", VerdictSeverity),
    CheckConstraint("rendition >= 0", name="rendition"),
    # With the attempt: a thousand jobs may have the same bytes, and one of them is asked for.
    Index("verdicts_sha256_attempt_id_idx", "sha256", "attempt_id"),
)

releases = Table(
    "releases",
    metadata,
    Column("job_id", Word, ForeignKey("jobs.job_id"), primary_key=True),
    Column("attempt_id", Word, ForeignKey("attempts.attempt_id"), nullable=False, unique=True),
    Column("order_id", Word, ForeignKey("orders.order_id"), nullable=False),
    Column("name", Word, nullable=False),
    Column("sha256", Word, nullable=False, index=True),
    Column("store_url", Word, nullable=False),
    Column("release_key", Word, nullable=False),
    Column("receipt_key", Word, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("released_at_us", BigInteger, nullable=False),
    CheckConstraint("width > 0 AND height > 0", name="size"),
    UniqueConstraint("store_url", "release_key"),
    Index("releases_order_id_name_idx", "order_id", "name", unique=True),
    # Reports count releases by order and day: without it they read every row whole.
    Index("releases_order_id_released_at_us_idx", "order_id", "released_at_us"),
)

leases = Table(
    "leases",
    metadata,
    Column("order_id", Word, primary_key=True),
    Column("holder", Word, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
    CheckConstraint("expires_at_us > since_us", name="span"),
)

totals = Table(
    "totals",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("order_id", Word, primary_key=True),
    Column("cost_center", Word, primary_key=True),
    Column("campaign", Word, primary_key=True),
    Column("provider", Word, primary_key=True),
    Column("model", Word, primary_key=True),
    Column("charged_nano", BigInteger, nullable=False),
    Column("overrun_nano", BigInteger, nullable=False),
    Column("entry_count", BigInteger, nullable=False),
    # What adjustments come to, up less down; it is not in `charged_nano`.
    Column("adjusted_nano", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint(
        "overrun_nano >= 0 AND charged_nano >= overrun_nano AND entry_count > 0", name="amounts"
    ),
)
