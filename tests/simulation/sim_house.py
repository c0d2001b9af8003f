"""A house with the real foreman in it, standing in the simulated world."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulation.gated import GatedBooks, GatedStore, Weather
from simulation.invariants import Invariants
from simulation.mortal import SimProcess
from simulation.provider_wire import SimWire
from simulation.provider_world import EPOCH, ProviderWorld
from simulation.sim_signer import SimSigner
from sqlalchemy import Engine as Database

from assets import MemoryStore, Store
from flows import House
from flows.engine import call_stage
from flows.order_run import OrderRun
from flows.passes import mint
from generators import Generator, load_cards
from generators.pacing import Pace
from generators.replicate_builder import ReplicateGenerator
from generators.replicate_patience import Clocks, Patience
from ledger import Books
from validators import Inspectors, LocalInspectors

CARDS = load_cards()


@dataclass(slots=True)
class Machine:
    """A computer with a clock that can be wrong, and can be set."""

    name: str
    skew_s: float
    now_s: Callable[[], float]

    def clock(self) -> datetime:
        """Tell what this machine takes for the time."""
        return EPOCH + timedelta(seconds=self.now_s() + self.skew_s)


@dataclass(frozen=True)
class ChunkedEngine:
    """Drives the real passes and stages in chunks, as the Prefect engine does, without its server."""

    chunk_size: int
    name: str = "simulated"

    async def drive(self, run: OrderRun) -> None:
        """Take every job of the order as far as it can go."""
        await mint(run, call_stage, chunk_size=self.chunk_size)


@dataclass(frozen=True)
class World:
    """All that outlives a process."""

    rng: random.Random
    weather: Weather
    provider: ProviderWorld
    kept: MemoryStore
    database: Database
    invariants: Invariants
    processes: dict[str, SimProcess]
    signs: bool = False

    def books(self, process: SimProcess, machine: Machine) -> GatedBooks:
        """Open the books as a process does."""
        return GatedBooks(
            self.database,
            machine.clock,
            process,
            self.weather,
            self.invariants.after_commit,
        )


@dataclass(frozen=True)
class SimHouse(House):
    """The real House, with its doors to the outside led into the simulated world."""

    world: Any = None
    process: Any = None
    machine: Any = None

    @contextmanager
    def books(self) -> Iterator[Books]:
        """Open the books."""
        yield self.world.books(self.process, self.machine)

    def store(self) -> Store:
        """Open the store."""
        world: World = self.world
        return GatedStore(world.kept, self.process, world.weather, world.invariants.put)

    def signer(self) -> Any:
        """Sign here, always with the same bytes, if this world's house signs."""
        world: World = self.world
        return SimSigner(self.process) if world.signs else None

    def inspectors(self, *, with_models: bool = False) -> Inspectors:
        """Judge here, in no time of this world."""
        del with_models
        return LocalInspectors()

    def generator(self, provider: str, model: str, *, concurrency: int = 1) -> Generator:
        """Open the real Replicate builder on the simulated wire."""
        del concurrency
        loop = asyncio.get_running_loop()
        clocks = Clocks(monotonic=loop.time, sleep=asyncio.sleep, now=self.machine.clock)
        return ReplicateGenerator(
            CARDS.need(provider, model),
            SimWire(self.world.provider, self.process),  # type: ignore[arg-type]
            pace=Pace(600, clock=clocks.monotonic, sleep=clocks.sleep),
            patience=Patience(),
            clocks=clocks,
        )


def house_of(world: World, process: SimProcess, machine: Machine, settings: Any) -> SimHouse:
    """Make the house of one process."""
    rng = random.Random(f"ids {process.name}")

    def new_id() -> str:
        return f"{process.name}-{rng.getrandbits(64):016x}"

    def is_dead(holder: str) -> bool:
        host, _, rest = holder.partition(":")
        name = rest.partition(":")[0]
        return host == machine.name and not world.processes[name].alive

    return SimHouse(
        settings,
        clock=machine.clock,
        sleep=asyncio.sleep,
        new_attempt_id=new_id,
        lease_holder=lambda: f"{machine.name}:{process.name}:0",
        is_dead=is_dead,
        world=world,
        process=process,
        machine=machine,
    )
