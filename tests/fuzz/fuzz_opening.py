"""Fuzzes the opening of files, guided by coverage: `python tests/fuzz/fuzz_opening.py --minutes 10`.

Atheris (libFuzzer) mutates good and hostile files and keeps what reaches new branches of the walks,
the opener, the readers of metadata and profiles, and Pillow's own Python. Each input is opened and
judged by every criterion about the file in this process, under the limit of address space that an
inspector's process has; what must hold of every input is asserted in `judge`. What breaks it is
written beside the corpus. The last line on stdout is one JSON object with the figures.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

SLOW_S = 5
MEMORY_BYTES = 2_000_000_000
MAX_BYTES = 64_000
FILE_RULES = (
    {"dimensions": {"min_width": 1}},
    {"format": {"is": ["png", "jpeg", "webp", "avif"]}},
    {"file_size": {"max_kb": 600}},
    {"aspect_ratio": {"ratio": "3:2"}},
    {"colour_mode": {"is": "rgb", "bits": 8}},
    "colour_profile",
    "no_metadata",
    {"resolution": {"min_dpi": 300}},
    {"progressive": {"is": False}},
    {"jpeg_quality": {"min": 75}},
)


def write_seeds(folder: Path) -> int:
    """Write the good photographs and the hostile corpus, small ones only."""
    from unit.validators.hostile_files import good_files, hostile_files

    seeds = [data for _, data in (*good_files(), *hostile_files(cuts=4))]
    small = [data for data in seeds if len(data) <= MAX_BYTES]
    for number, data in enumerate(small):
        (folder / f"seed-{number:04}").write_bytes(data)
    return len(small)


def fuzz(arguments: list[str]) -> None:
    """Run libFuzzer in this process; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["validators", "PIL"], enable_loader_override=False):
        from PIL import (  # noqa: F401 - instrumented before the opener imports them
            AvifImagePlugin,
            Image,
            ImageFile,
            JpegImagePlugin,
            PngImagePlugin,
            TiffImagePlugin,
            WebPImagePlugin,
        )

        from validators import Limits, inspect, parse_done, registered
        from validators.containers import Header, walk

        registered()
    criteria = parse_done(FILE_RULES)
    assert isinstance(criteria, tuple)
    limits = Limits(max_pixels=4_000_000)

    def judge(data: bytes) -> None:
        started = time.process_time()
        verdicts = inspect(data, criteria, limits=limits)
        took_s = time.process_time() - started
        assert took_s < SLOW_S, f"{took_s} s of computing"
        intact = verdicts[0]
        assert intact.passed or (len(verdicts) == 1 and intact.reason)
        if intact.passed:
            header = walk(data)
            assert isinstance(header, Header), "passed although the walk refuses it"
            width, height = intact.measured["width"], intact.measured["height"]
            assert isinstance(width, int)
            assert isinstance(height, int)
            assert width * height <= limits.max_pixels
            assert len(verdicts) == len(criteria) + 1

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    atheris.Setup([sys.argv[0], *arguments], judge)
    atheris.Fuzz()


def figures(log: str, seconds: float, seeds: int) -> dict[str, object]:
    """Read what libFuzzer reported."""
    last = re.findall(r"#(\d+)\s+\S+\s+cov: (\d+) ft: (\d+) corp: (\d+)", log)
    first_cov = int(last[0][1]) if last else 0
    runs = re.search(r"Done (\d+) runs", log)
    return {
        "engine": "atheris",
        "seconds": round(seconds),
        "seeds": seeds,
        "inputs": int(runs[1]) if runs else int(last[-1][0]) if last else 0,
        "branches_at_start": first_cov,
        "branches_at_end": int(last[-1][1]) if last else 0,
        "kept": int(last[-1][3]) if last else 0,
        "peak_mb": max((int(mb) for mb in re.findall(r"rss: (\d+)Mb", log)), default=0),
    }


def main() -> int:
    """Run the fuzzer in a process of its own, then print what it did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--corpus", type=Path, help="a folder to keep the corpus in")
    parser.add_argument("--inner", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inner is not None:
        fuzz(options.inner)
        return 0
    with tempfile.TemporaryDirectory() as made:
        corpus = options.corpus or Path(made) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = write_seeds(corpus)
        findings = corpus.parent / "findings"
        findings.mkdir(exist_ok=True)
        inner = [str(corpus), f"-max_total_time={round(options.minutes * 60)}"]
        inner += [f"-max_len={MAX_BYTES}", f"-timeout={SLOW_S}", f"-artifact_prefix={findings}/"]
        inner += ["-rss_limit_mb=2000", "-print_final_stats=1"]
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, "--inner", *inner],
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        seconds = time.monotonic() - started
        found = figures(done.stderr, seconds, seeds)
        kept = list(findings.iterdir())
        if done.returncode or kept:
            print(done.stderr[-5000:], file=sys.stderr)
            for path in kept:
                print(f"{path.name}: {path.read_bytes()[:200].hex()}", file=sys.stderr)
        print(json.dumps(found | {"exit": done.returncode, "findings": len(kept)}))
    return 1 if done.returncode or kept else 0


if __name__ == "__main__":
    sys.exit(main())
