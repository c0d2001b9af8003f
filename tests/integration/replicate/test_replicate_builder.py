"""One attempt over real HTTP: what each answer of the provider turns into, and what it costs."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from integration.replicate.scripted_api import Reply, ScriptedApi, Seen

from generators.cards import load_cards
from generators.contract import (
    Brief,
    BuildFailed,
    Built,
    Halted,
    Lost,
    MaySend,
    Outcome,
    always,
)
from generators.errors import ProviderUnavailable, TokenMissing, TokenRefused
from generators.replicate_builder import ReplicateGenerator
from generators.replicate_patience import Clocks, Patience
from generators.replicate_wire import ReplicateWire

TOKEN = "r8_a-token-that-nobody-may-see"
SCHNELL = "black-forest-labs/flux-schnell"
SDXL = "stability-ai/sdxl"
BRIEF = Brief(prompt="a mug", width=1024, height=1024, format="webp", seed=7)
FAST = Patience(
    prefer_wait_s=1,
    answer_margin_s=0.2,
    throttled_max_s=20,
    connect_waits_s=(0, 0),
    poll_first_s=0,
    poll_max_s=0,
    poll_failing_max_s=0,
    fetch_waits_s=(0, 0),
    metrics_waits_s=(0, 0),
)


def prediction(status: str = "succeeded", **changes: object) -> dict[str, object]:
    ended = status in {"succeeded", "failed", "canceled", "aborted"}
    return {
        "id": "run1",
        "model": SCHNELL,
        "version": "hidden",
        "input": {},
        "status": status,
        "output": ["/file"] if status == "succeeded" else None,
        "error": None,
        "metrics": {"image_output_count": 1, "predict_time": 0.5} if ended else {},
        "created_at": "2026-11-22T10:00:00.123Z",
        "data_removed": False,
        **changes,
    }


async def no_note(_: str) -> None:
    return None


def outcome_of(
    answer: Callable[[Seen, str], Reply],
    *,
    model: str = SCHNELL,
    brief: Brief = BRIEF,
    patience: Patience = FAST,
    created: Callable[[str], Awaitable[None]] = no_note,
    may_send: MaySend = always,
) -> tuple[Outcome, ScriptedApi]:
    """Build once against a scripted API; `answer` is given the request and the API's own URL."""

    async def run() -> tuple[Outcome, ScriptedApi]:
        api = ScriptedApi(lambda seen: answer(seen, api.url))
        async with api.serving():
            wire = ReplicateWire(TOKEN, base_url=api.url, concurrency=2)
            card = load_cards().need("replicate", model)
            generator = ReplicateGenerator(card, wire, patience=patience)
            try:
                return await generator.build("attempt-1", brief, created, may_send), api
            finally:
                await generator.aclose()

    return asyncio.run(run())


def posts(reply: Reply, then: Reply | None = None) -> Callable[[Seen, str], Reply]:
    """Answer the POST with `reply` and everything else with `then`."""
    return lambda seen, _: reply if seen.method == "POST" else (then or Reply(404))


def delivers(seen: Seen, url: str) -> Reply:
    if seen.method == "POST":
        return Reply(201, prediction(output=[f"{url}/file"]))
    return Reply(200, b"bytes", {"Content-Type": "image/webp; charset=x"})


def test_a_finished_run_gives_bytes_and_the_metrics_that_are_priced() -> None:
    outcome, api = outcome_of(delivers)
    assert isinstance(outcome, Built)
    assert (outcome.data, outcome.media_type, outcome.provider_ref) == (
        b"bytes",
        "image/webp",
        "run1",
    )
    (line,) = outcome.usage
    assert (line.metric, line.quantity, line.amount_usd) == (
        "image_output_count",
        Decimal(1),
        Decimal("0.003"),
    )
    (post,) = api.posts
    assert post.path == f"/v1/models/{SCHNELL}/predictions"
    assert post.headers["authorization"] == f"Bearer {TOKEN}"
    assert post.headers["cancel-after"] == "60s"
    assert post.headers["prefer"] == "wait=1"
    assert post.json == {
        "input": {
            "aspect_ratio": "1:1",
            "megapixels": "1",
            "num_outputs": 1,
            "output_format": "webp",
            "output_quality": 90,
            "prompt": "a mug",
            "seed": 7,
        }
    }


def test_a_request_that_may_not_be_sent_any_more_leaves_no_byte_behind() -> None:
    asked = 0

    async def no_more() -> bool:
        nonlocal asked
        asked += 1
        return False

    outcome, api = outcome_of(delivers, may_send=no_more)
    assert isinstance(outcome, Halted)
    assert "before the request was sent" in outcome.reason
    assert (asked, api.seen) == (1, [])


def test_leave_to_send_is_asked_for_again_after_every_wait() -> None:
    answers = iter([True, True, False])

    async def twice() -> bool:
        return next(answers)

    throttled = Reply(429, {"retry_after": 0})
    outcome, api = outcome_of(posts(throttled), may_send=twice)
    assert isinstance(outcome, Halted)
    assert len(api.posts) == 2


def test_a_versioned_model_is_asked_for_by_version_with_its_time_bound() -> None:
    def answer(seen: Seen, url: str) -> Reply:
        if seen.method == "POST":
            done = prediction(output=[f"{url}/file"], metrics={"predict_time": 3.25})
            return Reply(201, done)
        return Reply(200, b"bytes")

    outcome, api = outcome_of(answer, model=SDXL)
    assert isinstance(outcome, Built)
    assert outcome.usage[0].amount_usd == Decimal("3.25") * Decimal("0.000975")
    (post,) = api.posts
    assert post.path == "/v1/predictions"
    assert post.headers["cancel-after"] == "60s"
    assert str(post.json["version"]).startswith("7762fd07")


def test_a_run_that_is_not_over_is_noted_and_followed_to_its_end() -> None:
    notes: list[str] = []
    states = iter(["starting", "processing", "queued-in-a-way-nobody-knew", "succeeded"])

    def answer(seen: Seen, url: str) -> Reply:
        if seen.method == "POST":
            return Reply(202, prediction("starting"))
        if seen.path == "/v1/predictions/run1":
            return Reply(200, prediction(next(states), output=f"{url}/file"))
        return Reply(200, b"bytes")

    async def note(ref: str) -> None:
        notes.append(ref)

    outcome, api = outcome_of(answer, created=note)
    assert isinstance(outcome, Built)
    assert notes == ["run1"]
    assert len(api.posts) == 1


def test_files_of_a_run_that_is_still_processing_are_not_taken_for_the_result() -> None:
    def answer(seen: Seen, url: str) -> Reply:
        if seen.method == "POST":
            return Reply(201, prediction("processing", output=[f"{url}/early"]))
        if seen.path == "/v1/predictions/run1":
            return Reply(200, prediction(output=[f"{url}/file"]))
        return Reply(200, seen.path.encode())

    outcome, _ = outcome_of(answer)
    assert isinstance(outcome, Built)
    assert outcome.data == b"/file"


@pytest.mark.parametrize("shape", ["string", "list", "object"])
def test_the_output_may_be_a_string_a_list_or_an_object(shape: str) -> None:
    def answer(seen: Seen, url: str) -> Reply:
        file = f"{url}/file"
        shapes = {"string": file, "list": [file], "object": {"seed": 7, "images": [file]}}
        if seen.method == "POST":
            return Reply(201, prediction(output=shapes[shape]))
        return Reply(200, b"bytes")

    assert isinstance(outcome_of(answer)[0], Built)


@pytest.mark.parametrize(
    ("reply", "because"),
    [
        pytest.param(Reply(drop=True), "broke the connection off", id="dropped"),
        pytest.param(Reply(201, prediction(), cut=True), "broke the connection off", id="cut"),
        pytest.param(Reply(201, prediction(), delay_s=2), "did not answer in time", id="too late"),
        pytest.param(Reply(500), "HTTP 500", id="500"),
        pytest.param(Reply(502, {"detail": "bad gateway"}), "bad gateway", id="502"),
        pytest.param(Reply(408), "HTTP 408", id="408"),
        pytest.param(Reply(201, b"<html>"), "cannot be read", id="no JSON"),
        pytest.param(Reply(201, {"status": "starting"}), "cannot be read", id="no id"),
        pytest.param(Reply(201, prediction(id="../account")), "cannot be read", id="odd id"),
        pytest.param(Reply(201, [1]), "cannot be read", id="no object"),
    ],
)
def test_what_leaves_doubt_about_a_creation_is_lost_and_never_sent_again(
    reply: Reply, because: str
) -> None:
    outcome, api = outcome_of(posts(reply))
    assert isinstance(outcome, Lost)
    assert because in outcome.reason
    assert outcome.provider_ref is None
    assert len(api.posts) == 1


@pytest.mark.parametrize(
    ("reply", "because"),
    [
        pytest.param(Reply(401, {"title": "Unauthenticated"}), "REPLICATE_API_TOKEN", id="401"),
        pytest.param(Reply(402, {"title": "Insufficient credit"}), "top up", id="402"),
        pytest.param(Reply(403), "REPLICATE_API_TOKEN", id="403"),
        pytest.param(Reply(404), "another model", id="404"),
        pytest.param(Reply(301, headers={"Location": "/v2"}), "REPLICATE_BASE_URL", id="301"),
    ],
)
def test_what_only_a_person_can_change_halts(reply: Reply, because: str) -> None:
    outcome, api = outcome_of(posts(reply))
    assert isinstance(outcome, Halted)
    assert because in outcome.reason
    assert len(api.posts) == 1


def test_a_refused_input_is_a_failure_that_names_the_field() -> None:
    detail = "- input.megapixels: megapixels must be one of the following"
    reply = Reply(422, {"title": "Input validation failed", "detail": detail, "status": 422})
    outcome, _ = outcome_of(posts(reply))
    assert isinstance(outcome, BuildFailed)
    assert "input.megapixels" in outcome.reason
    assert (outcome.retryable, outcome.usage) == (False, ())


def test_a_brief_with_problems_is_never_sent() -> None:
    brief = dataclasses.replace(BRIEF, params={"num_outputs": 4})
    outcome, api = outcome_of(delivers, brief=brief)
    assert isinstance(outcome, BuildFailed)
    assert "num_outputs" in outcome.reason
    assert api.seen == []


def test_throttled_requests_created_nothing_and_are_asked_again() -> None:
    answers = iter([Reply(429, {"retry_after": 0.2}), Reply(429, headers={"Retry-After": "1"})])

    def answer(seen: Seen, url: str) -> Reply:
        throttled = next(answers, None) if seen.method == "POST" else None
        return throttled or delivers(seen, url)

    outcome, api = outcome_of(answer)
    assert isinstance(outcome, Built)
    assert len(api.posts) == 3


def test_throttling_without_end_ends_the_attempt_without_a_charge() -> None:
    patience = dataclasses.replace(FAST, throttled_max_s=1)
    outcome, _ = outcome_of(posts(Reply(429, {"retry_after": 10**9})), patience=patience)
    assert isinstance(outcome, BuildFailed)
    assert (outcome.retryable, outcome.usage) == (True, ())


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ("Prediction interrupted; please retry (code: PA)", True),
        ("Director: unexpected error handling prediction (E9828)", True),
        ("Prediction failed to start (E6716)", True),
        ("E8367 stopped", True),
        ("E8765", True),
        ("E1000", True),
        ("Service is unavailable due to high demand (E003)", True),
        ("temporarily unavailable (E004)", True),
        ("something new", True),
        ("The input or output was flagged as sensitive (E005)", False),
        ("NSFW content detected. Try running it again, or try a different prompt.", False),
        ("All generated images contained NSFW content", False),
        ("CUDA out of memory (E1001)", False),
    ],
)
def test_a_failed_run_is_free_and_its_text_decides_whether_to_try_again(
    error: str, *, retryable: bool
) -> None:
    outcome, _ = outcome_of(posts(Reply(201, prediction("failed", error=error))))
    assert isinstance(outcome, BuildFailed)
    assert (outcome.retryable, outcome.usage) == (retryable, ())
    assert outcome.provider_ref == "run1"


def test_a_canceled_run_is_charged_from_its_metrics() -> None:
    canceled = prediction("canceled", metrics={"predict_time": 12.5})
    outcome, _ = outcome_of(posts(Reply(201, canceled)), model=SDXL)
    assert isinstance(outcome, BuildFailed)
    assert outcome.retryable
    assert outcome.usage[0].amount_usd == Decimal("12.5") * Decimal("0.000975")


def test_an_aborted_run_is_free_and_tried_again() -> None:
    outcome, _ = outcome_of(posts(Reply(201, prediction("aborted"))), model=SDXL)
    assert isinstance(outcome, BuildFailed)
    assert (outcome.retryable, outcome.usage) == (True, ())


def test_polls_that_fail_for_long_lose_the_run_but_keep_its_name() -> None:
    outcome, api = outcome_of(posts(Reply(202, prediction("starting")), Reply(503)))
    assert isinstance(outcome, Lost)
    assert outcome.provider_ref == "run1"
    assert len(api.posts) == 1


def test_a_run_that_outlives_its_deadline_is_lost_by_name() -> None:
    patience = dataclasses.replace(FAST, overdue_max_s=-500)
    running = Reply(202, prediction("processing"))
    outcome, _ = outcome_of(posts(running, running), patience=patience)
    assert isinstance(outcome, Lost)
    assert outcome.provider_ref == "run1"


def test_metrics_that_come_late_are_waited_for() -> None:
    def answer(seen: Seen, url: str) -> Reply:
        if seen.method == "POST":
            return Reply(201, prediction(output=[f"{url}/file"], metrics={}))
        if seen.path == "/v1/predictions/run1":
            return Reply(200, prediction(output=[f"{url}/file"], metrics={"predict_time": 2}))
        return Reply(200, b"bytes")

    outcome, _ = outcome_of(answer, model=SDXL)
    assert isinstance(outcome, Built)
    assert outcome.usage[0].quantity == 2


def test_metrics_that_never_come_are_booked_at_their_bound(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(seen: Seen, url: str) -> Reply:
        done = prediction(output=[f"{url}/file"], metrics={})
        return Reply(200, b"bytes") if seen.path == "/file" else Reply(200, done)

    outcome, _ = outcome_of(answer, model=SDXL)
    assert isinstance(outcome, Built)
    assert outcome.usage[0].quantity == 60
    assert "booked at its bound" in caplog.text


def test_an_output_that_is_cut_or_late_is_fetched_again() -> None:
    faults = iter([Reply(503), Reply(200, b"bytes", cut=True)])

    def answer(seen: Seen, url: str) -> Reply:
        fault = next(faults, None) if seen.path == "/file" else None
        return fault or delivers(seen, url)

    outcome, api = outcome_of(answer)
    assert isinstance(outcome, Built)
    assert outcome.data == b"bytes"
    assert len(api.posts) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_an_output_that_is_gone_is_charged_and_tried_again(status: int) -> None:
    outcome, _ = outcome_of(
        lambda seen, url: Reply(status) if seen.path == "/file" else delivers(seen, url)
    )
    assert isinstance(outcome, BuildFailed)
    assert outcome.retryable
    assert outcome.usage[0].amount_usd == Decimal("0.003")


def test_an_output_that_cannot_be_fetched_now_is_not_paid_for_twice() -> None:
    outcome, _ = outcome_of(
        lambda seen, url: Reply(503) if seen.path == "/file" else delivers(seen, url)
    )
    assert isinstance(outcome, Lost)
    assert outcome.provider_ref == "run1"


@pytest.mark.parametrize("output", [None, [], "data:image/png;base64,AAAA", [{"seed": 1}]])
def test_a_success_without_a_file_is_charged_and_tried_again(output: object) -> None:
    outcome, _ = outcome_of(posts(Reply(201, prediction(output=output))))
    assert isinstance(outcome, BuildFailed)
    assert outcome.retryable
    assert outcome.usage[0].amount_usd == Decimal("0.003")


def test_an_output_over_the_size_limit_is_not_read_to_its_end() -> None:
    patience = dataclasses.replace(FAST, output_bytes_max=3)
    outcome, _ = outcome_of(delivers, patience=patience)
    assert isinstance(outcome, BuildFailed)
    assert not outcome.retryable
    assert "larger than 3 bytes" in outcome.reason


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x.png",
        "https://replicate.delivery.evil.example/x.png",
        "https://notreplicate.delivery/x.png",
        "http://replicate.delivery/x.png",
        "https://user@replicate.delivery/x.png",
        "https://replicate.delivery@evil.example/x.png",
        "http://169.254.169.254/latest/meta-data",
        "http://[bad/x",
    ],
)
def test_outputs_are_only_fetched_from_where_replicate_keeps_them(url: str) -> None:
    outcome, api = outcome_of(posts(Reply(201, prediction(output=[url]))))
    assert isinstance(outcome, BuildFailed)
    assert not outcome.retryable
    assert "not Replicate's" in outcome.reason
    assert len(api.seen) == 1


@pytest.mark.parametrize("way", ["the output's URL", "a redirect"])
def test_the_token_never_reaches_another_host_than_the_api(way: str) -> None:
    """Another port of the same machine stands for the other host."""

    async def run() -> tuple[Outcome, ScriptedApi, ScriptedApi]:
        other = ScriptedApi(lambda _: Reply(200, b"bytes"))
        async with other.serving():

            def answer(seen: Seen) -> Reply:
                if seen.method == "POST":
                    away = way == "the output's URL"
                    target = other.url if away else api.url
                    return Reply(201, prediction(output=[f"{target}/file"]))
                return Reply(302, headers={"Location": f"{other.url}/moved"})

            api = ScriptedApi(answer)
            async with api.serving():
                wire = ReplicateWire(TOKEN, base_url=api.url, concurrency=2)
                card = load_cards().need("replicate", SCHNELL)
                generator = ReplicateGenerator(card, wire, patience=FAST)
                outcome = await generator.build("attempt-1", BRIEF, no_note)
                await generator.aclose()
                return outcome, api, other

    outcome, api, other = asyncio.run(run())
    assert isinstance(outcome, Built)
    assert api.posts[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert len(other.seen) == 1
    assert "authorization" not in other.seen[0].headers
    assert all(TOKEN not in str(seen) for seen in other.seen)


def test_the_token_is_in_no_reason_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reply = Reply(422, {"title": f"bad token {TOKEN}", "detail": f"{TOKEN}\n{TOKEN}"})
    outcome, _ = outcome_of(posts(reply))
    failed = prediction("failed", error=f"token {TOKEN}")
    other, _ = outcome_of(posts(Reply(201, failed)))
    lost, _ = outcome_of(posts(Reply(drop=True)))
    wire = ReplicateWire(TOKEN, base_url=None, concurrency=1)
    shown = f"{outcome!r} {other!r} {lost!r} {wire!r} {vars(wire)['_api']!r} {caplog.text}"
    assert TOKEN not in shown
    assert "***" in shown


def test_nothing_listening_halts_and_a_later_blip_does_not() -> None:
    async def run() -> list[Outcome]:
        api = ScriptedApi(lambda seen: delivers(seen, api.url))
        wire = ReplicateWire(TOKEN, base_url="http://127.0.0.1:9", concurrency=2)
        card = load_cards().need("replicate", SCHNELL)
        nobody = ReplicateGenerator(card, wire, patience=FAST)
        outcomes = [await nobody.build("a", BRIEF, no_note)]
        await nobody.aclose()
        async with api.serving():
            wire = ReplicateWire(TOKEN, base_url=api.url, concurrency=2)
            once = ReplicateGenerator(card, wire, patience=FAST)
            outcomes.append(await once.build("b", BRIEF, no_note))
        outcomes.append(await once.build("c", BRIEF, no_note))
        await once.aclose()
        return outcomes

    halted, built, blip = asyncio.run(run())
    assert isinstance(halted, Halted)
    assert "cannot be reached" in halted.reason
    assert isinstance(built, Built)
    assert isinstance(blip, BuildFailed)
    assert (blip.retryable, blip.usage) == (True, ())


@pytest.mark.parametrize("token", [None, "", "  ", "r8\nX-Evil: 1", "r8_é"])
def test_a_token_that_could_not_stand_in_a_header_is_missing(token: str | None) -> None:
    with pytest.raises(TokenMissing) as caught:
        ReplicateWire(token, base_url=None, concurrency=1)
    assert "REPLICATE_API_TOKEN" in str(caught.value)
    assert "Evil" not in str(caught.value)


def test_check_says_whose_token_it_is_or_why_it_cannot() -> None:
    replies = {
        "good": Reply(200, {"type": "organization", "username": "acme"}),
        "refused": Reply(401, {"title": "Unauthenticated"}),
        "down": Reply(503),
        "dropped": Reply(drop=True),
    }

    async def run(name: str) -> str:
        api = ScriptedApi(lambda _: replies[name])
        async with api.serving():
            wire = ReplicateWire(TOKEN, base_url=api.url, concurrency=1)
            card = load_cards().need("replicate", SCHNELL)
            generator = ReplicateGenerator(card, wire, patience=FAST, clocks=Clocks())
            try:
                return await generator.check()
            finally:
                await generator.aclose()

    assert asyncio.run(run("good")) == "organization acme"
    with pytest.raises(TokenRefused):
        asyncio.run(run("refused"))
    for name in ("down", "dropped"):
        with pytest.raises(ProviderUnavailable):
            asyncio.run(run(name))
