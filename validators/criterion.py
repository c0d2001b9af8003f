"""The form of a criterion, and what it says of a picture.

A criterion is one pydantic model in one file of `validators/criteria/`: its fields are the
parameters that an order may give, its `inspect` is the judgement. Nothing else has to be edited.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from validators.picture import Picture

JSONValue = str | int | float | bool | list["JSONValue"] | dict[str, "JSONValue"] | None
"""What may stand in a verdict: exactly what JSON can hold. Floats must be finite."""


Severity = Literal["block", "review", "warn"]
"""What a rule that is broken does: block the file, send it to a person, or only be told."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What could help a file that did not pass; the foreman takes free remedies before paid ones.

    `recrop` and `reencode` mend the very same output and are free. `new_seed` asks for another
    attempt, `avoid` for one that is told to leave out `what` (such as "text").
    """

    kind: Literal["recrop", "reencode", "new_seed", "avoid"]
    what: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Something found at a place, for drawing on a copy of the picture.

    `box` is left, top, width and height in pixels of the picture as people see it. `colour` is a
    hex colour where the mark is about one.
    """

    label: str
    box: tuple[int, int, int, int]
    passed: bool
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a criterion found: passed or not, what it measured (named with units), and why not.

    A finding that did not pass has a reason: one sentence that a non-programmer understands.
    """

    passed: bool
    measured: Mapping[str, JSONValue] = field(default_factory=dict)
    reason: str | None = None
    remedy: Remedy | None = None
    marks: tuple[Mark, ...] = ()

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
    severity: Severity = "block"
    remedy: Remedy | None = None
    marks: tuple[Mark, ...] = ()
    """For drawing; not kept with the verdict."""

    @property
    def blocks(self) -> bool:
        """Whether the file may not go on because of it."""
        return not self.passed and self.severity == "block"


class Criterion(BaseModel):
    """One rule of the definition of done, with its parameters.

    A subclass sets `name` (its word in orders, snake_case), `version` (raised whenever the same
    picture could get another verdict), `example` (parameters that make sense) and `cost_ms` (what
    it takes on one core for a picture of 1024 by 1024 pixels that is decoded already; cheap ones
    are asked first), says in its docstring what it demands, and judges in `inspect`: a pure
    function of the picture, without network, clock or randomness, safe to call from several
    threads. One that needs more than Mintage's own libraries names the `extra` that brings them
    and the `modules` that it imports, inside its functions and not before.

    Every parameter has a `description`, and a `unit` in its schema's extra where it has one:
    `Field(description="…", json_schema_extra={"unit": "px"})`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: ClassVar[str]
    version: ClassVar[int]
    example: ClassVar[Mapping[str, object]]
    cost_ms: ClassVar[float] = 1.0
    extra: ClassVar[str | None] = None
    modules: ClassVar[tuple[str, ...]] = ()

    severity: Severity = Field(
        default="block",
        description="block refuses the file, review sends it to a person, warn only tells",
    )

    @property
    def depends_on_books(self) -> bool:
        """Whether a finding may be another one next time, for the same bytes and parameters.

        So it is where pictures are compared with what is in the books: nothing is taken over then.
        """
        return False

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        """Name the modules that it needs and that are not installed."""
        return tuple(name for name in cls.modules if importlib.util.find_spec(name) is None)

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

    def contradicts_encoding(self, *, format_: str, quality: int) -> str | None:
        """Say what is in the way if files that are written with this quality could not pass, else None.

        As `contradicts`; the quality is that of the output, from 1 to 100.
        """
        del format_, quality
        return None

    def contradicts_other(self, other: Criterion) -> str | None:
        """Say why no file could ever pass both, else None.

        Asked for every pair of a definition of done, in both directions. The answer completes a
        sentence: "A beside B: …". A criterion that depends on no other need not define it.
        """
        del other
        return None

    @classmethod
    def reading(cls) -> dict[str, str]:
        """Name the parameters that an order gives as paths, each with what is read there."""
        found = {}
        for name, form in cls.model_fields.items():
            extra = form.json_schema_extra
            kind = extra.get("reads") if isinstance(extra, dict) else None
            if isinstance(kind, str):
                found[form.alias or name] = kind
        return found

    def contents(self) -> dict[str, JSONValue]:
        """Return all that the criterion can be made anew from, with what was read from files whole."""
        dumped: dict[str, JSONValue] = self.model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
        if self.severity == type(self).model_fields["severity"].default:
            dumped.pop("severity", None)
        return dumped

    def parameters(self) -> dict[str, JSONValue]:
        """Return the parameters as verdicts name them: with defaults, without unset ones.

        What was read from a file, such as a logo, is there as `sha256:` and the digest of it: it
        would fill the books with the same picture for every verdict. The severity, which changes
        nothing about the judgement, is left out where it is the criterion's own default (`block`
        for nearly all).
        """
        named = self.contents()
        for name in self.reading():
            if named.get(name):
                named[name] = _digest(named[name])
        return named


def _digest(content: JSONValue) -> str:
    """Return the digest of a picture's file in a `data:` address, or else of the canonical JSON."""
    if isinstance(content, str):
        data = base64.b64decode(content.partition(",")[2])
    else:
        data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
