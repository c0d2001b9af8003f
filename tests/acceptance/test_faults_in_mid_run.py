"""Databases and stores that fail in the middle of a run: one sentence, and the next run goes on.

Each test lets a run get to work, takes something away, and looks at how the run ends; then it
gives it back and sees the same command finish with books that equal the bill.
"""

from __future__ import annotations

import errno
import resource
import signal
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import s3_server
from fault_proxy import FaultProxy, Misdeed
from loopback.faults import Fault
from loopback.process import LoopbackProcess
from manners_parts import assert_one_sentence, small_disk, wait_until
from mint_runs import Desk, Finished, Running, assert_books_equal_bill, schnell_order
from stoppable_postgres import Ending, StoppablePostgres, stoppable_postgres
from storm_proof import assert_sent_once

JOBS = 24
UNDER_WAY = 6
"""Requests at the provider when the fault begins; a quarter of the work."""
BUSY_AFTER_ONE_SECOND = "sqlite:///.mintage/ledger.db?timeout=1"


@pytest.fixture
def at_work(desk: Desk, provider: LoopbackProcess) -> AtWork:
    """A desk with an order whose run can be started and waited for."""
    # The work lasts until the fault is there, however slow the machine is.
    provider.add_faults(Fault("slow_run", after=UNDER_WAY, seconds=1.5))
    return AtWork(desk, provider)


@dataclass(frozen=True, slots=True)
class AtWork:
    """A run that has got to work, and what it must come to after all."""

    desk: Desk
    provider: LoopbackProcess

    def start(self) -> Running:
        """Start the order's run and return in the middle of its work."""
        order = self.desk.write(schnell_order(JOBS, concurrency=4))
        run = self.desk.start("run", str(order), "--json")
        wait_until(lambda: self.provider.counters().posts >= UNDER_WAY)
        assert run.poll() is None
        return run

    def end_of(self, run: Running) -> Finished:
        """Wait for a run's own end; from now on the provider is quick."""
        self.provider.clear_faults()
        out, err = run.communicate(timeout=120)
        return Finished(run.wait(), out, err)

    def assert_cut_short(self, run: Running, *marks: str) -> None:
        """Check that the run ended by itself, said why in one sentence, and left work undone."""
        assert_one_sentence(self.end_of(run), 1, *marks)
        assert self.provider.counters().created < JOBS, "the fault came too late to cut anything"

    def assert_finished_by(self, *command: str) -> None:
        """Check that a command ends the order, and that books, bill and store agree."""
        self.assert_whole(self.desk.mintage(*command, "--json"))

    def assert_whole(self, done: Finished) -> None:
        """Check that a run released every job, and that nothing was lost, sent or released twice."""
        assert done.code == 0, done.err
        report = done.json()
        (order,) = report.get("orders", [report])
        assert (order["released"], order["held_usd"]) == (JOBS, "0.00")
        assert_books_equal_bill(self.desk, self.provider)
        assert_sent_once(self.provider)
        assert self.provider.counters().created == JOBS
        verified = self.desk.mintage("assets", "verify", "--deep", "--json")
        assert (verified.code, verified.json()["checked"]) == (0, JOBS), verified.out


@pytest.fixture(scope="module")
def postgres() -> Iterator[StoppablePostgres]:
    """A PostgreSQL that nobody else uses, so that it can be stopped."""
    with stoppable_postgres() as server:
        yield server


@pytest.fixture
def on_postgres(at_work: AtWork, postgres: StoppablePostgres) -> AtWork:
    """The same desk with its books in that PostgreSQL."""
    at_work.desk.environment["MINTAGE_DATABASE_URL"] = postgres.fresh_database()
    return at_work


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["fast", "killed"])
def test_postgresql_that_stops_is_named_and_the_next_run_goes_on(
    on_postgres: AtWork, postgres: StoppablePostgres, how: Ending
) -> None:
    run = on_postgres.start()
    postgres.stop(how)
    try:
        # A session that was told of the stop before its line was cut says so.
        on_postgres.assert_cut_short(run, ": start it")
        status = on_postgres.desk.mintage("status")
        assert_one_sentence(status, 1, "does not answer")
    finally:
        postgres.start()
    on_postgres.assert_finished_by("run", "order.yaml")


@pytest.mark.postgres
def test_two_runs_that_lose_postgresql_for_a_moment_say_so_and_resume_goes_on(
    on_postgres: AtWork, postgres: StoppablePostgres
) -> None:
    """One works and the other waits for it; the server is back before anybody can look."""
    run = on_postgres.start()
    waiting = on_postgres.desk.start("run", "order.yaml", "--json")
    line = waiting.stderr
    assert line is not None
    assert "this run waits" in line.readline()
    postgres.stop("immediate")
    postgres.start()
    on_postgres.assert_cut_short(run, ": start it")
    last = on_postgres.end_of(waiting)
    if last.code != 0:
        # It looked while the server was away; else it took over and ended the order.
        assert_one_sentence(last, 1, ": start it")
    on_postgres.assert_finished_by(*(("resume",) if last.code else ("run", "order.yaml")))


def locked(desk: Desk) -> sqlite3.Connection:
    """Take the write lock of the SQLite books, as another program would."""
    other = sqlite3.connect(
        desk.folder / ".mintage" / "ledger.db", isolation_level=None, timeout=30
    )
    other.execute("BEGIN IMMEDIATE")
    return other


def test_sqlite_that_stays_locked_is_named_and_the_next_run_goes_on(at_work: AtWork) -> None:
    at_work.desk.environment["MINTAGE_DATABASE_URL"] = BUSY_AFTER_ONE_SECOND
    run = at_work.start()
    other = locked(at_work.desk)
    at_work.assert_cut_short(run, "locked by another process")
    assert at_work.desk.mintage("status").code == 0, "readers do not wait for a writer"
    other.close()
    at_work.assert_finished_by("run", "order.yaml")


def test_sqlite_that_is_locked_for_a_moment_is_waited_for(at_work: AtWork) -> None:
    run = at_work.start()
    before = at_work.provider.counters().created
    other = locked(at_work.desk)
    # Whatever was held before may be sent while the books are locked, and nothing else.
    wait_until(lambda: not at_work.provider.counters().peak_waiting or _quiet(at_work.provider))
    assert at_work.provider.counters().created <= before + 4
    assert run.poll() is None
    other.close()
    ended = at_work.end_of(run)
    assert ended.err == ""
    at_work.assert_whole(ended)


def _quiet(provider: LoopbackProcess) -> bool:
    """Whether everything that the provider was asked for has ended."""
    counted = provider.counters()
    return sum(counted.ended.values()) == counted.created


def test_a_disk_that_fills_up_under_the_books_stops_the_run_and_room_lets_it_go_on(
    at_work: AtWork,
) -> None:
    disk = at_work.desk.folder / "disk"
    at_work.desk.environment["MINTAGE_DATABASE_URL"] = "sqlite:///disk/ledger.db"
    with small_disk(disk, "16m"):
        run = at_work.start()
        fill(disk / "somebody-elses-file")
        at_work.assert_cut_short(run, "no disk space left", "make room")
        (disk / "somebody-elses-file").unlink()
        at_work.assert_finished_by("run", "order.yaml")


def fill(path: Path) -> None:
    """Take all the room that a disk has."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1 << 9):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017  the fault that was asked for


def test_books_that_may_not_grow_any_more_stop_the_run_and_lifting_the_limit_lets_it_go_on(
    at_work: AtWork,
) -> None:
    """A file size limit set on the running process stands in for a full disk where none may be mounted."""
    # Books that the run migrated itself have grown to about the size at which they are held.
    at_work.desk.books_at_hand = False
    run = at_work.start()
    books = at_work.desk.folder / ".mintage"
    largest = max(path.stat().st_size for path in books.glob("ledger.db*"))
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
    at_work.assert_cut_short(run, "ledger.db", "check the disk")
    at_work.assert_finished_by("run", "order.yaml")


@dataclass(frozen=True, slots=True)
class OnS3:
    """A desk whose store is a real S3 server behind a proxy."""

    work: AtWork
    proxy: FaultProxy
    client: Any
    bucket: str

    def assert_released_once(self) -> None:
        """Check that the bucket has each release and its receipt once, and nothing else is public."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix="mint/released/"
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        receipts = [key for key in keys if "/receipts/" in key]
        beside = ("/manifest.json", "/manifest.csv", "/index.html")
        shows = [key for key in keys if key.endswith(beside)]
        assert (len(receipts), len(shows)) == (JOBS, len(beside))
        assert len(keys) == 2 * JOBS + len(beside)


@pytest.fixture
def on_s3(at_work: AtWork, request: pytest.FixtureRequest) -> Iterator[OnS3]:
    """The same desk with its store in a fresh bucket, reached through the proxy."""
    server = s3_server.session_server(request.config)
    bucket = server.fresh_bucket()
    client = server.client()
    with FaultProxy(server.endpoint_url) as proxy:
        at_work.desk.environment |= {
            **server.environment(),
            "AWS_ENDPOINT_URL_S3": proxy.url,
            "MINTAGE_STORE_URL": f"s3://{bucket}/mint",
        }
        yield OnS3(at_work, proxy, client, bucket)
    client.close()


OUTAGES: dict[str, tuple[Misdeed, str]] = {
    "answers 503": (Misdeed("busy"), "is too busy or failed"),
    "loses the answers to uploads": (Misdeed("lose_answer", "PUT"), "cannot be reached"),
    "cuts downloads": (Misdeed("cut_answer", "GET"), "The connection broke"),
}


@pytest.mark.s3
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_s3_server_that_fails_for_good_is_named_and_the_next_run_goes_on(
    on_s3: OnS3, outage: str
) -> None:
    misdeed, mark = OUTAGES[outage]
    run = on_s3.work.start()
    on_s3.proxy.misbehave(misdeed)
    on_s3.work.assert_cut_short(run, mark)
    on_s3.proxy.behave()
    on_s3.work.assert_finished_by("run", "order.yaml")
    on_s3.assert_released_once()


HICCUPS: dict[str, tuple[Misdeed, ...]] = {
    "cut in the middle": (
        Misdeed("cut_request", "PUT", once=True),
        Misdeed("cut_answer", "GET", once=True),
    ),
    "busy, and answers lost": (
        # boto3 stops asking again when most of what it asks again goes wrong for long.
        Misdeed("lose_answer", "PUT", once=True, times=20),
        Misdeed("busy", "GET", once=True),
    ),
    "half a second per request": (Misdeed("slow", once=True, seconds=0.5),),
}


@pytest.mark.s3
@pytest.mark.parametrize("hiccup", HICCUPS)
def test_an_s3_server_that_fails_every_first_time_is_asked_again_and_nobody_notices(
    on_s3: OnS3, hiccup: str
) -> None:
    run = on_s3.work.start()
    on_s3.proxy.misbehave(*HICCUPS[hiccup])
    ended = on_s3.work.end_of(run)
    assert ended.err == ""
    for misdeed in HICCUPS[hiccup]:
        assert on_s3.proxy.done[misdeed.kind] >= 5, misdeed
    on_s3.proxy.behave()
    on_s3.work.assert_whole(ended)
    on_s3.assert_released_once()


@pytest.mark.s3
def test_a_run_killed_while_s3_is_slow_leaves_nothing_half_released(on_s3: OnS3) -> None:
    run = on_s3.work.start()
    on_s3.proxy.misbehave(Misdeed("slow", seconds=2.0))
    wait_until(lambda: on_s3.proxy.done["slow"] >= 4)
    run.send_signal(signal.SIGKILL)
    on_s3.work.end_of(run)
    on_s3.proxy.behave()
    on_s3.work.assert_finished_by("run", "order.yaml")
    on_s3.assert_released_once()
