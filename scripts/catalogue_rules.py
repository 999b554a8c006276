"""What a translation must keep of its sentence, whatever it says.

It guarantees that a whole catalogue can be shown: nothing is missing or guessed, no value goes unsaid, no markup comes
in that the sentence does not have (pages show translations as they are, so a translator could otherwise write a page),
and the language keeps its own script and its one way to address people. Whether a sentence is good is left to readers.
"""

import re
from collections.abc import Iterator, Mapping
from gettext import c2py
from typing import Final

from babel.messages.catalog import Catalog, Message

_VALUES: Final = re.compile(r"%\(\w+\)[a-z]|%%|\{\w+\}")
_MARKUP: Final = re.compile(r"<|>|&#?\w+;|javascript:|https?://", re.IGNORECASE)
_ENDS: Final = (".", ":", "?", "…")

FORMS: Final[Mapping[str, int]] = {"nl": 2, "ru": 3, "sk": 3, "ro": 3}
"""How many plurals a language has (CLDR), so that one cannot come in with the forms of another."""

_FOREIGN: Final[Mapping[str, re.Pattern[str]]] = {
    # One form of address to people throughout; the letters of the language, and no lookalikes of them.
    "nl": re.compile(r"\b(je|jij|jou|jouw|jullie)\b|[А-я]", re.IGNORECASE),
    "ru": re.compile(r"\b(ты|тебя|тебе|твой|твоя|твои)\b|(?<=[а-яё,] )(Вы|Вас|Вам|Ваш\w*)\b"),
    "sk": re.compile(r"\b(ty|teba|tebe|tvoj|tvoja|tvoje)\b|[А-яěřů]", re.IGNORECASE),
    "ro": re.compile(r"\b(tu|tău|ta|tale|tăi|ție)\b|[А-яşţŞŢ]"),  # comma below, not cedilla
}


def find_faults(template: Catalog, catalog: Catalog, *, language: str) -> Iterator[str]:
    """Sentences about what is wrong with `catalog`, which is to translate all of `template`."""
    if catalog.num_plurals != FORMS.get(language, catalog.num_plurals):
        yield f"has {catalog.num_plurals} plural forms, and the language has {FORMS[language]}."
    for wanted in template:
        if not wanted.id:
            continue
        found = catalog.get(wanted.id, context=wanted.context)
        if found is None:
            yield f"lacks {wanted.id!r}."
        elif found.fuzzy:
            yield f"guesses {wanted.id!r}."
        else:
            yield from (f"{fault}: {wanted.id!r}" for fault in _faults_of(found, language=language, catalog=catalog))


def _faults_of(message: Message, *, language: str, catalog: Catalog) -> Iterator[str]:
    ids = tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,)
    strings = tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string,)
    if len(strings) != (catalog.num_plurals if len(ids) > 1 else 1):
        yield "has the wrong number of plural forms"
        return
    for form, string in enumerate(strings):
        # The singular may leave out the number, as "one person" does, where it is said of 1 alone and not of 21.
        source = ids[0] if form == 0 and _is_said_of_one_alone(catalog) else ids[-1]
        if not string:
            yield "is not translated"
        elif _values_of(string) not in (_values_of(source), _values_of(ids[-1])):
            yield "says other values"
        else:
            yield from _faults_of_text(ids[-1], string, language=language)


def _is_said_of_one_alone(catalog: Catalog) -> bool:
    form_of = c2py(catalog.plural_expr)
    return [count for count in range(200) if form_of(count) == 0] == [1]


def _values_of(text: str) -> list[str]:
    return sorted(_VALUES.findall(text))


def _faults_of_text(source: str, string: str, *, language: str) -> Iterator[str]:
    if sorted(_MARKUP.findall(source)) != sorted(_MARKUP.findall(string)):
        yield "brings in markup or an address"
    if _outline(source) != _outline(string):
        yield "begins, ends or breaks its lines otherwise"
    if language in _FOREIGN and _FOREIGN[language].search(string):
        yield "has another form of address, or letters of another language"


def _outline(text: str) -> tuple[bool, bool, int, str]:
    """What lays a sentence out: spaces at its ends, its lines, and whether it ends like a sentence."""
    bare = text.strip()
    return text[:1].isspace(), text[-1:].isspace(), text.count("\n"), bare[-1] if bare.endswith(_ENDS) else ""
