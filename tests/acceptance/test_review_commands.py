"""A person reviews on the command line: what waits, one after the other, and what they decide."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from manners_parts import assert_one_sentence, cards_order
from mint_runs import Desk, Finished

# They share what one fixture makes once.
pytestmark = pytest.mark.xdist_group("review_commands")

ME = ("--by", "maria@acme.example")
FREE = ("file ", "copy ", "sha256 ", "mintage review ", "Next: ")
"""How lines begin that are never folded, because people copy from them."""


def decided(desk: Desk, line: str, **words: str) -> Finished:
    """Paste a command that was shown, with what a person puts in for the dots."""
    tokens = shlex.split(line)
    assert tokens.pop(0) == "mintage"
    for option, word in words.items():
        tokens[tokens.index(f"--{option}") + 1] = word
    return desk.here(*tokens)


def following(desk: Desk, *more: str) -> dict[str, Any]:
    done = desk.here("review", "next", "cards", *more, "--json")
    assert done.code == 0, done.err
    shown: dict[str, Any] = json.loads(done.out)
    return shown


def assert_fits(done: Finished) -> None:
    assert (done.code, done.err) == (0, "")
    long = [line for line in done.out.splitlines() if len(line) > 80 and not line.startswith(FREE)]
    assert long == []


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Two cards that wait: all are looked at, and each breaks a rule that asks for a person."""
    done = [
        {"dimensions": {"width": 128, "height": 128}},
        {"format": {"is": "png"}},
        {"file_size": {"max_kb": 1, "severity": "review"}},
        {"sharpness": {"floor": 99, "severity": "warn"}},
    ]
    budget = {"cap": "0.50", "per_job": "0.003", "attempts": 2}
    order = cards_order("one", "two", done=done, report="all", budget=budget, review="all")
    desk = Desk.at(tmp_path_factory.mktemp("ordered"))
    assert desk.mintage("run", str(desk.write(order))).code == 3
    return desk


@pytest.fixture
def waiting(ordered: Desk, tmp_path: Path) -> Desk:
    """The same in a folder of this test's own."""
    return Desk.at(shutil.copytree(ordered.folder, tmp_path / "desk"))


def test_a_person_looks_at_one_after_the_other_and_decides(waiting: Desk) -> None:
    desk = waiting
    screen = desk.mintage("review", "next", "cards", *ME)
    assert_fits(screen)
    assert "(1 of 2 that wait)" in screen.out
    assert "file_size v1: TO REVIEW: " in screen.out
    assert "sharpness v1: WARNING: " in screen.out
    shown = following(desk, "--save", "look")
    assert (shown["queue"]["waiting"], shown["queue"]["share"]) == (2, "1")
    first = shown["next"]
    assert [doubt["severity"] for doubt in first["doubts"]] == ["review", "warn"]
    assert (first["attempts_left"], first["owner"]) == (1, "brand-team@acme.example")
    for place in (Path(first["file"]), desk.folder / first["saved"]):
        assert hashlib.sha256(place.read_bytes()).hexdigest() == first["sha256"]
    # As it is shown, the command names nobody; the owner is nobody to ask either.
    approve = first["commands"]["approve"]
    assert_one_sentence(decided(desk, approve), 1, "A review is somebody's")
    owner = decided(desk, approve, by="Brand-Team@acme.example")
    assert_one_sentence(owner, 1, "owns the order", "let somebody else decide")
    assert approve in screen.out.replace(ME[1], "…")
    approved = decided(desk, approve, by=ME[1])
    assert (approved.code, approved.err.splitlines()[0]) == (0, f"{first['name']} is approved.")
    late = decided(desk, first["commands"]["reject"], by="jo@acme.example", because="too dark")
    assert_one_sentence(late, 1, "maria@acme.example has approved this file")


def test_what_is_rejected_is_built_anew_and_decided_about_as_another_file(waiting: Desk) -> None:
    desk = waiting
    first = following(desk)["next"]
    assert decided(desk, first["commands"]["approve"], by=ME[1]).code == 0
    second = following(desk)["next"]
    assert second["name"] != first["name"]
    reject = second["commands"]["reject"]
    rejected = decided(desk, reject, by="jo@acme.example", because="too dark")
    assert "goes back to build" in rejected.err
    resumed = desk.mintage("resume", second["order"], "--json").json()
    assert (resumed["released"], resumed["in_review"], resumed["attempts"]) == (1, 1, 3)
    # It is another file now: what was said of the first one holds for it no more.
    assert_one_sentence(
        decided(desk, second["commands"]["approve"], by=ME[1]), 1, "jo@acme.example"
    )
    again = following(desk)["next"]
    assert [said["because"] for said in again["earlier"]] == ["too dark"]
    assert again["attempts_left"] == 0
    last = decided(desk, again["commands"]["reject"], by=ME[1], because="still dark")
    assert "is rejected: its attempts are used up" in last.err
    assert "Nothing of cards@" in desk.here("review", "next", "cards").out
    story = desk.here("trace", second["job_id"]).out
    assert "made after attempt 1 was rejected by jo@acme.example" in story
    (receipt,) = (desk.folder / ".mintage/store/released").rglob("receipts/*.json")
    said = json.loads(receipt.read_text())
    assert said["review"] | {"at": ""} == {
        "by": ME[1],
        "decision": "approved",
        "because": None,
        "at": "",
        "sha256": first["sha256"],
    }
    assert (said["approved_by"], said["review"]["at"]) == (ME[1], said["approved_at"])
    assert desk.here("ledger", "verify").code == 0


def test_several_are_decided_together_or_none(waiting: Desk) -> None:
    desk = waiting
    listed = desk.here("review", "show", "cards")
    assert_fits(listed)
    assert "a person sees all of its 2 assets." in listed.out
    assert "file_size, sharpness (warning)" in " ".join(listed.out.split())
    one = desk.here("review", "show", "cards", "two", *ME)
    assert_fits(one)
    wrong = desk.here("review", "approve", "cards", "one", "three", *ME)
    assert_one_sentence(wrong, 1, "no job 'cards@")
    status = desk.here("status")
    assert "in review (2)" in status.out
    both = desk.here("review", "reject", "cards", "one", "two", *ME, "--because", "Too dark.")
    assert both.err.count("goes back to build.") == 2
    gone = desk.here("review", "show", "cards", "two")
    assert_one_sentence(gone, 1, "is planned and does not wait for review")


def test_a_damaged_file_does_not_keep_the_others_from_being_saved(waiting: Desk) -> None:
    desk = waiting
    damaged = following(desk)["next"]
    file = Path(damaged["file"])
    file.chmod(0o644)
    file.write_bytes(b"another picture")
    shown = desk.here("review", "show", "cards", "--save", "look", "--json")
    assert shown.code == 1
    assert shown.err.startswith(f"mintage: No copy of {damaged['name']}: ")
    copies = {one["name"]: one["saved"] for one in json.loads(shown.out)["waiting"]}
    assert copies.pop(damaged["name"]) is None
    assert [(desk.folder / saved).is_file() for saved in copies.values()] == [True]
    one = desk.here("review", "next", "cards", "--save", "look")
    assert one.code == 1
    assert damaged["commands"]["reject"] in one.out


def test_names_and_reasons_with_what_nobody_sees_are_refused(waiting: Desk) -> None:
    desk = waiting
    reject = following(desk)["next"]["commands"]["reject"]
    for by, because in (("\u202eevil\x1b[2J", "dark"), (ME[1], "x\x1b[31m"), ("mailto:a@b.c", "x")):
        refused = decided(desk, reject, by=by, because=because)
        assert_one_sentence(refused, 1)
        assert refused.err.isascii()
        assert "\x1b" not in refused.err


def test_bytes_exchanged_in_the_books_are_named_when_they_would_be_released(waiting: Desk) -> None:
    desk = waiting
    approve = following(desk)["next"]
    assert decided(desk, approve["commands"]["approve"], by=ME[1]).code == 0
    with contextlib.closing(sqlite3.connect(desk.folder / ".mintage/ledger.db")) as books, books:
        books.execute(
            "UPDATE attempts SET sha256 = ? WHERE sha256 = ?", ("ef" * 32, approve["sha256"])
        )
    resumed = desk.mintage("resume", approve["order"])
    assert_one_sentence(resumed, 1, "no inspector has measured", "`mintage ledger verify` says")
    assert desk.here("ledger", "verify").code == 1
