"""Finding lost attempts in Replicate's own record. Reading it is free; guessing is not.

Replicate takes no id of ours, so an attempt is known by its model and its exact input, the seed
included. Inputs are removed about an hour after a run; what nobody can tell any more stays
undecided.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from generators.contract import Absent, BuildFailed, Finding, Lost, LostBuild, Undecided
from generators.errors import ProviderUnavailable
from generators.replicate_prediction import Prediction, fingerprint, read_prediction
from generators.replicate_wire import Answer

if TYPE_CHECKING:
    from generators.replicate_builder import ReplicateGenerator

_log = logging.getLogger(__name__)

CLOCK_SKEW = timedelta(seconds=60)
"""How far Replicate's clock may be from ours."""

INPUT_KEPT = timedelta(minutes=55)
"""Replicate removes inputs after about an hour; a little less is safe to rely on."""

PAGES_MAX = 2000
_AT_ONCE = 8
_READ_WAITS_S = (0.5, 1.0, 2.0, 4.0)


_ABSENT_AFTER_LEAST_S = 30.0
"""However short a run may be, its record may take a moment to show."""


@dataclass(slots=True)
class _Record:
    """What a listing showed that could concern the attempts looked for."""

    read_at: datetime
    by_input: dict[str, list[Prediction]] = field(default_factory=dict)
    """Predictions of this model with an input that is looked for, oldest first."""
    foreign: dict[str, Prediction] = field(default_factory=dict)
    """The same input under another model's name."""
    blanked: list[Prediction] = field(default_factory=list)
    """Predictions of this model whose input is gone."""
    unreadable: int = 0
    """Items that are no predictions as far as anybody can tell."""


class Recovery:
    """One look at the record, for all lost attempts of one generator."""

    def __init__(self, generator: ReplicateGenerator) -> None:
        self._generator = generator
        self._wire = generator.wire
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def find(self, lost: Sequence[LostBuild]) -> Mapping[str, Finding]:
        """Return one finding per attempt.

        Raises:
            ProviderUnavailable: the record cannot be read now.
        """
        if not lost:
            return {}
        matched: dict[str, str] = {
            attempt.attempt_id: attempt.provider_ref
            for attempt in lost
            if attempt.provider_ref is not None
        }
        findings: dict[str, Finding] = {}
        nameless = [attempt for attempt in lost if attempt.provider_ref is None]
        if nameless:
            record = await self._read_record(nameless, taken=set(matched.values()))
            for attempt in nameless:
                found = self._match(attempt, record)
                if isinstance(found, Prediction):
                    matched[attempt.attempt_id] = found.ref
                else:
                    findings[attempt.attempt_id] = found
            for left in record.by_input.values():
                for twin in left:
                    # Money that no attempt accounts for: somebody has to look at it.
                    _log.error("Replicate also has run %s, a twin of an adopted one", twin.ref)
        named = [attempt for attempt in lost if attempt.attempt_id in matched]
        looks = (self._look_up(matched[attempt.attempt_id], attempt) for attempt in named)
        # All are awaited even when one fails, so that none is left running behind the caller.
        found_all = await asyncio.gather(*looks, return_exceptions=True)
        for attempt, seen in zip(named, found_all, strict=True):
            if isinstance(seen, BaseException):
                raise seen
            findings[attempt.attempt_id] = seen
        return findings

    def _match(self, attempt: LostBuild, record: _Record) -> Prediction | Absent | Undecided:
        """Take this attempt's prediction out of the record, or say why there is none."""
        key = _input_of(attempt)
        if same := record.by_input.get(key):
            return same.pop(0)
        if (other := record.foreign.get(key)) is not None:
            return Undecided(
                f"Replicate's run {other.ref} has this attempt's input under {other.model or '?'}."
            )
        stable_at = attempt.lost_at + self._absent_after()
        if record.read_at < stable_at:
            return Undecided(
                f"Replicate's record is sure to be whole only at {stable_at:%H:%M:%S}."
            )
        if record.unreadable:
            return Undecided(
                f"{record.unreadable} of Replicate's runs from that time cannot be read; compare them "
                "with the books by hand."
            )
        if record.read_at - attempt.held_at > INPUT_KEPT:
            could_be = self._blanked_at(attempt, record)
            if could_be:
                return Undecided(
                    f"{len(could_be)} of Replicate's runs from that time have lost their input, "
                    f"{could_be[0].ref} first; compare them with the books by hand."
                )
        return Absent()

    def _blanked_at(self, attempt: LostBuild, record: _Record) -> list[Prediction]:
        start = attempt.held_at - CLOCK_SKEW
        end = attempt.lost_at + self._absent_after() + CLOCK_SKEW
        return [
            seen
            for seen in record.blanked
            if seen.created_at is None or start <= seen.created_at <= end
        ]

    def _absent_after(self) -> timedelta:
        set_s = self._generator.patience.absent_after_s
        # By then even a run that was never shown before has passed its own Cancel-After.
        own_s = max(_ABSENT_AFTER_LEAST_S, float(self._generator.card.seconds_max))
        return timedelta(seconds=own_s if set_s is None else set_s)

    async def _read_record(self, lost: Sequence[LostBuild], taken: set[str]) -> _Record:
        """Read every page since the oldest hold."""
        since = min(attempt.held_at for attempt in lost) - CLOCK_SKEW
        wanted = {_input_of(attempt) for attempt in lost}
        record = _Record(read_at=self._generator.clocks.now())
        query = urlencode({"created_after": _utc_text(since)})
        url: str | None = f"/v1/predictions?{query}"
        seen = set(taken)
        for _ in range(PAGES_MAX):
            page = await self._read_page(url)
            for item in _items(page):
                prediction = read_prediction(item)
                if prediction is None:
                    record.unreadable += 1
                elif prediction.ref not in seen:
                    seen.add(prediction.ref)
                    self._file(prediction, record, wanted)
            url = _next(page)
            if url is None:
                # The listing is newest first; the earliest run is the one that was asked for.
                for same in record.by_input.values():
                    same.reverse()
                return record
            if not self._wire.is_api(url):
                raise ProviderUnavailable("Replicate", "its record continues on another host")
        raise ProviderUnavailable("Replicate", f"its record has more than {PAGES_MAX} pages")

    def _file(self, prediction: Prediction, record: _Record, wanted: set[str]) -> None:
        card = self._generator.card
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

    async def _read_page(self, url: str | None) -> Mapping[str, object]:
        problem = "no answer"
        for wait_s in (*_READ_WAITS_S, None):
            answer = await self._wire.get(url or "")
            if isinstance(answer, Answer):
                if answer.status == HTTPStatus.OK and isinstance(answer.body, dict):
                    return answer.body
                problem = f"HTTP {answer.status} {answer.detail}".strip()
                if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                    problem = "it refused REPLICATE_API_TOKEN"
                    break
            else:
                problem = answer.reason
            if wait_s is not None:
                told = answer.retry_after_s if isinstance(answer, Answer) else None
                await self._generator.clocks.sleep(max(wait_s, told or 0))
        raise ProviderUnavailable("Replicate", problem)

    async def _look_up(self, ref: str, attempt: LostBuild) -> Finding:
        """Read one prediction and conclude from it as the builder would have."""
        async with self._places:
            seen = await self._read_prediction(ref)
            if isinstance(seen, Undecided):
                return seen
            if not seen.ended:
                return Undecided(f"Replicate's run {ref} is still {seen.status}.")
            outcome = await self._generator.conclude(seen, attempt.brief)
        if isinstance(outcome, Lost):
            return Undecided(outcome.reason)
        if isinstance(outcome, BuildFailed):
            _log.info("attempt %s found: %s", attempt.attempt_id, outcome.reason)
        return outcome

    async def _read_prediction(self, ref: str) -> Prediction | Undecided:
        problem = "no answer"
        for wait_s in (*_READ_WAITS_S, None):
            seen = await self._generator.read(ref)
            if isinstance(seen, Prediction):
                return seen
            if isinstance(seen, Answer):
                problem = f"HTTP {seen.status} {seen.detail}".strip()
                if seen.status == HTTPStatus.NOT_FOUND:
                    return Undecided(f"Replicate does not know its own run {ref} ({problem}).")
                if seen.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                    raise ProviderUnavailable("Replicate", "it refused REPLICATE_API_TOKEN")
            else:
                problem = seen.reason
            if wait_s is not None:
                await self._generator.clocks.sleep(wait_s)
        return Undecided(f"Replicate's run {ref} cannot be read now ({problem}).")


def _input_of(attempt: LostBuild) -> str:
    body = attempt.request.get("body")
    inputs = body.get("input") if isinstance(body, Mapping) else None
    return fingerprint(inputs if isinstance(inputs, Mapping) else {})


def _items(page: Mapping[str, object]) -> list[object]:
    results = page.get("results")
    if not isinstance(results, list):
        raise ProviderUnavailable("Replicate", "its record has no results")
    return results


def _next(page: Mapping[str, object]) -> str | None:
    url = page.get("next")
    return url if isinstance(url, str) and url else None


def _utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
