"""The nightly folder's orders as a forecast wants them: what one night of each would cost."""

from __future__ import annotations

from pathlib import Path

from flows.errors import BadOrder
from flows.nightly import order_files
from flows.quoting import quote_plan
from flows.wiring import House
from ledger.forecasting import NightQuote


def quote_folder(house: House, folder: Path) -> tuple[list[NightQuote], list[BadOrder]]:
    """Quote every order of a folder; those that cannot be run are given apart.

    Raises:
        NothingToRun: there is none.
    """
    quotes: list[NightQuote] = []
    bad: list[BadOrder] = []
    for file in order_files(folder):
        try:
            plan = house.plan(file)
        except BadOrder as error:
            bad.append(error)
            continue
        quote = quote_plan(plan)
        form = plan.form
        quotes.append(
            NightQuote(
                slug=form.order,
                names={
                    "cost_center": form.cost_center,
                    "campaign": form.campaign,
                    "owner": form.owner,
                    "provider": form.generator.provider,
                    "model": form.generator.model,
                },
                # The cap ends an order before it can cost more.
                expected_nano=min(quote.expected_nano, quote.cap_nano),
                dearest_nano=min(quote.dearest_nano, quote.cap_nano),
            )
        )
    return quotes, bad
