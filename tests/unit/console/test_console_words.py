"""The console's own words: amounts in line, whole sentences, JSON that keeps every cent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from cyclopts import Token
from hypothesis import given
from hypothesis import strategies as st

from console.arguments import named_path, parse_day
from console.failures import explain, sentence
from console.output import amounts, json_value, table, usd_text
from console.screen import indented, listed, screen
from flows import BadOrder, BadSettings, Problem
from ledger import AttemptState, BooksBusy, LostAttempt

NANO = st.integers(min_value=-(10**17), max_value=10**17)


@given(st.lists(NANO, max_size=8))
def test_a_column_of_amounts_is_exact_and_its_points_line_up(nanos: list[int]) -> None:
    texts = amounts(nanos)
    assert len({len(text.partition(".")[2]) for text in texts}) <= 1
    values = [Decimal(text.replace("$", "").replace(",", "")) for text in texts]
    assert [int(value * 10**9) for value in values] == nanos


@given(NANO)
def test_json_money_is_exact_with_at_least_two_decimals(nano: int) -> None:
    text = usd_text(nano)
    assert Decimal(text) * 10**9 == nano
    assert len(text.partition(".")[2]) >= 2


def test_a_column_has_as_many_decimals_as_its_finest_amount() -> None:
    assert amounts([3_000_000, 50_000_000_000, 5_600]) == [
        "$0.0030000",
        "$50.0000000",
        "$0.0000056",
    ]
    assert amounts([0]) == ["$0.00"]
    assert amounts([]) == []


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("the books are locked: wait", "The books are locked: wait."),
        ("Replicate refused.", "Replicate refused."),
        ("mug@1 is being run\n by host:1", "mug@1 is being run by host:1."),
        ("nowhere is not a folder", "nowhere is not a folder."),
        ("is it there?", "is it there?"),
    ],
)
def test_messages_become_sentences_and_names_stay_as_they_are(said: str, wanted: str) -> None:
    assert sentence(said) == wanted


def test_each_kind_of_fault_has_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem("o.yaml", 3, "owner", "nothing", "a name")
    assert explain(BadOrder("o.yaml", [problem])) == 2
    assert explain(BadSettings("X cannot be used.")) == 2
    assert explain(BooksBusy("the books are locked")) == 1
    assert capsys.readouterr().err == (
        "mintage: o.yaml has 1 problem.\n"
        "  o.yaml:3: owner: found nothing; wanted a name\n"
        "mintage: X cannot be used.\n"
        "mintage: The books are locked.\n"
    )


def test_a_defect_is_said_in_a_sentence_and_shown_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINTAGE_TRACEBACK", raising=False)
    assert explain(ZeroDivisionError("by nought")) == 1
    assert "MINTAGE_TRACEBACK=1" in capsys.readouterr().err
    monkeypatch.setenv("MINTAGE_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        explain(ZeroDivisionError("by nought"))


def test_records_become_json_with_decimal_strings_and_utc_times() -> None:
    at = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
    lost = LostAttempt(
        attempt_id="a",
        job_id="o@1#x",
        order_id="o@1",
        number=1,
        provider="replicate",
        model="example/model",
        brief_json="{}",
        state=AttemptState.UNKNOWN,
        provider_ref=None,
        request_json='{"seed": 7}',
        seed=7,
        hold_nano=3_000_000,
        held_at=at,
        lost_at=None,
    )
    made = json.loads(json.dumps(json_value(lost)))
    assert made["hold_usd"] == "0.003"
    assert made["request"] == {"seed": 7}
    assert made["held_at"] == "2026-11-22T01:02:03Z"
    assert json_value({"a": (Decimal("0.10"), None)}) == {"a": ["0.1", None]}


def test_numbers_are_never_broken_and_names_are_folded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    made = table(("order", "cost"), [("long-" * 12, "$1,234.567890123")], right=frozenset({"cost"}))
    screen().print(made)
    lines = capsys.readouterr().out.splitlines()
    assert sum("$1,234.567890123" in line for line in lines) == 1
    assert "".join(line.split()[0] for line in lines[1:]) == "long-" * 12
    assert all(len(line) <= 40 for line in lines)


def test_long_texts_keep_their_indent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    out = screen()
    out.print(indented("every word of [this] :smile: is kept as it is", 4))
    out.print(listed(["a line that is longer than the screen"]))
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("    ", "  - ")) for line in lines)
    assert "[this] :smile:" in " ".join(" ".join(lines).split())


def test_a_pipe_without_columns_is_wide_enough_for_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert screen().width >= 200
    monkeypatch.setenv("COLUMNS", "80")
    assert screen().width == 80


def test_an_empty_path_and_a_day_that_is_none_are_refused() -> None:
    assert named_path(Path, [Token(value="a/b")]) == Path("a/b")
    with pytest.raises(ValueError, match="must not be empty"):
        named_path(Path, [Token(value="")])
    with pytest.raises(BadSettings, match="2026-11-22"):
        parse_day("22.11.2026")
