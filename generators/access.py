"""What an adapter is given to reach its provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a provider. Secrets are not shown by `repr`."""

    concurrency: int = 16
    """How many attempts are under way at once; sizes connection pools."""
    replicate_token: str | None = field(default=None, repr=False)
    replicate_base_url: str | None = None
    """Where Replicate's API is, without `/v1`; None means the public one."""
    absent_after_s: float | None = None
    """How long after an answer was lost the provider's record is sure to be whole; None means as long
    as the model's card lets a run take, and half a minute at least."""
    creates_per_minute: int = 600
    """How many paid requests may be sent in a minute; Replicate's own limit is 600."""
    photo_folder: Path | None = None
    """Where local generators may take photographs from; None means that they may not."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where an adapter that is named nowhere else finds its own token and address."""
