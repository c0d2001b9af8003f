"""An HTTP server of a few lines whose every answer is written in the test, faults included.

It runs in the test's own event loop on a free loopback port, and keeps every request it saw. For a
provider that behaves like the real one over many runs, see tests/loopback.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. `cut` sends the head and half the body, `drop` nothing at all."""

    status: int = 200
    body: object = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0
    cut: bool = False
    drop: bool = False

    def encoded(self) -> bytes:
        """The answer on the wire."""
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        kind = "application/octet-stream" if isinstance(self.body, bytes) else "application/json"
        headers = {"Content-Type": kind, "Content-Length": str(len(raw)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        sent = raw[: len(raw) // 2] if self.cut else raw
        return f"HTTP/1.1 {self.status} Scripted\r\n{head}\r\n".encode() + sent


class ScriptedApi:
    """Answers with what `answer` returns, and remembers what was asked."""

    def __init__(self, answer: Callable[[Seen], Reply]) -> None:
        self.answer = answer
        self.seen: list[Seen] = []
        self.url = ""
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def posts(self) -> list[Seen]:
        """The requests that could have cost money."""
        return [seen for seen in self.seen if seen.method == "POST"]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[ScriptedApi]:
        """Listen until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()
            # Before Python 3.12, wait_closed leaves kept-alive connections open.
            for writer in self._open.values():
                writer.close()
            await asyncio.gather(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        task.add_done_callback(self._open.pop)
        try:
            while (seen := await _read(reader)) is not None:
                self.seen.append(seen)
                reply = self.answer(seen)
                await asyncio.sleep(reply.delay_s)
                if reply.drop:
                    break
                writer.write(reply.encoded())
                await writer.drain()
                if reply.cut:
                    break
        except ConnectionError:
            return
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, value in (x.split(":", 1) for x in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, path, headers, body)
