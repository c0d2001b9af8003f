"""What is written in a picture.

Measured with the defaults on 41 photographs without text, on which nothing was read, and on the
same with a line on them (docs/criteria-rates.md): at 4 % of the height every line was read and every
letter that was wrong was noticed, at 2 % two lines of 41 were missed.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Self

from pydantic import Field, model_validator

from validators.criterion import Criterion, Finding, JSONValue, Mark, Remedy
from validators.picture import Picture
from validators.reading import Line, read_lines
from validators.word_list import AS_LIST

_ALIKE: Final = 0.6
_SHOWN: Final = 60
_Phrase = Annotated[str, Field(min_length=1, max_length=200)]


class Text(Criterion):
    """There is no text in the picture, or only these words, spelled right, or none of the forbidden.

    Without `words` nothing may be written in it. With them, all that is written is made of these
    words, and each of them is there (unless `required: false`). With `forbidden` and no `words`,
    anything may be written but those words, whole ones as they stand there. Words of a phrase that
    stand in one line stand in its order; over several lines they may stand in any. Capitals, spaces
    and punctuation make no difference. Lines that run upwards or downwards are read too, and what
    is transparent is read over white and over black. Read by machine (RapidOCR): what has fewer
    than `min_characters` letters and digits, is lower than `min_height` or read with less than
    `min_score` does not count, because the reader sees single characters where there are none.
    Script, graffiti and text that is upside down may be missed.
    """

    name = "text"
    version = 2
    cost_ms = 95.0
    extra = "vision"
    modules = ("rapidocr", "onnxruntime", "cv2", "numpy")
    example: ClassVar = {"words": ["Summer Sale", "50 % off"]}

    words: Annotated[tuple[_Phrase, ...], Field(max_length=100), AS_LIST] = Field(
        default=(), description="the words or phrases that may be in the picture; none by default"
    )
    forbidden: Annotated[tuple[_Phrase, ...], Field(max_length=100), AS_LIST] = Field(
        default=(), description="words or phrases that must not be in the picture"
    )
    required: bool = Field(default=True, description="whether each of the words must be there")
    min_characters: Annotated[int, Field(ge=1, le=50)] = Field(
        default=3,
        description="from how many letters and digits on a line counts",
        json_schema_extra={"unit": "characters"},
    )
    min_score: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.8,
        description="how sure the reader must be of a line",
        json_schema_extra={"unit": "score of the model"},
    )
    min_height: Annotated[float, Field(ge=0.005, le=1)] = Field(
        default=0.015,
        description="from which height on a line counts",
        json_schema_extra={"unit": "part of the picture's height"},
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        barred = self._barred(self)
        if barred is not None:
            raise ValueError(f"words without what is forbidden: {barred}")
        return self

    def contradicts_other(self, other: Criterion) -> str | None:
        """Say which words have to be there here and must not be there."""
        return self._barred(other) if isinstance(other, Text) else None

    def _barred(self, other: Text) -> str | None:
        """Name the first phrase that this one needs and the other would see and refuse."""
        seen = other.min_height <= self.min_height and other.min_score <= self.min_score
        if not self.required or not seen:
            return None
        for phrase in self.words:
            named = next((one for one in other.forbidden if _contains(phrase, one)), None)
            if named is not None:
                return f"{phrase!r} is asked for and {named!r} is forbidden"
            if other is not self and other._is_strange_text(phrase):
                return f"{phrase!r} is asked for and is no text that may be there"
        return None

    def inspect(self, picture: Picture) -> Finding:
        """Read the picture, and compare what counts with what may be there."""
        lines = read_lines(picture, self.min_height)
        read = [line for line in lines if line.score >= self.min_score]
        strange = [line for line in read if self._is_strange(line)]
        named = _written(self.forbidden, read)
        absent = [phrase for phrase in self.words if self.required and not _is_in(phrase, read)]
        measured: dict[str, JSONValue] = {
            "read": [line.text for line in read],
            "strange": [line.text for line in strange],
            "absent": list[JSONValue](absent),
            "forbidden": list[JSONValue](named),
            "least_score": min((line.score for line in read), default=None),
        }
        reason = self._reason(read, strange, absent, named)
        marks = tuple(
            Mark(line.text[:_SHOWN], line.box, line not in strange and not _written(named, [line]))
            for line in read
        )
        if reason is None:
            return Finding(passed=True, measured=measured, marks=marks)
        remedy = Remedy("new_seed") if self.words or named else Remedy("avoid", "text")
        return Finding(passed=False, measured=measured, reason=reason, remedy=remedy, marks=marks)

    def _is_strange(self, line: Line) -> bool:
        return self._is_strange_text(line.text)

    def _is_strange_text(self, text: str) -> bool:
        letters = _letters(text)
        if len(letters) < self.min_characters or (self.forbidden and not self.words):
            return False
        known = {_letters(word) for phrase in self.words for word in (phrase, *phrase.split())}
        return not _is_made_of(letters, known - {""})

    def _reason(
        self, read: list[Line], strange: list[Line], absent: list[str], named: list[str]
    ) -> str | None:
        if named:
            return f"The picture says {named[0]!r}, which is forbidden."
        if strange and not self.words:
            return f"The picture has text in it ({_quoted(strange)}); none is wanted."
        if strange:
            return self._said_instead(strange)
        if not absent:
            return None
        jumbled = _stands_jumbled(absent[0], read)
        fault = "stand in another order in" if jumbled else "are not in"
        return f"The words {absent[0]!r} {fault} the picture{'' if jumbled else ', or cannot be read'}."

    def _said_instead(self, strange: list[Line]) -> str:
        said = strange[0].text[:_SHOWN]
        near = difflib.get_close_matches(said.casefold(), _folded(self.words), 1, _ALIKE)
        if near:
            return f"The picture says {said!r} where {_folded(self.words)[near[0]]!r} is wanted."
        return f"The picture says {_quoted(strange)}, which is not among the words for it."


def _letters(text: str) -> str:
    """Return the letters and digits alone, capitals made small, full-width forms made plain."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def _is_made_of(letters: str, words: set[str]) -> bool:
    """Say whether it is some of the words one behind the other; readers lose the spaces."""
    ends = {0}
    for start in range(len(letters)):
        if start in ends:
            ends |= {start + len(word) for word in words if letters.startswith(word, start)}
    return len(letters) in ends


def _is_in(phrase: str, lines: list[Line]) -> bool:
    """Say whether the phrase is written, in one line in its order or broken over several."""
    words = [_letters(word) for word in phrase.split()]
    whole = "".join(_letters(line.text) for line in lines)
    return all(word in whole for word in words) and not _stands_jumbled(phrase, lines)


def _stands_jumbled(phrase: str, lines: list[Line]) -> bool:
    """Say whether lines have all words of the phrase in them, but none has them in its order."""
    words = [_letters(word) for word in phrase.split()]
    each = [_letters(line.text) for line in lines]
    holders = [line for line in each if all(word in line for word in words)]
    in_order = re.compile(".*".join(re.escape(word) for word in words))
    return bool(holders) and not any(in_order.search(line) for line in holders)


def _written(phrases: Sequence[str], lines: Sequence[Line]) -> list[str]:
    """Return the phrases that are written as whole words, in one line or broken over several."""
    words = [word for line in lines for word in _words(line.text)]
    # The reader may lose the spaces, and then a line is one word.
    whole = {_letters(line.text) for line in lines}
    found = []
    for phrase in phrases:
        wanted = _words(phrase)
        starts = range(len(words) - len(wanted) + 1) if wanted else ()
        if _letters(phrase) in whole or any(
            words[start : start + len(wanted)] == wanted for start in starts
        ):
            found.append(phrase)
    return found


def _contains(text: str, phrase: str) -> bool:
    """Say whether the words of the phrase stand in the text, one behind the other."""
    words, wanted = _words(text), _words(phrase)
    starts = range(len(words) - len(wanted) + 1) if wanted else ()
    return any(words[start : start + len(wanted)] == wanted for start in starts)


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.findall(r"\w+", plain)


def _folded(phrases: tuple[str, ...]) -> dict[str, str]:
    return {phrase.casefold(): phrase for phrase in phrases}


def _quoted(lines: list[Line]) -> str:
    return ", ".join(repr(line.text[:_SHOWN]) for line in lines[:3])
