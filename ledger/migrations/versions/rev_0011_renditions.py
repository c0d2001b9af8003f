"""Renditions of a master, files that were signed, and released assets that were taken back.

Revision: 0011, after 0010

Nothing of what is in the books is rewritten: every verdict from before is on an attempt's own bytes.

A job stays what it was planned as, because its renditions are judged by what its brief says. No
digest of briefs is kept, so that nothing can find a changed one afterwards: this is the defence.
"""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")

APPEND_ONLY = {
    "signings": "attempt_id = NEW.attempt_id AND number = NEW.number",
    "renditions": "attempt_id = NEW.attempt_id AND (number = NEW.number OR name = NEW.name)",
    "withdrawals": "job_id = NEW.job_id",
}

# A master is signed when it has passed, a rendition as the bytes that it was written down with.
OF_WHAT_PASSED = """
    CASE WHEN NEW.number = 0 THEN
        EXISTS (SELECT 1 FROM attempts a
            JOIN jobs j ON j.job_id = a.job_id AND j.attempt_id = a.attempt_id
            WHERE a.attempt_id = NEW.attempt_id AND a.state = 'built' AND j.state = 'built'
                AND a.sha256 = NEW.from_sha256)
        AND EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = NEW.attempt_id
            AND v.sha256 = NEW.from_sha256 AND v.rendition = 0)
        AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = NEW.attempt_id
            AND v.sha256 = NEW.from_sha256 AND v.rendition = 0
            AND NOT v.passed AND v.severity = 'block')
    ELSE
        EXISTS (SELECT 1 FROM renditions r WHERE r.attempt_id = NEW.attempt_id
            AND r.number = NEW.number AND r.sha256 = NEW.to_sha256)
    END
"""
# Beside what somebody has looked at, or what is released, nothing is put afterwards.
OF_WHAT_WAS_INSPECTED = """
    EXISTS (SELECT 1 FROM attempts a
        JOIN jobs j ON j.job_id = a.job_id AND j.attempt_id = a.attempt_id
        WHERE a.attempt_id = NEW.attempt_id AND a.state = 'built'
            AND j.state IN ('accepted', 'planned', 'rejected'))
"""
OF_WHAT_IS_RELEASED = """
    EXISTS (SELECT 1 FROM releases r JOIN jobs j ON j.job_id = r.job_id
        WHERE r.job_id = NEW.job_id AND j.state = 'released' AND NEW.at_us >= r.released_at_us)
"""
WAS_SIGNED = "EXISTS (SELECT 1 FROM signings s WHERE s.attempt_id = NEW.attempt_id)"

GUARDS = (
    (
        "signings_of_what_passed",
        "signings",
        f"NOT ({OF_WHAT_PASSED})",
        "what is signed has passed inspection",
    ),
    (
        "renditions_inspected",
        "renditions",
        f"NOT ({OF_WHAT_WAS_INSPECTED})",
        "renditions are written when their job is inspected",
    ),
    (
        "withdrawals_of_releases",
        "withdrawals",
        f"NOT ({OF_WHAT_IS_RELEASED})",
        "only what is released is withdrawn",
    ),
    ("mends_before_signing", "mends", WAS_SIGNED, "what is signed is not mended any more"),
)
"""Name, table, when an insert is refused, and with which words."""

OWN_BYTES = "v.sha256 = a.sha256"
ALL_FILES = "(v.sha256 = a.sha256 OR v.rendition > 0)"

STAYS = "a job stays what it was planned as"
IDENTITY = ("job_id", "order_id", "position", "name", "brief_json")
CHANGED = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in IDENTITY)

NUMBERED = (
    "orders",
    "verdicts",
    "releases",
    "decisions",
    "mends",
    "reviews",
    "quotes",
    "statements",
    *APPEND_ONLY,
)
"""What SQLite numbers by itself, and finds by that number what REPLACE is to delete."""

# Whatever REPLACE would delete for it. The states are named so that the index serves.
SAME_JOB = """
    SELECT 1 FROM jobs WHERE job_id = NEW.job_id OR rowid = NEW.rowid
    UNION ALL
    SELECT 1 FROM jobs WHERE order_id = NEW.order_id AND name = NEW.name
    UNION ALL
    SELECT 1 FROM jobs WHERE order_id = NEW.order_id AND position = NEW.position
        AND state IN ('planned', 'building', 'built', 'unknown', 'accepted', 'in_review',
            'approved', 'released', 'rejected', 'refused', 'failed')
"""

LEAVES_RELEASED = "OLD.state = 'released'"

FUNCTION_PINNED = (
    "SELECT proconfig IS NOT NULL FROM pg_proc WHERE oid = to_regproc('jobs_are_reviewed')"
)


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    op.add_column("attempts", sa.Column("came_sha256", WORD))
    op.execute(
        "ALTER TABLE verdicts ADD COLUMN rendition INTEGER NOT NULL DEFAULT 0 "
        "CONSTRAINT verdicts_rendition CHECK (rendition >= 0)"
    )
    op.create_index("orders_campaign_idx", "orders", ["campaign"])
    op.create_index("releases_sha256_idx", "releases", ["sha256"])
    _create_signings()
    _create_renditions()
    _create_withdrawals()
    if is_postgresql:
        _guard_postgresql()
    else:
        _guard_sqlite()
        _keep_numbers()
    _keep_jobs(is_postgresql=is_postgresql)
    _gates(also=LEAVES_RELEASED)
    _review(ALL_FILES)


def downgrade() -> None:
    """Go back, if nothing of what this revision brought is in use: it could not be kept."""
    for table in APPEND_ONLY:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first():
            raise RuntimeError(f"revision 0010 has no place for what is in {table}")
    is_postgresql = op.get_context().dialect.name == "postgresql"
    _review(OWN_BYTES)
    _gates()
    on = " ON {}" if is_postgresql else ""
    for name in ("jobs_stay", "jobs_no_delete", JOBS_THIRD[is_postgresql]):
        op.execute(f"DROP TRIGGER {name}{on.format('jobs')}")
    op.execute(f"DROP TRIGGER mends_before_signing{on.format('mends')}")
    if not is_postgresql:
        op.execute("DROP TRIGGER orders_keep_number")
        for table in NUMBERED:
            op.execute(f"DROP TRIGGER {table}_no_number")
    for table in ("withdrawals", "signings", "renditions"):
        op.drop_table(table)
    if is_postgresql:
        for name in ("jobs_stay", *(guard[0] for guard in GUARDS)):
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("releases_sha256_idx", table_name="releases")
    op.drop_index("orders_campaign_idx", table_name="orders")
    op.drop_column("verdicts", "rendition")
    op.drop_column("attempts", "came_sha256")


def _create_signings() -> None:
    op.create_table(
        "signings",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_sha256", WORD, nullable=False),
        sa.Column("to_sha256", WORD, nullable=False),
        sa.Column("certificate_sha256", WORD, nullable=False),
        sa.Column("rules_sha256", WORD, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number >= 0", name=op.f("signings_number")),
        sa.CheckConstraint(
            "from_sha256 <> to_sha256 AND certificate_sha256 <> '' AND rules_sha256 <> ''",
            name=op.f("signings_says_what_and_by_which"),
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("signings_attempt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "number", name=op.f("signings_pkey")),
    )


def _create_renditions() -> None:
    op.create_table(
        "renditions",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", WORD, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", WORD, nullable=False),
        sa.Column("media_type", WORD, nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("from_sha256", WORD, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("renditions_number")),
        sa.CheckConstraint(
            "name <> '' AND width > 0 AND height > 0 AND byte_count > 0",
            name=op.f("renditions_is_a_file"),
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("renditions_attempt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "number", name=op.f("renditions_pkey")),
        sa.UniqueConstraint("attempt_id", "name", name=op.f("renditions_attempt_id_name_key")),
    )
    op.create_index("renditions_sha256_idx", "renditions", ["sha256"])


def _create_withdrawals() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("job_id", WORD, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "TRIM(actor) <> '' AND TRIM(because) <> ''", name=op.f("withdrawals_says_who_and_why")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("withdrawals_job_id_fkey")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("withdrawals_pkey")),
    )


def _guard_sqlite() -> None:
    """Refuse changes of what was written, REPLACE included: it deletes without a delete trigger."""
    for table, same_row in APPEND_ONLY.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} are append-only: no {verb}'); END"
            )
        there = f"SELECT 1 FROM {table} WHERE {same_row}"
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({there}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} are append-only: this row is there'); END"
        )
    for name, table, broken, message in GUARDS:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {broken} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


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
    for name, table, broken, message in GUARDS:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {broken} THEN RAISE EXCEPTION '{message}' "
            "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )


def _keep_numbers() -> None:
    """Refuse what takes the number of a row that is there: SQLite would delete that for it."""
    for table in NUMBERED:
        op.execute(
            f"CREATE TRIGGER {table}_no_number BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE rowid = NEW.rowid) "
            f"BEGIN SELECT RAISE(ABORT, '{table} are append-only: this row is there'); END"
        )
    # No other one of them may be updated at all.
    op.execute(
        "CREATE TRIGGER orders_keep_number BEFORE UPDATE ON orders WHEN NEW.rowid <> OLD.rowid "
        "BEGIN SELECT RAISE(ABORT, 'orders are append-only: no other number'); END"
    )


JOBS_THIRD = {True: "jobs_no_truncate", False: "jobs_no_replace"}
"""What is guarded besides on PostgreSQL, and on SQLite."""


def _keep_jobs(*, is_postgresql: bool) -> None:
    """Refuse that a job becomes another one, or goes; its order goes with it, which stays too."""
    if not is_postgresql:
        for name, when in (
            ("jobs_stay", f"UPDATE ON jobs WHEN {CHANGED} OR NEW.rowid <> OLD.rowid"),
            ("jobs_no_delete", "DELETE ON jobs"),
            # REPLACE deletes without a delete trigger.
            ("jobs_no_replace", f"INSERT ON jobs WHEN EXISTS ({SAME_JOB})"),
        ):
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{STAYS}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION jobs_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{STAYS}' USING ERRCODE = 'check_violation'; END $$"
    )
    for name, when in (
        ("jobs_stay", f"UPDATE ON jobs FOR EACH ROW WHEN ({CHANGED})"),
        ("jobs_no_delete", "DELETE ON jobs FOR EACH ROW"),
        ("jobs_no_truncate", "TRUNCATE ON jobs FOR EACH STATEMENT"),
    ):
        op.execute(f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION jobs_stay()")


def _revision(number: str) -> Any:  # noqa: ANN401 - a module, whose names no type knows
    environment = op.get_context().environment_context
    assert environment is not None  # noqa: S101 - migrations run in `env.py`'s
    return environment.script.get_revision(number).module


def _gates(also: str | None = None) -> None:
    """Refuse the ways around the gates, and `also` this one: what is released stays that."""
    eighth = _revision("0008")
    around = eighth.AROUND if also is None else f"{eighth.AROUND} OR {also}"
    when = f"NEW.state <> OLD.state AND ({around})"
    before = "CREATE TRIGGER jobs_through_gates BEFORE UPDATE OF state ON jobs"
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TRIGGER jobs_through_gates ON jobs")
        op.execute(f"{before} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION jobs_through_gates()")
        return
    op.execute("DROP TRIGGER jobs_through_gates")
    op.execute(f"{before} WHEN {when} BEGIN SELECT RAISE(ABORT, '{eighth.GATES}'); END")


def _review(judged: str) -> None:
    """Let a person see what breaks a rule that wants it, in these of a job's files."""
    seventh = _revision("0007")
    wanted: str = seventh.UNREVIEWED.replace(OWN_BYTES, judged)
    message = seventh.PAST_REVIEW
    if op.get_context().dialect.name != "postgresql":
        unreviewed = wanted.format(review_of_order="json_extract(o.spec_json, '$.review')")
        op.execute("DROP TRIGGER jobs_are_reviewed")
        op.execute(
            "CREATE TRIGGER jobs_are_reviewed BEFORE UPDATE OF state ON jobs "
            f"WHEN NEW.state = 'approved' AND OLD.state <> 'approved' AND {unreviewed} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    unreviewed = wanted.format(review_of_order="o.spec_json::jsonb ->> 'review'")
    pinned = op.get_bind().execute(sa.text(FUNCTION_PINNED)).scalar()
    op.execute(
        "CREATE OR REPLACE FUNCTION jobs_are_reviewed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {unreviewed} THEN RAISE EXCEPTION '{message}' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    if pinned:
        # As `ledger.roles` had done; a function that is replaced forgets it.
        op.execute(
            "DO $$ BEGIN EXECUTE 'ALTER FUNCTION jobs_are_reviewed() SET search_path = ' "
            "|| quote_ident(current_schema()) || ', pg_temp'; END $$"
        )
