"""Looks at everything that a run needs and says, a sentence each, whether it works."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from assets import AssetsError
from flows.errors import EngineUnreachable
from flows.prefect_health import ask_prefect
from flows.wiring import House
from generators import Checkable, GeneratorError, TokenMissing, TokenRefused, load_cards
from ledger import LedgerError


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the house: whether it works, and what was found."""

    subject: str
    ok: bool
    finding: str


def examine(house: House) -> list[Check]:
    """Try the books, the store, the model cards, the providers and Prefect; sends nothing that costs."""
    return [
        _try("books", lambda: _books(house)),
        _try("store", lambda: _store(house)),
        _try("model cards", _cards),
        *(
            _try(provider, lambda provider=provider: _provider(house, provider))  # type: ignore[misc]
            for provider in load_cards().providers
        ),
        _prefect(house),
    ]


def _try(subject: str, look: Callable[[], str]) -> Check:
    try:
        return Check(subject, ok=True, finding=look())
    except (LedgerError, AssetsError, GeneratorError) as error:
        return Check(subject, ok=False, finding=str(error))


def _books(house: House) -> str:
    with house.books() as books:
        totals = books.totals()
        return f"{books.url} with {totals.entry_count:,} entries"


def _store(house: House) -> str:
    store = house.store()
    store.check()
    return f"{store.url} can be written and puts once"


def _cards() -> str:
    cards = load_cards()
    return f"{len(cards)} models of {', '.join(cards.providers)}"


def _provider(house: House, provider: str) -> str:
    model = load_cards().models(provider)[0]
    try:
        return asyncio.run(_ask(house, provider, model))
    except TokenMissing as error:
        if isinstance(error, TokenRefused):
            raise
        # Nobody has to use every provider.
        return f"not in use: {error}"


async def _ask(house: House, provider: str, model: str) -> str:
    generator = house.generator(provider, model)
    try:
        return await generator.check() if isinstance(generator, Checkable) else "on this machine"
    finally:
        await generator.aclose()


def _prefect(house: House) -> Check:
    url = house.settings.prefect_api_url
    if url is None:
        found = importlib.util.find_spec("prefect") is not None
        return Check("prefect", found, "installed; no PREFECT_API_URL, so runs are inline")
    try:
        ask_prefect(url)
    except EngineUnreachable as error:
        return Check("prefect", ok=False, finding=str(error))
    return Check("prefect", ok=True, finding=f"{url} answers")
