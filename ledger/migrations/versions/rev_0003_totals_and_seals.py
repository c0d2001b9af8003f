"""Running totals of the entries, and the seals over them.

Revision: 0003, after 0002

What the entries come to so far is put into the totals here; sealing starts with the first `seal`.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")

DAY_US = 86_400_000_000


def upgrade() -> None:
    _create_totals()
    _fill_totals()
    _create_seals()
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Go back, if nothing is sealed: what a seal says could not be made again."""
    if op.get_bind().execute(sa.text("SELECT 1 FROM seals LIMIT 1")).first():
        raise RuntimeError("revision 0002 has no place for what is in seals")
    op.drop_table("seals")
    op.drop_table("totals")


def _create_totals() -> None:
    op.create_table(
        "totals",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", WORD, nullable=False),
        sa.Column("cost_center", WORD, nullable=False),
        sa.Column("campaign", WORD, nullable=False),
        sa.Column("provider", WORD, nullable=False),
        sa.Column("model", WORD, nullable=False),
        sa.Column("charged_nano", sa.BigInteger(), nullable=False),
        sa.Column("overrun_nano", sa.BigInteger(), nullable=False),
        sa.Column("entry_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "overrun_nano >= 0 AND charged_nano >= overrun_nano AND entry_count > 0",
            name=op.f("totals_amounts"),
        ),
        sa.PrimaryKeyConstraint(
            "day",
            "order_id",
            "cost_center",
            "campaign",
            "provider",
            "model",
            name=op.f("totals_pkey"),
        ),
    )


def _fill_totals() -> None:
    """Add up what was written before there were totals."""
    op.execute(
        f"""
        INSERT INTO totals (day, order_id, cost_center, campaign, provider, model,
            charged_nano, overrun_nano, entry_count)
        SELECT at_us / {DAY_US}, COALESCE(order_id, ''), COALESCE(cost_center, ''),
            COALESCE(campaign, ''), COALESCE(provider, ''), COALESCE(model, ''),
            SUM(CASE WHEN kind IN ('charge', 'overrun') THEN amount_nano ELSE 0 END),
            SUM(CASE WHEN kind = 'overrun' THEN amount_nano ELSE 0 END),
            COUNT(*)
        FROM entries GROUP BY 1, 2, 3, 4, 5, 6
        """  # noqa: S608 - made of a constant above
    )


def _create_seals() -> None:
    op.create_table(
        "seals",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("first_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("previous_sha256", WORD, nullable=False),
        sa.Column("sha256", WORD, nullable=False),
        sa.Column("sealed_at_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "block >= 1 AND entry_count >= 1 AND entry_count <= last_entry_id - first_entry_id + 1",
            name=op.f("seals_span"),
        ),
        sa.PrimaryKeyConstraint("block", name=op.f("seals_pkey")),
        sa.UniqueConstraint("sha256", name=op.f("seals_sha256_key")),
    )


def _guard_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER seals_no_{verb.lower()} BEFORE {verb} ON seals "
            f"BEGIN SELECT RAISE(ABORT, 'seals are append-only: no {verb}'); END"
        )
    op.execute(
        "CREATE TRIGGER seals_no_replace BEFORE INSERT ON seals "
        "WHEN EXISTS (SELECT 1 FROM seals WHERE block = NEW.block OR sha256 = NEW.sha256) "
        "BEGIN SELECT RAISE(ABORT, 'seals are append-only: this row is there'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER seals_no_change BEFORE UPDATE OR DELETE ON seals "
        "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
    )
    op.execute(
        "CREATE TRIGGER seals_no_truncate BEFORE TRUNCATE ON seals "
        "FOR EACH STATEMENT EXECUTE FUNCTION books_are_append_only()"
    )
