"""Runs killed with SIGKILL between inspect and release, and what then lies under `released/`.

After each kill, before anything is resumed, `mintage assets verify` has to find nothing wrong, and
every file under `released/` is held against the books by plain SQL: its very bytes were judged, no
verdict on them blocks, and their job is approved or released.
"""

from __future__ import annotations

import hashlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mint_runs import Desk, Running
from storm_window import Window

POLL_S = 0.001
PATIENCE_S = 60.0
BESIDE = frozenset({"manifest.json", "manifest.csv", "index.html"})

_GATED = """
SELECT a.sha256, a.attempt_id, 0, j.job_id FROM attempts a JOIN jobs j ON j.attempt_id = a.attempt_id
WHERE j.state IN ('approved', 'released')
UNION ALL
SELECT r.sha256, r.attempt_id, r.number, j.job_id
FROM renditions r JOIN jobs j ON j.attempt_id = r.attempt_id
WHERE j.state IN ('approved', 'released')
"""
_VERDICTS = """
SELECT sha256, attempt_id, rendition, sum(CASE WHEN passed OR severity <> 'block' THEN 0 ELSE 1 END)
FROM verdicts GROUP BY 1, 2, 3
"""


def gated_order(jobs: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Make an order of the studio's cards with labels, each with two renditions."""
    order: dict[str, Any] = {
        "order": "gates",
        "title": "Gates",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "storms",
        "budget": {"cap": "5.00", "per_job": "0.02", "attempts": 2},
        "generator": {"provider": "studio", "model": "cards"},
        "brief": {"prompt": "Card number {variant}"},
        "variants": jobs,
        "label": {
            "title": {"en": "Card {variant}", "de": "Karte {variant}"},
            "alt": {"en": "A card with the number {variant}"},
            "credit": "Acme",
            "tags": ["storm"],
        },
        "output": [
            {"width": 128, "height": 128, "format": "webp", "name": "card-{variant}"},
            {"width": 64, "height": 64, "format": "png", "name": "card-{variant}-small"},
            {"width": 32, "height": 32, "format": "jpeg", "name": "card-{variant}-tiny"},
        ],
        "done": [
            {"dimensions": {"width": 128, "height": 128}},
            {"format": {"is": "webp"}},
            {"not_blank": {}},
        ],
        "concurrency": 4,
    }
    order.update(changes)
    return order


@dataclass(slots=True)
class GateToll:
    """What a storm did."""

    kills: int = 0
    missed: int = 0
    files: int = 0
    """Files under `released/` that were held against the books, all kills together."""
    unfinished: int = 0
    """Those of them that were of releases which had been cut off."""
    caught: Counter[str] = field(default_factory=Counter)
    """Jobs by the state that a kill left them in, those with nothing to do left out."""
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        """Give the figures, one a line."""
        yield f"kills {self.kills}, came too late first {self.missed}"
        yield f"files looked at under released/ {self.files}, ungated 0"
        yield f"files of releases that were cut off {self.unfinished}"
        for name, count in self.caught.most_common():
            yield f"  jobs left {name:20} {count:4}"
        yield f"seconds {self.seconds:.0f}"


class GateStorm:
    """One storm over one order at a desk, and its end."""

    def __init__(self, desk: Desk, books_url: str, *, jobs: int, kills: int, seed: int) -> None:
        self.desk = desk
        self.window = Window(books_url)
        self.toll = GateToll()
        self._jobs = jobs
        self._kills = kills
        self._draw = random.Random(seed)  # noqa: S311  a reproducible storm, not a secret

    @property
    def store(self) -> Path:
        """The folder of the store."""
        return self.desk.folder / ".mintage/store"

    def rage(self) -> GateToll:
        """Kill as often as planned, look after each, and let the order end."""
        began = time.monotonic()
        try:
            self.desk.write(gated_order(self._jobs))
            while self.toll.kills < self._kills:
                self._strike()
            ended = self.desk.mintage("run", "order.yaml", "--json")
            assert (ended.code, ended.json()["released"]) == (0, self._jobs), ended.err
            assert self._look() == 0, "something was left unfinished"
        finally:
            self.window.close()
            self.desk.close()
        self.toll.seconds = time.monotonic() - began
        return self.toll

    def _strike(self) -> None:
        """Start a run and kill it where its jobs are on their way out; too late is no kill."""
        released = len(self.window.release_keys())
        left = self._kills - self.toll.kills
        # So many more releases that the work lasts for all kills that are left.
        goal = released + self._draw.randint(0, max(0, (self._jobs - released) // left - 4))
        aim = self._put_and_not_booked if self._draw.random() < 0.6 else self._on_their_way
        run = self.desk.start("run", "order.yaml", "--json")
        if not self._watch(run, lambda: len(self.window.release_keys()) >= goal and aim()):
            self.toll.missed += 1
            self._end_of(run)
            return
        time.sleep(self._draw.random() ** 2 * 0.01)
        run.send_signal(signal.SIGKILL)
        if self._end_of(run) == -signal.SIGKILL:
            self.toll.kills += 1
            for state, count in self.window.job_states().items():
                if state not in {"released", "planned"}:
                    self.toll.caught[state] += count
            self.toll.unfinished += self._look()
        else:
            self.toll.missed += 1

    def _watch(self, run: Running, is_due: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + PATIENCE_S
        while not is_due():
            if run.poll() is not None:
                return False
            assert time.monotonic() < deadline, "a run hangs"
            time.sleep(POLL_S)
        return True

    def _end_of(self, run: Running) -> int:
        _, err = run.communicate(timeout=PATIENCE_S)
        assert "Traceback" not in err, err
        assert run.returncode in {0, 3, -signal.SIGKILL}, (run.returncode, err)
        return int(run.returncode)

    def _on_their_way(self) -> bool:
        states = self.window.job_states()
        return any(states[name] for name in ("built", "accepted", "approved"))

    def _put_and_not_booked(self) -> bool:
        there = sum(1 for path in self.files() if path.suffix == ".webp")
        return there > len(self.window.release_keys())

    def files(self) -> list[Path]:
        """List the assets under `released/`: all but receipts and what is written of them."""
        return [
            path
            for path in (self.store / "released").rglob("*")
            if path.is_file() and path.name not in BESIDE and "receipts" not in path.parts
        ]

    def _look(self) -> int:
        """Prove that all under `released/` has passed every gate; give how many are not booked."""
        found = self.desk.here("assets", "verify", "--json")
        told = found.json()
        assert (found.code, told["ok"], told["problems"]) == (0, True, []), found.out
        assert self.ungated() == []
        self.toll.files += len(self.files())
        assets = [key for key in told["unfinished"] if "/receipts/" not in key]
        assert told["checked"] + len(assets) == len(self.files())
        return len(told["unfinished"])

    def ungated(self) -> list[Path]:
        """List the files under `released/` that the books do not say to have passed every gate."""
        blocked = {tuple(row[:3]): int(row[3]) for row in self.window.rows(_VERDICTS)}
        passed: dict[str, set[str]] = {}
        for sha256, attempt_id, number, job_id in self.window.rows(_GATED):
            if blocked.get((sha256, attempt_id, number)) == 0:
                passed.setdefault(sha256, set()).add(str(job_id).partition("#")[2])
        bad = []
        for path in self.files():
            names = passed.get(hashlib.sha256(path.read_bytes()).hexdigest(), set())
            # A rendition's name begins with its master's.
            if not any(f"{path.stem}-".startswith(f"{name}-") for name in names):
                bad.append(path)
        return bad
