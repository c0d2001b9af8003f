"""A manifest's row as JSON."""

from __future__ import annotations

from typing import Any

from assets import ManifestRow, row_fields


def row_json(row: ManifestRow) -> dict[str, Any]:
    """Give the same fields as manifest.json has."""
    return dict(row_fields(row))
