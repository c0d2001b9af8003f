"""How links are asked for, and what downloads are called."""

from __future__ import annotations

import dataclasses
import unicodedata
from datetime import timedelta
from email.message import Message
from pathlib import Path

import pytest
from asset_shelf import shelf_rows, shelve, withdraw

from assets import (
    AssetFilter,
    DirectoryStore,
    ManifestHeader,
    ManifestRow,
    MemoryStore,
    NoLink,
    Withdrawn,
    write_manifest,
)
from assets.links import content_disposition, download_name, make_link, meant_by

(ROW,) = shelf_rows("autumn-2026", "photos@a1", 1)


def named(name: str) -> ManifestRow:
    return dataclasses.replace(ROW, name=name)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("mug/oak-1", 'attachment; filename="mug-oak-1.webp"'),
        (
            "Käse/größer",
            "attachment; filename=\"Kase-groer.webp\"; filename*=UTF-8''K%C3%A4se-gr%C3%B6%C3%9Fer.webp",
        ),
        ("猫", "attachment; filename=\"asset.webp\"; filename*=UTF-8''%E7%8C%AB.webp"),
        (
            '5% "off"; a\'b',
            "attachment; filename=\"5_ _off_; a'b.webp\"; filename*=UTF-8''5%25%20%22off%22%3B%20a%27b.webp",
        ),
    ],
)
def test_a_download_has_a_name_for_every_browser(name: str, header: str) -> None:
    assert content_disposition(download_name(named(name))) == header


def test_another_reader_of_the_header_finds_the_whole_name() -> None:
    header = content_disposition(download_name(named("Käse/猫 1")))
    plain = 'filename="Kase- 1.webp"; '
    for text, name in ((header, "Kase- 1.webp"), (header.replace(plain, ""), "Käse-猫 1.webp")):
        message = Message()
        message["Content-Disposition"] = text
        assert message.get_filename() == name


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def test_an_asset_is_called_by_its_name_job_key_or_file(store: MemoryStore) -> None:
    old = shelve(store, "autumn-2026", "photos@a1", 3)
    new = shelve(store, "autumn-2026", "photos@b2", 2, day=1)
    gifts = shelve(store, "winter-2026", "gifts@c3", 1)
    assert meant_by(store, ["mug/oak-1"]) == [new[1]]
    assert meant_by(store, ["mug/oak-2"]) == [old[2]]
    assert meant_by(store, ["mug/oak-0.webp"]) == [new[0], gifts[0]]
    assert meant_by(store, ["mug/oak-0"], AssetFilter(campaign="winter-2026")) == gifts
    assert meant_by(store, [old[1].job_id, old[0].key]) == [old[1], old[0]]
    assert meant_by(store, [old[0].key.removeprefix("released/"), old[0].key]) == [old[0]]
    assert meant_by(store, [], AssetFilter(order="gifts")) == gifts


def test_a_name_is_found_however_its_accents_are_typed(store: MemoryStore) -> None:
    apart = unicodedata.normalize("NFD", "ábc")
    row = dataclasses.replace(
        ROW, name=apart, key=f"released/a/b/1/{apart}.webp", job_id=f"b@1#{apart}"
    )
    write_manifest(store, "released/a/b/1/", ManifestHeader(), [row])
    for name in ("ábc", "ábc.webp", "b@1#ábc", "a/b/1/ábc.webp", apart, row.key):
        assert meant_by(store, [name]) == [row], name
    gone = Withdrawn(row.key, row.sha256, row.job_id, row.released_at, "old")
    write_manifest(store, "released/a/b/1/", ManifestHeader(withdrawn=(gone,)), [])
    for name in ("ábc", "b@1#ábc", "a/b/1/ábc.webp"):
        with pytest.raises(NoLink, match="was withdrawn on"):
            meant_by(store, [name])


def test_what_is_not_released_or_withdrawn_has_no_link(store: MemoryStore) -> None:
    rows = shelve(store, "autumn-2026", "photos@a1", 3)
    withdraw(store, rows, rows[1])
    with pytest.raises(NoLink, match=r"'mug/oak-22'; did you mean 'mug/oak-2'\?"):
        meant_by(store, ["mug/oak-0", "mug/oak-22"])
    for name in (rows[1].name, rows[1].job_id, rows[1].key):
        with pytest.raises(NoLink, match="was withdrawn on 2026-11-02: The label was misspelt"):
            meant_by(store, [name])


def test_only_s3_has_links_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoLink, match="only S3 has links"):
        make_link(DirectoryStore(tmp_path), ROW, timedelta(days=1))
