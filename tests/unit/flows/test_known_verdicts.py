"""Nothing is judged twice: what is known is taken over, in the order of asking, and no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import combinations
from typing import cast

import pytest
from unit.validators.sample_pictures import photo_file

from flows.bookkeeping import Bookkeeper
from flows.known_verdicts import (
    KEPT_MAX,
    Known,
    KnownVerdicts,
    merged,
    to_ask,
    verdict_of,
    verdict_record,
)
from ledger import VerdictRecord
from validators import Criterion, Verdict, inspect, parse_done

DONE: list[object] = [
    {"not_blank": {}},
    {"dimensions": {"width": 96, "height": 64}},
    {"format": {"is": "webp"}},
    {"file_size": {"max_kb": 1, "severity": "warn"}},
    {"aspect_ratio": {"ratio": "1:1"}},
]
"""Of a PNG of 96 by 64 pixels, the third and the last block, and the fourth only warns."""

PNG = photo_file("png")


def criteria(done: Sequence[object] = DONE) -> tuple[Criterion, ...]:
    read = parse_done(done)
    assert isinstance(read, tuple)
    return read


def known_of(verdicts: Collection[Verdict]) -> Known:
    """What the books would tell: through their own form and back."""
    known = Known()
    known.learn(verdict_of(verdict_record(verdict)) for verdict in verdicts)
    return known


def plain(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [replace(verdict, marks=()) for verdict in verdicts]


def answer(
    rules: Sequence[Criterion], known: Known, *, report_all: bool, media_type: str = "image/png"
) -> tuple[list[Verdict], list[str]]:
    """The verdicts on the picture, and the names of the criteria that had to be asked."""
    asked = to_ask(rules, known.findings, media_type=media_type, report_all=report_all)
    judged: tuple[Verdict, ...] = ()
    if asked.opens:
        judged = inspect(
            PNG, asked.unknown, claimed_media_type=media_type, report_all=asked.report_all
        )
    names = [one.name for one in asked.unknown]
    return plain(merged(asked, known.findings, judged)), names


@pytest.mark.parametrize("report_all", [True, False])
def test_whatever_is_known_the_verdicts_are_those_of_a_first_inspection(report_all: bool) -> None:
    rules = criteria()
    whole = inspect(PNG, rules)
    first = plain(inspect(PNG, rules, report_all=report_all))
    for count in range(len(whole) + 1):
        for some in combinations(whole, count):
            found, asked = answer(rules, known_of(some), report_all=report_all)
            assert found == first
            assert not {one.criterion for one in some} & set(asked)


def test_a_file_of_which_everything_is_known_is_not_opened() -> None:
    rules = criteria()
    known = known_of(inspect(PNG, rules))
    for report_all in (True, False):
        asked = to_ask(rules, known.findings, media_type="image/png", report_all=report_all)
        assert (asked.opens, asked.unknown) == (False, ())


def test_after_a_known_rule_that_blocks_nothing_is_asked_unless_all_is_wanted() -> None:
    rules = criteria()
    known = known_of([one for one in inspect(PNG, rules) if one.criterion in {"intact", "format"}])
    asked = to_ask(rules, known.findings, media_type="image/png", report_all=False)
    assert [one.name for one in asked.unknown] == ["dimensions"]
    asked = to_ask(rules, known.findings, media_type="image/png", report_all=True)
    assert {one.name for one in asked.unknown} == {
        "not_blank",
        "dimensions",
        "file_size",
        "aspect_ratio",
    }


def test_a_verdict_is_taken_over_with_the_severity_that_it_has_here() -> None:
    warned = criteria([{"format": {"is": "webp", "severity": "warn"}}])
    blocking = criteria([{"format": {"is": "webp"}}])
    known = known_of(inspect(PNG, warned))
    found, asked = answer(blocking, known, report_all=True)
    assert asked == []
    assert [(one.severity, one.blocks) for one in found] == [("block", False), ("block", True)]
    assert "severity" not in found[1].parameters
    found, _ = answer(warned, known_of(inspect(PNG, blocking)), report_all=False)
    assert (found[1].severity, found[1].parameters["severity"]) == ("warn", "warn")


def test_other_parameters_and_another_version_are_other_rules() -> None:
    rules = criteria([{"format": {"is": "webp"}}])
    verdicts = inspect(PNG, criteria([{"format": {"is": "png"}}]))
    assert answer(rules, known_of(verdicts), report_all=True)[1] == ["format"]
    older = [replace(one, version=one.version + 1) for one in inspect(PNG, rules)]
    assert answer(rules, known_of(older), report_all=True)[1] == ["format"]


@pytest.mark.parametrize("flaw", ["crashed", "too_slow", "too_much_memory", "other_format"])
def test_what_is_no_fault_of_the_bytes_is_never_taken_over(flaw: str) -> None:
    intact = inspect(PNG, ())[0]
    broken = replace(intact, passed=False, measured={"flaw": flaw, "detail": ""}, reason="it broke")
    assert known_of([broken]).findings == {}
    damaged = replace(broken, measured={"flaw": "damaged", "detail": "MemoryError: none left"})
    assert known_of([damaged]).findings == {}


def test_a_broken_file_is_known_to_be_broken_and_one_that_is_called_otherwise_is_opened() -> None:
    data = PNG[: len(PNG) // 2]
    known = known_of(inspect(data, ()))
    asked = to_ask(criteria(), known.findings, media_type="image/png", report_all=True)
    assert not asked.opens
    (only,) = merged(asked, known.findings, ())
    assert (only.passed, only.measured["flaw"]) == (False, "truncated")
    known = known_of(inspect(PNG, criteria()))
    for media_type in ("image/webp", None, "application/octet-stream"):
        assert to_ask(criteria(), known.findings, media_type=media_type, report_all=True).opens


def test_a_rule_that_depends_on_the_books_is_asked_again() -> None:
    against = criteria([{"not_seen_before": {}}])
    alone = criteria([{"not_seen_before": {"against": []}}])
    known = known_of([*inspect(PNG, against), *inspect(PNG, alone)])
    assert answer(against, known, report_all=True)[1] == ["not_seen_before"]
    assert answer(alone, known, report_all=True)[1] == []


def test_an_inspector_that_leaves_a_rule_out_lets_nothing_pass() -> None:
    rules = criteria([{"dimensions": {"width": 96}}, {"not_blank": {}}])
    asked = to_ask(rules, {}, media_type="image/png", report_all=True)
    with pytest.raises(AssertionError, match="said nothing of not_blank"):
        merged(asked, {}, inspect(PNG, rules[:1]))


class CountingKeeper:
    """Stands where a run's bookkeeper does: counts the questions, and knows of one digest."""

    def __init__(self, records: tuple[VerdictRecord, ...]) -> None:
        self.asked: list[list[str]] = []
        self._records = records

    async def run(self, work: object) -> dict[str, tuple[VerdictRecord, ...]]:
        """Do something with the books."""
        assert callable(work)
        found: dict[str, tuple[VerdictRecord, ...]] = work(self)
        return found

    def known_verdicts(self, digests: Collection[str]) -> dict[str, tuple[VerdictRecord, ...]]:
        """Tell what is known."""
        self.asked.append(list(digests))
        return {"aa": self._records} if "aa" in digests else {}


def test_the_books_are_asked_once_for_many_files_and_not_again_for_the_same() -> None:
    async def ask() -> None:
        keeper = CountingKeeper(tuple(map(verdict_record, inspect(PNG, criteria()))))
        known = KnownVerdicts(cast("Bookkeeper", keeper))
        found = await known.of(["aa", "bb", "aa"])
        assert (len(found["aa"].findings), len(found["bb"].findings)) == (6, 0)
        again = await known.of(["bb", "aa"])
        assert again["bb"] is found["bb"]
        assert keeper.asked == [["aa", "bb"]]
        many = [f"file {number}" for number in range(KEPT_MAX)]
        assert len(await known.of(many)) == KEPT_MAX
        assert await known.of(["aa"])
        assert keeper.asked[2] == ["aa"]

    asyncio.run(ask())


class SlowKeeper(CountingKeeper):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__(())
        self.answers = asyncio.Event()

    async def run(self, work: object) -> dict[str, tuple[VerdictRecord, ...]]:
        """Do something with the books, later."""
        await self.answers.wait()
        return await super().run(work)


def test_what_is_pushed_out_while_the_books_are_asked_is_still_given() -> None:
    async def ask() -> None:
        keeper = SlowKeeper()
        known = KnownVerdicts(cast("Bookkeeper", keeper))
        keeper.answers.set()
        first = (await known.of(["aa"]))["aa"]
        keeper.answers.clear()
        crowd = asyncio.create_task(known.of(f"file {number}" for number in range(KEPT_MAX)))
        both = asyncio.create_task(known.of(["aa", "bb"]))
        await asyncio.sleep(0)
        keeper.answers.set()
        await crowd
        assert (await both)["aa"] is first
        assert (await known.of(["aa"]))["aa"] is first

    asyncio.run(ask())
