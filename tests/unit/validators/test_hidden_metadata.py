"""Whatever a file carries that is not needed to show its picture is found, wherever it hides."""

from __future__ import annotations

import struct

import pytest
from unit.validators import metadata_files as marked
from unit.validators import sample_pictures as samples

from validators import Verdict, inspect, parse_done

JUMBF = b"\0\0\0\x30jumb\0\0\0\x28jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0" + bytes(
    8
)
RDF = b"</rdf:RDF>"
DESCRIPTION = b'<rdf:Description rdf:about=""'


def verdict(data: bytes, allow: list[str] | None = None) -> Verdict:
    criteria = parse_done([{"no_metadata": {} if allow is None else {"allow": allow}}])
    assert isinstance(criteria, tuple), criteria
    return inspect(data, criteria)[1]


def segment(marker: int, payload: bytes) -> bytes:
    good = samples.photo_file("jpeg")
    return good[:2] + struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload + good[2:]


def webp_with(kind: bytes, payload: bytes) -> bytes:
    data = bytearray(samples.webp_with_canvas(96, 64))
    data += kind + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)
    data[4:8] = struct.pack("<I", len(data) - 8)
    return bytes(data)


def test_the_mark_of_machines_itself_stays() -> None:
    assert verdict(marked.with_xmp("jpeg", marked.MACHINE_MADE)).passed


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (RDF, b"</rdf:RDF><note>John Doe, 52.5163N</note>", "xmp:note"),
        (RDF, b"<!-- John Doe -->" + RDF, "xmp:comment"),
        (RDF, b"John Doe" + RDF, "xmp:text"),
        (RDF, b"<rdf:JohnDoe/>" + RDF, "xmp:JohnDoe"),
        (RDF, b"<?john doe?>" + RDF, "xmp:processing instruction"),
        (b'begin=""', b'begin="" by="John Doe"', "xmp:processing instruction"),
        (b'rdf:about=""', b'rdf:about="John Doe"', "xmp:about"),
        (b'xmptk="', b'xmptk="John Doe ', "xmp:xmptk"),
        (DESCRIPTION, DESCRIPTION + b' xmlns:john="urn:doe"', "xmp:namespace"),
        (b"Iptc4xmpExt:", b"JohnDoe:", "xmp:namespace"),
        (
            b"http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
            b"urn:john:doe",
            "xmp:DigitalSourceType (not a term of IPTC)",
        ),
        (
            b"trainedAlgorithmicMedia",
            b"by John Doe",
            "xmp:DigitalSourceType (not a term of IPTC)",
        ),
    ],
)
def test_whatever_else_a_packet_of_xmp_carries_is_found(old: bytes, new: bytes, found: str) -> None:
    packet = marked.MACHINE_MADE
    if new == b"JohnDoe:":
        packet = packet.replace(b"xmlns:Iptc4xmpExt", b"xmlns:JohnDoe")
    packet = packet.replace(old, new)
    one = verdict(marked.with_xmp("webp", packet))
    assert not one.passed
    assert found in str(one.measured["found"])
    assert verdict(marked.with_xmp("webp", packet), ["xmp"]).passed


def test_a_property_may_be_written_as_an_element_and_its_text_is_its_own() -> None:
    head, _, rest = marked.MACHINE_MADE.partition(b" Iptc4xmpExt:DigitalSourceType=")
    value = rest.partition(b'"')[2].partition(b'"')[0]
    tag = b"Iptc4xmpExt:DigitalSourceType"
    for inside in (b">" + value + b"</" + tag + b">", b' rdf:resource="' + value + b'"/>'):
        packet = head + b"><" + tag + inside + b"</rdf:Description></rdf:RDF></x:xmpmeta>"
        one = verdict(marked.with_xmp("webp", packet))
        assert one.passed, one
        lie = verdict(marked.with_xmp("webp", packet.replace(value, b"John Doe")))
        assert not lie.passed


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (samples.png_with(b"sPLT", b"John Doe\0\x08"), "other:sPLT"),
        (samples.png_with(b"hIST", b"John Doe"), "other:hIST"),
        (samples.png_with(b"pHYs", bytes(9) + b"John Doe"), "other:pHYs"),
        (samples.png_with(b"caBX", b"John Doe"), "other:caBX"),
        (segment(0xE0, b"JFXX\0\x10" + b"a small picture"), "other:thumbnail in APP0"),
        (segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\1\1abc"), "other:thumbnail in APP0"),
        (segment(0xEB, b"JP\0\1\0\0\0\1John Doe"), "other:APP11 JP"),
        (segment(0xEE, b"Adobe\0d\0\0\0\0\0John Doe"), "other:APP14 Adobe"),
        (webp_with(b"C2PA", b"John Doe"), "other:C2PA"),
        (samples.photo_file("avif") + b"\0\0\0\x10freeJohn Doe", "other:free"),
    ],
)
def test_what_only_looks_needed_is_found_even_where_credentials_may_stay(
    data: bytes, found: str
) -> None:
    one = verdict(data, ["c2pa"])
    assert one.criterion == "no_metadata"
    assert one.measured["found"] == [found]
    assert not one.passed


def test_a_chunk_that_may_stand_once_is_found_when_it_comes_again() -> None:
    data = samples.png_with(b"gAMA", bytes((0, 0, 177, 143)))
    chunk = data[33 : 33 + 12 + 4]
    assert chunk[4:8] == b"gAMA"
    one = verdict(data[:33] + chunk + data[33:])
    assert one.measured["found"] == ["other:gAMA once more"]


@pytest.mark.parametrize(
    "data",
    [
        samples.png_with(b"caBX", JUMBF),
        segment(0xEB, b"JP\0\1\0\0\0\1" + JUMBF),
        webp_with(b"C2PA", JUMBF),
        samples.photo_file("avif")
        + b"\0\0\0\x20uuid"
        + bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
        + b"manifest",
    ],
)
def test_content_credentials_stay_where_the_order_allows_them_by_name(data: bytes) -> None:
    one = verdict(data)
    assert one.measured["found"] == ["c2pa:content credentials"]
    assert one.reason == "The file carries C2PA (content credentials); it must not."
    assert verdict(data, ["c2pa"]).passed


@pytest.mark.parametrize("encoding", ["no-such", "utf-7", "idna", "utf-16"])
def test_a_packet_that_names_an_odd_encoding_is_judged_like_any_other(encoding: str) -> None:
    packet = f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode()
    found = verdict(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))
    assert not found.passed
    assert found.reason is not None
    assert "XMP" in found.reason
