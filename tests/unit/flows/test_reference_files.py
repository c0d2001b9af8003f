"""Files that an order names: read beside it and nowhere else, and what they say becomes the order's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.flows.order_parts import only, order, plan
from unit.validators.sample_pictures import encoded, photo_file, photograph

from flows import reference_files
from flows.reference_files import read_done_files
from validators import as_data_address, parse_done

LOGO = photo_file("png", 300, 120)
PATH_WANTED = "a path in the folder of the file that names it, or below, such as logos/acme.png"


def logo(path: object) -> list[object]:
    return ["not_blank", {"logo": {"picture": path, "min_width": 100}}]


def seen(folder: str) -> list[object]:
    return [
        {"dimensions": {"width": 1024, "height": 1024}},
        {"not_seen_before": {"forbidden": folder}},
    ]


def fault(items: list[object], folder: Path) -> tuple[str, str]:
    """Return what was found and what is wanted, in the one fault that there is."""
    (one,) = read_done_files(items, folder).faults
    assert one[0][:2] == ("done", 1)
    return one[1], one[2]


def test_a_path_becomes_the_picture_and_the_rest_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "brand").mkdir()
    (tmp_path / "brand/logo.png").write_bytes(LOGO)
    read = read_done_files(logo("brand/logo.png"), tmp_path)
    assert read.faults == ()
    address = as_data_address(LOGO)
    assert read.items == ["not_blank", {"logo": {"picture": address, "min_width": 100}}]
    again = read_done_files(read.items, tmp_path / "elsewhere")
    assert (again.items, again.faults) == (read.items, ())


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("../logo.png", "'../logo.png'"),
        ("brand/../../logo.png", "'brand/../../logo.png'"),
        ("/etc/passwd", "'/etc/passwd'"),
        (" ", "' '"),
        ("missing.png", "'missing.png', which cannot be read (No such file or directory)"),
        ("out.png", "'out.png', a link that leads out of the folder"),
        ("way/logo.png", "'way/logo.png', a link that leads out of the folder"),
        ("loop.png", None),
    ],
)
def test_only_what_is_in_the_folder_or_below_is_read(
    tmp_path: Path, path: str, found: str | None
) -> None:
    here = tmp_path / "orders"
    here.mkdir()
    (tmp_path / "logo.png").write_bytes(LOGO)
    (here / "out.png").symlink_to(tmp_path / "logo.png")
    (here / "way").symlink_to(tmp_path)
    (here / "loop.png").symlink_to("loop.png")
    told = fault(logo(path), here)
    assert told[1] == PATH_WANTED
    assert found is None or told[0] == found


def test_a_link_that_stays_in_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(LOGO)
    (tmp_path / "logo.png").symlink_to("real.png")
    assert read_done_files(logo("logo.png"), tmp_path).faults == ()


def test_what_is_no_file_is_not_opened_and_a_huge_one_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert fault(logo("pipe.png"), tmp_path)[0] == "'pipe.png', which is no file"
    (tmp_path / "logo.png").write_bytes(LOGO)
    monkeypatch.setattr(reference_files, "PICTURE_BYTES_MAX", len(LOGO))
    assert read_done_files(logo("logo.png"), tmp_path).faults == ()
    monkeypatch.setattr(reference_files, "PICTURE_BYTES_MAX", len(LOGO) - 1)
    assert "of more than" in fault(logo("logo.png"), tmp_path)[0]


def test_a_path_is_the_same_for_every_job(tmp_path: Path) -> None:
    found, wanted = fault(logo("{product}.png"), tmp_path)
    assert found == "'{product}.png' with a placeholder"
    assert wanted == "one path, which is the same for every job"


def test_a_folder_becomes_names_and_hashes_of_all_pictures_in_it(tmp_path: Path) -> None:
    (tmp_path / "licensed/more").mkdir(parents=True)
    (tmp_path / "licensed/a {1}.png").write_bytes(LOGO)
    (tmp_path / "licensed/more/b.jpg").write_bytes(photo_file("jpeg", 200, 200))
    (tmp_path / "licensed/.DS_Store").write_bytes(b"no picture, and hidden")
    read = read_done_files(seen("licensed"), tmp_path)
    assert read.faults == ()
    (criterion,) = parse_done(read.items[1:])
    contents = criterion.contents()["forbidden"]  # type: ignore[union-attr]
    assert [one["name"] for one in contents] == ["a (1).png", "more/b.jpg"]


def picture_link(folder: Path) -> None:
    (folder / "z.png").symlink_to(folder / "a.png")


def folder_link(folder: Path) -> None:
    (folder / "z").symlink_to("/usr")


def a_text(folder: Path) -> None:
    (folder / "z.txt").write_text("Licensed until 2027.")


@pytest.mark.parametrize(
    ("put", "found"),
    [
        (picture_link, "'z.png' in 'licensed', which is no file of its own"),
        (folder_link, "'z' in 'licensed', which is no file of its own"),
        (a_text, "'licensed' with a file that is no such picture: z.txt"),
    ],
)
def test_nothing_in_a_folder_is_passed_over_in_silence(
    tmp_path: Path, put: Callable[[Path], None], found: str
) -> None:
    (tmp_path / "licensed").mkdir()
    (tmp_path / "licensed/a.png").write_bytes(LOGO)
    put(tmp_path / "licensed")
    assert fault(seen("licensed"), tmp_path)[0] == found


def test_folders_have_bounds_and_something_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "licensed").mkdir()
    assert fault(seen("licensed"), tmp_path)[0] == "'licensed', which is empty"
    for number in range(3):
        (tmp_path / f"licensed/{number}.png").write_bytes(LOGO)
    assert fault(seen("licensed/1.png"), tmp_path)[0] == "'licensed/1.png', which is no folder"
    monkeypatch.setattr(reference_files, "FOLDER_FILES_MAX", 2)
    assert "with more than 2 files" in fault(seen("licensed"), tmp_path)[0]
    monkeypatch.setattr(reference_files, "FOLDER_FILES_MAX", 3)
    monkeypatch.setattr(reference_files, "FOLDER_BYTES_MAX", 2 * len(LOGO))
    assert "with more than" in fault(seen("licensed"), tmp_path)[0]


def test_check_tells_the_place_of_a_path_once(tmp_path: Path) -> None:
    field, found, wanted = only(tmp_path, order(done=seen("../licensed")))
    assert (field, found) == ("done[1].not_seen_before.forbidden", "'../licensed'")
    assert wanted == PATH_WANTED


def test_what_the_books_keep_needs_no_file_and_what_an_order_is_no_path(tmp_path: Path) -> None:
    for name in ("licensed", "forbidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(LOGO)
    (tmp_path / "forbidden/a.png").rename(tmp_path / "forbidden/z.png")
    first = plan(tmp_path, order(done=seen("licensed")))
    assert "licensed" not in first.spec_json
    kept = json.loads(first.spec_json)["done"][1]["not_seen_before"]["forbidden"]
    assert [one["name"] for one in kept] == ["a.png"]
    # The same pictures by other names are the same rule.
    assert plan(tmp_path, order(done=seen("forbidden"))).order_id() == first.order_id()
    other = encoded(photograph(64, 64), "png")
    (tmp_path / "licensed/b.png").write_bytes(other)
    assert plan(tmp_path, order(done=seen("licensed"))).order_id() != first.order_id()
