"""Looks at everything that a run needs and says, a sentence each, whether it works."""

from __future__ import annotations

import asyncio
import importlib.util
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from assets import AssetsError
from flows.errors import EngineUnreachable, FlowError
from flows.prefect_health import ask_prefect
from flows.wiring import House
from generators import Checkable, GeneratorError, TokenMissing, TokenRefused, load_cards
from ledger import LedgerError
from validators import InspectionError, InspectorPool, registered

_RENEW_DAYS: Final = 30
_UNSIGNED: Final = (
    "not in use: MINTAGE_SIGNING_CERTIFICATE and MINTAGE_SIGNING_KEY are not set, so files are "
    "released without Content Credentials (docs/credentials.md)"
)
_CERTIFICATE_ALONE: Final = (
    " A machine that only proves files has the certificate in the file of MINTAGE_TRUST_ANCHORS "
    "instead."
)
_DISBELIEVED: Final = (
    "; no root is known here, so `assets prove` does not believe it before MINTAGE_TRUST_ANCHORS "
    "names a file with its root"
)
_NOBODYS: Final = (
    "; MINTAGE_TRUST_ANCHORS has no signing certificate of yours in it, so `assets prove` takes no "
    "credentials for yours"
)


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
        _try("inspectors", lambda: _inspectors(house)),
        _try("model cards", _cards),
        *(
            _try(provider, lambda provider=provider: _provider(house, provider))  # type: ignore[misc]
            for provider in load_cards().providers
        ),
        _signing(house),
        _prefect(house),
    ]


def _try(subject: str, look: Callable[[], str]) -> Check:
    try:
        return Check(subject, ok=True, finding=look())
    except (LedgerError, AssetsError, GeneratorError, InspectionError) as error:
        return Check(subject, ok=False, finding=str(error))


def _books(house: House) -> str:
    with house.books() as books:
        totals = books.totals()
        return f"{books.url} with {totals.entry_count:,} entries"


def _store(house: House) -> str:
    store = house.store()
    store.check()
    return f"{store.url} can be written and puts once"


def _inspectors(house: House) -> str:
    """Have a process judge what is no picture: that it answers is what is asked."""
    with closing(house.inspectors()) as inspectors:
        (verdict,) = asyncio.run(inspectors.inspect_async(b"", ()))
        assert not verdict.passed  # noqa: S101  nothing is no picture
        held = isinstance(inspectors, InspectorPool) and f"; {inspectors.seclusion().in_words}"
    count = house.settings.inspectors or len(os.sched_getaffinity(0))
    lacking = sorted({str(one.extra) for one in registered().values() if one.missing()})
    missing = "".join(f'; without {one} (pip install "mintage[{one}]")' for one in lacking)
    return f"{count} process{'es' if count > 1 else ''} at once{held or ''}{missing}"


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


def _signing(house: House) -> Check:
    """Sign one pixel with what is configured, and say until when that is believed."""
    subject = "signing"
    try:
        signer, trust = house.signer(), house.trust()
        if signer is None:
            foreign = trust.anchors is not None and not trust.own
            return Check(subject, ok=True, finding=_UNSIGNED + (_NOBODYS if foreign else ""))
        signer.check()
    except (FlowError, AssetsError) as error:
        settings = house.settings
        alone = settings.signing_certificate is not None and settings.signing_key is None
        finding = str(error) + (_CERTIFICATE_ALONE if alone else "")
        return Check(subject, ok=False, finding=finding)
    until = f"{signer.expires:%Y-%m-%d}"
    stamped = (
        f"with time stamps of {signer.stamped_by}; certificate until {until}"
        if signer.stamped_by
        else f"without time stamps: readers believe what it signs until {until}, and no longer"
    )
    days = (signer.expires - house.clock()).days
    hurry = f"; renew it within {days} days" if days < _RENEW_DAYS else ""
    rootless = _DISBELIEVED if trust.anchors is None else ""
    return Check(subject, ok=True, finding=f"as {signer.subject}, {stamped}{hurry}{rootless}")


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
