"""Runs `mintage` as a real process against real servers, and compares its books with the bill."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from ledger_urls import lay_blank_books
from loopback.faults import Fault
from loopback.server import Controls
from warm_start import AVAILABLE, WarmProcess, base_environment, server

Running = subprocess.Popen[str] | WarmProcess
"""A command that was started and may still run."""
FIVE_PERCENT = 0.05
FAULT_KINDS = (
    "throttle",
    "server_error",
    "server_error_after_create",
    "cut_after_create",
    "cut_before_create",
    "failed",
    "sensitive",
    "aborted",
    "canceled",
    "wrong_size",
    "cut_bytes",
    "html",
    "output_503",
    "output_gone",
    "blank",
)


def five_percent_of_each() -> tuple[Fault, ...]:
    """Give the faults of the 256-job run: five percent of each kind, drawn by the attempt's seed."""
    return tuple(
        Fault(
            kind, probability=FIVE_PERCENT, by="seed", seconds=0.2 if kind == "throttle" else None
        )
        for kind in FAULT_KINDS
    )


def schnell_order(jobs: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Make an order of flux-schnell pictures, 256x256 webp; `changes` replace whole fields."""
    order: dict[str, Any] = {
        "order": "storm",
        "title": "Storm",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "storms",
        "budget": {"cap": "50.00", "per_job": "0.02", "attempts": 3},
        "generator": {"provider": "replicate", "model": "black-forest-labs/flux-schnell"},
        "brief": {"prompt": "A mug on a table, number {variant}"},
        "variants": jobs,
        "output": {"width": 256, "height": 256, "format": "webp", "name": "mug-{variant}"},
        "done": [
            {"dimensions": {"width": 256, "height": 256}},
            {"format": {"is": "webp"}},
            {"file_size": {"max_kb": 500}},
            {"not_blank": {}},
        ],
        "concurrency": 16,
    }
    order.update(changes)
    return order


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401  JSON is whatever it is
        """Read what it printed."""
        return json.loads(self.out)


@dataclass(slots=True)
class Desk:
    """A folder with an order in it and an environment: where a scheduler would sit."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    books_at_hand: bool = False
    """Whether a run finds blank books instead of migrating its own, which takes as long as most tests."""
    real_start: bool = False
    """Whether each command is a new interpreter, for what a test has to say about starts themselves."""
    _started: list[Running] = field(default_factory=list, repr=False)

    @classmethod
    def at(cls, folder: Path, provider: Controls | None = None, **environment: str) -> Desk:
        """Make one; a provider's address and token are set."""
        clean = base_environment() | {
            "MINTAGE_ABSENT_AFTER_S": "1",
            # Each inspector's process takes a fifth of a second to start, in each of hundreds of runs.
            "MINTAGE_INSPECTORS": "1",
            "COLUMNS": "80",
            **environment,
        }
        if provider is not None:
            clean |= {
                "REPLICATE_API_TOKEN": provider.token,
                "REPLICATE_BASE_URL": provider.base_url,
            }
        return cls(folder, clean)

    def write(self, order: Mapping[str, Any], name: str = "order.yaml") -> Path:
        """Write an order file."""
        path = self.folder / name
        path.write_text(yaml.safe_dump(dict(order), sort_keys=False), encoding="utf-8")
        return path

    def start(self, *arguments: str, start_new_session: bool = False) -> Running:
        """Start a command and do not wait for it.

        It starts warm, unless the desk wants real starts or the environment has something that
        matters before Mintage's first line.
        """
        books = self.folder / ".mintage/ledger.db"
        own = "MINTAGE_DATABASE_URL" not in self.environment
        if self.books_at_hand and own and arguments[0] == "run" and not books.exists():
            lay_blank_books(books)
        start = self._start_warm if self._may_start_warm() else self._start_cold
        process = start(arguments, start_new_session)
        self._started.append(process)
        return process

    def _may_start_warm(self) -> bool:
        return AVAILABLE and not self.real_start and not server().would_differ(self.environment)

    def _start_warm(self, arguments: tuple[str, ...], new_session: bool) -> Running:
        return WarmProcess(
            arguments,
            folder=self.folder,
            environment=self.environment,
            start_new_session=new_session,
        )

    def _start_cold(self, arguments: tuple[str, ...], new_session: bool) -> Running:
        return subprocess.Popen(
            [sys.executable, "-m", "console", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=new_session,
        )

    def close(self) -> None:
        """End whatever a failed test left running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

    def mintage(self, *arguments: str, timeout_s: float = 240) -> Finished:
        """Run a command to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout_s)
        return Finished(process.wait(), out, err)

    def here(self, *arguments: str) -> Finished:
        """Run a reading command in this process, which takes a tenth of the time of a new one.

        For what a test proves its end by; what a test is about runs as people run it.
        """
        from console.app import run

        out, err = io.StringIO(), io.StringIO()
        kept = dict(os.environ)
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            try:
                os.environ.clear()
                os.environ.update(self.environment)
                code = run(list(arguments))
            finally:
                os.environ.clear()
                os.environ.update(kept)
        return Finished(code, out.getvalue(), err.getvalue())

    def charges(self) -> list[dict[str, str]]:
        """Read the cost report."""
        report = self.here("ledger", "export", "--format", "csv")
        assert report.code == 0, report.err
        return list(csv.DictReader(io.StringIO(report.out)))


ENDS = ("released", "rejected", "refused", "failed", "unknown", "in_review", "stopped")


def assert_books_equal_bill(desk: Desk, provider: Controls) -> Decimal:
    """Compare every charge with the provider's bill, prediction by prediction; give the sum in USD."""
    provider.wait_until_settled()
    billed = {line.prediction_id: line.amount for line in provider.bill() if line.amount}
    charged: dict[str, Decimal] = {}
    for row in desk.charges():
        ref = row["provider_ref"]
        charged[ref] = charged.get(ref, Decimal(0)) + Decimal(row["amount_usd"])
    assert charged == billed
    summary = desk.here("ledger", "summary", "--json").json()
    total = sum(billed.values(), Decimal(0))
    assert Decimal(summary["charged_usd"]) == total
    proof = desk.here("ledger", "verify", "--json")
    assert proof.code == 0, proof.out
    return total


def assert_every_job_ended(report: Mapping[str, Any]) -> None:
    """Check that every job counts under exactly one end."""
    assert sum(report[name] for name in ENDS) == report["jobs"]
