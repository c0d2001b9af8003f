"""Text that a spreadsheet would run as a formula, or a terminal obey, made safe."""

from __future__ import annotations

from typing import Final

from ledger.words import without_controls

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def safe_text(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run; write control characters as text."""
    kept = without_controls(text)
    return f"'{kept}" if text.startswith(FORMULA_STARTS) else kept
