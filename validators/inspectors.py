"""Who judges the files of a run: a pool of processes, or this very process where that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from validators.criterion import Criterion, Verdict
from validators.errors import InspectorsUnavailable
from validators.inspection import DEFAULT_LIMITS, inspect
from validators.picture import Limits


class Inspectors(Protocol):
    """Judges files, one call each, for as long as it is not closed.

    `InspectorPool` does it in processes of their own, `LocalInspectors` here.
    """

    async def inspect_async(
        self,
        data: bytes,
        criteria: Sequence[Criterion],
        *,
        claimed_media_type: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
        report_all: bool = True,
        sha256: str | None = None,
    ) -> tuple[Verdict, ...]:
        """Judge one file as `validators.inspect` does.

        Raises:
            InspectionFailed: a criterion raised; nothing was concluded.
            BrokenCriterion: a finding cannot be written as JSON, or the criterion is unknown.
            InspectorsUnavailable: nobody can judge; nothing is known of the file.
        """

    def close(self) -> None:
        """Let go of everything. May be called again."""


class LocalInspectors:
    """Judges in the calling thread, at once: for tests and simulations whose files are their own.

    A hostile file can harm the program here; files from outside are for `InspectorPool`.
    """

    def __init__(self) -> None:
        self._closed = False

    async def inspect_async(
        self,
        data: bytes,
        criteria: Sequence[Criterion],
        *,
        claimed_media_type: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
        report_all: bool = True,
        sha256: str | None = None,
    ) -> tuple[Verdict, ...]:
        """Judge one file as `validators.inspect` does. Raises as `Inspectors` says."""
        if self._closed:
            raise InspectorsUnavailable("The inspectors are closed; open others.")
        return inspect(
            data,
            criteria,
            claimed_media_type=claimed_media_type,
            limits=limits,
            report_all=report_all,
            sha256=sha256,
        )

    def close(self) -> None:
        """Judge nothing any more. May be called again."""
        self._closed = True
