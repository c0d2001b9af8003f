"""Statements of providers, adjustments of the books to them, and what orders were quoted.

Revision: 0009, after 0008

SQLite cannot change a constraint, so the entries are made anew there with what they had in them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

COLUMNS = (
    "entry_id, at_us, period, kind, from_account, to_account, amount_nano, attempt_id, job_id, "
    "order_id, cost_center, campaign, owner, provider, model, provider_ref, lines_json, sha256, "
    "rule_id, actor, because"
)
KINDS_BEFORE = "kind IN ('cap', 'hold', 'void', 'charge', 'release', 'overrun', 'raise', 'lower')"
KINDS = (
    "kind IN ('cap', 'hold', 'void', 'charge', 'release', 'overrun', 'raise', 'lower', "
    "'adjust_up', 'adjust_down')"
)
NAMES_ATTEMPT_BEFORE = (
    "(kind IN ('cap', 'raise', 'lower')) = (attempt_id IS NULL) "
    "AND (kind IN ('cap', 'raise', 'lower')) = (job_id IS NULL)"
)
NAMES_ATTEMPT = (
    "(kind IN ('cap', 'raise', 'lower', 'adjust_up', 'adjust_down')) = (attempt_id IS NULL) "
    "AND CASE WHEN kind IN ('adjust_up', 'adjust_down') "
    "THEN (order_id IS NULL) = (job_id IS NULL) "
    "ELSE (kind IN ('cap', 'raise', 'lower')) = (job_id IS NULL) END"
)
NAMES_ORDER_BEFORE = (
    "kind IN ('raise', 'lower') OR (order_id IS NOT NULL AND cost_center IS NOT NULL "
    "AND campaign IS NOT NULL AND owner IS NOT NULL AND provider IS NOT NULL "
    "AND model IS NOT NULL)"
)
NAMES_ORDER = (
    "kind IN ('raise', 'lower') OR (kind IN ('adjust_up', 'adjust_down') "
    "AND order_id IS NULL AND cost_center IS NULL AND campaign IS NULL AND owner IS NULL "
    "AND provider IS NOT NULL) "
    "OR (order_id IS NOT NULL AND cost_center IS NOT NULL "
    "AND campaign IS NOT NULL AND owner IS NOT NULL AND provider IS NOT NULL "
    "AND model IS NOT NULL)"
)
NAMES_ACTOR_BEFORE = (
    "(actor IS NULL) = (because IS NULL) AND (rule_id IS NULL OR actor IS NOT NULL)"
)
NAMES_ACTOR = (
    "(actor IS NULL) = (because IS NULL) AND (actor IS NOT NULL "
    "OR (rule_id IS NULL AND kind NOT IN ('adjust_up', 'adjust_down')))"
)
ENTRIES_SAME = (
    "entry_id = NEW.entry_id OR (attempt_id, kind) = (NEW.attempt_id, NEW.kind) "
    "OR rule_id = NEW.rule_id"
)
APPEND_ONLY = {
    "statements": "(provider, period, number) = (NEW.provider, NEW.period, NEW.number)",
    "adjustments": "entry_id = NEW.entry_id",
    "quotes": "order_id = NEW.order_id",
}


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    if is_postgresql:
        for name, condition in (
            ("kind", KINDS),
            ("names_attempt", NAMES_ATTEMPT),
            ("names_order", NAMES_ORDER),
            ("names_actor", NAMES_ACTOR),
        ):
            _recheck(name, condition)
    else:
        op.execute("PRAGMA defer_foreign_keys = ON")
        _make_entries_anew(_create_entries)
    op.create_index("entries_at_us_idx", "entries", ["at_us"])
    op.create_index(
        "releases_order_id_released_at_us_idx", "releases", ["order_id", "released_at_us"]
    )
    op.add_column(
        "totals",
        sa.Column("adjusted_nano", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
    )
    _create_statements()
    _create_adjustments()
    _create_quotes()
    for table, same_row in APPEND_ONLY.items():
        if is_postgresql:
            _guard_postgresql(table)
        else:
            _guard_sqlite(table, same_row)


def downgrade() -> None:
    """Go back, if nothing of what this revision brought is in use: it could not be kept."""
    for table in APPEND_ONLY:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first():  # noqa: S608 - a constant above
            raise RuntimeError(f"revision 0008 has no place for what is in {table}")
    for table in ("quotes", "adjustments", "statements"):
        op.drop_table(table)
    op.drop_index("releases_order_id_released_at_us_idx", "releases")
    if op.get_context().dialect.name == "postgresql":
        op.drop_column("totals", "adjusted_nano")
        op.drop_index("entries_at_us_idx", "entries")
        for name, condition in (
            ("kind", KINDS_BEFORE),
            ("names_attempt", NAMES_ATTEMPT_BEFORE),
            ("names_order", NAMES_ORDER_BEFORE),
            ("names_actor", NAMES_ACTOR_BEFORE),
        ):
            _recheck(name, condition)
        return
    op.execute("ALTER TABLE totals DROP COLUMN adjusted_nano")
    op.execute("PRAGMA defer_foreign_keys = ON")
    environment = op.get_context().environment_context
    assert environment is not None  # noqa: S101 - migrations run in `env.py`'s
    second: Any = environment.script.get_revision("0002").module
    _make_entries_anew(second._create_entries)  # noqa: SLF001 - the revision that made it


def _recheck(name: str, condition: str) -> None:
    op.drop_constraint(f"entries_{name}", "entries")
    op.create_check_constraint(op.f(f"entries_{name}"), "entries", condition)


def _make_entries_anew(create: Any) -> None:  # noqa: ANN401 - a function of a module
    """Make the table again under its own name, so that what points at it points at the new one."""
    op.execute("CREATE TABLE entries_kept AS SELECT * FROM entries")
    op.drop_table("entries")
    create()
    op.execute(f"INSERT INTO entries ({COLUMNS}) SELECT {COLUMNS} FROM entries_kept")  # noqa: S608 - constants
    op.drop_table("entries_kept")
    _guard_sqlite("entries", ENTRIES_SAME)


def _create_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("entry_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("period", WORD, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("from_account", WORD, nullable=False),
        sa.Column("to_account", WORD, nullable=False),
        sa.Column("amount_nano", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", WORD, nullable=True),
        sa.Column("job_id", WORD, nullable=True),
        sa.Column("order_id", WORD, nullable=True),
        sa.Column("cost_center", WORD, nullable=True),
        sa.Column("campaign", WORD, nullable=True),
        sa.Column("owner", WORD, nullable=True),
        sa.Column("provider", WORD, nullable=True),
        sa.Column("model", WORD, nullable=True),
        sa.Column("provider_ref", WORD, nullable=True),
        sa.Column("lines_json", sa.Text(), nullable=True),
        sa.Column("sha256", WORD, nullable=True),
        sa.Column("rule_id", NUMBER, nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(NAMES_ATTEMPT, name=op.f("entries_names_attempt")),
        sa.CheckConstraint(NAMES_ORDER, name=op.f("entries_names_order")),
        sa.CheckConstraint(
            "(kind IN ('raise', 'lower')) = (rule_id IS NOT NULL)", name=op.f("entries_names_rule")
        ),
        sa.CheckConstraint(NAMES_ACTOR, name=op.f("entries_names_actor")),
        sa.CheckConstraint(
            "(kind IN ('charge', 'overrun')) = (lines_json IS NOT NULL)",
            name=op.f("entries_charge_has_lines"),
        ),
        sa.CheckConstraint(KINDS, name=op.f("entries_kind")),
        sa.CheckConstraint("amount_nano > 0", name=op.f("entries_amount")),
        sa.CheckConstraint("from_account <> to_account", name=op.f("entries_accounts")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("entries_attempt_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name=op.f("entries_order_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["cap_rules.rule_id"], name=op.f("entries_rule_id_fkey")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("entries_pkey")),
        sa.UniqueConstraint("rule_id", name=op.f("entries_rule_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("entries_once_per_attempt", "entries", ["attempt_id", "kind"], unique=True)
    op.create_index(
        "entries_one_cap_per_order",
        "entries",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'cap'"),
    )


def _create_statements() -> None:
    op.create_table(
        "statements",
        sa.Column("provider", WORD, nullable=False),
        sa.Column("period", WORD, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("sha256", WORD, nullable=False),
        sa.Column("source", WORD, nullable=False),
        sa.Column("line_count", sa.BigInteger(), nullable=False),
        sa.Column("total_nano", sa.BigInteger(), nullable=False),
        sa.Column("posted_at_us", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1 AND line_count >= 0", name=op.f("statements_counts")),
        sa.CheckConstraint("source IN ('file', 'live')", name=op.f("statements_source")),
        sa.CheckConstraint(
            "actor <> '' AND because <> ''", name=op.f("statements_says_who_and_why")
        ),
        sa.PrimaryKeyConstraint("provider", "period", "number", name=op.f("statements_pkey")),
    )


def _create_adjustments() -> None:
    op.create_table(
        "adjustments",
        sa.Column("entry_id", NUMBER, nullable=False),
        sa.Column("provider", WORD, nullable=False),
        sa.Column("period", WORD, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", WORD, nullable=False),
        sa.Column("attempt_id", WORD, nullable=True),
        sa.Column("provider_ref", WORD, nullable=True),
        sa.Column("theirs_nano", sa.BigInteger(), nullable=False),
        sa.Column("ours_nano", sa.BigInteger(), nullable=False),
        sa.Column("line_number", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('price', 'only_theirs', 'only_ours', 'refund', 'other_period', 'invoice', "
            "'rounding')",
            name=op.f("adjustments_reason"),
        ),
        sa.CheckConstraint("theirs_nano <> ours_nano", name=op.f("adjustments_differs")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["entries.entry_id"], name=op.f("adjustments_entry_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("adjustments_attempt_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["provider", "period", "number"],
            ["statements.provider", "statements.period", "statements.number"],
            name=op.f("adjustments_provider_fkey"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("adjustments_pkey")),
    )
    op.create_index("adjustments_attempt_id_idx", "adjustments", ["attempt_id"])
    op.create_index("adjustments_provider_ref_idx", "adjustments", ["provider_ref"])


def _create_quotes() -> None:
    op.create_table(
        "quotes",
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("expected_nano", sa.BigInteger(), nullable=False),
        sa.Column("first_pass_nano", sa.BigInteger(), nullable=False),
        sa.Column("dearest_nano", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "expected_nano >= 0 AND expected_nano <= first_pass_nano "
            "AND first_pass_nano <= dearest_nano",
            name=op.f("quotes_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name=op.f("quotes_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("quotes_pkey")),
    )


def _guard_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION books_are_append_only()"
    )


def _guard_sqlite(table: str, same_row: str) -> None:
    """Refuse changes of what was written, REPLACE included: it deletes without a delete trigger."""
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} are append-only: no {verb}'); END"
        )
    there = f"SELECT 1 FROM {table} WHERE {same_row}"  # noqa: S608 - made of constants above
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({there}) "
        f"BEGIN SELECT RAISE(ABORT, '{table} are append-only: this row is there'); END"
    )
