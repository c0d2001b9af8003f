"""Setting a cap: who, why, what it does to the running period, and whom it wakes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from ledger import budgeting, caps, entries, raise_limit
from ledger.budgeting import Budget, budget_id, subject_name
from ledger.errors import ApprovalRefused, CapRefused, CapTooLow, UnknownOrder
from ledger.kinds import EntryKind, HoldState, Scope
from ledger.money import NANO_MAX, format_usd, plain, usd
from ledger.records import JobState, OrderState
from ledger.schema import (
    AnyRow,
    attempts,
    budgets,
    cap_rules,
    hold_budgets,
    holds,
    jobs,
    orders,
)
from ledger.signatures import SETTINGS_FILE, first_unseen, reason, signed
from ledger.words import clean

_UNDER_NANO = case(
    (attempts.c.charged_nano < holds.c.amount_nano, attempts.c.charged_nano),
    else_=holds.c.amount_nano,
)

SETTABLE = (Scope.ORDER, Scope.COST_CENTER, Scope.PROVIDER)
"""What people can cap by themselves; a job's cap is its order's `per_job`."""

_A_SCOPE = {
    Scope.ORDER: "an order",
    Scope.COST_CENTER: "a cost centre",
    Scope.PROVIDER: "a provider",
}

_ORDER = select(orders).where(orders.c.order_id == bindparam("id"))

_INSERT_RULE = insert(cap_rules).returning(*cap_rules.c)

_ROWS = (
    select(budgets.c.budget_id)
    .where(
        budgets.c.scope == bindparam("scope"),
        budgets.c.subject == bindparam("subject"),
        # A later period than the running one is there when another machine's clock is ahead.
        budgets.c.period >= bindparam("period"),
    )
    .order_by(budgets.c.budget_id)
)

_FOLLOW = (
    update(budgets)
    .where(budgets.c.budget_id == bindparam("b_id"))
    .values(
        cap_nano=bindparam("b_cap"), rule_id=bindparam("b_rule"), updated_at_us=bindparam("b_now")
    )
)

_NAMED_BY = {
    Scope.ORDER: orders.c.order_id,
    Scope.COST_CENTER: orders.c.cost_center,
    Scope.PROVIDER: orders.c.provider,
}


def set_cap(
    connection: Connection,
    now_us: int,
    day: str,
    cap: tuple[Scope, str, int | None],
    decided: tuple[str, str],
    approved_by: str | None = None,
) -> bool:
    """See `Desk.set_cap`. `cap` is (scope, subject, nano-USD), `decided` is (who, why).

    `approved_by` says who the second person was, with which request, where there was one.
    """
    scope, subject, cap_nano = cap
    check_cap(scope, subject, cap_nano)
    who_and_why = _signed(decided)
    caps.claim(connection)
    order = known_order(connection, subject, cap_nano) if scope is Scope.ORDER else None
    before_nano = in_force(connection, scope, subject)
    if before_nano == cap_nano:
        return False
    if approved_by is not None:
        who_and_why = (who_and_why[0], f"{who_and_why[1]} ({approved_by})")
    elif raise_limit.takes_two(connection, now_us, cap, before_nano):
        raise ApprovalRefused(_by_two(connection, now_us, cap))
    period = caps.running(scope, day)
    rows = _rows(connection, scope, subject, period)
    known = {row.period for row in rows}
    if period not in known and cap_nano is not None:
        rows.append(_what_was(connection, scope, subject, period))
    if cap_nano is not None and (before_nano is None or cap_nano < before_nano):
        _check_room(rows, cap_nano)
    rule = connection.execute(
        _INSERT_RULE,
        {
            "at_us": now_us,
            "scope": scope.value,
            "subject": subject,
            "cap_nano": cap_nano,
            "actor": who_and_why[0],
            "because": who_and_why[1],
        },
    ).one()
    _write_rows(connection, now_us, rule, [row for row in rows if row.period in known])
    if len(rows) > len(known):
        _write_new_row(connection, now_us, day, rule, rows[-1])
    _write_entry(connection, rule, before_nano, order)
    if cap_nano is None or (before_nano is not None and cap_nano > before_nano):
        _wake(connection, now_us, scope, subject)
    return True


def _by_two(connection: Connection, now_us: int, cap: tuple[Scope, str, int | None]) -> str:
    """Say why one person cannot do it, and with which command two can."""
    scope, subject, cap_nano = cap
    limit = raise_limit.in_force(connection)
    most = format_usd(limit.limit_nano or 0) if limit else "nothing"
    so_far_nano = raise_limit.raised_alone_nano(connection, now_us, scope, subject)
    so_far = f" ({format_usd(so_far_nano)} of it is used)" if so_far_nano else ""
    asked = "to take it away" if cap_nano is None else f"a cap of {format_usd(cap_nano)}"
    amount = "set {} {} none" if cap_nano is None else f"raise {{}} {{}} {plain(usd(cap_nano))}"
    command = amount.format(scope.value, shlex.quote(subject))
    return (
        f"the cap of {scope.value.replace('_center', ' centre')} {subject} stays as it is: one "
        f"person may raise it by {most} a month at most{so_far}, and {asked} takes two; ask for it "
        f"with `mintage ledger budget {command} --by … --because …`"
    )


def check_cap(scope: Scope, subject: str, cap_nano: int | None) -> None:
    """Insist that something can be a cap at all.

    Raises:
        CapRefused: it cannot.
    """
    if scope not in SETTABLE:
        raise CapRefused("a job's cap is the `per_job` of its order: it cannot be set by itself")
    if not subject.strip() or clean(subject) != subject:
        raise CapRefused(f"{subject!a} cannot be the name of {_A_SCOPE[scope]}")
    unseen = first_unseen(subject)
    if unseen is not None:
        raise CapRefused(
            f"{subject!a} cannot be the name of {_A_SCOPE[scope]}: nobody sees its character "
            f"{unseen!a}"
        )
    if cap_nano is not None and not 0 <= cap_nano <= NANO_MAX:
        raise CapRefused(f"a cap of {format_usd(cap_nano)} is out of the books' range")


def _signed(decided: tuple[str, str]) -> tuple[str, str]:
    """Give who and why as they are kept; the file of caps signs too, and is no person."""
    by, because = decided
    if by == SETTINGS_FILE:
        return by, reason(because, CapRefused)
    return signed(by, because, "a cap is set", CapRefused)


def known_order(connection: Connection, order_id: str, cap_nano: int | None) -> AnyRow:
    """The order whose cap is to be set.

    Raises:
        UnknownOrder: no such order.
        CapRefused: its cap is to be taken away, which no order's can be.
    """
    row = connection.execute(_ORDER, {"id": order_id}).one_or_none()
    if row is None:
        raise UnknownOrder(order_id)
    if cap_nano is None:
        raise CapRefused(f"order {order_id} cannot be without a cap: set a higher one instead")
    return row


def in_force(connection: Connection, scope: Scope, subject: str) -> int | None:
    """The cap of an order that is known, of a cost centre's months or of a provider's days."""
    if scope is Scope.ORDER:
        (till,) = budgeting.lock(connection, [budget_id(scope, subject)]).values()
        return till.cap_nano
    return next(
        (rule.cap_nano for rule in caps.rules_in_force(connection, [(scope, subject)])), None
    )


def _rows(connection: Connection, scope: Scope, subject: str, period: str) -> list[Budget]:
    """Lock the subject's budgets that a new cap applies to."""
    asked = {"scope": scope.value, "subject": subject, "period": period}
    names = connection.execute(_ROWS, asked).scalars().all()
    return list(budgeting.lock(connection, names).values())


def _of_period(scope: Scope, subject: str, period: str) -> ColumnElement[bool]:
    return and_(_NAMED_BY[scope] == subject, func.substr(holds.c.day, 1, len(period)) == period)


def _what_was(connection: Connection, scope: Scope, subject: str, period: str) -> Budget:
    """Add up what a period has held and spent before anybody capped it."""
    is_open = holds.c.state == HoldState.OPEN.value
    charged = holds.c.state == HoldState.CHARGED.value
    sums = connection.execute(
        select(
            func.coalesce(func.sum(case((is_open, holds.c.amount_nano), else_=0)), 0).label("held"),
            func.coalesce(func.sum(case((charged, _UNDER_NANO), else_=0)), 0).label("spent"),
            func.coalesce(func.sum(attempts.c.charged_nano), 0).label("cost"),
        )
        .select_from(holds)
        .join(attempts, attempts.c.attempt_id == holds.c.attempt_id)
        .join(orders, orders.c.order_id == attempts.c.order_id)
        .where(_of_period(scope, subject, period))
    ).one()
    return Budget(
        scope,
        subject,
        None,
        period,
        held_nano=int(sums.held),
        spent_nano=int(sums.spent),
        overrun_nano=int(sums.cost - sums.spent),
    )


def _check_room(rows: Sequence[Budget], cap_nano: int) -> None:
    for row in rows:
        if row.used_nano > cap_nano:
            period = f" for {row.period}" if row.period else ""
            name = subject_name(row.scope, row.subject)
            if row.scope is Scope.ORDER:
                name = f"order {row.subject}"
            raise CapTooLow(f"{name}{period}", format_usd(cap_nano), row.used(), row.used_nano)


def _write_rows(connection: Connection, now_us: int, rule: AnyRow, rows: Sequence[Budget]) -> None:
    changes = [
        {"b_id": row.budget_id, "b_cap": rule.cap_nano, "b_rule": rule.rule_id, "b_now": now_us}
        for row in rows
    ]
    budgeting.must_change(connection, _FOLLOW, changes, "a budget went while its cap was set")


def _write_new_row(
    connection: Connection, now_us: int, day: str, rule: AnyRow, was: Budget
) -> None:
    """Make the running period's row with what was held and spent before, and say under which."""
    row = caps.new_row(rule, day, now_us) | {
        "held_nano": was.held_nano,
        "spent_nano": was.spent_nano,
        "overrun_nano": was.overrun_nano,
    }
    connection.execute(insert(budgets), row)
    connection.execute(
        insert(hold_budgets).from_select(
            ["attempt_id", "budget_id"],
            select(holds.c.attempt_id, literal(was.budget_id))
            .join(attempts, attempts.c.attempt_id == holds.c.attempt_id)
            .join(orders, orders.c.order_id == attempts.c.order_id)
            .where(_of_period(was.scope, was.subject, was.period)),
        )
    )


def _write_entry(
    connection: Connection, rule: AnyRow, before_nano: int | None, order: AnyRow | None
) -> None:
    """Put the difference down to the subject; no cap counts as an authority of nothing."""
    difference_nano = (rule.cap_nano or 0) - (before_nano or 0)
    kind = EntryKind.RAISE if difference_nano > 0 else EntryKind.LOWER
    entries.write(connection, [entries.cap_entry(kind, abs(difference_nano), rule, order)])


def _wake(connection: Connection, now_us: int, scope: Scope, subject: str) -> None:
    """Open done orders again whose refused jobs may find room now."""
    connection.execute(
        update(orders)
        .where(
            _NAMED_BY[scope] == subject,
            orders.c.state == OrderState.DONE.value,
            select(jobs.c.job_id)
            .where(jobs.c.order_id == orders.c.order_id, jobs.c.state == JobState.REFUSED.value)
            .exists(),
        )
        .values(state=OrderState.OPEN.value, updated_at_us=now_us)
    )
