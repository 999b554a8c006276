"""How a message is read: one author, one date, one way to read it, or none."""

from datetime import UTC, datetime
from typing import Final

import dkim
import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from tests.signed_mail import ed25519_key, forward, rsa_key, sign, write_mail
from verifier.contacts.errors import LookupFailedError, MessageRefusedError
from verifier.contacts.message.alignment import find_organisation, is_same_organisation
from verifier.contacts.message.dates import read_date
from verifier.contacts.message.fields import Message, read_message
from verifier.contacts.message.judge import judge_message
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.message.sender import read_sender
from verifier.contacts.verdict import Outcome
from verifier.errors import ConfigurationError

RULES: Final = MessageRules(forwarders=frozenset({"forwarder.net"}))


def _sender(value: bytes) -> str:
    return read_sender(read_message(b"From: " + value + b"\r\n\r\n", rules=RULES))


@pytest.mark.parametrize(
    "value",
    [
        b"jo@example.org",
        b"<jo@example.org>",
        b"Jo <jo@example.org>",
        b"Jo <Jo@Example.ORG>",
        b'"Doe, Jo (boss); x: y" <jo@example.org>',
        b'"Jo \\"J\\" Doe" <jo@example.org>',
        b"=?utf-8?B?SsOhbiBOb3bDoWs=?= <jo@example.org>",
        b"=?UTF-8?Q?J=C3=A1n?=\r\n =?UTF-8?Q?_Nov=C3=A1k?=\r\n <jo@example.org>",
        b"Jo M. O'Doe-Smith <jo@example.org>",
        b"\r\n jo@example.org",
    ],
)
def test_an_author_may_have_a_name_in_front_of_one_address(value: bytes) -> None:
    assert _sender(value) == "jo@example.org"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"jo",
        b"jo@",
        b"@example.org",
        b"jo@example.org, eve@x.com",
        b"jo@example.org eve@x.com",
        b"<jo@example.org> <eve@x.com>",
        b"<jo@example.org><eve@x.com>",
        b"eve@x.com <jo@example.org>",
        b'"eve@x.com" <jo@example.org>',
        b"Jo <<jo@example.org>>",
        b"Jo <@x.com:jo@example.org>",
        b"Jo <jo@example.org",
        b"Jo jo@example.org>",
        b"Jo <jo@example.org> eve",
        b"Jo < jo@example.org >",
        b"Jo <jo\r\n @example.org>",
        b"Jo (eve) <jo@example.org>",
        b"jo@example.org (eve)",
        b"Friends: jo@example.org;",
        b'"jo"@example.org',
        b"jo@[127.0.0.1]",
        b"jo@example",
        b"jo@example.org.",
        b"jo..doe@example.org",
        b".jo@example.org",
        b"jo@-example.org",
        b"J\xc3\xa1n <jo@example.org>",
        b"j\xc3\xb6@example.org",
        b"=?utf-8?B?am9AZXhhbXBsZS5vcmc=?=",
        b"=?utf-8?B?ZXZlQHguY29t?= <jo@example.org>",
        b"=?utf-8?Q?eve=40x.com?= <jo@example.org>",
        b"=?utf-8?Q?=3Ceve?= <jo@example.org>",
        b"=?utf-8?Q?a=00b?= <jo@example.org>",
        b"=?klingon?Q?a?= <jo@example.org>",
        b"=?utf-8?Q?=FF?= <jo@example.org>",
        b'"open <jo@example.org>',
        b"jo@example.org\x7f",
        b"a" * 2000 + b" <jo@example.org>",
    ],
)
def test_what_could_be_read_as_another_author_is_no_author(value: bytes) -> None:
    with pytest.raises(MessageRefusedError):
        _sender(value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\r\nFrom: jo@example.org\r\n\r\n",
        b" folded: first\r\nFrom: jo@example.org\r\n\r\n",
        b"From : jo@example.org\r\n\r\n",
        b"From\r\n : jo@example.org\r\n\r\n",
        b"From: jo@example.org\r\nfrom: eve@x.com\r\n\r\n",
        b"From: jo@example.org\r\nDate: a\r\nDATE: b\r\n\r\n",
        b"From: jo@example.org\r\nSubject: a\r\nSubject: b\r\n\r\n",
        b"From: jo@example.org\r\nno colon\r\n\r\n",
        b"From eve Mon Jan 1\r\nFrom: jo@example.org\r\n\r\n",
        b"From: jo@example.org\r\nX: a\rFrom: eve@x.com\r\n\r\n",
        b"From: jo@example.org\r\nX: a\0\r\n\r\n",
        b"From: jo@example.org\r\n\r\nbody\0",
        b"From: jo@example.org\r\nX: a\r\n \t\r\nTo: x\r\n\r\n",
        b"Fr\xc3\xb6m: jo@example.org\r\n\r\n",
    ],
)
def test_what_reads_in_two_ways_is_no_message(raw: bytes) -> None:
    with pytest.raises(MessageRefusedError):
        read_sender(read_message(raw, rules=RULES))


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
        "11 Jul 2003 21:00:37 -0700",
        "Sat, 12 Jul 2003 04:00:37 GMT",
        "12 Jul 2003\r\n 04:00:37 +0000",
    ],
)
def test_a_date_is_read_with_its_zone(text: str) -> None:
    message = read_message(f"Date: {text}\r\n\r\n".encode(), rules=RULES)
    assert read_date(message) == datetime(2003, 7, 12, 4, 0, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2003-07-11",
        "32 Jul 2003 21:00:37 +0000",
        "11 Jul 03 21:00:37 +0000",
        "11 Foo 2003 21:00:37 +0000",
        "11 Jul 2003 21:00:37",
        "11 Jul 2003 25:00:37 +0000",
        "11 Jul 2003 21:00:37 +9900",
        "1 Jan 0001 00:00:00 +1200",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(MessageRefusedError):
        read_date(read_message(f"Date: {text}\r\n\r\n".encode(), rules=RULES))


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("example.org", "example.org"),
        ("a.b.example.org", "example.org"),
        ("a.example.co.uk", "example.co.uk"),
        ("co.uk", None),
        ("org", None),
        ("jo.github.io", "jo.github.io"),
        ("a.victim.unheardof", "victim.unheardof"),
        ("unheardof", None),
    ],
)
def test_an_organisation_is_one_label_above_its_public_suffix(domain: str, organisation: str | None) -> None:
    assert find_organisation(domain) == organisation


def test_neighbours_under_one_public_suffix_are_strangers() -> None:
    for a, b in [("jo.github.io", "eve.github.io"), ("a.unheardof", "b.unheardof"), ("co.uk", "a.co.uk")]:
        assert not is_same_organisation(a, b)
    assert is_same_organisation("co.uk", "co.uk")


class _NoAnswers:
    def txt(self, name: str) -> tuple[bytes, ...]:
        raise LookupFailedError


class _AnyAnswer:
    def __init__(self, record: bytes) -> None:
        self._record = record

    def txt(self, name: str) -> tuple[bytes, ...]:
        return () if name.startswith("_dmarc") else (self._record,)


_MAILS: Final = (
    sign(write_mail()),
    sign(sign(write_mail(), key=ed25519_key())),
    forward(sign(write_mail()) + b"footer\r\n"),
    write_mail(sender="=?utf-8?Q?J=C3=A1n?= <jo@example.org>"),
)
_WORDS: Final = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b";",
    b"=",
    b"\xff",
    b"i=",
    b"99" * 20,
    b"l=1;",
    b"From: a@b.cz\r\n",
)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    mail = draw(st.sampled_from(_MAILS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(mail)))
        cut = draw(st.integers(0, 40))
        piece = draw(st.one_of(st.binary(max_size=8), st.sampled_from(_WORDS)))
        mail = mail[:at] + piece + mail[at + cut :]
    return mail


@given(raw=_mutated())
def test_no_bytes_make_the_judge_raise(raw: bytes) -> None:
    for resolver in (_NoAnswers(), _AnyAnswer(b"k=rsa; p=AAAA"), _AnyAnswer(ed25519_key().record)):
        judge_message(raw, expected="jo@example.org", now=datetime.now(UTC), resolver=resolver, rules=RULES)


_SIGNED: Final = tuple(
    sign(write_mail(body=b"One  two \r\n\r\nthree"), canonical=canonical)
    for canonical in (b"simple/simple", b"relaxed/relaxed", b"relaxed/simple", b"simple/relaxed")
)
_SLACK: Final = (b" ", b"\t", b"\r\n", b"\n", b"\r\n ", b" \r\n", b"X-More: 1\r\n", b"\r\n\r\n", b"\r")


@given(which=st.integers(0, 3), pieces=st.lists(st.tuples(st.integers(0, 900), st.sampled_from(_SLACK)), max_size=3))
def test_nothing_that_leaves_a_signature_true_makes_a_used_message_a_new_one(
    which: int, pieces: list[tuple[int, bytes]]
) -> None:
    changed = _SIGNED[which]
    for at, piece in pieces:
        changed = changed[:at] + piece + changed[at:]
    first, again = (
        judge_message(
            raw,
            expected="jo@example.org",
            now=datetime.now(UTC),
            resolver=_AnyAnswer(rsa_key().record),
            rules=RULES,
        )
        for raw in (_SIGNED[which], changed)
    )
    assert first.verdict.outcome is Outcome.CONFIRMED
    assert again.replay_digest in {None, first.replay_digest}


@given(record=st.binary(max_size=200))
def test_no_record_makes_the_judge_raise_or_confirm(record: bytes) -> None:
    judged = judge_message(
        _MAILS[0], expected="jo@example.org", now=datetime.now(UTC), resolver=_AnyAnswer(record), rules=RULES
    )
    assert judged.verdict.outcome is Outcome.FAILED


@given(raw=_mutated())
def test_whatever_is_read_here_dkimpy_reads_in_the_same_way(raw: bytes) -> None:
    try:
        message = read_message(raw, rules=RULES)
    except MessageRefusedError:
        return
    fields, body = dkim.rfc822_parse(raw)
    assert [[field.name, field.value] for field in message.fields] == fields
    assert message.body in {body, body + b"\r\n"}
    assert message.body.endswith(b"\r\n") or not body


@given(lines=st.lists(st.text("a \t", max_size=6)))
def test_a_bodys_canonical_forms_are_those_of_dkimpy_and_stay_as_they_are(lines: list[str]) -> None:
    body = "".join(f"{line}\r\n" for line in lines).encode()
    for form, ours in [(Relaxed, Message((), body).relaxed_body), (Simple, Message((), body).simple_body)]:
        assert ours == form.canonicalize_body(body)
        assert form.canonicalize_body(ours) == ours


@pytest.mark.parametrize(
    "domains", [{"Forwarder.net"}, {"forwarder.net."}, {""}, {"mx forwarder.net"}, {"@forwarder.net"}]
)
def test_a_forwarder_that_is_written_otherwise_is_refused_at_once(domains: set[str]) -> None:
    with pytest.raises(ConfigurationError, match="rules for messages"):
        MessageRules(forwarders=frozenset(domains))


@pytest.mark.parametrize("address", ["Desk@example.org", "desk", "Desk <desk@example.org>"])
def test_an_address_of_the_desk_that_is_written_otherwise_is_refused_at_once(address: str) -> None:
    with pytest.raises(ConfigurationError, match="rules for messages"):
        MessageRules(recipients=frozenset({address}))
