"""Sealing beside writers: no entry ever appears under a seal that is there already."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import pytest
from books_parts import SteppingClock, admit, an_order, plan, request, sound
from books_racers import race
from postgres_server import PostgresServer

from ledger import Books

SPAWN = multiprocessing.get_context("spawn")
RACERS = 4


@pytest.fixture
def books(empty_url: str) -> Iterator[Books]:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as opened:
        yield opened


def started(url: str, job_ids: list[str], seed: int) -> tuple[SpawnProcess, Connection]:
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=race, args=(url, job_ids, seed, theirs))
    process.start()
    theirs.close()
    return process, ours


def test_sealing_beside_racing_writers_covers_each_entry_once(books: Books, empty_url: str) -> None:
    shares = [
        plan(books, an_order(f"mugs@{number}", jobs=150, cap="20.00")) for number in range(RACERS)
    ]
    racers = [started(empty_url, share, number) for number, share in enumerate(shares)]
    sealed = books.seal()
    beside = 0
    while any(process.is_alive() for process, _ in racers):
        found = books.seal(max_entries=7)
        beside += found > 0
        sealed += found
    for process, report in racers:
        process.join()
        report.close()
        assert process.exitcode == 0
    assert beside > 1, "nothing was sealed while the others wrote"
    sealed += books.seal()
    proof = books.verify()
    assert proof.problem is None, proof.problem
    assert proof.sealed_entries == proof.entries == sealed == books.totals().entry_count


def test_many_may_seal_at_once(books: Books) -> None:
    job_ids = plan(books, an_order(jobs=40, cap="20.00"))
    for job_id in job_ids:
        admit(books, job_id)
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(books.seal(max_entries=3))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 41
    sound(books)


@pytest.mark.postgres
def test_entries_on_their_way_with_lower_ids_are_waited_for(postgres: PostgresServer) -> None:
    """The first writer takes its ids before the second, and commits after it."""
    url = postgres.fresh_database()
    with Books.open(url, clock=SteppingClock(), migrate=True) as books:
        early, late = (plan(books, an_order(f"mugs@{number}", jobs=1)) for number in range(2))
        assert books.seal() == 2
        has_id, go_on = threading.Event(), threading.Event()

        def write_slowly() -> None:
            with books.transaction() as desk:
                desk.hold([request(early[0])])
                has_id.set()
                assert go_on.wait(30)

        slow = threading.Thread(target=write_slowly)
        slow.start()
        assert has_id.wait(30)
        admit(books, late[0])
        assert books.seal(patience_s=0.05) == 0
        sealed: list[int] = []
        sealer = threading.Thread(target=lambda: sealed.append(books.seal(patience_s=30)))
        sealer.start()
        # Whoever comes after the sealer looked does not keep it waiting, nor wait for it.
        with books.transaction() as desk:
            desk.open_order(an_order("lamps@1", jobs=0), [])
            go_on.set()
            slow.join()
        sealer.join()
        assert sealed[0] >= 2
        assert sealed[0] + books.seal() == 3
        sound(books)
    postgres.drop_database(url)
