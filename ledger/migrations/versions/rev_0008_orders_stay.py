"""Orders stay what they were when they were entered, and no file goes around the gates.

Revision: 0008, after 0007

From here on an order's opening entry has its digest; those from before have none.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEPT = (
    "order_id",
    "slug",
    "edition",
    "title",
    "owner",
    "cost_center",
    "campaign",
    "provider",
    "model",
    "cap_nano",
    "per_job_nano",
    "attempts_max",
    "job_count",
    "spec_sha256",
    "spec_json",
    "created_at_us",
    "owner_keys",
)

CHANGED = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in KEPT)

# The ways that work goes: accepted is what was built, released is what was approved, and from a
# review a file is approved, built again or given up.
AROUND = """
    (NEW.state = 'accepted' AND OLD.state <> 'built')
    OR (NEW.state = 'released' AND OLD.state <> 'approved')
    OR (OLD.state = 'in_review'
        AND NEW.state NOT IN ('approved', 'planned', 'refused', 'failed', 'rejected'))
"""

STAYS = "an order is never changed: a new edition is a new order"
GATES = "a job goes through its gates one after the other"


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TRIGGER orders_stay ON orders")
        op.execute("DROP TRIGGER orders_no_delete ON orders")
        op.execute("DROP TRIGGER jobs_through_gates ON jobs")
        op.execute("DROP FUNCTION orders_stay()")
        op.execute("DROP FUNCTION jobs_through_gates()")
        return
    for trigger in ("orders_stay", "orders_no_delete", "orders_no_replace", "jobs_through_gates"):
        op.execute(f"DROP TRIGGER {trigger}")


def _guard_sqlite() -> None:
    there = "SELECT 1 FROM orders WHERE order_id = NEW.order_id"
    for name, when, message in (
        ("orders_stay", f"UPDATE ON orders WHEN {CHANGED}", STAYS),
        ("orders_no_delete", "DELETE ON orders", STAYS),
        # REPLACE deletes without a delete trigger.
        ("orders_no_replace", f"INSERT ON orders WHEN EXISTS ({there})", STAYS),
        (
            "jobs_through_gates",
            f"UPDATE OF state ON jobs WHEN NEW.state <> OLD.state AND ({AROUND})",
            GATES,
        ),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )


def _guard_postgresql() -> None:
    for name, message in (("orders_stay", STAYS), ("jobs_through_gates", GATES)):
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END $$"
        )
    op.execute(
        "CREATE TRIGGER orders_stay BEFORE UPDATE ON orders FOR EACH ROW "
        f"WHEN ({CHANGED}) EXECUTE FUNCTION orders_stay()"
    )
    op.execute(
        "CREATE TRIGGER orders_no_delete BEFORE DELETE ON orders "
        "FOR EACH ROW EXECUTE FUNCTION orders_stay()"
    )
    op.execute(
        "CREATE TRIGGER jobs_through_gates BEFORE UPDATE OF state ON jobs FOR EACH ROW "
        f"WHEN (NEW.state <> OLD.state AND ({AROUND})) EXECUTE FUNCTION jobs_through_gates()"
    )
