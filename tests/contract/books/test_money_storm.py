"""Any order of holds and settlements keeps every promise about money."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from books_parts import SteppingClock, an_order, built, failed, plan, request, unknown
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres_server import PostgresServer

from ledger import (
    Admit,
    Books,
    JobMove,
    JobState,
    PriceLine,
    Refuse,
    Settlement,
    Wait,
    usd,
)

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

CAP_NANO = 1_000
PER_JOB_NANO = 400
JOBS = 6

_numbers = itertools.count()

holds = st.tuples(st.just("hold"), st.integers(0, JOBS - 1), st.integers(0, 300))
ends = st.tuples(
    st.sampled_from(["built", "charged", "void", "unknown"]),
    st.integers(0, JOBS - 1),
    st.integers(0, 350),
)
steps = st.lists(st.lists(st.one_of(holds, ends), min_size=1, max_size=5), max_size=25)


@dataclass
class Model:
    """What the books must say, kept the simplest way there is."""

    open_nano: dict[int, int] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    spent_nano: dict[int, int] = field(default_factory=dict)
    overrun_nano: dict[int, int] = field(default_factory=dict)

    def room_nano(self) -> int:
        """What the order has left to hold."""
        gone = sum(self.spent_nano.values()) + sum(self.overrun_nano.values())
        return CAP_NANO - gone - sum(self.open_nano.values())

    def job_room_nano(self, job: int) -> int:
        """What one job has left to hold."""
        gone = self.spent_nano.get(job, 0) + self.overrun_nano.get(job, 0)
        return PER_JOB_NANO - gone - self.open_nano.get(job, 0)


def price(nano: int) -> PriceLine:
    return PriceLine("image_output_count", Decimal(1), "image", usd(nano))


def settlement(kind: str, attempt_id: str, nano: int) -> Settlement:
    if kind == "built":
        return built(attempt_id, price(nano))
    if kind == "charged":
        return failed(attempt_id, price(nano))
    return failed(attempt_id) if kind == "void" else unknown(attempt_id)


class Storm:
    """Runs steps against the books and the model alike."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.model = Model()
        self.order_id = f"storm@{next(_numbers)}"
        order = an_order(
            self.order_id, jobs=JOBS, cap=f"{usd(CAP_NANO):f}", per_job=f"{usd(PER_JOB_NANO):f}"
        )
        self.job_ids = plan(books, order)

    def run(self, batch: list[tuple[str, int, int]]) -> None:
        """One transaction: first what ends, then what begins; then everything is compared."""
        wanted = {job: (kind, nano) for kind, job, nano in batch}
        self.settle({job: one for job, one in wanted.items() if one[0] != "hold"})
        self.hold({job: nano for job, (kind, nano) in wanted.items() if kind == "hold"})
        self.check()

    def settle(self, wanted: dict[int, tuple[str, int]]) -> None:
        """End the attempts that are open, each as the step says."""
        model = self.model
        ends = {job: one for job, one in wanted.items() if job in model.open_nano}
        with self.books.transaction() as desk:
            results = desk.settle(
                [settlement(kind, self.attempt(job), nano) for job, (kind, nano) in ends.items()]
            )
            # What was built goes back, so that the storm goes on; what stopped is resumed.
            built_jobs = [job for job, (kind, _) in ends.items() if kind == "built"]
            desk.move(
                [JobMove(self.job_ids[job], JobState.BUILT, JobState.PLANNED) for job in built_jobs]
            )
            desk.resume_order(self.order_id)
        for result, (job, (kind, nano)) in zip(results, ends.items(), strict=True):
            if kind == "unknown":
                assert result.charged_nano == 0
                continue
            held_nano = model.open_nano.pop(job)
            cost_nano = 0 if kind == "void" else nano
            under_nano = min(cost_nano, held_nano)
            assert (result.charged_nano, result.overrun_nano) == (cost_nano, cost_nano - under_nano)
            model.spent_nano[job] = model.spent_nano.get(job, 0) + under_nano
            model.overrun_nano[job] = model.overrun_nano.get(job, 0) + cost_nano - under_nano

    def hold(self, wanted: dict[int, int]) -> None:
        """Ask for attempts of the jobs that have none open."""
        model = self.model
        asked = {job: nano for job, nano in wanted.items() if job not in model.open_nano}
        requests = [
            request(self.job_ids[job], nano, model.numbers.get(job, 0) + 1)
            for job, nano in asked.items()
        ]
        with self.books.transaction() as desk:
            decisions = desk.hold(requests)
        for decision, (job, nano) in zip(decisions, asked.items(), strict=True):
            assert type(decision) is self.expected(job, nano)
            if isinstance(decision, Admit):
                model.open_nano[job] = nano
                model.numbers[job] = model.numbers.get(job, 0) + 1

    def expected(self, job: int, nano: int) -> type:
        """Decide as the design says, from the model's sums."""
        model = self.model
        if nano <= min(model.room_nano(), model.job_room_nano(job)):
            return Admit
        order_gone = sum(model.spent_nano.values()) + sum(model.overrun_nano.values())
        job_gone = model.spent_nano.get(job, 0) + model.overrun_nano.get(job, 0)
        hopeless = order_gone + nano > CAP_NANO or job_gone + nano > PER_JOB_NANO
        return Refuse if hopeless else Wait

    def attempt(self, job: int) -> str:
        """The id of a job's latest attempt."""
        return f"{self.job_ids[job]}/{self.model.numbers[job]}"

    def check(self) -> None:
        """Compare the order's sums with the model's."""
        order = self.books.order(self.order_id)
        assert order is not None
        assert order.held_nano + order.spent_nano <= CAP_NANO
        assert order.held_nano == sum(self.model.open_nano.values())
        assert order.spent_nano == sum(self.model.spent_nano.values())
        assert order.overrun_nano == sum(self.model.overrun_nano.values())

    def check_entries(self) -> None:
        """Compare with the entries alone: balances by account, and the books' own proof."""
        (row,) = [one for one in self.books.summary("order") if one.key == self.order_id]
        assert row.held_nano == sum(self.model.open_nano.values())
        assert row.overrun_nano == sum(self.model.overrun_nano.values())
        assert row.charged_nano - row.overrun_nano == sum(self.model.spent_nano.values())
        proof = self.books.verify()
        assert proof.problem is None, proof.problem


@pytest.fixture(scope="module", params=DATABASES)
def storm_books(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """One database for all examples: each has an order of its own in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('storm')}/ledger.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.fresh_database()
    with Books.open(url, clock=SteppingClock(), migrate=True) as books:
        yield books


@settings(max_examples=100, deadline=None)
@given(batches=steps)
def test_no_storm_breaks_a_cap_or_a_sum(
    storm_books: Books, batches: list[list[tuple[str, int, int]]]
) -> None:
    storm = Storm(storm_books)
    for batch in batches:
        storm.run(batch)
    storm.check_entries()
