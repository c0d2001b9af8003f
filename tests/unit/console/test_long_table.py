"""Long tables are laid out by hand, and look as short ones do."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from console.output import amounts, rounded_amounts, table
from console.report_formats.long_table import print_long
from ledger import format_usd

HEAD = ("order", "released", "charged")
RIGHT = frozenset({1, 2})


def printed(rows: list[tuple[str, str, str]], width: int, *, by_hand: bool) -> str:
    out = io.StringIO()
    screen = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    if by_hand:
        print_long(screen, HEAD, rows, RIGHT)
    else:
        screen.print(table(HEAD, rows, right=frozenset({"released", "charged"})))
    return out.getvalue()


def test_a_long_table_is_what_a_short_one_is() -> None:
    rows = [("mugs@2026-11", "1", "$0.30"), ("ランプ [b]\x1b", "12", "-$1,000.00"), ("", "", "")]
    assert printed(rows, 80, by_hand=True) == printed(rows, 80, by_hand=False)
    folded = [("banner-backgrounds-2026-11-01-of-spring", "356", "$13.04")]
    assert printed(folded, 40, by_hand=True) == printed(folded, 40, by_hand=False)
    assert all(len(line) <= 40 for line in printed(folded, 40, by_hand=True).splitlines())


@given(st.lists(st.integers(-(10**16), 10**16), min_size=1, max_size=4), st.integers(1, 9))
def test_amounts_are_written_as_everywhere(nanos: list[int], places: int) -> None:
    assert rounded_amounts(nanos, places) == [format_usd(nano, places) for nano in nanos]
    width = max(len(format_usd(nano).partition(".")[2]) for nano in nanos)
    assert amounts(nanos) == [format_usd(nano, width) for nano in nanos]
