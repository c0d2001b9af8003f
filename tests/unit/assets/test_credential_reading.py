"""Credentials in files that anybody may have made: nothing makes reading raise, nothing is believed."""

from __future__ import annotations

import io
import random
import socket
import time
from pathlib import Path

import pytest
from credential_authority import Authority, authority, paper
from PIL import Image

from assets.credentials import (
    Claim,
    Credentials,
    CredentialsState,
    open_signer,
    read_credentials,
)
from assets.credentials import reading as reading_module
from assets.labels import TRAINED

FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
CLAIM = Claim(
    "Mug", "mugs@1#mug", "mugs@1", "acme", "maker", TRAINED, "ab" * 32, ("format",), "M 1"
)


def picture(form: str) -> bytes:
    out = io.BytesIO()
    noise = random.Random(7).randbytes(40 * 30 * 3)  # noqa: S311  a picture, no secret
    Image.frombytes("RGB", (40, 30), noise).save(out, form)
    return out.getvalue()


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    signer = open_signer(*paper().lay(tmp_path_factory.mktemp("papers")))
    return {form: signer.sign(picture(form), FORMATS[form], CLAIM) for form in FORMATS}


def read(data: bytes, form: str, anchors: bytes | None = None) -> Credentials | None:
    return read_credentials(data, FORMATS[form], anchors=anchors or authority().anchors)


@pytest.mark.parametrize("form", FORMATS)
def test_a_changed_byte_anywhere_in_the_picture_makes_them_invalid(
    signed: dict[str, bytes], form: str
) -> None:
    data, plain = signed[form], picture(form)
    # What lies after the last byte of the unsigned head is the same at the end of both.
    length = next(
        count for count in range(len(plain), 0, -1) if data.endswith(plain[-count:]) or count == 1
    )
    if form == "webp":
        # Its credentials come last: the picture lies before them.
        spots = range(40, data.index(b"C2PA") - 1, 23)
    else:
        spots = range(len(data) - length + 12, len(data), max(1, length // 40))
    assert len(spots) > 20
    for spot in spots:
        changed = data[:spot] + bytes([data[spot] ^ 0x20]) + data[spot + 1 :]
        found = read(changed, form)
        assert found is not None, spot
        assert found.state is CredentialsState.INVALID, spot
        assert found.problems, spot


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_bytes_are_never_more_than_they_were_and_never_raise(
    signed: dict[str, bytes], form: str
) -> None:
    data = signed[form]
    start = data.index(b"jumb")
    draw = random.Random(f"hostile {form}")  # noqa: S311  drawn to be drawn again
    seen = set()
    for _ in range(120):
        changed = bytearray(data)
        match draw.randrange(4):
            case 0:
                changed[draw.randrange(start - 8, start + 1500)] ^= 1 << draw.randrange(8)
            case 1:
                del changed[draw.randrange(len(changed)) :]
            case 2:
                at = draw.randrange(len(changed))
                changed[at : at + 4] = draw.choice((b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff"))
            case _:
                at = draw.randrange(len(changed))
                changed[at:at] = changed[at : at + draw.randrange(2000)]
        found = read(bytes(changed), form)
        seen.add(found.state if found else None)
        if found is not None and found.state is CredentialsState.TRUSTED:
            assert found.claim == CLAIM
    assert CredentialsState.INVALID in seen


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_without_any_has_none_whole_or_damaged(form: str) -> None:
    plain = picture(form)
    assert read(plain, form) is None
    assert read(plain[: len(plain) // 2], form) is None
    assert read(b"", form) is None
    assert read(b"hello", form) is None
    assert read_credentials(plain, "text/plain", anchors=None) is None


def test_reencoded_by_another_program_there_are_none(signed: dict[str, bytes]) -> None:
    out = io.BytesIO()
    with Image.open(io.BytesIO(signed["png"])) as image:
        image.save(out, "jpeg")
    assert read(out.getvalue(), "jpeg") is None


def test_only_a_given_root_makes_them_trusted(signed: dict[str, bytes]) -> None:
    states = [
        found.state
        for anchors in (None, Authority("Other").anchors, authority().anchors)
        if (found := read_credentials(signed["webp"], "image/webp", anchors=anchors))
    ]
    assert states == [CredentialsState.VALID, CredentialsState.VALID, CredentialsState.TRUSTED]


def test_that_we_signed_it_is_known_though_the_bytes_were_changed(
    signed: dict[str, bytes],
) -> None:
    changed = signed["jpeg"][:-30] + bytes([signed["jpeg"][-30] ^ 1]) + signed["jpeg"][-29:]
    found = read(changed, "jpeg")
    assert found is not None
    assert (found.state, found.known_signer) == (CredentialsState.INVALID, True)
    assert found.problems == ("the bytes were changed after they were signed",)
    stranger = read(changed, "jpeg", Authority("Other").anchors)
    assert stranger is not None
    assert not stranger.known_signer
    assert not found.untouched
    assert not stranger.untouched
    as_signed = read(signed["jpeg"], "jpeg", Authority("Other").anchors)
    assert as_signed is not None
    assert as_signed.untouched


def test_another_claim_cannot_be_put_into_our_credentials(signed: dict[str, bytes]) -> None:
    forged = signed["png"].replace(b"mugs@1#mug", b"mugs@1#cup")
    assert forged != signed["png"]
    found = read(forged, "png")
    assert found is not None
    assert (found.state, found.known_signer) == (CredentialsState.INVALID, False)
    assert not found.untouched


def test_an_expired_certificate_is_no_change_of_the_file(tmp_path: Path) -> None:
    short = authority().certificate(days=(-1, 2 / 86_400))
    data = open_signer(*short.lay(tmp_path)).sign(picture("png"), "image/png", CLAIM)
    # The library reads the machine's own clock, so the certificate's last second has to pass.
    deadline = time.monotonic() + 20
    while (found := read(data, "png")) is not None and time.monotonic() < deadline:
        if found.state is CredentialsState.INVALID:
            break
        time.sleep(0.2)
    assert found is not None
    assert (found.state, found.untouched) == (CredentialsState.INVALID, True)
    changed = read(data[:-60] + bytes([data[-60] ^ 1]) + data[-59:], "png")
    assert changed is not None
    assert not changed.untouched


def test_nothing_is_fetched_for_what_a_file_names() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/manifest.c2pa"
        packet = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            f'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{address}"/>'
            "</rdf:RDF></x:xmpmeta>"
        )
        out = io.BytesIO()
        Image.new("RGB", (8, 8)).save(out, "jpeg", xmp=packet.encode())
        found = read(out.getvalue(), "jpeg")
        assert found is None or found.state is CredentialsState.INVALID
        with pytest.raises(TimeoutError):
            listener.accept()


def test_texts_of_strangers_are_cut_short(tmp_path: Path) -> None:
    signer = open_signer(*paper().lay(tmp_path))
    long = Claim("x" * 9_000, "y" * 9_000, "", "", "", TRAINED, "", (), "Maker 1")
    found = read(signer.sign(picture("png"), "image/png", long), "png")
    assert found is not None
    assert found.claim is not None
    assert len(found.claim.title) == len(found.claim.job_id) == reading_module.TEXT_MAX + 1
