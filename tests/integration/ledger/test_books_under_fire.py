"""Many processes on one cap, and processes that are killed: no cent is lost or spent twice."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import pytest
from books_parts import (
    CENT,
    SteppingClock,
    admit,
    an_order,
    failed,
    hold,
    plan,
    request,
    settle,
    sound,
)
from books_racers import hold_and_hang, race, write_until_killed

from ledger import Books, JobState, Refuse

SPAWN = multiprocessing.get_context("spawn")
RACERS = 4


@pytest.fixture
def books(empty_url: str) -> Iterator[Books]:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as opened:
        yield opened


def started(target: object, *arguments: object) -> tuple[SpawnProcess, Connection]:
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=target, args=(*arguments, theirs))  # type: ignore[arg-type]
    process.start()
    theirs.close()
    return process, ours


def test_racing_processes_never_pass_the_cap_and_use_what_is_there(
    books: Books, empty_url: str
) -> None:
    job_ids = plan(books, an_order(jobs=240, cap="2.00"))
    racers = [started(race, empty_url, job_ids[number::RACERS], number) for number in range(RACERS)]
    counts = [report.recv() for _, report in racers]
    for process, report in racers:
        process.join()
        report.close()
        assert process.exitcode == 0
    order = books.order("mugs@2026")
    assert order is not None
    built = sum(one["built"] for one in counts)
    refused = sum(one["refused"] for one in counts)
    assert built + refused == len(job_ids)
    assert refused > 0
    assert order.held_nano == 0
    # A refusal is only right when an attempt of five cents could not be paid for any more.
    assert 195 * CENT < order.spent_nano <= 200 * CENT
    states = books.job_counts("mugs@2026")
    assert (states[JobState.BUILT], states[JobState.REFUSED]) == (built, refused)
    sound(books)


def test_a_process_killed_inside_a_transaction_leaves_nothing_behind(
    books: Books, empty_url: str
) -> None:
    job_ids = plan(books, an_order(jobs=64, cap="100.00"))
    process, report = started(hold_and_hang, empty_url, job_ids)
    assert report.recv() == 64
    process.kill()
    process.join()
    report.close()
    assert books.attempt_count("mugs@2026") == 0
    assert books.totals().held_nano == 0
    sound(books)
    admit(books, job_ids[0])
    sound(books)


def test_what_was_committed_before_a_kill_is_there_after_it(books: Books, empty_url: str) -> None:
    job_ids = plan(books, an_order(jobs=3_000, cap="1000.00"))
    chance = random.Random(7)  # noqa: S311 - a repeatable test
    left = job_ids
    for _ in range(4):
        process, report = started(write_until_killed, empty_url, left)
        said = [report.recv()]
        time.sleep(chance.uniform(0.05, 0.3))
        process.kill()
        process.join()
        said += list(_rest(report))
        report.close()
        _check_promises(books, said)
        left = [job_id for _, job_id in books.job_ids("mugs@2026", [JobState.PLANNED], -1, 3_000)]
        assert left, "the writer finished before it was killed: give it more jobs"
    orphans = books.lost("mugs@2026")
    assert len(orphans) <= 4
    settle(books, *[failed(one.attempt_id) for one in orphans])
    assert books.totals().held_nano == 0
    sound(books)


def _rest(report: Connection) -> Iterator[tuple[str, str]]:
    """What a killed process had still said."""
    while True:
        try:
            yield report.recv()
        except EOFError:
            return


def _check_promises(books: Books, said: list[tuple[str, str]]) -> None:
    last = {job_id: word for word, job_id in said}
    views = {view.job_id: view for view in books.jobs(list(last))}
    for job_id, word in last.items():
        state = views[job_id].state
        # The commit after the last one that was said may have come through as well.
        allowed = {JobState.BUILT} if word == "built" else {JobState.BUILDING, JobState.BUILT}
        assert state in allowed, (job_id, word, state)
    sound(books)


def test_a_stop_from_another_process_takes_effect_at_the_next_hold(
    books: Books, empty_url: str
) -> None:
    one, two, _ = plan(books, an_order())
    admit(books, one)
    with Books.open(empty_url, clock=SteppingClock()) as other, other.transaction() as desk:
        desk.stop_order("mugs@2026", "stopped from another terminal")
    (decision,) = hold(books, request(two))
    assert not isinstance(decision, Refuse)
    assert "another terminal" in decision.reason  # type: ignore[union-attr]
