"""How the program behaves at a terminal, in a pipe, and when somebody wants it to end."""

from __future__ import annotations

import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from loopback.faults import Fault
from loopback.process import LoopbackProcess
from manners_parts import REPOSITORY, assert_one_sentence, cards_order, run_with, wait_until
from mint_runs import Desk, assert_books_equal_bill, assert_every_job_ended, schnell_order

COMMANDS = (
    "check",
    "quote",
    "run",
    "resume",
    "stop",
    "status",
    "trace",
    "nightly",
    "review list",
    "review next",
    "review show",
    "review approve",
    "review reject",
    "assets list",
    "assets pull",
    "assets verify",
    "ledger summary",
    "ledger export",
    "ledger verify",
    "ledger migrate",
    "ledger fingerprints",
    "models",
    "doctor",
)
GROUPS = ("assets", "ledger", "review")


def test_mintage_alone_and_its_groups_print_help(studio_desk: Desk) -> None:
    studio_desk.real_start = True
    for words in ((), *((group,) for group in GROUPS)):
        done = studio_desk.mintage(*words)
        assert (done.code, done.err) == (0, "")
        assert "Usage: mintage" in done.out
    version = studio_desk.mintage("--version")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", version.out)


def test_help_of_every_command_comes_at_once(studio_desk: Desk) -> None:
    studio_desk.real_start = True
    took: dict[str, float] = {}
    for command in COMMANDS:
        before = cpu_of_children_s()
        done = studio_desk.mintage(*command.split(), "--help")
        took[command] = cpu_of_children_s() - before
        assert (done.code, done.err) == (0, ""), command
        assert f"Usage: mintage {command}" in done.out
        assert all(len(line) <= 80 for line in done.out.splitlines()), command
    print(f"help took {min(took.values()):.2f} to {max(took.values()):.2f} s of CPU time")
    # Of the processor, not of the clock: other tests may keep this machine busy.
    assert max(took.values()) < 1.0, took


def cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    ("line", "marks"),
    [
        ("frobnicate", ("no command 'frobnicate'", "run")),
        ("stauts", ("did you mean 'status'?",)),
        ("assets lsit", ("did you mean 'list'?", "`mintage assets --help`")),
        ("run", ("needs ORDER", "work order file", "`mintage run --help`")),
        ("run a.yaml b.yaml", ("no use for 'b.yaml'",)),
        ("run a.yaml --egnine inline", ("--egnine", "--engine")),
        ("run a.yaml --engine steam", ("steam", "inline", "prefect")),
        ("ledger summary --by colour", ("colour", "campaign")),
        ("ledger export --format pdf", ("pdf", "csv", "xlsx", "focus-1.4")),
        ("ledger export --period 2026-13", ("2026-13", "2026-11")),
        ("ledger export --where color=red", ("'color'", "cost_center")),
        ("status --limit 0", ("--limit", ">= 1")),
        ("review reject job --by m@acme.example", ("needs --because",)),
        ("nightly . --date tomorrow", ("'tomorrow' is no date", "2026-11-22")),
        ("assets list --since 22.11.2026", ("is no date",)),
    ],
)
def test_a_wrong_command_line_is_explained_in_a_sentence(
    studio_desk: Desk, line: str, marks: tuple[str, ...]
) -> None:
    assert_one_sentence(studio_desk.mintage(*line.split()), 2, *marks)
    assert not any(studio_desk.folder.iterdir())


def test_an_empty_path_is_refused_and_does_not_mean_this_folder(studio_desk: Desk) -> None:
    for words in (("run", ""), ("assets", "pull", ""), ("ledger", "export", "--out", "")):
        assert_one_sentence(studio_desk.mintage(*words), 2, "must not be empty")
    assert not any(studio_desk.folder.iterdir())


def test_unknown_ids_and_places_are_named(studio_desk: Desk) -> None:
    for words in (
        ("status", "no@1"),
        ("resume", "no@1"),
        ("review", "list", "no@1"),
        ("assets", "verify", "no@1"),
    ):
        assert_one_sentence(studio_desk.mintage(*words), 1, "no order 'no@1'", "`mintage status`")
    assert_one_sentence(studio_desk.mintage("trace", "no@1#x"), 1, "no job 'no@1#x'")
    assert_one_sentence(studio_desk.mintage("nightly", "nowhere"), 2, "nowhere is not a folder")


@pytest.fixture
def minted(studio_desk: Desk) -> Desk:
    """A folder with one finished order of four cards."""
    order = studio_desk.write(cards_order("one", "two", "three", "four"))
    assert studio_desk.mintage("run", str(order)).code == 0
    return studio_desk


def test_a_reader_who_has_enough_ends_the_output_cleanly(minted: Desk) -> None:
    for words in ("ledger export", "assets list", "status", "status --json", "models", "--help"):
        line = f"{sys.executable} -m console {words} | head -n 0; echo ${{PIPESTATUS[0]}}"
        done = shell(minted, line)
        assert (done.stdout, done.stderr) == ("0\n", ""), words


def test_a_broken_pipe_does_not_hide_what_a_check_found(minted: Desk) -> None:
    (picture,) = (minted.folder / ".mintage" / "store" / "released").rglob("one.png")
    picture.unlink()
    line = f"{sys.executable} -m console assets verify --json | true; echo ${{PIPESTATUS[0]}}"
    assert shell(minted, line).stdout == "1\n"


def test_closed_and_full_outputs_do_no_harm(minted: Desk) -> None:
    for words in ("status", "status --json", "ledger export"):
        closed = shell(minted, f"{sys.executable} -m console {words} >&-; echo $?")
        assert closed.stdout == "0\n"
        told = r"4 charges written, \$0\.\d+ in all\. .*\n" if words == "ledger export" else ""
        assert re.fullmatch(told, closed.stderr), closed.stderr
        with Path("/dev/full").open("w") as full:
            assert_one_sentence(
                run_with(minted, *words.split(), stdout=full), 1, "No space left on device"
            )
    assert minted.mintage("ledger", "verify").code == 0


def shell(desk: Desk, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=desk.folder,
        env={**desk.environment, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_ctrl_c_settles_what_is_in_flight_and_says_how_to_go_on(
    desk: Desk, provider: LoopbackProcess
) -> None:
    desk.real_start = True
    order = str(desk.write(schnell_order(40, concurrency=4)))
    run = desk.start("run", order)
    wait_until(lambda: provider.counters().posts >= 6)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (3, "mintage: Stopped by Ctrl-C.\n")
    assert "Next: `mintage resume storm@" in out
    status = desk.mintage("status", "--json").json()["orders"][0]
    assert status["held_usd"] == "0.00"
    assert_every_job_ended(status)
    assert desk.mintage("run", order).code == 0
    assert_books_equal_bill(desk, provider)


def test_ctrl_c_twice_ends_at_once_and_the_next_run_recovers(
    desk: Desk, provider: LoopbackProcess
) -> None:
    order = str(desk.write(schnell_order(6)))
    provider.add_faults(Fault("slow_answer", seconds=30))
    run = desk.start("run", order)
    wait_until(lambda: provider.counters().created >= 6)
    begin = time.monotonic()
    run.send_signal(signal.SIGINT)
    time.sleep(0.3)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert time.monotonic() - begin < 10
    assert (run.returncode, "Traceback" in err) == (1, False)
    assert err.startswith("mintage: Interrupted; nothing is lost")
    provider.clear_faults()
    done = desk.mintage("run", order, "--json")
    assert (done.code, done.json()["released"]) == (0, 6)
    assert assert_books_equal_bill(desk, provider) == Decimal("0.018")
    assert provider.counters().created == 6


def test_resume_goes_on_with_every_order_that_it_can(desk: Desk, provider: LoopbackProcess) -> None:
    provider.add_faults(Fault("no_credit"))
    for name in ("first", "second"):
        order = schnell_order(2, order=name)
        assert desk.mintage("run", str(desk.write(order, f"{name}.yaml"))).code == 1
    provider.clear_faults()
    drawn = desk.write(cards_order(review="all"))
    assert desk.mintage("run", str(drawn)).code == 3
    token = desk.environment.pop("REPLICATE_API_TOKEN")
    failed = desk.mintage("resume")
    assert failed.code == 1
    assert [line.partition("@")[0] for line in failed.err.splitlines()] == [
        "mintage: first",
        "mintage: second",
    ]
    assert failed.err.count("REPLICATE_API_TOKEN is not set") == 2
    desk.environment["REPLICATE_API_TOKEN"] = token
    done = desk.mintage("resume", "--json")
    assert done.code == 0
    assert [one["released"] for one in done.json()["orders"]] == [2, 2]
    assert done.json()["failed"] == []
    assert provider.counters().created == 4
    assert desk.mintage("ledger", "verify").code == 0


def test_sigterm_leaves_no_half_report(minted: Desk) -> None:
    """A reader that a scheduler ends cleans up and says so, wherever the signal meets it."""
    minted.real_start = True
    out = minted.folder / "reports" / "costs.csv"
    export = minted.start("ledger", "export", "--out", str(out))
    time.sleep(0.3)
    export.send_signal(signal.SIGTERM)
    _, err = export.communicate(timeout=30)
    # It may be done before the signal comes, or so early that Python itself ends it.
    assert "Traceback" not in err
    left = [path.name for path in out.parent.glob("*")] if out.parent.is_dir() else []
    assert left in ([], ["costs.csv"])


def test_a_terminal_shows_spent_held_and_cap_while_an_order_runs(studio_desk: Desk) -> None:
    order = studio_desk.write(cards_order(*(f"word-{number}" for number in range(12))))
    screen, code = at_a_terminal(studio_desk, "run", str(order))
    assert code == 0
    assert re.search(r"\d+/12 jobs", screen)
    assert re.search(r"spent \$0\.\d{4}, held \$0\.\d{4} of \$0\.50", screen)
    last = screen.rpartition("\x1b[2K")[2]
    assert "12 of 12 released" in last
    assert "Traceback" not in screen


def at_a_terminal(desk: Desk, *arguments: str) -> tuple[str, int]:
    """Run a command at a terminal of 80 columns; give all that it showed, and its exit code."""
    mine, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "console", *arguments],
        cwd=desk.folder,
        env={**desk.environment, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm-256color"},
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([mine], [], [], 1)
        try:
            chunk = os.read(mine, 65_536) if ready else b""
        except OSError:
            # Linux says so when the other side has closed the terminal.
            break
        shown += chunk
        if not chunk and process.poll() is not None:
            break
    os.close(mine)
    return shown.decode(), process.wait(timeout=60)
