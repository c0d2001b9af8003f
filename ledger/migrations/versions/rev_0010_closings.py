"""Closed periods, what takes two persons, and the limit above which a raised cap does.

Revision: 0010, after 0009
"""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WORD = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = {
    "requests": "request_id = NEW.request_id",
    "approvals": "request_id = NEW.request_id",
    "raise_limits": "limit_id = NEW.limit_id",
    "closings": "closing_id = NEW.closing_id OR request_id = NEW.request_id",
}

# Everybody who writes an entry shares this; whoever closes or reopens a period takes it alone.
LOCK_NUMBER = 7_307_199_404
REQUEST_LASTS_US = 30 * 86_400_000_000

CLOSED = "this period is closed: what comes later belongs into the next one that is open"
OTHER_MONTH = "an entry is of the month that it is dated in"
NOT_COMMITTED = "the books are written in READ COMMITTED, where a close is seen"
LATEST_EVENT = """
    (SELECT c.event FROM closings c WHERE c.period = {period} ORDER BY c.closing_id DESC LIMIT 1)
"""

# What is closed can be reopened, and all else closed; a reopening is what two persons wanted of
# this very close, in the name of whoever asked, and at the moment when it was approved.
IN_TURN = f"""
    COALESCE({LATEST_EVENT.format(period="NEW.period")}, 'reopen') <> NEW.event
    AND NEW.at_us >= COALESCE(
        (SELECT MAX(c.at_us) FROM closings c WHERE c.period = NEW.period), NEW.at_us)
    AND ((NEW.event = 'close' AND {{over}}) OR EXISTS (
        SELECT 1 FROM requests r JOIN approvals a ON a.request_id = r.request_id
        WHERE r.request_id = NEW.request_id AND r.kind = 'reopen' AND a.answer = 'approved'
            AND r.actor = NEW.actor AND r.because = NEW.because AND a.at_us = NEW.at_us
            AND r.period = NEW.period AND r.basis_id = (
                SELECT MAX(c.closing_id) FROM closings c WHERE c.period = NEW.period)))
"""
NOT_IN_TURN = "a period is closed after its end, and reopened as two persons wanted, in turn"
CLOSES_AFTER_US = 3_600_000_000
OVER_SQLITE = f"""
    strftime('%Y-%m', NEW.period || '-01') = NEW.period AND NEW.at_us >= {CLOSES_AFTER_US}
        + 1000000 * CAST(strftime('%s', NEW.period || '-01', '+1 month') AS INTEGER)
"""
OVER_POSTGRESQL = f"""
    to_char((NEW.period || '-01')::timestamp, 'YYYY-MM') = NEW.period
    AND NEW.at_us >= {CLOSES_AFTER_US}
        + 1000000 * extract(epoch FROM (NEW.period || '-01')::timestamp + interval '1 month')
"""

ANSWERS = f"""
    EXISTS (SELECT 1 FROM requests r WHERE r.request_id = NEW.request_id
        AND r.actor_key = NEW.asked_key AND NEW.at_us >= r.at_us
        AND (NEW.answer <> 'approved' OR NEW.at_us <= r.at_us + {REQUEST_LASTS_US}))
"""
# The file of caps signs what it sets, and is nobody who asks or answers.
NOT_THE_FILE = "{local} <> 'settingsfile'"
# An address and its local part are one person's, as far as a database can tell.
ALIAS = """
    NEW.answer = 'approved' AND (NEW.asked_key = {actor} OR NEW.actor_key = {asked})
"""
LOCAL_PART = """
    CASE WHEN {place}(NEW.{key}, '@') > 0 THEN replace(replace(replace(replace(replace(
        substr(NEW.{key}, 1, {place}(NEW.{key}, '@') - 1),
        '.', ''), '-', ''), '_', ''), '+', ''), '''', '') ELSE NEW.{key} END
"""
OWN = "nobody approves what they asked for"
NO_ANSWER = "an answer is to a request that waits, and says who asked"
NOT_NAMED = (
    "whoever asks or answers is a plain e-mail address or a name of a person, and has its key"
)

LIMIT = "(SELECT l.limit_nano FROM raise_limits l ORDER BY l.limit_id DESC LIMIT 1)"
LIMIT_ID = "COALESCE((SELECT MAX(l.limit_id) FROM raise_limits l), 0)"
RULE_ID = """
    COALESCE((SELECT MAX(c.rule_id) FROM cap_rules c
        WHERE c.scope = NEW.scope AND c.subject = NEW.subject), 0)
"""
CAP = """
    COALESCE((SELECT c.cap_nano FROM cap_rules c
        WHERE c.scope = NEW.scope AND c.subject = NEW.subject ORDER BY c.rule_id DESC LIMIT 1),
        (SELECT o.cap_nano FROM orders o WHERE NEW.scope = 'order' AND o.order_id = NEW.subject))
"""
# What was approved is written when it is, in the name of whoever asked, and says who approved it.
APPROVED = """
    EXISTS (SELECT 1 FROM requests r JOIN approvals a ON a.request_id = r.request_id
        WHERE r.kind = '{kind}' AND a.answer = 'approved' AND r.basis_id = {basis}
            AND r.actor = {row}.actor AND a.at_us = {row}.at_us AND {row}.because
                = r.because || ' (R' || r.request_id || ', approved by ' || a.actor || ')'
            AND COALESCE(r.amount_nano, -1) = COALESCE({row}.{amount}, -1) {more})
"""
OF_SUBJECT = "AND r.scope = NEW.scope AND r.subject = NEW.subject"
MONTH_SQLITE = "strftime('%Y-%m', {at_us} / 1000000, 'unixepoch')"
MONTH_POSTGRESQL = "to_char(to_timestamp({at_us} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM')"
# By how much nobody but one person has raised this cap in this month since there is a limit.
SO_FAR = f"""
    COALESCE((SELECT SUM(s.cap_nano - s.before_nano) FROM (
        SELECT c.*, LAG(c.rule_id) OVER (ORDER BY c.rule_id) AS before_id,
            COALESCE(LAG(c.cap_nano) OVER (ORDER BY c.rule_id), (SELECT o.cap_nano FROM orders o
                WHERE NEW.scope = 'order' AND o.order_id = NEW.subject)) AS before_nano
        FROM cap_rules c WHERE c.scope = NEW.scope AND c.subject = NEW.subject) s
    WHERE s.cap_nano > s.before_nano AND {{month_then}} = {{month_now}}
        AND s.rule_id > (SELECT MIN(l.after_rule_id) FROM raise_limits l)
        AND NOT {
    APPROVED.format(
        kind="raise",
        basis="COALESCE(s.before_id, 0)",
        row="s",
        amount="cap_nano",
        more=OF_SUBJECT,
    )
}), 0)
"""
# A comparison with nothing is neither true nor false, and then there is nothing to approve.
RAISED_ALONE = f"""
    {LIMIT} IS NOT NULL AND {CAP} IS NOT NULL
    AND (NEW.cap_nano IS NULL
        OR (NEW.cap_nano > {CAP} AND NEW.cap_nano - {CAP} + {SO_FAR} > {LIMIT}))
    AND NOT {
    APPROVED.format(kind="raise", basis=RULE_ID, row="NEW", amount="cap_nano", more=OF_SUBJECT)
}
"""
ALONE = "a cap is raised in one month by more than the limit by two persons"
LOOSENED_ALONE = f"""
    {LIMIT} IS NOT NULL AND (NEW.limit_nano IS NULL OR NEW.limit_nano > {LIMIT})
    AND NOT {APPROVED.format(kind="limit", basis=LIMIT_ID, row="NEW", amount="limit_nano", more="")}
"""
LIMIT_ALONE = "the limit of raises is raised by two persons"
LIMIT_FROM = "NEW.after_rule_id <> COALESCE((SELECT MAX(c.rule_id) FROM cap_rules c), 0)"
FROM_NOW = "a limit holds for the caps that come after it"

# What holds are decided by is what the rule says, whoever writes it there.
OTHER_CAP = f"""
    NOT EXISTS (SELECT 1 FROM cap_rules c WHERE c.rule_id = NEW.rule_id
        AND c.rule_id = {RULE_ID}
        AND c.scope = NEW.scope AND c.subject = NEW.subject
        AND COALESCE(c.cap_nano, -1) = COALESCE(NEW.cap_nano, -1))
"""
RECAPPED = """
    (COALESCE(NEW.cap_nano, -1) <> COALESCE(OLD.cap_nano, -1)
    OR COALESCE(NEW.rule_id, 0) <> COALESCE(OLD.rule_id, 0))
"""
BY_RULE = "a budget has the cap of its rule"

SQLITE_TRIGGERS = (
    (
        "entries_in_open_periods",
        "INSERT ON entries",
        f"{LATEST_EVENT.format(period='NEW.period')} = 'close'",
        CLOSED,
    ),
    (
        "entries_in_their_month",
        "INSERT ON entries",
        f"NEW.period <> {MONTH_SQLITE.format(at_us='NEW.at_us')}",
        OTHER_MONTH,
    ),
    (
        "closings_in_turn",
        "INSERT ON closings",
        f"NOT COALESCE({IN_TURN.format(over=OVER_SQLITE)}, FALSE)",
        NOT_IN_TURN,
    ),
    ("approvals_answer", "INSERT ON approvals", f"NOT ({ANSWERS})", NO_ANSWER),
    (
        "cap_rules_by_two",
        "INSERT ON cap_rules",
        RAISED_ALONE.format(
            month_then=MONTH_SQLITE.format(at_us="s.at_us"),
            month_now=MONTH_SQLITE.format(at_us="NEW.at_us"),
        ),
        ALONE,
    ),
    ("raise_limits_by_two", "INSERT ON raise_limits", LOOSENED_ALONE, LIMIT_ALONE),
    ("raise_limits_from_now", "INSERT ON raise_limits", LIMIT_FROM, FROM_NOW),
    (
        "budgets_capped_by_rule",
        "UPDATE OF cap_nano, rule_id ON budgets",
        f"{RECAPPED} AND {OTHER_CAP}",
        BY_RULE,
    ),
    (
        "budgets_opened_by_rule",
        "INSERT ON budgets",
        f"NEW.rule_id IS NOT NULL AND {OTHER_CAP}",
        BY_RULE,
    ),
)


def upgrade() -> None:
    _create_requests()
    _create_approvals()
    _create_raise_limits()
    _create_closings()
    if op.get_context().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Go back, if nothing of what this revision brought is in use: it could not be kept."""
    for table in APPEND_ONLY:
        if op.get_bind().execute(sa.text(f"SELECT 1 FROM {table} LIMIT 1")).first():
            raise RuntimeError(f"revision 0009 has no place for what is in {table}")
    if op.get_context().dialect.name == "postgresql":
        for name, table in (
            ("entries_in_open_periods", "entries"),
            ("cap_rules_by_two", "cap_rules"),
            ("budgets_capped_by_rule", "budgets"),
            ("budgets_opened_by_rule", "budgets"),
        ):
            op.execute(f"DROP TRIGGER {name} ON {table}")
    else:
        for name, when, *_ in SQLITE_TRIGGERS:
            if when.rpartition(" ")[2] not in APPEND_ONLY:
                op.execute(f"DROP TRIGGER {name}")
    for table in ("closings", "raise_limits", "approvals", "requests"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        for function in (
            "entries_in_open_periods",
            "closings_in_turn",
            "approvals_answer",
            "requests_named",
            "cap_rules_by_two",
            "raise_limits_by_two",
            "budgets_capped_by_rule",
        ):
            op.execute(f"DROP FUNCTION {function}()")


def _create_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_key", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("scope", WORD, nullable=True),
        sa.Column("subject", WORD, nullable=True),
        sa.Column("before_nano", sa.BigInteger(), nullable=True),
        sa.Column("amount_nano", sa.BigInteger(), nullable=True),
        sa.Column("period", WORD, nullable=True),
        sa.Column("basis_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('raise', 'limit', 'reopen')", name=op.f("requests_kind")),
        sa.CheckConstraint(
            "actor <> '' AND actor_key <> '' AND because <> ''",
            name=op.f("requests_says_who_and_why"),
        ),
        sa.CheckConstraint(
            "(kind = 'raise') = (scope IS NOT NULL) AND (kind = 'raise') = (subject IS NOT NULL) "
            "AND (kind = 'reopen') = (period IS NOT NULL)",
            name=op.f("requests_says_what"),
        ),
        sa.CheckConstraint(
            "before_nano >= 0 AND amount_nano >= 0 AND (kind <> 'reopen' "
            "OR (before_nano IS NULL AND amount_nano IS NULL))",
            name=op.f("requests_amounts"),
        ),
        sa.CheckConstraint("basis_id >= 0", name=op.f("requests_basis")),
        sa.PrimaryKeyConstraint("request_id", name=op.f("requests_pkey")),
        sqlite_autoincrement=True,
    )


def _create_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("request_id", NUMBER, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("answer", WORD, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_key", sa.Text(), nullable=False),
        sa.Column("asked_key", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "answer IN ('approved', 'rejected', 'withdrawn')", name=op.f("approvals_answer")
        ),
        sa.CheckConstraint("actor <> '' AND actor_key <> ''", name=op.f("approvals_says_who")),
        sa.CheckConstraint(
            "(because IS NOT NULL OR answer = 'approved') AND COALESCE(because, '-') <> ''",
            name=op.f("approvals_says_why"),
        ),
        sa.CheckConstraint(
            "(answer = 'withdrawn') = (actor_key = asked_key)", name=op.f("approvals_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("approvals_request_id_fkey")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("approvals_pkey")),
    )


def _create_raise_limits() -> None:
    op.create_table(
        "raise_limits",
        sa.Column("limit_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("limit_nano", sa.BigInteger(), nullable=True),
        sa.Column("after_rule_id", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "limit_nano >= 0 AND after_rule_id >= 0", name=op.f("raise_limits_amounts")
        ),
        sa.CheckConstraint(
            "actor <> '' AND because <> ''", name=op.f("raise_limits_says_who_and_why")
        ),
        sa.PrimaryKeyConstraint("limit_id", name=op.f("raise_limits_pkey")),
        sqlite_autoincrement=True,
    )


def _create_closings() -> None:
    op.create_table(
        "closings",
        sa.Column("closing_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("period", WORD, nullable=False),
        sa.Column("event", WORD, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("request_id", NUMBER, nullable=True),
        sa.Column("entry_count", sa.BigInteger(), nullable=True),
        sa.Column("first_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("charged_nano", sa.BigInteger(), nullable=True),
        sa.Column("providers_json", sa.Text(), nullable=True),
        sa.Column("signed_json", sa.Text(), nullable=True),
        sa.Column("seal_block", sa.Integer(), nullable=True),
        sa.Column("seal_sha256", WORD, nullable=True),
        sa.CheckConstraint("event IN ('close', 'reopen')", name=op.f("closings_event")),
        sa.CheckConstraint("length(period) = 7", name=op.f("closings_period")),
        sa.CheckConstraint("actor <> '' AND because <> ''", name=op.f("closings_says_who_and_why")),
        sa.CheckConstraint(
            "(event = 'reopen') = (request_id IS NOT NULL)",
            name=op.f("closings_reopened_on_request"),
        ),
        sa.CheckConstraint(
            "(event = 'close') = (entry_count IS NOT NULL) "
            "AND (event = 'close') = (charged_nano IS NOT NULL) "
            "AND (event = 'close') = (providers_json IS NOT NULL) "
            "AND (event = 'close') = (signed_json IS NOT NULL)",
            name=op.f("closings_close_says_what"),
        ),
        sa.CheckConstraint(
            "(COALESCE(entry_count, 0) > 0) = (first_entry_id IS NOT NULL) "
            "AND (first_entry_id IS NULL) = (last_entry_id IS NULL) "
            "AND (seal_block IS NULL) = (seal_sha256 IS NULL) "
            "AND (first_entry_id IS NULL OR seal_block IS NOT NULL)",
            name=op.f("closings_is_sealed"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("closings_request_id_fkey")
        ),
        sa.PrimaryKeyConstraint("closing_id", name=op.f("closings_pkey")),
        sa.UniqueConstraint("request_id", name=op.f("closings_request_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("closings_latest", "closings", ["period", "closing_id"], unique=True)


def _well_named(place: str, match: str) -> str:
    """Say in SQL that an actor is well named and has its key, as revision 0007 does for reviewers."""
    environment = op.get_context().environment_context
    assert environment is not None  # noqa: S101 - migrations run in `env.py`'s
    seventh: Any = environment.script.get_revision("0007").module
    asked: str = seventh._well_named(place, match)  # noqa: SLF001 - the revision that says how
    not_the_file = NOT_THE_FILE.format(local=LOCAL_PART.format(place=place, key="actor_key"))
    return f"{asked.replace('NEW.reviewer_key', 'NEW.actor_key')} AND {not_the_file}"


def _alias(place: str) -> str:
    return ALIAS.format(
        actor=LOCAL_PART.format(place=place, key="actor_key"),
        asked=LOCAL_PART.format(place=place, key="asked_key"),
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
    named = _well_named("instr", "(NEW.actor GLOB '*{}*')")
    by_name = tuple(
        (f"{table}_well_named", f"INSERT ON {table}", f"NOT ({named})", NOT_NAMED)
        for table in ("requests", "approvals")
    )
    own = ("approvals_by_another", "INSERT ON approvals", _alias("instr"), OWN)
    for name, when, broken, message in (*SQLITE_TRIGGERS, *by_name, own):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {when} WHEN {broken} "
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
    named = _well_named("strpos", "(NEW.actor COLLATE \"C\" ~ '{}')")
    of_entries = (
        ("current_setting('transaction_isolation') <> 'read committed'", NOT_COMMITTED),
        (f"NEW.period <> {MONTH_POSTGRESQL.format(at_us='NEW.at_us')}", OTHER_MONTH),
        (f"{LATEST_EVENT.format(period='NEW.period')} = 'close'", CLOSED),
    )
    # The lock comes before the look: a close that is under way is waited for, and then seen.
    _refuse(
        "entries_in_open_periods",
        of_entries,
        f"PERFORM pg_advisory_xact_lock_shared({LOCK_NUMBER});",
    )
    in_turn = IN_TURN.format(over=OVER_POSTGRESQL)
    _refuse("closings_in_turn", ((f"NOT COALESCE({in_turn}, FALSE)", NOT_IN_TURN),))
    of_answers = (
        (f"NOT ({ANSWERS})", NO_ANSWER),
        (f"NOT ({named})", NOT_NAMED),
        (_alias("strpos"), OWN),
    )
    _refuse("approvals_answer", of_answers)
    _refuse("requests_named", ((f"NOT ({named})", NOT_NAMED),))
    raised_alone = RAISED_ALONE.format(
        month_then=MONTH_POSTGRESQL.format(at_us="s.at_us"),
        month_now=MONTH_POSTGRESQL.format(at_us="NEW.at_us"),
    )
    _refuse("cap_rules_by_two", ((raised_alone, ALONE),))
    _refuse("raise_limits_by_two", ((LOOSENED_ALONE, LIMIT_ALONE), (LIMIT_FROM, FROM_NOW)))
    _refuse("budgets_capped_by_rule", ((OTHER_CAP, BY_RULE),))
    for name, table in (
        ("entries_in_open_periods", "entries"),
        ("closings_in_turn", "closings"),
        ("approvals_answer", "approvals"),
        ("requests_named", "requests"),
        ("cap_rules_by_two", "cap_rules"),
        ("raise_limits_by_two", "raise_limits"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    op.execute(
        "CREATE TRIGGER budgets_capped_by_rule BEFORE UPDATE OF cap_nano, rule_id ON budgets "
        f"FOR EACH ROW WHEN ({RECAPPED}) EXECUTE FUNCTION budgets_capped_by_rule()"
    )
    op.execute(
        "CREATE TRIGGER budgets_opened_by_rule BEFORE INSERT ON budgets FOR EACH ROW "
        "WHEN (NEW.rule_id IS NOT NULL) EXECUTE FUNCTION budgets_capped_by_rule()"
    )


def _refuse(name: str, refusals: tuple[tuple[str, str], ...], first: str = "") -> None:
    """Make a trigger's function that refuses a row for the first condition that it meets."""
    checks = " ".join(
        f"IF {broken} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF;"
        for broken, message in refusals
    )
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"{first} {checks} RETURN NEW; END $$"
    )
