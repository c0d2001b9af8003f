"""Two runs of one order: one works, the other waits, and takes over when the first ends or dies.

What bounds a run is the provider's rate limit, which one process reaches with ease, so a second one
beside it would win nothing; waiting, it is a spare that takes over at once. The lease is a row of
the books. It is renewed while its holder lives, and every transaction that moves the work makes
sure of it (`Bookkeeper.fence`): a process that slept through the end of its lease can still book
the answers to what it had sent, and nothing else. Whoever takes an order over settles what is left
behind before anything is sent (`flows.recovery`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from flows.lease_age import LEASE_RENEW_S, LEASE_TTL_S
from flows.order_run import OrderRun
from ledger import Books, BooksBusy, HeldBy, LeaseLost, LedgerError, OrderState

log = logging.getLogger("mintage.leases")

HEAR_STOP_S = 1.0
"""How often a run looks whether somebody has stopped its order."""

LOOK_FIRST_S = 0.1
LOOK_LAST_S = 2.0
"""The pause between two looks at somebody else's lease grows from the first to the last."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to work on one order."""

    holder: str
    waited: bool
    """Whether another run had to end or to die first."""


async def take_turn(run: OrderRun, holder: str, is_dead: Callable[[str], bool]) -> Turn | None:
    """Take the order's lease, waiting as long as another run lives; None if stopped meanwhile.

    A holder that is known to be dead gives way at once; one that is only silent, when its lease
    has expired.
    """
    pause_s = LOOK_FIRST_S
    told: str | None = None
    silence = _Silence()
    while run.stop_reason is None:
        asked_at = run.lease_age.now()

        def is_gone(other: HeldBy, at_s: float = asked_at[0]) -> bool:
            return is_dead(other.holder) or silence.is_over(other, at_s)

        try:
            other = await run.keeper.run(lambda books: _take(books, run.order_id, holder, is_gone))
        except BooksBusy as error:
            # A process that sleeps inside a transaction keeps everybody waiting, until it wakes.
            log.warning("%s", error, extra={"action": "lease_books_busy"})
            continue
        if other is None:
            run.lease_age.renewed(asked_at)
            return Turn(holder, waited=told is not None)
        if other.holder != told:
            log.warning(
                "%s is being worked on by %s; this run waits, and goes on when that one ends.",
                run.order_id,
                other.holder,
                extra={"action": "lease_wait", "order_id": run.order_id},
            )
            told, pause_s = other.holder, LOOK_FIRST_S
        await run.sleep(pause_s)
        pause_s = min(2 * pause_s, LOOK_LAST_S)
    return None


@dataclass(slots=True)
class _Silence:
    """How long a lease has not been renewed, by this process's own clock, which nobody sets.

    The time at which a lease expires comes from its holder's clock, which may be days ahead.
    """

    _seen: HeldBy | None = None
    _since_s: float = 0.0

    def is_over(self, other: HeldBy, at_s: float) -> bool:
        """Whether the lease has stood as it is for longer than one lasts."""
        if other != self._seen:
            self._seen, self._since_s = other, at_s
        return at_s - self._since_s > LEASE_TTL_S


def _take(
    books: Books, order_id: str, holder: str, is_gone: Callable[[HeldBy], bool]
) -> HeldBy | None:
    with books.transaction() as desk:
        taken = desk.take_lease(order_id, holder, LEASE_TTL_S)
        if isinstance(taken, HeldBy) and is_gone(taken):
            desk.break_lease(order_id, taken.holder)
            taken = desk.take_lease(order_id, holder, LEASE_TTL_S)
        return taken if isinstance(taken, HeldBy) else None


@asynccontextmanager
async def kept(run: OrderRun, turn: Turn) -> AsyncIterator[None]:
    """Keep the lease while the block lasts, and give it back."""
    run.keeper.fence = (run.order_id, turn.holder)
    renewing = asyncio.create_task(_renew(run, turn.holder), name="lease")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)

        def drop(books: Books) -> None:
            with books.transaction() as desk:
                desk.drop_lease(run.order_id, turn.holder)

        # An error on the way out matters more than a lease, which expires by itself.
        with contextlib.suppress(LedgerError):
            await run.keeper.run(drop)


async def hear_stop(run: OrderRun) -> None:
    """Stop when somebody stops the order in the books; ends only then, or by being cancelled."""
    while True:
        await run.sleep(HEAR_STOP_S)
        try:
            order = await run.keeper.run(lambda books: books.order(run.order_id))
        except LedgerError as error:
            log.info("%s", error, extra={"action": "stop_not_heard"})
            continue
        if order is not None and order.state is OrderState.STOPPED:
            run.stop(order.stop_reason or "It was stopped.")
            return


async def _renew(run: OrderRun, holder: str) -> None:
    def renew(books: Books) -> None:
        with books.transaction() as desk:
            desk.renew_lease(run.order_id, holder, LEASE_TTL_S)

    while True:
        await run.sleep(LEASE_RENEW_S)
        asked_at = run.lease_age.now()
        try:
            await run.keeper.run(renew)
        except LeaseLost as error:
            run.stop(str(error), halted=True)
            return
        except LedgerError as error:
            # The next try may work; until somebody else takes it, the lease is still this run's.
            log.info("%s", error, extra={"action": "lease_not_renewed"})
            continue
        run.lease_age.renewed(asked_at)
