"""What finance is told about a finding: what it is, and the command that settles it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

from ledger.decisions import can_be_run
from ledger.invoices.ours import Standing
from ledger.money import format_usd, plain, usd
from ledger.schema import AnyRow

TWICE: Final = "two lines bill the same run the same amount: ask the provider for one back"
STRANGER: Final = "the books do not know this run: somebody else used the account"
TAKEN_BACK: Final = "the books charged it, and a statement before this one took that back"
NO_RUN: Final = "the line names no run"
NO_RUNS: Final = "the lines that name no run come to something else than what was posted of them"


def also(first: str, second: str) -> str:
    """Two remarks as one."""
    return "; ".join(part for part in (first, second) if part)


def of_open(row: AnyRow, ref: str, theirs_nano: int, *, posted: bool) -> str:
    """Say that a run is of an attempt that has not ended."""
    first = _IN_VARIANCE if posted and theirs_nano else ""
    return (
        f"{first}attempt {row.attempt_id} is {row.state}: {_resume(row)}, or "
        f"{_settle(row.attempt_id, ref, 0 if posted else theirs_nano)}"
    )


def of_candidates(
    rows: Sequence[AnyRow], more: int, ref: str, theirs_nano: int, *, posted: bool
) -> str:
    """Name the attempts that a run may be of; which it is, nobody is to guess."""
    named = ", ".join(row.attempt_id for row in rows)
    others = f" and {more:,} more" if more else ""
    is_one = len(rows) == 1 and not more
    which = "may be attempt" if is_one else "may be one of the attempts"
    attempt = rows[0].attempt_id if is_one else "ATTEMPT"
    command = _settle(attempt, ref, 0 if posted else theirs_nano)
    return f"{_IN_VARIANCE if posted else ''}{which} {named}{others}: {command}"


_IN_VARIANCE: Final = "its line is in the variance account; "
_BARE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./#-]*")


def _word(text: str) -> str:
    """Write what others named, such as a run, as one word of a shell's line."""
    return text if _BARE.fullmatch(text) else shlex.quote(text)


def _resume(row: AnyRow) -> str:
    return f"`mintage resume {_word(row.order_id)}`"


def _settle(attempt_id: str, ref: str, charge_nano: int) -> str:
    """The command that says whose run it is; what the books have already is not charged again."""
    command = f"mintage ledger settle {_word(attempt_id)}"
    if not can_be_run(ref):
        # Without its id nobody would see that charge and line are one, so the line alone counts.
        return (
            f"`{command} --void --by YOU --because WHY` ends it; the run's id is none that settle "
            "takes, so what is billed for it stays in the variance account"
        )
    cost = f"--charge {plain(usd(charge_nano))}" if charge_nano > 0 else "--void"
    run = f"--ref={_word(ref)}" if ref.startswith("-") else f"--ref {_word(ref)}"
    return f"`{command} {cost} {run} --by YOU --because WHY`"


def of_refund(standing: Standing) -> str:
    """Say whether the run of a refund is known."""
    return "" if standing.attempt is not None else "the books do not know the run"


def of_price(standing: Standing) -> str:
    """Say why the amounts differ, where the books know."""
    if standing.ended and standing.unattributed_nano:
        return (
            f"{format_usd(standing.unattributed_nano)} of it was posted to the variance account "
            "before its attempt was settled; posting moves that back"
        )
    return ""


def settled_since(standing: Standing, period: str, strays: Sequence[str]) -> str:
    """Say that what was posted before an attempt was settled can be put down to its job now."""
    told = []
    if standing.unattributed_nano:
        told.append(
            f"{format_usd(standing.unattributed_nano)} of it is in the variance account, and its "
            "attempt is settled: posting puts it down to its job"
        )
    told += [charged_too(other) for other in strays]
    if not strays:
        corrected = standing.corrected.items()
        told += [billed_in(other) for other, nano in corrected if other != period and nano > 0]
    return "; ".join(told)


def charged_too(period: str) -> str:
    """Say that a run which this statement bills is charged in another month as well."""
    return f"the books charged it in {period} too, and posting takes that back"


def of_free(attempt: AnyRow) -> str:
    """Say that the books ended an attempt without a charge that the provider bills."""
    return f"attempt {attempt.attempt_id} is {attempt.state} and was not charged"


def billed_in(period: str) -> str:
    """Say that another month's statement has the run too."""
    return f"the statement of {period} bills it too: ask the provider for one back"


def charged_in(period: str) -> str:
    """Say in which month the books charged a run."""
    return f"the books charged it in {period}"


def billed_elsewhere(standing: Standing, period: str) -> str | None:
    """The month whose statement billed a run before its attempt was settled, or None."""
    if standing.unattributed_nano <= 0:
        return None
    return next(
        (
            other
            for other, nano in sorted(standing.corrected.items())
            if other != period and nano > 0
        ),
        None,
    )


def in_variance(period: str) -> str:
    """Say that a run was billed before its attempt was settled."""
    return (
        f"the statement of {period} billed it and it was posted to the variance account; posting "
        "moves that back"
    )


def of_total(rest_nano: int, had_nano: int, *, is_rounding: bool) -> str:
    """Say what the invoice's total is beside its lines, and what was posted of that before."""
    words = (
        f"the invoice's total is its lines' sum {'+' if rest_nano >= 0 else '-'} "
        f"{format_usd(abs(rest_nano))}"
        if rest_nano
        else "the invoice's total is its lines' sum"
    )
    if is_rounding:
        return words
    if had_nano:
        words = f"{words}, and {format_usd(had_nano)} was posted before"
    return (
        f"{words}: --because has to name {plain(abs(usd(rest_nano - had_nano)))}, which is more "
        "than rounding"
    )


def of_held(row: AnyRow) -> str:
    """Say what is held, and how to end it."""
    return (
        f"{format_usd(row.hold_nano)} is held, {row.state}: {_resume(row)}, or "
        f"`mintage ledger settle {_word(row.attempt_id)} --void --by YOU --because WHY`"
    )
