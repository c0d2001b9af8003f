"""Files that are none, names that are taken, pictures that are hard to draw on: told, and nothing harmed."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from PIL import Image

from console.app import run
from flows import inspecting
from validators import InspectorPool, WorkerLimits

FAILED = 1
BAD_USAGE = 2


def picture(folder: Path, name: str, size: tuple[int, int] = (64, 64)) -> bytes:
    path = folder / name
    Image.linear_gradient("L").resize(size).convert("RGB").save(path)
    return path.read_bytes()


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder to work in; commands are run in this process, which is quicker."""

    folder: Path
    screen: pytest.CaptureFixture[str]

    def mintage(self, *arguments: str) -> Finished:
        """Run a command to its end."""
        code = run(list(arguments))
        out, err = self.screen.readouterr()
        return Finished(code, out, err)


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINTAGE_INSPECTORS", "1")
    return Desk(tmp_path, capsys)


def rules(folder: Path, *done: object) -> str:
    (folder / "rules.yaml").write_text(yaml.safe_dump({"done": list(done)}), encoding="utf-8")
    return "rules.yaml"


def test_a_drawing_takes_no_file_s_place_and_follows_no_link(desk: Desk) -> None:
    folder = desk.folder
    named = {name: picture(folder, name) for name in ("a.png", "001-a.png")}
    only = rules(folder, "not_blank")
    done = desk.mintage("inspect", *named, "--done", only, "--annotate", ".")
    assert done.code == BAD_USAGE
    assert "001-a.png" in done.err
    assert done.out == ""
    (folder / "linked").mkdir()
    (folder / "linked" / "001-a.png").symlink_to("../elsewhere.png")
    done = desk.mintage("inspect", "a.png", "--done", only, "--annotate", "linked")
    assert done.code == BAD_USAGE
    assert {name: (folder / name).read_bytes() for name in named} == named
    assert not (folder / "elsewhere.png").exists()
    done = desk.mintage("inspect", "a.png", "--done", only, "--annotate", "a.png")
    assert done.code == BAD_USAGE
    assert "no folder" in done.err


def test_one_name_of_a_long_file_and_a_second_run_into_the_same_folder(desk: Desk) -> None:
    folder = desk.folder
    long = "ü" * 125 + ".png"
    picture(folder, long)
    only = rules(folder, "not_blank")
    assert desk.mintage("inspect", long, "--done", only, "--annotate", "d").code == 0
    (drawn,) = (folder / "d").iterdir()
    before = drawn.read_bytes()
    done = desk.mintage("inspect", long, "--done", only, "--annotate", "d")
    assert done.code == BAD_USAGE
    assert drawn.read_bytes() == before


def test_files_that_cannot_be_read_are_told_and_the_others_are_judged(desk: Desk) -> None:
    folder = desk.folder
    picture(folder, "a.png")
    (folder / "dangling.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "pipe.png")
    names = ("gone.png", ".", "dangling.png", "pipe.png", "a.png")
    only = rules(folder, "not_blank")
    done = desk.mintage("inspect", *names, "--done", only, "--json")
    assert done.code == FAILED
    told = {one["file"]: one for one in json.loads(done.out)["files"]}
    assert list(told) == list(names)
    assert told["a.png"]["passed"]
    assert told["a.png"]["error"] is None
    for name, why in zip(names, ("No such", "Is a dir", "No such", "a pipe"), strict=False):
        assert told[name]["error"].startswith(why)
        assert not told[name]["passed"]
        assert told[name]["verdicts"] == []
        assert f"{name} was not judged" in done.err
    done = desk.mintage("inspect", "gone.png", "a.png", "--done", only)
    assert done.code == FAILED
    assert "gone.png: not judged (No such file or directory)" in done.out
    assert "a.png: passes" in done.out


@pytest.mark.parametrize("given", ["pipe", "/dev/zero", "."])
def test_rules_are_read_from_plain_files_only(desk: Desk, given: str) -> None:
    folder = desk.folder
    picture(folder, "a.png")
    os.mkfifo(folder / "pipe")
    done = desk.mintage("inspect", "a.png", "--done", given)
    assert done.code == BAD_USAGE
    assert "cannot be read" in done.err


def test_no_rules_at_all_are_refused(desk: Desk) -> None:
    picture(desk.folder, "a.png")
    done = desk.mintage("inspect", "a.png", "--done", rules(desk.folder))
    assert done.code == BAD_USAGE
    assert "at least one criterion" in done.err


def test_a_picture_that_is_refused_is_not_drawn_on_and_a_tall_one_ends_nothing(
    desk: Desk,
) -> None:
    folder = desk.folder
    (folder / "cut.png").write_bytes(picture(folder, "a.png")[:-20])
    picture(folder, "tall.png", (1, 300_000))
    done = desk.mintage(
        "inspect",
        *("cut.png", "tall.png", "a.png"),
        *("--done", rules(folder, "not_blank"), "--annotate", "drawn", "--json"),
    )
    drawn = [one["annotated"] for one in json.loads(done.out)["files"]]
    assert drawn == [None, "drawn/002-tall.png", "drawn/003-a.png"]
    tall = Image.open(io.BytesIO((folder / "drawn" / "002-tall.png").read_bytes()))
    assert tall.size == (1, 4_055)


@pytest.mark.parametrize(("asked", "made"), [("1", 1), ("2", 2), ("900", 3)])
def test_as_many_processes_inspect_as_the_house_allows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, asked: str, made: int
) -> None:
    opened: list[int | None] = []

    class Counted(InspectorPool):
        def __init__(
            self, workers: int | None = None, *, worker_limits: WorkerLimits | None = None
        ) -> None:
            opened.append(workers)
            super().__init__(workers, worker_limits=worker_limits)

    monkeypatch.setattr(inspecting, "InspectorPool", Counted)
    monkeypatch.setenv("MINTAGE_INSPECTORS", asked)
    # No process is started for files that are not there.
    names = ("a.png", "b.png", "c.png")
    only = rules(desk.folder, "not_blank")
    assert desk.mintage("inspect", *names, "--done", only).code == FAILED
    assert opened == [made]
