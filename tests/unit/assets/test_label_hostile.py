"""Bytes that anybody may have made: nothing is raised, nothing takes long, no file is broken."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.assets import label_files as files

from assets import has_credentials, read_label, without_credentials, write_label
from assets.labels.packet_reading import FOREIGN_BYTES_MAX, label_in

SMALL = [
    *files.plain_files().values(),
    *(files.with_xmp(image_format, files.FOREIGN_XMP) for image_format in files.FORMATS),
]
LABELLED = [data for data in (write_label(data, files.OTHER) for data in SMALL) if data]
ODD_NUMBERS = st.sampled_from([bytes(4), b"\xff" * 4, b"\0\0\0\1", b"\0\0\xff\xff", b"\x80\0\0\0"])
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["write", "insert", "delete", "cut", "repeat"]),
        st.integers(0, 700),
        st.binary(min_size=1, max_size=6) | ODD_NUMBERS,
    ),
    min_size=1,
    max_size=5,
)


def changed(data: bytes, changes: list[tuple[str, int, bytes]]) -> bytes:
    out = bytearray(data)
    for change, at, new in changes:
        match change:
            case "write":
                out[at : at + len(new)] = new
            case "insert":
                out[at:at] = new
            case "delete":
                del out[at : at + len(new)]
            case "cut":
                del out[at + 40 :]
            case _:
                out[at:at] = out[at : at + 12 * len(new)]
    return bytes(out)


def asked_everything(data: bytes) -> None:
    """Ask all four questions; what is written must be readable and stay as it is."""
    read_label(data)
    without_credentials(data)
    has_credentials(data)
    written = write_label(data, files.LABEL)
    if written is not None:
        assert read_label(written) == files.LABEL
        assert write_label(written, files.LABEL) == written


@settings(max_examples=250, deadline=None)
@given(data=st.sampled_from(SMALL + LABELLED), changes=CHANGES)
def test_changed_files_are_labelled_well_or_not_at_all(
    data: bytes, changes: list[tuple[str, int, bytes]]
) -> None:
    asked_everything(changed(data, changes))


HEADS = (
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"RIFF\x40\0\0\0WEBP",
    b"\0\0\0\x10ftypavif\0\0\0\0",
)


@settings(max_examples=150, deadline=None)
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=200))
def test_any_bytes_behind_a_known_beginning_are_no_picture(head: bytes, rest: bytes) -> None:
    asked_everything(head + rest)


@pytest.mark.parametrize("data", SMALL + LABELLED, ids=range(len(SMALL + LABELLED)))
def test_a_file_that_is_cut_anywhere_is_not_labelled(data: bytes) -> None:
    for end in {*range(min(len(data), 120)), *range(0, len(data), 61), len(data) - 1}:
        assert write_label(data[:end], files.LABEL) is None, end
        read_label(data[:end])
        has_credentials(data[:end])
        without_credentials(data[:end])


PNG = files.encoded(files.picture(), "png")
JPEG = files.encoded(files.picture(), "jpeg")
WEBP = files.encoded(files.picture("RGBA"), "webp")
LOSSY = files.encoded(files.picture(), "webp")
UNSOUND = {
    "no bytes": b"",
    "a text": b"hello",
    "bytes behind a PNG": PNG + b"PK",
    "a changed byte of a PNG": PNG[:60] + bytes((PNG[60] ^ 1,)) + PNG[61:],
    "a PNG without pixels": PNG[:33] + PNG[-12:],
    "a PNG with its header behind": PNG[:8] + files.png_chunk(b"tEXt", b"a\0b") + PNG[8:],
    "bytes behind a JPEG": JPEG + b"PK",
    "a JPEG in a JPEG": JPEG[:2] + JPEG,
    "a JPEG of no scan": JPEG[:20] + b"\xff\xd9",
    "a segment of one byte": JPEG[:20] + b"\xff\xe5\0\1" + JPEG[20:],
    "bytes behind a WebP": WEBP + b"PK",
    "a RIFF of another size": WEBP[:4] + struct.pack("<I", len(WEBP)) + WEBP[8:],
    "a short header of a WebP": WEBP[:16] + struct.pack("<I", 8) + WEBP[20:28] + WEBP[30:],
    "a simple WebP with a profile": LOSSY[:4]
    + struct.pack("<I", len(LOSSY) + 4)
    + LOSSY[8:]
    + b"ICCP\4\0\0\0icc!",
    "a WebP without a picture": b"RIFF\x0c\0\0\0WEBPXMP \0\0\0\0",
    "a WebP whose picture has no size": LOSSY[:26] + bytes(4) + LOSSY[30:],
    "a GIF": b"GIF89a" + bytes(40),
    "a HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
}


@pytest.mark.parametrize("data", UNSOUND.values(), ids=UNSOUND)
def test_what_is_no_sound_picture_gets_no_label(data: bytes) -> None:
    assert write_label(data, files.LABEL) is None


def packet_with(inside: str, head: str = "") -> bytes:
    text = files.PACKET.decode()
    start = text.index("<x:xmpmeta")
    return (head + text[start:].replace("<dc:title>", inside + "<dc:title>", 1)).encode()


def test_a_packet_with_a_document_type_is_not_read() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'
    assert label_in(packet_with("")) == files.LABEL
    assert label_in(packet_with("", bomb)) is None
    assert label_in(packet_with("<dc:source>&l9;</dc:source>", bomb)) is None
    secret = '<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/hostname">]>'
    assert label_in(packet_with("<dc:source>&s;</dc:source>", secret)) is None


@pytest.mark.parametrize("encoding", ["utf-16", "no-such-encoding", "utf-7", "idna"])
def test_an_encoding_that_a_packet_names_is_not_looked_up(encoding: str) -> None:
    assert label_in(packet_with("", f'<?xml version="1.0" encoding="{encoding}"?>')) == files.LABEL


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0" * 9,
        b"<a",
        b"<a/>",
        b"<a></b>",
        files.PACKET[:-60],
        files.PACKET.decode().encode("utf-16"),
        b"<a>" * 300_000,
        b"<a " + b" ".join(b'b%d="c"' % n for n in range(60_000)) + b"/>",
        b"<a " + b" ".join(b'xmlns:b%d="c%d"' % (n, n) for n in range(20_000)) + b"/>",
        b" " * (FOREIGN_BYTES_MAX + 1) + files.PACKET,
    ],
    ids=lambda packet: packet[:12].decode("latin-1") + f" {len(packet)}",
)
def test_what_is_no_packet_says_nothing_and_takes_no_time(packet: bytes) -> None:
    started = time.process_time()
    assert label_in(packet) is None
    assert time.process_time() - started < 1


def test_a_packet_written_by_other_programs_is_read_in_their_way() -> None:
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:a="http://ns.adobe.com/photoshop/1.0/" a:Credit="Acme"/>'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        b'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        b"<dc:title>Mug</dc:title><dc:rights><rdf:Alt><rdf:li xml:lang='en'>A</rdf:li></rdf:Alt>"
        b"</dc:rights><dc:identifier>one</dc:identifier><dc:identifier>two</dc:identifier>"
        b'<i:DigitalSourceType rdf:resource="https://cv.iptc.org/newscodes/digitalsourcetype/x1"/>'
        b"<dc:creator><rdf:Seq><rdf:li><dc:title>no title of the file</dc:title></rdf:li></rdf:Seq>"
        b"</dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    read = label_in(packet)
    assert read is not None
    assert (read.title, read.rights) == ({"x-default": "Mug"}, {"en": "A"})
    assert (read.credit, read.job_id, read.source_type) == ("Acme", "one", "x1")
    odd = packet.replace(b"https://cv.iptc.org/newscodes/", b"https://example.org/")
    other = label_in(odd)
    assert other is not None
    assert other.source_type == ""


def test_a_packed_text_that_unpacks_to_a_lot_is_not_unpacked_whole() -> None:
    bomb = zlib.compress(b"<a>" * 2_000_000, 9)
    chunk = files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)
    data = files.png_with(chunk)
    tracemalloc.start()
    assert read_label(data) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
    packed = zlib.compress(files.PACKET)
    chunk = files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed)
    assert read_label(files.png_with(chunk)) == files.LABEL
    chunk = files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed[2:])
    assert read_label(files.png_with(chunk)) is None


def test_files_of_endless_small_parts_end_soon() -> None:
    parts = {
        "png": PNG[:33] + files.png_chunk(b"tEXt", b"a\0") * 200_000 + PNG[33:],
        "jpeg": JPEG[:20] + b"\xff\xe5\0\2" * 200_000 + JPEG[20:],
        "webp": b"RIFF" + struct.pack("<I", 1_600_004) + b"WEBP" + b"abcd\0\0\0\0" * 200_000,
        "avif": files.encoded(files.picture(), "avif", speed=10) + b"\0\0\0\x08free" * 200_000,
        "fill": JPEG[:2] + b"\xff" * 2_000_000 + JPEG[2:],
    }
    for kind, data in parts.items():
        started = time.process_time()
        asked_everything(data)
        assert time.process_time() - started < 3, kind
