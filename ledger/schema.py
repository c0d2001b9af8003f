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

from ledger.records import AttemptState, JobState, OrderState

AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"
"""A row whose columns are read by name."""


class HoldState(StrEnum):
    """Where the money of one attempt stands."""

    OPEN = "open"
    """Set aside, under every budget that covers it."""
    CHARGED = "charged"
    """Ended by a charge, with the rest released."""
    VOIDED = "voided"
    """Ended without a charge, released whole."""


class Scope(StrEnum):
    """What a budget caps. The order of the members is the order in which budgets are locked."""

    JOB = "job"
    ORDER = "order"


class EntryKind(StrEnum):
    """Why an entry moved money."""

    CAP = "cap"
    """authorised -> available, when an order is opened."""
    HOLD = "hold"
    """available -> held."""
    VOID = "void"
    """held -> available: the whole hold comes back."""
    CHARGE = "charge"
    """held -> payable, up to the hold."""
    RELEASE = "release"
    """held -> available: the unspent rest of a hold."""
    OVERRUN = "overrun"
    """overrun -> payable: the part of a charge above its hold."""


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
_Word = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")

CAP_ENTRY = text("kind = 'cap'")
OPEN_ATTEMPT = text("state IN ('held', 'unknown')")


def _one_of(column: str, states: type[StrEnum]) -> CheckConstraint:
    words = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({words})", name=column)


orders = Table(
    "orders",
    metadata,
    Column("order_id", _Word, primary_key=True),
    Column("slug", _Word, nullable=False, index=True),
    Column("edition", _Word, nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", _Word, nullable=False),
    Column("cost_center", _Word, nullable=False),
    Column("campaign", _Word, nullable=False),
    Column("provider", _Word, nullable=False),
    Column("model", _Word, nullable=False),
    Column("cap_nano", BigInteger, nullable=False),
    Column("per_job_nano", BigInteger, nullable=False),
    Column("attempts_max", Integer, nullable=False),
    Column("job_count", Integer, nullable=False),
    Column("spec_sha256", _Word, nullable=False),
    Column("spec_json", Text, nullable=False),
    Column("state", _Word, nullable=False),
    Column("stop_reason", Text),
    Column("created_at_us", BigInteger, nullable=False, index=True),
    Column("updated_at_us", BigInteger, nullable=False),
    _one_of("state", OrderState),
    CheckConstraint("cap_nano >= 0 AND per_job_nano >= 0", name="caps"),
    CheckConstraint("attempts_max >= 1 AND job_count >= 0", name="counts"),
    CheckConstraint("state <> 'stopped' OR stop_reason IS NOT NULL", name="stopped_has_reason"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", _Word, primary_key=True),
    Column("order_id", _Word, ForeignKey("orders.order_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", _Word, nullable=False),
    Column("brief_json", Text, nullable=False),
    Column("state", _Word, nullable=False),
    Column("reason", Text),
    Column("attempts_used", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    Column("attempt_id", _Word),
    Column("spent_nano", BigInteger, nullable=False),
    Column("approved_by", Text),
    Column("accepted_at_us", BigInteger),
    Column("updated_at_us", BigInteger, nullable=False),
    _one_of("state", JobState),
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
    Column("attempt_id", _Word, primary_key=True),
    Column("job_id", _Word, ForeignKey("jobs.job_id"), nullable=False),
    Column("order_id", _Word, ForeignKey("orders.order_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", _Word, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("request_json", Text, nullable=False),
    Column("provider_ref", _Word),
    Column("hold_nano", BigInteger, nullable=False),
    Column("charged_nano", BigInteger, nullable=False),
    Column("reason", Text),
    Column("sha256", _Word),
    Column("media_type", _Word),
    Column("byte_count", BigInteger),
    Column("latency_ms", BigInteger),
    Column("held_at_us", BigInteger, nullable=False),
    Column("lost_at_us", BigInteger),
    Column("ended_at_us", BigInteger),
    _one_of("state", AttemptState),
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
    Column("attempt_id", _Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("amount_nano", BigInteger, nullable=False),
    Column("state", _Word, nullable=False),
    Column("opened_at_us", BigInteger, nullable=False),
    Column("ended_at_us", BigInteger),
    _one_of("state", HoldState),
    CheckConstraint("amount_nano >= 0", name="amount"),
    CheckConstraint("(state = 'open') = (ended_at_us IS NULL)", name="ended"),
)

budgets = Table(
    "budgets",
    metadata,
    Column("budget_id", _Word, primary_key=True),
    Column("scope", _Word, nullable=False),
    Column("subject", _Word, nullable=False),
    Column("cap_nano", BigInteger, nullable=False),
    Column("held_nano", BigInteger, nullable=False),
    Column("spent_nano", BigInteger, nullable=False),
    Column("overrun_nano", BigInteger, nullable=False),
    Column("updated_at_us", BigInteger, nullable=False),
    _one_of("scope", Scope),
    CheckConstraint(
        "held_nano >= 0 AND spent_nano >= 0 AND held_nano + spent_nano <= cap_nano",
        name="within_cap",
    ),
    CheckConstraint("overrun_nano >= 0", name="overrun"),
    UniqueConstraint("scope", "subject"),
)

hold_budgets = Table(
    "hold_budgets",
    metadata,
    Column("attempt_id", _Word, ForeignKey("holds.attempt_id"), primary_key=True),
    Column("budget_id", _Word, ForeignKey("budgets.budget_id"), primary_key=True),
)

entries = Table(
    "entries",
    metadata,
    Column(
        "entry_id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("at_us", BigInteger, nullable=False),
    Column("period", _Word, nullable=False),
    Column("kind", _Word, nullable=False),
    Column("from_account", _Word, nullable=False),
    Column("to_account", _Word, nullable=False),
    Column("amount_nano", BigInteger, nullable=False),
    Column("attempt_id", _Word, ForeignKey("attempts.attempt_id")),
    Column("job_id", _Word),
    Column("order_id", _Word, ForeignKey("orders.order_id"), nullable=False),
    Column("cost_center", _Word, nullable=False),
    Column("campaign", _Word, nullable=False),
    Column("owner", _Word, nullable=False),
    Column("provider", _Word, nullable=False),
    Column("model", _Word, nullable=False),
    Column("provider_ref", _Word),
    Column("lines_json", Text),
    Column("sha256", _Word),
    _one_of("kind", EntryKind),
    CheckConstraint("amount_nano > 0", name="amount"),
    CheckConstraint("from_account <> to_account", name="accounts"),
    CheckConstraint(
        "(kind = 'cap') = (attempt_id IS NULL) AND (kind = 'cap') = (job_id IS NULL)",
        name="names_attempt",
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

verdicts = Table(
    "verdicts",
    metadata,
    Column("attempt_id", _Word, ForeignKey("attempts.attempt_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("criterion", _Word, nullable=False),
    Column("version", Integer, nullable=False),
    Column("parameters_json", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("measured_json", Text, nullable=False),
    Column("reason", Text),
    Column("at_us", BigInteger, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("job_id", _Word, ForeignKey("jobs.job_id"), primary_key=True),
    Column("attempt_id", _Word, ForeignKey("attempts.attempt_id"), nullable=False, unique=True),
    Column("order_id", _Word, ForeignKey("orders.order_id"), nullable=False),
    Column("name", _Word, nullable=False),
    Column("sha256", _Word, nullable=False),
    Column("store_url", _Word, nullable=False),
    Column("release_key", _Word, nullable=False),
    Column("receipt_key", _Word, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("released_at_us", BigInteger, nullable=False),
    CheckConstraint("width > 0 AND height > 0", name="size"),
    UniqueConstraint("store_url", "release_key"),
    Index("releases_order_id_name_idx", "order_id", "name", unique=True),
)

leases = Table(
    "leases",
    metadata,
    Column("order_id", _Word, primary_key=True),
    Column("holder", _Word, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
    CheckConstraint("expires_at_us > since_us", name="span"),
)
