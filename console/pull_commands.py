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
    "replaced": "another release took its place",
}
"""What became of a file that is withdrawn."""


def pull(  # noqa: PLR0913  the flags of a command
    dest: Annotated[Path, a_path("The folder to copy to; made when it is not there.")],
    *,
    choice: Choice = EVERYTHING,
    prune: Annotated[
        bool,
        Parameter(negative="", help="Remove the files of this folder that have been withdrawn."),
    ] = False,
    replace: Annotated[
        bool,
        Parameter(negative="", help="Put assets in the place of files that no pull brought, too."),
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

    wanted = choice.filter()
    if packed:
        _check_zip(dest)
    store = open_assets()
    rows = list(listing(store, wanted))
    so_far = PullReport()
    made = _Made(store, dest, sheet=sheet, packed=packed)
    try:
        with pulling(len(rows), so_far) as progress:
            report = pull_assets(
                store,
                rows,
                dest,
                latest=choice.latest,
                prune=prune,
                replace=replace,
                sheet=sheet,
                workers=workers,
                progress=progress,
                then=made.make,
            )
    except KeyboardInterrupt:
        return _tell_interrupted(dest, so_far.there, len(rows))
    if packed and not report.held and not report.problems:
        report.notes.append("No ZIP is written, because nothing would be in it.")
    return _tell_all(dest, report, rows, made, json=json)


def _tell_all(
    dest: Path, report: PullReport, rows: list[ManifestRow], made: _Made, *, json: bool
) -> int:
    from console.streams import tell

    if json:
        _print_json(dest, report, made)
    else:
        _print(dest, report, rows, made.archive)
    for problem in report.problems:
        tell(f"mintage: {problem}")
    return 1 if report.problems else 0


def _tell_interrupted(dest: Path, there: int, asked: int) -> int:
    from console.streams import tell

    tell(
        f"mintage: Interrupted; {there:,} of {asked:,} files are in {dest}, and the same command "
        "goes on from there."
    )
    return 1


def _check_zip(dest: Path) -> None:
    from assets.foreign_files import check_zip
    from assets.zipping import zip_path

    check_zip(zip_path(dest))


class _Made:
    """Writes the folder's contact sheet and its ZIP, while no other pull works in the folder."""

    def __init__(self, store: Store, dest: Path, *, sheet: bool, packed: bool) -> None:
        self._store, self._dest, self._sheet, self._packed = store, dest, sheet, packed
        self.page: str | None = None
        self.archive: Path | None = None

    def make(self, report: PullReport) -> None:
        if self._sheet and (self._dest / "manifest.json").exists():
            self.page = _sheet(self._store, self._dest)
        if self._packed and (report.held or report.problems):
            self.archive = _zip(self._store, self._dest, report, sheet=self._sheet)


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


def _print_json(dest: Path, report: PullReport, made: _Made) -> None:
    from console.output import print_json

    manifest = dest / "manifest.json"
    told: dict[str, Any] = {
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
        "manifest": str(manifest) if manifest.exists() else None,
        "sheet": made.page,
        "zip": None if made.archive is None else str(made.archive),
    }
    print_json(told)
