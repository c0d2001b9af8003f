"""What must hold after a storm of kills: the books against the bill, the store, the caps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from kill_storm import PER_JOB_USD, StormPlan, Toll
from loopback.server import Controls
from mint_runs import ENDS, Desk, assert_books_equal_bill
from storm_window import Window

from console.job_story import story_json
from ledger import Books

TRACED_BY_COMMAND = 1


@dataclass(frozen=True, slots=True)
class Proof:
    """The figures of a storm whose books were found right."""

    plan: StormPlan
    toll: Toll
    charged_usd: Decimal
    billed_usd: Decimal
    attempts: int
    predictions: int
    released: int
    released_twice: int
    orphan_holds: int

    def lines(self) -> Iterator[str]:
        """Give the figures, one a line."""
        plan, toll = self.plan, self.toll
        yield f"seed {plan.seed}, {plan.jobs} jobs, {plan.runs_at_once} run(s) at once"
        yield f"kills {plan.kills}, hit {toll.hits}, came too late first {toll.missed}"
        yield f"runs started {toll.runs}"
        yield f"attempts {self.attempts}, predictions {self.predictions}"
        for cap, end in toll.ends:
            yield (
                f"under a cap of ${cap}: spent ${end['spent_usd']}, "
                f"released {end['released']}, refused {end['refused']}"
            )
        yield f"charged ${self.charged_usd}, billed ${self.billed_usd}"
        lost = abs(self.charged_usd - self.billed_usd)
        yield f"overspend ${toll.overspend_usd}, lost ${lost}, released twice {self.released_twice}"
        yield f"orphan holds {self.orphan_holds}"
        yield f"seconds {toll.seconds:.0f}"
        yield "killed while"
        for name, count in toll.doing.most_common():
            yield f"  {name:34} {count:4} {'#' * count}"
        yield "jobs that kills of the run at work caught"
        for name, count in toll.caught.most_common():
            yield f"  {name:34} {count:4}"


def prove(plan: StormPlan, toll: Toll, desk: Desk, provider: Controls, books_url: str) -> Proof:
    """Check everything that must hold after a storm and give its figures."""
    assert toll.hits == plan.kills
    assert_books_equal_bill(desk, provider)
    charges = desk.charges()
    window = Window(books_url)
    try:
        _assert_caps_kept(toll, window, desk, charges)
        _assert_seeds_once(window, provider)
        keys = _released_keys(window, desk)
        _assert_told(window, desk, provider, books_url)
        proof = Proof(
            plan,
            toll,
            sum((Decimal(row["amount_usd"]) for row in charges), Decimal(0)),
            provider.total(),
            attempts=int(window.rows("SELECT count(*) FROM attempts")[0][0]),
            predictions=len(provider.predictions()),
            released=len(keys),
            released_twice=len(keys) - len(set(keys)),
            orphan_holds=_orphans(window, desk),
        )
    finally:
        window.close()
    _, final = toll.ends[-1]
    assert sum(int(str(final[name])) for name in ENDS) == plan.jobs
    assert (final["released"], proof.released_twice) == (proof.released, 0)
    assert proof.charged_usd == proof.billed_usd
    return proof


def _assert_caps_kept(
    toll: Toll, window: Window, desk: Desk, charges: list[dict[str, str]]
) -> None:
    """Check every budget as it stands, and the tight caps against what had been spent under them."""
    assert toll.overspend_usd == 0
    assert not window.passed_caps()
    for cap, end in toll.ends:
        assert Decimal(str(end["spent_usd"])) + Decimal(str(end["held_usd"])) <= cap
    assert all(int(str(end["refused"])) > 0 for _, end in toll.ends[:-1]), "a cap was not tested"
    assert toll.ends[-1][1]["refused"] == 0
    budgets = desk.here("ledger", "budget", "list", "--json").json()["budgets"]
    assert {"cost_center", "provider"} <= {one["scope"] for one in budgets}
    for one in budgets:
        assert Decimal(one["spent_usd"]) + Decimal(one["held_usd"]) <= Decimal(one["cap_usd"])
    per_job: dict[str, Decimal] = {}
    for row in charges:
        per_job[row["job_id"]] = per_job.get(row["job_id"], Decimal(0)) + Decimal(row["amount_usd"])
    assert max(per_job.values()) <= PER_JOB_USD


def _assert_seeds_once(window: Window, provider: Controls) -> None:
    """Check that no try was entered twice, and that none was sent twice."""
    numbers = window.rows("SELECT job_id, number FROM attempts")
    assert len(set(numbers)) == len(numbers)
    assert_sent_once(provider)


def assert_sent_once(provider: Controls) -> None:
    """Check that no try was sent twice: each has a seed of its own."""
    sent = Counter((one.input["prompt"], one.seed) for one in provider.predictions())
    assert set(sent.values()) == {1}, "the same try was sent twice"


def _orphans(window: Window, desk: Desk) -> int:
    """Count holds without an end; each has to be an unknown attempt that says why."""
    open_holds = {
        row[0] for row in window.rows("SELECT attempt_id FROM holds WHERE state = 'open'")
    }
    unknown = {
        row[0]
        for row in window.rows(
            "SELECT attempt_id FROM attempts WHERE state = 'unknown' AND reason IS NOT NULL"
        )
    }
    assert open_holds == unknown
    summary = desk.here("ledger", "summary", "--json").json()
    assert summary["unknown_attempts"] == len(unknown)
    return len(open_holds)


def _released_keys(window: Window, desk: Desk) -> list[str]:
    """Check that store and books have the same released assets; give the books' keys."""
    verified = desk.mintage("assets", "verify", "--deep", "--json")
    assert verified.code == 0, verified.out
    keys = window.release_keys()
    renditions = [
        f"{key.rpartition('/')[0]}/{name}.{media_type.removeprefix('image/')}"
        for key, name, media_type in window.rows(
            "SELECT r.release_key, f.name, f.media_type FROM releases r "
            "JOIN renditions f ON f.attempt_id = r.attempt_id"
        )
    ]
    store = desk.folder / ".mintage/store"
    in_store = [str(path.relative_to(store)) for path in _assets_in(store)]
    assert sorted(in_store) == sorted([*keys, *renditions])
    assert verified.json()["checked"] == len(in_store)
    _assert_signed(window, desk)
    return keys


def _assert_signed(window: Window, desk: Desk) -> None:
    """Check that a house that signs has released nothing unsigned, and that others sign nothing."""
    signed = {row[0] for row in window.rows("SELECT to_sha256 FROM signings")}
    released = window.rows(
        "SELECT sha256 FROM releases UNION SELECT f.sha256 FROM renditions f "
        "JOIN releases r ON r.attempt_id = f.attempt_id"
    )
    if "MINTAGE_SIGNING_KEY" in desk.environment:
        assert {row[0] for row in released} <= signed
    else:
        assert not signed


def _assets_in(store: Path) -> Iterator[Path]:
    for path in (store / "released").rglob("*"):
        written = path.name in {"manifest.json", "manifest.csv", "index.html"}
        beside = written or path.parent.name == "receipts"
        if path.is_file() and not beside:
            yield path


def _assert_told(window: Window, desk: Desk, provider: Controls, books_url: str) -> None:
    """Check that the story of some job tells of every prediction, and with what was billed for it."""
    billed = {line.prediction_id: line.amount for line in provider.bill()}
    told: dict[str, Decimal] = {}
    by_command: list[tuple[int, str]] = []
    books = Books.open(books_url, clock=lambda: datetime.now(UTC))
    try:
        for (job_id,) in window.rows("SELECT job_id FROM jobs"):
            story = books.story(job_id)
            assert story is not None
            shown = json.loads(json.dumps(story_json(story)))
            by_command.append((len(shown["attempts"]), job_id))
            for attempt in shown["attempts"]:
                assert attempt["entries"], "an attempt without entries"
                ref = attempt["provider_ref"]
                if ref is not None:
                    assert ref not in told
                    told[ref] = Decimal(attempt["charged_usd"])
                else:
                    # Nothing was created for it, or nobody could tell: it must say so.
                    assert attempt["reason"]
                    assert Decimal(attempt["charged_usd"]) == 0
    finally:
        books.close()
    assert told == billed
    for count, job_id in sorted(by_command)[-TRACED_BY_COMMAND:]:
        assert len(desk.here("trace", job_id, "--json").json()["attempts"]) == count
