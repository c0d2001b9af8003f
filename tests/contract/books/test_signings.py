"""Signed files: other bytes of the same picture, judged again, once, and never mended after that."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import psycopg
import pytest
from books_parts import (
    SHA256,
    SIGNED,
    accept,
    admit,
    an_order,
    approve,
    built,
    inspect,
    plan,
    release_record,
    run_sql,
    settle,
    sign,
    signing,
    sound,
    state_of,
    verdict,
)

from ledger import (
    Books,
    BrokenPromise,
    Inspection,
    JobState,
    MendKind,
    MendRecord,
    SpendRow,
    WrongState,
)

MENDED = "cd" * 32


@pytest.fixture
def built_job(books: Books) -> str:
    one, *_ = plan(books, an_order())
    settle(books, replace(built(admit(books, one)), came_sha256="99" * 32))
    return one


def mend(books: Books, job_id: str, of: str, to: str) -> None:
    record = MendRecord(MendKind.RECROP, to, "image/webp", 999, "borders: it is framed")
    found = (verdict("borders", passed=False),)
    asked = Inspection(f"{job_id}/1", job_id, found, JobState.BUILT, None, of, record)
    with books.transaction() as desk:
        desk.inspected([asked])


def test_mends_are_followed_by_one_signing_and_all_of_it_is_told(
    books: Books, built_job: str
) -> None:
    mend(books, built_job, SHA256, MENDED)
    (view,) = books.jobs([built_job])
    assert not view.signed
    sign(books, built_job, verdict(), verdict("file_size"), of=MENDED)
    (view,) = books.jobs([built_job])
    assert (view.state, view.sha256, view.byte_count) == (JobState.BUILT, SIGNED, 2_345)
    assert (view.signed, view.mend_count, view.attempts_used) == (True, 1, 1)
    assert books.verdicts(f"{built_job}/1") == ()
    sound(books)
    again = (verdict(), verdict("file_size"))
    inspect(books, built_job, *again)
    assert books.verdicts(f"{built_job}/1") == again
    approve(books, built_job)
    with (
        pytest.raises(BrokenPromise, match="cannot be released with abab"),
        books.transaction() as desk,
    ):
        desk.release([release_record(built_job)])
    with books.transaction() as desk:
        desk.release([release_record(built_job, SIGNED)])
    sound(books)
    (signed,) = books.signings([f"{built_job}/1"]).values()
    assert (signed.from_sha256, signed.to_sha256) == (MENDED, SIGNED)
    assert (signed.certificate_sha256, signed.rules_sha256) == ("ce" * 32, "ba" * 32)
    story = books.story(built_job)
    assert story is not None
    (attempt,) = story.attempts
    assert attempt.came_sha256 == books.came_sha256(f"{built_job}/1") == "99" * 32
    assert attempt.signing is not None
    assert (attempt.signing.signing, attempt.signing.verdicts) == (signed, again)
    assert attempt.verdicts == again
    (charge,) = books.charges()
    assert charge.asset_sha256 == SIGNED


def test_only_what_has_passed_is_signed_once_and_not_mended_after_that(
    books: Books, built_job: str
) -> None:
    with pytest.raises(BrokenPromise, match="cannot be signed: borders did not pass"):
        sign(books, built_job, verdict("borders", passed=False))
    with pytest.raises(WrongState, match="had to have cdcd"):
        sign(books, built_job, of=MENDED)
    asked = Inspection(
        f"{built_job}/1", built_job, (verdict(),), JobState.BUILT, None, signing=signing()
    )
    for wrong, why in (
        (replace(asked, verdicts=()), "without a verdict"),
        (replace(asked, job_state=JobState.ACCEPTED), "to accepted"),
        (replace(asked, signing=signing(1)), "itself is file 0"),
        (replace(asked, signing=signing(to_sha256=SHA256)), "refused"),
        (replace(asked, signing=signing(from_sha256=MENDED)), "has passed inspection"),
        (
            replace(asked, mend=MendRecord(MendKind.RECROP, MENDED, "image/webp", 1, "no")),
            "nothing was wrong",
        ),
    ):
        with pytest.raises(BrokenPromise, match=why), books.transaction() as desk:
            desk.inspected([wrong])
    (view,) = books.jobs([built_job])
    assert (view.sha256, view.signed) == (SHA256, False)
    sign(books, built_job)
    again = replace(asked, signing=signing(from_sha256=SIGNED, to_sha256=MENDED))
    with pytest.raises(BrokenPromise), books.transaction() as desk:
        desk.inspected([again])
    with pytest.raises(BrokenPromise, match="are signed, and nothing mends those"):
        mend(books, built_job, SIGNED, MENDED)
    (view,) = books.jobs([built_job])
    assert view.sha256 == SIGNED
    sound(books)


def test_the_database_itself_lets_nothing_be_mended_after_it_was_signed(
    books: Books, books_url: str, built_job: str
) -> None:
    sign(books, built_job)
    columns = "attempt_id, number, kind, from_sha256, to_sha256, because, at_us"
    values = f"'{built_job}/1', 1, 'recrop', '{SIGNED}', 'ff', 'why', 1"
    statement = f"INSERT INTO mends ({columns}) VALUES ({values})"  # noqa: S608 - as said above
    with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="not mended any more"):
        run_sql(books_url, [statement])


def test_what_was_lost_after_it_was_signed_had_passed(books: Books, built_job: str) -> None:
    sign(books, built_job)
    with books.transaction() as desk:
        desk.inspected(
            [Inspection(f"{built_job}/1", built_job, (), JobState.REJECTED, "its bytes are lost")]
        )
    assert [row.key for row in books.spend()] == [SpendRow.NOT_RELEASED]
    assert state_of(books, built_job) is JobState.REJECTED
    sound(books)


def test_verdicts_from_before_a_signing_are_not_counted_with_those_after(
    books: Books, built_job: str
) -> None:
    """A rule that the signature broke is what held the file back, once."""
    sign(books, built_job, verdict("file_size"))
    inspect(books, built_job, verdict("file_size", passed=False))
    found = books.that_blocked(built_job)
    assert [(number, one.criterion) for number, one in found] == [(1, "file_size")]
    assert [row.key for row in books.spend()] == ["file_size"]
    sound(books)


def test_an_accepted_job_needs_no_signing(books: Books, built_job: str) -> None:
    accept(books, built_job)
    assert books.signings([f"{built_job}/1"]) == {}
    sound(books)
