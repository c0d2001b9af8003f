"""The settings file of caps: what it may say, and that runs see to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from books_parts import CENT, SteppingClock, admit, an_order, plan

from flows import BadSettings, Settings, apply_caps, read_caps
from flows.caps_file import CAPS_BYTES_MAX
from ledger import Books, CapTooLow, Scope
from ledger.signatures import SETTINGS_FILE

WHOLE = """
cost_centers:
  cc-4100: {month: "500.00"}
providers:
  replicate: {day: "50.00"}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "caps.yaml"
    made.write_text(WHOLE)
    return made


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=SteppingClock()) as opened:
        yield opened


def test_caps_are_read_per_scope_and_subject(path: Path) -> None:
    assert read_caps(path) == {
        (Scope.COST_CENTER, "cc-4100"): 50_000 * CENT,
        (Scope.PROVIDER, "replicate"): 5_000 * CENT,
    }
    path.write_text("# nothing yet\n")
    assert read_caps(path) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cost_centers: {cc-1: {month: 500.00}}", r'cost_centers\.cc-1\.month: .*"500\.00"'),
        ('cost_centers: {cc-1: {day: "5"}}', r"cc-1"),
        ('cost_centers: {cc-1: {month: "-5"}}', r"not an amount in USD"),
        ('cost_centers: {4100: {month: "5"}}', r"in quotes"),
        ('providers: {replicate: {day: "99999999999"}}', r"not an amount"),
        ('provider: {replicate: {day: "5"}}', r"provider: "),
        ("- a list", r"the file: "),
        ("a: [", r"line 1, is not YAML"),
    ],
)
def test_what_no_cap_can_be_is_named(path: Path, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(BadSettings, match=said) as caught:
        read_caps(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"MINTAGE_CAPS names .*gone\.yaml"):
        read_caps(tmp_path / "gone.yaml")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(BadSettings, match=r"pipe\.yaml, which cannot be read: a pipe"):
        read_caps(tmp_path / "pipe.yaml")


def test_a_huge_file_is_refused_and_not_read(path: Path) -> None:
    path.write_text("#" * (CAPS_BYTES_MAX + 1))
    with pytest.raises(BadSettings, match="larger than 1,000,000 bytes"):
        read_caps(path)


def test_the_books_follow_the_file_and_say_so(books: Books, path: Path) -> None:
    assert apply_caps(books, None) == 0
    assert apply_caps(books, path) == 2
    assert apply_caps(books, path) == 0
    assert {(rule.by, rule.because) for rule in books.cap_rules()} == {
        (SETTINGS_FILE, "caps.yaml says so")
    }
    with books.transaction() as desk:
        desk.set_cap(Scope.PROVIDER, "replicate", CENT, by="finance@acme.example", because="less")
    assert apply_caps(books, path) == 1
    assert [rule.cap_nano for rule in books.cap_rules()][-1] == 5_000 * CENT


def test_a_subject_that_the_file_forgets_keeps_its_cap(books: Books, path: Path) -> None:
    apply_caps(books, path)
    path.write_text('providers: {replicate: {day: "50.00"}}')
    assert apply_caps(books, path) == 0
    assert len(books.budgets()) == 2


def test_a_file_that_asks_for_less_than_is_used_is_refused_whole(books: Books, path: Path) -> None:
    one, *_ = plan(books, an_order())
    admit(books, one)
    path.write_text('cost_centers: {cc-1: {month: "1"}}\nproviders: {replicate: {day: "0.01"}}')
    with pytest.raises(CapTooLow, match="provider replicate for 2026-11-20"):
        apply_caps(books, path)
    assert books.cap_rules() == []


def test_a_file_is_nobodys_second_person(
    books: Books, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text('providers: {replicate: {day: "50.00"}}')
    apply_caps(books, path)
    with books.transaction() as desk:
        desk.change_limit(100 * CENT, by="finance@acme.example", because="two above a dollar")
    path.write_text('providers: {replicate: {day: "51.01"}}\ncost_centers: {cc-1: {month: "9"}}')
    assert apply_caps(books, path) == 1
    (said,) = caplog.messages
    assert "the cap of provider replicate stays as it is" in said
    assert "`mintage ledger budget raise provider replicate 51.01 --by … --because …`" in said
    caps = {rule.subject: rule.cap_nano for rule in books.cap_rules()}
    assert caps == {"replicate": 5_000 * CENT, "cc-1": 900 * CENT}
    assert books.requests() == []
    # Once two persons have raised it, the books and the file agree.
    with books.transaction() as desk:
        desk.change_cap(
            Scope.PROVIDER, "replicate", 5_101 * CENT, by="anna@acme.example", because="a push"
        )
    with books.transaction() as desk:
        desk.approve(1, by="bob@acme.example")
    caplog.clear()
    assert apply_caps(books, path) == 0
    assert caplog.messages == []


def test_a_time_zone_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import read_settings

    monkeypatch.setenv("MINTAGE_TIME_ZONE", "Europe/Berlin")
    assert str(read_settings().zone) == "Europe/Berlin"
    for name in ("Europe/Atlantis", "../etc/passwd", ""):
        monkeypatch.setenv("MINTAGE_TIME_ZONE", name)
        with pytest.raises(BadSettings, match=r"MINTAGE_TIME_ZONE cannot .*Europe/Berlin"):
            read_settings()
    assert Settings.model_fields["time_zone"].default == "UTC"
