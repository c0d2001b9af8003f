"""Caps that people set: on an order, on a cost centre's months, on a provider's days.

A rule stands until the next one of its subject. Each running month or day that a rule covers has a
budget row: made when the rule is set, counting what the period has held and spent before, or else
by the first hold of the period. A row follows its rule while its period runs and keeps its last
cap for ever after. A hold counts under the rows of the day on which it was made, whenever it ends.

Who sets a cap is alone with the budgets: on PostgreSQL everybody who moves money shares one
advisory lock that a change of caps takes for itself; on SQLite writers are alone anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from ledger import budgeting
from ledger.budgeting import PERIOD_CHARACTERS, Budget, budget_id
from ledger.kinds import Scope
from ledger.schema import AnyRow, budgets, cap_rules

# Any constant number serves, as long as every Mintage uses the same one.
_LOCK_NUMBER = 7_307_199_402

_SHARE = text("SELECT pg_advisory_xact_lock_shared(:number)")
_CLAIM = text("SELECT pg_advisory_xact_lock(:number)")

_LATEST = select(func.max(cap_rules.c.rule_id)).group_by(cap_rules.c.scope, cap_rules.c.subject)
_IN_FORCE = select(cap_rules).where(
    cap_rules.c.rule_id.in_(
        _LATEST.where(
            tuple_(cap_rules.c.scope, cap_rules.c.subject).in_(bindparam("pairs", expanding=True))
        )
    )
)


def share(connection: Connection) -> None:
    """Move money beside others until the transaction ends, but not beside a change of caps."""
    if connection.dialect.name == "postgresql":
        connection.execute(_SHARE, {"number": _LOCK_NUMBER})


def claim(connection: Connection) -> None:
    """Be alone with the budgets until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(_CLAIM, {"number": _LOCK_NUMBER})


def running(scope: Scope, day: str) -> str:
    """The period of a scope in which a day lies; nothing for what has no periods."""
    return day[: PERIOD_CHARACTERS.get(scope, 0)]


def covering(order: AnyRow, day: str) -> tuple[str, str]:
    """The ids of the shared budgets under which an order's holds of one day are, if they exist."""
    return (
        budget_id(Scope.COST_CENTER, order.cost_center, running(Scope.COST_CENTER, day)),
        budget_id(Scope.PROVIDER, order.provider, running(Scope.PROVIDER, day)),
    )


def lock_running(
    connection: Connection, now_us: int, day: str, of_orders: Iterable[AnyRow]
) -> dict[str, Budget]:
    """Lock and read the shared budgets that cover orders on a day; make those that rules ask for.

    Cost centres sort before providers, so the row that everybody wants is locked last.
    """
    pairs = {
        (scope, subject)
        for order in of_orders
        for scope, subject in (
            (Scope.COST_CENTER, order.cost_center),
            (Scope.PROVIDER, order.provider),
        )
    }
    wanted = {
        budget_id(scope, subject, running(scope, day)): (scope, subject) for scope, subject in pairs
    }
    found = budgeting.lock(connection, wanted)
    missing = {wanted[name] for name in wanted if name not in found}
    rules = [rule for rule in rules_in_force(connection, missing) if rule.cap_nano is not None]
    if not rules:
        return found
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [new_row(rule, day, now_us) for rule in rules]
    rows.sort(key=lambda row: str(row["budget_id"]))
    # Another process may make the same row; whoever comes second waits for it here and uses it.
    connection.execute(make(budgets).on_conflict_do_nothing(), rows)
    return budgeting.lock(connection, wanted)


def rules_in_force(connection: Connection, pairs: Iterable[tuple[Scope, str]]) -> list[AnyRow]:
    """The latest rules of some subjects."""
    asked = sorted((scope.value, subject) for scope, subject in pairs)
    return list(connection.execute(_IN_FORCE, {"pairs": asked})) if asked else []


def new_row(rule: AnyRow, day: str, now_us: int) -> dict[str, Any]:
    """The budget row of the period in which a day lies, under a rule, with nothing in it yet."""
    scope = Scope(rule.scope)
    period = running(scope, day)
    return {
        "budget_id": budget_id(scope, rule.subject, period),
        "scope": scope.value,
        "subject": rule.subject,
        "period": period,
        "cap_nano": rule.cap_nano,
        "rule_id": rule.rule_id,
        "held_nano": 0,
        "spent_nano": 0,
        "overrun_nano": 0,
        "updated_at_us": now_us,
    }
