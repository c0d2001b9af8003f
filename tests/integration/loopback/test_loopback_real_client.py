"""The published `replicate` client talks to the provider as it talks to the service."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import httpx
import pytest
from loopback.faults import Fault
from loopback.server import LoopbackProvider
from PIL import Image
from replicate.client import Client
from replicate.exceptions import ModelError, ReplicateError

SCHNELL = "black-forest-labs/flux-schnell"
SDXL = "stability-ai/sdxl:7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"
GIVEN = {"prompt": "a mug", "seed": 3, "megapixels": "0.25"}


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider(latency_s=(0.01, 0.02)) as running:
        yield running


@pytest.fixture
def client(provider: LoopbackProvider) -> Iterator[Client]:
    made = Client(api_token=provider.token, base_url=provider.base_url)
    yield made
    made._client.close()


def test_it_creates_reads_and_fetches(provider: LoopbackProvider, client: Client) -> None:
    prediction = client.models.predictions.create(SCHNELL, input=GIVEN)
    assert prediction.status == "starting"
    provider.wait_until_settled()
    done = client.predictions.get(prediction.id)
    assert done.status == "succeeded"
    assert done.metrics is not None
    assert done.output is not None
    assert done.metrics["image_output_count"] == 1
    image = Image.open(io.BytesIO(httpx.get(done.output[0]).content))
    assert image.size == (512, 512)
    assert provider.total_nano() == 3_000_000


def test_it_waits_for_the_final_output(client: Client) -> None:
    prediction = client.models.predictions.create(SCHNELL, input=GIVEN, wait=10)
    assert prediction.status == "succeeded"


def test_it_runs_official_and_community_models(provider: LoopbackProvider, client: Client) -> None:
    official = client.run("black-forest-labs/flux-1.1-pro", input=GIVEN, use_file_output=False)
    assert httpx.get(str(official)).headers["content-type"] == "image/webp"
    client.poll_interval = 0.01
    (url,) = client.run(SDXL, input={"width": 64, "height": 64}, use_file_output=False)
    assert httpx.get(url).headers["content-type"] == "image/png"
    assert [line.model for line in provider.bill()] == [
        "black-forest-labs/flux-1.1-pro",
        "stability-ai/sdxl",
    ]


def test_it_runs_asynchronously(provider: LoopbackProvider) -> None:
    async def create() -> str:
        client = Client(api_token=provider.token, base_url=provider.base_url)
        prediction = await client.models.predictions.async_create(SCHNELL, input=GIVEN, wait=10)
        await client._async_client.aclose()
        return str(prediction.status)

    assert asyncio.run(create()) == "succeeded"


def test_it_cancels(provider: LoopbackProvider, client: Client) -> None:
    provider.configure(latency_s=(60.0, 60.0))
    prediction = client.models.predictions.create(SCHNELL, input=GIVEN)
    prediction.cancel()
    prediction.reload()
    assert prediction.status == "canceled"


def test_it_walks_the_list(provider: LoopbackProvider, client: Client) -> None:
    created = [client.models.predictions.create(SCHNELL, input=GIVEN).id for _ in range(120)]
    first = provider.predictions()[0].created_at
    page = client.predictions.list(f"/v1/predictions?created_after={first}")
    listed = [prediction.id for prediction in page.results]
    while page.next:
        page = client.predictions.list(page.next)
        listed += [prediction.id for prediction in page.results]
    assert listed == created[::-1]


def test_it_reads_models_and_hardware(client: Client) -> None:
    model = client.models.get(SCHNELL)
    assert model.owner == "black-forest-labs"
    assert model.latest_version is not None
    assert model.latest_version.id == "hidden"
    assert "cpu" in [hardware.sku for hardware in client.hardware.list()]


@pytest.mark.parametrize(("kind", "status"), [("throttle", 429), ("no_credit", 402)])
def test_it_raises_its_own_error_for_a_refusal(
    kind: str, status: int, provider: LoopbackProvider, client: Client
) -> None:
    provider.add_faults(Fault(kind))
    with pytest.raises(ReplicateError) as raised:
        client.models.predictions.create(SCHNELL, input=GIVEN)
    assert raised.value.status == status
    assert provider.counters().posts == 1


def test_it_raises_its_own_error_for_a_failed_run(
    provider: LoopbackProvider, client: Client
) -> None:
    provider.add_faults(Fault("sensitive"))
    with pytest.raises(ModelError, match="E005"):
        client.run(SCHNELL, input=GIVEN)


def test_a_lost_answer_is_one_post_and_one_charge(
    provider: LoopbackProvider, client: Client
) -> None:
    provider.add_faults(Fault("cut_after_create"))
    with pytest.raises(httpx.RemoteProtocolError):
        client.models.predictions.create(SCHNELL, input=GIVEN)
    provider.wait_until_settled()
    assert (provider.counters().posts, provider.total_nano()) == (1, 3_000_000)
