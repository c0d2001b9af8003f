"""Holds: money is set aside under every budget that covers an attempt, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from ledger import budgeting, caps, entries
from ledger.budgeting import Budget, budget_id
from ledger.errors import BrokenPromise, UnknownJob, WrongState
from ledger.kinds import EntryKind, HoldState, Scope
from ledger.records import (
    Admit,
    AttemptState,
    HoldDecision,
    HoldRequest,
    JobState,
    OrderState,
    Refuse,
    Stopped,
)
from ledger.schema import AnyRow, attempts, hold_budgets, holds, jobs, orders

_LOCK_JOBS = (
    select(jobs.c.job_id, jobs.c.order_id, jobs.c.state, jobs.c.last_number)
    .where(jobs.c.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(jobs.c.job_id)
    .with_for_update(key_share=True)
)

_ORDERS = select(
    orders.c.order_id,
    orders.c.state,
    orders.c.stop_reason,
    orders.c.per_job_nano,
    orders.c.cost_center,
    orders.c.campaign,
    orders.c.owner,
    orders.c.provider,
    orders.c.model,
).where(orders.c.order_id.in_(bindparam("ids", expanding=True)))

_START_JOB = (
    update(jobs)
    .where(jobs.c.job_id == bindparam("j_id"), jobs.c.last_number == bindparam("j_number") - 1)
    .values(
        state=JobState.BUILDING.value,
        reason=None,
        attempts_used=jobs.c.attempts_used + 1,
        last_number=bindparam("j_number"),
        attempt_id=bindparam("j_attempt"),
        approved_by=None,
        accepted_at_us=None,
        updated_at_us=bindparam("j_now"),
    )
)

_REOPEN_ORDER = (
    update(orders)
    .where(orders.c.order_id == bindparam("o_id"), orders.c.state == OrderState.DONE.value)
    .values(state=OrderState.OPEN.value, updated_at_us=bindparam("o_now"))
)

_INSERT_ATTEMPTS = insert(attempts)
_INSERT_HOLDS = insert(holds)
_INSERT_HOLD_BUDGETS = insert(hold_budgets)

_STARTS = frozenset({JobState.PLANNED.value, JobState.REFUSED.value})


@dataclass(frozen=True, slots=True)
class _Case:
    """One request with the rows that it is decided on."""

    request: HoldRequest
    order: AnyRow
    budgets: tuple[Budget, ...]
    """In the order of their scopes, in which they are asked and locked."""


def hold(
    connection: Connection, now_us: int, day: str, requests: Sequence[HoldRequest]
) -> list[HoldDecision]:
    """See `Desk.hold`. `day` is the day that it is in the books' time zone."""
    if not requests:
        return []
    cases = _read_cases(connection, now_us, day, requests)
    decisions = [_decide(case) for case in cases]
    admitted = [
        case for case, decision in zip(cases, decisions, strict=True) if isinstance(decision, Admit)
    ]
    if admitted:
        _write(connection, now_us, day, admitted)
    return decisions


def _read_cases(
    connection: Connection, now_us: int, day: str, requests: Sequence[HoldRequest]
) -> list[_Case]:
    """Lock jobs, then their budgets, their orders' and the shared ones, and read what they say."""
    caps.share(connection)
    job_ids = sorted({request.job_id for request in requests})
    if len(job_ids) != len(requests):
        raise BrokenPromise("one job was given two hold requests at once")
    known = {row.job_id: row for row in connection.execute(_LOCK_JOBS, {"ids": job_ids})}
    for request in requests:
        _check_request(request, known.get(request.job_id))
    order_ids = sorted({request.order_id for request in requests})
    tills = budgeting.lock(connection, [budget_id(Scope.JOB, job_id) for job_id in job_ids])
    tills |= budgeting.lock(connection, [budget_id(Scope.ORDER, name) for name in order_ids])
    # Read after these budgets are locked: a settlement that overruns stops its order under that lock.
    found = {row.order_id: row for row in connection.execute(_ORDERS, {"ids": order_ids})}
    shared = caps.lock_running(connection, now_us, day, found.values())
    cases = []
    for request in requests:
        order = found[request.order_id]
        till = tills.get(budget_id(Scope.JOB, request.job_id))
        if till is None:
            till = Budget(Scope.JOB, request.job_id, order.per_job_nano, is_new=True)
        of_order = tills[budget_id(Scope.ORDER, request.order_id)]
        covering = [shared[name] for name in caps.covering(order, day) if name in shared]
        cases.append(_Case(request, order, (till, of_order, *covering)))
    return cases


def _check_request(request: HoldRequest, job: AnyRow | None) -> None:
    """Refuse a request that could only come from a defect."""
    if job is None:
        raise UnknownJob(request.job_id)
    if job.order_id != request.order_id:
        raise BrokenPromise(
            f"job {request.job_id} is of order {job.order_id}, not {request.order_id}"
        )
    if job.state not in _STARTS:
        raise WrongState(
            f"job {request.job_id} is {job.state}: only a planned or refused job can be held for"
        )
    if request.number != job.last_number + 1:
        raise BrokenPromise(
            f"job {request.job_id} has had {job.last_number} attempts, so the next is not "
            f"number {request.number}"
        )
    if request.amount_nano < 0:
        raise BrokenPromise(f"attempt {request.attempt_id} asks for a negative hold")


def _decide(case: _Case) -> HoldDecision:
    """Admit, wait, refuse or stop; an admitted hold counts for the requests after it."""
    request = case.request
    if case.order.state == OrderState.STOPPED.value:
        return Stopped(f"order {request.order_id} is stopped: {case.order.stop_reason}")
    objections = [
        objection
        for budget in case.budgets
        if (objection := budget.objection(request.amount_nano)) is not None
    ]
    for objection in objections:
        if isinstance(objection, Refuse):
            return objection
    if objections:
        return objections[0]
    for budget in case.budgets:
        budget.take(request.amount_nano)
    return Admit(request.attempt_id)


def _write(connection: Connection, now_us: int, day: str, admitted: Sequence[_Case]) -> None:
    """Write admitted holds. Entries come last: their numbers follow the order budget's lock."""
    _write_budgets(connection, now_us, admitted)
    connection.execute(_INSERT_ATTEMPTS, [_attempt_row(case.request, now_us) for case in admitted])
    connection.execute(_INSERT_HOLDS, [_hold_row(case.request, now_us, day) for case in admitted])
    connection.execute(
        _INSERT_HOLD_BUDGETS,
        [
            {"attempt_id": case.request.attempt_id, "budget_id": budget.budget_id}
            for case in admitted
            for budget in case.budgets
        ],
    )
    budgeting.must_change(
        connection,
        _START_JOB,
        [
            {
                "j_id": case.request.job_id,
                "j_number": case.request.number,
                "j_attempt": case.request.attempt_id,
                "j_now": now_us,
            }
            for case in admitted
        ],
        "a job changed while it was being held for",
    )
    for order in {case.order.order_id: case.order for case in admitted}.values():
        if order.state == OrderState.DONE.value:
            connection.execute(_REOPEN_ORDER, {"o_id": order.order_id, "o_now": now_us})
    entries.write(
        connection,
        [
            entries.entry(
                EntryKind.HOLD,
                case.request.amount_nano,
                now_us,
                case.order,
                attempt=(case.request.attempt_id, case.request.job_id),
            )
            for case in admitted
        ],
    )


def _write_budgets(connection: Connection, now_us: int, admitted: Sequence[_Case]) -> None:
    changed: Mapping[str, Budget] = {
        budget.budget_id: budget for case in admitted for budget in case.budgets
    }
    for scope in Scope:
        tills = [budget for budget in changed.values() if budget.scope is scope]
        budgeting.write_taken(connection, tills, now_us)


def _attempt_row(request: HoldRequest, now_us: int) -> dict[str, object]:
    return {
        "attempt_id": request.attempt_id,
        "job_id": request.job_id,
        "order_id": request.order_id,
        "number": request.number,
        "state": AttemptState.HELD.value,
        "counts": True,
        "seed": request.seed,
        "request_json": request.request_json,
        "changes_json": request.changes_json,
        "hold_nano": request.amount_nano,
        "charged_nano": 0,
        "held_at_us": now_us,
    }


def _hold_row(request: HoldRequest, now_us: int, day: str) -> dict[str, object]:
    return {
        "attempt_id": request.attempt_id,
        "amount_nano": request.amount_nano,
        "state": HoldState.OPEN.value,
        "day": day,
        "opened_at_us": now_us,
    }
