"""The first tables of the books: orders, jobs, attempts, holds, budgets, entries and the rest.

Revision: 0001, the first
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TABLES = (
    "orders",
    "jobs",
    "attempts",
    "holds",
    "budgets",
    "hold_budgets",
    "entries",
    "verdicts",
    "releases",
    "leases",
)

APPEND_ONLY = {
    "entries": "entry_id = NEW.entry_id OR (attempt_id, kind) = (NEW.attempt_id, NEW.kind)",
    "verdicts": "(attempt_id, position) = (NEW.attempt_id, NEW.position)",
    "releases": "job_id = NEW.job_id OR attempt_id = NEW.attempt_id",
}


def upgrade() -> None:
    _create_orders()
    _create_jobs()
    _create_attempts()
    _create_holds()
    _create_budgets()
    _create_hold_budgets()
    _create_entries()
    _create_verdicts()
    _create_releases()
    _create_leases()
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION books_are_append_only()")
        op.execute("DROP FUNCTION holds_end_once()")


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("slug", WORD, nullable=False),
        sa.Column("edition", WORD, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", WORD, nullable=False),
        sa.Column("cost_center", WORD, nullable=False),
        sa.Column("campaign", WORD, nullable=False),
        sa.Column("provider", WORD, nullable=False),
        sa.Column("model", WORD, nullable=False),
        sa.Column("cap_nano", sa.BigInteger(), nullable=False),
        sa.Column("per_job_nano", sa.BigInteger(), nullable=False),
        sa.Column("attempts_max", sa.Integer(), nullable=False),
        sa.Column("job_count", sa.Integer(), nullable=False),
        sa.Column("spec_sha256", WORD, nullable=False),
        sa.Column("spec_json", sa.Text(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("created_at_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state <> 'stopped' OR stop_reason IS NOT NULL", name=op.f("orders_stopped_has_reason")
        ),
        sa.CheckConstraint("state IN ('open', 'stopped', 'done')", name=op.f("orders_state")),
        sa.CheckConstraint("attempts_max >= 1 AND job_count >= 0", name=op.f("orders_counts")),
        sa.CheckConstraint("cap_nano >= 0 AND per_job_nano >= 0", name=op.f("orders_caps")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("orders_pkey")),
    )
    op.create_index(op.f("orders_created_at_us_idx"), "orders", ["created_at_us"], unique=False)
    op.create_index(op.f("orders_slug_idx"), "orders", ["slug"], unique=False)


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", WORD, nullable=False),
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", WORD, nullable=False),
        sa.Column("brief_json", sa.Text(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("attempts_used", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("attempt_id", WORD, nullable=True),
        sa.Column("spent_nano", sa.BigInteger(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("accepted_at_us", sa.BigInteger(), nullable=True),
        sa.Column("updated_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('planned', 'building', 'built', 'accepted', 'in_review', 'approved', "
            "'released', 'rejected', 'refused', 'failed', 'unknown')",
            name=op.f("jobs_state"),
        ),
        sa.CheckConstraint(
            "(last_number = 0) = (attempt_id IS NULL)", name=op.f("jobs_latest_attempt")
        ),
        sa.CheckConstraint(
            "attempts_used >= 0 AND attempts_used <= last_number AND spent_nano >= 0",
            name=op.f("jobs_counts"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name=op.f("jobs_order_id_fkey")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("jobs_pkey")),
        sa.UniqueConstraint("order_id", "name", name=op.f("jobs_order_id_name_key")),
    )
    op.create_index(
        "jobs_order_id_state_position_idx", "jobs", ["order_id", "state", "position"], unique=True
    )


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("job_id", WORD, nullable=False),
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("request_json", sa.Text(), nullable=False),
        sa.Column("provider_ref", WORD, nullable=True),
        sa.Column("hold_nano", sa.BigInteger(), nullable=False),
        sa.Column("charged_nano", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("sha256", WORD, nullable=True),
        sa.Column("media_type", WORD, nullable=True),
        sa.Column("byte_count", sa.BigInteger(), nullable=True),
        sa.Column("latency_ms", sa.BigInteger(), nullable=True),
        sa.Column("held_at_us", sa.BigInteger(), nullable=False),
        sa.Column("lost_at_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('built', 'failed')) = (ended_at_us IS NOT NULL)",
            name=op.f("attempts_ended"),
        ),
        sa.CheckConstraint(
            "counts OR (state = 'failed' AND charged_nano = 0)", name=op.f("attempts_counts")
        ),
        sa.CheckConstraint(
            "state <> 'built' OR sha256 IS NOT NULL", name=op.f("attempts_built_has_bytes")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'unknown', 'built', 'failed')", name=op.f("attempts_state")
        ),
        sa.CheckConstraint("hold_nano >= 0 AND charged_nano >= 0", name=op.f("attempts_amounts")),
        sa.CheckConstraint("number >= 1", name=op.f("attempts_number")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("attempts_job_id_fkey")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name=op.f("attempts_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("attempts_pkey")),
        sa.UniqueConstraint("job_id", "number", name=op.f("attempts_job_id_number_key")),
    )
    op.create_index(
        "attempts_one_open_per_job",
        "attempts",
        ["job_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('held', 'unknown')"),
        postgresql_where=sa.text("state IN ('held', 'unknown')"),
    )
    op.create_index(
        "attempts_open_of_order",
        "attempts",
        ["order_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'unknown')"),
        postgresql_where=sa.text("state IN ('held', 'unknown')"),
    )


def _create_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("amount_nano", sa.BigInteger(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("opened_at_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_us", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (ended_at_us IS NULL)", name=op.f("holds_ended")),
        sa.CheckConstraint("state IN ('open', 'charged', 'voided')", name=op.f("holds_state")),
        sa.CheckConstraint("amount_nano >= 0", name=op.f("holds_amount")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("holds_attempt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("holds_pkey")),
    )


def _create_budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("budget_id", WORD, nullable=False),
        sa.Column("scope", WORD, nullable=False),
        sa.Column("subject", WORD, nullable=False),
        sa.Column("cap_nano", sa.BigInteger(), nullable=False),
        sa.Column("held_nano", sa.BigInteger(), nullable=False),
        sa.Column("spent_nano", sa.BigInteger(), nullable=False),
        sa.Column("overrun_nano", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("scope IN ('job', 'order')", name=op.f("budgets_scope")),
        sa.CheckConstraint(
            "held_nano >= 0 AND spent_nano >= 0 AND held_nano + spent_nano <= cap_nano",
            name=op.f("budgets_within_cap"),
        ),
        sa.CheckConstraint("overrun_nano >= 0", name=op.f("budgets_overrun")),
        sa.PrimaryKeyConstraint("budget_id", name=op.f("budgets_pkey")),
        sa.UniqueConstraint("scope", "subject", name=op.f("budgets_scope_subject_key")),
    )


def _create_hold_budgets() -> None:
    op.create_table(
        "hold_budgets",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("budget_id", WORD, nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["holds.attempt_id"], name=op.f("hold_budgets_attempt_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["budget_id"], ["budgets.budget_id"], name=op.f("hold_budgets_budget_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "budget_id", name=op.f("hold_budgets_pkey")),
    )


def _create_entries() -> None:
    op.create_table(
        "entries",
        sa.Column(
            "entry_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("period", WORD, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("from_account", WORD, nullable=False),
        sa.Column("to_account", WORD, nullable=False),
        sa.Column("amount_nano", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", WORD, nullable=True),
        sa.Column("job_id", WORD, nullable=True),
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("cost_center", WORD, nullable=False),
        sa.Column("campaign", WORD, nullable=False),
        sa.Column("owner", WORD, nullable=False),
        sa.Column("provider", WORD, nullable=False),
        sa.Column("model", WORD, nullable=False),
        sa.Column("provider_ref", WORD, nullable=True),
        sa.Column("lines_json", sa.Text(), nullable=True),
        sa.Column("sha256", WORD, nullable=True),
        sa.CheckConstraint(
            "(kind = 'cap') = (attempt_id IS NULL) AND (kind = 'cap') = (job_id IS NULL)",
            name=op.f("entries_names_attempt"),
        ),
        sa.CheckConstraint(
            "(kind IN ('charge', 'overrun')) = (lines_json IS NOT NULL)",
            name=op.f("entries_charge_has_lines"),
        ),
        sa.CheckConstraint(
            "kind IN ('cap', 'hold', 'void', 'charge', 'release', 'overrun')",
            name=op.f("entries_kind"),
        ),
        sa.CheckConstraint("amount_nano > 0", name=op.f("entries_amount")),
        sa.CheckConstraint("from_account <> to_account", name=op.f("entries_accounts")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("entries_attempt_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name=op.f("entries_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("entries_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index("entries_once_per_attempt", "entries", ["attempt_id", "kind"], unique=True)
    op.create_index(
        "entries_one_cap_per_order",
        "entries",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'cap'"),
        postgresql_where=sa.text("kind = 'cap'"),
    )


def _create_verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("criterion", WORD, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parameters_json", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("measured_json", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("verdicts_attempt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "position", name=op.f("verdicts_pkey")),
    )


def _create_releases() -> None:
    op.create_table(
        "releases",
        sa.Column("job_id", WORD, nullable=False),
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("name", WORD, nullable=False),
        sa.Column("sha256", WORD, nullable=False),
        sa.Column("store_url", WORD, nullable=False),
        sa.Column("release_key", WORD, nullable=False),
        sa.Column("receipt_key", WORD, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("released_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("releases_size")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("releases_attempt_id_fkey")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("releases_job_id_fkey")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name=op.f("releases_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("releases_pkey")),
        sa.UniqueConstraint("attempt_id", name=op.f("releases_attempt_id_key")),
        sa.UniqueConstraint(
            "store_url", "release_key", name=op.f("releases_store_url_release_key_key")
        ),
    )
    op.create_index("releases_order_id_name_idx", "releases", ["order_id", "name"], unique=True)


def _create_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("holder", WORD, nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("expires_at_us > since_us", name=op.f("leases_span")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("leases_pkey")),
    )


def _guard_sqlite() -> None:
    """Refuse changes of what was written, REPLACE included: it deletes without a delete trigger."""
    for table, same_row in APPEND_ONLY.items():
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
    op.execute(
        "CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds "
        "WHEN OLD.state <> 'open' OR NEW.amount_nano <> OLD.amount_nano "
        "OR NEW.attempt_id <> OLD.attempt_id OR NEW.opened_at_us <> OLD.opened_at_us "
        "BEGIN SELECT RAISE(ABORT, 'a hold ends exactly once and is never changed'); END"
    )
    op.execute(
        "CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds "
        "BEGIN SELECT RAISE(ABORT, 'holds are never deleted'); END"
    )


def _guard_postgresql() -> None:
    """Refuse changes of what was written, TRUNCATE included."""
    op.execute(
        "CREATE FUNCTION books_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% are append-only: no %', TG_TABLE_NAME, TG_OP "
        "USING ERRCODE = 'check_violation'; END $$"
    )
    op.execute(
        "CREATE FUNCTION holds_end_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF OLD.state <> 'open' OR NEW.amount_nano <> OLD.amount_nano "
        "OR NEW.attempt_id <> OLD.attempt_id OR NEW.opened_at_us <> OLD.opened_at_us THEN "
        "RAISE EXCEPTION 'a hold ends exactly once and is never changed' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
        )
    for table in (*APPEND_ONLY, "holds"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION books_are_append_only()"
        )
    op.execute(
        "CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds "
        "FOR EACH ROW EXECUTE FUNCTION holds_end_once()"
    )
    op.execute(
        "CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds "
        "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
    )
