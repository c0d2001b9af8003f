"""`mintage ledger forecast` as finance meets it: the folder's quotes, every format, plain refusals."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from books_parts import SteppingClock, an_order, plan, through
from ledger_urls import lay_blank_books
from manners_parts import cards_order
from mint_runs import Desk

from ledger import Books, Scope, hold_nano, parse_usd


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Books in which an order ran in the last three nights, with a cap on its cost centre."""
    desk = Desk.at(tmp_path)
    path = desk.folder / ".mintage/ledger.db"
    lay_blank_books(path)
    now = datetime.now(UTC)
    for number in (2, 1, 0):
        day = now - timedelta(days=number)
        with Books.open(f"sqlite:///{path}", clock=SteppingClock(day, 0.001)) as books:
            # A slug of its own each night keeps the release keys of these parts apart.
            (job_id,) = plan(books, an_order(f"mugs{number}@{day.date()}", jobs=1))
            through(books, job_id)
            with books.transaction() as at:
                at.finish_order(job_id.partition("#")[0])
                at.set_cap(
                    Scope.COST_CENTER,
                    "cc-4100",
                    hold_nano(parse_usd("500")),
                    by="finance@acme.example",
                    because="the year's plan",
                )
    return desk


def test_the_running_month_is_forecast_against_the_cap(desk: Desk) -> None:
    month = datetime.now(UTC).strftime("%Y-%m")
    done = desk.here("ledger", "forecast", "--format", "json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    (row,) = [one for one in found["rows"] if one["cost_center"] == "cc-4100"]
    assert row["cap_usd"] == "500.00"
    assert row["cap_reached_on"] is None
    assert desk.here("ledger", "forecast", "--json").json() == found
    twice = desk.here("ledger", "forecast", "--json", "--format", "csv")
    assert (twice.code, twice.out) == (2, "")
    table = desk.here("ledger", "forecast").out
    assert table.startswith(f"Forecast to the month's end by cost centre: {month}")
    assert "mugs0: $0.0300 is the mean of 1 night" in " ".join(table.split())
    assert [line for line in table.splitlines() if len(line) > 80] == []


def test_every_dimension_is_a_csv_that_adds_up(desk: Desk) -> None:
    sums = set()
    for by in ("cost_center", "campaign", "order", "owner", "provider", "model"):
        done = desk.here("ledger", "forecast", "--by", by, "--format", "csv")
        assert done.code == 0, done.err
        rows = list(csv.DictReader(io.StringIO(done.out)))
        assert rows, by
        assert by in rows[0]
        sums.add(sum(hold_nano(parse_usd(row["forecast_usd"])) for row in rows))
    assert len(sums) == 1


def test_the_folder_says_which_orders_go_on_and_quotes_new_ones(desk: Desk) -> None:
    night = desk.folder / "night"
    night.mkdir()
    desk.write(cards_order(order="posters", cost_center="cc-4200"), "night/posters.yaml")
    (night / "bad.yaml").write_text("order: bad\n")
    done = desk.here("ledger", "forecast", "--orders", "night", "--by", "order")
    assert done.code == 0
    told = " ".join(done.out.split())
    assert "posters has no night that ended: quoted $" in told
    assert "expected, $" in told
    assert "Not in the folder, and so taken as ended: mugs0, mugs1, mugs2." in told
    assert "bad.yaml has" in done.err
    assert "It is not in the forecast" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--period", "2026-13"], "'2026-13' is no period"),
        (["--orders", "nowhere"], "nowhere is not a folder"),
        (["--where", "job=a"], "whole orders"),
        (["--where", "colour=red"], "colour"),
        (["--format", "xlsx"], "--out"),
    ],
)
def test_what_no_forecast_can_be_is_refused_in_one_sentence(
    desk: Desk, words: list[str], said: str
) -> None:
    done = desk.here("ledger", "forecast", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1
