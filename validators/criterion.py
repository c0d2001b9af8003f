"""The form of a criterion, and what it says of a picture.

A criterion is one pydantic model in one file of `validators/criteria/`: its fields are the
parameters that an order may give, its `inspect` is the judgement. Nothing else has to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from validators.picture import Picture

JSONValue = str | int | float | bool | list["JSONValue"] | dict[str, "JSONValue"] | None
"""What may stand in a verdict: exactly what JSON can hold. Floats must be finite."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a criterion found: passed or not, what it measured (named with units), and why not.

    A finding that did not pass has a reason: one sentence that a non-programmer understands.
    """

    passed: bool
    measured: Mapping[str, JSONValue] = field(default_factory=dict)
    reason: str | None = None

    def __post_init__(self) -> None:
        if not self.passed and not self.reason:
            raise ValueError("a finding that did not pass needs a reason")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One criterion's finding on one file, with the exact rule that was applied."""

    criterion: str
    version: int
    parameters: Mapping[str, JSONValue]
    passed: bool
    measured: Mapping[str, JSONValue]
    reason: str | None


class Criterion(BaseModel):
    """One rule of the definition of done, with its parameters.

    A subclass sets `name` (its word in orders, snake_case), `version` (raised whenever the same
    picture could get another verdict) and `example` (parameters that make sense), says in its
    docstring what it demands, and judges in `inspect`: a pure function of the picture, without
    network, clock or randomness, safe to call from several threads.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: ClassVar[str]
    version: ClassVar[int]
    example: ClassVar[Mapping[str, object]]

    def inspect(self, picture: Picture) -> Finding:
        """Judge one intact picture. Must not raise and must not alter the picture."""
        raise NotImplementedError

    def contradicts(self, *, width: int, height: int, format_: str) -> str | None:
        """Say what is in the way if no file of this output could ever pass, else None.

        Asked before anything is paid for, with the size in pixels and the format that the order
        makes of every file. The answer completes the sentence "found …". A criterion that depends
        on more than these cannot tell and need not define it.
        """
        del width, height, format_
        return None

    def parameters(self) -> dict[str, JSONValue]:
        """Return the parameters as an order writes them, with defaults, without unset ones."""
        dumped: dict[str, JSONValue] = self.model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        return dumped
