"""Turns what went wrong into one sentence on standard error and an exit code."""

from __future__ import annotations

import os

from console.streams import hush, tell

FAILED = 1
BAD_USAGE = 2
FIRST_WORDS = frozenset({"a", "an", "another", "attempt", "every", "job", "order", "the", "there"})
"""What the books' sentences begin with: they are written to stand inside others."""


def explain(error: Exception) -> int:
    """Say what went wrong; give the exit code."""
    from assets import AssetsError, BadStoreUrl
    from flows import BadOrder, BadSettings, FlowError, NothingToRun
    from flows.errors import BadStatement
    from generators import GeneratorError
    from ledger import LedgerError
    from validators import InspectionError

    if isinstance(error, (BadOrder, BadStatement)):
        tell(f"mintage: {error}")
        for problem in error.problems:
            tell(f"  {problem.sentence()}")
        return BAD_USAGE
    known = (FlowError, LedgerError, AssetsError, GeneratorError, InspectionError)
    if isinstance(error, known):
        tell(f"mintage: {sentence(str(error))}")
        misused = (BadSettings, NothingToRun, BadStoreUrl)
        return BAD_USAGE if isinstance(error, misused) else FAILED
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        tell(f"mintage: {error.strerror or error}{place}.")
        # Where standard output itself cannot be written, Python would stumble over the rest at exit.
        hush()
        return FAILED
    if os.environ.get("MINTAGE_TRACEBACK"):
        raise error
    tell(
        f"mintage: A defect in Mintage stopped it ({type(error).__name__}: {error}); nothing in the "
        "books is lost. MINTAGE_TRACEBACK=1 shows where."
    )
    return FAILED


def sentence(text: str) -> str:
    """Give a message a capital and a full stop; a name, a path or an id at its start stays as it is."""
    text = " ".join(text.split())
    if text.partition(" ")[0] in FIRST_WORDS:
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
