"""What each role may write in the books, asked of a real PostgreSQL: the server refuses, not the program."""

# ruff: noqa: S608 - every statement is made of constants of this file
from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from books_parts import (
    CENT,
    SHA256,
    SteppingClock,
    admit,
    an_order,
    approve,
    built,
    inspect,
    move,
    plan,
    release,
    request,
    run_sql,
    settle,
    sound,
    state_of,
    through_signed,
    unknown,
    withdraw,
)
from postgres_server import PostgresServer

from ledger import (
    Admit,
    Books,
    BooksUnavailable,
    Decision,
    DecisionKind,
    HeldBy,
    JobMove,
    JobState,
    Lease,
    Scope,
)
from ledger.closing import close_period
from ledger.closing_views import Closing, RequestView
from ledger.roles import FINANCE, FOREMAN, READER, REVIEWER, RIGHTS, ROLES, ROW_RULES, SEQUENCES

pytestmark = pytest.mark.postgres

NEXT_MONTH = datetime(2026, 12, 2, tzinfo=UTC)

USERS = {
    "nightly": FOREMAN,
    "maria": REVIEWER,
    "frank": FINANCE,
    "visitor": READER,
    "intern": None,
    "anna": f"{FOREMAN}, {REVIEWER}",
}
"""Who logs in, and as what."""

WAITING, ACCEPTED, HELD, LOST, PLANNED = (f"mugs@2026#mug-{number:04}" for number in range(5))


def url_as(user: str, url: str) -> str:
    """Give the URL of a database for another user; the test server trusts whoever knocks."""
    return url.replace("postgres:@", f"{user}:@", 1)


@pytest.fixture(scope="module")
def ready_url(postgres: PostgresServer, migrated_url: str) -> str:
    """An empty database with roles, to be copied; their users belong to the whole server."""
    url = postgres.fresh_database(migrated_url)
    with Books.open(url, clock=SteppingClock()) as books:
        books.apply_roles()
    for user, role in USERS.items():
        run_sql(url, [f"CREATE USER {user}" + (f" IN ROLE {role}" if role else "")])
    return url


@pytest.fixture(scope="module")
def shared_url(postgres: PostgresServer, ready_url: str) -> Iterator[str]:
    """Books with a job in every state that matters; what tests write there is undone."""
    url = postgres.fresh_database(ready_url)
    with Books.open(url, clock=SteppingClock()) as books:
        for job_id in plan(books, an_order(jobs=5))[:2]:
            settle(books, built(admit(books, job_id)))
            inspect(books, job_id)
        move(books, JobMove(WAITING, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
        admit(books, HELD)
        admit(books, LOST)
        settle(books, unknown(f"{LOST}/1"))
    # The intern has rights from somebody who meant well, and no role.
    run_sql(url, ["GRANT ALL ON ALL TABLES IN SCHEMA public TO intern"])
    run_sql(url, ["GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO intern"])
    yield url
    postgres.drop_database(url)


@pytest.fixture
def own_url(postgres: PostgresServer, ready_url: str) -> Iterator[str]:
    """Books of one test."""
    url = postgres.fresh_database(ready_url)
    yield url
    postgres.drop_database(url)


def tried(url: str, user: str, *statements: str) -> str | None:
    """Try statements as a user and undo them; give what the server refused, None if it let them."""
    with psycopg.connect(url_as(user, url)) as connection:
        try:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            assert cursor.rowcount != 0, "nothing was there to be changed"
        except psycopg.errors.InsufficientPrivilege as error:
            return str(error.diag.message_primary)
        finally:
            connection.rollback()
    return None


def rights(url: str) -> set[tuple[str, str, str]]:
    """Give every (role, right, table or table.column) that the server knows of, reading left out."""
    asked = """
        SELECT r, v, c.relname FROM unnest(%(roles)s::text[]) r, pg_class c,
            unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) v
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND has_table_privilege(r, c.oid, v)
        UNION ALL
        SELECT r, v, c.relname || '.' || a.attname FROM unnest(%(roles)s::text[]) r, pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped,
            unnest('{INSERT,UPDATE,REFERENCES}'::text[]) v
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND NOT has_table_privilege(r, c.oid, v)
            AND has_column_privilege(r, c.oid, a.attnum, v)
        UNION ALL
        SELECT r, v, c.relname FROM unnest(%(roles)s::text[]) r, pg_class c,
            unnest('{USAGE,UPDATE}'::text[]) v
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
            AND has_sequence_privilege(r, c.oid, v)
    """
    with psycopg.connect(url) as connection:
        return set(connection.execute(asked, {"roles": list(ROLES)}).fetchall())


def rights_of_the_code() -> set[tuple[str, str, str]]:
    wanted = set()
    for table, of_roles in RIGHTS.items():
        for role, verbs in of_roles.items():
            for right in verbs:
                verb, _, columns = right.partition(" ")
                names = re.findall(r"\w+", columns)
                wanted |= {(role, verb, f"{table}.{name}") for name in names}
                wanted |= set() if names else {(role, verb, table)}
    for sequence, (_, roles) in SEQUENCES.items():
        wanted |= {(role, "USAGE", sequence) for role in roles}
    return wanted


def test_the_server_gives_each_role_what_the_table_in_the_code_says_and_nothing_else(
    own_url: str,
) -> None:
    assert rights(own_url) == rights_of_the_code()
    stray = [
        "GRANT ALL ON cap_rules TO mintage_foreman",
        "REVOKE INSERT ON jobs FROM mintage_foreman",
    ]
    run_sql(own_url, [*stray, "GRANT UPDATE (sha256) ON attempts TO mintage_reader"])
    assert rights(own_url) != rights_of_the_code()
    with Books.open(own_url, clock=SteppingClock()) as books:
        books.apply_roles()
    assert rights(own_url) == rights_of_the_code()


def test_every_table_of_the_books_has_its_row_and_every_role_reads_it(own_url: str) -> None:
    with psycopg.connect(own_url) as connection:
        found = connection.execute(
            "SELECT relname, has_table_privilege(r, oid, 'SELECT') FROM pg_class, "
            "unnest(%s::text[]) r WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
            [list(ROLES)],
        ).fetchall()
    assert {name for name, _ in found} == set(RIGHTS)
    assert all(may_read for _, may_read in found)
    assert {rule.table for rule in ROW_RULES} <= set(RIGHTS)


def test_money_attempts_and_verdicts_are_not_the_reviewers_nor_decisions_the_foremans() -> None:
    writers = {table: set(of_roles) for table, of_roles in RIGHTS.items()}
    assert {table for table, roles in writers.items() if REVIEWER in roles} == {
        *("orders", "jobs", "reviews", "withdrawals"),
    }
    assert not any(READER in roles for roles in writers.values())
    assert [writers[name] for name in ("cap_rules", "decisions", "reviews")] == [
        *({FINANCE}, {FINANCE}, {REVIEWER}),
    ]
    assert [writers[name] for name in ("verdicts", "releases")] == [{FOREMAN}, {FOREMAN}]


MOVE = "UPDATE jobs SET state = '{}' WHERE job_id = '{}'"
BOOK = (
    "INSERT INTO entries (at_us, period, kind, from_account, to_account, amount_nano, attempt_id, "
    "job_id, order_id, cost_center, campaign, owner, provider, model, lines_json, actor, because) "
    "SELECT at_us, period, 'charge', 'a', 'b', 1, attempt_id, job_id, order_id, cost_center, "
    "campaign, owner, provider, model, '[]', {actor}, {actor} FROM entries WHERE kind = 'hold' "
    f"AND attempt_id = '{LOST}/1'"
)
REVIEW = (
    "INSERT INTO reviews (attempt_id, job_id, sha256, decision, actor, at_us, reviewer_key, "
    f"carried_over) VALUES ('{WAITING}/1', '{WAITING}', '{SHA256}', 'approved', "
    "'maria@acme.example', 1, 'maria@acme.example', {})"
)
REVIEWED = REVIEW.format("false")
APPROVE = (
    "UPDATE jobs SET state = 'approved', approved_by = 'maria@acme.example', accepted_at_us = 1 "
    f"WHERE job_id = '{WAITING}'"
)
CAP = (
    "INSERT INTO cap_rules (at_us, scope, subject, cap_nano, actor, because) "
    "VALUES (1, 'provider', 'replicate', 1, 'a', 'b')"
)
RAISE = "UPDATE budgets SET cap_nano = cap_nano + 1 WHERE scope = 'order'"
CLOSE = (
    "INSERT INTO closings (at_us, period, event, actor, because, entry_count, charged_nano, "
    "providers_json, signed_json) VALUES (1, '2026-01', 'close', 'a', 'b', 0, 0, '[]', '[]')"
)
LIMIT = "INSERT INTO raise_limits (at_us, after_rule_id, actor, because) VALUES (1, 0, 'a', 'b')"
RULE = (
    "INSERT INTO cap_rules (at_us, scope, subject, cap_nano, actor, because) "
    f"VALUES (1, 'order', 'mugs@2026', {600 * CENT}, 'a', 'b')"
)
BY_RULE = (
    f"UPDATE budgets SET cap_nano = {600 * CENT}, rule_id = (SELECT MAX(rule_id) FROM cap_rules) "
    "WHERE budget_id = 'order:mugs@2026'"
)
END = "UPDATE attempts SET state = '{}', ended_at_us = 1{} WHERE attempt_id = '" + LOST + "/1'"
VERDICT = (
    "INSERT INTO verdicts (attempt_id, position, criterion, version, parameters_json, passed, "
    f"measured_json, at_us) VALUES ('{HELD}/1', 1, 'x', 1, '{{}}', true, '{{}}', 1)"
)
DOUBT = (
    "INSERT INTO verdicts (attempt_id, position, criterion, version, parameters_json, passed, "
    "measured_json, reason, at_us, severity, sha256) VALUES "
    f"('{ACCEPTED}/1', 9, 'doubt', 1, '{{}}', false, '{{}}', 'unclear', 1, 'review', '{SHA256}')"
)
MEND = (
    "INSERT INTO mends (attempt_id, number, kind, from_sha256, to_sha256, because, at_us) "
    f"VALUES ('{WAITING}/1', 1, 'reencode', '{SHA256}', '{'ef' * 32}', 'x', 1)"
)
MENDED = [
    "INSERT INTO verdicts (attempt_id, position, criterion, version, parameters_json, passed, "
    "measured_json, reason, at_us, sha256) VALUES "
    f"('{WAITING}/1', {position}, 'size', 1, '{{}}', {passed}, '{{}}', 'x', 1, '{digest * 32}')"
    for position, passed, digest in ((8, "false", "ab"), (9, "true", "ef"))
]
JOB = (
    "INSERT INTO jobs (job_id, order_id, position, name, brief_json, state, attempts_used, "
    "last_number, spent_nano, updated_at_us) "
    "VALUES ('x', 'mugs@2026', 99, 'x', '{}', '%s', 0, 0, 0, 1)"
)
STOP = "UPDATE orders SET state = 'stopped', stop_reason = 'x'"


@pytest.mark.parametrize(
    ("user", "statement", "said"),
    [
        ("nightly", REVIEWED, "permission denied for table reviews"),
        ("nightly", APPROVE, "an approval in a person's name is a reviewer's"),
        ("nightly", MOVE.format("approved", WAITING), "a job in review waits for a reviewer"),
        ("nightly", MOVE.format("rejected", WAITING), "a job in review waits for a reviewer"),
        ("nightly", MOVE.format("planned", WAITING), "a job in review waits for a reviewer"),
        ("nightly", APPROVE.replace(WAITING, ACCEPTED), "an approval in a person's name"),
        ("nightly", JOB % "approved", "a job begins as planned"),
        ("nightly", CAP, "permission denied for table cap_rules"),
        ("nightly", RAISE, "permission denied for table budgets"),
        ("nightly", CLOSE, "permission denied for table closings"),
        ("maria", CLOSE, "permission denied for table closings"),
        ("nightly", LIMIT, "permission denied for table raise_limits"),
        ("nightly", BOOK.format(actor="'frank'"), "an entry in a person's name is finance's"),
        ("nightly", "UPDATE orders SET cap_nano = 1", "permission denied for table orders"),
        ("nightly", "UPDATE orders SET spec_json = '{}'", "permission denied for table orders"),
        ("nightly", "UPDATE jobs SET brief_json = '{}'", "permission denied for table jobs"),
        ("nightly", "UPDATE verdicts SET passed = true", "permission denied for table verdicts"),
        ("nightly", "DELETE FROM entries", "permission denied for table entries"),
        ("nightly", "TRUNCATE jobs CASCADE", "permission denied for table jobs"),
        ("nightly", "DROP TRIGGER ask_work ON jobs", "must be owner of relation jobs"),
        (
            "nightly",
            "SET ROLE mintage_reviewer",
            'permission denied to set role "mintage_reviewer"',
        ),
        ("maria", BOOK.format(actor="'maria'"), "permission denied for table entries"),
        ("maria", BOOK.format(actor="NULL"), "permission denied for table entries"),
        ("maria", END.format("failed", ""), "permission denied for table attempts"),
        ("maria", VERDICT, "permission denied for table verdicts"),
        ("maria", CAP, "permission denied for table cap_rules"),
        ("maria", "UPDATE holds SET state = 'voided'", "permission denied for table holds"),
        ("maria", REVIEW.format("true"), "a review is written when it is made"),
        ("maria", MOVE.format("approved", ACCEPTED), "is moved by the foreman"),
        ("maria", MOVE.format("planned", HELD), "an attempt is ended by the foreman or by finance"),
        ("maria", MOVE.format("released", WAITING), "a review approves a job, sends it back or"),
        ("maria", STOP, "a reviewer opens orders again and does not end them"),
        ("frank", REVIEWED, "permission denied for table reviews"),
        ("frank", APPROVE, "permission denied for table jobs"),
        ("frank", MOVE.format("approved", WAITING), "a job in review waits for a reviewer"),
        ("frank", MOVE.format("approved", ACCEPTED), "is moved by the foreman"),
        ("frank", MOVE.format("built", HELD), "is moved by the foreman"),
        ("frank", END.format("built", ", sha256 = 'x'"), "finance ends attempts as failed"),
        ("frank", BOOK.format(actor="NULL"), "an entry without a person's name is the foreman's"),
        ("frank", VERDICT, "permission denied for table verdicts"),
        ("frank", JOB % "planned", "permission denied for table jobs"),
        ("frank", "DELETE FROM cap_rules", "permission denied for table cap_rules"),
        ("visitor", STOP, "permission denied for table orders"),
        ("visitor", CAP, "permission denied for table cap_rules"),
        ("visitor", "SELECT nextval('entries_entry_id_seq')", "permission denied for sequence"),
        ("visitor", "SELECT 1 FROM jobs FOR UPDATE", "permission denied for table jobs"),
        ("intern", APPROVE, "an approval in a person's name is a reviewer's"),
        ("intern", MOVE.format("refused", PLANNED), "is moved by the foreman"),
        ("intern", BOOK.format(actor="'frank'"), "an entry in a person's name is finance's"),
        ("intern", BOOK.format(actor="NULL"), "an entry without a person's name is the foreman's"),
    ],
)
def test_what_is_not_a_roles_the_server_refuses(
    shared_url: str, user: str, statement: str, said: str
) -> None:
    refused = tried(shared_url, user, statement)
    assert refused is not None, "the server let it happen"
    assert said in refused


@pytest.mark.parametrize(
    ("user", "statements"),
    [
        ("nightly", [MOVE.format("in_review", ACCEPTED)]),
        ("nightly", [MOVE.format("approved", ACCEPTED)]),
        ("nightly", [MOVE.format("refused", PLANNED)]),
        ("nightly", [MOVE.format("planned", HELD)]),
        ("nightly", [BOOK.format(actor="NULL")]),
        ("nightly", [STOP]),
        ("nightly", [VERDICT]),
        ("nightly", [JOB % "planned"]),
        ("maria", [REVIEWED, APPROVE]),
        ("maria", [MOVE.format("planned", WAITING)]),
        ("maria", [MOVE.format("rejected", WAITING)]),
        ("maria", ["UPDATE orders SET state = 'open'"]),
        ("frank", [CAP]),
        ("frank", [RULE, BY_RULE]),
        ("frank", [END.format("failed", "")]),
        ("frank", [MOVE.format("planned", HELD)]),
        ("frank", [BOOK.format(actor="'frank'")]),
        ("frank", [STOP]),
        ("anna", [MOVE.format("refused", PLANNED)]),
        ("anna", [REVIEWED, APPROVE]),
        ("postgres", [REVIEWED, APPROVE]),
        ("postgres", [MOVE.format("refused", PLANNED)]),
        ("visitor", ["SELECT * FROM attempts"]),
    ],
)
def test_what_is_a_roles_the_server_lets_it_do(
    shared_url: str, user: str, statements: list[str]
) -> None:
    assert tried(shared_url, user, *statements) is None


def test_not_even_finance_raises_a_budget_without_a_rule(shared_url: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="has the cap of its rule"):
        run_sql(url_as("frank", shared_url), [RAISE])


def test_a_temporary_table_cannot_stand_in_for_the_reviews(shared_url: str) -> None:
    """Without a pinned search path a trigger would look into whatever the writer calls `reviews`."""
    with psycopg.connect(shared_url) as connection:
        connection.execute(DOUBT.encode())
    past = MOVE.format("approved", ACCEPTED)
    refused = "approved by a review of its very bytes"
    assert refused in str(_error(shared_url, "nightly", past))
    pretended = "CREATE TEMP TABLE verdicts AS SELECT * FROM public.verdicts WHERE false"
    assert refused in str(_error(shared_url, "nightly", pretended, past))


def _error(url: str, user: str, *statements: str) -> psycopg.Error | None:
    with psycopg.connect(url_as(user, url)) as connection:
        try:
            for statement in statements:
                connection.execute(statement.encode())
        except psycopg.Error as error:
            return error
        finally:
            connection.rollback()
    return None


def test_each_role_does_its_whole_work_and_the_books_hold(own_url: str) -> None:
    def books_of(user: str) -> Books:
        return Books.open(url_as(user, own_url), clock=SteppingClock())

    with books_of("nightly") as books:
        first, second, third = plan(books, an_order(jobs=3), "thumb")
        with books.transaction() as desk:
            assert isinstance(desk.take_lease("mugs@2026", "me", 60), Lease)
            assert isinstance(desk.take_lease("mugs@2026", "you", 60), HeldBy)
            desk.renew_lease("mugs@2026", "me", 60)
            desk.must_hold_lease("mugs@2026", "me")
            assert desk.drop_lease("mugs@2026", "me")
        through_signed(books, first)
        with pytest.raises(BooksUnavailable, match="permission denied for table withdrawals"):
            withdraw(books, first)
        lost = admit(books, second)
        settle(books, unknown(lost))
        left = admit(books, third)
    with books_of("maria") as books:
        assert withdraw(books, first)
        assert not withdraw(books, first)
    with books_of("frank") as books:
        with books.transaction() as desk:
            desk.decide(Decision(lost, DecisionKind.VOID, Decimal(0), "frank", "not on the bill"))
        with books.transaction() as desk:
            desk.decide(Decision(left, DecisionKind.VOID, Decimal(0), "frank", "not on the bill"))
        for scope, subject in (
            (Scope.ORDER, "mugs@2026"),
            (Scope.COST_CENTER, "cc-4100"),
            (Scope.PROVIDER, "replicate"),
        ):
            with books.transaction() as desk:
                assert desk.set_cap(scope, subject, 600 * CENT, by="frank", because="more of it")
        two_persons_raise(books)
    with Books.open(url_as("frank", own_url), clock=lambda: NEXT_MONTH) as books:
        done = close_period(books, "2026-11", by="frank", because="the month is done", sign=True)
        assert isinstance(done, Closing)
        with books.transaction() as desk:
            asked = desk.ask_reopen("2026-11", by="frank", because="one is missing")
        with books.transaction() as desk:
            desk.approve(asked.request_id, by="fiona")
    with books_of("nightly") as books:
        settle(books, built(admit(books, second, number=2)))
        assert books.seal() > 0
        assert state_of(books, second) is JobState.BUILT
    with books_of("visitor") as books:
        sound(books)
        assert books.verify().blocks == 2


def two_persons_raise(books: Books) -> None:
    """Set a limit, and raise a cap above it."""
    with books.transaction() as desk:
        assert desk.change_limit(CENT, by="frank", because="two above a cent") is True
        asked = desk.change_cap(
            Scope.PROVIDER, "replicate", 700 * CENT, by="frank", because="more of it"
        )
    assert isinstance(asked, RequestView)
    with books.transaction() as desk:
        desk.approve(asked.request_id, by="fiona")


def test_what_the_foreman_could_still_do_to_a_decision_is_found_by_the_proof(own_url: str) -> None:
    """The server does not keep mended bytes from changing once more; whoever proves the books sees it."""
    with Books.open(url_as("nightly", own_url), clock=SteppingClock()) as books:
        for job_id in plan(books, an_order(jobs=1)):
            settle(books, built(admit(books, job_id)))
            inspect(books, job_id)
        move(books, JobMove(WAITING, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
    run_sql(url_as("maria", own_url), [REVIEWED, APPROVE])
    with Books.open(url_as("visitor", own_url), clock=SteppingClock()) as books:
        sound(books)
        run_sql(url_as("nightly", own_url), [f"UPDATE attempts SET sha256 = '{'ef' * 32}'"])
        assert "was not made of them" in str(books.verify().problem)
        run_sql(url_as("nightly", own_url), [MEND, *MENDED])
        assert "that is not what became of them" in str(books.verify().problem)


@pytest.mark.parametrize("user", ["nightly", "maria", "visitor"])
def test_a_cap_is_refused_with_one_sentence(own_url: str, user: str) -> None:
    with (
        Books.open(url_as(user, own_url), clock=SteppingClock()) as books,
        pytest.raises(BooksUnavailable) as refused,
        books.transaction() as desk,
    ):
        desk.set_cap(Scope.PROVIDER, "replicate", CENT, by="somebody", because="of it")
    assert "does not let this user do that" in str(refused.value)
    assert "see `mintage ledger roles`" in str(refused.value)


def test_the_script_for_a_database_client_does_the_same(
    postgres: PostgresServer, migrated_url: str
) -> None:
    url = postgres.fresh_database(migrated_url)
    assert rights(url) != rights_of_the_code()
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(2):
            connection.execute(Books.role_script(url).encode())
    assert rights(url) == rights_of_the_code()
    postgres.drop_database(url)


def test_who_does_not_own_the_tables_cannot_give_rights_to_them(own_url: str) -> None:
    before = rights(own_url)
    with (
        Books.open(url_as("nightly", own_url), clock=SteppingClock()) as books,
        pytest.raises(BooksUnavailable, match="does not let this user do that"),
    ):
        books.apply_roles()
    assert rights(own_url) == before


def test_many_may_apply_the_roles_at_once(own_url: str) -> None:
    def apply(_: int) -> None:
        with Books.open(own_url, clock=SteppingClock()) as books:
            books.apply_roles()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(apply, range(4)))
    assert rights(own_url) == rights_of_the_code()


def test_roles_are_applied_under_runs_that_go_on(own_url: str) -> None:
    """Triggers need locks on tables that every run writes to, in orders of its own."""
    order = an_order(jobs=60, cap="50.00")
    with Books.open(own_url, clock=SteppingClock()) as owner:
        jobs = plan(owner, order)

        def work(mine: list[str]) -> None:
            with Books.open(url_as("nightly", own_url), clock=SteppingClock()) as books:
                for job_id in mine:
                    with books.transaction() as desk:
                        (admitted,) = desk.hold([request(job_id)])
                        assert isinstance(admitted, Admit)
                        desk.settle([built(admitted.attempt_id)])
                    inspect(books, job_id)
                    approve(books, job_id)
                    release(books, job_id)

        with ThreadPoolExecutor(2) as threads:
            runs = [threads.submit(work, jobs[start::2]) for start in range(2)]
            times = 0
            while not all(run.done() for run in runs):
                owner.apply_roles()
                times += 1
            for run in runs:
                run.result()
        assert times > 1
        sound(owner)


def test_a_table_that_came_after_the_roles_is_named(own_url: str) -> None:
    with Books.open(own_url, clock=SteppingClock()) as books:
        assert books.tables_without_rights() == []
        run_sql(own_url, ["REVOKE ALL ON totals FROM mintage_reader"])
        assert books.tables_without_rights() == ["totals"]


def test_sqlite_has_no_users() -> None:
    with pytest.raises(BooksUnavailable, match="SQLite has no users"):
        Books.role_script("sqlite:///ledger.db")
