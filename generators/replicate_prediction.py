"""Replicate's record of one run, read leniently: only what money and bytes depend on.

The client library's own models are not used: they fail on status `aborted` and on a null version,
and drop `data_removed` (replicate 1.0.7). Numbers are read as Decimal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

ENDED = frozenset({"succeeded", "failed", "canceled", "aborted"})
"""The statuses that never change again. `aborted`: its deadline passed before it started."""

_REF = re.compile(r"[A-Za-z0-9_-]{1,64}")

_HOPELESS = re.compile(
    r"\bE005\b|\bE1001\b|\bE00[12]\b|nsfw|sensitive|flagged|safety|out of memory", re.IGNORECASE
)
"""A new attempt would end the same way: the content was refused, or it does not fit the machine.

E001 and E002 are the model maker's own credit and key. Codes:
replicate.com/docs/reference/error-codes and the wrapper codes that official models write.
"""

_TRANSIENT = re.compile(
    r"code: PA\b|\bE(9828|6716|8367|8765|9243|9825|1000|003|004)\b"
    r"|interrupted|temporarily|high demand",
    re.IGNORECASE,
)
"""A fault of the platform on one run; the next run has nothing to do with it."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One run on Replicate's record."""

    ref: str
    status: str
    model: str
    version: str
    input: Mapping[str, object]
    output: object
    error: str
    metrics: Mapping[str, Decimal]
    created_at: datetime | None
    completed_at: datetime | None
    data_removed: bool
    deployment: str
    """The deployment that it ran on, `owner/name`; empty for a public model."""

    @property
    def ended(self) -> bool:
        """Whether its status can never change again."""
        return self.status in ENDED

    @property
    def blanked(self) -> bool:
        """Whether its inputs were removed, so that nobody can tell any more what was asked for."""
        return self.data_removed or not self.input

    def urls(self) -> Iterator[str]:
        """Yield the URLs in its output, in order, whatever the output's shape."""
        yield from _strings(self.output)

    def worth_retrying(self, *, charged: bool) -> bool:
        """Say whether a new attempt could help after this failure.

        An error on neither list is tried again where failing is free, and not where it costs.
        """
        if _HOPELESS.search(self.error):
            return False
        return not charged or _TRANSIENT.search(self.error) is not None


def read_json(text: str | bytes) -> object:
    """Parse JSON with exact numbers.

    Raises:
        ValueError: it is no JSON, or holds NaN or an infinity.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def read_prediction(value: object) -> Prediction | None:
    """Read a prediction object; None when it is none (no usable id, no status)."""
    if not isinstance(value, dict):
        return None
    ref, status = value.get("id"), value.get("status")
    if not isinstance(ref, str) or not _REF.fullmatch(ref) or not isinstance(status, str):
        return None
    error, inputs, metrics = value.get("error"), value.get("input"), value.get("metrics")
    return Prediction(
        ref=ref,
        status=status,
        model=_text(value.get("model")),
        version=_text(value.get("version")),
        input=inputs if isinstance(inputs, dict) else {},
        output=value.get("output"),
        error=_text(error) if isinstance(error, str) else ("" if error is None else repr(error)),
        metrics=_numbers(metrics) if isinstance(metrics, dict) else {},
        created_at=_moment(value.get("created_at")),
        completed_at=_moment(value.get("completed_at")),
        data_removed=value.get("data_removed") is True,
        deployment=_text(value.get("deployment")),
    )


def fingerprint(inputs: Mapping[str, object]) -> str:
    """Return a text that two inputs share exactly when they are equal as JSON values.

    3, 3.0 and Decimal("3.0") are one number, wherever JSON was written and read in between.
    """
    return json.dumps(_canonical(inputs), sort_keys=True)


def _canonical(value: object) -> object:
    match value:
        case bool() | None:
            return value
        case int() | float() | Decimal():
            number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            return {"number": format(number.normalize(), "f")}
        case Mapping():
            return {"object": {str(key): _canonical(item) for key, item in value.items()}}
        case list() | tuple():
            return [_canonical(item) for item in value]
        case _:
            return str(value)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(("https://", "http://")):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def _numbers(metrics: Mapping[str, object]) -> dict[str, Decimal]:
    return {
        name: Decimal(value)
        for name, value in metrics.items()
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and _is_sane(value)
    }


_LEAST, _MOST = Decimal("1e-9"), Decimal(10**9)


def _is_sane(value: int | Decimal) -> bool:
    """Whether a metric can be what was used; any other is taken as not reported.

    No run uses a billion of anything, nor a billionth part: such a number is a fault of the record,
    and pricing it would make a run free or break the books.
    """
    return value == 0 or _LEAST <= value <= _MOST


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        # No calendar, or a year that UTC does not reach: a moment that nobody can know.
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _no_number(name: str) -> object:
    message = f"{name} is no JSON number"
    raise ValueError(message)
