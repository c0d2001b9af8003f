"""What a trial of one criterion is: good photographs, and the same with a defect put in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PIL import Image

Made = Image.Image | bytes
"""A picture, kept as PNG, or a whole file."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph of at most 1024 pixels a side, and the words it is known by."""

    name: str
    image: Image.Image


@dataclass(frozen=True, slots=True)
class Strength:
    """A defect in one strength: how it is called, and how it is put into a photograph."""

    title: str
    put: Callable[[Photograph], Made]


def unchanged(photograph: Photograph) -> Made:
    """Return the photograph as it is."""
    return photograph.image


@dataclass(frozen=True, slots=True)
class Trial:
    """One criterion with its parameters, a defect in several strengths, and the photographs.

    `good` makes what must pass out of a photograph; `parameters` may depend on the photograph, such
    as a baseline that is measured on it.
    """

    criterion: str
    defect: str
    strengths: tuple[Strength, ...]
    photographs: tuple[Photograph, ...]
    parameters: Mapping[str, object] | Callable[[Photograph], Mapping[str, object]]
    good: Callable[[Photograph], Made] = unchanged

    def item(self, photograph: Photograph) -> dict[str, dict[str, object]]:
        """Return the criterion as an order writes it, for one photograph."""
        given = self.parameters(photograph) if callable(self.parameters) else self.parameters
        return {self.criterion: dict(given)}


Trials = Callable[[tuple[Photograph, ...]], Iterable[Trial]]
"""One function per criterion; a family lists its own in `TRIALS`."""
