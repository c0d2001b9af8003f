"""What one job's files say of themselves: the order's texts with placeholders filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Texts = Mapping[str, str]
"""One text by language: BCP 47 tag to text, the main language first; `und` where nobody said."""

_TEXTS = ("title", "alt", "description", "rights")


@dataclass(frozen=True, slots=True)
class JobLabel:
    """The texts of one job. Neither who builds nor who judges is told them.

    `embed` says whether they are written into the files; manifest and receipt have them anyway.
    """

    title: Texts
    source_type: str
    """IPTC's term for who made it, as the model's provider says it: see `assets.Label`."""
    alt: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)
    rights: Texts = field(default_factory=dict)
    credit: str = ""
    tags: tuple[str, ...] = ()
    embed: bool = True

    def to_data(self) -> dict[str, Any]:
        """Give it as JSON values, what is empty left out; languages keep their order as lists of pairs."""
        data: dict[str, Any] = {"source_type": self.source_type}
        for name in _TEXTS:
            # Keys are sorted where the books' JSON is written, and the first language is the main one.
            texts = getattr(self, name)
            if texts:
                data[name] = [list(pair) for pair in texts.items()]
        if self.credit:
            data["credit"] = self.credit
        if self.tags:
            data["tags"] = list(self.tags)
        if not self.embed:
            data["embed"] = False
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> JobLabel:
        """Read what `to_data` gave."""
        texts = {name: {str(tag): str(text) for tag, text in data.get(name, ())} for name in _TEXTS}
        return cls(**{**data, **texts, "tags": tuple(data.get("tags", ()))})


@dataclass(frozen=True, slots=True)
class RenditionBrief:
    """Another file made from a job's accepted master: its name, its form, and what done means for it."""

    name: str
    width: int
    height: int
    format: str
    quality: int
    upscale_max: str
    """The most that a side of the master may be enlarged, in times; a decimal number."""
    progressive: bool
    done: tuple[object, ...]
    """Its own criteria as the order writes them, placeholders filled in."""

    def to_data(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {
            "done": list(self.done)
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RenditionBrief:
        """Read what `to_data` gave."""
        return cls(**{**data, "done": tuple(data["done"])})
