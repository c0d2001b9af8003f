"""Which criteria there are: every `Criterion` defined in a module of `validators/criteria/`."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from validators import criteria
from validators.criterion import Criterion
from validators.errors import BrokenCriterion

INTACT: Final = "intact"
"""The verdict that every inspection begins with; no criterion may take its name."""

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class CriterionForm:
    """What an author of orders has to know of one criterion.

    `schema` is the JSON schema of its parameters; `bare` says that its name alone is enough.
    """

    name: str
    version: int
    summary: str
    description: str
    example: Mapping[str, object]
    cost_ms: float
    extra: str | None
    schema: Mapping[str, object]
    bare: bool


@functools.cache
def registered() -> Mapping[str, type[Criterion]]:
    """Return every criterion by its name, sorted.

    Raises:
        BrokenCriterion: a criterion has no proper name, version, docstring or example, or two
            have the same name.
    """
    found: dict[str, type[Criterion]] = {}
    for criterion in _defined():
        fault = _fault(criterion)
        if fault is None and criterion.name in found:
            fault = f"{found[criterion.name].__module__} has the same name"
        if fault is not None:
            raise BrokenCriterion(f"{criterion.__module__}.{criterion.__qualname__}", fault)
        found[criterion.name] = criterion
    return MappingProxyType(dict(sorted(found.items())))


def criteria_forms() -> tuple[CriterionForm, ...]:
    """Describe every criterion, for `mintage check` and the documentation, sorted by name."""
    return tuple(_form(criterion) for criterion in registered().values())


def _defined() -> Iterator[type[Criterion]]:
    for entry in pkgutil.iter_modules(criteria.__path__, f"{criteria.__name__}."):
        module = importlib.import_module(entry.name)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Criterion)
                and value.__module__ == module.__name__
                and not value.__name__.startswith("_")
            ):
                yield value


def _fault(criterion: type[Criterion]) -> str | None:
    return next(_faults(criterion), None)


def _faults(criterion: type[Criterion]) -> Iterator[str]:
    name = getattr(criterion, "name", None)
    version = getattr(criterion, "version", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == INTACT:
        yield f"its name {name!r} is not a free word in snake_case"
    if not isinstance(version, int) or version < 1:
        yield f"its version {version!r} is not a whole number from 1"
    if "__doc__" not in vars(criterion) or not (criterion.__doc__ or "").strip():
        yield "it has no docstring"
    if not isinstance(getattr(criterion, "example", None), Mapping):
        yield "it has no example parameters"
    cost_ms = getattr(criterion, "cost_ms", None)
    if not isinstance(cost_ms, int | float) or cost_ms <= 0:
        yield f"its cost of {cost_ms!r} ms is no positive number"
    if criterion.modules and criterion.extra is None:
        yield "it needs modules and names no extra that brings them"


def _form(criterion: type[Criterion]) -> CriterionForm:
    description = inspect.getdoc(criterion) or ""
    return CriterionForm(
        name=criterion.name,
        version=criterion.version,
        summary=description.partition("\n\n")[0].replace("\n", " "),
        description=description,
        example=criterion.example,
        cost_ms=criterion.cost_ms,
        extra=criterion.extra,
        schema=criterion.model_json_schema(by_alias=True),
        bare=_accepts_nothing(criterion),
    )


def _accepts_nothing(criterion: type[Criterion]) -> bool:
    from pydantic import ValidationError

    try:
        criterion.model_validate({})
    except ValidationError:
        return False
    return True
