"""Prints the figures that the README quotes: `make bench`, or `python tests/benchmarks/run_all.py`.

Each run is a real `mintage run` process against a loopback provider that is a process of its own,
and is measured from outside: wall time, CPU of the process, peak resident memory. The baseline, a
bare loop without any governance, is measured in the same run.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from loopback.process import LoopbackProcess  # noqa: E402  found by the path above
from mint_runs import Desk, assert_books_equal_bill, schnell_order  # noqa: E402

RUNS = 3
THROUGHPUT_JOBS = 1_000
MANY_JOBS = 5_000
LATENCY_S = (0.05, 0.2)


@dataclass(frozen=True, slots=True)
class Measured:
    """One process: wall and CPU seconds, peak memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(arguments: Sequence[str], desk: Desk, *, core: int | None) -> Measured:
    """Run a Python process to its end, on one core if asked."""
    before = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        if core is not None:
            os.sched_setaffinity(0, {core})
        os.chdir(desk.folder)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.execve(  # noqa: S606  a process of its own, with nothing in between
            sys.executable,
            [sys.executable, *arguments],
            {**desk.environment, "PYTHONPATH": str(TESTS.parent)},
        )
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - before
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{arguments} ended with {os.waitstatus_to_exitcode(status)}")
    return Measured(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def mint(
    jobs: int,
    *,
    latency_s: tuple[float, float] = (0.0, 0.0),
    concurrency: int = 16,
    core: int | None = None,
    check: bool = False,
) -> Measured:
    """Run one order of `jobs` pictures, 256x256 webp."""
    with (
        LoopbackProcess(
            latency_s=latency_s, seed=7, picture_variants=16, picture_size=(256, 256)
        ) as provider,
        tempfile.TemporaryDirectory() as folder,
    ):
        desk = Desk.at(Path(folder), provider, MINTAGE_CREATES_PER_MINUTE="1000000")
        order = desk.write(schnell_order(jobs, concurrency=concurrency))
        measured = measure(["-m", "console", "run", str(order), "--json"], desk, core=core)
        if check:
            assert_books_equal_bill(desk, provider)
        return measured


def bare(jobs: int, *, concurrency: int = 16, core: int | None = None) -> Measured:
    """Run the baseline."""
    with (
        LoopbackProcess(seed=7, picture_variants=16, picture_size=(256, 256)) as provider,
        tempfile.TemporaryDirectory() as folder,
    ):
        desk = Desk.at(Path(folder), provider)
        script = str(Path(__file__).with_name("bare_loop.py"))
        return measure([script, str(jobs), str(concurrency), folder], desk, core=core)


def middle(runs: int, run: Callable[[], Measured]) -> Measured:
    """Run it several times and give the run with the median wall time."""
    measured = sorted((run() for _ in range(runs)), key=lambda one: one.wall_s)
    return measured[len(measured) // 2]


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def throughput() -> None:
    """One core, a provider that answers at once, real HTTP."""
    core = max(os.sched_getaffinity(0))
    ours = middle(RUNS, lambda: mint(THROUGHPUT_JOBS, core=core))
    theirs = middle(RUNS, lambda: bare(THROUGHPUT_JOBS, core=core))
    say(
        f"throughput, {THROUGHPUT_JOBS} jobs on one core: {THROUGHPUT_JOBS / ours.wall_s:.0f} jobs/s, "
        f"{1000 * ours.cpu_s / THROUGHPUT_JOBS:.1f} ms CPU a job; bare loop "
        f"{1000 * theirs.cpu_s / THROUGHPUT_JOBS:.1f} ms: governance costs "
        f"{1000 * (ours.cpu_s - theirs.cpu_s) / THROUGHPUT_JOBS:.1f} ms"
    )


def against_ideal() -> None:
    """The 256-job run against the sum of its latencies over its concurrency."""
    for concurrency in (4, 8, 16):
        run = middle(
            RUNS, lambda size=concurrency: mint(256, latency_s=LATENCY_S, concurrency=size)
        )
        ideal_s = 256 * median(LATENCY_S) / concurrency
        say(
            f"256 jobs at 50 to 200 ms, {concurrency} in flight: {run.wall_s:.2f} s, ideal "
            f"{ideal_s:.2f} s ({run.wall_s / ideal_s:.2f} times)"
        )


def memory() -> None:
    """Peak memory must not grow with the number of jobs."""
    few = mint(256, check=True)
    many = mint(MANY_JOBS, check=True)
    say(
        f"peak memory: {few.peak_mb:.0f} MB at 256 jobs, {many.peak_mb:.0f} MB at {MANY_JOBS} jobs "
        f"({100 * (many.peak_mb / few.peak_mb - 1):+.0f} %)"
    )


def start_up() -> None:
    """The command line answers quickly."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk.at(Path(folder))
        shown = middle(5, lambda: measure(["-m", "console", "--help"], desk, core=None))
        say(f"mintage --help: {shown.wall_s:.2f} s")


def main() -> None:
    """Print everything."""
    say(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    start_up()
    throughput()
    against_ideal()
    memory()


if __name__ == "__main__":
    main()
