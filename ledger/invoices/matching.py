"""Matches a provider's statement with the books, run by run."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from ledger.instants import period_of
from ledger.invoices import ours as books_side
from ledger.invoices import remarks, twice
from ledger.invoices.candidates import Candidates
from ledger.invoices.ours import Key, Standing
from ledger.invoices.posted import newest_statement, posted_periods, same_statement
from ledger.invoices.statement import Finding, FindingKind, KindSum, Matching
from ledger.invoices.theirs import Theirs
from ledger.money import NANO
from ledger.schema import AnyRow

CENT_NANO: Final = NANO // 100
"""One cent: an invoice that rounds a group of lines to cents is off by less than that."""

_ORDER: Final = {kind: position for position, kind in enumerate(FindingKind)}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be matched."""

    provider: str
    period: str
    sha256: str = ""
    """Of the statement, to know one again that was posted before."""
    total_nano: int | None = None
    """The invoice's own total; None: its lines' sum, or the total that it was posted with."""
    keep_matched: bool = False
    """Whether the findings have what is matched too."""


def match(connection: Connection, asked: Asked, theirs: Theirs) -> Matching:
    """Match every line. `connection` must see one moment throughout."""
    found = _Sides(connection, asked, theirs)
    findings = [
        *found.of_runs(),
        *found.only_ours(),
        *found.without_ref(),
        *found.of_total(),
        *found.only_held(),
    ]
    findings.sort(key=_place)
    newest = newest_statement(connection, asked.provider, asked.period)
    made = Matching(
        provider=asked.provider,
        period=asked.period,
        line_count=theirs.line_count,
        theirs_nano=theirs.sum_nano + found.rest_nano,
        ours_nano=found.ours_nano,
        findings=tuple(findings),
        by_kind={},
        last_number=0 if newest is None else newest.number,
        lines_sha256=theirs.lines_sha256,
        total_is_said=asked.total_nano is not None,
        notes=tuple(found.notes()),
    )
    return replace(made, by_kind=_sums(made, found.matched))


def _place(finding: Finding) -> tuple[int, int, str, str]:
    line = finding.line_number
    return (
        _ORDER[finding.kind],
        2**63 if line is None else line,
        finding.provider_ref or "",
        finding.attempt_id or "",
    )


def _sums(made: Matching, matched: int) -> Mapping[FindingKind, KindSum]:
    """Add findings up by kind; what is matched is the rest, so that all kinds are the whole."""
    sums: dict[FindingKind, KindSum] = {}
    left = KindSum(matched, made.theirs_nano, made.ours_nano)
    for one in made.findings:
        if one.kind is FindingKind.MATCHED:
            continue
        had = sums.get(one.kind, KindSum())
        sums[one.kind] = KindSum(
            had.count + 1, had.theirs_nano + one.theirs_nano, had.ours_nano + one.ours_nano
        )
        left = KindSum(
            left.count, left.theirs_nano - one.theirs_nano, left.ours_nano - one.ours_nano
        )
    sums[FindingKind.MATCHED] = left
    return {kind: sums[kind] for kind in FindingKind if kind in sums}


class _Sides:
    """Both sides of the statement, added up by run."""

    def __init__(self, connection: Connection, asked: Asked, theirs: Theirs) -> None:
        self.matched = 0
        self.ours_nano = 0
        self._connection = connection
        self._asked = asked
        self._theirs = theirs
        self._of_slot = array("q", bytes(8 * len(theirs.nano)))
        self._elsewhere: dict[Key, int] = defaultdict(int)
        self._nobodys: dict[str, int] = defaultdict(int)
        self._of_lines_nano = 0
        self._of_total_nano = 0
        for moved in books_side.amounts(connection, asked.provider, asked.period):
            self._take(moved)
        self._open = books_side.open_attempts(connection, asked.provider, asked.period)
        self._open_by_ref = {row.provider_ref: row for row in self._open if row.provider_ref}
        self._candidates = Candidates(self._open)
        self._named: set[str] = set()
        self._posted = posted_periods(connection, asked.provider)
        self._suspects = twice.suspects(connection, asked.provider, asked.period)
        self.rest_nano = self._rest_nano()

    def _take(self, moved: books_side.Moved) -> None:
        self.ours_nano += moved.amount_nano
        if moved.ref is not None and not moved.is_attributed:
            self._nobodys[moved.ref] += moved.amount_nano
        if moved.ref is not None:
            slot = self._theirs.slots.get(moved.ref)
            if slot is not None:
                self._of_slot[slot] += moved.amount_nano
            else:
                self._elsewhere[Key(moved.ref)] += moved.amount_nano
        elif moved.attempt_id is not None:
            self._elsewhere[Key(None, moved.attempt_id)] += moved.amount_nano
        elif moved.reason in books_side.REST:
            self._of_total_nano += moved.amount_nano
        else:
            self._of_lines_nano += moved.amount_nano

    def _rest_nano(self) -> int:
        """What the invoice's total has beyond its lines."""
        asked = self._asked
        if asked.total_nano is not None:
            return asked.total_nano - self._theirs.sum_nano
        before = same_statement(self._connection, asked.provider, asked.period, asked.sha256)
        return 0 if before is None else int(before.total_nano) - self._theirs.sum_nano

    def of_runs(self) -> Iterator[Finding]:
        """Compare the runs that the statement has."""
        theirs, ours = self._theirs, self._of_slot
        to_look_up: list[Key] = []
        for ref, slot in theirs.slots.items():
            is_odd = self._nobodys.get(ref, 0) != 0 or ref in self._suspects
            if theirs.nano[slot] != ours[slot] or is_odd or ref in self._open_by_ref:
                to_look_up.append(Key(ref))
            else:
                yield from self._matched(ref, slot)
        found = books_side.standings(self._connection, self._asked.provider, to_look_up)
        for key, standing in found:
            assert key.ref is not None  # noqa: S101 - they were asked for by reference
            slot = theirs.slots[key.ref]
            kind, remark = self._kind(key.ref, slot, standing)
            if kind is FindingKind.MATCHED:
                yield from self._matched(key.ref, slot)
            else:
                yield replace(self._finding(kind, key.ref, slot, standing.attempt), remark=remark)

    def _matched(self, ref: str, slot: int) -> Iterator[Finding]:
        self.matched += 1
        if self._asked.keep_matched:
            yield self._finding(FindingKind.MATCHED, ref, slot)

    def _finding(
        self, kind: FindingKind, ref: str, slot: int, attempt: AnyRow | None = None
    ) -> Finding:
        theirs = self._theirs
        return Finding(
            kind=kind,
            theirs_nano=theirs.nano[slot],
            ours_nano=self._of_slot[slot],
            provider_ref=ref,
            line_number=theirs.first_line[slot],
            line_count=theirs.counts[slot],
            model=theirs.model(slot) or (None if attempt is None else attempt.model),
            attempt_id=None if attempt is None else attempt.attempt_id,
            job_id=None if attempt is None else attempt.job_id,
            order_id=None if attempt is None else attempt.order_id,
        )

    def _kind(self, ref: str, slot: int, standing: Standing) -> tuple[FindingKind, str]:
        """Say what a run is that is not simply matched, and what to do about it."""
        theirs_nano, ours_nano = self._theirs.nano[slot], self._of_slot[slot]
        under_way = self._open_by_ref.get(ref)
        if under_way is not None:
            remark = remarks.of_open(under_way, ref, theirs_nano, posted=ours_nano != 0)
            return FindingKind.UNKNOWN_ATTEMPT, remark
        strays = standing.strays(self._asked.period, self._posted) if theirs_nano > 0 else []
        if theirs_nano != ours_nano:
            kind, remark = self._differing(ref, slot, standing)
            if strays and kind is not FindingKind.OTHER_PERIOD:
                remark = remarks.also(remark, remarks.charged_too(strays[0]))
            return kind, remark
        if standing.ended and (standing.unattributed_nano or strays):
            remark = remarks.settled_since(standing, self._asked.period, strays)
            return FindingKind.SETTLED_SINCE, remark
        remark = self._may_be(ref, slot, posted=True) if standing.attempt is None else ""
        return (FindingKind.UNKNOWN_ATTEMPT if remark else FindingKind.MATCHED), remark

    def _differing(self, ref: str, slot: int, standing: Standing) -> tuple[FindingKind, str]:
        if self._of_slot[slot] == 0 and slot not in self._theirs.with_refunds:
            if self._theirs.is_twice(slot, 0):
                return FindingKind.BILLED_TWICE, remarks.TWICE
            return self._not_ours(ref, slot, standing)
        # A lost attempt stays one that this run may be of, whatever was posted of the run before.
        is_posted = self._of_slot[slot] != 0
        may_be = "" if standing.attempt else self._may_be(ref, slot, posted=is_posted)
        if slot in self._theirs.with_refunds:
            return FindingKind.REFUND, may_be or remarks.of_refund(standing)
        if self._theirs.is_twice(slot, self._of_slot[slot]):
            return FindingKind.BILLED_TWICE, remarks.also(remarks.TWICE, may_be)
        if may_be:
            return FindingKind.UNKNOWN_ATTEMPT, may_be
        return FindingKind.PRICE, remarks.of_price(standing)

    def _not_ours(self, ref: str, slot: int, standing: Standing) -> tuple[FindingKind, str]:
        """Say what a run is that the books have nothing of in the period."""
        period = self._asked.period
        elsewhere = sorted({*standing.charged, *standing.corrected} - {period})
        for other in elsewhere:
            if standing.stands_in(other, self._posted):
                return FindingKind.BILLED_TWICE, remarks.billed_in(other)
        charged_in = [other for other in elsewhere if other in standing.charged]
        if period in standing.charged:
            return FindingKind.PRICE, remarks.TAKEN_BACK
        if charged_in:
            return FindingKind.OTHER_PERIOD, remarks.charged_in(charged_in[0])
        if standing.attempt is not None:
            return FindingKind.ONLY_THEIRS, remarks.of_free(standing.attempt)
        remark = self._may_be(ref, slot, posted=False)
        if remark:
            return FindingKind.UNKNOWN_ATTEMPT, remark
        return FindingKind.ONLY_THEIRS, remarks.STRANGER

    def _may_be(self, ref: str, slot: int, *, posted: bool) -> str:
        """Say which attempts without a known run this one may be of; nothing where there is none."""
        rows, more = self._candidates.of(self._theirs.model(slot), self._theirs.at_us(slot))
        theirs_nano = self._theirs.nano[slot]
        if not rows:
            return ""
        self._named.update(row.attempt_id for row in rows)
        return remarks.of_candidates(rows, more, ref, theirs_nano, posted=posted)

    def only_ours(self) -> Iterator[Finding]:
        """List what the books charged and no line has."""
        keys = [key for key, amount_nano in self._elsewhere.items() if amount_nano]
        # The others were moved away, or taken back, by a statement before this one.
        for key, standing in books_side.standings(self._connection, self._asked.provider, keys):
            attempt = standing.attempt
            billed_in = remarks.billed_elsewhere(standing, self._asked.period)
            kind = FindingKind.ONLY_OURS if billed_in is None else FindingKind.OTHER_PERIOD
            yield Finding(
                kind=kind,
                theirs_nano=0,
                ours_nano=self._elsewhere[key],
                provider_ref=key.ref,
                model=None if attempt is None else attempt.model,
                attempt_id=None if attempt is None else attempt.attempt_id,
                job_id=None if attempt is None else attempt.job_id,
                order_id=None if attempt is None else attempt.order_id,
                remark="" if billed_in is None else remarks.in_variance(billed_in),
            )

    def without_ref(self) -> Iterator[Finding]:
        """Compare lines that name no run: one by one, or all of them with what was posted before."""
        lines, ours_nano = self._theirs.without_ref, self._of_lines_nano
        theirs_nano = sum(line.amount_nano for line in lines)
        if theirs_nano == ours_nano:
            self.matched += len(lines)
        elif ours_nano:
            yield Finding(
                FindingKind.REFUND if theirs_nano < ours_nano else FindingKind.NO_REF,
                theirs_nano,
                ours_nano,
                line_number=min((line.line_number for line in lines), default=None),
                line_count=len(lines),
                remark=remarks.NO_RUNS,
            )
        else:
            for line in lines:
                yield Finding(
                    FindingKind.REFUND if line.amount_nano < 0 else FindingKind.NO_REF,
                    line.amount_nano,
                    0,
                    line_number=line.line_number,
                    line_count=1,
                    model=line.model,
                    remark=line.description or remarks.NO_RUN,
                )

    def of_total(self) -> Iterator[Finding]:
        """Compare the invoice's total with its lines."""
        if self.rest_nano == self._of_total_nano:
            return
        # A fee that was explained when it was posted is not taken back as rounding either.
        limit_nano = CENT_NANO * self._theirs.model_count
        had_nano = self._of_total_nano
        explained_nano = had_nano if abs(had_nano) >= limit_nano else 0
        is_rounding = abs(self.rest_nano - explained_nano) < limit_nano
        yield Finding(
            FindingKind.ROUNDING if is_rounding else FindingKind.INVOICE_TOTAL,
            self.rest_nano,
            had_nano,
            remark=remarks.of_total(self.rest_nano, had_nano, is_rounding=is_rounding),
        )

    def only_held(self) -> Iterator[Finding]:
        """List what is held since the period for runs that the statement does not have."""
        for row in self._open:
            if row.provider_ref in self._theirs.slots or row.attempt_id in self._named:
                continue
            if period_of(row.held_at_us) == self._asked.period:
                yield Finding(
                    FindingKind.ONLY_HELD,
                    0,
                    0,
                    provider_ref=row.provider_ref,
                    model=row.model,
                    attempt_id=row.attempt_id,
                    job_id=row.job_id,
                    order_id=row.order_id,
                    remark=remarks.of_held(row),
                )

    def notes(self) -> Iterable[str]:
        """Say what is odd about the statement as a whole."""
        period, dated = self._asked.period, Counter(self._theirs.periods)
        other, count = next(iter(dated.most_common(1)), (period, 0))
        if other != period and 2 * count > dated.total():
            yield (
                f"{count:,} of {self._theirs.line_count:,} lines are dated in {other}, not in "
                f"{period}: is this the statement of {period}?"
            )
