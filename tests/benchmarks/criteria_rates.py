"""Measures how often each criterion with a threshold is wrong, and writes docs/criteria-rates.md.

    python tests/benchmarks/criteria_rates.py --photographs FOLDER --out docs/criteria-rates.md

The photographs are those that the wheels of scikit-image and scikit-learn carry, and every JPEG
under the folders that are given. A family of criteria brings one module in `rates/` with a tuple
`TRIALS` of functions, one per criterion; nothing here has to be edited.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import importlib.util
import pkgutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median

from PIL import Image

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from benchmarks.rate_trials import Made, Photograph, Strength, Trial  # noqa: E402  found by the path above

from validators import inspect, parse_done, registered  # noqa: E402  as above
from validators.picture import Limits, Picture, open_picture, sha256_of  # noqa: E402  as above

SIDE_PX = 1024
NAMES_MAX = 6
COST_RUNS = 9
PACKAGED: Mapping[str, tuple[str, ...]] = {
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
    "skimage": tuple(
        f"data/{name}"
        for name in (
            *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png"),
            *("grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png"),
            *("motorcycle_left.png", "retina.jpg", "rocket.jpg"),
        )
    ),
}
"""Photographs in the wheels; what else is there is drawn, tiny or a part of another."""
DRAWN = ("umang", "GreenTraditional", "Elephants")
"""JPEGs of the Debian packages that are no photographs."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What came out of one trial: who was wrongly refused, and how many wrongly passed."""

    trial: Trial
    refused: tuple[str, ...]
    passed: tuple[tuple[str, tuple[str, ...]], ...]


def packaged_photographs() -> Iterator[Path]:
    """Find the photographs that installed wheels carry; none where a wheel is not installed."""
    for package, names in PACKAGED.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            yield from (Path(spec.origin).parent / name for name in names)


def photographs(folders: Sequence[Path]) -> tuple[Photograph, ...]:
    """Read all photographs, those that are larger made to fit 1024 pixels a side."""
    paths = list(packaged_photographs())
    for folder in folders:
        found = sorted(folder.rglob("*.jpg"))
        paths += [path for path in found if not path.name.startswith(DRAWN)]
    read = []
    for path in paths:
        with Image.open(path) as file:
            image = file.convert("L" if file.mode == "L" else "RGB")
        image.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        read.append(Photograph(path.stem, image))
    return tuple(read)


def as_file(made: Made) -> bytes:
    """Return a file: what is a picture only becomes a PNG."""
    if isinstance(made, bytes):
        return made
    buffer = BytesIO()
    made.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def passes(trial: Trial, photograph: Photograph, made: Made) -> bool:
    """Inspect one file by the trial's criterion, as an order would."""
    criteria = parse_done([trial.item(photograph)])
    if isinstance(criteria, list):
        raise TypeError(f"the trial's parameters are refused: {criteria}")
    intact, verdict = inspect(as_file(made), criteria)
    if not intact.passed:
        raise ValueError(f"{photograph.name} became a file that is not intact: {intact.reason}")
    return verdict.passed


def rate(trial: Trial, workers: int) -> Rate:
    """Judge all photographs of a trial, good and in each strength of the defect."""

    def good(photograph: Photograph) -> bool:
        return passes(trial, photograph, trial.good(photograph))

    def spoilt(strength: Strength, photograph: Photograph) -> bool:
        return passes(trial, photograph, strength.put(photograph))

    with ThreadPoolExecutor(workers) as pool:
        goods = list(pool.map(good, trial.photographs))
        bads = [
            (strength.title, list(pool.map(functools.partial(spoilt, strength), trial.photographs)))
            for strength in trial.strengths
        ]
    return Rate(
        trial,
        _names(trial, [not passed for passed in goods]),
        tuple((title, _names(trial, passed)) for title, passed in bads),
    )


def trials(everything: tuple[Photograph, ...]) -> Iterator[Trial]:
    """Ask every family's functions for their trials."""
    home = importlib.import_module("benchmarks.rates")
    for entry in sorted(pkgutil.iter_modules(home.__path__), key=lambda entry: entry.name):
        family = importlib.import_module(f"benchmarks.rates.{entry.name}")
        for function in family.TRIALS:
            yield from function(everything)


def cost_ms(trial: Trial, photograph: Photograph) -> float:
    """Return the median CPU time for a good picture that is decoded already."""
    image = photograph.image.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    data = as_file(trial.good(Photograph(photograph.name, image)))
    picture = open_picture(data, sha256_of(data), None, Limits())
    if not isinstance(picture, Picture):
        raise TypeError(picture.reason)
    criterion = registered()[trial.criterion]
    made = criterion.model_validate(dict(criterion.example))
    times = []
    for _ in range(COST_RUNS):
        before = time.thread_time()
        made.inspect(picture)
        times.append(time.thread_time() - before)
    return median(times) * 1000


def page(rates: Sequence[Rate], count: int, costs: Mapping[str, float]) -> str:
    """Return the page for docs/."""
    lines = [
        "# How often the criteria are wrong",
        "",
        f"Measured on {count} photographs, which are taken as good, and on the same photographs",
        "with a defect put in. *Wrongly refused* are good ones that fail; *wrongly passed* are",
        "spoilt ones that pass. A defect in its weakest strength may be one that nobody would",
        "object to: such rows say how far a threshold reaches, not only where it errs. The",
        "photographs are of people, plants, landscapes, things and four scientific subjects;",
        "pictures of another kind will differ.",
        "",
        "Made by, with the photographs of two Debian packages beside those in the wheels of",
        "scikit-image and scikit-learn:",
        "",
        "```sh",
        "apt-get download lomiri-wallpapers-16.04 mate-backgrounds",
        'for package in *.deb; do dpkg-deb -x "$package" photographs; done',
        "rm -r photographs/usr/share/backgrounds/mate/abstract  # drawn, not photographed",
        "python tests/benchmarks/criteria_rates.py --photographs photographs \\",
        "  --out docs/criteria-rates.md",
        "```",
    ]
    for name in dict.fromkeys(one.trial.criterion for one in rates):
        lines += ["", f"## {name}"]
        for one in rates:
            if one.trial.criterion == name:
                lines += _table(one)
    if costs:
        lines += _cost_table(costs)
    return "\n".join(lines) + "\n"


def _names(trial: Trial, chosen: Sequence[bool]) -> tuple[str, ...]:
    pairs = zip(trial.photographs, chosen, strict=True)
    return tuple(photograph.name for photograph, yes in pairs if yes)


def _table(one: Rate) -> list[str]:
    total = len(one.trial.photographs)
    parameters = "" if callable(one.trial.parameters) else _written(one.trial.parameters)
    lines = [
        "",
        f"Defect: {one.trial.defect}{parameters}.",
        "",
        "| pictures | wrong | of | rate | which |",
        "|---|---|---|---|---|",
        _row("good, wrongly refused", one.refused, total),
    ]
    return lines + [_row(f"{title}, wrongly passed", names, total) for title, names in one.passed]


def _row(title: str, names: tuple[str, ...], total: int) -> str:
    shown = ", ".join(names) if len(names) <= NAMES_MAX else ""
    return f"| {title} | {len(names)} | {total} | {100 * len(names) / total:.0f} % | {shown} |"


def _written(parameters: Mapping[str, object]) -> str:
    return f" (`{', '.join(f'{key}: {value}' for key, value in parameters.items())}`)" * bool(
        parameters
    )


def _cost_table(costs: Mapping[str, float]) -> list[str]:
    rows = [
        f"| {name} | {registered()[name].cost_ms:g} | {measured:.1f} |"
        for name, measured in costs.items()
    ]
    return [
        "",
        "## What they cost",
        "",
        "CPU time for one photograph of 1024 by 1024 pixels that is decoded already, with the",
        "example's parameters, on the machine that made this page, beside what the criterion says.",
        "",
        "| criterion | says, ms | measured, ms |",
        "|---|---|---|",
        *rows,
    ]


def main() -> None:
    """Measure all trials, or those of some criteria, and print or write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=Path, action="append", default=[])
    parser.add_argument("--only", action="append", default=[], help="a criterion; may be repeated")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    everything = photographs(given.photographs)
    rates = []
    for trial in trials(everything):
        if not given.only or trial.criterion in given.only:
            rates.append(rate(trial, given.workers))
            print("\n".join(_table(rates[-1])), file=sys.stderr, flush=True)
    costs = {one.trial.criterion: cost_ms(one.trial, everything[0]) for one in rates}
    text = page(rates, len(everything), costs)
    if given.out is None:
        print(text)
    else:
        given.out.write_text(text)


if __name__ == "__main__":
    main()
