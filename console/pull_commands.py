"""`mintage assets pull`: finished assets into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from console.arguments import Json, a_path
from console.asset_choice import EVERYTHING, Choice, open_assets
from console.pull_progress import pulling

if TYPE_CHECKING:
    from assets import ManifestRow, PullReport, Recall, Store

WORKERS_MAX = 64
"""As many connections as a store keeps open."""

RECALLED = {
    "there": "still there; --prune removes it",
    "removed": "removed",
    "changed": "kept: its bytes are not those that were released",
    "replaced": "the release before took its place",
}
"""What became of a file that is withdrawn."""


def pull(
    dest: Annotated[Path, a_path("The folder to copy to; made when it is not there.")],
    *,
    choice: Choice = EVERYTHING,
    prune: Annotated[
        bool,
        Parameter(negative="", help="Remove the files of this folder that have been withdrawn."),
    ] = False,
    packed: Annotated[
        bool,
        Parameter(name="--zip", negative="", help="Pack what is pulled into DEST.zip as well."),
    ] = False,
    sheet: Annotated[
        bool, Parameter(negative="--no-sheet", help="Write the contact sheet, index.html.")
    ] = True,
    workers: Annotated[
        int,
        Parameter(help="Files copied at a time.", validator=Number(gte=1, lte=WORKERS_MAX)),
    ] = 16,
    json: Json = False,
) -> int:
    """Copy released assets to a folder, checked; what is there already is left alone."""
    from assets import listing
    from assets import pull as pull_assets
    from assets.pull_report import PullReport
    from console.streams import tell

    wanted = choice.filter()
    store = open_assets()
    rows = list(listing(store, wanted))
    so_far = PullReport()
    try:
        with pulling(len(rows), so_far) as progress:
            report = pull_assets(
                store,
                rows,
                dest,
                latest=choice.latest,
                prune=prune,
                workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        tell(
            f"mintage: Interrupted; {so_far.there:,} of {len(rows):,} files are in {dest}, and the "
            "same command goes on from there."
        )
        return 1
    page = _sheet(store, dest) if sheet else None
    archive = _zip(store, dest, report, sheet=sheet) if packed else None
    if json:
        _print_json(dest, report, page, archive)
    else:
        _print(dest, report, rows, archive)
    for problem in report.problems:
        tell(f"mintage: {problem}")
    return 1 if report.problems else 0


def _sheet(store: Store, dest: Path) -> str:
    from assets.pulled_sheet import pulled_sheet

    return pulled_sheet(store, dest).url


def _zip(store: Store, dest: Path, report: PullReport, *, sheet: bool) -> Path | None:
    from assets.pulled_sheet import sheet_of_pulled
    from assets.zipping import zip_folder, zip_path

    if report.problems:
        report.problems.append(
            f"{zip_path(dest)} is not written, because not everything is there; pull again."
        )
        return None
    page = sheet_of_pulled(store, dest, report.held) if sheet else None
    return zip_folder(dest, report.held, sheet=page)


def _print(dest: Path, report: PullReport, rows: list[ManifestRow], archive: Path | None) -> None:
    from console.output import screen

    out = screen()
    did = [f"{report.copied:,} copied"]
    did += [f"{report.updated:,} updated"] if report.updated else []
    did += [f"{report.mended:,} mended"] if report.mended else []
    out.print(
        f"{dest}: {', '.join(did)} ({report.bytes / 1_000_000:,.1f} MB), "
        f"{report.skipped:,} there already",
        soft_wrap=True,
    )
    if not rows:
        out.print("Nothing that is released fits; `mintage assets list` says what is there.")
    for note in report.notes:
        out.print(note, soft_wrap=True)
    if report.recalls:
        out.print(f"Withdrawn since it was pulled: {len(report.recalls):,}")
    for recall in report.recalls:
        out.print(_recalled(recall), soft_wrap=True)
    if archive is not None:
        out.print(f"{archive}: {len(report.held):,} assets", soft_wrap=True)


def _recalled(recall: Recall) -> str:
    one = recall.withdrawn
    because = one.because.rstrip(".")
    return f"  {recall.place} ({RECALLED[recall.outcome]}), withdrawn {one.at:%Y-%m-%d}: {because}."


def _print_json(dest: Path, report: PullReport, page: str | None, archive: Path | None) -> None:
    from console.output import print_json

    made: dict[str, Any] = {
        "dest": str(dest),
        "copied": report.copied,
        "updated": report.updated,
        "skipped": report.skipped,
        "mended": report.mended,
        "bytes": report.bytes,
        "withdrawn": [
            {
                "file": recall.place,
                "key": recall.withdrawn.key,
                "job_id": recall.withdrawn.job_id,
                "at": recall.withdrawn.at,
                "because": recall.withdrawn.because,
                "outcome": recall.outcome.value,
            }
            for recall in report.recalls
        ],
        "notes": report.notes,
        "problems": report.problems,
        "manifest": str(dest / "manifest.json"),
        "sheet": page,
        "zip": None if archive is None else str(archive),
    }
    print_json(made)
