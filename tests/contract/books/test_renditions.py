"""Renditions: other files of a master, judged by themselves; a job passes with all of them or not."""

from __future__ import annotations

from dataclasses import replace

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
    move,
    plan,
    release,
    release_record,
    rendition,
    review,
    settle,
    sign,
    sound,
    state_of,
    verdict,
)

from ledger import Books, BrokenPromise, JobMove, JobState, RenditionView, VerdictSeverity

TOO_LARGE = verdict("file_size", passed=False)
DOUBTED = replace(TOO_LARGE, severity=VerdictSeverity.REVIEW)

THUMB = RenditionView(1, "thumb", 64, 64, "e1" * 32, "image/webp", 99)
WIDE = RenditionView(2, "wide", 128, 64, "e2" * 32, "image/webp", 99)


@pytest.fixture
def built_job(books: Books) -> str:
    """A built job whose brief asks for two renditions."""
    one, *_ = plan(books, an_order(), "thumb", "wide")
    settle(books, built(admit(books, one)))
    return one


def test_renditions_are_released_with_their_master_for_its_cost(
    books: Books, built_job: str
) -> None:
    spent = books.totals()
    accept(books, built_job, rendition(), rendition(2, "wide", verdict(), verdict("file_size")))
    approve(books, built_job)
    release(books, built_job)
    sound(books)
    assert books.totals() == spent
    (view,) = books.released("mugs@2026")
    assert view == books.released_one(built_job)
    assert view.renditions == (THUMB, WIDE) == books.renditions([view.attempt_id])[view.attempt_id]
    assert (view.sha256, view.withdrawn) == (SHA256, False)
    assert books.verdicts(view.attempt_id) == (verdict(),)
    judged = books.rendition_verdicts([view.attempt_id, "nobody/1"])
    assert judged == {
        (view.attempt_id, 1): (verdict("file_size"),),
        (view.attempt_id, 2): (verdict(), verdict("file_size")),
    }
    story = books.story(built_job)
    assert story is not None
    made = story.attempts[0].renditions
    assert [(one.rendition, one.verdicts) for one in made] == [
        (THUMB, judged[view.attempt_id, 1]),
        (WIDE, judged[view.attempt_id, 2]),
    ]
    assert books.known_verdicts([THUMB.sha256]) == {THUMB.sha256: (verdict("file_size"),)}


def test_signed_renditions_are_of_the_master_from_before_it_was_signed(
    books: Books, built_job: str
) -> None:
    sign(books, built_job)
    of_signed = [rendition(signed=True, of=SIGNED), rendition(2, "wide", signed=True, of=SIGNED)]
    with pytest.raises(BrokenPromise, match=f"made of bytes {SIGNED}, and its master has {SHA256}"):
        accept(books, built_job, *of_signed)
    made = [rendition(signed=True), rendition(2, "wide", signed=True)]
    accept(books, built_job, *made)
    approve(books, built_job)
    with books.transaction() as desk:
        desk.release([release_record(built_job, SIGNED)])
    sound(books)
    attempt_id = f"{built_job}/1"
    signed = books.signings([attempt_id])
    assert [number for _, number in signed] == [0, 1, 2]
    assert signed[attempt_id, 2].to_sha256 == WIDE.sha256
    story = books.story(built_job)
    assert story is not None
    assert [one.signing for one in story.attempts[0].renditions] == [
        signed[attempt_id, 1],
        signed[attempt_id, 2],
    ]


def test_a_rendition_that_did_not_pass_holds_its_job_back_and_is_told(
    books: Books, built_job: str
) -> None:
    bad = rendition(2, "wide", verdict(), TOO_LARGE)
    with pytest.raises(BrokenPromise, match="file_size did not pass for its rendition wide"):
        accept(books, built_job, rendition(), bad)
    reason = "rendition wide: file_size: it is 10 pixels too wide"
    accept(books, built_job, rendition(), bad, state=JobState.PLANNED, reason=reason)
    sound(books)
    attempt_id = f"{built_job}/1"
    assert books.renditions([attempt_id])[attempt_id] == (THUMB, WIDE)
    assert books.rendition_verdicts([attempt_id])[attempt_id, 2] == bad.verdicts
    (told,) = books.that_blocked(built_job)
    assert told == (1, replace(TOO_LARGE, criterion="file_size (of wide)"))
    # Its money went where that rule's rejects go, not to what passed and was lost.
    assert [row.key for row in books.spend()] == ["file_size"]
    # The next attempt is judged by itself.
    settle(books, built(admit(books, built_job, number=2), sha256="77" * 32))
    inspect(books, built_job, number=2)
    assert state_of(books, built_job) is JobState.ACCEPTED
    assert books.renditions([f"{built_job}/2"]) == {}


def test_what_a_rendition_leaves_in_doubt_is_seen_by_a_person(books: Books, built_job: str) -> None:
    accept(books, built_job, rendition(1, "thumb", DOUBTED), rendition(2, "wide"))
    with pytest.raises(BrokenPromise, match="what a person has to look at"):
        approve(books, built_job)
    move(books, JobMove(built_job, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
    review(books, built_job)
    release(books, built_job)
    sound(books)


def test_renditions_hang_together_and_come_with_what_ends_the_inspection(
    books: Books, built_job: str
) -> None:
    other_size = replace(rendition(signed=True), byte_count=1)
    for wrong, why in (
        ((rendition(2),), "had to be number 1"),
        ((replace(rendition(), verdicts=()),), "was not judged"),
        ((rendition(of=SIGNED),), f"made of bytes {SIGNED}"),
        ((other_size,), "other bytes than signed"),
        ((rendition(), rendition(2, "thumb")), "refused"),
        ((replace(rendition(), width=0),), "refused"),
    ):
        with pytest.raises(BrokenPromise, match=why):
            accept(books, built_job, *wrong)
    with pytest.raises(BrokenPromise, match="cannot send a job to built"):
        accept(books, built_job, rendition(), state=JobState.BUILT)
    assert state_of(books, built_job) is JobState.BUILT
    assert books.renditions([f"{built_job}/1"]) == {}


def test_two_files_of_the_same_bytes_keep_their_own_verdicts(books: Books, built_job: str) -> None:
    same = replace(rendition(1, "thumb", verdict("ratio")), sha256=SHA256)
    twin = replace(rendition(2, "wide", verdict("file_size")), sha256=SHA256)
    accept(books, built_job, same, twin)
    attempt_id = f"{built_job}/1"
    assert books.verdicts(attempt_id) == (verdict(),)
    assert books.rendition_verdicts([attempt_id]) == {
        (attempt_id, 1): (verdict("ratio"),),
        (attempt_id, 2): (verdict("file_size"),),
    }
    sound(books)
