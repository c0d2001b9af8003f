"""Each fault as a client meets it: what arrives, whether something was created, what is billed."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from decimal import Decimal

import httpx
import pytest
from loopback.faults import SLOTS, Fault
from loopback.server import LoopbackProvider
from PIL import Image, ImageStat, UnidentifiedImageError

PATH = "/v1/models/black-forest-labs/flux-schnell/predictions"
PRICE = Decimal("0.003")


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider(picture_size=(64, 48)) as running:
        yield running


def post(client: httpx.Client, seed: int = 1, outputs: int = 1) -> httpx.Response:
    given = {"prompt": "a mug", "seed": seed, "num_outputs": outputs}
    return client.post(PATH, json={"input": given}, headers={"Prefer": "wait"})


def first_file(client: httpx.Client) -> str:
    url = post(client).json()["output"][0]
    assert isinstance(url, str)
    return url


@pytest.mark.parametrize(
    ("fault", "status", "shown"),
    [
        (Fault("throttle", seconds=7), 429, {"retry_after": 7, "status": 429}),
        (Fault("server_error"), 500, {"status": 500}),
        (Fault("no_credit"), 402, {"title": "Insufficient credit", "status": 402}),
        (Fault("unauthorized"), 401, {"title": "Unauthenticated", "status": 401}),
    ],
)
def test_a_refusal_creates_nothing_and_costs_nothing(
    fault: Fault,
    status: int,
    shown: dict[str, object],
    provider: LoopbackProvider,
    client: httpx.Client,
) -> None:
    provider.add_faults(fault)
    answer = post(client)
    assert answer.status_code == status
    assert shown.items() <= answer.json().items()
    assert provider.counters().created == 0
    assert provider.total() == 0
    assert provider.counters().faults == {fault.kind: 1}


def test_a_throttle_says_when_in_a_header_only_if_told_to(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("throttle", times=1), Fault("throttle", times=1, header=True))
    assert [post(client).headers.get("retry-after") for _ in range(2)] == [None, "5"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("cut_after_create"), httpx.RemoteProtocolError),
        (Fault("cut_after_create", seconds=0.05), httpx.RemoteProtocolError),
        (Fault("cut_after_create", reset=True), httpx.ReadError),
        (Fault("cut_before_create"), httpx.RemoteProtocolError),
        (Fault("cut_before_create", reset=True), httpx.ReadError),
    ],
)
def test_a_cut_leaves_no_answer_and_a_charge_only_after_the_creation(
    fault: Fault,
    error: type[httpx.HTTPError],
    provider: LoopbackProvider,
    client: httpx.Client,
) -> None:
    provider.add_faults(fault)
    with pytest.raises(error):
        post(client)
    billed = PRICE if fault.kind == "cut_after_create" else 0
    assert provider.total() == billed
    assert provider.counters().statuses == {0: 1}
    listed = client.get("/v1/predictions").json()["results"]
    assert [shown["input"]["seed"] for shown in listed] == ([1] if billed else [])


def test_a_server_error_after_the_creation_is_billed(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("server_error_after_create"))
    assert post(client).status_code == 500
    assert provider.total() == PRICE
    assert provider.predictions()[0].faults == ("server_error_after_create",)


def test_a_slow_answer_comes_after_the_clients_patience_and_is_billed(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("slow_answer", seconds=0.5))
    client.timeout = httpx.Timeout(0.1)
    with pytest.raises(httpx.ReadTimeout):
        post(client)
    assert provider.total() == PRICE
    client.timeout = httpx.Timeout(5)
    assert post(client).json()["status"] == "succeeded"


def test_an_early_answer_has_files_but_is_neither_final_nor_billed_yet(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("early_answer", seconds=30))
    answer = post(client)
    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["metrics"]) == (201, "processing", {})
    assert "completed_at" not in shown
    assert httpx.get(shown["output"][0]).status_code == 200
    assert provider.total() == 0
    provider.advance(30)
    assert provider.total() == PRICE
    assert client.get(shown["urls"]["get"]).json()["metrics"]["image_output_count"] == 1


@pytest.mark.parametrize(
    ("fault", "status", "error", "amount"),
    [
        (Fault("failed"), "failed", "(code: PA)", "0"),
        (Fault("failed", error="Director: (E9828)"), "failed", "(E9828)", "0"),
        (Fault("sensitive"), "failed", "(E005)", "0"),
        (Fault("aborted"), "aborted", None, "0"),
        (Fault("canceled"), "canceled", None, "0.003"),
    ],
)
def test_a_bad_end_has_its_status_its_error_and_its_price(
    fault: Fault,
    status: str,
    error: str | None,
    amount: str,
    provider: LoopbackProvider,
    client: httpx.Client,
) -> None:
    provider.add_faults(fault)
    answer = post(client)
    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["output"]) == (201, status, None)
    assert shown["error"] is None if error is None else error in shown["error"]
    assert ("started_at" in shown) == (status != "aborted")
    assert provider.total() == Decimal(amount)
    assert provider.counters().ended == {status: 1}


def test_a_failed_run_may_show_counts_that_are_not_charged(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("failed", with_counts=True))
    assert post(client).json()["metrics"]["image_output_count"] == 1
    assert provider.total() == 0


def test_a_slow_run_goes_on_until_its_deadline(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("slow_run", seconds=500))
    body = {"input": {"prompt": "a"}}
    shown = client.post(PATH, json=body, headers={"Cancel-After": "10s"}).json()
    provider.advance(9)
    assert client.get(shown["urls"]["get"]).json()["status"] == "processing"
    provider.advance(1)
    assert client.get(shown["urls"]["get"]).json()["status"] == "canceled"
    assert provider.total() == PRICE


def test_a_short_output_lacks_files_that_are_billed(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("short_output", count=2))
    assert len(post(client, outputs=3).json()["output"]) == 1
    assert provider.total() == 3 * PRICE


@pytest.mark.parametrize(
    ("fault", "size"), [(Fault("wrong_size"), (32, 24)), (Fault("wrong_size", size=(9, 7)), (9, 7))]
)
def test_a_wrong_size_is_a_sound_image_of_another_size(
    fault: Fault, size: tuple[int, int], provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(fault)
    assert Image.open(io.BytesIO(httpx.get(first_file(client)).content)).size == size


def test_a_blank_image_has_one_colour(provider: LoopbackProvider, client: httpx.Client) -> None:
    provider.add_faults(Fault("blank"))
    image = Image.open(io.BytesIO(httpx.get(first_file(client)).content))
    assert ImageStat.Stat(image).stddev == [0, 0, 0]


def test_cut_bytes_arrive_as_a_whole_answer_and_half_an_image(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("cut_bytes"))
    answer = httpx.get(first_file(client))
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(OSError, match=r"decoder|truncated"):
        Image.open(io.BytesIO(answer.content)).load()


def test_a_cut_transfer_breaks_off_and_the_next_one_is_whole(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("cut_transfer"))
    url = first_file(client)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    Image.open(io.BytesIO(httpx.get(url).content)).load()


@pytest.mark.parametrize("content_type", ["image/webp", "text/html"])
def test_html_comes_as_whatever_it_claims_to_be(
    content_type: str, provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("html", content_type=content_type))
    answer = httpx.get(first_file(client))
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(answer.content))


def test_an_output_is_unavailable_for_a_number_of_fetches(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("output_503", count=2))
    url = first_file(client)
    assert [httpx.get(url).status_code for _ in range(3)] == [503, 503, 200]
    assert provider.predictions()[0].fetches == {"out-0.webp": 3}


def test_an_output_can_be_gone_although_it_was_billed(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("output_gone"))
    assert httpx.get(first_file(client)).status_code == 404
    assert provider.total() == PRICE


def test_reading_can_be_unavailable_for_a_while(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("get_503", count=2), Fault("list_503", times=1))
    url = post(client).json()["urls"]["get"]
    assert [client.get(url).status_code for _ in range(3)] == [503, 503, 200]
    assert [client.get("/v1/predictions").status_code for _ in range(2)] == [503, 200]


def test_the_list_lags_behind_what_can_be_read_by_its_id(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.configure(list_lag_s=20.0)
    url = post(client).json()["urls"]["get"]
    assert client.get(url).status_code == 200
    assert client.get("/v1/predictions").json()["results"] == []
    provider.advance(20)
    assert len(client.get("/v1/predictions").json()["results"]) == 1


def test_faults_stop_when_they_are_cleared(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.add_faults(Fault("server_error"))
    assert post(client).status_code == 500
    provider.clear_faults()
    assert post(client).status_code == 201


def test_the_rate_limit_throttles_what_is_beyond_it(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.configure(creates_per_minute=5)
    answers = [post(client) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429] * 3
    assert 1 <= answers[-1].json()["retry_after"] <= 60
    assert [int(answer.headers["ratelimit-remaining"]) for answer in answers[:5]] == [4, 3, 2, 1, 0]
    counters = provider.counters()
    assert (counters.peak_creates_per_minute, counters.peak_posts_per_minute) == (5, 8)
    assert counters.throttled_by_rate == 3


def test_under_every_fault_at_once_the_bill_is_the_sum_of_what_ended_in_money() -> None:
    rules = tuple(
        Fault(kind, probability=0.06, by="seed", seconds=0 if kind == "slow_answer" else None)
        for kind in SLOTS
        if kind not in {"slow_run", "early_answer", "list_lag"}
    )
    lost = 0
    with LoopbackProvider(seed=11, faults=rules, picture_size=(8, 8)) as provider:
        headers = {"Authorization": f"Bearer {provider.token}"}
        with httpx.Client(base_url=provider.base_url, headers=headers) as client:
            for seed in range(400):
                try:
                    post(client, seed)
                except httpx.TransportError:
                    lost += 1
        provider.wait_until_settled()
        counters, bill, total = provider.counters(), provider.bill(), provider.total()
        predictions = provider.predictions()
    drawn = [kind for kind in SLOTS if counters.faults.get(kind)]
    assert len(drawn) >= 17
    refused = ("throttle", "server_error", "cut_before_create", "no_credit", "unauthorized")
    assert counters.created == 400 - sum(counters.faults.get(kind, 0) for kind in refused)
    assert lost == counters.faults["cut_before_create"] + counters.faults["cut_after_create"]
    assert len(bill) == counters.created
    charged = counters.ended["succeeded"] + counters.ended["canceled"]
    assert total == charged * PRICE == sum((line.amount for line in bill), Decimal(0))
    assert sum(counters.ended.values()) == counters.created
    fates = [kind for seen in predictions for kind in seen.faults if SLOTS[kind] == "fate"]
    assert len(fates) == sum(counters.faults.get(k, 0) for k in SLOTS if SLOTS[k] == "fate")


def test_simulated_latency_passes_in_real_time(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.configure(queue_s=(0.1, 0.1), latency_s=(0.2, 0.2))
    started = time.monotonic()
    shown = post(client).json()
    assert 0.29 < time.monotonic() - started < 5
    assert shown["metrics"]["predict_time"] == 0.2
    assert shown["metrics"]["total_time"] == pytest.approx(0.3)
