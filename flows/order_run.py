"""One order being run by this process: its parts, its slots at the provider, and when to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from assets import Store
from flows.bookkeeping import Bookkeeper
from flows.job_plan import JobPlanner
from flows.known_verdicts import KnownVerdicts
from flows.lease_age import LeaseAge
from flows.order_form import OrderForm
from flows.patience import Patience
from flows.sameness import Sameness
from generators import Generator
from ledger import (
    Admit,
    HoldDecision,
    HoldRequest,
    LedgerError,
    OrderRecord,
    Stopped,
    VerdictRecord,
    Wait,
)
from validators import Inspectors

if TYPE_CHECKING:
    from assets.credentials import Signer

T = TypeVar("T")


class HoldGate:
    """Asks for holds, and lets those wait for whom there is no room while attempts are under way.

    Holds are dearer than most charges, so room comes back when an attempt is settled. Whoever has
    to wait stands in one line and is asked again after each settlement. When nothing of this run
    is under way any more, only others can make room: the first in the line asks again for as long
    as `patience` says, and then the books' `Wait` is handed back.
    """

    def __init__(self, keeper: Bookkeeper, patience: Patience | None = None) -> None:
        self._keeper = keeper
        self.patience = patience
        self._line = asyncio.Lock()
        self._room = asyncio.Condition()
        self._settlements = 0
        self.under_way = 0
        self.stop_reason: str | None = None
        """Set when the run stops: whoever still waits is then sent away, and not asked for again."""

    async def hold(self, request: HoldRequest) -> HoldDecision:
        """Hold one attempt's money, waiting for room where room can come.

        Who comes while others wait stands behind them, so that a dear attempt gets its turn.
        """
        if not self._line.locked():
            decision = await self._try(request)
            if not isinstance(decision, Wait):
                return decision
        async with self._line:
            while True:
                if self.stop_reason is not None:
                    return Stopped(self.stop_reason)
                seen = self._settlements
                decision = await self._try(request)
                idle = self.under_way == 0 and self._settlements == seen
                if not isinstance(decision, Wait):
                    return decision
                if idle:
                    if self.patience is None or not await self.patience.wait(decision):
                        return decision
                    continue
                async with self._room:
                    await self._room.wait_for(
                        lambda seen=seen: self._settlements != seen or self.under_way == 0  # type: ignore[misc]
                    )

    async def _try(self, request: HoldRequest) -> HoldDecision:
        # Counted before the answer is known, so that nobody sees an idle run between the two.
        self.under_way += 1
        try:
            decision = await self._keeper.hold(request)
        except BaseException:
            await self._leave()
            raise
        if not isinstance(decision, Admit):
            self.under_way -= 1
            # Who waits for what is under way must hear that this was never going to be.
            await self._tell()
        return decision

    async def settled(self) -> None:
        """Say that one admitted attempt is settled, whatever became of it."""
        await self._leave()

    async def _leave(self) -> None:
        self.under_way -= 1
        self._settlements += 1
        await self._tell()

    async def _tell(self) -> None:
        async with self._room:
            self._room.notify_all()


@dataclass(slots=True)
class OrderRun:
    """All that the stages of one order share in this process.

    The books decide what is left to do; nothing in here is needed to resume.
    """

    record: OrderRecord
    form: OrderForm
    keeper: Bookkeeper
    store: Store
    generator: Generator
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    new_id: Callable[[], str]
    settle_timeout_s: float
    threads: Executor
    """Where encoding and the store's work is done."""
    inspectors: Inspectors
    """Who judges the files; closed by whoever runs the order."""
    signer: Signer | None = None
    """Who signs what has passed, where the house has a certificate."""
    lease_age: LeaseAge = field(init=False)
    planner: JobPlanner = field(init=False)
    gate: HoldGate = field(init=False)
    patience: Patience = field(init=False)
    sameness: Sameness = field(init=False)
    known: KnownVerdicts = field(init=False)
    slots: asyncio.Semaphore = field(init=False)
    verdicts: dict[str, tuple[VerdictRecord, ...]] = field(default_factory=dict)
    """Verdicts of attempts between inspection and release, to spare a read; the books have them too."""
    stop_reason: str | None = None
    halted: bool = False
    """Whether it was stopped by a fault, not by a person."""
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when an attempt's answer was lost, so that recovery looks it up."""
    found: int = 0
    """How many lost attempts were settled since the run began."""
    waiting: int = 0
    """Jobs of the present pass for which only lost attempts, or others, could make room."""

    def __post_init__(self) -> None:
        self.lease_age = LeaseAge(self.clock)
        self.planner = JobPlanner(self.form)
        self.patience = Patience(self.clock, self.sleep, self.settle_timeout_s)
        self.gate = HoldGate(self.keeper, self.patience)
        self.known = KnownVerdicts(self.keeper)
        self.sameness = Sameness(self.keeper, self.record.order_id)
        self.slots = asyncio.Semaphore(self.form.concurrency)

    async def may_send(self) -> bool:
        """Say, right before a paid request goes out, whether it still may.

        A machine that slept, or a wait for the provider's rate limit, can outlast the lease; then
        the books are asked whether somebody else has settled by now what would be sent.
        """
        if self.stop_reason is not None:
            return False
        if self.lease_age.is_fresh():
            return True
        try:
            await self.keeper.write(lambda _: None)
        except LedgerError as error:
            self.stop(str(error), halted=True)
            return False
        return True

    @property
    def order_id(self) -> str:
        """The order's id."""
        return self.record.order_id

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def stop(self, reason: str, *, halted: bool = False) -> None:
        """Send no new work; what is in flight is still settled. The first reason stays."""
        if self.stop_reason is None:
            self.stop_reason = self.gate.stop_reason = reason
            self.halted = halted
            self.generator.stop()
