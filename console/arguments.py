"""What several commands take: a file, a day, `--json`, and the house to work in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token

if TYPE_CHECKING:
    from flows import House

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object.")]


def named_path(_type: Any, tokens: Sequence[Token]) -> Path:  # noqa: ANN401  cyclopts's own signature
    """Read a path; an empty one, as from a shell variable that is not set, would mean this folder.

    Raises:
        ValueError: it is empty.
    """
    text = tokens[0].value
    if not text:
        raise ValueError("a path must not be empty; is a shell variable not set?")
    return Path(text)


def a_path(meaning: str, name: str | None = None) -> Parameter:
    """Describe an argument that names a file or a folder."""
    return Parameter(name=name, help=meaning, converter=named_path)


def open_house() -> House:
    """Read the settings and make the house; imported late, so that help is quick."""
    from flows import House, read_settings

    return House(read_settings())


def parse_day(text: str) -> date:
    """Read a calendar day. Raises BadSettings."""
    from flows import BadSettings

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadSettings(f"{text!r} is no date; write it as 2026-11-22.") from error
