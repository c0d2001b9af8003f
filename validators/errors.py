"""Broken promises of the inspectors.

```
InspectionError
├── BrokenCriterion         a criterion's class or its finding breaks the criterion form
├── InspectionFailed        a criterion raised instead of giving a finding
└── InspectorsUnavailable   the machine let no process judge the file, or the pool is closed
```

What is wrong with a picture is never raised: it is a failed verdict. These errors mean that the
program is wrong, so nothing may be concluded about the picture.
"""

from __future__ import annotations


class InspectionError(Exception):
    """Base of everything that this package raises on purpose."""


class BrokenCriterion(InspectionError):
    """A criterion breaks the form: its class, or a finding that is not plain JSON."""

    def __init__(self, criterion: str, fault: str) -> None:
        super().__init__(f"The criterion {criterion!r} is broken: {fault}; correct its module.")
        self.criterion = criterion
        self.fault = fault


class InspectionFailed(InspectionError):
    """A criterion raised. No verdict exists, so the picture is neither accepted nor rejected."""

    def __init__(self, criterion: str, sha256: str, cause: str) -> None:
        super().__init__(
            f"The criterion {criterion!r} failed on the picture {sha256} with {cause}; nothing "
            "was concluded about the picture, correct the criterion and inspect again."
        )
        self.criterion = criterion
        self.sha256 = sha256
        self.cause = cause


class InspectorsUnavailable(InspectionError):
    """No process could judge the file: an outage of the inspectors, no fault of the file."""
