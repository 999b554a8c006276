"""Which language is spoken: the person's choice, the agent's hint, the browser's wish, English."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.locales import (
    DEFAULT,
    NO_HINT,
    UNNAMED,
    UnknownLocaleError,
    choose_locale,
    find_spoken,
    locales,
    name_desk,
    parse_hint,
    parse_wishes,
)
from verifier.settings import Settings


@pytest.mark.parametrize(
    ("tag", "spoken"),
    [
        ("nl", "nl"),
        ("NL", "nl"),
        ("nl-BE", "nl"),
        ("sk-Latn-SK-x-private", "sk"),
        ("ru-a-extended", "ru"),
        ("de", None),
        ("nlx", None),
        ("*", None),
        ("", None),
    ],
)
def test_a_tag_is_looked_up_from_its_whole_to_its_first_part(tag: str, spoken: str | None) -> None:
    assert find_spoken(tag) == spoken


@pytest.mark.parametrize(
    ("header", "wishes"),
    [
        ("", ()),
        ("nl", ("nl",)),
        ("en-GB,en;q=0.9,nl;q=0.95", ("en-GB", "nl", "en")),
        ("ro ; q=0.5 , ru;q=1.000", ("ru", "ro")),
        ("sk;q=0, ru;q=0.1", ("ru",)),
        ("*, nl;q=0.5", ("nl",)),
        ("nl;q=2, ru;q=high, sk;level=1, ro", ("ro",)),
        ("<script>, n, nl_BE, ro", ("ro",)),
        ("ru, ro, nl", ("ru", "ro", "nl")),
    ],
)
def test_wishes_are_ordered_by_their_weight_and_malformed_ones_left_out(header: str, wishes: tuple[str, ...]) -> None:
    assert parse_wishes(header) == wishes


@pytest.mark.parametrize(
    ("chosen", "hint", "accept_language", "spoken"),
    [
        ("ro", "sk", "nl", "ro"),
        ("", "sk", "nl", "sk"),
        ("", NO_HINT, "nl-NL, en;q=0.5", "nl"),
        ("", NO_HINT, "de-DE, uk;q=0.9, ru;q=0.8", "ru"),
        ("", NO_HINT, "de-DE", "en"),
        ("", NO_HINT, "", "en"),
        ("xx", "yy", "sk", "sk"),
        ("", NO_HINT, "de-DE, en-US;q=0.9, nl;q=0.8", "en"),
    ],
)
def test_the_choice_goes_before_the_hint_and_the_hint_before_the_wish(
    chosen: str, hint: str, accept_language: str, spoken: str
) -> None:
    assert choose_locale(chosen=chosen, hint=hint, accept_language=accept_language) == spoken


@given(st.text(), st.text(), st.text())
def test_whatever_is_sent_a_language_that_we_speak_is_spoken(chosen: str, hint: str, accept_language: str) -> None:
    assert choose_locale(chosen=chosen, hint=hint, accept_language=accept_language) in locales()


def test_a_header_of_any_length_is_read_at_once() -> None:
    begun = time.perf_counter()
    parse_wishes("nl;q=0.1," * 200_000 + "-" * 1_000_000)
    assert time.perf_counter() - begun < 0.1


@pytest.mark.parametrize(
    ("hint", "kept"), [("nl", "nl"), ("nl-BE", "nl"), ("RU", "ru"), ("de", NO_HINT), ("jansen", NO_HINT), ("", NO_HINT)]
)
def test_of_a_hint_only_a_language_that_we_speak_is_kept(hint: str, kept: str) -> None:
    assert parse_hint(hint) == kept


@pytest.mark.parametrize(
    "hint", ["not a language", "nl_BE", "n", "ada@example.org", "nl-", "-nl", "\x00", "nl\n", "日本"]
)
def test_a_hint_that_is_no_tag_is_refused(hint: str) -> None:
    with pytest.raises(UnknownLocaleError):
        parse_hint(hint)


def test_the_desk_is_translated_only_where_it_has_no_name_of_its_own() -> None:
    assert Settings.model_fields["desk_name"].default == UNNAMED
    assert name_desk(UNNAMED, locale="nl") == "de klantenservice"
    assert name_desk(UNNAMED, locale=DEFAULT) == UNNAMED
    # A desk may be called like a word of ours.
    assert name_desk("Log", locale="nl") == "Log"
    assert name_desk("Cancelled", locale="ru") == "Cancelled"
