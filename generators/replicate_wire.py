"""The wire to Replicate: HTTP through the connection of the `replicate` client.

What the client (1.0.7) would do by itself costs money or hangs, so none of it is used: its models
reject `aborted`, its `wait` is dropped on some paths, a call without `wait` has no timeout at all,
its transport honours any `Retry-After`, and its file objects send the token to any host.
Faults are returned as values that say what is known: not sent, answer lost, or an answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
from replicate.client import Client

from generators.errors import TokenMissing
from generators.replicate_prediction import read_json

DEFAULT_BASE_URL = "https://api.replicate.com"
OUTPUT_HOST = "replicate.delivery"
"""Replicate serves outputs from here and from hosts below it."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
"""httpx raises these before the first byte of a request is written."""

_WORDS: dict[type[httpx.HTTPError], str] = {
    httpx.ConnectTimeout: "did not take the connection in time",
    httpx.ConnectError: "takes no connection",
    httpx.PoolTimeout: "has no free connection",
    httpx.UnsupportedProtocol: "is no http address",
    httpx.ReadTimeout: "did not answer in time",
    httpx.WriteTimeout: "did not take the request in time",
    httpx.RemoteProtocolError: "broke the connection off",
    httpx.ReadError: "broke the connection off",
    httpx.WriteError: "broke the connection off",
}

_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[\x21-\x7e]+")
_SPARE_CONNECTIONS = 8
_CONNECT_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 30.0
_POOL_TIMEOUT_S = 60.0
_FETCH_TOTAL_S = 120
"""For one output in all: what drips in more slowly would hold up the run, and a stop of it."""
_RETRY_AFTER_MAX_S = 60.0
_REDIRECTS_MAX = 3
_TEXT_MAX = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `body` is None when it is no JSON."""

    status: int
    body: object
    retry_after_s: float | None
    detail: str
    """What the provider says is wrong, cut to one short line without the token."""
    date: datetime | None = None
    """What time it was where the answer was made, to the second below; None when it does not say."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not a byte of the request left this machine."""

    reason: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """The request was ready to go and may not be sent any more; not a byte of it was."""


class _MayNotSendError(Exception):
    """Stops a request between its connection and its first byte."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request was sent, at least in part, and no answer came back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file, whole. The media type is what the server claims."""

    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The file is not there any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The file is not to be fetched at all: a foreign host, or too large."""

    reason: str


class ReplicateWire:
    """Connections to one Replicate account.

    Args:
        token: the account's API token; it is sent to `base_url` and nowhere else.
        base_url: where the API is, without `/v1`.
        concurrency: how many runs are under way at once; sizes the connection pools.

    Raises:
        TokenMissing: there is no token, or it could not stand in a header.
    """

    def __init__(self, token: str | None, *, base_url: str | None, concurrency: int) -> None:
        if not token or not token.strip():
            raise TokenMissing("REPLICATE_API_TOKEN")
        self._token = token.strip()
        if not _TOKEN.fullmatch(self._token):
            raise TokenMissing("REPLICATE_API_TOKEN", "holds a character that no token has")
        self.base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        # Tells one account from another, and nothing of its token.
        mark = hashlib.sha256(f"{self.base_url}\n{self._token}".encode())
        self.token_mark = mark.hexdigest()[:8]
        limits = httpx.Limits(
            max_connections=concurrency + _SPARE_CONNECTIONS,
            max_keepalive_connections=concurrency + _SPARE_CONNECTIONS,
        )
        trust = httpx.create_ssl_context()
        api_transport = httpx.AsyncHTTPTransport(verify=trust, limits=limits)
        client = Client(
            api_token=self._token,
            base_url=self.base_url,
            timeout=_timeout(_READ_TIMEOUT_S),
            headers={},
            transport=api_transport,
            # A mount goes before the transport, so the client's own retries never run.
            mounts={"all://": api_transport},
        )
        # The only public calls are those with the traps above; this is the connection below them.
        self._api: httpx.AsyncClient = client._async_client  # noqa: SLF001 - see the comment above
        self._files = httpx.AsyncClient(
            timeout=_timeout(_READ_TIMEOUT_S),
            transport=httpx.AsyncHTTPTransport(verify=trust, limits=limits),
        )

    async def post(
        self,
        path: str,
        body: Mapping[str, object],
        headers: Mapping[str, str],
        read_timeout_s: float,
        may_send: Callable[[], Awaitable[bool]],
    ) -> Answer | NotSent | NoAnswer | Withheld:
        """Send one POST, once, if it may be sent when the connection is there and nothing is sent yet."""

        async def gate(event: str, _info: Mapping[str, object]) -> None:
            if event.endswith("send_request_headers.started") and not await may_send():
                raise _MayNotSendError

        request = self._api.build_request(
            "POST",
            self.base_url + path,
            json=dict(body),
            headers=dict(headers),
            timeout=_timeout(read_timeout_s),
            extensions={"trace": gate},
        )
        try:
            return await self._answer(request)
        except _MayNotSendError:
            return Withheld()

    async def get(self, url: str) -> Answer | NotSent | NoAnswer:
        """Send one GET to a path of the API or to an absolute URL on the API's own origin."""
        full = self.base_url + url if url.startswith("/") else url
        if not self.is_api(full):
            return NotSent(f"{_host(full)} is not where the API is")
        try:
            request = self._api.build_request("GET", full)
        except httpx.InvalidURL:
            return NotSent("it is no URL")
        return await self._answer(request)

    async def fetch(self, url: str, *, bytes_max: int) -> Fetched | Gone | Forbidden | NoAnswer:
        """Fetch a file once, following redirects only where outputs may be."""
        for _ in range(_REDIRECTS_MAX + 1):
            if not self._may_fetch(url):
                return Forbidden(f"the output is on {_host(url)}, which is not Replicate's")
            client = self._api if self.is_api(url) else self._files
            try:
                async with asyncio.timeout(_FETCH_TOTAL_S):
                    step = await self._fetch_step(client, url, bytes_max)
            except TimeoutError:
                return NoAnswer(f"{_host(url)} did not give the output in {_FETCH_TOTAL_S} s")
            except httpx.InvalidURL:
                return Forbidden("the output's URL is none")
            except httpx.HTTPError as error:
                return NoAnswer(f"{_host(url)}: {type(error).__name__}")
            if not isinstance(step, str):
                return step
            url = step
        return Forbidden("the output's URL redirects too often")

    def is_api(self, url: str) -> bool:
        """Whether a URL is on the API's own origin: same scheme, host and port."""
        origin = _origin(url)
        return origin is not None and origin == _origin(self.base_url)

    def clean(self, text: str) -> str:
        """Cut a provider's text to one short line, and take the token out should it be in it."""
        # Control and direction characters would act on the terminal that shows the line.
        plain = "".join(
            " " if unicodedata.category(char).startswith("C") else char
            for char in text.replace(self._token, "***")
        )
        line = " ".join(plain.split())
        return line if len(line) <= _TEXT_MAX else line[: _TEXT_MAX - 1] + "…"

    async def aclose(self) -> None:
        """Close every connection."""
        await self._api.aclose()
        await self._files.aclose()

    async def _answer(self, request: httpx.Request) -> Answer | NotSent | NoAnswer:
        # An exception's text can hold a header, so only its type is told.
        try:
            response = await self._api.send(request, follow_redirects=False)
        except _NEVER_SENT as error:
            return NotSent(f"{_host(str(request.url))} {_said(error)}")
        except httpx.HTTPError as error:
            return NoAnswer(f"{_host(str(request.url))} {_said(error)}")
        try:
            body = read_json(response.content)
        except ValueError:
            body = None
        return Answer(
            status=response.status_code,
            body=body,
            retry_after_s=_retry_after_s(body, response.headers.get("Retry-After", "")),
            detail=self.clean(_detail(body)),
            date=_date(response.headers.get("Date", "")),
        )

    async def _fetch_step(
        self, client: httpx.AsyncClient, url: str, bytes_max: int
    ) -> Fetched | Gone | Forbidden | NoAnswer | str:
        """Fetch, or return the URL that it redirects to."""
        headers = {"Accept-Encoding": "identity"}
        async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
            if response.is_redirect and "Location" in response.headers:
                return str(httpx.URL(url).join(response.headers["Location"]))
            if response.status_code in {404, 410}:
                return Gone(f"the output is gone (HTTP {response.status_code})")
            if response.status_code != httpx.codes.OK:
                return NoAnswer(f"{_host(url)}: HTTP {response.status_code}")
            data = bytearray()
            async for piece in response.aiter_bytes():
                data += piece
                if len(data) > bytes_max:
                    return Forbidden(f"the output is larger than {bytes_max} bytes")
        if not data:
            return NoAnswer(f"{_host(url)}: an empty file")
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Fetched(bytes(data), media_type or "application/octet-stream")

    def _may_fetch(self, url: str) -> bool:
        origin, home = _origin(url), _origin(self.base_url)
        if origin is None or home is None:
            return False
        scheme, host, _ = origin
        if host == home[1]:
            return scheme in {"https", home[0]}
        trusted = host == OUTPUT_HOST or host.endswith(f".{OUTPUT_HOST}")
        return trusted and scheme == "https"


def _timeout(read_s: float) -> httpx.Timeout:
    return httpx.Timeout(
        read_s, connect=_CONNECT_TIMEOUT_S, write=_READ_TIMEOUT_S, pool=_POOL_TIMEOUT_S
    )


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    odd = parts.scheme not in _PORTS or parts.username is not None
    if odd or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def _said(error: httpx.HTTPError) -> str:
    """Say in words what went wrong; the error's own text may hold more than is anybody's business."""
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    return f"failed ({type(error).__name__})"


def _host(url: str) -> str:
    origin = _origin(url)
    return "an unknown host" if origin is None else origin[1]


def _date(header: str) -> datetime | None:
    """Read an HTTP date (RFC 9110, 5.6.7); what is none, or lies outside the calendar, is None."""
    try:
        moment = parsedate_to_datetime(header)
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _retry_after_s(body: object, header: str) -> float | None:
    """Read how long to wait: the body's `retry_after` first, as Replicate documents it; capped."""
    told = body.get("retry_after") if isinstance(body, dict) else None
    text = str(told) if told is not None else header.strip()
    try:
        seconds = float(text)
    except ValueError:
        return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _RETRY_AFTER_MAX_S)


def _detail(body: object) -> str:
    if not isinstance(body, dict):
        return ""
    said = [body.get("title"), body.get("detail"), *_fields(body.get("invalid_fields"))]
    return ": ".join(part for part in said if isinstance(part, str) and part)


def _fields(value: object) -> list[str]:
    found: list[str] = []
    for item in value if isinstance(value, list) else []:
        if isinstance(item, dict):
            name = item.get("field")
            found.append(f"{name} {item.get('description', '')}".strip() if name else "")
    return found
