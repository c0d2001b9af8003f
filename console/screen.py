"""The console that tables and sentences are printed on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from console.escaping import shown
from console.streams import hush

WIDE = 400
"""Columns of a pipe or a file, where folded ids could not be searched for; COLUMNS says otherwise."""


class Screen(Console):
    """Standard output that prints what it is given as it is: no markup, no emoji codes.

    Only what a terminal would obey is escaped, and a text is one line: most have words from outside.
    """

    def __init__(self) -> None:
        piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
        super().__init__(highlight=False, markup=False, emoji=False, width=WIDE if piped else None)

    def print(self, *objects: Any, **how: Any) -> None:  # noqa: ANN401  rich's own signature
        """Print each text, or what was made of texts by this module."""
        super().print(*(shown(one) if isinstance(one, str) else one for one in objects), **how)

    def on_broken_pipe(self) -> None:
        """Go on in silence when the reader has gone: the command's work and exit code still count."""
        hush()


def screen() -> Screen:
    """Make the screen."""
    return Screen()


def indented(text: str, by: int) -> Padding:
    """Indent a text of any length, also where it is folded."""
    return Padding(Text(shown(text)), (0, 0, 0, by), expand=False)


def listed(lines: Iterable[str]) -> Table:
    """Make a list with a dash before each line, whatever its length."""
    made = Table.grid(padding=(0, 1))
    for line in lines:
        made.add_row("  -", Text(shown(line)))
    return made
