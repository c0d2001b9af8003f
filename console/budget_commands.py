"""Finance's say: caps of orders, cost centres and providers, and the end of attempts that were lost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from console.arguments import Json, open_house

if TYPE_CHECKING:
    from rich.table import Table

    from flows import House
    from ledger import BudgetView, Scope

ScopeName = Literal["order", "cost_center", "provider"]
By = Annotated[str, Parameter(name="--by", help="Who decides: a name or an address.")]
Because = Annotated[str, Parameter(name="--because", help="Why, in a sentence.")]


def register(ledger: App) -> None:
    """Add the commands to those of the books."""
    budget = App(name="budget", help="Caps: what they are, and setting them.")
    budget.command(list_budgets, name="list")
    budget.command(set_budget, name="set")
    ledger.command(budget)
    ledger.command(settle)


def list_budgets(
    *,
    all: Annotated[  # noqa: A002  the flag's name
        bool, Parameter(name="--all", negative="", help="Past periods and done orders too.")
    ] = False,
    json: Json = False,
) -> int:
    """List caps with what is held, spent and left under them."""
    from console.output import print_json, screen

    with open_house().books() as books:
        views = books.budgets(past=all)
        today = books.today()
    if json:
        print_json({"day": today, "budgets": [_budget_json(view) for view in views]})
        return 0
    if not views:
        screen().print(
            "Nothing is capped now: no order is open, and no cost centre or provider has a cap. "
            "`mintage ledger budget set` sets one."
        )
        return 0
    screen().print(_budget_table(views))
    return 0


def _budget_json(view: BudgetView) -> dict[str, object]:
    from console.output import usd_text

    def text(nano: int | None) -> str | None:
        return None if nano is None else usd_text(nano)

    return {
        "scope": str(view.scope),
        "subject": view.subject,
        "period": view.period,
        "cap_usd": text(view.cap_nano),
        "held_usd": usd_text(view.held_nano),
        "spent_usd": usd_text(view.spent_nano),
        "overrun_usd": usd_text(view.overrun_nano),
        "left_usd": text(view.left_nano),
        "set_by": view.set_by,
        "because": view.because,
    }


def _budget_table(views: list[BudgetView]) -> Table:
    from console.output import amounts, table

    columns = [
        amounts([view.cap_nano or 0 for view in views]),
        amounts([view.held_nano for view in views]),
        amounts([view.spent_nano + view.overrun_nano for view in views]),
        amounts([view.left_nano or 0 for view in views]),
    ]
    rows = []
    for view, cap, held, spent, left in zip(views, *columns, strict=True):
        capped = view.cap_nano is not None
        rows.append(
            (
                view.scope.replace("_center", " centre"),
                view.subject,
                view.period or "",
                cap if capped else "none",
                held,
                spent,
                left if capped else "",
            )
        )
    head = ("scope", "subject", "period", "cap", "held", "spent", "left")
    return table(head, rows, right=frozenset(head[3:]))


def set_budget(
    scope: Annotated[
        ScopeName, Parameter(help="order, cost_center (a month) or provider (a day).")
    ],
    subject: Annotated[str, Parameter(help="An order's id, a cost centre, or a provider.")],
    amount: Annotated[str, Parameter(help='USD such as "100.00"; none takes the cap away.')],
    *,
    by: By,
    because: Because,
) -> int:
    """Set a cap: of an order, of each month of a cost centre, of each day of a provider."""
    from console.output import say
    from ledger import Scope, format_usd

    cap_nano = _cap(amount)
    chosen = Scope(scope)
    house = open_house()
    with house.books() as books:
        with books.transaction() as desk:
            changed = desk.set_cap(chosen, subject, cap_nano, by=by, because=because)
        known = chosen is Scope.ORDER or any(
            subject in {view.record.cost_center, view.record.provider} for view in books.orders()
        )
    what = f"{scope.replace('_center', ' centre')} {subject}"
    period = {"order": "", "cost_center": " a month", "provider": " a day"}[scope]
    cap = "no cap" if cap_nano is None else f"a cap of {format_usd(cap_nano)}{period}"
    say(f"{what[0].upper()}{what[1:]} has {cap}{'' if changed else ', as before'}.")
    if not known and cap_nano is not None:
        say(f"No order in the books names {what} yet.")
    _warn_of_file(house, chosen, subject, cap_nano)
    return 0


def _warn_of_file(house: House, scope: Scope, subject: str, cap_nano: int | None) -> None:
    """Say so where the settings file has another cap: the next run would set that again."""
    from console.output import say
    from flows import read_caps
    from ledger import format_usd

    path = house.settings.caps_file
    of_file = None if path is None else read_caps(path).get((scope, subject))
    if of_file is not None and of_file != cap_nano:
        say(
            f"mintage: {path} says {format_usd(of_file)}, and the next run sets that again; "
            "change it there too."
        )


def _cap(amount: str) -> int | None:
    from flows import BadSettings
    from ledger import MoneyError, hold_nano, parse_usd

    if amount == "none":
        return None
    try:
        return hold_nano(parse_usd(amount))
    except MoneyError as error:
        raise BadSettings(f"{error}; `none` takes a cap away") from error


def settle(
    attempt_id: Annotated[
        str, Parameter(help="An attempt, as `mintage status ORDER_ID` shows it.")
    ],
    *,
    charge: Annotated[
        str | None, Parameter(name="--charge", help='It cost this many USD, such as "0.003".')
    ] = None,
    void: Annotated[bool, Parameter(name="--void", negative="", help="It cost nothing.")] = False,
    ref: Annotated[
        str | None,
        Parameter(
            name="--ref",
            help="Which of the provider's runs it is, by the id on the provider's statement; "
            "`ledger reconcile` matches it by that from then on.",
        ),
    ] = None,
    by: By,
    because: Because,
) -> int:
    """Decide about an attempt whose answer was lost and cannot be found: charge it, or void it."""
    from console.output import say
    from flows import BadSettings, decide
    from ledger import Decision, DecisionKind, MoneyError, format_usd, parse_usd

    if void is (charge is not None):
        raise BadSettings("Say what it came to: either --charge AMOUNT or --void.")
    try:
        amount_usd = Decimal(0) if charge is None else parse_usd(charge)
    except MoneyError as error:
        raise BadSettings(str(error)) from error
    kind = DecisionKind.VOID if charge is None else DecisionKind.CHARGE
    with open_house().books() as books:
        settled = decide(books, Decision(attempt_id, kind, amount_usd, by, because, ref))
    named = attempt_id if ref is None else f"{attempt_id}, the provider's run {ref.strip()},"
    if kind is DecisionKind.VOID:
        say(f"Attempt {named} is voided: its hold is free again.")
        return 0
    say(f"Attempt {named} is charged {format_usd(settled.charged_nano)}.")
    if settled.overrun_nano:
        say(
            f"That is {format_usd(settled.overrun_nano)} above its hold, booked as an overrun; its "
            "order is stopped."
        )
    return 0
