"""The package's public face: complete, cheap to import, and open for new providers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import generators
from generators import NoCard, NoProvider, TokenMissing, open_generator, providers


def test_every_public_name_is_there_and_sorted() -> None:
    assert list(generators.__all__) == sorted(generators.__all__)
    for name in generators.__all__:
        assert getattr(generators, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'surprise'"):
        _ = generators.surprise


def test_importing_the_package_and_its_cards_loads_no_http_and_no_imaging() -> None:
    code = (
        "import sys, generators, generators.cards; generators.load_cards(); "
        "print([m for m in ('httpx', 'replicate', 'PIL', 'asyncio') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_replicate_is_found_by_its_file_name() -> None:
    assert "replicate" in providers()


def test_what_cannot_be_opened_says_why() -> None:
    with pytest.raises(NoProvider, match="replicate"):
        open_generator("acme", "one")
    with pytest.raises(NoCard, match="flux-schnell"):
        open_generator("replicate", "acme/unknown", replicate_token="r8_x")
    with pytest.raises(TokenMissing, match="REPLICATE_API_TOKEN"):
        open_generator("replicate", "black-forest-labs/flux-schnell")


def test_an_access_does_not_show_its_secrets() -> None:
    access = generators.Access(replicate_token="r8_secret", environment={"KEY": "r8_secret"})
    assert "r8_secret" not in repr(access)
