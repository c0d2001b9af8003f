"""A month of finance in which nothing agrees at first, from the statement to what comes after its close.

Orders ran against the provider over HTTP in the month before this one; see `month_scenario`. Every
step from there on is a command. What is expected is worked out from the provider's own statement.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from loopback.server import LoopbackProvider
from mint_runs import Finished
from month_scenario import NEW_PRICE, OLD_PRICE, Month, month_of_differences

# They share a month that takes a second to make.
pytestmark = pytest.mark.xdist_group("month")

FINANCE = ("--by", "finance@acme.example")
ZERO = Decimal(0)
AMOUNT = re.compile(r"-?\$[\d,.]*\d")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    """The month as its last day left it."""
    with LoopbackProvider(seed=7, picture_variants=4) as provider:
        yield month_of_differences(tmp_path_factory.mktemp("made"), provider)


@pytest.fixture(scope="module")
def posted(made: Month, tmp_path_factory: pytest.TempPathFactory) -> Month:
    """The month when its lost attempt was settled and its invoice was posted."""
    month = copy_of(made, tmp_path_factory.mktemp("posted"))
    assert settle(month).code == 0
    done = reconcile(month, "INV-2041", "--post", *FINANCE, "--because", "The month's invoice")
    assert done.code == 0, done.err
    return month


@pytest.fixture(scope="module")
def closed(posted: Month, tmp_path_factory: pytest.TempPathFactory) -> Month:
    """The month when it was closed."""
    month = copy_of(posted, tmp_path_factory.mktemp("closed"))
    done = close(month)
    assert done.code == 0, done.err
    return month


@pytest.fixture
def month(made: Month, tmp_path: Path) -> Month:
    """A copy of the month as it was made, for one test to change."""
    return copy_of(made, tmp_path)


def copy_of(month: Month, folder: Path) -> Month:
    shutil.copytree(month.desk.folder, folder, dirs_exist_ok=True)
    return replace(month, desk=replace(month.desk, folder=folder))


def reconcile(month: Month, invoice: str | None, *more: str) -> Finished:
    """Match a saved statement whose invoice has a total, or the provider's own record."""
    lines = ("--live",)
    if invoice is not None:
        total = str(month.invoice_total(invoice))
        lines = (f"{invoice}.csv", "--total", total, "--invoice", invoice)
    of_month = ("--provider", "replicate", "--period", month.period)
    return month.desk.here("ledger", "reconcile", *lines, *of_month, *more)


def settle(month: Month) -> Finished:
    return month.desk.here(
        *("ledger", "settle", month.lost_attempt, "--charge", str(NEW_PRICE)),
        *("--ref", month.refs["lost"], *FINANCE, "--because", "The statement has the run"),
    )


def close(month: Month, *more: str) -> Finished:
    asked = ("ledger", "close", month.period, *FINANCE, "--because", "Month's end", *more)
    return month.desk.here(*asked)


def rows(done: Finished) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(done.out)))


def exported(month: Month, period: str) -> list[dict[str, str]]:
    done = month.desk.here("ledger", "export", "--format", "csv", "--period", period)
    assert done.code == 0, done.err
    return rows(done)


def charged(month: Month, period: str | None = None) -> Decimal:
    """What the books have, by the summary; the export has to say the same to the nano-dollar."""
    asked = () if period is None else ("--period", period)
    summary = month.desk.here("ledger", "summary", *asked, "--json").json()
    told = Decimal(summary["charged_usd"])
    report = rows(month.desk.here("ledger", "export", "--format", "csv", *asked))
    assert sum((Decimal(row["amount_usd"]) for row in report), ZERO) == told
    return told


def sums(told: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Theirs and ours in all, after checking that the findings add up to them."""
    for name in ("theirs_usd", "ours_usd", "difference_usd"):
        parts = (Decimal(one[name]) for one in told["findings"].values())
        assert sum(parts, ZERO) == Decimal(told[name]), name
    return Decimal(told["theirs_usd"]), Decimal(told["ours_usd"])


def sound(month: Month) -> None:
    proof = month.desk.here("ledger", "verify", "--json").json()
    assert proof["problem"] is None


def test_every_difference_is_named_with_its_run_and_its_amounts(month: Month) -> None:
    before = charged(month)
    done = reconcile(month, "INV-2041", "--format", "csv")
    assert done.code == 3
    found = {row["provider_ref"]: row for row in rows(done)}
    refs, nothing = month.refs, "0.00"
    old, new = str(OLD_PRICE), str(NEW_PRICE)
    expected = {
        refs["dearer"]: ("price_differs", new, old),
        refs["dearer_too"]: ("price_differs", new, old),
        refs["theirs"]: ("only_theirs", new, nothing),
        refs["forgotten"]: ("only_ours", nothing, old),
        refs["refunded"]: ("refund", nothing, old),
        refs["lost"]: ("unknown_attempt", new, nothing),
    }
    assert {
        ref: (row["kind"], row["theirs_usd"], row["ours_usd"]) for ref, row in found.items() if ref
    } == expected
    assert month.lost_attempt in found[refs["lost"]]["remark"]
    assert f"--charge {new} --ref {refs['lost']}" in found[refs["lost"]]["remark"]
    jobs = {ref: row["job_id"].partition("#")[2] for ref, row in found.items()}
    assert (jobs[refs["dearer"]], jobs[refs["refunded"]]) == ("mug-1", "mug-2")
    assert jobs[refs["theirs"]] == ""
    assert charged(month) == before, "looking changes nothing"


def test_the_findings_add_up_to_what_both_sides_have(month: Month) -> None:
    done = reconcile(month, "INV-2041", "--json")
    told = done.json()
    assert sums(told) == (month.invoice_total("INV-2041"), charged(month, month.period))
    counts = {kind: one["count"] for kind, one in told["findings"].items()}
    assert counts == {
        "matched": 2,
        "price_differs": 2,
        "only_theirs": 1,
        "only_ours": 1,
        "refund": 1,
        "unknown_attempt": 1,
        "rounding": 1,
    }


def test_a_person_reads_it_on_a_screen_of_eighty_columns(month: Month) -> None:
    done = reconcile(month, "INV-2041")
    table = done.out.split("\n\n")[1]
    for line in table.splitlines():
        assert len(line) <= 80, line
    for words in ("price differs", "only theirs", "only ours", "refund", "unknown attempt"):
        assert words in table
    assert month.refs["theirs"] in table
    assert done.err.endswith("--post --by YOU --because WHY books them.\n")


def test_the_providers_own_record_shows_runs_without_any_statement(month: Month) -> None:
    """It has no prices of the provider's and no refunds, so those two kinds need the statement."""
    done = reconcile(month, None, "--json")
    told = done.json()
    assert done.code == 3
    assert (told["source"], told["lines"]) == ("live", 7)
    counts = {kind: one["count"] for kind, one in told["findings"].items()}
    assert counts == {"matched": 5, "only_theirs": 1, "only_ours": 1, "unknown_attempt": 1}
    assert sums(told) == (7 * OLD_PRICE, 6 * OLD_PRICE)


def test_a_month_with_something_open_is_not_closed_unless_somebody_signs(month: Month) -> None:
    refused = close(month)
    assert refused.code == 1
    assert "has no statement" in refused.err
    assert month.lost_attempt in refused.err
    done = reconcile(month, "INV-2041", "--post", *FINANCE, "--because", "The month's invoice")
    assert done.code == 0, done.err
    # The books equal the invoice, and still nobody knows of that attempt.
    assert charged(month, month.period) == month.invoice_total("INV-2041")
    refused = close(month)
    assert refused.code == 1
    assert "has no statement" not in refused.err
    assert month.lost_attempt in refused.err
    signed = close(month, "--sign")
    assert signed.code == 0, signed.err
    assert month.lost_attempt in month.desk.here("ledger", "periods", "--json").out
    sound(month)


def test_posted_the_books_equal_the_invoice_to_the_nano_dollar(posted: Month) -> None:
    assert charged(posted, posted.period) == posted.invoice_total("INV-2041") == Decimal("0.02")
    again = reconcile(posted, "INV-2041", "--json")
    assert again.code == 0
    told = again.json()
    assert list(told["findings"]) == ["matched"]
    assert sums(told) == (Decimal("0.02"), Decimal("0.02"))
    assert told["matched"] == 7
    sound(posted)


def test_every_adjustment_is_put_down_to_its_job_or_to_nobody(posted: Month) -> None:
    of_month = [row for row in exported(posted, posted.period) if row["unit"] == "adjustment"]
    found = {
        (row["provider_ref"], row["job_id"].partition("#")[2], row["cost_center"]): row[
            "amount_usd"
        ]
        for row in of_month
    }
    refs, up = posted.refs, str(NEW_PRICE - OLD_PRICE)
    assert found == {
        (refs["dearer"], "mug-1", "cc-4200"): up,
        (refs["dearer_too"], "mug-2", "cc-4200"): up,
        (refs["theirs"], "", ""): str(NEW_PRICE),
        (refs["forgotten"], "mug-3", "cc-4100"): f"-{OLD_PRICE}",
        (refs["refunded"], "mug-2", "cc-4100"): f"-{OLD_PRICE}",
        # It was settled in this month, and is billed for the last one.
        (refs["lost"], "mug-3", "cc-4200"): str(NEW_PRICE),
        ("", "", ""): "-0.002",
    }
    assert charged(posted, posted.next_period) == 0


def test_posting_the_same_invoice_again_books_nothing(posted: Month, tmp_path: Path) -> None:
    month = copy_of(posted, tmp_path)
    before = exported(month, month.period)
    done = reconcile(month, "INV-2041", "--post", *FINANCE, "--because", "Once more", "--json")
    assert done.code == 0, done.err
    assert done.json()["posted"]["again"]
    assert exported(month, month.period) == before


def test_a_correction_after_the_close_goes_to_the_next_month(closed: Month, tmp_path: Path) -> None:
    month = copy_of(closed, tmp_path)
    sealed = exported(month, month.period)
    done = reconcile(
        month, "INV-2041-B", "--post", *FINANCE, "--because", "The corrected invoice", "--json"
    )
    assert done.code == 0, done.err
    assert done.json()["posted"]["moved_to"] == month.next_period
    assert exported(month, month.period) == sealed, "what is closed stays as it is"
    corrected = month.invoice_total("INV-2041-B")
    assert corrected == Decimal("0.01")
    # Nothing else was charged in the next month, so both together are what the provider bills.
    assert charged(month) == corrected
    assert charged(month, month.next_period) == corrected - month.invoice_total("INV-2041")
    refunded = {
        row["provider_ref"]: row["amount_usd"]
        for row in exported(month, month.next_period)
        if row["amount_usd"] == f"-{NEW_PRICE}" and row["provider_ref"] != month.refs["lost"]
    }
    assert set(refunded) == {month.refs["dearer"], month.refs["dearer_too"]}
    assert reconcile(month, "INV-2041-B").code == 0
    sound(month)


def test_the_page_about_the_month_shows_what_its_commands_print(month: Month) -> None:
    """Every command of docs/a-month.md, one after the other, and every amount of what it prints."""
    page = (Path(__file__).parents[2] / "docs/a-month.md").read_text(encoding="utf-8")
    period = re.findall(r"--period (\d{4}-\d\d)", page)[0]
    (attempt,) = set(re.findall(r"settle ([0-9a-f-]{36}) --charge 0.004", page))
    (run,) = set(re.findall(r"--ref (\w{26}) --by finance", page))
    names = {period: month.period, attempt: month.lost_attempt, run: month.refs["lost"]}
    blocks = re.findall(r"```console\n\$ mintage (.*?[^\\])\n(.*?)```", page, re.DOTALL)
    assert len(blocks) > 10
    for command, shown in blocks:
        line = command.replace("\\\n", " ")
        for written, real in names.items():
            line = line.replace(written, real)
        done = month.desk.here(*shlex.split(line))
        assert AMOUNT.findall(done.out + done.err) == AMOUNT.findall(shown), line


def test_a_closed_month_is_closed_to_everybody(closed: Month, tmp_path: Path) -> None:
    month = copy_of(closed, tmp_path)
    again = close(month)
    assert again.code != 0
    told = month.desk.here("ledger", "periods").out
    assert f"{month.period} is closed: $0.02" in told
    assert "replicate charged $0.02 and billed $0.02" in told
