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
from ledger.signatures import signed

REF_CHARACTERS_MAX = 200


def can_be_run(provider_ref: str) -> bool:
    """Whether a text can be a provider's id of a run: printable, without spaces, not too long."""
    return (
        0 < len(provider_ref) <= REF_CHARACTERS_MAX
        and provider_ref.isprintable()
        and " " not in provider_ref
    )


METRIC = "person"
"""What the price line of a charge says that a person decided."""

_ATTEMPT = (
    select(
        attempts.c.attempt_id,
        attempts.c.state,
        attempts.c.charged_nano,
        attempts.c.order_id,
        attempts.c.provider_ref,
        jobs.c.attempts_used,
        orders.c.attempts_max,
        orders.c.provider,
        leases.c.holder,
        leases.c.expires_at_us,
    )
    .join(jobs, jobs.c.job_id == attempts.c.job_id)
    .join(orders, orders.c.order_id == attempts.c.order_id)
    .join(leases, leases.c.order_id == attempts.c.order_id, isouter=True)
    .where(attempts.c.attempt_id == bindparam("id"))
    .with_for_update(of=attempts, key_share=True)
)

_PAID_BY = select(attempts.c.attempt_id, attempts.c.job_id).where(
    attempts.c.provider_ref == bindparam("ref")
)
"""Whose run it is: one index serves it."""


def decide(connection: Connection, now_us: int, decision: Decision) -> Settled:
    """See `Desk.decide`."""
    who, why = signed(decision.by, decision.because, "an attempt is settled", DecisionRefused)
    row = connection.execute(_ATTEMPT, {"id": decision.attempt_id}).one_or_none()
    if row is None:
        raise UnknownAttempt(decision.attempt_id)
    _check(row, now_us)
    provider_ref = _run(connection, row, decision)
    lines = _lines(decision)
    settled = settling.settle(
        connection,
        now_us,
        [
            FailedSettlement(
                attempt_id=row.attempt_id,
                lines=lines,
                provider_ref=provider_ref,
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


def _run(connection: Connection, row: AnyRow, decision: Decision) -> str | None:
    """Give the run that the person names, if any; refuse one that is another attempt's."""
    if decision.provider_ref is None:
        return None
    provider_ref = decision.provider_ref.strip()
    if not can_be_run(provider_ref):
        raise DecisionRefused(
            f"{decision.provider_ref[:REF_CHARACTERS_MAX]!a} cannot be a provider's id of a run: "
            "write it as the statement does"
        )
    if row.provider_ref not in {None, provider_ref}:
        raise DecisionRefused(
            f"attempt {row.attempt_id} is run {row.provider_ref} by {row.provider}'s own answer, "
            f"so it cannot be {provider_ref}: leave the reference out"
        )
    payer = connection.execute(_PAID_BY, {"ref": provider_ref}).one_or_none()
    if payer is not None and payer.attempt_id != row.attempt_id:
        raise DecisionRefused(
            f"the run {provider_ref} is attempt {payer.attempt_id} of job {payer.job_id} already, and "
            "a run is paid for once: look for another one"
        )
    return provider_ref


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
