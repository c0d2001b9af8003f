"""Makes a year of nightly orders through the books' own desks, as finance would find it.

    python tests/benchmarks/books_year.py sqlite:////tmp/year/ledger.db
    python tests/benchmarks/books_year.py sqlite:////tmp/year-small/ledger.db --charges 20000

Eight orders run every night of 2026, of four cost centres, seasonal campaigns, two providers and
six models: by the image, by the second, of stacked metrics, and with unit prices finer than a
nano-dollar. Some attempts are void, some are charged above their hold, some files are rejected by
a rule and built again, one order's are looked at by people, and a few answers are lost over the
turn of each month; one is never found. Months are sealed when they are over; the last one is not.
What is made is the same every time.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(Path(__file__).resolve().parent)]

from books_make import BatchClock  # noqa: E402  found by the path above
from books_parts import verdict  # noqa: E402

from ledger import (  # noqa: E402  found by the path above
    Admit,
    Books,
    BuiltSettlement,
    FailedSettlement,
    HoldRequest,
    Inspection,
    JobMove,
    JobRecord,
    JobState,
    OrderRecord,
    PriceLine,
    Quoted,
    ReleaseRecord,
    Review,
    ReviewDecision,
    Scope,
    Settlement,
    UnknownSettlement,
    hold_nano,
)

CHARGES = 1_000_000
LAST_DAY = date(2026, 12, 31)
NIGHTS = 365
ATTEMPTS_MAX = 3
FEE_USD = Decimal("0.0200000005")
"""What some runs cost above what was held for them."""
RULES = ("dimensions", "not_blank", "text_free", "sharpness", "palette")
LOSING = ("social-posts", "room-scenes", "mood-boards")
"""Orders that lose an answer on the 28th of each month."""
SEASONS = ("winter", "spring", "summer", "autumn")

Priced = Callable[[random.Random], tuple[PriceLine, ...]]


def by_image(price: str) -> Priced:
    """So much for a picture."""
    lines = (PriceLine("image_output_count", Decimal(1), "image", Decimal(price)),)
    return lambda _: lines


def by_second(price: str, least: int, most: int) -> Priced:
    """So much for a second of a machine, which differs from run to run by microseconds."""

    def priced(chance: random.Random) -> tuple[PriceLine, ...]:
        seconds = Decimal(chance.randrange(least * 10**6, most * 10**6)).scaleb(-6)
        return (PriceLine("predict_time", seconds, "second", Decimal(price)),)

    return priced


def stacked(chance: random.Random) -> tuple[PriceLine, ...]:
    """A fee for the run and a price for the megapixels."""
    megapixels = Decimal(chance.choice((1_048_576, 1_310_720, 2_097_152))).scaleb(-6)
    return (
        PriceLine("run_count", Decimal(1), "run", Decimal("0.015")),
        PriceLine("image_output_megapixel_count", megapixels, "megapixel", Decimal("0.015")),
    )


@dataclass(frozen=True, slots=True)
class Nightly:
    """One order that runs every night."""

    slug: str
    title: str
    cost_center: str
    theme: str
    provider: str
    model: str
    priced: Priced
    hold: str
    expected: str
    is_reviewed: bool = False

    @property
    def owner(self) -> str:
        """Who answers for it."""
        return f"{self.theme}-team@acme.example"


NIGHTLY = (
    Nightly(
        "product-photos",
        "Product photos",
        "cc-4100",
        "catalogue",
        "replicate",
        "black-forest-labs/flux-schnell",
        by_image("0.003"),
        "0.003",
        "0.003",
    ),
    Nightly(
        "room-scenes",
        "Room scenes",
        "cc-4100",
        "catalogue",
        "replicate",
        "black-forest-labs/flux-1.1-pro",
        by_image("0.04"),
        "0.04",
        "0.04",
        is_reviewed=True,
    ),
    Nightly(
        "mood-boards",
        "Mood boards",
        "cc-4200",
        "brand",
        "replicate",
        "stability-ai/sdxl",
        by_second("0.000725", 2, 9),
        "0.0065",
        "0.004",
    ),
    Nightly(
        "banner-backgrounds",
        "Backgrounds of banners",
        "cc-4200",
        "brand",
        "replicate",
        "black-forest-labs/flux-2-pro",
        stacked,
        "0.047",
        "0.031",
    ),
    Nightly(
        "social-posts",
        "Posts",
        "cc-4300",
        "social",
        "replicate",
        "ideogram-ai/ideogram-v3-turbo",
        by_image("0.03"),
        "0.03",
        "0.03",
    ),
    Nightly(
        "story-frames",
        "Frames of stories",
        "cc-4300",
        "social",
        "replicate",
        "black-forest-labs/flux-schnell",
        by_image("0.003"),
        "0.003",
        "0.003",
    ),
    Nightly(
        "fabric-swatches",
        "Swatches of fabric",
        "cc-4400",
        "materials",
        "elsewhere",
        "acme/painter",
        by_image("0.0123456789"),
        "0.0124",
        "0.0124",
    ),
    Nightly(
        "icon-drafts",
        "Drafts of icons",
        "cc-4400",
        "materials",
        "replicate",
        "stability-ai/sdxl",
        by_second("0.000225", 1, 12),
        "0.0027",
        "0.0015",
    ),
)


@dataclass(slots=True)
class Made:
    """How far the books have come."""

    charges: int = 0
    attempts: int = 0
    lost: list[str] = field(default_factory=list)
    """Attempts whose answer was lost and may still be found."""


class Night:
    """One edition of one order, taken to its end."""

    def __init__(
        self,
        books: Books,
        chance: random.Random,
        wanted: Nightly,
        made: Made,
        *,
        loses: bool = False,
    ) -> None:
        self._books = books
        self._chance = chance
        self._wanted = wanted
        self._made = made
        self._loses = loses
        self._made_ms = 0

    def run(self, at: datetime, count: int, *, plainly: bool = False) -> None:
        """Open the edition and build `count` jobs; plainly: each is charged once."""
        wanted, day = self._wanted, at.date()
        self._made_ms = int(at.timestamp()) * 1_000
        # With room for a fee above the hold, so that no job is refused.
        per_job_nano = (self._held() + hold_nano(FEE_USD)) * ATTEMPTS_MAX
        order = OrderRecord(
            order_id=f"{wanted.slug}@{day}",
            slug=wanted.slug,
            edition=str(day),
            title=wanted.title,
            owner=wanted.owner,
            cost_center=wanted.cost_center,
            campaign=f"{wanted.theme}-{SEASONS[day.month % 12 // 3]}-{day.year}",
            provider=wanted.provider,
            model=wanted.model,
            cap_nano=count * per_job_nano,
            per_job_nano=per_job_nano,
            attempts_max=ATTEMPTS_MAX,
            job_count=count,
            spec_sha256=sha256(f"{wanted.slug}@{day}".encode()).hexdigest(),
            spec_json=f'{{"order":"{wanted.slug}"}}',
        )
        jobs = [self._job(order, position) for position in range(count)]
        with self._books.transaction() as desk:
            assert desk.open_order(order, jobs, self._quoted(count))
        left = [job.job_id for job in jobs]
        for number in range(1, ATTEMPTS_MAX + 1):
            left = self._attempt(order, left, number, plainly=plainly)
            if not left:
                break
        # An order with a lost answer waits for it.
        if not self._books.job_counts(order.order_id)[JobState.UNKNOWN]:
            with self._books.transaction() as desk:
                desk.finish_order(order.order_id)

    def _held(self) -> int:
        return hold_nano(Decimal(self._wanted.hold))

    def _quoted(self, count: int) -> Quoted:
        first = count * self._held()
        expected = count * hold_nano(Decimal(self._wanted.expected))
        return Quoted(expected, first, first * ATTEMPTS_MAX)

    def _job(self, order: OrderRecord, position: int) -> JobRecord:
        name = f"{self._wanted.theme}/{self._wanted.slug}-{position:04}"
        brief = f'{{"prompt":"{self._wanted.title}, number {position}"}}'
        return JobRecord(f"{order.order_id}#{name}", position, name, brief)

    def _attempt(
        self, order: OrderRecord, job_ids: Sequence[str], number: int, *, plainly: bool
    ) -> list[str]:
        """One attempt of each job; gives the jobs that need another one."""
        named = {job_id: self._uuid() for job_id in job_ids}
        requests = [
            HoldRequest(
                attempt_id=named[job_id],
                job_id=job_id,
                order_id=order.order_id,
                number=number,
                seed=self._chance.getrandbits(31),
                amount_nano=self._held(),
                request_json='{"input":{"prompt":"as the brief says"}}',
            )
            for job_id in job_ids
        ]
        with self._books.transaction() as desk:
            assert all(isinstance(one, Admit) for one in desk.hold(requests))
        is_last = number == ATTEMPTS_MAX
        ends = [self._end(attempt_id, is_last, plainly=plainly) for attempt_id in named.values()]
        with self._books.transaction() as desk:
            settled = desk.settle(ends)
            if any(one.overrun_nano for one in settled):
                desk.resume_order(order.order_id)
        self._made.attempts += len(settled)
        self._made.charges += sum(
            (one.charged_nano > one.overrun_nano) + (one.overrun_nano > 0) for one in settled
        )
        built = {
            job_id: end.sha256
            for job_id, end in zip(job_ids, ends, strict=True)
            if isinstance(end, BuiltSettlement)
        }
        again = [
            job_id
            for job_id, end in zip(job_ids, ends, strict=True)
            if isinstance(end, FailedSettlement) and end.job_state is JobState.PLANNED
        ]
        return again + self._judge(named, built, number, plainly=plainly)

    def _end(self, attempt_id: str, is_last: bool, *, plainly: bool) -> Settlement:
        fate = 1.0 if plainly else self._chance.random()
        ref = f"r{self._chance.getrandbits(128):032x}"[:26]
        if self._loses and not plainly:
            self._loses = False
            self._made.lost.append(attempt_id)
            return UnknownSettlement(attempt_id, None, "the answer was lost")
        if fate < 0.02:
            state = JobState.FAILED if is_last else JobState.PLANNED
            return FailedSettlement(attempt_id, (), ref, "the model gave no picture", state)
        lines = self._wanted.priced(self._chance)
        if fate < 0.021:
            state = JobState.FAILED if is_last else JobState.PLANNED
            return FailedSettlement(attempt_id, lines, ref, "canceled while it ran", state)
        if fate < 0.0215:
            lines = (*lines, PriceLine("retry_fee", Decimal(1), "run", FEE_USD))
        return BuiltSettlement(
            attempt_id=attempt_id,
            lines=lines,
            provider_ref=ref,
            sha256=sha256(attempt_id.encode()).hexdigest(),
            media_type="image/webp",
            byte_count=self._chance.randrange(20_000, 400_000),
            latency_ms=self._chance.randrange(700, 9_000),
        )

    def _judge(
        self,
        named: dict[str, str],
        built: dict[str, str],
        number: int,
        *,
        plainly: bool,
    ) -> list[str]:
        """Judge what was built, and release what passed; gives the jobs to build again."""
        bad = {
            job_id: self._chance.choice(RULES)
            for job_id in built
            if not plainly and self._chance.random() < 0.05
        }
        is_last = number == ATTEMPTS_MAX
        after = JobState.REJECTED if is_last else JobState.PLANNED
        good = [job_id for job_id in built if job_id not in bad]
        with self._books.transaction() as desk:
            desk.inspected(
                [
                    Inspection(
                        named[job_id],
                        job_id,
                        (verdict(bad.get(job_id, "format"), passed=job_id not in bad),),
                        after if job_id in bad else JobState.ACCEPTED,
                        f"{bad[job_id]}: not as it was asked for" if job_id in bad else None,
                    )
                    for job_id in built
                ]
            )
        # Once a person has rejected a file of a job, a person looks at the next one too.
        share = 10 if number == 1 else 1
        seen = set() if plainly or not self._wanted.is_reviewed else set(good[::share])
        disliked = self._review(sorted(seen), built)
        passed = [job_id for job_id in good if job_id not in seen]
        with self._books.transaction() as desk:
            desk.move([JobMove(job_id, JobState.ACCEPTED, JobState.APPROVED) for job_id in passed])
            desk.release(
                [_released(job_id, built[job_id]) for job_id in good if job_id not in disliked]
            )
        return [] if is_last else [*bad, *disliked]

    def _review(self, job_ids: Sequence[str], built: dict[str, str]) -> set[str]:
        """Let people look at some; gives those that they did not like."""
        if not job_ids:
            return set()
        disliked = {job_id for job_id in job_ids if self._chance.random() < 0.1}
        with self._books.transaction() as desk:
            desk.move([JobMove(one, JobState.ACCEPTED, JobState.IN_REVIEW) for one in job_ids])
            desk.review(
                [
                    Review(
                        job_id,
                        built[job_id],
                        ReviewDecision.REJECTED if job_id in disliked else ReviewDecision.APPROVED,
                        "maria@acme.example",
                        "the light is wrong" if job_id in disliked else None,
                    )
                    for job_id in job_ids
                ]
            )
        return disliked

    def _uuid(self) -> str:
        """An id of the same form as a UUIDv7, from the chance that everything here is from."""
        self._made_ms += 1
        digits = f"{self._made_ms:012x}7{self._chance.getrandbits(76):019x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _released(job_id: str, digest: str) -> ReleaseRecord:
    order_id, _, name = job_id.partition("#")
    slug, _, edition = order_id.partition("@")
    return ReleaseRecord(
        job_id=job_id,
        sha256=digest,
        store_url="s3://acme-assets/mintage",
        release_key=f"released/{slug}/{edition}/{name}.webp",
        receipt_key=f"released/{slug}/{edition}/receipts/{name}.json",
        width=1024,
        height=1024,
    )


def make(books: Books, clock: BatchClock, charges: int, last_day: date = LAST_DAY) -> Made:
    """Write a year up to `last_day` that has exactly so many charges and overruns."""
    chance = random.Random(365)  # noqa: S311  repeatable, not secret
    made = Made()
    first = datetime(last_day.year, last_day.month, last_day.day, 2, tzinfo=UTC)
    first -= timedelta(days=NIGHTS - 1)
    clock.now = first - timedelta(hours=1)
    _set_caps(books)
    # Most of the night's last orders are cut to what is left, so that the number comes out.
    for night in range(NIGHTS):
        wanted = charges * (night + 1) // NIGHTS
        clock.now = first + timedelta(days=night)
        if night and clock.now.day == 1:
            books.seal()
        if clock.now.day == 3:
            _find_lost(books, made)
        for number, one in enumerate(NIGHTLY):
            left = wanted - made.charges
            count = max(1, round(left / (len(NIGHTLY) - number) * chance.uniform(0.8, 1.15)))
            is_last = night == NIGHTS - 1 and number == len(NIGHTLY) - 1
            loses = clock.now.day == 28 and one.slug in LOSING
            Night(books, chance, one, made, loses=loses).run(
                clock.now, left if is_last else count, plainly=is_last
            )
            clock.now += timedelta(minutes=17, seconds=3, microseconds=chance.randrange(10**6))
    return made


def _find_lost(books: Books, made: Made) -> None:
    """Charge what was lost last month as the provider's record says; one of them is never found."""
    found, made.lost = made.lost[1:], made.lost[:1]
    lines = (PriceLine("image_output_count", Decimal(1), "image", Decimal("0.003")),)
    with books.transaction() as desk:
        desk.settle(
            [
                FailedSettlement(one, lines, f"found-{one}", "found, and no file", JobState.FAILED)
                for one in found
            ]
        )
    made.charges += len(found)


def _set_caps(books: Books) -> None:
    """Cap each cost centre's month, as somebody in finance would."""
    with books.transaction() as desk:
        for cost_center in sorted({one.cost_center for one in NIGHTLY}):
            desk.set_cap(
                Scope.COST_CENTER,
                cost_center,
                hold_nano(Decimal(20_000)),
                by="finance@acme.example",
                because="the year's plan",
            )


def main() -> None:
    """Make books at a URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--charges", type=int, default=CHARGES)
    parser.add_argument("--until", type=date.fromisoformat, default=LAST_DAY)
    wanted = parser.parse_args()
    clock = BatchClock()
    before = time.perf_counter()
    with Books.open(wanted.url, clock=clock, migrate=True) as books:
        made = make(books, clock, wanted.charges, wanted.until)
        count = books.totals().entry_count
    took_s = time.perf_counter() - before
    sys.stdout.write(
        f"{made.charges:,} charges of {made.attempts:,} attempts, {count:,} entries in "
        f"{took_s:.0f} s\n"
    )


if __name__ == "__main__":
    main()
