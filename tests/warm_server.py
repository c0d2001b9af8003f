"""Keeps Mintage imported and forks a child for each command: the other side of `warm_start`.

This program has one thread. What it is asked comes through a Unix socket, with the descriptors of
the child's streams. The child puts the server's things away and leaves the loop of questions: it
goes on as `python -m console` does, down to the interpreter's own end, so that exit codes,
unhandled exceptions, atexit and broken pipes are the real ones.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

STREAMS = 3
LARGEST = 1 << 18
"""Bytes of a question; the kernel carries no larger one in one piece."""

HOUSE = ("console", "flows", "ledger", "generators", "validators", "assets")
LEFT_OUT = ("prefect", "migrations", "_process", "__main__")
"""Modules with these in their names are programs themselves, or import what few commands need."""
LIBRARIES = (
    "alembic.runtime.environment",
    "anyio._backends._asyncio",
    "boto3",
    "encodings.idna",
    "encodings.utf_16_le",
    "encodings.utf_8_sig",
    "h11",
    "h2.connection",
    "httpcore",
    "psycopg",
    "rich.progress",
    "sqlalchemy.dialects.postgresql.psycopg",
    "xlsxwriter",
)
"""What the house imports where it uses it: nothing that makes threads or keeps files or streams."""

NEEDED_TO_THE_END = {
    *("__main__", "builtins", "codecs", "encodings", "io", "linecache", "sys", "threading"),
    *("tokenize", "traceback", "warnings"),
}
"""What the interpreter itself uses when it says a last word about a stream or an object."""


def import_everything() -> list[str]:
    """Import what commands will need; give the names of the variables that were read meanwhile."""
    noted: set[str] = set()
    kind: Any = type(os.environ)
    real = kind.__getitem__

    def noting(environment: object, name: str) -> object:
        noted.add(name)
        return real(environment, name)

    kind.__getitem__ = noting
    try:
        for package in HOUSE:
            found = importlib.import_module(package)
            for module in pkgutil.walk_packages(found.__path__, f"{package}."):
                if not any(word in module.name for word in LEFT_OUT):
                    importlib.import_module(module.name)
        for library in LIBRARIES:
            importlib.import_module(library)
    finally:
        kind.__getitem__ = real
    return sorted(noted)


def spare_the_end() -> dict[str, ModuleType]:
    """Let no child take apart the modules in what is returned; to be filled when they are imported.

    Copying their pages for that would take longer than most commands. What a command made itself is
    finalised as always, after every other function of atexit, since this one is the first.
    """
    spared: dict[str, ModuleType] = {}
    # One reference too many: they outlive the interpreter.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(spared))

    def forget() -> None:
        for name in spared:
            sys.modules.pop(name, None)

    atexit.register(forget)
    return spared


def assert_no_files_but(control: socket.socket) -> None:
    """Check that no import keeps a file open, which every child would inherit."""
    own = {*range(STREAMS), control.fileno()}
    strange = {}
    for entry in Path("/proc/self/fd").iterdir():
        # What lists the folder has it open itself, and only for that long.
        if int(entry.name) not in own and entry.is_symlink():
            strange[entry.name] = str(entry.readlink())
    if strange:
        raise RuntimeError(f"The server has files open that each command would have: {strange}")


def assert_streams_are_not_kept() -> None:
    """Check that no import keeps a stream, as a default for instance: its last words would be lost."""
    for name in ("stdin", "stdout", "stderr"):
        keepers = gc.get_referrers(getattr(sys, name))
        # Each thread keeps the stream on which it would tell of its end.
        usual = (vars(sys), threading.main_thread())
        if strange := [one for one in keepers if not any(one is another for another in usual)]:
            raise RuntimeError(f"sys.{name} is kept by something that was imported: {strange}")


def assert_one_thread() -> None:
    """Check that no child will inherit what another thread was in the middle of."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"The server has {threads} threads, and a fork keeps only one.")


def wait_for_a_command(control: socket.socket) -> str:
    """Do what is asked; return in each child, with the name of the module to run.

    The answer to a start is the child's pid with a descriptor of it. A child is a zombie until it
    is asked to be reaped, so that its pid stays its own for as long as the test may send signals.
    """
    while True:
        question, handles, _, _ = socket.recv_fds(control, LARGEST, STREAMS)
        if not question:
            sys.exit(0)
        asked = json.loads(question)
        if "reap" in asked:
            _, status = os.waitpid(asked["reap"], 0)
            control.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
            continue
        assert_one_thread()
        heard, told = os.pipe()
        child = os.fork()
        if child == 0:
            become(asked, handles, told)
            control.detach()
            return str(asked["module"])
        for handle in (told, *handles):
            os.close(handle)
        answer_when_ready(control, child, heard)


def become(asked: dict[str, Any], handles: list[int], told: int) -> None:
    """Make a child of the server what a new process for the command would be."""
    try:
        if asked["new_session"]:
            os.setsid()
        os.chdir(asked["folder"])
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
    except OSError as error:
        os.write(told, str(error).encode())
        os._exit(1)
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not sys.flags.safe_path:
        sys.path.insert(0, asked["folder"])
    sys.argv[1:] = asked["arguments"]
    sys.orig_argv[:] = [sys.executable, "-m", asked["module"], *asked["arguments"]]
    # The last word: whoever waits for the child's start sees this pipe close.
    os.closerange(STREAMS, os.sysconf("SC_OPEN_MAX"))


def answer_when_ready(control: socket.socket, child: int, heard: int) -> None:
    """Tell of a child that has become the command's, or of why it could not."""
    with open(heard, "rb") as pipe:
        problem = pipe.read()
    if problem:
        os.waitpid(child, 0)
        control.send(json.dumps({"problem": problem.decode()}).encode())
        return
    process = os.pidfd_open(child)
    socket.send_fds(control, [json.dumps({"pid": child}).encode()], [process])
    os.close(process)


def serve(number: int) -> str:
    """Import everything, then answer until the test process closes its end or has gone.

    Returns in each child, as `wait_for_a_command` does.
    """
    # Ctrl-C is for the test process; this one ends with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not sys.flags.safe_path:
        del sys.path[0]
    control = socket.socket(fileno=number)
    spared = spare_the_end()
    noted = import_everything()
    spared |= {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] not in NEEDED_TO_THE_END
    }
    assert_no_files_but(control)
    assert_streams_are_not_kept()
    # Nothing imported is garbage: children neither look through it nor copy its pages for that.
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"noted": noted}).encode())
    return wait_for_a_command(control)


if __name__ == "__main__":
    runpy.run_module(serve(int(sys.argv[1])), run_name="__main__", alter_sys=True)
