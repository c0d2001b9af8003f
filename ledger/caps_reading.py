"""Budgets and the rules of caps as they stand."""

from __future__ import annotations

from sqlalchemy import Connection, or_, select

from ledger import caps
from ledger.budgeting import PERIOD_CHARACTERS, Budget
from ledger.instants import from_us
from ledger.kinds import Scope
from ledger.records import OrderState
from ledger.schema import budgets, cap_rules, orders
from ledger.views import BudgetView, CapRule

_LISTED = (
    select(budgets, cap_rules.c.actor, cap_rules.c.because, cap_rules.c.at_us)
    .join(cap_rules, cap_rules.c.rule_id == budgets.c.rule_id, isouter=True)
    .join(
        orders,
        (budgets.c.scope == Scope.ORDER.value) & (orders.c.order_id == budgets.c.subject),
        isouter=True,
    )
    .where(budgets.c.scope != Scope.JOB.value)
)

_LATEST = select(cap_rules).order_by(cap_rules.c.rule_id)


def rules(connection: Connection) -> list[CapRule]:
    """Every cap that was ever set, in the order they were."""
    return [
        CapRule(
            scope=Scope(row.scope),
            subject=row.subject,
            cap_nano=row.cap_nano,
            by=row.actor,
            because=row.because,
            at=from_us(row.at_us),
        )
        for row in connection.execute(_LATEST)
    ]


def listed(connection: Connection, day: str, *, past: bool) -> list[BudgetView]:
    """The budgets of orders that are not done, and of the running periods; all with `past`.

    A rule that nothing was held under yet stands there with its running period.
    """
    statement = _LISTED
    if not past:
        statement = statement.where(
            or_(
                orders.c.state != OrderState.DONE.value,
                *(
                    (budgets.c.scope == scope.value)
                    & (budgets.c.period >= caps.running(scope, day))
                    for scope in PERIOD_CHARACTERS
                ),
            )
        )
    views = {
        row.budget_id: BudgetView(
            scope=Scope(row.scope),
            subject=row.subject,
            period=row.period or None,
            cap_nano=row.cap_nano,
            held_nano=row.held_nano,
            spent_nano=row.spent_nano,
            overrun_nano=row.overrun_nano,
            set_by=row.actor,
            because=row.because,
        )
        for row in connection.execute(statement)
    }
    standing = {(rule.scope, rule.subject): rule for rule in rules(connection)}
    for (scope, subject), rule in standing.items():
        period = caps.running(scope, day)
        if scope is Scope.ORDER or rule.cap_nano is None:
            continue
        row = Budget(scope, subject, rule.cap_nano, period)
        views.setdefault(
            row.budget_id,
            BudgetView(scope, subject, period, rule.cap_nano, 0, 0, 0, rule.by, rule.because),
        )
    order = list(Scope)
    return sorted(
        views.values(), key=lambda one: (order.index(one.scope), one.subject, one.period or "")
    )
