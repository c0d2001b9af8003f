"""256 jobs of flux-schnell while the provider makes five percent of every fault it knows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from loopback.process import LoopbackProcess
from mint_runs import (
    Desk,
    assert_books_equal_bill,
    assert_every_job_ended,
    five_percent_of_each,
    schnell_order,
)
from prefect_server import PrefectServer

JOBS = 256


def storm(desk: Desk, provider: LoopbackProcess, *flags: str) -> dict[str, object]:
    """Run the storm and check everything that must hold after it."""
    provider.add_faults(*five_percent_of_each())
    order = desk.write(schnell_order(JOBS))
    run = desk.mintage("run", str(order), "--json", *flags)
    report: dict[str, object] = run.json()
    assert_every_job_ended(report)
    assert report["jobs"] == JOBS
    assert report["released"] >= JOBS * 0.8
    assert run.code == (0 if report["released"] == JOBS else 3), run.err
    total = assert_books_equal_bill(desk, provider)
    assert Decimal(str(report["spent_usd"])) == total <= Decimal("50.00")
    assert report["held_usd"] == "0.00"
    assert report["unknown"] == report["stopped"] == 0
    status = desk.here("status", str(report["order"]), "--json").json()
    assert all(job["reason"] for job in status["not_released"])
    assert len(status["not_released"]) == JOBS - int(str(report["released"]))
    verified = desk.mintage("assets", "verify", "--deep", "--json")
    assert verified.code == 0, verified.out
    assert verified.json()["checked"] == report["released"]
    return report


def test_on_sqlite_and_a_folder(desk: Desk, provider: LoopbackProcess) -> None:
    report = storm(desk, provider)
    posts = provider.counters().posts
    again = desk.mintage("run", str(desk.folder / "order.yaml"), "--json")
    assert again.json()["spent_usd"] == report["spent_usd"]
    assert provider.counters().posts == posts


@pytest.mark.s3
def test_on_s3(desk: Desk, provider: LoopbackProcess, s3_environment: dict[str, str]) -> None:
    desk.environment |= s3_environment
    report = storm(desk, provider)
    assert str(report["manifest"]).startswith("s3://")
    pulled = desk.mintage("assets", "pull", "pulled", "--campaign", "storms", "--json").json()
    assert pulled["copied"] == report["released"]
    assert not pulled["problems"]


@pytest.mark.postgres
def test_on_postgresql(desk: Desk, provider: LoopbackProcess, postgres_url: str) -> None:
    desk.environment["MINTAGE_DATABASE_URL"] = postgres_url
    storm(desk, provider)


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
def test_through_prefect(desk: Desk, provider: LoopbackProcess, prefect: PrefectServer) -> None:
    desk.environment |= prefect.environment()
    report = storm(desk, provider)
    flow_runs = prefect.ask(
        "/flow_runs/filter", {"flow_runs": {"name": {"any_": [report["order"]]}}}
    )
    assert [run["state_name"] for run in flow_runs] == ["Completed"]
    tasks = {"flow_runs": {"id": {"any_": [flow_runs[0]["id"]]}}}
    for stage in ("build", "inspect", "review", "release"):
        named = {**tasks, "task_runs": {"name": {"like_": f"{stage} "}}}
        # Prefect records task runs from events, some time after they happened.
        prefect.until(lambda named=named: prefect.ask("/task_runs/count", named) >= JOBS)  # type: ignore[misc]
    artifacts = prefect.ask("/artifacts/filter", tasks)
    assert any(report["spent_usd"] in artifact["data"] for artifact in artifacts)
