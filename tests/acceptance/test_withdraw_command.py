"""`mintage assets withdraw` and what everybody else sees of it, at a desk with a finished order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from gate_storm import gated_order
from mint_runs import Desk

pytestmark = pytest.mark.xdist_group("withdraw command")

BY = ("--by", "maria@acme.example", "--because", "The maker's lawyers object")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk.at(tmp_path_factory.mktemp("withdrawn"))
    made.books_at_hand = True
    made.write(gated_order(3))
    ended = made.mintage("run", "order.yaml", "--json")
    assert ended.code == 0, ended.err
    yield made
    made.close()


def shown(desk: Desk) -> set[str]:
    """The names of what the order's manifest and the campaign's index name."""
    store = desk.folder / ".mintage/store"
    (manifest,) = store.glob("released/storms/gates/*/manifest.json")
    index = store / "latest/storms/index.json"
    one, other = (
        {row["name"] for row in json.loads(path.read_text())["assets"]}
        for path in (manifest, index)
    )
    assert one == other
    return one


def test_an_asset_is_taken_back_with_its_renditions_and_everybody_is_told(desk: Desk) -> None:
    quick = desk.here("assets", "verify")
    assert quick.out.startswith("9 released assets are as the books say: ")
    done = desk.here("assets", "withdraw", "gates#card-1", *BY)
    assert (done.code, done.err) == (0, "")
    first, second, third = done.out.splitlines()
    assert first.endswith("#card-1 and 2 renditions of it are withdrawn.")
    assert second == "No manifest, index or contact sheet shows them any more."
    assert third.startswith("The bytes and the books stay; ")
    assert all(len(line) <= 80 for line in (first, second, third))
    names = {f"card-{n}{suffix}" for n in (2, 3) for suffix in ("", "-small", "-tiny")}
    assert shown(desk) == names
    listed = desk.here("assets", "list", "--json").json()["assets"]
    assert {one["name"] for one in listed} == names

    again = desk.here("assets", "withdraw", "gates#card-1-tiny", *BY, "--json").json()
    assert (again["withdrawn_before"], again["by"], again["receipts_marked"]) == (
        True,
        "maria@acme.example",
        0,
    )
    assert [Path(key).name for key in again["keys"]] == [
        "card-1.webp",
        "card-1-small.png",
        "card-1-tiny.jpg",
    ]
    said = desk.here("assets", "withdraw", again["job_id"], *BY).out
    assert f"were withdrawn before, on {again['at'][:10]} by maria@acme.example: The maker" in said
    told = desk.here("assets", "verify", "--deep", "--json").json()
    assert (told["ok"], told["checked"], told["withdrawn"], told["unfinished"]) == (True, 9, 3, [])
    assert "3 of them are withdrawn, and nothing shows them." in desk.here("assets", "verify").out


def test_a_jobs_story_tells_where_all_its_files_are_and_who_withdrew_them(desk: Desk) -> None:
    again = desk.here("assets", "withdraw", "gates#card-1", *BY, "--json").json()
    told = desk.here("trace", again["job_id"], "--json").json()
    assert {**told["withdrawal"], "at": again["at"]} == {
        "job_id": again["job_id"],
        "by": "maria@acme.example",
        "because": "The maker's lawyers object",
        "at": again["at"],
    }
    release = told["release"]
    places = [release, *release["renditions"]]
    assert [one["release_key"] for one in places] == again["keys"]
    store = desk.folder / ".mintage/store"
    assert all((store / one["receipt_key"]).is_file() for one in places)
    out = desk.here("trace", again["job_id"]).out
    assert "is released, and withdrawn since; it cost" in out
    assert all(f"  {key}\n" in out for key in again["keys"])
    assert f"WITHDRAWN by maria@acme.example on {again['at'][:10]} " in out
    assert out.endswith(" UTC: The maker's lawyers object.\n")


def test_a_run_that_ends_after_it_shows_it_no_more(desk: Desk) -> None:
    desk.here("assets", "withdraw", "gates#card-2", *BY)
    left = shown(desk)
    assert "card-2" not in left
    ended = desk.mintage("run", "order.yaml", "--json")
    assert (ended.code, ended.json()["released"]) == (0, 3)
    assert shown(desk) == left


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("gates#card-9", *BY), 1, "The books have no job 'gates#card-9'"),
        (("gates#card-3", "--by", "maria@acme.example"), 2, "--because"),
        (("gates#card-3", "--by", " ", "--because", "x"), 1, "by somebody and for a reason"),
        ((), 2, "JOB"),
    ],
)
def test_what_cannot_be_withdrawn_is_told_in_one_sentence(
    desk: Desk, words: tuple[str, ...], code: int, says: str
) -> None:
    done = desk.here("assets", "withdraw", *words)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1), done.err
    assert says in done.err


def test_verify_says_what_shows_a_withdrawn_asset_and_the_command_that_ends_it(desk: Desk) -> None:
    (manifest,) = (desk.folder / ".mintage/store").glob("released/storms/gates/*/manifest.json")
    before = manifest.read_bytes()
    desk.here("assets", "withdraw", "gates#card-3", *BY)
    manifest.write_bytes(before)
    found = desk.here("assets", "verify")
    assert found.code == 1
    lines = found.err.splitlines()
    assert len(lines) == 3
    assert all(f"{manifest} still shows what is withdrawn: " in line for line in lines)
    assert "--because 'The maker'\"'\"'s lawyers object'` completes it." in lines[0]
    desk.here("assets", "withdraw", "gates#card-3", *BY)
    assert desk.here("assets", "verify").code == 0
