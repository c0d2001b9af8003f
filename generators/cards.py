"""Model cards: one YAML file per model in generators/models/, found by listing that folder.

A card holds all that money and mapping need: prices with their sources, what is charged when a run
fails, how long a run may take, and how a brief becomes inputs. A new model is one new file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from generators.card_inputs import InputMap
from generators.card_prices import PriceRow, Quantity, quantity_of, rows_in_force
from generators.contract import Brief, Quote, UsageLine
from generators.errors import BadCard, NoCard

_log = logging.getLogger(__name__)

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader written in C where PyYAML has it: cards are read before every run."""

CANCEL_AFTER_LEAST_S = 5
"""The least that Replicate's Cancel-After header takes."""


class Endpoint(BaseModel):
    """Where runs are asked for: an official model by name, another by version, or right here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["official", "version", "local"]
    version: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    source: str | None = None
    """Where the version was read."""

    @model_validator(mode="after")
    def _version_fits(self) -> Self:
        if (self.kind == "version") != (self.version is not None):
            message = "a version id belongs to kind `version`, and only to it"
            raise ValueError(message)
        return self


class ModelCard(BaseModel):
    """One model of one provider: its prices, its bounds and its inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    model: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$")
    title: str
    endpoint: Endpoint
    prices: tuple[PriceRow, ...] = Field(min_length=1)
    quantities: Mapping[str, Quantity]
    """For every priced metric, how much of it one attempt uses."""
    failed_is_charged: bool
    canceled_is_charged: bool
    charging_source: str = Field(min_length=8)
    """Who says what a failed and a canceled run cost."""
    seconds_max: int = Field(ge=CANCEL_AFTER_LEAST_S)
    """The provider cancels a run after so many seconds; a time-priced hold pays for all of them."""
    input: InputMap
    input_source: str = Field(min_length=8)
    """Where the inputs, sizes and ranges were read."""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        metrics = {row.metric for row in self.prices}
        if metrics != set(self.quantities):
            odd = ", ".join(sorted(metrics ^ set(self.quantities)))
            message = f"every priced metric needs a quantity and the other way round: {odd}"
            raise ValueError(message)
        days = [(row.metric, row.effective_from) for row in self.prices]
        if len(days) != len(set(days)):
            message = "two prices of one metric take effect on the same day; add a later row"
            raise ValueError(message)
        if self.input.seed is None and self.endpoint.kind != "local":
            message = "without a seed field a lost run cannot be found again"
            raise ValueError(message)
        return self

    def problems(self, brief: Brief, *, today: date) -> list[str]:
        """Say, a sentence each, why this brief cannot be built or priced; empty when it can."""
        found = self.input.problems(brief)
        missing = set(self.quantities) - set(rows_in_force(self.prices, today))
        if missing:
            names = ", ".join(sorted(missing))
            found.append(f"{self.model} has no price for {names} on {today}; add one to its card.")
        return found

    def pixels(self, brief: Brief) -> tuple[int, int]:
        """Return the width and height that the model will give; finishing makes the rest."""
        return self.input.pixels(brief)

    def inputs(self, brief: Brief) -> dict[str, object]:
        """Return the model's inputs for this brief: all of them, in a fixed order."""
        return self.input.inputs(brief)

    def quote(self, brief: Brief, *, today: date) -> Quote:
        """Price one attempt of this brief with the prices in force on `today`."""
        width, height = self.input.pixels(brief)
        dearest: list[UsageLine] = []
        expected: list[UsageLine] = []
        for metric, row in sorted(rows_in_force(self.prices, today).items()):
            rule = self.quantities[metric]
            most = quantity_of(rule.dearest, pixels=width * height, seconds_max=self.seconds_max)
            usual = quantity_of(
                rule.dearest if rule.expected is None else rule.expected,
                pixels=width * height,
                seconds_max=self.seconds_max,
            )
            dearest += _line(row, most)
            expected += _line(row, usual)
        return Quote(dearest=tuple(dearest), expected=tuple(expected))

    def unreported(self, metrics: Mapping[str, Decimal], *, today: date) -> tuple[str, ...]:
        """Name the priced metrics that a finished run's record should have and has not (yet)."""
        priced = rows_in_force(self.prices, today)
        return tuple(
            metric
            for metric, row in sorted(priced.items())
            if row.unit_price and self.quantities[metric].reported and metric not in metrics
        )

    def usage(
        self, metrics: Mapping[str, Decimal], brief: Brief, *, today: date, succeeded: bool = True
    ) -> tuple[UsageLine, ...]:
        """Turn a charged run's metrics into charge lines at the prices in force on `today`.

        What the provider reports is taken as it is, above any bound too. A priced metric that it
        does not report is booked at the card's dearest quantity, so that the books never stay below
        the bill: exact for what the card fixes (one run, one image), a bound for the rest, and then
        a warning is logged. A run that did not succeed gave no output: there, only fixed fees and
        time are booked unreported. Lines of quantity nought are left out.
        """
        width, height = self.input.pixels(brief)
        lines: list[UsageLine] = []
        for metric, row in sorted(rows_in_force(self.prices, today).items()):
            rule = self.quantities[metric]
            quantity = metrics.get(metric)
            if quantity is None:
                most = quantity_of(
                    rule.dearest, pixels=width * height, seconds_max=self.seconds_max
                )
                owed = succeeded or not rule.reported or rule.dearest == "seconds_max"
                quantity = most if owed else Decimal(0)
                if quantity and rule.reported:
                    _log.warning(
                        "%s reported no %s; booked at its bound of %s", self.model, metric, most
                    )
            lines += _line(row, quantity)
        return tuple(lines)


def _line(row: PriceRow, quantity: Decimal) -> list[UsageLine]:
    if not quantity:
        return []
    return [UsageLine(row.metric, quantity, row.unit, row.unit_price)]


@dataclass(frozen=True, slots=True)
class CardListing:
    """One price in force, as `mintage models` shows it."""

    provider: str
    model: str
    title: str
    metric: str
    unit: str
    unit_price_usd: Decimal
    source: str
    read_on: date
    effective_from: date


class Cards:
    """All model cards by provider and model."""

    def __init__(self, cards: Mapping[tuple[str, str], ModelCard]) -> None:
        self._cards = dict(sorted(cards.items()))

    def __iter__(self) -> Iterator[ModelCard]:
        return iter(self._cards.values())

    def __len__(self) -> int:
        return len(self._cards)

    def card(self, provider: str, model: str) -> ModelCard | None:
        """Return the card of this model, None when there is none."""
        return self._cards.get((provider, model))

    def need(self, provider: str, model: str) -> ModelCard:
        """Return the card of this model.

        Raises:
            NoCard: there is none.
        """
        card = self.card(provider, model)
        if card is None:
            raise NoCard(provider, model, self.models(provider))
        return card

    def models(self, provider: str) -> tuple[str, ...]:
        """Return the models that a provider has cards for."""
        return tuple(card.model for card in self if card.provider == provider)

    @cached_property
    def providers(self) -> tuple[str, ...]:
        """The providers that have cards."""
        return tuple(dict.fromkeys(card.provider for card in self))

    def listing(self, *, today: date) -> tuple[CardListing, ...]:
        """Return every price in force on `today`, one row per model and metric."""
        return tuple(
            CardListing(
                provider=card.provider,
                model=card.model,
                title=card.title,
                metric=row.metric,
                unit=row.unit,
                unit_price_usd=row.unit_price,
                source=row.source,
                read_on=row.read_on,
                effective_from=row.effective_from,
            )
            for card in self
            for _, row in sorted(rows_in_force(card.prices, today).items())
        )


def read_card(name: str, text: str) -> ModelCard:
    """Read one card from YAML text; `name` is only used in messages.

    Raises:
        BadCard: the text is no YAML or breaks the form; every problem is named.
    """
    try:
        return ModelCard.model_validate(yaml.load(text, Loader=_LOADER))  # noqa: S506  a safe one
    except yaml.YAMLError as error:
        raise BadCard(name, (f"it is not YAML ({error})".replace("\n", " "),)) from error
    except ValidationError as error:
        problems = tuple(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise BadCard(name, problems) from error


def load_cards(folder: Traversable | None = None) -> Cards:
    """Read every card of a folder; without one, those that Mintage ships.

    Raises:
        BadCard: a file breaks the form, or two files hold the same model.
    """
    place = resources.files("generators") / "models" if folder is None else folder
    cards: dict[tuple[str, str], ModelCard] = {}
    for file in sorted(place.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".yaml"):
            continue
        card = read_card(file.name, file.read_text(encoding="utf-8"))
        key = (card.provider, card.model)
        if key in cards:
            raise BadCard(file.name, (f"another file already holds {card.model}",))
        cards[key] = card
    return Cards(cards)
