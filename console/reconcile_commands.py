"""`mintage ledger reconcile`: the provider's invoice beside the books, line by line, and posted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from console.arguments import Json, a_path, open_house
from console.report_formats import Format, Out, write_report

if TYPE_CHECKING:
    from flows import House
    from flows.reconciling import Reconciliation, StatementWish
    from flows.statement_files import StatementFile
    from ledger import Books
    from ledger.invoices.statement import Posted

DIFFERENCES_LEFT = 3
PEOPLES = frozenset({"table", "md", "html"})
"""Formats that people look at: they get fewer columns, with remarks below."""


Statement = Annotated[
    Path | None, a_path("The provider's statement: CSV or JSON, a line for each run.")
]
Provider = Annotated[str, Parameter(name="--provider", help="Who bills, such as replicate.")]
Month = Annotated[str, Parameter(name="--period", help="The month, such as 2026-11 (UTC).")]
Live = Annotated[
    bool,
    Parameter(
        name="--live",
        negative="",
        help="Read the provider's own record in place of a file, at the model cards' prices.",
    ),
]
InvoiceNumber = Annotated[
    str | None, Parameter(name="--invoice", help="The invoice's number, to be kept with it.")
]
Total = Annotated[
    str | None,
    Parameter(
        name="--total",
        help='The invoice\'s total, such as "37.59"; without it, the sum of the lines.',
    ),
]
Columns = Annotated[
    list[str] | None,
    Parameter(
        name="--columns",
        negative="",
        help="Which header each column has, such as id=Run,amount=Net, where that is not clear.",
    ),
]
Post = Annotated[
    bool,
    Parameter(name="--post", negative="", help="Adjust the books until they equal the statement."),
]
By = Annotated[str | None, Parameter(name="--by", help="Who posts: a name or an address.")]
Because = Annotated[
    str | None, Parameter(name="--because", help="Why, in a sentence; kept with every entry.")
]
EveryRow = Annotated[
    bool, Parameter(name="--all", negative="", help="A row for each matched run too.")
]


def register(ledger: App) -> None:
    """Add the command."""
    ledger.command(reconcile)


def reconcile(  # noqa: PLR0913  the flags of a command
    statement: Statement = None,
    /,
    *,
    provider: Provider,
    period: Month,
    live: Live = False,
    invoice: InvoiceNumber = None,
    total: Total = None,
    columns: Columns = None,
    post: Post = False,
    by: By = None,
    because: Because = None,
    every_row: EveryRow = False,
    format: Format = "table",  # noqa: A002  the flag's name
    out: Out = None,
    json: Json = False,
) -> int:
    """Match a provider's statement with the books line by line; post what differs.

    Exit code 0: they agree, or it was posted; 3: differences are left.
    """
    from flows.reconciling import StatementWish

    _check_flags(
        statement, live, post, (by, because), json and (format != "table" or out is not None)
    )
    wish = StatementWish(
        provider=provider,
        period=period,
        source="live" if live else "file",
        invoice_id=_invoice(invoice),
        total_nano=_total(total),
        keep_matched=every_row,
    )
    house = open_house()
    with house.books() as books:
        found = _match(house, books, wish, statement, columns or ())
        posted = _post(books, found, by, because) if post else None
        if json:
            _print_json(found, posted)
        else:
            _print(books, found, format, out, every_row=every_row)
    _conclude(found, posted)
    return DIFFERENCES_LEFT if posted is None and found.differences else 0


def _check_flags(
    statement: Path | None,
    live: bool,
    post: bool,
    decided: tuple[str | None, str | None],
    twice: bool,
) -> None:
    from flows import BadSettings

    if live is (statement is not None):
        raise BadSettings("Say where the lines come from: either a file or --live.")
    if post and None in decided:
        raise BadSettings(
            "A statement is posted by somebody and for a reason: say --by and --because."
        )
    if not post and decided != (None, None):
        raise BadSettings("--by and --because are for --post; without it nothing is written.")
    if twice:
        raise BadSettings("Say either --json, which prints, or --format and --out.")


def _invoice(invoice: str | None) -> str | None:
    from flows import BadSettings
    from ledger.words import clean

    if invoice is None:
        return None
    kept = clean(invoice).strip()
    if not kept or not kept.isprintable():
        raise BadSettings(f"{invoice!r} is no number of an invoice.")
    return kept


def _total(total: str | None) -> int | None:
    from flows import BadSettings
    from flows.statement_amounts import NoAmount, read_amount

    if total is None:
        return None
    try:
        amount_nano, was_rounded = read_amount(total)
    except NoAmount as error:
        raise BadSettings(f"{total[:60]!r} is no invoice's total: wanted is {error}.") from error
    if was_rounded:
        raise BadSettings(f"{total[:60]!r} has more than nine decimals; no invoice has.")
    return amount_nano


def _match(
    house: House,
    books: Books,
    wish: StatementWish,
    statement: Path | None,
    columns: Sequence[str],
) -> Reconciliation:
    from flows import BadSettings
    from flows.reconciling import reconcile as match
    from ledger.invoices.theirs import Theirs

    _must_know(books, wish.provider)
    theirs = Theirs()
    if statement is not None:
        from flows.statement_files import take_file

        file = take_file(statement, columns, theirs)
        wish = _with_file(wish, file)
        return match(books, wish, theirs, sha256=file.sha256, notes=file.notes)
    if columns:
        raise BadSettings("--columns is for files; a provider's own record has none.")
    from console.live_progress import counting
    from flows.live_statement import read_live

    with counting(wish.provider, theirs.add) as take:
        read = read_live(house, wish.provider, wish.period, take)
    return match(books, wish, theirs, notes=read.notes, is_whole=read.is_whole)


def _with_file(wish: StatementWish, file: StatementFile) -> StatementWish:
    """Take the total and the number that the file says, which flags may only say again."""
    from dataclasses import replace

    from flows import BadSettings
    from ledger import format_usd

    if file.total_nano is not None:
        if wish.total_nano not in {None, file.total_nano}:
            raise BadSettings(
                f"--total says {format_usd(wish.total_nano or 0)}, and the file says that the total "
                f"is {format_usd(file.total_nano)}."
            )
        wish = replace(wish, total_nano=file.total_nano)
    number = _invoice(file.invoice_id)
    if number is not None:
        if wish.invoice_id not in {None, number}:
            raise BadSettings(
                f"--invoice says {wish.invoice_id}, and the file says that it is invoice {number}."
            )
        wish = replace(wish, invoice_id=number)
    return wish


def _must_know(books: Books, provider: str) -> None:
    from flows import BadSettings

    known = sorted({row.keys[0] for row in books.summary("provider") if row.keys[0]})
    if provider not in known:
        there = f"they have {', '.join(known)}" if known else "they are empty"
        raise BadSettings(f"The books have nothing of provider {provider!r}; {there}.")


def _post(books: Books, found: Reconciliation, by: str | None, because: str | None) -> Posted:
    from flows.reconciling import post

    return post(books, found, by=by or "", because=because or "")


def _print(
    books: Books, found: Reconciliation, form: str, out: Path | None, *, every_row: bool
) -> None:
    from ledger.invoices.findings_report import for_people, for_programs

    made = for_programs(found.matching, books.provenance(found.selection))
    if form in PEOPLES:
        made = for_people(found.matching, made.provenance, every_row=every_row or form != "table")
    write_report(made, form, out)


def _print_json(found: Reconciliation, posted: Posted | None) -> None:
    from console.output import print_json, usd_text

    matching = found.matching
    findings = {
        kind.value: {
            "count": one.count,
            "theirs_usd": usd_text(one.theirs_nano),
            "ours_usd": usd_text(one.ours_nano),
            "difference_usd": usd_text(one.difference_nano),
        }
        for kind, one in matching.by_kind.items()
    }
    done = None
    if posted is not None:
        done = {
            "statement": posted.number,
            "entries": posted.entry_count,
            "amount_usd": usd_text(posted.amount_nano),
            "again": posted.again,
            "moved_to": posted.moved_to,
        }
    print_json(
        {
            "provider": matching.provider,
            "period": matching.period,
            "invoice": found.invoice.invoice_id,
            "source": found.invoice.source,
            "sha256": found.invoice.sha256,
            "lines": matching.line_count,
            "matched": matching.matched_count,
            "findings": findings,
            "theirs_usd": usd_text(matching.theirs_nano),
            "ours_usd": usd_text(matching.ours_nano),
            "difference_usd": usd_text(matching.difference_nano),
            "posted": done,
            "notes": list(matching.notes),
        }
    )


def _conclude(found: Reconciliation, posted: Posted | None) -> None:
    """Say in a sentence how it stands, for whoever looks at the screen."""
    from console.output import say
    from ledger import format_usd

    matching = found.matching
    bills = f"{matching.provider} bills {format_usd(matching.theirs_nano)} for {matching.period}"
    have = f"the books have {format_usd(matching.ours_nano)}"
    if posted is None:
        if not found.differences:
            say(f"{bills} and {have}: every line agrees.")
        else:
            count = found.differences
            what = "1 difference" if count == 1 else f"{count:,} differences"
            say(f"{bills} and {have}: {what}. --post --by YOU --because WHY books them.")
        if found.to_post > found.differences:
            say("What is settled since can be put down to its job: --post does that.")
        return
    if posted.again:
        say(f"{bills} and {have}: it was posted before, as statement {posted.number}.")
        return
    entries = "1 entry" if posted.entry_count == 1 else f"{posted.entry_count:,} entries"
    say(
        f"Statement {posted.number} is posted: {entries}, {format_usd(posted.amount_nano)} in all. "
        f"{bills}, and so do the books now."
    )
    if posted.moved_to is not None:
        say(f"{matching.period} is closed: its corrections are in {posted.moved_to}.")
