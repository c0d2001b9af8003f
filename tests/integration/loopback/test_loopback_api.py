"""The provider's HTTP API against the published one: paths, fields, types, statuses, headers."""

from __future__ import annotations

import io
import re
import threading
import time
from datetime import datetime
from typing import Any

import httpx
import pytest
from loopback.catalog import MODELS
from loopback.server import LoopbackProvider
from PIL import Image

SCHNELL = "/v1/models/black-forest-labs/flux-schnell/predictions"
SDXL = "stability-ai/sdxl:7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"
NULL = type(None)
STATUSES = {"starting", "processing", "succeeded", "failed", "canceled", "aborted"}
DATE_TIMES = ("created_at", "started_at", "completed_at", "deadline")

# The published prediction schema as (types, required). Output may be any JSON value.
PREDICTION: dict[str, tuple[tuple[type, ...], bool]] = {
    "id": ((str,), True),
    "model": ((str,), True),
    "version": ((str,), True),
    "input": ((dict,), True),
    "output": ((object,), True),
    "data_removed": ((bool,), True),
    "error": ((str, NULL), True),
    "status": ((str,), True),
    "created_at": ((str,), True),
    "urls": ((dict,), True),
    "started_at": ((str,), False),
    "completed_at": ((str,), False),
    "deadline": ((str,), False),
    "deployment": ((str,), False),
    "logs": ((str,), False),
    "metrics": ((dict,), False),
    "source": ((str,), False),
}
MODEL: dict[str, tuple[tuple[type, ...], bool]] = {
    **dict.fromkeys(("url", "owner", "name", "visibility"), ((str,), True)),
    **dict.fromkeys(("description", "github_url", "paper_url"), ((str, NULL), True)),
    **dict.fromkeys(("license_url", "cover_image_url"), ((str, NULL), True)),
    **dict.fromkeys(("default_example", "latest_version"), ((dict, NULL), True)),
    "run_count": ((int,), True),
    "is_official": ((bool,), True),
}


def assert_fields(shown: dict[str, Any], table: dict[str, tuple[tuple[type, ...], bool]]) -> None:
    assert {name for name, (_, required) in table.items() if required} <= set(shown)
    for name, value in shown.items():
        assert name in table, f"{name} is not a published field"
        assert isinstance(value, table[name][0]), f"{name} is {value!r}"


def assert_prediction(shown: dict[str, Any]) -> None:
    assert_fields(shown, PREDICTION)
    assert shown["status"] in STATUSES
    assert shown.get("source") in {"web", "api"}
    assert {"web", "get", "cancel"} <= set(shown["urls"])
    for name in DATE_TIMES:
        if name in shown:
            assert datetime.fromisoformat(shown[name]).tzinfo is not None
    assert isinstance(shown["metrics"].get("total_time", 0.0), float)


def post(client: httpx.Client, path: str = SCHNELL, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, json={"input": {"prompt": "a mug", "seed": 1}}, headers=given)


@pytest.mark.parametrize("model", [name for name, spec in MODELS.items() if spec.is_official])
def test_each_official_model_answers_a_waiting_create_with_its_final_output(
    model: str, client: httpx.Client
) -> None:
    answer = post(client, f"/v1/models/{model}/predictions", Prefer="wait")
    shown = answer.json()
    assert answer.status_code == 201
    assert_prediction(shown)
    assert (shown["status"], shown["model"], shown["version"]) == ("succeeded", model, "hidden")
    assert isinstance(shown["output"], list if MODELS[model].output == "list" else str)
    assert answer.headers["location"] == shown["urls"]["get"]
    assert answer.headers["preference-applied"] == "wait=60"
    assert int(answer.headers["ratelimit-remaining"]) == 599
    assert re.fullmatch(r"[0-9a-v]{26}", shown["id"])


@pytest.mark.parametrize("version", [SDXL, SDXL.partition(":")[2]])
def test_a_community_model_runs_by_its_version(version: str, client: httpx.Client) -> None:
    body = {"version": version, "input": {"width": 256, "height": 128, "num_outputs": 2}}
    shown = client.post("/v1/predictions", json=body, headers={"Prefer": "wait"}).json()
    assert_prediction(shown)
    assert (shown["model"], len(shown["version"])) == ("stability-ai/sdxl", 64)
    for url in shown["output"]:
        image = Image.open(io.BytesIO(httpx.get(url).content))
        assert (image.size, image.format) == ((256, 128), "PNG")


def test_an_official_model_runs_by_its_name_in_the_version_field(client: httpx.Client) -> None:
    body = {"version": "black-forest-labs/flux-schnell", "input": {"prompt": "a"}}
    assert client.post("/v1/predictions", json=body).json()["version"] == "hidden"


def test_a_create_that_does_not_wait_is_answered_at_once_as_starting(client: httpx.Client) -> None:
    answer = post(client)
    shown = answer.json()
    assert (answer.status_code, shown["status"], shown["output"]) == (201, "starting", None)
    assert "preference-applied" not in answer.headers
    assert_prediction(shown)
    assert client.get(shown["urls"]["get"]).json()["status"] == "succeeded"


def test_a_wait_that_is_too_short_is_answered_202_and_the_result_comes_later(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.configure(latency_s=(30.0, 30.0))
    started = time.monotonic()
    answer = post(client, Prefer="wait=1")
    assert 0.9 < time.monotonic() - started < 10
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    assert_prediction(answer.json())
    provider.advance(30)
    later = client.get(answer.json()["urls"]["get"]).json()
    assert (later["status"], later["metrics"]["total_time"]) == ("succeeded", 30.0)


def test_a_held_create_is_answered_when_another_request_cancels_it(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.configure(latency_s=(50.0, 50.0))
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(post(client, Prefer="wait")))
    thread.start()
    while not provider.predictions():
        thread.join(0.01)
    canceled = client.post(f"/v1/predictions/{provider.predictions()[0].id}/cancel")
    thread.join(10)
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    assert_prediction(canceled.json())
    assert (answers[0].status_code, answers[0].json()["status"]) == (201, "canceled")
    assert provider.bill()[0].amount > 0


@pytest.mark.parametrize(
    ("cancel_after", "seconds"), [("5", 5), ("30s", 30), ("5m", 300), ("1h30m45s", 5445)]
)
def test_cancel_after_sets_a_deadline_from_the_creation(
    cancel_after: str, seconds: int, provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.configure(latency_s=(9000.0, 9000.0))
    shown = post(client, Cancel_After=cancel_after).json()
    assert_prediction(shown)
    until = datetime.fromisoformat(shown["deadline"]) - datetime.fromisoformat(shown["created_at"])
    assert until.total_seconds() == seconds
    provider.advance(seconds)
    assert client.get(shown["urls"]["get"]).json()["status"] == "canceled"


@pytest.mark.parametrize(
    "headers",
    [
        {"Cancel-After": "4s"},
        {"Cancel-After": "soon"},
        {"Cancel-After": "s"},
        {"Prefer": "wait=0"},
        {"Prefer": "wait=61"},
        {"Prefer": "now"},
    ],
)
def test_headers_outside_their_published_form_are_refused(
    headers: dict[str, str], provider: LoopbackProvider, client: httpx.Client
) -> None:
    assert post(client, **headers).status_code == 422
    assert provider.counters().created == 0


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        (SCHNELL, {"input": {"prompt": "a"}, "metadata": {}}, "metadata"),
        (SCHNELL, {"input": {"prompt": "a"}, "version": "x"}, "version"),
        (SCHNELL, {}, "input is required"),
        (SCHNELL, {"input": []}, "input"),
        (SCHNELL, {"input": {}}, "prompt is required"),
        (SCHNELL, [], "object"),
        (SCHNELL, {"input": {"prompt": "a"}, "webhook_events_filter": ["end"]}, "webhook_events"),
        ("/v1/predictions", {"input": {"prompt": "a"}}, "version is required"),
        ("/v1/predictions", {"version": "0" * 64, "input": {}}, "version"),
        ("/v1/predictions", {"version": "stability-ai/sdxl", "input": {}}, "version"),
    ],
)
def test_a_body_outside_the_schema_is_refused_by_name_and_creates_nothing(
    path: str, body: object, named: str, provider: LoopbackProvider, client: httpx.Client
) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert named in answer.json()["detail"]
    assert set(answer.json()) <= {"title", "detail", "status", "invalid_fields"}
    assert answer.headers["content-type"] == "application/problem+json"
    assert provider.counters().created == 0


def test_published_optional_body_fields_are_accepted(client: httpx.Client) -> None:
    body = {
        "input": {"prompt": "a"},
        "webhook": "https://acme.example/hook",
        "webhook_events_filter": ["completed"],
        "stream": False,
    }
    assert client.post(SCHNELL, json=body).status_code == 201


def test_text_that_is_no_json_is_refused(client: httpx.Client) -> None:
    assert client.post(SCHNELL, content=b"{").status_code == 400


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Token right"])
def test_a_wrong_token_is_refused_everywhere(token: str | None, provider: LoopbackProvider) -> None:
    headers = {} if token is None else {"Authorization": token}
    for path in ("account", "predictions", "predictions/x", "hardware"):
        answer = httpx.get(f"{provider.base_url}/v1/{path}", headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (401, "Unauthenticated")
    assert set(answer.json()) == {"title", "detail", "status"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/predictions/nobody", 404),
        ("POST", "/v1/predictions/nobody/cancel", 404),
        ("GET", "/v1/models/acme/nothing", 404),
        ("POST", "/v1/models/stability-ai/sdxl/predictions", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/v1/predictions", 405),
        ("PUT", "/v1/account", 405),
    ],
)
def test_what_is_not_there_is_said_to_be_not_there(
    method: str, path: str, status: int, client: httpx.Client
) -> None:
    answer = client.request(method, path, json={"input": {}} if method == "POST" else None)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_account_hardware_and_models_have_the_published_fields(client: httpx.Client) -> None:
    account = client.get("/v1/account").json()
    assert account["type"] in {"organization", "user"}
    assert set(account) <= {"type", "username", "name", "github_url", "avatar_url"}
    for hardware in client.get("/v1/hardware").json():
        assert set(hardware) == {"name", "sku"}
    for slug in MODELS:
        model = client.get(f"/v1/models/{slug}").json()
        assert_fields(model, MODEL)
        version = model["latest_version"]
        assert client.get(f"/v1/models/{slug}/versions/{version['id']}").json() == version
        assert version["openapi_schema"]["components"]["schemas"]["Input"]["properties"]["seed"]


def test_the_list_is_paged_by_absolute_urls_that_keep_their_filters(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    provider.create_elsewhere("stability-ai/sdxl", {"prompt": "before"})
    provider.advance(60)
    ids = [post(client).json()["id"] for _ in range(230)]
    first = provider.predictions()[1].created_at
    page = client.get("/v1/predictions", params={"created_after": first}).json()
    pages = [page]
    while page["next"]:
        assert page["next"].startswith(provider.base_url)
        page = client.get(page["next"]).json()
        pages.append(page)
    assert [len(page["results"]) for page in pages] == [100, 100, 30]
    assert [shown["id"] for page in pages for shown in page["results"]] == ids[::-1]
    assert pages[0]["previous"] is None
    assert client.get(pages[2]["previous"]).json()["results"] == pages[1]["results"]
    for shown in pages[0]["results"]:
        assert_prediction(shown)


def test_the_list_shows_what_was_made_on_the_website_too(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    post(client)
    elsewhere = provider.create_elsewhere("stability-ai/sdxl", {"prompt": "by hand"})
    listed = client.get("/v1/predictions").json()["results"]
    assert [shown["source"] for shown in listed] == ["web", "api"]
    web = client.get("/v1/predictions", params={"source": "web"}).json()["results"]
    assert [shown["id"] for shown in web] == [elsewhere["id"]]
    assert [line.source for line in provider.bill()] == ["api", "web"]


@pytest.mark.parametrize(
    "query", [{"created_after": "yesterday"}, {"source": "api"}, {"cursor": "%%%"}]
)
def test_a_query_that_the_list_cannot_read_is_refused(
    query: dict[str, str], client: httpx.Client
) -> None:
    assert client.get("/v1/predictions", params=query).status_code == 422


def test_a_prediction_whose_data_was_removed_still_has_the_published_fields(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    url = post(client).json()["urls"]["get"]
    provider.advance(3600)
    removed = client.get(url).json()
    assert_prediction(removed)
    assert (removed["data_removed"], removed["output"], removed["input"]) == (True, None, {})


def test_two_equal_creates_are_two_charges(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    first, second = post(client).json(), post(client).json()
    assert first["id"] != second["id"]
    assert provider.total_nano() == 6_000_000


def test_every_request_is_seen_with_its_body_headers_and_answer(
    provider: LoopbackProvider, client: httpx.Client
) -> None:
    post(client, Cancel_After="60s")
    client.get("/v1/predictions", params={"created_after": "2026-01-01T00:00:00Z"})
    create, listing = provider.requests()
    assert (create.method, create.path, create.status) == ("POST", SCHNELL, 201)
    assert create.headers["cancel-after"] == "60s"
    assert '"a mug"' in create.body
    assert listing.query == {"created_after": "2026-01-01T00:00:00Z"}
