"""Typed reading of one field at a time, each refusal with its place and what to write instead.

Guarantees that what is returned lies within the bounds that were given, and that sentences hold no control or
direction-changing characters. What the fields mean together is left to `policies.language` and `policies.sections`.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Final

from policies.errors import quote
from policies.measures import describe_duration, describe_size, find_duration, find_size
from policies.nodes import Fields, Items, Leaf, Node
from policies.parts import Table, Text

CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_LONGEST_TEXT: Final = 600
# Embedding, override and isolate controls make a sentence read differently from what is stored; joiners and plain
# direction marks stay allowed, several scripts need them.
_NEVER: Final = frozenset("\ufeff\ufffe\uffff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def suggest(word: str, known: Collection[str]) -> str:
    """` Did you mean …?` for a near miss, otherwise the list of what is known, otherwise nothing."""
    near = difflib.get_close_matches(word[:64], known, n=1)
    if near:
        return f" Did you mean `{near[0]}`?"
    return f" Known here: {', '.join(f'`{name}`' for name in sorted(known))}." if known else ""


def read_fields(node: Node, *, what: str, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Node]:
    """The entries of a mapping that has all of `required`, and otherwise only `optional`."""
    if not isinstance(node, Fields):
        raise node.place.refuse("wrong_kind", f"{what} is a mapping (`key: value`).")
    known = {*required, *optional}
    for key, _ in node.pairs:
        if key.text not in known:
            raise key.place.refuse("unknown_key", f"{what} has no {quote(key.text)}.{suggest(key.text, known)}")
    found = {key.text: value for key, value in node.pairs}
    for name in required:
        if name not in found:
            raise node.place.refuse("missing_key", f"{what} needs `{name}`.")
    return found


def read_items(node: Node, *, what: str, least: int, most: int) -> tuple[Node, ...]:
    """The entries of a list."""
    if not isinstance(node, Items):
        raise node.place.refuse("wrong_kind", f"{what} is a list.")
    if len(node.nodes) < least:
        raise node.place.refuse("too_few", f"{what} needs at least {least} {'entry' if least == 1 else 'entries'}.")
    if len(node.nodes) > most:
        raise node.nodes[most].place.refuse("too_many", f"{what} takes at most {most} entries.")
    return node.nodes


def read_word(node: Node, *, what: str) -> str:
    """One scalar, as written."""
    if not isinstance(node, Leaf):
        raise node.place.refuse("wrong_kind", f"{what} is one value, not a list or a mapping.")
    return node.text


def read_code(node: Node, *, what: str, pattern: re.Pattern[str] = CODE) -> str:
    """A name that machines use."""
    word = read_word(node, what=what)
    if pattern.fullmatch(word) is None:
        raise node.place.refuse("bad_code", f"{what} must match `{pattern.pattern}`; {quote(word)} does not.")
    return word


def read_codes(node: Node, *, what: str, most: int) -> tuple[str, ...]:
    """A list of codes, at least one, none twice."""
    codes: list[str] = []
    for item in read_items(node, what=what, least=1, most=most):
        code = read_code(item, what=f"An entry of {what}")
        if code in codes:
            raise item.place.refuse("duplicate_code", f"`{code}` stands here twice. Keep one.")
        codes.append(code)
    return tuple(codes)


def read_choice(node: Node, *, what: str, choices: Collection[str]) -> str:
    """One of a closed list of words."""
    word = read_word(node, what=what)
    if word not in choices:
        raise node.place.refuse("unknown_choice", f"{what} cannot be {quote(word)}.{suggest(word, choices)}")
    return word


def read_switch(node: Node, *, what: str) -> bool:
    """`true` or `false`, unquoted; YAML's `yes`, `on` and `Off` are refused, so that nobody must guess."""
    word = read_word(node, what=what)
    if word not in {"true", "false"} or not (isinstance(node, Leaf) and node.is_plain):
        raise node.place.refuse("bad_switch", f"{what} is `true` or `false`.")
    return word == "true"


def read_number(node: Node, *, what: str, least: int, most: int) -> int:
    """A whole number."""
    word = read_word(node, what=what)
    if _NUMBER.fullmatch(word) is None:
        raise node.place.refuse("bad_number", f"{what} is a whole number in digits; {quote(word)} is not.")
    if not least <= int(word) <= most:
        raise node.place.refuse("out_of_range", f"{what} lies between {least} and {most}.")
    return int(word)


def read_duration(node: Node, *, what: str, least: timedelta, most: timedelta) -> timedelta:
    """An ISO 8601 duration in weeks, days, hours, minutes, seconds."""
    word = read_word(node, what=what)
    value = find_duration(word)
    if value is None:
        advice = "Write days or hours, as in P3D or PT48H; months and years have no fixed length."
        raise node.place.refuse("bad_duration", f"{what} is a duration; {quote(word)} is not. {advice}")
    if not least <= value <= most:
        bounds = f"{describe_duration(least)} and {describe_duration(most)}"
        raise node.place.refuse("out_of_range", f"{what} lies between {bounds}.")
    return value


def read_switch_or(found: Mapping[str, Node], name: str, *, default: bool) -> bool:
    """The switch of this name, or what stands in for it."""
    return read_switch(found[name], what=f"`{name}`") if name in found else default


def read_number_or(found: Mapping[str, Node], name: str, *, least: int, most: int, default: int) -> int:
    """The number of this name, or what stands in for it."""
    return read_number(found[name], what=f"`{name}`", least=least, most=most) if name in found else default


def read_duration_or(
    found: Mapping[str, Node], name: str, *, least: timedelta, most: timedelta, default: timedelta
) -> timedelta:
    """The duration of this name, or what stands in for it."""
    return read_duration(found[name], what=f"`{name}`", least=least, most=most) if name in found else default


def read_size(node: Node, *, what: str, least: int, most: int) -> int:
    """A size in bytes."""
    word = read_word(node, what=what)
    value = find_size(word)
    if value is None:
        raise node.place.refuse("bad_size", f"{what} is a size such as 20MB or 16MiB; {quote(word)} is not.")
    if not least <= value <= most:
        raise node.place.refuse(
            "out_of_range", f"{what} lies between {describe_size(least)} and {describe_size(most)}."
        )
    return value


def read_text(node: Node, *, what: str) -> Text:
    """One sentence in several languages; line breaks fold into spaces."""
    if not isinstance(node, Fields):
        raise node.place.refuse("wrong_kind", f'{what} is a sentence by language, as in {{en: "..."}}.')
    sentences: dict[str, str] = {}
    for key, value in node.pairs:
        if LANGUAGE.fullmatch(key.text) is None:
            raise key.place.refuse("bad_language", f"{quote(key.text)} is no language code such as en, de or pt-BR.")
        sentences[key.text] = _sentence(value, what=what)
    if "en" not in sentences:
        raise node.place.refuse("missing_english", f"{what} needs an English sentence (`en`): others fall back to it.")
    return Text.of(sorted(sentences.items()))


def _sentence(node: Node, *, what: str) -> str:
    text = re.sub(r"[ \t\r\n]+", " ", read_word(node, what=what)).strip(" ")
    if not text:
        raise node.place.refuse("bad_text", f"{what} is empty. Write the sentence that people read.")
    if len(text) > _LONGEST_TEXT:
        raise node.place.refuse("bad_text", f"{what} is longer than {_LONGEST_TEXT} characters. Say it shorter.")
    for sign in text:
        if sign in _NEVER or unicodedata.category(sign) in {"Cc", "Cs", "Co", "Zl", "Zp"}:
            raise node.place.refuse("bad_text", f"{what} holds the invisible character U+{ord(sign):04X}. Remove it.")
    return text


def read_coded_texts(node: Node, *, what: str, least: int, most: int, stock: Mapping[str, Text]) -> Table[Text]:
    """A list of `- code: {en: "..."}`, in its order; a bare `- code` takes its sentence from `stock`."""
    found: dict[str, Text] = {}
    for item in read_items(node, what=what, least=least, most=most):
        for key, code, text in _coded(item, what=what, stock=stock):
            if code in found:
                raise key.place.refuse("duplicate_code", f"`{code}` stands in {what} twice. Keep one.")
            found[code] = text
    return Table.of(found.items())


def _coded(item: Node, *, what: str, stock: Mapping[str, Text]) -> Iterator[tuple[Leaf, str, Text]]:
    if isinstance(item, Leaf):
        code = read_code(item, what=f"An entry of {what}")
        if code not in stock:
            advice = "Give it a sentence, as in `- code: {en: ...}`." + (suggest(code, stock) if stock else "")
            raise item.place.refuse("unknown_reason", f"`{code}` in {what} has no sentence of its own. {advice}")
        yield item, code, stock[code]
        return
    if not isinstance(item, Fields) or len(item.pairs) != 1:
        raise item.place.refuse(
            "wrong_kind", f"An entry of {what} is one code and its sentence: `- code: {{en: ...}}`."
        )
    key, value = item.pairs[0]
    yield key, read_code(key, what=f"An entry of {what}"), read_text(value, what=f"`{key.text}` in {what}")
