"""Finance's month: closing and reopening it, and approving what somebody else asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from console.arguments import Json, open_house
from console.report_formats import Form, Out
from console.two_persons import Because, By

if TYPE_CHECKING:
    from ledger.closing_views import RequestView

Month = Annotated[str, Parameter(help="A month such as 2026-11 (UTC).")]
Number = Annotated[str, Parameter(help="A request, such as R7.")]


def register(ledger: App) -> None:
    """Add the commands to those of the books."""
    ledger.command(close)
    ledger.command(reopen)
    ledger.command(periods)
    ledger.command(requests)
    ledger.command(approve)
    ledger.command(reject)


def close(
    period: Month,
    *,
    by: By,
    because: Because,
    sign: Annotated[
        bool,
        Parameter(
            name="--sign", negative="", help="Sign for what is open; it is kept with the close."
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Close a month: it is sealed, and nothing is booked in it any more.

    Refused, with everything that is open, while a provider that charged has no statement posted,
    the books differ from one, an attempt of the month is held or unknown, or an earlier month is
    open.
    """
    from console.month_report import closing_json, open_json, tell_closed, tell_open
    from console.output import print_json
    from flows.local_providers import local_providers
    from ledger.closing import close_period
    from ledger.closing_views import StillOpen

    month = _month(period)
    with open_house().books() as books:
        local = local_providers()
        done = close_period(books, month, by=by, because=because, sign=sign, local=local)
    if isinstance(done, StillOpen):
        if json:
            print_json({"period": month, "closed": False, "open": open_json(done.points)})
        else:
            tell_open(done)
        return 1
    if json:
        print_json({"period": month, "closed": True, **closing_json(done)})
    else:
        tell_closed(done)
    return 0


def reopen(period: Month, *, by: By, because: Because, json: Json = False) -> int:
    """Ask that a closed month takes entries again; another person has to approve it."""
    from console.two_persons import tell_asked

    with open_house().books() as books, books.transaction() as desk:
        request = desk.ask_reopen(_month(period), by=by, because=because)
    return _print_request(request) if json else tell_asked(request, by)


def periods(*, format: Form | None = None, out: Out = None, json: Json = False) -> int:  # noqa: A002  the flag's name
    """List every month: open or closed, by whom and why, what was charged, billed and signed for."""
    from console.month_report import periods_json, tell_periods
    from console.output import print_json
    from console.report_formats import write_report
    from flows.local_providers import local_providers
    from ledger.reports.month_list import report_of

    with open_house().books() as books:
        views = books.periods(local_providers())
        provenance = books.provenance()
    if json:
        print_json({"periods": periods_json(views)})
    elif format is None and out is None:
        tell_periods(views)
    else:
        return write_report(report_of(views, provenance), format or "table", out)
    return 0


def requests(
    *,
    all: Annotated[  # noqa: A002  the flag's name
        bool, Parameter(name="--all", negative="", help="Those that wait no more as well.")
    ] = False,
    json: Json = False,
) -> int:
    """List what waits for a second person: raised caps and limits, months to be reopened."""
    from console.month_report import request_json, tell_requests
    from console.output import print_json

    with open_house().books() as books:
        found = books.requests(answered=all)
    if json:
        print_json({"requests": [request_json(one) for one in found]})
    else:
        tell_requests(found)
    return 0


def approve(
    request: Number,
    *,
    by: By,
    because: Annotated[
        str | None, Parameter(name="--because", help="Why, where there is more to say.")
    ] = None,
    json: Json = False,
) -> int:
    """Approve what somebody else asked for; it is in force at once."""
    from console.budget_commands import warn_of_file
    from console.month_report import request_json
    from console.output import print_json, say
    from console.two_persons import wanted_text

    house = open_house()
    with house.books() as books, books.transaction() as desk:
        done = desk.approve(_number(request), by=by, because=because)
    if json:
        print_json(request_json(done))
    else:
        wanted = wanted_text(done)
        say(f"{wanted[0].upper()}{wanted[1:]}.")
        say(f"{done.by} asked for it ({done.name}), and {done.answered_by} approved it.")
    if done.scope is not None and done.subject is not None:
        warn_of_file(house, (done.scope, done.subject, done.amount_nano))
    return 0


def reject(request: Number, *, by: By, because: Because, json: Json = False) -> int:
    """Reject what somebody else asked for, or withdraw what one asked for oneself."""
    from console.month_report import request_json
    from console.output import print_json, say

    with open_house().books() as books, books.transaction() as desk:
        done = desk.reject(_number(request), by=by, because=because)
    if json:
        print_json(request_json(done))
    else:
        say(f"{done.name} is {done.state}; nothing has changed.")
    return 0


def _print_request(request: RequestView) -> int:
    from console.month_report import request_json
    from console.output import print_json
    from console.two_persons import ASKED

    print_json(request_json(request))
    return ASKED


def _month(text: str) -> str:
    from flows import BadSettings
    from ledger.errors import SelectionRefused
    from ledger.selection import days_of_period

    try:
        days_of_period(text)
    except SelectionRefused as error:
        raise BadSettings(f"{error}.") from error
    return text


def _number(text: str) -> int:
    from flows import BadSettings

    found = re.fullmatch(r"[Rr]?([1-9][0-9]{0,17})", text, re.ASCII)
    if found is None:
        raise BadSettings(f"{text!a} is no request; `mintage ledger requests` lists them, as R7.")
    return int(found[1])
