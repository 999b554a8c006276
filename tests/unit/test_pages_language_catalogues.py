"""The catalogues are whole and current, and the rules that say so can fail."""

import re
from collections.abc import Mapping
from typing import Final

import pytest
from babel.messages.catalog import Catalog

from policies.parts import DetailKind
from scripts.catalogue_rules import FORMS, find_faults
from scripts.catalogues import extract, find_problems, languages, merge, sentences, write
from tests.browser.held_samples import HELD_CUSTOMER
from tests.browser.markup import Markup
from tests.browser.page_samples import CUSTOMER
from verifier.locales import load_sentences, locales, translator
from verifier.proofs.detail_kinds import parse_detail
from verifier.web.detail_words import EXAMPLES
from verifier.web.pages import get_asset, render
from verifier.web.pages.common import View
from verifier.web.pages.formats import Formats

every_language = pytest.mark.parametrize("locale", sorted(locales()))

_PAGES: Final[Mapping[str, View]] = {**CUSTOMER, **HELD_CUSTOMER}
_TYPED: Final[Mapping[DetailKind, str]] = {
    DetailKind.ADDRESS: r"0x[0-9A-Fa-f]{40}",
    DetailKind.AMOUNT: r"1[\s\d.,]*\d\s[A-Z]{3}",
    DetailKind.PAYMENT_REFERENCE: r"RF\d\d \d{4} \d{4} \d{4}|\b\d{10}\b",
    DetailKind.DATE: r"\d\d?\. ?\d\d?\. ?\d{4}",
}


def test_every_catalogue_is_complete_and_current() -> None:
    assert find_problems() == []


def test_five_languages_are_spoken() -> None:
    assert locales() == {"en", "nl", "ro", "ru", "sk"}
    assert set(languages()) == set(FORMS)


def test_merging_keeps_what_is_said_and_leaves_a_changed_sentence_empty() -> None:
    old, template = Catalog(locale="nl"), Catalog()
    old.add("Destroyed", "Vernietigd")
    old.add("It is kept.", "Het wordt bewaard.")
    template.add("Destroyed")
    template.add("It is not kept.")
    merged = merge(template, old, language="nl")
    assert {message.id: message.string or "" for message in sentences(merged)} == {
        "Destroyed": "Vernietigd",
        "It is not kept.": "",
    }
    assert "fuzzy" not in write(merged)


@pytest.mark.parametrize(
    ("language", "source", "string", "fault"),
    [
        ("nl", "Sent.", "", "not translated"),
        ("nl", "%(desk)s decides.", "Er wordt beslist.", "other values"),
        ("nl", "The limit is {most}.", "De grens is {meest}.", "other values"),
        ("nl", "All 100 %%.", "Alle 100 %.", "other values"),
        ("nl", "Sent.", "Verstuurd.<script>", "markup"),
        ("nl", "Sent.", "Zie https://example.org.", "markup"),
        ("nl", "Sent.", "Verstuurd &amp; klaar.", "markup"),
        ("nl", "Sent.", "Verstuurd", "ends"),
        ("nl", "Error: ", "Fout:", "ends"),
        ("nl", "One\n\ntwo.", "Een twee.", "lines"),
        ("nl", "Your file", "Je bestand", "form of address"),
        ("ru", "Your file", "Это твой файл", "form of address"),
        ("ru", "This is your file", "Это Ваш файл", "form of address"),
        ("sk", "Your file", "Tvoj súbor", "form of address"),
        ("ro", "Your files", "Fişierele dumneavoastră", "letters of another language"),
    ],
)
def test_a_translation_that_loses_or_adds_something_is_found(
    language: str, source: str, string: str, fault: str
) -> None:
    template, catalog = Catalog(), Catalog(locale=language)
    template.add(source)
    catalog.add(source, string)
    assert fault in " ".join(find_faults(template, catalog, language=language))


def test_a_guess_a_gap_and_the_plurals_of_another_language_are_found() -> None:
    template, catalog = Catalog(), Catalog(locale="nl")
    template.add("Sent.")
    template.add("Gone.")
    template.add(("%(num)s page.", "%(num)s pages."))
    catalog.add("Sent.", "Verstuurd.", flags=("fuzzy",))
    catalog.add(("%(num)s page.", "%(num)s pages."), ("%(num)s pagina.", "%(num)s pagina’s."))
    said = " ".join(find_faults(template, catalog, language="ru"))
    assert "3" in said
    assert "guesses 'Sent.'" in said
    assert "lacks 'Gone.'" in said


def test_only_a_form_that_is_said_of_one_alone_may_leave_the_number_out() -> None:
    template, source = Catalog(), ("One person.", "%(count)s people.")
    template.add(source)
    dutch, russian = Catalog(locale="nl"), Catalog(locale="ru")
    dutch.add(source, ("Eén persoon.", "%(count)s mensen."))
    russian.add(source, ("Один человек.", "%(count)s человека.", "%(count)s человек."))
    assert list(find_faults(template, dutch, language="nl")) == []
    (found,) = find_faults(template, russian, language="ru")
    assert "other values" in found, "in Russian the first form is that of 21, too"


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("nl", {1: "1 pagina.", 2: "2 pagina’s."}),
        ("ru", {1: "1 страница.", 3: "3 страницы.", 5: "5 страниц.", 21: "21 страница.", 112: "112 страниц."}),
        ("sk", {1: "1 strana.", 3: "3 strany.", 5: "5 strán.", 21: "21 strán."}),
        ("ro", {1: "1 pagină.", 3: "3 pagini.", 19: "19 pagini.", 20: "20 de pagini."}),
    ],
)
def test_a_number_takes_its_own_plural(locale: str, said: Mapping[int, str]) -> None:
    speak = load_sentences(locale).ngettext
    for count, sentence in said.items():
        assert speak("%(num)s page.", "%(num)s pages.", count) % {"num": count} == sentence


@every_language
def test_every_example_that_a_language_gives_is_one_that_we_can_read(locale: str) -> None:
    for kind, pattern in _TYPED.items():
        examples = re.findall(pattern, translator(locale)(EXAMPLES[kind]))
        assert examples, (locale, kind)
        for example in examples:
            assert parse_detail(kind, example)


@every_language
@pytest.mark.parametrize("name", _PAGES)
def test_a_customer_page_is_whole_and_small_in_every_language(name: str, locale: str) -> None:
    html = render(_PAGES[name], locale=locale, here="/verification/x?reason=not_me")
    markup = Markup(html)
    assert markup.one("html").attributes["lang"] == locale
    assert markup.one("html").attributes["dir"] == "ltr"
    text = " ".join(text for _, text in markup.texts)
    assert not re.search(r"\.\.|%\(|\{\w*\}|\bNone\b", text), text
    loaded = re.findall(r'(?:src|href)="/static/([^?"]+)', html)
    assert len(html.encode()) + sum(len(get_asset(each).zipped) for each in loaded) <= 30_000
    switches = [each for each in markup.all("a") if "hreflang" in each.attributes]
    if "problem-bare" in name:
        return
    assert {each.attributes["hreflang"]: each.text for each in switches} == {
        "en": "English",
        "nl": "Nederlands",
        "ro": "Română",
        "ru": "Русский",
        "sk": "Slovenčina",
    }
    for each in switches:
        code = each.attributes["lang"]
        assert each.attributes["href"] == f"/verification/x?reason=not_me&language={code}"
        assert ("aria-current" in each.attributes) == (code == locale)


def test_sizes_are_written_the_way_of_the_language() -> None:
    assert [Formats(each).size(1_500_000) for each in ("en", "nl", "ru")] == ["1.5 MB", "1,5 MB", "1,5 МБ"]


def test_no_sentence_is_extracted_twice_with_other_plurals() -> None:
    ids = [message.id[0] if isinstance(message.id, tuple) else message.id for message in sentences(extract())]
    assert len(ids) == len(set(ids))
