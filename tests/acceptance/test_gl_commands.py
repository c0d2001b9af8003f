"""Finance gets from nothing to a journal that its accounting system imports, with a mapping of its own."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from books_parts import SteppingClock, admit, an_order, plan, settle, through, unknown, usd_line
from ledger_urls import lay_blank_books
from mint_runs import Desk

from ledger import Books


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Two cost centres and two providers charged in October; one answer is lost over its end."""
    folder = tmp_path_factory.mktemp("gl")
    path = folder / ".mintage/ledger.db"
    lay_blank_books(path)
    clock = SteppingClock(datetime(2026, 10, 3, tzinfo=UTC))
    with Books.open(f"sqlite:///{path}", clock=clock) as books:
        mugs = plan(books, an_order("mugs@2026"))
        for job_id in mugs[:2]:
            through(books, job_id, usd_line("0.0125"))
        drawn = replace(an_order("drawn@2026"), provider="studio", model="cards", campaign="=1+1")
        drawn = replace(drawn, cost_center="cc-4200")
        for job_id in plan(books, drawn):
            through(books, job_id, usd_line("0.000000001"), usd_line("0.004"))
        clock.now = datetime(2026, 10, 31, 23, tzinfo=UTC)
        settle(books, unknown(admit(books, mugs[2])))
    return Desk.at(folder)


@pytest.fixture
def mapping(desk: Desk) -> Path:
    """The file to begin with, as the command writes it."""
    path = desk.folder / "gl.yaml"
    path.unlink(missing_ok=True)
    assert desk.here("ledger", "gl", "example", "--out", "gl.yaml").code == 0
    return path


def export(desk: Desk, form: str, *more: str) -> list[dict[str, str]]:
    done = desk.here("ledger", "export", "--format", form, "--period", "2026-10", *more)
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out, newline="")))


def charged(desk: Desk, *more: str) -> Decimal:
    done = desk.here("ledger", "summary", "--json", "--period", "2026-10", *more)
    return Decimal(done.json()["charged_usd"])


def test_without_a_mapping_a_journal_says_how_to_get_one(desk: Desk) -> None:
    done = desk.here("ledger", "export", "--format", "journal-xero", "--out", "never.csv")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "mintage: A journal needs to know your accounts: `mintage ledger gl example --out gl.yaml` "
        "writes one to fill in; then add --gl gl.yaml, or set MINTAGE_GL_MAPPING to it.\n"
    )
    assert not (desk.folder / "never.csv").exists()


def test_the_file_to_begin_with_maps_all_that_is_in_the_books(desk: Desk, mapping: Path) -> None:
    done = desk.here("ledger", "gl", "check", "gl.yaml")
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    found = desk.here("ledger", "gl", "check", "gl.yaml", "--json").json()
    assert {row["account"] for row in found["rows"]} == {"6210"}
    kept = mapping.read_bytes()
    again = desk.here("ledger", "gl", "example", "--out", "gl.yaml")
    assert (again.code, mapping.read_bytes()) == (2, kept)


def test_a_journal_comes_to_each_providers_sum_rounded_once(desk: Desk, mapping: Path) -> None:
    rows = export(desk, "journal-netsuite", "--gl", str(mapping))
    owed = {row["Name"]: row["Credit"] for row in rows if row["Account"] == "2010"}
    exact = {
        name: charged(desk, "--where", f"provider={name.lower()}")
        for name in ("Replicate", "Studio")
    }
    assert exact == {"Replicate": Decimal("0.025"), "Studio": Decimal("0.012000003")}
    assert owed == {"Replicate": "0.02", "Studio": "0.01"}
    desk.environment["MINTAGE_GL_MAPPING"] = str(mapping)
    try:
        assert export(desk, "journal-netsuite") == rows
        signed = export(desk, "journal-xero")
    finally:
        del desk.environment["MINTAGE_GL_MAPPING"]
    assert sum(Decimal(row["*Amount"]) for row in signed) == 0
    assert {row["TrackingOption2"] for row in signed} == {"", "autumn-2026", "'=1+1"}


def test_every_format_of_this_part_sums_to_the_summary(desk: Desk, mapping: Path) -> None:
    for form in ("focus-1.2", "focus-1.4"):
        rows = export(desk, form, "--gl", str(mapping))
        assert sum(Decimal(row["BilledCost"]) for row in rows) == charged(desk)
        assert {row["x_GlAccount"] for row in rows} == {"gl-6210"}
    assert export(desk, "focus-1.4", "--where", "provider=studio")[0]["x_GlAccount"] == ""


def test_a_mapping_that_leaves_something_open_is_told_in_full(desk: Desk, mapping: Path) -> None:
    mapping.write_text(
        'payable: {replicate: "2010"}\nvariance: "6290"\nrounding: "6999"\n'
        'rules:\n  - when: {cost_center: cc-4100}\n    set: {account: "6210"}\n',
        encoding="utf-8",
    )
    done = desk.here("ledger", "gl", "check", "gl.yaml", "--format", "csv")
    assert done.code == 1
    assert done.err.splitlines()[-3:] == [
        "No account for cost centre cc-4200, campaign =1+1, model cards: add a rule, or a default.",
        "No account for what studio is owed: add `studio` under `payable`.",
        "mintage: gl.yaml leaves 2 things open.",
    ]
    refused = desk.here("ledger", "export", "--format", "journal-xero", "--gl", "gl.yaml")
    assert refused.code == 1
    assert "no payable account for studio" in refused.err
    mapping.write_text("rules: 5\nfoo: 1\n", encoding="utf-8")
    broken = desk.here("ledger", "export", "--format", "journal-xero", "--gl", "gl.yaml")
    assert (broken.code, len(broken.err.splitlines())) == (2, 6)
    assert "gl.yaml:2: foo: found an unknown field" in broken.err


def test_what_is_held_at_the_end_of_a_month_is_accrued_and_reversed(
    desk: Desk, mapping: Path
) -> None:
    report = desk.here(
        "ledger", "report", "accruals", "--period", "2026-10", "--format", "json"
    ).json()
    (held,) = report["rows"]
    done = desk.here(
        *("ledger", "gl", "accruals", "--format", "journal-netsuite"),
        *("--period", "2026-10", "--gl", str(mapping), "--out", "accruals.csv"),
    )
    assert done.code == 0, done.err
    with (desk.folder / "accruals.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["Date"], row["Account"], row["Debit"], row["Credit"]) for row in rows] == [
        ("10/31/2026", "6210", "0.05", ""),
        ("10/31/2026", "2150", "", "0.05"),
        ("11/01/2026", "6210", "", "0.05"),
        ("11/01/2026", "2150", "0.05", ""),
    ]
    assert Decimal(held["accrued_usd"]) == Decimal("0.05")
    assert "Held at the end of 2026-10-31 (UTC)" in done.err
    running = f"{datetime.now(UTC):%Y-%m}"
    early = desk.here(
        *("ledger", "gl", "accruals", "--format", "journal-xero"),
        *("--period", running, "--gl", str(mapping)),
    )
    assert f"{running} is not over yet: this is what is held by now" in early.err


def test_only_formats_with_accounts_take_a_mapping(desk: Desk, mapping: Path) -> None:
    done = desk.here("ledger", "export", "--format", "csv", "--gl", str(mapping))
    assert (done.code, done.err) == (
        2,
        "mintage: --gl is for formats that name accounts, and csv does not.\n",
    )
