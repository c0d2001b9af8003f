"""A bucket, or a prefix of one, as a store. The only module that talks to boto3."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, BinaryIO, Final
from urllib.parse import quote, unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from assets.errors import (
    BadKey,
    BadStoreUrl,
    KeyTaken,
    Missing,
    StoreError,
    StoreUnavailable,
)
from assets.media_types import media_type_of
from assets.s3_errors import CONFLICT, NOT_FOUND, TAKEN, code_of, explain
from assets.store import (
    CACHE_NEVER,
    CACHE_REVALIDATE,
    CHUNK_BYTES,
    KEY_BYTES_MAX,
    Head,
    PutOutcome,
    check_digest,
    check_key,
    check_prefix,
)

POOL_CONNECTIONS: Final = 64
"""As many requests as may be under way at once; each thread needs one connection."""
CONNECT_TIMEOUT_S: Final = 5.0
READ_TIMEOUT_S: Final = 60.0
REQUEST_ATTEMPTS: Final = 4
"""Per request, made by botocore's standard mode on 5xx, throttling and lost connections."""
CONFLICT_ATTEMPTS: Final = 6
"""How often a put-once that lost a race still under way (409) is tried."""
UNSEEN_MAX: Final = 2
"""An object that is there for a put and gone for a head: once it was removed between, twice not."""
READ_ATTEMPTS: Final = 3
"""How often a whole object is read when the connection breaks in the middle."""

PROBE_KEY: Final = "staging/mintage-check"

_METADATA_SAFE: Final = "/@#:+=,;!()$&' "
"""ASCII that goes into a header as it is; everything else is percent-encoded."""


class S3Store:
    """Objects in a bucket, each written once by a conditional put (`If-None-Match: *`).

    SHA-256 goes along as `ChecksumSHA256`: the server verifies it, keeps it and gives it back.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - boto3 makes its client classes at run time
        bucket: str,
        prefix: str = "",
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Wrap a client. `open_s3_store` makes one as this class needs it.

        Args:
            client: a boto3 S3 client; shared between threads.
            bucket: the bucket's name.
            prefix: what all keys start with, without a slash at either end; may be empty.
            sleep: waits so many seconds between tries after a conflict.
        """
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._sleep = sleep

    @property
    def url(self) -> str:
        """The store's address: `s3://bucket/prefix`."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def check(self) -> None:
        """Write, read and try to overwrite one small object. See `Store.check`."""
        body = b"mintage checks that this store can be written and that it writes once\n"
        self.replace(PROBE_KEY, body, media_type="text/plain", cache_control=CACHE_NEVER)
        if self.get(PROBE_KEY) != body:
            raise StoreUnavailable(f"{self.url} gives back other bytes than were put; use another.")
        other = body.upper()
        sha256 = hashlib.sha256(other).hexdigest()
        try:
            self.put_once(PROBE_KEY, other, sha256=sha256, media_type="text/plain")
        except KeyTaken:
            return
        raise StoreUnavailable(
            f"{self.url} ignores If-None-Match, so what is released could be overwritten; use a "
            "store that supports conditional writes."
        )

    def put_once(
        self,
        key: str,
        data: bytes,
        *,
        sha256: str,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
        cache_control: str = CACHE_NEVER,
    ) -> PutOutcome:
        """Put an object on condition that there is none. See `Store.put_once`."""
        full = self._full(key)
        check_digest(self.locate(key), data, sha256)
        unseen = 0
        for attempt in range(CONFLICT_ATTEMPTS):
            try:
                with self._told(racing=True):
                    self._put(
                        full,
                        data,
                        sha256,
                        ContentType=media_type,
                        CacheControl=cache_control,
                        Metadata=_encoded(metadata or {}),
                        IfNoneMatch="*",
                    )
            except _LostRaceError as lost:
                if not lost.still_open:
                    if self._is_same(key, sha256):
                        return PutOutcome.SAME
                    unseen += 1
            else:
                return PutOutcome.CREATED
            if unseen == UNSEEN_MAX:
                # SeaweedFS keeps keys as files: a folder takes a name without being an object.
                raise BadKey(key, "the server has the name but no object: a folder, perhaps")
            self._sleep(0.05 * 2**attempt)
        raise StoreUnavailable(
            f"{self.locate(key)} is being written by somebody else all the time; run again later."
        )

    def replace(
        self,
        key: str,
        source: BinaryIO | bytes,
        *,
        media_type: str,
        cache_control: str = CACHE_REVALIDATE,
    ) -> None:
        """Put an object whatever is there. See `Store.replace`."""
        full = self._full(key)
        sha256 = _digest(source)
        with self._told():
            self._put(full, source, sha256, ContentType=media_type, CacheControl=cache_control)

    def get(self, key: str) -> bytes:
        """Read a whole object, again if the connection breaks. See `Store.get`."""
        for _ in range(READ_ATTEMPTS - 1):
            try:
                return b"".join(self.chunks(key))
            except _BrokenReadError:
                continue
        return b"".join(self.chunks(key))

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object piece by piece. See `Store.chunks`."""
        try:
            with self._told(reading=True):
                response = self._client.get_object(Bucket=self._bucket, Key=self._full(key))
        except _AbsentError:
            raise Missing(key, self.locate(key)) from None
        with closing(response["Body"]) as body:
            try:
                yield from body.iter_chunks(CHUNK_BYTES)
            except BotoCoreError as error:
                said = explain(error, endpoint=self._endpoint(), bucket=self._bucket)
                if isinstance(said, StoreUnavailable):
                    raise _BrokenReadError(
                        f"The connection broke while {self.locate(key)} was read; run again."
                    ) from error
                raise said from error

    def head(self, key: str) -> Head | None:
        """Ask for an object's headers and checksum. See `Store.head`."""
        try:
            with self._told(reading=True):
                response = self._client.head_object(
                    Bucket=self._bucket, Key=self._full(key), ChecksumMode="ENABLED"
                )
        except _AbsentError:
            return None
        return Head(
            key,
            response["ContentLength"],
            _hex(response.get("ChecksumSHA256")),
            response.get("ContentType"),
            {name: unquote(value) for name, value in response.get("Metadata", {}).items()},
        )

    def walk(self, prefix: str) -> Iterator[Head]:
        """List objects, a thousand a request. See `Store.walk`."""
        for page in self._pages(prefix):
            for item in page.get("Contents", ()):
                key = item["Key"].removeprefix(self._prefix)
                yield Head(key, item["Size"], media_type=media_type_of(key))

    def folders(self, prefix: str) -> Iterator[str]:
        """List common prefixes, a thousand a request. See `Store.folders`."""
        pages = self._pages(prefix, Delimiter="/")
        found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", ())]
        yield from (full.removeprefix(self._prefix) for full in sorted(found, key=str.encode))

    def strangers(self, prefix: str) -> Iterator[str]:
        """Name nothing: a bucket holds only objects. See `Store.strangers`."""
        check_prefix(prefix)
        return iter(())

    def locate(self, key: str) -> str:
        """Say the object's `s3://` URL. See `Store.locate`."""
        return f"s3://{self._bucket}/{self._full(key)}"

    def link(self, key: str, *, lasting_s: int, disposition: str, media_type: str) -> str:
        """Sign a URL that anybody can fetch the object with for a while; nothing is sent.

        Args:
            key: the object's.
            lasting_s: for how long, a week at most.
            disposition: the answer's Content-Disposition.
            media_type: the answer's Content-Type.

        Raises:
            StoreUnavailable: there are no keys to sign with.
        """
        with self._told():
            url: str = self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": self._full(key),
                    "ResponseContentDisposition": disposition,
                    "ResponseContentType": media_type,
                },
                ExpiresIn=lasting_s,
            )
        return url

    def _put(self, full: str, body: BinaryIO | bytes, sha256: str, **headers: object) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=full,
            Body=body,
            ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
            **headers,
        )

    def _is_same(self, key: str, sha256: str) -> bool:
        """Say whether the object that is there is ours; False when it is gone again."""
        head = self.head(key)
        if head is None:
            return False
        stored = head.sha256
        if stored is None:
            # Written by a program that sent no SHA-256: only the bytes can tell.
            stored = hashlib.sha256(self.get(key)).hexdigest()
        if stored != sha256:
            raise KeyTaken(self.locate(key), stored=stored, offered=sha256)
        return True

    def _pages(self, prefix: str, **options: str) -> Iterator[Any]:
        check_prefix(prefix)
        paginator = self._client.get_paginator("list_objects_v2")
        pages = iter(
            paginator.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix, **options)
        )
        while True:
            with self._told():
                page = next(pages, None)
            if page is None:
                return
            yield page

    def _full(self, key: str) -> str:
        full = self._prefix + check_key(key)
        if len(full.encode()) > KEY_BYTES_MAX:
            raise BadKey(key, f"with the store's prefix it has more than {KEY_BYTES_MAX} bytes")
        return full

    def _endpoint(self) -> str:
        parts = urlsplit(str(self._client.meta.endpoint_url))
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @contextmanager
    def _told(self, *, reading: bool = False, racing: bool = False) -> Iterator[None]:
        """Turn boto3's errors into the warehouse's own; absence and lost races where awaited."""
        try:
            yield
        except ClientError as error:
            code = code_of(error)
            if racing and (code in TAKEN or code in CONFLICT):
                raise _LostRaceError(still_open=code in CONFLICT) from error
            if reading and code in NOT_FOUND:
                raise _AbsentError from error
            raise explain(error, endpoint=self._endpoint(), bucket=self._bucket) from error
        except BotoCoreError as error:
            raise explain(error, endpoint=self._endpoint(), bucket=self._bucket) from error


def open_s3_store(bucket: str, prefix: str) -> S3Store:
    """Make a store with boto3's own settings: `AWS_*`, `AWS_ENDPOINT_URL_S3`, shared files, roles.

    Raises:
        BadStoreUrl: the prefix is unsafe.
        StoreUnavailable: boto3's settings contradict themselves or cannot be read.
    """
    try:
        check_key(prefix or "store")
    except BadKey as error:
        raise BadStoreUrl(f"The store URL has a bad prefix: {error}") from error
    config = Config(
        # boto3 still signs URLs with SigV2 unless it is told otherwise.
        signature_version="s3v4",
        max_pool_connections=POOL_CONNECTIONS,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": REQUEST_ATTEMPTS},
        # What boto3 says of itself by default takes it a fourteenth of a request's time to write.
        user_agent="mintage",
    )
    try:
        session = boto3.session.Session()
        client = session.client("s3", config=config)
        if not _is_amazon(str(client.meta.endpoint_url)):
            # Other servers seldom answer to bucket.host; what boto3 found as endpoint stays.
            path_style = Config(s3={"addressing_style": "path"})
            client = session.client("s3", config=config.merge(path_style))
    except BotoCoreError as error:
        raise explain(error, endpoint="of boto3", bucket=bucket) from error
    except ValueError as error:
        raise StoreUnavailable(
            "The S3 endpoint is no URL; correct AWS_ENDPOINT_URL_S3 (http://HOST:PORT)."
        ) from error
    return S3Store(client, bucket, prefix)


class _AbsentError(StoreError):
    """No object has this key; each caller says what that means to it."""


class _LostRaceError(StoreError):
    """A conditional put found an object (412), or one that was on its way (409)."""

    def __init__(self, *, still_open: bool) -> None:
        super().__init__("The key was taken by somebody else at the same time.")
        self.still_open = still_open


class _BrokenReadError(StoreUnavailable):
    """The connection was lost in the middle of an object."""


def _is_amazon(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _digest(source: BinaryIO | bytes) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    digest = hashlib.sha256()
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
    source.seek(0)
    return digest.hexdigest()


def _hex(checksum: str | None) -> str | None:
    # A multipart object's checksum is one of checksums, told by its hyphen: no digest of the bytes.
    if not checksum or "-" in checksum:
        return None
    return base64.b64decode(checksum).hex()


def _encoded(metadata: Mapping[str, str]) -> dict[str, str]:
    """Fit metadata into HTTP headers, which hold ASCII only."""
    return {name: quote(value, safe=_METADATA_SAFE) for name, value in metadata.items()}
