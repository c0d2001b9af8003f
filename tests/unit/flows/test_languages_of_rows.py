"""Title, alt text, rights and language of a manifest's row agree, whatever languages a label has."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from flows.job_labels import JobLabel
from flows.manifest_rows import _texts


@pytest.mark.parametrize(
    ("title", "alt", "rights", "told"),
    [
        # As the order says `language: ar`: the main language first, where a text has it.
        (
            {"ar": "كوب", "en": "Mug"},
            {"en": "A mug", "he": "ספל"},
            {"de": "Nur hier", "ar": "هنا"},
            ("ar", "كوب", "A mug", "هنا"),
        ),
        ({"en": "Mug"}, {"de": "Tasse", "en": "A mug"}, {}, ("en", "Mug", "A mug", "")),
        ({"und": "Mug"}, {"de": "Tasse"}, {"und": "©"}, ("de", "Mug", "Tasse", "©")),
        ({"und": "Mug"}, {}, {"fr": "Ici"}, ("fr", "Mug", "", "Ici")),
        ({"und": "Mug"}, {}, {}, ("", "Mug", "", "")),
    ],
)
def test_a_row_is_in_one_language_where_its_texts_are(
    title: Mapping[str, str],
    alt: Mapping[str, str],
    rights: Mapping[str, str],
    told: tuple[str, ...],
) -> None:
    row = _texts(JobLabel(title=title, source_type="", alt=alt, rights=rights))
    assert (row["language"], row["title"], row["alt"], row["rights"]) == told
    for name, texts in (("title", title), ("alt", alt), ("rights", rights)):
        assert row["texts"].get(name, {}) == ({} if set(texts) <= {"und"} else texts)
