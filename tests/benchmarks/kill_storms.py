"""Prints the figures of docs/storms.md: `make storms`, or this script with the options below.

    python tests/benchmarks/kill_storms.py [--on sqlite|postgres] [--jobs 500] [--kills 100] [--seed N]
        [--gates-only]

On SQLite one run of the order goes at a time; on PostgreSQL four do. Without --on both are done.
After that, runs of an order with labels and renditions are killed between inspect and release, and
after each kill all that lies under released/ is held against the books; --gates-only does only that.
It ends with code 1 and an AssertionError that says what does not hold, if anything does not; the
seed that is printed first brings the same moments back.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

import postgres_server  # noqa: E402  found by the path above
from gate_storm import GateStorm, GateToll  # noqa: E402  as above
from kill_storm import Storm, StormPlan  # noqa: E402  as above
from ledger_urls import migrated  # noqa: E402  as above
from loopback.process import LoopbackProcess  # noqa: E402  as above
from mint_runs import Desk  # noqa: E402  as above
from storm_proof import Proof, prove  # noqa: E402  as above

LATENCY_S = (0.05, 0.2)
GATE_JOBS = 200
GATE_KILLS = 40
RUNS_AT_ONCE = {"sqlite": 1, "postgres": 4}


def storm_on(database: str, plan: StormPlan) -> Proof:
    """Do one storm on a fresh database of a kind."""
    with ExitStack() as stack:
        provider = stack.enter_context(
            LoopbackProcess(latency_s=LATENCY_S, seed=plan.seed, picture_variants=16)
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mintage-storm-")))
        books_url = f"sqlite:///{folder}/.mintage/ledger.db"
        if database == "postgres":
            server = stack.enter_context(postgres_server.running_server())
            books_url = server.fresh_database()
            migrated(books_url)
        desk = Desk.at(
            folder,
            provider,
            MINTAGE_CREATES_PER_MINUTE="1000000",
            MINTAGE_DATABASE_URL=books_url,
        )
        desk.real_start = True
        with closing(desk):
            toll = Storm(plan, desk, provider, books_url).rage()
            return prove(plan, toll, desk, provider, books_url)


def gate_storm_on(database: str, seed: int) -> GateToll:
    """Do one storm between inspect and release on a fresh database of a kind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mintage-gates-")))
        books_url = f"sqlite:///{folder}/.mintage/ledger.db"
        if database == "postgres":
            server = stack.enter_context(postgres_server.running_server())
            books_url = server.fresh_database()
            migrated(books_url)
        desk = Desk.at(folder, MINTAGE_DATABASE_URL=books_url)
        desk.real_start = True
        return GateStorm(desk, books_url, jobs=GATE_JOBS, kills=GATE_KILLS, seed=seed).rage()


def main() -> None:
    """Read the options, do the storms and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--on", choices=tuple(RUNS_AT_ONCE), action="append")
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--gates-only", action="store_true")
    options = parser.parse_args()
    for database in options.on or RUNS_AT_ONCE:
        print(f"{database}, seed {options.seed}", flush=True)
        if not options.gates_only:
            print_storm(database, options)
        print("  killed between inspect and release", flush=True)
        for line in gate_storm_on(database, options.seed).lines():
            print(f"    {line}", flush=True)


def print_storm(database: str, options: argparse.Namespace) -> None:
    """Do one storm and print its figures."""
    plan = StormPlan(options.jobs, options.kills, options.seed, runs_at_once=RUNS_AT_ONCE[database])
    for line in storm_on(database, plan).lines():
        print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
