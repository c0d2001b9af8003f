"""`mintage` as each role on a real PostgreSQL: what they need works, what is not theirs is refused."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import postgres_server
import psycopg
import pytest
from books_parts import SteppingClock, admit, an_order, plan, settle, unknown
from ledger_urls import migrated
from loopback.process import LoopbackProcess
from mint_runs import Desk, schnell_order

from console import app
from ledger import Books

USERS = {
    "runner": "mintage_foreman",
    "judge": "mintage_reviewer",
    "treasurer": "mintage_finance",
    "guest": "mintage_reader",
}
BECAUSE = ("--by", "tina@acme.example", "--because", "The month's plan")
CHARGE_REFUSED = {
    "runner": "an entry in a person's name is finance's",
    "judge": "permission denied for table attempts",
    "guest": "permission denied for table attempts",
}
REFUSED = "does not let this user do that"

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("independence_of_people")]


@dataclass(frozen=True, slots=True)
class Said:
    """What one command line came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401 - JSON is whatever it is
        """Read what it printed."""
        return json.loads(self.out)


Mintage = Callable[..., Said]


@pytest.fixture(scope="module")
def books_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Books with roles, which `mintage` gave them, and a user of each role."""
    server = postgres_server.session_server(request.config)
    url = server.fresh_database()
    migrated(url)
    owner = Desk.at(tmp_path_factory.mktemp("owner"), MINTAGE_DATABASE_URL=url)
    applied = owner.mintage("ledger", "roles", "--apply")
    assert (applied.code, applied.out) == (0, ""), applied.err
    assert applied.err.startswith("The roles are in force for the books at postgresql://")
    with psycopg.connect(url) as connection:
        for user, role in USERS.items():
            connection.execute(f"CREATE USER {user} PASSWORD 's3cret' IN ROLE {role}".encode())
    yield url
    server.drop_database(url)


@pytest.fixture
def mintage(
    books_url: str,
    studio_desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Mintage:
    """The command line as a user of the database, in this process: a new one for each costs a second."""
    for name in set(os.environ) - set(studio_desk.environment):
        monkeypatch.delenv(name)
    for name, value in studio_desk.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(studio_desk.folder)

    def as_user(user: str, *tokens: str) -> Said:
        url = books_url.replace("postgres:@", f"{user}:s3cret@", 1)
        monkeypatch.setenv("MINTAGE_DATABASE_URL", url)
        capsys.readouterr()
        code = app.run(list(tokens))
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return as_user


def works(said: Said, code: int = 0) -> Said:
    assert said.code == code, said.err
    return said


def is_refused(said: Said, because: str) -> None:
    """One sentence with what the server said and the way out, and no secret."""
    assert said.code == 1
    assert (said.out, said.err.count("\n")) == ("", 1), said
    assert said.err.startswith("mintage: The database at postgresql://")
    assert REFUSED in said.err
    assert because in said.err
    assert "see `mintage ledger roles`." in said.err
    assert "s3cret" not in said.err


def test_each_role_does_its_work_and_no_other(
    desk: Desk, provider: LoopbackProcess, mintage: Mintage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REPLICATE_API_TOKEN", "REPLICATE_BASE_URL"):
        monkeypatch.setenv(name, desk.environment[name])
    order = str(desk.write(schnell_order(3, review="all")))
    is_refused(mintage("judge", "run", order, "--json"), "permission denied for table orders")
    is_refused(mintage("treasurer", "run", order, "--json"), "permission denied for table orders")
    caps = desk.folder / "caps.yaml"
    caps.write_text('cost_centers: {cc-4100: {month: "500.00"}}\n')
    monkeypatch.setenv("MINTAGE_CAPS", str(caps))
    is_refused(mintage("runner", "run", order, "--json"), "permission denied for table cap_rules")
    assert provider.counters().posts == 0
    # What finance has set already, a run need not set.
    cap = ("ledger", "budget", "set", "cost_center", "cc-4100", "500.00", *BECAUSE)
    works(mintage("treasurer", *cap))

    report = works(mintage("runner", "run", order, "--json"), code=3).json()
    assert (report["in_review"], report["released"]) == (3, 0)
    name = report["order"]
    jobs = [one["job_id"] for one in works(_waiting(mintage, "guest")).json()["waiting"]]
    assert len(jobs) == 3
    approve = ("review", "approve", jobs[0], "--by", "maria@acme.example")
    for user, because in (
        ("runner", "permission denied for table reviews"),
        ("treasurer", "permission denied for table reviews"),
        ("guest", "permission denied for table jobs"),
    ):
        is_refused(mintage(user, *approve), because)
    works(mintage("judge", *approve))
    reject = ("review", "reject", jobs[1], "--by", "maria@acme.example")
    works(mintage("judge", *reject, "--because", "The mug has two handles"))
    is_refused(mintage("judge", "resume", name, "--json"), "permission denied for table leases")
    is_refused(mintage("judge", "stop", name), "a reviewer opens orders again")

    again = works(mintage("runner", "resume", name, "--json"), code=3).json()
    assert (again["released"], again["in_review"], again["attempts"]) == (1, 2, 4)
    assert provider.counters().created == 4
    works(mintage("runner", "stop", name))

    withdraw = ("assets", "withdraw", jobs[0], *BECAUSE)
    for user in ("runner", "treasurer", "guest"):
        is_refused(mintage(user, *withdraw), "permission denied for table")
    withdrawn = works(mintage("judge", *withdraw, "--json")).json()
    assert (withdrawn["job_id"], withdrawn["withdrawn_before"]) == (jobs[0], False)
    assert works(mintage("guest", "assets", "list", "--json")).json()["assets"] == []
    assert works(mintage("guest", "assets", "verify", "--json")).json()["withdrawn"] == 1


def _waiting(mintage: Mintage, user: str) -> Said:
    return mintage(user, "review", "list", "--json")


def test_finance_sets_caps_and_settles_what_was_lost_and_nobody_else_does(
    books_url: str, mintage: Mintage
) -> None:
    url = books_url.replace("postgres:@", "runner:@", 1)
    with Books.open(url, clock=SteppingClock()) as books:
        charged, voided, _ = (admit(books, job_id) for job_id in plan(books, an_order()))
        settle(books, unknown(charged), unknown(voided))
    cap = ("ledger", "budget", "set", "provider", "replicate", "50.00", *BECAUSE)
    charge = ("ledger", "settle", charged, "--charge", "0.003", *BECAUSE)
    for user in ("runner", "judge", "guest"):
        is_refused(mintage(user, *cap), "permission denied for table")
        is_refused(mintage(user, *charge), CHARGE_REFUSED[user])
    works(mintage("treasurer", *cap))
    works(mintage("treasurer", "ledger", "budget", "set", "order", "mugs@2026", "6.00", *BECAUSE))
    works(mintage("treasurer", "ledger", "budget", "set", "cost_center", "cc-4100", "9", *BECAUSE))
    works(mintage("treasurer", *charge))
    works(mintage("treasurer", "ledger", "settle", voided, "--void", *BECAUSE))
    proof = works(mintage("guest", "ledger", "verify", "--json")).json()
    assert proof["ok"]
    totals = works(mintage("guest", "ledger", "summary", "--by", "order", "--json")).json()
    (row,) = [row for row in totals["rows"] if row["order"] == "mugs@2026"]
    assert (row["charged_usd"], totals["unknown_usd"]) == ("0.003", "0.00")


def test_a_reader_reads_everything_and_writes_nothing(books_url: str, mintage: Mintage) -> None:
    url = books_url.replace("postgres:@", "runner:@", 1)
    with Books.open(url, clock=SteppingClock()) as books:
        plan(books, an_order("cups@2026"))
    for words in (
        ("status", "--json"),
        ("ledger", "summary", "--json", "--by", "order"),
        ("ledger", "export"),
        ("ledger", "verify", "--json"),
        ("ledger", "budget", "list", "--json"),
        ("assets", "list", "--json"),
        ("review", "list", "--json"),
        ("trace", "cups@2026#mug-0000", "--json"),
        ("ledger", "migrate"),
    ):
        for user in USERS:
            works(mintage(user, *words))
    is_refused(mintage("guest", "stop", "cups@2026"), "permission denied for table orders")
    is_refused(mintage("guest", "ledger", "roles", "--apply"), "permission denied")


def test_the_sql_is_printed_for_who_may_run_it_and_tables_that_came_later_are_named(
    books_url: str, mintage: Mintage
) -> None:
    script = works(mintage("guest", "ledger", "roles")).out
    assert script.startswith("-- Roles for the books of Mintage.")
    assert all(role in script for role in USERS.values())
    assert "s3cret" not in script
    with psycopg.connect(books_url, autocommit=True) as connection:
        connection.execute("REVOKE ALL ON totals FROM mintage_reader")
        told = works(mintage("postgres", "ledger", "migrate")).err
        assert "no rights to totals yet: run `mintage ledger roles --apply`." in told
        connection.execute(script.encode())
    assert "rights" not in works(mintage("postgres", "ledger", "migrate")).err


def test_on_sqlite_there_is_nobody_to_give_a_role_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINTAGE_DATABASE_URL", raising=False)
    for words in (["ledger", "roles"], ["ledger", "roles", "--apply"]):
        assert app.run(words) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("mintage: SQLite has no users, so there is nobody to give a role to")
        assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
