"""Text that a spreadsheet would run as a formula, made safe."""

from __future__ import annotations

from typing import Final

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def safe_text(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run; it shows the rest as text."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
