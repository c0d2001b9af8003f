"""AVIF: every form of the boxes is understood or left alone, and no file is ever broken."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from unit.assets import label_files as files
from unit.assets.avif_files import Form, box, built, children, full, long_box

from assets import has_credentials, read_label, without_credentials, write_label
from validators import inspect

STORE = b"\0\0\0\x30jumb\0\0\0\x28jumdc2pa" + bytes(32)
"""The head of the box that credentials are in."""
CREDENTIALS = box(
    b"uuid",
    bytes.fromhex("d8fec3d61b0e483c92975828877ec481"),
    bytes(4),
    b"manifest\0",
    bytes(8),
    STORE,
)
FORMS = {
    "as Pillow writes it": Form(),
    "offsets in 8 bytes": Form(offset_size=8, length_size=8),
    "a base for each item": Form(base_size=4),
    "all in the base": Form(base_size=8, offset_size=0),
    "iloc 1": Form(iloc=1, index_size=4),
    "iloc 2": Form(iloc=2, infe=3, iinf=1, pitm=1, iref=1),
    "pixels within meta": Form(iloc=1, method=1),
    "pixels in two runs": Form(split=True),
    "meta behind the pixels": Form(meta_last=True),
    "meta behind them, open": Form(meta_last=True, open_end=True),
    "the last box is open": Form(open_end=True),
    "a long box": Form(long_media=True),
    "other boxes between": Form(before=(box(b"free", bytes(40)),), behind=(box(b"skip"),)),
    "credentials before": Form(before=(CREDENTIALS,)),
    "references, none yet": Form(iref=0),
}
PACKETS = {
    "a packet": Form(xmp=files.FOREIGN_XMP),
    "a packet with its reference": Form(xmp=files.FOREIGN_XMP, iref=0),
    "a packet within meta": Form(xmp=files.FOREIGN_XMP, iref=0, iloc=1, method=1),
    "a packet under long numbers": Form(
        xmp=files.FOREIGN_XMP, iref=1, iloc=2, infe=3, iinf=1, pitm=1, item=70_000
    ),
    "a packet, meta last": Form(xmp=files.FOREIGN_XMP, meta_last=True),
}


ALL_FORMS = FORMS | PACKETS


@pytest.mark.parametrize("form", ALL_FORMS.values(), ids=ALL_FORMS)
def test_a_picture_in_any_form_is_labelled_and_looks_the_same(form: Form) -> None:
    before = built(form)
    after = write_label(before, files.LABEL)
    assert after is not None
    assert read_label(after) == files.LABEL
    assert files.shown(after) == files.shown(before) == files.shown(built(Form()))
    assert write_label(after, files.LABEL) == after
    assert inspect(after, ())[0].passed
    assert files.pillow_packet(after) == files.PACKET


@pytest.mark.parametrize("form", PACKETS.values(), ids=PACKETS)
def test_the_bytes_of_a_packet_that_was_there_are_gone(form: Form) -> None:
    before = built(form)
    found = read_label(before)
    assert found is not None
    assert found.credit == "Somebody Else"
    after = write_label(before, files.LABEL)
    assert after is not None
    assert b"Somebody" not in after
    assert after.count(b"application/rdf+xml") == 1


def test_xmp_in_a_box_of_its_own_goes_too() -> None:
    own = box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), files.FOREIGN_XMP)
    after = write_label(built(Form(before=(own,))), files.LABEL)
    assert after is not None
    assert b"Somebody" not in after
    assert files.shown(after) == files.shown(built(Form()))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_credentials_are_taken_out_of_any_form(form: Form) -> None:
    plain = built(replace(form, before=()))
    for signed in (
        built(replace(form, before=(CREDENTIALS,))),
        built(replace(form, before=(CREDENTIALS, box(b"free", bytes(9)), CREDENTIALS))),
    ):
        assert has_credentials(signed)
        bare = without_credentials(signed)
        assert not has_credentials(bare)
        assert b"manifest" not in bare
        assert files.shown(bare) == files.shown(plain)


@pytest.mark.parametrize("inside", [b"hello secret", b"", bytes(4) + b"manifest\0" + bytes(99)])
def test_what_lies_in_their_place_and_is_none_is_taken_out_as_well(inside: bytes) -> None:
    own = box(b"uuid", CREDENTIALS[8:24], inside)
    data = built(Form(before=(own,)))
    assert not has_credentials(data)
    assert own not in without_credentials(data)
    assert files.shown(without_credentials(data)) == files.shown(built(Form()))


def test_credentials_are_blanked_where_nothing_can_be_moved_safely() -> None:
    strange = box(b"zzzz", bytes(12))
    signed = built(Form(before=(CREDENTIALS, strange)))
    bare = without_credentials(signed)
    assert len(bare) == len(signed)
    assert not has_credentials(bare)
    assert b"manifest" not in bare
    assert files.shown(bare) == files.shown(built(Form()))


def _patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    return data.replace(old, new)


def _at(data: bytes, kind: bytes, offset: int, new: bytes) -> bytes:
    """Write over bytes of the payload of the first box of a kind."""
    start = data.index(kind) + 4 + offset
    return data[:start] + new + data[start + len(new) :]


GOOD = built(Form(iloc=1, xmp=files.FOREIGN_XMP, iref=0))
NOT_UNDERSTOOD = {
    "a film": built(Form(behind=(box(b"moov", bytes(8)),))),
    "a box of another kind": built(Form(before=(box(b"zzzz"),))),
    "no meta box": built(Form()).replace(b"meta", b"free", 1),
    "two meta boxes": built(Form(behind=(full(b"meta", 0),))),
    "two files": built(Form()) * 2,
    "bytes behind": built(Form()) + b"PK\3\4",
    "a cut end": built(Form())[:-1],
    "no pitm": _patched(built(Form()), b"pitm", b"free"),
    "two pitm": built(Form(more=(full(b"pitm", 0, b"\0\1"),))),
    "iloc of the future": _at(GOOD, b"iloc", 0, b"\3"),
    "infe of the future": _at(GOOD, b"infe", 0, b"\4"),
    "iref of the future": _at(GOOD, b"iref", 0, b"\2"),
    "a third way to find items": _at(GOOD, b"iloc", 10, b"\0\3"),
    "fields of 3 bytes": _at(GOOD, b"iloc", 4, b"\x34"),
    "an item in another file": _at(GOOD, b"iloc", 12, b"\0\1"),
    "more extents than bytes": _at(GOOD, b"iloc", 14, b"\xff\xff"),
    "more items than bytes": _at(GOOD, b"iloc", 6, b"\xff\xff"),
    "an item beyond the file": _at(GOOD, b"iloc", 16, b"\x7f\xff\xff\xff"),
    "an item up to the end": _at(GOOD, b"iloc", 20, bytes(4)),
    "an item in meta by its place in the file": _at(GOOD, b"iloc", 16, struct.pack(">I", 60)),
    "fewer entries than promised": _at(GOOD, b"iinf", 4, b"\0\3"),
    "a picture that is no item": _at(GOOD, b"pitm", 4, b"\0\x09"),
    "an item twice": _at(GOOD, b"iloc", 24, b"\0\1"),
    "the packet shares bytes": _at(
        GOOD, b"iloc", 32, GOOD[GOOD.index(b"iloc") + 20 : GOOD.index(b"iloc") + 24]
    ),
    "the packet is referred to": _at(GOOD, b"cdsc", 0, b"\0\1\0\1\0\7"),
    "no room for another item": built(Form(item=0xFFFF)),
    "only the beginning": built(Form())[:40],
    "no beginning": built(Form())[32:],
}


@pytest.mark.parametrize("data", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_not_understood_is_not_changed(data: bytes) -> None:
    assert write_label(data, files.LABEL) is None
    assert without_credentials(data) == data


def test_a_file_that_promises_billions_of_runs_is_given_up_at_once() -> None:
    # Runs of no bytes each: 65,535 items of 65,535 runs in half a megabyte.
    items = b"".join(struct.pack(">HHH", n, 0, 0xFFFF) for n in range(0xFFFF))
    iloc = full(b"iloc", 0, b"\0\0\xff\xff", items)
    top = children(GOOD, 0, len(GOOD))
    inside = children(top[b"meta"], 4, len(top[b"meta"]))
    kept = (box(kind, payload) for kind, payload in inside.items() if kind != b"iloc")
    data = b"".join((box(b"ftyp", top[b"ftyp"]), full(b"meta", 0, iloc, *kept)))
    assert write_label(data, files.LABEL) is None
    assert read_label(data) is None


def test_a_box_that_contains_itself_or_nothing_ends_the_reading() -> None:
    ftyp = built(Form())[:32]
    for odd in (bytes(8), struct.pack(">I4s", 4, b"meta"), struct.pack(">I4sQ", 1, b"meta", 3)):
        assert write_label(ftyp + odd * 3, files.LABEL) is None
        assert read_label(ftyp + odd * 3) is None
    assert read_label(ftyp + long_box(b"meta", bytes(4))) is None
