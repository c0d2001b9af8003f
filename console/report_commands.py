"""Finance's reports: the summary of spend, and the named ones, each in every format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from console.arguments import Json, a_path, open_house
from console.report_formats import Format, Out, write_report
from console.selecting import From, Period, To, Where, read_selection

if TYPE_CHECKING:
    from ledger import Books
    from ledger.reports.report import Report
    from ledger.selection import Selection

ReportName = Literal["budget", "variance", "yield", "trend", "accruals"]
"""The names in `ledger.reports.registry.REPORTS` but for the summary; a test compares them."""

By = Annotated[
    str | None,
    Parameter(
        name="--by",
        help="A row for each value of this, or for each combination of several, such as "
        "cost_center,model. There are order, job, model, provider, cost_center, campaign, owner, "
        "period and day; `criterion` says what became of the files, and what those cost that a rule "
        "rejected.",
    ),
]


def register(ledger: App) -> None:
    """Add the commands."""
    ledger.command(summary)
    ledger.command(report)


def summary(  # noqa: PLR0913  the flags of a command
    *,
    by: By = None,
    period: Period = None,
    first: From = None,
    last: To = None,
    where: Where = None,
    format: Format = "table",  # noqa: A002  the flag's name
    out: Out = None,
    json: Json = False,
) -> int:
    """Say what was spent, held and lost sight of, in all and by any dimensions."""
    selection = read_selection(period, first, last, where)
    dimensions = read_by(by)
    _check("summary", dimensions, selection)
    if json:
        only_one(format, out)
    if json or (format == "table" and out is None):
        with open_house().books() as books:
            return _print_summary(books, dimensions, selection, as_json=json)
    with open_house().books() as books, wrong_usage():
        made = books.report("summary", selection, dimensions)
    return write_report(made, format, out)


def report(  # noqa: PLR0913  as above
    name: Annotated[ReportName, Parameter(help="Which report; what each tells stands above.")],
    /,
    *,
    by: By = None,
    period: Period = None,
    first: From = None,
    last: To = None,
    where: Where = None,
    format: Format = "table",  # noqa: A002  the flag's name
    out: Out = None,
    chart: Annotated[
        Path | None,
        a_path("Draw the trend, too: an SVG file, written whole or not at all.", name="--chart"),
    ] = None,
    json: Json = False,
) -> int:
    """Make a report for finance, in any format; it says which entries it is made of.

    budget    caps against charges, by cost_center and month, order or provider
    variance  what orders were quoted against what they were charged
    yield     cost per released asset, and what rejects cost
    trend     what was charged by day or period, and its sum so far
    accruals  what was held and unknown at the period's end, to accrue
    """
    from flows import BadSettings

    selection = read_selection(period, first, last, where)
    _check(name, read_by(by), selection)
    if chart is not None and name != "trend":
        raise BadSettings("--chart draws the trend; the other reports are tables.")
    if json:
        only_one(format, out)
    with open_house().books() as books, wrong_usage():
        made = books.report(name, selection, read_by(by))
    if chart is not None:
        _draw(made, chart)
    return write_report(made, "json" if json else format, out)


def read_by(by: str | None) -> tuple[str, ...]:
    """Read dimensions as people write them: with commas between, and hyphens where they like."""
    if by is None:
        return ()
    return tuple(one.strip().replace("-", "_") for one in by.split(",") if one.strip())


def _check(name: str, by: tuple[str, ...], selection: Selection) -> None:
    """Refuse what no report is, before books are opened that may not be there yet."""
    from ledger.reports.registry import check

    with wrong_usage():
        check(name, by, selection)


@contextmanager
def wrong_usage() -> Iterator[None]:
    """Call what a report cannot be by, or of, wrong usage."""
    from flows import BadSettings
    from ledger.errors import SelectionRefused

    try:
        yield
    except SelectionRefused as error:
        text = str(error)
        raise BadSettings(f"{text[0].upper()}{text[1:]}.") from error


def only_one(form: str, out: Path | None) -> None:
    """Refuse `--json` beside a format or a file. Raises BadSettings."""
    from flows import BadSettings

    if form != "table" or out is not None:
        raise BadSettings("Say either --json, which prints, or --format and --out.")


def _print_summary(
    books: Books, by: tuple[str, ...], selection: Selection, *, as_json: bool
) -> int:
    from console.output import print_json
    from console.spend_summary import print_spend, print_summary, summary_json

    with wrong_usage():
        told = books.spend_summary(by, selection)
    oldest_s = (
        None
        if told.lost_since is None
        else round((datetime.now(UTC) - told.lost_since).total_seconds())
    )
    if as_json:
        print_json(summary_json(told, oldest_s))
    elif told.by == ("criterion",):
        print_spend(told)
    else:
        print_summary(told, oldest_s)
    return 0


def _draw(report: Report, chart: Path) -> None:
    from console.output import say
    from console.report_formats.trend_chart import trend_svg
    from console.report_formats.whole_file import whole_file

    with whole_file(chart) as path:
        path.write_text(trend_svg(report), encoding="utf-8")
    say(f"The chart is in {chart}")
