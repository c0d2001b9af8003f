"""The table of what a crash can leave, against everything that the real books can be made to write.

The books are driven from a planned job through every write that the desk has, and again from each
state that comes of it, until no new one comes. What was reached is what the table must have.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from books_parts import (
    CENT,
    SHA256,
    SteppingClock,
    an_order,
    built,
    failed,
    jobs_of,
    release_record,
    request,
    unknown,
    usd_line,
    verdict,
)

from flows.briefs import JobBrief
from flows.left_behind import TABLE, Rule, rule_for, rule_for_open
from flows.order_run import OrderRun
from flows.passes import TO_DO
from flows.stages import STAGES
from ledger import (
    AttemptState,
    Books,
    Decision,
    DecisionKind,
    Desk,
    Inspection,
    JobMove,
    JobState,
    JobView,
    LedgerError,
    WrongState,
)

State = tuple[AttemptState | None, JobState, bool | None]
Write = Callable[[Desk, JobView], object]
Way = tuple[str, ...]

OPEN = {AttemptState.HELD, AttemptState.UNKNOWN}


def attempt_of(view: JobView) -> str:
    """The latest attempt, or the id of one that there is not."""
    return view.attempt_id or f"{view.job_id}/0"


def inspection(view: JobView, state: JobState) -> Inspection:
    passed = state is JobState.ACCEPTED
    return Inspection(
        attempt_of(view), view.job_id, (verdict(passed=passed),), state, None if passed else "no"
    )


def decision(view: JobView, kind: DecisionKind) -> Decision:
    usd = Decimal("0.01") if kind is DecisionKind.CHARGE else Decimal(0)
    return Decision(attempt_of(view), kind, usd, "jo@acme.example", "the bill says so")


WRITES: Mapping[str, Write] = {
    "hold": lambda desk, view: desk.hold([request(view.job_id, CENT, view.last_number + 1)]),
    "note": lambda desk, view: desk.note_ref(attempt_of(view), f"run-{view.attempt_id}"),
    "built": lambda desk, view: desk.settle(
        [built(attempt_of(view), usd_line("0.01"), ref=f"run-{view.attempt_id}")]
    ),
    "failed for good": lambda desk, view: desk.settle(
        [failed(attempt_of(view), usd_line("0.01"), job_state=JobState.FAILED)]
    ),
    "failed, again": lambda desk, view: desk.settle([failed(attempt_of(view))]),
    "nothing created": lambda desk, view: desk.settle([failed(attempt_of(view), counts=False)]),
    "failed, elsewhere": lambda desk, view: desk.settle(
        [failed(attempt_of(view), job_state=JobState.RELEASED)]
    ),
    "lost": lambda desk, view: desk.settle([unknown(attempt_of(view))]),
    "lost by name": lambda desk, view: desk.settle(
        [unknown(attempt_of(view), f"run-{view.attempt_id}")]
    ),
    "release": lambda desk, view: desk.release([release_record(view.job_id)]),
    **{
        f"decided to {kind}": lambda desk, view, kind=kind: desk.decide(decision(view, kind))  # type: ignore[misc]
        for kind in DecisionKind
    },
    **{
        f"inspected: {state}": lambda desk, view, state=state: desk.inspected(  # type: ignore[misc]
            [inspection(view, state)]
        )
        for state in JobState
    },
    **{
        f"moved: {state}": lambda desk, view, state=state: desk.move(  # type: ignore[misc]
            [JobMove(view.job_id, view.state, state, "so it was wanted")]
        )
        for state in JobState
    },
}
"""Every write of the desk that touches a job, with every word that it could be given."""


class Explorer:
    """Takes jobs of real books along ways of writes."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._orders = 0

    def job(self) -> str:
        """The one job of a new order."""
        self._orders += 1
        order = an_order(f"mugs-{self._orders}@1", jobs=1)
        (job,) = jobs_of(order)
        with self._books.transaction() as desk:
            desk.open_order(order, [job])
        return job.job_id

    def at(self, way: Way) -> str:
        """A new job that has come this way."""
        job_id = self.job()
        for name in way:
            assert self.write(job_id, name), way
        return job_id

    def write(self, job_id: str, name: str) -> bool:
        """Whether the desk did it; what it refuses must leave no trace."""
        (view,) = self._books.jobs([job_id])
        before = self.state(job_id)
        try:
            with self._books.transaction() as desk:
                WRITES[name](desk, view)
        except LedgerError:
            assert self.state(job_id) == before
            return False
        return True

    def state(self, job_id: str) -> State:
        """What the books say of a job and its latest attempt."""
        story = self._books.story(job_id)
        assert story is not None
        if not story.attempts:
            return None, story.job.state, None
        last = story.attempts[-1]
        known = last.provider_ref is not None if last.state in OPEN else None
        return last.state, story.job.state, known

    def finishes(self, job_id: str) -> bool:
        """Whether the books let the job's order be done."""
        try:
            with self._books.transaction() as desk:
                return desk.finish_order(job_id.partition("#")[0])
        except WrongState:
            return False


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    folder: Path = tmp_path_factory.mktemp("left-behind")
    with Books.open(f"sqlite:///{folder}/ledger.db", clock=SteppingClock()) as books:
        yield Explorer(books)


@pytest.fixture(scope="module")
def reached(explorer: Explorer) -> dict[State, Way]:
    """Every state that the books can be in, with one way there."""
    start = explorer.job()
    found: dict[State, Way] = {explorer.state(start): ()}
    todo: list[Way] = [()]
    while todo:
        way = todo.pop(0)
        job_id = explorer.at(way)
        for name in WRITES:
            if not explorer.write(job_id, name):
                continue
            state = explorer.state(job_id)
            if state not in found:
                found[state] = (*way, name)
                todo.append(found[state])
            job_id = explorer.at(way)
    return found


def test_the_table_has_every_state_that_the_books_can_write_and_no_other(
    reached: dict[State, Way],
) -> None:
    assert {(row.attempt, row.job, row.ref_known) for row in TABLE} == set(reached)


def test_no_state_is_in_the_table_twice() -> None:
    keys = [(row.attempt, row.job, row.ref_known) for row in TABLE]
    assert len(keys) == len(set(keys))
    split = {(row.attempt, row.job) for row in TABLE if row.ref_known is not None}
    assert split.isdisjoint((row.attempt, row.job) for row in TABLE if row.ref_known is None)


def test_every_row_is_found_and_every_other_state_is_an_error(
    reached: dict[State, Way],
) -> None:
    for row in TABLE:
        for known in (True, False):
            if row.ref_known in {None, known}:
                assert rule_for(row.attempt, row.job, ref_known=known) is row.rule
    pairs = {(attempt, job) for attempt, job, _ in reached}
    for attempt in (None, *AttemptState):
        for job in JobState:
            if (attempt, job) not in pairs:
                with pytest.raises(KeyError):
                    rule_for(attempt, job, ref_known=True)


def test_open_attempts_are_looked_up_and_no_others() -> None:
    looked_up = {row.attempt for row in TABLE if row.ref_known is not None}
    assert looked_up == OPEN
    for attempt in AttemptState:
        if attempt not in OPEN:
            with pytest.raises(KeyError):
                rule_for_open(attempt, ref_known=True)
            continue
        assert rule_for_open(attempt, ref_known=True) is Rule.READ_BY_REF
        assert rule_for_open(attempt, ref_known=False) is Rule.LOOK_UP_BY_INPUT


def test_a_pass_takes_up_exactly_the_jobs_whose_rule_is_a_stage() -> None:
    assert {row.job for row in TABLE if row.rule.is_stage} == set(TO_DO)
    assert all(row.rule.is_stage for row in TABLE if row.job in TO_DO)


def test_a_refused_job_is_what_asking_again_is_about() -> None:
    assert {row.job for row in TABLE if row.rule is Rule.ASK_AGAIN} == {JobState.REFUSED}
    assert all(row.rule is Rule.ASK_AGAIN for row in TABLE if row.job is JobState.REFUSED)


def test_an_order_is_done_when_no_rule_would_move_it(
    explorer: Explorer, reached: dict[State, Way]
) -> None:
    ends = {Rule.NOTHING, Rule.WAIT_FOR_PERSON, Rule.ASK_AGAIN}
    for row in TABLE:
        job_id = explorer.at(reached[row.attempt, row.job, row.ref_known])
        assert explorer.finishes(job_id) == (row.rule in ends), row


class TouchedError(Exception):
    """A stage began to work on a job."""


class OneJob:
    """A run of one job that says so as soon as a stage wants anything of it but to look at it."""

    def __init__(self, view: JobView) -> None:
        async def jobs(_: object) -> list[JobView]:
            return [view]

        self.keeper = SimpleNamespace(jobs=jobs)

    def __getattr__(self, name: str) -> object:
        raise TouchedError(name)


def a_view(state: JobState) -> JobView:
    brief = JobBrief("a mug", 64, 64, "png", 90, Decimal(1), {}, {})
    return JobView(
        job_id="mugs@1#mug",
        order_id="mugs@1",
        position=0,
        name="mug",
        brief_json=brief.to_json(),
        state=state,
        reason=None,
        attempts_used=1,
        last_number=1,
        attempt_id="mugs@1#mug/1",
        seed=1,
        provider_ref=None,
        sha256=SHA256,
        media_type="image/png",
        byte_count=1,
        spent_nano=0,
        approved_by=None,
        accepted_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


def takes(stage: str, state: JobState) -> bool:
    """Whether a stage works on a job in this state."""
    run = cast("OrderRun", OneJob(a_view(state)))
    try:
        report = asyncio.run(STAGES[stage](run, ["mugs@1#mug"]))
    except TouchedError:
        return True
    assert report.handled == 0
    return False


def test_each_stage_works_on_the_jobs_whose_rule_it_is_and_leaves_all_others() -> None:
    assert tuple(STAGES) == tuple(rule.value for rule in Rule if rule.is_stage)
    for stage in STAGES:
        taken = {state for state in JobState if takes(stage, state)}
        assert taken == {row.job for row in TABLE if row.rule.value == stage}
