"""Reports in every format that finance reads: for people, for spreadsheets and for programs.

A report says in every format which entries it is made of. In CSV, which stays pure, that goes to
standard error; programs find it in the JSON object, in the metadata of Parquet, and in the second
sheet of a workbook.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from console.arguments import a_path

if TYPE_CHECKING:
    from ledger.reports.report import Report

__all__ = ["BINARY", "Form", "Format", "Out", "report_text", "write_report"]

Form = Literal["table", "csv", "xlsx", "parquet", "json", "md", "html"]
"""The formats of a report."""

BINARY: Final = frozenset({"xlsx", "parquet"})
"""Formats that are files and no text: they want a file to be written to."""

Format = Annotated[
    Form, Parameter(name="--format", help="How it is written; xlsx and parquet need --out.")
]
Out = Annotated[
    Path | None,
    a_path(
        "A file, written whole or not at all; one that is there is replaced. Standard output "
        "without it.",
        name="--out",
    ),
]


def write_report(report: Report, form: str, out: Path | None) -> int:
    """Write a report to a file, which appears whole or not at all, or to standard output.

    Gives the exit code.

    Raises:
        BadSettings: a binary format without a file, a folder in place of a file, or Parquet
            without the library for it.
    """
    from console.output import say, screen
    from console.report_formats.people_cells import told_beside
    from console.report_formats.table_form import show
    from console.streams import write_out
    from flows import BadSettings

    if form in BINARY:
        if out is None:
            raise BadSettings(f"{form} is no text: name a file for it with --out.")
        _write_binary(report, form, out)
    elif out is None and form == "table":
        show(screen(), report)
    elif out is None:
        write_out(report_text(report, form))
    else:
        _write_text(report, form, out)
    if form == "csv":
        for sentence in told_beside(report):
            say(sentence)
    if out is not None:
        count = len(report.rows)
        say(f"{count:,} row{'' if count == 1 else 's'} written to {out}")
    return 0


def report_text(report: Report, form: str) -> str:
    """Write a report in one of the formats that are text; lines end with one, as a file's do."""
    from console.report_formats import (
        csv_form,
        html_form,
        json_form,
        markdown_form,
        table_form,
    )

    made = {
        "csv": csv_form.text,
        "html": html_form.text,
        "json": json_form.text,
        "md": markdown_form.text,
        "table": table_form.text,
    }
    return made[form](report)


def _write_text(report: Report, form: str, out: Path) -> None:
    from console.report_formats.whole_file import whole_file

    with whole_file(out) as path:
        path.write_bytes(report_text(report, form).encode("utf-8", "backslashreplace"))


def _write_binary(report: Report, form: str, out: Path) -> None:
    from console.report_formats import parquet_form, workbook_form
    from console.report_formats.whole_file import whole_file

    write = {"parquet": parquet_form.write, "xlsx": workbook_form.write}[form]
    with whole_file(out) as path:
        write(report, path)
