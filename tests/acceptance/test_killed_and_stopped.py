"""Whatever ends a run, the next one goes on from the books and pays for nothing twice."""

from __future__ import annotations

import json
import signal

from loopback.faults import Fault
from loopback.process import LoopbackProcess
from manners_parts import wait_until
from mint_runs import Desk, assert_books_equal_bill, assert_every_job_ended, schnell_order

JOBS = 60


def test_a_killed_run_is_resumed_and_loses_no_cent(desk: Desk, provider: LoopbackProcess) -> None:
    desk.real_start = True
    order = desk.write(schnell_order(JOBS))
    for kill_at in (10, 25, 40):
        run = desk.start("run", str(order), "--json")
        wait_until(lambda kill_at=kill_at: provider.counters().posts >= kill_at)  # type: ignore[misc]
        run.send_signal(signal.SIGKILL)
        run.communicate()
    done = desk.mintage("run", str(order), "--json")
    report = done.json()
    assert (done.code, report["released"]) == (0, JOBS), done.out
    assert_books_equal_bill(desk, provider)
    # What was in flight at a kill is adopted, not built again: every prediction belongs to a job.
    assert provider.counters().created == report["attempts"]


def test_sigterm_settles_what_is_in_flight_and_sends_nothing_new(
    desk: Desk, provider: LoopbackProcess
) -> None:
    order = desk.write(schnell_order(JOBS))
    run = desk.start("run", str(order), "--json")
    wait_until(lambda: provider.counters().posts >= 10)
    run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 3, err
    assert "Traceback" not in err
    status = desk.here("status", "--json").json()["orders"][0]
    assert status["state"] == "stopped"
    assert status["held_usd"] == "0.00"
    assert status["stopped"] > 0
    assert_every_job_ended(status)
    assert_books_equal_bill(desk, provider)
    resumed = desk.mintage("resume", status["order"], "--json")
    assert (resumed.code, resumed.json()["released"]) == (0, JOBS)
    assert out


def test_stop_from_another_terminal_stops_and_resume_without_a_file_goes_on(
    desk: Desk, provider: LoopbackProcess
) -> None:
    jobs = 200
    order = desk.write(schnell_order(jobs, concurrency=4))
    run = desk.start("run", str(order), "--json")
    wait_until(lambda: provider.counters().posts >= 10)
    order_id = desk.here("status", "--json").json()["orders"][0]["order"]
    assert desk.mintage("stop", order_id).code == 0
    _, err = run.communicate(timeout=60)
    assert run.returncode == 3
    assert "mintage stop" in err
    assert provider.counters().created < jobs
    order.unlink()
    resumed = desk.mintage("resume", "--json")
    assert resumed.code == 0
    assert resumed.json()["orders"][0]["released"] == jobs
    assert_books_equal_bill(desk, provider)


def test_a_stop_is_heard_by_requests_that_wait_for_the_rate_limit(
    desk: Desk, provider: LoopbackProcess
) -> None:
    desk.environment["MINTAGE_CREATES_PER_MINUTE"] = "5"
    order = desk.write(schnell_order(JOBS))
    run = desk.start("run", str(order), "--json")
    wait_until(lambda: provider.counters().posts >= 5)
    (name,) = [one["order"] for one in desk.here("status", "--json").json()["orders"]]
    assert desk.mintage("stop", name).code == 0
    out, err = run.communicate(timeout=30)
    assert run.returncode == 3, err
    report = json.loads(out)
    assert (provider.counters().posts, report["held_usd"]) == (5, "0.00")
    assert report["stopped"] == JOBS - 5
    assert_books_equal_bill(desk, provider)


def test_no_credit_halts_the_order_and_burns_no_attempt(
    desk: Desk, provider: LoopbackProcess
) -> None:
    provider.add_faults(Fault("no_credit"))
    order = desk.write(schnell_order(20))
    halted = desk.mintage("run", str(order), "--json")
    assert halted.code == 1
    assert "credit" in halted.err
    assert halted.json()["stopped"] == 20
    assert halted.json()["spent_usd"] == "0.00"
    provider.clear_faults()
    done = desk.mintage("run", str(order), "--json")
    assert (done.code, done.json()["released"]) == (0, 20)
    story = desk.here("trace", f"{done.json()['order']}#mug-1", "--json").json()
    assert story["job"]["attempts_used"] == 1


def test_an_answer_that_cannot_be_found_yet_stays_held_and_is_settled_by_the_next_run(
    desk: Desk, provider: LoopbackProcess
) -> None:
    desk.environment |= {"MINTAGE_ABSENT_AFTER_S": "600", "MINTAGE_SETTLE_TIMEOUT_S": "1"}
    provider.add_faults(Fault("cut_after_create", times=3), Fault("list_lag", seconds=600, times=3))
    order = desk.write(schnell_order(10))
    first = desk.mintage("run", str(order), "--json")
    report = first.json()
    assert first.code == 3
    assert (report["released"], report["unknown"]) == (7, 3)
    assert report["held_usd"] == "0.009"
    summary = desk.here("ledger", "summary", "--json").json()
    assert (summary["unknown_usd"], summary["held_usd"]) == ("0.009", "0.009")
    provider.clear_faults()
    provider.advance(700)
    second = desk.mintage("resume", report["order"], "--json")
    assert second.json()["unknown"] == 0
    assert_books_equal_bill(desk, provider)


def test_a_provider_that_creates_nothing_is_not_asked_without_end(
    desk: Desk, provider: LoopbackProcess
) -> None:
    provider.add_faults(Fault("server_error"))
    budget = {"cap": "1.00", "per_job": "0.02", "attempts": 2}
    run = desk.mintage("run", str(desk.write(schnell_order(3, budget=budget))), "--json")
    report = run.json()
    assert (run.code, report["failed"]) == (3, 3)
    assert report["spent_usd"] == "0.00"
    # Three tries that do not count, and the order's two attempts, for each of three jobs.
    assert provider.counters().posts == 3 * (3 + 2)


def test_files_lost_from_staging_are_built_again(desk: Desk, provider: LoopbackProcess) -> None:
    order = desk.write(schnell_order(2, review="all"))
    first = desk.mintage("run", str(order), "--json").json()
    assert first["in_review"] == 2
    for staged in (desk.folder / ".mintage/store/staging").rglob("*"):
        if staged.is_file():
            staged.unlink()
    jobs = [f"{first['order']}#mug-{number}" for number in (1, 2)]
    assert desk.here("review", "approve", *jobs, "--by", "maria@acme.example").code == 0
    again = desk.mintage("resume", first["order"], "--json").json()
    assert (again["in_review"], again["attempts"]) == (2, 4)
    assert desk.here("review", "approve", *jobs, "--by", "maria@acme.example").code == 0
    assert desk.mintage("resume", first["order"], "--json").json()["released"] == 2
    assert_books_equal_bill(desk, provider)
