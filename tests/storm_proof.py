"""What must hold after a storm of kills: the books against the bill, the store, the caps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from kill_storm import StormPlan, Toll
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
        yield f"overspend 0, lost cents 0, released twice 0, orphan holds {self.orphan_holds}"
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
    assert not toll.passed_caps
    charged = assert_books_equal_bill(desk, provider)
    billed = sum((line.amount for line in provider.bill()), Decimal(0))
    window = Window(books_url)
    try:
        _assert_caps_kept(toll, window, desk)
        _assert_seeds_once(window, provider)
        orphans = _orphans(window, desk)
        released = _assert_released_once(window, desk)
        attempts = int(window.rows("SELECT count(*) FROM attempts")[0][0])
        _assert_told(window, desk, provider, books_url)
    finally:
        window.close()
    _, final = toll.ends[-1]
    assert sum(int(str(final[name])) for name in ENDS) == plan.jobs
    assert final["released"] == released
    return Proof(
        plan,
        toll,
        charged,
        billed,
        attempts,
        len(provider.predictions()),
        released,
        orphans,
    )


def _assert_caps_kept(toll: Toll, window: Window, desk: Desk) -> None:
    """Check every budget as it stands, and the tight caps against what had been spent under them."""
    assert not window.passed_caps()
    for cap, end in toll.ends:
        assert Decimal(str(end["spent_usd"])) + Decimal(str(end["held_usd"])) <= cap
    assert all(int(str(end["refused"])) > 0 for _, end in toll.ends[:-1]), "a cap was not tested"
    assert toll.ends[-1][1]["refused"] == 0
    budgets = desk.mintage("ledger", "budget", "list", "--json").json()["budgets"]
    assert {"cost_center", "provider"} <= {one["scope"] for one in budgets}
    for one in budgets:
        assert Decimal(one["spent_usd"]) + Decimal(one["held_usd"]) <= Decimal(one["cap_usd"])
    per_job: Counter[str] = Counter()
    for row in desk.charges():
        per_job[row["job_id"]] += int(Decimal(row["amount_usd"]) * 10**9)
    assert max(per_job.values()) <= 20_000_000


def _assert_seeds_once(window: Window, provider: Controls) -> None:
    """Check that no try was entered twice, and that none was sent twice."""
    numbers = window.rows("SELECT job_id, number FROM attempts")
    assert len(set(numbers)) == len(numbers)
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
    summary = desk.mintage("ledger", "summary", "--json").json()
    assert summary["unknown_attempts"] == len(unknown)
    return len(open_holds)


def _assert_released_once(window: Window, desk: Desk) -> int:
    """Check that store and books have the same released assets; give their number."""
    verified = desk.mintage("assets", "verify", "--deep", "--json")
    assert verified.code == 0, verified.out
    keys = window.release_keys()
    assert len(set(keys)) == len(keys)
    store = desk.folder / ".mintage/store"
    in_store = {str(path.relative_to(store)) for path in _assets_in(store)}
    assert in_store == set(keys)
    assert verified.json()["checked"] == len(keys)
    return len(keys)


def _assets_in(store: Path) -> Iterator[Path]:
    for path in (store / "released").rglob("*"):
        beside = path.name in {"manifest.json", "manifest.csv"} or path.parent.name == "receipts"
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
        assert len(desk.mintage("trace", job_id, "--json").json()["attempts"]) == count
