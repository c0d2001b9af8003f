"""Finance closes a month and raises caps on the command line: alone where one may, else with another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from books_parts import SteppingClock, admit, an_order, plan, settle, unknown
from closing_parts import ANNA, BOB, a_charge, on
from manners_parts import assert_one_sentence
from mint_runs import Desk, Finished

from ledger import Books

ME = ("--by", ANNA, "--because", "the month is done")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Books with three cents and a lost attempt in October 2025, and an order that goes on."""
    clock = SteppingClock(now=datetime(2025, 10, 20, tzinfo=UTC))
    with Books.open(f"sqlite:///{tmp_path}/.mintage/ledger.db", clock=clock) as books:
        a_charge(books, "mugs@2025")
        (lost,) = plan(books, an_order("cups@2025", jobs=1))
        settle(books, unknown(admit(books, lost)))
        on(clock, 2025, 11, 20)
        a_charge(books, "lamps@2025")
    return Desk.at(tmp_path)


def assert_fits(done: Finished) -> None:
    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if len(line.rstrip()) > 80] == []


def test_a_month_is_closed_reopened_and_closed_again(desk: Desk) -> None:
    refused = desk.here("ledger", "close", "2025-11", *ME)
    assert refused.code == 1
    first, *points = refused.err.splitlines()
    assert first == "mintage: 2025-11 is not closed: 2 things are open."
    assert points[0] == "  2025-10 has entries and is not closed: close it first."
    assert points[1].startswith(
        "  replicate has no statement for 2025-11, and the books have $0.03"
    )
    # Nobody signs for an earlier month, so it is not offered.
    assert len(points) == 2
    told = desk.here("ledger", "close", "2025-10", *ME, "--json").json()
    assert told["closed"] is False
    assert [(one["kind"], one["amount_usd"]) for one in told["open"]] == [
        ("no_statement", "0.03"),
        ("open_attempts", "0.05"),
    ]
    signed = desk.here("ledger", "close", "2025-10", *ME, "--sign")
    assert signed.code == 0, signed.err
    assert f"{ANNA} signed for: 1 attempt is unknown at replicate" in signed.err
    assert_one_sentence(desk.here("ledger", "close", "2025-10", *ME), 1, "is closed already")
    asked = desk.here("ledger", "reopen", "2025-10", *ME)
    assert (asked.code, asked.err.splitlines()[-1]) == (3, "  mintage ledger approve R1 --by …")
    own = desk.here("ledger", "approve", "R1", "--by", "Anna@acme.example")
    assert_one_sentence(own, 1, "nobody approves what they asked for")
    assert desk.here("ledger", "approve", "R1", "--by", BOB).code == 0
    assert desk.here("ledger", "close", "2025-10", *ME, "--sign", "--json").json()["closed"] is True
    shown = desk.here("ledger", "periods")
    assert_fits(shown)
    assert "2025-10 is closed: $0.03 in 6 entries." in shown.out
    assert "Reopened" in shown.out
    october, november = desk.here("ledger", "periods", "--json").json()["periods"]
    assert [event["event"] for event in october["events"]] == ["close", "reopen", "close"]
    assert (october["events"][1]["by"], october["events"][1]["approved_by"]) == (ANNA, BOB)
    assert (october["state"], november["state"]) == ("closed", "open")
    assert_fits(desk.here("ledger", "periods", "--format", "table"))
    csv = desk.here("ledger", "periods", "--format", "csv").out.splitlines()
    assert csv[1].startswith("2025-10,closed,0.03,,0.08,1,")
    assert desk.here("ledger", "verify").code == 0


def test_a_raise_above_the_limit_takes_two(desk: Desk) -> None:
    cap = ("ledger", "budget", "set", "cost_center", "cc-4100")
    up = ("ledger", "budget", "raise", "cost_center", "cc-4100")
    assert "by any amount" in desk.here("ledger", "budget", "limit").out
    assert desk.here("ledger", "budget", "limit", "100.00", *ME).code == 0
    assert "by $100.00 a month at most, as" in desk.here("ledger", "budget", "limit").out
    assert desk.here(*cap, "500.00", *ME).code == 0
    assert desk.here(*up, "600.00", *ME).code == 0
    assert_one_sentence(desk.here(*up, "600.00", *ME), 1, "a cap of $600.00 already")
    assert_one_sentence(desk.here(*up, "none", *ME), 2, "`mintage ledger budget set`")
    for asks in ((*up, "700.01"), (*cap, "none"), ("ledger", "budget", "limit", "none")):
        asked = desk.here(*asks, *ME)
        assert asked.code == 3
        assert "this takes a second person" in asked.err
    again = desk.here(*up, "700.01", "--by", BOB, "--because", "I want it too")
    assert (again.code, "it waits as R1" in again.err) == (3, True)
    shown = desk.here("ledger", "requests")
    assert_fits(shown)
    assert shown.out.count("waits for another person: mintage ledger approve R") == 3
    assert desk.here("ledger", "approve", "r1", "--by", BOB).code == 0
    overtaken = desk.here("ledger", "approve", "R2", "--by", BOB)
    assert_one_sentence(overtaken, 1, "R2 was overtaken")
    assert desk.here("ledger", "reject", "R3", *ME).err == "R3 is withdrawn; nothing has changed.\n"
    every = desk.here("ledger", "requests", "--all", "--json").json()["requests"]
    assert [one["state"] for one in every] == ["approved", "overtaken", "withdrawn"]
    (month,) = [
        one
        for one in desk.here("ledger", "budget", "list", "--json").json()["budgets"]
        if one["subject"] == "cc-4100"
    ]
    assert (month["cap_usd"], month["set_by"]) == ("700.01", ANNA)
    assert month["because"] == f"the month is done (R1, approved by {BOB})"
    assert desk.here("ledger", "verify").code == 0


def test_a_file_that_has_another_cap_is_told_of_wherever_one_is_raised(desk: Desk) -> None:
    caps = desk.folder / "caps.yaml"
    caps.write_text('cost_centers: {cc-4100: {month: "500.00"}}')
    up = ("ledger", "budget", "raise", "cost_center", "cc-4100")
    desk.here("ledger", "budget", "limit", "100.00", *ME)
    desk.here("ledger", "budget", "set", "cost_center", "cc-4100", "500.00", *ME)
    desk.environment["MINTAGE_CAPS"] = str(caps)
    again = f"mintage: {caps} says $500.00, and the next run sets that again; change it there too."
    assert desk.here(*up, "550.00", *ME).err.splitlines()[-1] == again
    asked = desk.here(*up, "900.00", *ME)
    assert (asked.code, asked.err.splitlines()[-1]) == (
        3,
        again.replace("the next", "once this is approved, the next"),
    )
    approved = desk.here("ledger", "approve", "R1", "--by", BOB, "--json")
    assert (approved.code, approved.json()["state"], approved.err) == (0, "approved", f"{again}\n")
    caps.write_text("nonsense: [")
    told = desk.here(*up, "901.00", *ME)
    assert (told.code, "is not YAML" in told.err) == (0, True)
    caps.write_text('cost_centers: {"cc\\u202e1": {month: "5"}}')
    assert "a name is one line of plain text" in desk.here(*up, "902.00", *ME).err
    alone = desk.here("ledger", "approve", "R1", "--by", "Settings File")
    assert_one_sentence(alone, 1, "is how the file of caps signs")


def test_budgets_say_what_is_held_spent_left_and_used(desk: Desk) -> None:
    desk.here("ledger", "budget", "set", "cost_center", "cc-4100", "0.40", *ME)
    for more in ((), ("--all",), ("--period", "2025-10")):
        assert_fits(desk.here("ledger", "budget", "list", *more))
    october = desk.here(
        "ledger", "budget", "list", "--period", "2025-10", "--format", "json"
    ).json()
    assert [(row["subject"], row["held_usd"], row["charged_usd"]) for row in october["rows"]] == [
        ("cups@2025", "0.05", "0.00"),
        ("mugs@2025", "0.00", "0.03"),
    ]
    assert (october["rows"][0]["left_usd"], october["rows"][0]["used_share"]) == ("4.95", "0.01")
    assert october["entries"]["count"] == 6
    file = desk.folder / "budgets.xlsx"
    assert desk.here("ledger", "budget", "list", "--format", "xlsx", "--out", str(file)).code == 0
    assert file.read_bytes()[:2] == b"PK"
    nothing = desk.here("ledger", "budget", "list", "--period", "2020-01")
    assert nothing.out == "Nothing was capped in 2020-01.\n"


REFUSED = [
    (2, "'2025-13' is no period", "ledger close 2025-13 --by anna --because why"),
    (1, "by somebody and for a reason", "ledger close 2025-10 --by anna --because ="),
    (1, "is neither", "ledger close 2025-10 --by anna\x07 --because why"),
    (1, "one line of plain text", "ledger close 2025-10 --by anna --because w\x1b[2Jhy"),
    (1, "one line of plain text", "ledger reopen 2025-10 --by anna --because w\x00hy"),
    (1, "never closed", "ledger reopen 2025-10 --by anna --because why"),
    (2, "is no request", "ledger approve 0 --by bob"),
    (1, "There is no request R4", "ledger approve R4 --by bob"),
    (1, "one line of plain text", "ledger budget limit 5 --by anna --because w\u202ehy"),
    (2, "say --by and --because", "ledger budget limit 5 --by anna"),
    (1, "is neither", "ledger budget set provider x 5 --by a;b --because why"),
    (1, "no cap to raise", "ledger budget raise provider x 5 --by anna --because why"),
    (2, "not an amount", "ledger budget raise provider x 5,00 --by anna --because why"),
]


def test_what_finance_cannot_do_is_one_sentence(desk: Desk) -> None:
    for code, said, line in REFUSED:
        words = ["" if word == "=" else word for word in line.split(" ")]
        assert_one_sentence(desk.here(*words), code, said)
