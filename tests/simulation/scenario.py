"""What one seed means: an order, the machines and terminals it is run from, and what goes wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulation.pictures import SDXL_SIDE, SIDE

MODELS = {
    "black-forest-labs/flux-schnell": (Decimal("0.003"), SIDE),
    "stability-ai/sdxl": (Decimal("0.0585"), SDXL_SIDE),
}
"""The dearest cost of one attempt in USD, and the side of the pictures in pixels."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One seed, drawn."""

    seed: int
    order: dict[str, Any]
    jobs: int
    attempts: int
    cap_usd: Decimal
    chunk_size: int
    terminals: int
    skews_s: tuple[float, ...]
    """How far each machine's clock is from the provider's; terminals take machines in turn."""
    storm_s: float
    gap_s: float
    """How long everything rests between storm and calm: beyond an hour, the provider has forgotten."""
    lethal: float
    """How many of the runs are killed, from 0 to 1."""
    signs: bool
    """Whether the house signs what it releases."""


def draw(seed: int) -> Scenario:
    """Draw a scenario from its seed."""
    rng = random.Random(f"scenario {seed}")
    # Drawn apart: what was known of a seed before there were renditions is still true of it.
    files = random.Random(f"files {seed}")
    model = rng.choices(list(MODELS), (4, 1))[0]
    dearest_usd, side = MODELS[model]
    jobs, attempts = rng.randint(2, 7), rng.randint(1, 3)
    whole = dearest_usd * jobs * attempts
    cap_usd = rng.choice((whole, whole, whole / 2, dearest_usd * jobs, dearest_usd * 2))
    per_job = dearest_usd * rng.choice((attempts, attempts, 1))
    order = {
        "order": "mugs",
        "title": "Mugs",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "autumn-2026",
        "budget": {"cap": str(cap_usd), "per_job": str(per_job), "attempts": attempts},
        "generator": {"provider": "replicate", "model": model},
        "brief": {"prompt": "Mug {variant}"},
        "variants": jobs,
        "output": output(side, files.choices((0, 1, 2), (7, 2, 1))[0]),
        "done": [
            {"dimensions": {"width": side, "height": side}},
            {"format": {"is": "png"}},
            {"not_blank": {}},
            {"borders": {"max_percent": 2}},
        ],
        "review": rng.choices(["none", {"sample": "0.5"}, "all"], (8, 1, 1))[0],
        "concurrency": rng.randint(1, 4),
    }
    machines = rng.randint(1, 2)
    return Scenario(
        seed=seed,
        order=order,
        jobs=jobs,
        attempts=attempts,
        cap_usd=cap_usd,
        chunk_size=rng.choice((1, 1, 2, 3)),
        terminals=rng.choices((1, 2, 3), (3, 2, 1))[0],
        skews_s=tuple(
            rng.choice((0.0, rng.uniform(-3, 3), rng.uniform(-400, 400))) for _ in range(machines)
        ),
        storm_s=rng.uniform(20, 300),
        gap_s=rng.choices((0.0, rng.uniform(0, 120), rng.uniform(3000, 9000)), (5, 3, 2))[0],
        lethal=rng.choice((0.0, 0.5, 0.9, 0.9)),
        signs=files.random() < 0.25,
    )


def output(side: int, renditions: int) -> dict[str, Any] | list[dict[str, Any]]:
    """Write what files each job ends in. Of a framed picture that was not mended a half is black too."""
    master = {"width": side, "height": side, "format": "png", "name": "mug-{variant}"}
    if not renditions:
        return master
    half = {"width": side // 2, "height": side // 2, "name": "mug-{variant}-half"}
    wide = {"width": side, "height": side // 2, "name": "mug-{variant}-wide"}
    return [master, half, wide][: renditions + 1]
