"""A report as one HTML page that needs nothing from elsewhere and reads well aloud and printed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from console.escaping import shown
from console.report_formats.people_cells import RIGHT, headline, people_rows, told_beside
from ledger.reports.report import Report

_STYLE: Final = """\
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.4rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .8rem; text-align: left; border-bottom: 1px solid #767676; }
th { border-bottom-width: 2px; }
tbody th { font-weight: normal; border-bottom-width: 1px; overflow-wrap: anywhere; }
tfoot th, tfoot td { font-weight: bold; border-bottom: 0; border-top: 2px solid #767676; }
.number { text-align: right; white-space: nowrap; }
footer { max-width: 45rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { color: #f0f0f0; background: #121212; } }
@media print { body { margin: 0; } thead { display: table-header-group; } }
"""

_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)


def text(report: Report) -> str:
    """Write the page: a table with a caption and headers, the notes, which entries it is made of."""
    title = _escaped(headline(report))
    rows = people_rows(report)
    totals = [rows.pop()] if report.totals is not None else []
    right = [column.kind in RIGHT for column in report.columns]
    head = "".join(
        f'<th scope="col"{_class(number)}>{_escaped(column.title)}</th>'
        for column, number in zip(report.columns, right, strict=True)
    )
    foot = [f"<tfoot>\n{_row(row, right)}\n</tfoot>" for row in totals]
    body = "\n".join(_row(row, right) for row in rows)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            # Even a text that got past the escaping could fetch and run nothing.
            _POLICY,
            f"<title>{title}</title>",
            f"<style>\n{_STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            f"<h1>{title}</h1>",
            # What scrolls must be reachable with the keyboard, and say what it is.
            f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">',
            "<table>",
            f"<thead>\n<tr>{head}</tr>\n</thead>",
            f"<tbody>\n{body}\n</tbody>",
            *foot,
            "</table>",
            "</div>",
            "</main>",
            "<footer>",
            *(f"<p>{_escaped(sentence)}</p>" for sentence in told_beside(report)),
            "</footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _row(cells: Sequence[str], right: Sequence[bool]) -> str:
    first = f'<th scope="row"{_class(right[0])}>{_escaped(cells[0])}</th>'
    rest = (
        f"<td{_class(number)}>{_escaped(cell)}</td>"
        for cell, number in zip(cells[1:], right[1:], strict=True)
    )
    return f"<tr>{first}{''.join(rest)}</tr>"


def _class(number: bool) -> str:
    return ' class="number"' if number else ""


def _escaped(cell: str) -> str:
    return escape(shown(cell))
