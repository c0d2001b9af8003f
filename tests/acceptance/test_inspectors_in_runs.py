"""The inspectors of a real run: started by it, spared by its signals, and gone when it is gone."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from loopback.process import LoopbackProcess
from manners_parts import wait_until
from mint_runs import Desk, assert_books_equal_bill, schnell_order

JOBS = 60


def inspectors_of(process_id: int) -> set[int]:
    """Return the ids of the inspector processes that a process has started and that live."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at.
        with suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == process_id and b"inspector_process" in _command(folder):
                found.add(int(folder.name))
    return found


def _command(folder: Path) -> bytes:
    return (folder / "cmdline").read_bytes()


def still_there(process_ids: set[int]) -> set[int]:
    """Return those of the ids that are still an inspector's, whoever its parent is by now."""
    there = set()
    for process_id in process_ids:
        with suppress(OSError):
            if b"inspector_process" in _command(Path(f"/proc/{process_id}")):
                there.add(process_id)
    return there


def test_a_killed_run_leaves_no_inspector_behind(desk: Desk, provider: LoopbackProcess) -> None:
    order = desk.write(schnell_order(JOBS))
    run = desk.start("run", str(order), "--json")
    wait_until(lambda: provider.counters().posts >= 20 and bool(inspectors_of(run.pid)))
    inspectors = inspectors_of(run.pid)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    wait_until(lambda: not still_there(inspectors))


def test_ctrl_c_for_the_whole_group_fails_no_file(desk: Desk, provider: LoopbackProcess) -> None:
    order = desk.write(schnell_order(JOBS))
    # A terminal sends the signal to every process of the group that it started.
    run = desk.start("run", str(order), "--json", start_new_session=True)
    wait_until(lambda: provider.counters().posts >= 10 and bool(inspectors_of(run.pid)))
    inspectors = inspectors_of(run.pid)
    os.killpg(run.pid, signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 3, err
    assert "Traceback" not in err
    assert not still_there(inspectors)
    status = desk.mintage("status", "--json").json()["orders"][0]
    assert (status["rejected"], status["failed"], status["held_usd"]) == (0, 0, "0.00")
    done = desk.mintage("resume", status["order"], "--json")
    assert (done.code, done.json()["released"]) == (0, JOBS)
    # No picture was judged bad, so none was made twice.
    assert provider.counters().created == JOBS
    assert_books_equal_bill(desk, provider)


def test_an_inspector_that_is_ended_from_outside_costs_no_file(
    desk: Desk, provider: LoopbackProcess
) -> None:
    desk.environment["MINTAGE_INSPECTORS"] = "1"
    run = desk.start("run", str(desk.write(schnell_order(JOBS))), "--json")
    # One that was ended while it starts is an outage, as there may be something that lets none start.
    wait_until((desk.folder / ".mintage/store/released").exists)
    (first,) = inspectors_of(run.pid)
    os.kill(first, signal.SIGKILL)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, (out, err)
    assert provider.counters().created == JOBS
