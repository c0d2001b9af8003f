"""Makes large books the way real ones come about: through the books' own desks, in batches.

    python tests/benchmarks/books_make.py sqlite:////tmp/large/ledger.db --entries 1000000

Orders of several cost centres, campaigns, models and two providers over some weeks: most attempts
are built and released, some are voided, cost all of their hold or more, or are still open.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from books_parts import (  # noqa: E402  found by the path above
    CENT,
    an_order,
    built,
    failed,
    jobs_of,
    release_record,
    request,
    unknown,
    usd_line,
    verdict,
)

from ledger import (  # noqa: E402  found by the path above
    Admit,
    Books,
    Inspection,
    JobMove,
    JobState,
    OrderRecord,
    Settlement,
    hold_nano,
)

ORDER_JOBS = 20_000
BATCH = 500
HOLD_NANO = 5 * CENT
PLACES = (
    ("replicate", "black-forest-labs/flux-schnell"),
    ("replicate", "black-forest-labs/flux-pro"),
    ("replicate", "google/imagen-4"),
    ("elsewhere", "acme/painter"),
)


@dataclass(slots=True)
class BatchClock:
    """A clock that stands still within a batch and goes on between batches."""

    now: datetime = field(default_factory=lambda: datetime(2026, 9, 20, tzinfo=UTC))

    def __call__(self) -> datetime:
        """Give the time."""
        return self.now


def make(books: Books, clock: BatchClock, entries: int) -> int:
    """Write until there are at least this many entries; gives the number of attempts."""
    chance = random.Random(7)  # noqa: S311  repeatable, not secret
    attempts = 0
    for number in range(10_000):
        order = _order(number)
        with books.transaction() as desk:
            desk.open_order(order, jobs_of(order))
        job_ids = [job.job_id for job in jobs_of(order)]
        for start in range(0, len(job_ids), BATCH):
            if books.totals().entry_count >= entries:
                return attempts
            attempts += _batch(books, chance, job_ids[start : start + BATCH])
            clock.now += timedelta(hours=1, minutes=17)
    raise RuntimeError("this many entries need more orders than were meant")


def _order(number: int) -> OrderRecord:
    provider, model = PLACES[number % len(PLACES)]
    known = an_order(f"bulk{number:04}@2026", jobs=ORDER_JOBS)
    return OrderRecord(
        order_id=known.order_id,
        slug=known.slug,
        edition=known.edition,
        title=known.title,
        owner=known.owner,
        cost_center=f"cc-{4100 + number % 5}",
        campaign=f"campaign-{number % 7}",
        provider=provider,
        model=model,
        cap_nano=hold_nano(Decimal(10_000)),
        per_job_nano=hold_nano(Decimal(1)),
        attempts_max=3,
        job_count=ORDER_JOBS,
        spec_sha256=known.spec_sha256,
        spec_json=known.spec_json,
    )


def _batch(books: Books, chance: random.Random, job_ids: Sequence[str]) -> int:
    """Take a batch of jobs to their ends, in four transactions."""
    with books.transaction() as desk:
        decisions = desk.hold([request(job_id, HOLD_NANO) for job_id in job_ids])
    assert all(isinstance(decision, Admit) for decision in decisions)
    ends = list(_ends(chance, job_ids))
    good = [job_id for job_id, _, is_good in ends if is_good]
    with books.transaction() as desk:
        desk.settle([end for _, end, _ in ends])
        desk.resume_order(job_ids[0].partition("#")[0])
    with books.transaction() as desk:
        desk.inspected(
            [
                Inspection(f"{job_id}/1", job_id, (verdict(),), JobState.ACCEPTED, None)
                for job_id in good
            ]
        )
        desk.move([JobMove(job_id, JobState.ACCEPTED, JobState.APPROVED) for job_id in good])
    with books.transaction() as desk:
        desk.release([release_record(job_id) for job_id in good])
    return len(job_ids)


def _ends(chance: random.Random, job_ids: Sequence[str]) -> Iterator[tuple[str, Settlement, bool]]:
    """How each attempt ends, and whether its asset goes on to be released."""
    open_one = chance.randrange(100 * BATCH)
    for position, job_id in enumerate(job_ids):
        attempt_id = f"{job_id}/1"
        if position == open_one:
            yield job_id, unknown(attempt_id), False
            continue
        fate = chance.random()
        if fate < 0.04:
            yield job_id, failed(attempt_id, job_state=JobState.FAILED), False
        elif fate < 0.08:
            yield job_id, built(attempt_id, usd_line("0.05")), False
        elif fate < 0.081:
            yield job_id, built(attempt_id, usd_line("0.06")), True
        else:
            yield job_id, built(attempt_id, usd_line(f"0.0{chance.randrange(1, 5)}")), True


def main() -> None:
    """Make books at a URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--entries", type=int, default=1_000_000)
    wanted = parser.parse_args()
    clock = BatchClock()
    before = time.perf_counter()
    with Books.open(wanted.url, clock=clock, migrate=True) as books:
        attempts = make(books, clock, wanted.entries)
        count = books.totals().entry_count
    took_s = time.perf_counter() - before
    sys.stdout.write(f"{count:,} entries of {attempts:,} attempts in {took_s:.0f} s\n")


if __name__ == "__main__":
    main()
