"""Who judges knows the bytes and the rules, who builds knows the brief: looked at from outside."""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import heard_run
import psutil
import pytest
from loopback.faults import Fault
from loopback.process import LoopbackProcess
from mint_runs import Desk, schnell_order
from unit.validators import sample_pictures as samples

from validators import Criterion, InspectorPool, criteria, parse_done, registered
from validators.file_fence import fence_version

REQUEST_FIELDS = {
    *("criteria", "byte_count", "sha256", "claimed_media_type", "max_bytes", "max_pixels"),
    "report_all",
}
"""All that an inspector is told of a file besides its bytes."""

SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIA-not-for-inspectors",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-not-for-inspectors",
    "PREFECT_API_KEY": "prefect-key-not-for-inspectors",
    "A_NEW_SECRET": "nobody-has-thought-of-this-one",
}
FORBIDDEN_NAMES = ("REPLICATE", "AWS_", "MINTAGE_", "PREFECT_", "A_NEW_SECRET")

NOSY = '''
import errno, os, socket
from typing import ClassVar
from validators.criterion import Criterion, Finding

def tried(work):
    try:
        work()
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

class Nosy(Criterion):
    """Tries what a criterion has no business to."""
    name = "nosy"
    version = 1
    example: ClassVar = {}
    port: int = 0
    parent: int = 0
    secret: str = ""
    def inspect(self, picture):
        kinds = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
        return Finding(True, {
            "connect": tried(lambda: socket.create_connection(("127.0.0.1", self.port), 1)),
            **{kind.name: tried(lambda kind=kind: socket.socket(kind)) for kind in kinds},
            "program": tried(lambda: os.execv("/bin/true", ["true"])),
            "descriptors": tried(lambda: os.pidfd_open(self.parent)),
            "write": tried(lambda: os.open("/tmp", os.O_TMPFILE | os.O_WRONLY)),
            "open to write": tried(lambda: os.open(self.secret, os.O_RDWR)),
            "remove": tried(lambda: os.unlink(self.secret)),
            "read": tried(lambda: os.open(self.secret, os.O_RDONLY)),
            "memory": tried(lambda: os.open(f"/proc/{self.parent}/mem", os.O_RDONLY)),
            "take over": tried(lambda: os.open(f"/proc/{self.parent}/mem", os.O_RDWR)),
            "environment": tried(lambda: os.open(f"/proc/{self.parent}/environ", os.O_RDONLY)),
            "signal": tried(lambda: os.kill(self.parent, 0)),
        })
'''


@dataclass(frozen=True, slots=True)
class Look:
    """What an inspector's process was seen to have."""

    environment: bytes
    command: bytes
    files: tuple[str, ...]
    sockets: tuple[str, ...]
    """What each of its sockets is, as the kernel's own tables tell."""


def look_at(process_id: int) -> Look:
    folder = Path(f"/proc/{process_id}")
    files = []
    for entry in (folder / "fd").iterdir():
        with suppress(FileNotFoundError):
            files.append(str(entry.readlink()))
    inodes = [name[len("socket:[") : -1] for name in files if name.startswith("socket:")]
    return Look(
        (folder / "environ").read_bytes(),
        (folder / "cmdline").read_bytes(),
        tuple(files),
        tuple(kind_of_socket(folder / "net", inode) for inode in inodes),
    )


def kind_of_socket(net: Path, inode: str) -> str:
    for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        if inode in {row.split()[9] for row in (net / kind).read_text().splitlines()[1:]}:
            return kind
    rows = [row.split() for row in (net / "unix").read_text().splitlines()[1:]]
    # Seven columns; an eighth would be the name that others could call it by.
    return next(("pair" if len(row) == 7 else row[7] for row in rows if row[6] == inode), "gone")


def assert_knows_no_secret(seen: Look, secrets: list[str]) -> None:
    names = {entry.partition(b"=")[0].decode() for entry in seen.environment.split(b"\0")}
    assert not [name for name in names if name.startswith(FORBIDDEN_NAMES)]
    for secret in secrets:
        assert secret.encode() not in seen.environment + seen.command


def assert_has_no_way_out(seen: Look, private: Path) -> None:
    """One socket, which is the unnamed channel to its pool; no file of the run."""
    assert not [name for name in seen.files if name.startswith(str(private))]
    assert not [name for name in seen.files if name.endswith((".db", "-wal", "-shm"))]
    assert seen.sockets == ("pair",)


def requests_in(frames: list[bytes]) -> list[dict[str, Any]]:
    """Take frames of a length and as much JSON apart."""
    found = []
    for frame in frames:
        assert int.from_bytes(frame[:4], "big") == len(frame) - 4
        found.append(json.loads(frame[4:]))
    return found


@pytest.fixture
def nosy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Criterion]]:
    """A criterion that tries the doors, found by the processes as they find any other."""
    registered()
    (tmp_path / "nosy.py").write_text(NOSY)
    monkeypatch.setattr(criteria, "__path__", [*criteria.__path__, str(tmp_path)])
    made: Callable[..., Criterion] = importlib.import_module("validators.criteria.nosy").Nosy
    yield made
    del sys.modules["validators.criteria.nosy"], criteria.__dict__["nosy"]


def test_an_inspector_is_refused_connections_programs_files_and_other_processes(
    nosy: Callable[..., Criterion], tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("studio") / ".env"
    secret.write_text("REPLICATE_API_TOKEN=r8_not_for_inspectors")
    with socket.create_server(("127.0.0.1", 0)) as server, InspectorPool(1) as pool:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), 5):
            pass  # the test itself gets through
        rule = nosy(port=port, parent=os.getpid(), secret=str(secret))
        verdict = pool.inspect(samples.photo_file("png"), [rule])[1]
        (process_id,) = pool.process_ids()
        threads = [
            dict(line.split(":\t") for line in (one / "status").read_text().splitlines())
            for one in Path(f"/proc/{process_id}/task").iterdir()
        ]
    assert verdict.measured == {
        **dict.fromkeys(("connect", "AF_INET", "AF_INET6", "AF_UNIX", "program"), "EPERM"),
        **dict.fromkeys(("descriptors", "write", "open to write", "remove"), "EPERM"),
        **dict.fromkeys(("take over", "signal"), "EPERM"),
        **dict.fromkeys(("memory", "environment"), "EACCES"),
        "read": "EACCES" if fence_version() else "done",
    }
    assert secret.read_text() == "REPLICATE_API_TOKEN=r8_not_for_inspectors"
    assert {(one["Seccomp"], one["NoNewPrivs"]) for one in threads} == {("2", "1")}


def test_a_pools_process_gets_the_bytes_and_the_criteria_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "heard"
    monkeypatch.setenv("HEARD", str(heard))
    monkeypatch.setattr(socket, "socketpair", heard_run.heard_pair)
    secrets = {**SECRETS, "REPLICATE_API_TOKEN": "r8_x", "MINTAGE_DATABASE_URL": "postgresql://x"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    done = parse_done([{"format": {"is": "png"}}, {"dimensions": {"width": 96}}])
    assert isinstance(done, tuple), done
    data = samples.photo_file("png")
    with InspectorPool(1) as pool:
        pool.inspect(data, done, claimed_media_type="image/png", sha256="5e" * 32)
        (process_id,) = pool.process_ids()
        seen = look_at(process_id)
        (shelf,) = [
            path.read_bytes()
            for path in Path(f"/proc/{process_id}/fd").iterdir()
            if str(path.readlink()).startswith("/memfd:")
        ]
    assert shelf == data
    assert_knows_no_secret(seen, list(secrets.values()))
    assert_has_no_way_out(seen, tmp_path)
    assert set(seen.files) - {"/dev/null"} == {
        name for name in seen.files if name.startswith(("/memfd:picture", "socket:["))
    }
    frames = [bytes.fromhex(line) for line in heard.read_text().split()]
    (request,) = requests_in(frames)
    assert request == {
        "criteria": [[one.name, json.dumps(one.contents())] for one in sorted_by_cost(done)],
        "byte_count": len(data),
        "sha256": "5e" * 32,
        "claimed_media_type": "image/png",
        "max_bytes": request["max_bytes"],
        "max_pixels": request["max_pixels"],
        "report_all": True,
    }


def sorted_by_cost(done: tuple[Criterion, ...]) -> list[Criterion]:
    return sorted(done, key=lambda one: one.cost_ms)


SAID = {
    "order": "said-slug",
    "title": "Said title",
    "owner": "said-owner@acme.example",
    "cost_center": "said-cc",
    "campaign": "said-campaign",
    "brief": {"prompt": "Said prompt, number {variant}"},
}
"""What the order says to people and to the provider; no inspector hears of it."""

KEPT_COLOUR, KEPT_KILOBYTES = "#0c1d2e", 498_765
"""Parameters of criteria that are found nowhere else; the provider never hears of them."""


def told_apart() -> dict[str, Any]:
    """Make an order whose brief and whose definition of done can be told apart wherever they go."""
    order = schnell_order(5, **SAID, concurrency=1)
    order["output"]["name"] = "said-name-{variant}"
    order["done"] += [
        {"file_size": {"max_kb": KEPT_KILOBYTES}},
        {"forbidden_colours": {"colours": [KEPT_COLOUR], "max_share": 0.97}},
    ]
    order["done"].remove({"file_size": {"max_kb": 500}})
    return order


def inspectors_of(process_id: int) -> list[Look]:
    """Look at the processes of a run that judge, those that are just ending left out."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process_id).children(recursive=True):
            with suppress(psutil.Error, FileNotFoundError, ProcessLookupError):
                if "validators.inspector_process" in " ".join(child.cmdline()):
                    seen = look_at(child.pid)
                    # One that ends while it is looked at has let go of some of it, or of its channel.
                    lives = seen.sockets and "gone" not in seen.sockets and seen.environment
                    found += [seen] if lives else []
    return found


def test_in_a_real_run_the_inspector_never_hears_of_the_brief_nor_the_provider_of_the_criteria(
    tmp_path: Path,
) -> None:
    heard = tmp_path / "heard"
    with LoopbackProcess(latency_s=(0.2, 0.3), seed=7, picture_variants=4) as provider:
        provider.add_faults(Fault("blank", times=1))
        desk = Desk.at(
            tmp_path,
            provider,
            **SECRETS,
            HEARD=str(heard),
            MINTAGE_DATABASE_URL=f"sqlite:///{tmp_path}/books.db",
        )
        order = desk.write(told_apart())
        run = subprocess.Popen(
            [sys.executable, heard_run.__file__, "run", str(order), "--json", "--engine", "inline"],
            cwd=tmp_path,
            env={**desk.environment, "PYTHONPATH": str(Path(heard_run.__file__).parents[1])},
            stdout=subprocess.PIPE,
            text=True,
        )
        looks: list[Look] = []
        try:
            while run.poll() is None:
                # A frame was written: the process has started, and has let go of what that took.
                if heard.exists():
                    looks += inspectors_of(run.pid)
                time.sleep(0.05)
            out, _ = run.communicate(timeout=60)
        finally:
            run.kill()
            run.wait()
        report = json.loads(out)
        requests = provider.requests()
        inputs = [one.input for one in provider.predictions()]
    assert (report["released"], report["attempts"]) == (5, 6)
    assert looks, "no inspector was seen at work"
    for seen in looks:
        assert_knows_no_secret(seen, [*SECRETS.values(), provider.token, "books.db"])
        assert_has_no_way_out(seen, tmp_path)
    frames = [bytes.fromhex(line) for line in heard.read_text().split()]
    asked = requests_in(frames)
    # Bytes that were judged before, by the same rules, need not be judged again.
    assert 1 < len(asked) <= 6
    assert all(set(one) == REQUEST_FIELDS for one in asked)
    written = json.dumps(asked).lower()
    assert KEPT_COLOUR in written
    assert str(KEPT_KILOBYTES) in written
    for word in ("said", "flux", "schnell", "black-forest", "replicate", "prompt", "seed", "usd"):
        assert word not in written
    arrived = json.dumps(
        [[one.path, dict(one.query), dict(one.headers), one.body] for one in requests]
    )
    assert "Said prompt, number" in arrived
    rules = ("dimensions", "file_size", "not_blank", "forbidden_colours", "max_kb", "done")
    for word in (KEPT_COLOUR[1:], str(KEPT_KILOBYTES), *rules):
        assert word not in arrived.lower(), word
    assert {name for one in inputs for name in one} <= {
        *("prompt", "seed", "aspect_ratio", "num_outputs", "output_format", "output_quality"),
        *("megapixels", "go_fast", "num_inference_steps", "disable_safety_checker"),
    }
