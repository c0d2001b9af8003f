"""Links that fetch an asset from S3 without keys, for a few days."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, runtime_checkable
from urllib.parse import parse_qs, quote, urlsplit

from assets.asset_filter import AssetFilter, composed
from assets.errors import NoLink
from assets.layout import RELEASED
from assets.listing import EVERYTHING, editions
from assets.manifest import ManifestRow, Withdrawn
from assets.store import Store

DAYS_MAX: Final = 7
"""Signature version 4 allows no more: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
(X-Amz-Expires, read November 2026)."""

_SAFE_IN_NAME: Final = "!#$&+-.^_`|~"
"""What RFC 5987 lets stand in a file name without a percent sign, letters and digits besides."""


@runtime_checkable
class Signing(Protocol):
    """A store that can sign links: S3."""

    def link(self, key: str, *, lasting_s: int, disposition: str, media_type: str) -> str:
        """Sign a GET of an object; answers carry this Content-Disposition and Content-Type."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to one asset. `temporary_keys`: it ends earlier, when the keys that signed it do."""

    row: ManifestRow
    url: str
    file_name: str
    ends_at: datetime
    temporary_keys: bool


def make_link(store: Store, row: ManifestRow, lasting: timedelta) -> Link:
    """Sign a link that downloads a released asset under a file name of its own.

    Raises:
        NoLink: the store is not on S3, or the time is not more than nothing and at most 7 days.
        StoreUnavailable: there are no usable keys to sign with.
    """
    if not isinstance(store, Signing):
        raise NoLink(
            f"{store.url} is no S3 store, and only S3 has links; give the file itself, or a "
            "`mintage assets pull`."
        )
    lasting_s = int(lasting.total_seconds())
    if not 0 < lasting_s <= DAYS_MAX * 86_400:
        raise NoLink(
            f"A link lasts at most {DAYS_MAX} days, and more than none; S3 signs no longer."
        )
    file_name = download_name(row)
    url = store.link(
        row.key,
        lasting_s=lasting_s,
        disposition=content_disposition(file_name),
        media_type=row.media_type,
    )
    signed = parse_qs(urlsplit(url).query)
    begins_at = datetime.strptime(signed["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ends_at = begins_at + timedelta(seconds=int(signed["X-Amz-Expires"][0]))
    return Link(row, url, file_name, ends_at, "X-Amz-Security-Token" in signed)


def meant_by(
    store: Store, names: Sequence[str], wanted: AssetFilter = EVERYTHING
) -> list[ManifestRow]:
    """Find the released assets that are called by name, job id or key; all that fit without names.

    A name means its newest release, of each order that has it; a job id or key means just that one.
    Accents may be typed as letters of their own: what looks the same is the same.

    Raises:
        NoLink: a name is nobody's, or its asset was withdrawn.
        ManifestError: a manifest cannot be read.
    """
    rows: list[ManifestRow] = []
    withdrawn: list[Withdrawn] = []
    for edition in editions(store, wanted):
        rows.extend(edition.rows)
        withdrawn.extend(edition.header.withdrawn)
    if not names:
        return rows
    found: dict[str, ManifestRow] = {}
    for name in names:
        matches = _called(rows, name)
        if not matches:
            raise NoLink(_nobody(name, rows, withdrawn))
        found.update((row.key, row) for row in matches)
    return list(found.values())


def download_name(row: ManifestRow) -> str:
    """Give the file name that a download gets: the asset's name, its folders joined with hyphens."""
    extension = row.key.rpartition(".")[2]
    return f"{row.name.replace('/', '-')}.{extension}"


def content_disposition(file_name: str) -> str:
    """Write the header of a download: RFC 6266, with the name once in ASCII and once in Unicode."""
    plain = unicodedata.normalize("NFKD", file_name).encode("ascii", "ignore").decode()
    stem, _, extension = plain.rpartition(".")
    plain = "".join(
        "_" if one in '"\\%' else one for one in f"{stem.strip() or 'asset'}.{extension}"
    )
    if plain == file_name:
        return f'attachment; filename="{plain}"'
    return (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe=_SAFE_IN_NAME)}"
    )


def _called(rows: Iterable[ManifestRow], name: str) -> list[ManifestRow]:
    exact = [row for row in rows if row.key == _key(name) or row.job_id == name]
    if exact:
        return exact
    wanted = composed(name)
    newest: dict[tuple[str, str, str], ManifestRow] = {}
    same: list[ManifestRow] = []
    for row in rows:
        called = composed(row.name)
        if wanted in {called, f"{called}.{row.key.rpartition('.')[2]}"}:
            order = row.campaign, row.order_id.rpartition("@")[0], row.media_type
            if order not in newest or newest[order].released_at <= row.released_at:
                newest[order] = row
        elif wanted == composed(row.job_id) or composed(_key(name)) == composed(row.key):
            same.append(row)
    return list(newest.values()) or same


def _key(name: str) -> str:
    return name if name.startswith(RELEASED) else RELEASED + name


def _nobody(name: str, rows: Sequence[ManifestRow], withdrawn: Iterable[Withdrawn]) -> str:
    wanted, key = composed(name), composed(_key(name))
    for one in withdrawn:
        stem = one.key.split("/", 4)[-1].rpartition(".")[0]
        if wanted in {composed(one.job_id), composed(stem)} or composed(one.key) == key:
            return f"{name} was withdrawn on {one.at:%Y-%m-%d}: {one.because}"
    close = difflib.get_close_matches(name, {row.name for row in rows}, n=1)
    hint = f"did you mean {close[0]!r}?" if close else "`mintage assets list` names what is."
    return f"Nothing that is released and fits is called {name!r}; {hint}"
