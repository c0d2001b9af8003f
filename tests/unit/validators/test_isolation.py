"""Inspection in processes of their own: the same verdicts, no secrets, and no outage by a file."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from unit.validators import sample_pictures as samples

import validators
from validators import (
    BrokenCriterion,
    Criterion,
    Flaw,
    InspectionFailed,
    InspectorPool,
    InspectorsUnavailable,
    Limits,
    Verdict,
    WorkerLimits,
    criteria,
    inspect,
    parse_done,
    registered,
)
from validators.inspector_wire import Request, criteria_text, send
from validators.inspector_worker import Worker, was_held_up, worker_environment

ROOT = Path(validators.__file__).parents[1]
SECRETS = {
    "REPLICATE_API_TOKEN": "r8_not_for_inspectors",
    "AWS_ACCESS_KEY_ID": "not-for-inspectors",
    "AWS_SECRET_ACCESS_KEY": "not-for-inspectors",
    "MINTAGE_DATABASE_URL": "postgresql://not-for-inspectors",
    "SOMETHING_NEW": "not-for-inspectors",
}

ILL = '''
import ctypes, os, signal, time
from typing import ClassVar
from validators.criterion import Criterion, Finding

class Ill(Criterion):
    """Breaks in the way that it is told."""
    name = "ill"
    version = 1
    example: ClassVar = {"how": "segfault"}
    how: str
    where: str = ""
    def inspect(self, picture):
        match self.how:
            case "segfault":
                ctypes.string_at(0)
            case "exit":
                os._exit(7)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "wait":
                while not os.path.exists(self.where):
                    time.sleep(0.01)
            case "memory":
                bytearray(1 << 40)
            case "abort":
                os.abort()
            case "term":
                os.kill(os.getpid(), signal.SIGTERM)
            case "sleep":
                time.sleep(600)
            case "compute":
                while True:
                    pass
            case "raise":
                raise ZeroDivisionError("oops")
            case "nan":
                return Finding(True, {"ratio": float("nan")})
            case "write":
                try:
                    with open(self.where, "w") as file:
                        file.write("x")
                except OSError as error:
                    return Finding(False, {}, f"It could not write: {type(error).__name__}.")
        return Finding(True, {"pid": os.getpid(), "environment": dict(os.environ)})
'''

QUICK = WorkerLimits(memory_bytes=1_000_000_000, open_cpu_s=2, judge_cpu_s=1, wall_s=20)
Ill = Callable[..., Criterion]


@pytest.fixture(scope="module")
def pool() -> Iterator[InspectorPool]:
    with InspectorPool(2) as opened:
        yield opened


@pytest.fixture
def ill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ill]:
    """A criterion that breaks on demand, which the processes find as they find any other."""
    (tmp_path / "ill.py").write_text(ILL)
    monkeypatch.setattr(criteria, "__path__", [*criteria.__path__, str(tmp_path)])
    made: Ill = importlib.import_module("validators.criteria.ill").Ill
    yield made
    del sys.modules["validators.criteria.ill"], criteria.__dict__["ill"]


def parsed(*items: object) -> tuple[Criterion, ...]:
    done = parse_done(items)
    assert isinstance(done, tuple), done
    return done


PHOTO = samples.photo_file("png")
DONE = parsed({"dimensions": {"width": 96}}, {"format": {"is": "png"}}, "not_blank")


def refusal(verdicts: tuple[Verdict, ...]) -> object:
    """Return the flaw of the only verdict, after checking its form."""
    (verdict,) = verdicts
    assert (verdict.criterion, verdict.passed) == ("intact", False)
    assert verdict.reason is not None
    assert verdict.reason.endswith("refused.")
    assert verdict.measured["sha256"]
    assert verdict.measured["detail"]
    return verdict.measured["flaw"]


@pytest.mark.parametrize("image_format", samples.FORMATS)
def test_a_process_gives_the_verdicts_that_would_be_given_here(
    pool: InspectorPool, image_format: str
) -> None:
    data = samples.photo_file(image_format)
    for file in (data, data[:-3], data + b"x", b""):
        assert pool.inspect(file, DONE) == inspect(file, DONE)
        assert pool.inspect(file, DONE, report_all=False) == inspect(file, DONE, report_all=False)
    claimed = pool.inspect(data, DONE, claimed_media_type="image/gif")
    assert claimed == inspect(data, DONE, claimed_media_type="image/gif")
    low = Limits(max_pixels=5)
    assert pool.inspect(data, DONE, limits=low) == inspect(data, DONE, limits=low)
    known = pool.inspect(data[:-3], DONE, sha256="a digest that the caller computed")
    assert known[0].measured["sha256"] == "a digest that the caller computed"
    small = Limits(max_bytes=5)
    assert pool.inspect(data, DONE, limits=small) == inspect(data, DONE, limits=small)


def test_every_criterion_that_needs_no_extra_can_be_asked_in_a_process(pool: InspectorPool) -> None:
    every = [form for form in registered().values() if not form.missing() and not form.extra]
    done = parsed(*({one.name: dict(one.example)} for one in every))
    data = samples.photo_file("jpeg", 256, 256)
    assert pool.inspect(data, done) == inspect(data, done)
    assert len(pool.inspect(data, done)) == len(every) + 1


def test_severities_travel_with_the_rule(pool: InspectorPool) -> None:
    done = parsed({"dimensions": {"width": 1, "severity": "warn"}})
    verdict = pool.inspect(PHOTO, done)[1]
    assert (verdict.passed, verdict.severity, verdict.blocks) == (False, "warn", False)


def test_processes_are_started_when_needed_and_used_again() -> None:
    with InspectorPool(2) as pool:
        assert pool.process_ids() == ()
        for _ in range(3):
            assert all(verdict.passed for verdict in pool.inspect(PHOTO, DONE))
        assert len(pool.process_ids()) == 1


def test_a_process_knows_no_secret_of_the_one_that_started_it(
    monkeypatch: pytest.MonkeyPatch, ill: Ill
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with InspectorPool(1) as pool:
        measured = pool.inspect(PHOTO, [ill(how="look")])[1].measured
        (process_id,) = pool.process_ids()
        given = Path(f"/proc/{process_id}/environ").read_bytes().split(b"\0")
        descriptors = [str(path.readlink()) for path in Path(f"/proc/{process_id}/fd").iterdir()]
        command = Path(f"/proc/{process_id}/cmdline").read_bytes()
    assert measured["pid"] == process_id != os.getpid()
    seen = measured["environment"]
    assert isinstance(seen, dict)
    assert set(seen) <= {"LC_ALL", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert sorted(filter(None, given)) == sorted(f"{k}={v}".encode() for k, v in seen.items())
    held = sorted(kind.partition(":")[0] for kind in descriptors)
    assert held == ["/dev/null"] * 3 + ["/memfd", "socket"]
    for value in SECRETS.values():
        assert value.encode() not in command


def test_the_environment_is_made_of_what_is_allowed_not_of_what_is_forbidden() -> None:
    made = worker_environment({"LD_LIBRARY_PATH": "/opt/lib", "A_NEW_SECRET": "x", "HOME": "/root"})
    assert made["LD_LIBRARY_PATH"] == "/opt/lib"
    assert not {"A_NEW_SECRET", "HOME"} & set(made)


def test_a_process_cannot_write_files(ill: Ill, tmp_path: Path) -> None:
    with InspectorPool(1) as pool:
        verdict = pool.inspect(PHOTO, [ill(how="write", where=str(tmp_path / "out"))])[1]
    assert verdict.reason == "It could not write: PermissionError."
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("how", "flaw", "detail"),
    [
        ("segfault", "crashed", "SIGSEGV"),
        ("abort", "crashed", "SIGABRT"),
        ("exit", "crashed", "ended with 7"),
        ("memory", "too_much_memory", "1000000000 bytes"),
        ("compute", "too_slow", "1 s to judge it"),
    ],
)
def test_what_ends_a_process_is_a_refusal_of_that_file_and_of_no_other(
    ill: Ill, how: str, flaw: str, detail: str
) -> None:
    with InspectorPool(1, worker_limits=QUICK) as pool:
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)
        refused = pool.inspect(PHOTO, [ill(how=how)])
        assert refusal(refused) == flaw
        assert detail in str(refused[0].measured["detail"])
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)
        assert len(pool.process_ids()) == 1


def test_a_process_that_gives_no_answer_and_does_not_compute_is_the_machines_fault(
    ill: Ill,
) -> None:
    with InspectorPool(1, worker_limits=WorkerLimits(wall_s=1)) as pool:
        started = time.monotonic()
        with pytest.raises(InspectorsUnavailable, match=r"no answer for 1 s .* then resume\.$"):
            pool.inspect(PHOTO, [ill(how="sleep")])
        assert 2 <= time.monotonic() - started < 10, "it is asked twice"
        assert pool.process_ids() == ()
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)


def test_a_stopped_process_is_replaced_and_the_file_judged() -> None:
    with InspectorPool(1, worker_limits=WorkerLimits(wall_s=2)) as pool:
        pool.inspect(PHOTO, DONE)
        (stopped,) = pool.process_ids()
        os.kill(stopped, signal.SIGSTOP)
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)
        assert pool.process_ids() != (stopped,)


def test_the_clock_is_held_against_a_file_only_when_the_process_computed() -> None:
    assert [was_held_up(computed_s, 60) for computed_s in (0, 5, 29.9, 30, 60)] == [
        *(True, True, True),
        *(False, False),
    ]
    worker = Worker(WorkerLimits())
    assert 0.02 < worker._computed_s() < 20, "starting has taken some of the processor's time"
    for spent_s, flaw in ((59.0, Flaw.TOO_SLOW), (0.1, None)):
        assert getattr(worker._too_long(spent_s), "flaw", None) is flaw
    worker.end()


@pytest.mark.parametrize("how", ["kill", "term"])
def test_a_process_that_the_system_ends_twice_is_an_outage_and_no_verdict(
    ill: Ill, how: str
) -> None:
    name = f"SIG{how.upper()}"
    with InspectorPool(1) as pool:
        with pytest.raises(InspectorsUnavailable, match=rf"\({name}\), as when memory runs out"):
            pool.inspect(PHOTO, [ill(how=how)])
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)


def test_a_process_that_the_system_ends_while_it_starts_is_told_of_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process finds this in place of what it imports first.
    (tmp_path / "validators.py").write_text("import os, signal; os.kill(os.getpid(), 9)")
    monkeypatch.syspath_prepend(tmp_path)
    with InspectorPool(1) as pool, pytest.raises(InspectorsUnavailable, match=r"\(SIGKILL\), as"):
        pool.inspect(PHOTO, DONE)


def test_one_process_that_the_system_ends_while_it_starts_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "validators.py").write_text(
        f"import os, signal; os.unlink(__file__); os.kill(os.getpid(), {signal.SIGKILL.value})"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with InspectorPool(1) as pool:
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)


LITTLE_MEMORY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))
resource.setrlimit(resource.RLIMIT_CPU, (5, 5))  # less than opening a file may take
from validators import InspectorPool, InspectorsUnavailable, criteria
criteria.__path__.append(sys.argv[1])
from validators.criteria.ill import Ill
with InspectorPool(1) as pool:
    print(pool.inspect(open(sys.argv[2], "rb").read(), ())[0].passed)
    try:
        pool.inspect(open(sys.argv[2], "rb").read(), [Ill(how="memory")])
    except InspectorsUnavailable as error:
        print(error)
"""


def test_limits_of_the_machine_below_ours_hold_and_no_file_is_blamed_for_them(
    tmp_path: Path,
) -> None:
    (tmp_path / "ill.py").write_text(ILL)
    (tmp_path / "photo.png").write_bytes(PHOTO)
    done = subprocess.run(
        [sys.executable, "-B", "-c", LITTLE_MEMORY, str(tmp_path), str(tmp_path / "photo.png")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    good, big = done.stdout.splitlines()
    assert good == "True"
    assert big.startswith("An inspector ran out of the 600 MB of memory that this machine lets")
    assert big.endswith("raise the limit (ulimit -v), then resume.")


def test_a_process_whose_pool_is_gone_does_not_hang_for_ever(ill: Ill) -> None:
    worker = Worker(WorkerLimits(wall_s=0.5))
    worker._lay_out(PHOTO)
    request = Request(
        criteria=criteria_text([ill(how="sleep")]),
        byte_count=len(PHOTO),
        sha256=None,
        claimed_media_type=None,
        max_bytes=len(PHOTO),
        max_pixels=10**6,
        report_all=True,
    )
    send(worker._channel, request)
    ended = os.waitid(os.P_PID, worker.process_id, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    assert ended.si_status == signal.SIGALRM
    worker.end()


def test_a_file_is_not_blamed_for_a_process_that_something_else_ended(
    ill: Ill, tmp_path: Path
) -> None:
    go_on = tmp_path / "go on"
    with InspectorPool(1) as pool, ThreadPoolExecutor(1) as thread:
        pool.inspect(PHOTO, DONE)
        (first,) = pool.process_ids()
        found = thread.submit(pool.inspect, PHOTO, [ill(how="wait", where=str(go_on))])
        while pool._idle:  # the process has not been taken yet
            time.sleep(0.001)
        os.kill(first, signal.SIGKILL)
        go_on.touch()
        assert found.result()[1].passed
        assert pool.process_ids() != (first,)


def test_a_process_that_died_while_idle_is_replaced() -> None:
    with InspectorPool(1) as pool:
        pool.inspect(PHOTO, DONE)
        (first,) = pool.process_ids()
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)
        assert pool.process_ids() != (first,)


def test_a_picture_that_does_not_fit_into_memory_is_refused_with_that_reason() -> None:
    wide = samples.encoded(samples.flat((9, 9, 9), (8000, 8000)), "png")
    tight = WorkerLimits(memory_bytes=280_000_000)
    with InspectorPool(1, worker_limits=tight) as pool:
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)
        assert refusal(pool.inspect(wide, DONE)) == "too_much_memory"
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)


def test_a_mistake_of_the_program_is_an_error_and_no_verdict(ill: Ill) -> None:
    with InspectorPool(1) as pool:
        with pytest.raises(InspectionFailed, match=r"'ill' failed .* ZeroDivisionError: oops"):
            pool.inspect(PHOTO, [ill(how="raise")])
        with pytest.raises(BrokenCriterion, match="no JSON"):
            pool.inspect(PHOTO, [ill(how="nan")])
        (process_id,) = pool.process_ids()
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)
        assert pool.process_ids() == (process_id,)


def test_a_criterion_that_the_process_cannot_find_is_an_error(pool: InspectorPool) -> None:
    class Local(Criterion):
        """Is known here only."""

        name = "local"
        version = 1

    with pytest.raises(BrokenCriterion, match=r"'local' .* cannot find it"):
        pool.inspect(PHOTO, [Local()])


def test_an_interpreter_that_does_not_start_is_an_outage_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with InspectorPool(1) as pool:
        monkeypatch.setattr(sys, "path", ["/nowhere"])
        with pytest.raises(InspectorsUnavailable, match="No module named"):
            pool.inspect(PHOTO, DONE)
        monkeypatch.undo()
        assert pool.inspect(PHOTO, DONE) == inspect(PHOTO, DONE)


def test_threads_share_the_processes(pool: InspectorPool) -> None:
    files = [samples.photo_file(image_format) for image_format in samples.FORMATS]
    files += [data[:-3] for data in files]
    alone = [inspect(data, DONE) for data in files]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda data: pool.inspect(data, DONE), files * 10))
    assert together == alone * 10
    assert len(pool.process_ids()) == 2


def test_an_event_loop_goes_on_while_files_are_inspected() -> None:
    async def many(pool: InspectorPool) -> int:
        turns = 0
        work = asyncio.gather(*(pool.inspect_async(PHOTO, DONE) for _ in range(40)))
        while not work.done():
            turns += 1
            await asyncio.sleep(0)
        assert all(verdicts == inspect(PHOTO, DONE) for verdicts in await work)
        return turns

    with InspectorPool(2) as pool:
        assert asyncio.run(many(pool)) > 40
        # A second loop, as in a program that runs several orders.
        assert asyncio.run(many(pool)) > 40


def test_a_closed_pool_has_ended_its_processes_and_says_so() -> None:
    pool = InspectorPool(2)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: pool.inspect(PHOTO, DONE), range(6)))
    ids = pool.process_ids()
    pool.close()
    pool.close()
    assert pool.process_ids() == ()
    assert not any(Path(f"/proc/{process_id}").exists() for process_id in ids)
    with pytest.raises(InspectorsUnavailable, match="closed"):
        pool.inspect(PHOTO, DONE)
    with pytest.raises(InspectorsUnavailable, match="closed"):
        asyncio.run(pool.inspect_async(PHOTO, DONE))


def test_closing_waits_for_the_inspection_under_way() -> None:
    pool = InspectorPool(1)
    pool.inspect(PHOTO, DONE)
    data = samples.photo_file("png", 1024, 1024)
    found: list[tuple[Verdict, ...]] = []
    started = threading.Event()

    def work() -> None:
        started.set()
        found.append(pool.inspect(data, DONE))

    thread = threading.Thread(target=work)
    thread.start()
    started.wait()
    while pool._free._value:  # the only slot is not taken yet
        time.sleep(0.001)
    pool.close()
    thread.join()
    assert found == [inspect(data, DONE)]


@pytest.mark.parametrize("ending", ["", "os.kill(os.getpid(), signal.SIGKILL)", "del pool"])
def test_a_program_that_ends_without_closing_leaves_no_process_behind(ending: str) -> None:
    code = (
        "import os, signal, sys\nfrom validators import InspectorPool\n"
        "pool = InspectorPool(1)\npool.inspect(b'junk', ())\n"
        f"print(pool.process_ids()[0], flush=True)\n{ending}\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    process_id = int(done.stdout)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{process_id}/exe").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{process_id}/exe").exists()


def test_ctrl_c_in_a_terminal_does_not_reach_the_processes(pool: InspectorPool) -> None:
    pool.inspect(PHOTO, DONE)
    assert all(os.getsid(process_id) == process_id for process_id in pool.process_ids())


def test_a_forked_program_starts_processes_of_its_own() -> None:
    code = (
        "import os\nfrom validators import InspectorPool\n"
        "pool = InspectorPool(1)\npool.inspect(b'junk', ())\nmine = pool.process_ids()\n"
        "child = os.fork()\n"
        "verdict, = pool.inspect(b'junk', ())\n"
        "assert verdict.measured['flaw'] == 'not_a_picture'\n"
        "if child:\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "    pool.inspect(b'junk', ())\n"
        "    assert pool.process_ids() == mine\n"
        "else:\n"
        "    assert not set(pool.process_ids()) & set(mine)\n"
        "pool.close()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


@pytest.mark.parametrize(
    "wrong", [{"memory_bytes": 0}, {"open_cpu_s": -1}, {"judge_cpu_s": 0}, {"wall_s": 0}]
)
def test_limits_that_let_nothing_through_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        WorkerLimits(**wrong)
    with pytest.raises(ValueError, match="at least 1"):
        InspectorPool(0)
