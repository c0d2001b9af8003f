"""Nothing is judged twice: what the books know of bytes is taken over, and only the rest is asked.

A finding belongs to a digest, a criterion, its version and its parameters. Whose file it was, and
what a broken rule does in that order, changes nothing about what was found.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from flows.bookkeeping import Bookkeeper
from flows.briefs import canonical_json
from ledger import VerdictRecord, VerdictSeverity
from validators import INTACT, INTACT_VERSION, Criterion, Flaw, Remedy, Verdict, in_order, rule_of

Key = tuple[str, int, str]
"""A criterion, its version, and its parameters without the severity."""

KEPT_MAX = 2_000
"""Digests whose findings a run remembers; the books have all of them."""

_INTACT_KEY: Key = (INTACT, INTACT_VERSION, "{}")

# What happened to a process is not a property of the bytes, and what a file was handed over as is
# another matter each time.
_NOT_OF_THE_BYTES = frozenset(
    {Flaw.CRASHED, Flaw.TOO_SLOW, Flaw.TOO_MUCH_MEMORY, Flaw.OTHER_FORMAT}
)


@dataclass(slots=True)
class Known:
    """What is known of the bytes with one digest; whoever judges them holds the lock."""

    findings: dict[Key, Verdict] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def learn(self, verdicts: Iterable[Verdict]) -> None:
        """Remember findings, those that depend on nothing but the bytes."""
        for verdict in verdicts:
            if _is_of_the_bytes(verdict):
                self.findings.setdefault(_key(verdict), verdict)


class KnownVerdicts:
    """What the books know of files that are about to be judged, asked for many files at once."""

    def __init__(self, keeper: Bookkeeper) -> None:
        self._keeper = keeper
        self._kept: OrderedDict[str, Known] = OrderedDict()

    async def of(self, digests: Iterable[str]) -> dict[str, Known]:
        """Give what is known of bytes with these digests, with one question to the books at most."""
        wanted = list(dict.fromkeys(digests))
        # Held on to: while the books are asked, others may push them out.
        asked = {sha256: self._kept[sha256] for sha256 in wanted if sha256 in self._kept}
        missing = [sha256 for sha256 in wanted if sha256 not in asked]
        if missing:
            found = await self._keeper.run(lambda books: books.known_verdicts(missing))
            for sha256 in missing:
                asked[sha256] = self._kept.setdefault(sha256, Known())
                asked[sha256].learn(map(verdict_of, found.get(sha256, ())))
        for sha256 in wanted:
            self._kept.setdefault(sha256, asked[sha256])
            self._kept.move_to_end(sha256)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return asked


@dataclass(frozen=True, slots=True)
class Asked:
    """Which criteria count, in the order in which they are asked, and what of it is not known."""

    criteria: tuple[Criterion, ...]
    unknown: tuple[Criterion, ...]
    opens: bool
    """Whether the file has to be opened at all."""
    report_all: bool


def to_ask(
    criteria: Sequence[Criterion],
    known: Mapping[Key, Verdict],
    *,
    media_type: str | None,
    report_all: bool,
) -> Asked:
    """Say what is left to ask about a file; after the first rule that blocks, nothing is.

    `media_type` is what the file is handed over as.
    """
    intact = known.get(_INTACT_KEY)
    if intact is not None and intact.passed and not _fits(intact, media_type):
        intact = None
    if intact is not None and not intact.passed:
        return Asked((), (), opens=False, report_all=report_all)
    ordered = in_order(criteria)
    if not report_all:
        for place, criterion in enumerate(ordered):
            found = _taken_over(criterion, known)
            if found is not None and found.blocks:
                ordered = ordered[: place + 1]
                break
    unknown = tuple(one for one in ordered if _taken_over(one, known) is None)
    return Asked(tuple(ordered), unknown, bool(unknown) or intact is None, report_all)


def merged(
    asked: Asked, known: Mapping[Key, Verdict], judged: Sequence[Verdict]
) -> tuple[Verdict, ...]:
    """Put what was known and what the inspectors found together, in the order of asking.

    `judged` is their answer for `asked.unknown`; nothing where the file needed no opening.
    """
    intact = judged[0] if judged else known[_INTACT_KEY]
    verdicts = [intact]
    if not intact.passed:
        return (intact,)
    found = {_key(verdict): verdict for verdict in judged[1:]}
    for criterion in asked.criteria:
        verdict = _taken_over(criterion, known) or found.get(_key_of(criterion))
        if verdict is None:
            raise AssertionError(f"the inspectors said nothing of {criterion.name}")
        verdicts.append(verdict)
        if verdict.blocks and not asked.report_all:
            break
    return tuple(verdicts)


def verdict_record(verdict: Verdict) -> VerdictRecord:
    """Write a verdict in the books' form."""
    return VerdictRecord(
        criterion=verdict.criterion,
        version=verdict.version,
        parameters_json=canonical_json(verdict.parameters),
        passed=verdict.passed,
        measured_json=canonical_json(verdict.measured),
        reason=verdict.reason,
        severity=VerdictSeverity(verdict.severity),
        remedy_json=None if verdict.remedy is None else canonical_json(asdict(verdict.remedy)),
    )


def verdict_of(record: VerdictRecord) -> Verdict:
    """Read a verdict from the books' form; what was drawn on the picture is not kept there."""
    remedy = None if record.remedy_json is None else Remedy(**json.loads(record.remedy_json))
    return Verdict(
        criterion=record.criterion,
        version=record.version,
        parameters=json.loads(record.parameters_json),
        passed=record.passed,
        measured=json.loads(record.measured_json),
        reason=record.reason,
        severity=record.severity.value,
        remedy=remedy,
    )


def _taken_over(criterion: Criterion, known: Mapping[Key, Verdict]) -> Verdict | None:
    """Return the known finding as a verdict of this very rule, with the severity that it has here."""
    if criterion.depends_on_books:
        return None
    found = known.get(_key_of(criterion))
    if found is None:
        return None
    rule = rule_of(criterion)
    return replace(found, parameters=rule.parameters, severity=rule.severity)


@functools.lru_cache(maxsize=1024)
def _key_of(criterion: Criterion) -> Key:
    return _key(rule_of(criterion))


def _key(verdict: Verdict) -> Key:
    parameters = {name: value for name, value in verdict.parameters.items() if name != "severity"}
    return verdict.criterion, verdict.version, canonical_json(parameters)


def _is_of_the_bytes(verdict: Verdict) -> bool:
    if verdict.criterion != INTACT:
        return True
    # A decoder that got no memory says that the file is damaged.
    out_of_memory = str(verdict.measured.get("detail", "")).startswith("MemoryError")
    return verdict.measured.get("flaw") not in _NOT_OF_THE_BYTES and not out_of_memory


def _fits(intact: Verdict, media_type: str | None) -> bool:
    """Say whether an intact file is what it is handed over as this time."""
    return media_type == f"image/{intact.measured.get('format')}"
