"""Parts for tests of the books: a clock, small orders, and one-line ways through the stages."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg

from ledger import (
    Admit,
    Books,
    BuiltSettlement,
    FailedSettlement,
    HoldDecision,
    HoldRequest,
    Inspection,
    JobMove,
    JobRecord,
    JobState,
    OrderRecord,
    PriceLine,
    ReleaseRecord,
    RenditionRecord,
    Review,
    ReviewDecision,
    Settled,
    Settlement,
    SigningRecord,
    UnknownSettlement,
    VerdictRecord,
    hold_nano,
)
from ledger.renditions_proof import rules_digest

CENT = 10_000_000
"""One cent in nano-USD."""

SHA256 = "ab" * 32


@dataclass(slots=True)
class SteppingClock:
    """A clock that moves on by one second at every look, so that each write has its own time."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
    step_s: float = 1.0

    def __call__(self) -> datetime:
        """Give the time, one step on."""
        self.now += timedelta(seconds=self.step_s)
        return self.now


def usd_line(usd: str, quantity: str = "1") -> PriceLine:
    """Quantity images at a price each."""
    return PriceLine("image_output_count", Decimal(quantity), "image", Decimal(usd))


def an_order(
    order_id: str = "mugs@2026", *, jobs: int = 3, cap: str = "5.00", per_job: str = "0.20"
) -> OrderRecord:
    slug, _, edition = order_id.partition("@")
    return OrderRecord(
        order_id=order_id,
        slug=slug,
        edition=edition,
        title="Autumn mugs",
        owner="brand-team@acme.example",
        cost_center="cc-4100",
        campaign="autumn-2026",
        provider="replicate",
        model="black-forest-labs/flux-schnell",
        cap_nano=hold_nano(Decimal(cap)),
        per_job_nano=hold_nano(Decimal(per_job)),
        attempts_max=3,
        job_count=jobs,
        spec_sha256="cd" * 32,
        spec_json='{"order":"mugs"}',
    )


def jobs_of(order: OrderRecord) -> Iterator[JobRecord]:
    for position in range(order.job_count):
        name = f"mug-{position:04}"
        yield JobRecord(
            f"{order.order_id}#{name}", position, name, f'{{"prompt":"a mug, number {position}"}}'
        )


def plan(
    books: Books, order: OrderRecord, *renditions: str, done: Sequence[object] = ()
) -> list[str]:
    """Open an order; gives the ids of its jobs.

    They ask for what `rendition` makes, by these names and judged by these rules.
    """
    jobs = list(jobs_of(order))
    if renditions:
        asked = [
            {"name": name, "width": 64 * number, "height": 64, "format": "webp", "done": list(done)}
            for number, name in enumerate(renditions, start=1)
        ]
        # As the canonical form has it: without a space.
        brief_json = json.dumps({"renditions": asked}, separators=(",", ":"))
        jobs = [replace(job, brief_json=brief_json) for job in jobs]
    with books.transaction() as desk:
        assert desk.open_order(order, jobs)
    return [job.job_id for job in jobs]


def request(job_id: str, amount_nano: int = 5 * CENT, number: int = 1) -> HoldRequest:
    """Ask for an attempt with the id `<job id>/<number>`."""
    return HoldRequest(
        attempt_id=f"{job_id}/{number}",
        job_id=job_id,
        order_id=job_id.partition("#")[0],
        number=number,
        seed=1_000 + number,
        amount_nano=amount_nano,
        request_json='{"seed":1}',
    )


def hold(books: Books, *requests: HoldRequest) -> list[HoldDecision]:
    with books.transaction() as desk:
        return desk.hold(requests)


def admit(books: Books, job_id: str, amount_nano: int = 5 * CENT, number: int = 1) -> str:
    """Hold for one attempt that must be admitted; gives its id."""
    (decision,) = hold(books, request(job_id, amount_nano, number))
    assert isinstance(decision, Admit), decision
    return decision.attempt_id


def built(
    attempt_id: str,
    *lines: PriceLine,
    sha256: str = SHA256,
    ref: str | None = None,
) -> BuiltSettlement:
    return BuiltSettlement(
        attempt_id=attempt_id,
        lines=lines or (usd_line("0.03"),),
        provider_ref=ref or f"ref-{attempt_id}",
        sha256=sha256,
        media_type="image/webp",
        byte_count=1_234,
        latency_ms=850,
    )


def failed(
    attempt_id: str, *lines: PriceLine, job_state: JobState = JobState.PLANNED, counts: bool = True
) -> FailedSettlement:
    return FailedSettlement(attempt_id, lines, None, "the model said no", job_state, counts=counts)


def unknown(attempt_id: str, ref: str | None = None) -> UnknownSettlement:
    return UnknownSettlement(attempt_id, ref, "the answer was lost")


def settle(books: Books, *settlements: Settlement) -> list[Settled]:
    with books.transaction() as desk:
        return desk.settle(settlements)


def verdict(criterion: str = "dimensions", *, passed: bool = True) -> VerdictRecord:
    reason = None if passed else "it is 10 pixels too wide"
    return VerdictRecord(criterion, 1, '{"width":1024}', passed, '{"width":1024}', reason)


def inspect(books: Books, job_id: str, *verdicts: VerdictRecord, number: int = 1) -> None:
    """Write verdicts (one passed by default) on a job's attempt and move it as they say."""
    found = verdicts or (verdict(),)
    passed = all(one.passed for one in found)
    state = JobState.ACCEPTED if passed else JobState.PLANNED
    reason = None if passed else "dimensions: it is 10 pixels too wide"
    with books.transaction() as desk:
        desk.inspected([Inspection(f"{job_id}/{number}", job_id, found, state, reason)])


SIGNED = "5a" * 32
"""What `sign` makes of `SHA256`."""


def signing(
    number: int = 0, from_sha256: str = SHA256, to_sha256: str = SIGNED, size: int = 2_345
) -> SigningRecord:
    return SigningRecord(
        number, from_sha256, to_sha256, "ce" * 32, "ba" * 32, "image/webp", byte_count=size
    )


def sign(books: Books, job_id: str, *verdicts: VerdictRecord, of: str = SHA256) -> None:
    """Sign a built job's file, which has passed by these verdicts."""
    attempt_id = f"{job_id}/1"
    record = signing(0, of)
    found = verdicts or (verdict(),)
    with books.transaction() as desk:
        desk.inspected(
            [Inspection(attempt_id, job_id, found, JobState.BUILT, None, of, signing=record)]
        )


def rendition(
    number: int = 1,
    name: str = "thumb",
    *verdicts: VerdictRecord,
    signed: bool = False,
    of: str = SHA256,
) -> RenditionRecord:
    """Make one of the bytes `of`: its digest is `e1` many times, for the first."""
    sha256 = f"e{number}" * 32
    found = verdicts or (verdict("file_size"),)
    signed_as = replace(
        signing(number, f"d{number}" * 32, sha256, 99), rules_sha256=rules_digest(found)
    )
    return RenditionRecord(
        number=number,
        name=name,
        width=64 * number,
        height=64,
        sha256=sha256,
        media_type="image/webp",
        byte_count=99,
        from_sha256=of,
        verdicts=found,
        signing=signed_as if signed else None,
    )


def accept(
    books: Books,
    job_id: str,
    *renditions: RenditionRecord,
    state: JobState = JobState.ACCEPTED,
    reason: str | None = None,
) -> None:
    """Let a built job's file pass, and write what was made of it."""
    with books.transaction() as desk:
        desk.inspected(
            [Inspection(f"{job_id}/1", job_id, (verdict(),), state, reason, renditions=renditions)]
        )


def move(books: Books, *moves: JobMove) -> None:
    with books.transaction() as desk:
        desk.move(moves)


def approve(books: Books, job_id: str) -> None:
    move(books, JobMove(job_id, JobState.ACCEPTED, JobState.APPROVED))


def review(
    books: Books,
    job_id: str,
    because: str | None = None,
    *,
    by: str = "maria@acme.example",
    sha256: str = SHA256,
) -> JobState:
    """Let a person approve a job that waits, or reject it for a reason; where it is now."""
    decision = ReviewDecision.APPROVED if because is None else ReviewDecision.REJECTED
    with books.transaction() as desk:
        return desk.review([Review(job_id, sha256, decision, by, because)])[job_id]


def release_record(job_id: str, sha256: str = SHA256) -> ReleaseRecord:
    name = job_id.partition("#")[2]
    return ReleaseRecord(
        job_id=job_id,
        sha256=sha256,
        store_url="s3://assets/prefix",
        release_key=f"released/{job_id.partition('@')[0]}/{name}.webp",
        receipt_key=f"receipts/{job_id.partition('@')[0]}/{name}.json",
        width=1024,
        height=1024,
    )


def release(books: Books, *job_ids: str) -> None:
    with books.transaction() as desk:
        desk.release([release_record(job_id) for job_id in job_ids])


def withdraw(
    books: Books, job_id: str, by: str = "maria@acme.example", because: str = "wrong logo"
) -> bool:
    with books.transaction() as desk:
        return desk.withdraw(job_id, by=by, because=because)


def through(books: Books, job_id: str, *lines: PriceLine) -> None:
    """Take one planned job all the way to released."""
    attempt_id = admit(books, job_id)
    settle(books, built(attempt_id, *lines))
    inspect(books, job_id)
    approve(books, job_id)
    release(books, job_id)


def through_signed(books: Books, job_id: str, *verdicts: VerdictRecord) -> None:
    """Take a planned job whose brief asks for `thumb` to released, signed with its rendition."""
    settle(books, built(admit(books, job_id)))
    sign(books, job_id)
    accept(books, job_id, rendition(1, "thumb", *verdicts, signed=True))
    approve(books, job_id)
    with books.transaction() as desk:
        desk.release([release_record(job_id, SIGNED)])


def kinds(books: Books, job_id: str) -> list[tuple[str, int]]:
    """The kinds and amounts of a job's entries, in the order they were written."""
    story = books.story(job_id)
    assert story is not None
    return [(one.kind, one.amount_nano) for tried in story.attempts for one in tried.entries]


def state_of(books: Books, job_id: str) -> JobState:
    (view,) = books.jobs([job_id])
    return view.state


def sound(books: Books) -> None:
    """Insist that the books prove themselves."""
    proof = books.verify()
    assert proof.problem is None, proof.problem


def run_sql(url: str, statements: Iterable[str]) -> None:
    """Change a database behind the books' back, as somebody with a database client could."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        try:
            for statement in statements:
                connection.execute(statement)
        finally:
            connection.close()
        return
    with psycopg.connect(url) as server:
        for statement in statements:
            server.execute(statement.encode())


def disarm(url: str) -> None:
    """Take away every trigger and the indexes that are in the way of a forger."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        connection = sqlite3.connect(path)
        names: Sequence[tuple[str]] = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        connection.close()
        drops = [f"DROP TRIGGER {name}" for (name,) in names]
    else:
        drops = [
            f"ALTER TABLE {table} DISABLE TRIGGER USER"
            for table in (
                "entries",
                "mends",
                "signings",
                "renditions",
                "withdrawals",
                "verdicts",
                "releases",
                "holds",
                "seals",
                "cap_rules",
                "decisions",
                "reviews",
                "jobs",
                "orders",
                "fingerprints",
                "released_pictures",
                "budgets",
                "closings",
                "requests",
                "approvals",
                "raise_limits",
            )
        ]
    run_sql(
        url, [*drops, "DROP INDEX entries_once_per_attempt", "DROP INDEX entries_one_cap_per_order"]
    )
