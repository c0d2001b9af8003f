"""Near duplicates against real books: which picture stays, what is told, what is looked at again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from books_parts import SteppingClock, an_order, approve, move, plan, release, verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_hashes import MIRRORED, ONE, OTHER, build, judge, measured, near, put_out

from flows.bookkeeping import Bookkeeper
from flows.sameness import LATE_S, FilesTogether, ReleasedPictures, Sameness, phash_of
from ledger import Books, Inspection, JobMove, JobState
from validators import Fingerprint, JSONValue, NotSeenBefore, Verdict

RULE = NotSeenBefore()
MUGS = an_order()
PLATES = an_order("plates@2026")
BLURRED = Verdict("sharp", 1, {}, passed=False, measured={}, reason="It is blurred.")


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=SteppingClock())
    yield opened
    opened.close()


async def ask(
    keeper: Bookkeeper,
    sameness: Sameness,
    job_id: str,
    hash_: int,
    *,
    rule: NotSeenBefore = RULE,
    mirrored: int = MIRRORED,
    blocked: bool = False,
) -> Verdict:
    """Ask about a built job's picture; gives the verdict of `not_seen_before`."""
    (view,) = await keeper.jobs([job_id])
    others = [BLURRED] if blocked else []
    (*_, found) = await sameness.compared(view, [rule], [*others, measured(rule, hash_, mirrored)])
    return found


def asked(
    books: Books, questions: Sequence[tuple[str, int]], rule: NotSeenBefore = RULE
) -> list[Verdict]:
    """Ask about pictures one after the other, as a run of the order `mugs` that has just begun."""

    async def work() -> list[Verdict]:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            return [await ask(keeper, sameness, *one, rule=rule) for one in questions]

    return asyncio.run(work())


def test_of_near_duplicates_that_are_judged_at_the_same_moment_one_passes(books: Books) -> None:
    jobs = plan(books, an_order(jobs=20))
    for job_id in jobs:
        build(books, job_id)

    async def one_job(keeper: Bookkeeper, sameness: Sameness, job_id: str, hash_: int) -> Verdict:
        found = await ask(keeper, sameness, job_id, hash_)
        state = JobState.ACCEPTED if found.passed else JobState.REJECTED
        record = verdict(RULE.name, passed=found.passed)
        phash = phash_of([found])
        await keeper.inspected(
            Inspection(f"{job_id}/1", job_id, (record,), state, None, phash=phash)
        )
        return found

    async def work() -> list[Verdict]:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            return await asyncio.gather(
                *(
                    one_job(keeper, sameness, job_id, near(ONE, position % 4))
                    for position, job_id in enumerate(jobs)
                )
            )

    found = asyncio.run(work())
    assert [one.passed for one in found] == [True] + [False] * 19
    assert {one.measured["nearest"] for one in found[1:]} == {"mug-0000"}
    (kept,) = books.passed_pictures(MUGS.order_id)
    assert kept.job_id == jobs[0]
    assert books.job_counts(MUGS.order_id)[JobState.REJECTED] == 19


def test_the_verdict_says_of_which_picture_how_near_and_what_could_help(books: Books) -> None:
    one, two, three = plan(books, MUGS)
    for job_id in (one, two, three):
        build(books, job_id)
    first, again, far = asked(books, [(one, ONE), (two, near(ONE)), (three, OTHER)])
    assert first.passed
    assert "nearest" not in first.measured
    assert (again.passed, again.severity) == (False, "block")
    assert again.reason == "The picture is nearly the same as mug-0000 (3 of 64 bits differ)."
    assert again.remedy is not None
    assert again.remedy.kind == "new_seed"
    assert again.measured["mirrored"] is False
    assert far.passed
    assert far.measured["nearest"] == "mug-0000"
    assert int(str(far.measured["distance_bits"])) > 12


def test_a_mirrored_copy_is_found_and_called_one(books: Books) -> None:
    one, two, _ = plan(books, MUGS)
    put_out(books, one, near(MIRRORED, 2))
    build(books, two)
    (found,) = asked(books, [(two, ONE)])
    assert found.reason == (
        "The picture is nearly the mirror image of mug-0000 (2 of 64 bits differ)."
    )
    assert found.measured["mirrored"] is True


def test_what_was_accepted_before_a_run_was_killed_is_known_to_the_next(books: Books) -> None:
    one, two, three = plan(books, MUGS)
    for job_id in (one, two, three):
        build(books, job_id)
    judge(books, one, ONE)
    (found,) = asked(books, [(two, near(ONE))])
    assert (found.passed, found.measured["nearest"]) == (False, "mug-0000")
    approve(books, one)
    release(books, one)
    (found,) = asked(books, [(three, near(ONE))])
    assert (found.passed, found.measured["nearest"]) == (False, "mug-0000")


def test_a_run_killed_before_a_picture_was_accepted_leaves_room_for_it(books: Books) -> None:
    one, two, _ = plan(books, MUGS)
    for job_id in (one, two):
        build(books, job_id)
    first, second = asked(books, [(one, ONE), (two, ONE)])
    assert (first.passed, second.passed) == (True, False)
    judge(books, two, ONE, JobState.REJECTED)
    (again,) = asked(books, [(one, ONE)])
    assert again.passed


def test_a_job_is_no_duplicate_of_itself_or_of_what_it_was_before(books: Books) -> None:
    one, *_ = plan(books, MUGS)
    build(books, one)

    async def work() -> None:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            assert (await ask(keeper, sameness, one, ONE)).passed
            assert (await ask(keeper, sameness, one, ONE)).passed
            judge(books, one, ONE)
            move(books, JobMove(one, JobState.ACCEPTED, JobState.PLANNED, "its file was lost"))
            build(books, one, number=2)
            assert (await ask(keeper, sameness, one, near(ONE))).passed

    asyncio.run(work())


def test_a_picture_that_a_person_rejected_meanwhile_stands_in_nobodys_way(books: Books) -> None:
    one, two, _ = plan(books, MUGS)
    for job_id in (one, two):
        build(books, job_id)

    async def work() -> None:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            assert (await ask(keeper, sameness, one, ONE)).passed
            judge(books, one, ONE)
            move(books, JobMove(one, JobState.ACCEPTED, JobState.IN_REVIEW, "sampled"))
            assert not (await ask(keeper, sameness, two, ONE)).passed
            move(books, JobMove(one, JobState.IN_REVIEW, JobState.REJECTED, "no", by="someone"))
            assert (await ask(keeper, sameness, two, ONE)).passed

    asyncio.run(work())


def test_a_picture_that_something_else_refuses_is_not_kept(books: Books) -> None:
    one, two, _ = plan(books, MUGS)
    for job_id in (one, two):
        build(books, job_id)

    async def work() -> None:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            assert (await ask(keeper, sameness, one, ONE, blocked=True)).passed
            assert (await ask(keeper, sameness, two, ONE)).passed

    asyncio.run(work())


def test_pictures_of_other_orders_are_known_once_they_are_released(books: Books) -> None:
    plates = plan(books, PLATES)
    one, *_ = plan(books, MUGS)
    build(books, one)
    build(books, plates[0])
    judge(books, plates[0], ONE)

    async def work() -> list[Verdict]:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            found = [await ask(keeper, sameness, one, ONE)]
            approve(books, plates[0])
            release(books, plates[0])
            put_out(books, plates[1], OTHER)
            found.append(await ask(keeper, sameness, one, near(ONE, 5)))
            only_own = NotSeenBefore(against=("order",))
            found.append(await ask(keeper, sameness, one, ONE, rule=only_own))
            return found

    before, after, own = asyncio.run(work())
    assert before.passed
    assert after.reason == (
        "The picture is nearly the same as plates@2026#mug-0000 (5 of 64 bits differ)."
    )
    assert own.passed
    assert "nearest" not in own.measured


def test_a_rule_that_only_warns_lets_the_copy_pass_and_says_so(books: Books) -> None:
    one, two, three = plan(books, MUGS)
    for job_id in (one, two, three):
        build(books, job_id)
    rule = NotSeenBefore(severity="warn", against=("order",))
    _, again, third = asked(books, [(one, ONE), (two, near(ONE, 6)), (three, near(ONE, 7))], rule)
    assert (again.passed, again.blocks, again.measured["nearest"]) == (False, False, "mug-0000")
    # The copy goes on, so it is known as well.
    assert (third.measured["nearest"], third.measured["distance_bits"]) == ("mug-0001", 1)


def test_what_is_forbidden_has_the_last_word_where_it_is_nearer(books: Books) -> None:
    one, two, _ = plan(books, MUGS)
    put_out(books, one, near(ONE, 20))
    build(books, two)
    (view,) = books.jobs([two])
    given = measured(RULE, ONE)
    nearer: dict[str, JSONValue] = {
        "nearest": "licensed/beach.png",
        "distance_bits": 15,
        "mirrored": False,
    }

    async def work() -> tuple[Verdict, ...]:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            told = Verdict(
                given.criterion,
                given.version,
                given.parameters,
                passed=True,
                measured={**given.measured, **nearer},
                reason=None,
            )
            return await sameness.compared(view, [RULE], [told])

    (found,) = asyncio.run(work())
    assert found.measured["nearest"] == "licensed/beach.png"


def test_nothing_is_read_where_no_rule_asks_for_it(books: Books) -> None:
    one, *_ = plan(books, MUGS)
    build(books, one)
    rule = NotSeenBefore(against=())
    (found,) = asked(books, [(one, ONE)], rule)
    assert found == measured(rule, ONE)


def test_it_is_said_once_that_pictures_were_never_measured(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    plates = plan(books, PLATES)
    put_out(books, plates[0], None)
    one, two, _ = plan(books, MUGS)
    for job_id in (one, two):
        build(books, job_id)
    with caplog.at_level(logging.WARNING, "mintage.sameness"):
        asked(books, [(one, ONE), (two, OTHER)])
    (told,) = caplog.records
    assert told.getMessage() == (
        "Released pictures that were never measured, so that nothing is compared with them: 1. "
        "`mintage ledger fingerprints` measures them."
    )


class Writers:
    """Books to which released pictures come in whatever order their transactions end."""

    def __init__(self) -> None:
        self.numbers: set[int] = set()
        self.read = 0

    def released_pictures(self, after: int, limit: int) -> list[tuple[int, int]]:
        """As the books do."""
        found = sorted(number for number in self.numbers if number > after)[:limit]
        self.read += len(found)
        return [(number, number) for number in found]


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(range(1, 13)),
    lost=st.sets(st.integers(1, 12)),
    looks=st.lists(st.integers(1, 4), min_size=12, max_size=12),
)
def test_a_picture_whose_number_comes_late_is_taken_in_once(
    order: list[int], lost: set[int], looks: list[int]
) -> None:
    writers, known = Writers(), ReleasedPictures()
    source = iter([number for number in order if number not in lost])
    for count in looks:
        writers.numbers |= {number for _, number in zip(range(count), source, strict=False)}
        known.look(writers, 0.0)  # type: ignore[arg-type]
        assert len(known) == len(writers.numbers)


def test_a_number_that_never_comes_is_waited_for_only_so_long() -> None:
    writers, known = Writers(), ReleasedPictures()
    writers.numbers = {1, 2, 4, 5}
    known.look(writers, 0.0)  # type: ignore[arg-type]
    known.look(writers, LATE_S / 2)  # type: ignore[arg-type]
    assert writers.read == 4 + 2
    known.look(writers, LATE_S + 1)  # type: ignore[arg-type]
    known.look(writers, LATE_S + 2)  # type: ignore[arg-type]
    assert writers.read == 4 + 2 + 2
    assert len(known) == 4


def test_a_gap_of_long_ago_is_not_read_again_and_again() -> None:
    writers, known = Writers(), ReleasedPictures()
    writers.numbers = set(range(2, 60_001))
    known.look(writers, 0.0)  # type: ignore[arg-type]
    read = writers.read
    known.look(writers, 1.0)  # type: ignore[arg-type]
    assert len(known) == 59_999
    assert writers.read - read <= 1_000


def test_files_that_are_judged_together_are_compared_with_those_before_that_pass() -> None:
    together = FilesTogether()
    (*_, first) = together.compared("blurred.png", [RULE], [BLURRED, measured(RULE, ONE)])
    (second,) = together.compared("a.png", [RULE], [measured(RULE, ONE)])
    (third,) = together.compared("b.png", [RULE], [measured(RULE, near(ONE))])
    assert (first.passed, second.passed, third.passed) == (True, True, False)
    assert third.measured["nearest"] == "a.png"
    for one in (first, second, third):
        assert one.measured["not_asked"] == "order and released pictures in the books"
    alone = NotSeenBefore(against=("released",))
    (fourth,) = together.compared("c.png", [alone], [measured(alone, ONE)])
    assert fourth.passed
    assert fourth.measured["not_asked"] == "released pictures in the books"


def test_the_nearest_of_many_released_pictures_is_named(books: Books) -> None:
    plates = plan(books, an_order("plates@2026", jobs=12))
    for position, job_id in enumerate(plates):
        put_out(books, job_id, near(ONE, 12 - position))
    known = ReleasedPictures()
    known.look(books, 0.0)
    found = known.nearest(books, Fingerprint(f"{ONE:016x}", f"{MIRRORED:016x}"))
    assert found is not None
    assert (found[0].distance, found[1]) == (1, plates[-1])


def test_of_the_order_and_what_was_released_the_nearest_is_told(books: Books) -> None:
    plates = plan(books, PLATES)
    put_out(books, plates[2], near(ONE, 3))
    one, two, _ = plan(books, MUGS)
    put_out(books, one, near(ONE, 20))
    build(books, two)
    (found,) = asked(books, [(two, ONE)])
    assert (found.measured["nearest"], found.measured["distance_bits"]) == (plates[2], 3)


def test_what_a_job_was_before_stands_in_nobodys_way(books: Books) -> None:
    one, two, _ = plan(books, MUGS)
    for job_id in (one, two):
        build(books, job_id)

    async def work() -> None:
        async with Bookkeeper(books) as keeper:
            sameness = Sameness(keeper, MUGS.order_id)
            assert (await ask(keeper, sameness, one, ONE)).passed
            judge(books, one, ONE)
            move(books, JobMove(one, JobState.ACCEPTED, JobState.PLANNED, "its file was lost"))
            build(books, one, number=2)
            assert (await ask(keeper, sameness, two, ONE)).passed

    asyncio.run(work())


def test_only_a_number_that_was_waited_for_long_enough_is_given_up() -> None:
    writers, known = Writers(), ReleasedPictures()
    for now_s, numbers in (
        (0.0, {1, 3}),
        (LATE_S - 1, {5}),
        (LATE_S + 1, set()),
        (LATE_S + 2, {4}),
    ):
        writers.numbers |= numbers
        known.look(writers, now_s)  # type: ignore[arg-type]
    assert len(known) == 4
