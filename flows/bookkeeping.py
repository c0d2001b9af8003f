"""The desk where a run's writes and reads queue up and are carried out in groups.

Many coroutines ask; one thread writes. Whatever has come in while the last transaction was
committed goes into the next one, so that a hundred jobs in flight share a few commits (one fsync
each) instead of having one each. An answer is given only after its commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from ledger import (
    Books,
    BooksUnavailable,
    Desk,
    HoldDecision,
    HoldRequest,
    Inspection,
    JobMove,
    JobView,
    LedgerError,
    ReleaseRecord,
    Settled,
    Settlement,
)

GROUP_MAX = 256
"""Operations in one transaction: bounds how long the write lock of the books is held."""

T = TypeVar("T")

_Carry = Callable[[Desk, list[Any]], Sequence[Any]]


def _settle(desk: Desk, batch: list[Any]) -> Sequence[Any]:
    return desk.settle(batch)


def _hold(desk: Desk, batch: list[Any]) -> Sequence[Any]:
    return desk.hold(batch)


def _inspected(desk: Desk, batch: list[Any]) -> Sequence[Any]:
    desk.inspected(batch)
    return [None] * len(batch)


def _move(desk: Desk, batch: list[Any]) -> Sequence[Any]:
    desk.move(batch)
    return [None] * len(batch)


def _release(desk: Desk, batch: list[Any]) -> Sequence[Any]:
    desk.release(batch)
    return [None] * len(batch)


def _note(desk: Desk, batch: list[Any]) -> Sequence[Any]:
    for attempt_id, provider_ref in batch:
        desk.note_ref(attempt_id, provider_ref)
    return [None] * len(batch)


# What makes room comes before what asks for it.
_ORDER: tuple[_Carry, ...] = (_settle, _note, _inspected, _move, _release, _hold)

# The answer to what was sent is booked whoever has the order by now; the rest needs its lease.
_UNFENCED: tuple[_Carry, ...] = (_settle, _note)


@dataclass(slots=True)
class _Asked:
    carry: _Carry
    payload: object
    answer: asyncio.Future[Any]


class Bookkeeper:
    """Asks the books on behalf of one run. Use as an async context manager on one event loop."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._asked: list[_Asked] = []
        self._reads: list[tuple[tuple[str, ...], asyncio.Future[list[JobView]]]] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="books")
        self._worker: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None
        self.fence: tuple[str, str] | None = None
        """The order's id and the holder of its lease, without which no work may be moved."""
        self.commits = 0
        self.operations = 0

    async def __aenter__(self) -> Self:
        """Start taking requests."""
        self._worker = asyncio.create_task(self._work(), name="bookkeeper")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Stop; whoever asked has waited for the answer before leaving."""
        assert self._worker is not None  # noqa: S101  entered before it is left
        if self._broken is None:
            await self.run(lambda _: None)
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        self._thread.shutdown(wait=True)

    async def hold(self, request: HoldRequest) -> HoldDecision:
        """Ask for one attempt's money."""
        decision: HoldDecision = await self._ask(_hold, request)
        return decision

    async def settle(self, settlement: Settlement) -> Settled:
        """Book what became of an attempt."""
        settled: Settled = await self._ask(_settle, settlement)
        return settled

    async def inspected(self, inspection: Inspection) -> None:
        """Record the verdicts on an attempt's bytes."""
        await self._ask(_inspected, inspection)

    async def move(self, move: JobMove) -> None:
        """Move a job from one state to another."""
        await self._ask(_move, move)

    async def release(self, release: ReleaseRecord) -> None:
        """Record that an asset is in the store under its public key."""
        await self._ask(_release, release)

    async def note_ref(self, attempt_id: str, provider_ref: str) -> None:
        """Record the provider's reference of an attempt that is under way."""
        await self._ask(_note, (attempt_id, provider_ref))

    async def jobs(self, job_ids: Sequence[str]) -> list[JobView]:
        """Read jobs as they stand, in the order asked; reads that wait together are one query.

        Ids that the books do not have are left out.
        """
        if self._broken is not None:
            raise self._broken
        answer: asyncio.Future[list[JobView]] = asyncio.get_running_loop().create_future()
        self._reads.append((tuple(job_ids), answer))
        self._wake.set()
        return await answer

    async def run(self, work: Callable[[Books], T]) -> T:
        """Do something else with the books, in the books' own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._books)

    async def write(self, work: Callable[[Desk], T]) -> T:
        """Do something else at the desk, in one transaction, if the lease is still this run's.

        Raises:
            LeaseLost: another run has taken the order over.
        """

        def in_one(books: Books) -> T:
            with books.transaction() as desk:
                self._make_sure(desk)
                return work(desk)

        return await self.run(in_one)

    def _make_sure(self, desk: Desk) -> None:
        if self.fence is not None:
            desk.must_hold_lease(*self.fence)

    async def _ask(self, carry: _Carry, payload: object) -> Any:  # noqa: ANN401  each public method names its own
        if self._broken is not None:
            raise self._broken
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(carry, payload, answer))
        self._wake.set()
        return await answer

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._asked or self._reads:
                asked, self._asked = self._asked[:GROUP_MAX], self._asked[GROUP_MAX:]
                reads, self._reads = self._reads, []
                try:
                    if asked:
                        await loop.run_in_executor(self._thread, self._write, asked, loop)
                    if reads:
                        await loop.run_in_executor(self._thread, self._read, reads, loop)
                except Exception as error:
                    # A defect in the books' own code: nobody may wait for an answer that never comes.
                    self._broken = error
                    for one in asked + self._asked:
                        _fail(one.answer, error)
                    for _, answer in reads + self._reads:
                        _fail(answer, error)
                    raise

    def _write(self, asked: list[_Asked], loop: asyncio.AbstractEventLoop) -> None:
        self.operations += len(asked)
        try:
            answers = self._commit(asked)
        except BooksUnavailable as error:
            # Asking one by one would wait for the same database many times over.
            for one in asked:
                loop.call_soon_threadsafe(_fail, one.answer, error)
            return
        except LedgerError as error:
            if len(asked) == 1:
                loop.call_soon_threadsafe(_fail, asked[0].answer, error)
                return
            # One bad request must not take the others down: each gets a transaction of its own.
            for one in asked:
                self._write([one], loop)
            return
        loop.call_soon_threadsafe(_answer_all, answers)

    def _commit(self, asked: list[_Asked]) -> list[tuple[asyncio.Future[Any], Any]]:
        answers: list[tuple[asyncio.Future[Any], Any]] = []
        with self._books.transaction() as desk:
            if any(one.carry not in _UNFENCED for one in asked):
                self._make_sure(desk)
            for carry in _ORDER:
                batch = [one for one in asked if one.carry is carry]
                if batch:
                    results = carry(desk, [one.payload for one in batch])
                    answers += [
                        (one.answer, result) for one, result in zip(batch, results, strict=True)
                    ]
        self.commits += 1
        return answers

    def _read(
        self,
        reads: list[tuple[tuple[str, ...], asyncio.Future[list[JobView]]]],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        wanted = list(dict.fromkeys(job_id for ids, _ in reads for job_id in ids))
        try:
            found = {view.job_id: view for view in self._books.jobs(wanted)}
        except LedgerError as error:
            if len(reads) == 1 or isinstance(error, BooksUnavailable):
                for _, answer in reads:
                    loop.call_soon_threadsafe(_fail, answer, error)
                return
            for one in reads:
                self._read([one], loop)
            return
        loop.call_soon_threadsafe(
            _answer_all,
            [(answer, [found[one] for one in ids if one in found]) for ids, answer in reads],
        )


def _answer_all(answers: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in answers:
        if not future.done():
            future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
