"""The index of what pictures look like: written with the gates, never changed, read in order."""

from __future__ import annotations

import re
import sqlite3

import psycopg
import pytest
from books_parts import (
    SHA256,
    an_order,
    approve,
    disarm,
    move,
    plan,
    release,
    run_sql,
    sound,
)
from picture_hashes import ONE, OTHER, build, judge, near, put_out

from flows.sameness import ReleasedPictures
from ledger import Books, BrokenPromise, JobMove, JobState, PictureHash, Unmeasured

TOP = 0xFFFF_0000_0000_0001
"""A hash that no signed number of 64 bits holds as it is."""


def test_what_an_accepted_picture_looks_like_is_written_with_its_inspection(books: Books) -> None:
    one, two, three = plan(books, an_order())
    for job_id in (one, two, three):
        build(books, job_id)
    judge(books, one, TOP)
    judge(books, two, OTHER, JobState.REJECTED)
    judge(books, three, None)
    assert books.passed_pictures("mugs@2026") == [PictureHash(one, f"{one}/1", TOP)]
    assert books.passed_pictures("plates@2026") == []
    assert books.released_pictures(0, 10) == []
    sound(books)


def test_a_picture_that_was_sent_back_is_not_one_of_the_order_any_more(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    for job_id in (one, two):
        build(books, job_id)
    judge(books, one, ONE)
    judge(books, two, OTHER)
    move(books, JobMove(one, JobState.ACCEPTED, JobState.IN_REVIEW, "sampled"))
    assert [found.job_id for found in books.passed_pictures("mugs@2026")] == [one, two]
    move(books, JobMove(one, JobState.IN_REVIEW, JobState.PLANNED, "too dark", by="someone"))
    assert [found.job_id for found in books.passed_pictures("mugs@2026")] == [two]
    build(books, one, number=2)
    judge(books, one, near(ONE), number=2)
    assert [(found.attempt_id, found.phash) for found in books.passed_pictures("mugs@2026")] == [
        (f"{two}/1", OTHER),
        (f"{one}/2", near(ONE)),
    ]


def test_released_pictures_are_numbered_as_they_are_released(books: Books) -> None:
    one, two, three = plan(books, an_order())
    for job_id, hash_ in ((one, ONE), (two, TOP), (three, OTHER)):
        build(books, job_id)
        judge(books, job_id, hash_)
        approve(books, job_id)
    release(books, three)
    release(books, one, two)
    (first, hash_), *rest = books.released_pictures(0, 10)
    assert (hash_, [found for _, found in rest]) == (OTHER, [ONE, TOP])
    assert books.released_job(first) == three
    assert [books.released_job(number) for number, _ in rest] == [one, two]
    assert books.released_job(rest[-1][0] + 1) is None
    assert books.released_pictures(first, 1) == rest[:1]
    assert books.released_pictures(rest[-1][0], 10) == []


def test_released_pictures_that_nobody_measured_are_measured_later(books: Books) -> None:
    one, two, three = plan(books, an_order())
    for job_id, hash_ in ((one, None), (two, ONE), (three, None)):
        put_out(books, job_id, hash_)
    assert books.unmeasured_count() == 2
    found = books.unmeasured()
    assert found == [
        Unmeasured(
            f"{job_id}/1", job_id, SHA256, "s3://assets/prefix", f"released/mugs/{name}.webp"
        )
        for job_id, name in ((one, "mug-0000"), (three, "mug-0002"))
    ]
    assert books.unmeasured(limit=1) == found[:1]
    assert books.unmeasured(after=found[0].attempt_id) == found[1:]
    with books.transaction() as desk:
        desk.measured({found[0].attempt_id: OTHER})
    assert books.unmeasured() == found[1:]
    assert [hash_ for _, hash_ in books.released_pictures(0, 10)] == [ONE, OTHER]
    assert books.unmeasured_count() == 1
    with pytest.raises(BrokenPromise), books.transaction() as desk:
        desk.measured({found[0].attempt_id: ONE})


def test_what_a_picture_looks_like_is_never_changed(books: Books, books_url: str) -> None:
    one, *_ = plan(books, an_order())
    put_out(books, one, ONE)
    changes = [
        "UPDATE fingerprints SET phash = 0",
        "DELETE FROM fingerprints",
        "UPDATE released_pictures SET number = 77",
        "DELETE FROM released_pictures",
    ]
    if books_url.startswith("sqlite"):
        changes += [
            "INSERT OR REPLACE INTO fingerprints SELECT * FROM fingerprints",
            "INSERT OR REPLACE INTO released_pictures SELECT * FROM released_pictures",
        ]
    else:
        changes += ["TRUNCATE fingerprints CASCADE", "TRUNCATE released_pictures"]
    for statement in changes:
        with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
            run_sql(books_url, [statement])
    assert [hash_ for _, hash_ in books.released_pictures(0, 10)] == [ONE]
    sound(books)


@pytest.mark.parametrize(
    ("forgery", "problem"),
    [
        (
            "UPDATE fingerprints SET sha256 = 'cdcd'",
            r"attempt mugs@2026#mug-0000/1 looks like was measured on bytes cdcd",
        ),
        (
            "DELETE FROM released_pictures",
            r"#mug-0000/1 was released, and later orders are not compared",
        ),
        (
            "INSERT INTO released_pictures (fingerprint_id) VALUES (2)",
            r"#mug-0001/1 was not released, and later orders are compared",
        ),
    ],
)
def test_the_proof_sees_an_index_that_does_not_fit_the_books(
    books: Books, books_url: str, forgery: str, problem: str
) -> None:
    one, two, _ = plan(books, an_order())
    put_out(books, one, ONE)
    build(books, two)
    judge(books, two, OTHER)
    sound(books)
    disarm(books_url)
    run_sql(books_url, [forgery])
    assert re.search(problem, str(books.verify().problem))


@pytest.mark.parametrize(
    "books_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_picture_whose_release_is_committed_late_is_taken_in(
    books: Books, books_url: str
) -> None:
    """SQLite gives numbers out under its one write lock, so there none is late."""
    one, two, _ = plan(books, an_order())
    for job_id, hash_ in ((one, ONE), (two, OTHER)):
        build(books, job_id)
        judge(books, job_id, hash_)
        approve(books, job_id)
    known = ReleasedPictures()
    with psycopg.connect(books_url) as slow:
        slow.execute(
            "INSERT INTO released_pictures (fingerprint_id) SELECT fingerprint_id "
            "FROM fingerprints WHERE attempt_id = %s",
            [f"{one}/1"],
        )
        release(books, two)
        known.look(books, 0.0)
        assert len(known) == 1
    known.look(books, 1.0)
    known.look(books, 2.0)
    assert len(known) == 2
