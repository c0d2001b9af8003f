"""Who decides and why, as finance's decisions keep it: a person's name and a line of plain text."""

from __future__ import annotations

import unicodedata
from typing import Final

from ledger import persons
from ledger.errors import LedgerError, ReviewRefused

REASON_CHARACTERS_MAX: Final = 500

SETTINGS_FILE: Final = "settings file"
"""How the file of caps signs what it sets; nobody else can sign with it."""

# Control and format characters, halves of surrogate pairs, line and paragraph separators.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def signed(by: str, because: str, act: str, refusal: type[LedgerError]) -> tuple[str, str]:
    """Give who and why as they are kept; `act` is what they do, such as "a period is closed".

    Raises:
        LedgerError: the `refusal`: nobody or no reason is named, or in a form that hides something.
    """
    if not by.strip() or not because.strip():
        raise refusal(f"{act} by somebody and for a reason: say both")
    return person(by, act, refusal), reason(because, refusal)


def person(by: str, act: str, refusal: type[LedgerError]) -> str:
    """Give a person's name as it is kept.

    Raises:
        LedgerError: the `refusal`: it is neither an e-mail address nor a name in one script.
    """
    if is_the_file(by):
        raise refusal(f"{act} by a person, and {by[:80]!a} is how the file of caps signs")
    try:
        return persons.reviewer(by)
    except ReviewRefused:
        raise refusal(
            f"{act} by a person: an e-mail address with nothing around it, such as "
            f"maria@acme.example, or a name of letters, digits, spaces and .'- in one script; "
            f"{by[:80]!a} is neither"
        ) from None


def is_the_file(by: str) -> bool:
    """Whether a name may be read as the file of caps, in whatever spelling."""
    return persons.is_same(by, SETTINGS_FILE)


def first_unseen(text: str) -> str | None:
    """Give the first character of one line of text that nobody sees, or that steers others."""
    return next((one for one in text if unicodedata.category(one) in _UNSEEN), None)


def reason(because: str, refusal: type[LedgerError]) -> str:
    """Give a reason as it is kept.

    Raises:
        LedgerError: the `refusal`: it has no word, characters that nobody sees, or too many.
    """
    unseen = first_unseen(because)
    if unseen is not None:
        raise refusal(
            f"a reason is one line of plain text, and this one has the character {unseen!a}: leave "
            "it out"
        )
    why = " ".join(because.split())
    if not any(character.isalnum() for character in why):
        raise refusal(f"{because!a} is no reason: say why, in a sentence")
    if len(why) > REASON_CHARACTERS_MAX:
        raise refusal(
            f"a reason has at most {REASON_CHARACTERS_MAX} characters, and this one has {len(why)}"
        )
    return why
