"""What a file carries besides its pixels: where and when it was taken, with what, by whom."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BeforeValidator, Field

from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.metadata import Entry, metadata_of
from validators.picture import Picture

_WORD: Final = re.compile(r"(exif|gps|xmp|iptc|c2pa|text|other)(:.{1,80})?")
_SHOWN: Final = 3
_TITLES: Final = {
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC",
    "c2pa": "C2PA",
    "text": "texts",
    "other": "data of other programs",
}


def _as_tuple(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _known(words: tuple[str, ...]) -> tuple[str, ...]:
    for word in words:
        if not _WORD.fullmatch(word):
            raise ValueError(
                "exif, gps, xmp, iptc, c2pa, text or other, or one thing of them as in exif:Orientation"
            )
    return words


class NoMetadata(Criterion):
    """The file carries nothing besides its picture: no EXIF, no place, no XMP, IPTC or texts.

    Thumbnails, palettes that are only suggested, comments and loose text inside XMP count too:
    whatever is not needed to show the picture. `allow` lists what may stay: a kind (exif, gps, xmp,
    iptc, c2pa, text, other) or one thing of a kind, as in `exif:Orientation`. The place where a
    photograph was taken is a kind of its own wherever a field for it is: allowing exif or xmp does
    not allow it. By default only the mark that says that a picture was made by a machine may stay
    (IPTC's DigitalSourceType with a term of IPTC's own), because it must. Content credentials stay
    only with `allow: [c2pa]`, since they may name people and places. Colour profiles are no
    metadata here.
    """

    name = "no_metadata"
    version = 2
    cost_ms = 0.1
    example: ClassVar[dict[str, object]] = {}

    allow: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), AfterValidator(_known)] = Field(
        default=("xmp:DigitalSourceType",),
        description="what may stay: kinds, or single things as in exif:Orientation",
    )

    def inspect(self, picture: Picture) -> Finding:
        """Name what was found and is not allowed, the place first."""
        found = metadata_of(picture)
        left = [entry for entry in found if not {entry.kind, str(entry)} & set(self.allow)]
        measured: dict[str, JSONValue] = {
            "found": [str(entry) for entry in found],
            "gps": any(entry.kind == "gps" for entry in found),
        }
        if not left:
            return Finding(passed=True, measured=measured)
        reason = f"The file carries {_listed(left)}; it must not."
        return Finding(passed=False, measured=measured, reason=reason, remedy=Remedy("reencode"))


def _listed(entries: list[Entry]) -> str:
    phrases = ["the place where it was taken (GPS)"] if _names(entries, "gps") else []
    for kind, title in _TITLES.items():
        names = _names(entries, kind)
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        if names:
            phrases.append(f"{title} ({', '.join(names[:_SHOWN])}{more})")
    return " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def _names(entries: list[Entry], kind: str) -> list[str]:
    # A name comes from the file: it must not bring line breaks into a sentence for people.
    return [
        "".join(c if c.isprintable() else "?" for c in e.name) for e in entries if e.kind == kind
    ]
