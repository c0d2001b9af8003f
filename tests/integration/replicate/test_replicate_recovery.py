"""Lost attempts against a scripted record: what is adopted, absent, or stays undecided."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from integration.replicate.scripted_api import Reply, ScriptedApi, Seen

from generators.cards import load_cards
from generators.contract import (
    Absent,
    Brief,
    BuildFailed,
    Built,
    Finding,
    LostBuild,
    Undecided,
)
from generators.errors import ProviderUnavailable
from generators.replicate_builder import ReplicateGenerator
from generators.replicate_patience import Clocks, Patience
from generators.replicate_wire import ReplicateWire

SCHNELL = "black-forest-labs/flux-schnell"
HELD_AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LOST_AT = HELD_AT + timedelta(seconds=20)
# flux-schnell's card lets a run take 60 s.
SURE = LOST_AT + timedelta(seconds=61)
CARD = load_cards().need("replicate", SCHNELL)


def brief(seed: int) -> Brief:
    return Brief(
        prompt="ein Krug, größer", width=1024, height=1024, format="webp", seed=seed, params={}
    )


def lost(seed: int = 7, ref: str | None = None) -> LostBuild:
    wire = ReplicateWire("token", base_url=None, concurrency=1)
    request = ReplicateGenerator(CARD, wire).request(brief(seed))
    return LostBuild(
        attempt_id=f"attempt-{seed}",
        brief=brief(seed),
        # The books keep the request as JSON text, so that is the way it comes back.
        request=json.loads(json.dumps(request)),
        provider_ref=ref,
        held_at=HELD_AT,
        lost_at=LOST_AT,
    )


def run_of(seed: int, ref: str, **changes: object) -> dict[str, object]:
    return {
        "id": ref,
        "model": SCHNELL,
        "version": "hidden",
        "input": CARD.inputs(brief(seed)),
        "status": "succeeded",
        "output": [f"/file-{ref}"],
        "error": None,
        "metrics": {"image_output_count": 1},
        "created_at": (HELD_AT + timedelta(seconds=5)).isoformat(),
        "data_removed": False,
        **changes,
    }


class Record:
    """Answers listings in pages of two, single reads, and files."""

    def __init__(self, *runs: dict[str, object]) -> None:
        self.runs = list(runs)
        self.next_host: str | None = None
        self.faults: dict[str, Reply] = {}
        self.now = SURE
        self.api = ScriptedApi(self.answer)

    def answer(self, seen: Seen) -> Reply:
        """Answer one request; a fault goes before everything else."""
        assert seen.method == "GET", "recovery reads and never writes"
        path = urlsplit(seen.path)
        for start, reply in self.faults.items():
            if path.path.startswith(start):
                return reply
        if path.path == "/v1/predictions":
            return self.page(int(parse_qs(path.query).get("cursor", ["0"])[0]))
        if path.path.startswith("/v1/predictions/"):
            ref = path.path.removeprefix("/v1/predictions/")
            found = [run for run in self.runs if run["id"] == ref]
            return Reply(200, self.shown(found[0])) if found else Reply(404)
        return Reply(200, path.path.encode(), {"Content-Type": "image/webp"})

    def page(self, cursor: int) -> Reply:
        """One page of the listing, newest first."""
        host = self.next_host or self.api.url
        more = f"{host}/v1/predictions?cursor={cursor + 2}"
        rows = [self.shown(run) for run in self.runs[cursor : cursor + 2]]
        return Reply(
            200,
            {"next": more if cursor + 2 < len(self.runs) else None, "previous": None}
            | {"results": rows},
            {"Date": format_datetime(self.now, usegmt=True)},
        )

    def shown(self, run: dict[str, object]) -> dict[str, object]:
        """One run with its files' URLs on this server."""
        files = run["output"]
        urls = [f"{self.api.url}{file}" for file in files] if isinstance(files, list) else files
        return run | {"output": urls}


def found(
    record: Record,
    *attempts: LostBuild,
    now: datetime = SURE,
    known: frozenset[str] = frozenset(),
) -> tuple[Mapping[str, Finding], list[Seen]]:
    async def no_sleep(_: float) -> None:
        await asyncio.sleep(0)

    record.now = now

    async def run() -> Mapping[str, Finding]:
        async with record.api.serving():
            wire = ReplicateWire("token", base_url=record.api.url, concurrency=4)
            # The account is the one that sent them, whatever port it has in this test.
            wire.token_mark = str(attempts[0].request["token_mark"]) if attempts else ""
            watched_s = 0.0
            clocks = Clocks(monotonic=lambda: watched_s, sleep=no_sleep, now=lambda: now)
            generator = ReplicateGenerator(CARD, wire, patience=Patience(), clocks=clocks)
            try:
                # The second look is what counts: by then the record has been watched for long enough.
                with contextlib.suppress(ProviderUnavailable):
                    await generator.find(attempts, known)
                record.api.seen.clear()
                watched_s = 3600.0
                return await generator.find(attempts, known)
            finally:
                await generator.aclose()

    return asyncio.run(run()), record.api.seen


def test_each_attempt_gets_its_own_run_and_its_own_bytes() -> None:
    record = Record(*(run_of(seed, f"run{seed}") for seed in (9, 8, 7, 6, 5)))
    findings, seen = found(record, lost(7), lost(5), lost(9))
    assert {
        key: (f.data, f.provider_ref) for key, f in findings.items() if isinstance(f, Built)
    } == {
        "attempt-7": (b"/file-run7", "run7"),
        "attempt-5": (b"/file-run5", "run5"),
        "attempt-9": (b"/file-run9", "run9"),
    }
    since = parse_qs(urlsplit(seen[0].path).query)["created_after"]
    assert since == ["2026-11-22T09:45:00.000Z"]


def test_nothing_lost_asks_nothing() -> None:
    findings, seen = found(Record())
    assert (findings, seen) == ({}, [])


def test_a_run_that_is_known_by_name_is_read_and_no_listing_is_needed() -> None:
    findings, seen = found(Record(run_of(7, "run7")), lost(7, ref="run7"))
    assert isinstance(findings["attempt-7"], Built)
    assert [urlsplit(s.path).path for s in seen] == ["/v1/predictions/run7", "/file-run7"]


def test_a_run_that_belongs_to_one_attempt_by_name_is_not_given_to_another() -> None:
    twin = dataclasses.replace(lost(7), attempt_id="attempt-7b")
    findings, _ = found(Record(run_of(7, "run7")), twin, lost(7, ref="run7"))
    assert isinstance(findings["attempt-7"], Built)
    assert isinstance(findings["attempt-7b"], Absent)


def test_two_attempts_with_one_input_share_nothing() -> None:
    twin = dataclasses.replace(lost(7), attempt_id="attempt-7b")
    findings, _ = found(Record(run_of(7, "second"), run_of(7, "first")), lost(7), twin)
    refs = [f.provider_ref for f in findings.values() if isinstance(f, Built)]
    assert refs == ["first", "second"]


def test_a_second_run_of_one_attempt_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    record = Record(run_of(7, "second"), run_of(7, "first"))
    findings, _ = found(record, lost(7))
    seven = findings["attempt-7"]
    assert isinstance(seven, Built)
    assert seven.provider_ref == "first"
    assert "also has run second" in caplog.text


def test_a_record_that_is_read_in_time_and_has_no_such_run_settles_the_matter() -> None:
    findings, _ = found(Record(run_of(8, "run8")), lost(7))
    assert findings == {"attempt-7": Absent()}


def test_an_item_that_cannot_be_read_keeps_everything_undecided() -> None:
    odd = {**run_of(8, "run8"), "id": "../../etc/passwd"}
    findings, _ = found(Record(odd), lost(7))
    seven = findings["attempt-7"]
    assert isinstance(seven, Undecided)
    assert "cannot be read" in seven.reason


def test_a_record_that_is_read_too_soon_settles_nothing() -> None:
    soon = LOST_AT + timedelta(seconds=59)
    findings, _ = found(Record(), lost(7), now=soon)
    assert isinstance(findings["attempt-7"], Undecided)


@pytest.mark.parametrize("status", ["starting", "processing"])
def test_a_run_that_is_still_going_stays_undecided(status: str) -> None:
    findings, _ = found(Record(run_of(7, "run7", status=status, output=None)), lost(7))
    seven = findings["attempt-7"]
    assert isinstance(seven, Undecided)
    assert "run7" in seven.reason


@pytest.mark.parametrize(
    ("changes", "retryable"),
    [
        ({"status": "failed", "error": "code: PA", "output": None}, True),
        ({"status": "failed", "error": "E005", "output": None}, False),
        ({"status": "aborted", "output": None}, True),
    ],
)
def test_a_lost_run_that_failed_is_free(changes: dict[str, object], *, retryable: bool) -> None:
    findings, _ = found(Record(run_of(7, "run7", **changes)), lost(7))
    seven = findings["attempt-7"]
    assert isinstance(seven, BuildFailed)
    assert (seven.retryable, seven.usage, seven.provider_ref) == (retryable, (), "run7")


def test_a_run_whose_output_was_removed_is_charged() -> None:
    removed = run_of(7, "run7", data_removed=True, output=None, input={})
    findings, _ = found(Record(removed), lost(7, ref="run7"))
    seven = findings["attempt-7"]
    assert isinstance(seven, BuildFailed)
    assert seven.retryable
    assert sum(line.amount_usd for line in seven.usage) == Decimal("0.003")


def test_an_output_that_cannot_be_fetched_now_leaves_the_hold_alone() -> None:
    record = Record(run_of(7, "run7"))
    record.faults["/file"] = Reply(503)
    findings, _ = found(record, lost(7))
    assert isinstance(findings["attempt-7"], Undecided)


def test_after_an_hour_a_run_without_input_could_be_the_one() -> None:
    blank = run_of(7, "run7", data_removed=True, output=None, input={})
    later = HELD_AT + timedelta(hours=2)
    findings, _ = found(Record(blank), lost(7), now=later)
    seven = findings["attempt-7"]
    assert isinstance(seven, Undecided)
    assert "run7" in seven.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "black-forest-labs/flux-dev"},
        {"created_at": (LOST_AT + timedelta(minutes=20)).isoformat()},
        {"created_at": (HELD_AT - timedelta(minutes=20)).isoformat()},
    ],
    ids=["another model", "too late", "too early"],
)
def test_a_run_without_input_that_cannot_be_the_one_decides_nothing(
    changes: dict[str, object],
) -> None:
    blank = run_of(7, "run7", data_removed=True, output=None, input={}, **changes)
    findings, _ = found(Record(blank), lost(7), now=HELD_AT + timedelta(hours=2))
    assert findings == {"attempt-7": Absent()}


def test_the_same_input_under_another_model_is_for_a_person_to_judge() -> None:
    findings, _ = found(Record(run_of(7, "run7", model="replicate/lifeboat")), lost(7))
    assert isinstance(findings["attempt-7"], Undecided)


def test_a_name_that_replicate_does_not_know_stays_undecided() -> None:
    findings, _ = found(Record(), lost(7, ref="run7"))
    assert isinstance(findings["attempt-7"], Undecided)


@pytest.mark.parametrize(
    "reply",
    [Reply(503), Reply(401), Reply(drop=True), Reply(200, {"detail": "?"}), Reply(200, b"<html>")],
    ids=["503", "401", "dropped", "no results", "no JSON"],
)
def test_a_record_that_cannot_be_read_decides_nothing(reply: Reply) -> None:
    record = Record(run_of(7, "run7"))
    record.faults["/v1/predictions"] = reply
    with pytest.raises(ProviderUnavailable):
        found(record, lost(7))


def test_a_listing_that_answers_after_a_fault_is_enough() -> None:
    record = Record(run_of(7, "run7"))
    answers = iter([Reply(503), Reply(429, {"retry_after": 3}), Reply(drop=True)])
    whole: Callable[[Seen], Reply] = record.answer
    record.api.answer = lambda seen: next(answers, None) or whole(seen)
    findings, _ = found(record, lost(7))
    assert isinstance(findings["attempt-7"], Built)


def test_a_record_that_continues_on_another_host_is_not_followed_there() -> None:
    record = Record(*(run_of(seed, f"run{seed}") for seed in (9, 8, 7)))
    record.next_host = "http://127.0.0.1:9"
    with pytest.raises(ProviderUnavailable, match="another host"):
        found(record, lost(7))


def test_numbers_are_the_same_however_they_were_written() -> None:
    attempt = lost(7)
    inputs = dict(CARD.inputs(brief(7))) | {"num_outputs": 1.0, "seed": Decimal(7)}
    echoed = {key: float(v) if isinstance(v, Decimal) else v for key, v in inputs.items()}
    findings, _ = found(Record(run_of(7, "run7", input=echoed)), attempt)
    assert isinstance(findings["attempt-7"], Built)
