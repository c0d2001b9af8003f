"""A cap is a cap: with half of the money that is needed, half of the jobs are refused."""

from __future__ import annotations

from decimal import Decimal

from loopback.faults import Fault
from loopback.process import LoopbackProcess
from mint_runs import Desk, assert_books_equal_bill, assert_every_job_ended, schnell_order


def test_half_of_the_money_makes_half_of_the_jobs(desk: Desk, provider: LoopbackProcess) -> None:
    budget = {"cap": "0.096", "per_job": "0.003", "attempts": 3}
    run = desk.mintage("run", str(desk.write(schnell_order(64, budget=budget))), "--json")
    report = run.json()
    assert run.code == 3
    assert (report["released"], report["refused"]) == (32, 32)
    assert Decimal(report["spent_usd"]) == Decimal("0.096")
    assert assert_books_equal_bill(desk, provider) == Decimal("0.096")
    posts = provider.counters().posts
    again = desk.mintage("run", str(desk.folder / "order.yaml"), "--json").json()
    assert again["refused"] == 32
    assert provider.counters().posts == posts


def test_an_odd_cap_is_never_passed_and_leaves_less_than_one_attempt(
    desk: Desk, provider: LoopbackProcess
) -> None:
    budget = {"cap": "0.0475", "per_job": "0.01", "attempts": 3}
    provider.add_faults(Fault("blank", probability=0.5, by="seed"))
    run = desk.mintage("run", str(desk.write(schnell_order(40, budget=budget))), "--json")
    report = run.json()
    assert_every_job_ended(report)
    spent = assert_books_equal_bill(desk, provider)
    assert Decimal("0.0445") < spent <= Decimal("0.0475")
    # Whoever was tried and has no money left for another try waits for a higher cap like the rest.
    assert (report["refused"], report["failed"]) == (
        40 - report["released"] - report["rejected"],
        0,
    )
    assert report["refused"] > 0


def test_a_job_whose_own_cap_is_used_up_is_rejected_with_every_reason(
    desk: Desk, provider: LoopbackProcess
) -> None:
    provider.add_faults(Fault("blank"))
    budget = {"cap": "1.00", "per_job": "0.007", "attempts": 5}
    run = desk.mintage("run", str(desk.write(schnell_order(2, budget=budget))), "--json")
    report = run.json()
    assert run.code == 3
    assert (report["rejected"], report["attempts"]) == (2, 4)
    assert report["spent_usd"] == "0.012"
    story = desk.here("trace", f"{report['order']}#mug-1", "--json").json()
    assert [attempt["state"] for attempt in story["attempts"]] == ["built", "built"]
    assert story["attempts"][0]["seed"] != story["attempts"][1]["seed"]
    for attempt in story["attempts"]:
        failed = [one for one in attempt["verdicts"] if not one["passed"]]
        assert [one["criterion"] for one in failed] == ["not_blank"]
        assert all(one["reason"] for one in failed)
