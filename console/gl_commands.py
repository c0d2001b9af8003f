"""`mintage ledger gl`: the file that says which accounts of the general ledger charges belong to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from console.arguments import Json, a_path, open_house
from console.report_formats import Format, Out
from console.selecting import From, Period, To, Where, read_selection

if TYPE_CHECKING:
    from flows import Settings
    from ledger.exports.gl_mapping import GlMapping

JournalName = Literal["journal-netsuite", "journal-xero", "journal-quickbooks"]

Gl = Annotated[
    Path | None,
    a_path(
        "A mapping file: which accounts charges belong to. MINTAGE_GL_MAPPING without it.",
        name="--gl",
    ),
]
HOW_TO_GET_ONE = (
    "`mintage ledger gl example --out gl.yaml` writes one to fill in; then add --gl gl.yaml, or set "
    "MINTAGE_GL_MAPPING to it"
)


def register(ledger: App) -> None:
    """Add the commands to those of the books."""
    gl = App(name="gl", help="Which accounts of the general ledger charges belong to.")
    gl.command(check)
    gl.command(example)
    gl.command(accruals)
    ledger.command(gl)


def mapping_of(settings: Settings, gl: Path | None) -> GlMapping | None:
    """Read the mapping that a flag or else the settings name, if any. Raises BadOrder."""
    from flows.gl_file import read_gl_mapping

    path = gl or settings.gl_mapping_file
    return None if path is None else read_gl_mapping(path)


def check(  # noqa: PLR0913  the flags that every report has
    file: Annotated[
        Path | None, a_path("A mapping file; the one that MINTAGE_GL_MAPPING names without it.")
    ] = None,
    *,
    each: Annotated[
        bool,
        Parameter(
            name="--each", negative="", help="A row for each cost centre, campaign and model."
        ),
    ] = False,
    period: Period = None,
    first: From = None,
    last: To = None,
    where: Where = None,
    format: Format = "table",  # noqa: A002  the flag's name
    out: Out = None,
    json: Json = False,
) -> int:
    """Say how a mapping file codes what is in the books; exit 1 where a journal would be refused."""
    from console.output import say
    from console.report_formats import write_report
    from flows import BadSettings

    selection = read_selection(period, first, last, where)
    house = open_house()
    mapping = mapping_of(house.settings, file)
    if mapping is None:
        raise BadSettings(f"There is no mapping file: {HOW_TO_GET_ONE}.")
    from ledger.exports.gl_check import BY, check_mapping

    with house.books() as books:
        found = check_mapping(
            mapping,
            books.summary(BY, selection),
            selection,
            books.provenance(selection),
            each=each,
        )
    write_report(found.report, "json" if json else format, out)
    for sentence in (*found.remarks, *found.problems):
        say(sentence)
    if found.problems:
        count = len(found.problems)
        say(f"mintage: {mapping.source} leaves {count:,} thing{'' if count == 1 else 's'} open.")
    return 1 if found.problems else 0


def accruals(
    *,
    format: Annotated[  # noqa: A002  the flag's name
        JournalName, Parameter(name="--format", help="Whose import it is for.")
    ],
    period: Period = None,
    first: From = None,
    last: To = None,
    where: Where = None,
    gl: Gl = None,
    out: Out = None,
) -> int:
    """Write journals of what was held and not billed at the end of a period, and their reversals.

    The figures are those of `mintage ledger report accruals`.
    """
    import io

    from console.output import say
    from console.report_formats.whole_file import whole_file
    from console.streams import write_out
    from flows import BadSettings
    from ledger.exports.accrual_journal import BY, accrued_of, make_accruals
    from ledger.exports.journal import journal_notes
    from ledger.exports.journal_writing import journal_file

    selection = read_selection(period, first, last, where)
    house = open_house()
    mapping = mapping_of(house.settings, gl)
    if mapping is None:
        raise BadSettings(f"A journal needs to know your accounts: {HOW_TO_GET_ONE}.")
    with house.books() as books:
        report = books.report("accruals", selection, BY)
    day, accrued = accrued_of(report)
    journals = make_accruals(accrued, day, mapping, selection.where)
    text = io.StringIO(newline="")
    count = journal_file(format).write(journals, text, mapping)
    if out is None:
        write_out(text.getvalue())
    else:
        with whole_file(out) as path:
            path.write_text(text.getvalue(), encoding="utf-8", newline="")
    place = "" if out is None else f" to {out}"
    say(
        f"{count:,} journal line{'' if count == 1 else 's'} written{place}. {report.provenance.in_words}"
    )
    for note in (*(journal_notes(journals) or (f"Nothing is to accrue on {day}.",)), *report.notes):
        say(note)
    return 0


def example(
    *,
    out: Annotated[
        Path | None,
        a_path("A new file; one that is there is kept. Standard output without it.", name="--out"),
    ] = None,
) -> int:
    """Write a mapping file to begin with: what is in the books, with accounts to fill in."""
    from console.output import say
    from console.streams import write_out
    from flows import BadSettings
    from flows.gl_example import example_mapping

    if out is not None and out.exists():
        raise BadSettings(f"{out} is there already, and is kept: name a new file.")
    with open_house().books() as books:
        orders = [view.record for view in books.orders()]
    text = example_mapping(
        sorted({order.cost_center for order in orders}),
        sorted({order.campaign for order in orders}),
        sorted({order.model for order in orders}),
        sorted({order.provider for order in orders}),
    )
    if out is None:
        write_out(text)
        return 0
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("x", encoding="utf-8") as file:
        file.write(text)
    say(
        f"A mapping to fill in is in {out}; `mintage ledger gl check {out}` says what it leaves open."
    )
    return 0
