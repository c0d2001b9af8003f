"""Who makes a provider's pictures, in the terms of IPTC's digital source types."""

from __future__ import annotations

import importlib

import pytest

from generators import NoProvider, providers, source_type
from generators.opening import provider_modules


@pytest.mark.parametrize(
    ("provider", "params", "said"),
    [
        ("replicate", {}, "trainedAlgorithmicMedia"),
        ("replicate", {"photo": "x.png"}, "trainedAlgorithmicMedia"),
        ("studio", {}, "algorithmicMedia"),
        ("studio", {"photo": None}, "algorithmicMedia"),
        ("studio", {"photo": "mug.png"}, "composite"),
    ],
)
def test_a_provider_says_what_its_pictures_are(
    provider: str, params: dict[str, object], said: str
) -> None:
    assert source_type(provider, params) == said


def test_every_provider_says_it() -> None:
    for provider, module in provider_modules().items():
        assert provider in providers()
        assert source_type(provider) == importlib.import_module(module).SOURCE_TYPE


def test_a_provider_that_nobody_knows_is_named() -> None:
    with pytest.raises(NoProvider, match="nobody"):
        source_type("nobody")
