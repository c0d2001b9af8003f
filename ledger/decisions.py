"""What people decide about attempts whose end nobody can tell: to charge them, or to void them."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Connection, bindparam, insert, select

from ledger import settling
from ledger.errors import DecisionRefused, UnknownAttempt
from ledger.instants import from_us
from ledger.kinds import DecisionKind
from ledger.money import charge_nano, format_usd
from ledger.records import (
    AttemptState,
    Decision,
    FailedSettlement,
    JobState,
    PriceLine,
    Settled,
)
from ledger.schema import AnyRow, attempts, decisions, jobs, leases, orders
from ledger.words import clean

METRIC = "person"
"""What the price line of a charge says that a person decided."""

_ATTEMPT = (
    select(
        attempts.c.attempt_id,
        attempts.c.state,
        attempts.c.charged_nano,
        attempts.c.order_id,
        jobs.c.attempts_used,
        orders.c.attempts_max,
        leases.c.holder,
        leases.c.expires_at_us,
    )
    .join(jobs, jobs.c.job_id == attempts.c.job_id)
    .join(orders, orders.c.order_id == attempts.c.order_id)
    .join(leases, leases.c.order_id == attempts.c.order_id, isouter=True)
    .where(attempts.c.attempt_id == bindparam("id"))
    .with_for_update(of=attempts, key_share=True)
)


def decide(connection: Connection, now_us: int, decision: Decision) -> Settled:
    """See `Desk.decide`."""
    who, why = clean(decision.by).strip(), clean(decision.because).strip()
    if not who or not why:
        raise DecisionRefused("an attempt is settled by somebody and for a reason: say both")
    row = connection.execute(_ATTEMPT, {"id": decision.attempt_id}).one_or_none()
    if row is None:
        raise UnknownAttempt(decision.attempt_id)
    _check(row, now_us)
    lines = _lines(decision)
    settled = settling.settle(
        connection,
        now_us,
        [
            FailedSettlement(
                attempt_id=row.attempt_id,
                lines=lines,
                provider_ref=None,
                reason=f"{who} decided: {why}",
                job_state=_job_state(row),
            )
        ],
        decided=(who, why),
    )[0]
    connection.execute(
        insert(decisions),
        {
            "attempt_id": row.attempt_id,
            "at_us": now_us,
            "kind": decision.kind.value,
            "amount_nano": settled.charged_nano,
            "actor": who,
            "because": why,
        },
    )
    return settled


def _job_state(row: AnyRow) -> JobState:
    return JobState.PLANNED if row.attempts_used < row.attempts_max else JobState.FAILED


def _lines(decision: Decision) -> tuple[PriceLine, ...]:
    if decision.kind is DecisionKind.VOID:
        if decision.amount_usd:
            raise DecisionRefused("a voided attempt costs nothing: charge it, or name no amount")
        return ()
    line = PriceLine(METRIC, Decimal(1), "decision", decision.amount_usd)
    charge_nano([line])
    return (line,)


def _check(row: AnyRow, now_us: int) -> None:
    """Refuse an attempt that has ended, or that a run which goes on will end by itself."""
    if row.state == AttemptState.UNKNOWN.value:
        return
    if row.state != AttemptState.HELD.value:
        raise DecisionRefused(
            f"attempt {row.attempt_id} has ended already: it is {row.state} and cost "
            f"{format_usd(row.charged_nano)}"
        )
    if row.expires_at_us is not None and row.expires_at_us > now_us:
        raise DecisionRefused(
            f"attempt {row.attempt_id} is under way in {row.holder}: wait for that run, or until "
            f"{from_us(row.expires_at_us):%H:%M:%S} UTC if that process is gone"
        )
