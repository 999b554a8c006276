"""Mail to a real SMTP server that accepts, refuses, hangs or hangs up; the message is what RFC 5322 wants."""

import asyncio
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from tests.https_site import Authority
from verifier.demo.sinks import Mail, MailSink
from verifier.ids import new_notice_id
from verifier.notices.kinds import Failure
from verifier.notices.letter import Letter
from verifier.notices.mail import MailSender, MailServer, TlsMode
from verifier.notices.sending import GivenUpError, NotAcceptedError, Patience

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TO = "jo.canaryqx7@example.org"
CODE = "048213"
IMPATIENT = Patience(step=0.3, whole=0.8)


def a_letter(*, to: str = TO, subject: str = "Your code", body: str = f"The code is {CODE}.\n") -> Letter:
    return Letter(to=to, subject=subject, body=body, token="a1" * 16, language="nl")


def sender_to(
    port: int, *, tls: TlsMode = TlsMode.NONE, patience: Patience | None = None, name: str = "Acme help", **server: Any
) -> MailSender:
    where = MailServer("localhost" if server else "127.0.0.1", port, tls, "verify.example.org", **server)
    return MailSender(where, address="verify@example.org", display_name=name, patience=patience)


def send(sender: MailSender, letter: Letter | None = None) -> None:
    sender.send(new_notice_id(), letter or a_letter(), at=AT)


@pytest.fixture
def sink() -> Iterator[MailSink]:
    with MailSink() as opened:
        yield opened


def decode(header: str) -> str:
    """As RFC 2047 says: the space between two encoded words is none. (`email.policy.default` keeps it in names.)"""
    return str(make_header(decode_header("".join(header.splitlines()))))


def reply(line: str) -> Callable[[SMTP, Mail], Any]:
    async def answer(_server: SMTP, _mail: Mail) -> str:
        return line

    return answer


def test_a_letter_arrives_as_plain_text_that_nothing_answers_by_itself(sink: MailSink) -> None:
    send(sender_to(sink.port))

    (mail,) = sink.mails
    assert (mail.sender, mail.recipients) == ("verify@example.org", (TO,))
    message = mail.message
    assert message["From"] == "Acme help <verify@example.org>"
    assert message["To"] == TO
    assert message["Subject"] == "Your code"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "nl"
    assert message["Date"].datetime == AT
    assert message["Message-ID"] == f"<{'a1' * 16}@example.org>"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().strip() == f"The code is {CODE}."
    assert {"List-Unsubscribe", "Reply-To", "Bcc", "X-Mailer"} & set(message) == set()


@pytest.mark.parametrize(
    "subject",
    [
        "Код для обращения T-4711",
        "Codul dvs. pentru cazul " + "șțăîâ " * 30 + "T-4711",
        "Váš kód " + "pre prípad " * 20 + "T",
        "emoji 😀 " * 12 + "end",
        "x" * 300,
        "word " * 60 + "end",
        "=?utf-8?b?not-one?=",
    ],
)
def test_any_subject_and_name_come_back_as_they_were_set(sink: MailSink, subject: str) -> None:
    name = "Служба поддержки кошелька, очень большая и длинная"
    send(sender_to(sink.port, name=name), a_letter(subject=subject))

    headers = message_from_bytes(sink.mails[0].data)
    if not subject.startswith("=?"):
        assert decode(headers["Subject"]) == subject
    assert decode(headers["From"]) == f"{name} <verify@example.org>"
    assert all(len(line) <= 998 for line in sink.mails[0].data.split(b"\r\n"))
    assert sink.mails[0].data.isascii()


@pytest.mark.parametrize("body", ["ж" * 5000, "a" * 5000, "one\n.\n..two\nFrom me\n", "tab\t end  \n", "é\n" * 3])
def test_any_body_comes_back_whole_in_lines_that_every_server_takes(sink: MailSink, body: str) -> None:
    send(sender_to(sink.port), a_letter(body=body))

    assert sink.mails[0].message.get_content().replace("\r\n", "\n").rstrip("\n") == body.rstrip("\n")
    assert max(map(len, sink.mails[0].data.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("hostile", ["x\r\nBcc: eve@example.com", "x\nBcc: eve@example.com", "x\r\n\r\nbody"])
def test_no_header_is_made_of_a_subject_or_a_name(sink: MailSink, hostile: str) -> None:
    with pytest.raises(GivenUpError) as given_up:
        send(sender_to(sink.port), a_letter(subject=hostile))
    assert given_up.value.failure is Failure.REFUSED
    with pytest.raises(ValueError, match=r"CR or LF|invalid"):
        sender_to(sink.port, name=hostile)
    assert sink.mails == []


@pytest.mark.parametrize(
    "to", ["a@b.org, eve@example.com", "a..b@example.org", "<a@b.org>", "a@b.org\nBcc: e@x.org", ""]
)
def test_an_address_that_is_not_one_is_given_up(sink: MailSink, to: str) -> None:
    with pytest.raises(GivenUpError):
        send(sender_to(sink.port), a_letter(to=to))
    assert sink.mails == []


def test_an_address_beyond_ascii_goes_out_as_smtputf8_or_not_at_all() -> None:
    letter = a_letter(to="jöhn@xn--bcher-kva.example", subject="Kód")
    with MailSink(options={"enable_SMTPUTF8": True}) as knows, MailSink() as does_not:
        send(sender_to(knows.port), letter)
        assert knows.mails[0].recipients == ("jöhn@xn--bcher-kva.example",)
        assert "jöhn@xn--bcher-kva.example" in knows.mails[0].data.decode()
        with pytest.raises(GivenUpError) as given_up:
            send(sender_to(does_not.port), letter)
    assert given_up.value.failure is Failure.REFUSED


@pytest.mark.parametrize("line", ["451 try later", "421 closing", "452 full"])
def test_not_now_may_be_tried_again(sink: MailSink, line: str) -> None:
    sink.answer = reply(line)
    with pytest.raises(NotAcceptedError):
        send(sender_to(sink.port))

    sink.answer, sink.answer_recipient = reply("250 ok"), lambda _address: line
    with pytest.raises(NotAcceptedError):
        send(sender_to(sink.port))
    assert sink.mails == []


@pytest.mark.parametrize("line", ["550 no such user", "554 spam", "552 too much"])
def test_refused_is_refused_for_good(sink: MailSink, line: str) -> None:
    sink.answer = reply(line)
    with pytest.raises(GivenUpError) as at_data:
        send(sender_to(sink.port))

    sink.answer, sink.answer_recipient = reply("250 ok"), lambda _address: line
    with pytest.raises(GivenUpError) as at_recipient:
        send(sender_to(sink.port))
    assert {at_data.value.failure, at_recipient.value.failure} == {Failure.REFUSED}


def test_a_server_that_hangs_up_after_the_message_gets_it_again_under_the_same_id(sink: MailSink) -> None:
    taken: list[Mail] = []

    async def take_and_hang_up(server: SMTP, mail: Mail) -> str:
        taken.append(mail)
        server.transport.close()  # type: ignore[union-attr]
        return "250 too late"

    sink.answer = take_and_hang_up
    with pytest.raises(NotAcceptedError):
        send(sender_to(sink.port))
    sink.answer = reply("250 ok")
    send(sender_to(sink.port))

    assert taken[0].message["Message-ID"] == sink.mails[-1].message["Message-ID"]


def test_a_server_that_hangs_costs_no_more_than_our_patience(sink: MailSink) -> None:
    async def hang(_server: SMTP, _mail: Mail) -> str:
        await asyncio.sleep(30)
        return "250 at last"

    sink.answer = hang
    begun = time.monotonic()
    with pytest.raises(NotAcceptedError):
        send(sender_to(sink.port, patience=IMPATIENT))
    assert time.monotonic() - begun < 5


def test_a_server_that_drips_costs_no_more_than_the_whole_patience() -> None:
    # Each byte comes within the time-out of a step, so that alone would wait for ever.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def drip() -> None:
            line, _ = listener.accept()
            with line:
                try:
                    while not over.wait(0.1):
                        line.send(b"2")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        begun = time.monotonic()
        with pytest.raises(NotAcceptedError):
            send(sender_to(listener.getsockname()[1], patience=Patience(step=5, whole=0.8)))
        took = time.monotonic() - begun
        over.set()
        thread.join()
    assert 0.5 < took < 4


def test_nobody_there_is_not_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotAcceptedError):
        send(sender_to(port))
    with pytest.raises(NotAcceptedError):
        sender_to(port).verify_reachable()


def tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_with_starttls_the_certificate_is_verified_and_the_password_told_only_then(authority: Authority) -> None:
    signed_in: list[bytes] = []

    def authenticate(_server: SMTP, _session: object, _envelope: object, _mechanism: str, pair: Any) -> AuthResult:
        signed_in.append(pair.password)
        return AuthResult(success=pair.password == b"right", handled=False)

    options = {
        "tls_context": tls_of(authority.issue("localhost")),
        "require_starttls": True,
        "authenticator": authenticate,
        "auth_required": True,
    }
    with MailSink(options=options) as sink:
        known: dict[str, Any] = {"tls": TlsMode.STARTTLS, "trust": authority.trust, "user": "verifier"}
        send(sender_to(sink.port, **known, password="right"))
        assert len(sink.mails) == 1
        sender_to(sink.port, **known, password="right").verify_reachable()

        with pytest.raises(NotAcceptedError, match="sign_in"):
            send(sender_to(sink.port, **known, password="wrong"))
        told = len(signed_in)
        with pytest.raises(NotAcceptedError, match="certificate"):
            send(sender_to(sink.port, tls=TlsMode.STARTTLS, user="verifier", password="right"))
        assert len(signed_in) == told
    assert len(sink.mails) == 1


def test_a_server_without_starttls_gets_neither_password_nor_letter(sink: MailSink, authority: Authority) -> None:
    with pytest.raises(NotAcceptedError, match="without_tls"):
        send(sender_to(sink.port, tls=TlsMode.STARTTLS, trust=authority.trust, user="verifier", password="right"))
    assert sink.mails == []


def test_with_tls_from_the_first_byte_the_certificate_is_verified_too(authority: Authority) -> None:
    with MailSink(tls=tls_of(authority.issue("localhost"))) as sink:
        send(sender_to(sink.port, tls=TlsMode.TLS, trust=authority.trust))
        assert len(sink.mails) == 1
        with pytest.raises(NotAcceptedError, match="certificate"):
            send(sender_to(sink.port, tls=TlsMode.TLS, user=""))
    assert len(sink.mails) == 1


def test_a_certificate_of_another_host_is_not_believed(authority: Authority) -> None:
    with (
        MailSink(options={"tls_context": tls_of(authority.issue("other.example"))}) as sink,
        pytest.raises(NotAcceptedError, match="certificate"),
    ):
        send(sender_to(sink.port, tls=TlsMode.STARTTLS, trust=authority.trust))
    assert sink.mails == []


def test_no_error_and_no_repr_tells_address_or_code(sink: MailSink) -> None:
    sink.answer_recipient = lambda address: f"550 no {address} here"
    sender = sender_to(sink.port)
    with pytest.raises(GivenUpError) as given_up:
        send(sender)
    sink.answer_recipient = lambda address: f"450 not now, {address}"
    with pytest.raises(NotAcceptedError) as not_accepted:
        send(sender)

    for error in (given_up.value, not_accepted.value):
        told = "".join(traceback.format_exception(error))
        assert TO not in told
        assert CODE not in told
    assert "secret" not in repr(sender_to(sink.port, user="u", password="secret"))
    assert TO not in repr(a_letter())
    assert CODE not in repr(a_letter())
