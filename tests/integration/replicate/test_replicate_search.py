"""Lost attempts looked for in a provider's record over HTTP: pages, clocks, blanks, copies, twins.

The provider is tests/loopback. What somebody else does on the same account is done there by
`create_elsewhere`; wrong clocks are the provider's time put off, or ours, by minutes.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from loopback.faults import Fault
from loopback.server import LoopbackProvider

from generators.cards import load_cards
from generators.contract import Absent, Brief, BuildFailed, Built, Finding, LostBuild, Undecided
from generators.replicate_builder import ReplicateGenerator
from generators.replicate_patience import Clocks, Patience
from generators.replicate_wire import Answer, NoAnswer, NotSent, ReplicateWire

SCHNELL = "black-forest-labs/flux-schnell"
CARD = load_cards().need("replicate", SCHNELL)
QUICK = Patience(absent_after_s=0, fetch_waits_s=(0.01,), metrics_waits_s=(0.01,))
HOUR_S = 3600
FIVE_MINUTES_S = 300


def brief(seed: int) -> Brief:
    return Brief(prompt=f"a mug {seed}", width=256, height=256, format="webp", seed=seed)


class BusyWire(ReplicateWire):
    """A wire to an account on which something happens after each page of the list is read."""

    def __init__(self, provider: LoopbackProvider, after_page: Callable[[], object]) -> None:
        super().__init__(provider.token, base_url=provider.base_url, concurrency=4)
        self._after_page = after_page
        self.pages = 0

    async def get(self, url: str) -> Answer | NotSent | NoAnswer:
        """Read as always, and let it happen."""
        answer = await super().get(url)
        if "/v1/predictions?" in url:
            self.pages += 1
            self._after_page()
        return answer


@dataclasses.dataclass
class Bench:
    """One provider, and our own clock, which may be wrong by `our_error_s`."""

    provider: LoopbackProvider
    our_error_s: float = 0.0
    passed_s: float = 0.0
    after_page: Callable[[], object] = lambda: None
    pages: int = 0
    watched_s: float = 0.0
    """What the clock that nobody sets shows."""
    patience: Patience = QUICK

    def now(self) -> datetime:
        """Tell the time by our clock."""
        return datetime.now(UTC) + timedelta(seconds=self.passed_s + self.our_error_s)

    def let_pass(self, seconds: float) -> None:
        """Let time pass, for us and for the provider."""
        self.provider.advance(seconds)
        self.passed_s += seconds

    def run(self, number: int, **changes: object) -> str:
        """A run of the very input that the attempt with this seed sends; gives its reference."""
        inputs = json.loads(json.dumps(dict(CARD.inputs(brief(number))) | changes))
        return str(self.provider.create_elsewhere(SCHNELL, inputs, source="api")["id"])

    def lost(self, seed: int = 7, **changes: object) -> LostBuild:
        """An attempt that was held now, by our clock, and whose answer is lost at once."""
        request = ReplicateGenerator(CARD, BusyWire(self.provider, self.after_page)).request(
            brief(seed)
        )
        held_at = self.now()
        attempt = LostBuild(
            f"attempt-{seed}",
            brief(seed),
            json.loads(json.dumps(request)),
            None,
            held_at,
            held_at + timedelta(milliseconds=1),
        )
        return dataclasses.replace(attempt, **changes)  # type: ignore[arg-type]

    def find(
        self, *lost: LostBuild, known: frozenset[str] = frozenset(), looks_s: tuple[float, ...] = ()
    ) -> list[Mapping[str, Finding]]:
        """Look once, and again after each of these many seconds, in one process."""

        async def no_sleep(_: float) -> None:
            await asyncio.sleep(0)

        async def run() -> list[Mapping[str, Finding]]:
            wire = BusyWire(self.provider, self.after_page)
            clocks = Clocks(monotonic=lambda: self.watched_s, sleep=no_sleep, now=self.now)
            generator = ReplicateGenerator(CARD, wire, patience=self.patience, clocks=clocks)
            try:
                found = [await generator.find(lost, known)]
                for pause_s in looks_s:
                    self.watched_s += pause_s
                    found.append(await generator.find(lost, known))
            finally:
                await generator.aclose()
            self.pages = wire.pages
            return found

        return asyncio.run(run())

    def find_one(self, lost: LostBuild, known: frozenset[str] = frozenset()) -> Finding:
        """Look one attempt up once."""
        (found,) = self.find(lost, known=known)
        return found[lost.attempt_id]


@pytest.fixture
def bench() -> Iterator[Bench]:
    with LoopbackProvider(predict_time_s=(3.0, 5.0)) as provider:
        yield Bench(provider)


def is_run(finding: Finding, ref: str) -> bool:
    """Whether an attempt was given this run, with its bytes and its cost."""
    return isinstance(finding, Built) and finding.provider_ref == ref and bool(finding.usage)


def refs_named(finding: Finding, *refs: str) -> bool:
    return isinstance(finding, Undecided) and all(ref in finding.reason for ref in refs)


# Pages.


def test_a_run_is_found_on_the_last_of_several_pages(bench: Bench) -> None:
    bench.provider.configure(page_size=3)
    attempts = [bench.lost(seed) for seed in (1, 2)]
    own = [bench.run(seed) for seed in (1, 2)]
    for seed in range(100, 108):
        bench.run(seed)
    (found,) = bench.find(*attempts)
    assert bench.pages == 4
    assert [is_run(found[a.attempt_id], ref) for a, ref in zip(attempts, own, strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize("offset", [False, True], ids=["by cursor", "by offset"])
def test_runs_that_arrive_between_pages_hide_nothing_and_double_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture, *, offset: bool
) -> None:
    bench.provider.configure(page_size=2, page_by_offset=offset)
    attempt = bench.lost(7)
    # In the middle: what is there slides from the second page to the third while they are read.
    own = [bench.run(seed) for seed in (100, 101, 102, 7, 103, 104)][3]
    arriving = iter(range(200, 204))

    def arrive() -> None:
        if (seed := next(arriving, None)) is not None:
            bench.run(seed)

    bench.after_page = arrive
    assert is_run(bench.find_one(attempt), own)
    # By offset, everything slides on by one run per page, and takes more pages to see.
    assert bench.pages == (5 if offset else 3)
    assert "also has run" not in caplog.text


def test_nothing_is_absent_only_because_the_list_went_on_to_another_page(bench: Bench) -> None:
    bench.provider.configure(page_size=1)
    attempts = [bench.lost(seed) for seed in (1, 2, 3)]
    bench.run(2)
    (found,) = bench.find(*attempts)
    assert [type(found[attempt.attempt_id]) for attempt in attempts] == [Absent, Built, Absent]


# Clocks.


@pytest.mark.parametrize("error_s", [FIVE_MINUTES_S, -FIVE_MINUTES_S], ids=["ahead", "behind"])
def test_a_clock_that_is_wrong_all_the_time_finds_its_run(bench: Bench, error_s: float) -> None:
    bench.our_error_s = error_s
    attempt = bench.lost()
    own = bench.run(7)
    assert is_run(bench.find_one(attempt), own)


@pytest.mark.parametrize("error_s", [FIVE_MINUTES_S, -FIVE_MINUTES_S], ids=["ahead", "behind"])
def test_a_clock_that_was_wrong_when_the_hold_was_written_finds_its_run(
    bench: Bench, error_s: float
) -> None:
    bench.our_error_s = error_s
    attempt = bench.lost()
    own = bench.run(7)
    bench.our_error_s = 0
    bench.let_pass(2 * FIVE_MINUTES_S)
    assert is_run(bench.find_one(attempt), own)


def test_a_clock_that_is_wrong_by_more_than_the_window_finds_its_run_by_the_providers_date(
    bench: Bench,
) -> None:
    bench.our_error_s = 2 * HOUR_S
    attempt = bench.lost()
    own = bench.run(7)
    assert is_run(bench.find_one(attempt), own)
    # Once without the widening, to learn how wrong the clock is, and once with it.
    assert bench.pages == 2


def test_a_clock_that_was_set_back_by_hours_finds_its_run(bench: Bench) -> None:
    bench.our_error_s = 5 * HOUR_S
    held = bench.lost()
    own = bench.run(7)
    bench.our_error_s = 0
    # The process died; the next one, after the clock was set right, marked it as lost.
    attempt = dataclasses.replace(held, lost_at=bench.now())
    assert is_run(bench.find_one(attempt), own)


@pytest.mark.parametrize("error_s", [FIVE_MINUTES_S, -FIVE_MINUTES_S], ids=["ahead", "behind"])
def test_while_clocks_differ_nothing_is_absent_before_this_process_has_watched_as_long(
    bench: Bench, error_s: float
) -> None:
    bench.patience = dataclasses.replace(QUICK, absent_after_s=60)
    bench.our_error_s = error_s
    long_ago = bench.now() - timedelta(minutes=10)
    attempt = bench.lost(held_at=long_ago, lost_at=long_ago)
    looks = [found["attempt-7"] for found in bench.find(attempt, looks_s=(30, 29, 1))]
    assert [type(look) for look in looks] == [Undecided, Undecided, Undecided, Absent]
    first = looks[0]
    assert isinstance(first, Undecided)
    # The date has whole seconds, so a second or two are forgiven.
    assert ("ahead of" if error_s > 0 else "behind") in first.reason
    assert any(f" {seconds} s" in first.reason for seconds in (297, 298, 299, 300))


def test_who_wrote_when_it_was_lost_may_have_had_a_wrong_clock_even_where_ours_is_right(
    bench: Bench,
) -> None:
    bench.patience = dataclasses.replace(QUICK, absent_after_s=60)
    long_ago = bench.now() - timedelta(minutes=10)
    attempt = bench.lost(held_at=long_ago, lost_at=long_ago)
    looks = [found["attempt-7"] for found in bench.find(attempt, looks_s=(59, 1))]
    assert [type(look) for look in looks] == [Undecided, Undecided, Absent]
    first = looks[0]
    assert isinstance(first, Undecided)
    assert "when this run has watched it for 60 s" in first.reason


def test_a_run_that_shows_while_it_is_watched_is_found_and_not_absent(bench: Bench) -> None:
    bench.patience = dataclasses.replace(QUICK, absent_after_s=60)
    bench.our_error_s = FIVE_MINUTES_S
    long_ago = bench.now() - timedelta(minutes=2)
    attempt = bench.lost(held_at=long_ago, lost_at=long_ago)
    pages = iter(range(1, 100))

    def show_late() -> None:
        # Two pages for the first look, which learns how wrong the clock is, and one for the second.
        if next(pages) == 3:
            bench.run(7)

    bench.after_page = show_late
    looks = [found["attempt-7"] for found in bench.find(attempt, looks_s=(30, 30))]
    assert [type(look) for look in looks] == [Undecided, Undecided, Built]


def test_clocks_that_are_days_apart_decide_nothing(bench: Bench) -> None:
    bench.our_error_s = 3 * 24 * HOUR_S
    looks = bench.find(bench.lost(), looks_s=(10_000,))
    last = looks[-1]["attempt-7"]
    assert isinstance(last, Undecided)
    assert "set it right" in last.reason


# Inputs that are gone.


def test_our_own_settled_runs_block_nobody_when_their_inputs_are_gone(bench: Bench) -> None:
    attempt = bench.lost(7)
    own = frozenset(bench.run(seed) for seed in (1, 2, 3))
    bench.let_pass(2 * HOUR_S)
    assert isinstance(bench.find_one(attempt, known=own), Absent)


def test_runs_without_input_that_nobody_knows_are_named_and_stay_for_a_person(
    bench: Bench,
) -> None:
    attempt = bench.lost(7)
    ours, theirs = bench.run(7), bench.run(8, prompt="somebody else's")
    known = frozenset({bench.run(1)})
    bench.let_pass(2 * HOUR_S)
    finding = bench.find_one(attempt, known=known)
    assert refs_named(finding, ours, theirs)
    assert not refs_named(finding, *known)


def test_of_many_runs_without_input_the_first_are_named_and_the_others_counted(
    bench: Bench,
) -> None:
    attempt = bench.lost(7)
    refs = [bench.run(seed) for seed in range(20)]
    bench.let_pass(2 * HOUR_S)
    finding = bench.find_one(attempt)
    assert refs_named(finding, "20 of Replicate's runs", "and 15 more")
    assert isinstance(finding, Undecided)
    assert sum(ref in finding.reason for ref in refs) == 5


def test_a_run_without_input_blocks_also_where_the_clock_was_ahead(bench: Bench) -> None:
    bench.our_error_s = FIVE_MINUTES_S
    attempt = bench.lost(7)
    own = bench.run(7)
    bench.our_error_s = 0
    bench.let_pass(2 * HOUR_S)
    assert refs_named(bench.find_one(attempt), own)


def test_a_run_without_input_is_read_where_its_reference_is_known(bench: Bench) -> None:
    own = bench.run(7)
    attempt = bench.lost(7, provider_ref=own)
    bench.let_pass(2 * HOUR_S)
    finding = bench.find_one(attempt, known=frozenset({own}))
    assert isinstance(finding, BuildFailed)
    assert (finding.retryable, finding.provider_ref) == (True, own)
    assert finding.usage, "it is charged, although its output is gone"


def test_a_run_that_has_not_ended_is_undecided_by_name(bench: Bench) -> None:
    bench.provider.configure(latency_s=(600.0, 600.0))
    attempt = bench.lost(7)
    own = bench.run(7)
    finding = bench.find_one(attempt)
    assert isinstance(finding, Undecided)
    # So that it can still be read when its input is gone.
    assert finding.provider_ref == own


# Others on the same account.


def test_the_same_prompt_without_our_seed_is_somebody_elses(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    attempt = bench.lost(7)
    bench.run(7, seed=8)
    inputs = {key: value for key, value in CARD.inputs(brief(7)).items() if key != "seed"}
    bench.provider.create_elsewhere(SCHNELL, inputs, source="api")
    assert isinstance(bench.find_one(attempt), Absent)
    assert "also has run" not in caplog.text


def test_a_copy_from_before_our_hold_and_one_from_after_our_run_are_told_apart_and_named(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    before = bench.run(7)
    bench.let_pass(60)
    attempt = bench.lost(7)
    own, after = bench.run(7), bench.run(7)
    assert is_run(bench.find_one(attempt), own)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 2
    for copy in (before, after):
        assert any(f"also has run {copy}" in error for error in errors)
    assert all("attempt-7" in error and own in error for error in errors)


def test_a_copy_from_long_before_our_hold_is_nobodys_lost_run_of_ours(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    older = bench.lost(1, held_at=bench.now() - timedelta(seconds=1))
    copy = bench.run(7)
    bench.let_pass(1200)
    attempt = bench.lost(7)
    # The older attempt is why the list is read so far back.
    (found,) = bench.find(older, attempt)
    assert found == {"attempt-1": Absent(), "attempt-7": Absent()}
    assert f"also has run {copy}" in caplog.text


def test_a_run_from_shortly_before_our_hold_is_ours_when_there_is_no_other(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    # A clock that was ahead when the hold was written, and is right by now, looks just like this.
    own = bench.run(7)
    bench.let_pass(FIVE_MINUTES_S)
    assert is_run(bench.find_one(bench.lost(7)), own)
    assert "created before its hold" in caplog.text


def test_of_two_runs_from_after_our_hold_the_earlier_is_ours_and_the_twin_is_named_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    attempt = bench.lost(7)
    own, twin = bench.run(7), bench.run(7)
    found = bench.find(attempt, looks_s=(1, 1))
    assert [is_run(look["attempt-7"], own) for look in found] == [True] * 3
    assert caplog.text.count(f"also has run {twin}") == 1


def test_a_run_of_another_attempt_in_the_books_is_adopted_by_no_other(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    # Two of many jobs with one prompt can share a seed, and so the exact input.
    attempt = bench.lost(7)
    others = bench.run(7)
    known = frozenset({others})
    assert isinstance(bench.find_one(attempt, known=known), Absent)
    own = bench.run(7)
    assert is_run(bench.find_one(attempt, known=known), own)
    assert "also has run" not in caplog.text


# What was found, and its output.


def test_the_output_of_a_found_run_is_fetched_where_it_still_exists(bench: Bench) -> None:
    attempt = bench.lost(7)
    own = bench.run(7)
    finding = bench.find_one(attempt)
    assert is_run(finding, own)
    assert isinstance(finding, Built)
    assert finding.data.startswith(b"\x89PNG")
    assert len(bench.provider.fetches()) == 1


def test_a_found_run_whose_output_is_gone_is_charged_and_can_be_tried_again(bench: Bench) -> None:
    bench.provider.add_faults(Fault("output_gone"))
    attempt = bench.lost(7)
    own = posted(bench, 7)
    finding = bench.find_one(attempt)
    assert isinstance(finding, BuildFailed)
    assert (finding.retryable, finding.provider_ref) == (True, own)
    (line,) = (line for line in bench.provider.bill() if line.prediction_id == own)
    assert sum(used.amount_usd for used in finding.usage) == line.amount


def posted(bench: Bench, seed: int) -> str:
    """Send an attempt and lose the answer; faults are drawn for requests and not for others' runs."""

    async def send() -> None:
        wire = BusyWire(bench.provider, bench.after_page)
        generator = ReplicateGenerator(CARD, wire)

        async def no_note(_: str) -> None:
            return None

        try:
            await generator.build("attempt-7", brief(seed), no_note)
        finally:
            await generator.aclose()

    asyncio.run(send())
    return bench.provider.predictions()[-1].id


def test_what_another_token_sent_is_never_called_absent(bench: Bench) -> None:
    """Another token may be another account's: what its record lacks is no proof."""
    attempt = bench.lost()
    elsewhere = dataclasses.replace(attempt, request={**attempt.request, "token_mark": "0a1b2c3d"})
    finding = bench.find_one(elsewhere)
    assert isinstance(finding, Undecided)
    assert "another REPLICATE_API_TOKEN" in finding.reason
    assert isinstance(bench.find_one(attempt), Absent)


def test_a_run_that_is_there_is_found_whichever_token_sent_it(bench: Bench) -> None:
    attempt = bench.lost()
    own = bench.run(7)
    bench.let_pass(10)
    rotated = dataclasses.replace(attempt, request={**attempt.request, "token_mark": "0a1b2c3d"})
    assert is_run(bench.find_one(rotated), own)


def test_a_token_leaves_a_mark_that_says_nothing_of_it(bench: Bench) -> None:
    mark = str(bench.lost().request["token_mark"])
    assert len(mark) == 8
    assert mark not in bench.provider.token
    assert bench.provider.token not in json.dumps(dict(bench.lost().request))
