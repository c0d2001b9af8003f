"""Files found anywhere: ours, changed, withdrawn or unknown, with the books, the store, or neither."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from credential_authority import Authority, authority, paper
from manners_parts import assert_one_sentence, cards_order
from mint_runs import Desk, Finished
from PIL import Image

from assets.credentials import Claim, open_signer
from assets.labels import Label, read_label, write_label
from flows import proving
from flows.proving import Evidence

# They share what one fixture makes once.
pytestmark = pytest.mark.xdist_group("prove")

FORMATS = ("png", "jpeg", "webp", "avif")
REVIEWER = "lena@acme.example"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Signed cards in four formats, approved by a person; one of them is withdrawn."""
    folder = tmp_path_factory.mktemp("prove")
    certificate, key = paper().lay(folder / "papers")
    roots = folder / "papers" / "roots.pem"
    roots.write_bytes(authority().anchors)
    desk = Desk.at(
        folder,
        MINTAGE_SIGNING_CERTIFICATE=str(certificate),
        MINTAGE_SIGNING_KEY=str(key),
        MINTAGE_TRUST_ANCHORS=str(roots),
    )
    desk.books_at_hand = True
    order = cards_order(
        "one",
        "two",
        order="signed",
        review="all",
        label={"title": "Card {word}", "credit": "Acme Example"},
        output=[
            {
                "width": 128,
                "height": 128,
                "format": form,
                "name": "{word}" if form == "png" else f"{{word}}-{form}",
                **({} if form == "png" else {"done": [{"format": {"is": form}}]}),
            }
            for form in FORMATS
        ],
    )
    path = str(desk.write(order))
    assert desk.mintage("run", path).code == 3
    approved = desk.here("review", "approve", "signed", "one", "two", "--by", REVIEWER)
    assert approved.code == 0, approved.err
    run = desk.mintage("run", path)
    assert run.code == 0, run.err
    taken = desk.here(
        "assets", "withdraw", "signed#two", "--by", REVIEWER, "--because", "Wrong cup"
    )
    assert taken.code == 0, taken.err
    yield desk
    desk.close()


def released(desk: Desk, name: str) -> Path:
    (path,) = (desk.folder / ".mintage/store/released").rglob(name)
    return path


def prove(desk: Desk, *files: Path) -> tuple[int, list[dict[str, Any]]]:
    done = desk.here("assets", "prove", "--json", *map(str, files))
    return done.code, done.json()["files"]


def marketing(desk: Desk, **environment: str) -> Desk:
    """Give a desk without books and without a key, and with the store where the releases are."""
    kept = {name: text for name, text in desk.environment.items() if "SIGNING" not in name}
    return replace(
        desk,
        environment={
            **kept,
            "MINTAGE_STORE_URL": f"file:{desk.folder / '.mintage/store'}",
            "MINTAGE_DATABASE_URL": "sqlite:///none/ledger.db",
            **environment,
        },
    )


def found(tmp_path: Path, data: bytes, name: str = "found.bin") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def flipped(data: bytes, spot: int = -60) -> bytes:
    changed = bytearray(data)
    changed[spot] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_released_is_ours_under_any_name(world: Desk, tmp_path: Path, form: str) -> None:
    suffix = {"png": "one.png", "jpeg": "one-jpeg.jpg"}.get(form, f"one-{form}.{form}")
    copy = found(tmp_path, released(world, suffix).read_bytes(), "final FINAL (2).dat")
    code, (proof,) = prove(world, copy)
    assert code == 0
    assert (proof["verdict"], proof["approved"]) == ("ours", True)
    assert proof["approved_by"] == REVIEWER
    assert proof["job_id"] == proof["label"]["job_id"] == proof["order_id"] + "#one"
    assert proof["campaign"] == "small"
    assert (proof["provider"], proof["model"]) == ("studio", "cards")
    assert datetime.fromisoformat(proof["released_at"]).tzinfo is not None
    assert "format" in proof["verified_by"]
    assert (Decimal(proof["cost_usd"]) > 0) == (form == "png")
    assert proof["credentials"]["state"] == "trusted"
    assert proof["credentials"]["signer"] == "Acme Example Marketing (Acme Example)"
    assert proof["credentials"]["claim"]["job_id"] == proof["job_id"]


@pytest.mark.parametrize("form", FORMATS)
def test_one_changed_byte_is_found_and_what_was_released_is_told(
    world: Desk, tmp_path: Path, form: str
) -> None:
    suffix = {"png": "one.png", "jpeg": "one-jpeg.jpg"}.get(form, f"one-{form}.{form}")
    data = released(world, suffix).read_bytes()
    # WebP's credentials come after its picture.
    spot = data.index(b"C2PA") - 60 if form == "webp" else -60
    code, (proof,) = prove(world, found(tmp_path, flipped(data, spot)))
    assert code == 1
    assert proof["verdict"] == "changed"
    assert not proof["approved"]
    assert proof["released_as"].endswith("/one.png")
    assert proof["released_sha256"] != proof["sha256"]
    assert proof["credentials"]["state"] == "invalid"


def test_what_was_withdrawn_is_told_with_the_reason_master_and_rendition(world: Desk) -> None:
    code, proofs = prove(world, released(world, "two.png"), released(world, "two-webp.webp"))
    assert code == 1
    for proof in proofs:
        assert (proof["verdict"], proof["approved"]) == ("withdrawn", False)
        assert proof["withdrawn"]["because"] == "Wrong cup"
        assert proof["withdrawn"]["by"] == REVIEWER
        assert "Wrong cup" in proof["because"]


def test_written_anew_by_another_program_it_is_honestly_unknown(
    world: Desk, tmp_path: Path
) -> None:
    again = tmp_path / "again.png"
    with Image.open(released(world, "one.png")) as image:
        image.save(again)
    code, (proof,) = prove(world, again)
    assert code == 1
    assert (proof["verdict"], proof["job_id"]) == ("unknown", None)
    assert proof["credentials"] is proof["label"] is None


def test_our_label_on_a_strangers_picture_is_not_ours(world: Desk, tmp_path: Path) -> None:
    label = read_label(released(world, "one.png").read_bytes())
    assert label is not None
    out = io.BytesIO()
    Image.new("RGB", (60, 60), "red").save(out, "png")
    copied = found(tmp_path, write_label(out.getvalue(), label) or b"", "copied.png")
    invented = replace(label, job_id="other@0123456789#cup")
    unheard = found(tmp_path, write_label(out.getvalue(), invented) or b"", "unheard.png")
    code, (first, second) = prove(world, copied, unheard)
    assert code == 1
    assert first["verdict"] == "changed"
    assert "put our label into another one" in first["because"]
    assert second["verdict"] == "unknown"
    assert "as anybody's could" in second["because"]


@pytest.mark.parametrize("job_id", ["../../x@1#y", "signed@1#../../etc", "a\nb@1#c", "x" * 3000])
def test_a_label_that_names_no_job_that_could_be_leads_nowhere(
    world: Desk, tmp_path: Path, job_id: str
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 60), "red").save(out, "png")
    label = Label({}, {}, {}, {}, "", "", "algorithmicMedia", job_id)
    odd = found(tmp_path, write_label(out.getvalue(), label) or b"")
    for desk in (world, marketing(world)):
        code, (proof,) = prove(desk, odd)
        assert (code, proof["verdict"]) == (1, "unknown")


def test_with_the_store_alone_all_but_the_cost_is_told(world: Desk, tmp_path: Path) -> None:
    desk = marketing(world)
    files = [
        released(world, "one.png"),
        released(world, "one-avif.avif"),
        released(world, "two.png"),
        found(tmp_path, flipped(released(world, "one.png").read_bytes())),
    ]
    code, proofs = prove(desk, *files)
    assert code == 1
    assert [one["verdict"] for one in proofs] == ["ours", "ours", "withdrawn", "changed"]
    assert [one["cost_usd"] for one in proofs] == [None] * 4
    assert [one["approved_by"] for one in proofs] == [REVIEWER] * 4
    assert proofs[2]["withdrawn"]["because"] == "Wrong cup"
    assert not (desk.folder / "none").exists()
    code, _ = prove(desk, *files[:2])
    assert code == 0


def test_in_the_store_a_file_without_any_trace_is_found_by_its_bytes(
    world: Desk, tmp_path: Path
) -> None:
    plain = cards_order("three", order="plain", label={"embed": False, "title": "x"})
    desk = replace(
        world,
        environment={name: v for name, v in world.environment.items() if "SIGNING" not in name},
    )
    assert desk.mintage("run", str(desk.write(plain, "plain.yaml"))).code == 0
    copy = found(tmp_path, released(world, "three.png").read_bytes())
    code, (proof,) = prove(marketing(world), copy)
    assert (code, proof["verdict"]) == (0, "ours")
    assert proof["label"] is proof["credentials"] is None
    assert proof["approved_by"] is None
    assert proof["job_id"].endswith("#three")


def test_a_receipt_leads_to_what_no_manifest_lists_yet(world: Desk, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(world.folder / ".mintage/store", store)
    for manifest in store.rglob("manifest.json"):
        manifest.unlink()
    desk = marketing(world, MINTAGE_STORE_URL=f"file:{store}")
    code, (one, two) = prove(desk, released(world, "one.png"), released(world, "two.png"))
    assert code == 1
    assert (one["verdict"], one["approved_by"]) == ("ours", REVIEWER)
    assert (two["verdict"], two["withdrawn"]["by"]) == ("withdrawn", REVIEWER)


def test_what_a_forged_manifest_lists_is_not_ours_where_the_books_know_better(
    world: Desk, tmp_path: Path
) -> None:
    stranger = found(tmp_path, b"whatever")
    code, (proof,) = prove(world, stranger)
    assert (code, proof["verdict"]) == (1, "unknown")
    (manifest,) = (world.folder / ".mintage/store/released/small/signed").rglob("manifest.json")
    before = manifest.read_text()
    _, (ours,) = prove(world, released(world, "one.png"))
    manifest.write_text(before.replace(ours["sha256"], proof["sha256"]))
    try:
        code, (proof,) = prove(world, stranger)
    finally:
        manifest.write_text(before)
    assert (code, proof["verdict"]) == (1, "unknown")
    assert "the books have no such release" in proof["because"]


def test_with_neither_our_own_credentials_say_so_and_that_nobody_knows_of_an_approval(
    world: Desk, tmp_path: Path
) -> None:
    both = found(tmp_path, authority().anchors + paper().certificate, "both.pem")
    desk = marketing(
        world,
        MINTAGE_STORE_URL=f"file:{tmp_path / 'nowhere'}",
        MINTAGE_TRUST_ANCHORS=str(both),
    )
    data = released(world, "one-webp.webp").read_bytes()
    changed = found(tmp_path, flipped(data, data.index(b"C2PA") - 60))
    code, (whole, broken) = prove(desk, released(world, "one-webp.webp"), changed)
    assert code == 1
    assert (whole["verdict"], whole["approved"]) == ("ours", False)
    assert "cannot be told without the books or the store" in whole["because"]
    assert (whole["provider"], whole["model"]) == ("studio", "cards")
    assert "format" in whole["verified_by"]
    assert broken["verdict"] == "changed"
    del desk.environment["MINTAGE_TRUST_ANCHORS"]
    code, (untold,) = prove(desk, released(world, "one-webp.webp"))
    assert (code, untold["verdict"]) == (1, "unknown")
    assert "no trust anchors are configured" in untold["because"]
    assert not (tmp_path / "nowhere").exists()


def test_a_root_alone_makes_nobodys_file_ours(world: Desk, tmp_path: Path) -> None:
    desk = marketing(world, MINTAGE_STORE_URL=f"file:{tmp_path / 'nowhere'}")
    code, (proof,) = prove(desk, released(world, "one.png"))
    assert (code, proof["verdict"], proof["job_id"]) == (1, "unknown", None)
    assert "trusted, signed by Acme Example Marketing (Acme Example)" in proof["because"]
    assert "no signing certificate of ours" in proof["because"]
    code, (proof,) = prove(marketing(world), released(world, "one.png"))
    assert (code, proof["verdict"]) == (0, "ours")


def test_a_store_without_releases_is_named_and_not_said_to_be_lacking(
    world: Desk, tmp_path: Path
) -> None:
    desk = marketing(world, MINTAGE_STORE_URL=f"file:{tmp_path / 'typo'}")
    done = desk.here("assets", "prove", str(found(tmp_path, b"whatever")))
    assert done.code == 1
    assert "typo has no releases" in done.err
    assert "Neither books nor store were asked" not in done.out
    del desk.environment["MINTAGE_STORE_URL"]
    done = desk.here("assets", "prove", str(found(tmp_path, b"whatever")))
    assert "has no releases" not in done.err


def test_what_was_too_large_to_look_into_is_not_said_to_say_nothing(
    world: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proving, "LOOKED_INTO_BYTES_MAX", 1 << 20)
    large = found(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(1 << 20))
    code, (proof,) = prove(world, large)
    assert (code, proof["verdict"]) == (1, "unknown")
    assert "Nothing in it" not in proof["because"]
    assert "What it says of itself was not read" in proof["because"]
    assert "larger than 1 MiB" in proof["note"]


def test_what_was_rejected_is_told_as_built_here_signed_and_never_released(
    world: Desk, tmp_path: Path
) -> None:
    order = cards_order("cup", order="twice", review="all")
    path = str(world.write(order, "twice.yaml"))
    assert world.mintage("run", path).code == 3
    review = ("--by", REVIEWER)
    done = world.here("review", "reject", "twice", "cup", *review, "--because", "Wrong handle")
    assert done.code == 0, done.err
    assert world.mintage("run", path).code == 3
    assert world.here("review", "approve", "twice", "cup", *review).code == 0
    assert world.mintage("run", path).code == 0
    (good,) = (world.folder / ".mintage/store/released").rglob("twice/*/cup.png")
    staged = [one for one in (world.folder / ".mintage/store/staging").rglob("*") if one.is_file()]
    ours = {one: one.read_bytes() for one in staged}
    signed = [one for one, data in ours.items() if b"c2pa" in data and b"twice@" in data]
    (bad,) = [one for one in signed if ours[one] != good.read_bytes()]
    code, (proof,) = prove(world, bad)
    assert (code, proof["verdict"], proof["approved"]) == (1, "ours", False)
    assert "built and signed these very bytes" in proof["because"]
    assert f"{REVIEWER} rejected them on" in proof["because"]
    assert proof["because"].endswith(": Wrong handle")
    assert proof["released_as"] is None
    own = found(tmp_path, authority().anchors + paper().certificate, "both.pem")
    code, (proof,) = prove(marketing(world, MINTAGE_TRUST_ANCHORS=str(own)), bad)
    assert (code, proof["verdict"]) == (1, "ours")
    assert "it is unchanged, and it was never released" in proof["because"]
    code, (proof,) = prove(marketing(world), bad)
    assert (code, proof["verdict"]) == (1, "unknown")
    assert "never released by us" in proof["because"]
    assert "ours, but NEVER RELEASED" in world.here("assets", "prove", str(bad)).out


def test_another_house_with_the_same_order_file_changed_nothing(
    world: Desk, tmp_path: Path
) -> None:
    job_id = read_label(released(world, "one.png").read_bytes()).job_id  # type: ignore[union-attr]
    out = io.BytesIO()
    Image.new("RGB", (60, 60), "red").save(out, "png")
    claim = Claim("Cup", job_id, "", "", "", "algorithmicMedia", "", (), "M 1")
    house = Authority("Other House").certificate(common_name="Other Ltd")
    signed = open_signer(*house.lay(tmp_path / "o")).sign(out.getvalue(), "image/png", claim)
    theirs, broken = found(tmp_path, signed, "theirs"), found(tmp_path, flipped(signed), "broken")
    code, (proof, changed) = prove(world, theirs, broken)
    assert (code, proof["verdict"]) == (1, "unknown")
    assert "changed the file" not in proof["because"]
    assert "name a job of ours, but these bytes were never released by us" in proof["because"]
    assert changed["verdict"] == "changed"


@pytest.mark.parametrize("odd", ["\0", "\ud800"])
def test_a_job_that_no_database_takes_costs_nobody_the_books(tmp_path: Path, odd: str) -> None:
    assert Evidence(tmp_path, "", Label({}, {}, {}, {}, "", "", "", f"a@1#{odd}")).job_ids == ()


def test_signed_by_us_and_never_released_is_not_approved(world: Desk, tmp_path: Path) -> None:
    signer = open_signer(*paper().lay(tmp_path / "papers"))
    out = io.BytesIO()
    Image.new("RGB", (60, 60), "red").save(out, "png")
    claim = Claim("Cup", "signed@1#cup", "signed@1", "", "", "algorithmicMedia", "", (), "M 1")
    leaked = found(tmp_path, signer.sign(out.getvalue(), "image/png", claim))
    code, (proof,) = prove(world, leaked)
    assert code == 1
    assert (proof["verdict"], proof["approved"]) == ("ours", False)
    assert "never released" in proof["because"]


def test_credentials_of_another_certificate_below_our_root_are_not_ours(
    world: Desk, tmp_path: Path
) -> None:
    other = authority().certificate(common_name="Somebody Else").lay(tmp_path / "papers")
    out = io.BytesIO()
    Image.new("RGB", (60, 60), "red").save(out, "png")
    claim = Claim("Cup", "signed@1#cup", "signed@1", "", "", "algorithmicMedia", "", (), "M 1")
    signed = found(tmp_path, open_signer(*other).sign(out.getvalue(), "image/png", claim))
    code, (proof,) = prove(world, signed)
    assert (code, proof["verdict"]) == (1, "unknown")
    assert proof["credentials"]["state"] == "trusted"
    assert "not signed with a certificate of ours" in proof["because"]


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_proven(
    world: Desk, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for odd, why in (
        ("nope.png", "no such file or directory"),
        ("pipe", "it is no file"),
        (".", "is a directory"),
    ):
        done = world.here("assets", "prove", str(released(world, "one.png")), str(tmp_path / odd))
        assert_one_sentence(done, 2, why)
        assert "ours, unchanged, approved" in done.out


def test_no_file_at_all_is_a_wrong_use(world: Desk) -> None:
    assert_one_sentence(world.here("assets", "prove"), 2, "mintage assets prove")


def test_people_read_plain_words_in_80_columns_and_terminals_obey_nothing(
    world: Desk, tmp_path: Path
) -> None:
    evil = "\x1b[31mred\x1b[0m\nours, unchanged, approved\u202e"
    signer = open_signer(*paper().lay(tmp_path / "papers"))
    out = io.BytesIO()
    Image.new("RGB", (60, 60), "red").save(out, "png")
    claim = Claim(evil, f"x@1#{evil}", evil, evil, evil, "algorithmicMedia", "", (evil,), evil)
    hostile = found(tmp_path, signer.sign(out.getvalue(), "image/png", claim), "a\x1b[2Jb.png")
    done: Finished = world.here("assets", "prove", str(hostile), str(released(world, "one.png")))
    assert done.code == 1
    assert not set(done.out) & {"\x1b", "\u202e", "\r"}
    assert r"\x1b[31mred" in done.out
    lines = done.out.splitlines()
    assert "ours, unchanged, approved" not in lines
    told = [line for line in lines if not line.startswith(str(world.folder.parent))]
    assert max(map(len, told)) <= 80
    for words in ("approved by", REVIEWER, "cost", "credentials", "trusted", "passed"):
        assert words in done.out
