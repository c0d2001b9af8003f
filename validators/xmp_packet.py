"""What an XMP packet says, down to what is no property of it: comments, loose text, addresses.

Layout: ISO 16684-1. A packet is a tree of elements; a few of them and of their attributes only hold
it together, and everything else in it is somebody's word.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
_META: Final = "adobe:ns:meta/ "
_XML: Final = "http://www.w3.org/XML/1998/namespace "
_IPTC: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/ "
_FRAME: Final = frozenset(
    (
        *(_META + name for name in ("xmpmeta", "xapmeta")),
        *(_RDF + name for name in ("RDF", "Description", "Bag", "Seq", "Alt", "li")),
    )
)
_FRAME_VALUES: Final = {
    _RDF + "about": re.compile(""),
    _RDF + "parseType": re.compile("Resource|Literal|Collection"),
    _XML + "lang": re.compile(r"x-default|[a-z]{2,3}(-[A-Z]{2})?"),
    _META + "xmptk": re.compile(
        r"(Adobe )?XMP Core \d\d?\.\d\d?(\.\d\d?)?|Image::ExifTool \d\d?\.\d\d?"
    ),
}
"""The attributes that tell nothing of the picture, as long as they have such a value."""

_PREFIXES: Final = {_RDF: "rdf", _META: "x", _IPTC: "Iptc4xmpExt"}
_GIVEN_PREFIX: Final = re.compile(r"ns\d{1,2}")
_PACKET: Final = re.compile(
    r"""begin=(["'])\ufeff?\1 id=(["'])W5M0MpCehiHzreSzNTczkc9d\2|end=(["'])[rw]\3"""
)
_SOURCE: Final = _IPTC + "DigitalSourceType"
_SOURCE_TERM: Final = re.compile(
    r"\s*https?://cv\.iptc\.org/newscodes/digitalsourcetype/[A-Za-z]{1,40}\s*"
)
_VALUE_CHARS_MAX: Final = 1_000


def xmp_names(payload: bytes) -> tuple[str, ...]:
    """Name all that the packet carries, each once: its properties, and `comment`, `text` and such.

    `DigitalSourceType` is named so only with one of IPTC's own terms in it; with anything else it
    is `DigitalSourceType (not a term of IPTC)`. What is no XML ends with `unreadable`.
    """
    if not payload.strip(b"\0 \r\n\t"):
        return ()
    packet = _Packet()
    # A packet is in UTF-8, whatever it says of itself: asked for an encoding that it names, Python
    # raises all kinds of errors.
    parser = expat.ParserCreate("UTF-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = packet.start
    parser.EndElementHandler = packet.end
    parser.CharacterDataHandler = packet.text
    parser.CommentHandler = packet.comment
    parser.ProcessingInstructionHandler = packet.instruction
    parser.StartNamespaceDeclHandler = packet.namespace
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(payload.rstrip(b"\0"), True)  # noqa: FBT003 - expat takes it by place only
    except expat.ExpatError:
        packet.name("unreadable")
    return packet.names()


def _refuse(*_: object) -> None:
    # Entities can expand without end; no writer of XMP declares any.
    raise expat.ExpatError("a document type")


class _Packet:
    """Follows the parser. What stands inside a property belongs to it and is named with it."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}
        self._open: list[str] = []
        self._used: set[str] = set()
        self._declared: list[tuple[str, str]] = []
        self._source: str | None = None
        self._sources_right = True

    def name(self, name: str) -> None:
        self._found[name] = None

    def names(self) -> tuple[str, ...]:
        for prefix, address in self._declared:
            usual = _PREFIXES.get(address)
            known = prefix == usual or _GIVEN_PREFIX.fullmatch(prefix) is not None
            if address not in self._used or (usual is not None and not known):
                self.name("namespace")
        if not self._sources_right:
            self._found = {
                "DigitalSourceType (not a term of IPTC)" if name == "DigitalSourceType" else name: (
                    None
                )
                for name in self._found
            }
        return tuple(self._found)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        for name in (tag, *attributes):
            self._used.add(name.rpartition(" ")[0] + " ")
        if tag not in _FRAME:
            self._property(tag)
            self._source = "" if tag == _SOURCE else self._source
        self._open.append(tag)
        for name, value in attributes.items():
            form = _FRAME_VALUES.get(name)
            if form is not None and form.fullmatch(value):
                continue
            if name == _RDF + "resource" and tag not in _FRAME:
                self.text(value)  # The value of the property, in another way of writing.
                continue
            self._property(name)
            if name == _SOURCE:
                self._judge_source(value)

    def end(self, tag: str) -> None:
        self._open.pop()
        if tag == _SOURCE:
            self._judge_source(self._source or "")
            self._source = None

    def text(self, text: str) -> None:
        if not text.strip():
            return
        if all(tag in _FRAME for tag in self._open):
            self.name("text")
        elif self._source is not None and len(self._source) < _VALUE_CHARS_MAX:
            self._source += text

    def comment(self, _: str) -> None:
        self.name("comment")

    def instruction(self, target: str, text: str) -> None:
        if target != "xpacket" or not _PACKET.fullmatch(text.strip()):
            self.name("processing instruction")

    def namespace(self, prefix: str | None, address: str | None) -> None:
        self._declared.append((prefix or "", f"{address} "))

    def _property(self, name: str) -> None:
        self.name(name.rpartition(" ")[2])
        if name.endswith(" DigitalSourceType") and name != _SOURCE:
            self._sources_right = False

    def _judge_source(self, value: str) -> None:
        if not _SOURCE_TERM.fullmatch(value):
            self._sources_right = False
