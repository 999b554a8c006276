"""Strict YAML: a text becomes a small tree in which everything knows its line and column.

Guarantees: one document, no directives, no anchors or aliases, no tags, no key twice, bounded length and depth; no
text raises anything but `PolicyError`. Scalars stay text: what `no`, `1e3` or `2026-11-20` means is decided by
whoever reads the field (`policies.reading`), never guessed here.

It builds from the parser's events and not from composed nodes, because composing resolves aliases and fills in tags:
afterwards nobody can tell what was written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from policies.errors import PolicyError, PolicyErrorCode, quote

_LONGEST: Final = 256 * 1024  # characters
_DEEPEST: Final = 12  # a policy needs six


@dataclass(frozen=True)
class Place:
    """Where something stands; lines and columns count from 1."""

    origin: str
    line: int
    column: int

    def refuse(self, code: PolicyErrorCode, sentence: str) -> PolicyError:
        """The error to raise for what stands here."""
        return PolicyError(code, sentence=sentence, origin=self.origin, line=self.line, column=self.column)


@dataclass(frozen=True)
class Leaf:
    """A scalar, as written; `is_plain` tells `3` from `"3"`."""

    place: Place
    text: str
    is_plain: bool


@dataclass(frozen=True)
class Items:
    """A list."""

    place: Place
    nodes: tuple["Node", ...]


@dataclass(frozen=True)
class Fields:
    """A mapping, in its written order, each key once."""

    place: Place
    pairs: tuple[tuple[Leaf, "Node"], ...]


Node = Leaf | Items | Fields


def read_tree(text: str, *, origin: str) -> Node:
    """Read one strict YAML document; raises `PolicyError` for everything else."""
    start = Place(origin, 1, 1)
    if len(text) > _LONGEST:
        raise start.refuse("too_long", f"The text is longer than {_LONGEST} characters.")
    try:
        return _Builder(_events(text), start=start).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = start if mark is None else Place(origin, mark.line + 1, mark.column + 1)
        raise place.refuse("not_yaml", f"This is not well-formed YAML: {error.problem or error.context}.") from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(origin, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        raise place.refuse("not_yaml", "This character cannot stand in YAML. Remove it.") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML lets ValueError out for escapes beyond Unicode and for version numbers of thousands of digits.
        raise start.refuse("not_yaml", "This is not well-formed YAML.") from error


def _events(text: str) -> Iterator[yaml.Event]:
    # The pure-Python loader: libyaml words its refusals differently, and one language needs one reader.
    return yaml.parse(text, Loader=yaml.SafeLoader)


class _Builder:
    def __init__(self, events: Iterator[yaml.Event], *, start: Place) -> None:
        self._events = events
        self._start = start

    def document(self) -> Node:
        self._next()  # the start of the stream
        begin = self._next()
        if not isinstance(begin, yaml.DocumentStartEvent):
            raise self._start.refuse("wrong_kind", "The text is empty. A policy begins with `policy: <its name>`.")
        if begin.version or begin.tags:
            raise self._place(begin).refuse("tag", "YAML directives (%) are not part of this language. Remove them.")
        root = self._node(self._next(), depth=1)
        self._next()  # the end of the document
        after = self._next()
        if isinstance(after, yaml.DocumentStartEvent):
            raise self._place(after).refuse("several_documents", "One text holds one document. Remove this one.")
        return root

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return self._start if mark is None else Place(self._start.origin, mark.line + 1, mark.column + 1)

    def _node(self, event: yaml.Event, *, depth: int) -> Node:
        place = self._place(event)
        if depth > _DEEPEST:
            raise place.refuse("too_deep", f"Nothing in this language is nested more than {_DEEPEST} levels deep.")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise place.refuse("anchor", "Anchors and aliases (& and *) are not part of this language. Write it out.")
        if getattr(event, "tag", None) is not None:
            raise place.refuse("tag", "Tags (!) are not part of this language. Remove it.")
        if isinstance(event, yaml.ScalarEvent):
            return Leaf(place, event.value, is_plain=event.style is None)
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(place, tuple(self._items(depth=depth)))
        return Fields(place, tuple(self._pairs(depth=depth)))

    def _items(self, *, depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth=depth + 1)

    def _pairs(self, *, depth: int) -> Iterator[tuple[Leaf, Node]]:
        seen: set[str] = set()
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth=depth + 1)
            if not isinstance(key, Leaf):
                raise key.place.refuse("wrong_kind", "A key is one word, not a list or a mapping.")
            if key.text in seen:
                raise key.place.refuse("duplicate_key", f"{quote(key.text)} stands here twice. Keep one.")
            seen.add(key.text)
            yield key, self._node(self._next(), depth=depth + 1)
