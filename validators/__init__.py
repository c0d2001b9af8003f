"""The inspectors: bytes in, verdicts out.

They know the order's definition of done and the file, never who or what made it. Importing this
package is cheap; pydantic and Pillow are loaded by what needs them.
"""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from validators.colour_difference import HexColour
    from validators.containers import Flaw
    from validators.contradictions import contradictions
    from validators.criteria.not_seen_before import NotSeenBefore
    from validators.criterion import (
        Criterion,
        Finding,
        JSONValue,
        Mark,
        Remedy,
        Severity,
        Verdict,
    )
    from validators.done import Problem, parse_done
    from validators.drawing import Drawer, NotDrawn
    from validators.errors import (
        BrokenCriterion,
        InspectionError,
        InspectionFailed,
        InspectorsUnavailable,
    )
    from validators.fingerprint import Fingerprint, Likeness
    from validators.formats import FORMAT_TITLES, IMAGE_FORMATS, ImageFormat
    from validators.hash_index import HashIndex
    from validators.inspection import INTACT_VERSION, in_order, inspect, rule_of
    from validators.inspector_worker import WorkerLimits
    from validators.inspectors import Inspectors, LocalInspectors
    from validators.isolation import InspectorPool
    from validators.picture import Limits, Picture
    from validators.references import as_data_address, is_data_address, read_references
    from validators.registry import INTACT, CriterionForm, criteria_forms, registered
    from validators.zone import Zone

__all__ = [
    "FORMAT_TITLES",
    "IMAGE_FORMATS",
    "INTACT",
    "INTACT_VERSION",
    "BrokenCriterion",
    "Criterion",
    "CriterionForm",
    "Drawer",
    "Finding",
    "Fingerprint",
    "Flaw",
    "HashIndex",
    "HexColour",
    "ImageFormat",
    "InspectionError",
    "InspectionFailed",
    "InspectorPool",
    "Inspectors",
    "InspectorsUnavailable",
    "JSONValue",
    "Likeness",
    "Limits",
    "LocalInspectors",
    "Mark",
    "NotDrawn",
    "NotSeenBefore",
    "Picture",
    "Problem",
    "Remedy",
    "Severity",
    "Verdict",
    "WorkerLimits",
    "Zone",
    "as_data_address",
    "contradictions",
    "criteria_forms",
    "in_order",
    "inspect",
    "is_data_address",
    "parse_done",
    "read_references",
    "registered",
    "rule_of",
]

_HOMES: Final = MappingProxyType(
    {
        "colour_difference": ("HexColour",),
        "containers": ("Flaw",),
        "contradictions": ("contradictions",),
        "criterion": (
            "Criterion",
            "Finding",
            "JSONValue",
            "Mark",
            "Remedy",
            "Severity",
            "Verdict",
        ),
        "criteria.not_seen_before": ("NotSeenBefore",),
        "done": ("Problem", "parse_done"),
        "drawing": ("Drawer", "NotDrawn"),
        "errors": (
            "BrokenCriterion",
            "InspectionError",
            "InspectionFailed",
            "InspectorsUnavailable",
        ),
        "fingerprint": ("Fingerprint", "Likeness"),
        "formats": ("FORMAT_TITLES", "IMAGE_FORMATS", "ImageFormat"),
        "hash_index": ("HashIndex",),
        "inspection": ("INTACT_VERSION", "in_order", "inspect", "rule_of"),
        "inspector_worker": ("WorkerLimits",),
        "inspectors": ("Inspectors", "LocalInspectors"),
        "isolation": ("InspectorPool",),
        "picture": ("Limits", "Picture"),
        "references": ("as_data_address", "is_data_address", "read_references"),
        "registry": ("INTACT", "CriterionForm", "criteria_forms", "registered"),
        "zone": ("Zone",),
    }
)


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(f"validators.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'validators' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
