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

    from ledger.asset_costs import AssetCosts

_NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)


Volume = Annotated[str, Parameter(help="How many assets are wanted in a month.")]
PerDay = Annotated[str, Parameter(help="How many one person makes in a working day.")]
PersonCost = Annotated[
    str | None,
    Parameter(help="What that person costs a month in USD, fully loaded: not the pay alone."),
]
PersonCostYear = Annotated[
    str | None, Parameter(help="The same for a year, in place of --person-cost.")
]
ReviewShare = Annotated[
    str, Parameter(help="What part of the machine's assets a person looks at: 0.1, or 10%.")
]
AssetCost = Annotated[
    str | None,
    Parameter(
        help="What a released asset costs in USD, rejects included. Without it, it is what the "
        "books have for the selection."
    ),
]
WorkingDays = Annotated[str, Parameter(help="On how many days of a month the person makes assets.")]
ReviewEffort = Annotated[
    str, Parameter(help="How long one review takes, as a part of the time to make one by hand.")
]
ByHandShare = Annotated[
    str | None,
    Parameter(
        help="What part the machine cannot make. Without it, what the books have, where the cost "
        "is from them, else nothing."
    ),
]
FixedCost = Annotated[
    str, Parameter(help="What the machine costs a month whatever it makes, in USD.")
]


def register(app: App) -> None:
    """Add the command."""
    app.command(capacity)


def capacity(  # noqa: PLR0913 - the flags of a command line
    *,
    volume: Volume,
    per_day: PerDay,
    person_cost: PersonCost = None,
    person_cost_year: PersonCostYear = None,
    review_share: ReviewShare,
    asset_cost: AssetCost = None,
    working_days: WorkingDays = "21",
    review_effort: ReviewEffort = "0.1",
    by_hand_share: ByHandShare = None,
    fixed_cost: FixedCost = "0",
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
    from console.capacity_report import print_capacity, print_capacity_json
    from flows import BadSettings, Capacity, Work

    if asset_cost is not None and (period or from_ or to or where):
        raise BadSettings(
            "Give either --asset-cost or a selection of the books that it is taken from."
        )
    person_usd = _person_usd(person_cost, person_cost_year)
    costs = None if asset_cost is not None else _from_books(period, from_, to, where)
    work = Work(
        volume=_whole("--volume", volume),
        per_day=_number("--per-day", per_day),
        person_usd=person_usd,
        review_share=_share("--review-share", review_share),
        asset_usd=_asset_usd(asset_cost, costs),
        working_days=_number("--working-days", working_days),
        review_effort=_number("--review-effort", review_effort),
        by_hand_share=_by_hand(by_hand_share, costs),
        fixed_usd=_amount("--fixed-cost", fixed_cost),
    )
    (print_capacity_json if json else print_capacity)(Capacity(work), costs)
    return 0


def _asset_usd(given: str | None, costs: AssetCosts | None) -> Decimal | Fraction:
    if costs is None:
        return _amount("--asset-cost", given or "")
    assert costs.asset_usd is not None  # noqa: S101  `_from_books` has asked for it
    return costs.asset_usd


def _by_hand(given: str | None, costs: AssetCosts | None) -> Decimal | Fraction:
    if given is not None:
        return _share("--by-hand-share", given)
    return Decimal(0) if costs is None else costs.given_up_share


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
