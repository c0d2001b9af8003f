"""The builders: a brief in, bytes and usage out; model cards with prices; one adapter per provider.

A builder never sees the criteria that will judge its work. Importing this package is cheap: what
needs HTTP or images is imported when a generator is opened.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from generators.contract import (
    Absent,
    BilledRun,
    Brief,
    BuildFailed,
    Built,
    Checkable,
    Finding,
    Generator,
    Halted,
    Lost,
    LostBuild,
    Outcome,
    Quote,
    Statements,
    Steerable,
    Undecided,
    UsageLine,
)
from generators.errors import (
    BadCard,
    GeneratorError,
    NoCard,
    NoProvider,
    NoStatements,
    ProviderUnavailable,
    TokenMissing,
    TokenRefused,
)

if TYPE_CHECKING:
    from generators.access import Access
    from generators.appraising import Appraiser, open_appraiser
    from generators.cards import CardListing, Cards, ModelCard, load_cards
    from generators.finishing import Finished, Unfinishable, finish
    from generators.mending import Encoding, Trim, mend
    from generators.opening import (
        open_generator,
        open_statements,
        open_with,
        providers,
        source_type,
    )
    from generators.output_form import Output

__all__ = [
    "Absent",
    "Access",
    "Appraiser",
    "BadCard",
    "BilledRun",
    "Brief",
    "BuildFailed",
    "Built",
    "CardListing",
    "Cards",
    "Checkable",
    "Encoding",
    "Finding",
    "Finished",
    "Generator",
    "GeneratorError",
    "Halted",
    "Lost",
    "LostBuild",
    "ModelCard",
    "NoCard",
    "NoProvider",
    "NoStatements",
    "Outcome",
    "Output",
    "ProviderUnavailable",
    "Quote",
    "Statements",
    "Steerable",
    "TokenMissing",
    "TokenRefused",
    "Trim",
    "Undecided",
    "Unfinishable",
    "UsageLine",
    "finish",
    "load_cards",
    "mend",
    "open_appraiser",
    "open_generator",
    "open_statements",
    "open_with",
    "providers",
    "source_type",
]

_LAZY = {
    "Access": "generators.access",
    "Appraiser": "generators.appraising",
    "CardListing": "generators.cards",
    "Cards": "generators.cards",
    "ModelCard": "generators.cards",
    "Finished": "generators.finishing",
    "Output": "generators.output_form",
    "Unfinishable": "generators.finishing",
    "finish": "generators.finishing",
    "Encoding": "generators.mending",
    "Trim": "generators.mending",
    "mend": "generators.mending",
    "load_cards": "generators.cards",
    "open_appraiser": "generators.appraising",
    "open_generator": "generators.opening",
    "open_statements": "generators.opening",
    "open_with": "generators.opening",
    "providers": "generators.opening",
    "source_type": "generators.opening",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        message = f"module 'generators' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(_LAZY[name]), name)
