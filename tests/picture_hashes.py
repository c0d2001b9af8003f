"""Perceptual hashes for tests, near each other or far apart, and their way into the books."""

from __future__ import annotations

from books_parts import admit, approve, built, release, settle, verdict

from ledger import Books, Inspection, JobState
from validators import NotSeenBefore, Verdict

ONE = 0xF0E1_D2C3_B4A5_9687
MIRRORED = 0x5A4B_7869_1E0F_3C2D
"""What stands for the hash of the mirror image of the picture `ONE`, far from it."""
OTHER = 0x0123_4567_89AB_CDEF


def digits(hash_: int) -> str:
    """Write a hash as criteria do."""
    return f"{hash_:016x}"


def near(hash_: int, bits: int = 3) -> int:
    """Give a hash that differs in so many bits."""
    return hash_ ^ ((1 << bits) - 1)


def measured(rule: NotSeenBefore, hash_: int, mirrored: int = MIRRORED) -> Verdict:
    """Give the verdict of an inspector, who has compared the picture with no other one."""
    return Verdict(
        rule.name,
        rule.version,
        rule.parameters(),
        passed=True,
        measured={"phash": digits(hash_), "phash_mirrored": digits(mirrored)},
        reason=None,
        severity=rule.severity,
    )


def build(books: Books, job_id: str, number: int = 1) -> None:
    """Take a planned job to where it is inspected."""
    settle(books, built(admit(books, job_id, number=number)))


def judge(
    books: Books,
    job_id: str,
    hash_: int | None,
    state: JobState = JobState.ACCEPTED,
    number: int = 1,
) -> None:
    """Write an inspection that has measured a hash."""
    phash = None if hash_ is None else digits(hash_)
    found = (verdict(passed=state is JobState.ACCEPTED),)
    with books.transaction() as desk:
        desk.inspected([Inspection(f"{job_id}/{number}", job_id, found, state, None, phash=phash)])


def put_out(books: Books, job_id: str, hash_: int | None) -> None:
    """Take a planned job all the way to released."""
    build(books, job_id)
    judge(books, job_id, hash_)
    approve(books, job_id)
    release(books, job_id)
