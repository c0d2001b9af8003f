"""Budgets: what is held and spent under each cap, and whether one more attempt fits.

A budget row is locked before it is read for a decision and changed only by conditional updates, in
the order of the scopes: jobs, orders, cost centres' months, providers' days. So the row everybody
wants is held the shortest and no two processes can wait for each other. All locks of the books are
PostgreSQL's FOR NO KEY UPDATE: they do not get in the way of the foreign keys of rows that are
written beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, insert, or_, select, update

from ledger.errors import BrokenPromise
from ledger.kinds import Scope
from ledger.money import format_usd
from ledger.records import Refuse, Wait
from ledger.schema import budgets

_LOCK = (
    select(budgets)
    .where(budgets.c.budget_id.in_(bindparam("ids", expanding=True)))
    .order_by(budgets.c.budget_id)
    .with_for_update(key_share=True)
)

_INSERT = insert(budgets)

_TAKE = (
    update(budgets)
    .where(
        budgets.c.budget_id == bindparam("b_id"),
        or_(
            budgets.c.cap_nano.is_(None),
            budgets.c.held_nano + budgets.c.spent_nano + bindparam("b_amount")
            <= budgets.c.cap_nano,
        ),
    )
    .values(held_nano=budgets.c.held_nano + bindparam("b_amount"), updated_at_us=bindparam("b_now"))
)

_SETTLE = (
    update(budgets)
    .where(budgets.c.budget_id == bindparam("b_id"), budgets.c.held_nano >= bindparam("b_held"))
    .values(
        held_nano=budgets.c.held_nano - bindparam("b_held"),
        spent_nano=budgets.c.spent_nano + bindparam("b_spent"),
        overrun_nano=budgets.c.overrun_nano + bindparam("b_overrun"),
        updated_at_us=bindparam("b_now"),
    )
)


PERIOD_CHARACTERS: Mapping[Scope, int] = {Scope.COST_CENTER: 7, Scope.PROVIDER: 10}
"""How much of a day (YYYY-MM-DD) names the period of a budget: a month, or the day itself."""


def budget_id(scope: Scope, subject: str, period: str = "") -> str:
    """The name of a budget: `order:<order id>`, `provider:replicate/2026-11-20`."""
    return f"{scope.value}:{subject}/{period}" if period else f"{scope.value}:{subject}"


def subject_name(scope: Scope, subject: str) -> str:
    """What a budget caps, as a sentence names it."""
    if scope in PERIOD_CHARACTERS:
        return f"{scope.value.replace('_center', ' centre')} {subject}"
    return f"the {scope.value}"


@dataclass(slots=True)
class Budget:
    """One budget while holds are being decided: what the row says, and what was added since."""

    scope: Scope
    subject: str
    cap_nano: int | None
    """None when nothing is capped any more; what is held and spent is still counted."""
    period: str = ""
    held_nano: int = 0
    spent_nano: int = 0
    overrun_nano: int = 0
    taken_nano: int = 0
    """Held since it was read, not yet written."""
    is_new: bool = False

    @property
    def budget_id(self) -> str:
        """The row's key."""
        return budget_id(self.scope, self.subject, self.period)

    @property
    def used_nano(self) -> int:
        """Held and gone."""
        return self.held_nano + self.spent_nano + self.overrun_nano

    def take(self, amount_nano: int) -> None:
        """Count an admitted hold."""
        self.held_nano += amount_nano
        self.taken_nano += amount_nano

    def objection(self, amount_nano: int) -> Wait | Refuse | None:
        """Why one more attempt does not fit: for now, or for good; None when it fits.

        Money charged above earlier holds counts too: a cap that was passed once by a provider's
        surprise is not passed further by us.
        """
        cap_nano = self.cap_nano
        if cap_nano is None or self.used_nano + amount_nano <= cap_nano:
            return None
        gone_nano = self.spent_nano + self.overrun_nano
        asked = f"and an attempt can cost {format_usd(amount_nano)}"
        period = f" for {self.period}" if self.period else ""
        cap = f"{subject_name(self.scope, self.subject)}'s cap of {format_usd(cap_nano)}{period}"
        if gone_nano + amount_nano > cap_nano:
            left = format_usd(max(0, cap_nano - gone_nano))
            return Refuse(self.budget_id, f"{cap} has {left} left after {self._gone()}, {asked}")
        free = format_usd(max(0, cap_nano - self.used_nano))
        return Wait(
            self.budget_id,
            f"{cap} has {free} free after {self.used()}, {asked}",
            (cap_nano, self.held_nano, gone_nano),
        )

    def _gone(self) -> str:
        overrun = f", {format_usd(self.overrun_nano)} overrun" if self.overrun_nano else ""
        return f"{format_usd(self.spent_nano)} spent{overrun}"

    def used(self) -> str:
        """What is held and gone, in words."""
        return f"{self._gone()} and {format_usd(self.held_nano)} held"


def lock(connection: Connection, ids: Iterable[str]) -> dict[str, Budget]:
    """Lock and read budgets, in the order of their ids; ids without a row are left out."""
    wanted = sorted(set(ids))
    return {
        row.budget_id: Budget(
            scope=Scope(row.scope),
            subject=row.subject,
            cap_nano=row.cap_nano,
            period=row.period,
            held_nano=row.held_nano,
            spent_nano=row.spent_nano,
            overrun_nano=row.overrun_nano,
        )
        for row in connection.execute(_LOCK, {"ids": wanted})
    }


def write_taken(connection: Connection, changed: Sequence[Budget], now_us: int) -> None:
    """Write what was taken: new rows inserted, known ones by the conditional update."""
    new = [budget for budget in changed if budget.is_new]
    if new:
        create(connection, new, now_us)
    known = [budget for budget in changed if budget.taken_nano and not budget.is_new]
    rows = [
        {"b_id": budget.budget_id, "b_amount": budget.taken_nano, "b_now": now_us}
        for budget in sorted(known, key=lambda budget: budget.budget_id)
    ]
    must_change(connection, _TAKE, rows, "a budget had no room for a hold that was admitted")


def create(connection: Connection, new: Sequence[Budget], now_us: int) -> None:
    """Insert budget rows with what they hold already."""
    connection.execute(
        _INSERT,
        [
            {
                "budget_id": budget.budget_id,
                "scope": budget.scope.value,
                "subject": budget.subject,
                "period": budget.period,
                "cap_nano": budget.cap_nano,
                "held_nano": budget.held_nano,
                "spent_nano": 0,
                "overrun_nano": 0,
                "updated_at_us": now_us,
            }
            for budget in new
        ],
    )


def write_settled(
    connection: Connection, changes: Mapping[str, tuple[int, int, int]], now_us: int
) -> None:
    """End holds under budgets: per budget id (held to give back, spent, overrun) in nano-USD.

    Nothing is ever clamped at zero: giving back more than is held is a defect that must show.
    """
    rows = [
        {
            "b_id": changed_id,
            "b_held": held_nano,
            "b_spent": spent_nano,
            "b_overrun": overrun_nano,
            "b_now": now_us,
        }
        for changed_id, (held_nano, spent_nano, overrun_nano) in sorted(changes.items())
    ]
    must_change(connection, _SETTLE, rows, "a budget held less than a hold under it")


def must_change(
    connection: Connection, statement: Executable, rows: Sequence[dict[str, Any]], otherwise: str
) -> None:
    """Execute an update for every row and insist that each changed exactly one.

    Raises:
        BrokenPromise: with the sentence `otherwise`.
    """
    if not rows:
        return
    changed = connection.execute(statement, rows).rowcount
    if changed != len(rows):
        raise BrokenPromise(f"{otherwise} ({changed} of {len(rows)} rows changed)")
