"""Caps of cost centres and providers, who set them and why, and what people decided about attempts.

Revision: 0002, after 0001

SQLite cannot change a column or a constraint, so three tables are made anew there with what they
had in them. Holds that were made before there were periods count on their day in UTC.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ATTRIBUTION = ("order_id", "cost_center", "campaign", "owner", "provider", "model")

APPEND_ONLY = {
    "cap_rules": "rule_id = NEW.rule_id",
    "decisions": "attempt_id = NEW.attempt_id",
}
ENTRIES_SAME_BEFORE = "entry_id = NEW.entry_id OR (attempt_id, kind) = (NEW.attempt_id, NEW.kind)"
ENTRIES_SAME = f"{ENTRIES_SAME_BEFORE} OR rule_id = NEW.rule_id"

KINDS_BEFORE = "kind IN ('cap', 'hold', 'void', 'charge', 'release', 'overrun')"
KINDS = "kind IN ('cap', 'hold', 'void', 'charge', 'release', 'overrun', 'raise', 'lower')"
NAMES_ATTEMPT_BEFORE = "(kind = 'cap') = (attempt_id IS NULL) AND (kind = 'cap') = (job_id IS NULL)"
NAMES_ATTEMPT = (
    "(kind IN ('cap', 'raise', 'lower')) = (attempt_id IS NULL) "
    "AND (kind IN ('cap', 'raise', 'lower')) = (job_id IS NULL)"
)
NAMES_ORDER = (
    "kind IN ('raise', 'lower') OR (order_id IS NOT NULL AND cost_center IS NOT NULL "
    "AND campaign IS NOT NULL AND owner IS NOT NULL AND provider IS NOT NULL "
    "AND model IS NOT NULL)"
)
NAMES_RULE = "(kind IN ('raise', 'lower')) = (rule_id IS NOT NULL)"
NAMES_ACTOR = "(actor IS NULL) = (because IS NULL) AND (rule_id IS NULL OR actor IS NOT NULL)"
SCOPES_BEFORE = "scope IN ('job', 'order')"
SCOPES = "scope IN ('job', 'order', 'cost_center', 'provider')"
BUDGET_PERIOD = "(period = '') = (scope IN ('job', 'order'))"
BUDGET_UNCAPPED = "cap_nano IS NOT NULL OR (period <> '' AND rule_id IS NOT NULL)"


def upgrade() -> None:
    _create_cap_rules()
    _create_decisions()
    if op.get_context().dialect.name == "postgresql":
        _upgrade_postgresql()
        _guard_postgresql()
    else:
        _upgrade_sqlite()
        _guard_sqlite()


def downgrade() -> None:
    """Go back, if nothing of what this revision brought is in use: it could not be kept."""
    for table in APPEND_ONLY:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first():  # noqa: S608 - a constant above
            raise RuntimeError(f"revision 0001 has no place for what is in {table}")
    if op.get_context().dialect.name == "postgresql":
        _downgrade_postgresql()
    else:
        _downgrade_sqlite()
    op.drop_table("decisions")
    op.drop_table("cap_rules")


def _create_cap_rules() -> None:
    op.create_table(
        "cap_rules",
        sa.Column("rule_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("scope", WORD, nullable=False),
        sa.Column("subject", WORD, nullable=False),
        sa.Column("cap_nano", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "scope IN ('order', 'cost_center', 'provider')", name=op.f("cap_rules_scope")
        ),
        sa.CheckConstraint("cap_nano >= 0", name=op.f("cap_rules_cap")),
        sa.CheckConstraint(
            "cap_nano IS NOT NULL OR scope <> 'order'", name=op.f("cap_rules_orders_have_caps")
        ),
        sa.CheckConstraint(
            "actor <> '' AND because <> ''", name=op.f("cap_rules_says_who_and_why")
        ),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("cap_rules_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index("cap_rules_in_force", "cap_rules", ["scope", "subject", "rule_id"], unique=True)


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("amount_nano", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('charge', 'void')", name=op.f("decisions_kind")),
        sa.CheckConstraint(
            "amount_nano >= 0 AND (kind = 'charge' OR amount_nano = 0)",
            name=op.f("decisions_amount"),
        ),
        sa.CheckConstraint(
            "actor <> '' AND because <> ''", name=op.f("decisions_says_who_and_why")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("decisions_attempt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("decisions_pkey")),
    )


def _upgrade_postgresql() -> None:
    op.add_column("holds", sa.Column("day", WORD, nullable=True))
    # A change of type fills the column without waking the trigger that keeps holds as they are.
    op.execute(
        'ALTER TABLE holds ALTER COLUMN day SET DATA TYPE TEXT COLLATE "C" USING '
        "to_char(to_timestamp(opened_at_us / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    )
    op.alter_column("holds", "day", nullable=False)
    _guard_holds_postgresql("OR NEW.day <> OLD.day ")

    op.add_column("budgets", sa.Column("period", WORD, nullable=False, server_default=""))
    op.alter_column("budgets", "period", server_default=None)
    op.add_column("budgets", sa.Column("rule_id", NUMBER, nullable=True))
    op.create_foreign_key(
        op.f("budgets_rule_id_fkey"), "budgets", "cap_rules", ["rule_id"], ["rule_id"]
    )
    op.alter_column("budgets", "cap_nano", nullable=True)
    _recheck("budgets", "scope", SCOPES)
    op.create_check_constraint(op.f("budgets_period"), "budgets", BUDGET_PERIOD)
    op.create_check_constraint(op.f("budgets_uncapped_by_rule"), "budgets", BUDGET_UNCAPPED)
    op.drop_constraint("budgets_scope_subject_key", "budgets")
    op.create_unique_constraint(
        op.f("budgets_scope_subject_period_key"), "budgets", ["scope", "subject", "period"]
    )

    for name in ATTRIBUTION:
        op.alter_column("entries", name, nullable=True)
    op.add_column("entries", sa.Column("rule_id", NUMBER, nullable=True))
    op.add_column("entries", sa.Column("actor", sa.Text(), nullable=True))
    op.add_column("entries", sa.Column("because", sa.Text(), nullable=True))
    op.create_foreign_key(
        op.f("entries_rule_id_fkey"), "entries", "cap_rules", ["rule_id"], ["rule_id"]
    )
    op.create_unique_constraint(op.f("entries_rule_id_key"), "entries", ["rule_id"])
    _recheck("entries", "kind", KINDS)
    _recheck("entries", "names_attempt", NAMES_ATTEMPT)
    op.create_check_constraint(op.f("entries_names_order"), "entries", NAMES_ORDER)
    op.create_check_constraint(op.f("entries_names_rule"), "entries", NAMES_RULE)
    op.create_check_constraint(op.f("entries_names_actor"), "entries", NAMES_ACTOR)


def _recheck(table: str, name: str, condition: str) -> None:
    op.drop_constraint(f"{table}_{name}", table)
    op.create_check_constraint(op.f(f"{table}_{name}"), table, condition)


def _guard_postgresql() -> None:
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION books_are_append_only()"
        )


def _guard_holds_postgresql(day: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION holds_end_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF OLD.state <> 'open' OR NEW.amount_nano <> OLD.amount_nano {day}"
        "OR NEW.attempt_id <> OLD.attempt_id OR NEW.opened_at_us <> OLD.opened_at_us THEN "
        "RAISE EXCEPTION 'a hold ends exactly once and is never changed' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )


def _downgrade_postgresql() -> None:
    for name in ("names_order", "names_rule", "names_actor"):
        op.drop_constraint(f"entries_{name}", "entries")
    for name in ("rule_id", "actor", "because"):
        op.drop_column("entries", name)
    for name in ATTRIBUTION:
        op.alter_column("entries", name, nullable=False)
    _recheck("entries", "kind", KINDS_BEFORE)
    _recheck("entries", "names_attempt", NAMES_ATTEMPT_BEFORE)
    for name in ("period", "uncapped_by_rule"):
        op.drop_constraint(f"budgets_{name}", "budgets")
    op.drop_column("budgets", "period")
    op.drop_column("budgets", "rule_id")
    op.alter_column("budgets", "cap_nano", nullable=False)
    _recheck("budgets", "scope", SCOPES_BEFORE)
    op.create_unique_constraint(op.f("budgets_scope_subject_key"), "budgets", ["scope", "subject"])
    _guard_holds_postgresql("")
    op.drop_column("holds", "day")


def _upgrade_sqlite() -> None:
    # Rows that other tables point at are gone for a moment; the commit checks that they are back.
    op.execute("PRAGMA defer_foreign_keys = ON")
    _make_anew(
        "holds",
        _create_holds,
        "attempt_id, amount_nano, state, day, opened_at_us, ended_at_us",
        "attempt_id, amount_nano, state, "
        "strftime('%Y-%m-%d', opened_at_us / 1000000, 'unixepoch'), opened_at_us, ended_at_us",
    )
    sums = "cap_nano, held_nano, spent_nano, overrun_nano, updated_at_us"
    _make_anew(
        "budgets",
        _create_budgets,
        f"budget_id, scope, subject, period, {sums}",
        f"budget_id, scope, subject, '', {sums}",
    )
    columns = (
        "entry_id, at_us, period, kind, from_account, to_account, amount_nano, attempt_id, job_id, "
        f"{', '.join(ATTRIBUTION)}, provider_ref, lines_json, sha256"
    )
    _make_anew("entries", _create_entries, columns, columns)
    _guard_holds_sqlite()


def _downgrade_sqlite() -> None:
    op.execute("PRAGMA defer_foreign_keys = ON")
    environment = op.get_context().environment_context
    assert environment is not None  # noqa: S101 - migrations run in `env.py`'s
    first: Any = environment.script.get_revision("0001").module
    columns = "attempt_id, amount_nano, state, opened_at_us, ended_at_us"
    _make_anew("holds", first._create_holds, columns, columns)  # noqa: SLF001 - the revision before
    columns = (
        "budget_id, scope, subject, cap_nano, held_nano, spent_nano, overrun_nano, updated_at_us"
    )
    _make_anew("budgets", first._create_budgets, columns, columns)  # noqa: SLF001 - as above
    columns = (
        "entry_id, at_us, period, kind, from_account, to_account, amount_nano, attempt_id, job_id, "
        f"{', '.join(ATTRIBUTION)}, provider_ref, lines_json, sha256"
    )
    _make_anew("entries", first._create_entries, columns, columns)  # noqa: SLF001 - as above
    _guard_append_only("entries", ENTRIES_SAME_BEFORE)
    _guard_holds_sqlite()


def _make_anew(table: str, create: Any, columns: str, values: str) -> None:  # noqa: ANN401 - a function of a module
    """Make a table again under its own name, so that what points at it points at the new one."""
    op.execute(f"CREATE TABLE {table}_kept AS SELECT * FROM {table}")  # noqa: S608 - constants
    op.drop_table(table)
    create()
    op.execute(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}_kept"  # noqa: S608 - constants
    )
    op.drop_table(f"{table}_kept")


def _create_holds() -> None:
    op.create_table(
        "holds",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("amount_nano", sa.BigInteger(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("day", WORD, nullable=False),
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
        sa.Column("period", WORD, nullable=False),
        sa.Column("cap_nano", sa.BigInteger(), nullable=True),
        sa.Column("rule_id", NUMBER, nullable=True),
        sa.Column("held_nano", sa.BigInteger(), nullable=False),
        sa.Column("spent_nano", sa.BigInteger(), nullable=False),
        sa.Column("overrun_nano", sa.BigInteger(), nullable=False),
        sa.Column("updated_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(SCOPES, name=op.f("budgets_scope")),
        sa.CheckConstraint(
            "held_nano >= 0 AND spent_nano >= 0 AND held_nano + spent_nano <= cap_nano",
            name=op.f("budgets_within_cap"),
        ),
        sa.CheckConstraint("overrun_nano >= 0", name=op.f("budgets_overrun")),
        sa.CheckConstraint(BUDGET_PERIOD, name=op.f("budgets_period")),
        sa.CheckConstraint(BUDGET_UNCAPPED, name=op.f("budgets_uncapped_by_rule")),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["cap_rules.rule_id"], name=op.f("budgets_rule_id_fkey")
        ),
        sa.PrimaryKeyConstraint("budget_id", name=op.f("budgets_pkey")),
        sa.UniqueConstraint(
            "scope", "subject", "period", name=op.f("budgets_scope_subject_period_key")
        ),
    )


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
        *(sa.Column(name, WORD, nullable=True) for name in ATTRIBUTION),
        sa.Column("provider_ref", WORD, nullable=True),
        sa.Column("lines_json", sa.Text(), nullable=True),
        sa.Column("sha256", WORD, nullable=True),
        sa.Column("rule_id", NUMBER, nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(NAMES_ATTEMPT, name=op.f("entries_names_attempt")),
        sa.CheckConstraint(NAMES_ORDER, name=op.f("entries_names_order")),
        sa.CheckConstraint(NAMES_RULE, name=op.f("entries_names_rule")),
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


def _guard_sqlite() -> None:
    for table, same_row in APPEND_ONLY.items():
        _guard_append_only(table, same_row)
    _guard_append_only("entries", ENTRIES_SAME)


def _guard_append_only(table: str, same_row: str) -> None:
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


def _guard_holds_sqlite() -> None:
    day = "OR NEW.day <> OLD.day " if _has_day() else ""
    op.execute(
        "CREATE TRIGGER holds_end_once BEFORE UPDATE ON holds "
        "WHEN OLD.state <> 'open' OR NEW.amount_nano <> OLD.amount_nano "
        f"{day}OR NEW.attempt_id <> OLD.attempt_id OR NEW.opened_at_us <> OLD.opened_at_us "
        "BEGIN SELECT RAISE(ABORT, 'a hold ends exactly once and is never changed'); END"
    )
    op.execute(
        "CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds "
        "BEGIN SELECT RAISE(ABORT, 'holds are never deleted'); END"
    )


def _has_day() -> bool:
    columns = sa.inspect(op.get_bind()).get_columns("holds")
    return any(column["name"] == "day" for column in columns)
