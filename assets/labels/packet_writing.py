"""The XMP packet of a label: one deterministic run of bytes, the same in every picture format.

Sources: ISO 16684-1 (the packet, its RDF, language alternatives), IPTC Photo Metadata Standard
2025.1 (which property is what), XML 1.0 (which characters may stand in it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from assets.labels.label import Label, Texts
from assets.labels.terms import (
    ALTERNATIVES,
    DEFAULT_LANGUAGE,
    NAMESPACES,
    PACKET_BYTES_MAX,
    SIMPLE,
    SOURCE_TYPES,
    TAGS,
)

_LANGUAGES_MAX: Final = 50
_JOB_ID_CHARS_MAX: Final = 1_500
_TAGS_MAX: Final = 50
_TAG_CHARS_MAX: Final = 60
_TERM_CHARS_MAX: Final = 100
_LANGUAGE_CHARS_MAX: Final = 35
_CHARS: Final = (10_000, 4_000, 2_000, 1_000, 500, 250, 120, 60, 24, 12)
"""How long a text may be, longest first: the first that lets the packet fit is taken."""

# XML 1.0, production 2: what is not listed there cannot be written, not even escaped.
_UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEW_LINE: Final = re.compile("\r\n?")
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# RFC 5646, section 2.1: nothing else is in the tag of a language.
_NO_TAG: Final = re.compile("[^A-Za-z0-9-]")
_BEGIN: Final = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
# The packet is part of a digest and of a signature: nobody is invited to write into it.
_END: Final = '<?xpacket end="r"?>'


def packet_of(label: Label) -> bytes:
    """Return the label as an XMP packet in UTF-8, at most `PACKET_BYTES_MAX` bytes.

    What XML cannot carry (control characters, lone surrogates) is left out. Only where all the
    texts together would not fit into one JPEG segment are the longest ones cut, at a space where
    there is one, with an ellipsis; of more than 50 languages, or 50 tags, the first 50 are kept.
    """
    packet = b""
    label = _writable_label(label)
    for chars in _CHARS:
        packet = _written(label, chars)
        if len(packet) <= PACKET_BYTES_MAX:
            break
    return packet


def _written(label: Label, chars: int) -> bytes:
    def bounded(text: str) -> str:
        return _cut(text, chars)

    lines = [*_alternatives(label, bounded), *_tags(label.tags), *_simple(label, bounded)]
    used = [prefix for prefix in NAMESPACES if any(f"<{prefix}:" in line for line in lines)]
    spaces = "".join(f'\n    xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in used)
    packet = (
        _BEGIN,
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
        ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        f'  <rdf:Description rdf:about=""{spaces}>',
        *lines,
        "  </rdf:Description>",
        " </rdf:RDF>",
        "</x:xmpmeta>",
        _END,
    )
    return "\n".join(packet).encode()


def _alternatives(label: Label, bounded: Callable[[str], str]) -> Iterator[str]:
    for name, field in ALTERNATIVES.items():
        spoken = _spoken(getattr(label, field), bounded)
        if not spoken:
            continue
        yield f"   <{name}>"
        yield "    <rdf:Alt>"
        for tag, text in spoken:
            yield f'     <rdf:li xml:lang="{tag}">{text.translate(_ESCAPES)}</rdf:li>'
        yield "    </rdf:Alt>"
        yield f"   </{name}>"


def _tags(tags: tuple[str, ...]) -> Iterator[str]:
    if tags:
        items = (f"     <rdf:li>{tag.translate(_ESCAPES)}</rdf:li>" for tag in tags)
        yield from (f"   <{TAGS}>", "    <rdf:Bag>", *items, "    </rdf:Bag>", f"   </{TAGS}>")


def _spoken(texts: Texts, bounded: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return tag and text of each language, before them the main one's as the default."""
    said = {tag: bounded(text) for tag, text in texts.items()}
    if not said:
        return []
    default = said.pop(DEFAULT_LANGUAGE, None) or next(iter(said.values()))
    return [(DEFAULT_LANGUAGE, default), *said.items()]


def _simple(label: Label, bounded: Callable[[str], str]) -> Iterator[str]:
    for name, field in SIMPLE.items():
        text = getattr(label, field)
        if field == "source_type":
            text = text and SOURCE_TYPES + text
        elif field != "job_id":
            text = bounded(text)
        if text:
            yield f"   <{name}>{text.translate(_ESCAPES)}</{name}>"


def _writable_label(label: Label) -> Label:
    """Return the label with only what can be written, and nothing of a size that takes long."""
    return Label(
        title=_writable_texts(label.title),
        alt=_writable_texts(label.alt),
        description=_writable_texts(label.description),
        rights=_writable_texts(label.rights),
        credit=_writable(label.credit),
        creator_tool=_writable(label.creator_tool),
        source_type=_writable(label.source_type)[:_TERM_CHARS_MAX],
        # What is looked up by its id is of no use when it is cut: only what is no id is.
        job_id=_writable(label.job_id)[:_JOB_ID_CHARS_MAX],
        tags=_writable_tags(label.tags),
    )


def _writable_texts(texts: Texts) -> dict[str, str]:
    said: dict[str, str] = {}
    for tag, text in texts.items():
        if len(said) == _LANGUAGES_MAX:
            break
        written = _writable(text)
        if written:
            said.setdefault(_NO_TAG.sub("", tag)[:_LANGUAGE_CHARS_MAX] or DEFAULT_LANGUAGE, written)
    return said


def _writable_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    written = (_writable(tag)[:_TAG_CHARS_MAX].strip() for tag in tags)
    return tuple(dict.fromkeys(filter(None, written)))[:_TAGS_MAX]


def _writable(text: str) -> str:
    # Longer than any text may be, so that it is still seen to be too long.
    beginning = text[: 2 * _CHARS[0]]
    return _UNWRITABLE.sub("", _NEW_LINE.sub("\n", beginning)).strip()


def _cut(text: str, chars: int) -> str:
    if len(text) <= chars:
        return text
    kept = text[: chars - 1]
    # Half a word is read as a mistake; a language without spaces is cut where it is.
    space = kept.rfind(" ", chars // 2)
    return (kept[:space] if space > 0 else kept).rstrip() + "…"
