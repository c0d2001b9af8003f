"""What became of the money: each attempt's charge under what its file came to, exactly once.

A file that broke several rules counts under the first that blocked it; one that broke none itself,
under the first that blocked a rendition of it. Verdicts on bytes that were mended or signed since
do not count: what the file came to is decided on the bytes that it has now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, exists, func, select

from ledger.kinds import ReviewDecision, VerdictSeverity
from ledger.records import AttemptState, JobState
from ledger.reports import conditions, sums
from ledger.review_table import reviews
from ledger.schema import attempts, jobs, orders, releases, verdicts
from ledger.selection import EVERYTHING, Selection
from ledger.signings import signings
from ledger.views import SpendRow

_ON_THE_WAY = (JobState.BUILT, JobState.ACCEPTED, JobState.IN_REVIEW, JobState.APPROVED)

_FIRST_BLOCK = (
    select(verdicts.c.criterion)
    .where(
        verdicts.c.attempt_id == attempts.c.attempt_id,
        # What was made of a file and did not pass held it back as well.
        (verdicts.c.sha256 == attempts.c.sha256) | (verdicts.c.rendition > 0),
        verdicts.c.passed.is_(False),
        verdicts.c.severity == VerdictSeverity.BLOCK.value,
    )
    .order_by(verdicts.c.position)
    .limit(1)
    .correlate(attempts)
    .scalar_subquery()
)
_IS_ON_THE_WAY = exists().where(
    jobs.c.job_id == attempts.c.job_id,
    jobs.c.attempt_id == attempts.c.attempt_id,
    jobs.c.state.in_([state.value for state in _ON_THE_WAY]),
)
_WAS_SENT_BACK = exists().where(
    reviews.c.attempt_id == attempts.c.attempt_id,
    reviews.c.decision == ReviewDecision.REJECTED.value,
)
# What was signed had passed, whether or not its new bytes were judged before they were lost.
_WAS_JUDGED = exists().where(
    verdicts.c.attempt_id == attempts.c.attempt_id, verdicts.c.sha256 == attempts.c.sha256
) | exists().where(
    signings.c.attempt_id == attempts.c.attempt_id, signings.c.to_sha256 == attempts.c.sha256
)
# The dearer questions come last: most attempts are answered by the first two.
_END = case(
    (releases.c.attempt_id.is_not(None), SpendRow.RELEASED),
    (attempts.c.state == AttemptState.FAILED.value, SpendRow.FAILED),
    (attempts.c.state != AttemptState.BUILT.value, SpendRow.IN_PROGRESS),
    (_IS_ON_THE_WAY, SpendRow.IN_PROGRESS),
    else_=func.coalesce(
        _FIRST_BLOCK,
        case(
            (_WAS_SENT_BACK, SpendRow.REVIEW),
            (_WAS_JUDGED, SpendRow.NOT_RELEASED),
            else_=SpendRow.NOT_JUDGED,
        ),
    ),
)
_ENDED_AT_US = func.coalesce(attempts.c.ended_at_us, attempts.c.held_at_us)
"""When an attempt's charge was booked; one that is open has none yet."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What attempts of one value of each dimension came to, at one end."""

    end: str
    """As `SpendRow.key`."""
    keys: sums.Key
    attempts: int
    charged_nano: int


def spend(connection: Connection, selection: Selection = EVERYTHING) -> list[SpendRow]:
    """What the attempts of a selection came to and cost, by their keys in order.

    An attempt counts on the day it ended. The rows add up to all that was charged.
    """
    made = [
        SpendRow(one.end, one.attempts, one.charged_nano)
        for one in outcomes(connection, (), selection)
    ]
    adjusted_nano = sums.totals(connection, selection).adjusted_nano
    made.append(SpendRow(SpendRow.ADJUSTED, 0, adjusted_nano))
    # What came to nothing without an attempt that counts is no row of its own.
    return sorted(
        (row for row in made if row.attempts or row.charged_nano), key=lambda row: row.key
    )


def outcomes(
    connection: Connection, by: tuple[str, ...], selection: Selection = EVERYTHING
) -> list[Outcome]:
    """The attempts of a selection by their ends and by dimensions; adjustments are no attempt's."""
    found: dict[tuple[str, sums.Key], list[int]] = {}
    for row_keys, amounts in sums.added_up(connection, _counted(by, selection), (None, *by)):
        end, *keys = row_keys
        of_key = found.setdefault((str(end), tuple(keys)), [0, 0])
        of_key[0] += amounts["attempts"]
        of_key[1] += amounts["charged_nano"]
    return [Outcome(end, keys, *amounts) for (end, keys), amounts in found.items()]


def _counted(by: tuple[str, ...], selection: Selection) -> Select[Any]:
    """Attempts, added up by order before anybody asks whose the orders are: they are many."""
    finer: list[ColumnElement[Any]] = []
    if {"day", "period"} & set(by):
        finer.append(sums.day_number(_ENDED_AT_US).label("day"))
    if "job" in by:
        finer.append(attempts.c.job_id)
    each = (
        select(
            _END.label("end"),
            attempts.c.order_id,
            *finer,
            case((attempts.c.counts, 1), else_=0).label("counted"),
            attempts.c.charged_nano,
        )
        .join(releases, releases.c.attempt_id == attempts.c.attempt_id, isouter=True)
        .where(*_meant(selection))
        .subquery()
    )
    names = ["end", "order_id", *(one.name for one in finer)]
    summed = (
        select(
            *(each.c[name] for name in names),
            sums.total(each.c.counted).label("attempts"),
            sums.total(each.c.charged_nano).label("charged_nano"),
        )
        .group_by(*(each.c[name] for name in names))
        .subquery()
    )
    statement = select(
        sums.total(summed.c.attempts).label("attempts"),
        sums.total(summed.c.charged_nano).label("charged_nano"),
    ).select_from(summed.join(orders, orders.c.order_id == summed.c.order_id))
    keys = [sums.DIMENSIONS[name].column_of(summed, orders) for name in by]
    return sums.keyed(statement, [summed.c.end, *keys])


def _meant(selection: Selection) -> Iterator[ColumnElement[bool]]:
    yield from conditions.between(selection, _ENDED_AT_US)
    yield from conditions.of_jobs(selection, attempts.c.job_id)
    of_orders = conditions.of_orders(selection)
    if not of_orders:
        return
    of_them = select(orders.c.order_id).where(*of_orders)
    yield attempts.c.order_id.in_(of_them)
    if any(name == "order" for name, _ in selection.where):
        # Attempts are found by their jobs: a few orders' need no look at all the others.
        yield attempts.c.job_id.in_(select(jobs.c.job_id).where(jobs.c.order_id.in_(of_them)))
