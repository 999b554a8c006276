"""The judge of a message, over mail that was really signed and a DNS server that really answers."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from tests.signed_mail import BODY, COVERED, DESK, JO, Zone, ed25519_key, rsa_key, serve, sign, write_mail
from verifier.contacts.message.judge import judge_message
from verifier.contacts.message.rules import Grade, MessageRules, MessageVerdict
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import DnsResolver
from verifier.contacts.verdict import Outcome, Verdict

RULES: Final = MessageRules()
CONFIRMED: Final = Verdict(Outcome.CONFIRMED)
_ZONE: Final = Zone()


@pytest.fixture(scope="module")
def resolver() -> Iterator[DnsResolver]:
    with serve(_ZONE, timeout=timedelta(milliseconds=400)) as served:
        yield served


@pytest.fixture
def zone() -> Iterator[Zone]:
    _ZONE.publish("example.org", rsa_key())
    yield _ZONE
    _ZONE.clear()


@pytest.fixture
def judge(zone: Zone, resolver: DnsResolver) -> "Judge":
    zone.asked.clear()
    return Judge(resolver)


class Judge:
    def __init__(self, resolver: DnsResolver) -> None:
        self._resolver = resolver

    def __call__(
        self, raw: bytes, *, expected: str = JO, now: datetime | None = None, rules: MessageRules = RULES
    ) -> MessageVerdict:
        return judge_message(raw, expected=expected, now=now or datetime.now(UTC), resolver=self._resolver, rules=rules)


def refused(outcome: Outcome, *reasons: Reason) -> Verdict:
    return Verdict(outcome, reasons)


@pytest.mark.parametrize("canonical", [b"simple/simple", b"simple/relaxed", b"relaxed/simple", b"relaxed/relaxed"])
def test_a_message_that_its_domain_signed_is_confirmed(judge: Judge, canonical: bytes) -> None:
    judged = judge(sign(write_mail(), canonical=canonical))
    assert (judged.verdict, judged.grade) == (CONFIRMED, Grade.SAME_DOMAIN)
    assert judged.replay_digest is not None
    assert len(judged.replay_digest) == 32


def test_a_message_whose_lines_end_in_lf_is_the_same_message(judge: Judge) -> None:
    mail = sign(write_mail())
    bare = mail.replace(b"\r\n", b"\n")
    assert judge(bare).verdict == CONFIRMED
    assert judge(bare).replay_digest == judge(mail).replay_digest


def test_ed25519_signs_too(judge: Judge, zone: Zone) -> None:
    zone.publish("example.org", ed25519_key())
    assert judge(sign(write_mail(), key=ed25519_key())).verdict == CONFIRMED


def test_another_domain_of_the_organisation_may_sign_and_is_graded_lower(judge: Judge, zone: Zone) -> None:
    zone.publish("mail.example.org", rsa_key())
    judged = judge(sign(write_mail(), domain="mail.example.org"))
    assert (judged.verdict, judged.grade) == (CONFIRMED, Grade.SAME_ORGANISATION)


def test_a_domain_that_wants_strict_alignment_gets_it(judge: Judge, zone: Zone) -> None:
    zone.publish("mail.example.org", rsa_key())
    zone.records["_dmarc.example.org"] = [b"v=DMARC1; p=none; adkim=s"]
    assert judge(sign(write_mail(), domain="mail.example.org")).verdict == refused(
        Outcome.UNCONFIRMED, Reason.NOT_ALIGNED
    )
    assert judge(sign(write_mail())).verdict == CONFIRMED


def test_a_body_changed_after_signing_fails(judge: Judge) -> None:
    changed = sign(write_mail()).replace(b"reset my", b"delete my")
    assert judge(changed).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)
    assert judge(sign(write_mail()) + b"And one thing more.\r\n").verdict.outcome is Outcome.FAILED


@pytest.mark.parametrize("name", [b"Subject", b"Date", b"From"])
def test_a_covered_field_changed_after_signing_fails(judge: Judge, name: bytes) -> None:
    mail = sign(write_mail(sender=f"Jo <{JO}>"))
    changed = mail.replace(b"\r\n" + name + b": ", b"\r\n" + name + b":  x " if name == b"Subject" else b"")
    if name != b"Subject":
        old = next(line for line in mail.split(b"\r\n") if line.startswith(name + b":"))
        other = {b"Date": old.replace(b" +0000", b" +0001"), b"From": old.replace(b"Jo ", b"Joe ")}[name]
        changed = mail.replace(old, other)
    assert changed != mail
    assert judge(changed).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)


def test_a_signature_of_another_domain_says_nothing(judge: Judge, zone: Zone) -> None:
    zone.publish("attacker.net", rsa_key())
    mail = sign(write_mail(), domain="attacker.net")
    assert judge(mail).verdict == refused(Outcome.UNCONFIRMED, Reason.NOT_ALIGNED)
    zone.records["_dmarc.example.org"] = [b"v=DMARC1; p=quarantine"]
    assert judge(mail).verdict == refused(Outcome.FAILED, Reason.NOT_ALIGNED, Reason.POLICY_REJECTS)
    assert not [name for name in zone.asked if "attacker" in name]


def test_a_message_without_a_signature_is_unconfirmed_unless_its_domain_says_that_it_signs_all(
    judge: Judge, zone: Zone
) -> None:
    assert judge(write_mail()).verdict == refused(Outcome.UNCONFIRMED, Reason.NO_SIGNATURE)
    zone.records["_dmarc.example.org"] = [b"v=DMARC1;p=reject"]
    assert judge(write_mail()).verdict == refused(Outcome.FAILED, Reason.NO_SIGNATURE, Reason.POLICY_REJECTS)


def test_a_subdomain_has_the_policy_of_its_organisation(judge: Judge, zone: Zone) -> None:
    zone.records["_dmarc.example.org"] = [b"v=DMARC1; p=none; sp=reject"]
    mail = write_mail(sender="jo@mail.example.org")
    assert Reason.POLICY_REJECTS in judge(mail, expected="jo@mail.example.org").verdict.reasons
    assert Reason.POLICY_REJECTS not in judge(write_mail()).verdict.reasons


def test_a_message_of_somebody_else_is_a_mismatch_only_where_it_is_signed(judge: Judge) -> None:
    mail = write_mail(sender="eve@example.org")
    assert judge(sign(mail)).verdict == refused(Outcome.MISMATCH, Reason.ADDRESS_DIFFERS)
    assert judge(mail).verdict == judge(write_mail()).verdict == refused(Outcome.UNCONFIRMED, Reason.NO_SIGNATURE)


@pytest.mark.parametrize(
    "field",
    [
        *("Auto-Submitted: auto-replied; owner-email=jo@example.org", "Precedence: Bulk", "Precedence: auto_reply"),
        *("List-Id: <news.example.org>", "List-Unsubscribe: <https://example.org>", "X-Autoreply: yes"),
    ],
)
@pytest.mark.parametrize("is_signed", [True, False])
def test_what_a_program_or_a_list_sent_is_nobodys_wish(judge: Judge, field: str, is_signed: bool) -> None:
    covers = (*COVERED, field.partition(":")[0].lower().encode()) if is_signed else COVERED
    mail = sign(write_mail(more=(field,)), covers=covers)
    assert judge(mail).verdict == refused(Outcome.UNCONFIRMED, Reason.AUTOMATIC)


def test_a_message_that_says_a_person_wrote_it_is_confirmed(judge: Judge) -> None:
    mail = sign(write_mail(more=("Auto-Submitted: no (by hand)", "Precedence: normal")))
    assert judge(mail).verdict == CONFIRMED


@pytest.mark.parametrize("days", [-4, 1])
def test_a_date_too_far_from_now_is_stale(judge: Judge, days: int) -> None:
    mail = sign(write_mail(at=datetime.now(UTC) + timedelta(days=days)))
    assert judge(mail).verdict == refused(Outcome.FAILED, Reason.STALE)


@pytest.mark.parametrize(("tag", "seconds"), [(b"x", -1), (b"t", 3600), (b"t", -4 * 86_400)])
def test_a_signature_out_of_its_time_is_stale(judge: Judge, tag: bytes, seconds: int) -> None:
    at = int(datetime.now(UTC).timestamp()) + seconds
    mail = sign(write_mail(), tags={b"t": b"", tag: str(at).encode()})
    assert judge(mail).verdict == refused(Outcome.FAILED, Reason.STALE)


def test_a_signature_counts_until_it_expires_by_the_time_that_is_handed_in(judge: Judge) -> None:
    now = datetime.now(UTC)
    mail = sign(write_mail(), tags={b"x": str(int(now.timestamp()) + 600).encode()})
    assert judge(mail, now=now + timedelta(seconds=500)).verdict == CONFIRMED
    assert judge(mail, now=now + timedelta(seconds=700)).verdict == refused(Outcome.FAILED, Reason.STALE)


@pytest.mark.parametrize("left_out", [b"date", b"subject"])
def test_a_signature_that_leaves_a_part_uncovered_is_none(judge: Judge, left_out: bytes) -> None:
    mail = sign(write_mail(), covers=[name for name in COVERED if name != left_out])
    assert judge(mail).verdict == refused(Outcome.FAILED, Reason.UNSIGNED_PARTS)


@pytest.mark.parametrize("length", [0, 5, len(BODY), 10_000])
def test_a_signature_over_so_many_bytes_of_the_body_is_none(judge: Judge, length: int) -> None:
    mail = sign(write_mail(), tags={b"l": str(length).encode()})
    assert judge(mail).verdict == refused(Outcome.FAILED, Reason.UNSIGNED_PARTS)


def test_a_message_without_a_subject_may_not_be_given_one(judge: Judge) -> None:
    mail = sign(write_mail(subject=None), covers=(b"from", b"to", b"date"))
    assert judge(mail).verdict == CONFIRMED
    assert judge(b"Subject: delete it\r\n" + mail).verdict == refused(Outcome.FAILED, Reason.UNSIGNED_PARTS)


def test_a_field_that_was_signed_as_absent_may_not_be_added(judge: Judge) -> None:
    mail = sign(write_mail(), covers=(*COVERED, b"cc"))
    assert judge(mail).verdict == CONFIRMED
    assert judge(b"Cc: eve@example.org\r\n" + mail).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)


def test_silence_and_failure_of_dns_leave_it_open(judge: Judge, zone: Zone) -> None:
    mail, open_verdict = sign(write_mail()), refused(Outcome.UNCONFIRMED, Reason.LOOKUP_FAILED)
    for name in ("s1._domainkey.example.org", "_dmarc.example.org"):
        zone.mute = {name}
        assert judge(mail).verdict == open_verdict
        zone.mute, zone.broken = set(), {name}
        assert judge(mail).verdict == open_verdict
        zone.broken = set()
    assert judge(mail).verdict == CONFIRMED


@pytest.mark.parametrize(
    "record",
    [
        b"-",
        b"v=DKIM1; k=rsa; p=",
        b"v=DKIM2; k=rsa; p={key}",
        b"v=DKIM1; k=rsa; t=y; p={key}",
        b"v=DKIM1; k=rsa; h=sha1; p={key}",
        b"v=DKIM1; k=rsa; s=tlsrpt; p={key}",
        b"v=DKIM1; k=rsa; g=eve; p={key}",
        b"v=DKIM1; k=ed25519; p={key}",
        b"v=DKIM1; k=new; p={key}",
        b"v=DKIM1; k=rsa; p=AAAA",
        b"v=DKIM1; k=rsa; p=***",
        b"nonsense",
        b"v=DKIM1; k=rsa; p={key}; n=" + b"x" * 5000,
    ],
)
def test_a_record_that_is_no_key_for_mail_proves_nothing(judge: Judge, zone: Zone, record: bytes) -> None:
    key = rsa_key().record.rpartition(b"p=")[2]
    zone.records["s1._domainkey.example.org"] = [record.replace(b"{key}", key)]
    assert judge(sign(write_mail())).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)


def test_two_key_records_are_none_and_an_absent_one_too(judge: Judge, zone: Zone) -> None:
    zone.records["s1._domainkey.example.org"] *= 2
    zone.records["s1._domainkey.example.org"][1] += b";"
    assert judge(sign(write_mail())).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)
    zone.clear()
    assert judge(sign(write_mail())).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)


def test_the_rules_say_how_long_a_key_must_be(judge: Judge) -> None:
    judged = judge(sign(write_mail()), rules=replace(RULES, min_key_bits=2048))
    assert judged.verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)


def test_an_identity_below_the_domain_counts_unless_the_key_forbids_it(judge: Judge, zone: Zone) -> None:
    mail = sign(write_mail(), tags={b"i": b"@sub.example.org"})
    assert judge(mail).verdict == CONFIRMED
    zone.records["s1._domainkey.example.org"] = [rsa_key().record + b"; t=s"]
    assert judge(mail).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)
    assert judge(sign(write_mail())).verdict == CONFIRMED


def test_sha1_is_no_longer_a_signature(judge: Judge) -> None:
    old = replace(rsa_key(), algorithm=b"rsa-sha1")
    assert judge(sign(write_mail(), key=old)).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)


def test_one_true_signature_among_others_is_enough(judge: Judge, zone: Zone) -> None:
    zone.publish("list.net", rsa_key())
    mail = sign(sign(write_mail()), domain="list.net")
    broken = sign(mail, domain="example.org", tags={b"s": b"s2"})
    assert judge(broken).verdict == CONFIRMED


def test_no_more_signatures_are_tried_than_the_rules_say(judge: Judge, zone: Zone) -> None:
    mail = sign(write_mail())
    for number in range(5):
        mail = sign(mail, tags={b"s": f"absent{number}".encode()})
    assert judge(mail).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)
    assert len([name for name in zone.asked if "_domainkey" in name]) == 5
    assert judge(mail, rules=replace(RULES, max_signatures=6)).verdict == CONFIRMED


def test_no_more_is_looked_up_than_the_rules_say(judge: Judge, zone: Zone) -> None:
    judged = judge(sign(write_mail()), rules=replace(RULES, max_lookups=1))
    assert judged.verdict == refused(Outcome.UNCONFIRMED, Reason.LOOKUP_FAILED)
    assert len(zone.asked) == 1


def test_where_the_desk_names_its_addresses_the_message_must_be_written_to_one(judge: Judge) -> None:
    rules = replace(RULES, recipients=frozenset({DESK}))
    assert judge(sign(write_mail(to=f"The desk <{DESK.upper()}>, eve@x.com")), rules=rules).verdict == CONFIRMED
    for to in ("eve@x.com", f'"{DESK}" <eve@x.com>', f"eve@x.com ({DESK})", f"x{DESK}", f"{DESK}.com"):
        assert judge(sign(write_mail(to=to)), rules=rules).verdict == refused(Outcome.FAILED, Reason.WRONG_RECIPIENT)
    uncovered = sign(write_mail(), covers=[name for name in COVERED if name != b"to"])
    assert judge(uncovered, rules=rules).verdict == refused(Outcome.FAILED, Reason.UNSIGNED_PARTS)


def test_the_digest_of_a_message_stays_the_same_however_it_is_sent_again(judge: Judge, zone: Zone) -> None:
    zone.publish("example.org", ed25519_key(), selector="s2")
    at = datetime.now(UTC)
    once = sign(write_mail(at=at), tags={b"s": b"s1"})
    twice = sign(once, key=ed25519_key(), tags={b"s": b"s2"})
    variants = (once, twice, b"X-Copy: 2\r\n" + once, once + b"\r\n\r\n", once.replace(b"Jo Doe <", b"Jo   Doe <"))
    judged = [judge(raw) for raw in variants]
    assert {one.verdict for one in judged} == {CONFIRMED}
    assert len({one.replay_digest for one in judged}) == 1


def test_blanks_after_an_open_last_line_do_not_make_another_message(judge: Judge) -> None:
    mail = sign(write_mail(body=b"Yes"))
    judged = [judge(mail + more) for more in (b"", b" ", b"\t \r\n", b"\r\n \r\n", b"\n")]
    assert {one.verdict for one in judged} == {CONFIRMED}
    assert len({one.replay_digest for one in judged}) == 1


def test_two_messages_have_two_digests(judge: Judge) -> None:
    at = datetime.now(UTC)
    mails = [write_mail(at=at), write_mail(at=at - timedelta(seconds=2)), write_mail(at=at, subject="Another")]
    mails.append(write_mail(at=at, body=b"Something else"))
    assert len({judge(sign(mail)).replay_digest for mail in mails}) == 4


def test_only_what_is_confirmed_has_a_digest_or_a_grade(judge: Judge) -> None:
    judged = judge(write_mail())
    assert (judged.replay_digest, judged.grade) == (None, Grade.NONE)


def test_forty_megabytes_are_refused_before_they_are_read(judge: Judge, zone: Zone) -> None:
    mail = sign(write_mail())
    huge = mail + b"Content-Type: multipart/mixed; boundary=a\r\n--a\r\n" * 850_000
    begun = time.perf_counter()
    assert judge(huge).verdict == refused(Outcome.FAILED, Reason.TOO_LARGE)
    assert time.perf_counter() - begun < 0.1
    assert zone.asked == []


@pytest.mark.parametrize(
    "limits", [{"max_head_bytes": 300}, {"max_fields": 5}, {"max_bytes": 400}], ids=lambda limits: next(iter(limits))
)
def test_each_limit_of_size_is_kept(judge: Judge, limits: Mapping[str, Any]) -> None:
    assert judge(sign(write_mail())).verdict == CONFIRMED
    judged = judge(sign(write_mail()), rules=replace(RULES, **limits))
    assert judged.verdict == refused(Outcome.FAILED, Reason.TOO_LARGE)


@pytest.mark.parametrize(
    "body",
    [b" " * 400_000, b"\t \r\n" * 100_000, b"\r\n" * 200_000, b"a " * 200_000, b"\n" * 400_000],
    ids=["blanks", "blank lines", "empty lines", "words", "bare lines"],
)
def test_the_time_grows_with_the_body_and_no_faster(judge: Judge, body: bytes) -> None:
    took = []
    for times in (1, 4):
        mail = sign(write_mail(body=BODY)) + body * times + b"x"
        begun = time.perf_counter()
        assert judge(mail).verdict == refused(Outcome.FAILED, Reason.BAD_SIGNATURE)
        took.append(time.perf_counter() - begun)
    assert all(later < 16 * earlier + 0.2 for earlier, later in pairwise(took))
