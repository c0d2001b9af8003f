"""Real runs killed with SIGKILL, again and again, at moments drawn from one seed.

A storm starts `mintage run` of one order as real processes, one or several at a time, kills one of
them at each drawn moment and starts another in its place. When all kills are spent it lets the
order finish under caps that are too tight, then raises them and lets it finish altogether.
`storm_proof.prove` compares what is left with the provider's bill.

A kill counts when the process was alive until the signal ended it. What each process was doing is
read from the books right after its death.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from loopback.faults import Fault
from loopback.server import Controls
from mint_runs import Desk, Running, schnell_order
from storm_window import NANO, Pulse, Window

PRICE_USD = Decimal("0.003")
PER_JOB_USD = Decimal("0.02")
POLL_S = 0.002
PATIENCE_S = 120.0
"""How long a run may take to end by itself; longer is a hang."""
_TWO_FILES = [
    {"width": 256, "height": 256, "format": "webp", "name": "mug-{variant}"},
    {"width": 96, "format": "avif", "name": "mug-{variant}-small"},
]
WHO = ("--by", "finance@acme.example", "--because", "storm")


def storm_faults() -> tuple[Fault, ...]:
    """Give what goes wrong at the provider beside the kills: 2 to 3 percent of each kind."""
    return (
        Fault("cut_after_create", probability=0.03, by="seed"),
        Fault("server_error_after_create", probability=0.02, by="seed"),
        Fault("failed", probability=0.03, by="seed"),
        Fault("wrong_size", probability=0.03, by="seed"),
        Fault("output_503", probability=0.02, by="seed"),
        # Charged and good for nothing: the one that makes work be done again.
        Fault("blank", probability=0.03, by="seed"),
    )


@dataclass(frozen=True, slots=True)
class StormPlan:
    """How big a storm is. Everything random in it comes from the seed."""

    jobs: int
    kills: int
    seed: int
    runs_at_once: int = 1
    concurrency: int = 4
    rendition: bool = False
    """Whether a second file is made of each picture."""

    def caps(self) -> tuple[Decimal, Decimal, Decimal]:
        """Give the tight caps of the provider's day, the cost centre's month and the order, in USD.

        The day's pays for 17 attempts per 20 jobs; each of the others bites when the one before
        it is raised.
        """
        day = PRICE_USD * self.affordable
        return day, day + PRICE_USD, day + 2 * PRICE_USD

    @property
    def affordable(self) -> int:
        """How many attempts the tightest cap pays for."""
        return self.jobs * 17 // 20


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: after what is waited for, and a share of 0 to 1 of the time that it may take."""

    kind: str
    """starting (counted from the process's start), working (from so many new attempts), ending."""
    progress: float
    share: float
    at_holder: bool
    """Whether the run that has the order is meant, or any of them."""


def draw_moments(plan: StormPlan) -> list[Moment]:
    """Draw every kill of a storm: a fifth while starting, a sixth at the end, the rest at work."""
    draw = random.Random(plan.seed)  # noqa: S311  a reproducible storm, not a secret
    ending = max(1, plan.kills // 6)
    starting = max(1, plan.kills // 5)
    kinds = ["starting"] * starting + ["working"] * (plan.kills - starting - ending)
    draw.shuffle(kinds)
    return [
        Moment(kind, draw.uniform(0, 2), draw.random(), draw.random() < 0.7)
        for kind in kinds + ["ending"] * ending
    ]


@dataclass(slots=True)
class Life:
    """One process of `mintage run`, from its start to its end."""

    process: Running
    started_us: int
    led: bool = False
    """Whether the order's lease was seen with it."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def age_s(self) -> float:
        """Seconds since it was started."""
        return (now_us() - self.started_us) / 1e6


def now_us() -> int:
    """Tell the time as the books do."""
    return time.time_ns() // 1000


def noon_zone(at_us: int) -> str:
    """Name a time zone where it is noon: no day and no month ends during a storm."""
    east_h = 12 - at_us // 3_600_000_000 % 24
    # The names count the hours to the west.
    return f"Etc/GMT{-east_h:+d}" if east_h else "Etc/GMT"


@dataclass(slots=True)
class Toll:
    """What a storm did."""

    runs: int = 0
    hits: int = 0
    missed: int = 0
    doing: Counter[str] = field(default_factory=Counter)
    """Kills by what the process was doing."""
    caught: Counter[str] = field(default_factory=Counter)
    """Jobs by where a kill of the run that had the order caught them."""
    overspend_usd: Decimal = Decimal(0)
    """The most that the books or the bill ever showed above a cap, looked at after each kill and end."""
    seconds: float = 0.0
    ends: list[tuple[Decimal, dict[str, object]]] = field(default_factory=list)
    """The order's report each time that it had ended, and the cap in USD that was the tightest then."""


class Storm:
    """One storm over one order at a desk."""

    def __init__(self, plan: StormPlan, desk: Desk, provider: Controls, books_url: str) -> None:
        self.plan = plan
        self.desk = desk
        self.provider = provider
        self.window = Window(books_url)
        self.toll = Toll()
        self._alive: list[Life] = []
        self._draw = random.Random(f"victims {plan.seed}")  # noqa: S311  as above
        self._startup_s = 0.6
        """From a process's start to its lease; measured anew with each that is seen taking it."""

    def rage(self) -> Toll:
        """Do everything; the order has finished when it returns."""
        began = time.monotonic()
        try:
            self._set_up()
            for moment in draw_moments(self.plan):
                self._strike(moment)
            self._until_all_end()
            self._finish()
        finally:
            self.window.close()
            self.desk.close()
        self.toll.seconds = time.monotonic() - began
        return self.toll

    def _set_up(self) -> None:
        self.desk.environment["MINTAGE_TIME_ZONE"] = noon_zone(now_us())
        day, month, order = self.plan.caps()
        self.desk.write(
            schnell_order(
                self.plan.jobs,
                budget={"cap": str(order), "per_job": str(PER_JOB_USD), "attempts": 3},
                concurrency=self.plan.concurrency,
                **({"output": _TWO_FILES} if self.plan.rendition else {}),
            )
        )
        self._set_cap("provider", "replicate", day)
        self._set_cap("cost_center", "cc-4100", month)
        self.provider.add_faults(*storm_faults())

    def _set_cap(self, scope: str, subject: str, cap: Decimal) -> None:
        done = self.desk.mintage("ledger", "budget", "set", scope, subject, str(cap), *WHO)
        assert done.code == 0, done.err

    def _finish(self) -> None:
        """Let the order end under each cap in turn, and at last under none that it can reach."""
        pulse = self.window.pulse()
        assert pulse is not None
        enough = 3 * PRICE_USD * self.plan.jobs
        scopes = (("provider", "replicate"), ("cost_center", "cc-4100"), ("order", pulse.order_id))
        for cap, (scope, subject) in zip(self.plan.caps(), scopes, strict=True):
            self.toll.ends.append((cap, self._end_of_run(self._start())))
            self._look_for_overspend(cap)
            self._set_cap(scope, subject, enough)
        last = [self._start() for _ in range(self.plan.runs_at_once)]
        reports = [self._end_of_run(life) for life in last]
        self.toll.ends.append((enough, reports[-1]))

    def _start(self) -> Life:
        life = Life(self.desk.start("run", "order.yaml", "--json"), now_us())
        self.toll.runs += 1
        self._alive.append(life)
        return life

    def _fill(self) -> None:
        """Have as many runs going as the plan says; those that have ended made way by themselves."""
        for life in [one for one in self._alive if one.process.poll() is not None]:
            self._end_of_run(life)
        while len(self._alive) < self.plan.runs_at_once:
            self._start()

    def _end_of_run(self, life: Life) -> dict[str, object]:
        """Wait for a run to end as a run should, and give its report."""
        out, err = life.process.communicate(timeout=PATIENCE_S)
        self._alive.remove(life)
        assert "Traceback" not in err, err
        assert life.process.returncode in {0, 3}, (life.process.returncode, err)
        report: dict[str, object] = json.loads(out)
        return report

    def _until_all_end(self) -> None:
        for life in list(self._alive):
            self._end_of_run(life)

    def _strike(self, moment: Moment) -> None:
        """Kill one run at one moment; a run that ended first is replaced and the moment comes sooner."""
        share = moment.share
        while True:
            self._fill()
            youngest = self._alive[-1]
            if self._await(moment, share, youngest):
                life = youngest if moment.kind == "starting" else self._victim(moment)
                if self._kill(life):
                    return
            self.toll.missed += 1
            share /= 2

    def _await(self, moment: Moment, share: float, youngest: Life) -> bool:
        """Wait for a moment; False when every run has ended before it came."""
        if moment.kind == "starting":
            due_s = share * 1.3 * self._startup_s
            return self._watch(lambda _: youngest.age_s() >= due_s)
        since_us = now_us()
        if moment.kind == "ending":
            closing = self._watch(
                lambda pulse: (
                    pulse is not None
                    and pulse.state == "done"
                    and pulse.updated_at_us >= since_us
                    and self._leader(pulse) is not None
                )
            )
            return closing and self._linger(share**2 * 0.03)
        before = self.window.pulse()
        goal = (0 if before is None else before.attempts) + self._step(moment.progress)
        worked = self._watch(
            lambda pulse: (
                pulse is not None and pulse.attempts >= goal and self._leader(pulse) is not None
            )
        )
        return worked and self._linger(share * 0.15)

    def _step(self, progress: float) -> int:
        """Say how many new attempts to wait for, so that the work lasts for all kills that are left.

        A kill comes after `concurrency` more attempts than were waited for.
        """
        pulse = self.window.pulse()
        left = self.plan.affordable - (0 if pulse is None else pulse.attempts)
        kills_left = max(1, self.plan.kills - self.toll.hits)
        return max(0, round(progress * (left / kills_left - self.plan.concurrency)))

    def _watch(self, is_due: Callable[[Pulse | None], bool]) -> bool:
        """Look at the books until a moment is there; False when every run has ended before."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            pulse = self.window.pulse()
            self._leader(pulse)
            if is_due(pulse):
                return True
            if all(life.process.poll() is not None for life in self._alive):
                return False
            assert time.monotonic() < deadline, "a run hangs"
            time.sleep(POLL_S)

    def _linger(self, seconds: float) -> bool:
        time.sleep(seconds)
        return any(life.process.poll() is None for life in self._alive)

    def _leader(self, pulse: Pulse | None) -> Life | None:
        """Find the run that has the order's lease, and note that it had it."""
        if pulse is None:
            return None
        for life in self._alive:
            if life.pid == pulse.holder_pid:
                if not life.led:
                    life.led = True
                    if self.plan.runs_at_once == 1:
                        self._startup_s += (life.age_s() - self._startup_s) / 4
                return life
        return None

    def _victim(self, moment: Moment) -> Life:
        leader = self._leader(self.window.pulse())
        if leader is not None and moment.at_holder:
            return leader
        return self._draw.choice(self._alive)

    def _kill(self, life: Life) -> bool:
        """Kill a run; False when it had ended by itself."""
        if life.process.poll() is not None:
            return False
        life.process.send_signal(signal.SIGKILL)
        _, err = life.process.communicate()
        assert "Traceback" not in err, err
        if life.process.returncode != -signal.SIGKILL:
            # It was on its last line; its end is looked at as that of any run.
            assert life.process.returncode in {0, 3}, err
            self._alive.remove(life)
            return False
        self._alive.remove(life)
        self.toll.hits += 1
        self._look_for_overspend(self.plan.caps()[0])
        self._note(life)
        return True

    def _look_for_overspend(self, tightest_usd: Decimal) -> None:
        above = [Decimal(row[-1]) / NANO for row in self.window.passed_caps()]
        above.append(self.provider.total() - tightest_usd)
        self.toll.overspend_usd = max(self.toll.overspend_usd, *above)

    def _note(self, life: Life) -> None:
        """Say what a killed run was doing."""
        pulse = self.window.pulse()
        if pulse is None or pulse.holder_pid != life.pid:
            left = life.led and pulse is not None
            waiting = self.plan.runs_at_once > 1 and life.age_s() > self._startup_s
            self.toll.doing[
                "leaving" if left else "waiting for its turn" if waiting else "starting, planning"
            ] += 1
            return
        if pulse.state != "open":
            unsealed = self.window.unsealed()
            self.toll.doing["sealing" if unsealed else "writing the manifest"] += 1
            return
        attempts = self.window.open_attempts()
        own = [one for one in attempts if one.held_at_us >= life.started_us]
        recovering = attempts and not own
        self.toll.doing["looking for what was lost" if recovering else "minting"] += 1
        self._note_jobs(life)

    def _note_jobs(self, life: Life) -> None:
        caught = self.toll.caught
        created = {one.seed: one for one in self.provider.predictions()}
        for attempt in self.window.open_attempts():
            sent = created.get(attempt.seed)
            if attempt.state == "unknown" or attempt.held_at_us < life.started_us:
                caught["lost before, being looked for"] += 1
            elif sent is None:
                caught["held, not sent yet"] += 1
            elif sent.status in {"starting", "processing"}:
                caught["sent, the provider at work"] += 1
            else:
                caught["answered or fetched, not settled"] += 1
        states = self.window.job_states()
        caught["built, being inspected"] += states["built"]
        caught["accepted, to be released"] += states["accepted"]
        for name in self.window.approved_names():
            found = any(
                (self.desk.folder / ".mintage/store/released").glob(f"storms/storm/*/{name}.webp")
            )
            caught["in the store, not in the books" if found else "approved, being released"] += 1
