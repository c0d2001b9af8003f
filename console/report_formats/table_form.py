"""A report as a table for the terminal: as wide as the terminal is, in a file as wide as it needs."""

from __future__ import annotations

from rich.text import Text

from console.escaping import shown
from console.output import screen, table
from console.report_formats.people_cells import RIGHT, headline, people_rows, told_beside
from ledger.reports.report import Report


def text(report: Report) -> str:
    """Write the headline, the table, the notes and which entries it is made of."""
    out = screen()
    with out.capture() as written:
        out.print(headline(report))
        out.print()
        if report.rows:
            out.print(
                table(
                    [column.title for column in report.columns],
                    people_rows(report),
                    right=frozenset(
                        column.title for column in report.columns if column.kind in RIGHT
                    ),
                )
            )
        else:
            out.print("There is nothing in it.")
        out.print()
        for sentence in told_beside(report):
            out.print(Text(shown(sentence)))
    # Rich fills lines up to the width of the table; nobody needs the blanks.
    return "".join(f"{line.rstrip()}\n" for line in written.get().splitlines())
