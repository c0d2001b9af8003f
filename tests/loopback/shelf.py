"""Files that were made beforehand and are given out in place of drawn pictures.

A shelf is a folder of folders. A prompt that contains the name of one of them gets its files in the
order of their names, one for each prediction, and the last one again once all were taken; of names
that are in each other the longest counts. So a test says which job gets which picture at which try,
whatever seed it is made with, and can look at the files that it put there.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path


class Shelf:
    """What is on the shelf, and how often each name was asked for."""

    def __init__(self, folder: Path | None) -> None:
        self._files: dict[str, list[Path]] = {}
        self._taken: Counter[str] = Counter()
        if folder is not None:
            for place in sorted(folder.iterdir(), key=lambda path: (-len(path.name), path.name)):
                self._files[place.name] = sorted(place.iterdir())

    def take(self, prompt: str) -> Path | None:
        """Give the next file for a prompt; None when no name of the shelf is in it."""
        name = next((name for name in self._files if name in prompt), None)
        if name is None:
            return None
        files, taken = self._files[name], self._taken[name]
        self._taken[name] += 1
        return files[min(taken, len(files) - 1)]
