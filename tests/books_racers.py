"""Processes for tests of the books: racers on one cap, and writers that are killed.

They are functions of a module of their own, because a spawned process imports what it runs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from books_parts import CENT, SteppingClock, built, failed, request, unknown, usd_line

from ledger import (
    Admit,
    Books,
    CapTooLow,
    JobMove,
    JobState,
    Refuse,
    Scope,
    Settlement,
    Wait,
)

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


def race_for_the_day(url: str, job_ids: Sequence[str], seed: int, report: Connection) -> None:
    """Take jobs of an order of one's own until its provider's day has no room; report what it cost.

    Every attempt holds five cents and costs three, or is voided or lost for a while: what a racer
    is told to wait for may be another process's hold.
    """
    chance = random.Random(seed)  # noqa: S311 - a repeatable test
    spent_nano, refused = 0, 0
    todo = [(job_id, 1) for job_id in job_ids]
    with Books.open(url, clock=SteppingClock(step_s=0.001)) as books:
        while todo:
            job_id, number = todo.pop()
            with books.transaction() as desk:
                (decision,) = desk.hold([request(job_id, 5 * CENT, number)])
            if isinstance(decision, Refuse):
                assert decision.budget_id.startswith("provider:"), decision
                refused += 1
                continue
            if isinstance(decision, Wait):
                assert decision.is_shared, decision
                todo.append((job_id, number))
                time.sleep(WAIT_S)
                continue
            assert isinstance(decision, Admit), decision
            luck = chance.random()
            if luck < 0.2:
                with books.transaction() as desk:
                    desk.settle([unknown(decision.attempt_id)])
            with books.transaction() as desk:
                if luck < 0.3:
                    desk.settle([failed(decision.attempt_id, counts=False)])
                    todo.append((job_id, number + 1))
                else:
                    desk.settle([built(decision.attempt_id, usd_line("0.03"))])
                    spent_nano += 3 * CENT
    report.send((spent_nano, refused))
    report.close()


def set_caps_for_a_while(url: str, caps_nano: Sequence[int], report: Connection) -> None:
    """Raise and lower the provider's cap while others race; a cap that is too low is refused."""
    refused = 0
    with Books.open(url, clock=SteppingClock(step_s=0.001)) as books:
        for number, cap_nano in enumerate(caps_nano):
            try:
                with books.transaction() as desk:
                    desk.set_cap(
                        Scope.PROVIDER, "replicate", cap_nano, by="me", because=f"change {number}"
                    )
            except CapTooLow:
                refused += 1
            time.sleep(WAIT_S)
    report.send(refused)
    report.close()
