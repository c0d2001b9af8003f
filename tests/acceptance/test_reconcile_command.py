"""`mintage ledger reconcile` as people meet it: its files, its flags, its formats and its exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books
from mint_runs import Desk, Finished
from statement_parts import OCTOBER, charged, in_month, lost, open_jobs

from ledger import Books
from ledger.invoices.findings_report import IN_WORDS

OF_MONTH = ("--provider", "replicate", "--period", OCTOBER)
POSTING = ("--post", "--by", "maria@acme.example", "--because", "invoice INV-7")
AGREES = "id,amount\nr0,0.03\nr1,0.03\nr2,0.03\n"
DIFFERS = "id,amount\nr0,0.03\nr1,0.04\nr2,0.03\nx,0.50\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Books of a month with three charged runs and a lost attempt."""
    path = tmp_path_factory.mktemp("made") / "ledger.db"
    lay_blank_books(path)
    clock = SteppingClock()
    with Books.open(f"sqlite:///{path}", clock=clock) as books:
        in_month(clock, OCTOBER)
        jobs = open_jobs(books)
        for number in range(3):
            charged(books, jobs[number], f"r{number}")
        lost(books, jobs[3])
    return path


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Iterator[Desk]:
    books = tmp_path / ".mintage/ledger.db"
    books.parent.mkdir()
    books.write_bytes(made.read_bytes())
    desk = Desk.at(tmp_path)
    (tmp_path / "agrees.csv").write_text(AGREES, encoding="utf-8")
    (tmp_path / "differs.csv").write_text(DIFFERS, encoding="utf-8")
    yield desk
    desk.close()


def reconcile(desk: Desk, *arguments: str) -> Finished:
    return desk.here("ledger", "reconcile", *arguments, *OF_MONTH)


def test_exit_codes_say_how_it_stands(desk: Desk) -> None:
    agrees = reconcile(desk, "agrees.csv")
    assert agrees.code == 0
    assert agrees.err.endswith("the books have $0.09: every line agrees.\n")
    assert reconcile(desk, "differs.csv").code == 3
    assert reconcile(desk, "differs.csv", *POSTING).code == 0
    assert reconcile(desk, "differs.csv").code == 0
    corrected = reconcile(desk, "agrees.csv", *POSTING)
    assert corrected.code == 0
    assert "Statement 2 is posted: 2 entries, -$0.51 in all." in corrected.err
    assert desk.here("ledger", "verify").code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Say where the lines come from: either a file or --live."),
        (("agrees.csv", "--live"), "Say where the lines come from: either a file or --live."),
        (("nothing.csv",), "nothing.csv cannot be read: No such file or directory."),
        (("agrees.csv", "--post"), "say --by and --because."),
        (("agrees.csv", "--by", "maria@acme.example"), "are for --post"),
        (("agrees.csv", "--total", "free"), "'free' is no invoice's total"),
        (("agrees.csv", "--total", "4.5", *POSTING), "say what that is in --because"),
        (("agrees.csv", "--json", "--format", "csv"), "Say either --json"),
        (("agrees.csv", "--columns", "amount=Net"), "no header 'Net'"),
        (("agrees.csv", "--format", "xlsx"), "name a file for it with --out"),
        (("agrees.csv", "--invoice", " "), "is no number of an invoice"),
        (("agrees.csv", "--post", "--by", "x\n", "--because", "y"), "by a person"),
    ],
)
def test_what_is_not_meant_is_refused_in_one_sentence(
    desk: Desk, arguments: tuple[str, ...], says: str
) -> None:
    done = reconcile(desk, *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert done.err.count("\n") == 1


def test_a_month_or_a_provider_that_is_none_is_refused(desk: Desk) -> None:
    for period, provider, says in (
        ("2026-13", "replicate", "'2026-13' is no period"),
        (
            OCTOBER,
            "replicat",
            "The books have nothing of provider 'replicat'; they have replicate.",
        ),
    ):
        done = desk.here(
            *("ledger", "reconcile", "agrees.csv", "--provider", provider, "--period", period)
        )
        assert done.code == 2
        assert says in done.err


def test_bad_lines_are_listed_with_their_numbers(desk: Desk) -> None:
    (desk.folder / "bad.csv").write_text("id,amount\nr0,0.03\nr1,free\nr2\n", encoding="utf-8")
    done = reconcile(desk, "bad.csv", *POSTING)
    assert done.code == 2
    assert done.err.splitlines() == [
        "mintage: bad.csv has 2 problems.",
        "  bad.csv:3: amount: found 'free'; wanted an amount in USD such as \"0.003\"",
        "  bad.csv:4: found 1 cells; wanted 2, one for each column",
    ]


def test_columns_mapped_by_hand_read_any_file(desk: Desk) -> None:
    text = AGREES.replace("id,amount", "Lauf,Netto")
    (desk.folder / "other.csv").write_text(text, encoding="utf-8")
    assert reconcile(desk, "other.csv").code == 2
    assert reconcile(desk, "other.csv", "--columns", "id=Lauf,amount=Netto").code == 0


def test_programs_read_the_sums_and_what_was_posted(desk: Desk) -> None:
    posting = (*POSTING, "--total", "0.604", "--invoice", "INV-7")
    told = reconcile(desk, "differs.csv", *posting, "--json").json()
    assert told["posted"] == {
        "statement": 1,
        "entries": 3,
        "amount_usd": "0.514",
        "again": False,
        "moved_to": None,
    }
    assert (told["invoice"], told["lines"], told["matched"]) == ("INV-7", 4, 2)
    assert (told["theirs_usd"], told["ours_usd"], told["difference_usd"]) == (
        "0.604",
        "0.09",
        "0.514",
    )
    # The lost attempt may be the unknown run's, and it is not told twice.
    assert {kind: one["count"] for kind, one in told["findings"].items()} == {
        "matched": 2,
        "price_differs": 1,
        "unknown_attempt": 1,
        "rounding": 1,
    }
    summary = desk.here("ledger", "summary", "--period", OCTOBER, "--json").json()
    assert summary["charged_usd"] == "0.604"


def test_other_programs_read_every_format(desk: Desk) -> None:
    done = reconcile(desk, "differs.csv", "--format", "csv", "--all")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["kind"], row["provider_ref"]) for row in rows[:2]] == [
        ("matched", "r0"),
        ("matched", "r2"),
    ]
    (dearer,) = [row for row in rows if row["kind"] == "price_differs"]
    assert dearer["job_id"] == "mugs@2026#mug-0001"
    assert (dearer["line"], dearer["difference_usd"]) == ("3", "0.01")
    for form in ("xlsx", "parquet", "json", "md", "html"):
        assert reconcile(desk, "differs.csv", "--format", form, "--out", f"found.{form}").code == 3
    sheet = openpyxl.load_workbook(desk.folder / "found.xlsx").worksheets[0]
    assert "x" in {cell.value for row in sheet.iter_rows() for cell in row}
    with duckdb.connect() as database:
        sums = "SELECT sum(difference_usd) FROM read_parquet(?) WHERE kind <> 'total'"
        (difference,) = database.execute(sums, [f"{desk.folder}/found.parquet"]).fetchall()[0]
    assert difference == Decimal("0.51")
    report = json.loads((desk.folder / "found.json").read_text(encoding="utf-8"))
    assert report["totals"]["theirs_usd"] == "0.60"


def test_a_screen_of_eighty_columns_is_enough(desk: Desk) -> None:
    done = reconcile(desk, "differs.csv")
    assert all(len(line) <= 80 for line in done.out.splitlines())
    assert "`mintage ledger settle mugs@2026#mug-0003/1" in " ".join(done.out.split())


def test_what_a_file_says_of_itself_counts_and_must_agree_with_the_flags(desk: Desk) -> None:
    runs = [{"id": f"r{number}", "amount": 0.03} for number in range(3)]
    told = {"currency": "USD", "invoice": "INV-9", "results": runs, "total": 0.1}
    (desk.folder / "own.json").write_text(json.dumps(told), encoding="utf-8")
    found = json.loads(reconcile(desk, "own.json", "--json").out)
    assert (found["invoice"], Decimal(found["theirs_usd"])) == ("INV-9", Decimal("0.10"))
    for flags, says in (
        (("--total", "0.09"), "--total says $0.09, and the file says that the total is $0.10."),
        (
            ("--invoice", "INV-8"),
            "--invoice says INV-8, and the file says that it is invoice INV-9",
        ),
    ):
        done = reconcile(desk, "own.json", *flags)
        assert done.code == 2
        assert says in done.err


def test_charging_a_run_that_was_posted_says_to_post_its_statement_again(desk: Desk) -> None:
    (desk.folder / "one.csv").write_text(AGREES + "r7,0.05\n", encoding="utf-8")
    assert reconcile(desk, "one.csv", *POSTING).code == 0
    attempt = ("mugs@2026#mug-0003/1", "--charge", "0.05", "--ref", "r7", *POSTING[1:])
    done = desk.here("ledger", "settle", *attempt)
    assert done.code == 0
    assert "it counts twice until that statement is posted again" in done.err
    assert f"ledger reconcile STATEMENT --provider replicate --period {OCTOBER} --post" in done.err
    assert "posting takes that back" in " ".join(reconcile(desk, "one.csv").out.split())
    assert reconcile(desk, "one.csv", *POSTING).code == 0
    # Whatever month it is by now: all of it is what Replicate billed.
    summary = json.loads(desk.here("ledger", "summary", "--json").out)
    assert Decimal(summary["charged_usd"]) == Decimal("0.14")


def test_the_page_about_reconciling_shows_what_its_commands_print(desk: Desk) -> None:
    page = (Path(__file__).parents[2] / "docs/reconcile.md").read_text(encoding="utf-8")
    (statement,) = re.findall(r"\$ cat october.csv\n(.*?)```", page, re.DOTALL)
    (desk.folder / "october.csv").write_text(statement, encoding="utf-8")
    blocks = re.findall(r"```console\n\$ mintage (.*?[^\\])\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4
    for command, shown in blocks:
        done = desk.here(*shlex.split(command.replace("\\\n", " ")))
        assert (done.out + done.err).split() == shown.split(), command


def test_the_page_names_every_finding() -> None:
    page = (Path(__file__).parents[2] / "docs/reconcile.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| ([a-z ]+) \|", page, re.MULTILINE)
    assert told == ["finding", *IN_WORDS.values()]
