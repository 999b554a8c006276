"""The forms that a field of an entry may have. Each is closed or narrow, so that no personal data fits into an entry.

Guarantees: `verify` raises `EntryRefusedError`, naming the field and never the value, unless the value has the form.
There is no form for free text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from verifier.audit.errors import EntryRefusedError

Field = str | int | Sequence["Field"] | Mapping[str, "Field"]
"""What an entry's field holds: text, whole numbers, lists and records of them. Times are RFC 3339 text."""

_MAX_ITEMS: Final = 1_000


class Form(Protocol):
    """What one field must look like."""

    def verify(self, name: str, value: object) -> None: ...


class Text:
    """ASCII text that matches a narrow pattern as a whole."""

    def __init__(self, pattern: str) -> None:
        self._pattern: Final = re.compile(pattern, re.ASCII)

    def verify(self, name: str, value: object) -> None:
        if not isinstance(value, str) or self._pattern.fullmatch(value) is None:
            raise EntryRefusedError(f"the field {name} does not have its form")


class Word:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words: Final = frozenset(words)

    def verify(self, name: str, value: object) -> None:
        if not isinstance(value, str) or value not in self.words:
            raise EntryRefusedError(f"the field {name} is none of its words")


@dataclass(frozen=True)
class Number:
    """A whole number within bounds, both included; at most 2^53 - 1, which every JSON reader keeps exactly."""

    least: int
    most: int = (1 << 53) - 1

    def verify(self, name: str, value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise EntryRefusedError(f"the field {name} is no whole number within its bounds")


class Time:
    """RFC 3339 in UTC with microseconds: one text per instant."""

    def verify(self, name: str, value: object) -> None:
        if not isinstance(value, str):
            raise EntryRefusedError(f"the field {name} is no time")
        parse_time(value, name=name)


@dataclass(frozen=True)
class ListOf:
    """A list whose items all have one form; it may be empty."""

    item: Form

    def verify(self, name: str, value: object) -> None:
        if not isinstance(value, list | tuple) or len(value) > _MAX_ITEMS:
            raise EntryRefusedError(f"the field {name} is no list, or is too long")
        for each in value:
            self.item.verify(name, each)


@dataclass(frozen=True)
class Record:
    """Exactly these fields; those in `optional` may be left out."""

    fields: Mapping[str, Form]
    optional: frozenset[str] = frozenset()

    def verify(self, name: str, value: object) -> None:
        if not isinstance(value, Mapping):
            raise EntryRefusedError(f"{name} is no record")
        missing = self.fields.keys() - self.optional - value.keys()
        if missing:
            raise EntryRefusedError(f"{name} lacks the field {min(missing)}")
        if value.keys() - self.fields.keys():  # an unknown name may itself be personal: it is not repeated
            raise EntryRefusedError(f"{name} has a field that the catalogue does not know")
        for key, each in value.items():
            self.fields[key].verify(f"{name}.{key}", each)


def format_time(at: datetime) -> str:
    """`at`, which must be aware, as an entry's text."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str, *, name: str) -> datetime:
    """Raise `EntryRefusedError` unless `text` is the one form of an instant."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise EntryRefusedError(f"the field {name} is no time") from error
    if at.tzinfo is not UTC or format_time(at) != text:
        raise EntryRefusedError(f"the field {name} is no time in UTC with microseconds")
    return at
