"""The writing side of the books: one desk is one transaction.

Every method takes a batch and says what it did; what a caller must never ask for raises from
`ledger.errors`, and then nothing of the transaction is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from sqlalchemy import Connection

from ledger import (
    caps_setting,
    decisions,
    fingerprints,
    holding,
    judging,
    planning,
    reviews,
    settling,
    supervising,
    withdrawals,
)
from ledger.closing_desk import ClosingDesk
from ledger.instants import day_in, to_us
from ledger.invoices.desk import InvoiceDesk
from ledger.kinds import Scope
from ledger.lease_records import HeldBy, Lease
from ledger.records import (
    Decision,
    HoldDecision,
    HoldRequest,
    Inspection,
    JobMove,
    JobRecord,
    JobState,
    OrderRecord,
    Quoted,
    ReleaseRecord,
    Review,
    Settled,
    Settlement,
)


class Desk(ClosingDesk, InvoiceDesk):
    """Writes inside one transaction. Get one from `Books.transaction()`; do not keep it."""

    def __init__(
        self, connection: Connection, clock: Callable[[], datetime], zone: tzinfo = UTC
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._zone = zone

    def _now_us(self) -> int:
        return to_us(self._clock())

    def _today(self) -> str:
        return day_in(self._now_us(), self._zone)

    def open_order(
        self, order: OrderRecord, jobs: Iterable[JobRecord], quoted: Quoted | None = None
    ) -> bool:
        """Put an order with all its jobs into the books; True if it is new.

        What it was quoted is kept with it. The same order again changes nothing and does not read
        `jobs`; its first quote stands.

        Raises:
            OrderChanged: the order id is known with another `spec_sha256`.
            BrokenPromise: the number of jobs is not `order.job_count`, or the quote is none.
        """
        return planning.open_order(self._connection, self._now_us(), order, jobs, quoted)

    def hold(self, requests: Sequence[HoldRequest]) -> list[HoldDecision]:
        """Decide on money for attempts, each all or nothing under every cap that covers it.

        Those are the caps of its job and its order, and of its cost centre's month and its
        provider's day where somebody set one. One decision per request, in the same order.
        Requests are decided one after the other, so an early one can take the room of a later one.
        `Admit` writes the attempt as held and its job as building, and opens a done order again;
        `Wait`, `Refuse` and `Stopped` change nothing. Nothing may be sent before the transaction
        is committed.

        Raises:
            UnknownJob, WrongState: no such job, or it is neither planned nor refused.
            BrokenPromise: two requests for one job, a wrong number, a used attempt id.
        """
        now_us = self._now_us()
        return holding.hold(self._connection, now_us, day_in(now_us, self._zone), requests)

    def settle(self, settlements: Sequence[Settlement]) -> list[Settled]:
        """End holds: charge them, void them, or keep them as unknown. One result per settlement.

        A charge above its hold is booked in full, the part above as an overrun, and its order is
        stopped. An unknown attempt can be settled again, once, when its provider's record is known.

        Raises:
            AlreadySettled: the hold has ended before.
            RunKnown: its provider's run is known, and it was to end as if there was none.
            UnknownAttempt: no such attempt.
            BrokenPromise: another provider reference than the one noted, or a wrong job state.
            MoneyError: a price line that is no money.
        """
        return settling.settle(self._connection, self._now_us(), settlements)

    def decide(self, decision: Decision) -> Settled:
        """End an attempt that only a person can tell the end of; recorded with who and why.

        Its job goes back to planned if it has attempts left, else it failed. A charge above the
        hold is an overrun, as it always is.

        Raises:
            UnknownAttempt: no such attempt.
            DecisionRefused: it has ended, or its run goes on; or nobody, or no reason, is named.
            MoneyError: an amount that money cannot be.
        """
        return decisions.decide(self._connection, self._now_us(), decision)

    def set_cap(
        self, scope: Scope, subject: str, cap_nano: int | None, *, by: str, because: str
    ) -> bool:
        """Cap an order, or each month of a cost centre, or each day of a provider, from now on.

        The running period follows at once, with what it has held and spent before; None takes the
        cap of a cost centre or a provider away. False, and nothing is written, where it is the cap
        already. A raised cap opens done orders again whose refused jobs may find room.

        Raises:
            CapTooLow: it is lower than what is held and spent under it.
            CapRefused: a scope, amount or subject that cannot be capped; nobody, or no reason.
            ApprovalRefused: it takes two persons; `change_cap` asks for it.
            UnknownOrder: no such order.
        """
        now_us = self._now_us()
        cap = (scope, subject, cap_nano)
        day = day_in(now_us, self._zone)
        return caps_setting.set_cap(self._connection, now_us, day, cap, (by, because))

    def note_ref(self, attempt_id: str, provider_ref: str) -> None:
        """Remember what the provider calls an open attempt, as soon as it is known.

        Raises:
            UnknownAttempt, AlreadySettled: no such attempt, or it has ended.
            BrokenPromise: it is known by another reference.
        """
        settling.note_ref(self._connection, attempt_id, provider_ref)

    def inspected(self, inspections: Sequence[Inspection]) -> None:
        """Write verdicts on built attempts and move their jobs to accepted, planned or rejected.

        One with a mend or a signing leaves its job built, by its new bytes: they are to be judged
        again. Renditions are written with the inspection that moves the job, with their verdicts.

        Raises:
            UnknownJob, WrongState: no such job, or it is not built by that attempt and those bytes.
            BrokenPromise: accepted without verdicts, or with one that did not pass, of the job's
                own bytes or of a rendition; mended for no reason, twice in the same way, or after
                it was signed; signed twice, or before it had passed.
        """
        judging.inspected(self._connection, self._now_us(), inspections)

    def move(self, moves: Sequence[JobMove]) -> None:
        """Park jobs (planned, refused, failed, rejected) or pass them through review.

        Only accepted jobs go to review; only accepted or reviewed jobs are approved. To approve
        sets `accepted_at` and `approved_by`; to park clears them.

        Raises:
            UnknownJob, WrongState: no such job, or it is not in `from_state`.
            BrokenPromise: a way that work does not go.
        """
        judging.move(self._connection, self._now_us(), moves)

    def review(self, decided: Sequence[Review]) -> dict[str, JobState]:
        """Take a person's decisions on files that wait for them, all or none; where each job is now.

        An approved one goes on to release. A rejected one goes back to build while its order allows
        another attempt, and is rejected after that.

        Raises:
            ReviewedBefore: somebody has decided about the file already.
            ReviewRefused: the job does not wait, or with another file; nobody, the order's owner or
                no reason is named.
            UnknownJob: no such job.
            BrokenPromise: one job is named twice.
        """
        return reviews.decide(self._connection, self._now_us(), decided)

    def release(self, records: Sequence[ReleaseRecord]) -> None:
        """Write releases of approved jobs.

        Raises:
            UnknownJob, WrongState: no such job, or it is not approved.
            BrokenPromise: other bytes than those inspected, or a public key that is taken.
        """
        judging.release(self._connection, self._now_us(), records)

    def withdraw(self, job_id: str, *, by: str, because: str) -> bool:
        """Take a released asset back; False, and nothing is written, where somebody did before.

        The job stays released and keeps its cost; its bytes stay in the store. There is no way
        back: what is wanted again is a new edition's.

        Raises:
            UnknownJob: no such job.
            NotReleased: there is nothing to take back.
            WithdrawalRefused: nobody, or no reason, is named.
        """
        return withdrawals.withdraw(self._connection, self._now_us(), job_id, (by, because))

    def measured(self, hashes: Mapping[str, int]) -> None:
        """Write what released pictures look like that nobody had measured: hashes by attempt.

        Raises:
            BrokenPromise: a picture was measured before.
        """
        fingerprints.measured(self._connection, self._now_us(), hashes)

    def stop_order(self, order_id: str, reason: str) -> bool:
        """Let no new attempt of the order be held; False if it was stopped before (reason kept).

        Raises:
            UnknownOrder: no such order.
        """
        return supervising.stop_order(self._connection, self._now_us(), order_id, reason)

    def resume_order(self, order_id: str) -> bool:
        """Open a stopped or done order again; False if it was open.

        Raises:
            UnknownOrder: no such order.
        """
        return supervising.resume_order(self._connection, self._now_us(), order_id)

    def finish_order(self, order_id: str) -> bool:
        """Mark an order as done; False, and nothing changed, if it is stopped.

        Raises:
            UnknownOrder: no such order.
            WrongState: a job is not at an end, in review or refused.
        """
        return supervising.finish_order(self._connection, self._now_us(), order_id)

    def take_lease(self, order_id: str, holder: str, ttl_s: float) -> Lease | HeldBy:
        """Take the right to move an order's jobs, if it is free, expired or one's own already.

        The order need not be in the books yet. A lease that has expired says that its holder is
        gone, not what it had sent: settle what it left behind before sending anything.
        """
        return supervising.take_lease(self._connection, self._now_us(), order_id, holder, ttl_s)

    def renew_lease(self, order_id: str, holder: str, ttl_s: float) -> Lease:
        """Keep a lease that one still has for `ttl_s` from now, even where it has expired.

        One that somebody else has had meanwhile is lost, free again or not: what was left behind
        has been settled since.

        Raises:
            LeaseLost: somebody else has it, or had it.
        """
        return supervising.renew_lease(self._connection, self._now_us(), order_id, holder, ttl_s)

    def must_hold_lease(self, order_id: str, holder: str) -> None:
        """Make sure of a lease until this transaction ends; expired but not taken, it still counts.

        Raises:
            LeaseLost: somebody else has it, or nobody.
        """
        supervising.must_hold_lease(self._connection, order_id, holder)

    def drop_lease(self, order_id: str, holder: str) -> bool:
        """Give one's own lease back; False if it was not one's own any more."""
        return supervising.drop_lease(self._connection, order_id, holder)

    def break_lease(self, order_id: str, holder: str) -> bool:
        """Take the lease away from a holder known to be dead; False if it has it no longer."""
        return supervising.drop_lease(self._connection, order_id, holder)
