"""Labels: what a file says of itself, written into its bytes without touching its pixels."""

from __future__ import annotations

from assets.labels.embedding import has_credentials, read_label, without_credentials, write_label
from assets.labels.label import ALGORITHMIC, TRAINED, Label, Texts
from assets.labels.terms import LABEL_ENTRIES

__all__ = [
    "ALGORITHMIC",
    "LABEL_ENTRIES",
    "TRAINED",
    "Label",
    "Texts",
    "has_credentials",
    "read_label",
    "without_credentials",
    "write_label",
]
