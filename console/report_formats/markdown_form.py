"""A report as a Markdown table, as GitHub and most wikis read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from console.escaping import shown
from console.report_formats.people_cells import RIGHT, headline, people_rows, told_beside
from ledger.reports.report import Report

# An underscore inside a word is one; at the edge of a word it would begin slanted letters.
_MARKS: Final = re.compile(r"[\\|`*<\[~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def text(report: Report) -> str:
    """Write a heading, the table, the notes and which entries it is made of."""
    head = [_escaped(column.title) for column in report.columns]
    rule = ["---:" if column.kind in RIGHT else "---" for column in report.columns]
    rows = [[_escaped(cell) for cell in row] for row in people_rows(report)]
    if report.totals is not None:
        rows[-1] = [f"**{cell}**" if cell else "" for cell in rows[-1]]
    lines = [f"# {_escaped(headline(report))}", "", *map(_line, [head, rule, *rows])]
    for sentence in told_beside(report):
        lines += ["", _escaped(sentence)]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(cell: str) -> str:
    return _MARKS.sub(lambda found: f"\\{found[0]}", shown(cell))
