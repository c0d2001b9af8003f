"""What S3 servers do on bad days, played by botocore's stubber and by a small real HTTP server."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber

from assets import KeyTaken, PutOutcome, Store, StoreUnavailable, open_store
from assets.s3_store import CONFLICT_ATTEMPTS, READ_ATTEMPTS, REQUEST_ATTEMPTS, S3Store

DATA = b"bytes"
SHA256 = hashlib.sha256(DATA).hexdigest()
OTHER = hashlib.sha256(b"other").digest()


@pytest.fixture
def client() -> Iterator[BaseClient]:
    client = boto3.session.Session().client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="stub",
        aws_secret_access_key="stub",
        config=Config(signature_version="s3v4"),
    )
    yield client
    client.close()


def put(store: Store) -> PutOutcome:
    return store.put_once("x", DATA, sha256=SHA256, media_type="image/png")


def test_a_conflict_is_tried_again_until_it_is_decided(client: BaseClient) -> None:
    waits: list[float] = []
    with Stubber(client) as stub:
        stub.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
        stub.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
        stub.add_response("put_object", {})
        store = S3Store(client, "bucket", sleep=waits.append)
        assert put(store) is PutOutcome.CREATED
        stub.assert_no_pending_responses()
    assert len(waits) == 2
    assert waits == sorted(waits)


def test_a_conflict_that_never_ends_is_given_up(client: BaseClient) -> None:
    with Stubber(client) as stub:
        for _ in range(CONFLICT_ATTEMPTS):
            stub.add_client_error("put_object", "ConditionalRequestConflict", "", 409)
        store = S3Store(client, "bucket", sleep=lambda _: None)
        with pytest.raises(StoreUnavailable, match="somebody else"):
            put(store)
        stub.assert_no_pending_responses()


def test_an_object_that_is_removed_between_put_and_head_is_put_again(client: BaseClient) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("put_object", "PreconditionFailed", "", 412)
        stub.add_client_error("head_object", "404", "", 404)
        stub.add_response("put_object", {})
        assert put(S3Store(client, "bucket", sleep=lambda _: None)) is PutOutcome.CREATED
        stub.assert_no_pending_responses()


def test_a_lost_race_is_told_from_its_own_echo_by_the_checksum(client: BaseClient) -> None:
    own = base64.b64encode(bytes.fromhex(SHA256)).decode()
    foreign = base64.b64encode(OTHER).decode()
    for checksum, taken in ((own, False), (foreign, True)):
        with Stubber(client) as stub:
            stub.add_client_error("put_object", "PreconditionFailed", "", 412)
            stub.add_response("head_object", {"ContentLength": 5, "ChecksumSHA256": checksum})
            store = S3Store(client, "bucket", sleep=lambda _: None)
            if taken:
                with pytest.raises(KeyTaken, match=OTHER.hex()):
                    put(store)
            else:
                assert put(store) is PutOutcome.SAME


def test_a_store_that_ignores_the_condition_does_not_pass_the_check(client: BaseClient) -> None:
    body = b"mintage checks that this store can be written and that it writes once\n"
    with Stubber(client) as stub:
        stub.add_response("put_object", {})
        stub.add_response("get_object", {"Body": StreamingBody(BytesIO(body), len(body))})
        stub.add_response("put_object", {})
        with pytest.raises(StoreUnavailable, match="ignores If-None-Match"):
            S3Store(client, "bucket").check()


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("SlowDown", 503, "too busy"),
        ("InternalError", 500, "too busy"),
        ("AccessDenied", 403, "s3:PutObject"),
        ("ExpiredToken", 400, "expired"),
        ("PermanentRedirect", 301, "AWS_REGION"),
        ("RequestTimeTooSkewed", 403, "clock"),
        ("NotImplemented", 501, "If-None-Match"),
        ("BadDigest", 400, "network or proxy"),
        ("InsufficientStorage", 507, "no space"),
        ("SomethingNew", 418, "SomethingNew .HTTP 418. to PutObject"),
    ],
)
def test_each_answer_becomes_one_sentence_without_the_servers_own_words(
    client: BaseClient, code: str, status: int, said: str
) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("put_object", code, "AKIAHUNTER2 is wrong\nStack", status)
        with pytest.raises(StoreUnavailable, match=said) as caught:
            put(S3Store(client, "bucket", sleep=lambda _: None))
    assert "HUNTER2" not in str(caught.value)
    assert "\n" not in str(caught.value)


Answer = Callable[[BaseHTTPRequestHandler, int], None]


@contextmanager
def played(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Run a loopback server that answers the n-th request with `answer(handler, n)`."""
    seen: list[str] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                seen.append(self.command)
                number = len(seen)
            answer(self, number)

        do_PUT = do_GET = do_HEAD = handle_any  # noqa: N815 - http.server looks for these names

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        endpoint = f"http://user:hunter2@127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", headers.pop("length", str(len(body))))
    handler.send_header("Connection", "close")
    handler.close_connection = True
    handler.end_headers()
    handler.wfile.write(body)


def error_body(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>secret words</Message></Error>".encode()


def test_a_busy_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number < REQUEST_ATTEMPTS:
            reply(handler, 503, error_body("SlowDown"))
        else:
            reply(handler, 200)

    with played(answer, monkeypatch) as seen:
        assert put(open_store("s3://bucket")) is PutOutcome.CREATED
    assert seen == ["PUT"] * REQUEST_ATTEMPTS


def test_a_server_that_stays_busy_is_said_and_its_password_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        played(lambda handler, _: reply(handler, 503, error_body("SlowDown")), monkeypatch),
        pytest.raises(StoreUnavailable, match="too busy") as caught,
    ):
        put(open_store("s3://bucket"))
    assert "hunter2" not in str(caught.value)
    assert "http://127.0.0.1" in str(caught.value)


def test_an_object_whose_reading_breaks_off_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        reply(handler, 200, DATA if number == READ_ATTEMPTS else DATA[:2], length=str(len(DATA)))

    with played(answer, monkeypatch) as seen:
        assert open_store("s3://bucket").get("x") == DATA
    assert seen == ["GET"] * READ_ATTEMPTS


def test_an_object_that_always_breaks_off_is_never_taken_for_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        reply(handler, 200, DATA[:2], length=str(len(DATA)))

    with played(answer, monkeypatch):
        store = open_store("s3://bucket")
        with pytest.raises(StoreUnavailable, match="broke"):
            store.get("x")
        with pytest.raises(StoreUnavailable, match="broke"):
            list(store.chunks("x"))


def test_a_server_that_hangs_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.close_connection = True

    with played(answer, monkeypatch), pytest.raises(StoreUnavailable, match="cannot be reached"):
        open_store("s3://bucket").head("x")


def test_a_web_page_in_place_of_a_store_is_an_error_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with played(lambda handler, _: reply(handler, 404, b"<html>no</html>"), monkeypatch):
        store = open_store("s3://bucket")
        for use in (store.check, lambda: store.get("x"), lambda: list(store.walk(""))):
            with pytest.raises(StoreUnavailable, match="does not speak S3") as caught:
                use()
            assert "\n" not in str(caught.value)
