"""A person decides about the very file that waits, never about what they ordered, and once."""

# ruff: noqa: S608 - the forgeries are made of constants of this file
from __future__ import annotations

import json
import re
import sqlite3
import threading
from dataclasses import asdict, fields, replace

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
    move,
    plan,
    release,
    review,
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
    JobMove,
    JobState,
    OrderRecord,
    Review,
    ReviewDecision,
    ReviewedBefore,
    ReviewRefused,
    UnknownJob,
    VerdictSeverity,
)
from ledger.order_identity import COLUMNS
from ledger.persons import is_owner, owner_keys, reviewer, reviewer_key

OTHER = "cd" * 32
OWNER = "brand-team@acme.example"
NOBODYS_NAMES = (
    f"mailto:{OWNER}",
    f'"{OWNER}"',
    f"{OWNER}.",
    f"{OWNER};",
    f"{OWNER} (Maria)",
    f"{OWNER} <x@y.z>",
    f"Brand <{OWNER}>",
    "brand-team\u200b@acme.example",
    "brand-team\x07@acme.example",
    "brand-team\x00@acme.example",
    "brand\u00adteam@acme.example",
    "brand\u2011team@acme.example",
    "br\u0430nd-team@acme.example",
    "\uff42rand-team@acme.example",
    "brand..team@acme.example",
    "a@b@c",
    "Br\u0430nd Team",
    "Brand\u200b Team",
    "Brand\u00a0Team",
    "\u202eevil\x1b[2J",
    "Ha\u115fns",
)
WITHIN_REACH_OF_VERIFY = {"Ha\u115fns"}
REFUSALS = (sqlite3.IntegrityError, psycopg.errors.CheckViolation)


def wanting(review: object) -> OrderRecord:
    """An order that wants a person to see all, none or a share of its assets."""
    return replace(an_order(), spec_json=json.dumps({"order": "mugs", "review": review}))


def wait(books: Books, job_id: str, number: int = 1, sha256: str = SHA256) -> None:
    """Take a planned job to where a person has to look at it."""
    settle(books, built(admit(books, job_id, number=number), sha256=sha256))
    inspect(books, job_id, number=number)
    move(books, JobMove(job_id, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))


@pytest.fixture
def waiting(books: Books) -> list[str]:
    """Three jobs that wait, of an order that wants all of them seen."""
    job_ids = plan(books, wanting("all"))
    for job_id in job_ids:
        wait(books, job_id)
    return job_ids


def test_a_decision_is_kept_with_who_when_why_and_what_was_looked_at(
    books: Books, waiting: list[str]
) -> None:
    one, two, three = waiting
    assert [view.job_id for view in books.waiting("mugs@2026", 2)] == [one, two]
    (last,) = books.waiting("mugs@2026", 2, books.waiting("mugs@2026", 2)[-1])
    assert last == books.waits(three)
    assert review(books, one, by=" Maria ") is JobState.APPROVED
    assert review(books, two, "too\n dark ") is JobState.PLANNED
    assert books.waits(one) is None
    kept = books.reviews(waiting)
    assert sorted(kept) == [one, two]
    ((said,), (turned_down,)) = kept[one], kept[two]
    assert (said.by, said.because, said.decision) == ("Maria", None, ReviewDecision.APPROVED)
    assert (said.sha256, said.attempt_id) == (SHA256, f"{one}/1")
    assert (turned_down.by, turned_down.because) == ("maria@acme.example", "too dark")
    assert turned_down.at > said.at
    assert list(books.review_counts("mugs@2026").values()) == [1, 1]
    story = books.story(two)
    assert story is not None
    assert [attempt.review for attempt in story.attempts] == [turned_down]
    release(books, one)
    sound(books)


def test_a_rejected_file_is_built_anew_until_the_attempts_are_used_up(books: Books) -> None:
    one, *_ = plan(books, replace(wanting("all"), attempts_max=2))
    wait(books, one)
    assert review(books, one, "too dark") is JobState.PLANNED
    wait(books, one, 2, OTHER)
    with pytest.raises(ReviewedBefore, match=r"rejected this file .* already, on 2026-11-20 at"):
        review(books, one)
    assert review(books, one, "too bright", sha256=OTHER) is JobState.REJECTED
    (view,) = books.jobs([one])
    assert view.reason == "maria@acme.example rejected it in review: too bright"
    assert [said.because for said in books.reviews([one])[one]] == ["too dark", "too bright"]
    sound(books)


def test_who_comes_second_is_told_who_decided_first(books: Books, waiting: list[str]) -> None:
    one = waiting[0]
    said: list[str] = []
    together = threading.Barrier(2)

    def decide(by: str, because: str | None) -> None:
        together.wait()
        try:
            said.append(f"{by}: {review(books, one, because, by=by)}")
        except ReviewedBefore as error:
            said.append(str(error))

    threads = [
        threading.Thread(target=decide, args=("jo@acme.example", None)),
        threading.Thread(target=decide, args=("maria@acme.example", "too dark")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = sorted(said, key=lambda text: " has " in text)
    winner = first.partition(":")[0]
    assert second.startswith(f"{winner} has {'approved' if winner[0] == 'j' else 'rejected'} this")
    assert len(books.reviews([one])[one]) == 1
    sound(books)


def test_reviews_that_cannot_be_are_refused_and_none_of_a_batch_is_kept(
    books: Books, waiting: list[str]
) -> None:
    one, two, three = waiting
    for by in ("", " … ", "a\nb", "a\u2028b", "m" * 201):
        with pytest.raises(ReviewRefused, match=r"somebody's|one line of at most 200"):
            review(books, one, by=by)
    for because in ("", " \n", "…"):
        with pytest.raises(ReviewRefused, match="for a reason"):
            review(books, one, because)
    for by in (
        OWNER,
        f" {OWNER.upper()} ",
        "brand-team+me@acme.example",
        "Brand Team",
        "brand-team",
    ):
        with pytest.raises(ReviewRefused, match=r"owns the order of .* somebody else decide"):
            review(books, one, by=by)
    for by in NOBODYS_NAMES:
        with pytest.raises(ReviewRefused, match=r"such as maria@acme\.example.* is neither"):
            review(books, one, by=by)
    for because in ("x\x1b[31m", "\u202edark", "too\x00dark", "soft\u00adly"):
        with pytest.raises(ReviewRefused, match=r"cannot be seen, '\\[xu]"):
            review(books, one, because)
    with pytest.raises(
        ReviewRefused, match=f"another file by now .{SHA256[:12]}, not {OTHER[:12]}"
    ):
        review(books, one, sha256=OTHER)
    approved = Review(one, SHA256, ReviewDecision.APPROVED, "jo@acme.example")
    for bad, error in (
        (Review(two, OTHER, ReviewDecision.APPROVED, "jo@acme.example"), ReviewRefused),
        (Review("mugs@2026#none", SHA256, ReviewDecision.APPROVED, "jo"), UnknownJob),
        (approved, BrokenPromise),
    ):
        with pytest.raises(error), books.transaction() as desk:
            desk.review([approved, bad])
    assert {state_of(books, job_id) for job_id in waiting} == {JobState.IN_REVIEW}
    with books.transaction() as desk:
        assert desk.review([]) == {}
        both = desk.review([approved, replace(approved, job_id=three)])
    assert both == {one: JobState.APPROVED, three: JobState.APPROVED}
    release(books, one)
    with pytest.raises(ReviewedBefore, match=r"jo@acme\.example has approved"):
        review(books, one)
    with pytest.raises(ReviewRefused, match="is released and does not wait"):
        review(books, one, sha256=OTHER)
    sound(books)


@pytest.mark.parametrize(
    ("owner", "own", "others"),
    [
        ("Maria  Lind", ("maria lind", "Maria-Lind", "Mari\u0301a Lind."), ("Mario Lind",)),
        ("Maria <m@acme.example>", ("M@acme.example", "m+x@ACME.example", "maria"), ("n",)),
        ("mailto:m@acme.example;", ("m@acme.example", "m"), ("m@acme.test", "mailto")),
        ("a@acme.example, b@acme.example", ("b@acme.example", "a@acme.example"), ("c",)),
        # The owner may be misspelt on purpose, too.
        ("br\u0430nd@acme.example", ("brand@acme.example",), ("bland@acme.example",)),
        ("\uff42rand\u200b@acme.example.", ("brand@acme.example",), ("rand@acme.example",)),
        ("\u041c\u0430\u0440\u0438\u044f", ("\u043c\u0430\u0440\u0438\u044f",), ("Maria",)),
        ("\u2026", (), ("a",)),
    ],
)
def test_an_owner_is_who_is_named_however_it_is_written(
    owner: str, own: tuple[str, ...], others: tuple[str, ...]
) -> None:
    assert [name for name in own if not is_owner(reviewer(name), owner)] == []
    assert [name for name in others if is_owner(reviewer(name), owner)] == []
    assert owner_keys(owner).strip()


def test_names_are_in_one_script_and_have_keys_without_spaces() -> None:
    names = {
        "Maria Lind": "marialind",
        "J\u00fcrgen O'Neill-\u00c5s": "jurgenoneillas",
        "\u5c71\u7530\u3000\u306f\u306a".replace("\u3000", " "): "\u5c71\u7530\u306f\u306a",
        "\u0930\u093e\u092e": "\u0930\u093e\u092e",
        "a.b_c+tag@x-y.example": "a.b_c@x-y.example",
    }
    assert {name: reviewer_key(reviewer(name)) for name in names} == names


def test_the_database_lets_nothing_past_a_person(books: Books, books_url: str) -> None:
    every, doubted, _ = plan(books, wanting("all"))
    settle(books, built(admit(books, every)))
    inspect(books, every)
    past = "approved by a review of its very bytes"
    with pytest.raises(BrokenPromise, match=past):
        approve(books, every)
    move(books, JobMove(every, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
    with pytest.raises(BrokenPromise, match=past):
        move(books, JobMove(every, JobState.IN_REVIEW, JobState.APPROVED, by="jo@acme.example"))
    sql = f"UPDATE jobs SET state = 'approved', approved_by = 'jo' WHERE job_id = '{every}'"
    with pytest.raises(REFUSALS, match=past):
        run_sql(books_url, [sql])
    with pytest.raises(REFUSALS, match=past):
        run_sql(books_url, [sql.replace(every, doubted)])
    other = plan(books, replace(wanting("none"), order_id="cups@2026", slug="cups"))
    one = other[0]
    settle(books, built(admit(books, one)))
    broken = replace(verdict("logo", passed=False), severity=VerdictSeverity.REVIEW)
    with books.transaction() as desk:
        seen = (verdict(), broken)
        desk.inspected([Inspection(f"{one}/1", one, seen, JobState.ACCEPTED, None)])
    with pytest.raises(BrokenPromise, match=past):
        approve(books, one)
    move(books, JobMove(one, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
    assert review(books, one, "too dark") is JobState.PLANNED
    # The next file breaks no rule, but a person has rejected the one before.
    settle(books, built(admit(books, one, number=2), sha256=OTHER))
    inspect(books, one, number=2)
    with pytest.raises(BrokenPromise, match=past):
        approve(books, one)
    disarm(books_url)
    approve(books, one)
    problem = books.verify().problem
    assert problem is not None
    assert "maria@acme.example rejected a file" in problem


def test_the_database_takes_no_false_review(
    books: Books, books_url: str, waiting: list[str]
) -> None:
    one, two, _ = waiting
    review(books, two)

    def written(**changes: str) -> str:
        row = {
            "attempt_id": f"'{one}/1'",
            "job_id": f"'{one}'",
            "sha256": f"'{SHA256}'",
            "decision": "'approved'",
            "actor": "'jo@acme.example'",
            "because": "NULL",
            "at_us": "1",
            "carried_over": "FALSE",
            "reviewer_key": "'jo@acme.example'",
        } | changes
        return f"INSERT INTO reviews ({', '.join(row)}) VALUES ({', '.join(row.values())})"

    for changes, refusal in (
        ({"actor": "'Brand-Team@Acme.Example'", "reviewer_key": f"'{OWNER}'"}, "what they ordered"),
        ({"actor": "'Brand Team'", "reviewer_key": "'brandteam'"}, "what they ordered"),
        ({"actor": f"'{OWNER}'"}, "has its key"),
        ({"actor": "'brand-team+me@acme.example'"}, "has its key"),
        ({"actor": "'Brand Team'"}, "has its key"),
        ({"actor": "'Brand Team'", "reviewer_key": "'jo'"}, "has its key"),
        ({"reviewer_key": "NULL"}, "has_key|has its key"),
        *(
            ({"actor": "'" + name + "'"}, "has its key")
            for name in NOBODYS_NAMES
            if "\u0430" not in name and "\x00" not in name and name not in WITHIN_REACH_OF_VERIFY
        ),
        ({"sha256": f"'{OTHER}'"}, "of the file that waits"),
        ({"attempt_id": f"'{two}/1'"}, "of the file that waits|append-only"),
        ({"carried_over": "TRUE"}, "of the file that waits"),
        ({"decision": "'maybe'"}, "decision"),
        ({"decision": "'rejected'"}, "says_why"),
        ({"actor": "''"}, "says_who|has its key"),
        ({"because": "''"}, "says_why"),
    ):
        with pytest.raises(REFUSALS, match=refusal):
            run_sql(books_url, [written(**changes)])
    own = (
        ["INSERT OR REPLACE INTO reviews SELECT * FROM reviews"]
        if books_url.startswith("sqlite")
        else ["TRUNCATE reviews"]
    )
    kept = r"append-only|of the file that waits"
    for statement in ("UPDATE reviews SET because = 'no'", "DELETE FROM reviews", *own):
        with pytest.raises((sqlite3.IntegrityError, psycopg.Error), match=kept):
            run_sql(books_url, [statement])
    sound(books)


FORGERIES = {
    "a review of other bytes": ("UPDATE reviews SET sha256 = 'ff'", "not what became of them"),
    "a rejection that was let through": (
        "UPDATE reviews SET decision = 'rejected', because = 'no'",
        "not what became of them",
    ),
    "a review that is gone": ("DELETE FROM reviews", "no review of its bytes says so"),
    "a review by somebody else": (
        "UPDATE reviews SET actor = 'jo'",
        "says that maria@acme.example approved it",
    ),
    "the owner's own review": (
        f"UPDATE reviews SET actor = '{OWNER}'; UPDATE jobs SET approved_by = '{OWNER}'",
        "and owns its order",
    ),
    "the owner's own review under another key": (
        "UPDATE reviews SET actor = 'br\u0430nd', reviewer_key = 'x'; "  # noqa: ISC004  two statements
        "UPDATE jobs SET approved_by = 'br\u0430nd'",
        "nobody's name and key",
    ),
    "an owner without keys": ("UPDATE orders SET owner_keys = ' x '", "not those of its owner"),
    "an order that wants nobody to look": (
        "UPDATE orders SET spec_json = replace(spec_json, 'all', 'none')",
        "is not what was entered",
    ),
    "an asset that nobody saw": (
        "DELETE FROM reviews; UPDATE jobs SET approved_by = NULL",
        "has to be seen by a person",
    ),
}


def test_every_forgery_of_a_review_is_seen(
    books: Books, books_url: str, waiting: list[str]
) -> None:
    """One after the other on the same books, each undone: they are quick, and databases are not."""
    one = waiting[0]
    review(books, one)
    release(books, one)
    disarm(books_url)
    run_sql(
        books_url,
        [
            "CREATE TABLE kept_reviews AS SELECT * FROM reviews",
            "CREATE TABLE kept_orders AS SELECT * FROM orders",
        ],
    )
    for name, (forgery, problem) in FORGERIES.items():
        sound(books)
        run_sql(books_url, forgery.split("; "))
        found = books.verify().problem
        assert found is not None, name
        assert re.search(problem, found), found
        run_sql(
            books_url,
            [
                "DELETE FROM reviews",
                "INSERT INTO reviews SELECT * FROM kept_reviews",
                "UPDATE orders SET spec_json = (SELECT spec_json FROM kept_orders)",
                "UPDATE orders SET owner_keys = (SELECT owner_keys FROM kept_orders)",
                f"UPDATE jobs SET approved_by = 'maria@acme.example' WHERE job_id = '{one}'",
            ],
        )
    sound(books)


def test_what_a_sample_draws_has_to_be_seen_and_the_rest_has_not(books: Books) -> None:
    job_ids = plan(books, wanting({"sample": "0.5"}))
    for job_id in job_ids:
        settle(books, built(admit(books, job_id)))
        inspect(books, job_id)
    drawn = [job_id for job_id in job_ids if _passes_unseen(books, job_id)]
    assert drawn, "a sample that draws nothing shows nothing"
    assert len(drawn) < len(job_ids)


def test_no_sql_takes_the_review_out_of_an_order_or_a_job_around_it(
    books_url: str, waiting: list[str]
) -> None:
    one = waiting[0]
    refused = r"never changed|gates one after the other|foreign key"
    replaced = "INSERT OR REPLACE INTO orders SELECT * FROM orders"
    statements = [
        f"UPDATE orders SET {name} = {'1' if isinstance(value, int) else chr(39) * 2}"
        for name, value in asdict(wanting("all")).items()
    ]
    for statement in (
        *statements,
        "UPDATE orders SET owner_keys = ' x '",
        "UPDATE orders SET state = 'done', title = 'x'",
        "DELETE FROM orders",
        *([replaced] if books_url.startswith("sqlite") else []),
        *(
            f"UPDATE jobs SET state = '{state}' WHERE job_id = '{one}'"
            for state in ("accepted", "built", "building", "released")
        ),
        f"UPDATE jobs SET state = 'released' WHERE job_id = '{one}'",
    ):
        with pytest.raises((*REFUSALS, psycopg.errors.ForeignKeyViolation), match=refused):
            run_sql(books_url, [statement])
    # Around by way of another state is no way either.
    back = f"UPDATE jobs SET state = 'planned' WHERE job_id = '{one}'"
    with pytest.raises(REFUSALS, match=refused):
        run_sql(books_url, [back, f"UPDATE jobs SET state = 'accepted' WHERE job_id = '{one}'"])
    assert {name.name for name in fields(OrderRecord)} == set(COLUMNS)


def test_an_order_without_its_review_is_named_by_the_proof(
    books: Books, books_url: str, waiting: list[str]
) -> None:
    """As somebody would do it who may take triggers away: all three assets go out unseen."""
    disarm(books_url)
    run_sql(
        books_url,
        [
            "UPDATE orders SET spec_json = replace(spec_json, 'all', 'none')",
            "UPDATE jobs SET state = 'accepted' WHERE state = 'in_review'",
        ],
    )
    for job_id in waiting:
        approve(books, job_id)
    release(books, *waiting)
    assert str(books.verify().problem).startswith("order mugs@2026 is not what was entered")
    run_sql(books_url, ["UPDATE orders SET spec_json = replace(spec_json, 'none', 'all')"])
    assert "has to be seen by a person" in str(books.verify().problem)


def _passes_unseen(books: Books, job_id: str) -> bool:
    """Whether the proof finds a fault when this job is approved by nobody."""
    approve(books, job_id)
    problem = books.verify().problem
    if problem is not None:
        assert f"job {job_id} has to be seen by a person" in problem
    move(books, JobMove(job_id, JobState.APPROVED, JobState.PLANNED, "for the next"))
    return problem is not None
