"""Every sentence goes through gettext, and every code has its word."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final

import pytest

from policies.parts import DetailKind
from tests.browser.held_samples import HELD_CUSTOMER, HELD_STAFF
from tests.browser.markup import Element, Markup
from tests.browser.page_samples import CUSTOMER
from tests.browser.staff_samples import STAFF
from verifier.audit.catalogue import EntryKind
from verifier.proofs.detail_faults import DetailFault
from verifier.retention.service import Rule
from verifier.reviews.comparing import Comparison
from verifier.sanitise.findings import Trace
from verifier.verifications.life import VerificationState
from verifier.web import detail_words
from verifier.web.answers import ANSWERS
from verifier.web.pages import locales, translator, words
from verifier.web.pages.common import View
from verifier.web.pages.rendering import TEMPLATES_DIR, make_environment

ALL: Final[Mapping[str, View]] = {**CUSTOMER, **STAFF, **HELD_CUSTOMER, **HELD_STAFF}
SPOKEN: Final = ("aria-label", "alt", "title", "placeholder")
# Not sentences: commands, ids, names of keys, times (Babel speaks those), pictures.
SILENT: Final = frozenset({"time", "svg", "script", "code", "pre", "kbd"})


class Bracketed(NullTranslations):
    """A language of our own: each sentence in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def texts_in(value: Any) -> Iterator[str]:
    """Every string among the facts of a view."""
    if dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            yield from texts_in(getattr(value, each.name))
    elif isinstance(value, (tuple, frozenset)):
        for each in value:
            yield from texts_in(each)
    elif isinstance(value, str):
        yield value


def without_brackets(text: str) -> str:
    before = ""
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    return text


def _own_language(path: list[Element]) -> set[str]:
    """What says its own language is not ours to translate: the switcher names each language in itself."""
    return {"time"} if any("hreflang" in each.attributes for each in path) else set()


@pytest.mark.parametrize("name", ALL)
def test_whatever_a_page_says_itself_is_translated(name: str) -> None:
    view = ALL[name]
    html = make_environment("en", Bracketed()).get_template(view.template).render(view=view)
    # A sentence may enclose elements, such as a time: they go first, so that its brackets meet.
    html = re.sub(r"<time[^>]*>[^<]*</time>", "", html)
    facts = sorted(texts_in(view), key=len, reverse=True)
    markup = Markup(html)
    said = [text for path, text in markup.texts if not SILENT & {each.name for each in path} | _own_language(path)]
    said += [each.attributes[key] for each in markup.elements for key in SPOKEN if each.attributes.get(key)]
    said += [value for each in markup.elements for key, value in each.attributes.items() if key.startswith("data-text")]
    for sentence in said:
        rest = without_brackets(sentence)
        for fact in facts:
            rest = rest.replace(fact, " ") if fact.strip() else rest
        rest = re.sub(r"\d+ (hours?|days?|minutes?)|\d+ [kM]?B|(ver|doc|stf)_…", "", rest)
        assert not re.search(r"[A-Za-z]", rest), (sentence, rest)


@pytest.mark.parametrize("path", sorted(TEMPLATES_DIR.glob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_a_bare_word(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern in (
        r"\{#.*?#\}",
        r"\{%\s*block kind\b.*?\bendblock\s*%\}",
        r"\{%-?\s*trans\b.*?\bendtrans\s*-?%\}",
        r"\{%.*?%\}",
        r"\{\{.*?\}\}",
        r"<!doctype html>",
        r"<pre\b.*?</pre>",
        r"<kbd\b.*?</kbd>",
    ):
        text = re.sub(pattern, "", text, flags=re.DOTALL | re.IGNORECASE)
    for attribute in SPOKEN:
        for value in re.findall(rf'\s{attribute}="([^"]*)"', text):
            assert not re.search(r"[A-Za-z]{2,}", value), value
    assert not re.findall(r"[A-Za-z]{2,}[^<>]*", re.sub(r"<[^>]*>", "", text))


def test_english_is_spoken_and_its_sentences_are_the_msgids() -> None:
    assert "en" in locales()
    assert translator("en")("Continue") == "Continue"
    assert all(translator("en")(answer.title) == answer.title for answer in ANSWERS.values())


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        (words.REMOVED, set(Trace) | {"other"}),
        (words.STATUS, set(VerificationState)),
        (words.RULES, set(Rule)),
        (words.KINDS, set(EntryKind)),
        (words.COMPARISONS, set(Comparison)),
        (detail_words.EXAMPLES, set(DetailKind)),
        (detail_words.FAULTS, set(DetailFault)),
    ],
    ids=["removed", "status", "rules", "kinds", "comparisons", "details", "faults"],
)
def test_every_code_of_the_other_rooms_has_its_word(group: Mapping[str, str], codes: set[str]) -> None:
    assert set(group) == codes


def test_a_code_that_is_new_is_told_generally_to_customers_and_exactly_to_staff() -> None:
    assert words.say("removed", "brand_new") == words.REMOVED["other"]
    assert words.say("kind", "brand.new") == "brand.new"
