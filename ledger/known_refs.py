"""What the books know providers' runs by, so that recovery can tell its own from others'.

No table has an index by provider reference. The way here is by those that every hold keeps fresh:
the orders whose budget moved since then, their jobs that moved since then, those jobs' attempts.
So the cost goes with the orders that were under way, not with the age of the books.
"""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from ledger.kinds import Scope
from ledger.schema import attempts, budgets, jobs, orders

KNOWN = (
    select(attempts.c.provider_ref)
    .select_from(orders)
    .join(
        budgets,
        (budgets.c.scope == Scope.ORDER.value)
        & (budgets.c.subject == orders.c.order_id)
        & (budgets.c.updated_at_us >= bindparam("since")),
    )
    .join(
        jobs,
        (jobs.c.order_id == orders.c.order_id) & (jobs.c.updated_at_us >= bindparam("since")),
    )
    .join(attempts, attempts.c.job_id == jobs.c.job_id)
    .where(
        orders.c.provider == bindparam("provider"),
        attempts.c.held_at_us >= bindparam("since"),
        attempts.c.provider_ref.is_not(None),
    )
    .execution_options(yield_per=10_000)
)
"""Every reference of a provider that an attempt held since then has."""


def held_since(connection: Connection, provider: str, since_us: int) -> frozenset[str]:
    """See `Reader.known_refs`."""
    with connection.execute(KNOWN, {"provider": provider, "since": since_us}) as refs:
        return frozenset(refs.scalars())
