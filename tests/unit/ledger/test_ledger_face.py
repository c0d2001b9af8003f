"""The package's public face, and what it costs to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import ledger
from ledger import errors

FACE = """
    NANO Admit AlreadySettled ApprovalRefused AttemptState AttemptStory Books BooksBehind
    BooksBusy BooksNewer BooksUnavailable BrokenPromise BudgetView BuiltSettlement CapRefused
    CapRule CapTooLow ChargeRow CloseRefused Decision DecisionKind DecisionRefused Desk
    EntryView ExportRefused FailedSettlement HeldBy HoldDecision HoldRequest Inspection JobMove
    JobRecord JobState JobStory JobView Lease LeaseLost LedgerError LostAttempt MendKind
    MendRecord MendView MoneyError NotReleased OrderChanged OrderRecord OrderState OrderView
    PeriodClosed PictureHash PriceLine Proof Quoted Refuse ReleaseRecord ReleasedView
    RenditionRecord RenditionStory RenditionView Review ReviewDecision ReviewRefused ReviewView
    ReviewedBefore RunKnown Scope SelectionRefused Settled Settlement SigningRecord
    SigningStory SigningView SpendRow StatementRefused Stopped SummaryRow Totals UnknownAttempt
    UnknownJob UnknownOrder UnknownSettlement Unmeasured VerdictRecord VerdictSeverity Wait
    WaitingView WithdrawalRefused WithdrawalView WithdrawnView WrongState charge_nano
    format_usd hold_nano parse_usd plain usd
"""


def test_the_public_face_is_this_and_nothing_else() -> None:
    assert ledger.__all__ == FACE.split()
    for name in ledger.__all__:
        assert getattr(ledger, name) is not None


def test_every_error_is_public_and_of_one_tree() -> None:
    tree = {
        name: found
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, Exception)
    }
    assert all(issubclass(found, ledger.LedgerError) for found in tree.values())
    assert set(tree) <= set(ledger.__all__)
    drawn = errors.__doc__ or ""
    assert all(name in drawn for name in tree)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="cash"):
        ledger.cash  # noqa: B018 - the access is the test


def test_importing_the_package_does_not_load_the_database_library() -> None:
    code = "import ledger, sys; print('sqlalchemy' in sys.modules, 'alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
