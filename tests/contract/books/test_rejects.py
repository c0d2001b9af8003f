"""What became of the money: every charge is under exactly one end, and the ends add up."""

from __future__ import annotations

from books_parts import (
    CENT,
    admit,
    an_order,
    approve,
    built,
    failed,
    inspect,
    move,
    plan,
    review,
    settle,
    sound,
    through,
    unknown,
    usd_line,
    verdict,
)

from ledger import (
    Books,
    Inspection,
    JobMove,
    JobState,
    MendKind,
    MendRecord,
    SpendRow,
)


def _spent(books: Books, order_id: str | None = None) -> dict[str, tuple[int, int]]:
    """Give attempts and cents by end, after checking that nothing is missing or there twice."""
    rows = books.spend(order_id)
    assert [row.key for row in rows] == sorted({row.key for row in rows})
    if order_id is None:
        assert sum(row.charged_nano for row in rows) == books.totals().charged_nano
        sound(books)
    return {row.key: (row.attempts, row.charged_nano // CENT) for row in rows}


def _built(books: Books, job_id: str, cents: int = 3, number: int = 1) -> None:
    settle(books, built(admit(books, job_id, number=number), usd_line(f"0.0{cents}")))


def _fail(books: Books, job_id: str, *rules: str, number: int = 1) -> None:
    inspect(
        books,
        job_id,
        verdict("intact"),
        *(verdict(rule, passed=False) for rule in rules),
        number=number,
    )


def test_an_attempt_counts_under_the_first_rule_that_blocked_its_file(books: Books) -> None:
    one, two, three = plan(books, an_order())
    _built(books, one, 2)
    _fail(books, one, "noise", "borders")
    _built(books, one, 1, number=2)
    _fail(books, one, "borders", number=2)
    through(books, two, usd_line("0.03"))
    _built(books, three, 4)
    assert _spent(books) == {
        "borders": (1, 1),
        "in progress": (1, 4),
        "noise": (1, 2),
        "released": (1, 3),
    }


def test_what_gave_no_file_and_what_is_open_are_told_apart(books: Books) -> None:
    one, two, three = plan(books, an_order())
    settle(books, failed(admit(books, one), usd_line("0.03")))
    settle(books, failed(admit(books, one, number=2), counts=False))
    admit(books, two)
    settle(books, unknown(admit(books, three)))
    assert _spent(books) == {"failed at the provider": (1, 3), "in progress": (2, 0)}


def test_a_try_for_which_nothing_was_created_is_no_row(books: Books) -> None:
    one, *_ = plan(books, an_order())
    settle(books, failed(admit(books, one), counts=False))
    assert books.spend() == []


def test_what_a_person_sends_back_counts_under_review_and_what_they_keep_as_released(
    books: Books,
) -> None:
    one, two, three = plan(books, an_order())
    for job_id in (one, two, three):
        _built(books, job_id)
        inspect(books, job_id)
        move(books, JobMove(job_id, JobState.ACCEPTED, JobState.IN_REVIEW))
    review(books, one, "the handle is missing")
    review(books, two)
    assert _spent(books) == {"in progress": (2, 6), "review": (1, 3)}


def test_a_file_that_was_lost_is_under_no_rule(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    _built(books, one)
    move(books, JobMove(one, JobState.BUILT, JobState.PLANNED, "its staged file was lost"))
    _built(books, two, 2)
    inspect(books, two)
    approve(books, two)
    move(books, JobMove(two, JobState.APPROVED, JobState.PLANNED, "its staged file was lost"))
    assert _spent(books) == {"lost before it was judged": (1, 3), "passed, not released": (1, 2)}


def test_what_was_broken_before_a_mend_does_not_count(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    for job_id in (one, two):
        _built(books, job_id)
        mended = MendRecord(MendKind.RECROP, "12" * 32, "image/webp", 999, "bars were cut off")
        broken = (verdict("intact"), verdict("borders", passed=False))
        with books.transaction() as desk:
            desk.inspected(
                [Inspection(f"{job_id}/1", job_id, broken, JobState.BUILT, None, mend=mended)]
            )
    assert _spent(books) == {"in progress": (2, 6)}
    _fail(books, one, "noise")
    inspect(books, two)
    assert _spent(books) == {"in progress": (1, 3), "noise": (1, 3)}


def test_one_order_is_told_by_itself_and_overruns_count(books: Books) -> None:
    mug, *_ = plan(books, an_order("mugs@a"))
    lamp, *_ = plan(books, an_order("lamps@a"))
    settle(books, built(admit(books, mug, 2 * CENT), usd_line("0.05")))
    _fail(books, mug, "noise")
    _built(books, lamp)
    _fail(books, lamp, "exposure")
    assert _spent(books, "mugs@a") == {"noise": (1, 5)}
    assert _spent(books, "lamps@a") == {"exposure": (1, 3)}
    assert _spent(books) == {"exposure": (1, 3), "noise": (1, 5)}
    assert _spent(books, "nobody@a") == {}


def test_rejects_are_what_will_never_be_released() -> None:
    rejects = [
        key
        for key in ("noise", "released", "review", "in progress", "failed at the provider")
        if SpendRow(key, 1, CENT).is_reject
    ]
    assert rejects == ["noise", "review", "failed at the provider"]
