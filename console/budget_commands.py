"""Finance's say: caps of orders, cost centres and providers, and the end of attempts that were lost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from console.arguments import Json, open_house
from console.report_formats import Form, Out
from console.selecting import Period
from console.two_persons import Because, By

if TYPE_CHECKING:
    from flows import House
    from ledger import Books, BudgetView, Scope
    from ledger.closing_views import RaiseLimit
    from ledger.invoices.twice import PostedEarlier
    from ledger.selection import Selection

ScopeName = Literal["order", "cost_center", "provider"]


def register(ledger: App) -> None:
    """Add the commands to those of the books."""
    budget = App(name="budget", help="Caps: what they are, setting and raising them.")
    budget.command(list_budgets, name="list")
    budget.command(set_budget, name="set")
    budget.command(raise_budget, name="raise")
    budget.command(limit_raises, name="limit")
    ledger.command(budget)
    ledger.command(settle)


def list_budgets(
    *,
    period: Period = None,
    all: Annotated[  # noqa: A002  the flag's name
        bool, Parameter(name="--all", negative="", help="Past periods and done orders too.")
    ] = False,
    format: Form = "table",  # noqa: A002  the flag's name
    out: Out = None,
    json: Json = False,
) -> int:
    """List caps with what is held, spent and left under them, and how much of each is used."""
    from console.output import print_json, screen
    from console.report_formats import write_report
    from console.selecting import read_selection
    from ledger.reports.budget_list import report_of

    selection = read_selection(period, None, None, None)
    with open_house().books() as books:
        views = _of_month(books, selection) if period else books.budgets(past=all)
        today = books.today()
        provenance = books.provenance(selection)
    if json:
        print_json({"day": today, "budgets": [_budget_json(view) for view in views]})
        return 0
    if not views and format == "table" and out is None:
        screen().print(
            f"Nothing was capped in {period}."
            if period
            else "Nothing is capped now: no order is open, and no cost centre or provider has a cap. "
            "`mintage ledger budget set` sets one."
        )
        return 0
    title = "Budgets" if period or all else f"Budgets that run on {today}"
    return write_report(report_of(views, title, selection, provenance), format, out)


def _of_month(books: Books, selection: Selection) -> list[BudgetView]:
    """The caps of a month: those of its days and of itself, and of orders with entries in it."""
    month = selection.period or ""
    orders = {row.key for row in books.summary("order", selection)}
    return [
        view
        for view in books.budgets(past=True)
        if (view.subject in orders if view.period is None else view.period.startswith(month))
    ]


def _budget_json(view: BudgetView) -> dict[str, object]:
    from console.output import usd_text
    from ledger import plain
    from ledger.reports.budget_list import used_share

    def text(nano: int | None) -> str | None:
        return None if nano is None else usd_text(nano)

    share = used_share(view)
    return {
        "scope": str(view.scope),
        "subject": view.subject,
        "period": view.period,
        "cap_usd": text(view.cap_nano),
        "held_usd": usd_text(view.held_nano),
        "spent_usd": usd_text(view.spent_nano),
        "overrun_usd": usd_text(view.overrun_nano),
        "left_usd": text(view.left_nano),
        "used_share": None if share is None else plain(share),
        "set_by": view.set_by,
        "because": view.because,
    }


Whose = Annotated[ScopeName, Parameter(help="order, cost_center (a month) or provider (a day).")]
Subject = Annotated[str, Parameter(help="An order's id, a cost centre, or a provider.")]


def set_budget(
    scope: Whose,
    subject: Subject,
    amount: Annotated[str, Parameter(help='USD such as "100.00"; none takes the cap away.')],
    *,
    by: By,
    because: Because,
) -> int:
    """Set a cap: of an order, of each month of a cost centre, of each day of a provider.

    Where it is raised by more than the limit, or taken away, another person has to approve it.
    """
    return _change(scope, subject, _cap(amount), (by, because), only_up=False)


def raise_budget(
    scope: Whose,
    subject: Subject,
    amount: Annotated[str, Parameter(help='The new cap in USD, such as "100.00".')],
    *,
    by: By,
    because: Because,
) -> int:
    """Raise a cap to an amount; above the limit, another person has to approve it."""
    from flows import BadSettings

    cap_nano = _cap(amount)
    if cap_nano is None:
        raise BadSettings("A raise is to an amount; `mintage ledger budget set` takes a cap away.")
    return _change(scope, subject, cap_nano, (by, because), only_up=True)


def _change(
    scope: str, subject: str, cap_nano: int | None, decided: tuple[str, str], *, only_up: bool
) -> int:
    from console.output import say
    from console.two_persons import cap_text, subject_text, tell_asked
    from ledger import Scope
    from ledger.closing_views import RequestView

    chosen = Scope(scope)
    by, because = decided
    house = open_house()
    with house.books() as books:
        with books.transaction() as desk:
            changed = desk.change_cap(
                chosen, subject, cap_nano, by=by, because=because, only_up=only_up
            )
        known = chosen is Scope.ORDER or any(
            subject in {view.record.cost_center, view.record.provider} for view in books.orders()
        )
    if isinstance(changed, RequestView):
        code = tell_asked(changed, by)
        warn_of_file(house, (chosen, subject, cap_nano), waits=True)
        return code
    what = subject_text(chosen, subject)
    as_before = "" if changed else ", as before"
    say(f"{what[0].upper()}{what[1:]} has {cap_text(chosen, cap_nano)}{as_before}.")
    if not known and cap_nano is not None:
        say(f"No order in the books names {what} yet.")
    warn_of_file(house, (chosen, subject, cap_nano))
    return 0


def limit_raises(
    amount: Annotated[
        str | None,
        Parameter(help='USD such as "100.00"; none takes it away; without it, the limit is told.'),
    ] = None,
    *,
    by: By | None = None,
    because: Because | None = None,
    json: Json = False,
) -> int:
    """Set by how much one person may raise a cap in a month; to raise the limit itself takes two."""
    from console.output import print_json, say, screen, usd_text
    from console.two_persons import limit_text, tell_asked
    from flows import BadSettings
    from ledger.closing_views import RequestView

    with open_house().books() as books:
        if amount is None:
            found = books.raise_limit()
            limit_nano = None if found is None else found.limit_nano
            if json:
                text = None if limit_nano is None else usd_text(limit_nano)
                print_json({"limit_usd": text, "set_by": found.by if found else None})
            else:
                said = limit_text(limit_nano)
                screen().print(f"{said[0].upper()}{said[1:]}{_set_by(found)}.")
            return 0
        if by is None or because is None:
            raise BadSettings(
                "A limit is set by somebody and for a reason: say --by and --because."
            )
        wanted = _cap(amount)
        with books.transaction() as desk:
            changed = desk.change_limit(wanted, by=by, because=because)
    if isinstance(changed, RequestView):
        return tell_asked(changed, by)
    said = limit_text(wanted)
    say(f"{said[0].upper()}{said[1:]}{'' if changed else ', as before'}.")
    return 0


def _set_by(limit: RaiseLimit | None) -> str:
    if limit is None:
        return ": no limit was ever set"
    return f", as {limit.by} set it on {limit.at:%Y-%m-%d}: {limit.because}"


def warn_of_file(house: House, cap: tuple[Scope, str, int | None], *, waits: bool = False) -> None:
    """Say so where the settings file has another cap: the next run would set that again.

    `cap` is (scope, subject, nano-USD); `waits` where a second person has to approve it first.
    What was done stands, so that a file that cannot be read is told and no failure.
    """
    from console.output import say
    from flows import BadSettings, read_caps
    from ledger import format_usd

    scope, subject, cap_nano = cap
    path = house.settings.caps_file
    try:
        of_file = None if path is None else read_caps(path).get((scope, subject))
    except BadSettings as error:
        say(f"mintage: {error}")
        return
    if of_file is not None and of_file != cap_nano:
        when = "once this is approved, " if waits else ""
        say(
            f"mintage: {path} says {format_usd(of_file)}, and {when}the next run sets that again; "
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
        earlier = books.posted_earlier(attempt_id)
    named = attempt_id if ref is None else f"{attempt_id}, the provider's run {ref.strip()},"
    if kind is DecisionKind.VOID:
        say(f"Attempt {named} is voided: its hold is free again.")
    else:
        say(f"Attempt {named} is charged {format_usd(settled.charged_nano)}.")
    if settled.overrun_nano:
        say(
            f"That is {format_usd(settled.overrun_nano)} above its hold, booked as an overrun; its "
            "order is stopped."
        )
    if earlier is not None:
        _tell_of_statement(earlier, is_charged=kind is DecisionKind.CHARGE)
    return 0


def _tell_of_statement(earlier: PostedEarlier, *, is_charged: bool) -> None:
    """Say what is to be done where a statement had the run before anybody knew whose it is."""
    import shlex

    from console.output import say
    from ledger import format_usd

    until = "it counts twice" if is_charged else "no job has it"
    say(
        f"mintage: {earlier.provider}'s statement of {earlier.period} was posted with this run, "
        f"{format_usd(earlier.amount_nano)} in the variance account: {until} until that statement is "
        f"posted again, with `mintage ledger reconcile STATEMENT --provider "
        f"{shlex.quote(earlier.provider)} --period {earlier.period} --post --by YOU --because WHY`."
    )
