"""Parts for tests of orders: a good one to change, and one-line ways to plan it."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import BadOrder, Plan, Problem, plan_order
from generators import Access, Appraiser, GeneratorError, open_appraiser

TODAY = date(2026, 11, 2)

GOOD: dict[str, Any] = {
    "order": "mugs",
    "title": "Autumn mugs",
    "owner": "brand-team@acme.example",
    "cost_center": "cc-4100",
    "campaign": "autumn-2026",
    "budget": {"cap": "5.00", "per_job": "0.20", "attempts": 3},
    "generator": {"provider": "replicate", "model": "black-forest-labs/flux-schnell"},
    "brief": {"prompt": "A {product} on {surface}"},
    "matrix": {"product": ["mug", "lamp"], "surface": ["oak", "slate"]},
    "variants": 2,
    "output": {
        "width": 1024,
        "height": 1024,
        "format": "webp",
        "name": "{product}/{surface}-{variant}",
    },
    "done": [{"dimensions": {"width": 1024, "height": 1024}}, {"format": {"is": "webp"}}],
}
"""Eight jobs of flux-schnell."""

GONE = object()
"""Stands for a field that is left out."""


def order(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Change the good order; `budget__cap` means `budget.cap`, GONE takes a field away."""
    made = copy.deepcopy(GOOD)
    for name, value in changes.items():
        *holders, field = name.split("__")
        holder = made
        for part in holders:
            holder = holder[part]
        if value is GONE:
            holder.pop(field, None)
        else:
            holder[field] = value
    return made


def write(folder: Path, data: dict[str, Any] | str, name: str = "order.yaml") -> Path:
    """Write an order file, from data or as it is."""
    path = folder / name
    text = data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False)
    path.write_text(text, encoding="utf-8")
    return path


def appraiser(provider: str, model: str) -> Appraiser | str:
    """Find who prices a model; nobody needs a token for it."""
    try:
        return open_appraiser(provider, model, Access(), today=TODAY)
    except GeneratorError as error:
        return str(error)


def plan(folder: Path, data: dict[str, Any] | str, *, jobs_max: int = 100_000) -> Plan:
    """Plan an order that is good."""
    return plan_order(write(folder, data), appraiser, jobs_max=jobs_max)


def problems(
    folder: Path, data: dict[str, Any] | str, *, jobs_max: int = 100_000
) -> tuple[Problem, ...]:
    """List what is wrong with an order that is not good."""
    with pytest.raises(BadOrder) as raised:
        plan(folder, data, jobs_max=jobs_max)
    return raised.value.problems


def only(
    folder: Path, data: dict[str, Any] | str, *, jobs_max: int = 100_000
) -> tuple[str, str, str]:
    """Give the field, the finding and the wish of the one problem that there is."""
    found = problems(folder, data, jobs_max=jobs_max)
    assert len(found) == 1, [problem.sentence() for problem in found]
    return found[0].field, found[0].found, found[0].wanted


def names(made: Plan) -> list[str]:
    """List the jobs' names in order."""
    return [job.name for job in made.jobs()]
