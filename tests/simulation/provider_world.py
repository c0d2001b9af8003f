"""Replicate as it is from outside: it creates, runs, bills, lists, forgets, and breaks at random.

It knows nothing of Mintage's books. Its bill is worked out here, from prices of its own.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

EPOCH = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
"""When the virtual clock is at zero; midnight is near, so that days and months change in a run."""

KEPT_S = 3600.0
"""Inputs and outputs are removed after an hour."""
PAGE = 4
SCHNELL = "black-forest-labs/flux-schnell"
OVER_BOUND = 0.01
"""How many runs are billed for more seconds than they were allowed."""
IMAGE_NANO = 3_000_000
SECOND_NANO = 975_000

ENDINGS = {
    "succeeded": 79,
    "framed": 5,
    "blank": 4,
    "garbage": 3,
    "failed": 3,
    "sensitive": 1,
    "aborted": 2,
    "canceled": 3,
}
"""How a run ends, by weight. To who makes the bill, pictures with bars at their edges, blank ones and
garbage are successes."""

ROUTES = {
    "answered": 78,
    "not_sent": 3,
    "cut_before": 4,
    "cut_after": 5,
    "late": 3,
    "error_after": 3,
    "throttled": 3,
    "no_credit": 1,
}
"""What becomes of a POST, by weight."""


@dataclass(slots=True)
class Run:
    """One prediction on the provider's record."""

    ref: str
    input: Mapping[str, object]
    version: str
    is_ours: bool
    created_s: float
    ends_s: float
    ending: str
    metrics_after_s: float
    output_back_s: float
    """Until when its output cannot be fetched."""
    seconds: Decimal
    listed_s: float
    """From when on the list shows it."""

    @property
    def model(self) -> str:
        """The model's name."""
        return SCHNELL if self.version == "" else "stability-ai/sdxl"

    @property
    def status(self) -> str:
        """The status that it ends with."""
        if self.ending in {"framed", "blank", "garbage", "succeeded"}:
            return "succeeded"
        return "failed" if self.ending == "sensitive" else self.ending

    def metrics(self) -> dict[str, object]:
        """What it used."""
        found: dict[str, object] = {"predict_time": self.seconds, "total_time": self.seconds + 1}
        if self.version == "" and self.status == "succeeded":
            found["image_output_count"] = 1
        return found

    def billed_nano(self) -> int:
        """What the bill will say: succeeded runs are charged, canceled ones for what they used."""
        if self.status not in {"succeeded", "canceled"}:
            return 0
        if self.version == "":
            return IMAGE_NANO if self.status == "succeeded" else 0
        return int((self.seconds * SECOND_NANO).to_integral_value())


@dataclass(slots=True)
class ProviderWorld:
    """One account at the provider."""

    rng: random.Random
    now_s: Callable[[], float]
    later: Callable[[float, Callable[[], None]], object]
    on_change: Callable[[Run], None]
    """Told of every run that is created, and again when it has ended."""
    storm: bool = True
    runs: dict[str, Run] = field(default_factory=dict)

    def draw_route(self) -> str:
        """Draw what becomes of a POST."""
        return self._draw(ROUTES) if self.storm else "answered"

    def _draw(self, weights: Mapping[str, int]) -> str:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def create(self, version: str, inputs: Mapping[str, object], *, is_ours: bool = True) -> Run:
        """Create a run that will end by itself."""
        now_s, rng = self.now_s(), self.rng
        ending = self._draw(ENDINGS) if self.storm else "succeeded"
        run = Run(
            ref=f"run{len(self.runs):06d}",
            input=dict(inputs),
            version=version,
            is_ours=is_ours,
            created_s=now_s,
            ends_s=now_s + rng.choice((0.3, 1.0, 3.0, 8.0)) * rng.random(),
            ending=ending,
            metrics_after_s=rng.choice((0.0, 0.0, 0.0, 0.7)),
            output_back_s=0.0,
            seconds=Decimal(self._milliseconds()) / 1000,
            listed_s=now_s + rng.choice((0.0, 0.0, 1.0, 8.0)),
        )
        if self.storm and rng.random() < 0.06:
            run.output_back_s = run.ends_s + rng.choice((2.0, 60.0, 7200.0))
        self.runs[run.ref] = run
        self.on_change(run)
        self.later(run.ends_s - now_s, lambda: self.on_change(run))
        return run

    def _milliseconds(self) -> int:
        """Draw how long a run computes; a few in a storm take longer than their bound allows."""
        is_over = self.storm and self.rng.random() < OVER_BOUND
        return self.rng.randrange(60_000, 70_000) if is_over else self.rng.randrange(1, 60_000)

    def has_ended(self, run: Run) -> bool:
        """Whether a run has ended by now."""
        return self.now_s() >= run.ends_s

    def shown(self, run: Run) -> dict[str, object]:
        """Show a run as the API does."""
        now_s = self.now_s()
        ended = now_s >= run.ends_s
        gone = ended and now_s > run.ends_s + KEPT_S
        succeeded = ended and run.status == "succeeded"
        return {
            "id": run.ref,
            "model": run.model,
            "version": run.version or "hidden",
            "status": run.status if ended else "processing",
            "input": {} if gone else run.input,
            "output": [f"https://replicate.delivery/{run.ref}/out.png"]
            if succeeded and not gone
            else None,
            "error": _ERRORS.get(run.ending) if ended else None,
            "metrics": run.metrics() if ended and now_s >= run.ends_s + run.metrics_after_s else {},
            "created_at": self.moment(run.created_s).isoformat(),
            "data_removed": gone,
        }

    def moment(self, at_s: float) -> datetime:
        """Tell the provider's own time."""
        return EPOCH + timedelta(seconds=at_s)

    def listed(
        self, created_after: datetime, start: int
    ) -> tuple[list[dict[str, object]], int | None]:
        """Give a page of the list, newest first, and where the next one starts.

        A page starts where the last one ended, counted from the oldest: what is created meanwhile
        moves nothing.
        """
        known = list(self.runs.values())[: start if start >= 0 else None]
        page = [
            run
            for run in reversed(known)
            if self.moment(run.created_s) >= created_after and self.now_s() >= run.listed_s
        ]
        left = len(page) - PAGE
        following = list(self.runs).index(page[PAGE - 1].ref) if left > 0 else None
        return [self.shown(run) for run in page[:PAGE]], following

    def bill(self) -> dict[str, int]:
        """Give what each of our runs costs in nano-USD, free ones left out."""
        return {
            run.ref: run.billed_nano()
            for run in self.runs.values()
            if run.is_ours and run.billed_nano()
        }

    async def sleep(self, longest_s: float) -> None:
        """Take some time, as networks do."""
        await asyncio.sleep(self.rng.random() * longest_s)


_ERRORS = {
    "failed": "Prediction interrupted; please retry (code: PA)",
    "sensitive": "The input or output was flagged as sensitive. (E005)",
}
