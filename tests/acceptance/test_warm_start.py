"""Commands that start warm see, say and end as those that start as people start them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import warm_start
from manners_parts import cards_order, wait_until
from mint_runs import Desk
from warm_start import WarmProcess, WarmServer, WarmStartError

pytestmark = [
    pytest.mark.skipif(not warm_start.AVAILABLE, reason="this system cannot start commands warm"),
    # One server answers them all.
    pytest.mark.xdist_group("warm start"),
]

LOOKS = """
import atexit, ctypes, gc, json, locale, logging, os, random, signal, sys, threading, time, warnings
c = ctypes.CDLL(None)
c.getenv.restype = ctypes.c_char_p
print(json.dumps({
    "environment": dict(os.environ),
    "as C sees it": [str(c.getenv(name)) for name in (b"TZ", b"MINTAGE_LOG", b"HOME")],
    "command": [sys.argv, sys.orig_argv, sys.executable],
    "module": [__name__, __spec__.name, __file__, sys.modules["__main__"].__dict__ is globals()],
    "path": sys.path,
    "flags": list(sys.flags),
    "place": [os.getcwd(), os.umask(0o22), os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid()],
    "signals": {str(int(n)): str(signal.getsignal(n)) for n in signal.valid_signals()},
    "blocked": [int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
    "files": [n for n in range(64) if os.path.exists(f"/proc/self/fd/{n}")],
    "inheritable": [os.get_inheritable(n) for n in range(3)],
    "streams": [
        [s.name, s.mode, s.encoding, s.errors, s.newlines, s.line_buffering, s.write_through,
         getattr(s.buffer, "raw", s.buffer).closefd, s.isatty(), type(s.buffer).__name__]
        for s in (sys.stdin, sys.stdout, sys.stderr)
    ],
    "locale": [locale.setlocale(n) for n in (locale.LC_CTYPE, locale.LC_NUMERIC, locale.LC_TIME)],
    "time zone": time.tzname,
    "threads": [one.name for one in threading.enumerate()],
    "traced": [sys.gettrace() is None, sys.getprofile() is None, gc.isenabled(), gc.get_threshold()],
    "hooks": [sys.excepthook is sys.__excepthook__, sys.unraisablehook is sys.__unraisablehook__],
    "log": [logging.getLogger().level, len(logging.getLogger().handlers)],
    "given": sys.stdin.read(),
}))
"""

ENDS = {
    "nothing": "",
    "a code": "import sys; print('out'); sys.exit(7)",
    "a sentence": "import sys; sys.exit('Not today.')",
    "an exception": "print('out'); raise ValueError('a mistake')",
    "ctrl-c": "raise KeyboardInterrupt",
    "a signal": "import os, signal; print('lost'); os.kill(os.getpid(), signal.SIGTERM)",
    "at once": "import os; os._exit(9)",
    "atexit": "import atexit; atexit.register(print, 'last'); atexit.register(print, 'first')",
    "a thread": "import threading; threading.Timer(0.05, print, ['from a thread']).start()",
    "nobody reads": "import os; os.close(1); print('lost')",
    "finaliser": "class Noisy:\n def __del__(self): print('gone')\nkept = Noisy(); again = [kept]",
    "warning": "import warnings; warnings.warn('old', DeprecationWarning); warnings.warn('odd')",
}


def environment(**more: str) -> dict[str, str]:
    """Make one whose variables are all its own."""
    return {**warm_start.base_environment(), "MINTAGE_LOG": "seen", "TZ": "Asia/Tokyo", **more}


def really(folder: Path, module: str, *arguments: str, **more: Any) -> tuple[int, str, str]:  # noqa: ANN401
    """Run a module of a folder as people do."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **more,
    )
    return done.returncode, done.stdout, done.stderr


def warmly(folder: Path, module: str, *arguments: str, **more: Any) -> tuple[int, str, str]:  # noqa: ANN401
    """Run the same in a child of the server."""
    process = WarmProcess(
        arguments, module=module, folder=folder, environment=environment(), **more
    )
    out, err = process.communicate(timeout=60)
    return process.wait(), out, err


@pytest.mark.parametrize("session", [False, True])
def test_a_program_sees_the_same_of_the_world(tmp_path: Path, session: bool) -> None:
    (tmp_path / "looks.py").write_text(LOOKS, encoding="utf-8")
    seen = [
        start(tmp_path, "looks", "a word", "ünï", start_new_session=session)
        for start in (really, warmly)
    ]
    assert [(code, err) for code, _, err in seen] == [(0, "")] * 2
    real, warm = (json.loads(out) for _, out, _ in seen)
    assert warm == real
    assert real["environment"]["MINTAGE_LOG"] == "seen"


@pytest.mark.parametrize("how", ENDS)
def test_a_program_ends_the_same(tmp_path: Path, how: str) -> None:
    (tmp_path / "ends.py").write_text(ENDS[how], encoding="utf-8")
    real, warm = really(tmp_path, "ends"), warmly(tmp_path, "ends")
    assert warm[:2] == real[:2]
    assert told(warm[2]) == told(real[2])


def told(err: str) -> list[str]:
    """Leave the frames of a traceback out that lead to the program."""
    return re.sub(r'  File "[^"]*(runpy>|warm_server\.py)".*\n(    .*\n)*', "", err).splitlines()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with an order that was run by a real start."""
    desk = Desk.at(tmp_path_factory.mktemp("finished"))
    desk.real_start = True
    assert desk.mintage("run", str(desk.write(cards_order()))).code == 0
    yield desk
    desk.close()


@pytest.mark.parametrize(
    "line",
    ["--version", "status", "ledger export --format csv", "ledger verify --json", "frobnicate"],
)
def test_a_command_says_the_same(finished: Desk, line: str) -> None:
    ended = []
    for real in (True, False):
        finished.real_start = real
        process = finished.start(*line.split())
        assert isinstance(process, WarmProcess) is not real
        out, err = process.communicate(timeout=60)
        ended.append((process.wait(), out, err))
    assert ended[0] == ended[1]
    assert any(ended[0][1:])


def test_nothing_is_left_for_the_next_command(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text(
        "import os, random, sys, warnings, console.app, signal\n"
        "print(random.random(), hasattr(console.app, 'left'), 'LEFT' in os.environ, 'leaves' in "
        "sys.modules, len(warnings.filters), os.getcwd(), signal.getsignal(signal.SIGTERM))\n"
        "console.app.left = sys.modules['leaves'] = os.environ['LEFT'] = 'x'\n"
        "warnings.simplefilter('error'); os.chdir('/'); random.seed(1); open('/dev/null')\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n",
        encoding="utf-8",
    )
    first, second = (warmly(tmp_path, "leaves") for _ in range(2))
    assert first[0] == second[0] == 0
    assert first[1].split()[0] != second[1].split()[0]
    assert first[1].split()[1:] == second[1].split()[1:]


def test_a_process_can_be_stopped_killed_and_waited_for(tmp_path: Path) -> None:
    (tmp_path / "stays.py").write_text("import time; print('up', flush=True); time.sleep(60)")
    process = WarmProcess((), module="stays", folder=tmp_path, environment=environment())
    assert process.stdout.readline() == "up\n"
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.01)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=0.01)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: state_of(process.pid) == "T")
    os.kill(process.pid, signal.SIGKILL)
    # Its pid is nobody else's until it has been waited for.
    wait_until(lambda: state_of(process.pid) == "Z")
    assert process.poll() == -signal.SIGKILL
    assert not Path(f"/proc/{process.pid}").exists()
    assert process.communicate() == ("", "")
    process.kill()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_what_matters_before_the_first_line_asks_for_a_real_start(finished: Desk) -> None:
    server = warm_start.server()
    assert server.would_differ(finished.environment) == set()
    own = {
        **finished.environment,
        "PYTHONIOENCODING": "ascii",
        "LC_ALL": "C",
        "PILLOW_ALIGNMENT": "8",
    }
    assert server.would_differ(own) == {"PYTHONIOENCODING", "LC_ALL", "PILLOW_ALIGNMENT"}


def test_a_start_that_fails_and_a_server_that_dies_are_told(tmp_path: Path) -> None:
    with pytest.raises(WarmStartError, match="No such file"):
        warmly(tmp_path / "nowhere", "console")
    server = WarmServer(environment())
    asked = {
        "module": "console",
        "arguments": [],
        "folder": "/",
        "environment": {},
        "new_session": False,
    }
    server.kill()
    with pytest.raises(WarmStartError, match="ended with code -9"):
        server.start(asked, (0, 1, 2))
