"""Messages that a forwarder handed on under its seal (ARC): believed only if named, last, and only for what it saw."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.signed_mail import JO, Zone, ed25519_key, forward, rsa_key, serve, sign, write_mail
from verifier.contacts.message.judge import judge_message
from verifier.contacts.message.results import read_signers, says_dmarc_failed
from verifier.contacts.message.rules import Grade, MessageRules
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import DnsResolver
from verifier.contacts.verdict import Outcome, Verdict

RULES: Final = MessageRules(forwarders=frozenset({"forwarder.net"}))
CONFIRMED: Final = Verdict(Outcome.CONFIRMED)
_ZONE: Final = Zone()


@pytest.fixture(scope="module")
def resolver() -> Iterator[DnsResolver]:
    with serve(_ZONE, timeout=timedelta(milliseconds=400)) as served:
        yield served


@pytest.fixture(autouse=True)
def zone() -> Iterator[Zone]:
    for domain in ("example.org", "forwarder.net", "other.net"):
        _ZONE.publish(domain, rsa_key())
    yield _ZONE
    _ZONE.clear()


def with_footer() -> bytes:
    """A mail that was truly signed, and that a forwarder then changed."""
    return sign(write_mail()) + b"-- \r\nYour list\r\n"


def judge(raw: bytes, resolver: DnsResolver, *, rules: MessageRules = RULES) -> tuple[Verdict, Grade]:
    judged = judge_message(raw, expected=JO, now=datetime.now(UTC), resolver=resolver, rules=rules)
    return judged.verdict, judged.grade


def test_the_word_of_a_named_forwarder_counts_and_is_graded_as_such(resolver: DnsResolver) -> None:
    assert judge(with_footer(), resolver)[0].outcome is Outcome.FAILED
    assert judge(forward(with_footer()), resolver) == (CONFIRMED, Grade.FORWARDED)


def test_the_authors_own_signature_counts_for_more_where_it_is_still_true(resolver: DnsResolver) -> None:
    assert judge(forward(sign(write_mail())), resolver) == (CONFIRMED, Grade.SAME_DOMAIN)


def test_an_unnamed_forwarder_is_not_asked(resolver: DnsResolver, zone: Zone) -> None:
    for rules in (
        MessageRules(),
        replace(RULES, forwarders=frozenset({"example.net", "mx.forwarder.net", "arder.net"})),
    ):
        zone.asked.clear()
        verdict, grade = judge(forward(write_mail()), resolver, rules=rules)
        assert (verdict, grade) == (Verdict(Outcome.UNCONFIRMED, (Reason.NO_SIGNATURE,)), Grade.NONE)
        assert not [name for name in zone.asked if "forwarder" in name]


def test_a_chain_is_believed_for_its_last_sealer_only(resolver: DnsResolver) -> None:
    after_other = forward(forward(with_footer(), domain="other.net"))
    before_other = forward(forward(with_footer()), domain="other.net")
    assert judge(after_other, resolver) == (CONFIRMED, Grade.FORWARDED)
    assert judge(before_other, resolver)[0].outcome is Outcome.FAILED


def test_a_chain_with_a_false_seal_in_it_is_none(resolver: DnsResolver, zone: Zone) -> None:
    mail = forward(forward(with_footer(), domain="other.net"))
    zone.records["s1._domainkey.other.net"] = [ed25519_key().record]
    assert judge(mail, resolver)[0] == Verdict(Outcome.FAILED, (Reason.BAD_SIGNATURE,))


def test_a_forwarders_seal_covers_the_message_as_it_handed_it_on(resolver: DnsResolver) -> None:
    mail = forward(with_footer())
    for changed in (
        mail + b"more",
        mail.replace(b"Subject: My", b"Subject: Your"),
        mail.replace(b"ARC-Authentication-Results: i=1; mx", b"ARC-Authentication-Results: i=1; my"),
    ):
        assert changed != mail
        assert judge(changed, resolver)[0] == Verdict(Outcome.FAILED, (Reason.BAD_SIGNATURE,))


def test_a_seal_is_of_no_use_on_another_message(resolver: DnsResolver) -> None:
    seal = forward(with_footer()).split(b"Authentication-Results: mx", 1)[0]
    forged = seal + write_mail(subject="Give me the account")
    assert judge(forged, resolver)[0].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "saw",
    [
        "dkim=fail header.d=example.org",
        "dkim=none",
        "spf=pass smtp.mailfrom=example.org",
        "dkim=pass header.d=attacker.net",
        "dkim=pass header.d=org",
        "dkim=pass header.d=example.org.attacker.net",
        "dkim=pass header.d=attacker.net header.d=example.org",
        "dkim=pass (header.d=example.org) header.d=attacker.net",
        'spf=pass smtp.mailfrom="x; dkim=pass header.d=example.org"',
        "spf=pass (x; dkim=pass header.d=example.org)",
        "dkim=pass header.d=example.org; dmarc=fail header.from=example.org",
    ],
)
def test_a_forwarder_is_believed_for_what_it_saw_and_no_more(resolver: DnsResolver, saw: str) -> None:
    verdict, grade = judge(forward(write_mail(), saw=saw), resolver)
    assert (verdict, grade) == (Verdict(Outcome.UNCONFIRMED, (Reason.NOT_ALIGNED,)), Grade.NONE)


def test_the_domains_strict_alignment_holds_for_what_a_forwarder_saw(resolver: DnsResolver, zone: Zone) -> None:
    mail = forward(write_mail(), saw="dkim=pass header.i=@mail.example.org")
    assert judge(mail, resolver) == (CONFIRMED, Grade.FORWARDED)
    zone.records["_dmarc.example.org"] = [b"v=DMARC1; p=reject; adkim=s"]
    assert judge(mail, resolver)[0] == Verdict(Outcome.FAILED, (Reason.NOT_ALIGNED, Reason.POLICY_REJECTS))


@pytest.mark.parametrize("name", ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"])
def test_a_set_that_is_not_whole_or_doubled_is_none(resolver: DnsResolver, name: str) -> None:
    mail = forward(write_mail())
    lines = mail.split(b"\r\n")
    start = next(at for at, line in enumerate(lines) if line.startswith(name.encode() + b":"))
    end = next(at for at in range(start + 1, len(lines)) if lines[at][:1] not in {b" ", b"\t"})
    part = lines[start:end]
    for changed in (lines[:start] + lines[end:], part + lines):
        assert judge(b"\r\n".join(changed), resolver)[1] is Grade.NONE


def test_silence_about_the_forwarders_key_leaves_it_open(resolver: DnsResolver, zone: Zone) -> None:
    zone.mute = {"s1._domainkey.forwarder.net"}
    assert judge(forward(write_mail()), resolver)[0] == Verdict(Outcome.UNCONFIRMED, (Reason.LOOKUP_FAILED,))


@pytest.mark.parametrize(
    ("value", "signers"),
    [
        ("i=1; mx.x; dkim=pass header.d=a.org header.s=s", {"a.org"}),
        ("i=1; mx.x 1; DKIM=PASS (2048 (bit) key) header.i=jo@A.org header.b=a", {"a.org"}),
        (
            "1; x; dkim=pass header.i=@a.org; dkim=pass header.d=b.org; dkim=fail header.d=c.cz",
            {"a.org", "b.org"},
        ),
        ("i=1; mx.x; dkim=pass header.d=legitimate.com'a.attack.com", set()),
        ("i=1; mx.x; dkim=pass header.d=legitimate.com(.attack.com", set()),
        ('i=1; mx.x; dkim=pass header.d=a.org "', set()),
        ('i=1; mx.x; dkim=pass header.d="a.org"', set()),
        ('i=1; mx.x; spf=pass smtp.mailfrom="x; dkim=pass header.d=a.org"', set()),
        ("i=1; mx.x; spf=pass (a (b) \\) ; dkim=pass header.d=a.org)", set()),
        ("i=1; mx.x; dkim=pass", set()),
        ("dkim=pass header.d=a.org", set()),
        ("", set()),
    ],
)
def test_results_are_read_without_what_stands_in_comments_and_quotes(value: str, signers: set[str]) -> None:
    assert read_signers(value) == signers
    assert not says_dmarc_failed(value)
