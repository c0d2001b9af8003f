"""The arithmetic of `mintage capacity`, line by line, as a person would check it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from flows import Capacity

_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Line:
    """One step: what it is, the formula with the numbers put in, and what it comes to."""

    section: str
    name: str
    title: str
    formula: str
    result: str

    @property
    def text(self) -> str:
        """The step as it is printed."""
        return f"{self.formula} = {self.result}" if self.formula else self.result


def rounded(value: Fraction | Decimal | int, places: int) -> Decimal:
    """Round half-even to so many decimals: the one place where anything is rounded."""
    exact = Fraction(value)
    scaled = round(exact * 10**places)  # Python's own rounding of fractions is half-even.
    return Decimal(scaled).scaleb(-places, context=_WIDE)


def number(value: Fraction | Decimal | int, places: int = 2) -> str:
    """Write a number with at most so many decimals and none that say nothing."""
    digits = f"{rounded(value, places):,f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def percent(share: Fraction | Decimal | int, places: int = 4) -> str:
    """Write a share in percent."""
    return f"{number(Fraction(share) * 100, places)}%"


def money(value: Fraction | Decimal | int, places: int = 2) -> str:
    """Write USD, with two decimals at least."""
    amount = rounded(value, places)
    digits = f"{abs(amount):,f}"
    whole, _, decimals = digits.partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}${whole}.{decimals}"


def sentence(found: Capacity) -> str:
    """Say the one number, as a manager can quote it."""
    volume = f"{found.work.volume:,} asset{'' if found.work.volume == 1 else 's'}"
    costs = f"{money(found.with_machine_usd)} with it, {money(found.all_by_hand_usd)} by hand"
    saved = rounded(found.saving_usd, 2)
    if saved > 0:
        return f"The machine saves {money(saved)} a month: {volume} cost {costs}."
    if saved < 0:
        return f"The machine does not pay, by {money(-saved)} a month: {volume} cost {costs}."
    return f"The machine saves nothing: {volume} cost {costs}."


def lines(found: Capacity) -> list[Line]:
    """Give every step, in the order in which one needs the one before."""
    return [*_costs(found), *_even(found), *_people(found)]


def _costs(found: Capacity) -> list[Line]:
    section = "What it costs"
    work = found.work
    places = unit_places(found)
    hand, machine = money(found.hand_usd, places), money(found.machine_usd, places)
    makes = number(found.person_makes, 4)
    asset = money(work.asset_usd, places)
    made = [
        Line(
            section,
            "person_makes",
            "a person makes",
            f"{number(work.per_day, 4)} a day x {number(work.working_days, 4)} days",
            f"{makes} a month",
        ),
        Line(section, "hand_usd", "one by hand", f"{money(work.person_usd)} / {makes}", hand),
        Line(
            section,
            "review_usd",
            "one review",
            f"{percent(work.review_effort)} x {hand}",
            money(found.review_usd, places),
        ),
        Line(
            section,
            "machine_usd",
            "one by machine",
            f"{asset} + {percent(work.review_share)} x {money(found.review_usd, places)}",
            machine,
        ),
        Line(
            section,
            "all_by_hand_usd",
            "a month by hand",
            f"{work.volume:,} x {hand}",
            money(found.all_by_hand_usd),
        ),
        Line(
            section,
            "with_machine_usd",
            "a month with machine",
            _with_machine(found, hand, machine),
            money(found.with_machine_usd),
        ),
        Line(
            section,
            "saving_usd",
            "saved a month",
            f"{money(found.all_by_hand_usd)} - {money(found.with_machine_usd)}",
            money(found.saving_usd),
        ),
    ]
    if work.by_hand_share:
        made.insert(4, _left_by_hand(found, section))
    return made


def _left_by_hand(found: Capacity, section: str) -> Line:
    return Line(
        section,
        "made_by_hand",
        "left to make by hand",
        f"{found.work.volume:,} x {percent(found.work.by_hand_share)}",
        number(found.made_by_hand, 4),
    )


def _with_machine(found: Capacity, hand: str, machine: str) -> str:
    parts = [f"{number(found.made_by_machine, 4)} x {machine}"]
    if found.made_by_hand:
        parts.append(f"{number(found.made_by_hand, 4)} x {hand}")
    if found.work.fixed_usd:
        parts.append(money(found.work.fixed_usd))
    return " + ".join(parts)


def unit_places(found: Capacity) -> int:
    """Give the decimals at which a unit's cost times the volume is still right to the cent."""
    return len(str(found.work.volume)) + 3


def _even(found: Capacity) -> list[Line]:
    section = "Where both cost the same"
    work = found.work
    places = unit_places(found)
    hand = money(found.hand_usd, places)
    review = money(found.review_usd, places)
    fixed = f" - {money(found.fixed_each_usd, places)}" if work.fixed_usd else ""
    made = [
        Line(
            section,
            "even_asset_usd",
            "a released asset",
            f"{hand} - {percent(work.review_share)} x {review}{fixed}",
            money(found.even_asset_usd, places),
        ),
        _even_volume(found, section),
    ]
    if work.fixed_usd:
        made.insert(0, _fixed_each(found, section))
    share = found.even_review_share
    if share is not None:
        made.append(
            Line(
                section,
                "even_review_share",
                "review share",
                f"({hand} - {money(work.asset_usd, places)}{fixed}) / {review}",
                f"{percent(share, 2)}{_beyond(share)}",
            )
        )
    return made


def _fixed_each(found: Capacity, section: str) -> Line:
    return Line(
        section,
        "fixed_each_usd",
        "fixed on each asset",
        f"{money(found.work.fixed_usd)} / {number(found.made_by_machine, 4)}",
        money(found.fixed_each_usd, unit_places(found)),
    )


def _beyond(share: Fraction) -> str:
    if share > 1:
        return ", more than all of them"
    return ", so not even without reviews" if share < 0 else ""


def _even_volume(found: Capacity, section: str) -> Line:
    name, title = "even_volume", "volume a month"
    places = unit_places(found)
    if found.even_volume is None:
        return Line(section, name, title, "", "none: one by machine costs no less than by hand")
    if not found.work.fixed_usd:
        return Line(section, name, title, "", "the first asset: nothing is fixed")
    gained = f"({money(found.hand_usd, places)} - {money(found.machine_usd, places)})"
    if found.work.by_hand_share:
        gained = f"({percent(1 - Fraction(found.work.by_hand_share))} x {gained})"
    formula = f"{money(found.work.fixed_usd)} / {gained}"
    return Line(section, name, title, formula, f"{number(found.even_volume)} assets")


def _people(found: Capacity) -> list[Line]:
    section = "People"
    work = found.work
    makes = number(found.person_makes, 4)
    by_machine = number(found.made_by_machine, 4)
    effort = f"{percent(work.review_share)} x {percent(work.review_effort)}"
    made = [
        _of_people(
            section,
            "people_by_hand",
            "all by hand",
            f"{work.volume:,} / {makes}",
            found.people_by_hand,
        ),
        _of_people(
            section,
            "people_reviewing",
            "to review",
            f"{by_machine} x {effort} / {makes}",
            found.people_reviewing,
        ),
    ]
    needed = number(found.people_reviewing, 4)
    if found.made_by_hand:
        formula = f"{number(found.made_by_hand, 4)} / {makes}"
        made.append(
            _of_people(section, "people_making", "to make the rest", formula, found.people_making)
        )
        needed = f"{needed} - {number(found.people_making, 4)}"
    formula = f"{number(found.people_by_hand, 4)} - {needed}"
    made.append(
        _of_people(section, "people_freed", "free for other work", formula, found.people_freed)
    )
    return made


def _of_people(section: str, name: str, title: str, formula: str, count: Fraction) -> Line:
    return Line(section, name, title, formula, f"{number(count, 4)} people")
