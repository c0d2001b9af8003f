"""One job with renditions in a house that signs, killed at each step between its build and its release."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from simulation import one_seed, scenario
from simulation.many_seeds import silence, workshop
from simulation.mortal import SimProcess
from simulation.one_seed import Simulation

SEED = 3
DOORS = {"_writing": 3, "put_once": 2, "sign": 1}
"""Functions that do something lasting, and at how many moments a process stands in each: before what
it does, in the middle of a transaction, and after it."""
STEPS = ("settled", "signed", "accepted", "approved", "released")
"""What the books are told of the job from its staged bytes on."""


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Path, Path]]:
    with silence(), workshop() as made:
        yield made


def drawn(seed: int) -> scenario.Scenario:
    """One mug with two renditions, signed, in calm weather."""
    calm = scenario.draw(seed)
    side = 64
    order = {
        **calm.order,
        "variants": 1,
        "review": "none",
        "generator": {"provider": "replicate", "model": "black-forest-labs/flux-schnell"},
        "budget": {"cap": "1.00", "per_job": "0.10", "attempts": 1},
        "output": scenario.output(side, 2),
        "done": [{"dimensions": {"width": side, "height": side}}, {"format": {"is": "png"}}],
    }
    return replace(calm, order=order, signs=True, jobs=1, attempts=1)


class Watched(SimProcess):
    """A process that remembers at which moments of its life it stood in which door."""

    def __init__(self, dies_at: int | None) -> None:
        super().__init__("watched", dies_at)
        self.doors: list[tuple[int, str]] = []

    def moment(self) -> None:
        """Live through one more moment."""
        caller = sys._getframe(1)
        names = [frame.f_code.co_name for frame in (caller, caller.f_back) if frame is not None]
        self.doors += [(self.moments + 1, name) for name in names if name in DOORS]
        super().moment()

    def after_each(self) -> Iterator[tuple[int, str]]:
        """Give the moments right after something lasting was done: before it, nothing has changed."""
        stood = dict.fromkeys(DOORS, 0)
        for moment, door in self.doors:
            stood[door] += 1
            if stood[door] % DOORS[door] == 0:
                yield moment, door


def lived(place: tuple[Path, Path], dies_at: int | None) -> tuple[Simulation, Watched]:
    """Run the order in a process that dies at a moment, then in others to its end, and prove it."""
    simulation = Simulation(SEED, *place)
    simulation.world.weather.storm = simulation.world.provider.storm = False
    first = Watched(dies_at)
    simulation.world.processes[first.name] = first

    async def life() -> None:
        run = simulation._mintage_run(first, simulation.machines[0])
        await simulation._until_over(first, run, 1e6)
        await simulation._calm()

    simulation._life = life  # type: ignore[method-assign]
    simulation.live()
    return simulation, first


def test_a_kill_at_any_step_loses_nothing_and_signs_nothing_twice(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_seed, "draw", drawn)
    whole, first = lived(place, None)
    assert (whole.told.signings, whole.told.renditions, whole.told.killed) == (1, 2, 0)
    after = list(first.after_each())
    built = next(place for place, (_, door) in enumerate(after) if door == "put_once")
    commits = [place for place, (_, door) in enumerate(after) if door == "_writing"]
    released = [one for one in commits if one > built][len(STEPS) - 1]
    steps = after[built : released + 1]
    # Staged as built, as made and as signed, for each of three files; then each and its receipt.
    assert [door for _, door in steps].count("put_once") == 1 + 2 + 3 + 2 * 3
    assert [door for _, door in steps].count("sign") == 1 + 2
    for moment, _ in steps:
        told, _ = lived(place, moment)
        assert told.told.killed == 1, moment
        assert (told.told.signings, told.told.renditions) == (1, 2), moment
        assert told.told.runs == 1, moment
