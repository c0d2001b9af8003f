"""Replicate's own record of runs, read page by page, and how far its clock is from ours.

The list can be filtered by time only, and the time is Replicate's. A hold was written by a clock of
ours, which may have been wrong then, may be wrong now, and may have been set right in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from generators.contract import LostBuild
from generators.errors import ProviderUnavailable
from generators.replicate_patience import Clocks
from generators.replicate_prediction import Prediction, fingerprint, read_prediction
from generators.replicate_wire import Answer, ReplicateWire

if TYPE_CHECKING:
    from generators.cards import ModelCard

CLOCK_ERROR = timedelta(minutes=15)
"""How wrong the clock may have been that wrote a hold; what it shows now says nothing of then."""

CLOCK_SET_BACK = timedelta(days=1)
"""How wrong it may have been where the books show that it was set back since."""

SKEW_NOTICED = timedelta(seconds=30)
"""More than this is no delay of an answer: one of the two clocks is wrong."""

SKEW_MAX = timedelta(days=1)
"""With more than this between the clocks, nobody can say what is missing from the record."""

PAGES_MAX = 2000
READ_WAITS_S = (0.5, 1.0, 2.0, 4.0)
"""Pauses between tries of one reading."""

_SECOND = timedelta(seconds=1)
_NO_SKEW = timedelta(0)


@dataclass(slots=True)
class Record:
    """What a listing showed that could concern the attempts looked for."""

    read_at: datetime
    """When its reading began, by our clock: what is created later need not be in it."""
    skew: timedelta | None
    """How far Replicate's clock is ahead of ours, as little as its answer allows; None: not told."""
    by_input: dict[str, list[Prediction]] = field(default_factory=dict)
    """Runs of this model with an input that is looked for, oldest first, by its fingerprint."""
    foreign: dict[str, Prediction] = field(default_factory=dict)
    """The same input under another model's name."""
    blanked: list[Prediction] = field(default_factory=list)
    """Runs of this model whose input is gone."""
    unreadable: int = 0
    """Items that are no runs as far as anybody can tell."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: its items as they came, newest first."""

    items: Sequence[object]
    next_url: str | None
    """Where the list goes on; None where it ends."""
    skew: timedelta | None
    """How far Replicate's clock is ahead of ours, as little as its answer allows; None: not told."""


class Listing:
    """Reads the list of one account's runs, as far back as the attempts looked for need it."""

    def __init__(self, wire: ReplicateWire, clocks: Clocks, card: ModelCard) -> None:
        self._wire = wire
        self._clocks = clocks
        self._card = card
        self._further = _NO_SKEW
        """How much further back it has to be read, as the clocks differed the last time."""

    async def read(self, lost: Sequence[LostBuild], known_refs: Collection[str]) -> Record:
        """Read every page; runs that are known belong to somebody and are left out.

        Raises:
            ProviderUnavailable: the record cannot be read now.
        """
        wanted = {input_of(attempt) for attempt in lost}
        since = min(earliest(attempt) for attempt in lost)
        read_at = self._clocks.now()
        page = await self._page(first_page(since - self._further))
        skew = min(abs(page.skew or _NO_SKEW), SKEW_MAX)
        if skew > max(self._further, SKEW_NOTICED):
            self._further = skew + SKEW_NOTICED
            page = await self._page(first_page(since - self._further))
        record = Record(read_at=read_at, skew=page.skew)
        # An item slides to the next page, and is seen twice, when a run is created meanwhile.
        seen: set[str] = set()
        for _ in range(PAGES_MAX):
            for item in page.items:
                prediction = read_prediction(item)
                if prediction is None:
                    record.unreadable += 1
                elif prediction.ref not in known_refs and prediction.ref not in seen:
                    seen.add(prediction.ref)
                    self._file(prediction, record, wanted)
            if page.next_url is None:
                # The list is newest first; of two of one microsecond, the later one comes first too.
                for same in record.by_input.values():
                    same.reverse()
                return record
            page = await self._page(page.next_url)
        raise ProviderUnavailable("Replicate", f"its record has more than {PAGES_MAX} pages")

    def _file(self, prediction: Prediction, record: Record, wanted: Collection[str]) -> None:
        card = self._card
        ours = prediction.model == card.model or prediction.version == card.endpoint.version
        if prediction.blanked:
            if ours:
                record.blanked.append(prediction)
            return
        key = fingerprint(prediction.input)
        if key in wanted and ours:
            record.by_input.setdefault(key, []).append(prediction)
        elif key in wanted:
            record.foreign[key] = prediction

    async def _page(self, url: str) -> Page:
        return await read_page(self._wire, self._clocks, url)


async def read_page(wire: ReplicateWire, clocks: Clocks, url: str) -> Page:
    """Read one page of the list, trying a few times.

    Raises:
        ProviderUnavailable: it cannot be read now, is no page, or goes on on another host.
    """
    problem = "no answer"
    for wait_s in (*READ_WAITS_S, None):
        asked_at = clocks.now()
        answer = await wire.get(url)
        if isinstance(answer, Answer):
            if answer.status == HTTPStatus.OK and isinstance(answer.body, dict):
                skew = _skew(answer.date, asked_at, clocks.now())
                return Page(_items(answer.body), _next(answer.body, wire), skew)
            problem = f"HTTP {answer.status} {answer.detail}".strip()
            if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                problem = "it refused REPLICATE_API_TOKEN"
                break
        else:
            problem = answer.reason
        if wait_s is not None:
            told = answer.retry_after_s if isinstance(answer, Answer) else None
            await clocks.sleep(max(wait_s, told or 0))
    raise ProviderUnavailable("Replicate", problem)


def input_of(attempt: LostBuild) -> str:
    """Return the fingerprint of the exact input that an attempt was to send."""
    body = attempt.request.get("body")
    inputs = body.get("input") if isinstance(body, Mapping) else None
    return fingerprint(inputs if isinstance(inputs, Mapping) else {})


def earliest(attempt: LostBuild) -> datetime:
    """Return the earliest time at which an attempt's run can have been created, by any clock."""
    if attempt.lost_at < attempt.held_at:
        # The clock was set back after the hold: it had been wrong by more than the difference.
        return attempt.lost_at - CLOCK_SET_BACK - CLOCK_ERROR
    return attempt.held_at - CLOCK_ERROR


def _skew(date: datetime | None, asked_at: datetime, answered_at: datetime) -> timedelta | None:
    """Compare clocks: the answer was made between two looks at ours, and its date is cut to seconds."""
    if date is None:
        return None
    least, most = date - answered_at, date + _SECOND - asked_at
    return least if least > _NO_SKEW else min(most, _NO_SKEW)


def first_page(created_after: datetime, created_before: datetime | None = None) -> str:
    """Return the path of a list's first page; both times are Replicate's, the second is left out."""
    asked = {"created_after": _written(created_after)}
    if created_before is not None:
        asked["created_before"] = _written(created_before)
    return f"/v1/predictions?{urlencode(asked)}"


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _items(page: Mapping[str, object]) -> list[object]:
    results = page.get("results")
    if not isinstance(results, list):
        raise ProviderUnavailable("Replicate", "its record has no results")
    return results


def _next(page: Mapping[str, object], wire: ReplicateWire) -> str | None:
    url = page.get("next")
    if not isinstance(url, str) or not url:
        return None
    if not wire.is_api(url):
        raise ProviderUnavailable("Replicate", "its record continues on another host")
    return url
