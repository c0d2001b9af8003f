"""Warnings of the house reach the terminal once, and streams that are closed do no harm."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from console.notices import Notices
from console.streams import write_out


def test_the_same_warning_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    log, notices = logging.getLogger("mintage.example"), Notices()
    log.addHandler(notices)
    try:
        for _ in range(3):
            log.warning("The provider cannot be asked now: %s.", "no answer")
        log.info("Not for this screen.")
        log.warning("Another one.")
    finally:
        log.removeHandler(notices)
    assert capsys.readouterr().err == (
        "mintage: The provider cannot be asked now: no answer.\nmintage: Another one.\n"
    )


def test_what_libraries_log_is_not_for_this_screen() -> None:
    code = (
        "import logging; from console.notices import hear_notices; hear_notices(); "
        "logging.getLogger('psycopg').warning('a line was cut'); "
        "logging.getLogger('ledger').warning('Ours.')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "mintage: Ours.\n"


def test_text_is_written_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    write_out("one\n")
    assert capsys.readouterr().out == "one\n"


def test_closed_streams_are_filled_so_that_no_file_takes_their_numbers() -> None:
    code = (
        "import os, console.streams as s; s.fill_closed_streams(); "
        "f = open(os.devnull); assert f.fileno() > 2, f.fileno(); print('x'); "
        "import sys; sys.stderr.write('y')"
    )
    line = f"'{sys.executable}' -c \"{code}\" <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", line], check=False).returncode == 0


def test_the_console_imports_neither_prefect_nor_a_database() -> None:
    code = (
        "import sys, console.app; "
        "print([n for n in ('prefect', 'sqlalchemy', 'PIL', 'boto3', 'replicate', 'flows') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
