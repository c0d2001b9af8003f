"""Placeholders in an order: `{product}`, `{size.width}`, `{variant}`.

A text that is nothing but one placeholder takes the value with its type, so that
`width: "{size.width}"` is a number; anything else becomes text. `{{` and `}}` stand for braces.

Two formats are understood: `{product:slug}` writes a text in small letters of ASCII, digits and
dashes, and `{variant:03}` a whole number with zeros before it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from string import Formatter

from flows.order_text import NumberText
from flows.problems import FieldPath

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_FORMATTER = Formatter()
_SLUG = "slug"
_ZEROS = re.compile(r"0([1-9]|1[0-9]|20)")
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_UNDERSTOOD = "; only :slug and zeros such as :03 are"
_NOT_IN_SLUGS = re.compile(r"[^a-z0-9]+")
_IN_SLUGS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\u0131": "i",
        "'": "",
        "\u2019": "",
    }
)
"""Letters that are no other letter with a mark, and the umlauts as German spells them without dots."""

Variables = Mapping[str, object]


class Unbound(Exception):
    """Placeholders that nothing binds, or that are not written as one.

    Attributes:
        faults: where inside the value, and what was found there.
    """

    def __init__(self, *faults: tuple[FieldPath, str]) -> None:
        self.faults = faults
        super().__init__("; ".join(found for _, found in faults))


def _value(field: str, variables: Variables) -> object:
    if _FIELD.fullmatch(field) is None:
        raise Unbound(((), f"{{{field}}}, which is no placeholder"))
    here: object = variables
    for part in field.split("."):
        if not isinstance(here, Mapping) or part not in here:
            raise Unbound(((), f"{{{field}}}, which nothing binds"))
        here = here[part]
    return here


def _as_text(field: str, value: object) -> str:
    if isinstance(value, (Mapping, list)):
        raise Unbound(((), f"{{{field}}}, which is not one value"))
    if isinstance(value, NumberText):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


_Part = tuple[str, str | None, str]
"""A literal, the placeholder behind it, if any, and that one's format."""


def _parts(template: str) -> list[_Part]:
    """Split a template into literals, each with the placeholder behind it. Raises `Unbound`."""
    try:
        parts = list(_FORMATTER.parse(template))
    except ValueError as error:
        raise Unbound(((), f"{template!r}, whose braces do not match")) from error
    for _, field, spec, conversion in parts:
        known = not spec or spec == _SLUG or _ZEROS.fullmatch(spec)
        if field is not None and (conversion or not known):
            raise Unbound(((), f"{{{field}}} with a format, which is not understood{_UNDERSTOOD}"))
    return [(literal, field, spec or "") for literal, field, spec, _ in parts]


def slug_of(text: str) -> str:
    """Write a text in small letters of ASCII, digits and dashes; empty where nothing of it is left."""
    letters = unicodedata.normalize("NFC", text).lower().translate(_IN_SLUGS)
    # Taken apart, so that a letter stays when its accent goes; what was folded may be a capital.
    plain = unicodedata.normalize("NFKD", letters).lower()
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return _NOT_IN_SLUGS.sub("-", bare).strip("-")


def _formatted(field: str, spec: str, value: object) -> str:
    """Write a placeholder's value in its format. Raises `Unbound`."""
    text = _as_text(field, value)
    if spec == _SLUG:
        slug = slug_of(text)
        if not slug:
            raise Unbound(((), f"{{{field}:{spec}}} of {text!r}, which leaves nothing"))
        return slug
    if spec:
        if isinstance(value, bool) or not _DIGITS.fullmatch(text):
            raise Unbound(((), f"{{{field}:{spec}}} of {text!r}, which is no whole number"))
        return text.zfill(int(spec))
    return text


def _joined(parts: list[_Part], variables: Variables) -> str:
    text = ""
    faults: list[str] = []
    for literal, field, spec in parts:
        text += literal
        if field is None:
            continue
        try:
            text += _formatted(field, spec, _value(field, variables))
        except Unbound as unbound:
            faults += [found for _, found in unbound.faults if found not in faults]
    if faults:
        raise Unbound(((), " and ".join(faults)))
    return text


def fill_text(template: str, variables: Variables) -> object:
    """Fill one text. Raises `Unbound`."""
    if "{" not in template and "}" not in template:
        return template
    parts = _parts(template)
    if len(parts) == 1 and parts[0][0] == "" and parts[0][1] is not None and not parts[0][2]:
        return _value(parts[0][1], variables)
    return _joined(parts, variables)


def fill_words(template: str, variables: Variables) -> str:
    """Fill one text that stays text, even where it is nothing but one placeholder. Raises `Unbound`."""
    return _joined(_parts(template), variables)


def fill(value: object, variables: Variables) -> object:
    """Fill every text inside a value. Raises `Unbound`, with every fault that there is."""
    if isinstance(value, str):
        return fill_text(value, variables)
    if not isinstance(value, (Mapping, list)):
        return value
    faults: list[tuple[FieldPath, str]] = []
    made: dict[str | int, object] = {}
    for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
        try:
            made[key] = fill(inner, variables)
        except Unbound as unbound:
            faults += [((key, *path), found) for path, found in unbound.faults]
    if faults:
        raise Unbound(*faults)
    return made if isinstance(value, Mapping) else list(made.values())


def has_placeholder(value: object) -> bool:
    """Whether filling could change the value."""
    if isinstance(value, str):
        return "{" in value or "}" in value
    if isinstance(value, Mapping):
        return any(has_placeholder(inner) for inner in value.values())
    if isinstance(value, list):
        return any(has_placeholder(inner) for inner in value)
    return False
