"""What it costs to compare one picture with all that was ever released.

    PYTHONPATH=tests python tests/benchmarks/sameness_bench.py [--pictures 100000 1000000]

Makes books in SQLite with so many released pictures, reads them as a run does when its order asks
for released pictures, and compares pictures with them. The plain search looks at one hash after the
other, in Python as well; both give the same answer, or the bench stops. Times are of the processor.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

from books_parts import SteppingClock
from picture_hashes import digits

from flows.sameness import ReleasedPictures
from ledger import Books
from validators import Fingerprint
from validators.fingerprint import nearest

ROUNDS = 15
_TOP = 1 << 63


def fill(path: Path, hashes: Sequence[int]) -> None:
    """Write released pictures straight into the tables; nothing else of the books is asked here."""
    with sqlite3.connect(path) as connection:
        connection.executescript("DROP TRIGGER fingerprints_no_replace")
        connection.executescript("DROP TRIGGER released_pictures_no_replace")
        connection.executemany(
            "INSERT INTO attempts (attempt_id, job_id, order_id, number, state, counts, seed, "
            "request_json, hold_nano, charged_nano, sha256, held_at_us, ended_at_us) "
            "VALUES (?, ?, 'old@1', 1, 'built', 1, 1, '{}', 0, 0, '', 0, 0)",
            ((f"attempt-{at}", f"old@1#{at}") for at in range(len(hashes))),
        )
        connection.executemany(
            "INSERT INTO fingerprints (attempt_id, sha256, phash, at_us) VALUES (?, '', ?, 0)",
            (
                (f"attempt-{at}", hash_ - 2 * _TOP if hash_ >= _TOP else hash_)
                for at, hash_ in enumerate(hashes)
            ),
        )
        connection.execute(
            "INSERT INTO released_pictures (fingerprint_id) SELECT fingerprint_id "
            "FROM fingerprints ORDER BY fingerprint_id"
        )


def of_each_ms(work: Callable[[Fingerprint], object], pictures: Sequence[Fingerprint]) -> float:
    """Give the median of what one picture takes."""
    times = []
    for picture in pictures:
        begun = time.process_time()
        work(picture)
        times.append(1000 * (time.process_time() - begun))
    return statistics.median(times)


def measure(count: int) -> None:
    """Print one row."""
    draw = random.Random(count)  # noqa: S311 - made-up hashes
    hashes = [draw.getrandbits(64) for _ in range(count)]
    written = [digits(hash_) for hash_ in hashes]
    pictures = [
        Fingerprint(digits(draw.getrandbits(64)), digits(draw.getrandbits(64)))
        for _ in range(ROUNDS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with Books.open(f"sqlite:///{path}", clock=SteppingClock()) as books:
            fill(path, hashes)
            known = ReleasedPictures()
            begun = time.process_time()
            known.look(books, 0.0)
            load_s = time.process_time() - begun

            def quick(picture: Fingerprint) -> tuple[int, str]:
                known.look(books, 0.0)
                twin = known.nearest(books, picture)
                assert twin is not None
                return twin[0].distance, twin[1]

            quick_ms = of_each_ms(quick, pictures)
            plain_ms = of_each_ms(lambda picture: nearest(picture, written), pictures[:3])
            for picture in pictures[:3]:
                plain = nearest(picture, written)
                if plain is None or quick(picture) != (plain.distance, f"old@1#{plain.index}"):
                    sys.exit("The two searches disagree.")
            tracemalloc.start()
            ReleasedPictures().look(books, 0.0)
            again = ReleasedPictures()
            before = tracemalloc.get_traced_memory()[0]
            again.look(books, 0.0)
            kept_mb = (tracemalloc.get_traced_memory()[0] - before) / 1e6
            tracemalloc.stop()
    print(
        f"| {count:,} | {load_s:.2f} s | {kept_mb:.1f} MB | {quick_ms:.1f} ms | {plain_ms:.0f} ms |"
    )


def main() -> None:
    """Print a table for docs/inspection.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    counts: list[int] = parser.parse_args().pictures
    print("| released pictures | read once | kept in memory | one comparison | one by one |")
    print("|---|---|---|---|---|")
    for count in counts:
        measure(count)


if __name__ == "__main__":
    main()
