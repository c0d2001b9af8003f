"""Output files: another origin, real images, gone with the data."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from loopback.errors import LoopbackCrashedError
from loopback.faults import Fault
from loopback.server import LoopbackProvider
from PIL import Image

SCHNELL = "/v1/models/black-forest-labs/flux-schnell/predictions"


def created(client: httpx.Client, **headers: str) -> dict[str, Any]:
    """A prediction as its create request was answered."""
    body = {"input": {"prompt": "a mug", "seed": 1}}
    shown: dict[str, Any] = client.post(SCHNELL, json=body, headers=headers).json()
    return shown


def test_output_files_lie_on_another_origin_that_records_its_headers(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    (url,) = created(client, Prefer="wait")["output"]
    assert url.startswith(provider.delivery_url)
    assert provider.delivery_url != provider.base_url
    answer = httpx.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert httpx.head(url).headers["content-length"] == str(len(answer.content))
    client.get(url)
    tokens = ["authorization" in fetch.headers for fetch in provider.fetches()]
    assert tokens == [False, False, True]


def test_output_files_can_lie_on_the_apis_own_origin() -> None:
    with LoopbackProvider(delivery="same", picture_size=(48, 32)) as provider:
        headers = {"Authorization": f"Bearer {provider.token}"}
        with httpx.Client(base_url=provider.base_url, headers=headers) as client:
            (url,) = created(client, Prefer="wait")["output"]
        assert url.startswith(provider.base_url)
        assert Image.open(io.BytesIO(httpx.get(url).content)).size == (48, 32)


def test_files_come_only_when_they_are_out_and_go_with_the_data(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.configure(latency_s=(10.0, 10.0))
    shown = created(client)
    url = f"{provider.delivery_url}/files/{shown['id']}/out-0.webp"
    statuses = [httpx.get(url).status_code]
    for seconds in (10, 3600):
        provider.advance(seconds)
        statuses.append(httpx.get(url).status_code)
    assert statuses == [404, 200, 404]
    removed = client.get(shown["urls"]["get"]).json()
    assert (removed["data_removed"], removed["output"], removed["input"]) == (True, None, {})


def test_each_seed_gives_another_picture_and_the_same_seed_the_same(client: httpx.Client) -> None:
    def fetched(seed: int) -> bytes:
        given = {"prompt": "a", "seed": seed, "megapixels": "0.25"}
        shown = client.post(SCHNELL, json={"input": given}, headers={"Prefer": "wait"}).json()
        return Image.open(io.BytesIO(httpx.get(shown["output"][0]).content)).tobytes()

    assert fetched(1) == fetched(1) != fetched(2)


def test_a_bug_of_the_server_fails_the_block_that_used_it() -> None:
    with pytest.raises(LoopbackCrashedError, match="ValueError"):
        make_the_server_draw_the_impossible()


def make_the_server_draw_the_impossible() -> None:
    with LoopbackProvider(faults=(Fault("wrong_size", size=(0, 0)),)) as provider:
        headers = {"Authorization": f"Bearer {provider.token}"}
        with httpx.Client(base_url=provider.base_url, headers=headers) as client:
            answer = httpx.get(created(client, Prefer="wait")["output"][0])
        assert (answer.status_code, answer.json()["title"]) == (500, "Loopback bug")
