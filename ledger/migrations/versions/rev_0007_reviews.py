"""What people decide about files that wait for them, and nothing approved past them.

Revision: 0007, after 0006

Approvals from before are carried over as they were: nobody had asked then who owns the order.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.persons import owner_keys

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")

CARRY_OVER = """
    INSERT INTO reviews (attempt_id, job_id, sha256, decision, actor, because, remedy_json, at_us,
        carried_over)
    SELECT a.attempt_id, j.job_id, a.sha256, 'approved',
        CASE j.approved_by WHEN '' THEN '(not named)' ELSE substr(j.approved_by, 1, 200) END,
        NULL, NULL, COALESCE(j.accepted_at_us, j.updated_at_us), TRUE
    FROM jobs j JOIN attempts a ON a.attempt_id = j.attempt_id
    WHERE j.state IN ('approved', 'released') AND j.approved_by IS NOT NULL
        AND a.sha256 IS NOT NULL
"""

# A decision is about the very file that waits, and made under the rules that hold from now on.
OF_WHAT_WAITS = """
    NOT NEW.carried_over AND EXISTS (
        SELECT 1 FROM jobs j JOIN attempts a ON a.attempt_id = j.attempt_id
        WHERE j.job_id = NEW.job_id AND j.state = 'in_review'
            AND a.attempt_id = NEW.attempt_id AND a.sha256 = NEW.sha256)
"""

# By their keys, which the database can compute again only where a name is plain ASCII;
# `mintage ledger verify` does for all.
OWN_REVIEW = """
    EXISTS (
        SELECT 1 FROM jobs j JOIN orders o ON o.order_id = j.order_id
        WHERE j.job_id = NEW.job_id AND (o.owner_keys = ''
            OR {place}(o.owner_keys, ' ' || NEW.reviewer_key || ' ') > 0))
"""

# A reviewer is a plain address, or a name without the signs and characters that no name has.
WELL_NAMED = """
    CASE WHEN {place}(NEW.actor, '@') > 0 THEN
        length(NEW.actor) - length(replace(NEW.actor, '@', '')) = 1
        AND NOT {no_address}
        AND {place}('.' || replace(NEW.actor, '@', '.') || '.', '..') = 0
        AND NEW.reviewer_key = lower(CASE WHEN {place}(NEW.actor, '+') > 0
            THEN substr(NEW.actor, 1, {place}(NEW.actor, '+') - 1)
                || substr(NEW.actor, {place}(NEW.actor, '@')) ELSE NEW.actor END)
    ELSE
        NOT {no_name} AND {place}(NEW.reviewer_key, '@') = 0
        AND {place}(NEW.reviewer_key, ' ') = 0 AND NEW.reviewer_key = lower(NEW.reviewer_key)
        AND ({beyond_ascii} OR NEW.reviewer_key = lower(replace(replace(replace(replace(
            NEW.actor, ' ', ''), '.', ''), '-', ''), '''', '')))
    END
"""

NO_ADDRESS = "[^A-Za-z0-9@._+''-]"
NO_NAME = (
    "[^ .''0-9A-Za-z\u00c0-\u1fff\u2c00-\u2dff\u3005-\ud7ff\uf900-\ufdff\U00010000-\U0003ffff-]"
)
BEYOND_ASCII = "[^ -~]"

# What a person has to look at: what breaks a rule that wants it, what comes after a file that a
# person rejected, or all where the order says so. The draw of a sample is out of a database's
# reach; `mintage ledger verify` draws it again.
UNREVIEWED = """
    NOT EXISTS (
        SELECT 1 FROM reviews r JOIN attempts a ON a.attempt_id = r.attempt_id
        WHERE r.attempt_id = NEW.attempt_id AND r.job_id = NEW.job_id
            AND r.decision = 'approved' AND r.sha256 = a.sha256 AND r.actor = NEW.approved_by)
    AND (OLD.state <> 'accepted' OR NEW.approved_by IS NOT NULL
        OR EXISTS (SELECT 1 FROM verdicts v JOIN attempts a ON a.attempt_id = v.attempt_id
            WHERE v.attempt_id = NEW.attempt_id AND v.sha256 = a.sha256
            AND NOT v.passed AND v.severity = 'review')
        OR EXISTS (SELECT 1 FROM reviews t
            WHERE t.job_id = NEW.job_id AND t.decision = 'rejected')
        OR EXISTS (SELECT 1 FROM orders o WHERE o.order_id = NEW.order_id
            AND {review_of_order} = 'all'))
"""

WAITS_NOT = "a review is of the file that waits for it"
OWN = "nobody reviews what they ordered"
NOT_NAMED = "a reviewer is a plain e-mail address or a name, and has its key"
PAST_REVIEW = "what a person has to look at is approved by a review of its very bytes"


def upgrade() -> None:
    op.create_table(
        "reviews",
        sa.Column("attempt_id", WORD, nullable=False),
        sa.Column("job_id", WORD, nullable=False),
        sa.Column("sha256", WORD, nullable=False),
        sa.Column("decision", WORD, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("remedy_json", sa.Text(), nullable=True),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("carried_over", sa.Boolean(), nullable=False),
        sa.Column("reviewer_key", sa.Text(), nullable=True),
        sa.CheckConstraint("decision IN ('approved', 'rejected')", name=op.f("reviews_decision")),
        sa.CheckConstraint("actor <> '' AND length(actor) <= 200", name=op.f("reviews_says_who")),
        sa.CheckConstraint(
            "(because IS NOT NULL OR decision = 'approved') AND COALESCE(because, '-') <> ''",
            name=op.f("reviews_says_why"),
        ),
        sa.CheckConstraint(
            "carried_over = (reviewer_key IS NULL) AND COALESCE(reviewer_key, '-') <> ''",
            name=op.f("reviews_has_key"),
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.attempt_id"], name=op.f("reviews_attempt_id_fkey")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("reviews_job_id_fkey")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("reviews_pkey")),
    )
    op.create_index("reviews_job_id_idx", "reviews", ["job_id"])
    op.execute(CARRY_OVER)
    _name_owners()
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Go back, if nobody has reviewed anything: what they said could not be kept."""
    said = "SELECT 1 FROM reviews WHERE NOT carried_over LIMIT 1"
    if op.get_bind().execute(sa.text(said)).first():
        raise RuntimeError("revision 0006 has no place for what people said in reviews")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP TRIGGER jobs_are_reviewed ON jobs")
    else:
        op.execute("DROP TRIGGER jobs_are_reviewed")
    op.drop_table("reviews")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION jobs_are_reviewed()")
        op.execute("DROP FUNCTION reviews_are_sound()")
    op.drop_column("orders", "owner_keys")


def _name_owners() -> None:
    """Work out under which names each order's owner may not review it."""
    op.add_column(
        "orders",
        sa.Column("owner_keys", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
    connection = op.get_bind()
    owners = connection.execute(sa.text("SELECT DISTINCT owner FROM orders")).scalars().all()
    named = sa.text("UPDATE orders SET owner_keys = :owner_keys WHERE owner = :owner")
    for owner in owners:
        connection.execute(named, {"owner": owner, "owner_keys": owner_keys(owner)})


def _well_named(place: str, match: str) -> str:
    return WELL_NAMED.format(
        place=place,
        no_address=match.format(NO_ADDRESS),
        no_name=match.format(NO_NAME),
        beyond_ascii=match.format(BEYOND_ASCII),
    )


def _guard_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER reviews_no_{verb.lower()} BEFORE {verb} ON reviews "
            f"BEGIN SELECT RAISE(ABORT, 'reviews are append-only: no {verb}'); END"
        )
    op.execute(
        "CREATE TRIGGER reviews_no_replace BEFORE INSERT ON reviews "
        "WHEN EXISTS (SELECT 1 FROM reviews WHERE attempt_id = NEW.attempt_id) "
        "BEGIN SELECT RAISE(ABORT, 'reviews are append-only: this row is there'); END"
    )
    own = OWN_REVIEW.format(place="instr")
    named = _well_named("instr", "(NEW.actor GLOB '*{}*')")
    for name, broken, message in (
        ("of_what_waits", f"NOT ({OF_WHAT_WAITS})", WAITS_NOT),
        ("well_named", f"NOT ({named})", NOT_NAMED),
        ("not_ones_own", own, OWN),
    ):
        op.execute(
            f"CREATE TRIGGER reviews_{name} BEFORE INSERT ON reviews WHEN {broken} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
    unreviewed = UNREVIEWED.format(review_of_order="json_extract(o.spec_json, '$.review')")
    op.execute(
        "CREATE TRIGGER jobs_are_reviewed BEFORE UPDATE OF state ON jobs "
        f"WHEN NEW.state = 'approved' AND OLD.state <> 'approved' AND {unreviewed} "
        f"BEGIN SELECT RAISE(ABORT, '{PAST_REVIEW}'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE TRIGGER reviews_no_change BEFORE UPDATE OR DELETE ON reviews "
        "FOR EACH ROW EXECUTE FUNCTION books_are_append_only()"
    )
    op.execute(
        "CREATE TRIGGER reviews_no_truncate BEFORE TRUNCATE ON reviews "
        "FOR EACH STATEMENT EXECUTE FUNCTION books_are_append_only()"
    )
    own = OWN_REVIEW.format(place="strpos")
    named = _well_named("strpos", "(NEW.actor COLLATE \"C\" ~ '{}')")
    op.execute(
        "CREATE FUNCTION reviews_are_sound() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF NOT ({OF_WHAT_WAITS}) THEN RAISE EXCEPTION '{WAITS_NOT}' "
        "USING ERRCODE = 'check_violation'; END IF; "
        f"IF NOT ({named}) THEN RAISE EXCEPTION '{NOT_NAMED}' "
        "USING ERRCODE = 'check_violation'; END IF; "
        f"IF {own} THEN RAISE EXCEPTION '{OWN}' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER reviews_are_sound BEFORE INSERT ON reviews "
        "FOR EACH ROW EXECUTE FUNCTION reviews_are_sound()"
    )
    unreviewed = UNREVIEWED.format(review_of_order="o.spec_json::jsonb ->> 'review'")
    op.execute(
        "CREATE FUNCTION jobs_are_reviewed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {unreviewed} THEN RAISE EXCEPTION '{PAST_REVIEW}' "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER jobs_are_reviewed BEFORE UPDATE OF state ON jobs FOR EACH ROW "
        "WHEN (NEW.state = 'approved' AND OLD.state <> 'approved') "
        "EXECUTE FUNCTION jobs_are_reviewed()"
    )
