"""Finding lost attempts in Replicate's own record. Reading it is free; guessing is not.

Replicate takes no id of ours, so an attempt is known by its model and its exact input, the seed
included. Inputs are removed about an hour after a run; what nobody can tell any more stays
undecided.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from generators.contract import Absent, BuildFailed, Finding, Lost, LostBuild, Undecided
from generators.errors import ProviderUnavailable
from generators.replicate_listing import (
    CLOCK_ERROR,
    READ_WAITS_S,
    SKEW_MAX,
    SKEW_NOTICED,
    Listing,
    Record,
    earliest,
    input_of,
)
from generators.replicate_prediction import Prediction
from generators.replicate_wire import Answer

if TYPE_CHECKING:
    from generators.replicate_builder import ReplicateGenerator

_log = logging.getLogger(__name__)

HELD_WITHIN = timedelta(seconds=5)
"""How exactly a hold's time is known on Replicate's clock, when the difference was measured."""

HELD_WITHIN_UNMEASURED = timedelta(seconds=60)

REMEMBERED_MAX = 10_000
_AT_ONCE = 8
_REFS_SHOWN = 5

_ABSENT_AFTER_LEAST_S = 30.0
"""However short a run may be, its record may take a moment to show."""

_NO_SKEW = timedelta(0)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Recovery:
    """Looks lost attempts of one generator up, and remembers since when it has looked for each."""

    def __init__(self, generator: ReplicateGenerator) -> None:
        self._generator = generator
        self._listing = Listing(generator.wire, generator.clocks, generator.card)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._lost_since: dict[str, float] = {}
        """When this process first looked for an attempt, by the clock that nobody sets."""
        self._twins_told: set[str] = set()

    async def find(
        self, lost: Sequence[LostBuild], known_refs: Collection[str]
    ) -> Mapping[str, Finding]:
        """Return one finding per attempt.

        Raises:
            ProviderUnavailable: the record cannot be read now.
        """
        if not lost:
            return {}
        self._remember(lost)
        matched: dict[str, str] = {
            attempt.attempt_id: attempt.provider_ref
            for attempt in lost
            if attempt.provider_ref is not None
        }
        findings: dict[str, Finding] = {}
        nameless = [attempt for attempt in lost if attempt.provider_ref is None]
        if nameless:
            looked_at = self._generator.clocks.monotonic()
            known = frozenset(known_refs).union(matched.values())
            record = await self._listing.read(nameless, known)
            for attempt in nameless:
                found = self._match(attempt, record, looked_at)
                if isinstance(found, Prediction):
                    matched[attempt.attempt_id] = found.ref
                else:
                    findings[attempt.attempt_id] = found
            self._tell_twins(nameless, matched, record)
        named = [attempt for attempt in lost if attempt.attempt_id in matched]
        looks = (self._look_up(matched[attempt.attempt_id], attempt) for attempt in named)
        # All are awaited even when one fails, so that none is left running behind the caller.
        found_all = await asyncio.gather(*looks, return_exceptions=True)
        for attempt, seen in zip(named, found_all, strict=True):
            if isinstance(seen, BaseException):
                raise seen
            findings[attempt.attempt_id] = seen
        return findings

    def _remember(self, lost: Sequence[LostBuild]) -> None:
        now = self._generator.clocks.monotonic()
        if len(self._lost_since) > REMEMBERED_MAX:
            asked = {attempt.attempt_id for attempt in lost}
            self._lost_since = {key: at for key, at in self._lost_since.items() if key in asked}
        for attempt in lost:
            self._lost_since.setdefault(attempt.attempt_id, now)

    def _match(
        self, attempt: LostBuild, record: Record, looked_at: float
    ) -> Prediction | Absent | Undecided:
        """Take this attempt's run out of the record, or say why there is none."""
        key = input_of(attempt)
        same = record.by_input.get(key, [])
        if (run := _nearest(attempt, same, record.skew)) is not None:
            same.remove(run)
            return run
        if (other := record.foreign.get(key)) is not None:
            return Undecided(
                f"Replicate's run {other.ref} has this attempt's input under {other.model or '?'}."
            )
        return (
            self._other_account(attempt)
            or self._too_soon(attempt, record, looked_at)
            or self._doubt(attempt, record)
            or Absent()
        )

    def _other_account(self, attempt: LostBuild) -> Undecided | None:
        """Say so when another token sent it: what this one cannot see may be on another account."""
        if attempt.request.get("token_mark") in {None, self._generator.wire.token_mark}:
            return None
        return Undecided(
            "It was sent with another REPLICATE_API_TOKEN, perhaps of another account: set that one "
            "to look it up, or compare that account's runs by hand."
        )

    def _too_soon(self, attempt: LostBuild, record: Record, looked_at: float) -> Undecided | None:
        """Say so when the record may not show everything yet, whatever the clocks make of the time."""
        absent_after = self._absent_after()
        stable_at = attempt.lost_at + absent_after
        if record.read_at < stable_at:
            return Undecided(
                f"Replicate's record is sure to be whole only at {stable_at:%H:%M:%S}."
            )
        if record.skew is not None and abs(record.skew) > SKEW_MAX:
            return Undecided(
                f"{_clocks_say(record.skew)}: set it right, or nobody can say what is missing there."
            )
        # Whoever wrote down when it was lost may have had a wrong clock, on this machine or another.
        waited = timedelta(seconds=looked_at - self._lost_since[attempt.attempt_id])
        if waited >= absent_after:
            return None
        is_odd = record.skew is None or abs(record.skew) > SKEW_NOTICED
        clocks = f"{_clocks_say(record.skew)}: its" if is_odd else "Replicate's"
        return Undecided(
            f"{clocks} record is sure to be whole when this run has watched it for "
            f"{absent_after.total_seconds():.0f} s."
        )

    def _doubt(self, attempt: LostBuild, record: Record) -> Undecided | None:
        """Say so when a run whose input nobody can read may be this attempt's."""
        if record.unreadable:
            return Undecided(
                f"{record.unreadable} of Replicate's runs from that time cannot be read; compare them "
                "with the books by hand."
            )
        start = _start(attempt, record.skew)
        end = attempt.lost_at + self._absent_after() + CLOCK_ERROR + abs(record.skew or _NO_SKEW)
        could_be = [
            seen.ref
            for seen in record.blanked
            if seen.created_at is None or start <= seen.created_at <= end
        ]
        if not could_be:
            return None
        more = len(could_be) - _REFS_SHOWN
        shown = ", ".join(could_be[:_REFS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return Undecided(
            f"{len(could_be)} of Replicate's runs from that time have lost their input and are in no "
            f"books of ours; compare them by hand: {shown}."
        )

    def _absent_after(self) -> timedelta:
        set_s = self._generator.patience.absent_after_s
        # By then even a run that was never shown before has passed its own Cancel-After.
        own_s = max(_ABSENT_AFTER_LEAST_S, float(self._generator.card.seconds_max))
        return timedelta(seconds=own_s if set_s is None else set_s)

    def _tell_twins(
        self, nameless: Sequence[LostBuild], matched: Mapping[str, str], record: Record
    ) -> None:
        """Name runs with an attempt's very input that are not the attempt's: money nobody accounts for."""
        if len(self._twins_told) > REMEMBERED_MAX:
            self._twins_told.clear()
        for attempt in nameless:
            for twin in record.by_input.get(input_of(attempt), ()):
                if twin.ref in self._twins_told:
                    continue
                self._twins_told.add(twin.ref)
                _log.error(
                    "Replicate also has run %s, created at %s with the very input of attempt %s "
                    "(%s): it is billed and in no books of ours; find out who sent it",
                    twin.ref,
                    twin.created_at,
                    attempt.attempt_id,
                    matched.get(attempt.attempt_id, "not found"),
                    extra={"action": "twin", "attempt_id": attempt.attempt_id},
                )

    async def _look_up(self, ref: str, attempt: LostBuild) -> Finding:
        """Read one prediction and conclude from it as the builder would have."""
        async with self._places:
            seen = await self._read_prediction(ref)
            if isinstance(seen, Undecided):
                return seen
            if not seen.ended:
                return Undecided(f"Replicate's run {ref} is still {seen.status}.", ref)
            outcome = await self._generator.conclude(seen, attempt.brief)
        if isinstance(outcome, Lost):
            return Undecided(outcome.reason, ref)
        if isinstance(outcome, BuildFailed):
            _log.info("attempt %s found: %s", attempt.attempt_id, outcome.reason)
        return outcome

    async def _read_prediction(self, ref: str) -> Prediction | Undecided:
        problem = "no answer"
        for wait_s in (*READ_WAITS_S, None):
            seen = await self._generator.read(ref)
            if isinstance(seen, Prediction):
                return seen
            if isinstance(seen, Answer):
                problem = f"HTTP {seen.status} {seen.detail}".strip()
                if seen.status == HTTPStatus.NOT_FOUND:
                    return Undecided(f"Replicate does not know its own run {ref} ({problem}).", ref)
                if seen.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
                    raise ProviderUnavailable("Replicate", "it refused REPLICATE_API_TOKEN")
            else:
                problem = seen.reason
            if wait_s is not None:
                await self._generator.clocks.sleep(wait_s)
        return Undecided(f"Replicate's run {ref} cannot be read now ({problem}).", ref)


def _nearest(
    attempt: LostBuild, runs: Sequence[Prediction], skew: timedelta | None
) -> Prediction | None:
    """Choose the first run after the hold; where all are from before it, the last one of them.

    The hold's time is taken to be as wrong as the clock is now; where nothing is from after that,
    to have been right. What was created longer before it than clocks can be wrong is somebody else's.
    """
    within = HELD_WITHIN_UNMEASURED if skew is None else HELD_WITHIN
    for held_at in (attempt.held_at + (skew or _NO_SKEW), attempt.held_at):
        after = [run for run in runs if _created(run) >= held_at - within]
        if after:
            return min(after, key=_created)
    start = _start(attempt, skew)
    before = [run for run in runs if run.created_at is None or run.created_at >= start]
    if not before:
        return None
    run = max(before, key=_created)
    _log.warning(
        "Attempt %s is taken to be Replicate's run %s, created before its hold: a clock was wrong",
        attempt.attempt_id,
        run.ref,
    )
    return run


def _start(attempt: LostBuild, skew: timedelta | None) -> datetime:
    return earliest(attempt) - abs(skew or _NO_SKEW)


def _created(run: Prediction) -> datetime:
    return run.created_at or _LONG_AGO


def _clocks_say(skew: timedelta | None) -> str:
    if skew is None:
        return "Replicate's answer does not say what time it is there"
    which = "behind" if skew > _NO_SKEW else "ahead of"
    return f"This machine's clock is {abs(skew).total_seconds():.0f} s {which} Replicate's"
