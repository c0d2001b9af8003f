"""HTTP/1.1 on asyncio streams: just enough to answer, to cut a connection, and to be fast.

A hand-written server rather than an ASGI one, because half of what the loopback provider is for
(closing with no answer, stopping inside a body, resetting) is what an ASGI server prevents.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

_MAX_HEAD_BYTES = 64 * 1024
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read whole. Header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. With `send_only`, the connection is closed after that many bytes of the body."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    send_only: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """No answer at all: the connection is closed, or reset (TCP RST) with `reset`."""

    reset: bool = False


Handler = Callable[[Request], Awaitable[Reply | Cut]]


class _MalformedRequestError(Exception):
    """The bytes are not HTTP/1.1 as far as this server reads it."""


class Listener:
    """One listening socket on 127.0.0.1 and its connections.

    Every answer has a Date by `clock`, in seconds since 1970, cut to whole ones as HTTP wants it.
    """

    def __init__(self, handler: Handler, clock: Callable[[], float] = time.time) -> None:
        self._handler = handler
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.accepted = 0

    async def open(self, port: int) -> int:
        """Listen on `port` (0: any free one) and return the port."""
        self._server = await asyncio.start_server(
            self._connection, "127.0.0.1", port, limit=_MAX_HEAD_BYTES, backlog=1024
        )
        address = self._server.sockets[0].getsockname()
        return int(address[1])

    async def close(self) -> None:
        """Stop listening and drop every connection, answered or not."""
        if self._server is None:
            return
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        self.accepted += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # The client went away or sent half a request: nobody is left to be answered.
            pass
        except asyncio.CancelledError:
            # The server stops. Swallowed, because the streams machinery of 3.11 reports a
            # cancelled connection task as an error of its own.
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; tell whether the connection stays open."""
        try:
            request = await _read_request(reader)
        except _MalformedRequestError:
            writer.write(_head(Reply(400), 0, date_s=self._clock(), keep_alive=False))
            await writer.drain()
            return False
        if request is None:
            return False
        reply = await self._handler(request)
        if isinstance(reply, Cut):
            if reply.reset:
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()
            return False
        keep_alive = request.headers.get("connection", "").lower() != "close"
        keep_alive = keep_alive and reply.send_only is None
        head = _head(reply, len(reply.body), date_s=self._clock(), keep_alive=keep_alive)
        body = b"" if request.method == "HEAD" else reply.body[: reply.send_only]
        writer.write(head + body)
        await writer.drain()
        return keep_alive


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    lines = head[:-4].decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise _MalformedRequestError
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise _MalformedRequestError
        headers[name.lower()] = value.strip()
    target = urlsplit(parts[1])
    return Request(
        method=parts[0],
        path=unquote(target.path),
        query=dict(parse_qsl(target.query, keep_blank_values=True)) if target.query else {},
        headers=headers,
        body=await _read_body(reader, headers),
    )


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    length = headers.get("content-length", "0")
    if not length.isdigit():
        raise _MalformedRequestError
    return await reader.readexactly(int(length)) if length != "0" else b""


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks: list[bytes] = []
    while True:
        line = await reader.readuntil(b"\r\n")
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise _MalformedRequestError from None
        if size == 0:
            await reader.readuntil(b"\r\n")
            return b"".join(chunks)
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)


def _head(reply: Reply, length: int, *, date_s: float, keep_alive: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        f"date: {formatdate(date_s // 1, usegmt=True)}",
        f"content-type: {reply.content_type}",
        f"content-length: {length}",
        f"connection: {'keep-alive' if keep_alive else 'close'}",
        *(f"{name}: {value}" for name, value in reply.headers),
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1")
