"""Asks books and store in turn where a file was released, as far as either can be opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assets import AssetsError
from assets.layout import RELEASED
from flows.release_registers import (
    BooksRegister,
    KnownRelease,
    NeverReleased,
    Register,
    StoreRegister,
)
from flows.wiring import House
from ledger import LedgerError

BOOKS: Final = "books"
STORE: Final = "store"
_SQLITE: Final = ("sqlite:///", "sqlite+pysqlite:///")


@dataclass(slots=True)
class AskedRegisters:
    """The registers that answer; one that stops answering is told of and asked no more."""

    registers: dict[str, Register] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    disputed: set[str] = field(default_factory=set)
    """Digests that the store lists for an order of these books, which know no such release."""
    _found: dict[str, list[KnownRelease]] = field(default_factory=dict)

    @property
    def named(self) -> str:
        """Name what was asked, to stand inside a sentence."""
        return " and ".join(f"the {name}" for name in self.registers)

    def find(self, files: Mapping[str, Sequence[str]]) -> None:
        """Look up files by SHA-256; `files` gives the jobs that each says it is of.

        The books are asked first, then the store by those jobs, and only for what is still not found
        and names no job that was released every manifest is read, once.
        """
        self._keep(self._ask(BOOKS, lambda one: one.with_bytes(files)))
        missing = {digest for digest in files if digest not in self._found}
        for digest in sorted(missing):
            for job_id in files[digest]:
                self._keep(one for one in self._in_store(job_id) if one.sha256 == digest)
        elsewhere = {
            digest
            for digest in missing - self._found.keys()
            if not any(map(self.of_job, files[digest]))
        }
        if elsewhere:
            self._keep(self._ask(STORE, lambda one: one.with_bytes(elsewhere)))

    def with_bytes(self, sha256: str, job_ids: Sequence[str]) -> KnownRelease | None:
        """Give the release of these bytes: of several one that is still there, and of the named job."""
        found = self._found.get(sha256, ())
        return min(
            found,
            key=lambda one: (one.withdrawn is not None, one.job_id not in job_ids, one.key),
            default=None,
        )

    def of_job(self, job_id: str) -> list[KnownRelease]:
        """Give what was released for a job: the master first."""
        found = self._ask(BOOKS, lambda one: one.of_job(job_id)) or self._in_store(job_id)
        return sorted(found, key=lambda one: (bool(one.master), one.key))

    def made_for(self, job_id: str, sha256: str) -> NeverReleased | None:
        """Say what became of bytes that a job made and that were not released, where the books know."""
        books = self.registers.get(BOOKS)
        if not isinstance(books, BooksRegister):
            return None
        try:
            return books.never_released(job_id, sha256)
        except LedgerError as error:
            self._lose(BOOKS, error)
            return None

    def _in_store(self, job_id: str) -> list[KnownRelease]:
        return self._ask(STORE, lambda one: one.of_job(job_id))

    def _keep(self, found: Iterable[KnownRelease]) -> None:
        books = self.registers.get(BOOKS)
        for one in found:
            if (
                isinstance(books, BooksRegister)
                and one.cost_usd is None
                and books.has_order(one.order_id)
            ):
                # Who can write to the store could list anything; of their own orders the books decide.
                self.disputed.add(one.sha256)
            else:
                self._found.setdefault(one.sha256, []).append(one)

    def _ask(
        self, name: str, question: Callable[[Register], Iterable[KnownRelease]]
    ) -> list[KnownRelease]:
        register = self.registers.get(name)
        if register is None:
            return []
        try:
            return list(question(register))
        except (AssetsError, LedgerError) as error:
            self._lose(name, error)
            return []

    def _lose(self, name: str, error: Exception) -> None:
        del self.registers[name]
        self.notes.append(f"The {name} could not be asked: {error}")


def open_registers(house: House, stack: ExitStack) -> AskedRegisters:
    """Open books and store for as long as the stack; nothing is made where nothing is."""
    asked = AskedRegisters()
    settings = house.settings
    if _are_there(settings.database_url):
        try:
            asked.registers[BOOKS] = BooksRegister(stack.enter_context(house.books()))
        except LedgerError as error:
            asked.notes.append(f"The books could not be asked: {error}")
    try:
        store = house.store()
        if next(iter(store.folders(RELEASED)), None) is not None:
            asked.registers[STORE] = StoreRegister(store)
        elif "store_url" in settings.model_fields_set:
            asked.notes.append(
                f"The store {store.url} has no releases; MINTAGE_STORE_URL names another one than "
                "where we release, or nothing was released yet."
            )
    except AssetsError as error:
        asked.notes.append(f"The store could not be asked: {error}")
    return asked


def _are_there(database_url: str) -> bool:
    """Say whether there are books to open: those of SQLite would be made by looking."""
    for scheme in _SQLITE:
        if database_url.startswith(scheme):
            return Path(database_url.removeprefix(scheme).partition("?")[0]).is_file()
    return True
