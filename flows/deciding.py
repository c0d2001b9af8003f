"""A person decides about an attempt whose end nobody can tell."""

from __future__ import annotations

from flows.lease_age import LEASE_TTL_S
from flows.wiring import is_dead, lease_holder
from ledger import AttemptState, Books, Decision, HeldBy, Settled


def decide(books: Books, decision: Decision) -> Settled:
    """Charge or void a lost attempt as a person says.

    What a process of this machine that is dead left held is lost too; what a run that goes on has
    under way is not for anybody else to end.

    Raises:
        UnknownAttempt, DecisionRefused, MoneyError: as `Desk.decide`; nothing is changed.
    """
    held = {one.attempt_id: one for one in books.lost(states=(AttemptState.HELD,))}
    left_behind = held.get(decision.attempt_id)
    with books.transaction() as desk:
        if left_behind is not None:
            me = lease_holder()
            taken = desk.take_lease(left_behind.order_id, me, LEASE_TTL_S)
            if isinstance(taken, HeldBy):
                if is_dead(taken.holder):
                    desk.break_lease(left_behind.order_id, taken.holder)
            else:
                desk.drop_lease(left_behind.order_id, me)
        return desk.decide(decision)
