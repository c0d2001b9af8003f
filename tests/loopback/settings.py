"""What a loopback provider is told when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from loopback.faults import Fault

TOKEN = "r8_loopback00000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the provider behaves. Pairs are (least, most) seconds, drawn evenly with `seed`.

    token  the only API token that is accepted
    seed  of latencies, of model seeds that were not given, and of fault draws; never of ids
    latency_s  a run, from start to end
    queue_s  from creation to start
    predict_time_s  what `metrics.predict_time` says instead of the simulated run's length, so that
        time-priced models cost realistic sums in a test that takes no time
    retention_s  input, output, logs and files are removed this long after the end
    list_lag_s  the list shows a prediction only this long after its creation
    page_size  predictions per page of the list
    page_by_offset  the next page begins so many predictions from the newest, so that what is created
        meanwhile makes everything slide and be listed twice; else pages go on from the last one listed
    creates_per_minute  creates beyond it within a rolling minute are throttled; None: never
    picture_variants  different pictures per size and format; None: one for each prompt and seed
    picture_size  (width, height) of every image, whatever was asked; None: as asked
    shelf  a folder of files that are given out by words of the prompt, in place of drawn pictures (see
        `loopback.shelf`); other prompts are drawn; None: all are
    delivery  "separate": output files on a port of their own; "same": on the API's port
    remembered_requests  how many requests are kept to be looked at
    faults  rules in force from the start
    """

    token: str = TOKEN
    seed: int = 0
    latency_s: tuple[float, float] = (0.0, 0.0)
    queue_s: tuple[float, float] = (0.0, 0.0)
    predict_time_s: tuple[float, float] | None = None
    retention_s: float = 3600.0
    list_lag_s: float = 0.0
    page_size: int = 100
    page_by_offset: bool = False
    creates_per_minute: int | None = None
    picture_variants: int | None = None
    picture_size: tuple[int, int] | None = None
    shelf: str | None = None
    delivery: Literal["separate", "same"] = "separate"
    remembered_requests: int = 20_000
    faults: tuple[Fault, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The settings as plain values, for the command line of the process form."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Settings:
        """The settings that `as_json` wrote; pairs may be lists."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
        }
        values["faults"] = tuple(Fault.from_json(rule) for rule in given.get("faults", ()))
        return cls(**values)
