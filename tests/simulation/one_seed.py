"""One seed from its first order to its proof: a storm, a calm, and the sum of it all."""

from __future__ import annotations

import asyncio
import hashlib
import random
import shutil
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import yaml
from simulation.gated import Weather
from simulation.invariants import Invariants, Violation
from simulation.mortal import Killed, SimProcess
from simulation.provider_world import ProviderWorld, Run
from simulation.scenario import Scenario, draw
from simulation.sim_house import ChunkedEngine, Machine, World, house_of
from simulation.virtual_loop import VirtualLoop
from sqlalchemy import Engine as Database

from assets import AssetsError, MemoryStore
from flows import FlowError, House, RunReport, Settings, decide_review, run_plan
from flows.planning import Plan
from generators import GeneratorError
from ledger import Books, BrokenPromise, CapRefused, JobState, LedgerError, Scope, hold_nano
from ledger.engine import make_engine, parse_url

CALM_RUNS_MAX = 12


@dataclass(slots=True)
class Told:
    """What one seed came to."""

    seed: int
    processes: int = 0
    killed: int = 0
    moments: int = 0
    commits: int = 0
    runs: int = 0
    billed_nano: int = 0
    unknown: int = 0
    mends: int = 0
    signings: int = 0
    renditions: int = 0
    virtual_s: float = 0.0
    digest: str = ""
    """Stands for everything that happened: the same seed gives the same one."""
    log: list[str] = field(default_factory=list)


class Simulation:
    """One seed being lived through."""

    def __init__(self, seed: int, folder: Path, blank_ledger: Path) -> None:
        self.scenario: Scenario = draw(seed)
        self.rng = random.Random(f"world {seed}")
        self.told = Told(seed)
        self.loop = VirtualLoop(lambda: self.rng.random() * 0.004)
        ledger = folder / "ledger.db"
        for old in folder.glob("ledger.db*"):
            old.unlink()
        shutil.copyfile(blank_ledger, ledger)
        self.database: Database = make_engine(parse_url(f"sqlite:///{ledger}"))
        provider = ProviderWorld(
            random.Random(f"provider {seed}"),
            self.loop.time,
            self.loop.call_later,
            self._run_changed,
        )
        self.invariants = Invariants(
            ledger,
            provider,
            attempts_max=self.scenario.attempts,
            review_all=self.scenario.order["review"] == "all",
            signs=self.scenario.signs,
        )
        self.world = World(
            rng=self.rng,
            weather=Weather(random.Random(f"weather {seed}")),
            provider=provider,
            kept=MemoryStore(),
            database=self.database,
            invariants=self.invariants,
            processes={},
            signs=self.scenario.signs,
        )
        self.machines = [
            Machine(f"machine{number}", skew_s, self.loop.time)
            for number, skew_s in enumerate(self.scenario.skews_s)
        ]
        self.settings = Settings(
            _env_file=None,
            database_url="sqlite:///simulated",
            store_url="memory:",
            caps_file=None,
            time_zone="UTC",
        )
        self.plan = self._planned(folder)
        self.order_id = self.plan.order_id()
        self.broken: BaseException | None = None

    def _planned(self, folder: Path) -> Plan:
        path = folder / "order.yaml"
        path.write_text(yaml.safe_dump(self.scenario.order), encoding="utf-8")
        return House(self.settings).plan(path)

    def live(self) -> Told:
        """Live through it.

        Raises:
            Violation: a promise was broken.
        """
        try:
            self.loop.run_until_complete(self._life())
        finally:
            self.told.virtual_s = self.loop.time()
            self._end_all()
            self.invariants.close()
            self.database.dispose()
            self.loop.close()
        digest = hashlib.sha256("\n".join(self.told.log).encode())
        self.told.digest = digest.hexdigest()
        return self.told

    def _end_all(self) -> None:
        """End whatever a broken seed left under way, so that nothing of it outlives the loop."""
        for process in self.world.processes.values():
            process.kill()
        left = asyncio.all_tasks(self.loop)

        async def end() -> None:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        self.loop.run_until_complete(end())

    def say(self, what: str) -> None:
        """Write one line of what happens."""
        self.told.log.append(f"{self.loop.time():12.6f} {what}")

    def _run_changed(self, run: Run) -> None:
        ended = self.world.provider.has_ended(run)
        self.say(f"provider: {run.ref} {run.ending if ended else 'created'} ours={run.is_ours}")
        try:
            self.invariants.run_changed(run)
        except Violation as error:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        """Keep the first broken promise; it is raised where the seed is lived."""
        if self.broken is None:
            self.broken = error
            self.say(f"BROKEN: {error}")

    async def _life(self) -> None:
        await self._storm()
        await asyncio.sleep(self.scenario.gap_s)
        self.world.weather.storm = self.world.provider.storm = False
        self.say("calm")
        await self._calm()

    async def _storm(self) -> None:
        ends_s = self.loop.time() + self.scenario.storm_s
        terminals = [
            asyncio.ensure_future(self._terminal(number, ends_s))
            for number in range(self.scenario.terminals)
        ]
        trouble = asyncio.ensure_future(self._trouble(ends_s))
        await asyncio.gather(*terminals, trouble)
        if self.broken is not None:
            raise self.broken

    async def _terminal(self, number: int, ends_s: float) -> None:
        machine = self.machines[number % len(self.machines)]
        while self.loop.time() < ends_s and self.broken is None:
            await asyncio.sleep(self.rng.choice((0.0, 1.0, 20.0)) * self.rng.random())
            dies_at = self._maybe_moment(self.scenario.lethal)
            process = self._new_process(dies_at, sleeps_at=self._maybe_moment(0.3))
            report = await self._until_over(
                process, self._mintage_run(process, machine), ends_s + 900
            )
            if report is not None and not (report.stopped or report.unknown or report.in_review):
                return
            await asyncio.sleep(self.rng.uniform(0, 10))

    def _maybe_moment(self, probability: float) -> int | None:
        """Draw a moment in a process's life, early ones as likely as late ones; or none."""
        strikes = self.rng.random() < probability
        return int(10 ** self.rng.uniform(0.3, 3.3)) if strikes else None

    def _new_process(self, dies_at: int | None, sleeps_at: int | None = None) -> SimProcess:
        self.told.processes += 1
        name = f"p{self.told.processes}"
        process = SimProcess(name, dies_at, sleeps_at, self._sleep)
        self.world.processes[process.name] = process
        return process

    async def _until_over(self, process: SimProcess, main: object, by_s: float) -> RunReport | None:
        """Wait for a process to end; one that outlives the storm by far is killed."""
        task = process.start(self.loop, main)  # type: ignore[arg-type]
        left_s = max(1.0, by_s - self.loop.time())
        done, _ = await asyncio.wait({task}, timeout=left_s)
        if not done:
            process.kill()
            await asyncio.wait({task})
        self.told.moments += process.moments
        if task.cancelled():
            self.told.killed += 1
            self.say(f"{process.name} was killed at moment {process.moments}")
            return None
        process.alive = False
        error = task.exception()
        if error is not None:
            self._break(error)
            return None
        report: RunReport | None = task.result()
        return report

    async def _mintage_run(self, process: SimProcess, machine: Machine) -> RunReport | None:
        """Do what `mintage run` does; what it would say to its user ends up in the log."""
        self.say(f"{process.name} starts on {machine.name}")
        house = house_of(self.world, process, machine, self.settings)
        try:
            with house.books() as books:
                engine = ChunkedEngine(self.scenario.chunk_size)
                report = await run_plan(house, books, self.plan, None, engine)
        except (FlowError, LedgerError, AssetsError, GeneratorError) as error:
            self.say(f"{process.name} fails: {type(error).__name__} {error}")
            if isinstance(error, BrokenPromise) and process.paused_until_s == 0:
                raise
            return None
        except (Killed, asyncio.CancelledError):
            raise
        self.say(
            f"{process.name} ends: {report.state} released={report.released} "
            f"unknown={report.unknown} attempts={report.attempts} spent={report.spent_nano} "
            f"because {report.stop_reason}"
        )
        return report

    async def _trouble(self, ends_s: float) -> None:
        """What else happens: clocks are set, processes sleep, people stop orders and change caps."""
        rng = self.rng
        while self.loop.time() < ends_s and self.broken is None:
            await asyncio.sleep(rng.uniform(1, 40))
            what = rng.choice(("clock", "sleep", "stop", "cap", "shared cap", "seal", "somebody"))
            if what == "clock":
                machine = rng.choice(self.machines)
                machine.skew_s += rng.uniform(-240, 240)
                self.say(f"{machine.name}'s clock is set to {machine.skew_s:+.0f} s")
            elif what == "sleep":
                self._put_to_sleep()
            elif what == "somebody":
                prompt = f"Mug {rng.randint(1, self.scenario.jobs)}"
                inputs = {"prompt": prompt, "seed": rng.randrange(1000)}
                self.world.provider.create("", inputs, is_ours=False)
            else:
                self._person(what)

    def _put_to_sleep(self) -> None:
        alive = [one for one in self.world.processes.values() if one.alive]
        if alive:
            self._sleep(self.rng.choice(alive))

    def _sleep(self, process: SimProcess) -> None:
        process.paused_until_s = self.loop.time() + self.rng.choice((5, 70, 150, 400))
        self.say(f"{process.name} sleeps until {process.paused_until_s:.0f}")

    def _person(self, what: str) -> None:
        """Do from another terminal what people do, with the real books."""
        process = SimProcess("person", None)
        books = self.world.books(process, self.machines[0])
        try:
            if what == "seal":
                books.seal(max_entries=self.rng.randint(1, 20))
                return
            with books.transaction() as desk:
                if what == "stop":
                    desk.stop_order(self.order_id, "Stopped by a person.")
                    return
                scope, subject = Scope.ORDER, self.order_id
                if what == "shared cap":
                    scope, subject = self.rng.choice(
                        ((Scope.COST_CENTER, "cc-4100"), (Scope.PROVIDER, "replicate"))
                    )
                cap = self.scenario.cap_usd * self.rng.choice((Decimal("0.7"), 1, 2))
                desk.set_cap(
                    scope, subject, hold_nano(cap), by="finance@acme.example", because="plans"
                )
                self.say(f"cap of {subject} set to {cap}")
        except (LedgerError, CapRefused) as error:
            self.say(f"a person is refused: {error}")
        except Violation as error:
            self._break(error)

    async def _calm(self) -> None:
        """Nothing breaks any more: run it until nothing moves, and prove the books."""
        for _ in range(CALM_RUNS_MAX):
            report = await self._calm_run()
            self._review()
            if not report.stopped and not report.in_review:
                break
        else:
            raise Violation(f"it never came to an end: {report}")
        await self._proved(report)

    async def _calm_run(self) -> RunReport:
        machine = self.machines[0]
        process = self._new_process(None)
        by_s = self.loop.time() + 24 * 3600
        report = await self._until_over(process, self._mintage_run(process, machine), by_s)
        if self.broken is not None:
            raise self.broken
        if report is None:
            raise Violation("a run in the calm did not come to its end")
        return report

    def _review(self) -> None:
        books = Books(self.database, "simulated", self.machines[0].clock)
        waiting = books.job_ids(self.order_id, (JobState.IN_REVIEW,), -1, 100)
        for _, job_id in waiting:
            because = None if self.rng.random() < 0.7 else "too plain"
            decide_review(books, [job_id], by="art@acme.example", because=because)

    async def _proved(self, report: RunReport) -> None:
        books = Books(self.database, "simulated", self.machines[0].clock)
        self._must_hold(books, report)
        before = self._counts()
        again = await self._calm_run()
        after = self._counts()
        if (before, again.released_now) != (after, 0) and not report.unknown:
            raise Violation(f"running it again was not free: {before} {after} {again}")
        self._must_hold(books, again)
        self.told.commits = self.invariants.checks
        self.told.mends = self.invariants.mends
        self.told.signings = self.invariants.signings
        self.told.renditions = len(self.invariants.rows("SELECT name FROM renditions"))
        self.told.runs = len(self.world.provider.runs)
        self.told.unknown = again.unknown
        self.say(f"charges {sorted(self.invariants.charges().items())}")

    def _counts(self) -> tuple[int, int]:
        (entries,) = self.invariants.rows("SELECT count(*) AS n FROM entries")
        return entries["n"], len(self.world.provider.runs)

    def _must_hold(self, books: Books, report: RunReport) -> None:
        proof = books.verify()
        if proof.problem is not None:
            raise Violation(f"the books do not prove themselves: {proof.problem}")
        bill, charges = self.world.provider.bill(), self.invariants.charges()
        self.told.billed_nano = sum(bill.values())
        open_attempts = self.invariants.rows(
            "SELECT reason FROM attempts WHERE state IN ('held', 'unknown')"
        )
        if len(open_attempts) != report.unknown or any(not one["reason"] for one in open_attempts):
            raise Violation(f"holds without an owner: {[tuple(one) for one in open_attempts]}")
        if not open_attempts and bill != charges:
            raise Violation(f"the bill is {bill} and the charges are {charges}")
        self._released_is_stored(report)

    def _released_is_stored(self, report: RunReport) -> None:
        released = self.invariants.released_keys()
        stored = {
            head.key for head in self.world.kept.walk("released/") if head.key.endswith(".png")
        }
        masters = {one["release_key"] for one in self.invariants.rows("SELECT * FROM releases")}
        if released != stored or len(masters) != report.released:
            raise Violation(f"books and store differ in what is released: {stored}")
