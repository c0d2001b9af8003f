"""Text from outside, such as a file's name or a provider's reason, made fit for a terminal and a log."""

from __future__ import annotations

import json
import re

_ORDERS: re.Pattern[str] = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters, with the ends of lines
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # those that turn the direction of writing
    "\u2028\u2029"  # further ends of lines
    "\u200b\u2060-\u2064\ufeff"  # what takes no place
    "\ud800-\udfff"  # bytes of a name that are no text
    "]"
)
"""What a terminal obeys instead of showing it. Joiners, which emoji and scripts need, are none of it."""

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def shown(text: str) -> str:
    r"""Write what a terminal would obey as it is written in source code: `\x1b`, `\n`, `\u202e`.

    What is on one line stays on one line, so that no name can pass for a line of its own.
    """
    return _ORDERS.sub(_in_source, text)


def _in_source(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004  a byte


def shown_json(text: str) -> str:
    """Do the same in a JSON text, which stays JSON of the same value."""
    return _ORDERS.sub(
        lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], text
    )
