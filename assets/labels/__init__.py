"""Labels: what a file says of itself, written into its bytes without touching its pixels."""

from __future__ import annotations

from assets.labels.label import ALGORITHMIC, TRAINED, Label, Texts

__all__ = ["ALGORITHMIC", "TRAINED", "Label", "Texts"]
