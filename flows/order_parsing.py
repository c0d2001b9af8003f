"""Reads an order's form, or says what is wrong with it and what can still be judged of the rest."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flows.order_form import (
    OWN_FIELDS,
    OrderForm,
    described,
    did_you_mean,
    is_money,
    show,
    top_fields,
)
from flows.order_text import NumberText
from flows.problems import FieldPath, Places, Problem, dotted, within


def _problem(
    error: ErrorDetails, data: Mapping[str, object], places: Places
) -> tuple[FieldPath, Problem]:
    # pydantic adds the names of union members to a path; only what is in the file may stay.
    path: tuple[int | str, ...] = ()
    here: object = data
    for part in error["loc"]:
        missing = error["type"] == "missing" and part == error["loc"][-1]
        if isinstance(here, dict) and (part in here or missing):
            path = (*path, part)
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int):
            path = (*path, part)
            here = here[part] if part < len(here) else None
    wanted, siblings = described(path)
    if error["type"] == "extra_forbidden":
        name = str(path[-1])
        return path, places.problem(
            path,
            f"an unknown field{did_you_mean(name, siblings)}",
            f"only {', '.join(siblings)}" if siblings else "only fields that the form has",
        )
    if error["type"] == "missing":
        return path, places.problem(path, "nothing", wanted or "this field")
    found = show(here)
    if isinstance(here, (NumberText, int)) and path in {("budget", "cap"), ("budget", "per_job")}:
        quoted = _quoted(here.text if isinstance(here, NumberText) else str(here))
        return path, places.problem(
            path,
            f"{found}, which is no exact amount",
            f"it quoted: {quoted}" if quoted else str(wanted),
        )
    return path, places.problem(path, found, wanted or error["msg"])


def _quoted(text: str) -> str | None:
    """Write an amount as it is wanted, with the same value; None where it cannot be one."""
    try:
        plain = f"{Decimal(text):f}"
    except InvalidOperation:
        return None
    whole, _, cents = plain.partition(".")
    amount = f"{whole}.{cents:0<2}"
    return f'"{amount}"' if is_money(amount) else None


_MENDED: dict[tuple[str, ...], object] = {
    ("order",): "mended",
    ("title",): "mended",
    ("owner",): "mended",
    ("cost_center",): "mended",
    ("campaign",): "mended",
    ("budget",): {"cap": "1", "per_job": "999999999"},
    ("budget", "cap"): "1",
    ("budget", "per_job"): "999999999",
    ("budget", "attempts"): 1,
    ("brief",): {"prompt": "mended"},
    ("brief", "prompt"): "mended",
    ("generator",): {"provider": "mended", "model": "mended"},
    ("generator", "provider"): "mended",
    ("generator", "model"): "mended",
    ("generator", "params"): {},
    ("output",): {},
    ("done",): ["not_blank"],
    ("variants",): 1,
    ("review",): "none",
    ("concurrency",): 1,
}
"""What stands in for a wrong field while the rest of an order is judged."""


_OF_THE_MODEL = ("output.upscale_max", "output[0].upscale_max")
_DEPENDING: dict[str, tuple[str, ...]] = {
    "generator": _OF_THE_MODEL,
    "generator.provider": ("generator",),
    "generator.model": ("generator.params", *_OF_THE_MODEL),
}
"""What cannot be judged either where a field is wrong."""


def _depending(path: str) -> tuple[str, ...]:
    if within(path, "matrix") or within(path, "items"):
        # Without them nothing binds the placeholders, and jobs seem to have one name.
        return ("brief", "generator.params", "output", "done", "label")
    return _DEPENDING.get(path, ())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An order whose form is wrong: its problems, and the same order with the wrong fields mended.

    `mended` is None where a field is wrong that nothing can stand in for.
    """

    problems: tuple[Problem, ...]
    paths: tuple[str, ...]
    mended: OrderForm | None

    def covers(self, field: str) -> bool:
        """Whether a later problem is, or may be, only about something that was mended."""
        return any(
            within(field, path) or any(within(field, other) for other in _depending(path))
            for path in self.paths
        )


def parse_order(data: dict[str, object], places: Places) -> OrderForm | Unreadable:
    """Read the form, or list every problem with its line."""
    found: dict[FieldPath, Problem] = {}
    details: list[ErrorDetails] = []
    for own in OWN_FIELDS:
        if own in data:
            wanted = f"only {', '.join(top_fields())}"
            found[own,] = places.problem((own,), "an unknown field", wanted)
    try:
        form = OrderForm.model_validate({key: data[key] for key in data if key not in OWN_FIELDS})
        if not found:
            return form
    except ValidationError as error:
        details = error.errors(include_url=False)
    for detail in details:
        path, problem = _problem(detail, data, places)
        found.setdefault(path, problem)
    # Below a problem only the deepest says what to do: a list under `review:` is one fault, not two.
    deepest = {
        path: problem
        for path, problem in found.items()
        if not any(other != path and other[: len(path)] == path for other in found)
    }
    # Nothing stands in for one entry of a list, as the others would be counted anew: the list is mended.
    whole = list(dict.fromkeys(_without_entries(path) for path in deepest))
    return Unreadable(
        tuple(deepest.values()), tuple(dotted(path) for path in whole), _mend(data, whole)
    )


def _without_entries(path: FieldPath) -> FieldPath:
    """Give the field that a path leads to, or the list through which it goes."""
    return tuple(itertools.takewhile(lambda part: isinstance(part, str), path))


def _mend(data: dict[str, object], paths: Iterable[FieldPath]) -> OrderForm | None:
    mended = copy.deepcopy(data)
    for path in paths:
        holder: object = mended
        for part in path[:-1]:
            holder = holder.get(part) if isinstance(holder, dict) else None
        names = tuple(str(part) for part in path)
        if not isinstance(holder, dict):
            return None
        top = _MENDED.get(names)
        if top is None:
            top = _MENDED.get(names[:1]) if names[:1] == ("review",) else None
            names = names[:1] if top is not None else names
            holder = mended if top is not None else holder
        if top is None:
            holder.pop(names[-1], None)
        else:
            holder[names[-1]] = copy.deepcopy(top)
    try:
        return OrderForm.model_validate(mended)
    except ValidationError:
        return None
