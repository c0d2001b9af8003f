"""Prints what inspection costs: `python tests/benchmarks/inspect_bench.py [--rounds 5] [--json]`.

Three photographs that scikit-image and scikit-learn ship are brought to 1024 by 1024 pixels and
saved as PNG, JPEG and WebP. Each kind of inspection is timed beside Pillow's bare `load()` of the
same bytes, turn by turn in the same run, so that a busy machine slows both. Rates are images per
second of CPU time, parent and inspectors' processes together, the median over the rounds. The
digest is given, as in a run, where reading a file from the store has just computed it. `file` are
ten criteria about the file, `all` every criterion that needs no extra, `models` every criterion
there is: with reading, faces, nudity, logos and QR codes (`mintage[vision]`). Each is told of all
that it finds, so nothing is spared by an early end. Scaling is by the clock and wants an idle
machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from statistics import median

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from PIL import Image  # noqa: E402  found by the path above

from validators import Criterion, InspectorPool, inspect, parse_done, registered  # noqa: E402
from validators.picture import sha256_of  # noqa: E402

SIDE = 1024
PHOTOGRAPHS = (
    ("skimage", "data/retina.jpg"),
    ("skimage", "data/hubble_deep_field.jpg"),
    ("sklearn", "datasets/images/china.jpg"),
)
FILE_RULES = (
    {"dimensions": {"width": SIDE, "multiple_of": 64}},
    {"format": {"is": ["png", "jpeg", "webp"]}},
    {"file_size": {"max_kb": 100_000}},
    {"aspect_ratio": {"ratio": "1:1"}},
    {"colour_mode": {"is": "rgb", "bits": 8}},
    "colour_profile",
    "no_metadata",
    {"resolution": {"min_dpi": 72}},
    {"progressive": {"is": False}},
    {"jpeg_quality": {"min": 50}},
)
OPTIONS = {"png": {}, "jpeg": {"quality": 90}, "webp": {"quality": 90}}


def files(image_format: str) -> list[bytes]:
    """Return the photographs in one format."""
    made = []
    for package, path in PHOTOGRAPHS:
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin is not None
        with Image.open(Path(found.origin).parent / path) as image:
            square = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        buffer = BytesIO()
        square.save(buffer, image_format.upper(), **OPTIONS[image_format])
        made.append(buffer.getvalue())
    return made


def parsed(rules: Sequence[object]) -> tuple[Criterion, ...]:
    """Read the rules."""
    criteria = parse_done(rules)
    assert isinstance(criteria, tuple), criteria
    return criteria


def every_rule(*, models: bool) -> tuple[Criterion, ...]:
    """Return every criterion with its example; those that need an extra only with `models`."""
    return parsed(
        [
            {name: dict(criterion.example)}
            for name, criterion in registered().items()
            if not criterion.missing() and (models or criterion.extra is None)
        ]
    )


def load(data: bytes) -> None:
    """Do what there is to beat."""
    with Image.open(BytesIO(data)) as image:
        image.load()


def cpu_s(pool: InspectorPool) -> float:
    """Return the seconds of computing of this process and the pool's."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = time.process_time()
    for process_id in pool.process_ids():
        clock = time.clock_gettime(
            ~process_id << 3 | 2
        )  # that process's CPU clock, as libc makes it
        total += clock if clock >= 0 else 1 / ticks
    return total


def rate(work: Callable[[bytes], object], data: Sequence[bytes], pool: InspectorPool) -> float:
    """Return images per second of CPU time."""
    started = cpu_s(pool)
    for one in data:
        work(one)
    return len(data) / (cpu_s(pool) - started)


def images_a_second(
    pool: InspectorPool, data: Sequence[bytes], criteria: Sequence[Criterion], threads: int
) -> float:
    """Return images per second by the clock, with so many at once."""
    many = [*data] * 48
    with ThreadPoolExecutor(threads) as executor:
        started = time.perf_counter()
        for _ in executor.map(lambda one: pool.inspect(one, criteria), many):
            pass
        return len(many) / (time.perf_counter() - started)


def measured(image_format: str, rounds: int) -> dict[str, float]:
    """Time every kind of inspection of one format."""
    data = files(image_format)
    known = {each: sha256_of(each) for each in data}
    file_rules, all_rules = parsed(FILE_RULES), every_rule(models=False)
    with_models = every_rule(models=True)
    with InspectorPool(1) as one, InspectorPool(2) as two:
        kinds: dict[str, Callable[[bytes], object]] = {
            "load": load,
            "file_here": lambda each: inspect(each, file_rules, sha256=known[each]),
            "file_process": lambda each: one.inspect(each, file_rules, sha256=known[each]),
            "all_here": lambda each: inspect(each, all_rules, sha256=known[each]),
            "all_process": lambda each: one.inspect(each, all_rules, sha256=known[each]),
            "models_process": lambda each: one.inspect(each, with_models, sha256=known[each]),
        }
        rates: dict[str, list[float]] = {name: [] for name in kinds}
        slowest = kinds["models_process"]
        for work in kinds.values():
            work(data[0])
        images_a_second(two, data[:1], file_rules, 2)
        scaling = []
        for _ in range(rounds):
            for name, work in kinds.items():
                # What takes seconds is timed well enough by one turn.
                rates[name].append(rate(work, data * (1 if work is slowest else 5), one))
            alone = images_a_second(one, data, file_rules, 1)
            scaling.append(images_a_second(two, data, file_rules, 2) / alone)
    found = {name: round(median(values), 1) for name, values in rates.items()}
    for name, base in (("file_here", "load"), ("file_process", "load"), ("all_here", "load")):
        found[f"{name}/{base}"] = _share(rates, name, base)
    found["file_process/file_here"] = _share(rates, "file_process", "file_here")
    found["all_process/all_here"] = _share(rates, "all_process", "all_here")
    found["scaling_on_2"] = round(median(scaling), 2)
    return found


def _share(rates: dict[str, list[float]], name: str, base: str) -> float:
    pairs = zip(rates[name], rates[base], strict=True)
    return round(median(one / other for one, other in pairs), 2)


def main() -> None:
    """Measure the three formats and print them as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {image_format: measured(image_format, options.rounds) for image_format in OPTIONS}
    if options.json:
        print(json.dumps(found))
        return
    print(f"{'images/s and core':24}" + "".join(f"{name:>10}" for name in found))
    for row in next(iter(found.values())):
        print(f"{row:24}" + "".join(f"{column[row]:10}" for column in found.values()))


if __name__ == "__main__":
    main()
