"""Runs an order: into the books, under a lease, through the engine, out into a manifest."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from assets import AssetsError, Manifest, Store, StoreUnavailable
from flows.bookkeeping import Bookkeeper
from flows.caps_file import apply_caps
from flows.engine import Engine
from flows.errors import BadSettings, OutdatedOrder, UnknownOrderId
from flows.job_plan import needs_models, what_is_missing
from flows.leasing import hear_stop, kept, take_turn
from flows.order_form import OrderForm
from flows.order_run import OrderRun
from flows.passes import TO_DO, wake_refused
from flows.planning import Plan
from flows.publishing import manifest_place, publish
from flows.quoting import quote_plan
from flows.wiring import House
from generators import Generator
from ledger import (
    Books,
    BooksBusy,
    BooksUnavailable,
    Desk,
    JobRecord,
    JobState,
    LedgerError,
    OrderRecord,
    OrderState,
    OrderView,
    Quoted,
)

if TYPE_CHECKING:
    from assets.credentials import Signer

log = logging.getLogger("mintage.running")

THREADS_MAX = 16
"""Threads for drawing, decoding and the store."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """How an order stands after a run. Every job counts under exactly one of `released` to `stopped`."""

    order_id: str
    state: str
    """done; stopped (somebody or something did, see `stop_reason`); open (lost answers are still held)."""
    jobs: int
    released: int
    rejected: int
    refused: int
    failed: int
    unknown: int
    in_review: int
    stopped: int
    attempts: int
    spent_nano: int
    overrun_nano: int
    held_nano: int
    cap_nano: int
    manifest: str | None
    stop_reason: str | None
    halted: bool
    released_now: int = 0
    """Jobs that this very run released."""
    spent_now_nano: int = 0
    """What this very run booked as spent."""

    @property
    def exit_code(self) -> int:
        """Give 0 when every job is released, 1 when a fault stopped the run, else 3."""
        if self.halted:
            return 1
        return 0 if self.released == self.jobs else 3


Watcher = Callable[[OrderRun], Coroutine[Any, Any, None]]
"""Looks on while an order runs, for a progress bar; cancelled when the run is over."""


def enter_plan(books: Books, plan: Plan, edition: str | None) -> str:
    """Write a plan into the books, or find it there; give the order's id."""
    record = plan.record(edition)

    def jobs() -> Iterator[JobRecord]:
        for job in plan.jobs():
            yield JobRecord(
                job_id=f"{record.order_id}#{job.name}",
                position=job.position,
                name=job.name,
                brief_json=job.brief.to_json(),
            )

    quote = quote_plan(plan, edition)
    quoted = Quoted(quote.expected_nano, quote.first_pass_nano, quote.dearest_nano)
    with books.transaction() as desk:
        desk.open_order(record, jobs(), quoted)
    return record.order_id


async def run_plan(
    house: House,
    books: Books,
    plan: Plan,
    edition: str | None,
    engine: Engine,
    watch: Watcher | None = None,
) -> RunReport:
    """Enter a planned order into the books, or find it there, and run it until nothing of it can move.

    Generator and store are tried first: an order that cannot be run leaves nothing behind. While
    another process runs the order, this one waits.

    Raises:
        LedgerError, AssetsError, GeneratorError: a part cannot be used; nothing is lost.
    """
    async with _tools(house, books, plan.record(edition)) as tools:
        order_id = enter_plan(books, plan, edition)
        order = books.order(order_id)
        assert order is not None  # noqa: S101  it was just entered
        return await _run(house, books, order.record, tools, engine, watch)


async def run_order(
    house: House, books: Books, order_id: str, engine: Engine, watch: Watcher | None = None
) -> RunReport:
    """Resume one order of the books until nothing of it can move.

    While another process runs the order, this one waits.

    Raises:
        UnknownOrderId: the books have no such order.
        LedgerError, AssetsError, GeneratorError: a part cannot be used; nothing is lost.
    """
    order = books.order(order_id)
    if order is None:
        raise UnknownOrderId(order_id)
    async with _tools(house, books, order.record) as tools:
        return await _run(house, books, order.record, tools, engine, watch)


@dataclass(frozen=True, slots=True)
class _Tools:
    """What a run works with that can be missing or broken."""

    generator: Generator
    store: Store
    signer: Signer | None


@asynccontextmanager
async def _tools(house: House, books: Books, record: OrderRecord) -> AsyncIterator[_Tools]:
    """Try everything that a run needs before it writes anything of the order."""
    form = recorded_form(record)
    missing = what_is_missing(form)
    if missing is not None:
        raise BadSettings(missing)
    store = house.store()
    store.check()
    signer = house.signer()
    generator = house.generator(record.provider, record.model, concurrency=form.concurrency)
    try:
        apply_caps(books, house.settings.caps_file)
        yield _Tools(generator, store, signer)
    finally:
        await generator.aclose()


async def _run(
    house: House,
    books: Books,
    record: OrderRecord,
    tools: _Tools,
    engine: Engine,
    watch: Watcher | None,
) -> RunReport:
    form = recorded_form(record)
    with (
        ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="work") as threads,
        # Opened outside the lease and closed after it: a file under way must not hold it up.
        contextlib.closing(house.inspectors(with_models=needs_models(form))) as inspectors,
    ):
        async with Bookkeeper(books) as keeper:
            run = OrderRun(
                record=record,
                form=form,
                keeper=keeper,
                store=tools.store,
                generator=tools.generator,
                clock=house.clock,
                sleep=house.sleep,
                new_id=house.new_attempt_id,
                settle_timeout_s=float(house.settings.settle_timeout_s),
                threads=threads,
                inspectors=inspectors,
                signer=tools.signer,
            )
            with _signals(run):
                return await _in_turn(run, house, engine, watch)


async def _in_turn(run: OrderRun, house: House, engine: Engine, watch: Watcher | None) -> RunReport:
    turn = await take_turn(run, house.lease_holder(), house.is_dead)
    if turn is None:
        stands = await run.keeper.run(lambda books: report(books, _order(books, run)))
        return replace(stands, stop_reason=run.stop_reason)
    async with kept(run, turn):
        before = await run.keeper.run(lambda books: report(books, _order(books, run)))
        if turn.waited and before.state == OrderState.STOPPED:
            # Whoever stopped the run that was waited for meant this one too. What that one may have
            # left behind is looked up; nothing new is sent.
            run.stop(before.stop_reason or "It was stopped.")
        else:
            await run.keeper.write(lambda desk: desk.resume_order(run.order_id))
            await wake_refused(run)
        return await _drive(run, engine, watch, before)


async def _drive(
    run: OrderRun, engine: Engine, watch: Watcher | None, before: RunReport
) -> RunReport:
    beside = [asyncio.create_task(hear_stop(run), name="stop")]
    if watch is not None:
        beside.append(asyncio.create_task(watch(run), name="progress"))
    can_close = True
    fault: Exception | None = None
    try:
        await engine.drive(run)
    except BooksUnavailable:
        # They were waited for in vain just now; the next run finds everything as it is.
        can_close = False
        raise
    except Exception as error:
        fault = error
        raise
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        if can_close:
            await _close(run)
        if fault is not None:
            await _published_after(fault, run)
    # Not in the bookkeeper's own thread, which renews the lease meanwhile.
    books = await run.keeper.run(lambda books: books)
    manifest = await run.in_thread(lambda: publish(books, run.store, run.order_id))
    after = await run.keeper.run(lambda books: _report_at_end(books, run, manifest))
    return replace(
        after,
        released_now=after.released - before.released,
        spent_now_nano=after.spent_nano - before.spent_nano,
    )


def _order(books: Books, run: OrderRun) -> OrderView:
    order = books.order(run.order_id)
    assert order is not None  # noqa: S101  it is being run
    return order


async def _published_after(fault: Exception, run: OrderRun) -> None:
    """Show what was released before a fault ended the run; the fault is what is told in the end."""
    if isinstance(fault, StoreUnavailable):
        return
    counts = await run.keeper.run(lambda books: books.job_counts(run.order_id))
    if not counts.get(JobState.RELEASED):
        return
    books = await run.keeper.run(lambda books: books)
    try:
        await run.in_thread(lambda: publish(books, run.store, run.order_id))
    except (AssetsError, LedgerError) as error:
        # The next run, or the next withdrawal, writes them.
        log.warning("%s", error, extra={"action": "not_published", "order_id": run.order_id})


async def _close(run: OrderRun) -> None:
    counts = await run.keeper.run(lambda books: books.job_counts(run.order_id))
    unfinished = any(counts.get(state) for state in (*TO_DO, JobState.BUILDING, JobState.UNKNOWN))

    def end(desk: Desk) -> None:
        if run.stop_reason is not None and (unfinished or run.halted):
            desk.stop_order(run.order_id, run.stop_reason)
        elif not unfinished:
            desk.finish_order(run.order_id)

    await run.keeper.write(end)
    # What cannot be sealed now is sealed when the next run ends.
    with contextlib.suppress(BooksBusy):
        await run.keeper.run(lambda books: books.seal())


def _report_at_end(books: Books, run: OrderRun, manifest: Manifest) -> RunReport:
    order = _order(books, run)
    # A charge above its hold stops the order in the books, whoever of its attempts hears of it first.
    overrun = order.state is OrderState.STOPPED and order.overrun_nano > 0
    return report(books, order, manifest=manifest.url, halted=run.halted or overrun)


def report(
    books: Books, order: OrderView, *, manifest: str | None = None, halted: bool = False
) -> RunReport:
    """Say how an order stands; without a manifest that was just written, where the last one lies."""
    counts = books.job_counts(order.record.order_id)

    def of(*states: JobState) -> int:
        return sum(counts.get(state, 0) for state in states)

    if manifest is None and counts.get(JobState.RELEASED):
        manifest = manifest_place(books, order)

    return RunReport(
        order_id=order.record.order_id,
        state=str(order.state),
        jobs=order.record.job_count,
        released=of(JobState.RELEASED),
        rejected=of(JobState.REJECTED),
        refused=of(JobState.REFUSED),
        failed=of(JobState.FAILED),
        unknown=of(JobState.UNKNOWN),
        in_review=of(JobState.IN_REVIEW),
        stopped=of(*TO_DO, JobState.BUILDING),
        attempts=books.attempt_count(order.record.order_id),
        spent_nano=order.spent_nano + order.overrun_nano,
        overrun_nano=order.overrun_nano,
        held_nano=order.held_nano,
        cap_nano=order.cap_nano,
        manifest=manifest,
        stop_reason=order.stop_reason if order.state is OrderState.STOPPED else None,
        halted=halted,
    )


def recorded_form(record: OrderRecord) -> OrderForm:
    """Read an order's form back from the books.

    Raises:
        OutdatedOrder: an earlier or a later Mintage wrote it, and this one does not take it.
    """
    try:
        return OrderForm.model_validate(json.loads(record.spec_json))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the order"
        raise OutdatedOrder(record.order_id, f"{field}: {first['msg']}") from error


@contextlib.contextmanager
def _signals(run: OrderRun) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop new work; a second one stops waiting for what is in flight."""
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    assert main is not None  # noqa: S101  a coroutine always runs in a task

    def stop(name: str) -> None:
        if run.stop_reason is not None:
            main.cancel()
        run.stop(f"Stopped by {name}.")

    names = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
    installed = []
    for number, name in names.items():
        # Only the main thread may handle signals; elsewhere (a Prefect worker) its owner does.
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, stop, name)
            installed.append(number)
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)
