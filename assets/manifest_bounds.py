"""What each field of a manifest may be, so that no other module meets what cannot be.

A manifest lies where others can write. A time without a zone, a size of 10^40 bytes or a cost with
an exponent of a million is valid JSON, and breaks whoever sorts, adds or shows it.
"""

from __future__ import annotations

import functools
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, SchemaValidator

FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MOMENT: Final = datetime(9990, 12, 31, tzinfo=UTC)
"""Far enough from the ends of the calendar to be shown in any zone, and to have days added."""
BYTES_MAX: Final = 1 << 50
SIDE_MAX: Final = 1 << 20
COST_MAX: Final = Decimal(10**9)
COST_DECIMALS: Final = 9
SEED_MAX: Final = 1 << 64
NAME_CHARS_MAX: Final = 2_000
"""Names, keys, ids and models; a key of a store has at most 1,024 bytes."""
TEXT_CHARS_MAX: Final = 20_000
PROMPT_CHARS_MAX: Final = 500_000
BECAUSE_CHARS_MAX: Final = 1 << 17
"""The longest that one argument of a command can be on Linux."""
TAGS_MAX: Final = 10_000
LANGUAGES_MAX: Final = 1_000


def validator(kind: type[Any], **items: type[Any]) -> SchemaValidator:
    """Make what reads one row, header or withdrawal, each a dataclass, from Python values or JSON.

    It is put together by hand: pydantic needs 50 ms to find out the same from the annotations.

    Args:
        kind: the dataclass; what has None as its default may be null.
        items: for a field that is a tuple of dataclasses, which one.
    """
    from pydantic_core import SchemaValidator
    from pydantic_core import core_schema as core

    bounds = _bounds()
    lists = {
        name: core.tuple_variable_schema(_dataclass(item, bounds)) for name, item in items.items()
    }
    return SchemaValidator(_dataclass(kind, bounds | lists))


def _dataclass(kind: type[Any], bounds: dict[str, CoreSchema]) -> CoreSchema:
    from pydantic_core import core_schema as core

    told = []
    for one in fields(kind):
        schema = bounds[one.name]
        if one.default is None:
            schema = core.nullable_schema(schema)
        if one.default is not MISSING:
            schema = core.with_default_schema(schema, default=one.default)
        elif one.default_factory is not MISSING:
            schema = core.with_default_schema(schema, default_factory=one.default_factory)
        told.append(core.dataclass_field(one.name, schema))
    names = [one.name for one in fields(kind)]
    arguments = core.dataclass_args_schema(kind.__name__, told)
    return core.dataclass_schema(kind, arguments, names, slots=True)


@functools.cache
def _bounds() -> dict[str, CoreSchema]:
    """Say what a field of this name may be, whichever dataclass has it."""
    from pydantic_core import core_schema as core

    name = core.str_schema(max_length=NAME_CHARS_MAX)
    text = core.str_schema(max_length=TEXT_CHARS_MAX)
    names = core.tuple_variable_schema(name, max_length=TAGS_MAX)
    side = core.int_schema(ge=1, le=SIDE_MAX)
    cost = core.no_info_after_validator_function(
        _cost,
        core.decimal_schema(ge=Decimal(0), le=COST_MAX, decimal_places=COST_DECIMALS),
    )
    moment = core.datetime_schema(ge=FIRST_MOMENT, le=LAST_MOMENT, tz_constraint="aware")
    spoken = core.dict_schema(name, text, max_length=LANGUAGES_MAX)
    return {
        **dict.fromkeys(
            (
                "name", "key", "media_type", "campaign", "order", "order_id", "edition", "job_id",
                "provider", "model", "receipt", "format", "language", "source_type",
                "approved_by", "master",
            ),
            name,
        ),
        **dict.fromkeys(("title", "alt", "credit", "rights"), text),
        **dict.fromkeys(("tags", "verdicts"), names),
        **dict.fromkeys(("width", "height"), side),
        **dict.fromkeys(("released_at", "at"), moment),
        **dict.fromkeys(("cost_usd", "charged_usd"), cost),
        "sha256": core.str_schema(pattern="^[0-9a-f]{64}$"),
        "bytes": core.int_schema(ge=0, le=BYTES_MAX),
        "prompt": core.str_schema(max_length=PROMPT_CHARS_MAX),
        "seed": core.int_schema(ge=-SEED_MAX, le=SEED_MAX),
        "texts": core.dict_schema(name, spoken, max_length=LANGUAGES_MAX),
        "because": core.str_schema(max_length=BECAUSE_CHARS_MAX),
    }  # fmt: skip


def _cost(amount: Decimal) -> Decimal:
    # Nothing can have an exponent of a million too, and is written with as many zeros.
    return amount or Decimal(0)
