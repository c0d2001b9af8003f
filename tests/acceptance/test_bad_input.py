"""Whatever is wrong around a command: one sentence, the right exit code, and nothing lost.

Each test takes the cause away in the end and sees the same command succeed.
"""

from __future__ import annotations

import resource
import socket
import sqlite3
from collections.abc import Iterator
from decimal import Decimal

import pytest
from loopback.process import LoopbackProcess
from manners_parts import (
    assert_one_sentence,
    cards_order,
    files_below,
    run_with,
    small_disk,
    without_root_powers,
)
from mint_runs import Desk, assert_books_equal_bill, schnell_order

BUSY_AFTER_ONE_SECOND = "sqlite:///.mintage/ledger.db?timeout=1"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: a connection is refused, and nobody else gets the number.
        yield taken.getsockname()[1]


def text_of(**changes: object) -> str:
    import yaml

    return str(yaml.safe_dump({**cards_order(), **changes}, sort_keys=False))


BAD_ORDERS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "wrong YAML": (b"order: [unclosed\ntitle: x\n", (".yaml:",)),
    "a binary file": (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", ("UTF-8",)),
    "an empty file": (b"", ("no fields",)),
    "an unknown model": (
        text_of(generator={"provider": "studio", "model": "oils", "params": {}}).encode(),
        ("generator", "'oils'"),
    ),
    "an unknown provider": (
        text_of(generator={"provider": "acme", "model": "cards", "params": {}}).encode(),
        ("generator", "acme"),
    ),
    "an unknown field": (text_of(colour="red").encode(), ("colour", "found")),
    "money as a float": (
        text_of(budget={"cap": 0.5, "per_job": "0.003", "attempts": 3}).encode(),
        ("budget.cap", '"0.5'),
    ),
}


@pytest.mark.parametrize("kind", BAD_ORDERS)
def test_a_bad_order_is_refused_with_its_problems_and_leaves_nothing_behind(
    studio_desk: Desk, kind: str
) -> None:
    content, marks = BAD_ORDERS[kind]
    (studio_desk.folder / "bad.yaml").write_bytes(content)
    done = studio_desk.mintage("run", "bad.yaml")
    assert done.code == 2, done.err
    assert "Traceback" not in done.err
    head, *problems = done.err.splitlines()
    count = len(problems)
    assert head == f"mintage: bad.yaml has {count} problem{'s' if count > 1 else ''}."
    assert all(line.startswith("  bad.yaml") for line in problems)
    assert any(all(mark in line for mark in marks) for line in problems), done.err
    assert files_below(studio_desk.folder) == {"bad.yaml"}


def test_what_is_no_file_is_refused_and_the_mended_order_runs(studio_desk: Desk) -> None:
    (studio_desk.folder / "folder.yaml").mkdir()
    for name in ("folder.yaml", "nothing.yaml"):
        done = studio_desk.mintage("run", name)
        assert done.code == 2
        assert done.err.count("\n") == 2
        assert f"{name}: found a file that cannot be read" in done.err
    every = studio_desk.mintage("check", "folder.yaml", "nothing.yaml")
    assert (every.code, every.out.count("cannot be read")) == (2, 2)
    studio_desk.write(cards_order(), "nothing.yaml")
    assert studio_desk.mintage("run", "nothing.yaml").code == 0


def test_without_a_token_nothing_is_entered_and_with_one_the_order_runs(
    desk: Desk, provider: LoopbackProcess
) -> None:
    order = str(desk.write(schnell_order(2)))
    token = desk.environment.pop("REPLICATE_API_TOKEN")
    assert_one_sentence(desk.mintage("run", order), 1, "REPLICATE_API_TOKEN is not set", ".env")
    assert "no orders yet" in desk.mintage("status").out
    (desk.folder / ".env").write_text(f"REPLICATE_API_TOKEN={token}\n")
    assert desk.mintage("run", order).code == 0
    assert assert_books_equal_bill(desk, provider) == Decimal("0.006")


@pytest.mark.parametrize("cause", ["a wrong token", "a provider that cannot be reached"])
def test_a_provider_that_sends_nobody_in_stops_the_run_and_costs_nothing(
    desk: Desk, provider: LoopbackProcess, closed_port: int, cause: str
) -> None:
    order = str(desk.write(schnell_order(2)))
    good = dict(desk.environment)
    wrong_token = "r8_wrongwrongwrongwrongwrongwrongwrongwr"
    if cause == "a wrong token":
        desk.environment["REPLICATE_API_TOKEN"] = wrong_token
        mark = "refused the token"
    else:
        desk.environment["REPLICATE_BASE_URL"] = f"http://127.0.0.1:{closed_port}"
        mark = "cannot be reached"
    done = desk.mintage("run", order)
    assert_one_sentence(done, 1, mark)
    assert wrong_token not in done.out + done.err
    assert "Next: `mintage resume storm@" in done.out
    status = desk.mintage("status", "--json").json()["orders"][0]
    assert (status["stopped"], status["spent_usd"], status["held_usd"]) == (2, "0.00", "0.00")
    assert provider.counters().created == 0
    desk.environment = good
    assert desk.mintage("run", order).code == 0
    assert assert_books_equal_bill(desk, provider) == Decimal("0.006")


@pytest.mark.s3
def test_an_s3_store_that_cannot_be_used_is_named_before_anything_is_made(
    studio_desk: Desk, s3_environment: dict[str, str], closed_port: int
) -> None:
    order = str(studio_desk.write(cards_order()))
    plain = dict(studio_desk.environment)
    secret = s3_environment["AWS_SECRET_ACCESS_KEY"]
    no_keys = {
        name: value
        for name, value in s3_environment.items()
        if name not in {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    }
    causes = (
        ({**s3_environment, "MINTAGE_STORE_URL": "s3://no-such-bucket/mint"}, "no-such-bucket"),
        ({**s3_environment, "AWS_SECRET_ACCESS_KEY": "x" * 40}, "AWS_SECRET_ACCESS_KEY"),
        ({**s3_environment, "AWS_ACCESS_KEY_ID": "nobody"}, "AWS_ACCESS_KEY_ID"),
        (no_keys, "no usable credentials"),
        (
            {**s3_environment, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{closed_port}"},
            "cannot be reached",
        ),
    )
    for environment, mark in causes:
        studio_desk.environment = {**plain, **environment}
        done = studio_desk.mintage("run", order)
        assert_one_sentence(done, 1, mark)
        assert secret not in done.err
    assert "no orders yet" in studio_desk.mintage("status").out
    # As in a real deployment, the right ones come from a file.
    studio_desk.environment = plain
    lines = (f"{name}={value}\n" for name, value in s3_environment.items())
    (studio_desk.folder / ".env").write_text("".join(lines))
    done = studio_desk.mintage("run", order)
    assert done.code == 0, done.err
    assert "Manifest: s3://" in done.out
    assert secret not in studio_desk.mintage("doctor").out


def test_a_folder_that_cannot_be_the_store_is_named_and_another_one_works(
    studio_desk: Desk,
) -> None:
    order = str(studio_desk.write(cards_order()))
    (studio_desk.folder / "file").write_text("not a folder")
    read_only = studio_desk.folder / "read-only"
    read_only.mkdir(mode=0o555)
    for url, mark in (
        ("file:file", "is a file, not a folder"),
        ("file:file/below", "file"),
        ("file:/proc/mintage", "/proc/mintage"),
        ("file:read-only", "may not write"),
    ):
        studio_desk.environment["MINTAGE_STORE_URL"] = url
        assert_one_sentence(
            run_with(studio_desk, "run", order, prefix=without_root_powers()), 1, mark
        )
    assert "no orders yet" in studio_desk.mintage("status").out
    assert not any(read_only.iterdir())
    read_only.chmod(0o755)
    done = run_with(studio_desk, "run", order, prefix=without_root_powers())
    assert done.code == 0, done.err
    assert studio_desk.mintage("assets", "verify", "--deep").code == 0


WORDS = tuple(f"word-{number:02}" for number in range(24))


def assert_whole_after(desk: Desk, order: str, jobs: int) -> None:
    """Check that the same command ends the order, and that books and store agree."""
    done = desk.mintage("run", order, "--json")
    assert (done.code, done.json()["released"]) == (0, jobs), done.err
    assert desk.mintage("ledger", "verify").code == 0
    assert desk.mintage("assets", "verify", "--deep").code == 0


def test_a_full_disk_under_the_store_stops_the_run_and_room_lets_it_go_on(
    studio_desk: Desk,
) -> None:
    order = str(studio_desk.write(cards_order(*WORDS)))
    disk = studio_desk.folder / "disk"
    studio_desk.environment["MINTAGE_STORE_URL"] = "file:disk/store"
    with small_disk(disk, "64k") as resize:
        done = studio_desk.mintage("run", order)
        assert_one_sentence(done, 1, "disk")
        assert studio_desk.mintage("ledger", "verify").code == 0
        resize("16m")
        assert_whole_after(studio_desk, order, len(WORDS))


def test_a_full_disk_under_the_books_stops_the_run_and_room_lets_it_go_on(
    studio_desk: Desk,
) -> None:
    order = str(studio_desk.write(cards_order(*WORDS)))
    studio_desk.environment["MINTAGE_DATABASE_URL"] = "sqlite:///disk/ledger.db"
    with small_disk(studio_desk.folder / "disk", "640k") as resize:
        done = studio_desk.mintage("run", order)
        assert_one_sentence(done, 1, "no disk space left")
        resize("16m")
        assert_whole_after(studio_desk, order, len(WORDS))


def test_a_file_size_limit_stops_the_run_and_lifting_it_lets_it_go_on(studio_desk: Desk) -> None:
    """RLIMIT_FSIZE (EFBIG) stands in for a full disk where none may be mounted."""
    order = str(studio_desk.write(cards_order(*WORDS)))
    limits = (200_000, resource.RLIM_INFINITY)
    done = run_with(
        studio_desk,
        "run",
        order,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
    )
    assert_one_sentence(done, 1, "ledger.db", "check the disk")
    assert_whole_after(studio_desk, order, len(WORDS))


def test_a_database_that_cannot_be_the_books_is_named_and_is_left_as_it_was(
    studio_desk: Desk,
) -> None:
    order = str(studio_desk.write(cards_order()))
    folder = studio_desk.folder
    (folder / "letter.txt").write_text("Dear books,\n" * 400)
    before = (folder / "letter.txt").read_bytes()
    for url, mark in (
        ("sqlite:///letter.txt", "is not a database"),
        ("sqlite:///letter.txt/ledger.db", "letter.txt"),
        ("sqlite:////proc/mintage/ledger.db", "cannot be made"),
    ):
        studio_desk.environment["MINTAGE_DATABASE_URL"] = url
        assert_one_sentence(studio_desk.mintage("run", order), 1, mark)
    assert (folder / "letter.txt").read_bytes() == before
    studio_desk.environment.pop("MINTAGE_DATABASE_URL")
    assert studio_desk.mintage("run", order).code == 0


def test_books_of_a_newer_version_are_not_touched(studio_desk: Desk) -> None:
    order = str(studio_desk.write(cards_order()))
    assert studio_desk.mintage("status").code == 0
    books = sqlite3.connect(studio_desk.folder / ".mintage" / "ledger.db", isolation_level=None)
    (known,) = books.execute("SELECT version_num FROM alembic_version").fetchone()
    books.execute("UPDATE alembic_version SET version_num = '9999'")
    assert_one_sentence(studio_desk.mintage("run", order), 1, "9999", "newer Mintage")
    assert_one_sentence(studio_desk.mintage("ledger", "migrate"), 1, "9999", "newer Mintage")
    books.execute("UPDATE alembic_version SET version_num = ?", (known,))
    books.close()
    assert studio_desk.mintage("run", order).code == 0


def test_books_that_another_process_keeps_locked_are_waited_for_and_then_named(
    studio_desk: Desk,
) -> None:
    order = str(studio_desk.write(cards_order()))
    studio_desk.environment["MINTAGE_DATABASE_URL"] = BUSY_AFTER_ONE_SECOND
    assert studio_desk.mintage("status").code == 0
    other = sqlite3.connect(studio_desk.folder / ".mintage" / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert_one_sentence(studio_desk.mintage("run", order), 1, "locked by another process")
    assert studio_desk.mintage("status").code == 0, "readers do not wait for a writer"
    other.execute("ROLLBACK")
    other.close()
    assert studio_desk.mintage("run", order).code == 0


def test_books_that_may_only_be_read_are_read_and_not_written(studio_desk: Desk) -> None:
    order = str(studio_desk.write(cards_order()))
    assert studio_desk.mintage("status").code == 0
    books = studio_desk.folder / ".mintage"
    (books / "ledger.db").chmod(0o444)
    prefix = without_root_powers()
    assert_one_sentence(run_with(studio_desk, "run", order, prefix=prefix), 1, "is read-only")
    assert run_with(studio_desk, "status", prefix=prefix).code == 0
    # SQLite gives the files beside the database its mode, so all of them are given back.
    for file in books.glob("ledger.db*"):
        file.chmod(0o644)
    assert run_with(studio_desk, "run", order, prefix=prefix).code == 0


@pytest.mark.postgres
def test_postgresql_that_is_gone_or_behind_is_named_with_the_way_out(
    studio_desk: Desk, request: pytest.FixtureRequest, closed_port: int
) -> None:
    import postgres_server

    order = str(studio_desk.write(cards_order()))
    gone = f"postgresql://mint:hush-hush@127.0.0.1:{closed_port}/books"
    studio_desk.environment["MINTAGE_DATABASE_URL"] = gone
    for command in (("run", order), ("status",), ("ledger", "migrate")):
        done = studio_desk.mintage(*command)
        assert_one_sentence(done, 1, "does not answer", "mint:***@")
        assert "hush-hush" not in done.err
    server = postgres_server.session_server(request.config)
    url = server.fresh_database()
    try:
        studio_desk.environment["MINTAGE_DATABASE_URL"] = url
        assert_one_sentence(studio_desk.mintage("run", order), 1, "`mintage ledger migrate`")
        assert studio_desk.mintage("ledger", "migrate").code == 0
        assert studio_desk.mintage("run", order).code == 0
    finally:
        server.drop_database(url)


@pytest.mark.parametrize(
    ("name", "value", "codes", "marks"),
    [
        ("MINTAGE_JOBS_MAX", "lots", {2}, ("MINTAGE_JOBS_MAX cannot be used", "integer")),
        ("MINTAGE_JOBS_MAX", "0", {2}, ("MINTAGE_JOBS_MAX cannot be used",)),
        ("MINTAGE_DATABASE_URL", "mysql://u:hush-hush@h/b", {1, 2}, ("mysql", "use sqlite:///")),
        ("MINTAGE_DATABASE_URL", "hush-hush", {1, 2}, ("cannot be read", "use sqlite:///")),
        ("MINTAGE_STORE_URL", "ftp://u:hush-hush@h/b", {2}, ("'ftp'", "use file:FOLDER")),
        ("MINTAGE_STORE_URL", "s3://u:hush-hush@b", {2}, ("AWS_SECRET_ACCESS_KEY",)),
        ("MINTAGE_STORE_URL", "hush-hush", {2}, ("no scheme", "use file:FOLDER")),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_without_its_secret(
    studio_desk: Desk, name: str, value: str, codes: set[int], marks: tuple[str, ...]
) -> None:
    order = str(studio_desk.write(cards_order()))
    studio_desk.environment[name] = value
    done = studio_desk.mintage("run", order)
    assert done.code in codes
    assert_one_sentence(done, done.code, *marks)
    assert "hush-hush" not in done.err
    assert not (studio_desk.folder / ".mintage" / "store").exists()


def test_an_env_file_is_read_and_the_environment_wins(studio_desk: Desk) -> None:
    order = str(studio_desk.write(cards_order()))
    env_file = studio_desk.folder / ".env"
    env_file.write_bytes(b"MINTAGE_STORE_URL=\xff\xfe\n")
    assert_one_sentence(studio_desk.mintage("run", order), 2, ".env", "UTF-8")
    env_file.write_text("MINTAGE_STORE_URL=file:from-file\nMINTAGE_DATABASE_URL=sqlite:///b.db\n")
    studio_desk.environment["MINTAGE_DATABASE_URL"] = "sqlite:///environment.db"
    assert studio_desk.mintage("run", order).code == 0
    folder = studio_desk.folder
    assert (folder / "from-file" / "released").is_dir()
    assert (folder / "environment.db").exists()
    assert not (folder / "b.db").exists()


def test_no_command_prints_a_secret(desk: Desk, closed_port: int) -> None:
    secrets = ("r8_hushhushhushhushhushhushhushhushhush", "db-hush-hush", "aws-hush-hush")
    order = str(desk.write(schnell_order(1)))
    desk.environment |= {
        "REPLICATE_API_TOKEN": secrets[0],
        "AWS_SECRET_ACCESS_KEY": secrets[2],
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    printed = [desk.mintage("run", order), desk.mintage("status"), desk.mintage("doctor", "--json")]
    desk.environment |= {
        "MINTAGE_DATABASE_URL": f"postgresql://mint:{secrets[1]}@127.0.0.1:{closed_port}/books",
        "MINTAGE_STORE_URL": "s3://bucket/mint",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{closed_port}",
    }
    printed += [
        desk.mintage("doctor"),
        desk.mintage("status"),
        desk.mintage("assets", "list"),
        desk.mintage("run", order),
    ]
    for done in printed:
        assert "Traceback" not in done.err
        assert not any(secret in done.out + done.err for secret in secrets)
    assert [done.code for done in printed] == [1, 0, 1, 1, 1, 1, 1]
