"""`mintage assets sheet` as marketing meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sheet_parts
from mint_runs import Desk

from assets import DirectoryStore, ManifestHeader, write_manifest

EDITION = f"released/{sheet_parts.CAMPAIGN}/product-photos/0123abcdef/"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a store in which three assets are released, one of them lost since."""
    desk = Desk.at(tmp_path)
    store = DirectoryStore(desk.folder / ".mintage/store")
    rows = [
        sheet_parts.shelved(store, number, f"mug/oak-{number}", tags=("hero",) if number else ())
        for number in range(3)
    ]
    write_manifest(store, EDITION, ManifestHeader(sheet_parts.ORDER, sheet_parts.CAMPAIGN), rows)
    (store.root / rows[0].key).unlink()
    return desk


def test_a_page_is_written_that_links_to_the_files(desk: Desk) -> None:
    done = desk.here("assets", "sheet")
    assert done.code == 0
    assert done.out.startswith("contact-sheet.html: 3 assets, 0.")
    assert done.err == (
        "mintage: 1 of them without a picture: the file is missing, changed or cannot be opened.\n"
    )
    page = (desk.folder / "contact-sheet.html").read_text()
    assert f"{(desk.folder / '.mintage/store').resolve().as_uri()}/{EDITION}mug/oak-1.png" in page


def test_only_what_was_asked_for_is_on_it(desk: Desk) -> None:
    done = desk.here("assets", "sheet", "out/preview.html", "--tag", "hero", "--json")
    assert done.json()["assets"] == 2
    assert done.json()["without_picture"] == 0
    assert done.json()["bytes"] == (desk.folder / "out/preview.html").stat().st_size
    none = desk.here("assets", "sheet", "none.html", "--campaign", "nobody")
    assert none.out.startswith("none.html: 0 assets")
    assert "Nothing that fits is released" in none.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--links", "3"), "is no S3 store"),
        (("--campaign", "../staging"), "'../staging' can be no campaign"),
        (("--campaign", "", "--latest"), "'' can be no campaign"),
        (("--order", "@"), "'@' can be no order"),
        (("--links", "8"), "A link lasts at most 7 days"),
        (("--where", "nme=1"), "did you mean 'name'?"),
        (("--since", "yesterday"), "is no date"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    desk: Desk, arguments: tuple[str, ...], said: str
) -> None:
    done = desk.here("assets", "sheet", *arguments)
    assert done.code in {1, 2}
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not (desk.folder / "contact-sheet.html").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--campaign", "../staging"),
        ("--campaign", "a/b"),
        ("--campaign", "a/b", "--latest"),
        ("--campaign=",),
        ("--campaign=", "--latest"),
        ("--order", "@"),
        ("--order", "../x"),
    ],
)
def test_a_name_that_nothing_can_have_is_wrong_usage(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    done = desk.here("assets", "list", *arguments)
    assert done.code == 2
    assert done.err.startswith("mintage: '")
    assert " can be no " in done.err
    assert "key" not in done.err


def test_the_calendar_has_an_end_that_can_be_named(desk: Desk) -> None:
    for days in (("--until", "9999-12-31"), ("--since", "0001-01-01", "--until", "9999-12-30")):
        assert len(desk.here("assets", "list", "--json", *days).json()["assets"]) == 3
    assert desk.here("assets", "list", "--json", "--until", "0001-01-01").json()["assets"] == []
