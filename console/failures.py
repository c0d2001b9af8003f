"""Turns what went wrong into one sentence on standard error and an exit code."""

from __future__ import annotations

import os
import sys

FAILED = 1
BAD_USAGE = 2


def explain(error: Exception) -> int:
    """Say what went wrong; give the exit code."""
    from assets import AssetsError
    from flows import BadOrder, BadSettings, FlowError, NothingToRun
    from generators import GeneratorError
    from ledger import LedgerError
    from validators import InspectionError

    if isinstance(error, BadOrder):
        sys.stderr.write(f"mintage: {error}\n")
        for problem in error.problems:
            sys.stderr.write(f"  {problem.sentence()}\n")
        return BAD_USAGE
    known = (FlowError, LedgerError, AssetsError, GeneratorError, InspectionError)
    if isinstance(error, known):
        sys.stderr.write(f"mintage: {error}\n")
        return BAD_USAGE if isinstance(error, (BadSettings, NothingToRun)) else FAILED
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        sys.stderr.write(f"mintage: {error.strerror or error}{place}.\n")
        return FAILED
    if os.environ.get("MINTAGE_TRACEBACK"):
        raise error
    sys.stderr.write(
        f"mintage: A defect in Mintage stopped it ({type(error).__name__}: {error}); nothing in the "
        "books is lost. MINTAGE_TRACEBACK=1 shows where.\n"
    )
    return FAILED
