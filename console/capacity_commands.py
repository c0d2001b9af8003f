"""`mintage capacity`: five inputs, one number, and the arithmetic line by line."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from console.arguments import Json, open_house
from console.selecting import From, Period, To, Where, read_selection

if TYPE_CHECKING:
    from fractions import Fraction

    from flows import Work
    from ledger.asset_costs import AssetCosts

_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


def register(app: App) -> None:
    """Add the command."""
    app.command(capacity)


def capacity(  # noqa: PLR0913 - the flags of a command line
    *,
    volume: Annotated[str, Parameter(help="How many assets are wanted in a month.")],
    per_day: Annotated[str, Parameter(help="How many one person makes in a working day.")],
    person_cost: Annotated[
        str | None,
        Parameter(help="What that person costs a month in USD, fully loaded: not the pay alone."),
    ] = None,
    person_cost_year: Annotated[
        str | None, Parameter(help="The same for a year, in place of --person-cost.")
    ] = None,
    review_share: Annotated[
        str, Parameter(help="What part of the machine's assets a person looks at: 0.1, or 10%.")
    ],
    asset_cost: Annotated[
        str | None,
        Parameter(
            help="What a released asset costs in USD, rejects included. Without it, it is what the "
            "books have for the selection."
        ),
    ] = None,
    working_days: Annotated[
        str, Parameter(help="On how many days of a month the person makes assets.")
    ] = "21",
    review_effort: Annotated[
        str,
        Parameter(help="How long one review takes, as a part of the time to make one by hand."),
    ] = "0.1",
    by_hand_share: Annotated[
        str | None,
        Parameter(
            help="What part the machine cannot make. Without it, what the books have, where the "
            "cost is from them, else nothing."
        ),
    ] = None,
    fixed_cost: Annotated[
        str, Parameter(help="What the machine costs a month whatever it makes, in USD.")
    ] = "0",
    period: Period = None,
    from_: From = None,
    to: To = None,
    where: Where = None,
    json: Json = False,
) -> int:
    """Say what the machine saves in a month, with the arithmetic: five inputs, one number.

    The five are the volume, what a person makes in a day, what that person costs, the review share
    and the cost of a released asset, which is taken from the books where it is not given.
    """
    from flows import BadSettings, Capacity, Work

    has_selection = bool(period or from_ or to or where)
    if asset_cost is not None and has_selection:
        raise BadSettings(
            "Give either --asset-cost or a selection of the books that it is taken from."
        )
    person_usd = _person_usd(person_cost, person_cost_year)
    costs = None
    if asset_cost is None:
        costs = _from_books(period, from_, to, where)
    asset_usd: Decimal | Fraction = (
        _amount("--asset-cost", asset_cost or "0") if costs is None else _of_an_asset(costs)
    )
    by_hand: Decimal | Fraction = Decimal(0)
    if by_hand_share is not None:
        by_hand = _share("--by-hand-share", by_hand_share)
    elif costs is not None:
        by_hand = costs.given_up_share
    work: Work = Work(
        volume=_whole("--volume", volume),
        per_day=_number("--per-day", per_day),
        person_usd=person_usd,
        review_share=_share("--review-share", review_share),
        asset_usd=asset_usd,
        working_days=_number("--working-days", working_days),
        review_effort=_number("--review-effort", review_effort),
        by_hand_share=by_hand,
        fixed_usd=_amount("--fixed-cost", fixed_cost),
    )
    from console.capacity_report import print_capacity, print_capacity_json

    (print_capacity_json if json else print_capacity)(Capacity(work), costs)
    return 0


def _from_books(
    period: str | None, first: str | None, last: str | None, where: list[str] | None
) -> AssetCosts:
    from flows import BadSettings

    selection = read_selection(period, first, last, where)
    with open_house().books() as books:
        costs = books.asset_costs(selection)
    if costs.asset_usd is None:
        raise BadSettings(
            f"The books have no released asset for {selection.in_words}: say with --asset-cost "
            "what one costs."
        )
    if costs.charged_nano < 0:
        raise BadSettings(
            f"For {selection.in_words} the provider gave more back than it charged: say with "
            "--asset-cost what an asset costs."
        )
    return costs


def _of_an_asset(costs: AssetCosts) -> Fraction:
    assert costs.asset_usd is not None  # noqa: S101  asked for just before
    return costs.asset_usd


def _person_usd(month: str | None, year: str | None) -> Decimal | Fraction:
    from fractions import Fraction

    from flows import BadSettings

    if (month is None) is (year is None):
        raise BadSettings(
            "Say what a person costs, fully loaded: --person-cost for a month or "
            "--person-cost-year for a year, one of the two."
        )
    if month is not None:
        return _amount("--person-cost", month)
    return Fraction(_amount("--person-cost-year", year or "")) / 12


def _amount(flag: str, text: str) -> Decimal:
    from flows import BadSettings
    from ledger import MoneyError, parse_usd

    try:
        return parse_usd(text)
    except MoneyError as error:
        raise BadSettings(f"{flag}: {error}.") from error


def _number(flag: str, text: str) -> Decimal:
    from flows import BadSettings

    if _NUMBER.fullmatch(text) is None:
        raise BadSettings(
            f"{flag}: {text[:40]!r} is no number; write it with digits and at most one point, "
            "such as 12.5."
        )
    return Decimal(text)


def _whole(flag: str, text: str) -> int:
    from flows import BadSettings

    number = _number(flag, text)
    if number != int(number):
        raise BadSettings(f"{flag}: {text} is no whole number.")
    return int(number)


def _share(flag: str, text: str) -> Decimal:
    from flows import BadSettings

    if text.endswith("%"):
        return _number(flag, text.removesuffix("%")) / 100
    share = _number(flag, text)
    if share > 1:
        raise BadSettings(f"{flag}: {text} is no share; write a tenth as 0.1 or as 10%.")
    return share
