"""Laws of letters: what is written comes back, whatever it says, and makes no header and no recipient of its own."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from verifier.ids import new_notice_id
from verifier.notices.kinds import Channel
from verifier.notices.letter import Letter, count_segments, verify_letter
from verifier.notices.mail import MailSender, MailServer, TlsMode
from verifier.notices.sending import GivenUpError, NotAcceptedError

AT: Final = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HEADERS: Final = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("Content-Language", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
}
NOWHERE: Final = MailServer("127.0.0.1", 1, TlsMode.NONE, "localhost")
SENDER: Final = MailSender(NOWHERE, address="verify@example.org", display_name="Служба поддержки")

_words = st.lists(st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=40), min_size=1)
_lines = _words.map(" ".join).filter(lambda text: "=?" not in text)
_any_text = st.text(st.characters(codec="utf-8"))


def write(subject: str, body: str, *, to: str = "jo@example.org") -> bytes:
    return SENDER.write(Letter(to=to, subject=subject, body=body, token="a1", language="ru"), at=AT).as_bytes()


@given(_any_text, _any_text, _any_text, _any_text, _any_text)
def test_a_letter_comes_back_from_its_bytes(to: str, subject: str, body: str, token: str, language: str) -> None:
    letter = Letter(to=to, subject=subject, body=body, token=token, language=language)

    assert Letter.from_bytes(letter.to_bytes()) == letter


@given(_lines)
def test_every_subject_decodes_to_what_was_set(subject: str) -> None:
    headers = message_from_bytes(write(subject, "x"))

    assert str(make_header(decode_header("".join(headers["Subject"].splitlines())))) == subject
    assert set(headers.keys()) == HEADERS


@given(_lines, _any_text)
def test_no_text_makes_a_header_or_a_line_that_servers_refuse(subject: str, body: str) -> None:
    data = write(subject, body)

    assert data.isascii()
    assert set(message_from_bytes(data).keys()) == HEADERS
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")


@given(_any_text, _any_text)
def test_no_letter_makes_a_sender_raise_anything_but_its_errors(to: str, subject: str) -> None:
    try:
        SENDER.send(new_notice_id(), Letter(to=to, subject=subject, body="x", token="a1"), at=AT)
    except (NotAcceptedError, GivenUpError):
        return
    raise AssertionError("nobody listens there")


@given(_any_text, _any_text, st.sampled_from(Channel))
def test_what_may_be_queued_names_one_recipient_on_one_line(to: str, subject: str, channel: Channel) -> None:
    try:
        verify_letter(Letter(to=to, subject=subject, body="x", token="a1"), channel)
    except ValueError:
        return
    assert len((to + subject).splitlines()) <= 1
    assert to.count("@") == (channel is Channel.EMAIL)
    assert "," not in to


@given(_any_text, _any_text)
def test_more_text_never_takes_fewer_segments(one: str, other: str) -> None:
    assert count_segments(one + other) >= max(count_segments(one), 1)
