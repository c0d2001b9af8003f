"""What marketing waits for: lists and pulls of 10,000 released assets on a real S3 server.

    python tests/benchmarks/pull_bench.py [--assets 10000] [--kb 60] [--pairs 3] [--workers 16]

Prints how long `mintage assets list` takes with filters, start included; how fast a pull is beside
plain boto3 with the same threads, which fetches the same objects into files and looks at nothing
(pairs one after the other, each side going first in turns, medians); and what a second pull of a
folder that is complete takes. At the end it walks through what a day in marketing looks like with
500 assets of two campaigns: a pull that is stopped half way, done again, and a file that was
changed by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from asset_shelf import shelve  # noqa: E402
from s3_server import S3Server, running_server  # noqa: E402

from assets import AssetFilter, ManifestRow, listing, open_store, pull, read_condition  # noqa: E402

ORDERS = (
    ("autumn-2026", "product-photos@0123abcdef"),
    ("autumn-2026", "product-photos@fedcba9876"),
    ("autumn-2026", "lamps@2026-11-22"),
    ("winter-2026", "gifts@00aa11bb22"),
    ("winter-2026", "gifts@33cc44dd55"),
)
LISTS = {
    "a name": ("--campaign", "autumn-2026", "--where", "name=mug/oak-17"),
    "a size and a tag": (
        "--campaign", "winter-2026", "--where", "size=1024x1024", "--tag", "autumn",
    ),
    "an order, as JSON": ("--order", "lamps", "--where", "width>=1600", "--json"),
    "everything": (),
}  # fmt: skip
STOP_AFTER = 100


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that something takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def plain_boto3(server: S3Server, bucket: str, keys: list[str], dest: Path, workers: int) -> None:
    """Fetch objects into files with boto3 alone: one client, so many threads, nothing checked."""
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4", max_pool_connections=workers, s3={"addressing_style": "path"}
    )
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=config,
    )

    def fetch(key: str) -> None:
        path = dest / key
        path.parent.mkdir(parents=True, exist_ok=True)
        body = client.get_object(Bucket=bucket, Key=key)["Body"]
        with closing(body), path.open("wb") as file:
            for chunk in body.iter_chunks(1 << 20):
                file.write(chunk)

    with closing(client), ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(fetch, keys):
            pass


class Bench:
    """A server with assets, and a folder to pull to."""

    def __init__(self, server: S3Server, folder: Path, arguments: argparse.Namespace) -> None:
        self.server, self.folder, self.arguments = server, folder, arguments
        os.environ.update(server.environment())
        self.bucket = server.fresh_bucket()
        self.store = open_store(f"s3://{self.bucket}/mint")
        self.environment = {
            **os.environ,
            "MINTAGE_STORE_URL": self.store.url,
            "PYTHONPATH": str(TESTS.parent),
            "COLUMNS": "80",
        }
        self.rows: list[ManifestRow] = []

    def fill(self) -> None:
        """Put the assets there."""
        each = self.arguments.assets // len(ORDERS)
        for day, (campaign, order_id) in enumerate(ORDERS):
            self.rows += shelve(
                self.store, campaign, order_id, each, byte_count=self.arguments.kb * 1000, day=day
            )

    def mintage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command as people do."""
        return subprocess.run(
            [sys.executable, "-m", "console", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )

    def lists(self) -> None:
        """Time `assets list`."""
        for what, words in LISTS.items():
            times = [
                timed(lambda words=words: self.mintage("assets", "list", *words)) for _ in range(5)
            ]  # type: ignore[misc]
            say(f"assets list, {what}: {statistics.median(times):.2f} s (start included, of 5)")
        wanted = AssetFilter(where=(read_condition("name=mug/oak-1?"),))
        took = timed(lambda: list(listing(self.store, wanted)))
        say(f"  of which reading {len(self.rows):,} rows of {len(ORDERS)} manifests: {took:.2f} s")

    def pulls(self) -> None:
        """Time pulls beside plain boto3."""
        workers = self.arguments.workers
        keys = [f"mint/{row.key}" for row in self.rows]
        megabytes = sum(row.bytes for row in self.rows) / 1e6
        ours: list[float] = []
        plain: list[float] = []
        for pair in range(self.arguments.pairs):
            sides: list[tuple[list[float], Callable[[Path], object]]] = [
                (ours, lambda dest: pull(self.store, listing(self.store), dest, workers=workers)),
                (plain, lambda dest: plain_boto3(self.server, self.bucket, keys, dest, workers)),
            ]
            for times, work in sides if pair % 2 == 0 else reversed(sides):
                dest = self.folder / "pulled"
                dest.mkdir()
                times.append(timed(lambda work=work, dest=dest: work(dest)))  # type: ignore[misc]
                if times is ours and pair == 0:
                    again = timed(lambda: pull(self.store, listing(self.store), dest))  # noqa: B023  called at once
                    say(f"pull again, everything there and read: {again:.2f} s")
                shutil.rmtree(dest)
        for name, times in (("pull", ours), ("plain boto3", plain)):
            middle = statistics.median(times)
            each = ", ".join(f"{one:.2f}" for one in times)
            say(
                f"{name}: {middle:.2f} s, {len(keys) / middle:,.0f} assets/s, "
                f"{megabytes / middle:,.0f} MB/s ({workers} threads; {each})"
            )
        ratios = [there / here for here, there in zip(ours, plain, strict=True)]
        say(
            f"pull at {100 * statistics.median(plain) / statistics.median(ours):.0f} % of plain boto3's rate "
            f"(pairs: {', '.join(f'{100 * one:.0f} %' for one in ratios)})"
        )


def a_day(bench: Bench) -> None:
    """Pull 500 assets of two campaigns, stopped half way, done again, one file changed by hand."""
    store = open_store(f"s3://{bench.bucket}/day")
    for campaign, order_id in ORDERS[:2] + ORDERS[3:4]:
        shelve(
            store, campaign, order_id, 200 if campaign == "autumn-2026" else 100, byte_count=400_000
        )
    bench.environment["MINTAGE_STORE_URL"] = store.url
    dest = bench.folder / "site"
    words = ["assets", "pull", str(dest), "--no-sheet", "--json"]
    running = subprocess.Popen(
        [sys.executable, "-m", "console", *words],
        cwd=bench.folder,
        env=bench.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while running.poll() is None and sum(1 for _ in dest.rglob("*.*")) < STOP_AFTER:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()
    say(f"stopped: {told.strip()} (exit {running.returncode})")
    report: dict[str, Any] = json.loads(bench.mintage(*words).stdout)
    say(f"again: {report['copied']} copied, {report['skipped']} there already")
    changed = next(dest.rglob("*.png"))
    changed.write_bytes(changed.read_bytes()[:-1] + b"!")
    report = json.loads(bench.mintage(*words).stdout)
    say(f"one changed by hand: {report['mended']} mended, {report['skipped']} there already")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=dest, check=True)
    say("sha256sum --check SHA256SUMS: all as released")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--kb", type=int, default=60)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=16)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mintage-pull-") as name:
        folder = Path(name)
        with running_server(folder / "s3") as server:
            bench = Bench(server, folder, arguments)
            took = timed(bench.fill)
            say(f"{len(bench.rows):,} assets of {arguments.kb} kB put in {took:.0f} s")
            bench.lists()
            bench.pulls()
            a_day(bench)


if __name__ == "__main__":
    main()
