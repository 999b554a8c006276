"""dkimpy's own messages: a signature is true exactly where dkimpy's own tests say so; the judge asks for more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import dkim
import pytest

from tests.signed_mail import Zone, rsa_key, serve, sign
from verifier.contacts.errors import MessageRefusedError
from verifier.contacts.message.fields import read_message
from verifier.contacts.message.judge import judge_message
from verifier.contacts.message.keys import find_key
from verifier.contacts.message.rules import MessageRules
from verifier.contacts.message.signatures import read_signature, verify_signature
from verifier.contacts.reasons import Reason
from verifier.contacts.resolver import DnsResolver
from verifier.contacts.verdict import Outcome, Verdict

pytestmark = pytest.mark.cases

BRISBANE: Final = b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
GMAIL: Final = (  # from dkimpy's test_dkim.py
    b"k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1Kd87/UeJjenpabgbFwh+eBCsSTrqmwIYYvywlbhbqoo2DymndFkbjOVIP"
    b"IldNs/m40KF+yzMn1skyoxcTUGCQs8g3FgD2Ap3ZB5DekAo5wMmk4wimDO+U8QzI3SD07y2+07wlNWwIt8svnxgdxGkVbbhzY8i+RQ9DpSVpPbF7"
    b"ykQxtKXkv/ahW3KjViiAH+ghvvIhkx4xYSIc9oSwVmAl5OctMEeWUwg8Istjqz8BZeTWbf41fbNhte7Y+YqZOwq1Sd0DbvYAD9NOZK9vlfuac059"
    b"8HY+vtSBczUiKERHv1yRbcaQtZFh5wtiRrN04BLUTD21MycBX5jYchHjPY/wIDAQAB"
)


@dataclass(frozen=True)
class Case:
    """A message, the records of its test (a file's name or the text), and whether its first signature verifies."""

    file: str
    records: dict[str, str | bytes]
    is_true: bool


FOOTBALL: Final = "_domainkey.football.example.com"
CASES: Final = (
    Case("rfc6376.signed.msg", {f"brisbane.{FOOTBALL}": BRISBANE, f"test.{FOOTBALL}": "test.txt"}, is_true=True),
    Case("rfc6376.signed.no_t.msg", {f"brisbane.{FOOTBALL}": BRISBANE, f"test.{FOOTBALL}": "test.txt"}, is_true=False),
    Case(
        "rfc6376.signed.rsa.msg",
        {f"test.{FOOTBALL}": b"k=rsa; p=MFwwDQYJKoZIhvNAQEBBQADSwAwSAJBANmBe10"},
        is_true=False,
    ),
    Case("ed25519test2.msg", {"sed._domainkey.test.ex": "eximtest.dns"}, is_true=True),
    Case("test2.message", {"20120113._domainkey.gmail.com": GMAIL}, is_true=True),
    Case("test.message.baddomain", {"test._domainkey.legitimate.com(.attacker.com": "test.txt"}, is_true=False),
)
_ZONE: Final = Zone()


@pytest.fixture(scope="module")
def resolver() -> Iterator[DnsResolver]:
    with serve(_ZONE, timeout=timedelta(milliseconds=400)) as served:
        yield served


@pytest.fixture
def zone() -> Iterator[Zone]:
    yield _ZONE
    _ZONE.clear()


@pytest.fixture
def folder(cases_dir: Path) -> Path:
    return cases_dir / "dkim_messages"


def _publish(case: Case, *, zone: Zone, folder: Path) -> None:
    for name, record in case.records.items():
        text = record if isinstance(record, bytes) else (folder / record).read_bytes()
        zone.records[name] = [text.strip()]


def _is_first_true(raw: bytes, resolver: DnsResolver) -> bool:
    rules = MessageRules()
    try:
        message = read_message(raw, rules=rules)
        signature = read_signature(message.find(b"dkim-signature")[0])
        verify_signature(signature, index=0, message=message, resolver=resolver, rules=rules)
    except MessageRefusedError:
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_a_signature_is_true_where_dkimpy_expects_it(
    case: Case, zone: Zone, folder: Path, resolver: DnsResolver
) -> None:
    _publish(case, zone=zone, folder=folder)
    raw = (folder / case.file).read_bytes()
    known = {f"{name}.".encode(): records[0] for name, records in zone.records.items()}
    assert dkim.verify(raw, dnsfunc=lambda name, **_: known.get(name)) is case.is_true
    assert _is_first_true(raw, resolver) is case.is_true


@pytest.mark.parametrize(
    ("record", "is_true"),
    [
        ("test.txt", True),
        ("test2.txt", True),
        ("badversion.txt", False),
        ("badk.txt", False),
        ("test_tlsrpt.txt", False),
    ],
)
@pytest.mark.parametrize("canonical", [b"simple/simple", b"simple/relaxed", b"relaxed/simple", b"relaxed/relaxed"])
def test_what_makes_a_key_record_unusable_for_dkimpy_does_so_here(
    zone: Zone, folder: Path, resolver: DnsResolver, record: str, is_true: bool, canonical: bytes
) -> None:
    # Their private key is not among the cases: the record keeps all but its key, which is ours.
    text, mine = (folder / record).read_bytes().strip(), rsa_key().record.rpartition(b"p=")[2]
    zone.records["s1._domainkey.example.com"] = [text.rpartition(b"p=")[0] + b"p=" + mine]
    mail = sign((folder / "test.message").read_bytes(), domain="example.com", canonical=canonical)
    assert _is_first_true(mail, resolver) is is_true
    assert not _is_first_true(mail + b"foo", resolver)


@pytest.mark.parametrize(
    "file",
    [
        "1024_testkey_wo_markers.pub.txt",
        "1024_testkey_wo_markers.pub.rsa.txt",
        "2048_testkey_wo_markers.pub.txt",
        "2048_testkey_wo_markers.pub.rsa.txt",
        "2048_testkey_PKCS8.key.pub.txt",
    ],
)
def test_every_form_of_an_rsa_key_is_read(zone: Zone, folder: Path, resolver: DnsResolver, file: str) -> None:
    zone.records["s1._domainkey.example.com"] = [(folder / file).read_bytes().strip()]
    bits = int(file[:4])
    assert find_key("s1", "example.com", min_bits=bits, resolver=resolver).algorithm == b"rsa"
    with pytest.raises(MessageRefusedError):
        find_key("s1", "example.com", min_bits=bits + 1, resolver=resolver)


def test_a_record_of_the_other_algorithm_is_read_and_a_key_that_is_none_refused(
    zone: Zone, folder: Path, resolver: DnsResolver
) -> None:
    zone.records["s1._domainkey.example.com"] = [(folder / "ed25519test.dns").read_bytes().strip()]
    assert find_key("s1", "example.com", min_bits=1024, resolver=resolver).algorithm == b"ed25519"
    zone.records["s2._domainkey.example.com"] = [(folder / "test_bad.txt").read_bytes().strip()]
    with pytest.raises(MessageRefusedError):
        find_key("s2", "example.com", min_bits=1024, resolver=resolver)


@pytest.mark.parametrize(
    "file",
    ["ed25519test.msg", "test.message", "test_extra.message", "rfc6376.msg", "rfc6376.w1258.msg", "message.mbox"],
)
def test_every_message_verifies_after_it_was_signed_and_not_after_it_was_changed(
    zone: Zone, folder: Path, resolver: DnsResolver, file: str
) -> None:
    zone.publish("example.com", rsa_key())
    mail = sign((folder / file).read_bytes(), domain="example.com")
    assert _is_first_true(mail, resolver)
    assert not _is_first_true(mail + b"foo", resolver)


def test_the_judge_confirms_the_message_of_the_rfc_on_its_day_and_never_after(
    zone: Zone, folder: Path, resolver: DnsResolver
) -> None:
    _publish(CASES[0], zone=zone, folder=folder)
    raw = (folder / CASES[0].file).read_bytes()
    signed = datetime.fromtimestamp(1518460054, UTC)
    for now, outcome in [(signed, Outcome.CONFIRMED), (datetime.now(UTC), Outcome.FAILED)]:
        # It was dated in 2003, and signed fifteen years later.
        rules = MessageRules(max_age=now - datetime(2003, 7, 11, tzinfo=UTC) if now == signed else timedelta(days=3))
        judged = judge_message(raw, expected="joe@football.example.com", now=now, resolver=resolver, rules=rules)
        assert judged.verdict.outcome is outcome


def test_a_message_without_an_author_is_no_message(folder: Path, resolver: DnsResolver) -> None:
    raw = (folder / "test_nofrom.message").read_bytes()
    judged = judge_message(
        raw, expected="a@example.com", now=datetime.now(UTC), resolver=resolver, rules=MessageRules()
    )
    assert judged.verdict == Verdict(Outcome.FAILED, (Reason.MALFORMED,))
