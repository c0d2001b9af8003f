"""Who may do what in the books where the database has users: four roles, in one table of rights.

PostgreSQL refuses what a role has no right to, whatever program asks. What hangs on the content of
a row (a job in review is not the foreman's) is asked by triggers, one function for all of them. The
tables' owner may do everything, as before; anybody else needs a role from then on. Applied by
`mintage ledger roles`, not by a migration: without roles there is nothing to ask for, and roles
belong to the whole server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, inspect, text

from ledger.engine import parse_url
from ledger.errors import BooksUnavailable

FOREMAN: Final = "mintage_foreman"
REVIEWER: Final = "mintage_reviewer"
FINANCE: Final = "mintage_finance"
READER: Final = "mintage_reader"

ROLES: Final[Mapping[str, str]] = {
    FOREMAN: "runs orders: money, attempts, verdicts and releases; nothing that a person decides",
    REVIEWER: "reads, decides about what waits for review, and withdraws what was released",
    FINANCE: (
        "reads, sets caps, settles attempts whose end nobody can tell, posts invoices, asks for "
        "and approves what takes two, and closes months"
    ),
    READER: "reads",
}
"""Every role and what it is for. All of them read everything."""

_ORDER_STATE = "UPDATE (state, stop_reason, updated_at_us)"
_JOB_WORK = (
    "UPDATE (state, reason, attempts_used, last_number, attempt_id, spent_nano, approved_by, "
    "accepted_at_us, updated_at_us)"
)
_ATTEMPT_END = (
    "UPDATE (state, counts, provider_ref, charged_nano, reason, sha256, media_type, byte_count, "
    "latency_ms, ended_at_us, came_size, came_sha256"
)
_TOTALS = ("INSERT", "UPDATE (charged_nano, overrun_nano, entry_count, adjusted_nano)")
_LEASES = ("INSERT", "UPDATE (order_id, holder, since_us, expires_at_us)", "DELETE")

RIGHTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "orders": {
        FOREMAN: ("INSERT", _ORDER_STATE),
        REVIEWER: (_ORDER_STATE,),
        FINANCE: (_ORDER_STATE,),
    },
    "jobs": {
        FOREMAN: ("INSERT", _JOB_WORK),
        REVIEWER: ("UPDATE (state, reason, approved_by, accepted_at_us, updated_at_us)",),
        FINANCE: ("UPDATE (state, reason, attempts_used, spent_nano, updated_at_us)",),
    },
    "attempts": {
        FOREMAN: ("INSERT", f"{_ATTEMPT_END}, lost_at_us)"),
        FINANCE: (f"{_ATTEMPT_END})",),
    },
    "holds": {
        FOREMAN: ("INSERT", "UPDATE (state, ended_at_us)"),
        FINANCE: ("UPDATE (state, ended_at_us)",),
    },
    "budgets": {
        FOREMAN: ("INSERT", "UPDATE (held_nano, spent_nano, overrun_nano, updated_at_us)"),
        FINANCE: (
            "INSERT",
            "UPDATE (cap_nano, rule_id, held_nano, spent_nano, overrun_nano, updated_at_us)",
        ),
    },
    "hold_budgets": {FOREMAN: ("INSERT",), FINANCE: ("INSERT",)},
    "entries": {FOREMAN: ("INSERT",), FINANCE: ("INSERT",)},
    "totals": {FOREMAN: _TOTALS, FINANCE: _TOTALS},
    "cap_rules": {FINANCE: ("INSERT",)},
    "decisions": {FINANCE: ("INSERT",)},
    "verdicts": {FOREMAN: ("INSERT",)},
    "releases": {FOREMAN: ("INSERT",)},
    "fingerprints": {FOREMAN: ("INSERT",)},
    "released_pictures": {FOREMAN: ("INSERT",)},
    "leases": {FOREMAN: _LEASES, FINANCE: _LEASES},
    # Who seals locks the table, which takes the right to update; its trigger refuses every update.
    "seals": {FOREMAN: ("INSERT", "UPDATE"), FINANCE: ("INSERT", "UPDATE")},
    "mends": {FOREMAN: ("INSERT",)},
    "signings": {FOREMAN: ("INSERT",)},
    "renditions": {FOREMAN: ("INSERT",)},
    "reviews": {REVIEWER: ("INSERT",)},
    "withdrawals": {REVIEWER: ("INSERT",)},
    "statements": {FINANCE: ("INSERT",)},
    "adjustments": {FINANCE: ("INSERT",)},
    "quotes": {FOREMAN: ("INSERT",)},
    "requests": {FINANCE: ("INSERT",)},
    "approvals": {FINANCE: ("INSERT",)},
    "raise_limits": {FINANCE: ("INSERT",)},
    "closings": {FINANCE: ("INSERT",)},
    "alembic_version": {},
}
"""What each role may do with a table besides reading it. A test holds it against the tables."""

SEQUENCES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "entries_entry_id_seq": ("entries", (FOREMAN, FINANCE)),
    "cap_rules_rule_id_seq": ("cap_rules", (FINANCE,)),
    "fingerprints_fingerprint_id_seq": ("fingerprints", (FOREMAN,)),
    "released_pictures_number_seq": ("released_pictures", (FOREMAN,)),
    "requests_request_id_seq": ("requests", (FINANCE,)),
    "raise_limits_limit_id_seq": ("raise_limits", (FINANCE,)),
    "closings_closing_id_seq": ("closings", (FINANCE,)),
}
"""Who takes numbers: by sequence, its table and the roles."""


@dataclass(frozen=True, slots=True)
class RowRule:
    """Rows that only some of those may write who may write to the table at all.

    `when` is a condition over OLD and NEW; `roles` are those who may, none but the owner if empty.
    """

    name: str
    table: str
    verb: str
    when: str
    roles: tuple[str, ...]
    refusal: str


_GIVEN_UP = "OLD.state IN ('building', 'unknown') AND NEW.state IN ('planned', 'failed')"

ROW_RULES: Final = (
    RowRule(
        "ask_a_new_job",
        "jobs",
        "INSERT",
        "NEW.state <> 'planned' OR NEW.approved_by IS NOT NULL",
        (),
        "a job begins as planned",
    ),
    RowRule(
        "ask_carried_over",
        "reviews",
        "INSERT",
        "NEW.carried_over",
        (),
        "a review is written when it is made",
    ),
    RowRule(
        "ask_leave_review",
        "jobs",
        "UPDATE",
        "OLD.state = 'in_review'",
        (REVIEWER,),
        "a job in review waits for a reviewer",
    ),
    RowRule(
        "ask_review_ends",
        "jobs",
        "UPDATE",
        "OLD.state = 'in_review' AND NEW.state NOT IN "
        "('in_review', 'approved', 'planned', 'rejected')",
        (),
        "a review approves a job, sends it back or rejects it",
    ),
    RowRule(
        "ask_approval",
        "jobs",
        "UPDATE",
        "NEW.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by",
        (REVIEWER,),
        "an approval in a person's name is a reviewer's",
    ),
    RowRule(
        "ask_work",
        "jobs",
        "UPDATE",
        f"OLD.state <> 'in_review' AND NOT ({_GIVEN_UP})",
        (FOREMAN,),
        "a job that is not in review is moved by the foreman",
    ),
    RowRule(
        "ask_given_up",
        "jobs",
        "UPDATE",
        _GIVEN_UP,
        (FOREMAN, FINANCE),
        "an attempt is ended by the foreman or by finance",
    ),
    RowRule(
        "ask_stop",
        "orders",
        "UPDATE",
        "NEW.state <> 'open'",
        (FOREMAN, FINANCE),
        "a reviewer opens orders again and does not end them",
    ),
    RowRule(
        "ask_built",
        "attempts",
        "UPDATE",
        "NEW.state <> 'failed' OR OLD.ended_at_us IS NOT NULL",
        (FOREMAN,),
        "finance ends attempts as failed and does nothing else to them",
    ),
    RowRule(
        "ask_shared",
        "budgets",
        "INSERT",
        "NEW.rule_id IS NULL",
        (FOREMAN,),
        "the budget of an order or a job is opened by the foreman",
    ),
    RowRule(
        "ask_booked",
        "entries",
        "INSERT",
        "NEW.actor IS NULL",
        (FOREMAN,),
        "an entry without a person's name is the foreman's",
    ),
    RowRule(
        "ask_decided",
        "entries",
        "INSERT",
        "NEW.actor IS NOT NULL",
        (FINANCE,),
        "an entry in a person's name is finance's",
    ),
)
"""What the content of a row decides. PostgreSQL binds the conditions when the triggers are made."""

_ASK = """CREATE OR REPLACE FUNCTION books_ask_for_role() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  FOR i IN 1 .. TG_NARGS - 1 LOOP
    IF pg_has_role(current_user, to_regrole(TG_ARGV[i]), 'USAGE') THEN RETURN NEW; END IF;
  END LOOP;
  IF pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')
  THEN RETURN NEW; END IF;
  RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = TG_ARGV[0];
END $$"""

# Making a trigger locks its table against writers, and every run locks the tables in an order of its
# own: so all of them are taken at once or none, and nobody waits for a lock while holding another.
_LOCK_ALL: Final = """DO $$ BEGIN
  FOR i IN 1 .. 2000 LOOP
    BEGIN
      LOCK TABLE TABLES IN SHARE ROW EXCLUSIVE MODE NOWAIT;
      RETURN;
    EXCEPTION WHEN lock_not_available THEN PERFORM pg_sleep(0.005);
    END;
  END LOOP;
  LOCK TABLE TABLES IN SHARE ROW EXCLUSIVE MODE NOWAIT;
END $$"""

# A trigger runs with the rights, and by default with the search path, of whoever writes: somebody
# with a temporary table called `reviews` could show it the approvals that it looks for.
_PIN: Final = """DO $$
DECLARE fun oid;
BEGIN
  FOR fun IN SELECT DISTINCT t.tgfoid FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND p.proname <> 'books_ask_for_role'
      AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
  LOOP
    EXECUTE 'ALTER FUNCTION ' || CAST(CAST(fun AS regprocedure) AS text)
      || ' SET search_path = ' || quote_ident(current_schema()) || ', pg_temp';
  END LOOP;
END $$"""

_NO_USERS: Final = (
    "SQLite has no users, so there is nobody to give a role to: whoever can write the file can write "
    "all of it; set MINTAGE_DATABASE_URL to a PostgreSQL database"
)

_LOCK_NUMBER: Final = 7_307_199_403
"""Two who apply the roles to one database at once take turns. Any constant number serves."""


def statements(tables: Collection[str]) -> Iterator[str]:
    """Every statement that makes the roles and gives them these tables, and takes anything else.

    They may run any number of times, and need PostgreSQL 14.
    """
    yield f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"
    for role in ROLES:
        yield _create(role)
    names = ", ".join(ROLES)
    yield _on_the_way_in(names)
    present = [table for table in RIGHTS if table in tables]
    for table in present:
        yield f"REVOKE ALL ON {table} FROM {names}"
        yield f"GRANT SELECT ON {table} TO {names}"
        for role, verbs in RIGHTS[table].items():
            yield f"GRANT {', '.join(verbs)} ON {table} TO {role}"
    for sequence, (table, roles) in SEQUENCES.items():
        if table in present:
            yield f"REVOKE ALL ON SEQUENCE {sequence} FROM {names}"
            yield f"GRANT USAGE ON SEQUENCE {sequence} TO {', '.join(roles)}"
    yield _ASK
    guarded = sorted({rule.table for rule in ROW_RULES if rule.table in present})
    yield _LOCK_ALL.replace("TABLES", ", ".join(guarded))
    yield _PIN
    for rule in (rule for rule in ROW_RULES if rule.table in present):
        words = ", ".join(f"'{word}'" for word in (_said(rule), *rule.roles))
        yield (
            f"CREATE OR REPLACE TRIGGER {rule.name} BEFORE {rule.verb} ON {rule.table}\n"
            f"  FOR EACH ROW WHEN ({rule.when})\n"
            f"  EXECUTE FUNCTION books_ask_for_role({words})"
        )


def _create(role: str) -> str:
    # Roles belong to the whole server: somebody may be making them for another database right now.
    return (
        f"DO $$ BEGIN\n  IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} NOLOGIN; END IF;\n"
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\nEND $$"
    )


def _on_the_way_in(names: str) -> str:
    return (
        "DO $$ BEGIN\n"
        "  EXECUTE 'GRANT CONNECT ON DATABASE ' || quote_ident(current_database())"
        f" || ' TO {names}';\n"
        "  EXECUTE 'GRANT USAGE ON SCHEMA ' || quote_ident(current_schema())"
        f" || ' TO {names}';\n"
        "END $$"
    )


def _said(rule: RowRule) -> str:
    needed = f" (needs {' or '.join(rule.roles)})" if rule.roles else ""
    return f"{rule.refusal}{needed}".replace("'", "''")


def role_script(url: str) -> str:
    """Everything as one script for `psql`, for whoever may not run it from here.

    Raises:
        BooksUnavailable: the database has no users, or is none that the books are kept in.
    """
    if parse_url(url).get_backend_name() == "sqlite":
        raise BooksUnavailable(_NO_USERS)
    purposes = "".join(f"--   {role}: {purpose}\n" for role, purpose in ROLES.items())
    body = "".join(f"{statement};\n" for statement in statements(RIGHTS))
    return (
        "-- Roles for the books of Mintage. To be run in their database by the owner of their\n"
        f"-- tables, who may also create roles; any number of times.\n{purposes}"
        "-- Nobody logs in as a role; make users of them:\n"
        f"--   CREATE USER nightly PASSWORD '...' IN ROLE {FOREMAN};\n"
        f"BEGIN;\n{body}COMMIT;\n"
    )


def apply(connection: Connection) -> None:
    """Make and grant the roles in the caller's transaction.

    Raises:
        BooksUnavailable: the database has no users.
    """
    if connection.dialect.name == "sqlite":
        raise BooksUnavailable(_NO_USERS)
    for statement in statements(_tables_there(connection)):
        connection.exec_driver_sql(statement)


def _tables_there(connection: Connection) -> frozenset[str]:
    return frozenset(inspect(connection).get_table_names()) & frozenset(RIGHTS)


def without_rights(connection: Connection) -> list[str]:
    """The tables that the roles, where there are any, may not even read: made since they were applied."""
    if connection.dialect.name == "sqlite":
        return []
    asked = text(
        "SELECT has_table_privilege(to_regrole(:role), to_regclass(:table_name), 'SELECT')"
    )
    return [
        table
        for table in sorted(_tables_there(connection))
        if connection.execute(asked, {"role": READER, "table_name": table}).scalar() is False
    ]
