"""Near duplicates: what an order and all earlier ones have, against a picture that is to pass.

An inspector measures what a picture looks like and compares it with what the order forbids; it
never sees the books. What else is in the books is compared here, before the picture is accepted,
by the same rule. Both steps, the comparison and the keeping of a picture that passes, are done in
one go in the books' own thread: of two near duplicates that are judged at the same moment the
first passes and the second does not.
"""

from __future__ import annotations

import asyncio
import json
import logging
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flows.bookkeeping import Bookkeeper
from ledger import Books, JobState, JobView, VerdictRecord, VerdictSeverity
from validators import Criterion, Fingerprint, HashIndex, Likeness, NotSeenBefore, Verdict

log = logging.getLogger("mintage.sameness")

PAGE = 50_000
"""Released pictures read from the books in one go."""

LATE_MAX = 1_000
LATE_S = 60.0
"""How far behind the newest number, and for how long, a missing one may still become visible."""

_STANDS = frozenset(
    # One that this run has just let pass is still BUILT until its verdicts are written.
    {
        JobState.BUILT,
        JobState.ACCEPTED,
        JobState.IN_REVIEW,
        JobState.APPROVED,
        JobState.RELEASED,
    }
)


_STRICTEST = (VerdictSeverity.BLOCK, VerdictSeverity.REVIEW, VerdictSeverity.WARN)


@dataclass(frozen=True, slots=True)
class Seen:
    """A near duplicate of a file that had passed: what the rule that it breaks does, and why."""

    severity: VerdictSeverity
    reason: str


class Sameness:
    """Compares one run's pictures with those of its order and with released ones.

    Nothing is read before an order's criterion asks for it. Released pictures take 16 bytes each.
    """

    def __init__(self, keeper: Bookkeeper, order_id: str) -> None:
        self._keeper = keeper
        self._order_id = order_id
        self._order: _OrderPictures | None = None
        self._released: ReleasedPictures | None = None

    async def compared(
        self, view: JobView, criteria: Sequence[Criterion], verdicts: Sequence[Verdict]
    ) -> tuple[Verdict, ...]:
        """Return all verdicts on a file with those of `not_seen_before` brought to their end.

        Where nothing blocks then, the picture is about to be accepted: from now on this run knows
        it.
        """
        rules = _rules(criteria)
        found = _found(verdicts)
        if not rules or found is None:
            return tuple(verdicts)
        now_s = asyncio.get_running_loop().time()

        def judge(books: Books) -> tuple[Verdict, ...]:
            order = self._pictures_of_order(books)
            order.forget(view.job_id)

            def nearest(rule: NotSeenBefore) -> _Twin | None:
                return self._nearest(books, rule, found, now_s)

            judged = _judged(verdicts, rules, found, nearest)
            if not any(verdict.blocks for verdict in judged):
                order.keep(view.job_id, str(view.attempt_id), int(found.phash, 16))
            return judged

        return await self._keeper.run(judge)

    async def seen_since(
        self, criteria: Sequence[Criterion], verdicts: Sequence[VerdictRecord]
    ) -> Seen | None:
        """Say which near duplicate was released after a file had passed; None where there is none.

        Asked right before the file is released itself: a person's approval may take days. A rule
        that was broken already, and did not block, is not asked again.
        """
        rules = [one for one in _rules(criteria) if "released" in one.against]
        asked = [
            (one, rule)
            for one in verdicts
            if one.criterion == NotSeenBefore.name and one.passed
            for rule in rules
            if len(rules) == 1 or rule.parameters() == json.loads(one.parameters_json)
        ]
        if not asked:
            return None
        now_s = asyncio.get_running_loop().time()

        def compare(books: Books) -> Seen | None:
            broken = []
            for one, rule in asked:
                measured = json.loads(one.measured_json)
                found = Fingerprint(measured["phash"], measured["phash_mirrored"])
                twin = self._nearest_released(books, found, now_s)
                if twin is None or twin[0].distance > rule.max_distance:
                    continue
                reason = rule.told(found, twin[0], self._called(twin[1])).reason
                broken.append(
                    Seen(
                        one.severity, f"{one.criterion}: {reason} That one was released meanwhile."
                    )
                )
            return min(broken, key=lambda one: _STRICTEST.index(one.severity), default=None)

        return await self._keeper.run(compare)

    def _pictures_of_order(self, books: Books) -> _OrderPictures:
        if self._order is None:
            self._order = _OrderPictures()
            for one in books.passed_pictures(self._order_id):
                self._order.keep(one.job_id, one.attempt_id, one.phash)
        return self._order

    def _nearest(
        self, books: Books, rule: NotSeenBefore, found: Fingerprint, now_s: float
    ) -> _Twin | None:
        twins: list[_Twin] = []
        if "order" in rule.against:
            near = self._pictures_of_order(books).nearest(books, found, rule.max_distance)
            twins += [] if near is None else [near]
        if "released" in rule.against:
            near = self._nearest_released(books, found, now_s)
            twins += [] if near is None else [near]
        twin = min(twins, key=lambda one: one[0].distance, default=None)
        return None if twin is None else (twin[0], self._called(twin[1]))

    def _nearest_released(self, books: Books, found: Fingerprint, now_s: float) -> _Twin | None:
        if self._released is None:
            self._released = ReleasedPictures()
            _tell_unmeasured(books)
        self._released.look(books, now_s)
        return self._released.nearest(books, found)

    def _called(self, job_id: str) -> str:
        """Say what people call a job's picture: its name, in other orders with the order's id."""
        return job_id.removeprefix(f"{self._order_id}#")


_Twin = tuple[Likeness, str]
"""The nearest picture and what it is called."""


class _OrderPictures:
    """The pictures of one order that have passed inspection or are just about to."""

    def __init__(self) -> None:
        self._index = HashIndex()
        self._jobs: list[tuple[str, str]] = []
        self._places: dict[str, int] = {}

    def keep(self, job_id: str, attempt_id: str, hash_: int) -> None:
        self.forget(job_id)
        self._places[job_id] = len(self._jobs)
        self._jobs.append((job_id, attempt_id))
        self._index.add([hash_])

    def forget(self, job_id: str) -> None:
        place = self._places.pop(job_id, None)
        if place is not None:
            self._index.discard(place)

    def nearest(self, books: Books, found: Fingerprint, max_distance: int) -> _Twin | None:
        """Give the nearest picture; one that would refuse another must still stand itself."""
        while (twin := self._index.nearest(found)) is not None:
            job_id, attempt_id = self._jobs[twin.index]
            if twin.distance > max_distance or _still_stands(books, job_id, attempt_id):
                return twin, job_id
            self.forget(job_id)
        return None


def _still_stands(books: Books, job_id: str, attempt_id: str) -> bool:
    """Whether a picture has passed and nobody has rejected it since."""
    return any(
        view.attempt_id == attempt_id and view.state in _STANDS for view in books.jobs([job_id])
    )


class ReleasedPictures:
    """What every order has released, read from the books once and then as it comes."""

    def __init__(self) -> None:
        self._index = HashIndex()
        self._numbers = array("q")
        self._settled = 0
        self._above: set[int] = set()
        self._waiting: tuple[float, int] | None = None

    def __len__(self) -> int:
        """Count the pictures that are known."""
        return len(self._numbers)

    def look(self, books: Books, now_s: float) -> None:
        """Take in what was released since the last look; `now_s` is any clock that only goes on."""
        after = self._settled
        while True:
            rows = books.released_pictures(after, PAGE)
            new = [(number, hash_) for number, hash_ in rows if number not in self._above]
            self._index.add(hash_ for _, hash_ in new)
            self._numbers.extend(number for number, _ in new)
            self._above.update(number for number, _ in new)
            self._settle(now_s)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def _settle(self, now_s: float) -> None:
        """Find the number up to which nothing is missing, or what is missing never was written."""
        while self._settled + 1 in self._above:
            self._settled += 1
            self._above.remove(self._settled)
        if not self._above:
            # A set keeps the room of all that it ever held.
            self._above, self._waiting = set(), None
            return
        newest = max(self._above)
        if self._waiting is None:
            self._waiting = (now_s, newest)
        elif now_s - self._waiting[0] > LATE_S:
            self._give_up(self._waiting[1])
            self._waiting = None
        self._give_up(newest - LATE_MAX)

    def _give_up(self, number: int) -> None:
        """Wait for no number up to this one any more."""
        if number > self._settled:
            self._settled = number
            self._above = {one for one in self._above if one > number}

    def nearest(self, books: Books, found: Fingerprint) -> _Twin | None:
        """Give the released picture that is nearest, and its job."""
        twin = self._index.nearest(found)
        if twin is None:
            return None
        job_id = books.released_job(self._numbers[twin.index])
        assert job_id is not None  # noqa: S101  what was released is never taken out of the books
        return twin, job_id


def _tell_unmeasured(books: Books) -> None:
    count = books.unmeasured_count()
    if count:
        log.warning(
            "Released pictures that were never measured, so that nothing is compared with them: %d. "
            "`mintage ledger fingerprints` measures them.",
            count,
            extra={"action": "pictures_unmeasured"},
        )


class FilesTogether:
    """Compares files that are judged together, with no order run: each with those before it."""

    def __init__(self) -> None:
        self._index = HashIndex()
        self._names: list[str] = []

    def compared(
        self, name: str, criteria: Sequence[Criterion], verdicts: Sequence[Verdict]
    ) -> tuple[Verdict, ...]:
        """Return the verdicts, those of `not_seen_before` with what the files before it say.

        They say as well that nobody has asked the books. A file that passes is known from now on.
        """
        rules = _rules(criteria)
        found = _found(verdicts)
        if not rules or found is None:
            return tuple(verdicts)

        def nearest(rule: NotSeenBefore) -> _Twin | None:
            twin = self._index.nearest(found) if "order" in rule.against else None
            return None if twin is None else (twin, self._names[twin.index])

        judged = tuple(
            _with_what_was_not_asked(one, _rule_of(one, rules))
            for one in _judged(verdicts, rules, found, nearest)
        )
        if not any(verdict.blocks for verdict in judged):
            self._index.add([int(found.phash, 16)])
            self._names.append(name)
        return judged


def _with_what_was_not_asked(verdict: Verdict, rule: NotSeenBefore | None) -> Verdict:
    if rule is None:
        return verdict
    not_asked = f"{' and '.join(rule.against)} pictures in the books"
    return replace(verdict, measured={**verdict.measured, "not_asked": not_asked})


def phash_of(verdicts: Sequence[Verdict]) -> str | None:
    """Give what the picture looks like, 16 hex digits, if a criterion has measured it."""
    found = _found(verdicts)
    return None if found is None else found.phash


def _found(verdicts: Sequence[Verdict]) -> Fingerprint | None:
    for verdict in verdicts:
        if verdict.criterion == NotSeenBefore.name:
            return Fingerprint(
                str(verdict.measured["phash"]), str(verdict.measured["phash_mirrored"])
            )
    return None


def _rules(criteria: Sequence[Criterion]) -> list[NotSeenBefore]:
    """Pick out the criteria of this kind, if any of them asks more than what is forbidden."""
    rules = [one for one in criteria if isinstance(one, NotSeenBefore)]
    return rules if any(one.against for one in rules) else []


def _rule_of(verdict: Verdict, rules: Sequence[NotSeenBefore]) -> NotSeenBefore | None:
    """Find the criterion that a verdict is of, if that one asks more than what is forbidden."""
    if verdict.criterion != NotSeenBefore.name:
        return None
    # Telling two apart by their parameters means a digest of all that is forbidden.
    same = rules if len(rules) == 1 else [one for one in rules if _is_of(verdict, one)]
    return next((one for one in same if one.against), None)


def _is_of(verdict: Verdict, rule: NotSeenBefore) -> bool:
    return rule.parameters() == verdict.parameters


def _judged(
    verdicts: Sequence[Verdict],
    rules: Sequence[NotSeenBefore],
    found: Fingerprint,
    nearest: Callable[[NotSeenBefore], _Twin | None],
) -> tuple[Verdict, ...]:
    judged = []
    for verdict in verdicts:
        rule = _rule_of(verdict, rules) if verdict.passed else None
        twin = None if rule is None else nearest(rule)
        if rule is not None and twin is not None and _is_nearer(twin[0], verdict):
            finding = rule.told(found, *twin)
            verdict = replace(  # noqa: PLW2901 - the very same verdict, brought to its end
                verdict,
                passed=finding.passed,
                measured=dict(finding.measured),
                reason=finding.reason,
                remedy=finding.remedy,
            )
        judged.append(verdict)
    return tuple(judged)


def _is_nearer(twin: Likeness, verdict: Verdict) -> bool:
    """Whether a picture is nearer than the nearest of the forbidden ones, which did not refuse it."""
    forbidden = verdict.measured.get("distance_bits")
    return not isinstance(forbidden, int) or twin.distance < forbidden
