"""Opening a generator: the card says the provider, and the provider's file opens the model.

A provider is one file `<name>_provider.py` in this folder with `PROVIDER`, `open_model(card, access)`
and `source_type(params)`, which says what its pictures are; one that keeps a record of what it bills
has `open_statements(cards, access)` too. It is found by its name, and imported only when a model of
it is opened.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import cast

from generators.access import Access
from generators.cards import Cards, ModelCard, load_cards
from generators.contract import Generator, Statements
from generators.errors import NoProvider, NoStatements

_SUFFIX = "_provider"


def providers() -> tuple[str, ...]:
    """Return the providers that have an adapter, by name."""
    return tuple(sorted(provider_modules()))


def open_generator(
    provider: str,
    model: str,
    *,
    replicate_token: str | None = None,
    replicate_base_url: str | None = None,
    concurrency: int = 16,
    absent_after_s: float | None = None,
    cards: Cards | None = None,
) -> Generator:
    """Open one model of one provider. Close it with `aclose`.

    Args:
        provider: the provider's word in orders.
        model: the model's name in orders.
        replicate_token: the API token, needed by Replicate's models only.
        replicate_base_url: where Replicate's API is, without `/v1`; None means the public one.
        concurrency: how many attempts will be under way at once.
        absent_after_s: how long after an answer was lost the provider's record is sure to be whole.
        cards: the model cards; None reads those that Mintage ships.

    Raises:
        NoProvider: there is no adapter of that name.
        NoCard: the model has no card, so it has no price.
        TokenMissing: the provider needs a token and none is usable.
    """
    access = Access(
        concurrency=concurrency,
        replicate_token=replicate_token,
        replicate_base_url=replicate_base_url,
        absent_after_s=absent_after_s,
    )
    return open_with(provider, model, access, cards=cards)


def open_with(
    provider: str, model: str, access: Access, *, cards: Cards | None = None
) -> Generator:
    """Open one model with an `Access` of your own; else as `open_generator`."""
    modules = provider_modules()
    if provider not in modules:
        raise NoProvider(provider, tuple(sorted(modules)))
    card = (load_cards() if cards is None else cards).need(provider, model)
    module = importlib.import_module(modules[provider])
    opener = cast("Callable[[ModelCard, Access], Generator]", module.open_model)
    return opener(card, access)


def open_statements(provider: str, access: Access, *, cards: Cards | None = None) -> Statements:
    """Open a provider's own record of what it ran. Close it with `aclose`.

    Raises:
        NoProvider: there is no adapter of that name.
        NoStatements: the provider keeps no such record.
        TokenMissing: the provider needs a token and none is usable.
    """
    modules = provider_modules()
    if provider not in modules:
        raise NoProvider(provider, tuple(sorted(modules)))
    opener = _statements_opener(modules[provider])
    if opener is None:
        known = (name for name, module in sorted(modules.items()) if _statements_opener(module))
        raise NoStatements(provider, tuple(known))
    return opener(load_cards() if cards is None else cards, access)


def source_type(provider: str, params: Mapping[str, object] | None = None) -> str:
    """Say who a provider's pictures are made by, in a term of IPTC's digital source types.

    It is the last part of an address such as
    http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia. `params` are those of the
    order's generator, placeholders filled in.

    Raises:
        NoProvider: there is no adapter of that name.
    """
    return _source_type_teller(provider)(params or {})


@cache
def _source_type_teller(provider: str) -> Callable[[Mapping[str, object]], str]:
    """Find who tells it; asked for every job of an order, so the folder is read once."""
    modules = provider_modules()
    if provider not in modules:
        raise NoProvider(provider, tuple(sorted(modules)))
    module = importlib.import_module(modules[provider])
    return cast("Callable[[Mapping[str, object]], str]", module.source_type)


def _statements_opener(module: str) -> Callable[[Cards, Access], Statements] | None:
    opener = getattr(importlib.import_module(module), "open_statements", None)
    return cast("Callable[[Cards, Access], Statements] | None", opener)


def provider_modules() -> dict[str, str]:
    """Return the module of each provider that has an adapter, by the provider's word."""
    package = importlib.import_module("generators")
    return {
        found.name.removesuffix(_SUFFIX).replace("_", "-"): f"generators.{found.name}"
        for found in pkgutil.iter_modules(package.__path__)
        if found.name.endswith(_SUFFIX)
    }
