"""Placeholders in an order: `{product}`, `{size.width}`, `{variant}`.

A text that is nothing but one placeholder takes the value with its type, so that
`width: "{size.width}"` is a number; anything else becomes text. `{{` and `}}` stand for braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from flows.order_text import NumberText

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_FORMATTER = Formatter()

Variables = Mapping[str, object]


class Unbound(Exception):
    """A placeholder that nothing binds, or that is not written as one; `found` says which."""

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(found)


def _value(field: str, variables: Variables) -> object:
    if _FIELD.fullmatch(field) is None:
        raise Unbound(f"{{{field}}}, which is no placeholder")
    here: object = variables
    for part in field.split("."):
        if not isinstance(here, Mapping) or part not in here:
            raise Unbound(f"{{{field}}}, which nothing binds")
        here = here[part]
    return here


def _as_text(field: str, value: object) -> str:
    if isinstance(value, (Mapping, list)):
        raise Unbound(f"{{{field}}}, which is not one value")
    if isinstance(value, NumberText):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def fill_text(template: str, variables: Variables) -> object:
    """Fill one text. Raises `Unbound`."""
    if "{" not in template and "}" not in template:
        return template
    try:
        parts = list(_FORMATTER.parse(template))
    except ValueError as error:
        raise Unbound(f"{template!r}, whose braces do not match") from error
    for _, field, spec, conversion in parts:
        if field is not None and (spec or conversion):
            raise Unbound(f"{{{field}}} with a format, which is not understood")
    if len(parts) == 1 and parts[0][0] == "" and parts[0][1] is not None:
        return _value(parts[0][1], variables)
    text = ""
    for literal, field, _, _ in parts:
        text += literal
        if field is not None:
            text += _as_text(field, _value(field, variables))
    return text


def fill(value: object, variables: Variables) -> object:
    """Fill every text inside a value. Raises `Unbound`."""
    if isinstance(value, str):
        return fill_text(value, variables)
    if isinstance(value, Mapping):
        return {key: fill(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, variables) for inner in value]
    return value


def has_placeholder(value: object) -> bool:
    """Whether filling could change the value."""
    if isinstance(value, str):
        return "{" in value or "}" in value
    if isinstance(value, Mapping):
        return any(has_placeholder(inner) for inner in value.values())
    if isinstance(value, list):
        return any(has_placeholder(inner) for inner in value)
    return False
