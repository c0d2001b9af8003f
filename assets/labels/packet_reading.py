"""Reads a label out of an XMP packet, whoever wrote it: files are found anywhere.

The packet is somebody's bytes: no document type (entities could grow without end), no encoding but
UTF-8, nothing fetched, and no more than a megabyte.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

from assets.labels.label import Label
from assets.labels.terms import ALTERNATIVES, DEFAULT_LANGUAGE, NAMESPACES, SIMPLE, TAGS

FOREIGN_BYTES_MAX: Final = 1_000_000
"""The most bytes of a packet that are read; a label has at most `PACKET_BYTES_MAX`."""

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
_LANG: Final = "http://www.w3.org/XML/1998/namespace lang"
_SOURCE_TERM: Final = re.compile(
    r"https?://cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z0-9_-]+)"
)


def _addressed(names: list[str]) -> dict[str, str]:
    parts = ((name, *name.split(":")) for name in names)
    return {f"{NAMESPACES[prefix]} {last}": name for name, prefix, last in parts}


_KNOWN: Final = _addressed([*ALTERNATIVES, *SIMPLE, TAGS])
_DEPTH_MAX: Final = 100
_PROPERTY_DEPTH: Final = 2
"""A property stands inside rdf:RDF and rdf:Description; how far those are down does not matter."""


def label_in(packet: bytes) -> Label | None:
    """Return what the packet says in a label's fields, or None when it says nothing there.

    Both ways of writing a property are read, as an element and as an attribute. A text without a
    language is under `x-default`, and so is a default that no other language repeats.
    """
    if len(packet) > FOREIGN_BYTES_MAX:
        return None
    reader = _Reader()
    # The encoding is given and not looked up: a name of an encoding is another way to be odd.
    parser = expat.ParserCreate("UTF-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(packet.strip(b"\0 \r\n\t"), True)  # noqa: FBT003 - expat takes it by place only
    except expat.ExpatError:
        return None
    return reader.label()


def _refuse(*_: object) -> None:
    raise expat.ExpatError("a document type")


class _Reader:
    """Follows the parser and keeps the texts of the properties that a label has."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._property: tuple[str, int] | None = None
        self._language = DEFAULT_LANGUAGE
        self._pieces: list[str] = []
        self._said: dict[str, dict[str, str]] = {}
        self._tags: dict[str, None] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        depth = len(self._open)
        if depth > _DEPTH_MAX:
            raise expat.ExpatError("too deep")
        if self._property is not None:
            if depth == self._property[1] + 2:
                self._language = attributes.get(_LANG) or DEFAULT_LANGUAGE
                self._pieces = []
            return
        if self._stands_in_description(depth - 1):
            name = _KNOWN.get(tag)
            if name is not None:
                self._property = (name, depth)
                self._language = attributes.get(_LANG) or DEFAULT_LANGUAGE
                self._pieces = []
                self._keep(attributes.get(_RDF + "resource", ""))
        elif self._stands_in_description(depth):
            for attribute, value in attributes.items():
                name = _KNOWN.get(attribute)
                if name is not None and name != TAGS:
                    self._said.setdefault(name, {}).setdefault(DEFAULT_LANGUAGE, value)

    def end(self, tag: str) -> None:
        if self._property is not None:
            depth = len(self._open) - self._property[1]
            # The text of a property itself, or of one alternative: rdf:Alt, rdf:li.
            if depth == 0 or (depth == 2 and tag == _RDF + "li"):  # noqa: PLR2004 - see above
                self._keep("".join(self._pieces))
                self._pieces = []
            if depth == 0:
                self._property = None
        self._open.pop()

    def text(self, text: str) -> None:
        if self._property is not None and len(self._open) - self._property[1] in {0, 2}:
            self._pieces.append(text)

    def label(self) -> Label | None:
        said: dict[str, dict[str, str]] = {}
        for names in (ALTERNATIVES, SIMPLE):
            for name, field in names.items():
                said[field] = said.get(field) or self._said.get(name, {})
        if not any(said.values()) and not self._tags:
            return None
        return Label(
            title=_by_language(said["title"]),
            alt=_by_language(said["alt"]),
            description=_by_language(said["description"]),
            rights=_by_language(said["rights"]),
            credit=_one(said["credit"]),
            creator_tool=_one(said["creator_tool"]),
            source_type=_term(_one(said["source_type"])),
            job_id=_one(said["job_id"]),
            tags=tuple(self._tags),
        )

    def _stands_in_description(self, depth: int) -> bool:
        frame = self._open[max(depth - _PROPERTY_DEPTH, 0) : depth]
        return frame == [_RDF + "RDF", _RDF + "Description"]

    def _keep(self, text: str) -> None:
        text = text.strip()
        if self._property is None or not text:
            return
        if self._property[0] == TAGS:
            self._tags[text] = None
        else:
            self._said.setdefault(self._property[0], {}).setdefault(self._language, text)


def _by_language(said: dict[str, str]) -> dict[str, str]:
    """Put the main language first; the default goes where one of the languages repeats it."""
    default = said.get(DEFAULT_LANGUAGE)
    tags = [tag for tag in said if tag != DEFAULT_LANGUAGE]
    main = next((tag for tag in tags if said[tag] == default), None)
    if main is None:
        return dict(said)
    return {tag: said[tag] for tag in (main, *(tag for tag in tags if tag != main))}


def _one(said: dict[str, str]) -> str:
    return next(iter(said.values()), "")


def _term(address: str) -> str:
    term = _SOURCE_TERM.fullmatch(address)
    return term[1] if term else ""
