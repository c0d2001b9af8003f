"""Every state that a crash can leave, made in real books: a run ends each as its rule says.

What a row of `flows.left_behind.TABLE` needs is done with the real generator, store and desk; then
`mintage run` is a process that finds it all. The provider's bill has to equal the charges after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from loopback.faults import Fault
from loopback.process import LoopbackProcess
from mint_runs import Desk, assert_books_equal_bill, schnell_order
from pydantic import SecretStr

from assets import Store, stage
from flows import House, Settings
from flows.briefs import JobBrief, attempt_seed, canonical_json
from flows.left_behind import TABLE, Rule
from flows.running import enter_plan
from generators import Built, Finished, Generator, finish
from ledger import (
    Admit,
    AttemptState,
    Books,
    BuiltSettlement,
    FailedSettlement,
    HoldRequest,
    Inspection,
    JobMove,
    JobState,
    PriceLine,
    ReleaseRecord,
    Settlement,
    UnknownSettlement,
    VerdictRecord,
    hold_nano,
)

SCHNELL = "black-forest-labs/flux-schnell"
HOUR_S = 3600
State = tuple[AttemptState | None, JobState, bool | None]


@dataclass
class Foreman:
    """Does one job's work a step at a time, as a run would, and can leave off after any step."""

    books: Books
    store: Store
    generator: Generator
    job_id: str
    attempt_id: str = field(default="", init=False)

    def _brief(self) -> JobBrief:
        (view,) = self.books.jobs([self.job_id])
        return JobBrief.from_json(view.brief_json)

    def hold(self) -> None:
        """Hold money for the next attempt."""
        (view,) = self.books.jobs([self.job_id])
        number = view.last_number + 1
        self.attempt_id = f"{self.job_id}/{number}"
        brief = self._brief().for_attempt(attempt_seed(self.job_id, number))
        request = HoldRequest(
            attempt_id=self.attempt_id,
            job_id=self.job_id,
            order_id=view.order_id,
            number=number,
            seed=brief.seed,
            amount_nano=hold_nano(self.generator.quote(brief).dearest_usd),
            request_json=canonical_json(self.generator.request(brief)),
        )
        with self.books.transaction() as desk:
            assert desk.hold([request]) == [Admit(self.attempt_id)]

    async def send(self) -> Built:
        """Have the attempt built; what comes back is only told to the caller."""
        (view,) = self.books.jobs([self.job_id])
        assert view.seed is not None

        async def no_note(_: str) -> None:
            return None

        outcome = await self.generator.build(
            self.attempt_id, self._brief().for_attempt(view.seed), no_note
        )
        assert isinstance(outcome, Built)
        return outcome

    def settle(self, settlement: Settlement) -> None:
        """Book what became of the attempt."""
        with self.books.transaction() as desk:
            desk.settle([settlement])

    def fail(self, state: JobState = JobState.PLANNED) -> None:
        """Book the attempt as failed at no cost."""
        self.settle(FailedSettlement(self.attempt_id, (), None, "the model said no", state))

    def lose(self, ref: str | None = None) -> None:
        """Book that its answer was lost."""
        self.settle(UnknownSettlement(self.attempt_id, ref, "The answer was lost."))

    def note(self, ref: str) -> None:
        """Note what the provider calls it."""
        with self.books.transaction() as desk:
            desk.note_ref(self.attempt_id, ref)

    async def build(self) -> None:
        """Hold, send, stage and charge."""
        self.hold()
        built = await self.send()
        brief = self._brief()
        finished = finish(
            built.data,
            width=brief.width,
            height=brief.height,
            format=brief.format,
            quality=brief.quality,
            upscale_max=brief.upscale_max,
        )
        assert isinstance(finished, Finished)
        lines = tuple(
            PriceLine(line.metric, line.quantity, line.unit, line.unit_price_usd)
            for line in built.usage
        )
        self.settle(
            BuiltSettlement(
                attempt_id=self.attempt_id,
                lines=lines,
                provider_ref=built.provider_ref,
                sha256=stage(self.store, finished.data),
                media_type=finished.media_type,
                byte_count=len(finished.data),
                latency_ms=100,
            )
        )

    def inspect(self, state: JobState) -> None:
        """Write a verdict, and move the job as it says."""
        passed = state is JobState.ACCEPTED
        reason = None if passed else "it is 10 pixels too wide"
        verdict = VerdictRecord("dimensions", 1, "{}", passed, '{"width":256,"height":256}', reason)
        with self.books.transaction() as desk:
            desk.inspected([Inspection(self.attempt_id, self.job_id, (verdict,), state, reason)])

    def move(self, *states: JobState) -> None:
        """Move the job to one state after the other."""
        for state in states:
            (view,) = self.books.jobs([self.job_id])
            with self.books.transaction() as desk:
                desk.move([JobMove(self.job_id, view.state, state, "so it was wanted")])

    def release(self) -> None:
        """Record a release."""
        (view,) = self.books.jobs([self.job_id])
        record = ReleaseRecord(
            job_id=self.job_id,
            sha256=str(view.sha256),
            store_url=self.store.url,
            release_key="released/elsewhere/mug.webp",
            receipt_key="receipts/elsewhere/mug.json",
            width=256,
            height=256,
        )
        with self.books.transaction() as desk:
            desk.release([record])

    def state(self) -> State:
        """What the books say."""
        story = self.books.story(self.job_id)
        assert story is not None
        last = story.attempts[-1] if story.attempts else None
        is_open = last is not None and last.state in {AttemptState.HELD, AttemptState.UNKNOWN}
        known = last.provider_ref is not None if last is not None and is_open else None
        return None if last is None else last.state, story.job.state, known


@dataclass(frozen=True)
class Case:
    """How a state comes about, and how many predictions its job still costs after that."""

    state: State
    make: Callable[[Foreman], Awaitable[None]]
    created: int


_A, _J = AttemptState, JobState


def case(
    attempt: AttemptState | None, job: JobState, *, known: bool | None = None, created: int = 0
) -> Callable[[Callable[[Foreman], Awaitable[None]]], Callable[[Foreman], Awaitable[None]]]:
    """Put a way to a state into the list of cases."""

    def add(
        make: Callable[[Foreman], Awaitable[None]],
    ) -> Callable[[Foreman], Awaitable[None]]:
        CASES[make.__name__] = Case((attempt, job, known), make, created)
        return make

    return add


CASES: dict[str, Case] = {}


@case(None, _J.PLANNED, created=1)
async def planned(_: Foreman) -> None:
    return None


@case(None, _J.REFUSED, created=1)
async def refused(foreman: Foreman) -> None:
    foreman.move(_J.REFUSED)


@case(None, _J.FAILED)
async def given_up(foreman: Foreman) -> None:
    foreman.move(_J.FAILED)


@case(None, _J.REJECTED)
async def turned_down(foreman: Foreman) -> None:
    foreman.move(_J.REJECTED)


@case(_A.HELD, _J.BUILDING, known=False, created=1)
async def held_and_never_sent(foreman: Foreman) -> None:
    foreman.hold()


@case(_A.HELD, _J.BUILDING, known=False)
async def held_and_sent(foreman: Foreman) -> None:
    foreman.hold()
    await foreman.send()


@case(_A.HELD, _J.BUILDING, known=True)
async def held_and_sent_by_name(foreman: Foreman) -> None:
    foreman.hold()
    foreman.note(str((await foreman.send()).provider_ref))


@case(_A.UNKNOWN, _J.UNKNOWN, known=False, created=1)
async def lost_and_never_sent(foreman: Foreman) -> None:
    foreman.hold()
    foreman.lose()


@case(_A.UNKNOWN, _J.UNKNOWN, known=False)
async def lost_and_sent(foreman: Foreman) -> None:
    foreman.hold()
    await foreman.send()
    foreman.lose()


@case(_A.UNKNOWN, _J.UNKNOWN, known=True)
async def lost_and_sent_by_name(foreman: Foreman) -> None:
    foreman.hold()
    foreman.lose((await foreman.send()).provider_ref)


@case(_A.FAILED, _J.PLANNED, created=1)
async def failed_once(foreman: Foreman) -> None:
    foreman.hold()
    foreman.fail()


@case(_A.FAILED, _J.REFUSED, created=1)
async def failed_and_refused(foreman: Foreman) -> None:
    foreman.hold()
    foreman.fail()
    foreman.move(_J.REFUSED)


@case(_A.FAILED, _J.FAILED)
async def failed_for_good(foreman: Foreman) -> None:
    foreman.hold()
    foreman.fail(_J.FAILED)


@case(_A.FAILED, _J.REJECTED)
async def failed_after_a_gate(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.PLANNED)
    foreman.hold()
    foreman.fail()
    foreman.move(_J.REJECTED)


@case(_A.BUILT, _J.BUILT)
async def built(foreman: Foreman) -> None:
    await foreman.build()


@case(_A.BUILT, _J.ACCEPTED)
async def accepted(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.ACCEPTED)


@case(_A.BUILT, _J.IN_REVIEW)
async def in_review(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.ACCEPTED)
    foreman.move(_J.IN_REVIEW)


@case(_A.BUILT, _J.APPROVED)
async def approved(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.ACCEPTED)
    foreman.move(_J.APPROVED)


@case(_A.BUILT, _J.RELEASED)
async def released(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.ACCEPTED)
    foreman.move(_J.APPROVED)
    foreman.release()


@case(_A.BUILT, _J.PLANNED, created=1)
async def built_and_sent_back(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.PLANNED)


@case(_A.BUILT, _J.REFUSED, created=1)
async def built_and_refused(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.PLANNED)
    foreman.move(_J.REFUSED)


@case(_A.BUILT, _J.REJECTED)
async def built_and_rejected(foreman: Foreman) -> None:
    await foreman.build()
    foreman.inspect(_J.REJECTED)


@case(_A.BUILT, _J.FAILED)
async def built_and_given_up(foreman: Foreman) -> None:
    await foreman.build()
    foreman.move(_J.FAILED)


def test_there_is_a_case_for_every_row_of_the_table() -> None:
    assert {one.state for one in CASES.values()} == {
        (row.attempt, row.job, row.ref_known) for row in TABLE
    }


def house_of(desk: Desk, provider: LoopbackProcess) -> House:
    """The house that the desk's own processes live in."""
    return House(
        Settings(
            database_url=f"sqlite:///{desk.folder}/.mintage/ledger.db",
            store_url=f"file:{desk.folder}/.mintage/store",
            replicate_api_token=SecretStr(provider.token),
            replicate_base_url=provider.base_url,
            prefect_api_url=None,
        )
    )


def test_each_state_ends_as_its_rule_says_and_the_books_equal_the_bill(
    desk: Desk, provider: LoopbackProcess
) -> None:
    house = house_of(desk, provider)
    order = desk.write(schnell_order(len(CASES)))
    with house.books() as books:
        jobs = prepared(house, books, enter_plan(books, house.plan(order), None))
    before = provider.counters().created
    run = desk.mintage("run", str(order), "--json")
    assert run.code == 3, run.err
    with house.books() as books:
        ends = {name: books.jobs([job_id])[0].state for name, job_id in jobs.items()}
        assert books.lost() == []
    assert ends == {name: _end(one.state) for name, one in CASES.items()}
    assert provider.counters().created - before == sum(one.created for one in CASES.values())
    assert_books_equal_bill(desk, provider)
    # A second run finds nothing left to do.
    assert desk.mintage("run", str(order), "--json").json()["released"] == list(
        ends.values()
    ).count(JobState.RELEASED)
    assert_books_equal_bill(desk, provider)


def prepared(house: House, books: Books, order_id: str) -> Mapping[str, str]:
    """Bring one job of the order into each case's state; gives the jobs by case."""
    ids = [job_id for _, job_id in books.job_ids(order_id, list(JobState))]
    jobs = dict(zip(CASES, ids, strict=True))

    async def make() -> None:
        generator = house.generator("replicate", SCHNELL)
        try:
            for name, one in CASES.items():
                foreman = Foreman(books, house.store(), generator, jobs[name])
                await one.make(foreman)
                assert foreman.state() == one.state, name
        finally:
            await generator.aclose()

    asyncio.run(make())
    return jobs


def _end(state: State) -> JobState:
    """Where a run leaves a job of this state, when all goes well from there on."""
    (row,) = (row for row in TABLE if (row.attempt, row.job, row.ref_known) == state)
    match row.rule:
        case Rule.NOTHING:
            return row.job
        case Rule.WAIT_FOR_PERSON:
            return JobState.IN_REVIEW
        case _:
            return JobState.RELEASED


def test_found_output_is_fetched_where_it_still_exists_and_nothing_is_built_again(
    desk: Desk, provider: LoopbackProcess
) -> None:
    provider.add_faults(Fault("cut_after_create", times=4))
    run = desk.mintage("run", str(desk.write(schnell_order(8))), "--json")
    assert (run.code, run.json()["released"], run.json()["attempts"]) == (0, 8, 8)
    assert provider.counters().created == 8
    assert_books_equal_bill(desk, provider)


def test_found_output_that_is_gone_is_charged_and_the_job_is_built_again(
    desk: Desk, provider: LoopbackProcess
) -> None:
    provider.add_faults(Fault("cut_after_create", times=4), Fault("output_gone", times=4))
    run = desk.mintage("run", str(desk.write(schnell_order(8))), "--json")
    assert (run.code, run.json()["released"], run.json()["attempts"]) == (0, 8, 12)
    assert provider.counters().created == 12
    total = assert_books_equal_bill(desk, provider)
    assert total == 12 * Decimal("0.003")


@pytest.fixture
def impatient_desk(desk: Desk) -> Desk:
    """A desk that settles nothing as absent in its first run, and does not wait for it either."""
    desk.environment |= {"MINTAGE_ABSENT_AFTER_S": "600", "MINTAGE_SETTLE_TIMEOUT_S": "1"}
    return desk


def test_our_own_runs_keep_nothing_undecided_when_their_inputs_are_gone(
    impatient_desk: Desk, provider: LoopbackProcess
) -> None:
    desk = impatient_desk
    provider.add_faults(Fault("cut_before_create", times=1))
    first = desk.mintage("run", str(desk.write(schnell_order(6))), "--json").json()
    assert (first["released"], first["unknown"]) == (5, 1)
    provider.clear_faults()
    provider.advance(2 * HOUR_S)
    desk.environment |= {"MINTAGE_ABSENT_AFTER_S": "1", "MINTAGE_SETTLE_TIMEOUT_S": "20"}
    again = desk.mintage("resume", first["order"], "--json")
    assert (again.code, again.json()["released"]) == (0, 6), again.err
    assert_books_equal_bill(desk, provider)


def test_a_run_without_input_that_nobody_knows_is_named_to_whoever_has_to_decide(
    impatient_desk: Desk, provider: LoopbackProcess
) -> None:
    desk = impatient_desk
    provider.add_faults(Fault("cut_before_create", times=1))
    first = desk.mintage("run", str(desk.write(schnell_order(6))), "--json").json()
    assert first["unknown"] == 1
    somebodys = provider.create_elsewhere(SCHNELL, {"prompt": "a lamp"})["id"]
    provider.clear_faults()
    provider.advance(2 * HOUR_S)
    desk.environment |= {"MINTAGE_ABSENT_AFTER_S": "1", "MINTAGE_SETTLE_TIMEOUT_S": "3"}
    again = desk.mintage("resume", first["order"], "--json").json()
    assert (again["released"], again["unknown"], again["held_usd"]) == (5, 1, "0.003")
    status = desk.here("status", first["order"], "--json").json()
    (left,) = status["open_attempts"]
    reasons = [job["reason"] for job in status["not_released"] if job["job_id"] == left["job_id"]]
    assert [somebodys in reason and "was lost" in reason for reason in reasons] == [True]
    assert left["age_s"] >= 0


def test_a_twin_of_a_found_run_is_named_on_the_screen(
    impatient_desk: Desk, provider: LoopbackProcess
) -> None:
    desk = impatient_desk
    provider.add_faults(Fault("cut_after_create", times=1), Fault("list_lag", times=1, seconds=60))
    first = desk.mintage("run", str(desk.write(schnell_order(3))), "--json").json()
    assert first["unknown"] == 1
    own = next(one for one in provider.predictions() if "cut_after_create" in one.faults)
    twin = provider.create_elsewhere(SCHNELL, dict(own.input), source="api")["id"]
    provider.advance(61)
    again = desk.mintage("resume", first["order"], "--json")
    assert (again.code, again.json()["released"]) == (0, 3)
    assert f"also has run {twin}" in again.err
    assert own.id in {row["provider_ref"] for row in desk.charges()}
    assert twin not in {row["provider_ref"] for row in desk.charges()}
