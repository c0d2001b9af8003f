"""Free text from outside, made safe to keep."""

from __future__ import annotations

CHARACTERS_MAX = 2_000


def clean(text: str) -> str:
    """Text that both databases can keep: no NUL, no lone surrogates, at most 2,000 characters.

    A provider's error message must never be the reason why a charge cannot be booked.
    """
    kept = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return kept if len(kept) <= CHARACTERS_MAX else kept[: CHARACTERS_MAX - 1] + "…"
