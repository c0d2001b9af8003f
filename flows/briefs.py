"""One job's brief as the books keep it: everything that a generator is told except the seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from flows.job_labels import JobLabel, RenditionBrief
from generators import Brief

SEED_MAX = 2**31 - 1
"""The largest seed that every model with a card takes."""


def canonical_json(value: object) -> str:
    """Write JSON in its one canonical form: sorted keys, no spaces, text as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class JobBrief:
    """What a job asks for, placeholders filled in. `variables` are the row that filled them.

    A generator is told the part that `for_attempt` gives: neither label nor renditions.
    """

    prompt: str
    width: int
    height: int
    format: str
    quality: int
    upscale_max: Decimal
    params: Mapping[str, object]
    variables: Mapping[str, object]
    progressive: bool = True
    label: JobLabel | None = None
    """None in books from before there were labels: those files are released as they were made."""
    renditions: tuple[RenditionBrief, ...] = ()

    def to_json(self) -> str:
        """Write it for the books."""
        return canonical_json(
            {
                "prompt": self.prompt,
                "width": self.width,
                "height": self.height,
                "format": self.format,
                "quality": self.quality,
                "upscale_max": str(self.upscale_max),
                "params": self.params,
                "variables": self.variables,
                # Left out where it is as it always was: the books' older briefs have no such word.
                **({} if self.progressive else {"progressive": False}),
                **({} if self.label is None else {"label": self.label.to_data()}),
                **(
                    {"renditions": [one.to_data() for one in self.renditions]}
                    if self.renditions
                    else {}
                ),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> JobBrief:
        """Read it from the books."""
        data = json.loads(text)
        label = data.get("label")
        return cls(
            **{
                **data,
                "upscale_max": Decimal(data["upscale_max"]),
                "label": None if label is None else JobLabel.from_data(label),
                "renditions": tuple(map(RenditionBrief.from_data, data.get("renditions", ()))),
            }
        )

    def for_attempt(self, seed: int) -> Brief:
        """Make the generator's brief for one attempt."""
        return Brief(
            prompt=self.prompt,
            width=self.width,
            height=self.height,
            format=self.format,
            seed=seed,
            params=self.params,
        )


def attempt_seed(job_id: str, number: int) -> int:
    """Derive the seed of a job's nth attempt: the same on every machine, another one for every attempt.

    A seed of its own makes an attempt's exact input unique, which is how a lost one is found again
    in the provider's list.
    """
    digest = hashlib.sha256(f"{job_id}\n{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % SEED_MAX + 1
