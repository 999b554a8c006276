"""The words of mails and texts for phones: whole, short, and bound to our domain."""

import re
from dataclasses import replace

import pytest

from verifier.contacts.code import CODE_FOR
from verifier.locales import UnknownLocaleError, locales
from verifier.notices.kinds import Channel, NoticeKind
from verifier.notices.letter import Letter, count_segments, verify_letter
from verifier.notices.outbox import SEND_WITHIN
from verifier.notices.texts import Facts, compose

CODE = Facts(
    desk="Acme help", case="T-4711", phrase="amber otter", host="verify.example.org", code="048213", minutes=10
)
OPENED = Facts(
    desk="Acme help",
    case="T-4711",
    phrase="amber otter",
    host="verify.example.org",
    exit_url="https://verify.example.org/not-me/" + "a" * 43,
)
FACTS = {NoticeKind.CODE: CODE, NoticeKind.OPENED_ELSEWHERE: OPENED}


def test_a_mail_with_a_code_says_who_what_and_how_long_and_holds_no_link() -> None:
    text = compose(NoticeKind.CODE, Channel.EMAIL, locale="en", facts=CODE)

    for told in ("Acme help", "T-4711", "amber otter", "10 minutes", "do nothing"):
        assert told in text.body
    assert "\n\n    048213\n\n" in text.body
    assert text.subject == "Your code for case T-4711"
    assert not re.search(r"https?:|www\.|verify\.example\.org", text.body)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(
    ("locale", "minutes", "said"),
    [
        ("en", 1, "for 1 minute"),
        ("en", 4, "for 4 minutes"),
        ("nl", 1, "1 minuut"),
        ("ru", 1, "1 минуту"),
        ("ru", 3, "3 минуты"),
        ("ru", 10, "10 минут"),
        ("sk", 1, "1 minútu"),
        ("sk", 3, "3 minúty"),
        ("ro", 1, "1 minut"),
        ("ro", 10, "10 minute"),
    ],
)
def test_a_code_says_for_how_long_it_still_works(channel: Channel, locale: str, minutes: int, said: str) -> None:
    body = compose(NoticeKind.CODE, channel, locale=locale, facts=replace(CODE, minutes=minutes)).body
    assert re.search(rf"{said}[.:]", body)


def test_a_code_is_not_in_the_subject_which_a_locked_phone_shows() -> None:
    assert CODE.code not in compose(NoticeKind.CODE, Channel.EMAIL, locale="en", facts=CODE).subject


def test_the_last_line_of_a_code_by_sms_is_bound_to_our_domain() -> None:
    text = compose(NoticeKind.CODE, Channel.SMS, locale="en", facts=CODE)

    assert text.subject == ""
    assert text.body.splitlines()[-1] == "@verify.example.org #048213"
    assert text.body.splitlines()[-2] == ""
    assert count_segments(text.body) == 1


@pytest.mark.parametrize("channel", Channel)
def test_who_did_not_ask_is_told_where_to_say_so(channel: Channel) -> None:
    text = compose(NoticeKind.OPENED_ELSEWHERE, channel, locale="en", facts=OPENED)

    assert OPENED.exit_url in text.body
    assert "Acme help" in text.body
    assert OPENED.exit_url not in text.subject


@pytest.mark.parametrize("locale", sorted(locales()))
@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("desk", ["Acme", "Справка", "D" * 60, "Ж" * 60])
def test_every_language_fits_two_segments_and_keeps_what_matters(locale: str, kind: NoticeKind, desk: str) -> None:
    facts = FACTS[kind]
    long = Facts(
        desk, "T" * 64, facts.phrase, facts.host, code=facts.code, minutes=facts.minutes, exit_url=facts.exit_url
    )

    body = compose(kind, Channel.SMS, locale=locale, facts=long).body

    verify_letter(Letter(to="+420601123456", subject="", body=body, token="x"), Channel.SMS)
    assert facts.code in body
    assert facts.exit_url in body


@pytest.mark.parametrize("locale", sorted(locales()))
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_language_leaves_no_placeholder_and_names_the_facts(locale: str, kind: NoticeKind) -> None:
    for channel in Channel:
        text = compose(kind, channel, locale=locale, facts=FACTS[kind])
        assert not re.search(r"[{}]", text.subject + text.body)
    mail = compose(kind, Channel.EMAIL, locale=locale, facts=FACTS[kind]).body
    assert all(fact in mail for fact in ("Acme help", "T-4711", FACTS[kind].code, FACTS[kind].exit_url))


def test_what_a_fact_holds_is_never_read_as_a_placeholder() -> None:
    odd = Facts("{code} & co", "T-1", "amber otter", "verify.example.org", code="048213", minutes=10)

    assert "{code} & co" in compose(NoticeKind.CODE, Channel.EMAIL, locale="en", facts=odd).body


def test_a_notice_without_its_own_facts_is_not_written() -> None:
    with pytest.raises(ValueError, match="its own facts"):
        compose(NoticeKind.CODE, Channel.EMAIL, locale="en", facts=OPENED)
    with pytest.raises(ValueError, match="its own facts"):
        compose(NoticeKind.OPENED_ELSEWHERE, Channel.SMS, locale="en", facts=CODE)


def test_a_language_that_we_do_not_speak_is_refused() -> None:
    with pytest.raises(UnknownLocaleError):
        compose(NoticeKind.CODE, Channel.EMAIL, locale="xx", facts=CODE)


def test_neither_facts_nor_text_print_a_code_or_an_exit() -> None:
    text = compose(NoticeKind.CODE, Channel.SMS, locale="en", facts=CODE)

    assert CODE.code not in repr(CODE) + repr(text)
    assert OPENED.exit_url not in repr(OPENED)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("é" * 160, 1),
        ("č" * 71, 2),
    ],
)
def test_segments_are_counted_as_networks_do(text: str, segments: int) -> None:
    assert count_segments(text) == segments


def test_sending_is_tried_for_as_long_as_a_code_lives() -> None:
    assert SEND_WITHIN == CODE_FOR
