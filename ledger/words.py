"""Free text from outside, made safe to keep."""

from __future__ import annotations

import re

CHARACTERS_MAX = 2_000

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")


def clean(text: str) -> str:
    """Text that both databases can keep: no NUL, no lone surrogates, at most 2,000 characters.

    A provider's error message must never be the reason why a charge cannot be booked.
    """
    kept = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return kept if len(kept) <= CHARACTERS_MAX else kept[: CHARACTERS_MAX - 1] + "…"


def without_controls(text: str) -> str:
    r"""Write control characters as source code has them, `\x1b`; tabs and ends of lines stay.

    A file of ours may be shown by a terminal, which would obey them.
    """
    # Most text has nothing that cannot be printed, and to ask for that is quick.
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
