"""Eight processes on one provider's day: the cap is kept, and used up to the last attempt."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import pytest
from books_parts import CENT, SteppingClock, an_order, plan, sound
from books_racers import race_for_the_day, set_caps_for_a_while

from ledger import Books, BudgetView, Scope

SPAWN = multiprocessing.get_context("spawn")
RACERS = 8
JOBS = 20
DAY = "2026-11-20"


@pytest.fixture
def books(empty_url: str) -> Iterator[Books]:
    with Books.open(empty_url, clock=SteppingClock(step_s=0.001), migrate=True) as opened:
        yield opened


def started(target: object, *arguments: object) -> tuple[SpawnProcess, Connection]:
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=target, args=(*arguments, theirs))  # type: ignore[arg-type]
    process.start()
    theirs.close()
    return process, ours


def finish(process: SpawnProcess, report: Connection) -> object:
    said = report.recv()
    process.join()
    report.close()
    assert process.exitcode == 0
    return said


def racers(books: Books, url: str) -> list[tuple[SpawnProcess, Connection]]:
    """One order each, in two cost centres, all at one provider."""
    made = []
    for number in range(RACERS):
        order = an_order(f"mugs@{number}", jobs=JOBS, cap="100.00", per_job="10.00")
        job_ids = plan(books, replace(order, cost_center=f"cc-{number % 2}"))
        made.append((url, job_ids, number))
    return [started(race_for_the_day, *arguments) for arguments in made]


def the_day(books: Books) -> BudgetView:
    (view,) = [one for one in books.budgets(past=True) if one.scope is Scope.PROVIDER]
    assert view.period == DAY
    return view


def test_eight_processes_never_pass_one_providers_day(books: Books, empty_url: str) -> None:
    cap_nano = 201 * CENT
    with books.transaction() as desk:
        desk.set_cap(Scope.PROVIDER, "replicate", cap_nano, by="me", because="the race")
        desk.set_cap(Scope.COST_CENTER, "cc-0", 1_000 * CENT, by="me", because="the race")
    said = [finish(*one) for one in racers(books, empty_url)]
    spent_nano = sum(spent for spent, _ in said)  # type: ignore[misc]
    refused = sum(refused for _, refused in said)  # type: ignore[misc]
    day = the_day(books)
    assert (day.held_nano, day.spent_nano, day.overrun_nano) == (0, spent_nano, 0)
    assert spent_nano <= cap_nano
    # Nobody was turned away while another attempt of five cents could have been paid for.
    assert cap_nano - spent_nano < 5 * CENT
    assert refused == RACERS * JOBS - spent_nano // (3 * CENT)
    (month,) = [one for one in books.budgets(past=True) if one.scope is Scope.COST_CENTER]
    assert month.held_nano == 0
    # Whoever is first may take the whole day, so a month has what its own racers spent, if anything.
    assert month.spent_nano == sum(spent for spent, _ in said[::2])  # type: ignore[misc]
    sound(books)


def test_caps_that_change_during_the_race_lose_nothing(books: Books, empty_url: str) -> None:
    """The first cap is set while holds are open: each of them has to end under it."""
    going = racers(books, empty_url)
    caps_nano = [600 * CENT, 300 * CENT, 700 * CENT, 10 * CENT, 500 * CENT] * 6
    changing = started(set_caps_for_a_while, empty_url, caps_nano)
    refused = finish(*changing)
    said = [finish(*one) for one in going]
    day = the_day(books)
    assert (day.held_nano, day.spent_nano) == (0, sum(spent for spent, _ in said))  # type: ignore[misc]
    assert day.cap_nano is not None
    assert day.spent_nano <= day.cap_nano
    changes = len(books.cap_rules())
    assert isinstance(refused, int)
    assert 0 < changes <= len(caps_nano) - refused
    sound(books)
