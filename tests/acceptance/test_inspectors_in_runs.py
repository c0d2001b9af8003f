"""The inspectors of a real run: started by it, spared by its signals, and gone when it is gone."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from loopback.faults import Fault
from loopback.process import LoopbackProcess
from manners_parts import wait_until
from mint_runs import Desk, schnell_order

JOBS = 24


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


def test_inspectors_go_with_a_killed_run_and_judge_on_after_ctrl_c(
    desk: Desk, provider: LoopbackProcess
) -> None:
    # The first pictures are there at once and are judged; the others keep the run from its end.
    provider.add_faults(Fault("slow_run", seconds=2, after=4))
    order = str(desk.write(schnell_order(JOBS, concurrency=4)))
    run = desk.start("run", order, "--json")
    wait_until(lambda: provider.counters().posts >= 5 and bool(inspectors_of(run.pid)))
    inspectors = inspectors_of(run.pid)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    wait_until(lambda: not still_there(inspectors))
    # A terminal sends the signal to every process of the group that it started.
    before = provider.counters().posts
    run = desk.start("run", order, "--json", start_new_session=True)
    wait_until(lambda: provider.counters().posts > before and bool(inspectors_of(run.pid)))
    inspectors = inspectors_of(run.pid)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 3, err
    assert "Traceback" not in err
    assert not still_there(inspectors)
    report = json.loads(out)
    assert (report["rejected"], report["failed"]) == (0, 0)
    # What the killed run had sent may still be under way; all that this one sent is settled.
    assert Decimal(report["held_usd"]) == report["unknown"] * Decimal("0.003")
    assert report["unknown"] <= 4
    assert report["stopped"] > 0
    provider.clear_faults()
    done = desk.mintage("resume", report["order"], "--json")
    assert (done.code, done.json()["released"]) == (0, JOBS)
    # No picture was judged bad, so none was made twice.
    assert provider.counters().created == JOBS
