"""Orders as a whole: stopping, resuming, finishing, and who may move their jobs right now."""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ledger.errors import BrokenPromise, LeaseLost, UnknownOrder, WrongState
from ledger.instants import from_us
from ledger.lease_records import HeldBy, Lease
from ledger.records import JobState, OrderState
from ledger.schema import jobs, leases, orders
from ledger.words import clean

_MOVING = (
    JobState.PLANNED,
    JobState.BUILDING,
    JobState.BUILT,
    JobState.ACCEPTED,
    JobState.APPROVED,
    JobState.UNKNOWN,
)
"""The states from which a run can still move a job; an order with one of these is not done."""

_LOCK_ORDER = (
    select(orders.c.state)
    .where(orders.c.order_id == bindparam("id"))
    .with_for_update(key_share=True)
)

_SET_STATE = (
    update(orders)
    .where(orders.c.order_id == bindparam("o_id"))
    .values(
        state=bindparam("o_state"),
        stop_reason=bindparam("o_reason"),
        updated_at_us=bindparam("o_now"),
    )
)

_STILL_MOVING = (
    select(jobs.c.job_id, jobs.c.state)
    .where(jobs.c.order_id == bindparam("id"), jobs.c.state.in_([state.value for state in _MOVING]))
    .limit(1)
)

_LEASE = select(leases).where(leases.c.order_id == bindparam("id"))

# Shared, so that groups of one run do not wait for each other, and nobody takes it meanwhile.
_HOLDER = (
    select(leases.c.holder).where(leases.c.order_id == bindparam("id")).with_for_update(read=True)
)

_MINE = and_(leases.c.order_id == bindparam("l_id"), leases.c.holder == bindparam("l_holder"))

# A clock that was set back must not make a lease end before it began.
_RENEW = (
    update(leases)
    .where(_MINE)
    .values(
        expires_at_us=case(
            (leases.c.since_us < bindparam("l_expires"), bindparam("l_expires")),
            else_=leases.c.since_us + 1,
        )
    )
)

_DROP = delete(leases).where(_MINE)

_MICROSECONDS = 1_000_000


def stop_order(connection: Connection, now_us: int, order_id: str, reason: str) -> bool:
    """See `Desk.stop_order`."""
    if _state_of(connection, order_id) is OrderState.STOPPED:
        return False
    _set_state(connection, now_us, order_id, OrderState.STOPPED, clean(reason))
    return True


def resume_order(connection: Connection, now_us: int, order_id: str) -> bool:
    """See `Desk.resume_order`."""
    if _state_of(connection, order_id) is OrderState.OPEN:
        return False
    _set_state(connection, now_us, order_id, OrderState.OPEN, None)
    return True


def finish_order(connection: Connection, now_us: int, order_id: str) -> bool:
    """See `Desk.finish_order`."""
    state = _state_of(connection, order_id)
    if state is OrderState.STOPPED:
        return False
    moving = connection.execute(_STILL_MOVING, {"id": order_id}).first()
    if moving is not None:
        raise WrongState(
            f"order {order_id} is not done: job {moving.job_id} is still {moving.state}"
        )
    if state is OrderState.OPEN:
        _set_state(connection, now_us, order_id, OrderState.DONE, None)
    return True


def _state_of(connection: Connection, order_id: str) -> OrderState:
    state = connection.execute(_LOCK_ORDER, {"id": order_id}).scalar()
    if state is None:
        raise UnknownOrder(order_id)
    return OrderState(state)


def _set_state(
    connection: Connection, now_us: int, order_id: str, state: OrderState, reason: str | None
) -> None:
    connection.execute(
        _SET_STATE,
        {"o_id": order_id, "o_state": state.value, "o_reason": reason, "o_now": now_us},
    )


def take_lease(
    connection: Connection, now_us: int, order_id: str, holder: str, ttl_s: float
) -> Lease | HeldBy:
    """See `Desk.take_lease`."""
    row = {
        "order_id": order_id,
        "holder": holder,
        "since_us": now_us,
        "expires_at_us": now_us + _ttl_us(ttl_s),
    }
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(leases).values(row)
    mine = leases.c.holder == holder
    free = or_(leases.c.expires_at_us <= now_us, mine)
    # One's own lease goes on from when it was first taken.
    taken = row | {"since_us": case((mine, leases.c.since_us), else_=now_us)}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["order_id"], set_=taken, where=free)
    )
    found = connection.execute(_LEASE, {"id": order_id}).one()
    since, expires_at = from_us(found.since_us), from_us(found.expires_at_us)
    if found.holder == holder:
        return Lease(order_id, holder, since, expires_at)
    return HeldBy(found.holder, since, expires_at)


def renew_lease(
    connection: Connection, now_us: int, order_id: str, holder: str, ttl_s: float
) -> Lease:
    """See `Desk.renew_lease`."""
    until = {"l_id": order_id, "l_holder": holder, "l_expires": now_us + _ttl_us(ttl_s)}
    kept = connection.execute(_RENEW, until).rowcount == 1
    found = connection.execute(_LEASE, {"id": order_id}).one_or_none()
    if not kept or found is None:
        raise LeaseLost(order_id, None if found is None else found.holder)
    return Lease(order_id, holder, from_us(found.since_us), from_us(found.expires_at_us))


def must_hold_lease(connection: Connection, order_id: str, holder: str) -> None:
    """See `Desk.must_hold_lease`."""
    found = connection.execute(_HOLDER, {"id": order_id}).scalar()
    if found != holder:
        raise LeaseLost(order_id, found)


def drop_lease(connection: Connection, order_id: str, holder: str) -> bool:
    """See `Desk.drop_lease`."""
    return connection.execute(_DROP, {"l_id": order_id, "l_holder": holder}).rowcount == 1


def _ttl_us(ttl_s: float) -> int:
    if not ttl_s > 0:
        raise BrokenPromise(f"a lease needs a positive time to live, not {ttl_s} s")
    return max(1, round(ttl_s * _MICROSECONDS))
