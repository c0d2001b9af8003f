"""What a pull did: file by file, and in all."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from assets.manifest import ManifestRow, Withdrawn


class PullOutcome(StrEnum):
    """What became of one file."""

    COPIED = "copied"
    """It was not there; now it is."""
    SKIPPED = "skipped"
    """It was there with the right bytes."""
    MENDED = "mended"
    """It was there with other bytes, changed by hand perhaps, and was replaced."""
    UPDATED = "updated"
    """An earlier edition's file was there; the newer one took its place."""
    WITHDRAWN = "withdrawn"
    """It has been withdrawn since its manifest was read, and was not copied."""
    FAILED = "failed"
    """It could not be copied; the report says why. What was there before is still there."""


@dataclass(frozen=True, slots=True)
class PullStep:
    """One file is done with. `problem` is None unless it failed; `place` is below the folder."""

    row: ManifestRow
    outcome: PullOutcome
    problem: str | None = None
    place: str = ""


class RecallOutcome(StrEnum):
    """What became of a file in the folder whose asset was withdrawn."""

    THERE = "there"
    """It is still there; a pull with `prune` removes it."""
    REMOVED = "removed"
    """It was removed."""
    CHANGED = "changed"
    """It was not removed, because its bytes are not those that were released."""
    REPLACED = "replaced"
    """The release that is now the latest took its place."""


@dataclass(frozen=True, slots=True)
class Recall:
    """A file that earlier pulls brought, or this one, and that is withdrawn now."""

    place: str
    withdrawn: Withdrawn
    outcome: RecallOutcome


@dataclass(slots=True)
class PullReport:
    """What a pull did: numbers of files, bytes copied, and a sentence for each file that failed."""

    copied: int = 0
    skipped: int = 0
    mended: int = 0
    updated: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)
    recalls: list[Recall] = field(default_factory=list)
    """Every file in the folder that is withdrawn, by earlier pulls and this one."""
    notes: list[str] = field(default_factory=list)
    """Sentences about what is no failure."""
    held: dict[str, ManifestRow] = field(default_factory=dict)
    """What was asked for and is in the folder now, by its place."""

    @property
    def there(self) -> int:
        """How many of the files that were asked for are in the folder."""
        return self.copied + self.skipped + self.mended + self.updated

    def count(self, step: PullStep) -> None:
        """Add one file to the numbers."""
        match step.outcome:
            case PullOutcome.SKIPPED:
                self.skipped += 1
            case PullOutcome.FAILED:
                self.problems.append(str(step.problem))
            case PullOutcome.WITHDRAWN:
                self.notes.append(f"{step.place} was withdrawn meanwhile and is not copied.")
            case PullOutcome.COPIED:
                self.copied += 1
            case PullOutcome.MENDED:
                self.mended += 1
            case PullOutcome.UPDATED:
                self.updated += 1
        if step.outcome in _BROUGHT:
            self.bytes += step.row.bytes
        if step.outcome in HELD:
            self.held[step.place] = step.row


_BROUGHT = frozenset({PullOutcome.COPIED, PullOutcome.MENDED, PullOutcome.UPDATED})
HELD = _BROUGHT | {PullOutcome.SKIPPED}
"""After these the asset is in the folder."""
