"""The `done:` list of an order: read into criteria, or every problem with it at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from validators.criterion import Criterion
from validators.registry import registered

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_FOUND_WIDTH: Final = 60
_WORDS: Final = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one item of the list.

    `index` counts items from 0; `path` leads from the item to the field, so (index, *path) leads
    there from the list. `found` and `wanted` complete the sentence "found …, wanted …".
    """

    index: int
    path: tuple[str | int, ...]
    found: str
    wanted: str


def parse_done(items: Sequence[object]) -> tuple[Criterion, ...] | list[Problem]:
    """Read the items, each `{criterion: {parameter: value}}` or a bare name, in their order.

    Returns the criteria, or all problems of all items when there is at least one.
    """
    parsed: list[Criterion] = []
    problems: list[Problem] = []
    for index, item in enumerate(items):
        result = _parse_item(index, item)
        if isinstance(result, list):
            problems.extend(result)
        elif result in parsed:
            problems.append(_problem(index, (result.name,), item, "no item twice"))
        else:
            parsed.append(result)
    return problems or tuple(parsed)


def _parse_item(index: int, item: object) -> Criterion | list[Problem]:
    if isinstance(item, str):
        name, parameters = item, None
    elif isinstance(item, Mapping) and len(item) == 1:
        name, parameters = next(iter(item.items()))
    else:
        return [_problem(index, (), item, _wanted_item(item))]
    criterion = registered().get(name) if isinstance(name, str) else None
    if criterion is None:
        wanted = f"a criterion{_one_of(name, registered())}"
        return [_problem(index, (str(name),), name, wanted)]
    if not isinstance(parameters, Mapping | None):
        wanted = f"its parameters by name, such as {_shown({name: dict(criterion.example)})}"
        return [_problem(index, (name,), parameters, wanted)]
    try:
        return criterion.model_validate(dict(parameters or {}))
    except ValidationError as error:
        return [
            _field_problem(index, criterion, detail, _reachable(parameters, detail["loc"]))
            for detail in error.errors()
        ]


def _wanted_item(item: object) -> str:
    names = [name for name in item if name in registered()] if isinstance(item, Mapping) else []
    if len(names) == 1 and isinstance(item, Mapping) and item[names[0]] is None:
        return f"the parameters indented by two more spaces than {names[0]!r}"
    return "one criterion per item, such as " + _shown({"dimensions": {"width": 1024}})


def _field_problem(
    index: int, criterion: type[Criterion], detail: ErrorDetails, location: _Path
) -> Problem:
    path = (criterion.name, *location)
    fields = _field_names(criterion)
    match detail["type"]:
        case "extra_forbidden":
            field = detail["loc"][-1]
            wanted = f"a parameter of {criterion.name}{_one_of(field, fields)}"
            return Problem(index, path, f"an unknown parameter {field!r}", wanted)
        case "missing":
            example = _shown({criterion.name: dict(criterion.example)})
            return Problem(index, path, "nothing", f"a value, such as {example}")
        case "value_error":
            wanted = str(detail.get("ctx", {}).get("error", detail["msg"]))
        case "literal_error":
            choices = str(detail.get("ctx", {}).get("expected", ""))
            names = [choice.strip(" '") for choice in choices.replace(" or ", ",").split(",")]
            wanted = f"one of them{_one_of(detail['input'], names)}"
        case _:
            wanted = _WORDS.get(detail["type"], detail["msg"].removeprefix("Input should be "))
    return _problem(index, path, detail["input"], wanted)


def _reachable(parameters: object, location: _Path) -> _Path:
    """Return the part of a path that exists in what the author wrote, plus at most one missing key.

    A criterion may read a single word as a list of one; the path then stops at the word.
    """
    kept: list[str | int] = []
    here: object = parameters or {}
    for step in location:
        if not isinstance(here, Mapping | list):
            break
        kept.append(step)
        here = _child(here, step)
    return tuple(kept)


def _child(here: object, step: str | int) -> object:
    if isinstance(here, Mapping):
        return here.get(step)
    if isinstance(here, list) and isinstance(step, int) and step < len(here):
        return here[step]
    return None


def _field_names(criterion: type[Criterion]) -> list[str]:
    names = [field.alias or name for name, field in criterion.model_fields.items()]
    # Every criterion has a severity; its own parameters are what an author looks for first.
    return sorted(names, key=lambda name: name == "severity")


def _one_of(found: object, known: Iterable[str]) -> str:
    """List what is known, with the nearest word to what was found, if any is near."""
    names = list(known)
    near = difflib.get_close_matches(str(found), names, n=1, cutoff=0.6)
    hint = f", did you mean {near[0]!r}?" if near else ""
    return f" ({', '.join(names)}){hint}"


def _problem(index: int, path: _Path, found: object, wanted: str) -> Problem:
    return Problem(index, path, _shown(found), wanted)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _FOUND_WIDTH else f"{text[: _FOUND_WIDTH - 1]}…"
