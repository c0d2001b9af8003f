"""One prediction and its whole life, decided when it is created and read off the clock after that.

All times are integer microseconds since 1970 (UTC): what the API prints is what it computes with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loopback.catalog import ModelSpec
from loopback.faults import Fault

SECOND_US = 1_000_000


def timestamp(at_us: int) -> str:
    """RFC 3339 in UTC with microseconds, as the API writes it."""
    whole, rest = divmod(at_us, SECOND_US)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:06d}Z"


def microseconds(text: str) -> int:
    """The inverse of `timestamp`, for any ISO 8601 date-time; ValueError when it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@dataclass(slots=True)
class Prediction:
    """What was asked, when it starts and ends, and how.

    `start_us` is None when the run will never start. `files_us` is when the output files are out.
    `outcome`, `end_us` are what happens if nobody cancels it and no deadline comes first.
    `nominal_s` is the run's length as the metrics tell it, when that is not the simulated one.
    `shelved` is the file that every output is, when it was not drawn.
    """

    number: int
    id: str
    spec: ModelSpec
    version: str
    given: dict[str, Any]
    completed_input: dict[str, Any]
    seed: int
    source: str
    created_us: int
    start_us: int | None
    files_us: int
    end_us: int
    outcome: str
    error: str | None
    size: tuple[int, int]
    counts: dict[str, int]
    files: tuple[str, ...]
    listed_us: int
    nominal_s: float | None = None
    shelved: Path | None = None
    deadline_us: int | None = None
    canceled_us: int | None = None
    faults: tuple[Fault, ...] = ()
    bad_gets_left: int = 0
    fetches: dict[str, int] = field(default_factory=dict)

    def ending(self) -> tuple[int, str]:
        """When it ends and with which status, as far as is known now."""
        end = (self.end_us, self.outcome)
        for stop_us in (self.deadline_us, self.canceled_us):
            if stop_us is None or stop_us >= end[0]:
                continue
            never_started = self.start_us is None or stop_us <= self.start_us
            end = (stop_us, "aborted" if never_started else "canceled")
        return end

    def status(self, now_us: int) -> str:
        """The status at a moment."""
        end_us, status = self.ending()
        if now_us >= end_us:
            return status
        started = self.start_us is not None and now_us >= self.start_us
        return "processing" if started else "starting"

    def is_terminal(self, now_us: int) -> bool:
        """Whether it has ended."""
        return now_us >= self.ending()[0]

    def answerable_us(self) -> int:
        """When a create request that waits may be answered: the files are out, or it ended."""
        end_us, status = self.ending()
        return min(end_us, self.files_us) if status == "succeeded" else end_us

    def metrics(self) -> dict[str, Any]:
        """The final metrics. They are what the bill is made of."""
        end_us, status = self.ending()
        shown: dict[str, Any] = {}
        if status in {"succeeded", "canceled"} or self._counts_anyway():
            shown.update(self.counts)
        if status != "aborted" and self.start_us is not None:
            shown["predict_time"] = self._predict_time_s(end_us)
        shown["total_time"] = (end_us - self.created_us) / SECOND_US
        return shown

    def _counts_anyway(self) -> bool:
        return any(fault.kind == "failed" and fault.with_counts for fault in self.faults)

    def _predict_time_s(self, end_us: int) -> float:
        start_us = self.start_us or end_us
        run_us = end_us - start_us
        if self.nominal_s is None:
            return run_us / SECOND_US
        planned_us = self.end_us - start_us
        share = run_us / planned_us if planned_us else 1.0
        return round(self.nominal_s * share, 9)


def view(
    prediction: Prediction, now_us: int, *, api_url: str, files_url: str, retention_us: int
) -> dict[str, Any]:
    """The prediction object of the API as it stands at a moment."""
    end_us, status = prediction.ending()
    ended = now_us >= end_us
    status = status if ended else prediction.status(now_us)
    removed = ended and now_us >= end_us + retention_us
    here = f"{api_url}/v1/predictions/{prediction.id}"
    shown: dict[str, Any] = {
        "id": prediction.id,
        "model": prediction.spec.slug,
        "version": prediction.version,
        "input": {} if removed else prediction.given,
        "logs": "" if removed or status == "starting" else f"Using seed: {prediction.seed}\n",
        "output": None if removed else _output(prediction, now_us, status, files_url),
        "data_removed": removed,
        "error": prediction.error if status == "failed" else None,
        "status": status,
        "source": prediction.source,
        "created_at": timestamp(prediction.created_us),
        "metrics": prediction.metrics() if ended else {},
        "urls": {
            "cancel": f"{here}/cancel",
            "get": here,
            "web": f"https://replicate.com/p/{prediction.id}",
        },
    }
    start_us = prediction.start_us
    if start_us is not None and min(now_us, end_us) >= start_us and status != "aborted":
        shown["started_at"] = timestamp(start_us)
    if ended:
        shown["completed_at"] = timestamp(end_us)
    if prediction.deadline_us is not None:
        shown["deadline"] = timestamp(prediction.deadline_us)
    return shown


def _output(prediction: Prediction, now_us: int, status: str, files_url: str) -> object:
    early = status == "processing" and now_us >= prediction.files_us
    if status != "succeeded" and not early:
        return None
    urls = [f"{files_url}/files/{prediction.id}/{name}" for name in prediction.files]
    return urls if prediction.spec.output == "list" else urls[0]
