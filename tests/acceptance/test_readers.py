"""What finance, marketing and the scheduler read: whole, in line, and as exact JSON."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from loopback.faults import Fault
from loopback.process import LoopbackProcess
from manners_parts import cards_order, files_below, one_object
from mint_runs import Desk, Finished, schnell_order

# They share what one fixture makes once.
pytestmark = pytest.mark.xdist_group("readers")

DIMENSIONS = ("order", "job", "model", "provider", "cost_center", "campaign", "period", "day")
MONEY = re.compile(r"\$[\d,]+\.\d+")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Books with a drawn order, a bought one with a rework and a lost answer, and one in review."""
    folder = tmp_path_factory.mktemp("readers")
    with LoopbackProcess(seed=7, picture_variants=4) as provider:
        desk = Desk.at(folder, provider, MINTAGE_ABSENT_AFTER_S="600", MINTAGE_SETTLE_TIMEOUT_S="1")
        words = ("[red]plain[/red]", "🎨-mug", "three")
        drawn = cards_order(
            *words, order="drawn", output={**cards_order()["output"], "name": "{word_name}"}
        )
        drawn["matrix"] = {
            "word": [
                {"name": "[x]", "text": "[bold]Hello[/bold]"},
                {"name": "🎨-mug", "text": ":smile:"},
                {"name": "three", "text": "Three"},
            ]
        }
        drawn["generator"]["params"]["headline"] = "{word.text}"
        drawn["brief"]["prompt"] = "{word.text}"
        drawn["output"]["name"] = "{word.name}"
        assert desk.mintage("run", str(desk.write(drawn))).code == 0
        provider.add_faults(
            Fault("blank", times=1),
            Fault("cut_after_create", times=1, after=1),
            Fault("list_lag", seconds=600, times=1, after=1),
        )
        bought = schnell_order(
            3, order="bought", cost_center="cc-4200", campaign="storms", concurrency=1
        )
        assert desk.mintage("run", str(desk.write(bought))).code == 3
        provider.clear_faults()
        waiting = cards_order("four", "five", order="waiting", review="all")
        assert desk.mintage("run", str(desk.write(waiting))).code == 3
        yield desk
        desk.close()


def copy_of(world: Desk, folder: Path) -> Desk:
    """Give a test its own copy of the world to change."""
    shutil.copytree(world.folder, folder, dirs_exist_ok=True)
    return replace(world, folder=folder)


def order_ids(world: Desk) -> dict[str, str]:
    found = world.here("status", "--json").json()["orders"]
    return {one["order"].partition("@")[0]: one["order"] for one in found}


def reading_commands(world: Desk) -> list[list[str]]:
    ids = order_ids(world)
    return [
        ["check", "order.yaml"],
        ["quote", "order.yaml"],
        ["status"],
        ["status", ids["bought"]],
        ["trace", f"{ids['drawn']}#[x]"],
        ["assets", "list"],
        ["assets", "verify"],
        ["ledger", "summary"],
        ["ledger", "summary", "--by", "job"],
        ["ledger", "verify"],
        ["models"],
        ["doctor"],
        ["review", "list"],
    ]


def test_every_reading_command_prints_one_json_object(world: Desk) -> None:
    # Lists, pulls, sums and reviews are read as JSON by the tests below.
    below = {("status",), ("assets", "list"), ("ledger", "summary"), ("review", "list")}
    for words in reading_commands(world):
        if tuple(words[:2]) not in below:
            done = world.mintage(*words, "--json")
            assert (done.code, done.err) == (0, ""), words
            one_object(done)


def test_tables_fit_a_terminal_and_keep_amounts_whole_and_in_line(world: Desk) -> None:
    for words in reading_commands(world):
        done = world.here(*words)
        assert done.code == 0, done.err
        for line in done.out.splitlines():
            is_place = "/" in line or len(line.split()) == 1 or line.startswith("Next: ")
            assert len(line) <= 80 or is_place, (words, line)
            assert not re.search(r"\$\s*$|\$[\d,]*\.?$|^\s*\.?\d+$", line), (words, line)
    by_job = world.here("ledger", "summary", "--by", "job").out.splitlines()
    amounts = [MONEY.findall(line)[0] for line in by_job if MONEY.search(line)]
    assert len(amounts) == 8 + 1 + 1, "the jobs, the sum, and the sentence on lost answers"
    amounts.pop()
    assert len({len(amount.partition(".")[2]) for amount in amounts}) == 1


def test_names_and_prompts_are_printed_as_they_are(world: Desk) -> None:
    ids = order_ids(world)
    listed = world.mintage("assets", "list").out
    assert " [x] " in listed
    assert "🎨-mug" in listed
    story = world.here("trace", f"{ids['drawn']}#[x]").out
    assert "“[bold]Hello[/bold]”" in story
    assert "“:smile:”" in world.here("trace", f"{ids['drawn']}#🎨-mug").out


def test_every_dimension_adds_up_to_the_total(world: Desk) -> None:
    total = world.here("ledger", "summary", "--json").json()
    charges = sum(Decimal(row["amount_usd"]) for row in world.charges())
    assert Decimal(total["charged_usd"]) == charges
    assert Decimal(total["unknown_usd"]) == Decimal(total["held_usd"]) == Decimal("0.003")
    for name in DIMENSIONS:
        rows = world.here("ledger", "summary", "--by", name, "--json").json()["rows"]
        for field in ("charged_usd", "held_usd", "unknown_usd", "overrun_usd"):
            assert sum(Decimal(row[field]) for row in rows) == Decimal(total[field]), (name, field)
        assert sum(row["released"] for row in rows) == 5, name


def test_a_status_shows_lost_answers_with_their_age_and_the_next_step(world: Desk) -> None:
    ids = order_ids(world)
    done = world.here("status", ids["bought"])
    assert re.search(r"unknown +\$0\.003 +\d+ (s|min)\b", done.out)
    assert f"Next: `mintage resume {ids['bought']}`" in done.out
    seen = world.here("status", ids["bought"], "--json").json()
    (lost,) = seen["open_attempts"]
    assert (lost["state"], lost["held_usd"]) == ("unknown", "0.003")
    assert lost["age_s"] >= 0
    assert (seen["order"], seen["released"]) == (ids["bought"], 2)
    assert f"Manifest: {seen['manifest']}" in done.out
    assert json.loads(Path(seen["manifest"]).read_text())["order"] == ids["bought"]
    waiting = world.here("status", ids["waiting"])
    assert "in review; spent $" in waiting.out
    assert "Manifest" not in waiting.out
    listed = world.here("status", "--json").json()["orders"]
    assert {one["order"]: one["manifest"] is not None for one in listed} == {
        ids["drawn"]: True,
        ids["bought"]: True,
        ids["waiting"]: False,
    }
    assert "Next: `mintage review next" in waiting.out


def test_a_reworked_job_shows_what_each_attempt_was_judged(world: Desk) -> None:
    ids = order_ids(world)
    story = world.here("trace", f"{ids['bought']}#mug-1")
    first, second = re.split(r"^attempt \d", story.out, flags=re.MULTILINE)[1:]
    assert "not_blank v1: FAILED: " in first
    assert "not_blank v1: passed" in second
    assert story.out.splitlines()[1] == "is released; it cost $0.006"
    assert story.out.count("→ payable:replicate") == 2


def test_the_cost_report_appears_whole_and_replaces_the_old_one(
    world: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "reports" / "2026" / "costs.csv"
    for _ in range(2):
        done = world.mintage("ledger", "export", "--out", str(out))
        assert (done.code, done.out) == (0, "")
        start, rest = done.err.split(" in all. Made of ")
        charged = world.here("ledger", "summary", "--json").json()["charged_usd"]
        assert start == f"8 charges written to {out}, ${charged}"
        assert re.fullmatch(r"8 entries, E\d+ to E\d+, sealed: [0-9a-f]{64}\.\n", rest), rest
    assert files_below(tmp_path) == {"reports/2026/costs.csv"}
    with out.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == world.charges()
    assert "replaced" in " ".join(world.mintage("ledger", "export", "--help").out.split())
    for place, mark in ((out.parent, "is a folder"), (out / "below.csv", "costs.csv")):
        refused = world.mintage("ledger", "export", "--out", str(place))
        assert refused.code in {1, 2}
        assert mark in refused.err
        assert refused.err.count("\n") == 1
    assert files_below(tmp_path) == {"reports/2026/costs.csv"}


def test_lists_are_narrowed_by_campaign_order_and_day(world: Desk) -> None:
    ids = order_ids(world)

    def names(*words: str) -> list[str]:
        listed = one_object(world.mintage("assets", "list", *words, "--json"))
        return [one["name"] for one in listed["assets"]]

    assert len(names()) == 5
    assert len(names("--campaign", "storms")) == 2
    assert names("--order", "drawn") == names("--order", ids["drawn"])
    assert len(names("--order", "drawn")) == 3
    assert len(names("--since", "2020-01-01")) == 5
    assert names("--until", "2020-01-01") == names("--campaign", "none") == []
    nothing = world.mintage("assets", "list", "--campaign", "none")
    assert nothing.out.startswith("Nothing that fits is released in file:")


def test_a_pull_copies_once_and_mends_what_was_changed(world: Desk, tmp_path: Path) -> None:
    pull = ("assets", "pull", str(tmp_path / "site"), "--campaign", "small", "--json")

    def counts(done: Finished) -> tuple[int, int, int]:
        read = one_object(done)
        return read["copied"], read["skipped"], read["mended"]

    assert counts(world.here(*pull)) == (3, 0, 0)
    assert counts(world.here(*pull)) == (0, 3, 0)
    (picture,) = (tmp_path / "site").rglob("three.png")
    whole = picture.read_bytes()
    picture.write_bytes(whole[:-1])
    assert counts(world.here(*pull)) == (0, 2, 1)
    assert picture.read_bytes() == whole


def test_a_store_that_differs_from_the_books_is_told(world: Desk, tmp_path: Path) -> None:
    desk = copy_of(world, tmp_path)
    released = tmp_path / ".mintage" / "store" / "released"
    (lost,) = released.rglob("three.png")
    (changed,) = released.rglob("mug-1.webp")
    lost.unlink()
    changed.chmod(0o644)
    changed.write_bytes(changed.read_bytes()[::-1])
    quick = desk.mintage("assets", "verify")
    assert quick.code == 1
    assert "three.png is missing: " in quick.err
    deep = desk.mintage("assets", "verify", "--deep")
    assert deep.code == 1
    assert "three.png is missing: " in deep.err
    assert "mug-1.webp was changed: " in deep.err
    assert all(line.startswith("mintage: ") for line in deep.err.splitlines())
    seen = one_object(desk.mintage("assets", "verify", "--deep", "--json"))
    assert (seen["ok"], len(seen["problems"])) == (False, len(deep.err.splitlines()))


def test_a_review_is_decided_and_the_next_resume_carries_it_out(
    world: Desk, tmp_path: Path
) -> None:
    desk = copy_of(world, tmp_path)
    order_id = order_ids(desk)["waiting"]
    waiting = one_object(desk.here("review", "list", "--json"))["waiting"]
    assert {one["job_id"] for one in waiting} == {f"{order_id}#four", f"{order_id}#five"}
    assert all(Path(one["file"]).stat().st_size for one in waiting)
    by = ("--by", "maria@acme.example")
    approved = desk.here("review", "approve", f"{order_id}#four", *by)
    assert (approved.code, approved.err.splitlines()) == (
        0,
        [
            "four is approved.",
            f"1 more to review; `mintage review next {order_id}` shows the next.",
            f"Decided; `mintage resume {order_id}` goes on with it.",
        ],
    )
    because = ("--because", "The logo is cut off.")
    assert desk.here("review", "reject", f"{order_id}#five", *by, *because).code == 0
    again = desk.here("review", "approve", f"{order_id}#five", *by)
    assert (again.code, again.err.count("\n")) == (1, 1)
    resumed = desk.mintage("resume", order_id, "--json")
    # The rejected one is drawn anew and waits for a person again.
    assert (resumed.json()["released"], resumed.json()["in_review"]) == (1, 1)
    assert resumed.json()["attempts"] == 3
    story = desk.here("trace", f"{order_id}#four").out
    assert "approved by maria@acme.example" in story
    assert desk.here("review", "approve", f"{order_id}#five", *by).code == 0
    assert desk.mintage("resume", order_id).code == 0


def test_a_sample_goes_to_review_and_the_rest_is_released(studio_desk: Desk) -> None:
    words = tuple(f"word-{number}" for number in range(8))
    order = studio_desk.write(cards_order(*words, review={"sample": 0.5}))
    done = studio_desk.mintage("run", str(order), "--json")
    report = done.json()
    assert done.code == 3
    assert report["in_review"] + report["released"] == 8
    assert 0 < report["in_review"] < 8
    waiting = one_object(studio_desk.here("review", "list", "--json"))["waiting"]
    assert len(waiting) == report["in_review"]
    jobs = [one["job_id"] for one in waiting]
    assert studio_desk.here("review", "approve", *jobs, "--by", "m@acme.example").code == 0
    assert studio_desk.mintage("run", str(order)).code == 0
    assert "Nothing waits for review." in studio_desk.here("review", "list").out


def test_a_night_runs_good_orders_lists_bad_ones_and_pays_once_a_date(studio_desk: Desk) -> None:
    night = studio_desk.folder / "night"
    night.mkdir()
    studio_desk.write(cards_order("one", "two", order="first"), "night/a.yaml")
    studio_desk.write(cards_order("three", order="second"), "night/c.yaml")
    (night / "b.yaml").write_text("order: broken\nbudgte: 1\n")

    def run(day: str) -> Finished:
        return studio_desk.mintage("nightly", "night", "--date", day, "--json")

    first = run("2026-11-22")
    assert first.code == 2
    assert "Traceback" not in first.err
    assert "night/b.yaml" in first.err
    assert "budgte" in first.err
    report = one_object(first)
    states = [one.get("state", "not run") for one in report["orders"]]
    assert states == ["done", "not run", "done"]
    assert report["orders"][1]["problems"]
    spent = studio_desk.here("ledger", "summary", "--json").json()
    assert run("2026-11-22").code == 2
    assert studio_desk.here("ledger", "summary", "--json").json() == spent
    (night / "b.yaml").unlink()
    assert run("2026-11-23").code == 0
    orders = studio_desk.here("status", "--json").json()["orders"]
    assert sorted(one["order"] for one in orders) == [
        "first@2026-11-22",
        "first@2026-11-23",
        "second@2026-11-22",
        "second@2026-11-23",
    ]
    table = studio_desk.mintage("nightly", "night", "--date", "2026-11-23")
    assert table.out.startswith("Nightly run of 2026-11-23: $")
    (studio_desk.folder / "empty").mkdir()
    empty = studio_desk.mintage("nightly", "empty")
    assert (empty.code, empty.err.count("\n")) == (2, 1)
    assert "no .yaml or .yml work order" in empty.err


def test_empty_books_and_an_empty_store_say_so_kindly(studio_desk: Desk) -> None:
    for words, mark in (
        ("status", "no orders yet; `mintage run ORDER`"),
        ("ledger summary", "no entries yet; `mintage run ORDER`"),
        ("assets list", "Nothing is released yet in file:"),
        ("review list", "Nothing waits for review."),
        ("ledger verify", "The books hold: 0 entries"),
        ("assets verify", "0 released assets are as the books say"),
    ):
        done = studio_desk.here(*words.split())
        assert (done.code, done.err) == (0, ""), words
        assert mark in done.out
    nothing = studio_desk.mintage("resume")
    assert (nothing.code, nothing.err) == (0, "Nothing is unfinished.\n")
    assert studio_desk.here("ledger", "export").out.count("\n") == 1


def test_a_first_session_reads_well(studio_desk: Desk) -> None:
    studio_desk.write(cards_order())
    check = studio_desk.here("check", "order.yaml")
    assert re.fullmatch(r"order\.yaml: ok, 2 jobs, cards@[0-9a-f]{10}\n", check.out)
    run = studio_desk.mintage("run", "order.yaml")
    head, this_run, columns, released, in_all, manifest = run.out.splitlines()
    assert re.fullmatch(r"cards@\w+ is done: 2 of 2 released, \$[\d.]+ spent of \$0\.50", head)
    assert this_run == f"This run released 2 and spent {MONEY.findall(head)[0]}."
    assert columns.split() == ["jobs", "count", "cost"]
    assert released.split()[:2] == ["released", "2"]
    assert in_all.split()[2:] == ["2", *MONEY.findall(head)[:1]]
    assert Path(manifest.removeprefix("Manifest: ")).is_file()
    pulled = studio_desk.mintage("assets", "pull", "site")
    assert pulled.out.startswith("site: 2 copied (")
    assert [check.err, run.err, pulled.err] == ["", "", ""]
