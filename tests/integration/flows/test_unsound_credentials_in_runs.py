"""What lies in a provider's file where content credentials belong, and what a house does about it."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from credential_authority import authority, paper
from files_of_runs import SIDE, Place, order, picture, pixels, place, run, story
from unit.validators.sample_pictures import encoded, photograph

from assets.credentials import (
    Claim,
    Signer,
    SigningFailed,
    Unsignable,
    open_signer,
    read_credentials,
)
from assets.labels import TRAINED, has_credentials, read_label
from flows import BadSettings
from ledger import JobState

LABEL = {"title": "A {what} mug", "credit": "Acme / Mintage"}
TWO = order(matrix={"what": ["red", "blue"]}, label=LABEL)
SMALL = {"width": SIDE // 2, "height": SIDE // 2, "format": "png", "name": "{what}/small"}
SECRET = b"hello secret"
HOLLOW = b"\0\0\x7f\xffjumb\0\0\0\x20jumdc2pa" + bytes(99)
"""The head of credentials, and nothing behind it."""


def with_box(data: bytes, payload: bytes) -> bytes:
    """Put something where content credentials belong in a PNG."""
    chunk = b"caBX" + payload
    made = struct.pack(">I", len(payload)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:33] + made + data[33:]


def makers(folder: Path) -> bytes:
    """Make a file that its maker has signed."""
    made = Claim("Cup", "", "", "acme", "maker", TRAINED, "", (), "Maker 1.0")
    return open_signer(*paper().lay(folder / "maker")).sign(picture(), "image/png", made)


def box_of(data: bytes) -> bytes:
    """Take the content credentials out of a PNG."""
    at = data.index(b"caBX")
    return data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")]


def signing(home: Place, folder: Path) -> Place:
    certificate, key = paper().lay(folder / "house")
    return home.at_home(signing_certificate=certificate, signing_key=key)


def refusing(
    monkeypatch: pytest.MonkeyPatch, of: str, error: type[SigningFailed] = Unsignable
) -> None:
    """Let the signer refuse the file whose claim has a word in its job or its title."""
    sign = Signer.sign

    def refused(self: Signer, data: bytes, media_type: str, claim: Claim, **parents: Any) -> bytes:  # noqa: ANN401  as the real one
        if of in (claim.job_id.rpartition("#")[2], "rendition" if claim.rendition_of else ""):
            raise error("The file could not be signed.")
        return sign(self, data, media_type, claim, **parents)

    monkeypatch.setattr(Signer, "sign", refused)


def manifest(house: Place) -> dict[str, Any]:
    """Read the manifest of the one order that was run."""
    (path,) = (house.folder / "store/released").glob("*/*/*/manifest.json")
    read: dict[str, Any] = json.loads(path.read_bytes())
    return read


@pytest.mark.parametrize("junk", [SECRET, HOLLOW], ids=["words", "head"])
def test_one_file_with_an_unreadable_box_stops_no_order_that_is_signed(
    tmp_path: Path, junk: bytes
) -> None:
    came = with_box(picture(), junk)
    with place(tmp_path, {"red mug": came, "blue mug": picture()}) as (home, _):
        house = signing(home, tmp_path)
        with house.books() as books:
            report = run(house, books, TWO)
            assert (report.released, report.attempts, report.exit_code) == (2, 2, 0)
            told = {}
            for one in books.released(report.order_id):
                data = house.released(one.release_key)
                found = read_credentials(data, "image/png", anchors=authority().anchors)
                assert found is not None
                assert found.claim is not None
                assert (found.state, found.parents) == ("trusted", ())
                assert junk not in data
                assert pixels(data) == pixels(came)
                assert read_label(data) is not None
                told[one.name] = found.claim.parent_unreadable
            assert told == {"red": junk is HOLLOW, "blue": False}
            assert books.verify().problem is None


@pytest.mark.parametrize("junk", [SECRET, HOLLOW, None], ids=["words", "head", "another's"])
def test_a_house_that_does_not_sign_labels_what_has_no_credentials_that_hold(
    tmp_path: Path, junk: bytes | None
) -> None:
    junk = junk or box_of(makers(tmp_path))
    # Another's are good ones, of other bytes.
    bent = with_box(encoded(photograph(SIDE, SIDE, 4), "png"), junk)
    with place(tmp_path, {"red mug": bent}) as (house, _), house.books() as books:
        report = run(house, books, order(label=LABEL))
        (one,) = books.released(report.order_id)
        data = house.released(one.release_key)
        label = read_label(data)
        assert label is not None
        assert label.source_type == TRAINED
        assert not has_credentials(data)
        assert b"caBX" not in data
        assert house.receipt(one.receipt_key)["label"]["embedded"] is True


def test_a_receipt_does_not_tell_of_a_label_that_is_not_in_the_file(tmp_path: Path) -> None:
    own = makers(tmp_path)
    wanted = order(label=LABEL, output=[order()["output"], SMALL])
    with place(tmp_path, {"red mug": own}) as (house, _), house.books() as books:
        report = run(house, books, wanted)
        (one,) = books.released(report.order_id)
        assert house.released(one.release_key) == own
        told = house.receipt(one.receipt_key)["label"]
        assert (told["embedded"], told["credit"]) == (False, "Acme / Mintage")
        row = next(row for row in manifest(house)["assets"] if row["master"])
        small = house.receipt(row["receipt"])["label"]
        assert small["embedded"] is True


@pytest.mark.parametrize("which", ["red", "rendition"])
def test_a_file_that_cannot_be_signed_fails_its_gate_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    wanted = {**TWO, "output": [TWO["output"], SMALL]} if which == "rendition" else TWO
    refusing(monkeypatch, which)
    with place(tmp_path) as (home, _):
        house = signing(home, tmp_path)
        with house.books() as books:
            report = run(house, books, wanted)
            both = which == "rendition"
            assert (report.rejected, report.released) == ((2, 0) if both else (1, 1))
            assert report.exit_code == 3
            job = story(books, report, "red").job
            assert (job.state, job.attempts_used) == (JobState.REJECTED, 2)
            assert job.reason == "The file could not be signed."
            assert books.verify().problem is None


def test_what_was_released_before_a_fault_ended_the_run_is_in_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {**TWO, "matrix": {"what": ["blue", "red"]}, "concurrency": 1}
    with place(tmp_path) as (home, _):
        house = signing(home, tmp_path)
        with house.books() as books:
            with monkeypatch.context() as patch:
                refusing(patch, "red", SigningFailed)
                with pytest.raises(SigningFailed):
                    run(house, books, wanted)
            released = {view.name for view in books.released_of_campaign("winter-2026")}
            assert released == {"blue"}
            assert {row["name"] for row in manifest(house)["assets"]} == released
            latest = house.folder / "store/latest/winter-2026/index.json"
            assert {row["name"] for row in json.loads(latest.read_bytes())["assets"]} == released
            assert run(house, books, wanted).released == 2
            assert len(manifest(house)["assets"]) == 2


def test_a_master_that_is_signed_is_not_released_with_renditions_that_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = order(output=[order()["output"], SMALL])
    with place(tmp_path) as (home, _):
        house = signing(home, tmp_path)
        with house.books() as books:
            with monkeypatch.context() as patch:
                refusing(patch, "rendition", SigningFailed)
                with pytest.raises(SigningFailed):
                    run(house, books, wanted)
            with pytest.raises(BadSettings, match="set MINTAGE_SIGNING_CERTIFICATE and"):
                run(home, books, wanted)
            assert run(house, books, wanted).released == 1
            assert books.verify().problem is None
