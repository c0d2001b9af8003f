"""Signed files: what c2pa's own reader says of them, and what of the file stays as it was."""

from __future__ import annotations

import io
import json
import shutil
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import c2pa
import pytest
from credential_authority import Authority, authority, paper
from PIL import Image
from time_stamps import TimeStamps

from assets.credentials import (
    Claim,
    CredentialsState,
    Signer,
    SigningFailed,
    Unsignable,
    open_signer,
    read_credentials,
)
from assets.labels import TRAINED, Label, read_label, write_label

FORMATS = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
}
CLAIM = Claim(
    title="Mug “on oak”",
    job_id="product-photos@0123abcdef#mug/oak-1",
    order_id="product-photos@0123abcdef",
    provider="replicate",
    model="black-forest-labs/flux-schnell",
    source_type=TRAINED,
    rules_sha256="ab" * 32,
    verdicts=("dimensions", "format", "sharpness (warned)"),
    creator_tool="Mintage 0.1.0",
)
LABEL = Label(
    title={"en": "A mug"},
    alt={"en": "A mug on oak"},
    description={},
    rights={},
    credit="Acme Example",
    creator_tool="Mintage 0.1.0",
    source_type=TRAINED,
    job_id=CLAIM.job_id,
)


def picture(form: str, colour: str = "teal") -> bytes:
    out = io.BytesIO()
    image = Image.linear_gradient("L").resize((48, 40)).convert("RGB")
    image.paste(colour, (4, 4, 20, 20))
    image.save(out, form)
    return out.getvalue()


def labelled(form: str, colour: str = "teal") -> bytes:
    data = write_label(picture(form, colour), LABEL)
    assert data is not None
    return data


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.tobytes()


def own_reader(data: bytes, media_type: str, anchors: bytes | None) -> Any:  # noqa: ANN401  JSON
    """Ask c2pa itself, without any of Mintage's code in between."""
    settings: dict[str, Any] = {"version": 1, "verify": {"verify_trust": True}}
    if anchors is not None:
        settings["trust"] = {"user_anchors": anchors.decode()}
    with (
        c2pa.Context.from_dict(settings) as context,
        c2pa.Reader(media_type, io.BytesIO(data), context=context) as reader,
    ):
        return json.loads(reader.json())


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    papers = paper().lay(tmp_path_factory.mktemp("papers"))
    return open_signer(*papers, anchors=authority().anchors)


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """A generator that signs what it makes, with a certificate of nobody we know."""
    other = Authority("Maker").certificate(common_name="Maker of pictures")
    return open_signer(*other.lay(tmp_path_factory.mktemp("maker")))


@pytest.mark.parametrize("form", FORMATS)
def test_c2pas_own_reader_trusts_it_with_the_root_and_calls_it_valid_without(
    signer: Signer, form: str
) -> None:
    data, media_type = labelled(form), FORMATS[form]
    signed = signer.sign(data, media_type, CLAIM)
    trusted = own_reader(signed, media_type, authority().anchors)
    assert trusted["validation_state"] == "Trusted"
    assert "validation_status" not in trusted
    untrusted = own_reader(signed, media_type, None)
    assert untrusted["validation_state"] == "Valid"
    assert [one["code"] for one in untrusted["validation_status"]] == [
        "signingCredential.untrusted"
    ]
    assert pixels(signed) == pixels(data)
    assert read_label(signed) == LABEL


def test_it_says_what_made_it_and_which_gates_it_passed_and_no_time_and_no_thumbnail(
    signer: Signer,
) -> None:
    signed = signer.sign(labelled("png"), "image/png", CLAIM)
    report = own_reader(signed, "image/png", None)
    (manifest,) = report["manifests"].values()
    assert manifest["claim_version"] == 2
    generator = manifest["claim_generator_info"][0]
    assert (generator["name"], generator["version"]) == ("Mintage", "0.1.0")
    told = {one["label"]: one["data"] for one in manifest["assertions"]}
    (action,) = told["c2pa.actions.v2"]["actions"]
    assert action == {
        "action": "c2pa.created",
        "softwareAgent": {"name": "Mintage", "version": "0.1.0"},
        "digitalSourceType": f"http://cv.iptc.org/newscodes/digitalsourcetype/{TRAINED}",
        "description": "Made by black-forest-labs/flux-schnell of replicate",
    }
    assert told["org.mintage.gates"] == {
        "job_id": CLAIM.job_id,
        "order_id": CLAIM.order_id,
        "provider": CLAIM.provider,
        "model": CLAIM.model,
        "rules_sha256": CLAIM.rules_sha256,
        "verdicts": list(CLAIM.verdicts),
    }
    assert set(told) == {"c2pa.actions.v2", "org.mintage.gates"}
    assert "thumbnail" not in manifest
    assert "time" not in manifest["signature_info"]


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_signed_is_read_back(signer: Signer, form: str) -> None:
    claim = replace(CLAIM, rendition_of="cd" * 32)
    signed = signer.sign(labelled(form), FORMATS[form], claim)
    found = read_credentials(signed, FORMATS[form], anchors=authority().anchors)
    assert found is not None
    assert found.state is CredentialsState.TRUSTED
    assert found.claim == claim
    assert found.problems == ()
    assert found.signer == "Acme Example Marketing (Acme Example)"
    assert (found.generator, found.source_type) == ("Mintage 0.1.0", TRAINED)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("parent_form", ["png", "avif"])
def test_a_generators_own_credentials_stay_as_its_parent(
    signer: Signer, maker: Signer, form: str, parent_form: str
) -> None:
    born = Claim("Cup", "", "", "", "", TRAINED, "", (), "Maker 3.1")
    parent = maker.sign(picture(parent_form), FORMATS[parent_form], born)
    data = labelled(form, "maroon")
    signed = signer.sign(
        data, FORMATS[form], CLAIM, parent=parent, parent_media_type=FORMATS[parent_form]
    )
    report = own_reader(signed, FORMATS[form], authority().anchors)
    assert report["validation_state"] == "Trusted"
    assert "validation_status" not in report
    assert len(report["manifests"]) == 2
    actions = report["manifests"][report["active_manifest"]]["assertions"][0]["data"]["actions"]
    assert [one["action"] for one in actions] == ["c2pa.opened", "c2pa.transcoded"]
    found = read_credentials(signed, FORMATS[form], anchors=authority().anchors)
    assert found is not None
    assert found.claim == CLAIM
    (kept,) = found.parents
    assert (kept.generator, kept.signer) == ("Maker 3.1", "Maker of pictures (Acme Example)")
    assert (kept.source_type, kept.state) == (TRAINED, CredentialsState.VALID)


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_that_only_got_a_label_is_not_called_transcoded(
    signer: Signer, maker: Signer, form: str
) -> None:
    parent = maker.sign(picture(form), FORMATS[form], replace(CLAIM, creator_tool="Maker 3.1"))
    signed = signer.sign(labelled(form), FORMATS[form], CLAIM, parent=parent)
    report = own_reader(signed, FORMATS[form], authority().anchors)
    actions = report["manifests"][report["active_manifest"]]["assertions"][0]["data"]["actions"]
    assert [one["action"] for one in actions] == ["c2pa.opened", "c2pa.edited.metadata"]
    assert report["validation_state"] == "Trusted"


def test_broken_credentials_of_a_generator_stay_and_are_told_to_be_broken(
    signer: Signer, maker: Signer
) -> None:
    parent = bytearray(maker.sign(picture("jpeg"), "image/jpeg", CLAIM))
    parent[-40] ^= 1
    signed = signer.sign(
        labelled("webp"), "image/webp", CLAIM, parent=bytes(parent), parent_media_type="image/jpeg"
    )
    found = read_credentials(signed, "image/webp", anchors=authority().anchors)
    assert found is not None
    assert found.state is CredentialsState.TRUSTED
    assert [one.state for one in found.parents] == [CredentialsState.INVALID]


@pytest.mark.parametrize(
    "junk", [b"hello secret", b"\0\0\x7f\xffjumb\0\0\0\x20jumdc2pa" + bytes(99)]
)
def test_credentials_of_a_generator_that_nobody_can_read_are_not_kept_and_told(
    signer: Signer, junk: bytes
) -> None:
    plain = picture("png")
    chunk = b"caBX" + junk
    parts = (struct.pack(">I", len(junk)), chunk, struct.pack(">I", zlib.crc32(chunk)))
    parent = b"".join((plain[:33], *parts, plain[33:]))
    signed = signer.sign(labelled("png"), "image/png", CLAIM, parent=parent)
    found = read_credentials(signed, "image/png", anchors=authority().anchors)
    assert found is not None
    assert (found.state, found.parents) == (CredentialsState.TRUSTED, ())
    assert found.claim == replace(CLAIM, parent_unreadable=True)


def test_bytes_that_cannot_be_signed_are_told_from_a_signer_that_cannot_sign(
    signer: Signer, tmp_path: Path
) -> None:
    stamping = open_signer(*paper().lay(tmp_path), timestamp_url="http://127.0.0.1:1/")
    with pytest.raises(Unsignable):
        stamping.sign(b"no picture", "image/png", CLAIM)
    for data in (labelled("png"), b"no picture"):
        ended = replace(signer, papers=replace(signer.papers, chain=b"no certificate"))
        with pytest.raises(SigningFailed) as raised:
            ended.sign(data, "image/png", CLAIM)
        assert type(raised.value) is SigningFailed


def test_the_page_on_credentials_says_what_of_an_avif_no_signature_covers(signer: Signer) -> None:
    signed = signer.sign(labelled("avif"), "image/avif", CLAIM)

    def state(data: bytes) -> CredentialsState | None:
        found = read_credentials(data, "image/avif", anchors=authority().anchors)
        return None if found is None else found.state

    page = (Path(__file__).parents[3] / "docs" / "credentials.md").read_text(encoding="utf-8")
    hidden = b"hidden words are"
    for kind, inside in (("free", hidden), ("skip", hidden), ("mfra", bytes(16))):
        added = signed + b"\0\0\0\x18" + kind.encode() + inside
        assert state(added) is CredentialsState.TRUSTED
        assert f"`{kind}`" in page
    assert state(signed[:13] + b"x" + signed[14:]) is CredentialsState.TRUSTED
    assert "`ftyp`" in page
    other = signed + b"\0\0\0\x18zzzzhidden words are"
    assert state(other) is CredentialsState.INVALID


def test_signing_again_replaces_the_credentials_that_were_there(signer: Signer) -> None:
    once = signer.sign(labelled("png"), "image/png", CLAIM)
    twice = signer.sign(once, "image/png", replace(CLAIM, title="Another"))
    report = own_reader(twice, "image/png", authority().anchors)
    assert report["validation_state"] == "Trusted"
    assert len(report["manifests"]) == 1


def test_sixteen_threads_sign_and_read_at_once_and_none_gets_anothers_claim(
    signer: Signer, maker: Signer
) -> None:
    files = {form: labelled(form) for form in FORMATS}
    parent = maker.sign(picture("png"), "image/png", CLAIM)

    def one(number: int) -> tuple[bool, bool, int]:
        form = list(FORMATS)[number % 4]
        claim = replace(CLAIM, title=f"Mug {number}", job_id=f"mugs@1#{number}")
        signed = signer.sign(
            files[form],
            FORMATS[form],
            claim,
            parent=parent if number % 3 == 0 else None,
            parent_media_type="image/png",
        )
        anchors = authority().anchors if number % 2 else None
        found = read_credentials(signed, FORMATS[form], anchors=anchors)
        assert found is not None
        wanted = CredentialsState.TRUSTED if anchors else CredentialsState.VALID
        return found.state is wanted, found.claim == claim, len(found.parents)

    with ThreadPoolExecutor(16) as threads:
        done = list(threads.map(one, range(160)))
    assert done == [(True, True, int(number % 3 == 0)) for number in range(160)]


def test_what_cannot_be_signed_is_refused_in_a_sentence(signer: Signer) -> None:
    with pytest.raises(Unsignable, match="image/gif files cannot be signed"):
        signer.sign(b"GIF89a", "image/gif", CLAIM)
    with pytest.raises(Unsignable, match=r"mug/oak-1 could not be signed: .*\.$"):
        signer.sign(b"no picture", "image/png", CLAIM)


def test_the_key_is_in_no_text_of_a_signer(signer: Signer) -> None:
    told = f"{signer!r} {signer} {signer.papers!r}"
    secret = paper().key.decode().splitlines()[1]
    assert secret not in told
    assert secret not in repr(open_signer)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl answers as the authority")
def test_with_a_time_stamp_a_signature_outlives_its_certificate(tmp_path: Path) -> None:
    papers = authority().certificate(days=(-1, 3 / 86_400)).lay(tmp_path)
    data, anchors = labelled("png"), authority().anchors
    with TimeStamps(tmp_path / "stamps") as stamps:
        stamped = open_signer(*papers, timestamp_url=stamps.url).sign(data, "image/png", CLAIM)
    plain = open_signer(*papers).sign(data, "image/png", CLAIM)

    def states() -> list[CredentialsState | None]:
        both = (read_credentials(one, "image/png", anchors=anchors) for one in (stamped, plain))
        return [None if one is None else one.state for one in both]

    assert states() == [CredentialsState.TRUSTED, CredentialsState.TRUSTED]
    # The library reads the machine's own clock, so the certificate's last second has to pass.
    deadline = time.monotonic() + 20
    while states()[1] is CredentialsState.TRUSTED and time.monotonic() < deadline:
        time.sleep(0.2)
    assert states() == [CredentialsState.TRUSTED, CredentialsState.INVALID]
    found = read_credentials(plain, "image/png", anchors=anchors)
    assert found is not None
    assert "the certificate has expired and no time stamp" in found.problems[0]


def test_a_time_stamp_that_cannot_be_had_fails_the_signature_and_tells_no_password(
    tmp_path: Path,
) -> None:
    signer = open_signer(*paper().lay(tmp_path), timestamp_url="http://us:geheim@127.0.0.1:1/x")
    with pytest.raises(SigningFailed, match=r"authority 127\.0\.0\.1 does not answer") as raised:
        signer.sign(labelled("png"), "image/png", CLAIM)
    assert type(raised.value) is SigningFailed
    assert "geheim" not in str(raised.value)
    assert "geheim" not in repr(signer)
