"""An HTTP proxy in front of a real server, which does wrong what it is told to.

The S3 client is pointed at the proxy. Requests are passed on as they came, the Host header too:
the server verifies the signature against the host that it reads there. Every message is read whole
before it is passed on, so that it can be cut at any byte.

    with FaultProxy(server.endpoint_url) as proxy:
        proxy.misbehave(Misdeed("busy", "PUT", once=True))
        ...
        proxy.behave()
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

Kind = Literal["busy", "slow", "cut_request", "cut_answer", "lose_answer"]

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/xml\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s"
)
_BUSY_XML = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
_NO_BODY = frozenset({b"204", b"304"})


@dataclass(frozen=True, slots=True)
class Misdeed:
    """What is done to requests of a method (any: to all).

    busy         answered with 503 and not passed on
    slow         passed on `seconds` later
    cut_request  half of its body is passed on, then both connections are cut
    cut_answer   passed on; half of the answer's body comes back, then the connection is cut
    lose_answer  passed on; the connection is cut instead of an answer
    """

    kind: Kind
    method: str = "any"
    once: bool = False
    """Only to the first request for each path; whoever tries again gets through."""
    times: int | None = None
    """At most so often altogether."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Message:
    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        return self.head + self.body


class FaultProxy:
    """Runs in a thread of its own for the length of a `with` block."""

    def __init__(self, target_url: str) -> None:
        target = urlsplit(target_url)
        self._target = (str(target.hostname), int(target.port or 80))
        self._misdeeds: tuple[Misdeed, ...] = ()
        self._struck: set[tuple[bytes, ...]] = set()
        self._port = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self.requests: Counter[str] = Counter()
        """Requests by method."""
        self.done: Counter[str] = Counter()
        """Misdeeds by kind."""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def misbehave(self, *misdeeds: Misdeed) -> None:
        """Do wrong from now on; the first misdeed that fits a request is done."""
        self._struck.clear()
        self._misdeeds = misdeeds

    def behave(self) -> None:
        """Pass everything on from now on."""
        self._misdeeds = ()

    def __enter__(self) -> Self:
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name="fault proxy", daemon=True
        )
        self._thread.start()
        started.result(20)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()

    async def _serve(self, started: Future[None]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        clients: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._client(reader, writer))
            clients.add(task)
            task.add_done_callback(clients.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        started.set_result(None)
        await self._stopping.wait()
        server.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client's connection with one connection to the server behind it."""
        server: asyncio.StreamWriter | None = None
        # Whoever cuts a connection is no fault of the proxy's.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                answers, server = await asyncio.open_connection(*self._target)
                while await self._exchange(reader, writer, answers, server):
                    pass
            finally:
                for side in (writer, server):
                    if side is not None:
                        side.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        server: asyncio.StreamWriter,
    ) -> bool:
        """Pass one request and its answer on; False when the connection is at its end."""
        head = await _head(reader)
        method = head.partition(b" ")[0].decode()
        misdeed = self._misdeed(head)
        kind = None if misdeed is None else misdeed.kind
        if kind == "busy":
            writer.write(_BUSY % (len(_BUSY_XML), _BUSY_XML))
            await writer.drain()
            return False
        if b"100-continue" in head.lower():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = _without_expect(head)
        request = _Message(head, await _body(reader, head))
        if misdeed is not None and kind == "slow":
            await asyncio.sleep(misdeed.seconds)
        if kind == "cut_request":
            server.write(head + request.body[: len(request.body) // 2])
            await server.drain()
            return False
        server.write(request.whole)
        await server.drain()
        answer = await _answer(answers, method)
        if kind == "lose_answer":
            return False
        if kind == "cut_answer":
            writer.write(answer.head + answer.body[: len(answer.body) // 2])
            await writer.drain()
            return False
        writer.write(answer.whole)
        await writer.drain()
        return b"connection: close" not in (head + answer.head).lower()

    def _misdeed(self, head: bytes) -> Misdeed | None:
        method, path = head.split(b" ", 2)[:2]
        self.requests[method.decode()] += 1
        for misdeed in self._misdeeds:
            if misdeed.method not in {"any", method.decode()}:
                continue
            if misdeed.once and (method, path) in self._struck:
                return None
            if misdeed.times is not None and self.done[misdeed.kind] >= misdeed.times:
                return None
            self._struck.add((method, path))
            self.done[misdeed.kind] += 1
            return misdeed
        return None


async def _head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def _without_expect(head: bytes) -> bytes:
    # It is no part of what is signed, and its sender has got its answer.
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if (_header(head, b"transfer-encoding") or b"").lower() == b"chunked":
        return await _chunks(reader)
    length = int(_header(head, b"content-length") or 0)
    return await reader.readexactly(length)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """Read a chunked body as it is, its sizes included."""
    raw = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        raw += line + await reader.readexactly(size + 2)
        if size == 0:
            return raw


async def _answer(reader: asyncio.StreamReader, method: str) -> _Message:
    while True:
        head = await _head(reader)
        status = head.split(b" ", 2)[1]
        if not status.startswith(b"1"):
            break
    bare = method == "HEAD" or status in _NO_BODY
    return _Message(head, b"" if bare else await _body(reader, head))
