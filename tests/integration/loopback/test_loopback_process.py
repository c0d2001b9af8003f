"""The provider as a process: what it offers across processes, and that it outlives its clients."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from loopback.errors import LoopbackError, LoopbackStartError
from loopback.faults import Fault
from loopback.process import LoopbackProcess
from loopback.server import LoopbackProvider

TESTS = Path(__file__).resolve().parents[2]
PATH = "/v1/models/black-forest-labs/flux-schnell/predictions"
BODY = b'{"input": {"prompt": "a mug", "seed": 5}}'


def post(provider: LoopbackProcess, **headers: str) -> httpx.Response:
    headers |= {"Authorization": f"Bearer {provider.token}"}
    return httpx.post(provider.base_url + PATH, content=BODY, headers=headers)


def test_it_answers_bills_and_obeys_across_processes() -> None:
    with LoopbackProcess(latency_s=(0.01, 0.01), faults=(Fault("throttle", times=1),)) as provider:
        assert provider.pid != os.getpid()
        assert [post(provider).status_code for _ in range(2)] == [429, 201]
        provider.add_faults(Fault("failed"))
        assert post(provider, Prefer="wait").json()["status"] == "failed"
        provider.configure(latency_s=(1000.0, 1000.0))
        provider.clear_faults()
        post(provider)
        provider.create_elsewhere("stability-ai/sdxl", {})
        provider.advance(1000)
        provider.wait_until_settled()
        assert [line.status for line in provider.bill()] == ["succeeded", "failed"] + [
            "succeeded"
        ] * 2
        assert provider.total_nano() == 3_000_000 + 3_000_000 + 975_000_000
        counters = provider.counters()
        assert counters.statuses == {429: 1, 201: 3}
        assert counters.faults == {"throttle": 1, "failed": 1}
        assert [request.path for request in provider.requests()] == [PATH] * 4
        assert provider.predictions()[0].input == {"prompt": "a mug", "seed": 5}
        assert provider.fetches() == []


def test_both_forms_answer_the_same_questions_alike() -> None:
    answers = []
    for form in (LoopbackProvider, LoopbackProcess):
        with form(seed=5, predict_time_s=(3.0, 5.0)) as provider:
            provider.create_elsewhere("stability-ai/sdxl", {"seed": 1})
            (line,) = provider.bill()
            answers.append((line.items, line.amount_nano, provider.counters()))
            assert set(provider.environment()) == {"REPLICATE_API_TOKEN", "REPLICATE_BASE_URL"}
    assert answers[0] == answers[1]


def test_it_outlives_a_client_that_is_killed_while_it_waits() -> None:
    script = (
        "import http.client, sys\n"
        "connection = http.client.HTTPConnection(sys.argv[1])\n"
        "headers = {'Authorization': 'Bearer ' + sys.argv[2], 'Prefer': 'wait'}\n"
        "connection.request('POST', sys.argv[3], sys.argv[4], headers)\n"
        "connection.getresponse()\n"
    )
    with LoopbackProcess(latency_s=(0.5, 0.5)) as provider:
        address = urlsplit(provider.base_url).netloc
        arguments = [address, provider.token, PATH, BODY.decode()]
        client = subprocess.Popen([sys.executable, "-c", script, *arguments])
        while not provider.predictions():
            assert client.poll() is None
        client.kill()
        client.wait()
        provider.wait_until_settled()
        assert [line.status for line in provider.bill()] == ["succeeded"]
        assert post(provider).status_code == 201


def test_an_unknown_command_is_an_error_that_names_the_known_ones() -> None:
    with LoopbackProcess() as provider, pytest.raises(LoopbackError, match="create_elsewhere"):
        provider._ask("nonsense")


def test_a_taken_port_is_reported() -> None:
    with LoopbackProvider() as provider:
        port = urlsplit(provider.base_url).port
        assert port is not None
        with pytest.raises(LoopbackStartError, match="listen"):
            LoopbackProvider(port=port).__enter__()


@pytest.mark.parametrize(
    "command", [["-m", "loopback.serve"], [str(TESTS / "loopback" / "serve.py")]]
)
def test_it_starts_by_its_module_and_by_its_path_and_ends_on_a_signal(command: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, *command, "--settings", '{"token": "t", "latency_s": [0, 0]}'],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)} if command[0] == "-m" else None,
    )
    assert process.stdout is not None
    with process.stdout:
        base_url = process.stdout.readline().strip()
        headers = {"Authorization": "Bearer t"}
        assert httpx.get(f"{base_url}/v1/account", headers=headers).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def cpu_s(pid: int) -> float:
    """User and system time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keep_creating(provider: LoopbackProcess, count: int) -> None:
    connection = http.client.HTTPConnection(urlsplit(provider.base_url).netloc)
    headers = {"Authorization": f"Bearer {provider.token}", "Prefer": "wait"}
    for _ in range(count):
        connection.request("POST", PATH, BODY, headers)
        connection.getresponse().read()
    connection.close()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads processor time from /proc")
def test_one_core_creates_and_delivers_at_least_600_a_second() -> None:
    with LoopbackProcess(picture_variants=4, picture_size=(256, 256)) as provider:
        before_s, started = cpu_s(provider.pid), time.monotonic()
        threads = [threading.Thread(target=keep_creating, args=(provider, 300)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall_s, used_s = time.monotonic() - started, cpu_s(provider.pid) - before_s
        urls = [
            f"{provider.delivery_url}/files/{seen.id}/out-0.webp" for seen in provider.predictions()
        ]
        before_s = cpu_s(provider.pid)
        with httpx.Client() as client:
            files = {client.get(url).content for url in urls[:600]}
        fetch_s = cpu_s(provider.pid) - before_s
        counters = provider.counters()
    print(f"{1200 / wall_s:.0f} creates/s by the clock, {1200 / used_s:.0f} per core-second,")
    print(f"{600 / fetch_s:.0f} files per core-second")
    assert counters.created == 1200
    assert len(files) == 600
    assert counters.pictures_drawn <= 4
    # Processor time, not the clock: the machine may be busy with other tests.
    assert 1200 / used_s > 600
    assert 600 / fetch_s > 600
