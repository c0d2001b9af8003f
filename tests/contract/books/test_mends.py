"""The same output made right without paying: its digests hang together, and nobody can change them."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace

import psycopg
import pytest
from books_parts import (
    SHA256,
    admit,
    an_order,
    approve,
    built,
    disarm,
    inspect,
    plan,
    release_record,
    run_sql,
    settle,
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
    VerdictSeverity,
    WrongState,
)

MENDED, AGAIN = "cd" * 32, "ef" * 32
FRAMED = replace(verdict("borders", passed=False), reason="it is framed", remedy_json="{}")


def mend(
    books: Books,
    job_id: str,
    kind: MendKind = MendKind.RECROP,
    *,
    of: str = SHA256,
    to: str = MENDED,
    state: JobState = JobState.BUILT,
) -> None:
    record = MendRecord(kind, to, "image/webp", 999, "borders: it is framed")
    found = (verdict(), FRAMED)
    with books.transaction() as desk:
        desk.inspected([Inspection(f"{job_id}/1", job_id, found, state, None, of, record)])


@pytest.fixture
def built_job(books: Books) -> str:
    one, *_ = plan(books, an_order())
    settle(books, built(admit(books, one)))
    return one


def test_a_mended_job_is_still_built_by_its_new_bytes_and_nothing_more_was_spent(
    books: Books, built_job: str
) -> None:
    spent = books.totals()
    mend(books, built_job)
    (view,) = books.jobs([built_job])
    assert (view.state, view.sha256, view.byte_count) == (JobState.BUILT, MENDED, 999)
    assert (view.mend_count, view.attempts_used) == (1, 1)
    assert books.totals() == spent
    (made,) = books.mends(f"{built_job}/1")
    assert (made.kind, made.from_sha256, made.to_sha256) == (MendKind.RECROP, SHA256, MENDED)
    assert books.verdicts(f"{built_job}/1") == ()
    sound(books)


def test_receipts_get_the_verdicts_on_the_final_bytes_and_the_story_has_all(
    books: Books, built_job: str
) -> None:
    mend(books, built_job)
    mend(books, built_job, MendKind.REENCODE, of=MENDED, to=AGAIN)
    inspect(books, built_job, verdict("borders"))
    assert books.verdicts(f"{built_job}/1") == (verdict("borders"),)
    story = books.story(built_job)
    assert story is not None
    (attempt,) = story.attempts
    assert attempt.verdicts == (verdict("borders"),)
    assert [one.verdicts for one in attempt.mends] == [(verdict(), FRAMED)] * 2
    assert [one.to_sha256 for one in attempt.mends] == [MENDED, AGAIN]
    sound(books)


def test_the_cost_report_names_the_file_that_was_released(books: Books, built_job: str) -> None:
    mend(books, built_job)
    inspect(books, built_job)
    approve(books, built_job)
    with books.transaction() as desk:
        desk.release([release_record(built_job, MENDED)])
    (charge,) = books.charges()
    assert charge.asset_sha256 == MENDED
    sound(books)


def test_each_kind_of_mend_is_made_once_and_only_of_the_bytes_that_there_are(
    books: Books, built_job: str
) -> None:
    mend(books, built_job)
    with pytest.raises(WrongState, match="had to have abab"):
        mend(books, built_job, MendKind.REENCODE, of=SHA256, to=AGAIN)
    with pytest.raises(BrokenPromise):
        mend(books, built_job, MendKind.RECROP, of=MENDED, to=AGAIN)
    with pytest.raises(BrokenPromise):
        mend(books, built_job, MendKind.FLATTEN, of=MENDED, to=MENDED)
    for state in set(JobState) - {JobState.BUILT}:
        with pytest.raises(BrokenPromise, match=f"to {state}"):
            mend(books, built_job, MendKind.FLATTEN, of=MENDED, to=AGAIN, state=state)
    (view,) = books.jobs([built_job])
    assert (view.sha256, view.mend_count) == (MENDED, 1)
    sound(books)


def test_what_nothing_is_wrong_with_is_not_mended(books: Books, built_job: str) -> None:
    record = MendRecord(MendKind.FLATTEN, MENDED, "image/webp", 1, "for fun")
    warned = replace(FRAMED, severity=VerdictSeverity.WARN)
    asked = Inspection(f"{built_job}/1", built_job, (warned,), JobState.BUILT, None, SHA256, record)
    with pytest.raises(BrokenPromise, match="nothing was wrong"), books.transaction() as desk:
        desk.inspected([asked])
    assert state_of(books, built_job) is JobState.BUILT


def test_findings_are_known_by_the_bytes_whoever_had_them_and_told_once(books: Books) -> None:
    one, two, three = plan(books, an_order())
    for job_id, digest in ((one, SHA256), (two, SHA256), (three, MENDED)):
        settle(books, built(admit(books, job_id), sha256=digest))
        inspect(books, job_id, verdict(), verdict("borders"))
    known = books.known_verdicts([SHA256, MENDED, "00" * 32, SHA256])
    assert set(known) == {SHA256, MENDED}
    assert {found.criterion for found in known[SHA256]} == {"dimensions", "borders"}
    assert len(known[SHA256]) == len(known[MENDED]) == 2


def test_what_blocked_a_job_is_told_by_attempt_and_not_what_was_mended(
    books: Books, built_job: str
) -> None:
    mend(books, built_job)
    text = replace(verdict("text", passed=False), remedy_json='{"kind":"avoid","what":"text"}')
    only_told = replace(FRAMED, severity=VerdictSeverity.WARN)
    inspect(books, built_job, verdict(), text, only_told)
    assert books.that_blocked(built_job) == [(1, text)]
    assert books.that_blocked("mugs@2026#nothing") == []


def test_what_was_changed_about_a_brief_is_kept_with_its_attempt(books: Books) -> None:
    one, *_ = plan(books, an_order())
    settle(books, built(admit(books, one)))
    inspect(books, one, verdict("text", passed=False))
    from books_parts import hold, request

    hold(books, replace(request(one, number=2), changes_json='{"avoid":["text"]}'))
    (view,) = books.jobs([one])
    assert view.changes_json == '{"avoid":["text"]}'
    story = books.story(one)
    assert story is not None
    assert [attempt.changes_json for attempt in story.attempts] == [None, view.changes_json]


CHANGES = ["UPDATE mends SET because = 'fine'", "DELETE FROM mends"]
OWN = {
    "sqlite": "INSERT OR REPLACE INTO mends SELECT * FROM mends",
    "postgresql": "TRUNCATE mends",
}


def test_no_mend_can_be_changed(books: Books, books_url: str, built_job: str) -> None:
    mend(books, built_job)
    before = books.mends(f"{built_job}/1")
    for statement in [*CHANGES, OWN[books_url.partition(":")[0]]]:
        with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match="append-only"):
            run_sql(books_url, [statement])
    assert books.mends(f"{built_job}/1") == before


FORGERIES = {
    "a mend that is gone": ("DELETE FROM mends WHERE number = 1", "does not fit"),
    "mends that are gone": ("DELETE FROM mends", "was charged for bytes abab"),
    "other bytes of an attempt": ("UPDATE attempts SET sha256 = 'ff'", "does not fit"),
    "a verdict on other bytes": (
        "UPDATE verdicts SET sha256 = 'ff' WHERE sha256 = 'abab' AND criterion = 'dimensions'",
        "bytes ff, which it never had",
    ),
    "a mend that nobody asked for": (
        "UPDATE verdicts SET passed = NOT passed WHERE criterion = 'borders'",
        "does not fit",
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_mend_is_seen(books: Books, books_url: str, built_job: str, forgery: str) -> None:
    mend(books, built_job)
    mend(books, built_job, MendKind.REENCODE, of=MENDED, to=AGAIN)
    sound(books)
    statement, problem = FORGERIES[forgery]
    disarm(books_url)
    run_sql(books_url, [statement.replace("'abab'", f"'{SHA256}'")])
    proof = books.verify()
    assert proof.problem is not None
    assert re.search(problem, proof.problem), proof.problem
