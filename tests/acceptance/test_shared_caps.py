"""Caps that orders share, set from the command line or a file, and a person's word on a lost attempt."""

from __future__ import annotations

import signal
import time
from decimal import Decimal

import pytest
import yaml
from loopback.faults import Fault
from loopback.process import LoopbackProcess
from mint_runs import Desk, assert_books_equal_bill, schnell_order

PROVIDER = ("ledger", "budget", "set", "provider", "replicate")
WHO = ("--by", "finance@acme.example", "--because", "the plan")


def budgets(desk: Desk) -> dict[tuple[str, str], dict[str, str]]:
    listed = desk.here("ledger", "budget", "list", "--json").json()["budgets"]
    return {(one["scope"], one["subject"]): one for one in listed}


def test_two_orders_at_once_share_one_day_and_use_it_up(
    desk: Desk, provider: LoopbackProcess
) -> None:
    assert desk.mintage(*PROVIDER, "0.091", *WHO).code == 0
    running = []
    for number in range(2):
        order = schnell_order(24, order=f"storm-{number}", cost_center=f"cc-{number}")
        running.append(desk.start("run", str(desk.write(order, f"{number}.yaml")), "--json"))
    for process in running:
        process.communicate(timeout=120)
    # On a busy machine one of them may have its whole order done before the other begins.
    assert {process.returncode for process in running} in ({3}, {0, 3})
    spent = assert_books_equal_bill(desk, provider)
    assert spent == Decimal("0.09")
    day = budgets(desk)["provider", "replicate"]
    assert (day["spent_usd"], day["held_usd"], day["left_usd"]) == ("0.09", "0.00", "0.001")
    orders = desk.here("status", "--json").json()["orders"]
    assert sum(one["refused"] for one in orders) == 48 - 30
    for one in orders:
        for job in desk.here("status", one["order"], "--json").json()["not_released"]:
            assert job["reason"].startswith("provider replicate's cap of $0.091 for 20")

    # A raised cap wakes the refused jobs of both, with no file and no name.
    assert desk.mintage(*PROVIDER, "1.00", *WHO).code == 0
    resumed = desk.mintage("resume", "--json")
    assert resumed.code == 0, resumed.err
    unfinished = sum(process.returncode == 3 for process in running)
    assert [one["released"] for one in resumed.json()["orders"]] == [24] * unfinished
    assert assert_books_equal_bill(desk, provider) == Decimal("0.144")


def test_an_order_that_ran_dry_goes_on_when_its_cap_is_raised(
    desk: Desk, provider: LoopbackProcess
) -> None:
    budget = {"cap": "0.006", "per_job": "0.003", "attempts": 1}
    order = str(desk.write(schnell_order(4, budget=budget)))
    report = desk.mintage("run", order, "--json").json()
    assert (report["released"], report["refused"]) == (2, 2)
    order_id = report["order"]
    low = desk.here("ledger", "budget", "set", "order", order_id, "0.005", *WHO)
    assert low.code == 1
    assert "$0.006 spent" in low.err
    assert desk.here("ledger", "budget", "set", "order", order_id, "0.012", *WHO).code == 0
    report = desk.mintage("run", order, "--json").json()
    assert (report["released"], report["cap_usd"]) == (4, "0.012")
    assert_books_equal_bill(desk, provider)


def test_a_job_that_was_tried_before_the_money_ran_out_goes_on_when_the_cap_is_raised(
    desk: Desk, provider: LoopbackProcess
) -> None:
    provider.add_faults(Fault("blank", times=1, after=2))
    budget = {"cap": "0.009", "per_job": "0.02", "attempts": 3}
    order = str(desk.write(schnell_order(3, concurrency=1, budget=budget)))
    report = desk.mintage("run", order, "--json").json()
    assert (report["released"], report["refused"], report["rejected"]) == (2, 1, 0)
    order_id = report["order"]
    (left,) = desk.here("status", order_id, "--json").json()["not_released"]
    assert "not_blank: " in left["reason"]
    assert "; no further attempt: " in left["reason"]
    assert ".;" not in left["reason"]
    assert desk.here("ledger", "budget", "set", "order", order_id, "1.00", *WHO).code == 0
    report = desk.mintage("run", order, "--json").json()
    assert (report["released"], report["attempts"]) == (3, 4)
    assert_books_equal_bill(desk, provider)


def test_a_file_of_caps_is_applied_before_anything_is_sent(
    desk: Desk, provider: LoopbackProcess
) -> None:
    caps = desk.folder / "caps.yaml"
    caps.write_text(yaml.safe_dump({"cost_centers": {"cc-4100": {"month": "0.009"}}}))
    desk.environment |= {"MINTAGE_CAPS": "caps.yaml", "MINTAGE_TIME_ZONE": "Pacific/Kiritimati"}
    order = str(desk.write(schnell_order(8)))
    report = desk.mintage("run", order, "--json").json()
    assert (report["released"], report["refused"]) == (3, 5)
    assert assert_books_equal_bill(desk, provider) == Decimal("0.009")
    month = budgets(desk)["cost_center", "cc-4100"]
    assert (month["set_by"], month["cap_usd"]) == ("settings file", "0.009")
    other = desk.here("ledger", "budget", "set", "cost_center", "cc-4100", "1", *WHO)
    assert "the next run sets that again" in other.err
    caps.write_text("cost_centers: {cc-4100: {month: 0.02}}")
    bad = desk.mintage("run", order)
    assert bad.code == 2
    assert "caps.yaml: cost_centers.cc-4100.month" in bad.err
    caps.write_text('cost_centers: {cc-4100: {month: "0.03"}}')
    assert desk.mintage("run", order, "--json").json()["released"] == 8


@pytest.fixture
def lost(desk: Desk, provider: LoopbackProcess) -> list[dict[str, str]]:
    """Attempts that never came to be, which nobody can tell for an hour."""
    provider.add_faults(Fault("cut_before_create"))
    desk.environment |= {"MINTAGE_ABSENT_AFTER_S": "3600", "MINTAGE_SETTLE_TIMEOUT_S": "0"}
    order = str(desk.write(schnell_order(2, concurrency=2)))
    report = desk.mintage("run", order, "--json").json()
    assert report["unknown"] == 2
    status = desk.here("status", report["order"], "--json").json()
    attempts: list[dict[str, str]] = status["open_attempts"]
    return attempts


def test_resume_hears_of_a_cap_that_was_raised_in_the_file(
    desk: Desk, provider: LoopbackProcess
) -> None:
    caps = desk.folder / "caps.yaml"
    desk.environment["MINTAGE_CAPS"] = str(caps)
    caps.write_text('providers: {replicate: {day: "0.006"}}', encoding="utf-8")
    report = desk.mintage("run", str(desk.write(schnell_order(4))), "--json").json()
    assert (report["released"], report["refused"]) == (2, 2)
    caps.write_text('providers: {replicate: {day: "1.00"}}', encoding="utf-8")
    resumed = desk.mintage("resume", "--json")
    assert resumed.code == 0, resumed.err
    assert [one["released"] for one in resumed.json()["orders"]] == [4]
    assert_books_equal_bill(desk, provider)


def test_a_person_settles_what_nobody_can_tell(
    desk: Desk, provider: LoopbackProcess, lost: list[dict[str, str]]
) -> None:
    summary = desk.here("ledger", "summary", "--json").json()
    assert (summary["unknown_attempts"], summary["unknown_usd"]) == (2, "0.006")
    assert summary["unknown_oldest_s"] >= 0
    assert "waits for 2 lost answers, the oldest" in " ".join(
        desk.here("ledger", "summary").out.split()
    )
    one, two = (attempt["attempt_id"] for attempt in lost)
    settle = ("ledger", "settle")
    assert desk.mintage(*settle, one, *WHO).code == 2
    assert desk.mintage(*settle, one, "--void", "--charge", "1", *WHO).code == 2
    assert desk.mintage(*settle, one, "--charge", "1.5e3", *WHO).code == 2
    assert desk.mintage(*settle, one, "--void", *WHO).code == 0
    assert desk.mintage(*settle, two, "--charge", "0.003", *WHO).code == 0
    again = desk.mintage(*settle, two, "--void", *WHO)
    assert again.code == 1
    assert "has ended already" in again.err
    (charge,) = desk.charges()
    assert (charge["attempt_id"], charge["amount_usd"], charge["unit"]) == (
        two,
        "0.003",
        "decision",
    )
    provider.clear_faults()
    done = desk.mintage("resume", "--json").json()["orders"][0]
    assert (done["released"], done["spent_usd"]) == (2, "0.009")
    assert desk.here("ledger", "verify").code == 0


def test_what_a_killed_run_held_can_be_settled_and_what_runs_cannot(
    desk: Desk, provider: LoopbackProcess
) -> None:
    provider.add_faults(Fault("slow_run", seconds=30))
    run = desk.start("run", str(desk.write(schnell_order(2))), "--json")
    deadline = time.monotonic() + 60
    while provider.counters().posts < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    order_id = desk.here("status", "--json").json()["orders"][0]["order"]
    held = desk.here("status", order_id, "--json").json()["open_attempts"]
    settle = ("ledger", "settle", held[0]["attempt_id"], "--void", *WHO)
    busy = desk.mintage(*settle)
    assert busy.code == 1
    assert "is under way in" in busy.err
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert desk.mintage(*settle).code == 0
    left = desk.here("status", order_id, "--json").json()["open_attempts"]
    assert [one["attempt_id"] for one in left] == [held[1]["attempt_id"]]
    assert desk.here("ledger", "verify").code == 0
