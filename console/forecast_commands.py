"""`mintage ledger forecast`: what a month will have cost when it ends, against the caps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from console.arguments import Json, a_path, open_house
from console.report_commands import only_one
from console.report_formats import Format, Out, write_report
from console.selecting import Where, read_selection

if TYPE_CHECKING:
    from flows import House
    from ledger.forecasting import NightQuote

ForecastBy = Literal["cost_center", "campaign", "order", "owner", "provider", "model"]


def register(ledger: App) -> None:
    """Add the command to those of the books."""
    ledger.command(forecast)


def forecast(
    *,
    period: Annotated[
        str | None, Parameter(help="A month, such as 2026-11; the running one without it.")
    ] = None,
    by: Annotated[
        ForecastBy, Parameter(help="A row for each value of this; caps are of cost centres.")
    ] = "cost_center",
    orders: Annotated[
        Path | None,
        a_path(
            "The folder that `mintage nightly` runs: what is in it goes on, what is not has ended, "
            "and what has not run yet is quoted.",
            name="--orders",
        ),
    ] = None,
    where: Where = None,
    format: Format = "table",  # noqa: A002  the flag's name
    out: Out = None,
    json: Json = False,
) -> int:
    """Forecast a month to its end: spent, held, and what the nights that are left will cost."""
    from datetime import date

    from flows import BadSettings
    from ledger.errors import SelectionRefused
    from ledger.forecasting import Wish
    from ledger.reports.forecast import report_of

    if json:
        only_one(format, out)
    house = open_house()
    with house.books() as books:
        today = date.fromisoformat(books.today())
        selection = read_selection(period or today.strftime("%Y-%m"), None, None, where)
        quotes = None if orders is None else _quotes(house, orders)
        try:
            found = books.forecast(Wish(selection, today, by, quotes))
        except SelectionRefused as error:
            raise BadSettings(f"{error}.") from error
    return write_report(report_of(found), "json" if json else format, out)


def _quotes(house: House, folder: Path) -> tuple[NightQuote, ...]:
    from console.output import say
    from flows import BadSettings
    from flows.forecasting import quote_folder

    if not folder.is_dir():
        raise BadSettings(f"{folder} is not a folder; name the folder that holds the work orders.")
    quotes, bad = quote_folder(house, folder)
    for one in bad:
        say(f"mintage: {one} It is not in the forecast; `mintage check` lists them.")
    return tuple(quotes)
