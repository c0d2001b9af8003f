"""Manifests: what one order released, as JSON for programs and as CSV for spreadsheets.

The JSON is one object: the header's fields, then `assets`, a list with one asset a line, so that a
manifest of any length is written and read with flat memory. It is written last; where a
`manifest.json` is, the rest is complete.
"""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from assets.errors import BadKey, ManifestError
from assets.layout import MANIFEST_CSV, MANIFEST_JSON
from assets.manifest_bounds import validator
from assets.manifest_rows import SortKey, heading, write_rows
from assets.media_types import CSV_MEDIA_TYPE, JSON_MEDIA_TYPE
from assets.receipts import plain_decimal, timestamp
from assets.store import CACHE_REVALIDATE, Store, check_key, check_prefix

if TYPE_CHECKING:
    from pydantic_core import SchemaValidator, ValidationError

MANIFEST_VERSION: Final = 1
"""The shape of the JSON; it rises when a reader would have to change."""

_LIST_OPENS: Final = b'"assets": ['
_WITHDRAWN_OPENS: Final = b'"withdrawn": ['
_ENDS_OF_ITEM: Final = frozenset({b"}", b"},"})
_ENDS_OF_LIST: Final = frozenset({b"]", b"],"})
_END: Final = b"]}"
_LINE_BYTES_MAX: Final = 1 << 20
"""No row is near a megabyte; a longer line is no manifest and is not read into memory, and neither
is a longer header, what was withdrawn not counted."""

WITHDRAWN_BYTES_MAX: Final = 64 << 20
"""How long the list of what was withdrawn may be: 150,000 assets with short reasons."""

_SHOWN_CHARS: Final = 100
"""How much of a text from a manifest a message repeats."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An asset that was released and then taken back; its bytes stay in the store."""

    key: str
    sha256: str
    job_id: str
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class ManifestHeader:
    """What a manifest says of its order as a whole.

    A manifest of several orders, as a pull leaves it, has None for all of them. `charged_usd` is
    what the order cost in all, rejected work included; the assets' own costs add up to less.
    `withdrawn` are the assets that are in `assets` no more.
    """

    order: str | None = None
    campaign: str | None = None
    edition: str | None = None
    charged_usd: Decimal | None = None
    withdrawn: tuple[Withdrawn, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One released asset. Field order is the column order of the CSV.

    `bytes` is the file's size; `width` and `height` are in pixels; `cost_usd` is exact and holds
    all attempts of the job; `key` and `receipt` are keys of the store; `released_at` is aware.
    What has a default here is missing from manifests that an earlier Mintage wrote.
    """

    name: str
    key: str
    sha256: str
    bytes: int
    media_type: str
    width: int
    height: int
    campaign: str
    order_id: str
    job_id: str
    prompt: str
    provider: str
    model: str
    seed: int
    cost_usd: Decimal
    receipt: str
    released_at: datetime
    format: str = ""
    """png, jpeg, webp or avif."""
    title: str = ""
    alt: str = ""
    language: str = ""
    """The main language of title and alt text, as a BCP 47 tag; empty where nobody said."""
    credit: str = ""
    rights: str = ""
    tags: tuple[str, ...] = ()
    source_type: str = ""
    """IPTC's term for who made it: see `assets.labels`."""
    verdicts: tuple[str, ...] = ()
    """The criteria that it passed; one that was let pass says so, as in `sharpness (warned)`."""
    approved_by: str = ""
    """The person who approved it; empty when nobody was asked."""
    master: str = ""
    """The key of the asset that this one is a rendition of; empty for what was built itself. The
    job's cost is its master's, so a rendition's is zero."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Title, alt text and rights in every language that there is: `{"alt": {"de": ...}}`."""


COLUMNS: Final = tuple(one.name for one in fields(ManifestRow))
"""The columns of manifest.csv, which are also the fields of an asset in manifest.json."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A written manifest: where a person finds its JSON, its key, and how many assets it names."""

    url: str
    key: str
    count: int


def write_manifest(
    store: Store,
    prefix: str,
    header: ManifestHeader | Callable[[], ManifestHeader],
    rows: Iterable[ManifestRow],
    *,
    sorted_by: SortKey | None = None,
    names: tuple[str, str] = (MANIFEST_CSV, MANIFEST_JSON),
) -> Manifest:
    """Write `manifest.csv` and then `manifest.json` below a prefix, in place of what was there.

    Args:
        store: where to.
        prefix: empty, or a folder's key with a slash at its end.
        header: what the manifest says of the order; a function is asked when all rows are read.
        rows: read once, as they come; they are never all in memory.
        sorted_by: what their order is by, where it is not to be the one they come in. It is asked
            of what was built itself; renditions, which come right after it, stay there.
        names: what the two files are called.
    """
    import tempfile

    check_prefix(prefix)
    in_csv, in_json = names
    with (
        tempfile.TemporaryFile() as table,
        tempfile.TemporaryFile() as lines,
        tempfile.TemporaryFile() as whole,
    ):
        table.write(heading(COLUMNS))
        count = write_rows(table, lines, ((row, row_fields(row)) for row in rows), sorted_by)
        told = header if isinstance(header, ManifestHeader) else header()
        opening = json.dumps(_header_fields(told, count), ensure_ascii=False, indent=1)
        opening = opening.removesuffix("\n}")
        whole.write(f"{opening},\n ".encode() + _LIST_OPENS + b"\n")
        lines.seek(0)
        shutil.copyfileobj(lines, whole)
        whole.write(_END + b"\n")
        key = prefix + in_json
        store.replace(
            prefix + in_csv,
            table,
            media_type=CSV_MEDIA_TYPE,
            cache_control=CACHE_REVALIDATE,
        )
        store.replace(key, whole, media_type=JSON_MEDIA_TYPE, cache_control=CACHE_REVALIDATE)
    return Manifest(store.locate(key), key, count)


def read_manifest(store: Store, key: str) -> tuple[ManifestHeader, Iterator[ManifestRow]]:
    """Read a manifest's header, and its rows as they are asked for.

    A manifest lies where others can write, so everything in it is checked before it is used.

    Raises:
        Missing: there is none.
        ManifestError: it is no manifest that Mintage wrote, or it was cut off; of the rows this
            is said when the bad one is asked for.
    """
    where = store.locate(key)
    lines = _lines(store.chunks(key), where)
    return _read_header(lines, where), _read_rows(lines, where)


def row_fields(row: ManifestRow) -> dict[str, object]:
    """Give a row as the JSON values that a manifest holds: money and times as text."""
    values: dict[str, object] = {name: getattr(row, name) for name in COLUMNS}
    values["cost_usd"] = plain_decimal(row.cost_usd)
    values["released_at"] = timestamp(row.released_at)
    values["tags"] = list(row.tags)
    values["verdicts"] = list(row.verdicts)
    values["texts"] = {name: dict(texts) for name, texts in row.texts.items()}
    return values


def _header_fields(header: ManifestHeader, count: int) -> dict[str, object]:
    values: dict[str, object] = {"mintage": MANIFEST_VERSION}
    for name in ("order", "campaign", "edition"):
        if (text := getattr(header, name)) is not None:
            values[name] = text
    values["released"] = count
    if header.charged_usd is not None:
        values["charged_usd"] = plain_decimal(header.charged_usd)
    if header.withdrawn:
        values["withdrawn"] = [
            {
                "key": one.key,
                "sha256": one.sha256,
                "job_id": one.job_id,
                "at": timestamp(one.at),
                "because": one.because,
            }
            for one in header.withdrawn
        ]
    return values


def _lines(chunks: Iterable[bytes], where: str) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield _bounded(line, where)
        if len(rest) > _LINE_BYTES_MAX:
            break
    if rest:
        yield _bounded(rest, where)


def _bounded(line: bytes, where: str) -> bytes:
    if len(line) > _LINE_BYTES_MAX:
        raise ManifestError(f"{where} has a line that no manifest has; write it again.")
    return line


def _read_header(lines: Iterator[bytes], where: str) -> ManifestHeader:
    opening: list[bytes] = []
    withdrawn: list[Withdrawn] = []
    byte_count = 0
    for line in lines:
        plain = line.strip()
        if plain == _LIST_OPENS:
            break
        if plain == _WITHDRAWN_OPENS:
            # It has a line of its own when it is not empty, and may be longer than all the rest.
            withdrawn.extend(_read_withdrawn(lines, where))
            continue
        opening.append(line)
        byte_count += len(line)
        if byte_count > _LINE_BYTES_MAX:
            raise ManifestError(f"{where} is no manifest that Mintage wrote; write it again.")
    else:
        raise ManifestError(f"{where} is no manifest that Mintage wrote; write it again.")
    header = _header_of(b"\n".join(opening), where)
    return replace(header, withdrawn=tuple(withdrawn)) if withdrawn else header


def _header_of(opening: bytes, where: str) -> ManifestHeader:
    try:
        values = json.loads(opening.rstrip().removesuffix(b",") + b"}")
    except (ValueError, RecursionError) as error:
        raise ManifestError(
            f"{where} does not start as a manifest does; write it again."
        ) from error
    if not isinstance(values, dict) or values.get("mintage") != MANIFEST_VERSION:
        raise ManifestError(
            f"{where} is no manifest of version {MANIFEST_VERSION}; a newer Mintage may read it."
        )
    from pydantic_core import ValidationError

    known = {one.name for one in fields(ManifestHeader)}
    try:
        header: ManifestHeader = _header_reader().validate_python(
            {name: values[name] for name in known & values.keys()}
        )
    except ValidationError as error:
        raise _bad_field(error, where) from error
    return header


def _read_withdrawn(lines: Iterator[bytes], where: str) -> Iterator[Withdrawn]:
    """Read the list one by one: where everything is withdrawn, it is as long as the manifest was."""
    from pydantic_core import ValidationError

    item: list[bytes] = []
    byte_count = item_bytes = number = 0
    for line in lines:
        plain = line.strip()
        if not item and plain in _ENDS_OF_LIST:
            return
        item.append(line)
        byte_count += len(line)
        item_bytes += len(line)
        if byte_count > WITHDRAWN_BYTES_MAX or item_bytes > _LINE_BYTES_MAX:
            raise ManifestError(
                f"{where} tells of more that was withdrawn than can be; write it again."
            )
        if plain not in _ENDS_OF_ITEM:
            continue
        number += 1
        try:
            yield _withdrawn_reader().validate_json(b"\n".join(item).removesuffix(b","))
        except ValidationError as error:
            raise _bad_field(error, f"{where}, withdrawn asset {number},") from error
        item, item_bytes = [], 0
    raise ManifestError(f"{where} ends in the middle; write it again.")


def _read_rows(lines: Iterator[bytes], where: str) -> Iterator[ManifestRow]:
    from pydantic_core import ValidationError

    read = _row_reader().validate_json
    for number, line in enumerate(lines, 1):
        if line == _END:
            return
        try:
            row: ManifestRow = read(line.removesuffix(b","))
            check_key(row.key)
            check_key(row.receipt)
        except ValidationError as error:
            raise _bad_field(error, f"{where}, {_asset(number, line)},") from error
        except BadKey as error:
            raise ManifestError(
                f"{where} names an asset that cannot be, {_asset(number, line)}: {error}"
            ) from error
        yield row
    raise ManifestError(f"{where} ends in the middle; write it again.")


def _bad_field(error: ValidationError, where: str) -> ManifestError:
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        if "unicode" in first["msg"]:
            return ManifestError(f"{where} is not in UTF-8; write it again.")
        return ManifestError(f"{where} is a line that is no asset; write it again.")
    place = ".".join(str(part)[:_SHOWN_CHARS] for part in first["loc"])
    return ManifestError(f"{where} has a bad {place}: {first['msg']}; write it again.")


def _asset(number: int, line: bytes) -> str:
    """Say which asset a line of a manifest is, as far as the line tells."""
    try:
        name = json.loads(line.removesuffix(b","))["name"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return f"asset {number}"
    return f"asset {number} ({str(name)[:_SHOWN_CHARS]!r})"


@functools.cache
def _row_reader() -> SchemaValidator:
    return validator(ManifestRow)


@functools.cache
def _withdrawn_reader() -> SchemaValidator:
    return validator(Withdrawn)


@functools.cache
def _header_reader() -> SchemaValidator:
    return validator(ManifestHeader, withdrawn=Withdrawn)
