"""Compares a manifest or an index with what it should name.

What it names is read first and held in short; then each row that it should have is met with it. So
what is released while somebody looks is only newer than the manifest, and no difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Final

from assets.audit_kinds import AuditKind, AuditProblem
from assets.errors import AssetsError, Missing, StoreError, StoreUnavailable
from assets.manifest import (
    COLUMNS,
    ManifestHeader,
    ManifestRow,
    Withdrawn,
    read_manifest,
    row_fields,
)
from assets.manifest_rows import encoded_rows, heading
from assets.store import Store

_LATER: Final = tuple(
    one
    for one in fields(ManifestRow)
    if one.default is not MISSING or one.default_factory is not MISSING
)
"""What manifests of an earlier Mintage do not have."""
_LATER_NAMES: Final = frozenset(one.name for one in _LATER)

_DIGEST_BYTES: Final = 16

_TOLD: Final = 5
"""How many differences of one manifest are told one by one."""

_Mark = tuple[bytes, bool]
"""A row in short, and whether an earlier Mintage wrote it, without what came later."""


class Named:
    """What one manifest or index names: met with row after row of the books, then judged.

    A row takes some 200 bytes of memory until it is met.
    """

    def __init__(self, store: Store, key: str, csv_key: str) -> None:
        """Read it whole.

        Raises:
            StoreUnavailable: the store as a whole does not work.
        """
        self.key = key
        self.is_there = True
        self._store = store
        self._csv_key = csv_key
        self._header = ManifestHeader()
        self._rows: dict[str, _Mark] = {}
        self._newest: datetime | None = None
        self._is_csv_right = True
        self._wrong: list[str] = []
        self._older: list[str] = []
        self._missing = ""
        self._missing_since: datetime | None = None
        self._unreadable: str | None = None
        try:
            self._read()
        except StoreUnavailable:
            raise
        except Missing:
            self.is_there = False
        except AssetsError as error:
            said = str(error).removesuffix(".").removesuffix("; write it again")
            self._unreadable = said.replace(store.locate(key), "it", 1)

    def _read(self) -> None:
        self._header, rows = read_manifest(self._store, self.key)
        table = hashlib.sha256(heading(COLUMNS))
        at_work: list[ManifestRow] = []

        def noted() -> Iterator[tuple[ManifestRow, dict[str, object]]]:
            for row in rows:
                at_work[:] = [row]
                yield row, row_fields(row)

        is_early = False
        for cells, line in encoded_rows(noted()):
            table.update(cells)
            row = at_work[0]
            if row.key in self._rows:
                self._wrong.append(f"it names {row.key} twice")
            mark = _mark(row, line)
            is_early |= mark[1]
            self._rows[row.key] = mark
            if self._newest is None or row.released_at > self._newest:
                self._newest = row.released_at
        # The table of an earlier Mintage had fewer columns.
        self._is_csv_right = is_early or table.digest() == self._csv_digest()

    def _csv_digest(self) -> bytes:
        found = hashlib.sha256()
        try:
            for chunk in self._store.chunks(self._csv_key):
                found.update(chunk)
        except StoreUnavailable:
            raise
        except StoreError:
            return b""
        return found.digest()

    def meet(self, row: ManifestRow, *, is_newest: bool = True) -> None:
        """Meet a row that the books have; with False it has its place only until a newer one came."""
        mark = self._rows.pop(row.key, None)
        if mark is None:
            if is_newest and (self._missing_since is None or row.released_at < self._missing_since):
                self._missing, self._missing_since = row.key, row.released_at
            return
        digest, is_early = mark
        values = row_fields(row)
        if digest != (_early_digest(values) if is_early else _digest(_line(values))):
            self._wrong.append(f"of {row.key} it says otherwise than the books")
        elif not is_newest:
            self._older.append(row.key)

    def problems(
        self,
        withdrawn: Collection[Withdrawn],
        *,
        order: str | None,
        campaign: str,
        edition: str | None,
        goes_on: bool,
    ) -> Iterator[AuditProblem]:
        """Say what is wrong, when all rows were met; what is only behind is not.

        Args:
            withdrawn: what it has to tell as withdrawn. Where it still names such an asset, that is
                told elsewhere.
            order: the order that its header has to name.
            campaign: the campaign that its header has to name.
            edition: the edition that its header has to name.
            goes_on: whether somebody will write it again before all is done.
        """
        if self._unreadable is not None:
            yield self._problem(self._unreadable)
        if not self.is_there or self._unreadable is not None:
            return
        header = self._header
        if (header.order, header.campaign, header.edition) != (order, campaign, edition):
            self._wrong.append("it says that it is another order's or campaign's")
        keys = {one.key for one in withdrawn}
        still_shown = keys & self._rows.keys()
        for key in keys:
            self._rows.pop(key, None)
        self._wrong += [f"the books have no {key} as released" for key in self._rows]
        told = set(header.withdrawn)
        self._wrong += [
            f"it says that {one.key} is withdrawn, otherwise than the books"
            for one in told.difference(withdrawn)
        ]
        if not still_shown:
            self._wrong += [
                f"it does not say that {one.key} is withdrawn"
                for one in set(withdrawn) - told
                if one.key not in {other.key for other in told}
            ]
        is_late = bool(still_shown) or goes_on or self.is_behind
        if self._missing_since is not None and not is_late:
            self._wrong.append(f"it does not name {self._missing}")
        if self._older and self._missing_since is None and not is_late:
            self._wrong += [f"a newer release has the place of {key}" for key in self._older]
        yield from map(self._problem, self._first_few())
        if not self._is_csv_right and not self._wrong and not is_late:
            yield AuditProblem(
                AuditKind.MANIFEST_CHANGED,
                self._csv_key,
                self._store.locate(self._csv_key),
                f"it does not say what {self._store.locate(self.key)} says",
            )

    @property
    def is_behind(self) -> bool:
        """Whether all that it does not name was released after all that it names, or it is not there."""
        if not self.is_there:
            return self._missing_since is not None
        if self._missing_since is None or self._unreadable is not None:
            return False
        return self._newest is None or self._missing_since > self._newest

    def _first_few(self) -> list[str]:
        wrong = sorted(self._wrong)
        if len(wrong) <= _TOLD:
            return wrong
        return [*wrong[:_TOLD], f"and {len(wrong) - _TOLD:,} more such differences"]

    def _problem(self, detail: str) -> AuditProblem:
        where = self._store.locate(self.key)
        return AuditProblem(AuditKind.MANIFEST_CHANGED, self.key, where, detail)


def _mark(row: ManifestRow, line: bytes) -> _Mark:
    if all(
        getattr(row, one.name)
        == (one.default if one.default_factory is MISSING else one.default_factory())
        for one in _LATER
    ):
        return _early_digest(row_fields(row)), True
    return _digest(line), False


def _line(values: dict[str, object]) -> bytes:
    return json.dumps(values, ensure_ascii=False, allow_nan=False).encode()


def _early_digest(values: dict[str, object]) -> bytes:
    return _digest(
        _line({name: value for name, value in values.items() if name not in _LATER_NAMES})
    )


def _digest(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=_DIGEST_BYTES).digest()
