"""Processes for tests of the books: racers on one cap, and writers that are killed.

They are functions of a module of their own, because a spawned process imports what it runs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from books_parts import CENT, SteppingClock, built, failed, request, usd_line

from ledger import Admit, Books, JobMove, JobState, Refuse, Settlement, Wait

WAIT_S = 0.002


def race(url: str, job_ids: Sequence[str], seed: int, report: Connection) -> None:
    """Take jobs through hold and settlement until each is built or refused; report how many.

    Every attempt holds five cents and costs between nothing and all of it; some are voided and
    tried again.
    """
    chance = random.Random(seed)  # noqa: S311 - a repeatable test
    todo = dict.fromkeys(job_ids, 1)
    counts = {"built": 0, "refused": 0, "waits": 0}
    with Books.open(url, clock=SteppingClock()) as books:
        while todo:
            asked = [request(job, 5 * CENT, todo[job]) for job in list(todo)[:4]]
            with books.transaction() as desk:
                decisions = desk.hold(asked)
            admitted = []
            for one, decision in zip(asked, decisions, strict=True):
                if isinstance(decision, Admit):
                    admitted.append(one)
                elif isinstance(decision, Refuse):
                    del todo[one.job_id]
                    counts["refused"] += 1
                    _park(books, one.job_id)
                else:
                    assert isinstance(decision, Wait), decision
                    counts["waits"] += 1
            ends: list[Settlement] = []
            for one in admitted:
                if chance.random() < 0.2:
                    ends.append(failed(one.attempt_id))
                    todo[one.job_id] = one.number + 1
                else:
                    cost = usd_line(f"0.0{chance.randrange(6)}")
                    ends.append(built(one.attempt_id, cost))
                    del todo[one.job_id]
                    counts["built"] += 1
            with books.transaction() as desk:
                desk.settle(ends)
            if not admitted:
                time.sleep(WAIT_S)
    report.send(counts)
    report.close()


def _park(books: Books, job_id: str) -> None:
    with books.transaction() as desk:
        desk.move([JobMove(job_id, JobState.PLANNED, JobState.REFUSED, "no room")])


def hold_and_hang(url: str, job_ids: Sequence[str], report: Connection) -> None:
    """Hold for every job, and stay inside the transaction until somebody kills this process."""
    with Books.open(url, clock=SteppingClock()) as books, books.transaction() as desk:
        decisions = desk.hold([request(job_id) for job_id in job_ids])
        report.send(sum(isinstance(decision, Admit) for decision in decisions))
        time.sleep(600)


def write_until_killed(url: str, job_ids: Sequence[str], report: Connection) -> None:
    """Hold, settle and say so after each commit: what was said must be in the books for ever."""
    with Books.open(url, clock=SteppingClock()) as books:
        for job_id in job_ids:
            with books.transaction() as desk:
                (decision,) = desk.hold([request(job_id)])
            assert isinstance(decision, Admit), decision
            report.send(("held", job_id))
            with books.transaction() as desk:
                desk.settle([built(decision.attempt_id)])
            report.send(("built", job_id))
    report.send(("done", ""))
