"""Who reviews and who owns: names in a strict form, and the keys by which two are one person's.

What a key cannot know: two addresses, or a name and an address, of one person. `docs/review.md`
says so.
"""

from __future__ import annotations

import re
import unicodedata

from ledger.errors import ReviewRefused

REVIEWER_CHARACTERS_MAX = 200

_LOCAL = r"[a-z0-9_]+(?:[.'+-]+[a-z0-9_]+)*"
_LABEL = r"[a-z0-9]+(?:-+[a-z0-9]+)*"
_ADDRESS = re.compile(rf"({_LOCAL})@({_LABEL}(?:\.{_LABEL})*)")
_DOUBLE = re.compile(r"\.\.|\.[+']|[+']\.")
_NAME_MARKS = frozenset(" .'-")
# Letters that nobody sees.
_UNSEEN = frozenset("\u115f\u1160\u17b4\u17b5\u034f")
# Scripts that are written together; the words are those of Unicode's names of characters.
_TOGETHER = (
    frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC"}),
    frozenset({"CJK", "HANGUL"}),
    frozenset({"CJK", "BOPOMOFO"}),
)
# Cyrillic and Greek letters that look like Latin ones.
_LOOKALIKES = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0458\u0455"
    "\u0501\u051b\u051d\u04bb\u04cf\u03b1\u03bf\u03bd\u03b9\u03ba\u03c1\u03c4\u03c5\u03c7\u03b5"
    "\u03b2\u03b7\u0131",
    "abekmhopctyxijsdqwhlaovikptuxebni",
)


def reviewer(said: str) -> str:
    """Give a reviewer's name as it is kept: a plain address, or a name in one script.

    Raises:
        ReviewRefused: it names nobody, or is in another form.
    """
    named = unicodedata.normalize("NFC", said).strip(" ")
    if not any(character.isalnum() for character in named):
        raise ReviewRefused("a review is somebody's: say whose, such as maria@acme.example")
    if len(named) > REVIEWER_CHARACTERS_MAX or len(named.splitlines()) > 1:
        raise ReviewRefused(
            f"a reviewer is named on one line of at most {REVIEWER_CHARACTERS_MAX} characters"
        )
    if not (_is_address(named) or _is_name(named)):
        raise ReviewRefused(
            f"a reviewer is an e-mail address with nothing around it, such as maria@acme.example, "
            f"or a name of letters, digits, spaces and .'- in one script: {named!a} is neither"
        )
    return named


def reviewer_key(named: str) -> str:
    """Give what a reviewer's names have in common, however they are written; it has no spaces."""
    folded = _fold(named)
    found = _ADDRESS.fullmatch(folded)
    return _address_key(found) if found else _name_key(folded)


def owner_keys(owner: str) -> str:
    """Give the keys of all that an order's owner may review as, each with a space on either side.

    An owner is any text: every address in it counts, the part before its @ as well, and what is
    left of the text as a name.
    """
    folded = _fold(owner)
    keys: dict[str, None] = {}
    for found in _ADDRESS.finditer(folded):
        keys |= dict.fromkeys((_address_key(found), _name_key(_untagged(found[1]))))
    rest = _ADDRESS.sub(" ", folded).replace("mailto:", " ")
    keys[_name_key(rest)] = None
    keys.pop("", None)
    return f" {' '.join(keys or ('-',))} "


def is_owner(named: str, owner: str) -> bool:
    """Whether a reviewer's name is one of those of an order's owner."""
    return f" {reviewer_key(named)} " in owner_keys(owner)


def is_same(one: str, other: str) -> bool:
    """Whether two names may be one person's: spelled otherwise, or an address and its local part."""
    return is_owner(one, other) or is_owner(other, one)


def first_unseen(text: str) -> str | None:
    """Give the first character that has no picture of its own, or steers others; newlines may be."""
    return next(
        (
            character
            for character in text
            if unicodedata.category(character) in {"Cc", "Cf"} and character not in "\t\r\n"
        ),
        None,
    )


def _is_address(named: str) -> bool:
    lowered = named.lower()
    return named.isascii() and bool(_ADDRESS.fullmatch(lowered)) and not _DOUBLE.search(lowered)


def _is_name(named: str) -> bool:
    if unicodedata.normalize("NFKC", named) != named or not _name_key(_fold(named)):
        return False
    scripts = set()
    for character in named:
        kind = unicodedata.category(character)
        if character in _NAME_MARKS or kind == "Nd":
            continue
        script = unicodedata.name(character, "").partition(" ")[0]
        if kind[0] not in "LM" or character in _UNSEEN or script == "VARIATION":
            return False
        if script != "COMBINING":
            scripts.add(script)
    return len(scripts) <= 1 or any(scripts <= together for together in _TOGETHER)


def _fold(text: str) -> str:
    """Leave out what makes no difference to whom a text names: case, width, accents, the unseen."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(character for character in plain if not _is_ornament(character))
    return unicodedata.normalize("NFKC", kept).translate(_LOOKALIKES)


def _is_ornament(character: str) -> bool:
    kind = unicodedata.category(character)
    if kind == "Mn":
        return unicodedata.name(character, "").startswith(("COMBINING", "VARIATION"))
    return kind in {"Cf", "Cc"} and not character.isspace()


def _untagged(local: str) -> str:
    return local.partition("+")[0]


def _address_key(found: re.Match[str]) -> str:
    return f"{_untagged(found[1])}@{found[2]}"


def _name_key(folded: str) -> str:
    return "".join(
        character
        for character in folded
        if unicodedata.category(character)[0] in "LM" or character.isdigit()
    )
