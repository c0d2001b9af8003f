"""`verify` sees every lie about renditions, signed files and withdrawals; none of them is kept."""

# ruff: noqa: S608 - the forgeries are constants of this file
from __future__ import annotations

import re

import pytest
from books_parts import (
    SHA256,
    SIGNED,
    SteppingClock,
    accept,
    admit,
    an_order,
    built,
    disarm,
    inspect,
    plan,
    rendition,
    settle,
    sign,
    sound,
    through_signed,
    verdict,
    withdraw,
)

from ledger import Books, Inspection, JobState, MendKind, MendRecord
from ledger.engine import make_engine, parse_url
from ledger.instants import to_us
from ledger.proving import prove

ONE = "mugs@2026#mug-0000"
TWO = "lamps@1#mug-0000"
THREE = "tubs@1#mug-0000"
MENDED = "cd" * 32

OF_UNSIGNED = f"WHERE sha256 = '{SHA256}' AND attempt_id = '{ONE}/1'"
OF_SIGNED = f"WHERE sha256 = '{SIGNED}' AND attempt_id = '{TWO}/1'"
ANOTHER = f"""
    SELECT '{THREE}/1', 2, 'more', 1, 1, sha256, 'image/webp', 9, from_sha256, at_us FROM renditions
    WHERE attempt_id = '{THREE}/1'
"""

FORGERIES = {
    "a signing that is gone": (
        f"DELETE FROM signings WHERE attempt_id = '{ONE}/1' AND number = 0",
        f"was charged for bytes {SHA256}, and what it has now, {SIGNED}",
    ),
    "a signing after a mend that is gone": (
        f"DELETE FROM signings WHERE attempt_id = '{TWO}/1'",
        "mend 1 of attempt .* does not fit",
    ),
    "a mend before a signing that is gone": (
        "DELETE FROM mends",
        f"was charged for bytes {SHA256}, and what it has now",
    ),
    "a signing of other bytes": (
        f"UPDATE signings SET from_sha256 = 'ff' WHERE attempt_id = '{ONE}/1' AND number = 0",
        f"was charged for bytes {SHA256}",
    ),
    "a signing that gave other bytes": (
        "UPDATE signings SET to_sha256 = 'ff' WHERE number = 0",
        "the file of attempt .* was signed .* and that does not fit",
    ),
    "other bytes after a signing": (
        f"UPDATE attempts SET sha256 = 'ff' WHERE attempt_id = '{TWO}/1'",
        "bytes .* which it never had",
    ),
    "signed without having been judged": (
        f"DELETE FROM verdicts WHERE attempt_id = '{TWO}/1' AND sha256 = '{MENDED}'",
        "was signed .* does not fit what was judged",
    ),
    "signed though it had not passed": (
        f"UPDATE verdicts SET passed = NOT passed {OF_UNSIGNED}",
        "was signed .* does not fit what was judged",
    ),
    "never judged again by one of its rules": (
        f"UPDATE verdicts SET criterion = 'another' {OF_SIGNED}",
        f"job {TWO} is accepted, and the file of attempt .* was not judged again",
    ),
    "a rendition's signing that is gone with its bytes": (
        "UPDATE signings SET to_sha256 = 'ff' WHERE number = 1",
        "rendition 1 of attempt .* was signed",
    ),
    "a rendition of other bytes": (
        "UPDATE renditions SET sha256 = 'ff'",
        f"rendition 1 of attempt {ONE}/1 has a verdict of file_size on bytes e1.* never had",
    ),
    "a rendition that was made of something else": (
        "UPDATE renditions SET from_sha256 = 'ff'",
        "rendition 1 of attempt .*, thumb, was made of ff",
    ),
    "a rendition that nobody judged": (
        "DELETE FROM verdicts WHERE rendition = 1",
        "was not judged again after it was signed",
    ),
    "a rendition that did not pass": (
        "UPDATE verdicts SET passed = NOT passed WHERE rendition = 1",
        f"job {ONE} is released, and its rendition thumb did not pass file_size",
    ),
    "a rendition that only a person could let pass": (
        "UPDATE verdicts SET passed = NOT passed, severity = 'review' WHERE rendition = 1",
        f"job {ONE} is released, and its rendition thumb did not pass file_size",
    ),
    "a verdict on a rendition that is none": (
        "UPDATE verdicts SET rendition = 2 WHERE rendition = 1",
        "rendition 2 of attempt .* has a verdict .* never had",
    ),
    "a master's verdict that is a rendition's": (
        f"UPDATE verdicts SET rendition = 1 WHERE attempt_id = '{ONE}/1' AND sha256 = '{SIGNED}'",
        "did not pass inspection",
    ),
    "a rendition under another name": (
        "UPDATE renditions SET name = 'hero'",
        f"job {ONE} has the renditions hero, and its brief asks for thumb",
    ),
    "a rendition's signing that is gone": (
        "DELETE FROM signings WHERE number = 1",
        f"job {ONE} is released, and its rendition thumb is not signed, as its master is",
    ),
    "a rendition that is signed alone": (
        f"""INSERT INTO signings SELECT '{THREE}/1', number, from_sha256, to_sha256, 'ce',
            rules_sha256, 1 FROM signings WHERE number = 1""",
        f"job {THREE} is accepted, and its rendition thumb is signed, and its master is not",
    ),
    "a rendition's signing by other rules": (
        "UPDATE signings SET rules_sha256 = 'ff' WHERE number = 1",
        f"rendition thumb of job {ONE} was judged by other rules than those",
    ),
    "one of a rendition's verdicts that is gone": (
        f"DELETE FROM verdicts WHERE attempt_id = '{THREE}/1' AND criterion = 'format'",
        f"rendition thumb of job {THREE} was not judged by format",
    ),
    "a verdict on a signed rendition that is gone, and asked for nowhere": (
        f"DELETE FROM verdicts WHERE attempt_id = '{ONE}/1' AND criterion = 'intact'",
        f"rendition thumb of job {ONE} was judged by other rules",
    ),
    "a rendition's rule that was made looser": (
        """UPDATE verdicts SET parameters_json = '{"max_kb":9999}'
            WHERE rendition = 1 AND criterion = 'file_size'""",
        "was judged by other rules",
    ),
    "a rendition's verdict that only warns": (
        f"""UPDATE verdicts SET severity = 'warn', passed = NOT passed
            WHERE rendition = 1 AND attempt_id = '{THREE}/1' AND criterion = 'format'""",
        f"rendition thumb of job {THREE} was not judged by format as severely .*: block",
    ),
    "a rendition of another size": (
        "UPDATE renditions SET width = 65",
        f"rendition thumb of job {ONE} has the width 65, and its brief says 64",
    ),
    "a rendition of another format": (
        "UPDATE renditions SET media_type = 'image/png'",
        "has the format png, and its brief says webp",
    ),
    "a rendition that nobody asked for": (
        f"INSERT INTO renditions {ANOTHER}",
        "rendition 2 of attempt .*, more, was made of .* or nobody judged it",
    ),
    "a withdrawal of what was never released": (
        f"UPDATE withdrawals SET job_id = '{TWO}'",
        f"job {TWO} was withdrawn by 'maria@acme.example' because of 'wrong logo', and that is no",
    ),
    "a withdrawal before the release": (
        "UPDATE withdrawals SET at_us = 1",
        f"job {ONE} was withdrawn by .* no withdrawal",
    ),
    "a withdrawal by nobody": (
        "UPDATE withdrawals SET actor = '\u00a0'",
        f"job {ONE} was withdrawn by .* who and why",
    ),
    "a withdrawal from the future": (
        "UPDATE withdrawals SET at_us = at_us + 2 * 86400000000",
        f"job {ONE} was withdrawn by .*, at a time that has not come yet",
    ),
}

DONE = ("file_size", {"format": {"is": "webp", "severity": "block"}})

ALL_OF_A_RENDITION = (
    "DELETE FROM verdicts WHERE rendition = 1",
    "DELETE FROM signings WHERE number = 1",
    "DELETE FROM renditions",
)


@pytest.fixture
def full_books(books: Books) -> Books:
    """One job signed, released with its rendition and withdrawn; one mended, signed and accepted.

    A third one is accepted with its rendition, and nothing is signed.
    """
    (three,) = plan(books, an_order("tubs@1", jobs=1), "thumb", done=DONE)
    settle(books, built(admit(books, three)))
    found = tuple(map(verdict, ("file_size", "format", "intact")))
    accept(books, three, rendition(1, "thumb", *found))
    one, *_ = plan(books, an_order(), "thumb", done=DONE)
    through_signed(books, one, *found)
    withdraw(books, one)
    (two,) = plan(books, an_order("lamps@1", jobs=1))
    settle(books, built(admit(books, two)))
    record = MendRecord(MendKind.RECROP, MENDED, "image/webp", 999, "borders: it is framed")
    found = (verdict("borders", passed=False),)
    asked = Inspection(f"{two}/1", two, found, JobState.BUILT, None, SHA256, record)
    with books.transaction() as desk:
        desk.inspected([asked])
    sign(books, two, of=MENDED)
    inspect(books, two)
    return books


def test_every_lie_about_these_files_is_seen(
    full_books: Books, books_url: str, clock: SteppingClock
) -> None:
    """In a transaction that is undone each time: the books are made once for all of them."""
    sound(full_books)
    disarm(books_url)
    lies: dict[str, tuple[tuple[str, ...], str]] = {
        name: ((statement,), problem) for name, (statement, problem) in FORGERIES.items()
    }
    lies["a rendition that is gone with all that was said of it"] = (
        ALL_OF_A_RENDITION,
        f"job {ONE} has the renditions none, and its brief asks for thumb",
    )
    missed = {}
    engine = make_engine(parse_url(books_url))
    with engine.connect() as connection:
        for name, (statements, problem) in lies.items():
            for statement in statements:
                connection.exec_driver_sql(statement)
            found = prove(connection, to_us(clock())).problem
            if found is None or not re.search(problem, found):
                missed[name] = found
            connection.rollback()
    engine.dispose()
    assert not missed, missed
    sound(full_books)
