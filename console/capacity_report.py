"""Prints what `mintage capacity` found: the one number, the arithmetic, what stays with people."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.table import Table

from console.capacity_lines import (
    Line,
    lines,
    money,
    number,
    percent,
    rounded,
    sentence,
    unit_places,
)
from console.output import print_json, screen
from console.screen import Screen
from console.streams import write_out
from flows import Capacity, Staying, staying
from flows.capacity import REVIEW_EFFORT, WORKING_DAYS, Exact

if TYPE_CHECKING:
    from ledger.asset_costs import AssetCosts

NOTE = "The arithmetic is exact; figures are rounded only here."
DEARER_SHOWN = 3
JSON_PLACES = 9


def print_capacity(found: Capacity, costs: AssetCosts | None) -> None:
    """Print it for people."""
    out = screen()
    with out.capture() as written:
        _lay_out(out, found, costs)
    # Rich fills lines up to the width of a table; nobody needs the blanks.
    write_out("".join(f"{line.rstrip()}\n" for line in written.get().splitlines()))


def _lay_out(out: Screen, found: Capacity, costs: AssetCosts | None) -> None:
    out.print(sentence(found))
    out.print(_people_sentence(found))
    for section, steps in groupby([*_inputs(found, costs), *lines(found)], lambda one: one.section):
        out.print()
        out.print(section, style="bold")
        out.print(_grid(list(steps)))
    out.print()
    out.print("What should stay with people", style="bold")
    for told in stays(found, staying(found, costs)):
        out.print(told)
    out.print()
    out.print(NOTE, style="dim")
    if costs is not None:
        out.print(costs.provenance.in_words, style="dim", soft_wrap=True)


def _people_sentence(found: Capacity) -> str:
    return (
        f"By hand it takes {number(found.people_by_hand)} people, with the machine "
        f"{number(found.people_needed)}."
    )


def _grid(steps: list[Line]) -> Table:
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for one in steps:
        made.add_row(f"  {one.title}", one.text)
    return made


def _inputs(found: Capacity, costs: AssetCosts | None) -> list[Line]:
    work = found.work
    cost = f"{money(work.asset_usd, unit_places(found))}"
    if costs is not None:
        cost = (
            f"{money(Fraction(costs.charged_nano, 10**9), 9)} charged / {costs.released:,} released "
            f"= {cost} (the books, {costs.selection.in_words})"
        )
    effort = f"{percent(work.review_effort)} of the time to make one"
    effort += _default(work.review_effort, REVIEW_EFFORT)
    told = [
        ("volume", f"{work.volume:,} assets a month"),
        ("a person makes", f"{number(work.per_day, 4)} in a day"),
        ("a person costs", f"{money(work.person_usd)} a month, fully loaded"),
        ("review share", f"{percent(work.review_share)} of what the machine makes"),
        ("a released asset", cost),
        (
            "working days",
            f"{number(work.working_days, 4)} a month{_default(work.working_days, WORKING_DAYS)}",
        ),
        ("a review takes", effort),
    ]
    if work.by_hand_share:
        told.append(("by hand anyway", _by_hand(found, costs)))
    if work.fixed_usd:
        told.append(("fixed", f"{money(work.fixed_usd)} a month, whatever is made"))
    return [Line("What goes in", "", title, "", text) for title, text in told]


def _default(value: Exact, default: Decimal) -> str:
    return " (assumed: the default)" if value == default else ""


def _by_hand(found: Capacity, costs: AssetCosts | None) -> str:
    share = percent(found.work.by_hand_share)
    if costs is None or Fraction(found.work.by_hand_share) != costs.given_up_share:
        return f"{share} of the volume"
    ended = costs.given_up + costs.released
    return f"{costs.given_up:,} of {ended:,} jobs ended without an asset = {share} (the books)"


def stays(found: Capacity, part: Staying) -> list[str]:
    """Say what people should make, and how much of it all they may look at."""
    places = unit_places(found)
    hand, machine = money(found.hand_usd, places), money(found.machine_usd, places)
    fixed = " and without what is fixed" if found.work.fixed_usd else ""
    both = f"{machine} by machine with its review{fixed}, {hand} by hand"
    if found.saving_usd <= 0:
        return [
            f"All of it: an asset costs {both}."
            if found.machine_usd >= found.hand_usd
            else f"All of it at this volume, which does not bear the fixed cost: an asset costs {both}."
        ]
    told = [f"{percent(part.share, 1)} of the assets, as cost has it:"]
    if not part.share:
        told = [f"No asset, as cost has it: one costs {both}."]
    if part.given_up_share:
        told.append(f"  {percent(part.given_up_share, 1)} that the machine cannot make")
    if part.dearer:
        told.append(
            f"  {percent(part.dearer_share, 1)} in orders where one, with its review, is dearer by "
            "machine:"
        )
        told += [
            f"    {one.order_id}: {money(Fraction(one.charged_nano, one.released * 10**9))} each "
            "before review"
            for one in part.dearer[:DEARER_SHOWN]
        ]
        if len(part.dearer) > DEARER_SHOWN:
            told.append(f"    and {len(part.dearer) - DEARER_SHOWN:,} more; --json has all of them")
    told.append(
        "Where released assets cost more than "
        f"{money(found.even_asset_usd, places)} on average, before review, the machine no longer pays."
    )
    told.append(f"Of the working time by hand, {percent(found.time_share, 1)} stays with people.")
    return [*told, _review_bound(found)]


def _review_bound(found: Capacity) -> str:
    share = found.even_review_share
    if share is None or share > 1:
        return "Even if people look at every asset, the machine pays."
    if share == 1:
        return "Where people look at every asset, the machine saves nothing."
    return f"Where people look at more than {percent(share, 2)}, the machine no longer pays."


def print_capacity_json(found: Capacity, costs: AssetCosts | None) -> None:
    """Print one JSON object: amounts as decimal strings, exact to nine decimals."""
    part = staying(found, costs)
    steps = lines(found)
    print_json(
        {
            "saving_usd": _text(found.saving_usd),
            "sentence": sentence(found),
            "inputs": {
                field.name: _text(Fraction(getattr(found.work, field.name)))
                for field in fields(found.work)
            }
            | {"asset_cost_from": "given" if costs is None else "books"},
            "results": {one.name: _value(getattr(found, one.name)) for one in steps},
            "stays_with_people": {
                "share": _text(part.share),
                "given_up_share": _text(part.given_up_share),
                "dearer_share": _text(part.dearer_share),
                "dearer_orders": [
                    {
                        "order": one.order_id,
                        "released": one.released,
                        "asset_usd": _text(Fraction(one.charged_nano, one.released * 10**9)),
                    }
                    for one in part.dearer
                ],
                "time_share": _text(found.time_share),
                "in_words": stays(found, part),
            },
            "lines": [
                {"name": one.name, "title": one.title, "text": one.text, "section": one.section}
                for one in steps
            ],
            "books": None if costs is None else _books(costs),
        }
    )


def _books(costs: AssetCosts) -> dict[str, Any]:
    from console.output import usd_text

    return {
        "selection": costs.selection.in_words,
        "charged_usd": usd_text(costs.charged_nano),
        "released": costs.released,
        "given_up": costs.given_up,
        "provenance": costs.provenance,
    }


def _value(value: Fraction | None) -> str | None:
    return None if value is None else _text(value)


def _text(value: Fraction) -> str:
    digits = f"{rounded(value, JSON_PLACES):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
