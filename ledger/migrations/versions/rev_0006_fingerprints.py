"""What accepted pictures look like, and in which order they were released.

Revision: 0006, after 0005

Pictures that were accepted before have no hash here; those that are released can be measured later.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

SAME_ROW = {
    "fingerprints": "fingerprint_id = NEW.fingerprint_id OR attempt_id = NEW.attempt_id",
    "released_pictures": "number = NEW.number OR fingerprint_id = NEW.fingerprint_id",
}


def upgrade() -> None:
    op.create_table(
        "fingerprints",
        sa.Column("fingerprint_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("sha256", WORD, nullable=False),
        sa.Column("phash", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("fingerprints_attempt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("fingerprint_id", name=op.f("fingerprints_pkey")),
        sa.UniqueConstraint("attempt_id", name=op.f("fingerprints_attempt_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "released_pictures",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("fingerprint_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["fingerprint_id"],
            ["fingerprints.fingerprint_id"],
            name=op.f("released_pictures_fingerprint_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("released_pictures_pkey")),
        sa.UniqueConstraint("fingerprint_id", name=op.f("released_pictures_fingerprint_id_key")),
        sqlite_autoincrement=True,
    )
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for table, same_row in SAME_ROW.items():
        if is_postgresql:
            _guard_postgresql(table)
        else:
            _guard_sqlite(table, same_row)


def downgrade() -> None:
    """Go back; what released pictures look like can be measured again."""
    op.drop_table("released_pictures")
    op.drop_table("fingerprints")


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


def _guard_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION books_are_append_only()"
    )
