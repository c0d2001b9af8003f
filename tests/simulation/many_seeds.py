"""Many seeds, on every core; the first that fails, and how to live through it again."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from simulation.one_seed import Simulation, Told

from ledger import Books

BATCH = 10
MEMORY_DISK = Path("/dev/shm")  # noqa: S108  a new folder of its own is made there


@dataclass(frozen=True, slots=True)
class Failed:
    """A seed that broke a promise."""

    seed: int
    why: str
    log: tuple[str, ...]


@contextmanager
def workshop() -> Iterator[tuple[Path, Path]]:
    """Give a folder, on a disk in memory where there is one, and blank books to start each seed from."""
    parent = MEMORY_DISK if os.access(MEMORY_DISK, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="mintage-sim-") as name:
        blank = Path(name) / "blank.db"
        Books.open(f"sqlite:///{blank}", clock=lambda: datetime.now(UTC)).close()
        yield Path(name), blank


def live(seed: int, folder: Path, blank: Path) -> Told | Failed:
    """Live through one seed."""
    simulation = Simulation(seed, folder, blank)
    try:
        return simulation.live()
    except Exception:  # noqa: BLE001  whatever a seed raises is its finding
        return Failed(seed, traceback.format_exc(), tuple(simulation.told.log))


@contextmanager
def silence() -> Iterator[None]:
    """Keep back what the runs would say to their users; it is in each seed's log."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


def live_batch(seeds: range) -> list[Told | Failed]:
    """Live through some seeds; the first failure ends it."""
    found: list[Told | Failed] = []
    with silence(), workshop() as (folder, blank):
        for seed in seeds:
            one = live(seed, folder, blank)
            if isinstance(one, Told):
                one.log.clear()
            found.append(one)
            if isinstance(one, Failed):
                break
    return found


def live_all(first: int, count: int, workers: int) -> Iterator[Told | Failed]:
    """Live through seeds from `first` on, in their order."""
    batches = [
        range(start, min(start + BATCH, first + count))
        for start in range(first, first + count, BATCH)
    ]
    with ProcessPoolExecutor(workers) as pool:
        try:
            for found in pool.map(live_batch, batches):
                yield from found
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def main() -> None:
    """Read the command line and live."""
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, help="live through this one seed and tell all of it")
    given = parser.parse_args()
    if given.replay is not None:
        sys.exit(_replay(given.replay))
    sys.exit(_many(given.first, given.seeds, given.workers))


def _replay(seed: int) -> int:
    with silence(), workshop() as (folder, blank):
        one = live(seed, folder, blank)
    print("\n".join(one.log))
    if isinstance(one, Failed):
        print(one.why)
        return 1
    print(f"seed {seed} kept every promise; digest {one.digest[:16]}")
    return 0


def _many(first: int, count: int, workers: int) -> int:
    began = time.perf_counter()
    sums = Told(first)
    done = 0
    for one in live_all(first, count, workers):
        if isinstance(one, Failed):
            print(one.why)
            print(f"seed {one.seed} broke a promise; live through it again with")
            print(f"  make simulate REPLAY={one.seed}")
            return 1
        done += 1
        for field in fields(Told):
            value = getattr(one, field.name)
            if field.name != "seed" and isinstance(value, int | float):
                setattr(sums, field.name, getattr(sums, field.name) + value)
        if done % 500 == 0:
            print(f"{done} seeds, {done / (time.perf_counter() - began):.1f} a second", flush=True)
    took_s = time.perf_counter() - began
    print(
        f"{done} seeds from {first} kept every promise: {done / took_s:.1f} seeds a second on "
        f"{workers} cores, {took_s:.0f} s\n"
        f"  {sums.processes:,} processes, {sums.killed:,} of them killed, "
        f"{sums.moments:,} moments, {sums.commits:,} commits checked\n"
        f"  {sums.runs:,} runs at the provider, ${sums.billed_nano / 1e9:,.6f} billed and charged, "
        f"{sums.unknown} attempts left unknown with their reason, {sums.mends} outputs mended, "
        f"{sums.signings} signed, {sums.renditions} renditions\n"
        f"  {sums.virtual_s / 86400:,.1f} days of virtual time"
    )
    return 0
