"""Any order of holds, settlements, cap changes and midnights keeps every cap on four budgets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from books_parts import an_order, built, failed, plan, request, unknown
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres_server import PostgresServer

from ledger import (
    Admit,
    Books,
    CapTooLow,
    Decision,
    DecisionKind,
    JobMove,
    JobState,
    PriceLine,
    Refuse,
    Scope,
    Settlement,
    Wait,
    usd,
)

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

PER_JOB_NANO = 400
ORDER_NANO = 900
ORDERS = 2
JOBS = 3

_numbers = itertools.count()

slots = st.integers(0, ORDERS * JOBS - 1)
steps = st.one_of(
    st.tuples(st.just("hold"), slots, st.integers(0, 300)),
    st.tuples(
        st.sampled_from(["built", "charged", "void", "unknown", "decide"]),
        slots,
        st.integers(0, 350),
    ),
    st.tuples(
        st.just("cap"),
        st.integers(0, 3),
        st.one_of(st.none(), st.integers(0, 2_000)),
    ),
    st.tuples(st.just("midnight"), st.just(0), st.sampled_from([1, 1, 1, 9])),
)


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Give the time."""
        self.now += timedelta(milliseconds=1)
        return self.now


@dataclass
class Hold:
    """One hold that was admitted, with what it came to."""

    slot: int
    amount_nano: int
    day: str
    is_open: bool = True
    cost_nano: int = 0


@dataclass
class Model:
    """What the books must say, from the list of all holds alone."""

    holds: list[Hold] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    orders: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(ORDERS), ORDER_NANO))
    standing: dict[Scope, int | None] = field(default_factory=dict)

    def open_of(self, slot: int) -> Hold | None:
        """The open hold of a job."""
        return next((one for one in self.holds if one.slot == slot and one.is_open), None)

    def sums(self, scope: Scope, slot: int, day: str) -> tuple[int, int, int]:
        """Held, spent and overrun of the budget that covers a job on a day."""
        month = day[:7]
        under = [
            one
            for one in self.holds
            if (scope is Scope.JOB and one.slot == slot)
            or (scope is Scope.ORDER and one.slot // JOBS == slot // JOBS)
            or (scope is Scope.COST_CENTER and one.day[:7] == month)
            or (scope is Scope.PROVIDER and one.day == day)
        ]
        held = sum(one.amount_nano for one in under if one.is_open)
        spent = sum(min(one.cost_nano, one.amount_nano) for one in under)
        return held, spent, sum(one.cost_nano for one in under) - spent

    def cap(self, scope: Scope, slot: int) -> int | None:
        """The cap in force."""
        if scope is Scope.JOB:
            return PER_JOB_NANO
        return self.orders[slot // JOBS] if scope is Scope.ORDER else self.standing.get(scope)

    def expected(self, slot: int, amount_nano: int, day: str) -> type:
        """Decide as the design says."""
        answer: type = Admit
        for scope in Scope:
            cap_nano = self.cap(scope, slot)
            held, spent, overrun = self.sums(scope, slot, day)
            if cap_nano is None or held + spent + overrun + amount_nano <= cap_nano:
                continue
            if spent + overrun + amount_nano > cap_nano:
                return Refuse
            answer = Wait
        return answer


class Storm:
    """Runs steps against the books and the model alike, each in a transaction of its own."""

    def __init__(self, books: Books, clock: Clock) -> None:
        self.books, self.clock, self.model = books, clock, Model()
        number = next(_numbers)
        self.center, self.provider = f"cc-{number}", f"provider-{number}"
        self.order_ids = [f"storm@{number}-{one}" for one in range(ORDERS)]
        self.job_ids: list[str] = []
        for order_id in self.order_ids:
            order = an_order(
                order_id,
                jobs=JOBS,
                cap=f"{usd(ORDER_NANO):f}",
                per_job=f"{usd(PER_JOB_NANO):f}",
            )
            named = replace(order, cost_center=self.center, provider=self.provider)
            self.job_ids += plan(books, named)

    def run(self, step: tuple[str, int, int | None]) -> None:
        """One step; then everything is compared."""
        kind, which, nano = step
        if kind == "midnight":
            self.clock.now += timedelta(days=nano or 1)
        elif kind == "cap":
            self.cap(which, nano)
        elif kind == "hold":
            self.hold(which, nano or 0)
        else:
            self.end(kind, which, nano or 0)
        self.check()

    def hold(self, slot: int, amount_nano: int) -> None:
        """Ask for an attempt of a job that has none open."""
        model = self.model
        if model.open_of(slot):
            return
        day = self.books.today()
        number = model.numbers.get(slot, 0) + 1
        with self.books.transaction() as desk:
            (decision,) = desk.hold([request(self.job_ids[slot], amount_nano, number)])
        assert type(decision) is model.expected(slot, amount_nano, day)
        if isinstance(decision, Admit):
            model.numbers[slot] = number
            model.holds.append(Hold(slot, amount_nano, day))

    def end(self, kind: str, slot: int, nano: int) -> None:
        """End the open attempt of a job."""
        open_hold = self.model.open_of(slot)
        if open_hold is None:
            return
        job_id = self.job_ids[slot]
        attempt_id = f"{job_id}/{self.model.numbers[slot]}"
        with self.books.transaction() as desk:
            if kind == "decide":
                decision = Decision(attempt_id, DecisionKind.CHARGE, usd(nano), "me", "I looked")
                desk.decide(decision)
                desk.move(self.back(job_id))
            else:
                desk.settle([_settlement(kind, attempt_id, nano)])
            if kind == "built":
                desk.move([JobMove(job_id, JobState.BUILT, JobState.PLANNED)])
            desk.resume_order(self.order_ids[slot // JOBS])
        if kind != "unknown":
            open_hold.is_open = False
            open_hold.cost_nano = 0 if kind == "void" else nano

    def back(self, job_id: str) -> list[JobMove]:
        """Let a job that ran out of attempts go on, so that the storm does."""
        used = self.books.jobs([job_id])[0].attempts_used
        return [JobMove(job_id, JobState.FAILED, JobState.PLANNED)] if used >= 3 else []

    def cap(self, which: int, cap_nano: int | None) -> None:
        """Change a cap: of an order, of the cost centre or of the provider."""
        model, day = self.model, self.books.today()
        if which < ORDERS:
            scope, subject, slot = Scope.ORDER, self.order_ids[which], which * JOBS
            cap_nano = cap_nano or 0
        else:
            scope = Scope.COST_CENTER if which == ORDERS else Scope.PROVIDER
            subject, slot = (self.center if which == ORDERS else self.provider), 0
        before_nano = model.cap(scope, slot)
        lowered = cap_nano is not None and (before_nano is None or cap_nano < before_nano)
        too_low = lowered and sum(model.sums(scope, slot, day)) > (cap_nano or 0)
        try:
            with self.books.transaction() as desk:
                changed = desk.set_cap(scope, subject, cap_nano, by="me", because="why not")
        except CapTooLow:
            assert too_low
            return
        assert not too_low
        assert changed is (before_nano != cap_nano)
        if scope is Scope.ORDER:
            model.orders[which] = cap_nano or 0
        else:
            model.standing[scope] = cap_nano

    def check(self) -> None:
        """Compare every budget of this storm with the model."""
        day = self.books.today()
        for view in self.books.budgets(past=True):
            if view.subject not in {*self.order_ids, self.center, self.provider}:
                continue
            assert view.cap_nano is None or view.held_nano + view.spent_nano <= view.cap_nano
            slot = self.order_ids.index(view.subject) * JOBS if view.period is None else 0
            on = day if view.period is None else view.period
            found = (view.held_nano, view.spent_nano, view.overrun_nano)
            assert found == self.model.sums(view.scope, slot, on)
            if view.period is None or day.startswith(view.period):
                assert view.cap_nano == self.model.cap(view.scope, slot)


def _settlement(kind: str, attempt_id: str, nano: int) -> Settlement:
    line = PriceLine("image_output_count", Decimal(1), "image", usd(nano))
    if kind == "built":
        return built(attempt_id, line)
    if kind == "charged":
        return failed(attempt_id, line)
    return failed(attempt_id) if kind == "void" else unknown(attempt_id)


@pytest.fixture(scope="module", params=DATABASES)
def stormy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Books, Clock]]:
    """One database for all examples: each has orders, a cost centre and a provider of its own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('storm')}/ledger.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.fresh_database()
    clock = Clock()
    with Books.open(url, clock=clock, migrate=True) as books:
        yield books, clock


@settings(max_examples=150, deadline=None)
@given(wanted=st.lists(steps, max_size=30))
def test_no_storm_of_holds_caps_and_midnights_passes_a_cap(
    stormy: tuple[Books, Clock], wanted: list[tuple[str, int, int | None]]
) -> None:
    storm = Storm(*stormy)
    for step in wanted:
        storm.run(step)
    proof = stormy[0].verify()
    assert proof.problem is None, proof.problem
