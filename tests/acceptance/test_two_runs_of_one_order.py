"""Two runs of one order: one works, the other waits and takes over; a sleeper finds itself replaced."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path

import pytest
from ledger_urls import migrated
from loopback.process import LoopbackProcess
from manners_parts import wait_until
from mint_runs import Desk, Running, assert_books_equal_bill, schnell_order

JOBS = 40
SLOWLY_S = (2.0, 2.5)
FAST_S = (0.02, 0.1)
"""How long the provider takes: until everybody is in place, and from then on."""


def said(process: Running) -> str:
    """Give the next line that a process says on standard error."""
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line, "it ended without a word"
    return line


def put_to_sleep(process: Running, ledger: Path) -> None:
    """Stop a process outside its transactions, for longer than its lease lasts as the books see it."""
    books = sqlite3.connect(ledger, timeout=0.1)
    for _ in range(50):
        process.send_signal(signal.SIGSTOP)
        try:
            with books:
                books.execute("UPDATE leases SET since_us = 0, expires_at_us = 1")
            break
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
    else:
        pytest.fail("it was never outside a transaction")
    books.close()


def one_works_and_one_waits(
    desk: Desk, provider: LoopbackProcess, order: Path
) -> tuple[Running, Running]:
    """Start two runs; the provider is slow until the second one waits."""
    provider.configure(latency_s=SLOWLY_S)
    first = desk.start("run", str(order), "--json")
    wait_until(lambda: provider.counters().posts >= 1)
    second = desk.start("run", str(order), "--json")
    assert "this run waits" in said(second)
    provider.configure(latency_s=FAST_S)
    return first, second


@pytest.fixture(params=["sqlite", "postgresql"])
def shared_desk(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    """A desk whose books are on either database."""
    if request.param == "postgresql":
        desk.environment["MINTAGE_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    return desk


def test_the_second_run_waits_and_both_tell_the_same_end(
    shared_desk: Desk, provider: LoopbackProcess
) -> None:
    order = shared_desk.write(schnell_order(JOBS, concurrency=4))
    first, second = one_works_and_one_waits(shared_desk, provider, order)
    third = shared_desk.start("run", str(order), "--json")
    for run in (first, second, third):
        run.communicate(timeout=60)
        assert run.returncode == 0
    assert provider.counters().created == JOBS
    assert_books_equal_bill(shared_desk, provider)


def test_runs_that_start_at_the_same_moment_plan_the_order_once(
    shared_desk: Desk, provider: LoopbackProcess
) -> None:
    order = shared_desk.write(schnell_order(JOBS))
    if shared_desk.environment.get("MINTAGE_DATABASE_URL"):
        migrated(shared_desk.environment["MINTAGE_DATABASE_URL"])
    runs = [shared_desk.start("run", str(order), "--json") for _ in range(4)]
    for run in runs:
        _, err = run.communicate(timeout=90)
        assert run.returncode == 0, err
    assert provider.counters().created == JOBS
    assert_books_equal_bill(shared_desk, provider)


def test_who_waits_takes_over_from_one_that_is_killed(
    shared_desk: Desk, provider: LoopbackProcess
) -> None:
    order = shared_desk.write(schnell_order(JOBS, concurrency=4))
    first, second = one_works_and_one_waits(shared_desk, provider, order)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    _, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert provider.counters().created == JOBS
    assert_books_equal_bill(shared_desk, provider)


def test_a_stop_is_meant_for_those_who_wait_too(desk: Desk, provider: LoopbackProcess) -> None:
    order = desk.write(schnell_order(JOBS, concurrency=1))
    first, second = one_works_and_one_waits(desk, provider, order)
    provider.configure(latency_s=SLOWLY_S)
    (name,) = [one["order"] for one in desk.here("status", "--json").json()["orders"]]
    assert desk.mintage("stop", name).code == 0
    for run in (first, second):
        run.communicate(timeout=60)
        assert run.returncode == 3
    assert provider.counters().created < JOBS
    assert desk.here("status", "--json").json()["orders"][0]["state"] == "stopped"


def test_ctrl_c_ends_a_run_that_waits_and_leaves_the_other_alone(
    desk: Desk, provider: LoopbackProcess
) -> None:
    order = desk.write(schnell_order(JOBS, concurrency=1))
    first, second = one_works_and_one_waits(desk, provider, order)
    second.send_signal(signal.SIGINT)
    _, err = second.communicate(timeout=30)
    assert second.returncode == 3, err
    assert "Traceback" not in err
    _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err


def test_a_run_that_slept_through_the_end_of_its_lease_moves_no_work_any_more(
    desk: Desk, provider: LoopbackProcess, tmp_path: Path
) -> None:
    order = desk.write(schnell_order(JOBS, concurrency=8))
    provider.configure(latency_s=SLOWLY_S)
    sleeper = desk.start("run", str(order), "--json")
    wait_until(lambda: provider.counters().posts >= 1)
    put_to_sleep(sleeper, tmp_path / ".mintage" / "ledger.db")
    try:
        provider.configure(latency_s=FAST_S)
        follower = desk.start("run", str(order), "--json")
        wait_until(lambda: provider.counters().posts >= JOBS // 2)
    finally:
        sleeper.send_signal(signal.SIGCONT)
    _, err = follower.communicate(timeout=60)
    assert follower.returncode == 0, err
    _, err = sleeper.communicate(timeout=60)
    assert sleeper.returncode == 1
    assert "was taken over by" in err
    assert_books_equal_bill(desk, provider)
