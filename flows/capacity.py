"""Whether the machine pays: what people would cost for the same assets, and what it leaves them to do.

Everything is exact (`Fraction`); whoever prints it rounds. A month's cost has one part for each
asset and, where `fixed_usd` says so, one that is there whatever the volume. A review is part of a
person's working time, so it costs a part of what an asset made by hand costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeAlias

from flows.errors import BadSettings
from ledger import NANO

if TYPE_CHECKING:
    from ledger.asset_costs import AssetCosts, OrderCost

Exact: TypeAlias = int | Decimal | Fraction

WORKING_DAYS: Final = Decimal(21)
"""Of a month: 52 weeks of five days, less eight public holidays, are 252 days a year."""
REVIEW_EFFORT: Final = Decimal("0.1")
"""A person reviews ten assets in the time that they make one. An assumption; measure your own."""

VOLUME_MAX: Final = 1_000_000_000
PER_DAY_MAX: Final = 1_000_000
COST_MAX_USD: Final = 1_000_000_000
DAYS_MAX: Final = 31


@dataclass(frozen=True, slots=True)
class Work:
    """A month's work as it is given.

    Raises:
        BadSettings: a number that no month can have.
    """

    volume: int
    """Assets that are wanted in a month."""
    per_day: Exact
    """How many of them one person makes in a working day."""
    person_usd: Exact
    """What that person costs in a month, fully loaded: pay, taxes, desk and tools."""
    review_share: Exact
    """What part of the machine's assets a person looks at, 0 to 1."""
    asset_usd: Exact
    """What the machine's providers charge for one released asset, rejects included."""
    working_days: Exact = WORKING_DAYS
    """Days a month on which the person makes assets."""
    review_effort: Exact = REVIEW_EFFORT
    """How long one review takes, as a part of the time to make one asset by hand."""
    by_hand_share: Exact = 0
    """What part of the volume the machine cannot make, so that people do; 0 to below 1."""
    fixed_usd: Exact = 0
    """What the machine costs in a month whatever it makes: servers, whoever looks after it."""

    def __post_init__(self) -> None:
        bounds: tuple[tuple[str, Exact, Exact, Exact], ...] = (
            ("volume", self.volume, 1, VOLUME_MAX),
            ("number of working days", self.working_days, Decimal("0.01"), DAYS_MAX),
            ("number that a person makes in a day", self.per_day, Decimal("0.001"), PER_DAY_MAX),
            ("cost of a person", self.person_usd, Decimal("0.01"), COST_MAX_USD),
            ("review share", self.review_share, 0, 1),
            ("cost of a released asset", self.asset_usd, 0, COST_MAX_USD),
            ("time of a review, as a part of making one,", self.review_effort, 0, 100),
            ("share that stays by hand", self.by_hand_share, 0, 1),
            ("machine's fixed cost", self.fixed_usd, 0, COST_MAX_USD),
        )
        for name, value, low, high in bounds:
            if not low <= value <= high:
                raise BadSettings(
                    f"The {name} must lie between {_shown(low)} and {_shown(high)}, "
                    f"not at {_shown(value)}."
                )
        if self.by_hand_share == 1:
            raise BadSettings("Where everything is made by hand, there is no machine to compare.")


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a month's work comes to, by hand and by machine. Amounts are in USD, a month or an asset."""

    work: Work

    @property
    def person_makes(self) -> Fraction:
        """Assets that one person makes in a month."""
        return Fraction(self.work.per_day) * Fraction(self.work.working_days)

    @property
    def hand_usd(self) -> Fraction:
        """One asset by hand."""
        return Fraction(self.work.person_usd) / self.person_makes

    @property
    def review_usd(self) -> Fraction:
        """One review."""
        return Fraction(self.work.review_effort) * self.hand_usd

    @property
    def machine_usd(self) -> Fraction:
        """One asset by machine, with its share of the reviews and without what is fixed."""
        work = self.work
        return Fraction(work.asset_usd) + Fraction(work.review_share) * self.review_usd

    @property
    def made_by_hand(self) -> Fraction:
        """Assets of the volume that people make, because the machine cannot."""
        return self.work.volume * Fraction(self.work.by_hand_share)

    @property
    def made_by_machine(self) -> Fraction:
        """Assets of the volume that the machine makes; never none."""
        return self.work.volume - self.made_by_hand

    @property
    def all_by_hand_usd(self) -> Fraction:
        """A month without the machine."""
        return self.work.volume * self.hand_usd

    @property
    def with_machine_usd(self) -> Fraction:
        """A month with it: its assets and their reviews, what stays by hand, what is fixed."""
        made = self.made_by_machine * self.machine_usd + self.made_by_hand * self.hand_usd
        return made + Fraction(self.work.fixed_usd)

    @property
    def saving_usd(self) -> Fraction:
        """What the machine saves in a month; below zero where it costs more than people would."""
        return self.all_by_hand_usd - self.with_machine_usd

    @property
    def fixed_each_usd(self) -> Fraction:
        """The fixed cost on each asset by machine."""
        return Fraction(self.work.fixed_usd) / self.made_by_machine

    @property
    def even_asset_usd(self) -> Fraction:
        """The cost of a released asset, before review, at which both are equal; below zero: none is."""
        reviews = Fraction(self.work.review_share) * self.review_usd
        return self.hand_usd - reviews - self.fixed_each_usd

    @property
    def even_volume(self) -> Fraction | None:
        """The volume at which both are equal; None where the machine costs more at every volume."""
        gained = (1 - Fraction(self.work.by_hand_share)) * (self.hand_usd - self.machine_usd)
        return Fraction(self.work.fixed_usd) / gained if gained > 0 else None

    @property
    def even_review_share(self) -> Fraction | None:
        """The review share at which both are equal; None where reviews take no time.

        Above 1: it pays even if everything is reviewed. Below 0: not even without any review.
        """
        if not self.review_usd:
            return None
        unreviewed = self.hand_usd - Fraction(self.work.asset_usd) - self.fixed_each_usd
        return unreviewed / self.review_usd

    @property
    def people_by_hand(self) -> Fraction:
        """How many people the whole volume takes by hand."""
        return self.work.volume / self.person_makes

    @property
    def people_reviewing(self) -> Fraction:
        """How many people the reviews take."""
        work = self.work
        effort = Fraction(work.review_share) * Fraction(work.review_effort)
        return self.made_by_machine * effort / self.person_makes

    @property
    def people_making(self) -> Fraction:
        """How many people make what the machine cannot."""
        return self.made_by_hand / self.person_makes

    @property
    def people_needed(self) -> Fraction:
        """How many people are still needed with the machine."""
        return self.people_reviewing + self.people_making

    @property
    def people_freed(self) -> Fraction:
        """How many people's time is free for other work; below zero where reviews take more."""
        return self.people_by_hand - self.people_needed

    @property
    def time_share(self) -> Fraction:
        """What part of the working time by hand stays with people."""
        return self.people_needed / self.people_by_hand


def _shown(value: Exact) -> str:
    if isinstance(value, Fraction):
        value = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"


@dataclass(frozen=True, slots=True)
class Staying:
    """What part of the assets people should make, and which orders say so."""

    share: Fraction
    """Of all assets; 1 where the machine does not pay at all."""
    given_up_share: Fraction
    """What the machine could not make, as the books have it; else as it was given."""
    dearer_share: Fraction = Fraction(0)
    """What it made in orders where an asset, with its review, costs more than by hand."""
    dearer: tuple[OrderCost, ...] = ()
    """Those orders, the dearest asset first."""


def staying(found: Capacity, costs: AssetCosts | None) -> Staying:
    """Say what people should make: all where the machine saves nothing, else what the books name."""
    work = found.work
    given_up = Fraction(work.by_hand_share)
    if found.saving_usd <= 0:
        return Staying(Fraction(1), given_up)
    if costs is None:
        return Staying(given_up, given_up)
    # What is fixed is paid whichever orders are made by hand, so it is in no order's bound.
    bound_usd = found.hand_usd - Fraction(work.review_share) * found.review_usd
    dearer = sorted(
        (one for one in costs.orders if one.released and _each_usd(one) > bound_usd),
        key=lambda one: (-_each_usd(one), one.order_id or ""),
    )
    made = Fraction(sum(one.released for one in dearer), costs.released)
    share = made * (1 - given_up)
    return Staying(given_up + share, given_up, share, tuple(dearer))


def _each_usd(one: OrderCost) -> Fraction:
    return Fraction(one.charged_nano, one.released * NANO)
