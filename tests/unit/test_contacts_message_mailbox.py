"""Messages that a desk forwards as attachments, from a real IMAP server to the judge."""

import imaplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.https_site import Authority
from tests.imap_server import PASSWORD, USER, forward_as_attachment, free_port, open_inbox, open_mailbox
from tests.signed_mail import JO, rsa_key, sign, write_mail
from verifier.contacts.errors import MailboxUnavailableError, MessageRefusedError
from verifier.contacts.message.forwarded import Forwarded, read_forwarded
from verifier.contacts.message.judge import judge_message
from verifier.contacts.message.mailbox import Handling, MailboxAccess, MailboxTls, take_forwarded
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.verdict import Outcome
from verifier.ids import VerificationId, new_verification_id

RULES: Final = MessageRules()
# Constant, because it stands in the names of tests: workers that collect different names run none of them.
VERIFICATION: Final = VerificationId("ver_7yvm7nkdxh2yrndg4deqxojghq")
SUBJECT: Final = f"Fwd: My account [VER {VERIFICATION}]"


forward_attached = partial(forward_as_attachment, subject=SUBJECT)


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "base64"])
@pytest.mark.parametrize("canonical", [b"simple/simple", b"relaxed/relaxed"])
def test_the_attached_message_comes_out_as_it_was_signed(encoding: str, canonical: bytes) -> None:
    mail = sign(write_mail(), canonical=canonical)
    forwarded = read_forwarded(forward_attached(mail, encoding=encoding), rules=RULES)
    assert forwarded == Forwarded(VERIFICATION, mail)


@pytest.mark.parametrize(
    "subject",
    [
        f"[VER {VERIFICATION}]",
        f"a [VER {VERIFICATION}] b [VER {VERIFICATION}]",
        f"[VER\r\n {VERIFICATION}]",
        f"=?utf-8?Q?P=C5=99=C3=ADstup_=5BVER_{VERIFICATION.replace('_', '=5F')}=5D?=",
    ],
)
def test_the_subject_names_the_verification(subject: str) -> None:
    assert read_forwarded(forward_attached(write_mail(), subject=subject), rules=RULES).verification == VERIFICATION


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        write_mail(),
        forward_attached(write_mail(), subject="Fwd: My account"),
        forward_attached(write_mail(), subject=f"[VER {VERIFICATION}] [VER {new_verification_id()}]"),
        forward_attached(write_mail(), subject=f"[VER {VERIFICATION[:-1]}]"),
        forward_attached(write_mail(), subject="=?utf-8?B?!?= [VER]"),
        forward_attached(write_mail(), kind="text/plain"),
        forward_attached(write_mail(), encoding="quoted-printable"),
        forward_attached(write_mail(), encoding="base64").replace(b"\r\n\r\nRnJv", b"\r\n\r\n***"),
        forward_attached(write_mail(), copies=2),
        forward_attached(write_mail(), copies=0),
        forward_attached(write_mail()).replace(b"multipart/mixed;", b"text/plain;"),
        forward_attached(write_mail()).replace(b'boundary="=_b"', b"x=y"),
        forward_attached(write_mail()).replace(b"\r\n--=_b", b"\r\n--=_c"),
    ],
)
def test_a_mail_without_one_attached_message_and_one_verification_is_refused(raw: bytes) -> None:
    with pytest.raises(MessageRefusedError):
        read_forwarded(raw, rules=RULES)


@given(at=st.integers(0, 1500), cut=st.integers(0, 60), piece=st.binary(max_size=8))
def test_no_bytes_make_the_reader_of_envelopes_raise_anything_but_its_refusal(at: int, cut: int, piece: bytes) -> None:
    mail = forward_attached(write_mail())
    with suppress(MessageRefusedError):
        read_forwarded(mail[:at] + piece + mail[at + cut :], rules=RULES)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def access(authority: Authority) -> Iterator[MailboxAccess]:
    """A mailbox on an IMAP server of its own."""
    with open_mailbox(authority) as opened:
        yield opened


@pytest.fixture
def box(access: MailboxAccess) -> Iterator[imaplib.IMAP4]:
    """Empty again afterwards."""
    with open_inbox(access) as opened:
        yield opened
        opened.select("INBOX")
        opened.store("1:*", "+FLAGS", r"(\Deleted)")
        opened.expunge()


def deliver(box: imaplib.IMAP4, *mails: bytes) -> None:
    for mail in mails:
        assert box.append("INBOX", "", "", mail)[0] == "OK"


def count(box: imaplib.IMAP4, *criteria: str) -> int:
    box.select("INBOX")
    return len((box.uid("SEARCH", *criteria)[1][0] or b"").split())


def test_a_forwarded_message_reaches_the_judge_whole_and_leaves_the_mailbox(
    access: MailboxAccess, box: imaplib.IMAP4
) -> None:
    class Records:
        def txt(self, name: str) -> tuple[bytes, ...]:
            return (rsa_key().record,) if "_domainkey" in name else ()

    deliver(box, forward_attached(sign(write_mail(), canonical=b"simple/simple")))
    handed: list[Forwarded] = []

    def accept(forwarded: Forwarded) -> Handling:
        handed.append(forwarded)
        return Handling.TAKEN

    taken = take_forwarded(access, accept=accept, rules=RULES)
    assert (taken.accepted, taken.set_aside, count(box, "ALL")) == (1, 0, 0)
    judged = judge_message(handed[0].raw, expected=JO, now=datetime.now(UTC), resolver=Records(), rules=RULES)
    assert judged.verdict.outcome is Outcome.CONFIRMED


def test_what_nobody_can_use_is_left_for_a_person_and_not_read_again(access: MailboxAccess, box: imaplib.IMAP4) -> None:
    rules = replace(RULES, max_bytes=2000)
    deliver(box, b"Subject: Hello\r\n\r\nA newsletter\r\n", forward_attached(write_mail(body=b"x" * 5000)))
    deliver(box, forward_attached(write_mail()))
    assert take_forwarded(access, accept=lambda _: Handling.REFUSED, rules=rules).set_aside == 3
    assert (count(box, "FLAGGED"), count(box, "UNFLAGGED")) == (3, 0)
    again = take_forwarded(access, accept=lambda _: Handling.TAKEN, rules=rules)
    assert (again.accepted, again.set_aside) == (0, 0)


def test_a_mail_stays_where_it_is_when_taking_it_over_fails(access: MailboxAccess, box: imaplib.IMAP4) -> None:
    def fail(_: Forwarded) -> Handling:
        raise ConnectionError("the database is away")

    deliver(box, forward_attached(write_mail()))
    with pytest.raises(ConnectionError):
        take_forwarded(access, accept=fail, rules=RULES)
    assert count(box, "UNFLAGGED", "UNDELETED") == 1


def test_a_mail_for_later_is_handed_over_again_in_the_next_round(access: MailboxAccess, box: imaplib.IMAP4) -> None:
    deliver(box, forward_attached(write_mail()))
    later = take_forwarded(access, accept=lambda _: Handling.LATER, rules=RULES)
    assert (later.accepted, later.set_aside, count(box, "UNFLAGGED")) == (0, 0, 1)
    assert take_forwarded(access, accept=lambda _: Handling.TAKEN, rules=RULES).accepted == 1


def test_a_round_takes_no_more_than_its_limit(access: MailboxAccess, box: imaplib.IMAP4) -> None:
    deliver(box, *[forward_attached(write_mail())] * 3)
    assert take_forwarded(access, accept=lambda _: Handling.TAKEN, rules=RULES, limit=2).accepted == 2
    assert count(box, "ALL") == 1


def test_a_server_that_is_not_the_one_or_not_there_is_told_apart_from_an_empty_mailbox(access: MailboxAccess) -> None:
    wrong = (
        replace(access, trust=ssl.create_default_context()),
        replace(access, host="127.0.0.1"),
        replace(access, password="wrong"),
        replace(access, folder='No "such" folder'),
        replace(access, port=free_port()),
        replace(access, tls=MailboxTls.IMPLICIT, timeout=timedelta(seconds=1)),
    )
    for other in wrong:
        with pytest.raises(MailboxUnavailableError):
            take_forwarded(other, accept=lambda _: Handling.TAKEN, rules=RULES)


def test_a_server_that_speaks_tls_from_the_first_byte_is_read_too(authority: Authority) -> None:
    # The test's IMAP server knows STARTTLS only; this one says no more than an empty mailbox needs.
    answers = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"SELECT": b"* 0 EXISTS\r\n", b"UID": b"* SEARCH\r\n"}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue("localhost"))
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError), context.wrap_socket(listening.accept()[0], server_side=True) as line:
            line.sendall(b"* OK ready\r\n")
            for command in line.makefile("rb"):
                tag, verb, *_ = command.split()
                line.sendall(answers.get(verb, b"") + tag + b" OK done\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listening.getsockname()[1]
    access = MailboxAccess(host="localhost", port=port, user=USER, password=PASSWORD, trust=authority.trust)
    taken = take_forwarded(access, accept=lambda _: Handling.TAKEN, rules=RULES)
    assert (taken.accepted, taken.set_aside) == (0, 0)
    thread.join(5)
    listening.close()


def test_the_password_does_not_show(access: MailboxAccess) -> None:
    assert PASSWORD not in repr(access)
