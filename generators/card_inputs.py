"""The input half of a model card: how a brief becomes exactly the inputs that a model takes.

Only what a card names is ever sent: an unknown input could hide money (more outputs, a dearer
tier), and some models ignore unknown inputs without a word.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from generators.contract import Brief

Scalar = str | int | float | bool

SEEDS_NEEDED = 2**31 - 1
"""Every card takes seeds from 0 to at least this: the seed is how a lost attempt is found again."""

ENLARGE_MAX = 16
"""No order may enlarge what a model gives by more than this; most orders allow far less."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptField(_Form):
    """Where the prompt goes."""

    field: str = "prompt"
    max_chars: int | None = Field(default=None, gt=0)


class SeedField(_Form):
    """Where the seed goes. A provider whose runs cannot be lost may take none."""

    field: str = "seed"
    max: int = Field(default=SEEDS_NEEDED, ge=SEEDS_NEEDED)


class WidthHeight(_Form):
    """A model that takes pixels: each side in [min, max] and a multiple of `multiple`.

    What is wanted is rounded up to the next multiple; what is larger than `max` is asked for
    smaller, in the same shape.
    """

    kind: Literal["width_height"]
    width: str = "width"
    height: str = "height"
    min: int = Field(gt=0)
    max: int = Field(gt=0)
    multiple: int = Field(default=1, gt=0)
    also: Mapping[str, Scalar] = Field(default_factory=dict)
    """Inputs that make the model heed width and height."""

    def chosen(self, width: int, height: int) -> tuple[int, int, dict[str, Scalar]]:
        """Return the pixels that the model will give, and the inputs that say so."""
        shrink = max(Fraction(1), Fraction(width, self.max), Fraction(height, self.max))
        got_width, got_height = (self._fit(Fraction(side) / shrink) for side in (width, height))
        inputs = {**self.also, self.width: got_width, self.height: got_height}
        return got_width, got_height, inputs

    def _fit(self, side: Fraction) -> int:
        rounded = math.ceil(side / self.multiple) * self.multiple
        largest = self.max // self.multiple * self.multiple
        smallest = -(-self.min // self.multiple) * self.multiple
        return max(smallest, min(rounded, largest))


class Scales(_Form):
    """An input that scales both sides of every shape, such as megapixels: value -> factor."""

    field: str
    factors: Mapping[str, Annotated[str, Field(pattern=r"^\d+(\.\d+)?$")]] = Field(min_length=1)


_KNOWN_MAX = 1_000
"""Sizes whose choice is remembered: every job of an order asks for it several times."""


class AspectRatio(_Form):
    """A model that takes one of some named shapes, and the pixels that it gives for each.

    The nearest ratio is taken; of several sizes, the smallest that covers what is wanted, else the
    largest. Finishing crops and resizes the rest.
    """

    kind: Literal["aspect_ratio"]
    field: str = "aspect_ratio"
    choices: Mapping[str, tuple[int, int]] = Field(min_length=1)
    scales: Scales | None = None
    _known: dict[tuple[int, int], tuple[int, int, dict[str, Scalar]]] = PrivateAttr(
        default_factory=dict
    )

    def chosen(self, width: int, height: int) -> tuple[int, int, dict[str, Scalar]]:
        """Return the pixels that the model will give, and the inputs that say so."""
        known = self._known.get((width, height))
        if known is None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            known = self._known[width, height] = self._nearest(width, height)
        return known

    def _nearest(self, width: int, height: int) -> tuple[int, int, dict[str, Scalar]]:
        def rank(option: tuple[int, int, dict[str, Scalar]]) -> tuple[float, bool, int]:
            got_width, got_height, _ = option
            off = abs(math.log(got_width * height / (got_height * width)))
            covers = got_width >= width and got_height >= height
            pixels = got_width * got_height
            return (round(off, 6), not covers, pixels if covers else -pixels)

        return min(self._options(), key=rank)

    def _options(self) -> Iterator[tuple[int, int, dict[str, Scalar]]]:
        for name, (width, height) in self.choices.items():
            if self.scales is None:
                yield width, height, {self.field: name}
                continue
            for value, factor in self.scales.factors.items():
                scale = Fraction(factor)
                inputs: dict[str, Scalar] = {self.field: name, self.scales.field: value}
                yield int(width * scale), int(height * scale), inputs


class Formats(_Form):
    """What the model can write. What it cannot, and what is resized, is made out of `otherwise`."""

    field: str | None = None
    """Without it the model has no choice and always writes `otherwise`."""
    choices: Mapping[Literal["png", "jpeg", "webp"], str] = Field(default_factory=dict)
    otherwise: Literal["png", "jpeg", "webp"] = "png"

    def chosen(self, wanted: str) -> dict[str, Scalar]:
        """Return the input that asks for `wanted`, or for the nearest that the model can write."""
        if self.field is None:
            return {}
        table = {str(name): value for name, value in self.choices.items()}
        return {self.field: table.get(wanted, table[self.otherwise])}


class Param(_Form):
    """One extra input that an order may set."""

    type: Literal["integer", "number", "boolean", "string"]
    min: int | float | None = None
    max: int | float | None = None
    choices: tuple[str, ...] | None = None
    max_chars: int = Field(default=2000, gt=0)

    def problem(self, value: object) -> str | None:
        """Say in half a sentence what is wrong with `value`; None when nothing is."""
        if not self._fits(value):
            return f"has to be {_A[self.type]}, found {value!r}"
        if isinstance(value, str):
            if self.choices is not None and value not in self.choices:
                return f"has to be one of {', '.join(self.choices)}, found {value!r}"
            return f"is longer than {self.max_chars} characters" if self._long(value) else None
        if isinstance(value, int | float) and not self._in_range(value):
            return f"has to be {self._range()}, found {value}"
        return None

    def _fits(self, value: object) -> bool:
        match self.type:
            case "boolean":
                return isinstance(value, bool)
            case "string":
                return isinstance(value, str)
            case "integer":
                return isinstance(value, int) and not isinstance(value, bool)
            case "number":
                if isinstance(value, bool) or not isinstance(value, int | float):
                    return False
                return math.isfinite(value)

    def _long(self, value: str) -> bool:
        return len(value) > self.max_chars

    def _in_range(self, value: float) -> bool:
        above = self.min is None or value >= self.min
        return above and (self.max is None or value <= self.max)

    def _range(self) -> str:
        ends = [f"at least {self.min}"] if self.min is not None else []
        return " and ".join(ends + ([f"at most {self.max}"] if self.max is not None else []))


_A = {
    "integer": "an integer",
    "number": "a finite number",
    "boolean": "true or false",
    "string": "a string",
}


class InputMap(_Form):
    """How a brief becomes a model's inputs."""

    prompt: PromptField = PromptField()
    seed: SeedField | None
    size: WidthHeight | AspectRatio = Field(discriminator="kind")
    formats: Formats = Formats()
    fixed: Mapping[str, Scalar] = Field(default_factory=dict)
    """Inputs that are always sent, such as `num_outputs: 1`, and that no order may set."""
    defaults: Mapping[str, Scalar] = Field(default_factory=dict)
    """Inputs that are sent unless the order sets them among its params."""
    params: Mapping[str, Param] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _keeps_apart(self) -> Self:
        if self.formats.field is not None and self.formats.otherwise not in self.formats.choices:
            message = f"formats.choices has no {self.formats.otherwise}"
            raise ValueError(message)
        taken = {self.prompt.field, *self.fixed}
        taken |= {self.seed.field} if self.seed is not None else set()
        taken |= {self.formats.field} if self.formats.field is not None else set()
        taken |= set(self.size.chosen(64, 64)[2])
        if taken & set(self.params):
            message = f"params may not set {', '.join(sorted(taken & set(self.params)))}"
            raise ValueError(message)
        if set(self.defaults) - set(self.params):
            message = "every default needs its entry in params"
            raise ValueError(message)
        return self

    def pixels(self, brief: Brief) -> tuple[int, int]:
        """Return width and height that the model will give for this brief."""
        width, height, _ = self.size.chosen(brief.width, brief.height)
        return width, height

    def inputs(self, brief: Brief) -> dict[str, object]:
        """Return every input that is sent for this brief, with keys in a fixed order."""
        width, height, size = self.size.chosen(brief.width, brief.height)
        # What has to be resized is encoded again anyway, so it had better not lose anything now.
        final = (width, height) == (brief.width, brief.height)
        wanted = brief.format if final else self.formats.otherwise
        sent: dict[str, object] = {self.prompt.field: brief.prompt, **size}
        sent.update(self.formats.chosen(wanted))
        sent.update(self.defaults)
        sent.update(brief.params)
        sent.update(self.fixed)
        if self.seed is not None:
            sent[self.seed.field] = brief.seed
        return dict(sorted(sent.items()))

    def problems(self, brief: Brief) -> list[str]:
        """Say, a sentence each, why this brief cannot be turned into inputs."""
        return [*self._prompt_problems(brief), *self._size_problems(brief), *self._rest(brief)]

    def _prompt_problems(self, brief: Brief) -> Iterator[str]:
        if not brief.prompt.strip():
            yield "The prompt is empty; say what is wanted."
        limit = self.prompt.max_chars
        if limit is not None and len(brief.prompt) > limit:
            yield f"The prompt has {len(brief.prompt)} characters; the model takes {limit}."

    def _size_problems(self, brief: Brief) -> Iterator[str]:
        if brief.width < 1 or brief.height < 1:
            yield f"The size {brief.width}x{brief.height} is not at least 1x1 pixels."
            return
        width, height = self.pixels(brief)
        enlarge = max(Fraction(brief.width, width), Fraction(brief.height, height))
        if enlarge > ENLARGE_MAX:
            yield (
                f"{brief.width}x{brief.height} would be enlarged {float(enlarge):.1f} times from "
                f"the {width}x{height} that the model gives; at most {ENLARGE_MAX} is possible."
            )

    def _rest(self, brief: Brief) -> Iterator[str]:
        if brief.format not in {"png", "jpeg", "webp", "avif"}:
            yield f"The format {brief.format!r} is not one of png, jpeg, webp, avif."
        top = self.seed.max if self.seed is not None else None
        if top is not None and not 0 <= brief.seed <= top:
            yield f"The seed {brief.seed} is not within 0 and {top}."
        for name, value in sorted(brief.params.items()):
            if name in self.fixed:
                yield f"The parameter {name} is fixed at {self.fixed[name]!r} by the model card."
            elif name not in self.params:
                known = ", ".join(sorted(self.params)) or "none"
                yield f"The model card knows no parameter {name}; allowed: {known}."
            elif (problem := self.params[name].problem(value)) is not None:
                yield f"The parameter {name} {problem}."
