"""Judging: what a broken rule does, what could help, which bytes were judged, and what was mended.

Revision: 0005, after 0004

Every verdict that was written before was one that blocks, on the bytes that its attempt still has.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
SEVERITIES = "severity IN ('block', 'review', 'warn')"
KINDS = "kind IN ('recrop', 'flatten', 'reencode')"

BACK_FILL = """
    UPDATE verdicts SET sha256 = (
        SELECT a.sha256 FROM attempts a WHERE a.attempt_id = verdicts.attempt_id)
    WHERE EXISTS (SELECT 1 FROM attempts a
        WHERE a.attempt_id = verdicts.attempt_id AND a.sha256 IS NOT NULL)
"""


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    words = 'TEXT COLLATE "C"' if is_postgresql else "TEXT"
    op.execute(
        f"ALTER TABLE verdicts ADD COLUMN severity {words} NOT NULL DEFAULT 'block' "
        f"CONSTRAINT verdicts_severity CHECK ({SEVERITIES})"
    )
    op.add_column("verdicts", sa.Column("remedy_json", sa.Text()))
    op.add_column(
        "verdicts", sa.Column("sha256", WORD, nullable=False, server_default=sa.text("''"))
    )
    if is_postgresql:
        _back_fill_postgresql()
    else:
        _back_fill_sqlite()
    op.create_index("verdicts_sha256_attempt_id_idx", "verdicts", ["sha256", "attempt_id"])
    op.add_column("attempts", sa.Column("changes_json", sa.Text()))
    op.add_column("attempts", sa.Column("came_size", WORD))
    _create_mends()
    if is_postgresql:
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Go back, if nothing was written since that would be a fault without what is taken away."""
    lenient = "SELECT 1 FROM verdicts WHERE severity <> 'block' AND NOT passed LIMIT 1"
    if op.get_bind().execute(sa.text(lenient)).first():
        raise RuntimeError("revision 0004 has no place for a broken rule that did not block")
    if op.get_bind().execute(sa.text("SELECT 1 FROM mends LIMIT 1")).first():
        raise RuntimeError("revision 0004 has no place for an output that was mended")
    op.drop_table("mends")
    op.drop_column("attempts", "came_size")
    op.drop_column("attempts", "changes_json")
    op.drop_index("verdicts_sha256_attempt_id_idx", table_name="verdicts")
    op.drop_column("verdicts", "sha256")
    op.drop_column("verdicts", "remedy_json")
    op.drop_column("verdicts", "severity")


def _back_fill_postgresql() -> None:
    # Nobody else can write meanwhile: the migration's transaction has the table to itself.
    op.execute("ALTER TABLE verdicts DISABLE TRIGGER verdicts_no_change")
    op.execute(BACK_FILL)
    op.execute("ALTER TABLE verdicts ENABLE TRIGGER verdicts_no_change")


def _back_fill_sqlite() -> None:
    trigger = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'verdicts_no_update'"
    made_by = op.get_bind().execute(sa.text(trigger)).scalar_one()
    op.execute("DROP TRIGGER verdicts_no_update")
    op.execute(BACK_FILL)
    op.execute(made_by)


def _create_mends() -> None:
    op.create_table(
        "mends",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("from_sha256", WORD, nullable=False),
        sa.Column("to_sha256", WORD, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("mends_kind")),
        sa.CheckConstraint("number >= 1", name=op.f("mends_number")),
        sa.CheckConstraint(
            "from_sha256 <> to_sha256 AND because <> ''", name=op.f("mends_says_what_and_why")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("mends_attempt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("attempt_id", "number", name=op.f("mends_pkey")),
        sa.UniqueConstraint("attempt_id", "kind", name=op.f("mends_attempt_id_kind_key")),
    )


def _guard_sqlite() -> None:
    """Refuse changes of what was written, REPLACE included: it deletes without a delete trigger."""
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER mends_no_{verb.lower()} BEFORE {verb} ON mends "
            f"BEGIN SELECT RAISE(ABORT, 'mends are append-only: no {verb}'); END"
        )
    op.execute(
        "CREATE TRIGGER mends_no_replace BEFORE INSERT ON mends WHEN EXISTS (SELECT 1 FROM mends "
        "WHERE attempt_id = NEW.attempt_id AND (number = NEW.number OR kind = NEW.kind)) "
        "BEGIN SELECT RAISE(ABORT, 'mends are append-only: this row is there'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER mends_no_change BEFORE UPDATE OR DELETE ON mends "
        "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
    )
    op.execute(
        "CREATE TRIGGER mends_no_truncate BEFORE TRUNCATE ON mends "
        "FOR EACH STATEMENT EXECUTE FUNCTION books_are_append_only()"
    )
