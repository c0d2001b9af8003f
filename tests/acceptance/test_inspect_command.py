"""Judging files by hand: the same rules as an order's, with no run, no provider and no books."""

from __future__ import annotations

import io
from pathlib import Path

import yaml
from mint_runs import Desk, schnell_order
from PIL import Image

NOT_PASSED = 3


def picture(folder: Path, name: str, size: tuple[int, int] = (256, 256)) -> str:
    ramp = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (ramp, ramp.rotate(180), ramp.point(lambda level: 255 - level)))
    path = folder / name
    image.save(path)
    return str(path)


def rules(folder: Path, done: list[object]) -> str:
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump({"done": done}), encoding="utf-8")
    return str(path)


def test_files_are_judged_by_an_order_with_no_run_of_it(studio_desk: Desk) -> None:
    folder = studio_desk.folder
    order = str(studio_desk.write(schnell_order(3)))
    good, small = picture(folder, "good.webp"), picture(folder, "small.webp", (255, 256))
    done = studio_desk.mintage("inspect", good, "--order", order)
    assert done.code == 0, done.err
    assert "passes" in done.out
    done = studio_desk.mintage("inspect", good, small, "--order", order, "--json")
    assert done.code == NOT_PASSED
    told = done.json()
    assert [one["passed"] for one in told["files"]] == [True, False]
    (broken,) = [one for one in told["files"][1]["verdicts"] if not one["passed"]]
    assert broken["criterion"] == "dimensions"
    assert broken["reason"] == "The picture is 255 pixels wide instead of 256."
    assert not (folder / ".mintage").exists()


def test_rules_stand_in_a_file_of_their_own_and_only_blocking_ones_fail(studio_desk: Desk) -> None:
    folder = studio_desk.folder
    good = picture(folder, "good.png")
    lenient = rules(folder, [{"dimensions": {"width": 300, "severity": "warn"}}, "not_blank"])
    done = studio_desk.mintage("inspect", good, "--done", lenient)
    assert done.code == 0, done.err
    assert "WARNING dimensions" in done.out
    strict = rules(folder, [{"dimensions": {"width": 300}}])
    assert studio_desk.mintage("inspect", good, "--done", strict).code == NOT_PASSED


def test_what_was_found_is_drawn_on_copies_and_never_on_the_file(studio_desk: Desk) -> None:
    folder = studio_desk.folder
    good = picture(folder, "good.png")
    before = Path(good).read_bytes()
    zone = {"zone": {"width": 0.5, "height": 0.5}}
    done = studio_desk.mintage(
        "inspect", good, "--done", rules(folder, [{"calm_zone": zone}]), "--annotate", "drawn"
    )
    assert done.code in {0, NOT_PASSED}, done.err
    assert Path(good).read_bytes() == before
    drawn = Image.open(io.BytesIO((folder / "drawn" / "001-good.png").read_bytes()))
    assert drawn.size == (256, 256)
    assert drawn.convert("RGB").tobytes() != Image.open(good).convert("RGB").tobytes()


def test_a_file_that_is_no_picture_fails_and_one_that_is_not_there_is_named(
    studio_desk: Desk,
) -> None:
    folder = studio_desk.folder
    only = rules(folder, [{"format": {"is": "png"}}])
    (folder / "page.png").write_text("<html></html>", encoding="utf-8")
    done = studio_desk.mintage("inspect", "page.png", "--done", only, "--annotate", "drawn")
    assert done.code == NOT_PASSED
    assert "FAILED" in done.out
    done = studio_desk.mintage("inspect", "gone.png", "--done", only)
    assert done.code == 1
    assert "gone.png" in done.err
    assert "Traceback" not in done.err


def test_wrong_usage_says_what_to_do(studio_desk: Desk) -> None:
    folder = studio_desk.folder
    good = picture(folder, "good.png")
    assert studio_desk.mintage("inspect", "--done", rules(folder, ["not_blank"])).code == 2
    assert "--order ORDER or --done" in studio_desk.mintage("inspect", good).err
    bad = rules(folder, [{"dimensions": {"widht": 3}}])
    done = studio_desk.mintage("inspect", good, "--done", bad)
    assert done.code == 2
    assert "did you mean 'width'?" in done.err
    order = schnell_order(2, done=[{"dimensions": {"width": "{variant}"}}])
    order["output"] = {**order["output"], "width": "{variant}"}
    path = str(studio_desk.write(order))
    done = studio_desk.mintage("inspect", good, "--done", path)
    assert done.code == 2
    assert "--order ORDER --job NAME" in done.err


def test_every_criterion_is_listed_with_its_units_and_an_example(studio_desk: Desk) -> None:
    done = studio_desk.mintage("criteria")
    assert done.code == 0, done.err
    assert "width (px): exactly so wide" in done.out
    told = studio_desk.mintage("criteria", "--json").json()["criteria"]
    assert {one["name"] for one in told} >= {"dimensions", "format", "file_size", "not_blank"}
    assert all(one["cost_ms"] > 0 for one in told)
    assert "did you mean" not in studio_desk.mintage("criteria", "format").out
    assert studio_desk.mintage("criteria", "nonsense").code == 2


def test_the_page_of_criteria_is_the_one_that_the_code_makes(studio_desk: Desk) -> None:
    page = Path(__file__).parent.parent.parent / "docs" / "criteria.md"
    assert studio_desk.mintage("criteria", "--markdown").out == page.read_text(encoding="utf-8")
