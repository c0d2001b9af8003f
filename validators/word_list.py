"""Lists in the parameters of criteria: one word alone is read as a list of one."""

from __future__ import annotations

from typing import Final

from pydantic import BeforeValidator


def _as_tuple(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


AS_LIST: Final = BeforeValidator(_as_tuple)
"""For `Annotated[tuple[...], AS_LIST]`: an order gives a list or a single word."""
