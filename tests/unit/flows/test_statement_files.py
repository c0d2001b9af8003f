"""Statements in files: whatever form they come in, every line is exact or told as bad."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import BadSettings
from flows.errors import BadStatement
from flows.statement_amounts import NoAmount, read_amount
from flows.statement_files import StatementFile, take_file
from flows.statement_totals import WANTED
from ledger.invoices.statement import StatementLine
from ledger.invoices.theirs import Theirs
from ledger.money import plain, usd


def read(path: Path, text: str | bytes, *columns: str) -> list[StatementLine]:
    """Write a file and read its lines."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = Theirs()
    take_file(path, columns, found)
    return list(StatementFile(path, dict(pair.split("=") for pair in columns)).lines())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "november.csv"


@pytest.mark.parametrize(
    "text",
    [
        "id,amount\nr1,0.003\nr2,1.5\n",
        "\ufeffid,amount\r\nr1,0.003\r\nr2,1.5",
        "id;amount\nr1;0.003\nr2;1.5\n",
        "id\tamount\nr1\t$0.003\nr2\tUSD 1.5\n",
        '\n"Prediction ID","Amount (USD)"\n"r1","$0.0030"\n\n"r2"," 1.50 "\n,\n',
        "model,provider_ref,charged_usd,currency\nm,r1,0.003,USD\nm,r2,1.5,usd\n",
        '[{"id": "r1", "amount": 0.003}, {"id": "r2", "amount": "1.5"}]',
        '\ufeff{"total": 1.503, "lines": [{"run_id": "r1", "cost": 3e-3}, {"run_id": "r2", "cost": 15e-1}]}',
        '{"results": [{"prediction": "r1", "cost": "0.003"},\n{"cost": 1.5, "prediction": "r2"}], "n": 1}',
    ],
)
def test_statements_of_many_forms_read_the_same(path: Path, text: str) -> None:
    assert [(line.provider_ref, line.amount_nano) for line in read(path, text)] == [
        ("r1", 3_000_000),
        ("r2", 1_500_000_000),
    ]


def test_a_line_keeps_what_it_says(path: Path) -> None:
    text = (
        "id,created_at,completed_at,model,status,description,amount\n"
        "r1,2026-10-31T23:59:59Z,2026-11-01T01:00:00+02:00,flux,succeeded,,0.003\n"
        ",03/11/2026,,,,Plan fee,20\n"
    )
    one, fee = read(path, text)
    assert one == StatementLine(
        2, "r1", 3_000_000, "flux", datetime(2026, 10, 31, 23, tzinfo=UTC), "succeeded", ""
    )
    assert fee == StatementLine(3, None, 20_000_000_000, description="Plan fee")


@pytest.mark.parametrize(
    ("text", "nano"),
    [
        ("0.003", 3_000_000),
        (".5", 500_000_000),
        ("5.", 5_000_000_000),
        ("-$1.25", -1_250_000_000),
        ("$-1.25", -1_250_000_000),
        ("1.25-", -1_250_000_000),
        ("\u22121.25", -1_250_000_000),
        ("($1,234.50)", -1_234_500_000_000),
        ("1,234,567.000000001", 1_234_567_000_000_001),
        ("1 234.5", 1_234_500_000_000),
        ("1'234.5", 1_234_500_000_000),
        ("US$ 3", 3_000_000_000),
        ("3 USD", 3_000_000_000),
        ("2.25e-07", 225),
        ("0.000000001", 1),
        ("'-0.5", -500_000_000),
        ("0", 0),
    ],
)
def test_amounts_are_exact(text: str, nano: int) -> None:
    assert read_amount(text) == (nano, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "free",
        "0,003",
        "1,23",
        "12,34,567",
        "1.234.567",
        "€5",
        "NaN",
        "inf",
        "1e99",
        "--5",
        "0x10",
        "1_000",
        "9" * 61,
        "100000001",
        "5 EUR",
        "٣",
        "0,123",
    ],
)
def test_what_is_no_amount_is_never_guessed(text: str) -> None:
    with pytest.raises(NoAmount):
        read_amount(text)


def test_a_comma_beside_semicolons_is_not_taken(path: Path) -> None:
    with pytest.raises(BadStatement) as bad:
        read(path, "id;amount\nr1;1,234\n")
    (problem,) = bad.value.problems
    assert problem.sentence().endswith(
        "amount: found '1,234'; wanted a point before the decimals and no comma, which could be either "
        "here"
    )


@pytest.mark.parametrize(
    ("text", "nano"),
    [("0.0000000005", 0), ("0.0000000015", 2), ("-0.0000000025", -2), ("0.00000000051", 1)],
)
def test_a_tenth_decimal_is_rounded_once_half_even_and_told(
    path: Path, text: str, nano: int
) -> None:
    assert read_amount(text) == (nano, True)
    path.write_text(f"id,amount\nr1,{text}\nr2,0.0030000000\n", encoding="utf-8")
    assert take_file(path, (), Theirs()).notes == (
        "1 amount has more than nine decimals; each was rounded once, half to even.",
    )


def test_every_bad_line_is_told_at_once_and_the_rest_counted(path: Path) -> None:
    rows = ["id,amount,currency", "r1,0.003,USD", "r2,free,USD", "r3,0.1", "r4,1,EUR"]
    rows += ["Total,7.00,USD", "r\x07,1,USD", *["r9,,USD"] * 30]
    with pytest.raises(BadStatement) as bad:
        read(path, "\n".join(rows))
    told = [problem.sentence().removeprefix(f"{path}:") for problem in bad.value.problems]
    assert told[:5] == [
        "3: amount: found 'free'; wanted an amount in USD such as \"0.003\"",
        "4: found 2 cells; wanted 3, one for each column",
        "5: currency: found 'EUR'; wanted USD, in which the books are kept",
        f"6: id: found a line of totals ('Total'); wanted {WANTED}",
        "7: id: found 'r\\x07'; wanted at most 200 printable characters",
    ]
    assert told[5] == '8: amount: found nothing; wanted an amount in USD such as "0.003"'
    assert len(told) == 20
    assert str(bad.value) == f"{path} has 35 problems; the first 20 are."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("run,price\nr1,1\n", "no column is an amount (such as amount_usd, cost_usd, total_usd)"),
        ("model,amount\nm,1\n", "no column is an id (such as prediction_id, provider_ref"),
        ("id,amount,total\nr1,1,2\n", "'amount' and 'total' may each be the amount"),
        ('[{"id": "r1", "metrics": {}}]', "item 1: no column is an amount"),
    ],
)
def test_columns_that_cannot_be_told_apart_are_named(path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadSettings) as bad:
        read(path, text)
    assert sentence in str(bad.value)
    assert "--columns" in str(bad.value)


def test_columns_can_be_mapped_by_hand(path: Path) -> None:
    text = "Lauf,Netto,total\nr1,0.003,9\n"
    (line,) = read(path, text, "id=Lauf", "amount=Netto")
    assert (line.provider_ref, line.amount_nano) == ("r1", 3_000_000)
    for wrong in ("id=Nummer", "price=Netto", "id", "id=Lauf,id=Netto"):
        with pytest.raises(BadSettings):
            take_file(path, [wrong, "amount=Netto"], Theirs())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"id,amount\n\xff,1\n",
        "id,amount\nr1,1\n".encode("utf-16"),
        b'id,amount\n"r1,1\n',
        b"[1, 2]",
        b'[{"id": "r1", "amount": 1}',
        b'[{"id": "r1", "amount": 1}] x',
        b'[{"id": "r1", "amount": NaN}]',
        b'{"items": []}',
        b'{"lines": [], "results": [{}]}',
        b'[{"id": "r1", "amount": true}]',
        b'[{"id": "r1", "amount": null}]',
        b"[" * 100_000,
    ],
)
def test_what_is_no_statement_is_refused_in_a_sentence(path: Path, text: bytes) -> None:
    with pytest.raises((BadStatement, BadSettings)):
        read(path, text)


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nothing", "."):
        with pytest.raises(BadSettings, match="cannot be read"):
            take_file(tmp_path / name, (), Theirs())


def test_the_digest_is_that_of_the_file(path: Path) -> None:
    path.write_text("id,amount\nr1,0.003\n", encoding="utf-8")
    file = take_file(path, (), Theirs())
    assert (file.sha256, file.notes) == (sha256(path.read_bytes()).hexdigest(), ())


_RUNS = st.lists(
    st.tuples(
        st.sampled_from(["r1", "r2", "r3", None]),
        st.integers(-(10**12), 10**12),
        st.sampled_from(["flux", "sdxl", None]),
    ),
    max_size=12,
)


@given(_RUNS, st.randoms(use_true_random=False))
def test_lines_in_any_order_come_to_the_same(
    runs: list[tuple[str | None, int, str | None]], random: Random
) -> None:
    told = [
        StatementLine(number, ref, amount, model=model)
        for number, (ref, amount, model) in enumerate(runs, 1)
    ]
    shuffled = list(told)
    random.shuffle(shuffled)
    one, other = Theirs(), Theirs()
    one.add(told)
    other.add(shuffled)
    assert one.sum_nano == sum(amount for _, amount, _ in runs)
    assert _by_run(one) == _by_run(other)
    assert one.lines_sha256 == other.lines_sha256
    assert one.model_count == other.model_count


def _by_run(theirs: Theirs) -> dict[str, tuple[object, ...]]:
    return {
        ref: (
            theirs.nano[slot],
            theirs.counts[slot],
            theirs.first_line[slot],
            theirs.model(slot),
            theirs.is_twice(slot, theirs.nano[slot] // 2),
            slot in theirs.with_refunds,
        )
        for ref, slot in theirs.slots.items()
    }


@settings(deadline=None)  # it writes files
@given(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=20))
def test_amounts_survive_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "written"
    rows = [f"r{number},{plain(usd(amount))}" for number, amount in enumerate(amounts)]
    path.write_text("\n".join(["id,cost", *rows]), encoding="utf-8")
    assert [line.amount_nano for line in StatementFile(path, {}).lines()] == amounts
    items = [{"id": f"r{n}", "cost": float(Decimal(a) / 10**9)} for n, a in enumerate(amounts)]
    exact = json.dumps(items)
    path.write_text(exact, encoding="utf-8")
    read_back = [line.amount_nano for line in StatementFile(path, {}).lines()]
    assert read_back == [
        int((Decimal(repr(item["cost"])) * 10**9).to_integral_value()) for item in items
    ]


def test_a_long_list_is_read_in_pieces(path: Path) -> None:
    count = 30_000
    items = ",\n".join(
        f'{{"id": "r{number}", "amount": 0.{number:09d}, "note": "\u00e4{"x" * 40}"}}'
        for number in range(count)
    )
    path.write_text(f'{{"meta": {{"n": [1, 2, {{}}]}}, "lines": [{items}], "n": 12}}', "utf-8")
    sums = Theirs()
    take_file(path, (), sums)
    assert (sums.line_count, sums.sum_nano) == (count, count * (count - 1) // 2)


@pytest.mark.parametrize(
    ("amounts", "ours_nano", "is_twice"),
    [
        ((30, 30), 30, True),
        ((20, 10, 20, 10), 30, True),
        ((30, 30, 30), 30, True),
        # Two metrics of one price, and both of them dearer than the books had it.
        ((16, 16), 30, False),
        ((15, 15), 30, False),
        ((30, 30), 0, False),
        ((30, 20), 30, False),
    ],
)
def test_equal_lines_are_billed_twice_where_the_books_have_them_once(
    amounts: tuple[int, ...], ours_nano: int, is_twice: bool
) -> None:
    theirs = Theirs()
    theirs.add(StatementLine(number, "run", amount) for number, amount in enumerate(amounts, 1))
    assert theirs.is_twice(theirs.slots["run"], ours_nano) is is_twice
