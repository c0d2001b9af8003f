"""Checks exports of FOCUS with validators that are not ours: 1.2 with the official one, 1.4 with a lint.

    make focus-validator
    python tests/benchmarks/focus_check.py .venv/focus-validator

Books with every kind of row are made in a temporary folder, exported through `mintage ledger export`,
and both files are checked. Of 1.2 only the rules about InvoiceId being null may fail: 004 and 005 of that
validator's model contradict each other, so whichever a row keeps, it breaks the other.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from books_parts import (  # noqa: E402  found by the path above
    SteppingClock,
    admit,
    an_order,
    built,
    plan,
    settle,
    through,
    usd_line,
)
from statement_parts import (  # noqa: E402
    BY,
    DECEMBER,
    NOVEMBER,
    charged,
    in_month,
    lines,
    open_jobs,
)

from flows.reconciling import StatementWish, post, reconcile  # noqa: E402
from ledger import Books  # noqa: E402
from ledger.closing import close_period  # noqa: E402
from ledger.invoices.theirs import Theirs  # noqa: E402

CRITERIA = (
    "PUBLIC_PRICE_LIST",
    "UNIT_PRICING",
    "USAGE_MEASUREMENT",
    "SUB_ACCOUNT",
    "TAGGING",
    "NEGOTIATED_PRICING",
    "ACCOUNT_NAMING",
    "MULTIPLE_PRICING_CATEGORIES",
)
"""What the rows have; the validator asks only for what is said to be there."""

MAY_FAIL = {"InvoiceId-C-000-O", "InvoiceId-C-003-C", "InvoiceId-C-004-C", "InvoiceId-C-005-C"}
"""The two that contradict each other, and the two that are made of them."""
_TOTAL = re.compile(
    r"Total:\s*(\d+)\s*\|\s*Pass:\s*(\d+)\s*\|\s*Fail:\s*(\d+)\s*\|\s*Skipped:\s*(\d+)"
)
_FAILED = re.compile(r"^- ([A-Za-z]+-[A-Z]-\d+-[A-Z]):", re.MULTILINE)


def make_books(folder: Path) -> None:
    """Charge, overrun, refund, correct: each kind of row, with odd names among them."""
    clock = SteppingClock()
    with Books.open(f"sqlite:///{folder}/.mintage/ledger.db", clock=clock) as books:
        in_month(clock, NOVEMBER)
        jobs = open_jobs(books)
        for number, job_id in enumerate(jobs[:4]):
            charged(books, job_id, f"r{number}", "0.0033333")
        odd = an_order("12@34", jobs=2)
        odd = replace(odd, cost_center="4100", campaign="2026", model="mäker/painter")
        odd_jobs = plan(books, odd)
        for job_id in odd_jobs:
            through(books, job_id, usd_line("0.000225", "13.3334567"))
        (late,) = plan(books, an_order("late@1", jobs=1))
        settle(books, built(admit(books, late, 10_000_000), usd_line("0.05")))
        in_month(clock, DECEMBER, 3)
        told = [("r0", "0.004"), ("r1", "0.0033333"), ("r1", "-0.0033333"), ("r2", "0.0033333")]
        told += [(f"ref-{job_id}/1", "0.003000028") for job_id in odd_jobs]
        told += [(f"ref-{late}/1", "0.05")]
        _post(books, NOVEMBER, "INV-11", [*told, ("stranger", "0.111111111")])
        close_period(books, NOVEMBER, by=BY, because="month's end")
        charged(books, jobs[4], "r4", "0.05")
        _post(books, NOVEMBER, "INV-11-B", [*told, ("stranger", "0.2")])


def _post(books: Books, period: str, invoice_id: str, told: list[tuple[str, str]]) -> None:
    theirs = Theirs()
    theirs.add(lines(*told))
    wish = StatementWish("replicate", period, invoice_id=invoice_id)
    post(books, reconcile(books, wish, theirs), by=BY, because="the invoice came")


def mintage(folder: Path, *arguments: str) -> str:
    """Run the real command on the books."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MINTAGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "console", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(TESTS.parent)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def billed(path: Path) -> Decimal:
    """Add a file's BilledCost up."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum((Decimal(row["BilledCost"]) for row in csv.DictReader(file)), Decimal(0))


def official(home: Path, path: Path) -> bool:
    """Run the official validator; say what it found, and whether all of that may be."""
    # It looks for its list of currencies from the working directory on.
    package = next(home.glob("lib/python3.*/site-packages")).resolve()
    done = subprocess.run(
        [
            str((home / "bin/focus-validator").absolute()),
            "--data-file",
            str(path),
            "--validate-version",
            "1.2",
            "--block-download",
            "--applicability-criteria",
            ",".join(f"{name}_SUPPORTED" for name in CRITERIA),
            "--show-violations",
        ],
        cwd=package,
        check=False,
        capture_output=True,
        text=True,
    )
    found = _TOTAL.search(done.stdout)
    if found is None:
        print(done.stdout, done.stderr)
        return False
    total, passed, failed, skipped = map(int, found.groups())
    rules = set(_FAILED.findall(done.stdout))
    print(f"focus-validator 1.2: {total} rules, {passed} pass, {failed} fail, {skipped} skipped")
    for rule in sorted(rules):
        print(f"  fails: {rule}{' (the model contradicts itself)' if rule in MAY_FAIL else ''}")
    # As many as are named, so that none is missed because it is told about in other words.
    return rules <= MAY_FAIL and failed == len(rules) and passed > 0


def lint(path: Path) -> bool:
    """Run the lint of 1.4."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("focus-toolkit")),
            "validate",
            str(path),
            "--dataset",
            "cost-and-usage",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    print(done.stdout.strip())
    return done.returncode == 0


def main() -> int:
    """Check both; 0 when nothing failed that may not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="the environment that has focus-validator")
    home = parser.parse_args().home
    with tempfile.TemporaryDirectory(prefix="mintage-focus-") as name:
        folder = Path(name)
        make_books(folder)
        charged_usd = Decimal(
            json.loads(mintage(folder, "ledger", "summary", "--json"))["charged_usd"]
        )
        good = True
        for version, check in (("1.2", lambda path: official(home, path)), ("1.4", lint)):
            path = folder / f"focus-{version}.csv"
            mintage(folder, "ledger", "export", "--format", f"focus-{version}", "--out", str(path))
            print(f"FOCUS {version}: {billed(path)} USD billed, {charged_usd} charged")
            good = check(path) and good and billed(path) == charged_usd
    print("Good." if good else "Something failed that may not.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
