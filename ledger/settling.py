"""Settlements: every hold ends exactly once, charged or voided, or it stays while unknown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text, update

from ledger import budgeting, caps, entries
from ledger.errors import AlreadySettled, BrokenPromise, RunKnown, UnknownAttempt
from ledger.kinds import EntryKind, HoldState, Scope
from ledger.money import charge_nano, format_usd
from ledger.records import (
    AttemptState,
    BuiltSettlement,
    FailedSettlement,
    JobState,
    OrderState,
    Settled,
    Settlement,
    UnknownSettlement,
)
from ledger.schema import AnyRow, attempts, budgets, hold_budgets, holds, jobs, orders
from ledger.words import clean

_OPEN = frozenset({AttemptState.HELD.value, AttemptState.UNKNOWN.value})

_LOCK_ATTEMPTS = (
    select(
        attempts.c.attempt_id,
        attempts.c.job_id,
        attempts.c.state,
        attempts.c.hold_nano,
        attempts.c.provider_ref,
        orders.c.order_id,
        orders.c.cost_center,
        orders.c.campaign,
        orders.c.owner,
        orders.c.provider,
        orders.c.model,
    )
    .join(orders, orders.c.order_id == attempts.c.order_id)
    .where(attempts.c.attempt_id.in_(bindparam("ids", expanding=True)))
    .order_by(attempts.c.attempt_id)
    .with_for_update(of=attempts, key_share=True)
)

_COVERS = (
    select(hold_budgets.c.attempt_id, hold_budgets.c.budget_id, budgets.c.scope)
    .join(budgets, budgets.c.budget_id == hold_budgets.c.budget_id)
    .where(hold_budgets.c.attempt_id.in_(bindparam("ids", expanding=True)))
)

_END_ATTEMPT = (
    update(attempts)
    .where(attempts.c.attempt_id == bindparam("a_id"), attempts.c.ended_at_us.is_(None))
    .values(
        state=bindparam("a_state"),
        counts=bindparam("a_counts"),
        provider_ref=bindparam("a_ref"),
        charged_nano=bindparam("a_charged"),
        reason=bindparam("a_reason"),
        sha256=bindparam("a_sha256"),
        media_type=bindparam("a_media_type"),
        byte_count=bindparam("a_byte_count"),
        came_size=bindparam("a_came_size"),
        came_sha256=bindparam("a_came_sha256"),
        latency_ms=bindparam("a_latency_ms"),
        ended_at_us=bindparam("a_now"),
    )
)

_LOSE_ATTEMPT = (
    update(attempts)
    .where(attempts.c.attempt_id == bindparam("a_id"), attempts.c.ended_at_us.is_(None))
    .values(
        state=AttemptState.UNKNOWN.value,
        provider_ref=bindparam("a_ref"),
        reason=bindparam("a_reason"),
        lost_at_us=func.coalesce(attempts.c.lost_at_us, bindparam("a_now")),
    )
)

_END_HOLD = (
    update(holds)
    .where(holds.c.attempt_id == bindparam("h_id"), holds.c.state == HoldState.OPEN.value)
    .values(state=bindparam("h_state"), ended_at_us=bindparam("h_now"))
)

_MOVE_JOB = (
    update(jobs)
    .where(
        jobs.c.job_id == bindparam("j_id"),
        jobs.c.attempt_id == bindparam("j_attempt"),
        text("state IN ('building', 'unknown')"),
    )
    .values(
        state=bindparam("j_state"),
        reason=bindparam("j_reason"),
        attempts_used=jobs.c.attempts_used - bindparam("j_uncounted"),
        spent_nano=jobs.c.spent_nano + bindparam("j_spent"),
        updated_at_us=bindparam("j_now"),
    )
)

_STOP_ORDER = (
    update(orders)
    .where(orders.c.order_id == bindparam("o_id"), orders.c.state != OrderState.STOPPED.value)
    .values(
        state=OrderState.STOPPED.value,
        stop_reason=bindparam("o_reason"),
        updated_at_us=bindparam("o_now"),
    )
)

_REF = (
    select(attempts.c.state, attempts.c.provider_ref)
    .where(attempts.c.attempt_id == bindparam("a_id"))
    .with_for_update(key_share=True)
)
_NOTE_REF = (
    update(attempts)
    .where(attempts.c.attempt_id == bindparam("a_id"))
    .values(provider_ref=bindparam("a_ref"))
)


@dataclass(frozen=True, slots=True)
class _End:
    """One settlement worked out: what it costs and where it leaves attempt and job."""

    settlement: Settlement
    row: AnyRow
    state: AttemptState
    job_state: JobState
    reason: str | None
    provider_ref: str | None
    total_nano: int = 0
    voided: bool = False
    counts: bool = True
    decided: tuple[str, str] | None = None
    """Who ended it and why, where a person did."""

    @property
    def is_over(self) -> bool:
        return self.state is not AttemptState.UNKNOWN

    @property
    def charged_nano(self) -> int:
        """The part of the charge that its hold covers."""
        return min(self.total_nano, int(self.row.hold_nano))

    @property
    def overrun_nano(self) -> int:
        return self.total_nano - self.charged_nano


def settle(
    connection: Connection,
    now_us: int,
    settlements: Sequence[Settlement],
    decided: tuple[str, str] | None = None,
) -> list[Settled]:
    """See `Desk.settle`. `decided` says who ended them all and why, where a person did."""
    if not settlements:
        return []
    caps.share(connection)
    ids = sorted({settlement.attempt_id for settlement in settlements})
    found = {row.attempt_id: row for row in connection.execute(_LOCK_ATTEMPTS, {"ids": ids})}
    if len(ids) != len(settlements):
        raise BrokenPromise("one attempt was given two settlements at once")
    ends = [
        replace(
            _work_out(settlement, found.get(settlement.attempt_id), by_person=decided is not None),
            decided=decided,
        )
        for settlement in settlements
    ]
    over = [end for end in ends if end.is_over]
    _write_attempts(connection, now_us, ends)
    _write_jobs(connection, now_us, ends)
    if over:
        _write_budgets(connection, now_us, over)
        entries.write(connection, [row for end in over for row in _entry_rows(end, now_us)])
        _stop_overrun(connection, now_us, over)
    return [Settled(end.row.attempt_id, end.total_nano, end.overrun_nano) for end in ends]


def _work_out(settlement: Settlement, row: AnyRow | None, *, by_person: bool) -> _End:
    if row is None:
        raise UnknownAttempt(settlement.attempt_id)
    if row.state not in _OPEN:
        raise AlreadySettled(row.attempt_id, row.state)
    provider_ref = _same_ref(row.attempt_id, row.provider_ref, settlement.provider_ref)
    if isinstance(settlement, UnknownSettlement):
        return _End(
            settlement,
            row,
            AttemptState.UNKNOWN,
            JobState.UNKNOWN,
            clean(settlement.reason),
            provider_ref,
        )
    total_nano = charge_nano(settlement.lines)
    if isinstance(settlement, BuiltSettlement):
        return _End(
            settlement, row, AttemptState.BUILT, JobState.BUILT, None, provider_ref, total_nano
        )
    if settlement.job_state not in {JobState.PLANNED, JobState.FAILED}:
        raise BrokenPromise(
            f"a failed attempt sends its job to planned or failed, not {settlement.job_state}"
        )
    if row.provider_ref is not None and settlement.provider_ref is None and not by_person:
        # It became known while somebody was looking for it; the next look reads what it cost.
        raise RunKnown(row.attempt_id, row.provider_ref)
    if settlement.lines and not settlement.counts:
        raise BrokenPromise(f"attempt {row.attempt_id} is charged for, so it counts")
    return _End(
        settlement,
        row,
        AttemptState.FAILED,
        settlement.job_state,
        clean(settlement.reason),
        provider_ref,
        total_nano,
        voided=not settlement.lines,
        counts=settlement.counts,
    )


def _same_ref(attempt_id: str, known: str | None, given: str | None) -> str | None:
    """The attempt's one provider reference: a second one would be a second bill nobody booked."""
    cleaned = None if given is None else clean(given)
    if known is not None and cleaned is not None and known != cleaned:
        raise BrokenPromise(
            f"attempt {attempt_id} is known to its provider as {known} and cannot become {cleaned}"
        )
    return cleaned or known


def _write_attempts(connection: Connection, now_us: int, ends: Sequence[_End]) -> None:
    over = [end for end in ends if end.is_over]
    budgeting.must_change(
        connection,
        _END_ATTEMPT,
        [_attempt_row(end, now_us) for end in over],
        "an attempt ended while it was being settled",
    )
    budgeting.must_change(
        connection,
        _LOSE_ATTEMPT,
        [
            {
                "a_id": end.row.attempt_id,
                "a_ref": end.provider_ref,
                "a_reason": end.reason,
                "a_now": now_us,
            }
            for end in ends
            if not end.is_over
        ],
        "an attempt ended while it was being settled",
    )
    budgeting.must_change(
        connection,
        _END_HOLD,
        [
            {
                "h_id": end.row.attempt_id,
                "h_state": (HoldState.VOIDED if end.voided else HoldState.CHARGED).value,
                "h_now": now_us,
            }
            for end in over
        ],
        "a hold had ended before its attempt",
    )


def _attempt_row(end: _End, now_us: int) -> dict[str, object]:
    settlement = end.settlement
    built = settlement if isinstance(settlement, BuiltSettlement) else None
    failed = settlement if isinstance(settlement, FailedSettlement) else None
    return {
        "a_id": end.row.attempt_id,
        "a_state": end.state.value,
        "a_counts": end.counts,
        "a_ref": end.provider_ref,
        "a_charged": end.total_nano,
        "a_reason": end.reason,
        "a_sha256": built.sha256 if built else None,
        "a_media_type": built.media_type if built else None,
        "a_byte_count": built.byte_count if built else None,
        "a_came_size": "x".join(map(str, built.came)) if built and built.came else None,
        "a_came_sha256": built.came_sha256 if built else None,
        "a_latency_ms": built.latency_ms if built else failed.latency_ms if failed else None,
        "a_now": now_us,
    }


def _write_jobs(connection: Connection, now_us: int, ends: Sequence[_End]) -> None:
    rows = [
        {
            "j_id": end.row.job_id,
            "j_attempt": end.row.attempt_id,
            "j_state": end.job_state.value,
            "j_reason": end.reason,
            "j_uncounted": 0 if end.counts else 1,
            "j_spent": end.total_nano,
            "j_now": now_us,
        }
        for end in ends
    ]
    rows.sort(key=lambda row: str(row["j_id"]))
    budgeting.must_change(
        connection, _MOVE_JOB, rows, "a job was not waiting for the attempt that was settled"
    )


def _write_budgets(connection: Connection, now_us: int, over: Sequence[_End]) -> None:
    """Give back holds and book charges under every budget that they were made under, jobs' first."""
    by_attempt = {end.row.attempt_id: end for end in over}
    changes: dict[Scope, dict[str, tuple[int, int, int]]] = {scope: {} for scope in Scope}
    for cover in connection.execute(_COVERS, {"ids": sorted(by_attempt)}):
        end = by_attempt[cover.attempt_id]
        of_scope = changes[Scope(cover.scope)]
        held, spent, overrun = of_scope.get(cover.budget_id, (0, 0, 0))
        of_scope[cover.budget_id] = (
            held + end.row.hold_nano,
            spent + end.charged_nano,
            overrun + end.overrun_nano,
        )
    for scope in Scope:
        budgeting.write_settled(connection, changes[scope], now_us)


def _entry_rows(end: _End, now_us: int) -> list[dict[str, Any]]:
    hold_nano = int(end.row.hold_nano)
    settlement = end.settlement
    sha256 = settlement.sha256 if isinstance(settlement, BuiltSettlement) else None
    lines = () if isinstance(settlement, UnknownSettlement) else settlement.lines
    bill = (end.provider_ref, entries.lines_to_json(lines), sha256)
    moves = (
        [(EntryKind.VOID, hold_nano, None)]
        if end.voided
        else [
            (EntryKind.CHARGE, end.charged_nano, bill),
            (EntryKind.RELEASE, hold_nano - end.charged_nano, None),
            (EntryKind.OVERRUN, end.overrun_nano, bill),
        ]
    )
    return [
        entries.entry(
            kind,
            amount_nano,
            now_us,
            end.row,
            attempt=(end.row.attempt_id, end.row.job_id),
            bill=billed,
            decided=end.decided,
        )
        for kind, amount_nano, billed in moves
    ]


def _stop_overrun(connection: Connection, now_us: int, over: Sequence[_End]) -> None:
    """Stop each order that was charged above a hold, saying which one and by how much."""
    by_order: Mapping[str, list[_End]] = defaultdict(list)
    for end in over:
        if end.overrun_nano:
            by_order[end.row.order_id].append(end)
    for order_id, ends in sorted(by_order.items()):
        first = ends[0]
        more = f" (and {len(ends) - 1} more like it)" if len(ends) > 1 else ""
        reason = (
            f"attempt {first.row.attempt_id} of job {first.row.job_id} was charged "
            f"{format_usd(first.total_nano)}, {format_usd(first.overrun_nano)} above its hold of "
            f"{format_usd(first.row.hold_nano)}{more}: check the model's card before resuming"
        )
        connection.execute(_STOP_ORDER, {"o_id": order_id, "o_reason": reason, "o_now": now_us})


def note_ref(connection: Connection, attempt_id: str, provider_ref: str) -> None:
    """See `Desk.note_ref`."""
    row = connection.execute(_REF, {"a_id": attempt_id}).one_or_none()
    if row is None:
        raise UnknownAttempt(attempt_id)
    reference = _same_ref(attempt_id, row.provider_ref, provider_ref)
    if reference == row.provider_ref:
        return
    if row.state not in _OPEN:
        raise AlreadySettled(attempt_id, row.state)
    connection.execute(_NOTE_REF, {"a_id": attempt_id, "a_ref": reference})
