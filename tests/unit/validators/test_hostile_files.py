"""Over a thousand hostile files: none passes, none hurts; and no good photograph is refused."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from unit.validators.hostile_files import good_files, hostile_files, photographs
from unit.validators.sample_pictures import encoded

from validators import InspectorPool, Verdict, WorkerLimits, inspect, parse_done
from validators.picture import Limits

SLOW_S = 5.0
LIMITS = WorkerLimits(memory_bytes=1_000_000_000, open_cpu_s=5, judge_cpu_s=5, wall_s=30)
CRITERIA = parse_done(
    ["no_metadata", "colour_profile", {"colour_mode": {"is": "rgb"}}, "not_blank"]
)
assert isinstance(CRITERIA, tuple)

# Which flaw a file is refused with depends on what of it a walk meets first; these are fixed.
FLAWS = {
    "pixel-bomb": {"too_many_pixels"},
    "animated": {"animated", "damaged", "trailing_data"},
    "truncated": {"truncated", "damaged", "empty", "not_a_picture"},
}


@pytest.fixture(scope="module")
def pool() -> Iterator[InspectorPool]:
    with InspectorPool(1, worker_limits=LIMITS) as opened:
        yield opened


def judged(pool: InspectorPool, data: bytes) -> tuple[Verdict, ...]:
    assert isinstance(CRITERIA, tuple)
    return pool.inspect(data, CRITERIA)


def test_no_hostile_file_passes_hangs_or_ends_a_process(pool: InspectorPool) -> None:
    kinds: Counter[str] = Counter()
    flaws: set[object] = set()
    passed, slow, odd = [], [], []
    for name, data in hostile_files():
        kind = name.partition(":")[0]
        kinds[kind] += 1
        started = time.monotonic()
        verdicts = judged(pool, data)
        if time.monotonic() - started > SLOW_S:
            slow.append(name)
        flaws.add(verdicts[0].measured.get("flaw"))
        if verdicts[0].passed:
            passed.append(name)
        elif verdicts[0].measured["flaw"] not in FLAWS.get(kind, {verdicts[0].measured["flaw"]}):
            odd.append((name, verdicts[0].measured["flaw"]))
    assert (passed, slow, odd) == ([], [], [])
    assert kinds["truncated"] == 800
    assert sum(kinds.values()) > 1_000
    assert set(kinds) >= {"polyglot", "pixel-bomb", "metadata-bomb", "wrong-header", "animated"}
    assert not flaws & {"crashed", "too_slow", "too_much_memory"}, "the opener itself refused them"


def test_no_hostile_file_takes_the_memory_of_this_process(pool: InspectorPool) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, data in hostile_files(cuts=1):
        if name.partition(":")[0] in {"pixel-bomb", "metadata-bomb"}:
            judged(pool, data)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    # Making the corpus itself unpacks a bomb of 100 MB at a time; nothing else may.
    assert grown_kb < 400_000


def test_a_process_and_this_one_refuse_hostile_files_alike(pool: InspectorPool) -> None:
    assert isinstance(CRITERIA, tuple)
    for name, data in hostile_files(cuts=10):
        assert judged(pool, data) == inspect(data, CRITERIA), name


def test_no_unusual_good_file_is_refused(pool: InspectorPool) -> None:
    refused = [name for name, data in good_files() if not judged(pool, data)[0].passed]
    assert refused == []
    assert sum(1 for _ in good_files()) > 60


def test_no_photograph_is_refused_as_it_came_or_in_another_format(pool: InspectorPool) -> None:
    refused, count = [], 0
    for name, data in photographs():
        files = {"as it came": data}
        with Image.open(BytesIO(data)) as image:
            plain = image.convert("RGB")
            plain.thumbnail((256, 256))
        for image_format in ("png", "jpeg", "webp", "avif"):
            files[image_format] = encoded(plain, image_format)
        files["jpeg, progressive"] = encoded(plain, "jpeg", progressive=True, quality=60)
        files["webp, lossless"] = encoded(plain, "webp", lossless=True, method=0)
        for how, file in files.items():
            count += 1
            if not judged(pool, file)[0].passed:
                refused.append((name, how))
    assert refused == []
    assert count > 150


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "LA"])
def test_a_picture_that_ends_in_black_is_not_taken_for_one_that_lacks_rows(mode: str) -> None:
    for size in ((64, 48), (63, 47), (1, 1)):
        black = Image.new("RGB", size).convert(mode)
        assert inspect(encoded(black, "png"), ())[0].passed
        assert inspect(encoded(Image.new("RGBA", size), "png"), ())[0].passed


def test_hostile_files_are_refused_under_a_low_ceiling_too() -> None:
    for name, data in hostile_files(cuts=2):
        assert not inspect(data, (), limits=Limits(max_pixels=100_000))[0].passed, name
